//! One schema on two databases: the live tables are compared column by column, and every migration can be taken back.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Integer, Nullable, Text};
use postrider::clock::Clock;
use postrider::db::{Conn, DatabaseUrl, Db, DbError, migrate, revert_all};
use postrider::ids::Ids;

use crate::support::postgres_url;
use crate::support::process::{Scratch, fresh_schema};

/// Table and column to kind of type and whether it may be null.
type Columns = BTreeMap<(String, String), (&'static str, bool)>;

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
    #[diesel(sql_type = Text)]
    data_type: String,
    #[diesel(sql_type = Integer)]
    nullable: i32,
}

#[derive(QueryableByName)]
struct Index {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Nullable<Text>)]
    definition: Option<String>,
}

fn open(url: &DatabaseUrl) -> Db {
    migrate(url).unwrap();
    Db::open(url, Clock::system(), Ids::random()).unwrap()
}

fn both() -> (Scratch, DatabaseUrl, DatabaseUrl) {
    let folder = Scratch::new("schema");
    let sqlite = DatabaseUrl::Sqlite(folder.path().join("postrider.db"));
    (folder, sqlite, DatabaseUrl::parse(&fresh_schema(&postgres_url())).unwrap())
}

fn columns(db: &Db) -> Columns {
    let query = if db.is_sqlite() {
        "select t.name as table_name, c.name as column_name, lower(c.type) as data_type, \
         case when c.\"notnull\" = 0 then 1 else 0 end as nullable \
         from sqlite_master t join pragma_table_info(t.name) c where t.type = 'table' and t.name not like 'sqlite_%'"
    } else {
        "select table_name::text, column_name::text, data_type::text, \
         case when is_nullable = 'YES' then 1 else 0 end as nullable \
         from information_schema.columns where table_schema = current_schema()"
    };
    let rows: Vec<Column> = db.read_now(|conn: &mut Conn| Ok::<_, DbError>(load(conn, query))).unwrap();
    rows.into_iter()
        .filter(|row| row.table_name != "__diesel_schema_migrations")
        .map(|row| {
            let kind = match row.data_type.as_str() {
                "text" | "character varying" => "text",
                "integer" => "integer",
                "bigint" => "bigint",
                "boolean" => "boolean",
                "timestamp" | "timestamp without time zone" => "timestamp",
                "blob" | "bytea" => "binary",
                other => panic!("{}.{} has the type {other}", row.table_name, row.column_name),
            };
            ((row.table_name, row.column_name), (kind, row.nullable == 1))
        })
        .collect()
}

fn load<T: QueryableByName<diesel::sqlite::Sqlite> + QueryableByName<diesel::pg::Pg> + 'static>(
    conn: &mut Conn,
    query: &str,
) -> Vec<T> {
    match conn {
        Conn::Sqlite(c) => sql_query(query).load(c).unwrap(),
        Conn::Postgres(c) => sql_query(query).load(c).unwrap(),
    }
}

fn indexes(db: &Db) -> BTreeMap<String, (bool, bool)> {
    let query = if db.is_sqlite() {
        "select name, sql as definition from sqlite_master where type = 'index' and sql is not null"
    } else {
        "select indexname::text as name, indexdef::text as definition from pg_indexes \
         where schemaname = current_schema() and indexname not like '%_pkey'"
    };
    let rows: Vec<Index> = db.read_now(|conn: &mut Conn| Ok::<_, DbError>(load(conn, query))).unwrap();
    rows.into_iter()
        .map(|row| {
            let definition = row.definition.unwrap_or_default().to_lowercase();
            (row.name, (definition.contains("unique"), definition.contains(" where ")))
        })
        .collect()
}

#[test]
fn both_databases_have_the_same_tables_columns_and_indexes() {
    let (_folder, sqlite, postgres) = both();
    let (sqlite, postgres) = (open(&sqlite), open(&postgres));
    let found = columns(&sqlite);
    assert!(found.len() > 100, "the tables are there");
    assert_eq!(found, columns(&postgres));
    assert_eq!(indexes(&sqlite), indexes(&postgres));
}

#[test]
fn every_migration_can_be_taken_back_and_made_again() {
    let (_folder, sqlite, postgres) = both();
    for url in [sqlite, postgres] {
        assert!(!migrate(&url).unwrap().is_empty());
        revert_all(&url).unwrap();
        assert!(!migrate(&url).unwrap().is_empty(), "{url:?}");
        assert!(migrate(&url).unwrap().is_empty(), "a second run has nothing to do");
    }
}
