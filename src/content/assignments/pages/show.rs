//! The page of an assignment, and what its assignees decide on it.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;

use super::{LIST, address};
use crate::content::assignments::form::DecisionForm;
use crate::content::assignments::{Assignment, AssignmentError, Decided, Decision, ops, store};
use crate::content::pages::{self, Number};
use crate::db::DbError;
use crate::sessions::Admin;
use crate::state::App;
use crate::web::badge::Badge;
use crate::web::frame::{Crumb, Frame, Place};
use crate::web::view::When;
use crate::web::{Form, Page, WebError, see_other};

/// Somebody who is asked.
struct Assignee {
    address: String,
    status: Badge,
    /// When it was recorded, and by whom.
    decided: Option<(When, String)>,
}

#[derive(Template)]
#[template(path = "assignments/show.html")]
struct ShowPage {
    frame: Frame,
    /// Why a decision was not recorded.
    problem: &'static str,
    number: i64,
    version: i32,
    document: (i64, String),
    kind: &'static str,
    language: String,
    assignees: Vec<Assignee>,
    dates: String,
    message: String,
    created: When,
    created_by: String,
}

pub(super) async fn show(app: Data<App>, admin: Admin, Number(number): Number) -> Result<HttpResponse, WebError> {
    page(&app, &admin, number, "", StatusCode::OK).await
}

pub(super) async fn decide(
    app: Data<App>,
    admin: Admin,
    Number(number): Number,
    Form(form): Form<DecisionForm>,
) -> Result<HttpResponse, WebError> {
    let Some((assignee, decision, was)) = form.parse() else {
        let problem = "An assignee can approve or reject, nothing else. Nothing was recorded.";
        return page(&app, &admin, number, problem, StatusCode::UNPROCESSABLE_ENTITY).await;
    };
    let (actor, version) = (admin.actor().clone(), pages::version(&form.version));
    let (public_url, whose) = (app.settings.public_url.clone(), assignee.clone());
    let recorded =
        app.db.write(move |tx| ops::decide(tx, &actor, (number, version), (&whose, decision, was), &public_url));
    match recorded.await {
        Ok(true) => admin.flash(&format!("It is on record now: {assignee} {decision} the work.")),
        Ok(false) => admin.flash(&format!("It was on record already: {assignee} {decision} the work.")),
        Err(error) => return refused(&app, &admin, number, error).await,
    }
    Ok(see_other(&address(number)))
}

/// The page as it stands now, with why nothing was recorded.
async fn refused(
    app: &Data<App>,
    admin: &Admin,
    number: i64,
    error: AssignmentError,
) -> Result<HttpResponse, WebError> {
    match error {
        AssignmentError::Db(_) | AssignmentError::Gone | AssignmentError::DocumentGone => Err(error.into()),
        AssignmentError::NotAssigned => {
            let problem = "This person is not an assignee, so nothing was recorded.";
            page(app, admin, number, problem, StatusCode::UNPROCESSABLE_ENTITY).await
        }
        AssignmentError::Overtaken => {
            let problem = "Somebody recorded a decision of this person while you were looking, so yours was not. This is how it stands now.";
            page(app, admin, number, problem, StatusCode::CONFLICT).await
        }
        AssignmentError::Stale(_) => {
            let problem = "Somebody saved this assignment while you were looking, so nothing was recorded. This is how it stands now.";
            page(app, admin, number, problem, StatusCode::CONFLICT).await
        }
    }
}

async fn page(
    app: &Data<App>,
    admin: &Admin,
    number: i64,
    problem: &'static str,
    status: StatusCode,
) -> Result<HttpResponse, WebError> {
    let read = app.db.read(move |conn| {
        let assignment = store::find(conn, number)?.ok_or(DbError::NotFound)?;
        let decisions = store::decisions(conn, assignment.id)?;
        Ok((assignment, decisions))
    });
    let (assignment, decisions) = read.await.map_err(|error: DbError| error)?;
    let title = format!("{} of {}", assignment.kind.label(), assignment.document_title);
    let mut frame = admin.frame(&title, Place::Assignments);
    frame.crumbs = vec![Crumb { label: "Assignments".to_owned(), href: LIST.to_owned() }];
    let page = ShowPage {
        frame,
        problem,
        number,
        version: assignment.version,
        kind: assignment.kind.label(),
        assignees: assignees(&assignment, &decisions),
        document: (assignment.document_number, assignment.document_title),
        language: assignment.language,
        dates: format!("{} to {}", ops::weekday(assignment.starts_on), ops::weekday(assignment.ends_on)),
        message: assignment.message,
        created: pages::when(assignment.created_at),
        created_by: assignment.created_by,
    };
    page.answer_with(status)
}

/// The assignees in their order, each with what they decided.
fn assignees(assignment: &Assignment, decisions: &[Decided]) -> Vec<Assignee> {
    let assignee = |address: &String| {
        let decided = decisions.iter().find(|decided| decided.is_of(address));
        Assignee {
            address: address.clone(),
            status: badge(decided.map(|decided| decided.decision)),
            decided: decided.map(|decided| (pages::when(decided.at), decided.by.clone())),
        }
    };
    assignment.assignees.iter().map(assignee).collect()
}

fn badge(decision: Option<Decision>) -> Badge {
    match decision {
        None => Badge::Open,
        Some(Decision::Approved) => Badge::Approved,
        Some(Decision::Rejected) => Badge::Rejected,
    }
}
