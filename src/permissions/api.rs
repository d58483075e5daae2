//! `/reservoir/v1/permissions`: the matrix of who may do what, as the server itself goes by it.

use actix_web::get;
use serde::Serialize;
use utoipa::ToSchema;

use super::azure::AzureRights;
use super::{ALL, ListPermissions, Rights};
use crate::partner_center::{Answer, Call};

/// Who may do what.
#[derive(Debug, Serialize, ToSchema)]
pub struct PermissionMatrix {
    /// One row an operation.
    pub operations: Vec<OperationRights>,
}

/// Who may call one operation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OperationRights {
    /// The HTTP method.
    #[schema(example = "POST")]
    pub method: &'static str,
    /// The path template.
    #[schema(example = "/v1/customers/{customer_id}/orders")]
    pub path: &'static str,
    /// `partner-center`, `reservoir` or `azure`.
    #[schema(example = "partner-center")]
    pub surface: &'static str,
    /// The agent roles that may call it.
    pub roles: Vec<&'static str>,
    /// Whether an application may call it without a signed-in user.
    pub app_only: bool,
    /// Whether a customer's user may: `no`, `own` or `with permission and Owner`.
    #[schema(example = "no")]
    pub customer_user: &'static str,
    /// Whether an agent may call it with a token of its customer's tenant.
    pub on_behalf: bool,
    /// On the Azure side: what else suffices, because roles are assigned there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub need: Option<&'static str>,
}

impl From<&Rights> for OperationRights {
    fn from(rights: &Rights) -> Self {
        Self {
            method: rights.method,
            path: rights.path,
            surface: rights.surface(),
            roles: rights.roles.iter().map(|role| role.group()).collect(),
            app_only: rights.app_only,
            // A token of a customer's tenant is of no use on these surfaces.
            customer_user: "no",
            on_behalf: false,
            need: None,
        }
    }
}

impl From<&AzureRights> for OperationRights {
    fn from(rights: &AzureRights) -> Self {
        Self {
            method: rights.method,
            path: rights.path,
            surface: "azure",
            roles: rights.roles().iter().map(|role| role.group()).collect(),
            app_only: true,
            customer_user: rights.customer_user(),
            on_behalf: true,
            need: Some(rights.need.words()),
        }
    }
}

/// Every operation of every surface.
fn matrix() -> PermissionMatrix {
    let azure = super::azure::ALL.iter().map(OperationRights::from);
    PermissionMatrix { operations: ALL.iter().map(OperationRights::from).chain(azure).collect() }
}

/// List who may do what.
///
/// One row an operation, from the very table that the server decides by.
#[utoipa::path(tag = "Permissions", responses((status = 200, body = PermissionMatrix)))]
#[get("/reservoir/v1/permissions")]
pub async fn list_permissions(call: Call<ListPermissions>) -> Answer {
    call.read(|_, _| Ok(matrix())).await
}
