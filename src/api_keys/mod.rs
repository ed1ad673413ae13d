//! The keys of programs: what each may do, in which world, and until when.

mod api;
mod cache;
mod ops;
pub(crate) mod pages;
mod store;

pub use api::Caller;
pub(crate) use api::admit;
pub use cache::Keys;
pub use ops::{authenticate, create, recheck, revoke};
pub use store::{find, list};

use secrecy::SecretString;

use crate::clock::Time;
use crate::ids::random_word;

crate::id_type!(
    /// A key's id.
    ApiKeyId, "key"
);

crate::word_enum! {
    /// Which world an event or a webhook belongs to; a webhook gets only its own.
    Environment {
        /// Real content.
        Production = "production",
        /// Trials.
        Test = "test",
    }
}

crate::word_enum! {
    /// What a key may do.
    Scope {
        /// Post events.
        EventsWrite = "events:write",
        /// Read events.
        EventsRead = "events:read",
        /// Read deliveries and their attempts.
        DeliveriesRead = "deliveries:read",
        /// Send deliveries again.
        DeliveriesWrite = "deliveries:write",
        /// Read webhooks.
        WebhooksRead = "webhooks:read",
        /// Add, change and delete webhooks.
        WebhooksWrite = "webhooks:write",
        /// Read credentials, never their secrets.
        CredentialsRead = "credentials:read",
        /// Add, change and delete credentials.
        CredentialsWrite = "credentials:write",
        /// Declare event types.
        EventTypesWrite = "event-types:write",
        /// Start recoveries.
        RecoveriesWrite = "recoveries:write",
    }
}

/// The letters and digits of a token that are kept and shown.
const PUBLIC: usize = 8;
/// Those that only the key's owner has: 190 bits.
const SECRET: usize = 32;
/// The longest name.
pub const LONGEST_NAME: usize = 120;

/// A key that exists.
#[derive(Clone, Debug)]
pub struct ApiKey {
    pub(crate) id: ApiKeyId,
    pub(crate) name: String,
    /// `prk_` and the public part of the token.
    pub(crate) prefix: String,
    secret_hash: String,
    pub(crate) scopes: Vec<Scope>,
    pub(crate) environment: Environment,
    pub(crate) created_at: Time,
    pub(crate) created_by: String,
    pub(crate) expires_at: Option<Time>,
    pub(crate) last_used_at: Option<Time>,
    pub(crate) revoked_at: Option<Time>,
}

impl ApiKey {
    /// True when the key may do this.
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }

    /// True until the key is revoked or its time is over.
    pub fn is_valid(&self, now: Time) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// A key to be made: checked.
#[derive(Clone, Debug)]
pub struct Draft {
    name: String,
    scopes: Vec<Scope>,
    environment: Environment,
    expires_at: Option<Time>,
}

impl Draft {
    /// Checks the name and the scopes.
    ///
    /// # Errors
    /// A sentence for the person who wrote them.
    pub fn new(
        name: &str,
        mut scopes: Vec<Scope>,
        environment: Environment,
        expires_at: Option<Time>,
    ) -> Result<Self, String> {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
            return Err(format!("Give the key a name of 1 to {LONGEST_NAME} characters."));
        }
        scopes.sort();
        scopes.dedup();
        if scopes.is_empty() {
            return Err("Choose at least one thing that the key may do.".to_owned());
        }
        Ok(Self { name: name.to_owned(), scopes, environment, expires_at })
    }
}

/// A new token: the part that is kept and shown, and the whole, which only its owner gets.
fn new_token() -> (String, SecretString) {
    let prefix = format!("prk_{}", random_word(PUBLIC));
    let token = SecretString::from(format!("{prefix}_{}", random_word(SECRET)));
    (prefix, token)
}

/// The public part of a token; `None` for what cannot be one.
fn prefix_of(token: &str) -> Option<&str> {
    let rest = token.strip_prefix("prk_")?;
    let (public, secret) = rest.split_once('_')?;
    let word = |word: &str, length| word.len() == length && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (word(public, PUBLIC) && word(secret, SECRET)).then(|| &token[..4 + PUBLIC])
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_token_has_its_public_part_in_front() {
        let (prefix, token) = new_token();
        assert_eq!(token.expose_secret().len(), 4 + PUBLIC + 1 + SECRET);
        assert_eq!(prefix_of(token.expose_secret()), Some(prefix.as_str()));
    }

    #[test]
    fn what_is_no_token_is_not_looked_up() {
        let (_, token) = new_token();
        let token = token.expose_secret();
        for text in [
            "",
            "prk_",
            "prk_12345678_",
            &token[..44],
            &format!("{token}0"),
            &token.replace("prk_", "pkr_"),
            "prk_ü2345678_ü",
        ] {
            assert_eq!(prefix_of(text), None, "{text}");
        }
    }

    #[test]
    fn a_draft_needs_a_name_and_a_scope() {
        let draft = |name: &str, scopes| Draft::new(name, scopes, Environment::Test, None);
        assert!(draft(" ", vec![Scope::EventsWrite]).is_err());
        assert!(draft(&"x".repeat(121), vec![Scope::EventsWrite]).is_err());
        assert!(draft("CI", vec![]).is_err());
        let kept = draft(" CI ", vec![Scope::EventsRead, Scope::EventsWrite, Scope::EventsRead]).unwrap();
        assert_eq!((kept.name.as_str(), kept.scopes.len()), ("CI", 2));
    }
}
