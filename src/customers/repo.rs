//! Queries on customers and relationships.

use diesel::prelude::*;

use super::{CustomerRow, Relationship, RelationshipState};
use crate::db::schema::{customers, relationships};
use crate::db::{Conn, Moment};
use crate::error::Result;
use crate::ids::Guid;
use crate::partners::{Partner, PartnerKind};

type Joined = diesel::dsl::InnerJoinOn<
    relationships::table,
    customers::table,
    diesel::dsl::Eq<relationships::customer_id, customers::id>,
>;

fn joined() -> Joined {
    relationships::table.inner_join(customers::table.on(relationships::customer_id.eq(customers::id)))
}

/// The customer and the relationship through which `partner` sees it. (An indirect reseller sees
/// it through its provider's.)
///
/// # Errors
/// Those of the database.
pub fn find(conn: &mut Conn, partner: &Partner, id: &Guid) -> Result<Option<(CustomerRow, Relationship)>> {
    let selection = (CustomerRow::as_select(), Relationship::as_select());
    let query = joined().filter(relationships::customer_id.eq(id)).select(selection);
    Ok(match partner.kind {
        PartnerKind::Reseller => query.filter(relationships::reseller_id.eq(&partner.id)).first(conn).optional()?,
        PartnerKind::Direct | PartnerKind::Provider => {
            query.filter(relationships::partner_id.eq(&partner.id)).first(conn).optional()?
        }
    })
}

/// What a list of customers is narrowed to; texts are prefixes, lower case.
#[derive(Clone, Debug, Default)]
pub struct Narrowing {
    /// The company's name starts with this.
    pub company_name: Option<String>,
    /// The domain starts with this.
    pub domain: Option<String>,
    /// The reseller's tenant id starts with this.
    pub reseller_id: Option<String>,
    /// The provider's tenant id starts with this.
    pub provider_id: Option<String>,
}

/// A page of the customers that `partner` sees, oldest first, with the instant each relationship began.
///
/// # Errors
/// Those of the database.
pub fn list(
    conn: &mut Conn,
    partner: &Partner,
    narrowing: &Narrowing,
    after: Option<&(Moment, String)>,
    limit: Option<i64>,
) -> Result<Vec<(CustomerRow, Moment)>> {
    let mut query = joined()
        .filter(relationships::state.eq(RelationshipState::Active))
        .order((relationships::created_at, relationships::customer_id))
        .select((CustomerRow::as_select(), relationships::created_at))
        .into_boxed();
    query = match partner.kind {
        PartnerKind::Reseller => query.filter(relationships::reseller_id.eq(&partner.id)),
        PartnerKind::Direct | PartnerKind::Provider => query.filter(relationships::partner_id.eq(&partner.id)),
    };
    if let Some(prefix) = &narrowing.company_name {
        query = query.filter(customers::company_name_key.like(starts_with(prefix)).escape('\\'));
    }
    if let Some(prefix) = &narrowing.domain {
        query = query.filter(customers::domain.like(starts_with(prefix)).escape('\\'));
    }
    if let Some(prefix) = &narrowing.reseller_id {
        query = query.filter(relationships::reseller_id.like(starts_with(prefix)).escape('\\'));
    }
    if let Some(prefix) = &narrowing.provider_id {
        query = query.filter(relationships::partner_id.like(starts_with(prefix)).escape('\\'));
    }
    if let Some((at, id)) = after {
        let later = relationships::created_at.gt(at);
        let same_but_further = relationships::created_at.eq(at).and(relationships::customer_id.gt(id));
        query = query.filter(later.or(same_but_further));
    }
    if let Some(limit) = limit {
        query = query.limit(limit);
    }
    Ok(query.load(conn)?)
}

fn starts_with(prefix: &str) -> String {
    let mut pattern: String =
        prefix.chars().flat_map(|c| if matches!(c, '%' | '_' | '\\') { vec!['\\', c] } else { vec![c] }).collect();
    pattern.push('%');
    pattern
}

/// Whether any customer has this tenant id.
///
/// # Errors
/// Those of the database.
pub fn exists(conn: &mut Conn, id: &Guid) -> Result<bool> {
    let found: Option<Guid> = customers::table.find(id).select(customers::id).first(conn).optional()?;
    Ok(found.is_some())
}

/// The customer that has this domain (lower case).
///
/// # Errors
/// Those of the database.
pub fn id_of_domain(conn: &mut Conn, domain: &str) -> Result<Option<Guid>> {
    Ok(customers::table.filter(customers::domain.eq(domain)).select(customers::id).first(conn).optional()?)
}

pub(super) fn count(conn: &mut Conn, partner_id: &Guid) -> Result<i64> {
    Ok(relationships::table.filter(relationships::partner_id.eq(partner_id)).count().get_result(conn)?)
}

pub(super) fn insert(conn: &mut Conn, row: &CustomerRow) -> Result<()> {
    diesel::insert_into(customers::table).values(row).execute(conn)?;
    Ok(())
}

/// Adds a relationship.
///
/// # Errors
/// Those of the database.
pub fn insert_relationship(conn: &mut Conn, relationship: &Relationship) -> Result<()> {
    diesel::insert_into(relationships::table).values(relationship).execute(conn)?;
    Ok(())
}

/// How these two stand to each other; `None` where they never did.
///
/// # Errors
/// Those of the database.
pub fn state_of(conn: &mut Conn, partner_id: &Guid, customer_id: &Guid) -> Result<Option<RelationshipState>> {
    let relationship = relationships::table.find((partner_id, customer_id));
    Ok(relationship.select(relationships::state).first(conn).optional()?)
}

pub(super) fn update_billing(conn: &mut Conn, row: &CustomerRow) -> Result<()> {
    diesel::update(customers::table.find(&row.id))
        .set((
            customers::company_name.eq(&row.company_name),
            customers::company_name_key.eq(&row.company_name_key),
            customers::country.eq(&row.country),
            customers::billing_profile.eq(&row.billing_profile),
            customers::billing_etag.eq(row.billing_etag),
        ))
        .execute(conn)?;
    Ok(())
}

/// The pairs of selling partner and customer that `partner` sees, of one customer where that is
/// given.
///
/// # Errors
/// Those of the database.
pub fn relations_of_partner(conn: &mut Conn, partner: &Partner, only: Option<&Guid>) -> Result<Vec<(Guid, Guid)>> {
    let mut query = relationships::table
        .filter(relationships::state.eq(RelationshipState::Active))
        .select((relationships::partner_id, relationships::customer_id))
        .into_boxed();
    query = match partner.kind {
        PartnerKind::Reseller => query.filter(relationships::reseller_id.eq(&partner.id)),
        PartnerKind::Direct | PartnerKind::Provider => query.filter(relationships::partner_id.eq(&partner.id)),
    };
    if let Some(only) = only {
        query = query.filter(relationships::customer_id.eq(only));
    }
    Ok(query.load(conn)?)
}

/// The pairs of selling partner and this customer.
///
/// # Errors
/// Those of the database.
pub fn relations_of_customer(conn: &mut Conn, customer_id: &Guid) -> Result<Vec<(Guid, Guid)>> {
    Ok(relationships::table
        .filter(relationships::customer_id.eq(customer_id).and(relationships::state.eq(RelationshipState::Active)))
        .select((relationships::partner_id, relationships::customer_id))
        .load(conn)?)
}
