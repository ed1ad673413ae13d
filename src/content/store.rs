//! What documents, publications and assignments share in the database: the numbers, and one lock.

use diesel::prelude::*;

use crate::db::{Conn, DbError};
use crate::schema::counters;

const CONTENT: &str = "content";

/// The next number of a content row, from 1,000 up. Changes of content wait for one another from here on.
pub(super) fn next_number(conn: &mut Conn) -> Result<i64, DbError> {
    let counter = counters::table.find(CONTENT);
    let number = diesel::update(counter)
        .set(counters::value.eq(counters::value + 1))
        .returning(counters::value)
        .get_result(conn)?;
    Ok(number)
}

/// Makes changes of content wait for one another until the transaction ends, so that what was read stays true.
pub(super) fn lock(conn: &mut Conn) -> Result<(), DbError> {
    match conn {
        // There is one writer.
        Conn::Sqlite(_) => Ok(()),
        Conn::Postgres(conn) => {
            let counter = counters::table.find(CONTENT).select(counters::value).for_update();
            counter.first::<i64>(conn)?;
            Ok(())
        }
    }
}

/// `%text%` for LIKE, in lower case, with what LIKE would read as a sign made plain.
pub(super) fn pattern(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for letter in text.chars().flat_map(char::to_lowercase) {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

/// Both databases' own lower case; the embedded one knows ASCII only.
pub(super) mod lower {
    #[diesel::declare_sql_function]
    extern "SQL" {
        fn lower(text: diesel::sql_types::Text) -> diesel::sql_types::Text;
    }
}
