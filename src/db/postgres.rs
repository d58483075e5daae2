//! PostgreSQL: a pool, and SERIALIZABLE transactions that are repeated when they lose a conflict.

use std::time::{Duration, Instant};

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::r2d2::{ConnectionManager, CustomizeConnection, Pool, PooledConnection};

use super::connection::{self, Verdict, verdict};
use super::{Conn, Unit, migrate};
use crate::clock::Clock;
use crate::error::{Error, Result};

const POOL_SIZE: u32 = 8;
/// How long a request waits for a connection before it is told to come back.
const CHECKOUT: Duration = Duration::from_secs(3);
/// How long one statement may take.
const STATEMENT: Duration = Duration::from_secs(4);
/// A unit of work is begun no more after so many runs or so long, whichever comes first. With
/// [`CHECKOUT`] and [`STATEMENT`] a caller is told within ten seconds.
const MOST_RUNS: u32 = 40;
const MOST_TIME: Duration = Duration::from_secs(3);

type Manager = ConnectionManager<Conn>;

pub(super) struct Postgres {
    pool: Pool<Manager>,
    clock: Clock,
}

/// Bounds what a lost or stuck server can cost a request.
#[derive(Debug)]
struct Bounds;

impl CustomizeConnection<Conn, diesel::r2d2::Error> for Bounds {
    fn on_acquire(&self, conn: &mut Conn) -> std::result::Result<(), diesel::r2d2::Error> {
        let settings = format!("SET statement_timeout = {}; SET TIME ZONE 'UTC'", STATEMENT.as_millis());
        conn.batch_execute(&settings).map_err(diesel::r2d2::Error::QueryError)
    }
}

impl Postgres {
    pub(super) fn open(url: &str, clock: Clock) -> Result<Self> {
        let away = |error: &dyn std::fmt::Display| {
            tracing::error!(%error, "cannot reach PostgreSQL");
            Error::Unavailable
        };
        let bounded = bounded(url);
        let mut first = Conn::Postgres(PgConnection::establish(&bounded).map_err(|error| away(&error))?);
        migrate::migrate(&mut first)?;
        let pool = Pool::builder()
            .max_size(POOL_SIZE)
            // None in reserve: a command that ends while one is being opened dies in OpenSSL's clean-up.
            .min_idle(Some(0))
            .test_on_check_out(false)
            .connection_timeout(CHECKOUT)
            .connection_customizer(Box::new(Bounds))
            .build_unchecked(ConnectionManager::new(bounded));
        Ok(Self { pool, clock })
    }

    pub(super) fn read<T>(&self, mut work: impl FnMut(&mut Unit<'_>) -> Result<T>) -> Result<T> {
        let now = self.clock.now();
        self.repeat("read", |conn| {
            begin(conn, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
            let result = work(&mut Unit { conn, now });
            rollback(conn);
            result
        })
    }

    pub(super) fn write<T>(&self, name: &'static str, work: impl FnMut(&mut Unit<'_>) -> Result<T>) -> Result<T> {
        self.transaction(name, "BEGIN ISOLATION LEVEL SERIALIZABLE", work)
    }

    pub(super) fn upkeep<T>(&self, name: &'static str, work: impl FnMut(&mut Unit<'_>) -> Result<T>) -> Result<T> {
        self.transaction(name, "BEGIN ISOLATION LEVEL READ COMMITTED", work)
    }

    fn transaction<T>(
        &self,
        name: &'static str,
        begin_sql: &str,
        mut work: impl FnMut(&mut Unit<'_>) -> Result<T>,
    ) -> Result<T> {
        self.repeat(name, |conn| {
            begin(conn, begin_sql)?;
            let result = self.clock.in_transaction(conn).and_then(|now| work(&mut Unit { conn, now }));
            match result {
                Ok(value) => {
                    connection::commit(conn)?;
                    Ok(value)
                }
                Err(error) => {
                    rollback(conn);
                    Err(error)
                }
            }
        })
    }

    /// Runs `work` until it is done or refused, within bounds. A lost connection is tried again
    /// too (the pool may hold several that a restart of the server left dead), except one lost at
    /// the commit, whose outcome nobody knows.
    fn repeat<T>(&self, name: &'static str, mut work: impl FnMut(&mut Conn) -> Result<T>) -> Result<T> {
        let started = Instant::now();
        for run in 1..=MOST_RUNS {
            let mut conn = self.checkout()?;
            let error = match work(&mut conn) {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let verdict = verdict(&error);
            if verdict == Verdict::Final {
                return Err(error);
            }
            drop(conn);
            metrics::counter!("db_unit_retries_total", "unit" => name).increment(1);
            if started.elapsed() > MOST_TIME || (verdict == Verdict::Away && run > POOL_SIZE) {
                tracing::error!(unit = name, run, error = ?error, "given up");
                break;
            }
            std::thread::sleep(jitter(run));
        }
        Err(Error::Unavailable)
    }

    fn checkout(&self) -> Result<PooledConnection<Manager>> {
        self.pool.get().map_err(|error| {
            tracing::error!(%error, "no PostgreSQL connection");
            Error::Unavailable
        })
    }
}

fn begin(conn: &mut Conn, sql: &str) -> Result<()> {
    match conn {
        Conn::Postgres(inner) => Ok(AnsiTransactionManager::begin_transaction_sql(inner, sql)?),
        Conn::Sqlite(_) => Err(Error::Internal("an SQLite connection in PostgreSQL's pool".to_owned())),
    }
}

/// What led to a rollback says more than an error of the rollback itself.
fn rollback(conn: &mut Conn) {
    let _ = <Conn as Connection>::TransactionManager::rollback_transaction(conn);
}

/// Up to 2 ms after the first run, up to 64 ms from the sixth on; random, so that rivals part.
fn jitter(run: u32) -> Duration {
    let ceiling = 1_u64 << run.min(6);
    let [byte, ..] = *uuid::Uuid::new_v4().as_bytes();
    Duration::from_micros(ceiling * 1000 * u64::from(byte) / 255)
}

/// The URL with limits on connecting and on a silent peer, where it names none of its own.
fn bounded(url: &str) -> String {
    let mut bounded = url.to_owned();
    for (name, value) in [("connect_timeout", "5"), ("tcp_user_timeout", "8000")] {
        if !url.contains(name) {
            bounded.push(if bounded.contains('?') { '&' } else { '?' });
            bounded.push_str(&format!("{name}={value}"));
        }
    }
    bounded
}
