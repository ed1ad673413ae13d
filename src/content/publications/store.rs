//! The tables of publications and of their outputs.

use std::time::Duration;

use diesel::prelude::*;

use super::{Archive, Format, Publication, PublicationId, State};
use crate::clock::Time;
use crate::content::documents::DocumentId;
use crate::content::paging::{Cursor, Span};
use crate::content::store::{lower::lower, pattern};
use crate::db::{Backend, Conn, DbError};
use crate::events::Person;
use crate::on_backend;
use crate::schema::{documents, publication_outputs, publications};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = publications)]
struct Row {
    id: PublicationId,
    number: i64,
    document_id: DocumentId,
    title: String,
    template: String,
    format: Format,
    keep_output: bool,
    state: State,
    pages_done: i32,
    pages_total: i32,
    fence: i64,
    leased_until: Time,
    archive_token: Option<String>,
    archive_bytes: Option<i64>,
    failure: Option<String>,
    actor_id: Option<String>,
    actor_email: Option<String>,
    actor_name: String,
    version: i32,
    created_at: Time,
    ended_at: Option<Time>,
}

impl Row {
    fn open(self, document_number: i64, document_title: String) -> Publication {
        Publication {
            id: self.id,
            number: self.number,
            document_id: self.document_id,
            document_number,
            document_title,
            title: self.title,
            template: self.template,
            format: self.format,
            keep_output: self.keep_output,
            state: self.state,
            pages_done: self.pages_done,
            pages_total: self.pages_total,
            archive: self.archive_token.map(|token| Archive { token, bytes: self.archive_bytes.unwrap_or_default() }),
            failure: self.failure,
            person: self.actor_id.zip(self.actor_email).map(|(id, email)| Person { id, email }),
            started_by: self.actor_name,
            version: self.version,
            created_at: self.created_at,
            ended_at: self.ended_at,
        }
    }
}

impl From<&Publication> for Row {
    fn from(publication: &Publication) -> Self {
        Self {
            id: publication.id,
            number: publication.number,
            document_id: publication.document_id,
            title: publication.title.clone(),
            template: publication.template.clone(),
            format: publication.format,
            keep_output: publication.keep_output,
            state: publication.state,
            pages_done: publication.pages_done,
            pages_total: publication.pages_total,
            fence: 0,
            // Nobody holds it yet: the first node that looks may take it.
            leased_until: publication.created_at,
            archive_token: publication.archive.as_ref().map(|archive| archive.token.clone()),
            archive_bytes: publication.archive.as_ref().map(|archive| archive.bytes),
            failure: publication.failure.clone(),
            actor_id: publication.person.as_ref().map(|person| person.id.clone()),
            actor_email: publication.person.as_ref().map(|person| person.email.clone()),
            actor_name: publication.started_by.clone(),
            version: publication.version,
            created_at: publication.created_at,
            ended_at: publication.ended_at,
        }
    }
}

/// What a list shows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    /// In the title, or the number.
    pub(crate) text: String,
    pub(crate) state: Option<State>,
}

/// The publication of that number.
pub(crate) fn find(conn: &mut Conn, number: i64) -> Result<Option<Publication>, DbError> {
    let row: Option<(Row, i64, String)> = publications::table
        .inner_join(documents::table)
        .filter(publications::number.eq(number))
        .select((Row::as_select(), documents::number, documents::title))
        .first(conn)
        .optional()?;
    Ok(row.map(|(row, number, title)| row.open(number, title)))
}

/// The rows of a page, in the direction of its span.
pub(crate) fn page(conn: &mut Conn, filter: &Filter, span: Span) -> Result<Vec<Publication>, DbError> {
    let mut query = publications::table
        .inner_join(documents::table)
        .select((Row::as_select(), documents::number, documents::title))
        .limit(span.reach())
        .into_boxed::<Backend>();
    if !filter.text.is_empty() {
        let like = pattern(&filter.text);
        let title = lower(publications::title).like(like.clone()).escape('\\');
        let words = title.or(lower(documents::title).like(like).escape('\\'));
        query = match filter.text.parse::<i64>() {
            Ok(number) => query.filter(words.or(publications::number.eq(number))),
            Err(_) => query.filter(words),
        };
    }
    if let Some(state) = filter.state {
        query = query.filter(publications::state.eq(state));
    }
    query = match span.cursor {
        None => query.order(publications::number.desc()),
        Some(Cursor::Below(number)) => query.filter(publications::number.lt(number)).order(publications::number.desc()),
        Some(Cursor::Above(number)) => query.filter(publications::number.gt(number)).order(publications::number.asc()),
    };
    let rows: Vec<(Row, i64, String)> = query.load(conn)?;
    Ok(rows.into_iter().map(|(row, number, title)| row.open(number, title)).collect())
}

/// How many there are, and how many of them run.
pub(crate) fn counts(conn: &mut Conn) -> Result<(i64, i64), DbError> {
    let all = publications::table.count().get_result(conn)?;
    let running = publications::table.filter(publications::state.eq(State::Running)).count().get_result(conn)?;
    Ok((all, running))
}

pub(crate) fn insert(conn: &mut Conn, publication: &Publication) -> Result<(), DbError> {
    diesel::insert_into(publications::table).values(Row::from(publication)).execute(conn)?;
    Ok(())
}

pub(super) fn set_title(conn: &mut Conn, publication: &Publication) -> Result<(), DbError> {
    diesel::update(publications::table.find(publication.id))
        .set((publications::title.eq(&publication.title), publications::version.eq(publication.version)))
        .execute(conn)?;
    Ok(())
}

/// Stops a running publication; `false` when it has ended.
pub(super) fn cancel(conn: &mut Conn, id: PublicationId, at: Time) -> Result<bool, DbError> {
    let running = publications::table.find(id).filter(publications::state.eq(State::Running));
    let stopped = diesel::update(running)
        .set((publications::state.eq(State::Cancelled), publications::ended_at.eq(at)))
        .execute(conn)?;
    Ok(stopped > 0)
}

/// Deletes a publication with its output.
pub(super) fn delete(conn: &mut Conn, id: PublicationId) -> Result<(), DbError> {
    diesel::delete(publications::table.find(id)).execute(conn)?;
    Ok(())
}

/// The file of that publication.
pub(crate) fn output(conn: &mut Conn, id: PublicationId) -> Result<Option<Vec<u8>>, DbError> {
    let output = publication_outputs::table.find(id).select(publication_outputs::archive);
    Ok(output.first(conn).optional()?)
}

pub(crate) fn insert_output(conn: &mut Conn, id: PublicationId, archive: &[u8]) -> Result<(), DbError> {
    diesel::insert_into(publication_outputs::table)
        .values((publication_outputs::publication_id.eq(id), publication_outputs::archive.eq(archive)))
        .execute(conn)?;
    Ok(())
}

/// Erases the file and the secret of its address.
pub(super) fn delete_output(conn: &mut Conn, id: PublicationId) -> Result<(), DbError> {
    diesel::delete(publication_outputs::table.find(id)).execute(conn)?;
    diesel::update(publications::table.find(id))
        .set((publications::archive_token.eq(None::<String>), publications::archive_bytes.eq(None::<i64>)))
        .execute(conn)?;
    Ok(())
}

/// Takes the oldest publication that runs and that no node holds, until `now` + `lease`; returns its number and
/// the fence that guards every write of its job.
pub(super) fn claim(conn: &mut Conn, now: Time, lease: Duration) -> Result<Option<(i64, i64)>, DbError> {
    let free = publications::table
        .filter(publications::state.eq(State::Running))
        .filter(publications::leased_until.le(now))
        .order(publications::number)
        .select((publications::id, publications::number, publications::fence));
    let free: Option<(PublicationId, i64, i64)> = on_backend!(
        &mut *conn,
        sqlite c => free.first(c).optional(),
        postgres c => free.for_update().skip_locked().first(c).optional()
    )?;
    let Some((id, number, fence)) = free else { return Ok(None) };
    diesel::update(publications::table.find(id))
        .set((
            publications::fence.eq(fence + 1),
            publications::leased_until.eq(now.plus(lease)),
            publications::pages_done.eq(0),
        ))
        .execute(conn)?;
    Ok(Some((number, fence + 1)))
}

/// Tells how far the job is and renews its lease; `false` when it is not this job's any more.
pub(super) fn progress(conn: &mut Conn, held: Held, pages: (i32, i32), leased_until: Time) -> Result<bool, DbError> {
    let renewed = diesel::update(held.row())
        .set((
            publications::pages_done.eq(pages.0),
            publications::pages_total.eq(pages.1),
            publications::leased_until.eq(leased_until),
        ))
        .execute(conn)?;
    Ok(renewed > 0)
}

/// Ends the job; `false` when it is not this job's any more.
pub(super) fn end(
    conn: &mut Conn,
    held: Held,
    state: State,
    archive: Option<&Archive>,
    failure: Option<&str>,
    at: Time,
) -> Result<bool, DbError> {
    let ended = diesel::update(held.row())
        .set((
            publications::state.eq(state),
            publications::archive_token.eq(archive.map(|archive| &archive.token)),
            publications::archive_bytes.eq(archive.map(|archive| archive.bytes)),
            publications::failure.eq(failure),
            publications::ended_at.eq(at),
        ))
        .execute(conn)?;
    Ok(ended > 0)
}

/// Gives one job back at once.
pub(super) fn release(conn: &mut Conn, held: Held, now: Time) -> Result<(), DbError> {
    diesel::update(held.row()).set(publications::leased_until.eq(now)).execute(conn)?;
    Ok(())
}

/// Gives every job back, on the embedded database at start: who held them is dead, since the file is ours.
pub(super) fn release_all(conn: &mut Conn, now: Time) -> Result<(), DbError> {
    diesel::update(publications::table.filter(publications::state.eq(State::Running)))
        .set(publications::leased_until.eq(now))
        .execute(conn)?;
    Ok(())
}

/// A publication as held by a job: writes of a job that was cancelled or taken over find no row.
#[derive(Clone, Copy)]
pub(super) struct Held {
    pub(super) id: PublicationId,
    pub(super) fence: i64,
}

/// The row of a publication while this job holds it.
type HeldRow = diesel::dsl::Filter<
    diesel::dsl::Filter<
        diesel::dsl::Find<publications::table, PublicationId>,
        diesel::dsl::Eq<publications::fence, i64>,
    >,
    diesel::dsl::Eq<publications::state, State>,
>;

impl Held {
    fn row(self) -> HeldRow {
        publications::table
            .find(self.id)
            .filter(publications::fence.eq(self.fence))
            .filter(publications::state.eq(State::Running))
    }
}
