//! The only way out: one guarded HTTP client, which never follows, never decompresses and never reaches inside.
//!
//! A request passes three checks that do not know of each other. The address is judged as text before each send
//! ([`Policy::check_url`]: syntax and IP literals), the resolver refuses a name of which any answer is refused, and the
//! connector drops a connection whose peer is refused before a byte of the request was written. A fault of the network
//! or of the receiver is no error but an [`Outcome`], so [`Client::send`] always returns a [`Reply`].

mod address;
mod body;
mod certificate;
mod client;
mod connect;
mod endpoint;
mod fault;
mod header;
mod outcome;
mod policy;
mod probe;
mod refusal;
mod reply;
mod resolve;
mod tls;

#[cfg(test)]
mod tests;

pub use address::Class;
pub use client::{Client, ClientOptions, Request, USER_AGENT};
pub use endpoint::EndpointUrl;
pub use header::{RetryAfter, reserved_header};
pub use outcome::Outcome;
pub use policy::Policy;
pub use refusal::Refusal;
pub use reply::{Note, Phases, Reply};
pub use resolve::{Lookup, LookupFault};

/// The longest part of an answer's body that is read.
pub const READ_LIMIT: usize = 64 * 1024;
/// The longest part of an answer's body that is kept.
pub const KEEP_LIMIT: usize = 16 * 1024;
/// The longest time for look-up, connection and TLS together.
pub const CONNECT_LIMIT: std::time::Duration = std::time::Duration::from_secs(5);

type BoxError = Box<dyn std::error::Error + Send + Sync>;
