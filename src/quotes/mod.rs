//! Quoted refunds and exchanges: a session says what was quoted to whom, can be carried out once
//! within its time, and afterwards answers what it answered then.

mod repo;

use chrono::TimeDelta;
use diesel::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::db::schema::quote_sessions;
use crate::db::{JsonText, Moment, Unit};
use crate::error::Result;
use crate::ids::Guid;
use crate::reservations::Refusal;
use crate::text_enum;

text_enum! {
    /// What was quoted.
    QuoteKind {
        /// A refund.
        Refund = "refund",
        /// An exchange.
        Exchange = "exchange",
    }
}

/// A session.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = quote_sessions)]
pub struct Session {
    /// Its id.
    pub id: Guid,
    /// What was quoted.
    pub kind: QuoteKind,
    /// The tenant of whoever it was quoted to.
    pub tenant_id: Guid,
    /// The partner in whose account it is.
    pub partner_id: Guid,
    /// What was quoted, in the form of its kind.
    pub quote: JsonText,
    /// When.
    pub created_at: Moment,
    /// Until when it can be carried out.
    pub expires_at: Moment,
    /// When it was carried out.
    pub used_at: Option<Moment>,
    /// What that was answered with.
    pub answer: Option<JsonText>,
}

/// What a session is good for.
pub enum Standing<Q, A> {
    /// It can be carried out.
    Open(Q),
    /// It was; this was the answer.
    Used(Q, A),
}

/// Keeps a quote for `minutes`; the session's id.
///
/// # Errors
/// Those of the database.
pub fn open(
    unit: &mut Unit<'_>,
    kind: QuoteKind,
    tenant_id: &Guid,
    partner_id: &Guid,
    quote: &impl Serialize,
    minutes: u32,
) -> Result<Guid> {
    let session = Session {
        id: Guid::random(),
        kind,
        tenant_id: tenant_id.clone(),
        partner_id: partner_id.clone(),
        quote: JsonText::of(quote)?,
        created_at: unit.now,
        expires_at: unit.now.plus(TimeDelta::minutes(i64::from(minutes)))?,
        used_at: None,
        answer: None,
    };
    repo::insert(unit.conn, &session)?;
    Ok(session.id)
}

/// The session with this id, for its own tenant.
///
/// # Errors
/// [`Refusal::SessionUnknown`] for unknown, foreign and expired ones alike.
pub fn find<Q: DeserializeOwned, A: DeserializeOwned>(
    unit: &mut Unit<'_>,
    kind: QuoteKind,
    tenant_id: &Guid,
    id: &Guid,
) -> Result<Standing<Q, A>> {
    let session = repo::find(unit.conn, id)?
        .filter(|session| session.kind == kind && &session.tenant_id == tenant_id)
        .ok_or(Refusal::SessionUnknown)?;
    let quote = session.quote.read()?;
    match session.answer {
        Some(answer) => Ok(Standing::Used(quote, answer.read()?)),
        None if session.expires_at <= unit.now => Err(Refusal::SessionUnknown.into()),
        None => Ok(Standing::Open(quote)),
    }
}

/// Keeps what carrying a session out was answered with.
///
/// # Errors
/// Those of the database.
pub fn close(unit: &mut Unit<'_>, id: &Guid, answer: &impl Serialize) -> Result<()> {
    repo::close(unit.conn, id, unit.now, &JsonText::of(answer)?)
}

/// Forgets sessions that expired without being carried out, at most 500 in one call; how many. What
/// was carried out is kept, so that it is answered the same for good.
///
/// # Errors
/// Those of the database.
pub fn forget(unit: &mut Unit<'_>) -> Result<usize> {
    repo::forget(unit.conn, unit.now)
}
