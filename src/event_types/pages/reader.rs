//! Who reads these pages: an administrator, or everybody while an administrator lets them.

use actix_web::dev::ServiceRequest;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpResponse};
use serde::Deserialize;

use super::{LIST, store};
use crate::db::DbError;
use crate::event_types::ops;
use crate::sessions::{self, Admin};
use crate::state::App;
use crate::web::frame::{Frame, Place};
use crate::web::{Form, Site, WebError, see_other};

/// Lets administrators pass, and everybody else while the pages are public.
pub(crate) async fn admit(request: &ServiceRequest) -> Result<(), HttpResponse> {
    let is_admin = Admin::extract(request.request()).await.is_ok();
    let Some(app) = request.app_data::<Data<App>>().filter(|_| !is_admin) else {
        return sessions::admit(request).await;
    };
    match is_public(app).await {
        Ok(true) => Ok(()),
        Ok(false) => sessions::admit(request).await,
        Err(error) => Err(HttpResponse::from_error(error)),
    }
}

pub(super) async fn is_public(app: &App) -> Result<bool, WebError> {
    Ok(app.db.read::<_, DbError, _>(store::is_public).await?)
}

/// The frame for whoever reads.
pub(super) fn frame(app: &App, site: &Site, admin: Option<&Admin>, title: &str) -> Frame {
    match admin {
        Some(admin) => admin.frame(title, Place::Integrations),
        None => Frame::open(title, &app.assets, site),
    }
}

#[derive(Deserialize)]
pub(super) struct Wish {
    #[serde(default)]
    public: String,
}

/// Makes the pages public, or private.
pub(super) async fn change(app: Data<App>, admin: Admin, Form(wish): Form<Wish>) -> Result<HttpResponse, WebError> {
    let (actor, is_public) = (admin.actor().clone(), wish.public == "true");
    if app.db.write(move |tx| ops::set_public(tx, &actor, is_public)).await? {
        admin.flash(if is_public {
            "Everybody who has the address can read these pages now."
        } else {
            "Only administrators can read these pages now."
        });
    }
    Ok(see_other(LIST))
}
