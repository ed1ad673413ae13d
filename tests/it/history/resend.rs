//! Resend: one more attempt of the same delivery, on record with who asked, or a reason why not.

use postrider::delivery::{DeliveryId, Kind, Outcome, State};
use postrider::webhooks::{WebhookChanged, WebhookId};

use crate::support::app::{TestApp, both};
use crate::support::browser::{Answer, Browser};
use crate::support::fill::{self, Delivery};
use crate::support::receiver::{self, Behaviour, Receiver};

async fn receiver(statuses: &[u16]) -> Receiver {
    Receiver::open(Behaviour::Sequence(statuses.iter().map(|status| receiver::Answer::status(*status)).collect())).await
}

/// A delivery that was tried once and ended so.
async fn ended(app: &TestApp, webhook: WebhookId, state: State) -> DeliveryId {
    let (outcome, status) = if state == State::Delivered { (Outcome::Ok, 200) } else { (Outcome::Status, 500) };
    let id = Delivery::delivered(app, "Guide", webhook).ended(state, 1, Some(outcome), Some(status)).add(app).await;
    fill::attempt(app, id, 1, outcome, Some((status, Vec::new()))).await;
    id
}

/// Presses the button of the page as it stands.
async fn press(browser: &Browser, id: DeliveryId) -> Answer {
    let form = browser.get(&format!("/deliveries/{id}")).await.attributes("form.resend input", "value").remove(0);
    browser.post(&format!("/deliveries/{id}/resend"), &[("form_id", &form)]).await
}

fn badge(page: &Answer) -> String {
    page.texts(".stamp b").join("")
}

/// The page says why the button is off, and pressing it all the same changes nothing.
async fn expect_refusal(app: &TestApp, id: DeliveryId, sentence: &str) {
    let browser = app.admin().await;
    let page = browser.get(&format!("/deliveries/{id}")).await;
    assert_eq!(page.texts("#resend-why"), [sentence]);
    assert_eq!(page.attributes("form.resend button[disabled]", "type").len(), 1);
    let refused = press(&browser, id).await;
    assert_eq!(refused.status(), 409);
    assert_eq!(refused.texts(".flashes p"), [format!("Not sent again. {sentence}")]);
    assert!(!app.audit_actions().await.contains(&"delivery.resent".to_owned()));
}

both! {
    async fn a_failed_delivery_that_is_taken_now_is_delivered(app: TestApp) {
        let receiver = receiver(&[200]).await;
        let ci = fill::webhook(&app, "CI", &receiver.url("/hook")).await;
        let id = ended(&app, ci, State::Failed).await;
        let browser = app.admin().await;
        let sent = press(&browser, id).await;
        assert_eq!((sent.status(), sent.header("location")), (303, format!("/deliveries/{id}").as_str()));
        let waits = browser.get(sent.header("location")).await;
        assert_eq!(waits.texts(".flashes p"), ["It is sent again as soon as its webhook has room."]);
        assert!(waits.texts(".next")[0].ends_with("as Ada Admin asked."));
        assert_eq!(waits.texts("#resend-why"), ["It is about to be sent again already."]);
        app.drain().await;

        let page = browser.get(&format!("/deliveries/{id}")).await;
        assert_eq!(badge(&page), "delivered");
        assert!(page.texts(".life li b").contains(&"Attempt 2, resent by Ada Admin".to_owned()));
        assert!(page.texts(".attempt-head .quiet")[0].ends_with("resent by Ada Admin"));
        assert_eq!(page.texts("#attempts-title .quiet"), ["1 of 10 +1"], "the schedule keeps its count");
        assert_eq!(receiver.requests()[0].header("x-webhook-attempt"), Some("2"));
        assert!(app.audit_actions().await.contains(&"delivery.resent".to_owned()));
    }

    async fn a_delivered_one_stays_delivered_whatever_comes_back(app: TestApp) {
        let receiver = receiver(&[500]).await;
        let ci = fill::webhook(&app, "CI", &receiver.url("/hook")).await;
        let id = ended(&app, ci, State::Delivered).await;
        let browser = app.admin().await;
        assert_eq!(press(&browser, id).await.status(), 303);
        app.drain().await;
        let page = browser.get(&format!("/deliveries/{id}")).await;
        assert_eq!((badge(&page).as_str(), receiver.requests().len()), ("delivered", 1));
        assert_eq!(page.texts(".attempt-result b"), ["200", "500"]);
        assert!(page.texts(".story")[0].contains("Sent once more, it was not taken. The receiver answered 500"));
    }

    async fn a_form_that_is_sent_twice_asks_once(app: TestApp) {
        let receiver = receiver(&[200]).await;
        let ci = fill::webhook(&app, "CI", &receiver.url("/hook")).await;
        let id = ended(&app, ci, State::Failed).await;
        let browser = app.admin().await;
        let address = format!("/deliveries/{id}");
        let form = browser.get(&address).await.attributes("form.resend input", "value").remove(0);
        for _ in 0..2 {
            let sent = browser.post(&format!("{address}/resend"), &[("form_id", &form)]).await;
            assert_eq!(sent.status(), 303);
            app.drain().await;
        }
        assert_eq!(receiver.requests().len(), 1);
        let other = browser.get(&address).await.attributes("form.resend input", "value").remove(0);
        assert_ne!(other, form);
    }

    async fn the_body_is_the_one_that_was_sent_before(app: TestApp) {
        let receiver = receiver(&[500, 200]).await;
        let ci = fill::webhook(&app, "CI", &receiver.url("/hook")).await;
        app.publish(r#"{"resource_id":1,"resource_title":"Guide"}"#).await;
        app.drain().await;
        fill::change(&app, ci, "name = 'Build'", WebhookChanged::Edited).await;
        let browser = app.admin().await;
        let address = browser.get("/deliveries").await.attributes("table.rows a.name", "href").remove(0);
        let id = DeliveryId::parse(address.strip_prefix("/deliveries/").unwrap()).unwrap();
        assert_eq!(press(&browser, id).await.status(), 303);
        app.drain().await;
        let requests = receiver.requests();
        assert_eq!((requests.len(), &requests[0].body), (2, &requests[1].body));
        assert_eq!(requests[0].header("webhook-id"), requests[1].header("webhook-id"));
    }

    async fn of_a_deleted_webhook_it_is_refused(app: TestApp) {
        let ci = fill::webhook(&app, "CI", "https://ci.example.com/").await;
        let id = ended(&app, ci, State::Failed).await;
        fill::change(&app, ci, "deleted_at = updated_at, active = false", WebhookChanged::Deleted).await;
        expect_refusal(&app, id, "Its webhook was deleted, so there is nobody to send it to.").await;
    }

    async fn of_an_inactive_webhook_it_is_refused(app: TestApp) {
        let ci = fill::webhook(&app, "CI", "https://ci.example.com/").await;
        let id = ended(&app, ci, State::Delivered).await;
        fill::change(&app, ci, "active = false", WebhookChanged::Deactivated).await;
        expect_refusal(&app, id, "Its webhook is inactive. Tick Active in Edit webhook first.").await;
    }

    async fn of_a_disabled_webhook_it_is_refused(app: TestApp) {
        let ci = fill::webhook(&app, "CI", "https://ci.example.com/").await;
        let id = ended(&app, ci, State::Failed).await;
        fill::change(&app, ci, "disabled_at = updated_at, disabled_reason = 'Gone.'", WebhookChanged::Edited).await;
        expect_refusal(&app, id, "Its webhook is disabled. Save it once more in Edit webhook to enable it.").await;
    }

    async fn while_an_attempt_runs_it_is_refused(app: TestApp) {
        let ci = fill::webhook(&app, "CI", "https://ci.example.com/").await;
        let sending = Delivery::delivered(&app, "Guide", ci).ended(State::Sending, 1, Some(Outcome::Sending), None);
        let id = sending.add(&app).await;
        fill::attempt(&app, id, 1, Outcome::Sending, None).await;
        expect_refusal(&app, id, "It is being sent right now. Wait for the end of this attempt.").await;
    }

    async fn a_test_is_refused_and_what_is_not_there_is_not_found(app: TestApp) {
        let ci = fill::webhook(&app, "CI", "https://ci.example.com/").await;
        let test = Delivery { kind: Kind::Test, ..Delivery::delivered(&app, "Test", ci) };
        let id = test.add(&app).await;
        expect_refusal(&app, id, "This was a test. Test the webhook again instead.").await;
        let nothing: DeliveryId = app.app.ids.make();
        let answer = app.admin().await.post(&format!("/deliveries/{nothing}/resend"), &[]).await;
        assert_eq!(answer.status(), 404);
    }
}
