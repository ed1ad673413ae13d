//! Pause, Resume and Duplicate.

use diesel::prelude::*;
use postrider::schema::deliveries;

use super::*;
use crate::support::app::both;
use crate::support::receiver::{self, Behaviour, Receiver};

async fn answering() -> Receiver {
    Receiver::open(Behaviour::Answer(receiver::Answer::status(200))).await
}

fn about(number: i32) -> String {
    format!(r#"{{"resource_id":{number}}}"#)
}

both! {
    async fn a_pause_holds_and_resume_sends_in_the_order_of_waiting(app: TestApp) {
        let (admin, receiver) = (app.admin().await, answering().await);
        let page = added(&admin, &[("url", &receiver.url("/"))]).await;
        admin.get(&page).await;
        app.step().await;
        assert_eq!(admin.post(&format!("{page}/pause"), &[]).await.status(), 303);
        assert!(admin.get(LIST).await.texts("tbody .badge").contains(&"paused".to_owned()));
        for number in 1..=5 {
            app.publish(&about(number)).await;
            app.advance(std::time::Duration::from_secs(1));
        }
        app.drain().await;
        assert_eq!(receiver.requests().len(), 0, "nothing leaves while it is held");
        let held = admin.get("/deliveries?state=held").await;
        assert_eq!(held.texts("tbody th").len(), 5);
        let first = held.attributes("tbody a.name", "href").remove(0);
        let refused = admin.post(&format!("{first}/resend"), &[]).await;
        assert_eq!(refused.status(), 409);
        assert!(refused.has("Its webhook is paused. Resume it first."));
        admin.post(&format!("{page}/pause"), &[("back", "page")]).await;
        assert!(admin.get(&page).await.has("It was paused already."));
        assert_eq!(admin.post(&format!("{page}/resume"), &[]).await.status(), 303);
        app.drain().await;
        let sent: Vec<String> = receiver.requests().into_iter().map(|request| String::from_utf8(request.body).unwrap()).collect();
        assert_eq!(sent.len(), 5);
        let first = sent.iter().position(|body| body.contains(r#""resource_id":1}"#)).unwrap();
        let last = sent.iter().position(|body| body.contains(r#""resource_id":5}"#)).unwrap();
        assert!(first < last, "{sent:?}");
        let states: Vec<String> = app.read(|conn| Ok(deliveries::table.select(deliveries::state).load(conn)?)).await;
        assert!(states.iter().all(|state| state == "delivered"), "{states:?}");
        let actions = app.audit_actions().await;
        assert_eq!(actions.iter().filter(|action| *action == "webhook.paused").count(), 1);
        assert_eq!(actions.iter().filter(|action| *action == "webhook.resumed").count(), 1);
    }

    async fn a_copy_is_inactive_and_has_a_code_and_a_secret_of_its_own(app: TestApp) {
        let (admin, receiver) = (app.admin().await, answering().await);
        let page = added(&admin, &[("url", &receiver.url("/")), ("auth", "oauth"), ("token", "hush-copy-1"),
            ("header_name", "X-Team"), ("header_value", "docs")]).await;
        admin.get(&page).await;
        let form_id = admin.get(LIST).await.attributes("tbody form input[name=form_id]", "value").remove(0);
        let copied = admin.post(&format!("{page}/duplicate"), &[("form_id", &form_id)]).await;
        let again = admin.post(&format!("{page}/duplicate"), &[("form_id", &form_id)]).await;
        assert_eq!((copied.status(), copied.header("location")), (303, again.header("location")));
        assert_eq!(count(&app).await, 2);
        let dialog = admin.get(copied.header("location")).await;
        assert_eq!(dialog.attributes("#f-name", "value"), ["Build server (copy)"]);
        assert!(dialog.has("build_server_copy") && dialog.attributes("input[name=active][checked]", "value").is_empty());
        assert!(!dialog.has("hush-copy-1"));
        let copy = copied.header("location").strip_suffix("/edit").unwrap().to_owned();
        assert_eq!(admin.post(&format!("{copy}/activate"), &[]).await.status(), 303);
        app.step().await;
        app.publish(&about(1)).await;
        app.drain().await;
        let [one, two] = receiver.requests().try_into().expect("both are sent to");
        assert_eq!(one.header("authorization"), two.header("authorization"));
        assert_eq!((one.header("x-team"), two.header("x-team")), (Some("docs"), Some("docs")));
        assert_ne!(one.header("webhook-signature"), two.header("webhook-signature"));
        assert_eq!(admin.post("/settings/webhooks/whk_00000000000000000000000009/duplicate", &[]).await.status(), 404);
    }
}
