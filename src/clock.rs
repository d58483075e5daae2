//! Business time. Everything that is dated takes its time from here; with development powers the
//! clock can be put forward, and the offset is kept in the database so that a restart and every
//! replica agree. Token lifetimes and rate limits keep to the system clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};

use crate::db::{Conn, Moment, setting, store_setting};
use crate::error::{Error, Result};

/// Under this name the offset is kept, in microseconds; absent while the system clock is followed.
const OFFSET: &str = "clock_offset_micros";
/// Stands for "no offset" in the process's copy.
const FOLLOWS_SYSTEM: i64 = i64::MIN;

/// The clock; cheap to clone.
#[derive(Clone, Debug)]
pub struct Clock {
    /// `None` where the clock can never be moved.
    offset: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// The system clock, for good.
    pub fn system() -> Self {
        Self { offset: None }
    }

    /// A clock that can be moved.
    pub fn movable() -> Self {
        Self { offset: Some(Arc::new(AtomicI64::new(FOLLOWS_SYSTEM))) }
    }

    /// The business time, as this process last knew the offset.
    pub fn now(&self) -> Moment {
        self.offset_now().map_or_else(|| Utc::now().into(), |micros| moved(micros).unwrap_or_else(|| Utc::now().into()))
    }

    /// Whether the clock runs with an offset.
    pub fn is_moved(&self) -> bool {
        self.offset_now().is_some()
    }

    /// The business time as the database has it: another process may have moved the clock.
    ///
    /// # Errors
    /// Those of the database.
    pub fn in_transaction(&self, conn: &mut Conn) -> Result<Moment> {
        self.refresh(conn)?;
        Ok(self.now())
    }

    /// Takes over the offset that the database holds.
    ///
    /// # Errors
    /// Those of the database.
    pub fn refresh(&self, conn: &mut Conn) -> Result<()> {
        if let Some(offset) = &self.offset {
            let stored = setting(conn, OFFSET)?.and_then(|text| text.parse().ok()).unwrap_or(FOLLOWS_SYSTEM);
            offset.store(stored, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Keeps in the database that it is `at` now, from where the clock ticks on. The process takes
    /// it over with its next [`Clock::refresh`], after the commit.
    ///
    /// # Errors
    /// Those of the database.
    pub fn put(conn: &mut Conn, at: Moment) -> Result<()> {
        let offset =
            (at.utc() - Utc::now()).num_microseconds().ok_or_else(|| Error::invalid("now", "is too far away"))?;
        store_setting(conn, OFFSET, &offset.to_string())
    }

    /// Keeps in the database that the system clock is followed again.
    ///
    /// # Errors
    /// Those of the database.
    pub fn follow_system(conn: &mut Conn) -> Result<()> {
        store_setting(conn, OFFSET, "")
    }

    fn offset_now(&self) -> Option<i64> {
        self.offset.as_ref().map(|offset| offset.load(Ordering::Relaxed)).filter(|micros| *micros != FOLLOWS_SYSTEM)
    }
}

fn moved(micros: i64) -> Option<Moment> {
    let at: Option<DateTime<Utc>> = Utc::now().checked_add_signed(TimeDelta::microseconds(micros));
    at.map(Moment::from)
}
