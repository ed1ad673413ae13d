//! The real application in this process, on a database of its own, with a clock that only the test moves.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix_web::body::{BoxBody, to_bytes};
use actix_web::dev::{Service, ServiceResponse};
use actix_web::{Error, test as http};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use postrider::api_keys::{self, Scope};
use postrider::audit::Actor;
use postrider::clock::{Clock, Time};
use postrider::config::Settings;
use postrider::db::{Conn, DatabaseUrl, Db, DbError, Tx, migrate};
use postrider::delivery::worker::{Step, Worker};
use postrider::event_types::built_in;
use postrider::events::{self, Environment, EventId};
use postrider::ids::Ids;
use postrider::secret::Sealer;
use postrider::sessions;
use postrider::state::App;
use postrider::users::password::{Password, PasswordHash, hash_now};
use postrider::users::{self, Email, Name, UserId};
use postrider::web::Route;
use postrider::webhooks::form::WebhookForm;
use postrider::webhooks::{self, WebhookId};
use secrecy::ExposeSecret;

use super::browser::{Answer, Browser, Program};
use super::process::Scratch;

/// The password of every person that tests make.
pub const PASSWORD: &str = "wagon trellis marmot 7";
/// Where the tests' time begins: 2026-11-24T10:00:00Z.
const START: i64 = 1_795_514_400_000_000;

type Call = Rc<dyn Fn(http::TestRequest) -> LocalBoxFuture<'static, Result<ServiceResponse<BoxBody>, Error>>>;

/// A running application; cheap to clone, all clones are one.
#[derive(Clone)]
pub struct TestApp {
    /// What the handlers share.
    pub app: App,
    /// The clock, to move it.
    pub clock: Clock,
    call: Call,
    worker: Rc<tokio::sync::Mutex<Worker>>,
    database: Rc<Database>,
}

/// A database that dies with its test.
struct Database {
    url: DatabaseUrl,
    folder: Scratch,
    schema: Option<(String, String)>,
}

impl Database {
    /// A copy of one that was migrated once.
    fn sqlite() -> Self {
        static MIGRATED: OnceLock<(Scratch, PathBuf)> = OnceLock::new();
        let (_, original) = MIGRATED.get_or_init(|| {
            let folder = Scratch::new("original");
            let path = folder.path().join("postrider.db");
            migrate(&DatabaseUrl::Sqlite(path.clone())).unwrap();
            (folder, path)
        });
        let folder = Scratch::new("app");
        let path = folder.path().join("postrider.db");
        std::fs::copy(original, &path).unwrap();
        Self { url: DatabaseUrl::Sqlite(path), folder, schema: None }
    }

    /// A schema of its own on the throwaway server.
    fn postgres() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let server = super::postgres_url();
        let schema = format!("test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let mut conn = PgConnection::establish(&server).unwrap();
        conn.batch_execute(&format!("create schema {schema}")).unwrap();
        let mark = if server.contains('?') { '&' } else { '?' };
        let url = DatabaseUrl::Postgres(format!("{server}{mark}options=-csearch_path%3D{schema}"));
        migrate(&url).unwrap();
        Self { url, folder: Scratch::new("app"), schema: Some((server, schema)) }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some((server, schema)) = &self.schema
            && let Ok(mut conn) = PgConnection::establish(server)
        {
            conn.batch_execute(&format!("drop schema {schema} cascade")).ok();
        }
    }
}

impl TestApp {
    /// On the embedded database.
    pub async fn sqlite() -> Self {
        Self::on(Database::sqlite(), Vec::new()).await
    }

    /// On the throwaway server.
    pub async fn postgres() -> Self {
        Self::on(Database::postgres(), Vec::new()).await
    }

    async fn on(database: Database, more: Vec<Route>) -> Self {
        Self::with(Rc::new(database), |_| {}, more).await
    }

    async fn with(database: Rc<Database>, change: impl FnOnce(&mut Settings), more: Vec<Route>) -> Self {
        let clock = Clock::manual(Time::from_micros(START));
        let ids = Ids::counting();
        let db = Db::open(&database.url, clock.clone(), ids.clone()).unwrap();
        let sealer = Sealer::parse(Sealer::generate().expose_secret()).unwrap();
        let mut settings = Settings::for_tests();
        settings.data_dir = database.folder.path().to_owned();
        // Receivers of tests are opened at one address of the inside; all others stay closed.
        settings.egress.allow = vec![format!("{}/32", super::receiver::OPEN)];
        change(&mut settings);
        let (app, worker) = App::new(db, clock.clone(), ids, sealer, Arc::new(settings)).unwrap();
        let call = serve(&app, more).await;
        Self { app, clock, call, worker: Rc::new(tokio::sync::Mutex::new(worker)), database }
    }

    /// The same application with these routes added.
    pub async fn and_routes(&self, more: Vec<Route>) -> Self {
        Self { call: serve(&self.app, more).await, ..self.clone() }
    }

    /// A new application on a database of the same kind that trusts these certificate authorities too.
    pub async fn trusting(&self, ca_file: PathBuf) -> Self {
        let database = if self.app.db.is_sqlite() { Database::sqlite() } else { Database::postgres() };
        Self::with(Rc::new(database), |settings| settings.egress.ca_file = Some(ca_file), Vec::new()).await
    }

    /// The same application with other settings.
    pub async fn and_settings(&self, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = (*self.app.settings).clone();
        change(&mut settings);
        let app = App { settings: Arc::new(settings), ..self.app.clone() };
        Self { call: serve(&app, Vec::new()).await, app, ..self.clone() }
    }

    /// One step of the worker; what it starts goes on by itself.
    pub async fn step(&self) -> Step {
        self.worker.lock().await.step().await.unwrap()
    }

    /// Sends all that is due and waits for its ends.
    pub async fn drain(&self) {
        let mut worker = self.worker.lock().await;
        loop {
            worker.settle().await;
            let step = worker.step().await.unwrap();
            if matches!(step, Step::Idle { .. }) && self.app.lanes.in_flight() == 0 {
                return;
            }
        }
    }

    /// Moves the time.
    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// The folder of its data.
    pub fn data_dir(&self) -> &Path {
        self.database.folder.path()
    }

    /// Reads from the database.
    pub async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&mut Conn) -> Result<T, DbError> + Send + 'static,
    ) -> T {
        self.app.db.read(query).await.unwrap()
    }

    /// Writes to the database.
    pub async fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Tx<'_>) -> Result<T, DbError> + Send + 'static,
    ) -> T {
        self.app.db.write(change).await.unwrap()
    }

    /// Sends one request as it is.
    pub async fn send(&self, request: http::TestRequest) -> Answer {
        match (self.call)(request).await {
            Ok(response) => {
                let (status, headers) = (response.status(), response.headers().clone());
                Answer::new(status, headers, to_bytes(response.into_body()).await.unwrap())
            }
            Err(error) => {
                let response = error.error_response();
                let (status, headers) = (response.status(), response.headers().clone());
                Answer::new(status, headers, to_bytes(response.into_body()).await.unwrap())
            }
        }
    }

    /// A browser that nobody signed in with.
    pub fn anonymous(&self) -> Browser {
        Browser::new(self)
    }

    /// A browser with a signed-in administrator, `admin@example.com`.
    pub async fn admin(&self) -> Browser {
        let id = match self.read(|conn| users::find_by_email(conn, "admin@example.com")).await {
            Some(user) => user.id(),
            None => self.add_administrator("admin@example.com", "Ada Admin").await,
        };
        self.signed_in(id).await
    }

    /// A browser with somebody signed in who has no role.
    pub async fn member(&self) -> Browser {
        let id = self.add_administrator("member@example.com", "Max Member").await;
        self.sql("update users set role = 'member' where email = 'member@example.com'").await;
        self.signed_in(id).await
    }

    /// A program with a key of these scopes.
    pub async fn api_key(&self, scopes: &[Scope]) -> Program {
        self.api_key_in(Environment::Production, scopes).await
    }

    /// The same in either world.
    pub async fn api_key_in(&self, environment: Environment, scopes: &[Scope]) -> Program {
        let draft = api_keys::Draft::new("tests", scopes.to_vec(), environment, None).unwrap();
        let (_, token) = self.write(move |tx| api_keys::create(tx, &Actor::command(), draft)).await;
        Program::new(self, token.expose_secret())
    }

    /// Adds a webhook from what the form would send, over a name, an active switch and the released event.
    pub async fn add_webhook(&self, url: &str, fields: &[(&str, &str)]) -> WebhookId {
        let mut all = vec![("name", "CI"), ("url", url), ("active", "on"), ("retry", "standard")];
        all.retain(|(name, _)| !fields.iter().any(|(other, _)| other == name));
        if !fields.iter().any(|(name, _)| *name == "events") {
            all.push(("events", "document.released"));
        }
        all.extend_from_slice(fields);
        let form: WebhookForm = serde_html_form::from_str(&serde_html_form::to_string(all).unwrap()).unwrap();
        let draft = form.parse(self.app.client.policy(), None).map_err(|errors| format!("{errors:?}")).unwrap();
        let sealer = self.app.sealer.clone();
        let made = self.app.db.write(move |tx| webhooks::ops::create(tx, &sealer, &Actor::command(), draft)).await;
        let id = made.unwrap().id();
        self.step().await;
        id
    }

    /// Publishes a released event with this data, as Content would.
    pub async fn publish(&self, data: &str) -> EventId {
        self.publish_in(Environment::Production, data).await
    }

    /// The same in either world.
    pub async fn publish_in(&self, environment: Environment, data: &str) -> EventId {
        let draft = events::Draft {
            kind: Arc::clone(built_in("document.released").unwrap()),
            environment,
            source: events::Source::Content,
            subject: None,
            person: None,
            data: data.to_owned(),
            previous: None,
            occurred_at: None,
        };
        self.write(move |tx| events::publish(tx, draft)).await
    }

    /// An administrator with [`PASSWORD`].
    pub async fn add_administrator(&self, email: &str, name: &str) -> UserId {
        let (email, name) = (Email::parse(email).unwrap(), Name::parse(name).unwrap());
        let made =
            self.write(move |tx| users::create_administrator(tx, &Actor::command(), &email, &name, &password_hash()));
        made.await.unwrap()
    }

    /// A browser signed in by a link, which costs no hashing.
    pub async fn signed_in(&self, id: UserId) -> Browser {
        let link = self.write(move |tx| sessions::make_sign_in_link(tx, id, Duration::from_secs(60))).await;
        let browser = Browser::new(self);
        assert_eq!(browser.get(link.expose_secret()).await.status(), 303);
        browser
    }

    /// Runs a statement that both databases know.
    pub async fn sql(&self, statement: &'static str) {
        self.write(move |tx| Ok(tx.batch_execute(statement)?)).await;
    }

    /// The actions of the audit trail, oldest first; the chain holds.
    pub async fn audit_actions(&self) -> Vec<String> {
        use postrider::schema::audit;
        self.read(|conn| {
            postrider::audit::verify(conn)?.expect("the chain holds");
            Ok(audit::table.order(audit::seq).select(audit::action).load(conn)?)
        })
        .await
    }
}

async fn serve(app: &App, more: Vec<Route>) -> Call {
    let routes = postrider::app::routes().into_iter().chain(more).collect();
    let service = Rc::new(http::init_service(postrider::app::build(app, routes)).await);
    Rc::new(move |request| {
        let service = Rc::clone(&service);
        async move { service.call(request.to_request()).await }.boxed_local()
    })
}

fn password_hash() -> PasswordHash {
    static HASH: OnceLock<PasswordHash> = OnceLock::new();
    HASH.get_or_init(|| hash_now(&Password::parse(PASSWORD, &[]).unwrap()).unwrap()).clone()
}

/// Declares tests that run on both databases, as `name::sqlite` and `name::postgres`.
macro_rules! both {
    ($($(#[$meta:meta])* async fn $name:ident($app:ident: TestApp) $body:block)+) => { $(
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports, clippy::allow_attributes, reason = "not every body needs what its file imports")]
            use super::*;

            async fn check($app: $crate::support::app::TestApp) $body

            #[actix_web::test]
            async fn sqlite() {
                check($crate::support::app::TestApp::sqlite().await).await;
            }

            #[actix_web::test]
            async fn postgres() {
                check($crate::support::app::TestApp::postgres().await).await;
            }
        }
    )+ };
}
pub(crate) use both;
