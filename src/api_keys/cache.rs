//! Keys that were proved a moment ago, so that the hot path asks the database once and not twice.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{ApiKey, ApiKeyId, authenticate, ops};
use crate::clock::{Clock, Time};
use crate::db::{Db, DbError, Tx};
use crate::secret::token_hash;

/// How long a proof is remembered. What uses it for a change asks [`super::recheck`] in that change's transaction;
/// what only reads lives with a revocation that is this old at most.
const MEMORY: Duration = Duration::from_secs(5);
/// More keys than any installation has; beyond it everything is forgotten.
const MOST: usize = 10_000;

/// The remembered keys by the hash of their token; cloned freely.
#[derive(Clone)]
pub struct Keys(Arc<Inner>);

struct Inner {
    db: Db,
    clock: Clock,
    proved: Mutex<HashMap<String, Proved>>,
}

/// The answers of one transaction, which many requests with one key share.
#[derive(Default)]
struct Rechecked(HashMap<ApiKeyId, bool>);

struct Proved {
    key: Arc<ApiKey>,
    at: Time,
    /// When its use was last noted, here or by another node.
    used: Option<Time>,
}

impl Keys {
    /// Remembers nothing yet.
    pub fn new(db: Db, clock: Clock) -> Self {
        Self(Arc::new(Inner { db, clock, proved: Mutex::new(HashMap::new()) }))
    }

    /// The valid key of a token, and a note of its use.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn authenticate(&self, token: &str) -> Result<Option<Arc<ApiKey>>, DbError> {
        let now = self.0.clock.now();
        let hash = token_hash(token);
        let key = match self.remembered(&hash, now) {
            Some(key) => key,
            None => match self.prove(token, hash.clone(), now).await? {
                Some(key) => key,
                None => return Ok(None),
            },
        };
        self.note(&hash, key.id, now).await?;
        Ok(key.is_valid(now).then_some(key))
    }

    /// Refuses a key that was ended since it was proved; call it first in the transaction of a change.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub fn recheck(&self, tx: &mut Tx<'_>, id: ApiKeyId) -> Result<bool, DbError> {
        if let Some(valid) = tx.known::<Rechecked>().0.get(&id) {
            return Ok(*valid);
        }
        let now = tx.now();
        let valid = ops::recheck(tx, id, now)?;
        tx.known::<Rechecked>().0.insert(id, valid);
        if !valid {
            self.forget(id);
        }
        Ok(valid)
    }

    /// Forgets a key, after it was revoked.
    pub fn forget(&self, id: ApiKeyId) {
        self.proved().retain(|_, proved| proved.key.id != id);
    }

    fn proved(&self) -> MutexGuard<'_, HashMap<String, Proved>> {
        // The map is whole after any panic: entries are put in and taken out, never half written.
        self.0.proved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remembered(&self, hash: &str, now: Time) -> Option<Arc<ApiKey>> {
        let proved = self.proved();
        let proved = proved.get(hash)?;
        (now.since(proved.at) < MEMORY).then(|| Arc::clone(&proved.key))
    }

    async fn prove(&self, token: &str, hash: String, now: Time) -> Result<Option<Arc<ApiKey>>, DbError> {
        let token = token.to_owned();
        let key = self.0.db.read(move |conn| authenticate(conn, &token, now)).await?;
        let Some(key) = key.map(Arc::new) else {
            self.proved().remove(&hash);
            return Ok(None);
        };
        let mut proved = self.proved();
        if proved.len() >= MOST {
            proved.clear();
        }
        let used = key.last_used_at.max(proved.get(&hash).and_then(|before| before.used));
        proved.insert(hash, Proved { key: Arc::clone(&key), at: now, used });
        Ok(Some(key))
    }

    /// Notes the use at most once a minute, in whatever commit comes next.
    async fn note(&self, hash: &str, id: ApiKeyId, now: Time) -> Result<(), DbError> {
        let last = match self.proved().get_mut(hash) {
            Some(proved) if ops::is_note_due(proved.used, now) => proved.used.replace(now),
            _ => return Ok(()),
        };
        self.0.db.write_grouped(move |tx| ops::note_use(tx, id, last).map(drop)).await
    }
}
