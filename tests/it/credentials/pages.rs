//! The pages: the list, the dialogs, what is refused, the environments, and that no secret comes back.

use super::*;
use crate::support::app::both;

/// Posts the Edit dialog with what it shows, and these changes.
async fn edit(admin: &Browser, id: &str, changes: &[(&str, &str)]) -> Answer {
    let dialog = admin.get(&format!("{LIST}/{id}/edit")).await;
    let value =
        |name: &str| dialog.attributes(&format!("dialog [name={name}]"), "value").first().cloned().unwrap_or_default();
    let chosen = |name: &str| dialog.attributes(&format!("#f-{name} option[selected]"), "value").remove(0);
    let texts =
        ["name", "base_url", "username", "token_key", "api_key_header", "client_id", "token_url", "scope", "version"];
    let mut all: Vec<(&str, String)> = texts.iter().map(|name| (*name, value(name))).collect();
    all.extend(["content_type", "auth"].map(|name| (name, chosen(name))));
    if !dialog.attributes("[name=environment][checked]", "value").is_empty() {
        all.push(("environment", "test".to_owned()));
    }
    all.extend(
        dialog
            .attributes("[name=header_name]", "value")
            .into_iter()
            .flat_map(|name| [("header_name", name), ("header_value", String::new())]),
    );
    all.retain(|(name, _)| !changes.iter().any(|(other, _)| other == name));
    let mut all: Vec<(&str, &str)> = all.iter().map(|(name, value)| (*name, value.as_str())).collect();
    all.extend(changes.iter().filter(|(name, value)| *name != "environment" || !value.is_empty()));
    admin.post(&format!("{LIST}/{id}"), &all).await
}

both! {
    async fn a_credential_is_added_shown_changed_and_removed(app: TestApp) {
        let admin = app.admin().await;
        assert!(admin.get(LIST).await.has("No credentials yet"));
        assert!(admin.get("/settings/credentials/new").await.has("Test credentials"));
        let id = credential(&admin, &[("base_url", "https://api.example.com/v1"), ("auth", "basic"), ("username", "ada"),
            ("password", SECRET), ("environment", "test"), ("content_type", "form")]).await;
        let list = admin.get(LIST).await;
        let row = list.texts("tbody tr").remove(0);
        for words in ["Desk", "test", "api.example.com", "Basic", "form-urlencoded", "No webhook"] {
            assert!(row.contains(words), "{words}: {row}");
        }
        assert_eq!(edit(&admin, &id, &[]).await.status(), 303);
        assert_eq!(edit(&admin, &id, &[("name", "Reception"), ("username", "bea")]).await.status(), 303);
        assert!(admin.get(LIST).await.has("Reception"));
        let gone = admin.post(&format!("{LIST}/{id}/delete"), &[]).await;
        assert_eq!(gone.status(), 303);
        assert!(admin.get(LIST).await.has("No credentials yet"));
        assert_eq!(admin.get(&format!("{LIST}/{id}/edit")).await.status(), 404);
        let actions = app.audit_actions().await;
        let mine: Vec<&String> = actions.iter().filter(|action| action.starts_with("credential.")).collect();
        assert_eq!(mine, ["credential.created", "credential.changed", "credential.deleted"], "an edit of nothing leaves no row");
        let audit = admin.get("/settings/audit").await;
        assert!(audit.has("added a credential") && audit.has("bea") && !audit.has(SECRET));
    }

    async fn one_switch_shows_the_credentials_of_an_environment(app: TestApp) {
        let admin = app.admin().await;
        let shown = async |query: &str| {
            let page = admin.get(&format!("{LIST}?environment={query}")).await;
            (page.texts("tbody th a.name"), page.attributes("#environment option[selected]", "value"))
        };
        assert!(admin.get(&format!("{LIST}?environment=test")).await.has("No credentials yet"));
        credential(&admin, &[("name", "Real")]).await;
        let empty = admin.get(&format!("{LIST}?environment=test")).await;
        assert!(empty.has("No credential matches") && !empty.has("Real") && empty.has("1 credential"));
        credential(&admin, &[("name", "Trial"), ("environment", "test")]).await;
        assert_eq!(shown("test").await, (vec!["Trial".to_owned()], vec!["test".to_owned()]));
        assert_eq!(shown("production").await, (vec!["Real".to_owned()], vec!["production".to_owned()]));
        assert_eq!(shown("").await, (vec!["Real".to_owned(), "Trial".to_owned()], vec![String::new()]));
        assert_eq!(admin.get(&format!("{LIST}?environment=moon")).await.status(), 400);
    }

    async fn a_bad_form_comes_back_filled_in_without_its_secrets(app: TestApp) {
        let admin = app.admin().await;
        let answer = admin.post(LIST, &[("name", ""), ("base_url", "http://127.0.0.1/"), ("auth", "token"), ("token_key", "a b"),
            ("token", SECRET), ("header_name", "X-A"), ("header_value", "hush-header")]).await;
        assert_eq!(answer.status(), 422);
        for field in ["name", "base_url", "token_key"] {
            assert!(!error(&answer, field).is_empty(), "{field}");
        }
        assert_eq!(answer.attributes("#f-base_url", "value"), ["http://127.0.0.1/"]);
        assert_eq!(answer.attributes("[name=header_name]", "value")[0], "X-A");
        assert!(!answer.has(SECRET) && !answer.has("hush-header"));
        credential(&admin, &[("name", "One")]).await;
        let twice = admin.post(LIST, &[("name", "One"), ("content_type", "json"), ("auth", "none")]).await;
        assert!(error(&twice, "name").contains("has this name"));
        credential(&admin, &[("name", "One"), ("environment", "test")]).await;
    }

    async fn an_edit_over_somebody_elses_is_refused(app: TestApp) {
        let admin = app.admin().await;
        let id = credential(&admin, &[]).await;
        assert_eq!(edit(&admin, &id, &[("name", "Second"), ("version", "1")]).await.status(), 303);
        let late = edit(&admin, &id, &[("name", "Third"), ("version", "1")]).await;
        assert_eq!(late.status(), 409);
        assert!(late.has("Somebody saved this credential"));
    }

    async fn no_secret_comes_back_anywhere(app: TestApp) {
        let admin = app.admin().await;
        let kinds = [("basic", "password"), ("token", "token"), ("api_key", "api_key"), ("hmac", "client_secret"), ("oauth2_client", "client_secret")];
        for (kind, field) in kinds {
            let id = credential(&admin, &[("name", kind), ("auth", kind), (field, SECRET), ("username", "ada"), ("token_key", "Token"),
                ("api_key_header", "X-Key"), ("client_id", "desk"), ("token_url", "https://id.example.com/token"),
                ("header_name", "X-Tenant"), ("header_value", "hush-header")]).await;
            let page = webhook(&admin, "https://ci.example.com/", &id, &[("name", kind)]).await;
            let payloads = [("name", kind), ("url", "https://ci.example.com/"), ("auth", "credential"), ("credential_id", id.as_str()),
                ("events", "document.released"), ("timeout", "5")];
            for answer in [admin.get(&format!("{LIST}/{id}/edit")).await, admin.get(LIST).await, admin.get(&page).await,
                admin.get(&format!("{page}/edit")).await, admin.get("/settings/audit").await,
                admin.post("/settings/webhooks/payloads", &payloads).await] {
                assert!(answer.status() == 200 && !answer.has(SECRET) && !answer.has("hush-header"), "{kind}: {}", answer.text());
            }
            let preview = admin.post("/settings/webhooks/payloads", &payloads).await;
            let header = match kind { "hmac" => "x-signature", "api_key" => "x-key", _ => "authorization" };
            assert!(preview.has(header) && preview.has("x-tenant"), "{kind}: {}", preview.text());
            assert!(kind != "hmac" || (preview.has("x-client-id") && preview.has("x-timestamp")));
        }
        let stored = rows(&app).await;
        assert!(stored.contains("v1.") && !stored.contains(SECRET) && !stored.contains("hush-header"));
    }

    async fn what_webhooks_use_is_named_and_not_removed(app: TestApp) {
        let admin = app.admin().await;
        let id = credential(&admin, &[("base_url", "https://api.example.com")]).await;
        let page = webhook(&admin, "/hooks", &id, &[]).await;
        webhook(&admin, "https://api.example.com/x", &id, &[("name", "Wiki")]).await;
        let list = admin.get(LIST).await;
        assert!(list.has("Used by 2 webhooks") && list.attributes("tbody details a", "href").contains(&page));
        let asked = admin.get(&format!("{LIST}/{id}/delete")).await;
        assert!(asked.has("cannot be removed") && asked.has("Wiki"));
        let refused = admin.post(&format!("{LIST}/{id}/delete"), &[]).await;
        assert!(refused.status() == 409 && refused.has("Wiki") && refused.attributes("dialog a", "href").contains(&page));
        for (field, value, sentence) in [
            ("base_url", "", "path below it"),
            ("base_url", "https://other.example.com", "another host"),
            ("environment", "test", "Choose another login there first"),
        ] {
            let answer = edit(&admin, &id, &[(field, value)]).await;
            assert!(answer.status() == 422 && error(&answer, field).contains(sentence), "{field} {value}: {}", answer.text());
        }
        for page in [&page, &admin.get("/settings/webhooks").await.attributes("tbody th a.name", "href")[1]] {
            assert_eq!(admin.post(&format!("{page}/delete"), &[]).await.status(), 303);
        }
        assert_eq!(admin.post(&format!("{LIST}/{id}/delete"), &[]).await.status(), 303, "a webhook that is gone uses nothing");
    }

    async fn a_webhooks_own_headers_do_not_follow_a_base_url(app: TestApp) {
        let admin = app.admin().await;
        let id = credential(&admin, &[("base_url", "https://api.example.com")]).await;
        webhook(&admin, "/hooks", &id, &[("header_name", "X-A"), ("header_value", SECRET)]).await;
        let answer = edit(&admin, &id, &[("base_url", "https://other.example.com")]).await;
        assert!(error(&answer, "base_url").contains("headers of its own"), "{}", answer.text());
        assert_eq!(edit(&admin, &id, &[("base_url", "https://api.example.com/v2")]).await.status(), 303);
    }

    async fn a_webhook_takes_a_credential_of_its_environment_alone(app: TestApp) {
        let admin = app.admin().await;
        let real = credential(&admin, &[("name", "Real")]).await;
        let trial = credential(&admin, &[("name", "Trial"), ("environment", "test")]).await;
        let dialog = admin.get("/settings/webhooks/new").await;
        let offered = dialog.texts("#f-credential_id option");
        assert!(offered.contains(&"Real".to_owned()) && !offered.contains(&"Trial".to_owned()), "{offered:?}");
        let url = "https://ci.example.com/";
        let mixed = post_webhook(&admin, url, &trial, &[]).await;
        assert_eq!(mixed.status(), 422);
        assert!(error(&mixed, "credential_id").contains("cleared"), "{}", error(&mixed, "credential_id"));
        let page = webhook(&admin, url, &real, &[]).await;
        let change = [("name", "CI"), ("url", url), ("auth", "credential"), ("credential_id", real.as_str()), ("environment", "test"),
            ("version", "1"), ("timeout", "5")];
        let moved = admin.post(&page, &change).await;
        assert_eq!(moved.status(), 422);
        assert!(error(&moved, "credential_id").contains("“Real” is for the production environment"));
        let offered = moved.texts("#f-credential_id option");
        assert!(offered.contains(&"Trial".to_owned()) && !offered.contains(&"Real".to_owned()));
        assert!(moved.attributes("#f-credential_id option[selected]", "value").is_empty(), "it is cleared");
        let live = admin.post("/settings/webhooks/payloads", &change).await;
        assert!(live.has("was cleared: it is for the production environment"));
        let none = post_webhook(&admin, url, "", &[]).await;
        assert_eq!(error(&none, "credential_id"), "Choose a credential.");
    }

    async fn a_webhook_stays_at_the_host_of_its_credential(app: TestApp) {
        let admin = app.admin().await;
        let id = credential(&admin, &[("base_url", "https://api.example.com/v1")]).await;
        for (url, words) in [("https://evil.com/x", "is for https://api.example.com/v1 alone"), ("//evil.com", "stays below"), ("/../x", "stays below"),
            ("/a@b", "stays below"), ("javascript:x", "stays below"), ("", "Enter the path")] {
            let answer = post_webhook(&admin, url, &id, &[]).await;
            assert!(answer.status() == 422 && error(&answer, "url").contains(words), "{url}: {}", error(&answer, "url"));
        }
        let page = webhook(&admin, "hooks/a", &id, &[]).await;
        assert!(admin.get(&format!("{page}/test")).await.has("https://api.example.com/v1/hooks/a"));
        assert_eq!(admin.get(&format!("{page}/edit")).await.attributes("#f-url", "value"), ["hooks/a"]);
        assert_eq!(edit(&admin, &id, &[("base_url", "https://api.example.com/v2/")]).await.status(), 303);
        assert!(admin.get(&format!("{page}/test")).await.has("https://api.example.com/v2/hooks/a"), "the webhook follows at once");
        let copy = admin.post(&format!("{page}/duplicate"), &[]).await;
        assert_eq!(copy.status(), 303);
        assert!(admin.get(LIST).await.has("Used by 2 webhooks"));
    }

    async fn a_change_of_the_address_asks_for_the_client_secret_again(app: TestApp) {
        let admin = app.admin().await;
        let own = [("name", "CI"), ("auth", "oauth2_client"), ("token_url", "https://id.example.com/token"), ("client_id", "desk"),
            ("scope", "hooks"), ("timeout", "5"), ("active", "true")];
        let with = |changes: &[(&'static str, &'static str)]| {
            let mut all = own.to_vec();
            all.retain(|(name, _)| !changes.iter().any(|(other, _)| other == name));
            all.extend(changes);
            all
        };
        let added = admin.post("/settings/webhooks", &with(&[("url", "https://ci.example.com/"), ("client_secret", SECRET)])).await;
        let page = added.header("location").to_owned();
        assert!(!admin.get(&format!("{page}/edit")).await.has(SECRET));
        let kept = admin.post(&page, &with(&[("url", "https://ci.example.com/other"), ("version", "1")])).await;
        assert_eq!(kept.status(), 303, "{:?}", kept.texts(".error"));
        for moved in [with(&[("url", "https://evil.com/"), ("version", "2")]),
            with(&[("url", "https://ci.example.com/"), ("token_url", "https://evil.com/token"), ("version", "2")])] {
            let answer = admin.post(&page, &moved).await;
            assert!(error(&answer, "client_secret").starts_with("Enter the credentials again"), "{moved:?}");
        }
        assert!(admin.get("/settings/integrations").await.has("0 credentials"));
        credential(&admin, &[("environment", "test")]).await;
        assert!(admin.get("/settings/integrations").await.has("1 credential, 1 for tests"));
    }
}
