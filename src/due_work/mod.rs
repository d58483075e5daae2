//! Work that falls due at an instant of the business clock: instalments, the end of a
//! reservation, the end of a cart. It is done in order, each at its own due instant and with ids
//! derived from what caused it.

pub mod repo;

use diesel::prelude::*;
use serde::Serialize;

use crate::clock::Clock;
use crate::db::schema::due_work;
use crate::db::{Moment, Unit};
use crate::error::{Error, Result};
use crate::orders::lines::Trade;
use crate::text_enum;

text_enum! {
    /// What is to be done.
    DueKind {
        /// An instalment of a monthly plan; the subject is `reservation order/number`.
        Instalment = "instalment",
        /// A reservation order reaches the end of its term; the subject is its id.
        ReservationExpiry = "reservation_expiry",
        /// A cart reaches the end of its life; the subject is its id.
        CartExpiry = "cart_expiry",
        /// A deleted user can no longer be restored; the subject is its id.
        UserPurge = "user_purge",
    }
}

/// One piece of work.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = due_work)]
#[serde(rename_all = "camelCase")]
pub struct DueWork {
    /// Derived from kind and subject.
    pub id: String,
    /// When it is due.
    pub due_at: Moment,
    /// What is to be done.
    pub kind: DueKind,
    /// What it is to be done to.
    pub subject: String,
}

/// What doing due work needs of the configuration: a renewal is a purchase.
#[derive(Clone, Debug)]
pub struct Terms {
    /// What purchases need.
    pub trade: Trade,
    /// How many days before the end the price of a renewal is fixed.
    pub quote_days: u32,
}

/// Pieces of work in one transaction.
const BATCH: i64 = 200;

/// Plans work.
///
/// # Errors
/// Those of the database.
pub fn plan(unit: &mut Unit<'_>, kind: DueKind, subject: &str, due_at: Moment) -> Result<()> {
    let work = DueWork { id: id_of(kind, subject), due_at, kind, subject: subject.to_owned() };
    repo::insert(unit.conn, &work)
}

/// Drops planned work, if there is some.
///
/// # Errors
/// Those of the database.
pub fn cancel(unit: &mut Unit<'_>, kind: DueKind, subject: &str) -> Result<()> {
    repo::delete(unit.conn, &id_of(kind, subject))
}

fn id_of(kind: DueKind, subject: &str) -> String {
    format!("{kind}:{subject}")
}

/// Does one batch of what is due by `until`, oldest first, each at its own instant; what was done.
/// With `move_clock` the clock goes along, so that a failure on the way leaves it where the work
/// is done up to.
///
/// # Errors
/// Those of the work; nothing of the batch is kept then.
pub fn do_batch(unit: &mut Unit<'_>, until: Moment, move_clock: bool, terms: &Terms) -> Result<Vec<DueWork>> {
    let Terms { trade, quote_days } = terms;
    let mut done: Vec<DueWork> = Vec::new();
    let mut left = BATCH;
    let mut next = repo::due(unit.conn, until, left)?.into_iter();
    while let Some(work) = next.next() {
        let mut then = Unit { conn: unit.conn, now: work.due_at };
        let outcome = match work.kind {
            DueKind::Instalment => crate::reservations::pay_instalment(&mut then, &work.subject),
            DueKind::ReservationExpiry => {
                crate::reservations::lifecycle::expire(&mut then, &work.subject, trade, *quote_days)
            }
            DueKind::CartExpiry => crate::carts::expire(&mut then, &work.subject),
            DueKind::UserPurge => crate::users::purge(&mut then, &work.subject),
        };
        match outcome {
            // It can never be done: its subject is not there. It must not hold up everything after it.
            Err(Error::Internal(reason)) => tracing::error!(reason, id = work.id, "due work dropped"),
            other => other?,
        }
        repo::delete(then.conn, &work.id)?;
        left = left.saturating_sub(1);
        // A renewal plans work of its own, which may come before what was to be next.
        if work.kind == DueKind::ReservationExpiry {
            next = repo::due(unit.conn, until, left)?.into_iter();
        }
        done.push(work);
    }
    if move_clock && let Some(last) = done.last() {
        Clock::put(unit.conn, last.due_at.max(unit.now))?;
    }
    Ok(done)
}
