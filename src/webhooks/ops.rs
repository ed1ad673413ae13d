//! Creating, changing and deleting webhooks, each with its audit row and the news for whoever keeps them in memory.

use secrecy::ExposeSecret;
use serde_json::Value;

use super::form::{Code, Draft, LONGEST_NAME};
use super::{Auth, Paused, Webhook, WebhookChanged, WebhookId, code, delays, store};
use super::{Retry, sign::SigningKey};
use crate::audit::{self, Actor, Changes, Object};
use crate::credentials::{self, client::ClientLogin};
use crate::db::{DbError, Tx};
use crate::event_types;
use crate::secret::Sealer;

/// The most webhooks.
pub const MOST: i64 = 1_000;

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum Rejected {
    /// There are as many as there may be.
    #[error("There are 1,000 webhooks, the most there can be; delete one that is no longer used.")]
    Full,
    /// Another webhook has the typed code.
    #[error("Another webhook has this code; choose another, or leave it empty for a suggestion.")]
    CodeTaken,
    /// Its credential was changed or deleted since the form was read.
    #[error("This credential was changed meanwhile; look at it and save again.")]
    CredentialMoved,
    /// This type that it ticks was deleted since the form was read.
    #[error("The event type {0} was deleted meanwhile; untick it and save again.")]
    TypeGone(String),
    /// Somebody saved it meanwhile.
    #[error("Somebody saved this webhook while you were editing.")]
    Stale,
    /// It was deleted meanwhile.
    #[error("This webhook was deleted meanwhile.")]
    Gone,
    /// The database refused.
    #[error("the database refused")]
    Database(#[source] DbError),
}

impl From<DbError> for Rejected {
    fn from(error: DbError) -> Self {
        if error.is_taken("webhooks.code") { Self::CodeTaken } else { Self::Database(error) }
    }
}

/// Adds a webhook.
///
/// # Errors
/// When there are too many, its code is taken, or the database cannot take it.
pub fn create(tx: &mut Tx<'_>, sealer: &Sealer, actor: &Actor, draft: Draft) -> Result<Webhook, Rejected> {
    // From here on nobody else adds one: the count and the suggested code stay true.
    audit::hold(tx)?;
    if store::count(tx)? >= MOST {
        return Err(Rejected::Full);
    }
    let code = match &draft.code {
        Code::Typed(code) => code.clone(),
        Code::Suggested(code) => code::free(code, &store::codes(tx)?),
        Code::Fixed => return Err(Rejected::Gone),
    };
    let webhook = draft.found(tx.make_id(), code, tx.now());
    check_credential(tx, sealer, &webhook)?;
    check_types(tx, &webhook)?;
    store::insert(tx, &webhook, sealer)?;
    finish(tx, actor, "webhook.created", &webhook, &differences(None, &webhook), WebhookChanged::Edited(webhook.id))?;
    Ok(webhook)
}

/// The form was held against the credential as it stood then: what it allows may have changed since.
fn check_credential(tx: &mut Tx<'_>, sealer: &Sealer, webhook: &Webhook) -> Result<(), Rejected> {
    let Some(chosen) = webhook.credential() else { return Ok(()) };
    let current = credentials::store::find(tx, chosen.id(), sealer)?;
    if current.is_some_and(|current| current.version == chosen.version) {
        Ok(())
    } else {
        Err(Rejected::CredentialMoved)
    }
}

/// The form was held against the types as they stood then: one may be deleted since, as long as nobody ticks it.
fn check_types(tx: &mut Tx<'_>, webhook: &Webhook) -> Result<(), Rejected> {
    match event_types::store::first_gone(tx, &webhook.events)? {
        None => Ok(()),
        Some(name) => Err(Rejected::TypeGone(name.clone())),
    }
}

/// What an edit did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// Saved.
    Saved,
    /// Saved, and sent to again although it had been disabled.
    Enabled,
    /// Every value was the same: nothing was written.
    Nothing,
}

/// Writes an edit over the version that it was made from.
///
/// # Errors
/// When somebody else saved or deleted the webhook meanwhile, or the database cannot take it.
pub fn change(
    tx: &mut Tx<'_>,
    sealer: &Sealer,
    actor: &Actor,
    (id, version): (WebhookId, i32),
    draft: Draft,
) -> Result<Changed, Rejected> {
    audit::hold(tx)?;
    let old = store::find(tx, id, sealer)?.ok_or(Rejected::Gone)?;
    if old.version != version {
        return Err(Rejected::Stale);
    }
    let new = draft.onto(&old, tx.now());
    check_credential(tx, sealer, &new)?;
    check_types(tx, &new)?;
    let changes = differences(Some(&old), &new);
    if changes.is_empty() {
        return Ok(Changed::Nothing);
    }
    if !store::update(tx, &new, sealer)? {
        return Err(Rejected::Stale);
    }
    let note = if old.active && !new.active { WebhookChanged::Deactivated(id) } else { WebhookChanged::Edited(id) };
    finish(tx, actor, "webhook.changed", &new, &changes, note)?;
    Ok(if old.disabled.is_some() && new.disabled.is_none() { Changed::Enabled } else { Changed::Saved })
}

/// Removes a webhook and erases its secrets; what waits for it is cancelled. `false` when it was removed before.
///
/// # Errors
/// When there never was one, or the database cannot take it.
pub fn delete(tx: &mut Tx<'_>, sealer: &Sealer, actor: &Actor, id: WebhookId) -> Result<bool, DbError> {
    audit::hold(tx)?;
    let Some(webhook) = store::find(tx, id, sealer)? else {
        return if store::is_deleted(tx, id)? { Ok(false) } else { Err(DbError::NotFound) };
    };
    let now = tx.now();
    store::delete(tx, id, now)?;
    let changes = Changes::none().value("url", webhook.url.clone());
    finish(tx, actor, "webhook.deleted", &webhook, &changes, WebhookChanged::Deleted(id))?;
    Ok(true)
}

/// Holds a webhook: new and waiting deliveries are kept until [`resume`]. `false` when it was held before.
///
/// # Errors
/// When there is no such webhook, or the database cannot take it.
pub fn pause(tx: &mut Tx<'_>, sealer: &Sealer, actor: &Actor, id: WebhookId) -> Result<bool, DbError> {
    audit::hold(tx)?;
    let webhook = store::find(tx, id, sealer)?.ok_or(DbError::NotFound)?;
    if webhook.paused.is_some() {
        return Ok(false);
    }
    let paused = Paused { at: tx.now(), by: actor.name.clone() };
    store::set_paused(tx, id, Some(&paused), paused.at)?;
    finish(tx, actor, "webhook.paused", &webhook, &Changes::none(), WebhookChanged::Edited(id))?;
    Ok(true)
}

/// Ends a hold: what waits is sent, the longest waiting first. `false` when it was not held.
///
/// # Errors
/// When there is no such webhook, or the database cannot take it.
pub fn resume(tx: &mut Tx<'_>, sealer: &Sealer, actor: &Actor, id: WebhookId) -> Result<bool, DbError> {
    audit::hold(tx)?;
    let webhook = store::find(tx, id, sealer)?.ok_or(DbError::NotFound)?;
    let Some(paused) = &webhook.paused else { return Ok(false) };
    let now = tx.now();
    store::set_paused(tx, id, None, now)?;
    let changes = Changes::none().value("paused_since", paused.at.rfc3339());
    finish(tx, actor, "webhook.resumed", &webhook, &changes, WebhookChanged::Edited(id))?;
    Ok(true)
}

/// Switches a webhook on or off; on, it is enabled again whatever had disabled it, and off, what waits is cancelled.
/// `None` when it is as wanted already.
///
/// # Errors
/// [`DbError::NotFound`] when there is no such webhook.
pub fn set_active(
    tx: &mut Tx<'_>,
    sealer: &Sealer,
    actor: &Actor,
    id: WebhookId,
    active: bool,
) -> Result<Option<Webhook>, DbError> {
    audit::hold(tx)?;
    let old = store::find(tx, id, sealer)?.ok_or(DbError::NotFound)?;
    if old.active == active && (!active || old.disabled.is_none()) {
        return Ok(None);
    }
    let disabled = if active { None } else { old.disabled.clone() };
    let new = Webhook { active, disabled, version: old.version + 1, updated_at: tx.now(), ..old.clone() };
    store::update(tx, &new, sealer)?;
    let (action, note) = match active {
        true => ("webhook.activated", WebhookChanged::Edited(id)),
        false => ("webhook.deactivated", WebhookChanged::Deactivated(id)),
    };
    finish(tx, actor, action, &new, &differences(Some(&old), &new), note)?;
    Ok(Some(new))
}

/// Gives a webhook a new signing secret; the old one signs too for a day.
///
/// # Errors
/// [`DbError::NotFound`] when there is no such webhook.
pub fn rotate_secret(tx: &mut Tx<'_>, sealer: &Sealer, actor: &Actor, id: WebhookId) -> Result<Webhook, DbError> {
    audit::hold(tx)?;
    let old = store::find(tx, id, sealer)?.ok_or(DbError::NotFound)?;
    let now = tx.now();
    let dropped = old.signing_keys_at(now).len() > 1;
    let new = Webhook { version: old.version + 1, updated_at: now, ..old.with_key(SigningKey::generate(), now) };
    store::update(tx, &new, sealer)?;
    let until = new.previous_key_until.map(crate::clock::Time::rfc3339);
    let changes = Changes::none().secret("signing_secret", true).value("old_key_signs_until", until);
    let changes = if dropped { changes.value("older_key", "ended") } else { changes };
    finish(tx, actor, "webhook.secret_rotated", &new, &changes, WebhookChanged::Edited(id))?;
    Ok(new)
}

/// Notes that somebody looked at a signing secret.
///
/// # Errors
/// [`DbError::NotFound`] when there is no such webhook.
pub fn reveal_secret(tx: &mut Tx<'_>, sealer: &Sealer, actor: &Actor, id: WebhookId) -> Result<Webhook, DbError> {
    let webhook = store::find(tx, id, sealer)?.ok_or(DbError::NotFound)?;
    let object = Object { kind: "webhook", id: id.as_str(), name: &webhook.name };
    audit::record(tx, actor, "webhook.secret_revealed", &object, &Changes::none())?;
    Ok(webhook)
}

/// Adds a copy with every setting, its login and its headers, and a signing secret of its own; switched off, so that
/// nothing is sent twice before somebody has looked at it.
///
/// # Errors
/// When there are too many webhooks, the original is gone, or the database cannot take it.
pub fn duplicate(tx: &mut Tx<'_>, sealer: &Sealer, actor: &Actor, id: WebhookId) -> Result<Webhook, Rejected> {
    audit::hold(tx)?;
    let original = store::find(tx, id, sealer)?.ok_or(Rejected::Gone)?;
    if store::count(tx)? >= MOST {
        return Err(Rejected::Full);
    }
    let name = copy_of(&original.name);
    let now = tx.now();
    let copy = Webhook {
        id: tx.make_id(),
        code: code::free(&code::suggest(&name), &store::codes(tx)?),
        name,
        active: false,
        disabled: None,
        paused: None,
        signing_keys: vec![SigningKey::generate()],
        previous_key_until: None,
        version: 1,
        created_at: now,
        updated_at: now,
        ..original
    };
    store::insert(tx, &copy, sealer)?;
    let changes = differences(None, &copy).value("duplicate_of", id.as_str());
    finish(tx, actor, "webhook.created", &copy, &changes, WebhookChanged::Edited(copy.id))?;
    Ok(copy)
}

/// `CI (copy)`, cut so that it fits.
fn copy_of(name: &str) -> String {
    const ADDED: &str = " (copy)";
    let kept: String = name.chars().take(LONGEST_NAME - ADDED.len()).collect();
    format!("{}{ADDED}", kept.trim_end())
}

/// What every change leaves: its audit row, the new version of the set, and the note for the job table. The audit
/// trail comes first, as everywhere: two transactions that lock in different orders would wait for each other.
fn finish(
    tx: &mut Tx<'_>,
    actor: &Actor,
    action: &'static str,
    webhook: &Webhook,
    changes: &Changes,
    note: WebhookChanged,
) -> Result<(), DbError> {
    let object = Object { kind: "webhook", id: webhook.id.as_str(), name: &webhook.name };
    audit::record(tx, actor, action, &object, changes)?;
    credentials::touch(tx)?;
    tx.note(note);
    Ok(())
}

type Read = fn(&Webhook) -> Value;

/// The fields in which two states of a webhook differ; secrets only as "changed".
fn differences(old: Option<&Webhook>, new: &Webhook) -> Changes {
    let was = |read: Read| old.map_or(Value::Null, read);
    let fields: [(&str, Read); 23] = [
        ("name", |webhook| webhook.name.clone().into()),
        ("code", |webhook| webhook.code.clone().into()),
        ("url", |webhook| webhook.url.clone().into()),
        ("description", |webhook| webhook.description.clone().into()),
        ("auth", |webhook| webhook.auth.kind().as_str().into()),
        ("username", |webhook| username(&webhook.auth).into()),
        ("api_key_header", |webhook| header(&webhook.auth).into()),
        ("client_id", |webhook| client(&webhook.auth).map(|login| login.client_id.clone()).into()),
        ("token_url", |webhook| client(&webhook.auth).map(|login| login.token_url.clone()).into()),
        ("scope", |webhook| client(&webhook.auth).map(|login| login.scope.clone()).into()),
        ("credential", |webhook| webhook.credential().map(|credential| credential.name.clone()).into()),
        ("events", |webhook| webhook.events.clone().into()),
        ("method", |webhook| webhook.method.as_str().into()),
        ("format", |webhook| webhook.format.as_str().into()),
        ("template", |webhook| webhook.template.as_ref().map(|template| template.text().to_owned()).into()),
        ("headers", |webhook| webhook.headers.iter().map(|header| header.name.clone()).collect::<Vec<_>>().into()),
        ("filters", |webhook| webhook.filters.told()),
        ("environment", |webhook| webhook.environment.as_str().into()),
        ("fail_when", |webhook| webhook.fail_when.clone().into()),
        ("timeout_seconds", |webhook| webhook.timeout.as_secs().into()),
        ("retry", |webhook| retry(&webhook.retry).into()),
        ("active", |webhook| webhook.active.into()),
        ("disabled", |webhook| webhook.disabled.is_some().into()),
    ];
    let changes =
        fields.into_iter().fold(Changes::none(), |changes, (name, read)| changes.field(name, was(read), read(new)));
    let secret = |webhook: &Webhook| secret(&webhook.auth).map(str::to_owned);
    let keys =
        |webhook: &Webhook| webhook.signing_keys.first().map(|key| SigningKey::text(key).expose_secret().to_owned());
    let values = |webhook: &Webhook| {
        webhook.headers.iter().map(|header| header.value.expose_secret().to_owned()).collect::<Vec<_>>()
    };
    changes
        .secret("header_values", old.map_or_else(Vec::new, values) != values(new))
        .secret("login", old.and_then(secret) != secret(new))
        .secret("signing_secret", old.is_some_and(|old| keys(old) != keys(new)))
}

fn username(auth: &Auth) -> Option<String> {
    match auth {
        Auth::Basic { username, .. } => Some(username.clone()),
        Auth::None | Auth::OAuth { .. } | Auth::ApiKey { .. } | Auth::OAuth2Client(_) | Auth::Credential(_) => None,
    }
}

fn header(auth: &Auth) -> Option<String> {
    match auth {
        Auth::ApiKey { header, .. } => Some(header.clone()),
        Auth::None | Auth::OAuth { .. } | Auth::Basic { .. } | Auth::OAuth2Client(_) | Auth::Credential(_) => None,
    }
}

fn client(auth: &Auth) -> Option<&ClientLogin> {
    match auth {
        Auth::OAuth2Client(login) => Some(login),
        Auth::None | Auth::OAuth { .. } | Auth::Basic { .. } | Auth::ApiKey { .. } | Auth::Credential(_) => None,
    }
}

fn secret(auth: &Auth) -> Option<&str> {
    match auth {
        Auth::None | Auth::Credential(_) => None,
        Auth::OAuth { token } => Some(token.expose_secret()),
        Auth::Basic { password, .. } => Some(password.expose_secret()),
        Auth::ApiKey { key, .. } => Some(key.expose_secret()),
        Auth::OAuth2Client(login) => Some(login.secret.expose_secret()),
    }
}

fn retry(retry: &Retry) -> String {
    match retry {
        Retry::Standard | Retry::Quick => retry.kind().as_str().to_owned(),
        Retry::List(list) => delays::show(list),
    }
}
