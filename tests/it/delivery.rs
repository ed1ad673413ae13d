//! Delivery from the published event to the last attempt: bodies, signatures, retries, resend, takeover.

mod ends;
mod formats;
mod guard;
mod lanes;
mod requests;
mod resend;

use std::time::Duration;

use diesel::prelude::*;
use postrider::delivery::{Outcome, Reason, State};
use postrider::schema::{attempts, deliveries};

use crate::support::app::TestApp;
use crate::support::receiver::{Answer, Behaviour, Receiver};

const DATA: &str = r#"{"resource_id":1042,"resource_title":"Safety guide"}"#;

/// A delivery as the table has it.
#[derive(Debug, PartialEq, Eq, Queryable)]
struct Row {
    id: String,
    state: State,
    attempts: i32,
    scheduled: i32,
}

async fn rows(app: &TestApp) -> Vec<Row> {
    app.read(|conn| {
        let columns = (deliveries::id, deliveries::state, deliveries::attempts, deliveries::scheduled);
        Ok(deliveries::table.order(deliveries::id).select(columns).load(conn)?)
    })
    .await
}

async fn states(app: &TestApp) -> Vec<State> {
    rows(app).await.into_iter().map(|row| row.state).collect()
}

async fn outcomes(app: &TestApp) -> Vec<(i32, Outcome, Reason)> {
    app.read(|conn| {
        let columns = (attempts::number, attempts::outcome, attempts::reason);
        Ok(attempts::table.order((attempts::delivery_id, attempts::number)).select(columns).load(conn)?)
    })
    .await
}

async fn answering(status: u16) -> Receiver {
    Receiver::open(Behaviour::Answer(Answer::status(status))).await
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}
