//! The database: two engines behind one connection type, and units of work.
//!
//! Handlers see only [`Db::read`] and [`Db::write`]. A unit of work is a closure over [`Unit`];
//! one write is one transaction, all or nothing. The closure may run more than once (PostgreSQL
//! repeats what lost a serialization conflict), so it mints its ids inside and has no effect
//! outside the database.

mod connection;
mod migrate;
mod postgres;
pub mod schema;
mod settings;
mod sqlite;
pub mod types;

use std::path::PathBuf;
use std::sync::Arc;

use diesel::connection::SimpleConnection;

pub use connection::Conn;
pub use settings::{lock_setting, setting, store_setting};
pub use types::{JsonText, Moment};

use crate::clock::Clock;
use crate::error::{Error, Result};

/// Which engine a database URL names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// One file.
    Sqlite(PathBuf),
    /// A PostgreSQL connection URL.
    Postgres(String),
}

impl Location {
    /// Reads `sqlite://PATH` or `postgres://…`; any other scheme is refused, so that a typo never
    /// creates an empty file.
    ///
    /// # Errors
    /// A text that says what is wrong.
    pub fn parse(url: &str) -> std::result::Result<Self, String> {
        if let Some(path) = url.strip_prefix("sqlite://") {
            if path.is_empty() {
                return Err("sqlite:// needs a path, as in sqlite://reservoir.db".to_owned());
            }
            return Ok(Self::Sqlite(PathBuf::from(path)));
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(url.to_owned()));
        }
        Err("the database URL must start with sqlite:// or postgres://".to_owned())
    }

    /// The engine's name as users know it.
    pub fn engine(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "SQLite",
            Self::Postgres(_) => "PostgreSQL",
        }
    }
}

/// One unit of work: the connection and the business time at which it happens.
pub struct Unit<'a> {
    /// The connection; inside a write, within its transaction.
    pub conn: &'a mut Conn,
    /// The business time of everything this unit does.
    pub now: Moment,
}

impl Unit<'_> {
    /// Does nothing but reach the database.
    ///
    /// # Errors
    /// Those of the database.
    pub fn ping(&mut self) -> Result<()> {
        Ok(self.conn.batch_execute("SELECT 1")?)
    }
}

enum Engine {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

/// A handle to the database; cheap to clone.
#[derive(Clone)]
pub struct Db {
    engine: Arc<Engine>,
    clock: Clock,
}

impl Db {
    /// Opens the database and brings its schema up to date. Processes may do so together.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database cannot be reached.
    pub fn open(location: &Location, clock: Clock) -> Result<Self> {
        let engine = match location {
            Location::Sqlite(path) => Engine::Sqlite(sqlite::Sqlite::open(path, clock.clone())?),
            Location::Postgres(url) => Engine::Postgres(postgres::Postgres::open(url, clock.clone())?),
        };
        Ok(Self { engine: Arc::new(engine), clock })
    }

    /// The clock of this database.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Runs a unit of work that only reads. On SQLite it runs right here, on a connection of the
    /// calling thread: a key read is shorter than a hop to another thread.
    ///
    /// # Errors
    /// Those of `work`, and [`Error::Unavailable`].
    pub async fn read<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnMut(&mut Unit<'_>) -> Result<T> + Send + 'static,
    {
        match &*self.engine {
            Engine::Sqlite(sqlite) => sqlite.read(work),
            Engine::Postgres(_) => self.on_a_blocking_thread(move |db| db.read_now(work)).await,
        }
    }

    /// Runs a unit of work as one transaction. `name` stands in logs and metrics.
    ///
    /// # Errors
    /// Those of `work` (nothing is kept then), and [`Error::Unavailable`].
    pub async fn write<T, F>(&self, name: &'static str, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnMut(&mut Unit<'_>) -> Result<T> + Send + 'static,
    {
        match &*self.engine {
            Engine::Sqlite(sqlite) => sqlite.submit(name, work)?.await.unwrap_or(Err(Error::Unavailable)),
            Engine::Postgres(_) => self.on_a_blocking_thread(move |db| db.write_now(name, work)).await,
        }
    }

    /// As [`Db::write`], for upkeep that must not make requests repeat their work: on PostgreSQL it
    /// runs at READ COMMITTED, outside the conflicts of everybody else, and takes the locks it needs
    /// itself ([`lock_setting`]).
    ///
    /// # Errors
    /// As [`Db::write`].
    pub async fn upkeep<T, F>(&self, name: &'static str, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnMut(&mut Unit<'_>) -> Result<T> + Send + 'static,
    {
        match &*self.engine {
            Engine::Sqlite(sqlite) => sqlite.submit(name, work)?.await.unwrap_or(Err(Error::Unavailable)),
            Engine::Postgres(_) => {
                self.on_a_blocking_thread(move |db| match &*db.engine {
                    Engine::Postgres(postgres) => postgres.upkeep(name, work),
                    Engine::Sqlite(_) => Err(Error::Internal("another engine than before".to_owned())),
                })
                .await
            }
        }
    }

    /// As [`Db::read`], for callers that may block.
    ///
    /// # Errors
    /// As [`Db::read`].
    pub fn read_now<T>(&self, work: impl FnMut(&mut Unit<'_>) -> Result<T>) -> Result<T> {
        match &*self.engine {
            Engine::Sqlite(sqlite) => sqlite.read(work),
            Engine::Postgres(postgres) => postgres.read(work),
        }
    }

    /// As [`Db::write`], for callers that may block.
    ///
    /// # Errors
    /// As [`Db::write`].
    pub fn write_now<T, F>(&self, name: &'static str, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnMut(&mut Unit<'_>) -> Result<T> + Send + 'static,
    {
        match &*self.engine {
            Engine::Sqlite(sqlite) => sqlite.submit(name, work)?.blocking_recv().unwrap_or(Err(Error::Unavailable)),
            Engine::Postgres(postgres) => postgres.write(name, work),
        }
    }

    async fn on_a_blocking_thread<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Self) -> Result<T> + Send + 'static,
    {
        let db = self.clone();
        tokio::task::spawn_blocking(move || work(&db))
            .await
            .unwrap_or_else(|error| Err(Error::Internal(error.to_string())))
    }
}
