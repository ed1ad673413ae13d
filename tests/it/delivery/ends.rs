//! How attempts end, and what follows.

use super::*;
use crate::support::app::both;

both! {
    async fn a_failing_receiver_is_tried_ten_times_over_three_days(app: TestApp) {
        let receiver = answering(500).await;
        app.add_webhook(&receiver.url("/"), &[]).await;
        app.publish(DATA).await;
        for delay in [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400] {
            // The jitter is a fifth at most.
            let before = receiver.requests().len();
            app.advance(Duration::from_millis(delay * 799));
            app.drain().await;
            let early = if delay == 0 { before + 1 } else { before };
            assert_eq!(receiver.requests().len(), early, "not before its time");
            app.advance(Duration::from_millis(delay * 402));
            app.drain().await;
            assert_eq!(receiver.requests().len(), before + 1, "after {delay} s");
        }
        assert_eq!(states(&app).await, [State::Failed]);
        app.advance(seconds(7 * 86_400));
        app.drain().await;
        assert_eq!(receiver.requests().len(), 10);
        let ids: std::collections::HashSet<_> =
            receiver.requests().iter().map(|request| request.header("webhook-id").unwrap().to_owned()).collect();
        assert_eq!(ids.len(), 1, "the same id on every attempt");
        let numbers: Vec<_> =
            receiver.requests().iter().map(|request| request.header("x-webhook-attempt").unwrap().to_owned()).collect();
        assert_eq!(numbers, (1..=10).map(|number| number.to_string()).collect::<Vec<_>>());
    }

    async fn the_quick_preset_is_exact_and_own_delays_are_followed(app: TestApp) {
        let receiver = answering(503).await;
        app.add_webhook(&receiver.url("/quick"), &[("retry", "quick")]).await;
        app.add_webhook(&receiver.url("/list"), &[("retry", "list"), ("delays", "2s, 1m")]).await;
        app.publish(DATA).await;
        let mut counts = Vec::new();
        for wait in [0, 2, 28, 30, 2, 600] {
            app.advance(seconds(wait));
            app.drain().await;
            let count = |path: &str| receiver.requests().iter().filter(|request| request.path == path).count();
            counts.push((count("/quick"), count("/list")));
        }
        assert_eq!(counts, [(1, 1), (1, 2), (2, 2), (3, 2), (3, 3), (3, 3)]);
        assert_eq!(states(&app).await, [State::Failed, State::Failed]);
    }

    async fn the_receivers_wish_delays_the_next_attempt(app: TestApp) {
        let receiver =
            Receiver::open(Behaviour::Answer(Answer::status(429).header("retry-after", "120"))).await;
        app.add_webhook(&receiver.url("/"), &[("retry", "quick")]).await;
        app.publish(DATA).await;
        app.drain().await;
        app.advance(seconds(119));
        app.drain().await;
        assert_eq!(receiver.requests().len(), 1);
        app.advance(seconds(1));
        app.drain().await;
        assert_eq!(receiver.requests().len(), 2);
    }

    async fn gone_disables_the_webhook_and_keeps_what_waits(app: TestApp) {
        let receiver = answering(410).await;
        app.add_webhook(&receiver.url("/"), &[("retry", "quick")]).await;
        app.publish(DATA).await;
        app.drain().await;
        app.advance(seconds(60));
        app.publish(DATA).await;
        app.drain().await;
        assert_eq!(receiver.requests().len(), 1, "nothing is sent to a disabled webhook");
        assert_eq!(states(&app).await, [State::Queued], "the waiting one is kept, a new event makes none");
        let reason: Option<String> = app
            .read(|conn| {
                use postrider::schema::webhooks;
                Ok(webhooks::table.select(webhooks::disabled_reason).first(conn)?)
            })
            .await;
        assert!(reason.unwrap().contains("410"));
    }

    async fn what_is_not_for_a_webhook_leaves_a_reason(app: TestApp) {
        let receiver = answering(200).await;
        app.add_webhook(&receiver.url("/"), &[("events", "publication.published")]).await;
        app.add_webhook(&receiver.url("/"), &[("active", "")]).await;
        app.publish(DATA).await;
        app.publish_in(postrider::events::Environment::Test, DATA).await;
        app.drain().await;
        assert_eq!(receiver.requests().len(), 0);
        let unsent: Vec<Option<String>> = app
            .read(|conn| {
                use postrider::schema::events;
                Ok(events::table.order(events::id).select(events::unsent).load(conn)?)
            })
            .await;
        let unsent: Vec<String> = unsent.into_iter().flatten().collect();
        assert!(unsent[0].contains("not_ticked") && unsent[0].contains("inactive"), "{unsent:?}");
        assert_eq!(unsent[1].matches("other_environment").count(), 2, "{unsent:?}");
    }

    async fn sums_of_the_hour_and_the_last_delivery_are_kept(app: TestApp) {
        let receiver =
            Receiver::open(Behaviour::Sequence(vec![Answer::status(200), Answer::status(500)])).await;
        app.add_webhook(&receiver.url("/"), &[]).await;
        app.publish(DATA).await;
        app.drain().await;
        app.publish(DATA).await;
        app.drain().await;
        let (ok, failed, last): (i32, i32, Option<i32>) = app
            .read(|conn| {
                use postrider::schema::{lanes, webhook_hours};
                let (ok, failed) = webhook_hours::table.select((webhook_hours::ok, webhook_hours::failed)).first(conn)?;
                Ok((ok, failed, lanes::table.select(lanes::last_status).first(conn)?))
            })
            .await;
        assert_eq!((ok, failed, last), (1, 1, Some(500)));
    }

    async fn an_answer_that_holds_the_text_failed_whatever_its_status(app: TestApp) {
        let refusing = |body: &str| Behaviour::Answer(Answer::status(200).body(body.as_bytes().to_vec()));
        let receiver = Receiver::open(refusing(r#"{"ok":false,"error":"out of stock"}"#)).await;
        let rule = r#""ok":false"#;
        let id = app.add_webhook(&receiver.url("/"), &[("fail_when", rule)]).await;
        app.publish(DATA).await;
        app.drain().await;
        assert_eq!(states(&app).await, [State::Queued]);
        assert_eq!(outcomes(&app).await, [(1, Outcome::TextRule, Reason::Schedule)]);
        let admin = app.admin().await;
        let page = admin.get("/deliveries?state=retrying").await.attributes("table.rows a.name", "href").remove(0);
        assert!(admin.get(&page).await.has("The answer held the text that means failure."));
        for list in ["/deliveries", "/settings/webhooks", &format!("/settings/webhooks/{id}?tab=log")] {
            assert!(admin.get(list).await.has("200, text that means failure"), "{list}");
        }
        let settings = admin.get(&format!("/settings/webhooks/{id}?tab=settings")).await;
        assert!(settings.texts(".facts dd").contains(&rule.to_owned()), "{:?}", settings.texts(".facts dd"));
        // Another case, an answer without it, and one that holds it only beyond what is kept: each is a success.
        for body in [r#"{"OK":false}"#.to_owned(), String::new(), format!("{}{rule}", "x".repeat(16 * 1024))] {
            receiver.behave(refusing(&body));
            app.advance(Duration::from_secs(3600));
            app.drain().await;
            app.publish(DATA).await;
            app.drain().await;
            assert!(states(&app).await.iter().all(|state| *state == State::Delivered), "{}", body.len());
        }
        // The session is over by then.
        let admin = app.admin().await;
        for wrong in ["x".repeat(201), "a\nb".to_owned()] {
            let form = [("name", "CI"), ("url", "https://ci.example.com/"), ("fail_when", wrong.as_str())];
            let refused = admin.post("/settings/webhooks", &form).await;
            assert_eq!(refused.status(), 422);
            assert_eq!(refused.texts("#f-fail_when-error").len(), 1);
        }
    }
}
