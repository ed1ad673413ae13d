//! Adding, changing and deleting credentials, each with its audit row and the news for whoever keeps them in memory.

use secrecy::ExposeSecret;
use serde_json::Value;

use super::form::Draft;
use super::{Credential, CredentialId, Scheme, Use, counted, join, named, store};
use crate::api_keys::Environment;
use crate::audit::{self, Actor, Changes, Object};
use crate::db::{DbError, Tx};
use crate::secret::Sealer;
use crate::web::FieldErrors;

/// The most credentials.
pub const MOST: i64 = 200;
/// The longest address, in bytes.
const LONGEST_URL: usize = 2_048;

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum Rejected {
    /// There are as many as there may be.
    #[error("There are 200 credentials, the most there can be; delete one that is no longer used.")]
    Full,
    /// Another credential of the environment has the name.
    #[error("Another credential of this environment has this name; choose another.")]
    NameTaken,
    /// The webhooks that use it do not allow the change.
    #[error("The webhooks that use this credential do not allow the change.")]
    Unfit(FieldErrors),
    /// Webhooks use it.
    #[error("{}", in_use(.0))]
    InUse(Vec<Use>),
    /// Somebody saved it meanwhile.
    #[error("Somebody saved this credential while you were editing. Open it again and repeat your change.")]
    Stale,
    /// It was deleted meanwhile, or is of the other environment.
    #[error("This credential was deleted meanwhile.")]
    Gone,
    /// The database refused.
    #[error("the database refused")]
    Database(#[source] DbError),
}

fn in_use(uses: &[Use]) -> String {
    let all: Vec<&Use> = uses.iter().collect();
    let verb = if uses.len() == 1 { "uses" } else { "use" };
    format!("{} {verb} it: {}. Choose another login there first.", counted(uses.len()), named(&all))
}

impl From<DbError> for Rejected {
    fn from(error: DbError) -> Self {
        if error.is_taken("credentials.name") { Self::NameTaken } else { Self::Database(error) }
    }
}

/// Adds a credential.
///
/// # Errors
/// When there are too many, its name is taken, or the database cannot take it.
pub fn create(tx: &mut Tx<'_>, sealer: &Sealer, actor: &Actor, draft: Draft) -> Result<Credential, Rejected> {
    audit::hold(tx)?;
    if store::count(tx)? >= MOST {
        return Err(Rejected::Full);
    }
    let credential = draft.found(tx.make_id(), tx.now());
    store::insert(tx, &credential, sealer)?;
    finish(tx, actor, "credential.created", &credential, &differences(None, &credential))?;
    Ok(credential)
}

/// Writes an edit over the version that it was made from. `None` when every value was the same.
///
/// # Errors
/// When somebody else saved or deleted it meanwhile, a webhook that uses it does not allow the change, or the database
/// cannot take it.
pub fn change(
    tx: &mut Tx<'_>,
    sealer: &Sealer,
    actor: &Actor,
    (id, version): (CredentialId, i32),
    draft: Draft,
) -> Result<Option<Credential>, Rejected> {
    audit::hold(tx)?;
    let old = store::find(tx, id, sealer)?.ok_or(Rejected::Gone)?;
    if version != old.version {
        return Err(Rejected::Stale);
    }
    let new = draft.onto(&old, tx.now());
    let changes = differences(Some(&old), &new);
    if changes.is_empty() {
        return Ok(None);
    }
    let conflicts = conflicts(&old, &new, &store::uses_of(tx, id)?);
    if !conflicts.is_empty() {
        return Err(Rejected::Unfit(conflicts));
    }
    store::update(tx, &new, sealer)?;
    finish(tx, actor, "credential.changed", &new, &changes)?;
    Ok(Some(new))
}

/// Removes a credential that no webhook uses, with its secrets.
///
/// # Errors
/// When webhooks use it, there is none, or the database cannot take it.
pub fn delete(
    tx: &mut Tx<'_>,
    sealer: &Sealer,
    actor: &Actor,
    id: CredentialId,
    of: Option<Environment>,
) -> Result<(), Rejected> {
    audit::hold(tx)?;
    let credential = store::find(tx, id, sealer)?.ok_or(Rejected::Gone)?;
    if of.is_some_and(|environment| environment != credential.environment) {
        return Err(Rejected::Gone);
    }
    let uses = store::uses_of(tx, id)?;
    if !uses.is_empty() {
        return Err(Rejected::InUse(uses));
    }
    store::delete(tx, id)?;
    finish(tx, actor, "credential.deleted", &credential, &Changes::none())?;
    Ok(())
}

/// Where a change would leave a webhook without a sound address, or send what is its own to another host.
fn conflicts(old: &Credential, new: &Credential, uses: &[Use]) -> FieldErrors {
    let mut errors = FieldErrors::default();
    let all: Vec<&Use> = uses.iter().collect();
    if old.environment != new.environment && !uses.is_empty() {
        let told =
            format!("Webhooks of the old environment use it: {}. Choose another login there first.", named(&all));
        errors.add("environment", told);
    }
    let (paths, whole): (Vec<&Use>, Vec<&Use>) = uses.iter().partition(|one| one.is_path());
    let origin = |url: &str| url::Url::parse(url).ok().map(|url| url.origin().ascii_serialization());
    let home = new.base_url.as_deref().map(origin);
    match &new.base_url {
        None if !paths.is_empty() => {
            errors.add(
                "base_url",
                format!("The URL is a path below it in {}: enter whole URLs there first.", named(&paths)),
            );
        }
        None => {}
        Some(base) => {
            let long: Vec<&Use> =
                paths.iter().copied().filter(|one| join::joined(base, &one.url).len() > LONGEST_URL).collect();
            let elsewhere: Vec<&Use> = whole.into_iter().filter(|one| home != Some(origin(&one.url))).collect();
            let moved = old.base_url.as_deref().map(origin) != home;
            let carrying: Vec<&Use> = paths.iter().copied().filter(|one| moved && one.has_headers).collect();
            if !elsewhere.is_empty() {
                errors
                    .add("base_url", format!("The URL of {} is of another host: change it first.", named(&elsewhere)));
            } else if !carrying.is_empty() {
                let told = format!(
                    "{} carries headers of its own, whose values were entered for the old host: take them out first.",
                    named(&carrying)
                );
                errors.add("base_url", told);
            } else if !long.is_empty() {
                errors.add("base_url", format!("With it the URL of {} has more than 2,048 characters.", named(&long)));
            }
        }
    }
    errors
}

/// What every change leaves: its audit row, and the new version of what is sent. The audit trail comes first, as
/// everywhere: two transactions that lock in different orders would wait for each other.
fn finish(
    tx: &mut Tx<'_>,
    actor: &Actor,
    action: &'static str,
    credential: &Credential,
    changes: &Changes,
) -> Result<(), DbError> {
    let object = Object { kind: "credential", id: credential.id.as_str(), name: &credential.name };
    audit::record(tx, actor, action, &object, changes)?;
    store::touch(tx)
}

type Read = fn(&Credential) -> Value;

/// The fields in which two states of a credential differ; secrets only as "changed".
fn differences(old: Option<&Credential>, new: &Credential) -> Changes {
    let was = |read: Read| old.map_or(Value::Null, read);
    let fields: [(&str, Read); 12] = [
        ("name", |credential| credential.name.clone().into()),
        ("environment", |credential| credential.environment.as_str().into()),
        ("base_url", |credential| credential.base_url.clone().into()),
        ("content_type", |credential| credential.content_type.as_str().into()),
        ("headers", |credential| {
            credential.headers.iter().map(|header| header.name.clone()).collect::<Vec<_>>().into()
        }),
        ("auth", |credential| credential.scheme.kind().as_str().into()),
        ("username", |credential| shown(credential, "username")),
        ("token_key", |credential| shown(credential, "token_key")),
        ("api_key_header", |credential| shown(credential, "api_key_header")),
        ("client_id", |credential| shown(credential, "client_id")),
        ("token_url", |credential| shown(credential, "token_url")),
        ("scope", |credential| shown(credential, "scope")),
    ];
    let changes =
        fields.into_iter().fold(Changes::none(), |changes, (name, read)| changes.field(name, was(read), read(new)));
    let login = |credential: &Credential| credential.scheme.secret().map(|secret| secret.expose_secret().to_owned());
    let values = |credential: &Credential| {
        credential.headers.iter().map(|header| header.value.expose_secret().to_owned()).collect::<Vec<_>>()
    };
    changes
        .secret("header_values", old.map_or_else(Vec::new, values) != values(new))
        .secret("login", old.and_then(login) != login(new))
}

fn shown(credential: &Credential, field: &str) -> Value {
    let value = match (&credential.scheme, field) {
        (Scheme::Basic { username, .. }, "username") => username,
        (Scheme::Token { key, .. }, "token_key") => key,
        (Scheme::ApiKey { header, .. }, "api_key_header") => header,
        (Scheme::Hmac { client_id, .. }, "client_id") => client_id,
        (Scheme::OAuth2Client(login), "client_id") => &login.client_id,
        (Scheme::OAuth2Client(login), "token_url") => &login.token_url,
        (Scheme::OAuth2Client(login), "scope") => &login.scope,
        (
            Scheme::None
            | Scheme::Headers
            | Scheme::Basic { .. }
            | Scheme::Token { .. }
            | Scheme::ApiKey { .. }
            | Scheme::Hmac { .. }
            | Scheme::OAuth2Client(_),
            _,
        ) => return Value::Null,
    };
    value.clone().into()
}
