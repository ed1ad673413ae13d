//! What every handler and the worker share; built once in `app.rs`.

use std::sync::Arc;

use tokio::sync::Notify;

use crate::api_keys::Keys;
use crate::clock::Clock;
use crate::config::Settings;
use crate::db::Db;
use crate::delivery::Lanes;
use crate::ids::Ids;
use crate::secret::Sealer;
use crate::users::password::Hasher;
use crate::web::assets::addresses;
use crate::web::frame::Assets;
use crate::webhooks::set::Webhooks;

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
    /// All webhooks in memory.
    pub webhooks: Webhooks,
    /// The lanes of this process.
    pub lanes: Lanes,
    /// Told when a publication is to be rendered.
    pub publishing: Arc<Notify>,
    /// Hashes passwords, a few at a time.
    pub hasher: Hasher,
    /// The API keys that were proved a moment ago.
    pub keys: Keys,
}

impl App {
    /// Puts the application together.
    ///
    /// # Errors
    /// When the password hash function refuses.
    pub fn new(
        db: Db,
        clock: Clock,
        ids: Ids,
        sealer: Sealer,
        settings: Arc<Settings>,
        lanes: Lanes,
    ) -> anyhow::Result<Self> {
        let (assets, hasher) = (addresses(), Hasher::new()?);
        let keys = Keys::new(db.clone(), clock.clone());
        let (webhooks, publishing) = (Webhooks::new(sealer.clone()), Arc::default());
        Ok(Self { db, clock, ids, sealer, settings, assets, webhooks, lanes, publishing, hasher, keys })
    }
}
