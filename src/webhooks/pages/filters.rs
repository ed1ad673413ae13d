//! Try filters: what the filters of a dialog would have done with the newest events of the ticked types.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;

use super::dialog::{self, EMPTY_ROWS, Shown, choices};
use super::edit;
use crate::event_types::Catalogue;
use crate::events::{self, Environment, Event};
use crate::filters::{Mode, Operator};
use crate::history::pages::when;
use crate::sessions::Admin;
use crate::state::App;
use crate::text::sentence;
use crate::web::view::{Choice, Input, When};
use crate::web::{Form, WebError};
use crate::webhooks::filter::{self, Named, Trial};
use crate::webhooks::form::{FieldErrors, WebhookForm};

/// How many events filters are tried on.
const TRIED: i64 = 50;

/// The filters of the dialog.
pub(super) struct FilterFields {
    pub(super) modes: Vec<Choice>,
    pub(super) mode_error: String,
    pub(super) rows: Vec<FilterRow>,
    pub(super) error: String,
    pub(super) workflow: Input,
    pub(super) survey: Input,
    pub(super) group: Input,
}

pub(super) struct FilterRow {
    pub(super) path: String,
    pub(super) operators: Vec<Choice>,
    pub(super) value: String,
}

/// What a trial of the filters brought.
pub(super) struct Tried {
    /// How it is shown: `good` where some event passes, `bad` where none does, and nothing where none was tried.
    pub(super) tone: &'static str,
    /// `12 match, 38 do not.`
    pub(super) headline: String,
    pub(super) first: Option<FirstMiss>,
    /// Which events these were.
    pub(super) note: &'static str,
}

/// The newest event that does not pass.
pub(super) struct FirstMiss {
    pub(super) href: String,
    pub(super) event: String,
    pub(super) title: String,
    pub(super) when: When,
    pub(super) story: String,
}

/// The dialog's filters as they stand, whatever else is wrong with it.
pub(super) async fn typed(
    app: Data<App>,
    admin: Admin,
    Form(form): Form<WebhookForm>,
) -> Result<HttpResponse, WebError> {
    let saved = edit::saved(&app, &form).await?;
    let mut errors = FieldErrors::default();
    let Some(filters) = filter::parse(&form, &mut errors) else {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return dialog::answer(&app, &admin, form, Shown { saved, errors, status, ..Shown::default() }).await;
    };
    let environment = Environment::parse(&form.environment).unwrap_or(Environment::Production);
    let catalogue = app.catalogue().await?;
    let types = form.ticked(&catalogue);
    let ticked = !types.is_empty();
    let newest = app.db.read(move |conn| events::newest(conn, environment, &types, TRIED)).await?;
    let tried = Some(tried(&filter::try_on(&filters, &newest), &newest, ticked, &catalogue));
    dialog::answer(&app, &admin, form, Shown { saved, tried, ..Shown::default() }).await
}

fn tried(trial: &Trial, events: &[Event], ticked: bool, catalogue: &Catalogue) -> Tried {
    let first = trial.first.as_ref().and_then(|(place, story)| {
        let event = events.get(*place)?;
        Some(FirstMiss {
            href: format!("/events/{}", event.id),
            event: catalogue.label(&event.type_name),
            title: event.title.clone(),
            when: when(event.created_at),
            story: sentence(story),
        })
    });
    let (headline, note) = match (trial.matched + trial.missed, ticked) {
        (_, false) => ("Tick an event to try the filters on.".to_owned(), ""),
        (0, true) => {
            ("There is no such event yet to try the filters on.".to_owned(), "Events count whose data is still kept.")
        }
        (_, true) => (
            format!("{} match, {} not.", trial.matched, trial.missed),
            "Tried on the last 50 events of the ticked types; nothing was sent.",
        ),
    };
    let tone = match (trial.matched, trial.missed) {
        (0, 0) => "",
        (0, _) => "bad",
        (_, _) => "good",
    };
    Tried { tone, headline, first, note }
}

pub(super) fn filter_fields(form: &WebhookForm, errors: &FieldErrors) -> FilterFields {
    let modes = Mode::ALL.iter().map(|mode| (mode.as_str(), mode_label(*mode)));
    let named = |named: Named| Input::new(named.typed(form), errors.of(named.as_str()), "");
    let typed = filter::rows(form).into_iter().map(|row| (row.path, row.operator, row.value));
    let empty = (0..EMPTY_ROWS).map(|_| (String::new(), Operator::Equals.to_string(), String::new()));
    let row = |(path, operator, value): (String, String, String)| FilterRow {
        path,
        operators: choices(Operator::ALL.iter().map(|one| (one.as_str(), one.label())), &[&operator]),
        value,
    };
    FilterFields {
        modes: choices(modes, &[&form.filter_mode]),
        mode_error: errors.of("filter_mode").to_owned(),
        rows: typed.chain(empty).map(row).collect(),
        error: errors.of("filters").to_owned(),
        workflow: named(Named::Workflow),
        survey: named(Named::Survey),
        group: named(Named::Group),
    }
}

fn mode_label(mode: Mode) -> &'static str {
    match mode {
        Mode::All => "All of these hold",
        Mode::Any => "Any of these holds",
    }
}
