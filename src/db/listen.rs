//! Notifications between nodes: a connection and a thread of its own, since Diesel cannot wait on them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::{PgConnection, QueryResult};

use super::pool::{Purpose, connect};
use super::{Conn, DatabaseUrl};

/// How often the connection is read: a node hears of another's commit within twice this time.
const EVERY: Duration = Duration::from_millis(25);
/// How long to wait before a broken connection is opened again.
const AGAIN: Duration = Duration::from_secs(1);

/// Keeps listening until it is dropped.
pub struct Listener(Arc<AtomicBool>);

impl Listener {
    pub(super) fn start(url: &DatabaseUrl, channel: &'static str, heard: impl Fn(&str) + Send + 'static) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        if matches!(url, DatabaseUrl::Postgres(_)) {
            let (url, stop) = (url.clone(), Arc::clone(&ended));
            let thread = std::thread::Builder::new().name("db-listener".to_owned());
            if let Err(error) = thread.spawn(move || listen(&url, channel, &stop, &heard)) {
                tracing::error!(error = %error, "cannot listen to other nodes; they are heard by the timer");
            }
        }
        Self(ended)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[expect(clippy::disallowed_methods, reason = "Diesel cannot wait on a connection: the thread looks every few ms")]
fn listen(url: &DatabaseUrl, channel: &str, ended: &AtomicBool, heard: &dyn Fn(&str)) {
    while !ended.load(Ordering::Relaxed) {
        if let Ok(Conn::Postgres(mut conn)) = connect(url, Purpose::Read)
            && conn.batch_execute(&format!("listen {channel}")).is_ok()
        {
            // What was sent while nobody listened is not repeated.
            heard("");
            while !ended.load(Ordering::Relaxed) && read(&mut conn, heard).is_ok() {
                std::thread::sleep(EVERY);
            }
        }
        std::thread::sleep(AGAIN);
    }
}

fn read(conn: &mut PgConnection, heard: &dyn Fn(&str)) -> QueryResult<()> {
    for notification in conn.notifications_iter() {
        heard(&notification?.payload);
    }
    Ok(())
}
