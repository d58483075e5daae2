//! `Microsoft.Resources/tenants`.

use actix_web::get;
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::{Permit, Side};
use crate::azure::{AzureAnswer, AzureCall, ListOf};
use crate::customers::Customer;
use crate::db::Unit;
use crate::error::Result;
use crate::ids::Guid;
use crate::permissions::azure::*;

/// A tenant that the caller can sign in to.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tenant {
    /// The full id.
    #[schema(example = "/tenants/50000000-0000-4000-8000-000000000001")]
    pub id: String,
    /// The bare id.
    #[schema(value_type = String, format = "uuid")]
    pub tenant_id: Guid,
    /// `Home`, or `ManagedBy` for a customer's that an agent is signed in to or can be.
    #[schema(example = "Home")]
    pub tenant_category: &'static str,
    /// The company's name.
    #[schema(example = "Adventure Works")]
    pub display_name: String,
    /// ISO 3166 alpha-2 code.
    #[schema(example = "US")]
    pub country_code: String,
    /// The domain.
    #[schema(example = "adventure-works.example")]
    pub default_domain: String,
    /// Every domain: the one.
    pub domains: [String; 1],
    /// `AAD`.
    pub tenant_type: &'static str,
}

fn tenant(id: Guid, category: &'static str, name: String, country: String, domain: String) -> Tenant {
    Tenant {
        id: format!("/tenants/{id}"),
        tenant_id: id,
        tenant_category: category,
        display_name: name,
        country_code: country,
        domains: [domain.clone()],
        default_domain: domain,
        tenant_type: "AAD",
    }
}

/// The caller's own tenant, then those it can be in on behalf of a customer.
fn tenants(unit: &mut Unit<'_>, permit: &Permit) -> Result<Vec<Tenant>> {
    let of = |customer: Customer, category| {
        tenant(customer.id, category, customer.company_name, customer.country, customer.row.domain)
    };
    let mut customers = permit.customers(unit)?;
    // Sold to by two partners it is still one tenant.
    customers.dedup_by(|one, other| one.id == other.id);
    Ok(match &permit.side {
        Side::Customer(_) => customers.into_iter().map(|customer| of(customer, "Home")).collect(),
        Side::Agent { on_behalf_of: Some(_), .. } => {
            customers.into_iter().map(|customer| of(customer, "ManagedBy")).collect()
        }
        Side::Agent { partner, on_behalf_of: None } => {
            let home = tenant(
                partner.id.clone(),
                "Home",
                partner.name.clone(),
                partner.country.clone(),
                partner.domain.clone(),
            );
            std::iter::once(home).chain(customers.into_iter().map(|customer| of(customer, "ManagedBy"))).collect()
        }
    })
}

/// List tenants.
///
/// An agent's own and those of its partner's customers; a customer's own.
#[utoipa::path(tag = "Microsoft.Resources", responses((status = 200, body = ListOf<Tenant>)))]
#[get("/tenants")]
pub async fn list_tenants(call: AzureCall<ListTenants>) -> AzureAnswer {
    call.read(|unit, permit| Ok(ListOf::whole(tenants(unit, permit)?))).await
}
