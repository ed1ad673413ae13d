//! What every handler and the worker share; built once in `app.rs`.

use std::sync::Arc;

use tokio::sync::Notify;

use crate::clock::Clock;
use crate::config::Settings;
use crate::db::Db;
use crate::ids::Ids;
use crate::secret::Sealer;
use crate::web::frame::Assets;

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
}
