//! Resend: one more attempt of the same delivery, because a person asks for it.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::Deserialize;

use super::show;
use crate::db::DbError;
use crate::delivery::{self, DeliveryId, Refused};
use crate::once::{FormId, once};
use crate::sessions::Admin;
use crate::state::App;
use crate::web::frame::Flash;
use crate::web::{Form, Page, PathId, WebError, see_other};

/// The longest reason, in characters.
const LONGEST_WHY: usize = 200;

/// The form of the button.
#[derive(Deserialize)]
pub(super) struct Sent {
    #[serde(default)]
    form_id: String,
    /// Why it is sent again, for the record.
    #[serde(default)]
    why: String,
}

/// Why nothing is sent again.
enum Fault {
    Refused(Refused),
    Db(DbError),
}

impl From<DbError> for Fault {
    fn from(error: DbError) -> Self {
        Self::Db(error)
    }
}

pub(super) async fn resend(
    admin: Admin,
    app: web::Data<App>,
    PathId(id): PathId<DeliveryId>,
    Form(sent): Form<Sent>,
) -> Result<HttpResponse, WebError> {
    let (actor, webhooks, lanes) = (admin.actor().clone(), app.webhooks.clone(), app.lanes.clone());
    let why: String = sent.why.trim().chars().filter(|letter| !letter.is_control()).take(LONGEST_WHY).collect();
    let asked = app.db.write(move |tx| {
        once(tx, FormId::parse(&sent.form_id), |tx| {
            delivery::resend(tx, &webhooks, &lanes, &actor, id, &why)?.map_err(Fault::Refused)?;
            Ok(format!("/deliveries/{id}"))
        })
    });
    match asked.await {
        Ok(address) => {
            admin.flash("It is sent again as soon as its webhook has room.");
            Ok(see_other(&address))
        }
        Err(Fault::Refused(refused)) => {
            let mut page = show::page(&admin, &app, id, None).await?;
            page.frame.flashes.push(Flash { ok: false, text: format!("Not sent again. {refused}") });
            page.answer_with(StatusCode::CONFLICT)
        }
        Err(Fault::Db(error)) => Err(error.into()),
    }
}
