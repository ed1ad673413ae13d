//! Who is signed in: the session table, sign-in and the guard of every page.

mod guard;

pub use guard::Admin;
