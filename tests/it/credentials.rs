//! Credentials: their pages, what a receiver sees of each kind, tokens of OAuth 2, and the API.

mod api;
mod pages;
mod provider;
mod requests;
mod tokens;

use crate::support::app::TestApp;
use crate::support::browser::{Answer, Browser};
use crate::support::receiver::{self, Behaviour, Receiver};

/// The list, and where a new credential is posted.
const LIST: &str = "/settings/credentials";
/// What no page, answer, row or log may hold.
const SECRET: &str = "hush-4c1d-secret";

/// Adds a credential and returns its id.
async fn credential(admin: &Browser, fields: &[(&str, &str)]) -> String {
    let mut all = vec![("name", "Desk"), ("content_type", "json")];
    all.retain(|(name, _)| !fields.iter().any(|(other, _)| other == name));
    all.extend(fields);
    let answer = admin.post(LIST, &all).await;
    assert_eq!(answer.status(), 303, "{:?}", answer.texts(".error, #problem"));
    let name = all.iter().find(|(field, _)| *field == "name").unwrap().1;
    id_of(&admin.get(LIST).await, name)
}

/// The id of the credential of that name in the list.
fn id_of(list: &Answer, name: &str) -> String {
    let names = list.texts("tbody th a.name");
    let place = names.iter().position(|one| one == name).unwrap_or_else(|| panic!("{name} is in {names:?}"));
    let href = &list.attributes("tbody th a.name", "href")[place];
    href.split('/').nth(3).unwrap().to_owned()
}

/// Posts the Add dialog of a webhook that logs in with a credential.
async fn post_webhook(admin: &Browser, url: &str, credential: &str, fields: &[(&str, &str)]) -> Answer {
    let mut all = vec![
        ("name", "CI"),
        ("url", url),
        ("auth", "credential"),
        ("credential_id", credential),
        ("events", "document.released"),
        ("notification_type", "rest"),
        ("method", "POST"),
        ("timeout", "5"),
        ("retry", "standard"),
        ("active", "true"),
    ];
    all.retain(|(name, _)| !fields.iter().any(|(other, _)| other == name));
    all.extend(fields);
    admin.post("/settings/webhooks", &all).await
}

/// The page of such a webhook.
async fn webhook(admin: &Browser, url: &str, credential: &str, fields: &[(&str, &str)]) -> String {
    let answer = post_webhook(admin, url, credential, fields).await;
    assert_eq!(answer.status(), 303, "{:?}", answer.texts(".error"));
    answer.header("location").to_owned()
}

/// The sentence beside a field.
fn error(answer: &Answer, field: &str) -> String {
    answer.texts(&format!("#f-{field}-error")).pop().unwrap_or_default()
}

/// A receiver that takes everything.
async fn taking() -> Receiver {
    Receiver::open(Behaviour::Answer(receiver::Answer::status(200))).await
}

/// A token endpoint's answer.
fn token(token: &str, seconds: u32) -> receiver::Answer {
    let body = format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":{seconds}}}"#);
    receiver::Answer::status(200).header("Content-Type", "application/json").body(body)
}

/// Everything that the database holds of these tables, as text.
async fn rows(app: &TestApp) -> String {
    use diesel::prelude::*;
    use postrider::schema::{attempts, audit, credentials, webhooks};
    app.read(|conn| {
        let mut all: Vec<Option<String>> = audit::table.select(audit::changes.nullable()).load(conn)?;
        all.extend(attempts::table.select(attempts::request_headers).load::<Option<String>>(conn)?);
        all.extend(attempts::table.select(attempts::detail).load::<Option<String>>(conn)?);
        all.extend(credentials::table.select(credentials::auth_secret).load::<Option<String>>(conn)?);
        all.extend(credentials::table.select(credentials::headers).load::<Option<String>>(conn)?);
        all.extend(webhooks::table.select(webhooks::auth_secret).load::<Option<String>>(conn)?);
        Ok(all.into_iter().flatten().collect::<Vec<_>>().join("\n"))
    })
    .await
}
