//! The table of declared event types.

use std::sync::Arc;

use diesel::prelude::*;

use super::{BUILT_IN, Catalogue, Declared, EventType, Schema, code_of};
use crate::clock::Time;
use crate::db::{Conn, DbError};
use crate::schema::{catalogue, event_types};

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = event_types)]
struct Row {
    name: String,
    label: String,
    group_name: String,
    description: String,
    schema: String,
    example: String,
    checked: bool,
    version: i32,
    created_at: Time,
    updated_at: Time,
}

impl Row {
    fn of(kind: &EventType, declared: &Declared) -> Self {
        Self {
            name: kind.name.to_string(),
            label: kind.label.to_string(),
            group_name: kind.group.to_string(),
            description: kind.description.to_string(),
            schema: kind.schema.to_string(),
            example: kind.example.to_string(),
            checked: declared.check.is_some(),
            version: kind.version,
            created_at: declared.created_at,
            updated_at: declared.updated_at,
        }
    }

    /// A schema that is no longer understood checks nothing, and is told in the log: events are not lost for it.
    fn open(self) -> EventType {
        let compiled = self.checked.then(|| Schema::compile(&self.schema)).transpose();
        let check = compiled.unwrap_or_else(|fault| {
            tracing::error!(event_type = %self.name, %fault, "its stored schema cannot be read; events are not checked");
            None
        });
        EventType {
            code: code_of(&self.name).into(),
            name: self.name.into(),
            label: self.label.into(),
            description: self.description.into(),
            group: self.group_name.into(),
            example: self.example.into(),
            previous: None,
            schema: self.schema.into(),
            version: self.version,
            declared: Some(Declared { check, created_at: self.created_at, updated_at: self.updated_at }),
        }
    }
}

/// All types there are. What `before` has in the same version is taken over, since a schema is costly to compile; where
/// nothing has changed it is `before` itself.
pub(crate) fn catalogue(conn: &mut Conn, before: &Arc<Catalogue>) -> Result<Arc<Catalogue>, DbError> {
    let rows: Vec<Row> = event_types::table.order(event_types::name).select(Row::as_select()).load(conn)?;
    if rows.is_empty() {
        return Ok(Catalogue::built_in());
    }
    let kept = |row: &Row| {
        let same = |kind: &&Arc<EventType>| {
            let declared = kind.declared.as_ref();
            kind.version == row.version && declared.is_some_and(|old| old.created_at == row.created_at)
        };
        before.find(&row.name).filter(same).cloned()
    };
    let known: Vec<Option<Arc<EventType>>> = rows.iter().map(kept).collect();
    if known.iter().all(Option::is_some) && before.all().len() == BUILT_IN.len() + rows.len() {
        return Ok(Arc::clone(before));
    }
    let types = rows.into_iter().zip(known).map(|(row, known)| known.unwrap_or_else(|| Arc::new(row.open())));
    Ok(Arc::new(Catalogue::with(types.collect())))
}

/// The declared type of that name.
pub(super) fn find(conn: &mut Conn, name: &str) -> Result<Option<EventType>, DbError> {
    let row: Option<Row> = event_types::table.find(name).select(Row::as_select()).first(conn).optional()?;
    Ok(row.map(Row::open))
}

/// The names of all that are declared.
pub(super) fn names(conn: &mut Conn) -> Result<Vec<String>, DbError> {
    Ok(event_types::table.order(event_types::name).select(event_types::name).load(conn)?)
}

/// The first of these types that is not there any more.
pub(crate) fn first_gone<'a>(conn: &mut Conn, types: &'a [String]) -> Result<Option<&'a String>, DbError> {
    let built_in = Catalogue::untouched();
    let mut declared = types.iter().filter(|name| built_in.find(name).is_none()).peekable();
    if declared.peek().is_none() {
        return Ok(None);
    }
    let there = names(conn)?;
    Ok(declared.find(|name| !there.contains(name)))
}

/// Writes a declared type, new or over the one that is there.
pub(super) fn put(conn: &mut Conn, kind: &EventType) -> Result<(), DbError> {
    let Some(declared) = &kind.declared else { return Ok(()) };
    let row = Row::of(kind, declared);
    if diesel::update(event_types::table.find(&*kind.name)).set(&row).execute(conn)? == 0 {
        diesel::insert_into(event_types::table).values(&row).execute(conn)?;
    }
    Ok(())
}

pub(super) fn delete(conn: &mut Conn, name: &str) -> Result<(), DbError> {
    diesel::delete(event_types::table.find(name)).execute(conn)?;
    Ok(())
}

/// Whether everybody may read the pages of the types.
pub(super) fn is_public(conn: &mut Conn) -> Result<bool, DbError> {
    Ok(catalogue::table.select(catalogue::is_public).first(conn)?)
}

pub(super) fn set_public(conn: &mut Conn, is_public: bool) -> Result<(), DbError> {
    diesel::update(catalogue::table).set(catalogue::is_public.eq(is_public)).execute(conn)?;
    Ok(())
}
