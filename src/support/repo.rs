//! Queries on support requests and profiles. Requests are looked for as somebody's.

use std::collections::HashMap;

use diesel::prelude::*;

use super::profile::Profile;
use super::{Communication, Narrowing, Ticket, Whose};
use crate::db::Conn;
use crate::db::schema::{customers, support_communications, support_profiles, support_tickets};
use crate::error::Result;
use crate::ids::Guid;

/// SQLite takes no more than some ten thousand parameters in a statement.
const MOST_PARAMETERS: usize = 1000;

/// The condition that a request is whoever's it is looked for as.
macro_rules! of {
    ($query:expr, $whose:expr) => {
        match $whose {
            Whose::Partner(id) => $query.filter(support_tickets::partner_id.eq(id.clone())),
            Whose::Customer(customer) => $query
                .filter(support_tickets::partner_id.eq(customer.seller_id.clone()))
                .filter(support_tickets::customer_id.eq(customer.id.clone())),
        }
    };
}

pub(super) fn list(conn: &mut Conn, whose: &Whose, narrowing: &Narrowing) -> Result<Vec<(Ticket, Option<String>)>> {
    let query = support_tickets::table
        .left_join(customers::table.on(support_tickets::customer_id.eq(customers::id.nullable())))
        .order((support_tickets::created_at, support_tickets::id))
        .select((Ticket::as_select(), customers::company_name.nullable()))
        .into_boxed();
    let mut query = of!(query, whose);
    if let Some(status) = narrowing.status {
        query = query.filter(support_tickets::status.eq(status));
    }
    if let Some(id) = &narrowing.name_scope {
        query = query.filter(support_tickets::name_scope.eq(id));
    }
    if let Some(id) = &narrowing.service_id {
        query = query.filter(support_tickets::service_id.eq(id));
    }
    if let Some(id) = &narrowing.problem_classification_id {
        query = query.filter(support_tickets::problem_classification_id.eq(id));
    }
    if let Some(at) = narrowing.created_from {
        query = query.filter(support_tickets::created_at.ge(at));
    }
    // SQLite knows no OFFSET without a LIMIT.
    query = query.limit(narrowing.limit.unwrap_or(i64::MAX)).offset(narrowing.offset);
    Ok(query.load(conn)?)
}

pub(super) fn find(conn: &mut Conn, whose: &Whose, id: &str) -> Result<Option<(Ticket, Option<String>)>> {
    let query = support_tickets::table
        .left_join(customers::table.on(support_tickets::customer_id.eq(customers::id.nullable())))
        .filter(support_tickets::id.eq(id))
        .select((Ticket::as_select(), customers::company_name.nullable()))
        .into_boxed();
    Ok(of!(query, whose).first(conn).optional()?)
}

pub(super) fn find_named(conn: &mut Conn, whose: &Whose, scope: &Guid, name_key: &str) -> Result<Option<Ticket>> {
    let query = support_tickets::table
        .filter(support_tickets::name_scope.eq(scope).and(support_tickets::name_key.eq(name_key)))
        .select(Ticket::as_select())
        .into_boxed();
    Ok(of!(query, whose).first(conn).optional()?)
}

/// Those with this name, in whichever scope.
pub(super) fn all_named(conn: &mut Conn, whose: &Whose, name_key: &str) -> Result<Vec<Ticket>> {
    let query = support_tickets::table
        .filter(support_tickets::name_key.eq(name_key))
        .order((support_tickets::created_at, support_tickets::id))
        .select(Ticket::as_select())
        .into_boxed();
    Ok(of!(query, whose).load(conn)?)
}

pub(super) fn is_name_taken(conn: &mut Conn, scope: &Guid, name_key: &str) -> Result<bool> {
    let found: Option<String> = support_tickets::table
        .filter(support_tickets::name_scope.eq(scope).and(support_tickets::name_key.eq(name_key)))
        .select(support_tickets::id)
        .first(conn)
        .optional()?;
    Ok(found.is_some())
}

pub(super) fn insert(conn: &mut Conn, ticket: &Ticket) -> Result<()> {
    diesel::insert_into(support_tickets::table).values(ticket).execute(conn)?;
    Ok(())
}

pub(super) fn update(conn: &mut Conn, ticket: &Ticket) -> Result<()> {
    diesel::update(support_tickets::table.find(&ticket.id)).set(ticket).execute(conn)?;
    Ok(())
}

pub(super) fn communications(conn: &mut Conn, ticket_id: &str) -> Result<Vec<Communication>> {
    Ok(support_communications::table
        .filter(support_communications::ticket_id.eq(ticket_id))
        .order(support_communications::number)
        .select(Communication::as_select())
        .load(conn)?)
}

/// What was said on these requests, by request's id and in order.
pub(super) fn communications_of(conn: &mut Conn, ticket_ids: &[&str]) -> Result<HashMap<String, Vec<Communication>>> {
    let mut said = HashMap::<String, Vec<Communication>>::new();
    for ids in ticket_ids.chunks(MOST_PARAMETERS) {
        let more: Vec<Communication> = support_communications::table
            .filter(support_communications::ticket_id.eq_any(ids))
            .order((support_communications::ticket_id, support_communications::number))
            .select(Communication::as_select())
            .load(conn)?;
        for one in more {
            said.entry(one.ticket_id.clone()).or_default().push(one);
        }
    }
    Ok(said)
}

pub(super) fn insert_communication(conn: &mut Conn, communication: &Communication) -> Result<()> {
    diesel::insert_into(support_communications::table).values(communication).execute(conn)?;
    Ok(())
}

pub(super) fn profile(conn: &mut Conn, partner_id: &Guid) -> Result<Option<Profile>> {
    Ok(support_profiles::table.find(partner_id).select(Profile::as_select()).first(conn).optional()?)
}

pub(super) fn insert_profile(conn: &mut Conn, profile: &Profile) -> Result<()> {
    diesel::insert_into(support_profiles::table).values(profile).execute(conn)?;
    Ok(())
}

pub(super) fn update_profile(conn: &mut Conn, profile: &Profile) -> Result<()> {
    diesel::update(support_profiles::table.find(&profile.partner_id)).set(profile).execute(conn)?;
    Ok(())
}
