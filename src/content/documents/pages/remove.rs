//! Delete document, or why it cannot go.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;

use super::{LIST, List, address, frame, read_behind};
use crate::content::documents::{Document, DocumentError, Uses, ops, store};
use crate::content::pages::{self, Number, Whole};
use crate::once::{FormId, once};
use crate::sessions::Admin;
use crate::state::App;
use crate::web::badge::Badge;
use crate::web::frame::Frame;
use crate::web::view::{Filled, Sheet};
use crate::web::{Form, Page, WebError, see_other};

/// The confirm before a document goes.
#[derive(Template)]
#[template(path = "documents/delete_dialog.html")]
struct DeleteDialog {
    frame: Frame,
    sheet: Sheet,
    list: Option<List>,
    title: String,
    number: i64,
    /// What goes with it, or what stops it, a sentence each.
    consequences: Vec<String>,
    /// It cannot go; the Delete button is off.
    refused: bool,
}

pub(super) async fn ask(
    app: Data<App>,
    admin: Admin,
    Number(number): Number,
    Whole(whole): Whole,
) -> Result<HttpResponse, WebError> {
    let form_id = app.ids.make::<FormId>().to_string();
    dialog(&app, &admin, number, form_id, whole, StatusCode::OK).await
}

pub(super) async fn delete(
    app: Data<App>,
    admin: Admin,
    Number(number): Number,
    Form(form): Form<pages::Confirm>,
) -> Result<HttpResponse, WebError> {
    let (actor, form_id) = (admin.actor().clone(), FormId::parse(&form.form_id));
    let deleted =
        app.db.write(move |tx| once(tx, form_id, |tx| ops::delete(tx, &actor, number).map(|()| LIST.to_owned())));
    match deleted.await {
        Ok(address) => {
            admin.flash("The document was deleted.");
            Ok(see_other(&address))
        }
        Err(error @ (DocumentError::Db(_) | DocumentError::Gone)) => Err(error.into()),
        Err(
            DocumentError::Stale(_)
            | DocumentError::Locked
            | DocumentError::ParentLocked(_)
            | DocumentError::ParentGone
            | DocumentError::OwnComponent
            | DocumentError::TooDeep
            | DocumentError::TooMany
            | DocumentError::InUse(_)
            | DocumentError::Unchanged,
        ) => dialog(&app, &admin, number, form.form_id, true, StatusCode::CONFLICT).await,
    }
}

async fn dialog(
    app: &Data<App>,
    admin: &Admin,
    number: i64,
    form_id: String,
    whole: bool,
    status: StatusCode,
) -> Result<HttpResponse, WebError> {
    let read = app.db.read(move |conn| {
        let document = store::find(conn, number)?.ok_or(DocumentError::Gone)?;
        let refusal = match ops::check_deletable(conn, &document) {
            Ok(()) => None,
            Err(DocumentError::Db(error)) => return Err(DocumentError::Db(error)),
            Err(refusal) => Some(refusal),
        };
        Ok((read_behind(conn, whole)?, document, refusal))
    });
    let (list, document, refusal) = read.await?;
    let Document { title, .. } = document;
    let page = DeleteDialog {
        frame: frame(admin, list.as_ref()),
        sheet: Sheet {
            heading: "Delete document?".to_owned(),
            target: format!("{}/delete", address(number)),
            back: address(number),
            form_id,
            ..Sheet::default()
        },
        list,
        title,
        number,
        refused: refusal.is_some(),
        consequences: consequences(refusal),
    };
    page.answer_with(status)
}

fn consequences(refusal: Option<DocumentError>) -> Vec<String> {
    match refusal {
        None => vec!["Its text is gone for good. Events that it raised stay in the history.".to_owned()],
        Some(DocumentError::InUse(Uses { components, publications, assignments })) => {
            let mut sentences = Vec::new();
            if components > 0 {
                let which = pages::counted(components, "document is", "documents are");
                sentences.push(format!("{which} part of it: move or delete them first."));
            }
            if publications > 0 {
                let which = pages::counted(publications, "publication was", "publications were");
                sentences.push(format!("{which} made from it: delete them first."));
            }
            if assignments > 0 {
                let which = pages::counted(assignments, "assignment asks", "assignments ask");
                sentences.push(format!("{which} for work on it: delete them first."));
            }
            sentences
        }
        Some(refusal) => vec![refusal.to_string()],
    }
}
