//! What monitors are told: the process lives, and whether it can do its work.

use std::sync::Arc;

use actix_web::test::TestRequest;

use crate::support::app::both;

both! {
    async fn the_process_lives_whatever_else_is_wrong(app: TestApp) {
        let answer = app.anonymous().get("/healthz").await;
        assert_eq!((answer.status(), answer.text()), (200, "alive"));
        let answer = app.send(TestRequest::get().uri("/healthz").insert_header(("host", "10.1.2.3:8080"))).await;
        assert_eq!(answer.status(), 200, "a monitor may know the portal under any name");
    }

    async fn it_is_ready_while_its_worker_works_on_a_schema_of_its_version(app: TestApp) {
        let ready = async || {
            let answer = app.anonymous().get("/readyz").await;
            (answer.status(), answer.text().to_owned())
        };
        assert_eq!(ready().await, (503, "not ready: the worker has stopped".to_owned()));
        let worker = Arc::new(());
        app.app.health.follow(Arc::downgrade(&worker));
        assert_eq!(ready().await, (200, "ready".to_owned()));
        app.sql("delete from __diesel_schema_migrations where version = '0009'").await;
        assert_eq!(ready().await, (503, "not ready: the schema of the database is not up to date".to_owned()));
        drop(worker);
        assert_eq!(ready().await.0, 503);
    }
}
