//! The session's cookie and the store behind it: the table keeps only the hash of a key.

use std::collections::HashMap;

use actix_session::SessionMiddleware;
use actix_session::config::{BrowserSession, CookieContentSecurity};
use actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError};
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Key, SameSite};
use anyhow::Context;

use super::{IDLE, LONGEST, SEEN_EVERY, store};
use crate::clock::Time;
use crate::ids::random_word;
use crate::secret::token_hash;
use crate::state::App;
use crate::users::UserId;
use crate::web::Site;

/// What a session holds, as names in its state.
pub(super) mod key {
    /// The user's id.
    pub(in crate::sessions) const USER: &str = "user";
    /// A name of the session that people may see; not its key.
    pub(in crate::sessions) const NAME: &str = "name";
    /// The user's epoch at sign-in.
    pub(in crate::sessions) const EPOCH: &str = "epoch";
    /// The address and the browser at sign-in.
    pub(in crate::sessions) const ADDRESS: &str = "address";
    pub(in crate::sessions) const AGENT: &str = "agent";
    /// Messages for the next page.
    pub(in crate::sessions) const FLASHES: &str = "flashes";
}

/// The cookie's name: the prefix makes browsers refuse it without TLS or for another host.
pub(crate) fn cookie_name(site: &Site) -> &'static str {
    if site.is_https() { "__Host-sid" } else { "sid" }
}

/// The layer that reads and writes sessions.
///
/// # Errors
/// When the cookie's key cannot be derived.
pub(crate) fn layer(app: &App, site: &Site) -> anyhow::Result<SessionMiddleware<Sessions>> {
    let key =
        Key::try_from(app.sealer.sub_key::<64>("cookie")?.as_slice()).ok().context("the cookie key is too short")?;
    let ttl = Duration::try_from(IDLE).unwrap_or(Duration::HOUR);
    // Links from mail and chat into the portal must find the session, so not `Strict`.
    Ok(SessionMiddleware::builder(Sessions(app.clone()), key)
        .cookie_name(cookie_name(site).to_owned())
        .cookie_secure(site.is_https())
        .cookie_http_only(true)
        .cookie_same_site(SameSite::Lax)
        .cookie_path("/".to_owned())
        .cookie_content_security(CookieContentSecurity::Private)
        .session_lifecycle(BrowserSession::default().state_ttl(ttl))
        .build())
}

/// The sessions table as the layer wants it.
pub(crate) struct Sessions(App);

type State = HashMap<String, String>;

impl SessionStore for Sessions {
    async fn load(&self, key: &SessionKey) -> Result<Option<State>, LoadError> {
        let hash = token_hash(key.as_ref());
        self.find(hash).await.map_err(LoadError::Other)
    }

    async fn save(&self, state: State, _: &Duration) -> Result<SessionKey, SaveError> {
        self.insert(state).await.map_err(SaveError::Other)
    }

    async fn update(&self, key: SessionKey, state: State, _: &Duration) -> Result<SessionKey, UpdateError> {
        let hash = token_hash(key.as_ref());
        let text = serde_json::to_string(&state).map_err(|error| UpdateError::Serialization(error.into()))?;
        let done = self.0.db.write(move |tx| store::update(tx, &hash, &text)).await;
        done.map_err(|error| UpdateError::Other(error.into()))?;
        Ok(key)
    }

    async fn update_ttl(&self, _: &SessionKey, _: &Duration) -> Result<(), anyhow::Error> {
        // `load` moves the end, at most once a minute.
        Ok(())
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), anyhow::Error> {
        let hash = token_hash(key.as_ref());
        Ok(self.0.db.write(move |tx| store::delete(tx, &hash)).await?)
    }
}

impl Sessions {
    async fn find(&self, hash: String) -> anyhow::Result<Option<State>> {
        let wanted = hash.clone();
        let Some(row) = self.0.db.read(move |conn| store::find(conn, &wanted)).await? else { return Ok(None) };
        let now = self.0.clock.now();
        if row.expires_at <= now || row.created_at.plus(LONGEST) <= now {
            return Ok(None);
        }
        if now.since(row.seen_at) >= SEEN_EVERY {
            let end = end(row.created_at, now);
            self.0.db.write(move |tx| store::seen(tx, &hash, now, end)).await?;
        }
        Ok(Some(serde_json::from_str(&row.state)?))
    }

    async fn insert(&self, state: State) -> anyhow::Result<SessionKey> {
        let key = random_word(64);
        let now = self.0.clock.now();
        let word =
            |name| state.get(name).and_then(|text| serde_json::from_str::<String>(text).ok()).unwrap_or_default();
        let row = store::Row {
            key_hash: token_hash(&key),
            user_id: UserId::parse(&word(key::USER)),
            address: word(key::ADDRESS),
            agent: word(key::AGENT),
            state: serde_json::to_string(&state)?,
            created_at: now,
            seen_at: now,
            expires_at: end(now, now),
        };
        self.0.db.write(move |tx| store::insert(tx, &row)).await?;
        SessionKey::try_from(key).context("a session key is too long")
    }
}

/// The end of a session that was just seen.
fn end(created: Time, seen: Time) -> Time {
    seen.plus(IDLE).min(created.plus(LONGEST))
}
