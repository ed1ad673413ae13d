//! The demo: a portal with sample content and one webhook, and a receiver that shows what arrives.

mod pages;
mod receiver;

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, anyhow};
use secrecy::{ExposeSecret, SecretString};

use crate::audit::Actor;
use crate::cli::Demo;
use crate::config::{LogLevel, Settings};
use crate::credentials::form::CredentialForm;
use crate::db::DbError;
use crate::ids::random_word;
use crate::serve::Portal;
use crate::users::{self, Email, UserId};
use crate::web::FieldErrors;
use crate::webhooks::form::WebhookForm;
use crate::{content, credentials, sessions, telemetry, webhooks};

const EMAIL: &str = "demo@postrider.example";
const NAME: &str = "Dana Demo";
/// The letters and digits of the password: as many as nobody guesses and somebody may still type.
const PASSWORD_LENGTH: usize = 20;
/// How long the sign-in link works: a day of trying things out.
const LINK: Duration = Duration::from_secs(24 * 60 * 60);

/// Serves the demo until a signal says stop.
///
/// # Errors
/// When it cannot start.
pub(crate) fn run(asked: &Demo) -> anyhow::Result<()> {
    // Both addresses are taken before anything is emptied: a demo that runs keeps its data.
    let (portal_address, receiver_address) = (listen(asked.listen)?, listen(asked.receiver_listen)?);
    let folder = match &asked.data_dir {
        Some(folder) => folder.clone(),
        None => emptied(asked.listen)?,
    };
    let settings = settings(asked, &folder)?;
    telemetry::start(&settings.log)?;
    let portal = Portal::open(settings)?;
    let (administrator, password) = people_and_content(&portal, asked.receiver_listen)?;
    let link = sign_in_link(&portal, administrator)?;
    let receiver =
        receiver::Receiver::new(portal.app.db.clone(), portal.app.clock.clone(), portal.app.webhooks.clone());
    let words = welcome(&link, password.as_ref(), asked.receiver_listen);
    portal.serve(portal_address, Some(words), async move { Ok(receiver::server(receiver, receiver_address)?.await?) })
}

fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .with_context(|| format!("cannot listen on {address}; choose another with --listen or --receiver-listen"))
}

/// The folder of a demo that begins anew; one for each port, so that two demos do not meet.
fn emptied(listen: SocketAddr) -> anyhow::Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("postrider-demo-{}", listen.port()));
    match std::fs::remove_dir_all(&folder) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("cannot empty {}", folder.display())),
    }
    std::fs::create_dir(&folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    Ok(folder)
}

/// The defaults, but for the places; the receiver is all that the egress guard opens.
fn settings(asked: &Demo, folder: &Path) -> anyhow::Result<Settings> {
    let mut settings = Settings::with_data_dir(folder)?;
    settings.listen = asked.listen;
    settings.public_url = format!("http://{}", asked.listen);
    settings.allow_insecure_http = true;
    settings.log.level = LogLevel::Warn;
    settings.egress.allow = vec![asked.receiver_listen.to_string()];
    Ok(settings)
}

/// The administrator; made with the samples where the folder is new, and only then with a password that is known.
fn people_and_content(portal: &Portal, receiver: SocketAddr) -> anyhow::Result<(UserId, Option<SecretString>)> {
    let email = Email::parse(EMAIL).map_err(anyhow::Error::msg)?;
    let password = SecretString::from(random_word(PASSWORD_LENGTH));
    if let Some(made) = portal.make_administrator(&email, Some(NAME), password.expose_secret())? {
        portal.app.db.write_now::<_, DbError, _>(|tx| content::sample(tx, &Actor::system()))?;
        add_webhook(portal, receiver)?;
        add_credential(portal, receiver)?;
        return Ok((made, Some(password)));
    }
    let known = portal.app.db.read_now(|conn| users::find_by_email(conn, EMAIL))?;
    let known = known.ok_or_else(|| anyhow!("the folder is that of another portal; give the demo one of its own"))?;
    Ok((known.id(), None))
}

/// One webhook to the receiver for the three core events, as its form would be sent; after the samples, so that
/// the first request is one that somebody caused.
fn add_webhook(portal: &Portal, receiver: SocketAddr) -> anyhow::Result<()> {
    let typed = [
        ("name", "Demo receiver".to_owned()),
        ("url", format!("http://{receiver}/demo")),
        ("description", "Shows each request on its page.".to_owned()),
        ("events", "document.released".to_owned()),
        ("events", "publication.published".to_owned()),
        ("events", "assignment.created".to_owned()),
        ("active", "on".to_owned()),
    ];
    let form: WebhookForm = serde_html_form::from_str(&serde_html_form::to_string(typed)?)?;
    let draft = form.parse(portal.app.client.policy(), None).map_err(told)?;
    let sealer = portal.app.sealer.clone();
    portal.app.db.write_now(move |tx| webhooks::ops::create(tx, &sealer, &Actor::system(), draft))?;
    Ok(())
}

/// A login that webhooks to the receiver may share.
fn add_credential(portal: &Portal, receiver: SocketAddr) -> anyhow::Result<()> {
    let typed = [
        ("name", "Demo receiver".to_owned()),
        ("base_url", format!("http://{receiver}/")),
        ("auth", "hmac".to_owned()),
        ("client_id", "demo".to_owned()),
        ("client_secret", random_word(32)),
    ];
    let form: CredentialForm = serde_html_form::from_str(&serde_html_form::to_string(typed)?)?;
    let draft = form.parse(portal.app.client.policy(), None).map_err(told)?;
    let sealer = portal.app.sealer.clone();
    portal.app.db.write_now(move |tx| credentials::ops::create(tx, &sealer, &Actor::system(), draft))?;
    Ok(())
}

/// What is wrong with a form, in one line.
fn told(errors: FieldErrors) -> anyhow::Error {
    anyhow!(errors.iter().map(|(_, sentence)| sentence).collect::<Vec<_>>().join(" "))
}

fn sign_in_link(portal: &Portal, administrator: UserId) -> anyhow::Result<SecretString> {
    let path =
        portal.app.db.write_now::<_, DbError, _>(move |tx| sessions::make_sign_in_link(tx, administrator, LINK))?;
    Ok(SecretString::from(format!("{}{}", portal.app.settings.public_url, path.expose_secret())))
}

fn welcome(link: &SecretString, password: Option<&SecretString>, receiver: SocketAddr) -> String {
    let password = password.map_or("as the first start of this folder printed it", ExposeSecret::expose_secret);
    format!(
        "Postrider demo\n\n  \
         Sign in     {}\n  \
         Password    {password}\n  \
         Receiver    http://{receiver}/\n\n\
         Try first   Content > Documents: open one, Change status to Released, and watch\n            \
                     the receiver; Deliveries then shows what was sent.\n            \
                     Settings: Test in the menu of the webhook sends at once. Give it the\n            \
                     receiver's path /status/503 or /slow to see what a failure looks like.\n\n\
         Ctrl+C ends it.",
        link.expose_secret()
    )
}
