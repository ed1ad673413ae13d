//! The pages of webhooks: the dialogs, what they take and refuse, the test, and that no secret comes back.

mod api;
mod dialog;
mod filters;
mod hold;
mod list;
mod page;
mod settings;
mod template;
mod trial;

use crate::support::app::TestApp;
use crate::support::browser::{Answer, Browser};

/// The list, and where a new webhook is posted.
const LIST: &str = "/settings/webhooks";

/// The fields of a sound form, with some replaced or added; an empty value takes a field out.
fn fields<'a>(changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut all = vec![
        ("name", "Build server"),
        ("url", "https://ci.example.com/hooks"),
        ("notification_type", "rest"),
        ("auth", "none"),
        ("events", "document.released"),
        ("method", "POST"),
        ("timeout", "15"),
        ("retry", "standard"),
        ("active", "true"),
    ];
    all.retain(|(name, _)| !changes.iter().any(|(other, _)| other == name));
    all.extend(changes.iter().filter(|(name, value)| !value.is_empty() || *name != "events"));
    all
}

/// Posts the Add dialog.
async fn add(admin: &Browser, changes: &[(&str, &str)]) -> Answer {
    admin.post(LIST, &fields(changes)).await
}

/// The page of the webhook that was added.
async fn added(admin: &Browser, changes: &[(&str, &str)]) -> String {
    let answer = add(admin, changes).await;
    assert_eq!(answer.status(), 303, "{:?}", answer.texts(".error"));
    answer.header("location").to_owned()
}

/// Posts the Edit dialog of a webhook with its version.
async fn edit(admin: &Browser, page: &str, changes: &[(&str, &str)]) -> Answer {
    let dialog = admin.get(&format!("{page}/edit")).await;
    let version = dialog.attributes("dialog input[name=version]", "value").remove(0);
    let mut all = fields(changes);
    if !all.iter().any(|(name, _)| *name == "version") {
        all.push(("version", &version));
    }
    admin.post(page, &all).await
}

/// The sentence beside a field.
fn error(answer: &Answer, field: &str) -> String {
    answer.texts(&format!("#f-{field}-error")).pop().unwrap_or_default()
}

/// How many webhooks are stored.
async fn count(app: &TestApp) -> i64 {
    use diesel::prelude::*;
    use postrider::schema::webhooks::dsl;
    app.read(|conn| Ok(dsl::webhooks.filter(dsl::deleted_at.is_null()).count().get_result(conn)?)).await
}
