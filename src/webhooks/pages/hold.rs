//! Pause, Resume and Duplicate: a button each, from the list or from the webhook's page.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Deserialize;

use super::{LIST, address};
use crate::audit::Actor;
use crate::db::{DbError, Tx};
use crate::once::{FormId, once};
use crate::secret::Sealer;
use crate::sessions::Admin;
use crate::state::App;
use crate::web::{Form, PathId, WebError, see_other};
use crate::webhooks::WebhookId;
use crate::webhooks::ops::{self, Rejected};

/// What a button sends.
#[derive(Deserialize)]
pub(super) struct Button {
    /// `page`: back to the webhook's page, and not to the list.
    #[serde(default)]
    back: String,
    #[serde(default)]
    form_id: String,
}

impl Button {
    fn way_back(&self, id: WebhookId) -> HttpResponse {
        if self.back == "page" { see_other(&address(id)) } else { see_other(LIST) }
    }
}

pub(super) async fn pause(
    app: Data<App>,
    admin: Admin,
    id: PathId<WebhookId>,
    Form(button): Form<Button>,
) -> Result<HttpResponse, WebError> {
    const DONE: &str = "Paused. What waits and what is new is kept, and sent on Resume.";
    press(&app, &admin, id, &button, ops::pause, (DONE, "It was paused already.")).await
}

pub(super) async fn resume(
    app: Data<App>,
    admin: Admin,
    id: PathId<WebhookId>,
    Form(button): Form<Button>,
) -> Result<HttpResponse, WebError> {
    const DONE: &str = "Resumed. What waited is being sent, the longest waiting first.";
    press(&app, &admin, id, &button, ops::resume, (DONE, "It was not paused.")).await
}

/// Changes a webhook, and says what came of it: the first where it was changed, the second where it was so already.
async fn press(
    app: &App,
    admin: &Admin,
    PathId(id): PathId<WebhookId>,
    button: &Button,
    change: fn(&mut Tx<'_>, &Sealer, &Actor, WebhookId) -> Result<bool, DbError>,
    (done, idle): (&str, &str),
) -> Result<HttpResponse, WebError> {
    let (actor, sealer) = (admin.actor().clone(), app.sealer.clone());
    let changed = app.db.write(move |tx| change(tx, &sealer, &actor, id)).await?;
    admin.flash(if changed { done } else { idle });
    Ok(button.way_back(id))
}

pub(super) async fn duplicate(
    app: Data<App>,
    admin: Admin,
    PathId(id): PathId<WebhookId>,
    Form(button): Form<Button>,
) -> Result<HttpResponse, WebError> {
    let (actor, sealer, form_id) = (admin.actor().clone(), app.sealer.clone(), FormId::parse(&button.form_id));
    let made = app.db.write(move |tx| {
        once(tx, form_id, |tx| {
            let copy = ops::duplicate(tx, &sealer, &actor, id)?;
            Ok::<_, Rejected>(format!("{}/edit", address(copy.id)))
        })
    });
    match made.await {
        Ok(dialog) => {
            admin.flash("The copy is inactive and has a signing secret of its own. Look it through, then tick Active.");
            Ok(see_other(&dialog))
        }
        Err(error @ Rejected::Full) => {
            admin.flash_problem(&error.to_string());
            Ok(button.way_back(id))
        }
        Err(error) => Err(error.into()),
    }
}
