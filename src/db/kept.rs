//! Statements that stay prepared: those of the hot path that diesel would prepare anew each time.

use diesel::QueryResult;
use diesel::RunQueryDsl;
use diesel::backend::Backend;
use diesel::expression::{AsExpression, TypedExpressionType};
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{SqlType, Untyped};

/// A statement written out, which a connection prepares once and finds again by its text.
///
/// Diesel keeps no update and no text of our own, since both may differ from one time to the next.
pub(crate) struct Kept<'a, DB> {
    text: &'static str,
    values: Vec<Box<dyn QueryFragment<DB> + 'a>>,
}

impl<'a, DB: Backend> Kept<'a, DB> {
    /// This statement; `?` stands for a value, on either database.
    pub(crate) fn new(text: &'static str) -> Self {
        Self { text, values: Vec::with_capacity(24) }
    }

    /// The value of the next `?`.
    pub(crate) fn bind<ST, T>(mut self, value: T) -> Self
    where
        ST: SqlType + TypedExpressionType,
        T: AsExpression<ST>,
        T::Expression: QueryFragment<DB> + 'a,
    {
        self.values.push(Box::new(value.as_expression()));
        self
    }
}

impl<DB> Query for Kept<'_, DB> {
    type SqlType = Untyped;
}

/// None that is known beforehand: the text itself finds the statement.
impl<DB> QueryId for Kept<'_, DB> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<DB: Backend> QueryFragment<DB> for Kept<'_, DB> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let mut values = self.values.iter();
        for piece in self.text.split_inclusive('?') {
            out.push_sql(piece.trim_end_matches('?'));
            if let Some(value) = values.next().filter(|_| piece.ends_with('?')) {
                value.walk_ast(out.reborrow())?;
            }
        }
        Ok(())
    }
}

impl<Conn, DB> RunQueryDsl<Conn> for Kept<'_, DB> {}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use diesel::connection::InstrumentationEvent;
    use diesel::prelude::*;
    use diesel::sql_types::{Integer, Nullable, Text};

    use super::*;

    #[derive(QueryableByName, PartialEq, Eq, Debug)]
    struct Thing {
        #[diesel(sql_type = Integer)]
        id: i32,
        #[diesel(sql_type = Nullable<Text>)]
        name: Option<String>,
    }

    #[test]
    fn a_statement_is_prepared_once_and_takes_its_values_in_order() {
        let mut conn = SqliteConnection::establish(":memory:").unwrap();
        diesel::sql_query("create table things (id integer primary key, name text)").execute(&mut conn).unwrap();
        let prepared = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&prepared);
        conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            if let InstrumentationEvent::CacheQuery { .. } = event {
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
        for (id, name) in [(1, Some("one")), (2, None), (3, Some("?"))] {
            let insert = Kept::new("insert into things values (?, coalesce(?, 'none')) returning id, name");
            let rows: Vec<Thing> =
                insert.bind::<Integer, _>(id).bind::<Nullable<Text>, _>(name).load(&mut conn).unwrap();
            assert_eq!(rows, [Thing { id, name: Some(name.unwrap_or("none").to_owned()) }]);
        }
        assert_eq!(prepared.load(Ordering::Relaxed), 1);
    }
}
