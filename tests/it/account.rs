//! My account, and the pages of API keys and Integrations.

use postrider::users;

use crate::support::app::{PASSWORD, TestApp, both};
use crate::support::browser::Browser;

const NEW: &str = "lantern copper 91 orchard";

async fn another(app: &TestApp) -> Browser {
    let user = app.read(|conn| users::find_by_email(conn, "admin@example.com")).await.unwrap();
    app.signed_in(user.id()).await
}

both! {
    async fn a_new_password_ends_the_other_sessions_and_keeps_this_one(app: TestApp) {
        let (here, there) = (app.admin().await, another(&app).await);
        let old_cookie = here.cookie();
        let wrong = here.post("/account/password", &[("current_password", "not it at all 1"), ("new_password", NEW)]).await;
        assert_eq!(wrong.status(), 422);
        assert_eq!(wrong.texts("#f-current_password-error"), ["This is not your password. Check it and try again."]);
        let weak = here.post("/account/password", &[("current_password", PASSWORD), ("new_password", "short")]).await;
        assert_eq!((weak.status(), weak.texts("#f-new_password-error")[0].is_empty()), (422, false));
        assert_eq!(there.get("/").await.status(), 200);
        assert_eq!(here.post("/account/password", &[("current_password", PASSWORD), ("new_password", NEW)]).await.status(), 303);
        assert!(here.get("/account").await.has("Your password was changed. 1 other session was ended."));
        assert_eq!(there.get("/").await.status(), 303);
        assert_ne!(here.cookie(), old_cookie, "under a new key");
        let old = app.anonymous();
        old.plant("sid", old_cookie.trim_start_matches("sid="));
        assert_eq!(old.get("/").await.status(), 303);
        let signed_in = app.anonymous().post("/sign-in", &[("email", "admin@example.com"), ("password", NEW)]).await;
        assert_eq!(signed_in.status(), 303);
        assert!(app.audit_actions().await.contains(&"user.password_changed".to_owned()));
    }

    async fn sessions_are_listed_and_ended_one_by_one_or_all(app: TestApp) {
        let (here, there, third) = (app.admin().await, another(&app).await, another(&app).await);
        let page = here.get("/account").await;
        assert_eq!(page.texts("tbody tr").len(), 3);
        assert_eq!(page.texts("tbody .badge"), ["this one"]);
        let ends = page.attributes("tbody form", "action");
        assert_eq!(ends.len(), 2);
        assert_eq!(here.post(&ends[0], &[]).await.status(), 303);
        assert_eq!(here.post(&ends[0], &[]).await.status(), 404, "gone");
        let alive = [there.get("/").await.status(), third.get("/").await.status()];
        assert_eq!(alive.iter().filter(|status| **status == 200).count(), 1);
        here.post("/account/sessions/end-others", &[]).await;
        assert_eq!((there.get("/").await.status(), third.get("/").await.status()), (303, 303));
        assert!(here.get("/account").await.has("1 other session was ended."));
        let other = app.add_administrator("eve@example.com", "Eve Other").await;
        let eve = app.signed_in(other).await;
        another(&app).await;
        assert_eq!(eve.post(&here.get("/account").await.attributes("tbody form", "action")[0], &[]).await.status(), 404);
    }

    async fn name_and_theme_are_kept_and_shown(app: TestApp) {
        let admin = app.admin().await;
        assert_eq!(admin.post("/account", &[("name", "Ada B. Admin")]).await.status(), 303);
        assert!(admin.get("/").await.has("Account of Ada B. Admin"));
        let bad = admin.post("/account", &[("name", " \u{202e}")]).await;
        assert_eq!((bad.status(), bad.texts("#f-name-error")[0].is_empty()), (422, false));
        assert_eq!(admin.get("/").await.attributes("html", "data-theme"), ["auto"]);
        assert_eq!(admin.post("/account/theme", &[("theme", "dark")]).await.header("location"), "/account");
        assert_eq!(admin.get("/deliveries").await.attributes("html", "data-theme"), ["dark"]);
        assert_eq!(admin.get("/").await.attributes(".menu .segments [aria-pressed=true]", "value"), ["dark"]);
        assert_eq!(admin.post("/account/theme", &[("theme", "pink")]).await.status(), 400);
    }

    async fn a_key_shows_its_token_once_and_is_refused_when_it_is_revoked(app: TestApp) {
        let admin = app.admin().await;
        assert!(admin.get("/settings/api-keys").await.has("No API keys yet"));
        let dialog = admin.get("/settings/api-keys/new").await;
        let form_id = dialog.attributes("dialog input[name=form_id]", "value").remove(0);
        let bad = admin.post("/settings/api-keys", &[("name", " "), ("expires", "7")]).await;
        assert_eq!((bad.status(), bad.texts(".error").iter().filter(|text| !text.is_empty()).count()), (422, 3));
        let fields = [("name", "CI <b>"), ("scopes", "events:write"), ("scopes", "events:read"), ("environment", "test"),
            ("expires", "30"), ("form_id", &form_id)];
        let made = admin.post("/settings/api-keys", &fields).await;
        let token = made.texts("#token").remove(0);
        assert!(made.status() == 201 && token.starts_with("prk_") && made.header("cache-control").contains("no-store"));
        assert_eq!(admin.post("/settings/api-keys", &fields).await.status(), 303, "a second click makes no second key");
        let list = admin.get("/settings/api-keys").await;
        assert_eq!(list.texts("tbody tr").len(), 1);
        assert!(list.has("1 API key, 1 active") && list.has(&token[..12]) && !list.has(&token[13..]));
        assert!(list.texts("tbody .badge").contains(&"test".to_owned()));
        assert!(app.app.keys.authenticate(&token).await.unwrap().is_some());
        let revoke = list.attributes("tbody a", "href").remove(0);
        assert!(admin.get(&revoke).await.has("will be refused at once"));
        assert_eq!(admin.post(&revoke, &[]).await.status(), 303);
        assert!(app.app.keys.authenticate(&token).await.unwrap().is_none());
        assert!(admin.get("/settings/api-keys").await.texts("tbody .badge").contains(&"revoked".to_owned()));
        let actions = app.audit_actions().await;
        assert!(actions.ends_with(&["api_key.created".to_owned(), "api_key.revoked".to_owned()]), "{actions:?}");
        let trail = admin.get("/settings/audit").await;
        assert!(!trail.has(&token[13..]));
    }

    async fn integrations_count_what_comes_in_and_goes_out(app: TestApp) {
        let admin = app.admin().await;
        let empty = admin.get("/settings/integrations").await;
        assert!(empty.has("0 keys, 0 active") && empty.has("0 active") && empty.has("Nothing was sent in the last 24 hours."));
        app.add_webhook("https://ci.example.com/", &[]).await;
        app.publish(r#"{"resource_id":1}"#).await;
        let page = admin.get("/settings/integrations").await;
        assert!(page.has("1 active") && page.has("1 from Content"), "{:?}", page.texts("dd"));
        app.advance(std::time::Duration::from_hours(25));
        assert!(!app.admin().await.get("/settings/integrations").await.has("1 from Content"));
    }
}
