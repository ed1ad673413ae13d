//! `api-key create`: a key of a program, shown once.

use secrecy::ExposeSecret;

use super::{ApiKeyCreate, Failure, load, open, say, tell};
use crate::api_keys::{self, Draft};
use crate::audit::Actor;
use crate::config::Flags;
use crate::db::DbError;

pub(super) fn create(asked: ApiKeyCreate, before: Flags) -> Result<(), Failure> {
    let draft = Draft::new(&asked.name, asked.scope, asked.environment, None)
        .map_err(|sentence| Failure::Usage(format!("postrider: {sentence}")))?;
    let db = open(&load(&asked.flags.over(before))?.settings)?;
    let (key, token) = db.write_now::<_, DbError, _>(move |tx| api_keys::create(tx, &Actor::command(), draft))?;
    // The key alone goes to the standard output, so that a script can take it.
    say(token.expose_secret());
    let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
    tell(format!(
        "This is the key \"{}\" ({}: {}). It is not shown again.",
        key.name,
        key.environment,
        scopes.join(", ")
    ));
    Ok(())
}
