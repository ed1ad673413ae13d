//! The pages of the history: all deliveries, one delivery told like a letter, and its exact bytes.

mod bulk;
mod curl;
mod download;
pub(in crate::history) mod events;
mod list;
mod raw;
mod resend;
mod show;
mod story;
mod words;

pub(crate) use list::{Row, rows};
pub(crate) use show::shown_attempt;
pub(crate) use words::{badge, exact, hour_label, result, span, status_line, verdict, when};

use crate::web::{Access, Route};

/// The routes of the history.
pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/events", Access::Admin, events::list),
        Route::get("/events/{id}", Access::Admin, events::show::show),
        Route::get("/deliveries", Access::Admin, list::list),
        Route::get("/deliveries.csv", Access::Admin, download::csv).writes("deliveries.exported"),
        Route::get("/deliveries.ndjson", Access::Admin, download::ndjson).writes("deliveries.exported"),
        Route::get("/deliveries/resend", Access::Admin, bulk::plan),
        Route::post("/deliveries/resend", Access::Admin, "deliveries.resent", bulk::resend),
        Route::get("/deliveries/{id}", Access::Admin, show::show),
        Route::get("/deliveries/{id}/body", Access::Admin, raw::body),
        Route::get("/deliveries/{id}/attempts/{number}/answer", Access::Admin, raw::answer),
        Route::post("/deliveries/{id}/resend", Access::Admin, "delivery.resent", resend::resend),
    ]
}
