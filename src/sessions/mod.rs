//! Who is signed in: the session table, sign-in and the guard of every page.

mod cookie;
mod guard;
mod limits;
mod links;
mod ops;
pub(crate) mod own;
pub(crate) mod pages;
pub(crate) mod proof;
mod store;

pub(crate) use cookie::{Sessions, layer};
pub use guard::Admin;
pub(crate) use guard::{admit, check_origin, drop_doubles, recognise};
pub use links::{make_setup_link, make_sign_in_link};
pub use pages::routes;

use std::time::Duration;

/// A session ends after so long without a request.
pub const IDLE: Duration = Duration::from_secs(2 * 60 * 60);
/// A session ends so long after its sign-in, whatever happens.
pub const LONGEST: Duration = Duration::from_secs(12 * 60 * 60);
/// The moment of the last request is written at most this often.
const SEEN_EVERY: Duration = Duration::from_secs(60);
