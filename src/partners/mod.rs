//! Partners: the tenants that sell. A direct-bill partner and an indirect provider buy for their
//! customers; an indirect reseller reads the customers it shares with its provider.

pub mod repo;

use diesel::prelude::*;

use crate::db::Moment;
use crate::db::schema::partners;
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
