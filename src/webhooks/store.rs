//! The tables of webhooks and of the event types that each is sent.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use diesel::prelude::*;
use secrecy::{ExposeSecret, SecretString};

use super::filter::WebhookFilters;
use super::sign::SigningKey;
use super::template::Template;
use super::{Auth, AuthKind, Disabled, Format, Method, Paused, Retry, RetryKind, Webhook, WebhookId};
use crate::clock::Time;
use crate::credentials::client::ClientLogin;
use crate::credentials::{self, Credential, CredentialId, headers, join};
use crate::db::{Conn, DbError};
use crate::events::Environment;
use crate::schema::{webhook_events, webhooks};
use crate::secret::{Place, Sealer};

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = webhooks, treat_none_as_null = true)]
struct Row {
    id: WebhookId,
    code: String,
    name: String,
    url: String,
    description: String,
    notification_type: String,
    environment: Environment,
    active: bool,
    method: Method,
    format: Format,
    timeout_seconds: i32,
    retry: RetryKind,
    delays: String,
    auth: AuthKind,
    auth_username: Option<String>,
    auth_header: Option<String>,
    auth_secret: Option<String>,
    auth_set_at: Option<Time>,
    signing_secret: String,
    signing_secret_previous: Option<String>,
    signing_secret_previous_until: Option<Time>,
    disabled_at: Option<Time>,
    disabled_reason: Option<String>,
    version: i32,
    created_at: Time,
    updated_at: Time,
    deleted_at: Option<Time>,
    paused_at: Option<Time>,
    paused_by: Option<String>,
    headers: Option<String>,
    credential_id: Option<CredentialId>,
    filters: Option<String>,
    filters_set_at: Option<Time>,
    fail_when: Option<String>,
    template: Option<String>,
}

fn place<'a>(row: &'a str, column: &'static str) -> Place<'a> {
    Place { table: "webhooks", row, column }
}

/// A stored row that cannot be read is a fault of the installation (a missing key), never of the person.
fn unreadable(error: anyhow::Error) -> DbError {
    DbError::Query(diesel::result::Error::DeserializationError(error.into()))
}

impl Row {
    fn seal(webhook: &Webhook, sealer: &Sealer) -> anyhow::Result<Self> {
        let id = webhook.id.as_str();
        let client;
        let (username, header, secret) = match &webhook.auth {
            Auth::None => (None, None, None),
            Auth::OAuth { token } => (None, None, Some(token)),
            Auth::Basic { username, password } => (Some(username.clone()), None, Some(password)),
            Auth::ApiKey { header, key } => (None, Some(header.clone()), Some(key)),
            Auth::OAuth2Client(login) => {
                client = login.to_text()?;
                (None, None, Some(&client))
            }
            Auth::Credential(_) => (None, None, None),
        };
        // A key whose time is over is wiped with the next change.
        let previous = webhook.signing_keys_at(webhook.updated_at).get(1);
        let seal_key =
            |key: Option<&SigningKey>, column| key.map(|key| sealer.seal(place(id, column), key.text())).transpose();
        Ok(Self {
            id: webhook.id,
            code: webhook.code.clone(),
            name: webhook.name.clone(),
            url: webhook.typed_url().to_owned(),
            description: webhook.description.clone(),
            notification_type: "rest".to_owned(),
            environment: webhook.environment,
            active: webhook.active,
            method: webhook.method,
            format: webhook.format,
            timeout_seconds: i32::try_from(webhook.timeout.as_secs())?,
            retry: webhook.retry.kind(),
            delays: match &webhook.retry {
                Retry::List(delays) => serde_json::to_string(delays)?,
                Retry::Standard | Retry::Quick => "[]".to_owned(),
            },
            auth: webhook.auth.kind(),
            auth_username: username,
            auth_header: header,
            auth_secret: secret.map(|secret| sealer.seal(place(id, "auth_secret"), secret)).transpose()?,
            auth_set_at: webhook.auth_set_at,
            signing_secret: seal_key(webhook.signing_keys.first(), "signing_secret")?.unwrap_or_default(),
            signing_secret_previous: seal_key(previous, "signing_secret_previous")?,
            signing_secret_previous_until: webhook.previous_key_until.filter(|_| previous.is_some()),
            disabled_at: webhook.disabled.as_ref().map(|disabled| disabled.at),
            disabled_reason: webhook.disabled.as_ref().map(|disabled| disabled.reason.clone()),
            version: webhook.version,
            created_at: webhook.created_at,
            updated_at: webhook.updated_at,
            deleted_at: None,
            paused_at: webhook.paused.as_ref().map(|paused| paused.at),
            paused_by: webhook.paused.as_ref().map(|paused| paused.by.clone()),
            headers: headers::seal(&webhook.headers, place(id, "headers"), sealer)?,
            credential_id: webhook.credential().map(|credential| credential.id()),
            filters: webhook.filters.to_stored()?,
            filters_set_at: webhook.filters_set_at,
            fail_when: webhook.fail_when.clone(),
            template: webhook.template.as_ref().map(|template| template.text().to_owned()),
        })
    }

    fn open(
        self,
        events: Vec<String>,
        credential: Option<&Arc<Credential>>,
        sealer: &Sealer,
    ) -> anyhow::Result<Webhook> {
        let id = self.id;
        let (url, path) = match credential.and_then(|credential| credential.base_url.as_deref()) {
            Some(base) if !join::is_whole(&self.url) => (join::joined(base, &self.url), Some(self.url)),
            Some(_) | None => (self.url, None),
        };
        let open = |sealed: &str, column| sealer.open(place(id.as_str(), column), sealed);
        let secret = match &self.auth_secret {
            Some(sealed) => open(sealed, "auth_secret")?,
            None => SecretString::default(),
        };
        let open_key = |sealed: &str, column| -> anyhow::Result<SigningKey> {
            SigningKey::parse(open(sealed, column)?.expose_secret()).map_err(anyhow::Error::msg)
        };
        let mut signing_keys = vec![open_key(&self.signing_secret, "signing_secret")?];
        if let Some(sealed) = &self.signing_secret_previous {
            signing_keys.push(open_key(sealed, "signing_secret_previous")?);
        }
        Ok(Webhook {
            id,
            code: self.code,
            name: self.name,
            url,
            path,
            description: self.description,
            environment: self.environment,
            active: self.active,
            method: self.method,
            format: self.format,
            timeout: Duration::from_secs(u64::try_from(self.timeout_seconds)?),
            retry: match self.retry {
                RetryKind::Standard => Retry::Standard,
                RetryKind::Quick => Retry::Quick,
                RetryKind::List => Retry::List(serde_json::from_str(&self.delays)?),
            },
            auth: match self.auth {
                AuthKind::None => Auth::None,
                AuthKind::OAuth => Auth::OAuth { token: secret },
                AuthKind::Basic => Auth::Basic { username: self.auth_username.unwrap_or_default(), password: secret },
                AuthKind::ApiKey => Auth::ApiKey { header: self.auth_header.unwrap_or_default(), key: secret },
                AuthKind::OAuth2Client => Auth::OAuth2Client(ClientLogin::of_text(&secret)?),
                AuthKind::Credential => {
                    Auth::Credential(Arc::clone(credential.context("a webhook's credential is gone")?))
                }
            },
            auth_set_at: self.auth_set_at,
            headers: headers::open(self.headers.as_deref(), place(id.as_str(), "headers"), sealer)?,
            filters: WebhookFilters::from_stored(self.filters.as_deref())?,
            filters_set_at: self.filters_set_at,
            fail_when: self.fail_when,
            template: self.template.map(Template::stored),
            signing_keys,
            previous_key_until: self.signing_secret_previous_until,
            disabled: self.disabled_at.map(|at| Disabled { at, reason: self.disabled_reason.unwrap_or_default() }),
            paused: self.paused_at.map(|at| Paused { at, by: self.paused_by.unwrap_or_default() }),
            events,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

/// Every webhook that is not deleted, in the order of their names.
pub(crate) fn all(conn: &mut Conn, credentials: &[Arc<Credential>], sealer: &Sealer) -> Result<Vec<Webhook>, DbError> {
    let credentials: HashMap<CredentialId, &Arc<Credential>> =
        credentials.iter().map(|credential| (credential.id(), credential)).collect();
    let rows: Vec<Row> = webhooks::table
        .filter(webhooks::deleted_at.is_null())
        .order((webhooks::name, webhooks::id))
        .select(Row::as_select())
        .load(conn)?;
    let mut types: HashMap<WebhookId, Vec<String>> = HashMap::new();
    let pairs: Vec<(WebhookId, String)> = webhook_events::table
        .order((webhook_events::webhook_id, webhook_events::type_))
        .select((webhook_events::webhook_id, webhook_events::type_))
        .load(conn)?;
    for (id, kind) in pairs {
        types.entry(id).or_default().push(kind);
    }
    rows.into_iter()
        .map(|row| {
            let events = types.remove(&row.id).unwrap_or_default();
            let credential = row.credential_id.and_then(|id| credentials.get(&id).copied());
            row.open(events, credential, sealer).map_err(unreadable)
        })
        .collect()
}

/// The webhook of that id; `None` when there is none or it is deleted.
pub(crate) fn find(conn: &mut Conn, id: WebhookId, sealer: &Sealer) -> Result<Option<Webhook>, DbError> {
    let row: Option<Row> = webhooks::table
        .find(id)
        .filter(webhooks::deleted_at.is_null())
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    let Some(row) = row else { return Ok(None) };
    let events = webhook_events::table
        .filter(webhook_events::webhook_id.eq(id))
        .order(webhook_events::type_)
        .select(webhook_events::type_)
        .load(conn)?;
    let credential = match row.credential_id {
        Some(id) => credentials::store::find(conn, id, sealer)?.map(Arc::new),
        None => None,
    };
    row.open(events, credential.as_ref(), sealer).map(Some).map_err(unreadable)
}

/// How many there are.
pub(super) fn count(conn: &mut Conn) -> Result<i64, DbError> {
    Ok(webhooks::table.filter(webhooks::deleted_at.is_null()).count().get_result(conn)?)
}

/// The codes that are in use.
pub(super) fn codes(conn: &mut Conn) -> Result<HashSet<String>, DbError> {
    let codes: Vec<String> =
        webhooks::table.filter(webhooks::deleted_at.is_null()).select(webhooks::code).load(conn)?;
    Ok(codes.into_iter().collect())
}

/// True when there was a webhook of that id.
pub(super) fn is_deleted(conn: &mut Conn, id: WebhookId) -> Result<bool, DbError> {
    let gone = webhooks::table.find(id).filter(webhooks::deleted_at.is_not_null());
    Ok(gone.count().get_result::<i64>(conn)? > 0)
}

pub(super) fn insert(conn: &mut Conn, webhook: &Webhook, sealer: &Sealer) -> Result<(), DbError> {
    let row = Row::seal(webhook, sealer).map_err(unreadable)?;
    diesel::insert_into(webhooks::table).values(&row).execute(conn)?;
    insert_events(conn, webhook)
}

/// Writes every column of a webhook whose version is still the one before; `false` when somebody was faster.
pub(super) fn update(conn: &mut Conn, webhook: &Webhook, sealer: &Sealer) -> Result<bool, DbError> {
    let row = Row::seal(webhook, sealer).map_err(unreadable)?;
    let unchanged = webhooks::table
        .find(webhook.id)
        .filter(webhooks::version.eq(webhook.version - 1))
        .filter(webhooks::deleted_at.is_null());
    if diesel::update(unchanged).set(&row).execute(conn)? == 0 {
        return Ok(false);
    }
    diesel::delete(webhook_events::table.filter(webhook_events::webhook_id.eq(webhook.id))).execute(conn)?;
    insert_events(conn, webhook)?;
    Ok(true)
}

fn insert_events(conn: &mut Conn, webhook: &Webhook) -> Result<(), DbError> {
    for kind in &webhook.events {
        diesel::insert_into(webhook_events::table)
            .values((webhook_events::webhook_id.eq(webhook.id), webhook_events::type_.eq(kind)))
            .execute(conn)?;
    }
    Ok(())
}

/// Marks a webhook as deleted, frees its code and wipes its secrets; `false` when it was gone already. The name
/// stays, so that history can tell whose deliveries these were.
pub(super) fn delete(conn: &mut Conn, id: WebhookId, at: Time) -> Result<bool, DbError> {
    let there = webhooks::table.find(id).filter(webhooks::deleted_at.is_null());
    let gone = diesel::update(there)
        .set((
            webhooks::deleted_at.eq(at),
            webhooks::active.eq(false),
            webhooks::auth_secret.eq(None::<String>),
            webhooks::credential_id.eq(None::<CredentialId>),
            webhooks::headers.eq(None::<String>),
            webhooks::signing_secret.eq(""),
            webhooks::signing_secret_previous.eq(None::<String>),
        ))
        .execute(conn)?;
    Ok(gone > 0)
}

/// Holds a webhook, or lets it go on.
pub(super) fn set_paused(conn: &mut Conn, id: WebhookId, paused: Option<&Paused>, at: Time) -> Result<(), DbError> {
    diesel::update(webhooks::table.find(id))
        .set((
            webhooks::paused_at.eq(paused.map(|paused| paused.at)),
            webhooks::paused_by.eq(paused.map(|paused| paused.by.as_str())),
            webhooks::version.eq(webhooks::version + 1),
            webhooks::updated_at.eq(at),
        ))
        .execute(conn)?;
    Ok(())
}

/// Switched off by the product; a person sees the sentence.
pub(crate) fn disable(conn: &mut Conn, id: WebhookId, at: Time, reason: &str) -> Result<bool, DbError> {
    let enabled =
        webhooks::table.find(id).filter(webhooks::disabled_at.is_null()).filter(webhooks::deleted_at.is_null());
    let done = diesel::update(enabled)
        .set((webhooks::disabled_at.eq(at), webhooks::disabled_reason.eq(reason)))
        .execute(conn)?;
    Ok(done > 0)
}
