//! All webhooks, their credentials and the event types in memory, read again when their common version has moved; at most a thousand.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use super::{Webhook, WebhookId, store};
use crate::credentials::{self, Credential};
use crate::db::{Conn, DbError, Tx};
use crate::event_types::{self, Catalogue};
use crate::secret::Sealer;

/// The webhooks as they were at one version.
#[derive(Default)]
pub struct WebhookSet {
    version: i64,
    webhooks: Vec<Arc<Webhook>>,
    by_id: HashMap<WebhookId, Arc<Webhook>>,
    credentials: Vec<Arc<Credential>>,
    catalogue: Arc<Catalogue>,
}

impl WebhookSet {
    /// All of them, by name.
    pub fn all(&self) -> &[Arc<Webhook>] {
        &self.webhooks
    }

    /// Those that tick this event type, by name.
    pub fn ticking<'a>(&'a self, event_type: &'a str) -> impl Iterator<Item = &'a Arc<Webhook>> {
        self.webhooks.iter().filter(move |webhook| webhook.events.iter().any(|name| name == event_type))
    }

    /// One of them.
    pub fn get(&self, id: WebhookId) -> Option<&Arc<Webhook>> {
        self.by_id.get(&id)
    }

    /// The event types there are.
    pub fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
    }

    /// The credentials that webhooks may use, by name.
    pub fn credentials(&self) -> &[Arc<Credential>] {
        &self.credentials
    }
}

/// Keeps the set; cloned freely.
#[derive(Clone)]
pub struct Webhooks {
    sealer: Sealer,
    /// The address of the portal, which bodies link to.
    portal_url: Arc<str>,
    current: Arc<RwLock<Arc<WebhookSet>>>,
}

impl Webhooks {
    /// An empty cache.
    pub fn new(sealer: Sealer, portal_url: &str) -> Self {
        Self { sealer, portal_url: portal_url.into(), current: Arc::default() }
    }

    /// The set as the running transaction must see it: nobody can change a webhook until it ends.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn in_transaction(&self, tx: &mut Tx<'_>) -> Result<Arc<WebhookSet>, DbError> {
        #[derive(Default)]
        struct Read(Option<Arc<WebhookSet>>);
        let version = credentials::store::version_held(tx)?;
        let read = tx.known::<Read>().0.clone();
        if let Some(set) = read.into_iter().chain([self.held()]).find(|set| set.version == version) {
            return Ok(set);
        }
        // Kept only after the commit: a version that is rolled back comes again with other content.
        let fresh = self.load(tx, version)?;
        tx.known::<Read>().0 = Some(Arc::clone(&fresh));
        let (keeper, kept) = (self.clone(), Arc::clone(&fresh));
        tx.after_commit(move || keeper.keep(kept));
        Ok(fresh)
    }

    /// The address of the portal, without a slash at the end.
    pub fn portal_url(&self) -> &str {
        &self.portal_url
    }

    /// The set as it stands.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn read(&self, conn: &mut Conn) -> Result<Arc<WebhookSet>, DbError> {
        let version = credentials::store::version(conn)?;
        let held = self.held();
        if held.version == version {
            return Ok(held);
        }
        let fresh = self.load(conn, version)?;
        self.keep(Arc::clone(&fresh));
        Ok(fresh)
    }

    /// The event types as this process last saw them, for what is compared with [`Self::in_transaction`]
    /// before it counts.
    pub fn catalogue_seen(&self) -> Arc<Catalogue> {
        Arc::clone(&self.held().catalogue)
    }

    fn held(&self) -> Arc<WebhookSet> {
        self.current.read().map(|set| Arc::clone(&set)).unwrap_or_default()
    }

    fn load(&self, conn: &mut Conn, version: i64) -> Result<Arc<WebhookSet>, DbError> {
        let credentials = credentials::store::all(conn, &self.sealer)?;
        let webhooks: Vec<Arc<Webhook>> =
            store::all(conn, &credentials, &self.sealer)?.into_iter().map(Arc::new).collect();
        let catalogue = event_types::store::catalogue(conn, &self.held().catalogue)?;
        let by_id = webhooks.iter().map(|webhook| (webhook.id, Arc::clone(webhook))).collect();
        Ok(Arc::new(WebhookSet { version, webhooks, by_id, credentials, catalogue }))
    }

    fn keep(&self, fresh: Arc<WebhookSet>) {
        // Whichever comes last: it is compared with the version of the database before it counts, which may be lower after
        // a restore.
        if let Ok(mut current) = self.current.write() {
            *current = fresh;
        }
    }
}
