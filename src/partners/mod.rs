//! Partners: the tenants that sell. A direct-bill partner and an indirect provider buy for their
//! customers; an indirect reseller reads the customers it shares with its provider.

pub mod repo;

use diesel::prelude::*;

use crate::customers;
use crate::db::schema::partners;
use crate::db::{Moment, Unit};
use crate::error::{Error, Result};
use crate::ids::Guid;
use crate::money::Currency;
use crate::text_enum;

text_enum! {
    /// A partner's place in the programme.
    PartnerKind {
        /// Buys from Microsoft and sells to its customers.
        Direct = "direct",
        /// Buys from Microsoft and sells through resellers.
        Provider = "provider",
        /// Sells what its provider buys.
        Reseller = "reseller",
    }
}

/// A partner's tenant.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = partners)]
pub struct Partner {
    /// The tenant id.
    pub id: Guid,
    /// The company's name.
    pub name: String,
    /// The tenant's domain, lower case.
    pub domain: String,
    /// The place in the programme.
    pub kind: PartnerKind,
    /// ISO 3166 alpha-2 code, upper case.
    pub country: String,
    /// ISO 4217 code in which the partner buys, upper case.
    pub currency: String,
    /// The PartnerID (formerly MPN id).
    pub mpn_id: String,
    /// An indirect reseller's provider.
    pub provider_id: Option<Guid>,
    /// Whether this is an integration sandbox account.
    pub sandbox: bool,
    /// The group that stands for all the partner's agents in its customers' tenants.
    pub foreign_group_id: Guid,
    /// When the partner joined.
    pub created_at: Moment,
}

impl Partner {
    /// The currency in which the partner buys.
    ///
    /// # Errors
    /// When the stored code is no currency, which the commands that write it exclude.
    pub fn currency(&self) -> Result<Currency> {
        Currency::parse(&self.currency).ok_or_else(|| Error::Internal(format!("partner {} has no currency", self.id)))
    }
}

/// Adds a partner. Ids and domains are those of tenants, which partners share with customers.
///
/// # Errors
/// [`Error::InvalidInput`] names what is taken, or a provider that is none.
pub fn add(unit: &mut Unit<'_>, partner: &Partner) -> Result<()> {
    let taken = |field: &str, by: &str| Err(Error::invalid(field, format!("is taken by {by}")));
    for other in repo::all(unit.conn)? {
        if other.id == partner.id {
            return taken("tenant", &other.name);
        }
        if other.domain == partner.domain {
            return taken("domain", &other.name);
        }
        if other.mpn_id == partner.mpn_id {
            return taken("mpn", &other.name);
        }
    }
    if customers::repo::exists(unit.conn, &partner.id)? {
        return taken("tenant", "a customer");
    }
    if customers::repo::id_of_domain(unit.conn, &partner.domain)?.is_some() {
        return taken("domain", "a customer");
    }
    if let Some(provider) = &partner.provider_id {
        let known = repo::by_id(unit.conn, provider)?;
        if known.is_none_or(|known| known.kind != PartnerKind::Provider) {
            return Err(Error::invalid("provider", "is no indirect provider"));
        }
    }
    repo::insert(unit.conn, partner)
}
