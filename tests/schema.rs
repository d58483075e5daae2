//! Both engines have the same tables, as `src/db/schema.rs` says.

use std::collections::BTreeMap;

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use diesel::sqlite::SqliteConnection;

use crate::support::{App, Engine};

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    place: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Bool)]
    required: bool,
}

type Columns = BTreeMap<String, (String, bool)>;

fn by_place(columns: Vec<Column>) -> Columns {
    let kind = |kind: &str| match kind.to_lowercase().as_str() {
        "timestamp without time zone" => "timestamp".to_owned(),
        other => other.to_owned(),
    };
    columns.into_iter().map(|column| (column.place, (kind(&column.kind), column.required))).collect()
}

fn sqlite(app: &App) -> Columns {
    let mut conn = SqliteConnection::establish(app.database_url().trim_start_matches("sqlite://")).unwrap();
    let query = "SELECT m.name || '.' || c.name AS place, c.type AS kind, c.\"notnull\" AS required
        FROM sqlite_master m JOIN pragma_table_info(m.name) c
        WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE '\\_\\_%' ESCAPE '\\'";
    by_place(diesel::sql_query(query).load(&mut conn).unwrap())
}

fn postgres(app: &App) -> Columns {
    let mut conn = PgConnection::establish(app.database_url()).unwrap();
    let query =
        "SELECT table_name || '.' || column_name AS place, data_type::text AS kind, is_nullable = 'NO' AS required
        FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_%'";
    by_place(diesel::sql_query(query).load(&mut conn).unwrap())
}

#[test]
fn both_engines_have_the_same_columns() {
    let (mut left, right) = (sqlite(&App::start(Engine::Sqlite)), postgres(&App::start(Engine::Postgres)));
    assert!(left.len() > 100, "the tables were found");
    // An identity column is BIGINT on PostgreSQL and must be INTEGER on SQLite to be a row id.
    for (place, (kind, _)) in &mut left {
        if place.ends_with(".seq") {
            "bigint".clone_into(kind);
        }
    }
    assert_eq!(left, right);
}

#[test]
fn the_schema_in_code_names_the_same_columns() {
    let code = include_str!("../src/db/schema.rs");
    let mut named = Vec::new();
    let mut table = "";
    for line in code.lines().map(str::trim) {
        if let Some((column, _)) = line.split_once(" -> ") {
            named.push(format!("{table}.{column}"));
        } else if let Some((name, _)) = line.split_once(" (") {
            table = name;
        }
    }
    named.sort();
    let have: Vec<String> = sqlite(&App::start(Engine::Sqlite)).into_keys().collect();
    assert_eq!(named, have);
}
