//! Keys of programs: what the page offers, what the table holds, what a token proves, and how fast a revoked key is
//! refused.

use std::collections::BTreeSet;
use std::time::Duration;

use diesel::prelude::*;
use postrider::api_keys::{self, ApiKeyId, Draft, Environment, Scope};
use postrider::audit::Actor;
use postrider::clock::Time;
use postrider::schema::api_keys as table;
use postrider::web::Access;
use secrecy::ExposeSecret;

use crate::support::app::{TestApp, both};
use crate::support::browser::Browser;

/// A key's id and its token.
async fn make(app: &TestApp, expires_at: Option<Time>) -> (ApiKeyId, String) {
    let draft = Draft::new("CI", vec![Scope::EventsWrite], Environment::Test, expires_at).unwrap();
    app.write(move |tx| {
        let (_, token) = api_keys::create(tx, &Actor::command(), draft)?;
        let id = table::table.select(table::id).order(table::id.desc()).first(&mut **tx)?;
        Ok((id, token.expose_secret().to_owned()))
    })
    .await
}

async fn last_used(app: &TestApp) -> Option<Time> {
    app.read(|conn| Ok(table::table.select(table::last_used_at).first(conn)?)).await
}

/// Where the list of the keys is.
const LIST: &str = "/settings/api-keys";

/// Makes a key in the dialog.
async fn create(admin: &Browser, fields: &[(&str, &str)]) {
    let answer = admin.post(LIST, fields).await;
    assert_eq!(answer.status(), 201, "{:?}", answer.texts(".error"));
}

both! {
    async fn the_page_offers_each_scope_that_a_route_asks_for_and_no_other(app: TestApp) {
        let asked: BTreeSet<String> = postrider::app::routes().into_iter().filter_map(|route| match route.access {
            Access::ApiKey(scope) => Some(scope.to_owned()),
            _ => None,
        }).collect();
        let admin = app.admin().await;
        let offered = admin.get("/settings/api-keys/new").await.attributes("input[name=scopes]", "value");
        assert_eq!(offered.iter().cloned().collect::<BTreeSet<_>>(), asked);
        assert_eq!(offered.len(), asked.len(), "each once");
        let all = [("name", "All")].into_iter().chain(offered.iter().map(|scope| ("scopes", scope.as_str())));
        create(&admin, &all.collect::<Vec<_>>()).await;
        let stored: String = app.read(|conn| Ok(table::table.select(table::scopes).first(conn)?)).await;
        assert_eq!(stored.split(' ').map(str::to_owned).collect::<BTreeSet<_>>(), asked);
    }

    async fn one_switch_shows_the_keys_of_an_environment(app: TestApp) {
        let admin = app.admin().await;
        let shown = async |query: &str| {
            let page = admin.get(&format!("{LIST}?environment={query}")).await;
            (page.texts("tbody th b"), page.attributes("#environment option[selected]", "value"))
        };
        assert!(admin.get(&format!("{LIST}?environment=test")).await.has("No API keys yet"));
        create(&admin, &[("name", "Real"), ("scopes", "events:write")]).await;
        let empty = admin.get(&format!("{LIST}?environment=test")).await;
        assert!(empty.has("No API key matches") && !empty.has("Real") && empty.has("1 API key, 1 active"));
        create(&admin, &[("name", "Trial"), ("scopes", "events:write"), ("environment", "test")]).await;
        assert_eq!(shown("test").await, (vec!["Trial".to_owned()], vec!["test".to_owned()]));
        assert_eq!(shown("production").await, (vec!["Real".to_owned()], vec!["production".to_owned()]));
        assert_eq!(shown("").await, (vec!["Trial".to_owned(), "Real".to_owned()], vec![String::new()]));
        assert_eq!(admin.get(&format!("{LIST}?environment=moon")).await.status(), 400);
    }

    async fn a_token_proves_its_key_and_is_not_in_the_database(app: TestApp) {
        let (_, token) = make(&app, None).await;
        let key = app.app.keys.authenticate(&token).await.unwrap().expect("the token is good");
        assert!(key.may(Scope::EventsWrite) && !key.may(Scope::EventsRead));
        let (prefix, hash): (String, String) =
            app.read(|conn| Ok(table::table.select((table::prefix, table::secret_hash)).first(conn)?)).await;
        assert_eq!(prefix, token[..12]);
        assert!(hash.len() == 64 && !hash.contains(&token[13..]));
        assert_eq!(app.audit_actions().await, ["api_key.created"]);
    }

    async fn a_token_that_is_wrong_anywhere_proves_nothing(app: TestApp) {
        let (_, token) = make(&app, None).await;
        let swap = |place: usize| {
            let other = if &token[place..=place] == "a" { "b" } else { "a" };
            format!("{}{other}{}", &token[..place], &token[place + 1..])
        };
        for wrong in [swap(5), swap(14), swap(44), token[..44].to_owned(), format!("{token}a"), String::new(), token.to_uppercase()] {
            assert!(app.app.keys.authenticate(&wrong).await.unwrap().is_none(), "{wrong}");
        }
    }

    async fn a_revoked_key_is_refused_by_the_change_that_follows(app: TestApp) {
        let (id, token) = make(&app, None).await;
        let keys = app.app.keys.clone();
        assert!(keys.authenticate(&token).await.unwrap().is_some());
        assert!(app.write(move |tx| api_keys::revoke(tx, &Actor::command(), id)).await);
        assert!(!app.write(move |tx| api_keys::revoke(tx, &Actor::command(), id)).await, "only once");
        // Another node still remembers the proof: the transaction of the change refuses.
        let in_the_change = keys.clone();
        assert!(!app.write(move |tx| in_the_change.recheck(tx, id)).await);
        assert!(keys.authenticate(&token).await.unwrap().is_none());
        assert_eq!(app.audit_actions().await, ["api_key.created", "api_key.revoked"]);
    }

    async fn a_remembered_proof_is_forgotten_after_seconds(app: TestApp) {
        let (id, token) = make(&app, None).await;
        let keys = app.app.keys.clone();
        assert!(keys.authenticate(&token).await.unwrap().is_some());
        app.write(move |tx| api_keys::revoke(tx, &Actor::command(), id)).await;
        app.advance(Duration::from_secs(6));
        assert!(keys.authenticate(&token).await.unwrap().is_none());
    }

    async fn a_key_ends_at_its_time_even_when_it_is_remembered(app: TestApp) {
        let (_, token) = make(&app, Some(app.clock.now().plus(Duration::from_secs(3)))).await;
        assert!(app.app.keys.authenticate(&token).await.unwrap().is_some());
        app.advance(Duration::from_secs(3));
        assert!(app.app.keys.authenticate(&token).await.unwrap().is_none());
    }

    async fn the_last_use_is_noted_once_a_minute(app: TestApp) {
        let (_, token) = make(&app, None).await;
        assert_eq!(last_used(&app).await, None);
        let first = app.clock.now();
        app.app.keys.authenticate(&token).await.unwrap();
        assert_eq!(last_used(&app).await, Some(first));
        app.advance(Duration::from_secs(59));
        app.app.keys.authenticate(&token).await.unwrap();
        assert_eq!(last_used(&app).await, Some(first));
        app.advance(Duration::from_secs(1));
        app.app.keys.authenticate(&token).await.unwrap();
        assert_eq!(last_used(&app).await, Some(app.clock.now()));
    }
}
