//! What stands in the database that no call shows.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use diesel::sqlite::SqliteConnection;

use super::App;

/// A record of the activity log.
#[derive(Debug, QueryableByName)]
pub struct Record {
    /// What was changed.
    #[diesel(sql_type = Text)]
    pub resource_type: String,
    /// What was done.
    #[diesel(sql_type = Text)]
    pub operation_type: String,
    /// Before.
    #[diesel(sql_type = Nullable<Text>)]
    pub old_value: Option<String>,
    /// After.
    #[diesel(sql_type = Nullable<Text>)]
    pub new_value: Option<String>,
}

#[derive(QueryableByName)]
struct Body {
    #[diesel(sql_type = Text)]
    body: String,
}

macro_rules! load {
    ($app:expr, $sql:expr) => {{
        let url = $app.database_url();
        match url.strip_prefix("sqlite://") {
            Some(path) => diesel::sql_query($sql).load(&mut SqliteConnection::establish(path).unwrap()).unwrap(),
            None => diesel::sql_query($sql).load(&mut PgConnection::establish(url).unwrap()).unwrap(),
        }
    }};
}

/// The activity log, oldest first.
pub fn log(app: &App) -> Vec<Record> {
    load!(app, "SELECT resource_type, operation_type, old_value, new_value FROM audit_records ORDER BY seq")
}

/// What was done, by the activity log, oldest first.
pub fn operations(app: &App) -> Vec<String> {
    log(app).into_iter().map(|record| record.operation_type).collect()
}

/// The answers that are kept for replays.
pub fn kept_answers(app: &App) -> Vec<String> {
    let rows: Vec<Body> = load!(app, "SELECT body FROM replays");
    rows.into_iter().map(|row| row.body).collect()
}
