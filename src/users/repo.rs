//! Queries on users and directory roles. All take the customer or one of its users.

use diesel::prelude::*;

use super::page::{Listing, Order, Position};
use super::roles::Membership;
use super::{User, UserState};
use crate::db::schema::{customer_users, directory_role_members};
use crate::db::{Conn, Moment};
use crate::error::Result;
use crate::ids::Guid;

pub(super) fn find(conn: &mut Conn, customer_id: &Guid, id: &Guid) -> Result<Option<User>> {
    Ok(customer_users::table
        .filter(customer_users::id.eq(id).and(customer_users::customer_id.eq(customer_id)))
        .select(User::as_select())
        .first(conn)
        .optional()?)
}

/// Whether another active user of the customer has this one's name.
pub(super) fn is_name_taken(conn: &mut Conn, user: &User) -> Result<bool> {
    let found: Option<Guid> = customer_users::table
        .filter(customer_users::customer_id.eq(&user.customer_id).and(customer_users::name_key.eq(&user.name_key)))
        .filter(customer_users::state.eq(UserState::Active).and(customer_users::id.ne(&user.id)))
        .select(customer_users::id)
        .first(conn)
        .optional()?;
    Ok(found.is_some())
}

/// A page of a customer's users, with one more than its size where there are further ones.
///
/// # Errors
/// Those of the database.
pub fn list(conn: &mut Conn, customer_id: &Guid, listing: &Listing) -> Result<Vec<User>> {
    let mut query = customer_users::table
        .filter(customer_users::customer_id.eq(customer_id).and(customer_users::state.eq(listing.state)))
        .select(User::as_select())
        .into_boxed();
    let (key, id) = (customer_users::display_name_key, customer_users::id);
    query = match (listing.order, &listing.after) {
        (Order::Age, None) => query,
        (Order::Age, Some(Position { created_at, id: last, .. })) => {
            let later = customer_users::created_at.gt(created_at);
            query.filter(later.or(customer_users::created_at.eq(created_at).and(id.gt(last))))
        }
        (Order::Ascending | Order::Descending, None) => query,
        (Order::Ascending, Some(Position { display_name_key, id: last, .. })) => {
            query.filter(key.gt(display_name_key).or(key.eq(display_name_key).and(id.gt(last))))
        }
        (Order::Descending, Some(Position { display_name_key, id: last, .. })) => {
            query.filter(key.lt(display_name_key).or(key.eq(display_name_key).and(id.lt(last))))
        }
    };
    query = match listing.order {
        Order::Age => query.order((customer_users::created_at, id)),
        Order::Ascending => query.order((key, id)),
        Order::Descending => query.order((key.desc(), id.desc())),
    };
    if let Some(limit) = listing.limit() {
        query = query.limit(limit);
    }
    Ok(query.load(conn)?)
}

pub(super) fn insert(conn: &mut Conn, user: &User) -> Result<()> {
    diesel::insert_into(customer_users::table).values(user).execute(conn)?;
    Ok(())
}

pub(super) fn update(conn: &mut Conn, user: &User) -> Result<()> {
    diesel::update(customer_users::table.find(&user.id)).set(user).execute(conn)?;
    Ok(())
}

pub(super) fn delete(conn: &mut Conn, id: &str) -> Result<()> {
    diesel::delete(directory_role_members::table.filter(directory_role_members::user_id.eq(id))).execute(conn)?;
    diesel::delete(customer_users::table.find(id)).execute(conn)?;
    Ok(())
}

pub(super) fn roles_of(conn: &mut Conn, user_id: &Guid) -> Result<Vec<Guid>> {
    Ok(directory_role_members::table
        .filter(directory_role_members::user_id.eq(user_id))
        .select(directory_role_members::role_id)
        .load(conn)?)
}

pub(super) fn has_role(conn: &mut Conn, user_id: &Guid, role_id: &Guid) -> Result<bool> {
    let found: Option<Guid> = directory_role_members::table
        .find((user_id, role_id))
        .select(directory_role_members::role_id)
        .first(conn)
        .optional()?;
    Ok(found.is_some())
}

/// A page of the active users of a customer that have a role, longest first, each with the instant
/// it was given.
///
/// # Errors
/// Those of the database.
pub fn members(
    conn: &mut Conn,
    customer_id: &Guid,
    role_id: &Guid,
    after: Option<&(Moment, String)>,
    limit: Option<i64>,
) -> Result<Vec<(User, Moment)>> {
    let (since, user) = (directory_role_members::created_at, directory_role_members::user_id);
    let mut query = directory_role_members::table
        .inner_join(customer_users::table.on(customer_users::id.eq(user)))
        .filter(directory_role_members::role_id.eq(role_id).and(customer_users::customer_id.eq(customer_id)))
        .filter(customer_users::state.eq(UserState::Active))
        .order((since, user))
        .select((User::as_select(), since))
        .into_boxed();
    if let Some((at, id)) = after {
        query = query.filter(since.gt(at).or(since.eq(at).and(user.gt(id))));
    }
    if let Some(limit) = limit {
        query = query.limit(limit);
    }
    Ok(query.load(conn)?)
}

pub(super) fn insert_membership(conn: &mut Conn, membership: &Membership) -> Result<()> {
    diesel::insert_into(directory_role_members::table).values(membership).execute(conn)?;
    Ok(())
}

pub(super) fn delete_membership(conn: &mut Conn, user_id: &Guid, role_id: &Guid) -> Result<()> {
    diesel::delete(directory_role_members::table.find((user_id, role_id))).execute(conn)?;
    Ok(())
}
