//! Resend many: the plan says exactly what will happen, and the same happens.

use postrider::delivery::{Outcome, State};
use postrider::webhooks::WebhookChanged;

use crate::support::app::both;
use crate::support::fill::{self, Delivery};
use crate::support::receiver::{self, Behaviour, Receiver};

both! {
    async fn the_plan_counts_and_names_what_is_left_out(app: TestApp) {
        let admin = app.admin().await;
        let receiver = Receiver::open(Behaviour::Answer(receiver::Answer::status(200))).await;
        let open = app.add_webhook(&receiver.url("/"), &[("name", "Open")]).await;
        let off = app.add_webhook(&receiver.url("/off"), &[("name", "Off")]).await;
        let failed = |title: &str, id| Delivery::delivered(&app, title, id).ended(State::Failed, 3, Some(Outcome::Status), Some(503));
        for number in 0..3 {
            failed(&format!("Guide {number}"), open).add(&app).await;
        }
        failed("Of the other", off).add(&app).await;
        Delivery { body: None, ..failed("Bodiless", open) }.add(&app).await;
        fill::change(&app, off, "active = false", WebhookChanged::Edited).await;
        let plan = admin.get("/deliveries/resend?state=failed").await;
        assert_eq!(plan.texts("#dialog-title"), ["Resend 3 deliveries?"]);
        assert_eq!(plan.texts("dialog ul.plain li").len(), 3);
        assert!(plan.has("1 is left out: Its webhook is inactive.") && plan.has("1 is left out: Its body is past"));
        let ids = plan.attributes("dialog input[name=ids]", "value").remove(0);
        let form_id = plan.attributes("dialog input[name=form_id]", "value").remove(0);
        assert_eq!(admin.post("/deliveries/resend", &[("ids", &ids), ("form_id", &form_id)]).await.status(), 303);
        assert!(admin.get("/deliveries").await.has("3 deliveries are sent again"));
        admin.post("/deliveries/resend", &[("ids", &ids), ("form_id", &form_id)]).await;
        assert!(admin.get("/deliveries").await.has("They were sent again already."));
        app.drain().await;
        assert_eq!(receiver.requests().len(), 3);
        assert_eq!(admin.get("/deliveries?state=delivered").await.texts("tbody th").len(), 3);
        let actions = app.audit_actions().await;
        assert_eq!(actions.iter().filter(|action| *action == "deliveries.resent").count(), 1);
    }

    async fn ticked_rows_are_planned_and_what_changed_meanwhile_is_told(app: TestApp) {
        let admin = app.admin().await;
        let receiver = Receiver::open(Behaviour::Answer(receiver::Answer::status(200))).await;
        let open = app.add_webhook(&receiver.url("/"), &[]).await;
        let one = Delivery::delivered(&app, "One", open).add(&app).await;
        let two = Delivery::delivered(&app, "Two", open).add(&app).await;
        let plan = admin.get(&format!("/deliveries/resend?ids={one}&ids={two}&ids=nonsense")).await;
        assert_eq!(plan.texts("#dialog-title"), ["Resend 2 deliveries?"]);
        admin.post(&format!("/deliveries/{one}/resend"), &[("why", "asked by Max")]).await;
        admin.post("/deliveries/resend", &[("ids", &format!("{one} {two} dlv_00000000000000000000000009"))]).await;
        assert!(admin.get("/deliveries").await.has("1 delivery is sent again as soon as its webhook has room. 2 were left out"));
        assert!(admin.get("/settings/audit?action=delivery.resent").await.has("asked by Max"));
        let nothing = admin.get("/deliveries/resend").await;
        assert_eq!(nothing.texts("#dialog-title"), ["Nothing to resend"]);
        assert_eq!(admin.get("/deliveries/resend?state=lost").await.status(), 400);
    }
}
