//! The credential form: what was typed, to be shown again, and what it means once every rule is met.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};

use super::headers::{self, CustomHeader};
use super::secrets::{self, Entered, Stored};
use super::{ContentType, Credential, CredentialId, Scheme, SchemeKind, client, join};
use crate::api_keys::Environment;
use crate::clock::Time;
use crate::outbound::{EndpointUrl, Policy};
use crate::text;
use crate::web::FieldErrors;
use crate::web::listing::NO_ENVIRONMENT;

/// The longest name, in characters.
pub const LONGEST_NAME: usize = 120;

/// The fields as they were sent; what a browser leaves out has the value of a new form. No `Debug`: it holds secrets.
#[derive(Clone, Deserialize)]
#[serde(default)]
pub struct CredentialForm {
    pub(super) name: String,
    pub(super) base_url: String,
    /// A check box for `test`: absent is `production`.
    pub(super) environment: String,
    pub(super) content_type: String,
    /// The rows of headers, name by name and value by value.
    pub(super) header_name: Vec<String>,
    #[serde(deserialize_with = "secrets")]
    pub(super) header_value: Vec<SecretString>,
    pub(super) auth: String,
    pub(super) username: String,
    #[serde(deserialize_with = "secret")]
    pub(super) password: SecretString,
    pub(super) token_key: String,
    #[serde(deserialize_with = "secret")]
    pub(super) token: SecretString,
    pub(super) api_key_header: String,
    #[serde(deserialize_with = "secret")]
    pub(super) api_key: SecretString,
    pub(super) client_id: String,
    #[serde(deserialize_with = "secret")]
    pub(super) client_secret: SecretString,
    pub(super) token_url: String,
    pub(super) scope: String,
    pub(super) form_id: String,
    pub(super) version: String,
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

fn secrets<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<SecretString>, D::Error> {
    Vec::<String>::deserialize(deserializer).map(|all| all.into_iter().map(SecretString::from).collect())
}

/// A new credential's form.
impl Default for CredentialForm {
    fn default() -> Self {
        Self {
            name: String::new(),
            base_url: String::new(),
            environment: Environment::Production.as_str().to_owned(),
            content_type: ContentType::Json.as_str().to_owned(),
            header_name: Vec::new(),
            header_value: Vec::new(),
            auth: SchemeKind::None.as_str().to_owned(),
            username: String::new(),
            password: SecretString::default(),
            token_key: "Bearer".to_owned(),
            token: SecretString::default(),
            api_key_header: "X-API-Key".to_owned(),
            api_key: SecretString::default(),
            client_id: String::new(),
            client_secret: SecretString::default(),
            token_url: String::new(),
            scope: String::new(),
            form_id: String::new(),
            version: String::new(),
        }
    }
}

/// Values that meet every rule of their fields; only the name may still be taken.
#[derive(Clone)]
pub struct Draft {
    name: String,
    base_url: Option<String>,
    environment: Environment,
    content_type: ContentType,
    headers: Vec<CustomHeader>,
    scheme: Scheme,
    /// The secret was typed, not kept.
    entered: bool,
}

impl CredentialForm {
    /// The form of a credential that exists; its secrets stay behind.
    pub fn of(credential: &Credential) -> Self {
        let mut form = Self {
            name: credential.name.clone(),
            base_url: credential.base_url.clone().unwrap_or_default(),
            environment: credential.environment.as_str().to_owned(),
            content_type: credential.content_type.as_str().to_owned(),
            header_name: credential.headers.iter().map(|header| header.name.clone()).collect(),
            auth: credential.scheme.kind().as_str().to_owned(),
            version: credential.version.to_string(),
            ..Self::default()
        };
        match &credential.scheme {
            Scheme::None | Scheme::Headers => {}
            Scheme::Basic { username, .. } => form.username.clone_from(username),
            Scheme::Token { key, .. } => form.token_key.clone_from(key),
            Scheme::ApiKey { header, .. } => form.api_key_header.clone_from(header),
            Scheme::Hmac { client_id, .. } => form.client_id.clone_from(client_id),
            Scheme::OAuth2Client(login) => {
                form.client_id.clone_from(&login.client_id);
                form.token_url.clone_from(&login.token_url);
                form.scope.clone_from(&login.scope);
            }
        }
        form
    }

    /// Holds every field against its rules; `saved` is the credential that is edited.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn parse(&self, policy: &Policy, saved: Option<&Credential>) -> Result<Draft, FieldErrors> {
        let mut errors = FieldErrors::default();
        let named = text::line(&self.name, LONGEST_NAME);
        let name = errors.take("name", named.map_err(|fault| fault.sentence("the name", LONGEST_NAME)));
        let base = errors.take("base_url", self.base_url(policy));
        let environment = Environment::parse(&self.environment);
        let environment = errors.take("environment", environment.ok_or(NO_ENVIRONMENT));
        let content_type = ContentType::parse(&self.content_type).ok_or("Choose JSON or form-urlencoded.");
        let content_type = errors.take("content_type", content_type);
        let moved = saved.is_some_and(|saved| moves(saved, base.as_ref()));
        let stored = saved.map_or(&[][..], |saved| &saved.headers);
        let headers = headers::parse(&self.header_name, &self.header_value, stored, moved);
        let headers = errors.take("headers", headers);
        let login = self.login(policy, saved, moved, &mut errors);
        if let Some((headers, (scheme, _))) = headers.as_ref().zip(login.as_ref()) {
            let free = headers::check_login(headers, &scheme.writes(), "Authentication");
            errors.take("headers", free);
            if matches!(scheme, Scheme::Headers) && headers.is_empty() {
                errors.add("headers", "Add the header that logs in, or choose another authentication.");
            }
        }
        let all = name.zip(base).zip(environment).zip(content_type).zip(headers).zip(login);
        let (Some(all), true) = (all, errors.is_empty()) else { return Err(errors) };
        let (((((name, base), environment), content_type), headers), (scheme, entered)) = all;
        let base_url = base.map(|url| url.as_str().to_owned());
        Ok(Draft { name, base_url, environment, content_type, headers, scheme, entered })
    }

    fn base_url(&self, policy: &Policy) -> Result<Option<EndpointUrl>, String> {
        match self.base_url.trim() {
            "" => Ok(None),
            typed => join::base(typed, policy).map(Some),
        }
    }

    /// The login of the chosen kind, and whether its secret was typed; fields of the other kinds are left alone.
    fn login(
        &self,
        policy: &Policy,
        saved: Option<&Credential>,
        moved: bool,
        errors: &mut FieldErrors,
    ) -> Option<(Scheme, bool)> {
        let kind = SchemeKind::parse(&self.auth).ok_or("Choose one of the kinds of authentication.");
        let kind = errors.take("auth", kind)?;
        let saved = saved.map(|saved| &saved.scheme).filter(|scheme| scheme.kind() == kind);
        let stored = saved.and_then(Scheme::secret).map(|secret| Stored { secret, moved });
        let stored = stored.as_ref();
        let typed = |secret: &SecretString| secret.expose_secret().trim().to_owned();
        match kind {
            SchemeKind::None => Some((Scheme::None, false)),
            SchemeKind::Headers => Some((Scheme::Headers, false)),
            SchemeKind::Basic => {
                let username = errors.take("username", secrets::username(&self.username));
                let password = secrets::password(self.password.expose_secret(), stored);
                pair(username, errors.take("password", password), |username, password| Scheme::Basic {
                    username,
                    password,
                })
            }
            SchemeKind::Token => {
                let key = errors.take("token_key", secrets::token_key(self.token_key.trim()));
                let token = secrets::token("the token", &typed(&self.token), stored);
                pair(key, errors.take("token", token), |key, token| Scheme::Token { key, token })
            }
            SchemeKind::ApiKey => {
                let header = errors.take("api_key_header", secrets::header(self.api_key_header.trim()));
                let key = secrets::token("the key", &typed(&self.api_key), stored);
                pair(header, errors.take("api_key", key), |header, key| Scheme::ApiKey { header, key })
            }
            SchemeKind::Hmac => {
                let client_id = errors.take("client_id", secrets::client_id(self.client_id.trim()));
                let secret = secrets::phrase("the client secret", &typed(&self.client_secret), stored);
                pair(client_id, errors.take("client_secret", secret), |client_id, secret| Scheme::Hmac {
                    client_id,
                    secret,
                })
            }
            SchemeKind::OAuth2Client => {
                let before = match saved {
                    Some(Scheme::OAuth2Client(login)) => Some((login, moved)),
                    _ => None,
                };
                let typed = client::Typed {
                    token_url: &self.token_url,
                    client_id: &self.client_id,
                    client_secret: &self.client_secret,
                    scope: &self.scope,
                };
                typed.parse(policy, before, errors).map(|(login, entered)| (Scheme::OAuth2Client(login), entered))
            }
        }
    }

    /// What a person should know although nothing is wrong, by field.
    pub(super) fn warnings(&self) -> FieldErrors {
        let mut warnings = FieldErrors::default();
        for (field, url, used) in [
            ("base_url", &self.base_url, true),
            ("token_url", &self.token_url, self.auth == SchemeKind::OAuth2Client.as_str()),
        ] {
            if used && url.trim().get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http:")) {
                warnings.add(field, "Plain HTTP: everybody on the way can read the login. Use https if you can.");
            }
        }
        warnings
    }
}

/// True when requests may go elsewhere than the stored secrets were given for.
fn moves(saved: &Credential, base: Option<&Option<EndpointUrl>>) -> bool {
    match (&saved.base_url, base) {
        // A refused address has its own message, and what is used anywhere cannot go further.
        (_, None) | (None, _) => false,
        (Some(_), Some(None)) => true,
        (Some(old), Some(Some(new))) => client::is_elsewhere(old, new),
    }
}

fn pair(
    name: Option<String>,
    secret: Option<Entered>,
    make: impl FnOnce(String, SecretString) -> Scheme,
) -> Option<(Scheme, bool)> {
    let (name, (secret, entered)) = name.zip(secret)?;
    Some((make(name, secret), entered))
}

impl Draft {
    /// A new credential.
    pub(super) fn found(self, id: CredentialId, now: Time) -> Credential {
        let auth_set_at = self.scheme.secret().map(|_| now);
        self.build(id, auth_set_at, 1, now, now)
    }

    /// The credential as it will be after an edit.
    pub(super) fn onto(self, saved: &Credential, now: Time) -> Credential {
        let auth_set_at = match (self.scheme.secret(), self.entered) {
            (None, _) => None,
            (Some(_), true) => Some(now),
            (Some(_), false) => saved.auth_set_at,
        };
        self.build(saved.id, auth_set_at, saved.version + 1, saved.created_at, now)
    }

    fn build(
        self,
        id: CredentialId,
        auth_set_at: Option<Time>,
        version: i32,
        created_at: Time,
        now: Time,
    ) -> Credential {
        Credential {
            id,
            name: self.name,
            environment: self.environment,
            base_url: self.base_url,
            content_type: self.content_type,
            headers: self.headers,
            scheme: self.scheme,
            auth_set_at,
            version,
            created_at,
            updated_at: now,
        }
    }
}
