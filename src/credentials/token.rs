//! Tokens of OAuth 2 client credentials: fetched under the egress guard, one request at a time for each login, and kept
//! in memory until shortly before they expire.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::BoxFuture;
use oauth2::basic::{BasicClient, BasicErrorResponse, BasicTokenResponse, BasicTokenType};
use oauth2::{AsyncHttpClient, ClientId, ClientSecret, RequestTokenError, Scope, TokenResponse, TokenUrl};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::{Instant, timeout_at};
use url::form_urlencoded::byte_serialize;

use super::client::ClientLogin;
use super::secrets::LONGEST_SECRET;
use crate::clock::{Clock, Time};
use crate::outbound::{Client, Outcome, Reply, Request};

/// The life of a token whose endpoint does not tell it.
const UNTOLD: Duration = Duration::from_secs(300);
/// A token is not used in its last moments: it must live until the receiver has read it.
const MARGIN: Duration = Duration::from_secs(30);
/// More logins than there are; beyond it every token is fetched anew.
const MOST: usize = 2_000;
/// The longest part of an answer that is told, in characters.
const TOLD: usize = 300;

/// Whose token it is, and of which version: an edit drops it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// A credential's or a webhook's id.
    pub(crate) owner: String,
    /// Its version.
    pub(crate) version: i32,
}

/// A token that was fetched.
#[derive(Clone)]
pub struct Token {
    pub(crate) secret: SecretString,
    expires_at: Time,
}

/// Why there is no token, in sentences without secrets.
#[derive(Clone, Debug)]
pub struct Fault {
    /// What happened.
    pub told: String,
    /// The attempt's time was over: who has more time may try for himself.
    late: bool,
}

/// A token request as a person sees it.
#[derive(Clone, Debug)]
pub struct Step {
    /// The token endpoint.
    pub url: String,
    /// The status, where an answer came.
    pub status: Option<u16>,
    /// How long it took.
    pub took: Duration,
    /// Why there is no token; none where there is one.
    pub fault: Option<String>,
}

/// The tokens of this node; cloned freely.
#[derive(Clone)]
pub struct Tokens(Arc<Inner>);

struct Inner {
    client: Client,
    clock: Clock,
    slots: Mutex<HashMap<String, Arc<Slot>>>,
}

/// The token of one login: whoever holds the lock fetches it, and whoever waited for the lock shares the end.
struct Slot {
    version: i32,
    fetches: AtomicU64,
    last: tokio::sync::Mutex<Option<Result<Token, Fault>>>,
}

impl Tokens {
    /// No token yet.
    pub fn new(client: Client, clock: Clock) -> Self {
        Self(Arc::new(Inner { client, clock, slots: Mutex::default() }))
    }

    /// The token of a login, fetched where none is kept that lives long enough.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn get(&self, key: &Key, login: &ClientLogin, deadline: Instant) -> Result<Token, Fault> {
        self.obtain(key, login, deadline, None).await
    }

    /// Another token than this one, which a receiver refused.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn renew(
        &self,
        key: &Key,
        login: &ClientLogin,
        refused: &Token,
        deadline: Instant,
    ) -> Result<Token, Fault> {
        self.obtain(key, login, deadline, Some(refused)).await
    }

    async fn obtain(
        &self,
        key: &Key,
        login: &ClientLogin,
        deadline: Instant,
        refused: Option<&Token>,
    ) -> Result<Token, Fault> {
        let slot = self.slot(key);
        let seen = slot.fetches.load(Ordering::SeqCst);
        let Ok(mut last) = timeout_at(deadline, slot.last.lock()).await else { return Err(Fault::late()) };
        let now = self.0.clock.now();
        match &*last {
            Some(Ok(token)) if now < token.expires_at && !refused.is_some_and(|other| token.is(other)) => {
                return Ok(token.clone());
            }
            Some(Err(fault)) if slot.fetches.load(Ordering::SeqCst) != seen && !fault.late => return Err(fault.clone()),
            Some(Ok(_) | Err(_)) | None => {}
        }
        let time = deadline.saturating_duration_since(Instant::now());
        let (_, fetched) = fetch(&self.0.client, login, now, time).await;
        slot.fetches.fetch_add(1, Ordering::SeqCst);
        *last = Some(fetched.clone());
        fetched
    }

    fn slot(&self, key: &Key) -> Arc<Slot> {
        // The map is whole after any panic: entries are put in and taken out, never half written.
        let mut slots = self.0.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh =
            || Arc::new(Slot { version: key.version, fetches: AtomicU64::new(0), last: tokio::sync::Mutex::default() });
        match slots.get(&key.owner) {
            Some(slot) if slot.version == key.version => Arc::clone(slot),
            // A request of before the edit must not put its token in the place of the new one.
            Some(slot) if slot.version > key.version => fresh(),
            Some(_) | None => {
                if slots.len() >= MOST {
                    slots.clear();
                }
                let slot = fresh();
                slots.insert(key.owner.clone(), Arc::clone(&slot));
                slot
            }
        }
    }
}

impl Token {
    fn is(&self, other: &Self) -> bool {
        self.secret.expose_secret() == other.secret.expose_secret()
    }
}

impl Fault {
    fn late() -> Self {
        let told = "The time of this attempt was over before the token endpoint had given a token.";
        Self { told: told.to_owned(), late: true }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("no answer came")]
struct NoAnswer;

/// The guarded client as the library calls it; keeps the reply, which says more than the library passes on.
struct Endpoint {
    client: Client,
    time: Duration,
    reply: Arc<Mutex<Option<Reply>>>,
}

impl<'c> AsyncHttpClient<'c> for Endpoint {
    type Error = NoAnswer;
    type Future = BoxFuture<'c, Result<oauth2::HttpResponse, NoAnswer>>;

    fn call(&'c self, request: oauth2::HttpRequest) -> Self::Future {
        let (client, time, kept) = (self.client.clone(), self.time, Arc::clone(&self.reply));
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let (method, url, headers) = (parts.method, parts.uri.to_string(), parts.headers);
            let reply = client.send(Request { method, url, headers, body: body.into(), timeout: time }).await;
            let answer = answer(&reply);
            *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(reply);
            answer
        })
    }
}

/// Asks the token endpoint once.
pub async fn fetch(client: &Client, login: &ClientLogin, now: Time, time: Duration) -> (Step, Result<Token, Fault>) {
    let started = Instant::now();
    let endpoint = Endpoint { client: client.clone(), time, reply: Arc::default() };
    let asked = ask(login, &endpoint).await;
    let reply = endpoint.reply.lock().unwrap_or_else(PoisonError::into_inner).take();
    let token = match asked {
        Ok(response) => token(&response, now),
        Err(error) => Err(fault(&error, reply.as_ref(), login)),
    };
    let step = Step {
        url: login.token_url.clone(),
        status: reply.as_ref().and_then(|reply| reply.status),
        took: reply.map_or_else(|| started.elapsed(), |reply| reply.phases.total),
        fault: token.as_ref().err().map(|fault| fault.told.clone()),
    };
    (step, token)
}

type Asked = Result<BasicTokenResponse, RequestTokenError<NoAnswer, BasicErrorResponse>>;

async fn ask(login: &ClientLogin, endpoint: &Endpoint) -> Asked {
    let url = TokenUrl::new(login.token_url.clone());
    let url = url.map_err(|_| RequestTokenError::Other("the token URL cannot be read".to_owned()))?;
    let client = BasicClient::new(ClientId::new(login.client_id.clone()))
        .set_client_secret(ClientSecret::new(login.secret.expose_secret().to_owned()))
        .set_token_uri(url);
    let scopes: Vec<Scope> = login.scope.split_whitespace().map(|word| Scope::new(word.to_owned())).collect();
    client.exchange_client_credentials().add_scopes(scopes).request_async(endpoint).await
}

/// The reply as the library reads it.
fn answer(reply: &Reply) -> Result<oauth2::HttpResponse, NoAnswer> {
    let status = reply.status.ok_or(NoAnswer)?;
    let mut response = http::Response::builder().status(status);
    if let Some((name, value)) = reply.headers.iter().find(|(name, _)| name == "content-type") {
        response = response.header(name, value);
    }
    response.body(reply.body.to_vec()).map_err(|_| NoAnswer)
}

fn token(response: &BasicTokenResponse, now: Time) -> Result<Token, Fault> {
    let unfit = |told: &str| Err(Fault { told: told.to_owned(), late: false });
    if !matches!(response.token_type(), BasicTokenType::Bearer) {
        return unfit("The token endpoint gave a token of another type than Bearer, which cannot be used.");
    }
    let secret = response.access_token().secret();
    if secret.is_empty() || secret.len() > LONGEST_SECRET || !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
        return unfit("The token endpoint gave a token that no header can carry.");
    }
    let life = response.expires_in().unwrap_or(UNTOLD).min(Duration::from_hours(24 * 365));
    Ok(Token {
        secret: SecretString::from(secret.as_str()),
        expires_at: now.plus(life.saturating_sub(MARGIN.min(life / 4))),
    })
}

/// What went wrong; nothing of a sound answer is told, since it may hold a token.
fn fault(error: &RequestTokenError<NoAnswer, BasicErrorResponse>, reply: Option<&Reply>, login: &ClientLogin) -> Fault {
    let outcome = reply.map_or(Outcome::Timeout, |reply| reply.outcome);
    let late = matches!(outcome, Outcome::Timeout | Outcome::ConnectTimeout | Outcome::DnsTimeout);
    let cause =
        |status| outcome.cause(status).replace("receiver", "token endpoint").replace("webhook's timeout", "time");
    let told = match (error, reply.and_then(|reply| reply.status)) {
        (RequestTokenError::ServerResponse(refusal), Some(status)) => {
            let about = refusal.error_description().map_or_else(String::new, |text| format!(": {text}"));
            let said = masked(&format!("{}{about}", refusal.error().as_ref()), login);
            format!("The token endpoint answered {status}, {said}")
        }
        (_, Some(200)) => {
            "The token endpoint answered 200, but not with a token: JSON with access_token and token_type \
                           is expected."
                .to_owned()
        }
        (_, Some(status)) => {
            let body = reply.map_or_else(String::new, |reply| String::from_utf8_lossy(&reply.body).into_owned());
            format!("The token endpoint answered {status}: {}", masked(&body, login))
        }
        (_, None) => match reply.and_then(|reply| reply.detail.as_deref()) {
            Some(detail) => format!("{} ({detail})", cause(None)),
            None => cause(None),
        },
    };
    Fault { told, late }
}

/// What an endpoint said, as one line without the client's secret, in whatever shape an endpoint repeats it.
fn masked(text: &str, login: &ClientLogin) -> String {
    let secret = login.secret.expose_secret();
    let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encode(&login.client_id), encode(secret));
    let shapes = [
        STANDARD.encode(&pair),
        STANDARD.encode(format!("{}:{secret}", login.client_id)),
        secret.to_owned(),
        encode(secret),
    ];
    let clean = shapes
        .iter()
        .filter(|shape| !shape.is_empty())
        .fold(text.to_owned(), |text, shape| text.replace(shape.as_str(), "••••"));
    let words = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut line: String = words.chars().filter(|letter| !letter.is_control()).take(TOLD).collect();
    if words.chars().count() > TOLD {
        line.push('…');
    }
    line
}
