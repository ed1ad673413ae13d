//! The table of events.

use std::sync::Arc;

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::Sqlite;

use super::{Environment, Event, EventId, Person, Source};
use crate::clock::Time;
use crate::db::{Conn, DbError};
use crate::on_backend;
use crate::schema::{events, idempotency_keys};

#[derive(Queryable, QueryableByName, Selectable)]
#[diesel(table_name = events)]
struct Row {
    id: EventId,
    type_: String,
    environment: Environment,
    source: Source,
    subject: Option<String>,
    title: String,
    resource: Option<String>,
    actor_id: Option<String>,
    actor_email: Option<String>,
    data: Option<String>,
    previous: Option<String>,
    occurred_at: Time,
    created_at: Time,
}

impl From<Row> for Event {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            type_name: row.type_,
            environment: row.environment,
            source: row.source,
            subject: row.subject,
            title: row.title,
            resource: row.resource,
            person: row.actor_id.zip(row.actor_email).map(|(id, email)| Person { id, email }),
            data: row.data,
            previous: row.previous,
            occurred_at: row.occurred_at,
            created_at: row.created_at,
        }
    }
}

/// The event of that id.
///
/// # Errors
/// When the database cannot be read.
pub fn find(conn: &mut Conn, id: EventId) -> Result<Option<Event>, DbError> {
    let row: Option<Row> = events::table.find(id).select(Row::as_select()).first(conn).optional()?;
    Ok(row.map(Event::from))
}

/// How many of the newest events of a type are looked at for those of one world.
const LOOKED_AT: i64 = 1_000;

/// The newest `most` events of these types in that world, among the last 1,000 of each type.
///
/// # Errors
/// When the database cannot be read.
pub fn newest(conn: &mut Conn, environment: Environment, types: &[String], most: i64) -> Result<Vec<Event>, DbError> {
    if types.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<Row> = on_backend!(
        conn,
        sqlite c => {
            let mut query = diesel::sql_query(newest_sql(types.len(), most, |_| "?".to_owned())).into_boxed::<Sqlite>();
            for kind in types {
                query = query.bind::<Text, _>(kind).bind::<Text, _>(environment.as_str());
            }
            query.load(c)?
        },
        postgres c => {
            let mut query = diesel::sql_query(newest_sql(types.len(), most, |place| format!("${place}"))).into_boxed::<Pg>();
            for kind in types {
                query = query.bind::<Text, _>(kind).bind::<Text, _>(environment.as_str());
            }
            query.load(c)?
        }
    );
    Ok(rows.into_iter().map(Event::from).collect())
}

/// Each type has its own walk along the index, since one over all of them could pass millions of others.
fn newest_sql(types: usize, most: i64, place: impl Fn(usize) -> String) -> String {
    let walk = |number: usize| {
        let (kind, environment) = (place(2 * number + 1), place(2 * number + 2));
        format!(
            "select id from (select id, environment from events where type = {kind} order by id desc limit {LOOKED_AT}) \
             as walk_{number} where environment = {environment}"
        )
    };
    let walks = (0..types).map(walk).collect::<Vec<_>>().join(" union all ");
    format!(
        "select id, type as type_, environment, source, subject, title, resource, actor_id, actor_email, data, previous, \
         occurred_at, created_at from events where id in (select id from ({walks}) as found order by id desc limit \
         {most}) order by id desc"
    )
}

/// Stores events, each with the reasons why webhooks got no delivery of it.
///
/// # Errors
/// When the database cannot take them.
pub(crate) fn insert(conn: &mut Conn, published: &[(Arc<Event>, Option<String>)]) -> Result<(), DbError> {
    let rows = published.iter().map(|(event, unsent)| {
        (
            events::id.eq(event.id),
            events::type_.eq(&event.type_name),
            events::environment.eq(event.environment),
            events::source.eq(event.source),
            events::subject.eq(&event.subject),
            events::title.eq(&event.title),
            events::resource.eq(&event.resource),
            events::actor_id.eq(event.person.as_ref().map(|person| &person.id)),
            events::actor_email.eq(event.person.as_ref().map(|person| &person.email)),
            events::data.eq(&event.data),
            events::previous.eq(&event.previous),
            events::occurred_at.eq(event.occurred_at),
            events::created_at.eq(event.created_at),
            events::unsent.eq(unsent),
        )
    });
    on_backend!(
        conn,
        sqlite c => {
            for row in rows {
                diesel::insert_into(events::table).values(row).execute(c)?;
            }
        },
        postgres c => {
            // A statement takes at most 65,535 values.
            for rows in rows.collect::<Vec<_>>().chunks(4_000) {
                diesel::insert_into(events::table).values(rows).execute(c)?;
            }
        }
    );
    Ok(())
}

/// How many events came since `from` from each source, counted up to `most` in all.
///
/// # Errors
/// When the database cannot be read.
pub fn count_by_source(conn: &mut Conn, from: Time, most: i64) -> Result<Vec<(Source, i64)>, DbError> {
    let found: Vec<Source> = events::table
        .filter(events::created_at.ge(from))
        .order((events::created_at.desc(), events::id.desc()))
        .limit(most + 1)
        .select(events::source)
        .load(conn)?;
    let count = |source: &Source| i64::try_from(found.iter().filter(|one| *one == source).count()).unwrap_or(i64::MAX);
    Ok(Source::ALL.iter().map(|source| (*source, count(source))).filter(|(_, count)| *count > 0).collect())
}

/// What was answered under an idempotency key.
#[derive(Queryable)]
pub(super) struct Answered {
    pub(super) body_hash: String,
    pub(super) answer: String,
}

pub(super) fn find_answer(conn: &mut Conn, api_key: &str, key: &str) -> Result<Option<Answered>, DbError> {
    use idempotency_keys::{answer, body_hash};
    Ok(idempotency_keys::table.find((api_key, key)).select((body_hash, answer)).first(conn).optional()?)
}

pub(super) fn keep_answer(
    conn: &mut Conn,
    api_key: &str,
    key: &str,
    (body_hash, answer): (&str, &str),
    at: Time,
) -> Result<(), DbError> {
    diesel::insert_into(idempotency_keys::table)
        .values((
            idempotency_keys::api_key_id.eq(api_key),
            idempotency_keys::idempotency_key.eq(key),
            idempotency_keys::body_hash.eq(body_hash),
            idempotency_keys::answer.eq(answer),
            idempotency_keys::created_at.eq(at),
        ))
        .execute(conn)?;
    Ok(())
}

/// Forgets the answers that are older than their time.
pub(super) fn forget_answers(conn: &mut Conn, before: Time) -> Result<(), DbError> {
    diesel::delete(idempotency_keys::table.filter(idempotency_keys::created_at.lt(before))).execute(conn)?;
    Ok(())
}
