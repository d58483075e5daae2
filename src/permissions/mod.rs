//! Who may do what, as data: one row an operation. A handler names its operation in its signature
//! ([`crate::partner_center::Call`]), so none can be written without saying who may call it; the
//! same rows stand in the OpenAPI document and are walked cell by cell by a test.

pub mod api;
pub mod azure;

use crate::config::Role;

/// One operation of the API and who may call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights {
    /// The operation's name, as in the OpenAPI document.
    pub id: &'static str,
    /// The HTTP method.
    pub method: &'static str,
    /// The path template.
    pub path: &'static str,
    /// The agent roles that may call it.
    pub roles: &'static [Role],
    /// Whether an application alone may call it; otherwise a signed-in user is needed.
    pub app_only: bool,
    /// Whether it changes something (an indirect reseller may not call it then).
    pub writes: bool,
}

impl Rights {
    /// Which surface the operation is on: Partner Center's, or our own additions to it.
    pub fn surface(&self) -> &'static str {
        if self.path.starts_with("/reservoir/") { "reservoir" } else { "partner-center" }
    }
}

/// An operation as a type.
pub trait Operation: 'static {
    /// Who may call it.
    const RIGHTS: Rights;
}

const A: Role = Role::Admin;
const S: Role = Role::Sales;
const H: Role = Role::Helpdesk;

macro_rules! operations {
    ($($(#[$meta:meta])* $name:ident: $method:literal $path:literal [$($role:ident)+] $app_only:literal $writes:literal;)+) => {
        $(
            $(#[$meta])*
            #[derive(Clone, Copy, Debug)]
            pub struct $name;

            impl Operation for $name {
                const RIGHTS: Rights = Rights {
                    id: stringify!($name),
                    method: $method,
                    path: $path,
                    roles: &[$($role),+],
                    app_only: $app_only,
                    writes: $writes,
                };
            }
        )+

        /// Every operation.
        pub const ALL: &[Rights] = &[$($name::RIGHTS),+];
    };
}

// Columns: operation, method, path, agent roles, may an application alone call it, does it write.
operations! {
    /// Exchange a token.
    GenerateToken: "POST" "/generatetoken" [A S H] true false;
    /// Create a customer.
    CreateCustomer: "POST" "/v1/customers" [A S] true true;
    /// List customers.
    ListCustomers: "GET" "/v1/customers" [A S H] true false;
    /// Get a customer.
    GetCustomer: "GET" "/v1/customers/{customer_id}" [A S H] true false;
    /// Get a customer's billing profile.
    GetBillingProfile: "GET" "/v1/customers/{customer_id}/profiles/billing" [A S H] true false;
    /// Replace a customer's billing profile.
    UpdateBillingProfile: "PUT" "/v1/customers/{customer_id}/profiles/billing" [A S] true true;
    /// Get a customer's company profile.
    GetCompanyProfile: "GET" "/v1/customers/{customer_id}/profiles/company" [A S H] false false;
    /// List a customer's users.
    ListCustomerUsers: "GET" "/v1/customers/{customer_id}/users" [A S H] false false;
    /// Create a user.
    CreateCustomerUser: "POST" "/v1/customers/{customer_id}/users" [A] false true;
    /// Get a user.
    GetCustomerUser: "GET" "/v1/customers/{customer_id}/users/{user_id}" [A S H] false false;
    /// Change or restore a user.
    UpdateCustomerUser: "PATCH" "/v1/customers/{customer_id}/users/{user_id}" [A H] false true;
    /// Reset a user's password.
    ResetUserPassword: "PATCH" "/v1/customers/{customer_id}/users/{user_id}/resetpassword" [A H] false true;
    /// Delete a user.
    DeleteCustomerUser: "DELETE" "/v1/customers/{customer_id}/users/{user_id}" [A] false true;
    /// List the directory roles of a user.
    ListUserRoles: "GET" "/v1/customers/{customer_id}/users/{user_id}/directoryroles" [A S H] false false;
    /// List the directory roles of a customer.
    ListDirectoryRoles: "GET" "/v1/customers/{customer_id}/directoryroles" [A S H] false false;
    /// List the members of a directory role.
    ListRoleMembers: "GET" "/v1/customers/{customer_id}/directoryroles/{role_id}/usermembers" [A S H] false false;
    /// Give a user a directory role.
    AddRoleMember: "POST" "/v1/customers/{customer_id}/directoryroles/{role_id}/usermembers" [A] false true;
    /// Take a directory role from a user.
    RemoveRoleMember: "DELETE" "/v1/customers/{customer_id}/directoryroles/{role_id}/usermembers/{user_id}" [A] false true;
    /// Whether a domain is taken.
    CheckDomain: "HEAD" "/v1/domains/{domain}" [A S H] true false;
    /// List agreement templates.
    ListAgreementMetadata: "GET" "/v1/agreements" [A S H] false false;
    /// Get links to an agreement's text.
    GetAgreementDocument: "GET" "/v1/agreementtemplates/{template_id}/document" [A S H] false false;
    /// Confirm that a customer accepted an agreement.
    ConfirmAgreement: "POST" "/v1/customers/{customer_id}/agreements" [A S] false true;
    /// List confirmed agreements.
    ListAgreements: "GET" "/v1/customers/{customer_id}/agreements" [A S H] false false;
    /// Whether the customer signed with Microsoft directly.
    GetDirectSignStatus: "GET" "/v1/customers/{customer_id}/directSignedMicrosoftCustomerAgreementStatus" [A S H] false false;
    /// List products.
    ListProducts: "GET" "/v1/products" [A S H] true false;
    /// Get a product.
    GetProduct: "GET" "/v1/products/{product_id}" [A S H] true false;
    /// List the SKUs of a product.
    ListSkus: "GET" "/v1/products/{product_id}/skus" [A S H] true false;
    /// Get a SKU.
    GetSku: "GET" "/v1/products/{product_id}/skus/{sku_id}" [A S H] true false;
    /// List the availabilities of a SKU.
    ListAvailabilities: "GET" "/v1/products/{product_id}/skus/{sku_id}/availabilities" [A S H] true false;
    /// Get an availability.
    GetAvailability: "GET" "/v1/products/{product_id}/skus/{sku_id}/availabilities/{availability_id}" [A S H] true false;
    /// List products for a customer.
    ListCustomerProducts: "GET" "/v1/customers/{customer_id}/products" [A S H] true false;
    /// Get a product for a customer.
    GetCustomerProduct: "GET" "/v1/customers/{customer_id}/products/{product_id}" [A S H] true false;
    /// List SKUs for a customer.
    ListCustomerSkus: "GET" "/v1/customers/{customer_id}/products/{product_id}/skus" [A S H] true false;
    /// Get a SKU for a customer.
    GetCustomerSku: "GET" "/v1/customers/{customer_id}/products/{product_id}/skus/{sku_id}" [A S H] true false;
    /// List availabilities for a customer.
    ListCustomerAvailabilities: "GET" "/v1/customers/{customer_id}/products/{product_id}/skus/{sku_id}/availabilities" [A S H] true false;
    /// Get an availability for a customer.
    GetCustomerAvailability: "GET" "/v1/customers/{customer_id}/products/{product_id}/skus/{sku_id}/availabilities/{availability_id}" [A S H] true false;
    /// Check the inventory.
    CheckInventory: "POST" "/v1/extensions/product/checkinventory" [A S H] true false;
    /// Create a cart.
    CreateCart: "POST" "/v1/customers/{customer_id}/carts" [A S] true true;
    /// Get a cart.
    GetCart: "GET" "/v1/customers/{customer_id}/carts/{cart_id}" [A S H] true false;
    /// Replace a cart's line items.
    UpdateCart: "PUT" "/v1/customers/{customer_id}/carts/{cart_id}" [A S] true true;
    /// Check out a cart.
    CheckoutCart: "POST" "/v1/customers/{customer_id}/carts/{cart_id}/checkout" [A S] true true;
    /// Create an order without a cart.
    CreateOrder: "POST" "/v1/customers/{customer_id}/orders" [A S] true true;
    /// List orders.
    ListOrders: "GET" "/v1/customers/{customer_id}/orders" [A S H] true false;
    /// Get an order.
    GetOrder: "GET" "/v1/customers/{customer_id}/orders/{order_id}" [A S H] true false;
    /// List entitlements.
    ListEntitlements: "GET" "/v1/customers/{customer_id}/entitlements" [A S H] false false;
    /// Get the reservations of an entitlement.
    GetArtifact: "GET" "/v1/customers/{customer_id}/artifacts/{artifact_type}/groups/{group_id}/lineitems/{line_item_id}/resource/{resource_id}" [A S H] false false;
    /// List subscriptions.
    ListSubscriptions: "GET" "/v1/customers/{customer_id}/subscriptions" [A S H] true false;
    /// Get a subscription.
    GetSubscription: "GET" "/v1/customers/{customer_id}/subscriptions/{subscription_id}" [A S H] true false;
    /// Change a subscription.
    UpdateSubscription: "PATCH" "/v1/customers/{customer_id}/subscriptions/{subscription_id}" [A S] true true;
    /// Register a subscription for reservations.
    RegisterSubscription: "POST" "/v1/customers/{customer_id}/subscriptions/{subscription_id}/registrations" [A S] true true;
    /// Get the registration status.
    GetRegistrationStatus: "GET" "/v1/customers/{customer_id}/subscriptions/{subscription_id}/registrationstatus" [A S H] true false;
    /// List the Azure subscriptions of a plan.
    ListAzureEntitlements: "GET" "/v1/customers/{customer_id}/subscriptions/{subscription_id}/azureEntitlements" [A S H] true false;
    /// Get an Azure subscription of a plan.
    GetAzureEntitlement: "GET" "/v1/customers/{customer_id}/subscriptions/{subscription_id}/azureEntitlements/{entitlement_id}" [A S H] true false;
    /// Cancel an Azure subscription.
    CancelAzureEntitlement: "POST" "/v1/customers/{customer_id}/subscriptions/{subscription_id}/azureEntitlements/{entitlement_id}/cancel" [A] true true;
    /// Reactivate an Azure subscription.
    ReactivateAzureEntitlement: "POST" "/v1/customers/{customer_id}/subscriptions/{subscription_id}/azureEntitlements/{entitlement_id}/reactivate" [A] true true;
    /// Let a customer buy for itself.
    CreateSelfServePolicy: "POST" "/v1/SelfServePolicy" [A] false true;
    /// List what a customer may buy for itself.
    ListSelfServePolicies: "GET" "/v1/SelfServePolicy" [A S H] false false;
    /// Change what a customer may buy for itself; the id stands in the body.
    UpdateSelfServePolicy: "PUT" "/v1/SelfServePolicy" [A] false true;
    /// Get a purchase permission.
    GetSelfServePolicy: "GET" "/v1/SelfServePolicy/{policy_id}" [A S H] false false;
    /// Change what a customer may buy for itself.
    UpdateSelfServePolicyById: "PUT" "/v1/SelfServePolicy/{policy_id}" [A] false true;
    /// No longer let a customer buy for itself.
    DeleteSelfServePolicy: "DELETE" "/v1/SelfServePolicy/{policy_id}" [A] false true;
    /// List what was done.
    ListAuditRecords: "GET" "/v1/auditrecords" [A] true false;
    /// List everything that was done.
    ListAllAuditRecords: "GET" "/reservoir/v1/auditrecords" [A] true false;
    /// What a customer pays.
    GetPriceList: "GET" "/reservoir/v1/customers/{customer_id}/prices" [A S H] true false;
    /// Set what a customer pays.
    UpdatePriceList: "PUT" "/reservoir/v1/customers/{customer_id}/prices" [A] true true;
    /// Who may do what.
    ListPermissions: "GET" "/reservoir/v1/permissions" [A S H] true false;
    /// Carry out the return that a ticket asks for.
    RefundTicket: "POST" "/reservoir/v1/tickets/{ticket}/refund" [A] true true;
    /// Carry out the exchange that a ticket asks for.
    ExchangeTicket: "POST" "/reservoir/v1/tickets/{ticket}/exchange" [A] true true;
    /// List service requests.
    ListServiceRequests: "GET" "/v1/servicerequests" [A S H] false false;
    /// List support topics.
    ListSupportTopics: "GET" "/v1/servicerequests/supporttopics" [A S H] false false;
    /// Create a service request.
    CreateServiceRequest: "POST" "/v1/servicerequests/{servicerequest_id}" [A S H] false true;
    /// Get a service request.
    GetServiceRequest: "GET" "/v1/servicerequests/{servicerequest_id}" [A S H] false false;
    /// Change a service request.
    UpdateServiceRequest: "PATCH" "/v1/servicerequests/{servicerequest_id}" [A S H] false true;
    /// List a customer's service requests.
    ListCustomerServiceRequests: "GET" "/v1/customers/{customer_id}/servicerequests" [A S H] false false;
    /// Get a customer's service request.
    GetCustomerServiceRequest: "GET" "/v1/customers/{customer_id}/servicerequests/{servicerequest_id}" [A S H] false false;
    /// Change a customer's service request.
    UpdateCustomerServiceRequest: "PATCH" "/v1/customers/{customer_id}/servicerequests/{servicerequest_id}" [A S H] false true;
    /// Get the support profile.
    GetSupportProfile: "GET" "/v1/profiles/support" [A S H] false false;
    /// Replace the support profile.
    UpdateSupportProfile: "PUT" "/v1/profiles/support" [A] false true;
    /// Replace the support profile, at the documented path.
    UpdateSupportProfileAsDocumented: "PUT" "/v1/profiles/supportprofile" [A] false true;
}

/// The methods that a path is known with, for the `Allow` header; empty for an unknown path.
pub fn methods_of(path: &str) -> Vec<&'static str> {
    let mut methods = Vec::new();
    for rights in ALL.iter().filter(|rights| fits(rights.path, path)) {
        if !methods.contains(&rights.method) {
            methods.push(rights.method);
        }
    }
    methods
}

fn fits(template: &str, path: &str) -> bool {
    let (mut wanted, mut have) = (template.split('/'), path.split('/'));
    loop {
        match (wanted.next(), have.next()) {
            (None, None) => return true,
            (Some(segment), Some(text)) if segment.starts_with('{') && !text.is_empty() => {}
            (Some(segment), Some(text)) if segment == text => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_known_by_path() {
        assert_eq!(methods_of("/v1/customers/a/carts/b"), ["GET", "PUT"]);
        assert_eq!(methods_of("/v1/servicerequests/supporttopics"), ["GET", "POST", "PATCH"]);
        assert!(methods_of("/v1/customers/a/b").is_empty());
    }
}
