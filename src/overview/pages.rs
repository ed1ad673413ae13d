//! The first page after sign-in, and the short address of the settings.

use actix_web::HttpResponse;
use askama::Template;

use crate::sessions::Admin;
use crate::web::frame::{Frame, Place};
use crate::web::{Access, Page, Route, WebError, see_other};

/// The routes of the overview.
pub fn routes() -> Vec<Route> {
    vec![Route::get("/", Access::Admin, show), Route::get("/settings", Access::Admin, settings)]
}

#[derive(Template)]
#[template(path = "overview/show.html")]
pub(crate) struct OverviewPage {
    pub(crate) frame: Frame,
}

async fn show(admin: Admin) -> Result<HttpResponse, WebError> {
    OverviewPage { frame: admin.frame("Overview", Place::Overview) }.answer()
}

/// The webhooks are what the settings are opened for.
async fn settings() -> HttpResponse {
    see_other("/settings/webhooks")
}
