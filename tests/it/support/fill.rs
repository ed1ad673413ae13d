//! Fills the database past the application: webhooks, single deliveries of any kind, or millions of them.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use postrider::clock::Time;
use postrider::credentials;
use postrider::delivery::{DeliveryId, Kind, Outcome, Reason, State};
use postrider::events::{Environment, EventId};
use postrider::schema::{attempts, deliveries, webhook_events, webhooks};
use postrider::secret::Place;
use postrider::webhooks::sign::SigningKey;
use postrider::webhooks::{WebhookChanged, WebhookId};
use secrecy::SecretString;

use super::app::TestApp;
use super::rows::rows;

/// The token that webhooks of tests log in with.
pub const TOKEN: &str = "hush-7f3a-token";

/// Adds a webhook of that name, which gets released documents and logs in with [`TOKEN`].
pub async fn webhook(app: &TestApp, name: &'static str, url: &str) -> WebhookId {
    let id: WebhookId = app.app.ids.make();
    let (sealer, url, now) = (app.app.sealer.clone(), url.to_owned(), app.clock.now());
    let seal =
        |column, text: &SecretString| sealer.seal(Place { table: "webhooks", row: id.as_str(), column }, text).unwrap();
    let secrets = (
        webhooks::auth_secret.eq(seal("auth_secret", &SecretString::from(TOKEN))),
        webhooks::signing_secret.eq(seal("signing_secret", SigningKey::generate().text())),
    );
    app.write(move |tx| {
        let row = (
            (webhooks::id.eq(id), webhooks::code.eq(id.as_str()), webhooks::name.eq(name), webhooks::url.eq(url)),
            (webhooks::description.eq(""), webhooks::notification_type.eq("rest"), webhooks::active.eq(true)),
            (webhooks::environment.eq("production"), webhooks::method.eq("POST"), webhooks::format.eq("notification")),
            (webhooks::timeout_seconds.eq(5), webhooks::retry.eq("standard"), webhooks::delays.eq("[]")),
            (webhooks::auth.eq("oauth"), secrets, webhooks::version.eq(1)),
            (webhooks::created_at.eq(now), webhooks::updated_at.eq(now)),
        );
        diesel::insert_into(webhooks::table).values(row).execute(&mut **tx)?;
        let ticked = (webhook_events::webhook_id.eq(id), webhook_events::type_.eq("document.released"));
        diesel::insert_into(webhook_events::table).values(ticked).execute(&mut **tx)?;
        credentials::touch(tx)?;
        tx.note(WebhookChanged::Edited(id));
        Ok(id)
    })
    .await
}

/// Changes a webhook by a statement's `set` part, and lets what waits follow.
pub async fn change(app: &TestApp, id: WebhookId, columns: &str, change: fn(WebhookId) -> WebhookChanged) {
    let statement = format!("update webhooks set {columns} where id = '{id}'");
    app.write(move |tx| {
        tx.batch_execute(&statement)?;
        credentials::touch(tx)?;
        tx.note(change(id));
        Ok(())
    })
    .await;
}

/// A delivery as it is to stand in the table.
#[derive(Clone)]
pub struct Delivery {
    pub kind: Kind,
    pub environment: Environment,
    pub event_id: Option<EventId>,
    pub event_type: &'static str,
    pub title: String,
    pub webhook_id: Option<WebhookId>,
    pub target_name: &'static str,
    pub state: State,
    pub attempts: i32,
    pub body: Option<String>,
    pub last_outcome: Option<Outcome>,
    pub last_status: Option<i32>,
    pub created_at: Time,
}

impl Delivery {
    /// Taken at the first attempt.
    pub fn delivered(app: &TestApp, title: &str, webhook_id: WebhookId) -> Self {
        Self {
            kind: Kind::Webhook,
            environment: Environment::Production,
            event_id: None,
            event_type: "document.released",
            title: title.to_owned(),
            webhook_id: Some(webhook_id),
            target_name: "CI",
            state: State::Delivered,
            attempts: 1,
            body: Some(r#"{"event":"X"}"#.to_owned()),
            last_outcome: Some(Outcome::Ok),
            last_status: Some(200),
            created_at: app.clock.now(),
        }
    }

    /// In another state, with what came back last.
    pub fn ended(self, state: State, attempts: i32, outcome: Option<Outcome>, status: Option<i32>) -> Self {
        Self { state, attempts, last_outcome: outcome, last_status: status, ..self }
    }

    /// Writes it.
    pub async fn add(self, app: &TestApp) -> DeliveryId {
        let id: DeliveryId = app.app.ids.make();
        app.write(move |tx| {
            let row = (
                (deliveries::id.eq(id), deliveries::kind.eq(self.kind), deliveries::event_id.eq(self.event_id)),
                (deliveries::event_type.eq(self.event_type), deliveries::environment.eq(self.environment)),
                (deliveries::title.eq(self.title), deliveries::webhook_id.eq(self.webhook_id)),
                (deliveries::target_name.eq(self.target_name), deliveries::state.eq(self.state)),
                (deliveries::first_try.eq(self.attempts == 0), deliveries::due_at.eq(self.created_at)),
                (deliveries::attempts.eq(self.attempts), deliveries::scheduled.eq(self.attempts)),
                (deliveries::schedule_length.eq(10), deliveries::fence.eq(0), deliveries::body.eq(self.body)),
                (deliveries::content_type.eq("application/json"), deliveries::created_at.eq(self.created_at)),
                (deliveries::last_outcome.eq(self.last_outcome), deliveries::last_status.eq(self.last_status)),
            );
            diesel::insert_into(deliveries::table).values(row).execute(&mut **tx)?;
            Ok(id)
        })
        .await
    }
}

/// Adds an ended attempt with this answer.
pub async fn attempt(
    app: &TestApp,
    delivery: DeliveryId,
    number: i32,
    outcome: Outcome,
    answer: Option<(i32, Vec<u8>)>,
) {
    let now = app.clock.now();
    app.write(move |tx| {
        let (status, body) = answer.unzip();
        let row = (
            (attempts::delivery_id.eq(delivery), attempts::number.eq(number), attempts::reason.eq(Reason::Schedule)),
            (attempts::node.eq("nod_00000000000000000000000001"), attempts::method.eq("POST")),
            (attempts::url.eq("https://ci.example.com/hook"), attempts::sent_at.eq(now), attempts::ended_at.eq(now)),
            (attempts::outcome.eq(outcome), attempts::status.eq(status)),
            attempts::response_headers
                .eq(status.map(|_| r#"[["content-type","text/html"],["set-cookie","[redacted]"]]"#)),
            attempts::response_bytes.eq(body.as_ref().map(|body| i64::try_from(body.len()).unwrap())),
            (attempts::response_body.eq(body), attempts::truncated.eq(false), attempts::reused.eq(false)),
            (attempts::dns_us.eq(1_500), attempts::first_byte_us.eq(40_000), attempts::total_us.eq(50_000)),
        );
        diesel::insert_into(attempts::table).values(row).execute(&mut **tx)?;
        Ok(())
    })
    .await;
}

/// Fills the tables with `count` deliveries and their attempts, a second apart and older than `newest`, over these
/// webhooks: of a hundred, one failed, one was cancelled and one waits. Their ids lie below all real ones.
pub async fn deliveries(app: &TestApp, count: i64, webhooks: &[WebhookId], newest: Time) {
    const STEP: i64 = 50_000;
    for from in (1..=count).step_by(usize::try_from(STEP).unwrap()) {
        let numbers = from..=count.min(from + STEP - 1);
        let webhooks = webhooks.to_vec();
        app.write(move |tx| rows(tx, *numbers.start(), *numbers.end(), count, &webhooks, newest)).await;
    }
}
