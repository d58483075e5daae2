//! `Microsoft.Capacity`: reservations as Azure's resource manager shows and manages them.

use actix_web::get;
use serde::Serialize;
use utoipa::ToSchema;

use crate::azure::{AzureAnswer, AzureCall, ListOf};
use crate::permissions::azure::*;

/// An operation of the provider.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProviderOperation {
    /// Azure's name of it.
    #[schema(example = "Microsoft.Capacity/reservationorders/read")]
    pub name: &'static str,
    /// Whether it acts on data rather than on resources.
    pub is_data_action: bool,
    /// For people.
    pub display: OperationDisplay,
}

/// An operation in words.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ProviderOperationDisplay)]
pub struct OperationDisplay {
    /// The provider.
    #[schema(example = "Microsoft Capacity")]
    pub provider: &'static str,
    /// The kind of resource.
    #[schema(example = "Reservations")]
    pub resource: &'static str,
    /// What it does.
    pub operation: &'static str,
    /// The same in a sentence.
    pub description: &'static str,
}

/// List the provider's operations.
///
/// What role definitions name.
#[utoipa::path(tag = "Microsoft.Capacity", responses((status = 200, body = ListOf<ProviderOperation>)))]
#[get("/providers/Microsoft.Capacity/operations")]
pub async fn list_operations(call: AzureCall<ListCapacityOperations>) -> AzureAnswer {
    let all = [
        ("Microsoft.Capacity/reservationorders/read", "Get reservations", "Read all reservations"),
        ("Microsoft.Capacity/reservationorders/write", "Create reservations", "Buy a reservation"),
        ("Microsoft.Capacity/reservationorders/action", "Manage reservations", "Split, merge, return or exchange"),
        ("Microsoft.Capacity/reservationorders/reservations/read", "Get reservations", "Read all reservations"),
        ("Microsoft.Capacity/reservationorders/reservations/write", "Update reservations", "Change a reservation"),
        ("Microsoft.Capacity/reservationorders/reservations/action", "Manage reservations", "Put a reservation away"),
        ("Microsoft.Capacity/reservationorders/reservations/revisions/read", "Get revisions", "Read all revisions"),
        ("Microsoft.Capacity/reservations/read", "Get reservations", "Read all reservations of the tenant"),
        ("Microsoft.Capacity/calculateprice/action", "Calculate a price", "Calculate what a reservation costs"),
        ("Microsoft.Capacity/checkscopes/action", "Check scopes", "Ask which scopes a reservation may have"),
        ("Microsoft.Capacity/catalogs/read", "Get the catalogue", "Read what can be reserved"),
        (
            "Microsoft.Capacity/appliedreservations/read",
            "Get applied reservations",
            "Read what applies to a subscription",
        ),
        ("Microsoft.Capacity/register/action", "Register the provider", "Register the provider for a subscription"),
    ];
    call.read(move |_, _| {
        let value = all.iter().map(|(name, operation, description)| ProviderOperation {
            name,
            is_data_action: false,
            display: OperationDisplay {
                provider: "Microsoft Capacity",
                resource: "Reservations",
                operation,
                description,
            },
        });
        Ok(ListOf::whole(value.collect()))
    })
    .await
}
