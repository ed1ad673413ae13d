//! `/healthz` and `/readyz`: one word when all is well, else what is not.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};

use crate::db::{self, DbError};
use crate::state::App;
use crate::web::{Access, Route};

/// The addresses of monitors.
pub fn routes() -> Vec<Route> {
    vec![Route::get("/healthz", Access::Probe, alive), Route::get("/readyz", Access::Probe, ready)]
}

/// The process answers; nothing more is asked, so that a database that is away restarts nothing.
async fn alive() -> HttpResponse {
    words(StatusCode::OK, "alive")
}

/// The database answers with the schema of this version, and the worker works.
async fn ready(app: web::Data<App>) -> HttpResponse {
    if !app.health.is_worker_alive() {
        return words(StatusCode::SERVICE_UNAVAILABLE, "not ready: the worker has stopped");
    }
    match app.db.read::<_, DbError, _>(|conn| Ok(db::pending(conn))).await {
        Ok(Ok(0)) => words(StatusCode::OK, "ready"),
        Ok(Ok(_)) => words(StatusCode::SERVICE_UNAVAILABLE, "not ready: the schema of the database is not up to date"),
        Ok(Err(_)) | Err(_) => words(StatusCode::SERVICE_UNAVAILABLE, "not ready: the database does not answer"),
    }
}

fn words(status: StatusCode, text: &'static str) -> HttpResponse {
    HttpResponse::build(status).content_type("text/plain; charset=utf-8").body(text)
}
