//! Queries on the activity log.

use diesel::prelude::*;

use super::OperationType;
use super::chain::Link;
use super::rules::Window;
use crate::db::Conn;
use crate::db::schema::audit_records;
use crate::error::Result;
use crate::ids::Guid;

/// What the records are narrowed to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Narrowing {
    /// The customer's name holds this, in any letter case; lower case.
    pub company_name: Option<String>,
    /// The customer.
    pub customer_id: Option<Guid>,
    /// What was changed, as the log writes it.
    pub resource_type: Option<String>,
}

pub(super) fn insert(conn: &mut Conn, record: &super::Record) -> Result<()> {
    diesel::insert_into(audit_records::table).values(record).execute(conn)?;
    Ok(())
}

/// A partner's records, newest first: those with a number below `before`, of `operations` where
/// that is given.
pub(super) fn newest(
    conn: &mut Conn,
    partner_id: &Guid,
    window: &Window,
    narrowing: &Narrowing,
    operations: Option<&[OperationType]>,
    before: i64,
    limit: i64,
) -> Result<Vec<Link>> {
    let mut query = audit_records::table
        .filter(audit_records::partner_id.eq(partner_id).and(audit_records::seq.lt(before)))
        .order(audit_records::seq.desc())
        .limit(limit)
        .select(Link::as_select())
        .into_boxed();
    if let Some(from) = window.from {
        query = query.filter(audit_records::at.ge(from));
    }
    if let Some(until) = window.until {
        query = query.filter(audit_records::at.lt(until));
    }
    if let Some(customer) = &narrowing.customer_id {
        query = query.filter(audit_records::customer_id.eq(customer.as_str()));
    }
    if let Some(resource) = &narrowing.resource_type {
        query = query.filter(audit_records::resource_type.eq(resource));
    }
    if let Some(operations) = operations {
        query = query.filter(audit_records::operation_type.eq_any(operations.iter().map(|one| one.as_str())));
    }
    Ok(query.load(conn)?)
}

/// Records without a position, by number.
pub(super) fn unsealed(conn: &mut Conn, after: i64, limit: i64) -> Result<Vec<Link>> {
    Ok(audit_records::table
        .filter(audit_records::chain_position.is_null().and(audit_records::seq.gt(after)))
        .order(audit_records::seq)
        .limit(limit)
        .select(Link::as_select())
        .load(conn)?)
}

/// Records with a position, by position.
pub(super) fn sealed(conn: &mut Conn, after: i64, limit: i64) -> Result<Vec<Link>> {
    Ok(audit_records::table
        .filter(audit_records::chain_position.gt(after))
        .order((audit_records::chain_position, audit_records::seq))
        .limit(limit)
        .select(Link::as_select())
        .load(conn)?)
}

pub(super) fn count_sealed(conn: &mut Conn) -> Result<i64> {
    Ok(audit_records::table.filter(audit_records::chain_position.is_not_null()).count().get_result(conn)?)
}

pub(super) fn seal(conn: &mut Conn, seq: i64, position: i64, hash: &str) -> Result<()> {
    diesel::update(audit_records::table.find(seq))
        .set((audit_records::chain_position.eq(position), audit_records::chain_hash.eq(hash)))
        .execute(conn)?;
    Ok(())
}
