//! Lanes: who may send, how many at a time, and what a dead node leaves.

use diesel::connection::SimpleConnection;
use postrider::delivery::Lanes;
use postrider::delivery::node::Node;
use postrider::delivery::worker::{Parts, Worker};

use super::*;
use crate::support::app::both;
use crate::support::receiver::Step as Act;

/// A second node on the same database.
fn second_node(app: &TestApp) -> (Worker, Lanes) {
    let folder = app.app.settings.data_dir.join("second");
    worker_of(app, Node::identify(&folder, &app.app.ids, app.app.db.url()).unwrap())
}

fn worker_of(app: &TestApp, node: Node) -> (Worker, Lanes) {
    let (lanes, handed) = Lanes::new(node.id());
    let parts = Parts {
        db: app.app.db.clone(),
        client: app.app.client.clone(),
        clock: app.clock.clone(),
        webhooks: app.app.webhooks.clone(),
        lanes: lanes.clone(),
        node,
    };
    (Worker::new(parts, handed), lanes)
}

both! {
    async fn a_hanging_receiver_gets_four_at_a_time(app: TestApp) {
        let receiver = Receiver::open(Behaviour::Script(vec![Act::ReadRequest, Act::Hold])).await;
        app.add_webhook(&receiver.url("/"), &[("timeout", "1")]).await;
        for _ in 0..10 {
            app.publish(DATA).await;
        }
        app.step().await;
        for _ in 0..4 {
            receiver.next().await;
        }
        assert_eq!(app.app.lanes.in_flight(), 4, "the window is full");
        let waiting = states(&app).await.iter().filter(|state| **state == State::Queued).count();
        assert_eq!(waiting, 6);
        app.drain().await;
        assert_eq!(receiver.requests().len(), 10, "first tries go before retries");
    }

    async fn a_fast_receiver_widens_its_window(app: TestApp) {
        let receiver = answering(200).await;
        app.add_webhook(&receiver.url("/"), &[]).await;
        for _ in 0..40 {
            app.publish(DATA).await;
        }
        app.drain().await;
        assert_eq!(receiver.requests().len(), 40);
        receiver.behave(Behaviour::Script(vec![Act::ReadRequest, Act::Hold]));
        for _ in 0..60 {
            app.publish(DATA).await;
        }
        app.step().await;
        assert!(app.app.lanes.in_flight() > 40, "{} in flight", app.app.lanes.in_flight());
    }

    async fn a_late_result_of_a_former_owner_changes_nothing(app: TestApp) {
        let slow = Answer::status(500).after(Duration::from_millis(600));
        let receiver = Receiver::open(Behaviour::Sequence(vec![slow, Answer::status(200)])).await;
        app.add_webhook(&receiver.url("/"), &[]).await;
        app.publish(DATA).await;
        app.step().await;
        receiver.next().await;
        // Its lease is over while the first request is still on its way.
        app.sql("update lanes set owner = null").await;
        let (mut other, _lanes) = second_node(&app);
        other.step().await.unwrap();
        other.settle().await;
        assert_eq!(states(&app).await, [State::Delivered], "the second node sent it again");
        app.drain().await;
        assert_eq!(states(&app).await, [State::Delivered], "the first node's 500 came too late");
        assert_eq!(
            outcomes(&app).await,
            [(1, Outcome::Unknown, Reason::Schedule), (2, Outcome::Ok, Reason::Schedule)]
        );
        assert_eq!(rows(&app).await[0].scheduled, 1, "what was cut off does not eat the schedule");
    }

    async fn only_one_of_two_nodes_has_a_lane(app: TestApp) {
        let receiver = answering(200).await;
        app.add_webhook(&receiver.url("/"), &[]).await;
        let (mut other, lanes) = second_node(&app);
        // Its first step voids nothing that is not its own on a server; on the embedded database it is alone.
        if app.app.db.is_sqlite() {
            return;
        }
        other.step().await.unwrap();
        for _ in 0..20 {
            app.publish(DATA).await;
        }
        other.step().await.unwrap();
        other.settle().await;
        assert_eq!((receiver.requests().len(), lanes.in_flight()), (0, 0), "the other node claims nothing");
        app.drain().await;
        assert_eq!(receiver.requests().len(), 20);
    }

    async fn a_copy_of_the_data_folder_makes_no_second_node_of_one_id(app: TestApp) {
        // On the embedded database the file of the data keeps a second process out.
        if app.app.db.is_sqlite() {
            return;
        }
        let receiver = answering(200).await;
        app.add_webhook(&receiver.url("/"), &[]).await;
        app.drain().await;
        let (own, copy) = (app.app.settings.data_dir.clone(), app.app.settings.data_dir.join("copy"));
        std::fs::create_dir_all(&copy).unwrap();
        let copied = || {
            std::fs::copy(own.join("node"), copy.join("node")).unwrap();
            Node::identify(&copy, &app.app.ids, app.app.db.url()).unwrap()
        };
        let id = app.app.node.id();
        let other = copied();
        assert_ne!(other.id(), id);
        let written = std::fs::read_to_string(copy.join("node")).unwrap();
        assert_eq!(written.trim(), other.id().as_str(), "and it stays that one's id");
        drop(other);

        // The server restarts, and the copy is first to take the id.
        let end = format!(
            "select pg_terminate_backend(pid, 5000) from pg_locks where locktype = 'advisory' and \
             ((classid::bigint << 32) | objid::bigint) = hashtextextended(current_schema() || ' {id}', 0)"
        );
        app.write(move |tx| Ok(tx.batch_execute(&end)?)).await;
        let thief = copied();
        assert_eq!(thief.id(), id);
        app.publish(DATA).await;
        let (mut worker, _lanes) = worker_of(&app, app.app.node.clone());
        let refused = worker.step().await.unwrap_err().to_string();
        assert!(refused.contains("another process has the node id"), "{refused}");
        drop(thief);
        worker.step().await.unwrap();
        worker.settle().await;
        assert_eq!(receiver.requests().len(), 1);
    }

    async fn switching_off_and_deleting_cancel_what_waits(app: TestApp) {
        let receiver = answering(500).await;
        let off = app.add_webhook(&receiver.url("/off"), &[]).await;
        let gone = app.add_webhook(&receiver.url("/gone"), &[]).await;
        app.publish(DATA).await;
        app.drain().await;
        let admin = app.admin().await;
        let deleted = admin.post(&format!("/settings/webhooks/{gone}/delete"), &[]).await;
        assert_eq!(deleted.status(), 303);
        let fields = [
            ("name", "CI"), ("url", &receiver.url("/off")), ("auth", "none"), ("events", "document.released"),
            ("method", "POST"), ("timeout", "15"), ("retry", "standard"), ("version", "1"),
        ];
        let edited = admin.post(&format!("/settings/webhooks/{off}"), &fields).await;
        assert_eq!(edited.status(), 303, "{}", edited.text());
        assert_eq!(states(&app).await, [State::Cancelled, State::Cancelled]);
        app.advance(seconds(3 * 86_400));
        app.drain().await;
        assert_eq!(receiver.requests().len(), 2);
    }
}
