//! A process that serves: its start in one order, and its end without losing anything.

use std::future::{Future, pending};
use std::net::TcpListener;
use std::sync::Arc;

use actix_web::dev::ServerHandle;
use anyhow::{Context, anyhow};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use secrecy::{ExposeSecret, SecretString};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::audit::Actor;
use crate::cli::say;
use crate::clock::Clock;
use crate::config::Settings;
use crate::content::publications;
use crate::db::{self, Db, DbError};
use crate::delivery::worker::{self, Running, Worker};
use crate::ids::Ids;
use crate::state::App;
use crate::users::password::{Password, hash_now};
use crate::users::{self, Email, Name, UserId};
use crate::{app, master_keys, sessions, telemetry};

/// Serves until a signal says stop.
///
/// # Errors
/// When the process cannot start, or when its worker ended by itself.
pub fn run(settings: Settings) -> anyhow::Result<()> {
    telemetry::start(&settings.log)?;
    let portal = Portal::open(settings)?;
    let address = portal.app.settings.listen;
    let listener = TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))?;
    let words = portal.first_administrator()?.map(|link| {
        let link = link.expose_secret();
        format!("No administrator yet. Open this link within one hour to make one:\n\n  {link}\n")
    });
    portal.serve(listener, words, pending())
}

/// The application with its worker, not serving yet.
pub(crate) struct Portal {
    pub(crate) app: App,
    worker: Worker,
}

impl Portal {
    /// Everything that can fail is done here, in the order in which one needs the other.
    pub(crate) fn open(settings: Settings) -> anyhow::Result<Self> {
        raise_file_limit();
        std::fs::create_dir_all(&settings.data_dir)
            .with_context(|| format!("cannot make the folder {}", settings.data_dir.display()))?;
        for name in db::migrate(&settings.database_url)? {
            tracing::info!(migration = name, "brought the schema up to date");
        }
        let (clock, ids) = (Clock::system(), Ids::random());
        let db = Db::open(&settings.database_url, clock.clone(), ids.clone())?;
        let sealer = master_keys::unlock(&settings, &db)?;
        let (app, worker) = App::new(db, clock, ids, sealer, Arc::new(settings))?;
        Ok(Self { app, worker })
    }

    /// Makes the administrator that the settings name, or the link with which one can be made; nothing where there
    /// is an administrator.
    fn first_administrator(&self) -> anyhow::Result<Option<SecretString>> {
        if self.app.db.read_now(users::administrators)? > 0 {
            return Ok(None);
        }
        if let Some((email, password)) = self.app.settings.first_admin.given() {
            let email = Email::parse(email).map_err(anyhow::Error::msg)?;
            self.make_administrator(&email, None, password.expose_secret())
                .context("ADMIN_EMAIL and ADMIN_PASSWORD")?;
            return Ok(None);
        }
        let path = self.app.db.write_now::<_, DbError, _>(sessions::make_setup_link)?;
        Ok(Some(SecretString::from(format!("{}{}", self.app.settings.public_url, path.expose_secret()))))
    }

    /// Makes an administrator where there is none; `None` where another node was faster.
    pub(crate) fn make_administrator(
        &self,
        email: &Email,
        name: Option<&str>,
        password: &str,
    ) -> anyhow::Result<Option<UserId>> {
        let name = Name::parse(name.unwrap_or(email.as_str())).map_err(anyhow::Error::msg)?;
        let password = Password::parse(password, &[email.as_str(), name.as_str()]).map_err(anyhow::Error::msg)?;
        let (hash, email) = (hash_now(&password)?, email.clone());
        let made = self.app.db.write_now::<_, DbError, _>(move |tx| {
            if users::administrators(tx)? > 0 {
                return Ok(None);
            }
            users::create_administrator(tx, &Actor::system(), &email, &name, &hash).map(Result::ok)
        })?;
        Ok(made)
    }

    /// Serves on `listener`, with `beside` in the same process, until a signal says stop or a part ends by itself;
    /// `words` are printed once everything answers.
    pub(crate) fn serve(
        self,
        listener: TcpListener,
        words: Option<String>,
        beside: impl Future<Output = anyhow::Result<()>> + 'static,
    ) -> anyhow::Result<()> {
        let Self { app, worker } = self;
        actix_web::rt::System::new().block_on(async move {
            let mut stop = Stop::listen()?;
            let server = app::server(app.clone(), listener)?;
            let handle = server.handle();
            let mut running = worker::spawn(worker).context("cannot start the worker")?;
            app.health.follow(running.pulse());
            running.runtime().spawn(publications::job::run(app.clone(), running.stop_signal()));
            actix_web::rt::spawn(server);
            tell_start(&app);
            if let Some(words) = words {
                say(words);
            }
            let (reason, worker_lives) = tokio::select! {
                reason = stop.asked() => (Ok(reason), true),
                () = running.gone() => (Err(anyhow!("the worker ended by itself; the log says where")), false),
                ended = beside => (ended.map(|()| "done"), true),
            };
            tracing::info!(reason = reason.as_ref().map_or("a fault", |reason| reason), "stopping");
            stop.again_exits();
            end(handle, running, worker_lives).await;
            tracing::info!("stopped");
            reason.map(drop)
        })
    }
}

/// No new requests, no new claims; what is in flight on either side may end.
async fn end(server: ServerHandle, worker: Running, worker_lives: bool) {
    if worker_lives {
        tokio::join!(server.stop(true), worker.stop());
    } else {
        server.stop(true).await;
    }
}

/// What an operator wants to find in the log after a start.
fn tell_start(app: &App) {
    let settings = &app.settings;
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        listen = %settings.listen,
        public_url = settings.public_url,
        database = app.db.url().describe(),
        node = %app.node.id(),
        certificate_authorities = app.client.roots(),
        "Postrider serves"
    );
    if !settings.egress.allow.is_empty() {
        tracing::info!(egress_allow = settings.egress.allow.join(","), "the egress guard lets these pass");
    }
}

/// Each connection and each request on its way is an open file; what the system allows is used.
fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(error = %error, current = limit.current, "the limit of open files could not be raised");
    }
}

/// The signals that end the process.
struct Stop {
    signals: [(Signal, &'static str); 3],
}

impl Stop {
    fn listen() -> anyhow::Result<Self> {
        let on = |kind, name| signal(kind).map(|signal| (signal, name)).context("cannot listen for signals");
        Ok(Self {
            signals: [
                on(SignalKind::terminate(), "SIGTERM")?,
                on(SignalKind::interrupt(), "SIGINT")?,
                on(SignalKind::hangup(), "SIGHUP")?,
            ],
        })
    }

    /// Waits for the next one.
    async fn asked(&mut self) -> &'static str {
        let [(first, first_name), (second, second_name), (third, third_name)] = &mut self.signals;
        tokio::select! {
            _ = first.recv() => first_name,
            _ = second.recv() => second_name,
            _ = third.recv() => third_name,
        }
    }

    /// From now on a signal ends the process at once: somebody does not want to wait.
    fn again_exits(mut self) {
        actix_web::rt::spawn(async move {
            let reason = self.asked().await;
            tracing::warn!(reason, "stopped at once; attempts in flight will read unknown");
            #[expect(clippy::disallowed_methods, reason = "the clean way is being waited for")]
            std::process::exit(1);
        });
    }
}
