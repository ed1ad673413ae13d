//! Resend: one more attempt of the same delivery, out of its schedule.

use postrider::audit::{Actor, ActorKind};
use postrider::delivery::{DeliveryId, Refused, resend};

use super::*;
use crate::support::app::both;

async fn ask(app: &TestApp, id: &str) -> Result<(), Refused> {
    let id = DeliveryId::parse(id).unwrap();
    let (webhooks, lanes) = (app.app.webhooks.clone(), app.app.lanes.clone());
    let actor = Actor {
        kind: ActorKind::User,
        id: Some("usr_1".to_owned()),
        name: "Ada Admin".to_owned(),
        email: None,
        address: None,
        request_id: None,
    };
    app.write(move |tx| resend(tx, &webhooks, &lanes, &actor, id, "")).await
}

both! {
    async fn a_failed_delivery_becomes_delivered_and_says_who_asked(app: TestApp) {
        let receiver = answering(500).await;
        app.add_webhook(&receiver.url("/"), &[("retry", "quick")]).await;
        app.publish(DATA).await;
        for _ in 0..3 {
            app.drain().await;
            app.advance(seconds(30));
        }
        let id = rows(&app).await[0].id.clone();
        assert_eq!(states(&app).await, [State::Failed]);
        ask(&app, &id).await.unwrap();
        app.drain().await;
        assert_eq!(states(&app).await, [State::Failed], "a failed try leaves it where it stood");
        receiver.behave(Behaviour::Answer(Answer::status(204)));
        ask(&app, &id).await.unwrap();
        app.drain().await;
        assert_eq!(states(&app).await, [State::Delivered]);
        let row = &rows(&app).await[0];
        assert_eq!((row.attempts, row.scheduled), (5, 3), "the automatic budget is not eaten");
        let last = outcomes(&app).await.pop().unwrap();
        assert_eq!(last, (5, Outcome::Ok, Reason::Manual));
        let who: Option<String> =
            app.read(|conn| Ok(attempts::table.filter(attempts::number.eq(5)).select(attempts::actor_name).first(conn)?)).await;
        assert_eq!(who.as_deref(), Some("Ada Admin"));
        assert!(app.audit_actions().await.contains(&"delivery.resent".to_owned()));
    }

    async fn a_delivered_one_stays_delivered_whatever_comes(app: TestApp) {
        let receiver = Receiver::open(Behaviour::Sequence(vec![Answer::status(200), Answer::status(500)])).await;
        app.add_webhook(&receiver.url("/"), &[]).await;
        app.publish(DATA).await;
        app.drain().await;
        let id = rows(&app).await[0].id.clone();
        ask(&app, &id).await.unwrap();
        app.drain().await;
        assert_eq!(states(&app).await, [State::Delivered]);
        let bodies: std::collections::HashSet<_> =
            receiver.requests().iter().map(|request| request.body.clone()).collect();
        assert_eq!((receiver.requests().len(), bodies.len()), (2, 1), "the same bytes twice");
    }

    async fn a_retrying_one_keeps_its_schedule(app: TestApp) {
        let receiver = answering(500).await;
        app.add_webhook(&receiver.url("/"), &[("retry", "quick")]).await;
        app.publish(DATA).await;
        app.drain().await;
        let id = rows(&app).await[0].id.clone();
        app.advance(seconds(10));
        ask(&app, &id).await.unwrap();
        app.drain().await;
        assert_eq!(receiver.requests().len(), 2);
        app.advance(seconds(19));
        app.drain().await;
        assert_eq!(receiver.requests().len(), 2, "not before the thirty seconds are over");
        app.advance(seconds(1));
        app.drain().await;
        assert_eq!(receiver.requests().len(), 3);
    }

    async fn what_cannot_be_sent_again_says_why(app: TestApp) {
        let receiver = Receiver::open(Behaviour::Answer(Answer::status(200).after(Duration::from_millis(300)))).await;
        let webhook = app.add_webhook(&receiver.url("/"), &[]).await;
        app.publish(DATA).await;
        app.step().await;
        let id = rows(&app).await[0].id.clone();
        assert_eq!(ask(&app, &id).await, Err(Refused::Sending));
        app.drain().await;
        ask(&app, &id).await.unwrap();
        assert_eq!(ask(&app, &id).await, Err(Refused::Asked));
        app.drain().await;
        let admin = app.admin().await;
        admin.post(&format!("/settings/webhooks/{webhook}/delete"), &[]).await;
        assert_eq!(ask(&app, &id).await, Err(Refused::Deleted));
    }
}
