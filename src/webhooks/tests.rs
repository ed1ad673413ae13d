//! What the form takes and refuses, field by field, without a database.

use proptest::prelude::*;
use secrecy::{ExposeSecret, SecretString};

use super::form::{Code, Draft, FieldErrors, WebhookForm};
use super::{Auth, AuthKind, Disabled, Method, Retry, Webhook, WebhookId};
use crate::clock::Time;
use crate::ids::Ids;
use crate::outbound::Policy;

const SECRET: &str = "s3cret-Value";

fn policy() -> Policy {
    Policy::new(&[], &[], &[], false).unwrap()
}

fn form() -> WebhookForm {
    WebhookForm { name: "CI".to_owned(), url: "https://ci.acme.com/hook".to_owned(), ..WebhookForm::default() }
}

fn with(change: impl FnOnce(&mut WebhookForm)) -> WebhookForm {
    let mut form = form();
    change(&mut form);
    form
}

fn secret(text: &str) -> SecretString {
    SecretString::from(text)
}

fn draft(form: &WebhookForm) -> Draft {
    form.parse(&policy(), None).map_err(|errors| format!("{errors:?}")).unwrap()
}

fn errors(form: &WebhookForm, saved: Option<&Webhook>) -> FieldErrors {
    form.parse(&policy(), saved).err().unwrap_or_default()
}

#[track_caller]
fn refused(field: &str, change: impl FnOnce(&mut WebhookForm)) {
    let errors = errors(&with(change), None);
    assert!(!errors.of(field).is_empty(), "{field} is taken");
    assert_eq!(errors.count(), 1, "{errors:?}");
}

fn saved(change: impl FnOnce(&mut WebhookForm)) -> Webhook {
    let id: WebhookId = Ids::counting().make();
    draft(&with(change)).found(id, "ci".to_owned(), Time::from_micros(1))
}

fn saved_with_token() -> Webhook {
    saved(|form| {
        form.auth = "oauth".to_owned();
        form.token = secret(SECRET);
    })
}

fn token(auth: &Auth) -> Option<&str> {
    match auth {
        Auth::OAuth { token } => Some(token.expose_secret()),
        Auth::None | Auth::Basic { .. } | Auth::ApiKey { .. } | Auth::OAuth2Client(_) | Auth::Credential(_) => None,
    }
}

#[test]
fn a_new_form_needs_a_name_and_an_address_only() {
    let draft = draft(&form());
    assert_eq!(draft.code, Code::Suggested("ci".to_owned()));
    assert_eq!((draft.method, draft.timeout.as_secs(), draft.retry), (Method::Post, 15, Retry::Standard));
    assert!(draft.active && draft.events.is_empty() && draft.login.auth.kind() == AuthKind::None);
    let empty = errors(&WebhookForm::default(), None);
    assert_eq!(empty.iter().map(|(field, _)| field).collect::<Vec<_>>(), ["name", "url"]);
}

#[test]
fn an_unsound_name_is_refused() {
    for name in ["", "  ", "\u{200b}", &"x".repeat(121), "a\nb", "a\0b", "a\u{fffd}", "a\u{202e}b", "a\u{2067}b"] {
        refused("name", |form| form.name = name.to_owned());
    }
    refused("name", |form| form.name = format!("Z{}", "\u{301}".repeat(200)));
    for name in ["<script>alert(1)</script>", "\"><img onerror=x>", "{{7*7}}", "'; DROP TABLE webhooks", "=1+1", "@x"] {
        assert_eq!(draft(&with(|form| form.name = name.to_owned())).name, name);
    }
}

#[test]
fn a_code_is_checked_when_new_and_fixed_later() {
    for code in ["A", "a-b", "ä", "a b", &"x".repeat(61)] {
        refused("code", |form| form.code = code.to_owned());
    }
    assert_eq!(draft(&with(|form| form.code = "own_1".to_owned())).code, Code::Typed("own_1".to_owned()));
    let webhook = saved(|_| {});
    let forged = WebhookForm { code: "other".to_owned(), ..WebhookForm::of(&webhook) };
    assert!(errors(&forged, Some(&webhook)).of("code").contains("fixed"));
    assert!(WebhookForm::of(&webhook).parse(&policy(), Some(&webhook)).is_ok_and(|draft| draft.code == Code::Fixed));
}

#[test]
fn a_description_keeps_its_lines_up_to_the_limit() {
    assert_eq!(draft(&with(|form| form.description = "a\r\n<b>".to_owned())).description, "a\n<b>");
    refused("description", |form| form.description = "x".repeat(2001));
    refused("description", |form| form.description = "a\0".to_owned());
}

#[test]
fn events_are_of_the_catalogue_and_counted_once() {
    let twice = ["publication.published", "document.released", "publication.published"];
    let draft = draft(&with(|form| form.events = twice.map(str::to_owned).to_vec()));
    assert_eq!(draft.events, ["document.released", "publication.published"]);
    for event in ["foo", "", "document.released\r\nX: y", "DOCUMENT.RELEASED"] {
        refused("events", |form| form.events = vec![event.to_owned()]);
    }
}

#[test]
fn choices_are_exact() {
    for method in ["GET", "DELETE", "CONNECT", "post", "POST ", ""] {
        refused("method", |form| form.method = method.to_owned());
    }
    for method in ["POST", "PUT", "PATCH"] {
        assert_eq!(draft(&with(|form| form.method = method.to_owned())).method.as_str(), method);
    }
    refused("auth", |form| form.auth = "digest".to_owned());
    refused("retry", |form| form.retry = "forever".to_owned());
    refused("notification_type", |form| form.notification_type = "soap".to_owned());
}

#[test]
fn numbers_are_whole_and_in_range() {
    for timeout in ["", "0", "-1", "31", "61", "1e9", "NaN", "1,5", "1.5", "+5", "0x1", "99999999999999999999"] {
        refused("timeout", |form| form.timeout = timeout.to_owned());
    }
    for (timeout, seconds) in [("1", 1), ("30", 30), (" 15 ", 15)] {
        assert_eq!(draft(&with(|form| form.timeout = timeout.to_owned())).timeout.as_secs(), seconds);
    }
    for delays in ["", "0s", "-1s", "8d", "5x"] {
        refused("delays", |form| {
            form.retry = "list".to_owned();
            form.delays = delays.to_owned();
        });
    }
    let own = with(|form| {
        form.retry = "list".to_owned();
        form.delays = "30s, 5m, 2h".to_owned();
    });
    assert_eq!(draft(&own).retry, Retry::List(vec![30, 300, 7200]));
    assert_eq!(draft(&with(|form| form.delays = "left over".to_owned())).retry, Retry::Standard);
}

#[test]
fn a_token_fits_into_a_header() {
    let form = |token: &str| {
        with(|form| {
            form.auth = "oauth".to_owned();
            form.token = secret(token);
        })
    };
    for typed in ["", " ", "Bearer", "Bearer ", "a\r\nX: y", "a b", "a\0b", "tök", &"x".repeat(8193)] {
        let errors = errors(&form(typed), None);
        assert!(!errors.of("token").is_empty(), "{typed:?}");
    }
    for typed in [SECRET, "Bearer s3cret-Value", "bearer  s3cret-Value\r\n", " s3cret-Value\n"] {
        let login = draft(&form(typed)).login;
        assert_eq!(token(&login.auth), Some(SECRET));
        assert_eq!(login.bearer_cut, typed.to_lowercase().starts_with("bearer"));
    }
    assert_eq!(token(&draft(&form("Bearerless")).login.auth), Some("Bearerless"));
}

#[test]
fn a_user_name_has_no_colon_and_a_password_may_be_empty() {
    let form = |username: &str, password: &str| {
        with(|form| {
            form.auth = "basic".to_owned();
            form.username = username.to_owned();
            form.password = secret(password);
        })
    };
    for username in ["", " ", "a:b", "a\nb", &"x".repeat(1025)] {
        assert!(!errors(&form(username, "x"), None).of("username").is_empty(), "{username:?}");
    }
    for password in ["a\r\nb", "a\0", &"x".repeat(8193)] {
        assert!(!errors(&form("ci", password), None).of("password").is_empty());
    }
    assert!(form("ci", "").parse(&policy(), None).is_ok());
    assert!(!form("ci", "").warnings(None).of("password").is_empty());
    assert!(form("jürgen", " pässword ").parse(&policy(), None).is_ok());
    assert!(form("ci", "x").warnings(None).of("password").is_empty());
}

#[test]
fn the_header_of_a_key_is_a_name_that_is_free() {
    let form = |header: &str, key: &str| {
        with(|form| {
            form.auth = "api_key".to_owned();
            form.api_key_header = header.to_owned();
            form.api_key = secret(key);
        })
    };
    for header in [
        "X A",
        "",
        "x:a",
        "ünï",
        &"x".repeat(257),
        "Host",
        "CONTENT-LENGTH",
        "Webhook-Id",
        "x-webhook-test",
        "X-Forwarded-For",
        "Metadata-Flavor",
        "Cookie",
        "proxy-authorization",
        "TE",
    ] {
        assert!(!errors(&form(header, "k"), None).of("api_key_header").is_empty(), "{header}");
    }
    for key in ["", "a\r\nb", "a\0b", "a\u{7f}b", "a\tb", "schlüssel", &"x".repeat(8193)] {
        assert!(!errors(&form("X-API-Key", key), None).of("api_key").is_empty(), "{key:?}");
    }
    assert!(form("Authorization", "k").parse(&policy(), None).is_ok());
}

#[test]
fn a_signing_secret_is_sound_or_made() {
    for text in ["whsec_", "whsec_!!!", "whsec_AAAA", "plain", "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        refused("signing_secret", |form| form.signing_secret = secret(text));
    }
    assert!(draft(&form()).signing_key.is_none());
    let made = saved(|_| {});
    assert!(made.signing_keys[0].text().expose_secret().starts_with("whsec_"));
    let own = made.signing_keys[0].text().expose_secret().to_owned();
    let webhook = saved(|form| form.signing_secret = secret(&own));
    assert_eq!(webhook.signing_keys[0].text().expose_secret(), own);
}

#[test]
fn an_empty_secret_keeps_the_stored_one_at_its_own_address_only() {
    let webhook = saved_with_token();
    let edit = |url: &str| WebhookForm { url: url.to_owned(), ..WebhookForm::of(&webhook) };
    for url in ["https://ci.acme.com/other?x=1", "https://CI.acme.com:443/"] {
        let new = edit(url).parse(&policy(), Some(&webhook)).ok().unwrap().onto(&webhook, Time::from_micros(2));
        assert_eq!(token(&new.auth), Some(SECRET), "{url}");
        assert_eq!(new.auth_set_at, webhook.auth_set_at);
    }
    for url in [
        "https://evil.com/",
        "http://ci.acme.com/hook",
        "https://ci.acme.com:8443/hook",
        "https://ci.acme.com.evil.com/",
    ] {
        let errors = errors(&edit(url), Some(&webhook));
        assert!(errors.of("token").contains("Enter the credentials again for the new address"), "{url}");
    }
    let again = WebhookForm { token: secret("other"), ..edit("https://evil.com/") };
    let new = again.parse(&policy(), Some(&webhook)).ok().unwrap().onto(&webhook, Time::from_micros(2));
    assert_eq!((token(&new.auth), new.auth_set_at), (Some("other"), Some(Time::from_micros(2))));
}

#[test]
fn a_kept_key_may_change_its_header() {
    let webhook = saved(|form| {
        form.auth = "api_key".to_owned();
        form.api_key = secret(SECRET);
    });
    let edit = WebhookForm { api_key_header: "X-Other".to_owned(), ..WebhookForm::of(&webhook) };
    let draft = edit.parse(&policy(), Some(&webhook)).ok().unwrap();
    assert!(
        matches!(draft.login.auth, Auth::ApiKey { header, key } if header == "X-Other" && key.expose_secret() == SECRET)
    );
}

#[test]
fn another_kind_of_login_never_takes_the_stored_secret() {
    let webhook = saved_with_token();
    let change =
        |auth: &str| WebhookForm { auth: auth.to_owned(), username: "ci".to_owned(), ..WebhookForm::of(&webhook) };
    assert!(!errors(&change("api_key"), Some(&webhook)).of("api_key").is_empty());
    let basic = change("basic").parse(&policy(), Some(&webhook)).ok().unwrap();
    assert!(matches!(basic.login.auth, Auth::Basic { password, .. } if password.expose_secret().is_empty()));
    let left_over = WebhookForm { token: secret("left over"), ..change("none") };
    let new = left_over.parse(&policy(), Some(&webhook)).ok().unwrap().onto(&webhook, Time::from_micros(2));
    assert!(matches!(new.auth, Auth::None) && new.auth_set_at.is_none());
}

#[test]
fn saving_as_active_enables_what_was_disabled() {
    let webhook =
        Webhook { disabled: Some(Disabled { at: Time::from_micros(1), reason: "410".to_owned() }), ..saved(|_| {}) };
    let save = |active: &str| {
        let form = WebhookForm { active: active.to_owned(), ..WebhookForm::of(&webhook) };
        form.parse(&policy(), Some(&webhook)).ok().unwrap().onto(&webhook, Time::from_micros(2))
    };
    assert!(save("true").is_sendable());
    assert!(save("").disabled.is_some());
}

#[test]
fn plain_http_is_taken_with_a_warning() {
    let plain = with(|form| form.url = "HTTP://ci.acme.com/hook".to_owned());
    assert_eq!(draft(&plain).url.as_str(), "http://ci.acme.com/hook");
    assert!(!plain.warnings(None).of("url").is_empty());
    assert_eq!(form().warnings(None).count(), 0);
}

proptest! {
    #[test]
    fn a_name_that_is_taken_can_be_seen_and_read(name in any::<String>()) {
        let typed = with(|form| form.name.clone_from(&name));
        if let Ok(draft) = typed.parse(&policy(), None) {
            prop_assert!((1..=120).contains(&draft.name.chars().count()));
            prop_assert_eq!(draft.name.trim(), &draft.name);
            prop_assert!(!draft.name.chars().any(|letter| letter.is_control() || ('\u{202a}'..='\u{202e}').contains(&letter)), "a control character passed");
        }
    }

    #[test]
    fn no_form_makes_the_rules_panic(fields in prop::collection::vec(any::<String>(), 8)) {
        let [name, code, url, description, token, username, delays, timeout]: [String; 8] = fields.try_into().unwrap();
        for auth in AuthKind::ALL {
            let form = WebhookForm {
                name: name.clone(), code: code.clone(), url: url.clone(), description: description.clone(),
                token: secret(&token), username: username.clone(), delays: delays.clone(), timeout: timeout.clone(),
                auth: auth.as_str().to_owned(), retry: "list".to_owned(), ..WebhookForm::default()
            };
            let _ = form.warnings(None);
            prop_assert!(form.parse(&policy(), None).is_ok_and(|draft| draft.timeout.as_secs() <= 30) || errors(&form, None).count() > 0);
        }
    }
}
