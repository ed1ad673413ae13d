//! The template of the dialog: presets to begin with, places to put into it, and tries on examples and real events.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;

use super::dialog::{self, Shown};
use super::edit;
use crate::clock::Time;
use crate::event_types::{Catalogue, EventType};
use crate::events::{self, Environment, Event, EventId};
use crate::history::pages::when;
use crate::sessions::Admin;
use crate::state::App;
use crate::text::sentence;
use crate::web::exchange::text_body;
use crate::web::view::{Body, Input, When};
use crate::web::{Form, WebError};
use crate::webhooks::form::{FieldErrors, WebhookForm};
use crate::webhooks::request::Facts;
use crate::webhooks::template::{Place, Preset, Spent, Target, Template, places};
use crate::webhooks::{Format, Webhook};

/// How many real events a template is tried on.
const TRIED: i64 = 5;

/// The template of the dialog.
pub(super) struct TemplateFields {
    pub(super) input: Input,
    pub(super) presets: &'static [Preset],
    /// The label of the type whose places are listed.
    pub(super) of: String,
    pub(super) places: Vec<Place>,
}

/// What came of a template.
pub(super) struct TemplateTried {
    /// How it is shown: `good` where every body was made, `bad` where one was not.
    pub(super) tone: &'static str,
    /// `Makes a body of 6 of 6.`
    pub(super) headline: String,
    pub(super) bodies: Vec<TriedBody>,
    pub(super) note: &'static str,
}

/// One try.
pub(super) struct TriedBody {
    pub(super) event: String,
    pub(super) title: String,
    /// When it was, for a real event.
    pub(super) when: Option<When>,
    pub(super) href: String,
    pub(super) body: Result<Body, String>,
}

/// The dialog's template as it stands, whatever else is wrong: with a preset put in where one was chosen, else tried.
pub(super) async fn typed(
    app: Data<App>,
    admin: Admin,
    Form(mut form): Form<WebhookForm>,
) -> Result<HttpResponse, WebError> {
    let saved = edit::saved(&app, &form).await?;
    let wrong = |errors, saved| Shown { saved, errors, status: StatusCode::UNPROCESSABLE_ENTITY, ..Shown::default() };
    if !form.preset.is_empty() {
        return match begin(&mut form) {
            Ok(()) => dialog::answer(&app, &admin, form, Shown { saved, ..Shown::default() }).await,
            Err(errors) => dialog::answer(&app, &admin, form, wrong(errors, saved)).await,
        };
    }
    let template = match Template::parse(&form.template) {
        Ok(template) => template,
        Err(fault) => {
            let errors = FieldErrors::one("template", fault);
            return dialog::answer(&app, &admin, form, wrong(errors, saved)).await;
        }
    };
    let template_tried = Some(tried(&app, &form, &template).await?);
    dialog::answer(&app, &admin, form, Shown { saved, template_tried, ..Shown::default() }).await
}

/// Puts the chosen preset in, but never over something that a person wrote.
fn begin(form: &mut WebhookForm) -> Result<(), FieldErrors> {
    let preset = Preset::parse(&form.preset)
        .ok_or_else(|| FieldErrors::one("template", "There is no such preset; choose one of the list."))?;
    let typed = form.template.replace("\r\n", "\n");
    let is_own = !typed.trim().is_empty() && !Preset::ALL.iter().any(|one| one.text().trim() == typed.trim());
    if is_own {
        return Err(FieldErrors::one(
            "template",
            "Empty the template first: a preset takes the place of what is there.",
        ));
    }
    preset.text().clone_into(&mut form.template);
    form.format = Format::Template.to_string();
    Ok(())
}

/// On the example of each ticked type, then on the newest events of these types.
async fn tried(app: &Data<App>, form: &WebhookForm, template: &Template) -> Result<TemplateTried, WebError> {
    let environment = Environment::parse(&form.environment).unwrap_or(Environment::Production);
    let catalogue = app.catalogue().await?;
    let types = form.ticked(&catalogue);
    let real = app.db.read(move |conn| events::newest(conn, environment, &types, TRIED)).await?;
    let now = app.clock.now();
    let webhook = form.sketch(app.ids.make(), now);
    let mut bodies: Vec<TriedBody> =
        examples(form, &catalogue).into_iter().map(|kind| on_example(app, template, &webhook, kind, now)).collect();
    let made = real.iter().filter(|event| event.data.is_some());
    bodies.extend(made.map(|event| on_event(app, template, &webhook, event, &catalogue)));
    let good = bodies.iter().filter(|tried| tried.body.is_ok()).count();
    Ok(TemplateTried {
        tone: if good == bodies.len() { "good" } else { "bad" },
        headline: format!("It makes a body of {good} of {}.", bodies.len()),
        bodies,
        note: "Tried on the example of each ticked type and on the last 5 events of these types; nothing was sent.",
    })
}

/// The ticked types, or the first of all.
fn examples<'a>(form: &'a WebhookForm, catalogue: &'a Catalogue) -> Vec<&'a EventType> {
    let ticked: Vec<&EventType> = catalogue.of(&form.events).map(|kind| &**kind).collect();
    if ticked.is_empty() { catalogue.all().iter().take(1).map(|kind| &**kind).collect() } else { ticked }
}

fn on_example(app: &App, template: &Template, webhook: &Webhook, kind: &EventType, now: Time) -> TriedBody {
    let id = app.ids.make::<EventId>().to_string();
    let facts = Facts::of_example(kind, &id, now, webhook.environment, &app.settings.public_url);
    TriedBody {
        event: kind.label.to_string(),
        title: "example".to_owned(),
        when: None,
        href: format!("/event-types/{}", kind.name),
        body: body(template, webhook, &facts),
    }
}

fn on_event(app: &App, template: &Template, webhook: &Webhook, event: &Event, catalogue: &Catalogue) -> TriedBody {
    TriedBody {
        event: catalogue.label(&event.type_name),
        title: event.title.clone(),
        when: Some(when(event.created_at)),
        href: format!("/events/{}", event.id),
        body: body(template, webhook, &Facts::of(event, catalogue, &app.settings.public_url)),
    }
}

fn body(template: &Template, webhook: &Webhook, facts: &Facts<'_>) -> Result<Body, String> {
    let rendered = template.render(facts, Target::of(webhook), &mut Spent::default());
    rendered.map(|text| text_body(&text)).map_err(|fault| sentence(&fault))
}

pub(super) fn template_fields(form: &WebhookForm, catalogue: &Catalogue, input: Input) -> TemplateFields {
    let kind =
        catalogue.find(&form.test_event).map(|kind| &**kind).or_else(|| examples(form, catalogue).into_iter().next());
    TemplateFields {
        input,
        presets: Preset::ALL,
        of: kind.map(|kind| kind.label.to_string()).unwrap_or_default(),
        places: kind.map(places).unwrap_or_default(),
    }
}
