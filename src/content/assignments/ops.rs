//! Changing assignments: every change with its audit row, a new one and a decision with their events, in one transaction.

use serde::Serialize;

use super::{Assignment, AssignmentError, Decided, Decision, Draft, store};
use crate::audit::{self, Actor, Changes, Object};
use crate::clock::Time;
use crate::content;
use crate::content::documents::{self, Document};
use crate::db::{DbError, Tx};

/// What receivers read of a new assignment.
#[derive(Serialize)]
struct Created<'a> {
    resource_id: i64,
    resource_title: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    template_name: &'a str,
    language: &'a str,
    assignment_type: super::Kind,
    startdate: String,
    enddate: String,
    startdate_timestamp: i64,
    enddate_timestamp: i64,
    assignment_link: String,
    api: bool,
}

/// What receivers read of an assignee's decision.
#[derive(Serialize)]
struct UserStatusChanged<'a> {
    resource_id: i64,
    resource_title: &'a str,
    assignment_type: super::Kind,
    status: Decision,
    assignment_link: String,
    assignee: &'a str,
}

/// Adds an assignment and raises its event; its link begins with `public_url`.
pub(crate) fn create(
    tx: &mut Tx<'_>,
    actor: &Actor,
    draft: Draft,
    public_url: &str,
) -> Result<Assignment, AssignmentError> {
    content::store::lock(tx)?;
    let document = find_document(tx, draft.document)?;
    let assignment = create_quietly(tx, actor, draft, &document)?;
    let data = Created {
        resource_id: document.number,
        resource_title: &document.title,
        template_name: &document.template,
        language: &assignment.language,
        assignment_type: assignment.kind,
        startdate: weekday(assignment.starts_on),
        enddate: weekday(assignment.ends_on),
        startdate_timestamp: assignment.starts_on.seconds(),
        enddate_timestamp: assignment.ends_on.seconds(),
        assignment_link: link(public_url, &assignment),
        api: assignment.by_api,
    };
    content::raise(tx, "assignment.created", content::person(actor), assignment.by_api, &data)?;
    Ok(assignment)
}

/// Adds an assignment without its event.
pub(in crate::content) fn create_quietly(
    tx: &mut Tx<'_>,
    actor: &Actor,
    draft: Draft,
    document: &Document,
) -> Result<Assignment, DbError> {
    let number = content::store::next_number(tx)?;
    let assignment = assemble(tx, actor, draft, number, document);
    store::insert(tx, &assignment)?;
    let changes = Changes::none()
        .value("document", assignment.document_number)
        .value("type", assignment.kind.as_str())
        .value("language", assignment.language.as_str())
        .value("assignees", assignment.assignees.clone())
        .value("start", day(assignment.starts_on))
        .value("end", day(assignment.ends_on));
    record(tx, actor, "assignment.created", &assignment, &changes)?;
    Ok(assignment)
}

/// What a draft becomes.
fn assemble(tx: &Tx<'_>, actor: &Actor, draft: Draft, number: i64, document: &Document) -> Assignment {
    let now = tx.now();
    Assignment {
        id: tx.make_id(),
        number,
        document_id: document.id,
        document_number: document.number,
        document_title: document.title.clone(),
        kind: draft.kind,
        language: draft.language,
        assignees: draft.assignees,
        starts_on: draft.starts_on,
        ends_on: draft.ends_on,
        message: draft.message,
        by_api: content::is_api(actor),
        version: 1,
        created_at: now,
        created_by: actor.name.clone(),
        updated_at: now,
        updated_by: actor.name.clone(),
    }
}

/// Changes an assignment that nobody changed since `version` was read. Who stays keeps their decision, as long as it is
/// about the same work: another document or another type asks everybody anew. No event: it is not new.
pub(crate) fn change(
    tx: &mut Tx<'_>,
    actor: &Actor,
    number: i64,
    version: i32,
    draft: Draft,
) -> Result<Assignment, AssignmentError> {
    let old = open(tx, number, version)?;
    let document = find_document(tx, draft.document)?;
    let assignment = Assignment {
        document_id: document.id,
        document_number: document.number,
        document_title: document.title,
        kind: draft.kind,
        language: draft.language,
        assignees: draft.assignees,
        starts_on: draft.starts_on,
        ends_on: draft.ends_on,
        message: draft.message,
        version: old.version + 1,
        updated_at: tx.now(),
        updated_by: actor.name.clone(),
        ..old.clone()
    };
    store::update(tx, &assignment)?;
    let same_work = old.document_id == assignment.document_id && old.kind == assignment.kind;
    let kept = if same_work { &*assignment.assignees } else { &[] };
    store::keep_decisions(tx, assignment.id, kept)?;
    let changes = Changes::none()
        .field("document", old.document_number, assignment.document_number)
        .field("type", old.kind.as_str(), assignment.kind.as_str())
        .field("language", old.language.as_str(), assignment.language.as_str())
        .field("assignees", old.assignees, assignment.assignees.clone())
        .field("start", day(old.starts_on), day(assignment.starts_on))
        .field("end", day(old.ends_on), day(assignment.ends_on))
        .field("message", old.message, assignment.message.as_str());
    record(tx, actor, "assignment.changed", &assignment, &changes)?;
    Ok(assignment)
}

/// Records what an assignee decided, in place of what they had decided before, on an assignment that nobody changed
/// since `version` was read, and raises its event; false where it was on record already.
pub(crate) fn decide(
    tx: &mut Tx<'_>,
    actor: &Actor,
    (number, version): (i64, i32),
    (address, decision, before): (&str, Decision, Option<Decision>),
    public_url: &str,
) -> Result<bool, AssignmentError> {
    let assignment = open(tx, number, version)?;
    let mut assignees = assignment.assignees.iter();
    let assignee = assignees.find(|known| known.eq_ignore_ascii_case(address)).ok_or(AssignmentError::NotAssigned)?;
    let known = store::decisions(tx, assignment.id)?;
    let known = known.iter().find(|decided| decided.is_of(assignee)).map(|decided| decided.decision);
    if known == Some(decision) {
        return Ok(false);
    }
    if known != before {
        return Err(AssignmentError::Overtaken);
    }
    decide_quietly(tx, actor, &assignment, assignee, (before, decision))?;
    let data = UserStatusChanged {
        resource_id: assignment.document_number,
        resource_title: &assignment.document_title,
        assignment_type: assignment.kind,
        status: decision,
        assignment_link: link(public_url, &assignment),
        assignee,
    };
    let kind = "assignment.user_status_changed";
    content::raise(tx, kind, content::person(actor), content::is_api(actor), &data)?;
    Ok(true)
}

/// The decision without its event. The version stays: a decision takes nothing from who edits the assignment meanwhile.
pub(in crate::content) fn decide_quietly(
    tx: &mut Tx<'_>,
    actor: &Actor,
    assignment: &Assignment,
    assignee: &str,
    (before, decision): (Option<Decision>, Decision),
) -> Result<(), DbError> {
    let decided = Decided { assignee: assignee.to_ascii_lowercase(), decision, by: actor.name.clone(), at: tx.now() };
    store::set_decision(tx, assignment.id, &decided)?;
    let changes = Changes::none().value("assignee", assignee).field(
        "status",
        before.map_or("open", Decision::as_str),
        decision.as_str(),
    );
    record(tx, actor, "assignment.user_status_changed", assignment, &changes)
}

/// Deletes an assignment, and with it what its assignees decided.
pub(crate) fn delete(tx: &mut Tx<'_>, actor: &Actor, number: i64) -> Result<(), AssignmentError> {
    content::store::lock(tx)?;
    let assignment = store::find(tx, number)?.ok_or(AssignmentError::Gone)?;
    store::delete(tx, assignment.id)?;
    record(tx, actor, "assignment.deleted", &assignment, &Changes::none())?;
    Ok(())
}

/// Reads an assignment for a change, unless somebody changed it since `version`.
fn open(tx: &mut Tx<'_>, number: i64, version: i32) -> Result<Assignment, AssignmentError> {
    content::store::lock(tx)?;
    let assignment = store::find(tx, number)?.ok_or(AssignmentError::Gone)?;
    if assignment.version == version { Ok(assignment) } else { Err(AssignmentError::Stale(Box::new(assignment))) }
}

/// The address of an assignment as receivers can open it.
fn link(public_url: &str, assignment: &Assignment) -> String {
    format!("{public_url}/content/assignments/{}", assignment.number)
}

fn find_document(tx: &mut Tx<'_>, number: i64) -> Result<Document, AssignmentError> {
    documents::store::find(tx, number)?.ok_or(AssignmentError::DocumentGone)
}

/// `Monday 17/02/2025`, the form that receivers know; English and UTC whatever the portal speaks.
pub(crate) fn weekday(at: Time) -> String {
    at.utc().format("%A %d/%m/%Y").to_string()
}

/// `2025-02-17`, as the form has it.
pub(crate) fn day(at: Time) -> String {
    at.utc().format("%Y-%m-%d").to_string()
}

fn record(
    tx: &mut Tx<'_>,
    actor: &Actor,
    action: &'static str,
    assignment: &Assignment,
    changes: &Changes,
) -> Result<(), DbError> {
    let name = format!("{} of {}", assignment.kind.label(), assignment.document_title);
    let object = Object { kind: "assignment", id: assignment.id.as_str(), name: &name };
    audit::record(tx, actor, action, &object, changes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_an_english_weekday_and_a_date_in_utc() {
        let at = Time::from_micros(1_739_833_201_000_000);
        assert_eq!(weekday(at), "Monday 17/02/2025");
        assert_eq!(day(at), "2025-02-17");
        assert_eq!(weekday(Time::from_micros(1_740_438_001_000_000)), "Monday 24/02/2025");
    }
}
