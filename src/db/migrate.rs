//! Migrations, one folder an engine, under a lock: processes may start together on an empty
//! database.

use diesel::connection::SimpleConnection;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::Conn;
use crate::error::{Error, Result};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Any number: the key of the advisory lock that migrations are run under.
const LOCK: i64 = 7_205_714_301;

pub(super) fn migrate(conn: &mut Conn) -> Result<()> {
    let outcome = match conn {
        Conn::Sqlite(conn) => {
            conn.immediate_transaction(|conn| Ok::<_, DieselError>(conn.run_pending_migrations(SQLITE).map(|_| ())))?
        }
        Conn::Postgres(conn) => {
            conn.batch_execute(&format!("SELECT pg_advisory_lock({LOCK})"))?;
            let outcome = conn.run_pending_migrations(POSTGRES).map(|_| ());
            conn.batch_execute(&format!("SELECT pg_advisory_unlock({LOCK})"))?;
            outcome
        }
    };
    outcome.map_err(|error| Error::Internal(format!("migration: {error}")))
}

type DieselError = diesel::result::Error;
