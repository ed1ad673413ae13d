//! Export CSV and Export NDJSON: everything that the filters of the list find, sent page by page.

use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream;

use crate::audit::{self, Changes, Object};
use crate::db::DbError;
use crate::history::Request;
use crate::history::export::{AT_ONCE, Kind, part};
use crate::history::form::Typed;
use crate::sessions::Admin;
use crate::state::App;
use crate::web::{Query, WebError};

pub(super) async fn csv(
    admin: Admin,
    app: Data<App>,
    typed: Query<Typed>,
    request: HttpRequest,
) -> Result<HttpResponse, WebError> {
    export(&admin, app, typed, Kind::Csv, &request).await
}

pub(super) async fn ndjson(
    admin: Admin,
    app: Data<App>,
    typed: Query<Typed>,
    request: HttpRequest,
) -> Result<HttpResponse, WebError> {
    export(&admin, app, typed, Kind::Ndjson, &request).await
}

/// Data leaves the portal: that is on record before the first row does.
async fn export(
    admin: &Admin,
    app: Data<App>,
    Query(typed): Query<Typed>,
    kind: Kind,
    request: &HttpRequest,
) -> Result<HttpResponse, WebError> {
    let (now, typed) = (app.clock.now(), typed.filters());
    let asked = typed.read(now).map_err(|misread| WebError::BadRequest(misread.sentence.to_owned()))?;
    let name = format!("deliveries-{}.{kind}", now.utc().format("%Y-%m-%d-%H%M%S"));
    let mut response = HttpResponse::Ok();
    response
        .content_type(kind.content_type())
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")));
    if request.method() == actix_web::http::Method::HEAD {
        return Ok(response.finish());
    }
    let actor = admin.actor().clone();
    let record = app.db.write::<_, DbError, _>(move |tx| {
        let object = Object { kind: "deliveries", id: "", name: &name };
        let used = typed.used().fold(Changes::none(), |changes, (field, value)| changes.value(field, value));
        audit::record(tx, &actor, "deliveries.exported", &object, &used)
    });
    record.await?;
    let head = kind.head()?;
    let rest = Rest { app, kind, head, next: Some(Request { limit: AT_ONCE, ..asked }) };
    Ok(response.streaming(stream::try_unfold(rest, Rest::take)))
}

/// What is not sent yet. No connection to the database is held between two parts, however slowly they are taken.
struct Rest {
    app: Data<App>,
    kind: Kind,
    head: Vec<u8>,
    next: Option<Request>,
}

impl Rest {
    /// The next part that holds something: an empty one would end the answer.
    async fn take(mut self) -> Result<Option<(Bytes, Self)>, WebError> {
        while let Some(request) = self.next.take() {
            let (webhooks, kind) = (self.app.webhooks.clone(), self.kind);
            let read = self.app.db.read(move |conn| {
                let (rows, older) = part(conn, &webhooks, kind, &request)?;
                Ok::<_, DbError>((rows, older.map(|cursor| Request { cursor: Some(cursor), ..request })))
            });
            let (rows, next) = read.await.inspect_err(|error| tracing::warn!(%error, "an export broke off"))?;
            self.next = next;
            let mut part = std::mem::take(&mut self.head);
            part.extend(rows);
            if !part.is_empty() {
                return Ok(Some((Bytes::from(part), self)));
            }
        }
        Ok(None)
    }
}
