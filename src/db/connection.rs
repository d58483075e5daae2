//! The connection type of both engines, and what a database error means for the caller.

use diesel::connection::{Connection, TransactionManager};
use diesel::pg::PgConnection;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel::sqlite::SqliteConnection;

use crate::error::Error;

/// A connection to either engine; queries are written once for both.
#[derive(diesel::MultiConnection)]
pub enum Conn {
    /// SQLite.
    Sqlite(SqliteConnection),
    /// PostgreSQL.
    Postgres(PgConnection),
}

/// Ends a transaction with a commit. An error of it is told apart from those before: after a
/// conflict nothing was kept, after anything else nobody knows.
pub(super) fn commit(conn: &mut Conn) -> Result<(), Error> {
    <Conn as Connection>::TransactionManager::commit_transaction(conn).map_err(|error| match verdict_of(&error) {
        Verdict::Conflict => Error::Database(error),
        Verdict::Away | Verdict::Final => {
            tracing::error!(?error, "commit failed; whether it was kept is not known");
            Error::Unavailable
        }
    })
}

/// What to do about a failed unit of work.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It lost against a concurrent one: run it again.
    Conflict,
    /// The database, or the way to it, is away.
    Away,
    /// Its own outcome.
    Final,
}

/// What SQLite says when the file cannot be written for the moment.
const SQLITE_AWAY: [&str; 7] = [
    "database is locked",
    "database table is locked",
    "database or disk is full",
    "attempt to write a readonly database",
    "disk I/O error",
    "unable to open database file",
    "file is not a database",
];

/// What PostgreSQL and its client library say when the server, or its disk, is away.
const POSTGRES_AWAY: [&str; 10] = [
    "server closed the connection",
    "terminating connection",
    "connection to server",
    "could not receive data",
    "could not send data",
    "no connection to the server",
    "shutting down",
    "starting up",
    "No space left on device",
    "statement timeout",
];

pub(super) fn verdict(error: &Error) -> Verdict {
    match error {
        Error::Database(error) => verdict_of(error),
        _ => Verdict::Final,
    }
}

fn verdict_of(error: &DieselError) -> Verdict {
    match error {
        // What was looked for first was not there, and somebody else put it there meanwhile.
        DieselError::DatabaseError(DatabaseErrorKind::SerializationFailure | DatabaseErrorKind::UniqueViolation, _) => {
            Verdict::Conflict
        }
        DieselError::DatabaseError(
            DatabaseErrorKind::ClosedConnection
            | DatabaseErrorKind::UnableToSendCommand
            | DatabaseErrorKind::ReadOnlyTransaction,
            _,
        )
        | DieselError::BrokenTransactionManager => Verdict::Away,
        DieselError::DatabaseError(_, information) => {
            let message = information.message();
            if message.contains("deadlock detected") || message.contains("could not serialize access") {
                Verdict::Conflict
            } else if SQLITE_AWAY.iter().chain(&POSTGRES_AWAY).any(|text| message.contains(text)) {
                Verdict::Away
            } else {
                Verdict::Final
            }
        }
        DieselError::RollbackErrorOnCommit { .. } => Verdict::Away,
        _ => Verdict::Final,
    }
}
