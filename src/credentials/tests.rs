//! What the form takes and refuses, and where a path may lead, without a database.

use secrecy::{ExposeSecret, SecretString};

use super::form::CredentialForm;
use super::{Credential, CredentialId, Scheme, join};
use crate::clock::Time;
use crate::ids::Ids;
use crate::outbound::Policy;
use crate::web::FieldErrors;

fn policy() -> Policy {
    Policy::new(&[], &[], &[], false).unwrap()
}

fn form(change: impl FnOnce(&mut CredentialForm)) -> CredentialForm {
    let mut form = CredentialForm { name: "CI".to_owned(), ..CredentialForm::default() };
    change(&mut form);
    form
}

fn saved(change: impl FnOnce(&mut CredentialForm)) -> Credential {
    let id: CredentialId = Ids::counting().make();
    form(change).parse(&policy(), None).map_err(|errors| format!("{errors:?}")).unwrap().found(id, Time::from_micros(1))
}

fn errors(form: &CredentialForm, saved: Option<&Credential>) -> FieldErrors {
    form.parse(&policy(), saved).err().unwrap_or_default()
}

fn secret(text: &str) -> SecretString {
    SecretString::from(text)
}

fn api_key(form: &mut CredentialForm) {
    form.base_url = "https://api.acme.com/v1".to_owned();
    form.auth = "api_key".to_owned();
    form.api_key = secret("hush");
    form.header_name = vec!["X-Tenant".to_owned()];
    form.header_value = vec![secret("blue")];
}

#[test]
fn each_kind_asks_for_what_it_needs() {
    for (auth, wrong) in [
        ("none", &[][..]),
        ("headers", &["headers"]),
        ("basic", &["username"]),
        ("token", &["token"]),
        ("api_key", &["api_key"]),
        ("hmac", &["client_id", "client_secret"]),
        ("oauth2_client", &["token_url", "client_id", "client_secret"]),
        ("magic", &["auth"]),
    ] {
        let errors = errors(&form(|form| form.auth = auth.to_owned()), None);
        assert_eq!(errors.iter().map(|(field, _)| field).collect::<Vec<_>>(), wrong, "{auth}");
    }
}

#[test]
fn values_that_no_request_can_carry_are_refused() {
    let wrong = |field: &str, change: fn(&mut CredentialForm)| {
        let errors = errors(&form(change), None);
        assert!(!errors.of(field).is_empty(), "{field}: {errors:?}");
    };
    wrong("base_url", |form| form.base_url = "https://api.acme.com/?a=b".to_owned());
    wrong("base_url", |form| form.base_url = "https://127.0.0.1/".to_owned());
    wrong("content_type", |form| form.content_type = "xml".to_owned());
    wrong("environment", |form| form.environment = "moon".to_owned());
    wrong("name", |form| form.name = " ".to_owned());
    wrong("headers", |form| {
        form.auth = "hmac".to_owned();
        form.header_name = vec!["x-signature".to_owned()];
        form.header_value = vec![secret("a")];
        (form.client_id, form.client_secret) = ("c".to_owned(), secret("s"));
    });
    wrong("headers", |form| {
        form.header_name = vec!["Content-Length".to_owned()];
        form.header_value = vec![secret("3")];
    });
    wrong("token_key", |form| {
        (form.auth, form.token_key, form.token) = ("token".to_owned(), "Bearer x".to_owned(), secret("t"));
    });
    wrong("token_url", |form| {
        form.auth = "oauth2_client".to_owned();
        form.token_url = "http://169.254.169.254/token".to_owned();
    });
    wrong("scope", |form| {
        form.auth = "oauth2_client".to_owned();
        form.scope = "a \"b\"".to_owned();
    });
}

#[test]
fn an_empty_secret_keeps_the_stored_one_at_its_own_address_only() {
    let stored = saved(api_key);
    let edit = |url: &str| {
        let mut form = CredentialForm::of(&stored);
        form.base_url = url.to_owned();
        form
    };
    for same in ["https://api.acme.com/v1", "https://api.acme.com/v2/", "https://api.acme.com:443"] {
        let new = edit(same).parse(&policy(), Some(&stored)).ok().unwrap().onto(&stored, Time::from_micros(2));
        assert!(matches!(&new.scheme, Scheme::ApiKey { key, .. } if key.expose_secret() == "hush"), "{same}");
        assert_eq!(new.headers[0].value.expose_secret(), "blue");
        assert_eq!(new.auth_set_at, stored.auth_set_at);
    }
    for other in ["https://evil.com/v1", "http://api.acme.com/v1", "https://api.acme.com:8443/v1", ""] {
        let errors = errors(&edit(other), Some(&stored));
        assert!(errors.of("api_key").starts_with("Enter the credentials again"), "{other}");
        assert!(errors.of("headers").contains("again for the new address"), "{other}");
    }
    let mut other_kind = CredentialForm::of(&stored);
    other_kind.auth = "token".to_owned();
    assert_eq!(errors(&other_kind, Some(&stored)).of("token"), "Enter the token.");
}

#[test]
fn a_client_secret_does_not_follow_to_another_token_endpoint() {
    let stored = saved(|form| {
        form.auth = "oauth2_client".to_owned();
        form.token_url = "https://id.acme.com/token".to_owned();
        (form.client_id, form.client_secret) = ("desk".to_owned(), secret("hush"));
        form.scope = " read \t write ".to_owned();
    });
    assert!(matches!(&stored.scheme, Scheme::OAuth2Client(login) if login.scope == "read write"));
    let mut edit = CredentialForm::of(&stored);
    assert!(edit.parse(&policy(), Some(&stored)).is_ok());
    edit.token_url = "https://id.acme.com/v2/token".to_owned();
    assert!(edit.parse(&policy(), Some(&stored)).is_ok());
    edit.token_url = "https://evil.com/token".to_owned();
    assert!(errors(&edit, Some(&stored)).of("client_secret").starts_with("Enter the credentials again"));
}

#[test]
fn a_path_is_joined_by_one_slash_and_stays_below_its_base() {
    let of = |base: &str| saved(|form| form.base_url = base.to_owned());
    for (base, path, url) in [
        ("https://api.acme.com", "hooks", "https://api.acme.com/hooks"),
        ("https://api.acme.com", "/hooks", "https://api.acme.com/hooks"),
        ("https://api.acme.com/", "/hooks", "https://api.acme.com/hooks"),
        ("https://api.acme.com/v1", "hooks", "https://api.acme.com/v1/hooks"),
        ("https://api.acme.com/v1/", "/hooks/", "https://api.acme.com/v1/hooks/"),
        ("https://api.acme.com/v1", "/", "https://api.acme.com/v1/"),
        ("https://api.acme.com/v1", "/a:b?x=1&y=2", "https://api.acme.com/v1/a:b?x=1&y=2"),
        ("https://api.acme.com/v1", "?x=1", "https://api.acme.com/v1/?x=1"),
        ("https://api.acme.com/v1", "..a/...", "https://api.acme.com/v1/..a/..."),
    ] {
        let address = join::address(path, &of(base), &policy()).ok().unwrap();
        assert_eq!((address.url.as_str(), address.path.as_deref()), (url, Some(path)), "{base} {path}");
        assert_eq!(join::joined(of(base).base_url.as_deref().unwrap(), path), url);
    }
    let credential = of("https://api.acme.com/v1");
    for path in [
        "",
        "//evil.com",
        "/a//b",
        "..",
        "../v2",
        "/a/../../v2",
        "/%2e%2e/v2",
        "/a/.%2E/b",
        "/%2E./",
        "a\\b",
        "\\\\evil.com",
        "@evil.com",
        "/a@b",
        "javascript:x",
        "file:///etc/passwd",
        "ftp://evil.com",
        "/a b",
        "/a#b",
        "/ü",
        "/a?u=https://b.c",
        "/a\n",
        "\t/a",
    ] {
        assert!(join::address(path, &credential, &policy()).is_err(), "{path:?} is taken");
    }
    for whole in ["https://api.acme.com/elsewhere", "HTTPS://API.acme.com:443/x"] {
        assert!(join::address(whole, &credential, &policy()).is_ok_and(|address| address.path.is_none()), "{whole}");
    }
    for whole in
        ["https://evil.com/", "http://api.acme.com/", "https://api.acme.com:8443/", "https:evil.com", "http:/x"]
    {
        assert!(join::address(whole, &credential, &policy()).is_err(), "{whole} is taken");
    }
}
