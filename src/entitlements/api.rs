//! Entitlements on the wire: `/v1/customers/{customer_id}/entitlements` and the artifacts they link to.

use actix_web::get;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Entitled, Entitlement, EntitlementType, group_of, of_customer};
use crate::db::Moment;
use crate::error::{Error, Result};
use crate::ids::Guid;
use crate::orders;
use crate::partner_center::{Answer, Call, Collection, Link};
use crate::permissions::{GetArtifact, ListEntitlements};
use crate::reservations::{self, ProvisioningState, Reservation, ReservationOrder, ScopeType};

/// What a customer may use because of a line of an order.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Entitlement)]
pub struct EntitlementResource {
    /// Empty here.
    #[schema(value_type = Vec<Object>)]
    pub included_entitlements: Vec<()>,
    /// The order and line.
    pub reference_order: ReferenceOrder,
    /// The product.
    pub product_id: String,
    /// The SKU.
    pub sku_id: String,
    /// How many are left of what was bought.
    pub quantity: i64,
    /// The same by state.
    pub quantity_details: Vec<QuantityDetail>,
    /// Where the details are.
    pub entitled_artifacts: Vec<Artifact>,
    /// `reservedinstance`, `virtualmachinereservedinstance` or `software`.
    pub entitlement_type: EntitlementType,
    /// `fulfilled`.
    pub fulfillment_state: &'static str,
    /// When it ends; with `showExpiry`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<DateTime<Utc>>)]
    pub expiry_date: Option<Moment>,
}

/// The order and line of an entitlement.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReferenceOrder {
    /// The order number.
    pub id: String,
    /// The line's number, as text.
    pub line_item_id: String,
    /// The order's other id.
    pub alternate_id: String,
}

/// How many are in a state.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QuantityDetail {
    /// How many.
    pub quantity: i64,
    /// The state.
    pub status: &'static str,
}

/// Where the details of an entitlement are.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Artifact {
    /// The details, for reservations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<Link>,
    /// The Azure reservation order, for reservations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_id: Option<String>,
    /// `reservedinstance`, `virtual_machine_reserved_instance` or `software`.
    pub artifact_type: &'static str,
    /// More: `reservationType` for reservations.
    pub dynamic_attributes: DynamicAttributes,
}

/// More of an artifact.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DynamicAttributes {
    /// Such as `virtualmachines`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reservation_type: Option<String>,
}

/// The reservations behind an entitlement.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReservedInstanceArtifactDetails {
    /// The artifact's type.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The reservations, as the SDK reads them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reservations: Option<Vec<ReservationDetails>>,
    /// The same, as the documentation names them.
    pub virtual_machine_reservations: Vec<ReservationDetails>,
}

/// A reservation.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReservationDetails {
    /// The reservation id of the Azure side.
    pub reservation_id: String,
    /// `Shared` or `Single`.
    pub scope_type: ScopeType,
    /// What it applies to, where it is not shared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applied_scopes: Option<Vec<String>>,
    /// Its name.
    pub display_name: String,
    /// How many instances.
    pub quantity: i64,
    /// Since when it holds.
    #[schema(value_type = DateTime<Utc>)]
    pub effective_date_time: Moment,
    /// When it ends.
    #[schema(value_type = DateTime<Utc>)]
    pub expiry_date_time: Moment,
    /// `Succeeded` as soon as it is bought.
    pub provisioning_state: ProvisioningState,
}

impl ReservationDetails {
    fn new(order: &ReservationOrder, one: &Reservation) -> Self {
        let applied = one.scope_subscription_id.as_ref().map(|id| match &one.scope_resource_group {
            Some(group) => format!("/subscriptions/{id}/resourceGroups/{group}"),
            None => format!("/subscriptions/{id}"),
        });
        Self {
            reservation_id: one.id.to_string(),
            scope_type: one.scope_type,
            applied_scopes: applied.or_else(|| one.scope_management_group.clone()).map(|scope| vec![scope]),
            display_name: one.display_name.clone(),
            quantity: one.quantity,
            effective_date_time: one.effective_at,
            expiry_date_time: order.expires_at,
            provisioning_state: one.state,
        }
    }
}

/// Which form of the details an artifact is shown in.
fn artifact_form(kind: EntitlementType) -> &'static str {
    match kind {
        EntitlementType::Software => "software",
        EntitlementType::ReservedInstance => "reservedinstance",
        EntitlementType::VirtualMachineReservedInstance => "virtual_machine_reserved_instance",
    }
}

/// Whether an entitlement is shown in a list of `wanted` kind, and as which kind.
fn shown_as(entitlement: &Entitlement, wanted: Option<EntitlementType>) -> Option<EntitlementType> {
    let kind = match &entitlement.what {
        Entitled::Software => EntitlementType::Software,
        Entitled::Reservations(_, held) => {
            let machines = held.iter().all(|one| one.resource_type == "VirtualMachines");
            match wanted {
                Some(EntitlementType::VirtualMachineReservedInstance) if machines => {
                    EntitlementType::VirtualMachineReservedInstance
                }
                _ => EntitlementType::ReservedInstance,
            }
        }
    };
    (wanted.is_none_or(|wanted| wanted == kind)).then_some(kind)
}

impl EntitlementResource {
    fn new(entitlement: &Entitlement, kind: EntitlementType, with_expiry: bool) -> Self {
        let (order, line) = (&entitlement.order, &entitlement.line);
        let artifact_type = artifact_form(kind);
        let (artifact, expiry) = match &entitlement.what {
            Entitled::Software => (
                Artifact {
                    link: None,
                    resource_id: None,
                    artifact_type,
                    dynamic_attributes: DynamicAttributes { reservation_type: None },
                },
                None,
            ),
            Entitled::Reservations(held, reservations) => {
                let uri = format!(
                    "/customers/{}/artifacts/{kind}/groups/{}/lineitems/{}/resource/{}",
                    order.customer_id,
                    group_of(&order.id),
                    line.id,
                    held.id
                );
                let artifact = Artifact {
                    link: Some(Link::get(uri)),
                    resource_id: Some(held.id.to_string()),
                    artifact_type,
                    dynamic_attributes: DynamicAttributes {
                        reservation_type: reservations.first().map(|one| one.resource_type.to_lowercase()),
                    },
                };
                (artifact, Some(held.expires_at))
            }
        };
        let quantity = entitlement.quantity();
        Self {
            included_entitlements: Vec::new(),
            reference_order: ReferenceOrder {
                id: order.id.clone(),
                line_item_id: line.line_number.to_string(),
                alternate_id: order.alternate_id.clone(),
            },
            product_id: line.product_id.clone(),
            sku_id: line.sku_id.clone(),
            quantity,
            quantity_details: vec![QuantityDetail { quantity, status: "fulfilled" }],
            entitled_artifacts: vec![artifact],
            entitlement_type: kind,
            fulfillment_state: "fulfilled",
            expiry_date: expiry.filter(|_| with_expiry),
        }
    }
}

/// List entitlements.
///
/// App+User only. What the customer may use because of its orders; the artifact of a reservation
/// links to its details. `entitlementType` narrows the list; `showExpiry=true` adds `expiryDate`.
#[utoipa::path(
    tag = "Entitlements",
    params(("entitlementType" = Option<String>, Query, description = "`software`, `reservedinstance` or `virtualmachinereservedinstance`"),
        ("showExpiry" = Option<bool>, Query, description = "Adds `expiryDate`")),
    responses((status = 200, body = Collection<EntitlementResource>))
)]
#[get("/v1/customers/{customer_id}/entitlements")]
pub async fn list_entitlements(call: Call<ListEntitlements>) -> Answer {
    let (id, itself) = (call.guid("customer_id")?, call.link());
    let with_expiry = call.query.flag("showExpiry")?;
    let wanted = call.query.get("entitlementType").map(entitlement_type).transpose()?;
    call.read(move |unit, agent| {
        let customer = agent.customer(unit, &id)?;
        let found = of_customer(unit, &customer)?;
        let items =
            found.iter().filter_map(|one| Some(EntitlementResource::new(one, shown_as(one, wanted)?, with_expiry)));
        Ok(Collection::whole(items.collect(), itself.clone()))
    })
    .await
}

fn entitlement_type(text: &str) -> Result<EntitlementType> {
    EntitlementType::parse(text).ok_or_else(|| {
        Error::invalid("entitlementType", "must be software, reservedinstance or virtualmachinereservedinstance")
    })
}

/// Get the reservations of an entitlement.
///
/// App+User only. The path is the `link` of an entitlement's artifact; `resource_id` is the Azure
/// reservation order.
#[utoipa::path(tag = "Entitlements", responses((status = 200, body = ReservedInstanceArtifactDetails)))]
#[get(
    "/v1/customers/{customer_id}/artifacts/{artifact_type}/groups/{group_id}/lineitems/{line_item_id}/resource/{resource_id}"
)]
pub async fn get_artifact(call: Call<GetArtifact>) -> Answer {
    let id = call.guid("customer_id")?;
    let kind = EntitlementType::parse(call.segment("artifact_type")).ok_or(Error::NotFound)?;
    if kind == EntitlementType::Software {
        return Err(Error::NotFound.into());
    }
    let place = [call.guid("group_id")?, call.guid("line_item_id")?, call.guid("resource_id")?];
    call.read(move |unit, agent| {
        let customer = agent.customer(unit, &id)?;
        let [group, line, resource] = &place;
        let order = reservations::repo::order_of(unit.conn, &customer, resource)?.ok_or(Error::NotFound)?;
        let lines = orders::repo::lines_of(unit.conn, &order.order_id)?;
        let belongs = |one: &orders::OrderLine| &one.id == line && one.reservation_order_id.as_ref() == Some(resource);
        if &group_of(&order.order_id) != group || !lines.iter().any(belongs) {
            return Err(Error::NotFound);
        }
        details(unit, &order, kind)
    })
    .await
}

fn details(
    unit: &mut crate::db::Unit<'_>,
    order: &ReservationOrder,
    kind: EntitlementType,
) -> Result<ReservedInstanceArtifactDetails> {
    let id: &Guid = &order.id;
    let held: Vec<ReservationDetails> =
        reservations::repo::of_order(unit.conn, id)?.iter().map(|one| ReservationDetails::new(order, one)).collect();
    Ok(ReservedInstanceArtifactDetails {
        kind: kind.as_str(),
        reservations: (kind == EntitlementType::ReservedInstance).then(|| held.clone()),
        virtual_machine_reservations: held,
    })
}
