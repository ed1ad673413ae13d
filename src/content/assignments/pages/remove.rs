//! Delete assignment.

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;

use super::{LIST, List, address, frame, read_behind, today};
use crate::content::assignments::{ops, store};
use crate::content::pages::{Confirm, Number, Whole};
use crate::db::DbError;
use crate::once::{FormId, once};
use crate::sessions::Admin;
use crate::state::App;
use crate::web::frame::Frame;
use crate::web::view::{Filled, Sheet};
use crate::web::{Form, Page, WebError, see_other};

/// The confirm before an assignment goes.
#[derive(Template)]
#[template(path = "assignments/delete_dialog.html")]
struct DeleteDialog {
    frame: Frame,
    sheet: Sheet,
    list: Option<List>,
    document: String,
    number: i64,
    consequences: Vec<&'static str>,
}

pub(super) async fn ask(
    app: Data<App>,
    admin: Admin,
    Number(number): Number,
    Whole(whole): Whole,
) -> Result<HttpResponse, WebError> {
    let today = today(app.clock.now());
    let read = app.db.read(move |conn| {
        let assignment = store::find(conn, number)?.ok_or(DbError::NotFound)?;
        Ok((read_behind(conn, whole, today)?, assignment))
    });
    let (list, assignment) = read.await.map_err(|error: DbError| error)?;
    let page = DeleteDialog {
        frame: frame(&admin, list.as_ref()),
        sheet: Sheet {
            heading: "Delete assignment?".to_owned(),
            target: format!("{}/delete", address(number)),
            back: address(number),
            form_id: app.ids.make::<FormId>().to_string(),
            ..Sheet::default()
        },
        list,
        document: assignment.document_title,
        number,
        consequences: vec!["The people named in it are not told.", "Its event stays in the history."],
    };
    page.answer()
}

pub(super) async fn delete(
    app: Data<App>,
    admin: Admin,
    Number(number): Number,
    Form(form): Form<Confirm>,
) -> Result<HttpResponse, WebError> {
    let (actor, form_id) = (admin.actor().clone(), FormId::parse(&form.form_id));
    let deleted =
        app.db.write(move |tx| once(tx, form_id, |tx| ops::delete(tx, &actor, number).map(|()| LIST.to_owned())));
    let address = deleted.await?;
    admin.flash("The assignment was deleted.");
    Ok(see_other(&address))
}
