//! The tables of assignments and of what their assignees decided.

use diesel::prelude::*;

use super::{Assignment, AssignmentId, Decided, Decision, Kind};
use crate::clock::Time;
use crate::content::documents::DocumentId;
use crate::content::paging::{Cursor, Span};
use crate::content::store::{lower::lower, pattern};
use crate::db::{Backend, Conn, DbError};
use crate::schema::{assignment_statuses, assignments, documents};

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = assignments)]
struct Row {
    id: AssignmentId,
    number: i64,
    document_id: DocumentId,
    type_: Kind,
    language: String,
    assignees: String,
    starts_on: Time,
    ends_on: Time,
    message: String,
    by_api: bool,
    version: i32,
    created_at: Time,
    created_by: String,
    updated_at: Time,
    updated_by: String,
}

impl Row {
    fn open(self, document_number: i64, document_title: String) -> Assignment {
        Assignment {
            id: self.id,
            number: self.number,
            document_id: self.document_id,
            document_number,
            document_title,
            kind: self.type_,
            language: self.language,
            assignees: self.assignees.lines().map(str::to_owned).collect(),
            starts_on: self.starts_on,
            ends_on: self.ends_on,
            message: self.message,
            by_api: self.by_api,
            version: self.version,
            created_at: self.created_at,
            created_by: self.created_by,
            updated_at: self.updated_at,
            updated_by: self.updated_by,
        }
    }
}

impl From<&Assignment> for Row {
    fn from(assignment: &Assignment) -> Self {
        Self {
            id: assignment.id,
            number: assignment.number,
            document_id: assignment.document_id,
            type_: assignment.kind,
            language: assignment.language.clone(),
            // An address has no line end.
            assignees: assignment.assignees.join("\n"),
            starts_on: assignment.starts_on,
            ends_on: assignment.ends_on,
            message: assignment.message.clone(),
            by_api: assignment.by_api,
            version: assignment.version,
            created_at: assignment.created_at,
            created_by: assignment.created_by.clone(),
            updated_at: assignment.updated_at,
            updated_by: assignment.updated_by.clone(),
        }
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = assignment_statuses)]
struct StatusRow {
    assignment_id: AssignmentId,
    assignee: String,
    status: Decision,
    decided_by: String,
    decided_at: Time,
}

/// What a list shows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    /// In the document's title or an assignee's address, or the number.
    pub(crate) text: String,
    pub(crate) kind: Option<Kind>,
}

/// The assignment of that number.
pub(crate) fn find(conn: &mut Conn, number: i64) -> Result<Option<Assignment>, DbError> {
    let row: Option<(Row, i64, String)> = assignments::table
        .inner_join(documents::table)
        .filter(assignments::number.eq(number))
        .select((Row::as_select(), documents::number, documents::title))
        .first(conn)
        .optional()?;
    Ok(row.map(|(row, number, title)| row.open(number, title)))
}

/// The rows of a page, in the direction of its span.
pub(crate) fn page(conn: &mut Conn, filter: &Filter, span: Span) -> Result<Vec<Assignment>, DbError> {
    let mut query = assignments::table
        .inner_join(documents::table)
        .select((Row::as_select(), documents::number, documents::title))
        .limit(span.reach())
        .into_boxed::<Backend>();
    if !filter.text.is_empty() {
        let like = pattern(&filter.text);
        let title = lower(documents::title).like(like.clone()).escape('\\');
        let words = title.or(lower(assignments::assignees).like(like).escape('\\'));
        query = match filter.text.parse::<i64>() {
            Ok(number) => query.filter(words.or(assignments::number.eq(number))),
            Err(_) => query.filter(words),
        };
    }
    if let Some(kind) = filter.kind {
        query = query.filter(assignments::type_.eq(kind));
    }
    query = match span.cursor {
        None => query.order(assignments::number.desc()),
        Some(Cursor::Below(number)) => query.filter(assignments::number.lt(number)).order(assignments::number.desc()),
        Some(Cursor::Above(number)) => query.filter(assignments::number.gt(number)).order(assignments::number.asc()),
    };
    let rows: Vec<(Row, i64, String)> = query.load(conn)?;
    Ok(rows.into_iter().map(|(row, number, title)| row.open(number, title)).collect())
}

/// How many there are, and how many of them have not ended before `day`.
pub(crate) fn counts(conn: &mut Conn, day: Time) -> Result<(i64, i64), DbError> {
    let all = assignments::table.count().get_result(conn)?;
    let open = assignments::table.filter(assignments::ends_on.ge(day)).count().get_result(conn)?;
    Ok((all, open))
}

pub(crate) fn insert(conn: &mut Conn, assignment: &Assignment) -> Result<(), DbError> {
    diesel::insert_into(assignments::table).values(Row::from(assignment)).execute(conn)?;
    Ok(())
}

/// Writes every column of an assignment.
pub(super) fn update(conn: &mut Conn, assignment: &Assignment) -> Result<(), DbError> {
    let changed = diesel::update(assignments::table.find(assignment.id)).set(Row::from(assignment)).execute(conn)?;
    if changed == 0 { Err(DbError::NotFound) } else { Ok(()) }
}

pub(super) fn delete(conn: &mut Conn, id: AssignmentId) -> Result<(), DbError> {
    diesel::delete(assignments::table.find(id)).execute(conn)?;
    Ok(())
}

/// What the assignees of an assignment decided.
pub(crate) fn decisions(conn: &mut Conn, id: AssignmentId) -> Result<Vec<Decided>, DbError> {
    let rows: Vec<StatusRow> = assignment_statuses::table
        .filter(assignment_statuses::assignment_id.eq(id))
        .select(StatusRow::as_select())
        .load(conn)?;
    let open = |row: StatusRow| Decided {
        assignee: row.assignee,
        decision: row.status,
        by: row.decided_by,
        at: row.decided_at,
    };
    Ok(rows.into_iter().map(open).collect())
}

/// Writes a decision over that person's last one.
pub(super) fn set_decision(conn: &mut Conn, id: AssignmentId, decided: &Decided) -> Result<(), DbError> {
    diesel::delete(assignment_statuses::table.find((id, decided.assignee.as_str()))).execute(conn)?;
    let row = StatusRow {
        assignment_id: id,
        assignee: decided.assignee.clone(),
        status: decided.decision,
        decided_by: decided.by.clone(),
        decided_at: decided.at,
    };
    diesel::insert_into(assignment_statuses::table).values(row).execute(conn)?;
    Ok(())
}

/// Forgets the decisions of everybody but these.
pub(super) fn keep_decisions(conn: &mut Conn, id: AssignmentId, assignees: &[String]) -> Result<(), DbError> {
    let kept: Vec<String> = assignees.iter().map(|address| address.to_ascii_lowercase()).collect();
    let left = assignment_statuses::table
        .filter(assignment_statuses::assignment_id.eq(id))
        .filter(assignment_statuses::assignee.ne_all(kept));
    diesel::delete(left).execute(conn)?;
    Ok(())
}
