//! Who changed what: one row for every change, written in its transaction and chained by hash.

mod ops;
pub(crate) mod pages;
mod store;
pub mod words;

pub use ops::{ChainFault, hold, record, verify};
pub use store::{Entry, Filter, latest, page};

use serde_json::{Map, Value};

/// Who does something. Made where a person, a key, the worker or a command comes in, and asked for by every
/// operation that changes something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// What kind of actor.
    pub kind: ActorKind,
    /// The id of the user or the key.
    pub id: Option<String>,
    /// The name shown.
    pub name: String,
    /// The e-mail address, for people.
    pub email: Option<String>,
    /// The network address it came from.
    pub address: Option<String>,
    /// The request's id, to find its log lines.
    pub request_id: Option<String>,
}

crate::word_enum! {
    /// What kind of actor did it.
    ActorKind {
        /// A person in the portal.
        User = "user",
        /// A program with an API key.
        ApiKey = "api_key",
        /// Postrider itself: the worker, a sign-in page before anybody is known.
        System = "system",
        /// Somebody at the command line.
        Command = "command",
    }
}

impl Actor {
    /// As lists name it: a program by its key.
    pub fn shown_name(&self) -> String {
        match self.kind {
            ActorKind::ApiKey => format!("API key {}", self.name),
            ActorKind::User | ActorKind::System | ActorKind::Command => self.name.clone(),
        }
    }

    /// Postrider itself.
    pub fn system() -> Self {
        Self::plain(ActorKind::System, "Postrider")
    }

    /// Somebody at the command line.
    pub fn command() -> Self {
        Self::plain(ActorKind::Command, "Command line")
    }

    fn plain(kind: ActorKind, name: &str) -> Self {
        Self { kind, id: None, name: name.to_owned(), email: None, address: None, request_id: None }
    }
}

/// What was changed: `webhook`, its id and its name at that time.
#[derive(Clone, Debug)]
pub struct Object<'a> {
    /// The noun.
    pub kind: &'static str,
    /// The id.
    pub id: &'a str,
    /// The name at that time.
    pub name: &'a str,
}

/// The fields that changed, each with its old and new value; secrets only ever as "changed".
#[derive(Clone, Debug, Default)]
pub struct Changes(Map<String, Value>);

impl Changes {
    /// Nothing to tell beyond the action.
    pub fn none() -> Self {
        Self::default()
    }

    /// Notes a field when its value differs.
    #[must_use]
    pub fn field(mut self, name: &str, old: impl Into<Value>, new: impl Into<Value>) -> Self {
        let (old, new) = (old.into(), new.into());
        if old != new {
            self.0.insert(name.to_owned(), serde_json::json!({ "old": old, "new": new }));
        }
        self
    }

    /// Notes a value that came with the action.
    #[must_use]
    pub fn value(mut self, name: &str, new: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), serde_json::json!({ "new": new.into() }));
        self
    }

    /// Notes that a secret changed, never what it is.
    #[must_use]
    pub fn secret(mut self, name: &str, changed: bool) -> Self {
        if changed {
            self.0.insert(name.to_owned(), Value::from("changed"));
        }
        self
    }

    /// True when nothing changed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn to_json(&self) -> String {
        Value::Object(self.0.clone()).to_string()
    }
}
