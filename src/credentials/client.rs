//! The login of OAuth 2 client credentials: which token endpoint is asked, as whom, for what.

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::secrets::{self, LONGEST_NAME, Stored};
use crate::outbound::{EndpointUrl, Policy};
use crate::web::FieldErrors;

/// Who asks which token endpoint. No `Debug`: it holds the secret.
#[derive(Clone)]
pub struct ClientLogin {
    /// As the egress guard wrote it, judged again at every request.
    pub(crate) token_url: String,
    pub(crate) client_id: String,
    pub(crate) secret: SecretString,
    /// Words with spaces between; empty for the endpoint's own choice.
    pub(crate) scope: String,
}

impl ClientLogin {
    /// All of it as one text, for a column that is sealed.
    ///
    /// # Errors
    /// When it cannot be written, which no text is.
    pub(crate) fn to_text(&self) -> serde_json::Result<SecretString> {
        let parts = [&self.token_url, &self.client_id, self.secret.expose_secret(), &self.scope];
        serde_json::to_string(&parts).map(SecretString::from)
    }

    /// The login of such a text.
    ///
    /// # Errors
    /// When it is none.
    pub(crate) fn of_text(text: &SecretString) -> serde_json::Result<Self> {
        let [token_url, client_id, secret, scope]: [String; 4] = serde_json::from_str(text.expose_secret())?;
        Ok(Self { token_url, client_id, secret: SecretString::from(secret), scope })
    }
}

/// The fields of a form.
pub(crate) struct Typed<'a> {
    pub(crate) token_url: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) client_secret: &'a SecretString,
    pub(crate) scope: &'a str,
}

impl Typed<'_> {
    /// Holds them against their rules. The stored secret goes to the origin of the token URL that it was entered for,
    /// and what it brings goes where the requests go: either moved (`moved`), and it is asked for again.
    pub(crate) fn parse(
        &self,
        policy: &Policy,
        stored: Option<(&ClientLogin, bool)>,
        errors: &mut FieldErrors,
    ) -> Option<(ClientLogin, bool)> {
        let checked = policy.check_url(self.token_url.trim()).map_err(|refusal| refusal.sentence());
        let token_url = errors.take("token_url", checked);
        let client_id = errors.take("client_id", secrets::client_id(self.client_id.trim()));
        let scope = errors.take("scope", scope(self.scope));
        let stored = stored.map(|(login, moved)| Stored {
            secret: &login.secret,
            moved: moved || token_url.as_ref().is_some_and(|url| is_elsewhere(&login.token_url, url)),
        });
        let typed = self.client_secret.expose_secret().trim();
        let secret = errors.take("client_secret", secrets::phrase("the client secret", typed, stored.as_ref()));
        let (((token_url, client_id), scope), (secret, entered)) = token_url.zip(client_id).zip(scope).zip(secret)?;
        Some((ClientLogin { token_url: token_url.as_str().to_owned(), client_id, secret, scope }, entered))
    }
}

/// True when the two have not the same scheme, host and port.
pub(crate) fn is_elsewhere(stored: &str, url: &EndpointUrl) -> bool {
    let home = Url::parse(stored).ok().map(|url| url.origin().ascii_serialization());
    home.as_deref() != Some(url.origin().as_str())
}

/// RFC 6749: words of visible ASCII without quotes and backslashes.
fn scope(typed: &str) -> Result<String, &'static str> {
    let words: Vec<&str> = typed.split_whitespace().collect();
    let scope = words.join(" ");
    if scope.len() > LONGEST_NAME {
        return Err("Shorten the scope to 1,024 characters.");
    }
    if !scope.bytes().all(|byte| matches!(byte, b' ' | b'!' | b'#'..=b'[' | b']'..=b'~')) {
        return Err("A scope is words with spaces between, without quotes, backslashes and letters outside ASCII.");
    }
    Ok(scope)
}
