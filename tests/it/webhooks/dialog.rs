//! Add, Edit and Delete webhook: what comes back filled in, what is guarded, and what is on record.

use actix_web::http::header::CONTENT_TYPE;
use actix_web::test::TestRequest;

use super::*;
use crate::support::app::both;
use crate::support::receiver::{self, Behaviour, Receiver};

/// The address cases of the egress guard.
const VECTORS: &str = include_str!("../../data/egress-vectors.tsv");

/// The cases with the bytes that the file names in braces.
pub(super) fn vectors() -> impl Iterator<Item = (&'static str, String)> {
    VECTORS.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(|line| {
        let (verdict, url) = line.split_once('\t').expect("a verdict, a tab, a URL");
        let bytes = [("{TAB}", "\t".to_owned()), ("{CR}", "\r".to_owned()), ("{LF}", "\n".to_owned())];
        let bytes = bytes.into_iter().chain([
            ("{NUL}", "\0".to_owned()),
            ("{LONG}", "a".repeat(2_100)),
            ("{L64}", "a".repeat(64)),
        ]);
        (verdict, bytes.fold(url.to_owned(), |url, (name, bytes)| url.replace(name, &bytes)))
    })
}

both! {
    async fn a_new_webhook_shows_its_secret_once_and_is_in_the_list(app: TestApp) {
        let admin = app.admin().await;
        let page = added(&admin, &[]).await;
        let shown = admin.get(&page).await;
        let secret = shown.texts("#secret").remove(0);
        assert!(secret.starts_with("whsec_"), "{secret}");
        let list = admin.get(LIST).await;
        assert!(shown.has("Webhook “Build server” was added."));
        assert_eq!(list.texts("tbody a.name"), ["Build server"]);
        for address in [page.as_str(), LIST, &format!("{page}/edit"), &format!("{page}/test"), "/"] {
            let answer = admin.get(address).await;
            assert!(answer.status() == 200 && !answer.has(&secret), "{address} shows the secret again");
        }
        assert_eq!(app.audit_actions().await.last().unwrap(), "webhook.created");
    }

    async fn a_bad_form_comes_back_filled_in_and_without_its_secrets(app: TestApp) {
        let admin = app.admin().await;
        let typed = [("name", " "), ("url", "ftp://x.example.com"), ("description", "Two\r\nlines"), ("auth", "basic"),
            ("username", "a:b"), ("password", "hush-hush-9"), ("timeout", "0"), ("retry", "list"), ("delays", "5y")];
        let answer = add(&admin, &typed).await;
        assert_eq!(answer.status(), 422);
        for field in ["name", "url", "username", "timeout", "delays"] {
            assert!(!error(&answer, field).is_empty(), "{field} says nothing");
            assert_eq!(answer.attributes(&format!("#f-{field}[aria-invalid=true]"), "name"), [field]);
        }
        assert_eq!(answer.attributes("#f-username", "value"), ["a:b"]);
        assert_eq!(answer.texts("#f-description"), ["Two\r\nlines".replace('\r', "")]);
        assert!(answer.has("5 fields need another look.") && !answer.has("hush-hush-9"));
        assert_eq!(answer.attributes("details.advanced[open]", "class"), ["advanced"]);
        assert_eq!(count(&app).await, 0);
    }

    async fn every_row_of_the_address_cases_is_judged_when_it_is_saved(app: TestApp) {
        let admin = app.admin().await;
        let (mut refused, mut taken) = (0, 0);
        for (verdict, url) in vectors() {
            let form = serde_html_form::to_string(fields(&[("url", &url)])).unwrap();
            let answer = admin.post_body(LIST, &form).await;
            if verdict.starts_with("deny") {
                // A NUL never gets as far as the form's rules.
                let expected = if url.contains('\0') { 400 } else { 422 };
                assert_eq!(answer.status(), expected, "{verdict} {url:?}");
                assert!(expected == 400 || !error(&answer, "url").is_empty(), "{url:?}");
                refused += 1;
            } else {
                assert_eq!(answer.status(), 303, "{verdict} {url:?} {}", error(&answer, "url"));
                taken += 1;
            }
        }
        println!("{refused} addresses refused, {taken} taken when saved");
        assert_eq!((refused > 60, taken > 5), (true, true));
        assert_eq!(count(&app).await, taken);
    }

    async fn a_double_click_makes_one_webhook(app: TestApp) {
        let admin = app.admin().await;
        let form_id = admin.get("/settings/webhooks/new").await.attributes("dialog input[name=form_id]", "value").remove(0);
        let first = added(&admin, &[("form_id", &form_id)]).await;
        let second = added(&admin, &[("form_id", &form_id)]).await;
        assert_eq!((first, count(&app).await), (second, 1));
    }

    async fn two_people_who_edit_one_webhook_lose_nothing(app: TestApp) {
        let (ada, eve) = (app.admin().await, {
            let id = app.add_administrator("eve@example.com", "Eve Other").await;
            app.signed_in(id).await
        });
        let page = added(&ada, &[]).await;
        let old = [("version", "1"), ("name", "Of Eve"), ("timeout", "20")];
        assert_eq!(edit(&ada, &page, &[("name", "Of Ada")]).await.status(), 303);
        let answer = edit(&eve, &page, &old).await;
        assert_eq!(answer.status(), 409);
        assert!(answer.has("Ada Admin saved this webhook while you were editing"));
        let both = answer.texts("table.compare td");
        assert!(both.contains(&"Of Ada".to_owned()) && both.contains(&"Of Eve".to_owned()), "{both:?}");
        assert_eq!(answer.attributes("#f-timeout", "value"), ["20"]);
        let version = answer.attributes("dialog input[name=version]", "value").remove(0);
        assert_eq!(edit(&eve, &page, &[("version", &version), ("name", "Of Eve")]).await.status(), 303);
        assert_eq!(ada.get(LIST).await.texts("tbody a.name"), ["Of Eve"]);
    }

    async fn a_stored_login_is_kept_and_never_sent_back(app: TestApp) {
        let admin = app.admin().await;
        let page = added(&admin, &[("auth", "oauth"), ("token", "Bearer hush-token-1")]).await;
        let dialog = admin.get(&format!("{page}/edit")).await;
        assert_eq!(dialog.attributes("#f-token", "value"), [""]);
        assert!(dialog.has("Leave empty to keep it.") && !dialog.has("hush-token-1"));
        assert_eq!(edit(&admin, &page, &[("auth", "oauth"), ("name", "Renamed")]).await.status(), 303);
        let moved = edit(&admin, &page, &[("auth", "oauth"), ("url", "https://evil.example.org/")]).await;
        assert_eq!(moved.status(), 422);
        assert!(error(&moved, "token").starts_with("Enter the credentials again for the new address"));
        assert_eq!(edit(&admin, &page, &[]).await.status(), 303, "None erases it");
        let gone = edit(&admin, &page, &[("auth", "oauth")]).await;
        assert_eq!((gone.status(), error(&gone, "token").as_str()), (422, "Enter the token."));
    }

    async fn the_code_is_suggested_unique_and_fixed(app: TestApp) {
        let admin = app.admin().await;
        added(&admin, &[("name", "Été à Paris!")]).await;
        let second = added(&admin, &[("name", "Ete a paris")]).await;
        let codes = admin.get(LIST).await;
        assert!(codes.has("ete_a_paris") && codes.has("ete_a_paris_2"), "{:?}", codes.texts("tbody th"));
        let taken = add(&admin, &[("code", "ete_a_paris")]).await;
        assert_eq!((taken.status(), error(&taken, "code").is_empty()), (422, false));
        for unsound in ["A", "a-b", "ä", &"a".repeat(61)] {
            assert_eq!(add(&admin, &[("code", unsound)]).await.status(), 422, "{unsound}");
        }
        assert_eq!(edit(&admin, &second, &[("code", "another")]).await.status(), 422, "not even by a forged field");
    }

    async fn forged_fields_and_other_encodings_change_nothing(app: TestApp) {
        let admin = app.admin().await;
        let page = added(&admin, &[("admin", "true"), ("created_by", "evil"), ("id", "whk_x")]).await;
        assert!(!page.ends_with("whk_x"));
        let twice = admin.post_body(LIST, "name=a&name=b&url=https%3A%2F%2Fci.example.com%2F").await;
        assert_eq!(twice.status(), 400);
        let multipart = TestRequest::post().uri(LIST).insert_header((CONTENT_TYPE, "multipart/form-data; boundary=x"));
        let multipart = multipart.insert_header(("sec-fetch-site", "same-origin")).set_payload("--x--");
        assert_eq!(admin.send(multipart).await.status(), 415);
        let huge = format!("name={}", "x".repeat(256 * 1024));
        assert_eq!(admin.post_body(LIST, &huge).await.status(), 413);
        for method in ["GET", "DELETE", "CONNECT", "post", "POST "] {
            assert_eq!(add(&admin, &[("method", method)]).await.status(), 422, "{method}");
        }
        for event in ["foo", "document.released\r\nX: y"] {
            assert_eq!(add(&admin, &[("events", event)]).await.status(), 422, "{event}");
        }
        assert_eq!(count(&app).await, 1);
    }

    async fn markup_in_a_name_is_text_everywhere(app: TestApp) {
        let admin = app.admin().await;
        for name in ["<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "{{7*7}}", "'; DROP TABLE webhooks"] {
            let page = added(&admin, &[("name", name)]).await;
            for address in [LIST.to_owned(), format!("{page}/edit"), format!("{page}/delete"), format!("{page}/test")] {
                let answer = admin.get(&address).await;
                assert!(answer.texts("script").iter().all(String::is_empty), "{address}");
                assert!(answer.attributes("img", "src").is_empty(), "{address}");
                assert!(answer.html().root_element().text().collect::<String>().contains(name)
                    || answer.attributes("input", "value").contains(&name.to_owned()), "{address}");
            }
        }
    }

    async fn deleting_says_what_follows_and_cancels_what_waits(app: TestApp) {
        let admin = app.admin().await;
        let receiver = Receiver::open(Behaviour::Answer(receiver::Answer::status(503))).await;
        let page = added(&admin, &[("url", &receiver.url("/"))]).await;
        app.step().await;
        app.publish(r#"{"resource_id":1}"#).await;
        app.drain().await;
        let asked = admin.get(&format!("{page}/delete")).await;
        assert!(asked.has("Build server") && asked.has("1 delivery still waits; it will be cancelled."));
        assert_eq!(asked.attributes("a[data-close][autofocus]", "href"), [LIST]);
        assert_eq!(admin.post(&format!("{page}/delete"), &[]).await.status(), 303);
        assert!(admin.get(LIST).await.has("The webhook was removed."));
        assert_eq!(admin.post(&format!("{page}/delete"), &[]).await.status(), 303);
        assert!(admin.get(LIST).await.has("The webhook was already removed."));
        assert_eq!(admin.get(&page).await.status(), 404);
        let never = page.replace(page.rsplit('/').next().unwrap(), "whk_00000000000000000000000009");
        assert_eq!(admin.post(&format!("{never}/delete"), &[]).await.status(), 404);
        let deliveries = admin.get("/deliveries?state=cancelled").await;
        assert_eq!(deliveries.texts("tbody th").len(), 1, "its history stays");
        assert_eq!(app.audit_actions().await.last().unwrap(), "webhook.deleted");
    }
}
