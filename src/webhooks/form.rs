//! The webhook form: what was typed, to be shown again, and what it means once every rule is met.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};

use super::filter::{self, WebhookFilters};
use super::headers::{self, CustomHeader};
use super::login::{self, Login};
use super::sign::SigningKey;
use super::template::{Preset, Target, Template};
use super::{Auth, AuthKind, Disabled, Format, Method, Retry, RetryKind, Webhook, WebhookId, code, delays};
use crate::clock::Time;
use crate::credentials::Credential;
use crate::credentials::join::{self, Address};
use crate::event_types::{Catalogue, EventType};
use crate::events::Environment;
use crate::filters::Mode;
use crate::outbound::{EndpointUrl, Policy};
use crate::text;
pub use crate::web::FieldErrors;
use crate::web::listing::NO_ENVIRONMENT;

/// The longest name, in characters.
pub const LONGEST_NAME: usize = 120;
/// The longest description, in characters.
pub const LONGEST_DESCRIPTION: usize = 2_000;
/// The longest text that means failure, in characters.
const LONGEST_RULE: usize = 200;
/// The longest timeout, in seconds.
pub const LONGEST_TIMEOUT: u64 = 30;

/// The fields as they were sent; what a browser leaves out has the value of a new form. No `Debug`: it holds secrets.
#[derive(Clone, Deserialize)]
#[serde(default)]
pub struct WebhookForm {
    pub(super) name: String,
    pub(super) code: String,
    pub(super) url: String,
    pub(super) description: String,
    pub(super) notification_type: String,
    pub(super) auth: String,
    #[serde(deserialize_with = "secret")]
    pub(super) token: SecretString,
    pub(super) username: String,
    #[serde(deserialize_with = "secret")]
    pub(super) password: SecretString,
    pub(super) api_key_header: String,
    #[serde(deserialize_with = "secret")]
    pub(super) api_key: SecretString,
    pub(super) token_url: String,
    pub(super) client_id: String,
    #[serde(deserialize_with = "secret")]
    pub(super) client_secret: SecretString,
    pub(super) scope: String,
    pub(super) credential_id: String,
    pub(super) events: Vec<String>,
    pub(super) method: String,
    pub(super) format: String,
    /// The template of that format.
    pub(super) template: String,
    /// The template that a person wants to begin with.
    pub(super) preset: String,
    /// The rows of headers, name by name and value by value.
    pub(super) header_name: Vec<String>,
    #[serde(deserialize_with = "secrets")]
    pub(super) header_value: Vec<SecretString>,
    /// The rows of filters, path by path, operator by operator and value by value.
    pub(super) filter_path: Vec<String>,
    pub(super) filter_operator: Vec<String>,
    pub(super) filter_value: Vec<String>,
    pub(super) filter_mode: String,
    pub(super) workflow: String,
    pub(super) survey: String,
    pub(super) group: String,
    pub(super) timeout: String,
    pub(super) fail_when: String,
    pub(super) retry: String,
    pub(super) delays: String,
    /// A check box: absent is off.
    #[serde(default)]
    pub(super) active: String,
    /// A check box for `test`: absent is `production`.
    pub(super) environment: String,
    #[serde(deserialize_with = "secret")]
    pub(super) signing_secret: SecretString,
    pub(super) form_id: String,
    pub(super) version: String,
    /// The webhook that is edited, where the values are tested before they are saved.
    pub(super) id: String,
    /// The type whose example a test sends.
    pub(super) test_event: String,
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

fn secrets<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<SecretString>, D::Error> {
    Vec::<String>::deserialize(deserializer).map(|all| all.into_iter().map(SecretString::from).collect())
}

/// A new webhook's form.
impl Default for WebhookForm {
    fn default() -> Self {
        Self {
            name: String::new(),
            code: String::new(),
            url: String::new(),
            description: String::new(),
            notification_type: "rest".to_owned(),
            auth: AuthKind::None.as_str().to_owned(),
            token: SecretString::default(),
            username: String::new(),
            password: SecretString::default(),
            api_key_header: login::DEFAULT_HEADER.to_owned(),
            api_key: SecretString::default(),
            token_url: String::new(),
            client_id: String::new(),
            client_secret: SecretString::default(),
            scope: String::new(),
            credential_id: String::new(),
            events: Vec::new(),
            method: Method::Post.as_str().to_owned(),
            format: Format::Notification.as_str().to_owned(),
            template: String::new(),
            preset: String::new(),
            header_name: Vec::new(),
            header_value: Vec::new(),
            filter_path: Vec::new(),
            filter_operator: Vec::new(),
            filter_value: Vec::new(),
            filter_mode: Mode::All.as_str().to_owned(),
            workflow: String::new(),
            survey: String::new(),
            group: String::new(),
            timeout: "15".to_owned(),
            fail_when: String::new(),
            retry: RetryKind::Standard.as_str().to_owned(),
            delays: String::new(),
            active: "true".to_owned(),
            environment: Environment::Production.as_str().to_owned(),
            signing_secret: SecretString::default(),
            form_id: String::new(),
            version: String::new(),
            id: String::new(),
            test_event: String::new(),
        }
    }
}

/// Where a webhook's code comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Code {
    /// It exists and cannot change.
    Fixed,
    /// A person chose it: taken is refused.
    Typed(String),
    /// Made from the name: taken gets a number.
    Suggested(String),
}

/// What a form is held against.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// Where requests may go.
    pub policy: &'a Policy,
    /// The credentials that may be chosen.
    pub credentials: &'a [Arc<Credential>],
    /// The event types that may be ticked.
    pub catalogue: &'a Catalogue,
}

/// Nothing but what is built in can be chosen where nothing is known.
impl<'a> From<&'a Policy> for Known<'a> {
    fn from(policy: &'a Policy) -> Self {
        Self { policy, credentials: &[], catalogue: Catalogue::untouched() }
    }
}

/// Values that meet every rule of their fields; only the code may still be taken.
#[derive(Clone)]
pub struct Draft {
    pub(super) name: String,
    pub(super) code: Code,
    pub(super) url: EndpointUrl,
    /// What was typed, where the credential's base URL comes before it.
    pub(super) path: Option<String>,
    pub(super) description: String,
    pub(super) active: bool,
    pub(super) environment: Environment,
    pub(super) method: Method,
    pub(super) format: Format,
    pub(super) template: Option<Template>,
    pub(super) headers: Vec<CustomHeader>,
    pub(super) filters: WebhookFilters,
    pub(super) timeout: Duration,
    pub(super) fail_when: Option<String>,
    pub(super) retry: Retry,
    pub(super) login: Login,
    /// A signing secret that a person chose.
    pub(super) signing_key: Option<SigningKey>,
    pub(super) events: Vec<String>,
}

impl WebhookForm {
    /// The form of a webhook that exists; its secrets stay behind.
    pub fn of(webhook: &Webhook) -> Self {
        let mut form = Self {
            name: webhook.name.clone(),
            code: webhook.code.clone(),
            url: webhook.typed_url().to_owned(),
            description: webhook.description.clone(),
            auth: webhook.auth.kind().as_str().to_owned(),
            events: webhook.events.clone(),
            method: webhook.method.as_str().to_owned(),
            format: webhook.format.as_str().to_owned(),
            template: webhook.template.as_ref().map(|template| template.text().to_owned()).unwrap_or_default(),
            header_name: webhook.headers.iter().map(|header| header.name.clone()).collect(),
            environment: webhook.environment.as_str().to_owned(),
            timeout: webhook.timeout.as_secs().to_string(),
            fail_when: webhook.fail_when.clone().unwrap_or_default(),
            retry: webhook.retry.kind().as_str().to_owned(),
            active: if webhook.active { "true" } else { "" }.to_owned(),
            version: webhook.version.to_string(),
            id: webhook.id.to_string(),
            ..Self::default()
        };
        match &webhook.auth {
            Auth::None | Auth::OAuth { .. } => {}
            Auth::Basic { username, .. } => form.username.clone_from(username),
            Auth::ApiKey { header, .. } => form.api_key_header.clone_from(header),
            Auth::OAuth2Client(login) => {
                form.token_url.clone_from(&login.token_url);
                form.client_id.clone_from(&login.client_id);
                form.scope.clone_from(&login.scope);
            }
            Auth::Credential(credential) => form.credential_id = credential.id().to_string(),
        }
        filter::fill(&mut form, &webhook.filters);
        if let Retry::List(list) = &webhook.retry {
            form.delays = delays::show(list);
        }
        form
    }

    /// The ticked types that there are.
    pub(super) fn ticked(&self, catalogue: &Catalogue) -> Vec<String> {
        self.events.iter().filter(|name| catalogue.find(name).is_some()).cloned().collect()
    }

    /// Whether the box Active is ticked.
    pub(super) fn is_active(&self) -> bool {
        matches!(self.active.as_str(), "true" | "on" | "1")
    }

    /// Holds every field against its rules; `saved` is the webhook that is edited.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn parse<'a>(&self, known: impl Into<Known<'a>>, saved: Option<&Webhook>) -> Result<Draft, FieldErrors> {
        let (known, mut errors) = (known.into(), FieldErrors::default());
        let named = text::line(&self.name, LONGEST_NAME);
        let name = errors.take("name", named.map_err(|fault| fault.sentence("the name", LONGEST_NAME)));
        let code = self.code(name.as_deref(), saved, &mut errors);
        let address = self.address(&known, &mut errors);
        let url = address.as_ref().map(|address| &address.url);
        let described = text::lines(&self.description, LONGEST_DESCRIPTION);
        let description = errors
            .take("description", described.map_err(|fault| fault.sentence("the description", LONGEST_DESCRIPTION)));
        if self.notification_type != "rest" {
            errors.add("notification_type", "REST is the one notification type.");
        }
        let login = login::parse(self, &known, saved, url, &mut errors);
        let events = errors.take("events", self.events(known.catalogue));
        let method = errors.take("method", Method::parse(&self.method).ok_or("Choose POST, PUT or PATCH."));
        let format = errors.take("format", Format::parse(&self.format).ok_or("Choose one of the payload formats."));
        let environment = Environment::parse(&self.environment);
        let environment = errors.take("environment", environment.ok_or(NO_ENVIRONMENT));
        let (target, world) =
            (target(name.as_deref(), code.as_ref(), saved), environment.unwrap_or(Environment::Production));
        let ticked = known.catalogue.of(events.as_deref().unwrap_or_default()).map(|kind| &**kind);
        let template = errors.take("template", self.template(format, target, world, ticked));
        let headers = self.headers(saved, url, login.as_ref(), &mut errors);
        let filters = filter::parse(self, &mut errors);
        let timeout = errors.take("timeout", self.timeout());
        let fail_when = errors.take("fail_when", self.fail_when());
        let retry = self.retry(&mut errors);
        let signing_key = errors.take("signing_secret", self.signing_key());
        let all = name.zip(code).zip(address).zip(description).zip(login).zip(events).zip(method).zip(timeout);
        let more =
            retry.zip(signing_key).zip(format.zip(template)).zip(headers).zip(environment).zip(filters).zip(fail_when);
        let (Some(all), Some(more), true) = (all, more, errors.is_empty()) else { return Err(errors) };
        let (((((((name, code), address), description), login), events), method), timeout) = all;
        let ((((((retry, signing_key), (format, template)), headers), environment), filters), fail_when) = more;
        Ok(Draft {
            name,
            code,
            url: address.url,
            path: address.path,
            description,
            active: self.is_active(),
            environment,
            method,
            format,
            template,
            headers,
            filters,
            timeout,
            fail_when,
            retry,
            login,
            signing_key,
            events,
        })
    }

    /// Where requests go: a whole URL, or a path below the base URL of the credential.
    fn address(&self, known: &Known<'_>, errors: &mut FieldErrors) -> Option<Address> {
        let credential = errors.take("credential_id", login::credential(self, known))?;
        let address = match credential {
            Some(credential) => join::address(&self.url, &credential, known.policy),
            None => {
                let checked = known.policy.check_url(&self.url).map_err(|refusal| refusal.sentence());
                checked.map(|url| Address { url, path: None })
            }
        };
        errors.take("url", address)
    }

    fn headers(
        &self,
        saved: Option<&Webhook>,
        url: Option<&EndpointUrl>,
        login: Option<&Login>,
        errors: &mut FieldErrors,
    ) -> Option<Vec<CustomHeader>> {
        let headers = errors.take("headers", headers::parse(self, saved, url))?;
        // A login that is wrong has its own message.
        let free = login.map_or(Ok(()), |login| headers::check_login(&headers, &login.auth));
        errors.take("headers", free).map(|()| headers)
    }

    fn code(&self, name: Option<&str>, saved: Option<&Webhook>, errors: &mut FieldErrors) -> Option<Code> {
        let typed = self.code.trim();
        match saved {
            Some(webhook) if typed.is_empty() || typed == webhook.code => Some(Code::Fixed),
            Some(webhook) => {
                errors.add("code", format!("The code is fixed once a webhook exists; this one's is {}.", webhook.code));
                None
            }
            None if typed.is_empty() => name.map(|name| Code::Suggested(code::suggest(name))),
            None => errors.take("code", code::parse(typed)).map(Code::Typed),
        }
    }

    fn events(&self, catalogue: &Catalogue) -> Result<Vec<String>, String> {
        let mut known = BTreeSet::new();
        for name in &self.events {
            let kind =
                catalogue.find(name).ok_or_else(|| format!("“{name}” is no event type here; tick those of the list."));
            known.insert(kind?.name.to_string());
        }
        Ok(known.into_iter().collect())
    }

    /// The template, tried on the examples of the ticked types; one of another format is not kept.
    fn template<'a>(
        &self,
        format: Option<Format>,
        target: Target<'_>,
        environment: Environment,
        ticked: impl Iterator<Item = &'a EventType>,
    ) -> Result<Option<Template>, String> {
        if format != Some(Format::Template) {
            return Ok(None);
        }
        let template = Template::parse(&self.template)?;
        template.check(target, environment, ticked)?;
        Ok(Some(template))
    }

    fn timeout(&self) -> Result<Duration, String> {
        let typed = self.timeout.trim();
        let digits = !typed.is_empty() && typed.bytes().all(|byte| byte.is_ascii_digit());
        let seconds = typed.parse().ok().filter(|seconds| digits && (1..=LONGEST_TIMEOUT).contains(seconds));
        seconds.map(Duration::from_secs).ok_or_else(|| format!("Give whole seconds from 1 to {LONGEST_TIMEOUT}."))
    }

    /// As it was typed, since spaces may be part of what is looked for.
    fn fail_when(&self) -> Result<Option<String>, String> {
        let typed = self.fail_when.as_str();
        if typed.trim().is_empty() {
            return Ok(None);
        }
        if typed.chars().count() > LONGEST_RULE {
            return Err(format!("Shorten the text to {LONGEST_RULE} characters."));
        }
        if typed.chars().any(char::is_control) {
            return Err("Take line breaks and control characters out of the text.".to_owned());
        }
        Ok(Some(typed.to_owned()))
    }

    fn retry(&self, errors: &mut FieldErrors) -> Option<Retry> {
        match errors.take("retry", RetryKind::parse(&self.retry).ok_or("Choose one of the retry presets."))? {
            RetryKind::Standard => Some(Retry::Standard),
            RetryKind::Quick => Some(Retry::Quick),
            RetryKind::List => errors.take("delays", delays::parse(&self.delays)).map(Retry::List),
        }
    }

    fn signing_key(&self) -> Result<Option<SigningKey>, &'static str> {
        match self.signing_secret.expose_secret().trim() {
            "" => Ok(None),
            text => SigningKey::parse(text).map(Some),
        }
    }

    /// A form for showing what is sent.
    pub(super) fn sample() -> Self {
        Self { name: "My webhook".to_owned(), url: "https://receiver.example.com/hooks".to_owned(), ..Self::default() }
    }

    /// The same with bodies of this shape.
    pub(crate) fn sample_in(format: Format) -> Self {
        Self { format: format.to_string(), template: Preset::Plain.text().to_owned(), ..Self::sample() }
    }

    /// A webhook of what is typed so far, for showing its bodies: what is not right yet has its default, and no login.
    pub(crate) fn sketch(&self, id: WebhookId, now: Time) -> Webhook {
        let name = text::line(&self.name, LONGEST_NAME).unwrap_or_default();
        let webhook = empty(id, code::suggest(&name), SigningKey::generate(), now);
        Webhook {
            name,
            url: self.url.clone(),
            method: Method::parse(&self.method).unwrap_or(Method::Post),
            format: Format::parse(&self.format).unwrap_or(Format::Notification),
            template: Some(Template::stored(self.template.clone())),
            environment: Environment::parse(&self.environment).unwrap_or(Environment::Production),
            ..webhook
        }
    }

    /// What a person should know although nothing is wrong, by field.
    pub fn warnings(&self, saved: Option<&Webhook>) -> FieldErrors {
        let mut warnings = FieldErrors::default();
        if self.url.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http:")) {
            warnings.add(
                "url",
                "Plain HTTP: everybody on the way can read the requests and the login. Use https if you can.",
            );
        }
        login::warn(self, saved, &mut warnings);
        warnings
    }
}

impl Draft {
    /// A new webhook of that code.
    pub(super) fn found(self, id: WebhookId, code: String, now: Time) -> Webhook {
        let signing_key = self.signing_key.clone().unwrap_or_else(SigningKey::generate);
        self.build(empty(id, code, signing_key, now), now)
    }

    /// The webhook as it will be after an edit. Saved as active it is enabled again, whatever had disabled it.
    pub(super) fn onto(self, saved: &Webhook, now: Time) -> Webhook {
        let disabled: Option<Disabled> = if self.active { None } else { saved.disabled.clone() };
        self.build(Webhook { disabled, version: saved.version + 1, updated_at: now, ..saved.clone() }, now)
    }

    /// The webhook that a test calls: what is typed, over what is saved.
    pub(super) fn trial(self, saved: Option<&Webhook>, id: WebhookId, now: Time) -> Webhook {
        match (saved, &self.code) {
            (Some(saved), _) => self.onto(saved, now),
            (None, Code::Typed(code) | Code::Suggested(code)) => {
                let code = code.clone();
                self.found(id, code, now)
            }
            (None, Code::Fixed) => self.found(id, String::new(), now),
        }
    }

    fn build(self, base: Webhook, now: Time) -> Webhook {
        let auth_set_at = match (&self.login.auth, self.login.entered) {
            (Auth::None | Auth::Credential(_), _) => None,
            (_, true) => Some(now),
            (_, false) => base.auth_set_at,
        };
        // A secret that a person chose replaces the one of a webhook that exists, with the same overlap as a rotation.
        let fresh = self.signing_key.filter(|key| base.signing_keys.first().is_none_or(|old| !old.is(key)));
        let base = match fresh {
            Some(key) => base.with_key(key, now),
            None => base,
        };
        Webhook {
            name: self.name,
            url: self.url.as_str().to_owned(),
            path: self.path,
            description: self.description,
            active: self.active,
            environment: self.environment,
            method: self.method,
            format: self.format,
            template: self.template,
            headers: self.headers,
            filters_set_at: if self.filters == base.filters { base.filters_set_at } else { Some(now) },
            filters: self.filters,
            timeout: self.timeout,
            fail_when: self.fail_when,
            retry: self.retry,
            auth: self.login.auth,
            auth_set_at,
            events: self.events,
            ..base
        }
    }
}

/// What a template is told of the webhook as it will be; a new one has its id only once it is saved.
fn target<'a>(name: Option<&'a str>, code: Option<&'a Code>, saved: Option<&'a Webhook>) -> Target<'a> {
    let code = match code {
        Some(Code::Typed(code) | Code::Suggested(code)) => code,
        Some(Code::Fixed) | None => saved.map_or("example", |webhook| &webhook.code),
    };
    let id = saved.map_or("whk_example", |webhook| webhook.id.as_str());
    Target { id, code, name: name.unwrap_or("Example") }
}

/// A webhook on which nothing is set yet.
fn empty(id: WebhookId, code: String, signing_key: SigningKey, now: Time) -> Webhook {
    Webhook {
        id,
        code,
        name: String::new(),
        url: String::new(),
        path: None,
        description: String::new(),
        environment: Environment::Production,
        active: false,
        method: Method::Post,
        format: Format::Notification,
        template: None,
        timeout: Duration::ZERO,
        fail_when: None,
        retry: Retry::Standard,
        auth: Auth::None,
        auth_set_at: None,
        headers: Vec::new(),
        filters: WebhookFilters::default(),
        filters_set_at: None,
        signing_keys: vec![signing_key],
        previous_key_until: None,
        disabled: None,
        paused: None,
        events: Vec::new(),
        version: 1,
        created_at: now,
        updated_at: now,
    }
}
