//! Delete publication, and delete its output alone.

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;

use super::{LIST, List, address, frame, read_behind};
use crate::content::pages::{Confirm, Number, Whole};
use crate::content::publications::{Publication, PublicationError, State, ops, store};
use crate::db::DbError;
use crate::once::{FormId, once};
use crate::sessions::Admin;
use crate::state::App;
use crate::web::badge::Badge;
use crate::web::frame::Frame;
use crate::web::view::{Filled, Sheet};
use crate::web::{Form, Page, WebError, see_other};

/// The confirm before a publication goes, or its output.
#[derive(Template)]
#[template(path = "publications/delete_dialog.html")]
struct DeleteDialog {
    frame: Frame,
    sheet: Sheet,
    list: Option<List>,
    title: String,
    number: i64,
    output_only: bool,
    consequences: Vec<&'static str>,
}

pub(super) async fn ask(
    app: Data<App>,
    admin: Admin,
    Number(number): Number,
    Whole(whole): Whole,
) -> Result<HttpResponse, WebError> {
    let (list, publication) = read(&app, number, whole).await?;
    let consequences = vec![match publication.state {
        State::Running => "It is still running: it stops, and no event is raised.",
        State::Done if publication.archive.is_some() => "Its file is erased; the link stops working.",
        State::Done | State::Cancelled | State::Failed => "It has no file. Its event stays in the history.",
    }];
    dialog(&app, &admin, list, publication, ("Delete publication?", "delete", false), consequences)
}

pub(super) async fn ask_output(
    app: Data<App>,
    admin: Admin,
    Number(number): Number,
    Whole(whole): Whole,
) -> Result<HttpResponse, WebError> {
    let (list, publication) = read(&app, number, whole).await?;
    if publication.archive.is_none() {
        return Err(PublicationError::NoOutput.into());
    }
    let consequences = vec!["The link stops working, also for everybody it was sent to.", "The publication stays."];
    dialog(&app, &admin, list, publication, ("Delete output?", "delete-output", true), consequences)
}

async fn read(app: &Data<App>, number: i64, whole: bool) -> Result<(Option<List>, Publication), WebError> {
    let read = app.db.read(move |conn| {
        let publication = store::find(conn, number)?.ok_or(DbError::NotFound)?;
        Ok((read_behind(conn, whole)?, publication))
    });
    Ok(read.await.map_err(|error: DbError| error)?)
}

fn dialog(
    app: &Data<App>,
    admin: &Admin,
    list: Option<List>,
    publication: Publication,
    (heading, verb, output_only): (&str, &str, bool),
    consequences: Vec<&'static str>,
) -> Result<HttpResponse, WebError> {
    let number = publication.number;
    let page = DeleteDialog {
        frame: frame(admin, list.as_ref()),
        sheet: Sheet {
            heading: heading.to_owned(),
            target: format!("{}/{verb}", address(number)),
            back: address(number),
            form_id: app.ids.make::<FormId>().to_string(),
            ..Sheet::default()
        },
        list,
        title: publication.title,
        number,
        output_only,
        consequences,
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
    admin.flash("The publication was deleted.");
    Ok(see_other(&address))
}

pub(super) async fn delete_output(
    app: Data<App>,
    admin: Admin,
    Number(number): Number,
    Form(form): Form<Confirm>,
) -> Result<HttpResponse, WebError> {
    let (actor, form_id) = (admin.actor().clone(), FormId::parse(&form.form_id));
    let deleted = app
        .db
        .write(move |tx| once(tx, form_id, |tx| ops::delete_output(tx, &actor, number).map(|()| address(number))));
    let address = deleted.await?;
    admin.flash("The output was deleted; its link is dead.");
    Ok(see_other(&address))
}
