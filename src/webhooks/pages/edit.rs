//! Add webhook and Edit webhook.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;

use super::dialog::{self, Shown, auth_label, format_label, retry_label};
use super::{LIST, address, found};
use crate::audit;
use crate::db::DbError;
use crate::event_types::Catalogue;
use crate::history::pages::when;
use crate::once::{FormId, once};
use crate::sessions::Admin;
use crate::state::App;
use crate::web::view::{Conflict, Difference};
use crate::web::{Form, PathId, WebError, Whole, see_other};
use crate::webhooks::filter;
use crate::webhooks::form::{Draft, FieldErrors, Known, WebhookForm};
use crate::webhooks::ops::{self, Changed, Rejected};
use crate::webhooks::set::WebhookSet;
use crate::webhooks::{AuthKind, Format, RetryKind, Webhook, WebhookId, store};

/// Where the session remembers a webhook whose signing secret its maker has not seen yet.
pub(super) const UNSEEN: &str = "webhook_secret_unseen";

pub(super) async fn new(app: Data<App>, admin: Admin, Whole(whole): Whole) -> Result<HttpResponse, WebError> {
    dialog::answer(&app, &admin, WebhookForm::default(), Shown { bare: !whole, ..Shown::default() }).await
}

pub(super) async fn edit(
    app: Data<App>,
    admin: Admin,
    PathId(id): PathId<WebhookId>,
    Whole(whole): Whole,
) -> Result<HttpResponse, WebError> {
    let saved = read(&app, id).await?;
    let form = WebhookForm::of(&saved);
    dialog::answer(&app, &admin, form, Shown { saved: Some(saved), bare: !whole, ..Shown::default() }).await
}

pub(super) async fn create(
    app: Data<App>,
    admin: Admin,
    Form(form): Form<WebhookForm>,
) -> Result<HttpResponse, WebError> {
    let set = app.webhook_set().await?;
    let draft = match form.parse(known(&app, &set), None) {
        Ok(draft) => draft,
        Err(errors) => return wrong(&app, &admin, form, None, errors).await,
    };
    let (told, shows_secret) = (told(&form, &draft, "added"), draft.signing_key.is_none());
    match add(&app, &admin, &form, draft).await {
        Ok((address, Some(id))) => {
            admin.flash(&told);
            if shows_secret {
                admin.keep(UNSEEN, id.as_str());
            }
            Ok(see_other(&address))
        }
        Ok((address, None)) => Ok(see_other(&address)),
        Err(error) => refused(&app, &admin, form, None, error).await,
    }
}

/// The address of the new webhook, and its id unless the same form made it before.
async fn add(
    app: &Data<App>,
    admin: &Admin,
    form: &WebhookForm,
    draft: Draft,
) -> Result<(String, Option<WebhookId>), Rejected> {
    let (actor, form_id, sealer) = (admin.actor().clone(), FormId::parse(&form.form_id), app.sealer.clone());
    let write = app.db.write(move |tx| {
        let mut made = None;
        let address = once(tx, form_id, |tx| {
            let webhook = ops::create(tx, &sealer, &actor, draft)?;
            made = Some(webhook.id);
            Ok::<_, Rejected>(address(webhook.id))
        })?;
        Ok((address, made))
    });
    write.await
}

pub(super) async fn change(
    app: Data<App>,
    admin: Admin,
    PathId(id): PathId<WebhookId>,
    Form(form): Form<WebhookForm>,
) -> Result<HttpResponse, WebError> {
    let (saved, set) = (read(&app, id).await?, app.webhook_set().await?);
    let draft = match form.parse(known(&app, &set), Some(&saved)) {
        Ok(draft) => draft,
        // What was typed fits another version: that is told first.
        Err(_) if version(&form) != saved.version => return stale(&app, &admin, form, saved).await,
        Err(errors) => return wrong(&app, &admin, form, Some(saved), errors).await,
    };
    let told = told(&form, &draft, "saved");
    match save(&app, &admin, &form, id, draft).await {
        Ok(changed) => {
            match changed {
                Some(Changed::Enabled) => {
                    admin.flash(&format!("{told} It is enabled again: new events are sent to it."));
                }
                Some(Changed::Saved) => admin.flash(&told),
                Some(Changed::Nothing) => admin.flash("Nothing was changed."),
                None => {}
            }
            Ok(see_other(LIST))
        }
        Err(error) => refused(&app, &admin, form, Some(saved), error).await,
    }
}

/// What the edit did; nothing to tell where the same form did it before.
async fn save(
    app: &Data<App>,
    admin: &Admin,
    form: &WebhookForm,
    id: WebhookId,
    draft: Draft,
) -> Result<Option<Changed>, Rejected> {
    let (actor, form_id, sealer) = (admin.actor().clone(), FormId::parse(&form.form_id), app.sealer.clone());
    let at = (id, version(form));
    let write = app.db.write(move |tx| {
        let mut changed = None;
        once(tx, form_id, |tx| {
            changed = Some(ops::change(tx, &sealer, &actor, at, draft)?);
            Ok::<_, Rejected>(LIST.to_owned())
        })?;
        Ok(changed)
    });
    write.await
}

/// The webhook as it stands.
pub(super) async fn read(app: &Data<App>, id: WebhookId) -> Result<Webhook, WebError> {
    let sealer = app.sealer.clone();
    Ok(app.db.read(move |conn| found(store::find(conn, id, &sealer)?)).await?)
}

/// What a form is held against.
pub(super) fn known<'a>(app: &'a App, set: &'a WebhookSet) -> Known<'a> {
    Known { policy: app.client.policy(), credentials: set.credentials(), catalogue: set.catalogue() }
}

/// The webhook that a form is about; none while it is not added.
pub(super) async fn saved(app: &Data<App>, form: &WebhookForm) -> Result<Option<Webhook>, WebError> {
    match form.id.as_str() {
        "" => Ok(None),
        id => read(app, WebhookId::parse(id).ok_or(WebError::NotFound)?).await.map(Some),
    }
}

/// The version that a form was read with; what is no number was changed by somebody and counts as old.
fn version(form: &WebhookForm) -> i32 {
    form.version.parse().unwrap_or_default()
}

/// What was done, and what to know about it.
fn told(form: &WebhookForm, draft: &Draft, done: &str) -> String {
    let mut told = format!("Webhook “{}” was {done}.", draft.name);
    if draft.login.bearer_cut {
        told += " Its token is stored without Bearer, which is sent by itself.";
    }
    for (_, warning) in form.warnings(None).iter().filter(|(field, _)| *field == "url") {
        told = format!("{told} {warning}");
    }
    told
}

async fn wrong(
    app: &Data<App>,
    admin: &Admin,
    form: WebhookForm,
    saved: Option<Webhook>,
    errors: FieldErrors,
) -> Result<HttpResponse, WebError> {
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    dialog::answer(app, admin, form, Shown { saved, errors, status, ..Shown::default() }).await
}

/// The dialog again, with what the rules of all webhooks together refused.
async fn refused(
    app: &Data<App>,
    admin: &Admin,
    form: WebhookForm,
    saved: Option<Webhook>,
    error: Rejected,
) -> Result<HttpResponse, WebError> {
    match (error, saved) {
        (error @ (Rejected::Database(_) | Rejected::Gone), _) | (error @ Rejected::Stale, None) => Err(error.into()),
        (Rejected::Stale, Some(saved)) => {
            let current = read(app, saved.id).await?;
            stale(app, admin, form, current).await
        }
        (error @ Rejected::CredentialMoved, saved) => {
            wrong(app, admin, form, saved, FieldErrors::one("credential_id", error.to_string())).await
        }
        (error @ Rejected::TypeGone(_), saved) => {
            wrong(app, admin, form, saved, FieldErrors::one("events", error.to_string())).await
        }
        (error @ Rejected::CodeTaken, saved) => {
            wrong(app, admin, form, saved, FieldErrors::one("code", error.to_string())).await
        }
        (error @ Rejected::Full, saved) => {
            let (problem, status) = (error.to_string(), StatusCode::UNPROCESSABLE_ENTITY);
            dialog::answer(app, admin, form, Shown { saved, problem, status, ..Shown::default() }).await
        }
    }
}

/// Both versions, and the form ready to be saved over the newer one.
async fn stale(
    app: &Data<App>,
    admin: &Admin,
    mut form: WebhookForm,
    current: Webhook,
) -> Result<HttpResponse, WebError> {
    let id = current.id;
    let written = ["webhook.created", "webhook.changed"];
    let entry = app.db.read(move |conn| audit::latest(conn, id.as_str(), &written)).await;
    let who = entry.map_err(|error: DbError| error)?.map_or_else(|| "Somebody".to_owned(), |entry| entry.actor_name);
    form.version = current.version.to_string();
    // The guard's id was for the older version.
    form.form_id.clear();
    let conflict = Conflict {
        who,
        when: when(current.updated_at),
        differences: differences(&WebhookForm::of(&current), &form, &*app.webhook_set().await?),
        fresh: format!("{}/edit", address(id)),
    };
    let status = StatusCode::CONFLICT;
    dialog::answer(
        app,
        admin,
        form,
        Shown { saved: Some(current), conflict: Some(conflict), status, ..Shown::default() },
    )
    .await
}

fn differences(theirs: &WebhookForm, yours: &WebhookForm, set: &WebhookSet) -> Vec<Difference> {
    type Read<'a> = &'a dyn Fn(&WebhookForm) -> String;
    let credentials = set.credentials();
    let client = |read: fn(&WebhookForm) -> String| {
        move |form: &WebhookForm| if form.auth == "oauth2_client" { read(form) } else { String::new() }
    };
    let (token_url, client_id, scope) = (
        client(|form| form.token_url.trim().to_owned()),
        client(|form| form.client_id.trim().to_owned()),
        client(|form| form.scope.trim().to_owned()),
    );
    let credential = |form: &WebhookForm| {
        let chosen = credentials.iter().filter(|_| form.auth == "credential");
        let chosen = chosen.into_iter().find(|credential| credential.id().as_str() == form.credential_id);
        chosen.map_or_else(String::new, |credential| credential.name().to_owned())
    };
    let fields: [(&str, Read<'_>); 22] = [
        ("Webhook name", &|form| form.name.trim().to_owned()),
        ("Webhook URL", &|form| form.url.clone()),
        ("Webhook description", &|form| form.description.replace("\r\n", "\n").trim().to_owned()),
        ("Authentication", &|form| AuthKind::parse(&form.auth).map_or("", auth_label).to_owned()),
        ("Username", &|form| if form.auth == "basic" { form.username.clone() } else { String::new() }),
        ("Header", &|form| if form.auth == "api_key" { form.api_key_header.clone() } else { String::new() }),
        ("Token URL", &token_url),
        ("Client ID", &client_id),
        ("Scope", &scope),
        ("Credential", &credential),
        ("Send on events", &|form| events(&form.events, set.catalogue())),
        ("Method", &|form| form.method.clone()),
        ("Payload format", &|form| Format::parse(&form.format).map_or("", format_label).to_owned()),
        ("Template", &|form| {
            if form.format == "template" { form.template.replace("\r\n", "\n") } else { String::new() }
        }),
        ("Custom headers", &|form| names(&form.header_name)),
        ("Filters", &filter::lines_of),
        ("Fail when the answer contains", &|form| form.fail_when.clone()),
        ("Timeout in seconds", &|form| form.timeout.clone()),
        ("Retries", &|form| RetryKind::parse(&form.retry).map_or("", retry_label).to_owned()),
        ("Own delays", &|form| if form.retry == "list" { form.delays.clone() } else { String::new() }),
        ("Active", &|form| if form.is_active() { "yes" } else { "no" }.to_owned()),
        ("Environment", &|form| form.environment.clone()),
    ];
    fields
        .into_iter()
        .map(|(label, read)| Difference { label: label.to_owned(), theirs: read(theirs), yours: read(yours) })
        .filter(|difference| difference.theirs != difference.yours)
        .collect()
}

/// The names of the headers; their values are nobody's to compare.
fn names(typed: &[String]) -> String {
    let names: Vec<&str> = typed.iter().map(|name| name.trim()).filter(|name| !name.is_empty()).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// The labels of the ticked events, in the order of the catalogue.
fn events(names: &[String], catalogue: &Catalogue) -> String {
    let mut labels: Vec<&str> = catalogue.of(names).map(|kind| &*kind.label).collect();
    labels.sort_unstable();
    labels.dedup();
    if labels.is_empty() { "none".to_owned() } else { labels.join(", ") }
}
