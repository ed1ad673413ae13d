//! What every handler and the worker share; built once at start.

use std::sync::Arc;

use tokio::sync::Notify;

use crate::api_keys::Keys;
use crate::clock::Clock;
use crate::config::Settings;
use crate::db::{Db, DbError};
use crate::delivery::node::Node;
use crate::delivery::test::Tester;
use crate::delivery::worker::{Parts, Worker};
use crate::delivery::{self, Lanes};
use crate::event_types::Catalogue;
use crate::health::Health;
use crate::ids::Ids;
use crate::outbound;
use crate::secret::Sealer;
use crate::users::password::Hasher;
use crate::web::assets::addresses;
use crate::web::frame::Assets;
use crate::webhooks::limit::TestLimit;
use crate::webhooks::set::{WebhookSet, Webhooks};

/// The running application.
#[derive(Clone)]
pub struct App {
    /// The database.
    pub db: Db,
    /// The clock.
    pub clock: Clock,
    /// The ids.
    pub ids: Ids,
    /// Seals and opens stored secrets.
    pub sealer: Sealer,
    /// The settings.
    pub settings: Arc<Settings>,
    /// The embedded files' addresses.
    pub assets: Arc<Assets>,
    /// Told when a publication is to be rendered.
    pub publishing: Arc<Notify>,
    /// Hashes passwords, a few at a time.
    pub hasher: Hasher,
    /// The API keys that were proved a moment ago.
    pub keys: Keys,
    /// The webhooks in memory.
    pub webhooks: Webhooks,
    /// How often each person may test.
    pub test_limit: TestLimit,
    /// The lanes of this node.
    pub lanes: Lanes,
    /// The guarded client.
    pub client: outbound::Client,
    /// This process.
    pub node: Node,
    /// Whether the worker works.
    pub health: Health,
}

impl App {
    /// Puts the application together, with the worker that sends for it.
    ///
    /// # Errors
    /// When the password hash function refuses, or the settings of outgoing requests do not hold together.
    pub fn new(
        db: Db,
        clock: Clock,
        ids: Ids,
        sealer: Sealer,
        settings: Arc<Settings>,
    ) -> anyhow::Result<(Self, Worker)> {
        let policy = settings.egress.policy().map_err(|problems| anyhow::anyhow!(problems.join(" ")))?;
        let client = outbound::Client::new(Arc::new(policy), settings.egress.client_options())?;
        let node = Node::identify(&settings.data_dir, &ids, db.url())?;
        let (lanes, handed) = Lanes::new(node.id());
        let webhooks = Webhooks::new(sealer.clone(), &settings.public_url);
        db.before_commit(delivery::before_commit(&webhooks, &lanes));
        let parts = Parts {
            db: db.clone(),
            client: client.clone(),
            clock: clock.clone(),
            webhooks: webhooks.clone(),
            lanes: lanes.clone(),
            node: node.clone(),
        };
        let app = Self {
            assets: addresses(),
            publishing: Arc::default(),
            hasher: Hasher::new()?,
            keys: Keys::new(db.clone(), clock.clone()),
            test_limit: TestLimit::new(&clock),
            db,
            clock,
            ids,
            sealer,
            settings,
            webhooks,
            lanes,
            client,
            node,
            health: Health::default(),
        };
        Ok((app, Worker::new(parts, handed)))
    }

    /// The webhooks, credentials and event types as they stand, also what another process changed just now.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn webhook_set(&self) -> Result<Arc<WebhookSet>, DbError> {
        let webhooks = self.webhooks.clone();
        self.db.read(move |conn| webhooks.read(conn)).await
    }

    /// The event types as they stand, also what another process declared just now.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn catalogue(&self) -> Result<Arc<Catalogue>, DbError> {
        Ok(Arc::clone(self.webhook_set().await?.catalogue()))
    }

    /// What a test of a webhook works with.
    pub fn tester(&self) -> Tester {
        Tester {
            db: self.db.clone(),
            client: self.client.clone(),
            clock: self.clock.clone(),
            ids: self.ids.clone(),
            node: self.node.id(),
            portal_url: self.settings.public_url.clone(),
        }
    }
}
