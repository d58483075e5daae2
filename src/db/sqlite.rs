//! SQLite: reads on a connection of the calling thread, writes through one writer thread that
//! puts many units of work into one commit (a savepoint each) and answers only after the commit.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use tokio::sync::oneshot;

use super::connection::{self, Verdict, verdict};
use super::{Conn, Unit, migrate};
use crate::clock::Clock;
use crate::error::{Error, Result};

/// Units of work in one commit, and how long a commit is held open for them.
const GROUP_SIZE: usize = 64;
const GROUP_TIME: Duration = Duration::from_millis(5);
/// Units of work that may wait for the writer before callers wait in turn.
const QUEUE: usize = 1024;

pub(super) struct Sqlite {
    path: PathBuf,
    /// Tells the connections of this database from those of another in the same process.
    instance: u64,
    clock: Clock,
    /// `None` only while this is dropped.
    queue: Option<SyncSender<Box<dyn Job>>>,
    writer: Option<JoinHandle<()>>,
}

impl Drop for Sqlite {
    /// Closes the database: what is queued is written, and the log is folded into the file.
    fn drop(&mut self) {
        self.queue = None;
        // A unit of work that held the last handle drops it on the writer's own thread.
        let other = |writer: &JoinHandle<()>| writer.thread().id() != std::thread::current().id();
        if let Some(writer) = self.writer.take().filter(other) {
            let _ = writer.join();
        }
    }
}

thread_local! {
    static READER: RefCell<Option<(u64, Conn)>> = const { RefCell::new(None) };
}

impl Sqlite {
    pub(super) fn open(path: &Path, clock: Clock) -> Result<Self> {
        static INSTANCES: AtomicU64 = AtomicU64::new(0);
        let mut conn = connect(path)?;
        migrate::migrate(&mut conn)?;
        let (queue, jobs) = sync_channel(QUEUE);
        let (writer_path, writer_clock) = (path.to_owned(), clock.clone());
        let writer = std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || write_until_closed(conn, &writer_path, &writer_clock, &jobs))
            .map_err(|error| Error::Internal(error.to_string()))?;
        Ok(Self {
            path: path.to_owned(),
            instance: INSTANCES.fetch_add(1, Ordering::Relaxed),
            clock,
            queue: Some(queue),
            writer: Some(writer),
        })
    }

    pub(super) fn read<T>(&self, mut work: impl FnMut(&mut Unit<'_>) -> Result<T>) -> Result<T> {
        READER.with_borrow_mut(|slot| {
            let mut conn = match slot.take() {
                Some((instance, conn)) if instance == self.instance => conn,
                _ => connect(&self.path)?,
            };
            let now = self.clock.now();
            // One snapshot for all that the unit reads.
            let result = conn.transaction(|conn| work(&mut Unit { conn, now }));
            match result {
                Err(error) if verdict(&error) == Verdict::Away => {
                    tracing::error!(error = ?error, "read failed: database away");
                    Err(Error::Unavailable)
                }
                result => {
                    *slot = Some((self.instance, conn));
                    result
                }
            }
        })
    }

    pub(super) fn submit<T, F>(&self, name: &'static str, work: F) -> Result<oneshot::Receiver<Result<T>>>
    where
        T: Send + 'static,
        F: FnMut(&mut Unit<'_>) -> Result<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Write { name, work, result: None, reply: Some(reply) };
        let queue = self.queue.as_ref().ok_or(Error::Unavailable)?;
        queue.send(Box::new(job)).map_err(|_| Error::Unavailable)?;
        Ok(answer)
    }
}

fn connect(path: &Path) -> Result<Conn> {
    let away = |error: &dyn std::fmt::Display| {
        tracing::error!(path = %path.display(), %error, "cannot open the SQLite database");
        Error::Unavailable
    };
    let mut conn = SqliteConnection::establish(&path.to_string_lossy()).map_err(|error| away(&error))?;
    conn.batch_execute(
        "PRAGMA busy_timeout = 4000;
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA cache_size = -4000;",
    )
    .map_err(|error| away(&error))?;
    Ok(Conn::Sqlite(conn))
}

/// One unit of work in the writer's queue.
trait Job: Send {
    /// Runs in a savepoint of its own; `true` when there is something to commit.
    fn run(&mut self, unit: &mut Unit<'_>) -> bool;
    /// Answers the caller, once the commit is known to have worked or not.
    fn finish(&mut self, committed: bool);
}

struct Write<T, F> {
    name: &'static str,
    work: F,
    result: Option<Result<T>>,
    reply: Option<oneshot::Sender<Result<T>>>,
}

impl<T, F> Job for Write<T, F>
where
    T: Send,
    F: FnMut(&mut Unit<'_>) -> Result<T> + Send,
{
    fn run(&mut self, unit: &mut Unit<'_>) -> bool {
        let now = unit.now;
        // The panic is caught within the savepoint, so that it is undone like any other failure.
        let result = unit.conn.transaction(|conn| {
            catch_unwind(AssertUnwindSafe(|| (self.work)(&mut Unit { conn, now })))
                .unwrap_or_else(|panic| Err(Error::Internal(panic_text(panic.as_ref()))))
        });
        let result = result.map_err(|error| match verdict(&error) {
            Verdict::Final => error,
            Verdict::Conflict | Verdict::Away => {
                tracing::error!(unit = self.name, error = ?error, "write failed: database away");
                Error::Unavailable
            }
        });
        let keep = result.is_ok();
        self.result = Some(result);
        keep
    }

    fn finish(&mut self, committed: bool) {
        let result = match self.result.take() {
            Some(Ok(_)) | None if !committed => Err(Error::Unavailable),
            Some(result) => result,
            None => Err(Error::Unavailable),
        };
        if let Some(reply) = self.reply.take() {
            // A caller that went away needs no answer; its work is done all the same.
            let _ = reply.send(result);
        }
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    format!("panic: {}", text.unwrap_or("of unknown kind"))
}

fn write_until_closed(mut conn: Conn, path: &Path, clock: &Clock, jobs: &Receiver<Box<dyn Job>>) {
    while let Ok(first) = jobs.recv() {
        let mut group = vec![first];
        let committed = write_group(&mut conn, clock, jobs, &mut group);
        metrics::histogram!("db_group_commit_units").record(u32::try_from(group.len()).unwrap_or(u32::MAX));
        if let Err(error) = &committed {
            tracing::error!(error = ?error, "commit failed");
            if let Ok(fresh) = connect(path) {
                conn = fresh;
            }
        }
        for job in &mut group {
            job.finish(committed.is_ok());
        }
    }
    if let Err(error) = conn.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)") {
        tracing::warn!(%error, "the write-ahead log stays beside the database file");
    }
}

/// Runs the first job and those that arrive meanwhile, then commits them together.
fn write_group(
    conn: &mut Conn,
    clock: &Clock,
    jobs: &Receiver<Box<dyn Job>>,
    group: &mut Vec<Box<dyn Job>>,
) -> Result<()> {
    if let Conn::Sqlite(inner) = conn
        && let Err(error) = AnsiTransactionManager::begin_transaction_sql(inner, "BEGIN IMMEDIATE")
    {
        // Everybody who waits is told now; one after the other they would wait too long.
        group.extend(jobs.try_iter());
        return Err(error.into());
    }
    let outcome = (|| {
        let now = clock.in_transaction(conn)?;
        let opened = Instant::now();
        let mut keep = false;
        for at in 0.. {
            let Some(job) = group.get_mut(at) else { break };
            keep |= job.run(&mut Unit { conn, now });
            if group.len() < GROUP_SIZE && opened.elapsed() < GROUP_TIME {
                group.extend(jobs.try_recv());
            }
        }
        Ok::<_, Error>(keep)
    })();
    match outcome {
        Ok(true) => {
            connection::commit(conn)?;
            let manager = <Conn as Connection>::TransactionManager::transaction_manager_status_mut(conn);
            match manager.transaction_depth() {
                Ok(None) => Ok(()),
                _ => Err(Error::Internal("a unit of work left a transaction open".to_owned())),
            }
        }
        Ok(false) => Ok(<Conn as Connection>::TransactionManager::rollback_transaction(conn)?),
        Err(error) => {
            <Conn as Connection>::TransactionManager::rollback_transaction(conn)?;
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Db, Location, setting, store_setting};
    use super::*;

    #[test]
    fn a_panic_in_one_unit_of_a_group_leaves_the_others_alone() {
        let path = std::env::temp_dir().join(format!("reservoir-panic-{}.db", uuid::Uuid::new_v4()));
        let db = Db::open(&Location::Sqlite(path), Clock::system()).unwrap();
        let threads: Vec<_> = (0..64)
            .map(|number| {
                let db = db.clone();
                std::thread::spawn(move || {
                    let kept = db.write_now("test", move |unit| {
                        store_setting(unit.conn, &format!("test {number}"), "kept")?;
                        assert!(number % 8 != 0, "this unit panics");
                        Ok(())
                    });
                    (number, kept.is_ok())
                })
            })
            .collect();
        for (number, answered) in threads.into_iter().map(|thread| thread.join().unwrap()) {
            let kept = db.read_now(|unit| setting(unit.conn, &format!("test {number}"))).unwrap();
            assert_eq!((answered, kept.is_some()), (number % 8 != 0, number % 8 != 0), "unit {number}");
        }
    }
}
