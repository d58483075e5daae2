//! The whole URL table on one screen. API routes are registered together with their documentation;
//! one that is not documented cannot exist.

use std::sync::OnceLock;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, LOCATION};
use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use utoipa_actix_web::service_config::ServiceConfig;
use utoipa_swagger_ui::{Config as SwaggerConfig, SwaggerUi};

use crate::azure::{AzureFault, authenticated};
use crate::error::Error;
use crate::http::context::Literals;
use crate::openapi;
use crate::partner_center::{Fault, agent};
use crate::permissions;
use crate::server::App;
use crate::{
    agreements, audit, auth, carts, catalog, customers, entitlements, exchanges, orders, price_lists, refunds,
    reservations, resource_groups, role_assignments, self_serve_policies, subscriptions, support, tenants, usage,
    users,
};

/// Partner Center's REST API, and our own additions to it.
pub fn partner_center(routes: &mut ServiceConfig<'_>) {
    routes
        .service(auth::exchange::generate_token)
        .service(customers::api::create_customer)
        .service(customers::api::list_customers)
        .service(customers::api::get_customer)
        .service(customers::api::get_billing_profile)
        .service(customers::api::update_billing_profile)
        .service(customers::api::get_company_profile)
        .service(users::api::list_customer_users)
        .service(users::api::create_customer_user)
        .service(users::api::get_customer_user)
        .service(users::api::update_customer_user)
        .service(users::api::reset_user_password)
        .service(users::api::delete_customer_user)
        .service(users::roles_api::list_user_roles)
        .service(users::roles_api::list_directory_roles)
        .service(users::roles_api::list_role_members)
        .service(users::roles_api::add_role_member)
        .service(users::roles_api::remove_role_member)
        .service(customers::api::check_domain)
        .service(agreements::api::list_agreement_metadata)
        .service(agreements::api::get_agreement_document)
        .service(agreements::api::confirm_agreement)
        .service(agreements::api::list_agreements)
        .service(agreements::api::get_direct_sign_status)
        .service(catalog::api::list_products)
        .service(catalog::api::get_product)
        .service(catalog::api::list_skus)
        .service(catalog::api::get_sku)
        .service(catalog::api::list_availabilities)
        .service(catalog::api::get_availability)
        .service(catalog::api::list_customer_products)
        .service(catalog::api::get_customer_product)
        .service(catalog::api::list_customer_skus)
        .service(catalog::api::get_customer_sku)
        .service(catalog::api::list_customer_availabilities)
        .service(catalog::api::get_customer_availability)
        .service(catalog::api::check_inventory)
        .service(carts::api::create_cart)
        .service(carts::api::get_cart)
        .service(carts::api::update_cart)
        .service(carts::api::checkout_cart)
        .service(orders::api::create_order)
        .service(orders::api::list_orders)
        .service(orders::api::get_order)
        .service(entitlements::api::list_entitlements)
        .service(entitlements::api::get_artifact)
        .service(subscriptions::api::list_subscriptions)
        .service(subscriptions::api::get_subscription)
        .service(subscriptions::api::update_subscription)
        .service(subscriptions::api::register_subscription)
        .service(subscriptions::api::get_registration_status)
        .service(subscriptions::api::list_azure_entitlements)
        .service(subscriptions::api::get_azure_entitlement)
        .service(subscriptions::api::cancel_azure_entitlement)
        .service(subscriptions::api::reactivate_azure_entitlement)
        .service(self_serve_policies::api::create_self_serve_policy)
        .service(self_serve_policies::api::list_self_serve_policies)
        .service(self_serve_policies::api::update_self_serve_policy)
        .service(self_serve_policies::api::get_self_serve_policy)
        .service(self_serve_policies::api::update_self_serve_policy_by_id)
        .service(self_serve_policies::api::delete_self_serve_policy)
        .service(audit::api::list_audit_records)
        .service(support::api::list_service_requests)
        .service(support::api::list_support_topics)
        .service(support::api::create_service_request)
        .service(support::api::get_service_request)
        .service(support::api::update_service_request)
        .service(support::api::list_customer_service_requests)
        .service(support::api::get_customer_service_request)
        .service(support::api::update_customer_service_request)
        .service(support::profile_api::get_support_profile)
        .service(support::profile_api::update_support_profile)
        .service(support::profile_api::update_support_profile_as_documented)
        // Our own additions, under /reservoir/v1.
        .service(audit::api::list_all_audit_records)
        .service(price_lists::api::get_price_list)
        .service(price_lists::api::update_price_list)
        .service(support::carry_out::refund_ticket)
        .service(support::carry_out::exchange_ticket)
        .service(permissions::api::list_permissions);
}

/// Azure's resource providers, as far as reservations need them.
pub fn azure(routes: &mut ServiceConfig<'_>) {
    routes
        .service(reservations::azure::list_operations)
        .service(reservations::azure::calculate_price)
        .service(reservations::azure::purchase_reservation)
        .service(reservations::azure::list_reservation_orders)
        .service(reservations::azure::get_reservation_order)
        .service(reservations::azure::change_directory)
        .service(reservations::azure::list_reservations_of_order)
        .service(reservations::azure::get_reservation)
        .service(reservations::azure::changes::update_reservation)
        .service(reservations::azure::changes::split_reservation)
        .service(reservations::azure::changes::merge_reservations)
        .service(reservations::azure::changes::list_available_scopes)
        .service(reservations::azure::changes::archive_reservation)
        .service(reservations::azure::changes::unarchive_reservation)
        .service(reservations::azure::list_reservation_revisions)
        .service(reservations::azure::lists::list_reservations)
        .service(refunds::azure::calculate_refund)
        .service(refunds::azure::return_reservation)
        .service(exchanges::azure::calculate_exchange)
        .service(exchanges::azure::exchange_reservations)
        .service(catalog::azure::list_catalog)
        .service(reservations::azure::lists::list_applied_reservations)
        .service(subscriptions::azure::list_azure_subscriptions)
        .service(subscriptions::azure::get_azure_subscription)
        .service(subscriptions::azure::list_locations)
        .service(tenants::azure::list_tenants)
        .service(subscriptions::azure::create_subscription_alias)
        .service(subscriptions::azure::get_subscription_alias)
        .service(subscriptions::azure::register_capacity_provider)
        .service(subscriptions::azure::get_capacity_provider)
        .service(resource_groups::azure::list_resource_groups)
        .service(resource_groups::azure::get_resource_group)
        .service(resource_groups::azure::create_resource_group)
        .service(role_assignments::azure::list_role_assignments)
        .service(role_assignments::azure::get_role_assignment)
        .service(role_assignments::azure::create_role_assignment)
        .service(role_assignments::azure::delete_role_assignment)
        .service(role_assignments::azure::list_role_definitions)
        .service(role_assignments::azure::get_role_definition)
        .service(role_assignments::azure::list_built_in_roles)
        .service(role_assignments::azure::get_built_in_role)
        .service(role_assignments::azure::list_permissions)
        .service(usage::azure::list_summaries_of_order)
        .service(usage::azure::list_details_of_order)
        .service(usage::azure::list_summaries)
        .service(usage::azure::list_details)
        .service(usage::azure::list_summaries_of_account)
        .service(usage::azure::list_details_of_account)
        .service(usage::azure::list_summaries_of_profile)
        .service(usage::azure::list_details_of_profile)
        .service(usage::azure::list_transactions_of_account)
        .service(usage::azure::list_transactions_of_profile)
        .service(support::azure::list_support_services)
        .service(support::azure::get_support_service)
        .service(support::azure::list_problem_classifications)
        .service(support::azure::get_problem_classification)
        .service(support::azure::check_support_ticket_name)
        .service(support::azure::list_support_tickets)
        .service(support::azure::create_support_ticket)
        .service(support::azure::get_support_ticket)
        .service(support::azure::update_support_ticket)
        .service(support::azure::check_communication_name)
        .service(support::azure::list_communications)
        .service(support::azure::create_communication)
        .service(support::azure::get_communication)
        .service(support::azure::check_subscription_support_ticket_name)
        .service(support::azure::list_subscription_support_tickets)
        .service(support::azure::create_subscription_support_ticket)
        .service(support::azure::get_subscription_support_ticket)
        .service(support::azure::update_subscription_support_ticket)
        .service(support::azure::check_subscription_communication_name)
        .service(support::azure::list_subscription_communications)
        .service(support::azure::create_subscription_communication)
        .service(support::azure::get_subscription_communication);
}

/// For whoever operates the server; no token.
pub fn operations(config: &mut web::ServiceConfig) {
    config
        .route("/health/live", web::get().to(live))
        .route("/health/ready", web::get().to(ready))
        .route("/metrics", web::get().to(metrics))
        .route("/version", web::get().to(version));
}

/// The documentation, without any network.
pub fn docs(config: &mut web::ServiceConfig) {
    config
        .route("/openapi/partner-center.json", web::get().to(partner_center_document))
        .route("/openapi/azure.json", web::get().to(azure_document))
        .route("/docs", web::get().to(to_docs))
        .service(
            SwaggerUi::new("/docs/{_:.*}")
                .config(SwaggerConfig::new(["/openapi/partner-center.json", "/openapi/azure.json"])),
        );
}

/// The literal segments that are spelled canonically whatever the request's letter case.
pub fn literals() -> Literals {
    Literals::of(permissions::azure::templates())
}

async fn partner_center_document() -> std::result::Result<HttpResponse, Fault> {
    static DOCUMENT: OnceLock<String> = OnceLock::new();
    document(&DOCUMENT, openapi::partner_center)
}

async fn azure_document() -> std::result::Result<HttpResponse, Fault> {
    static DOCUMENT: OnceLock<String> = OnceLock::new();
    document(&DOCUMENT, openapi::azure)
}

/// Generated when it is first asked for: most servers never are.
fn document(
    kept: &'static OnceLock<String>,
    make: fn() -> crate::error::Result<String>,
) -> std::result::Result<HttpResponse, Fault> {
    let document = match kept.get() {
        Some(document) => document,
        None => {
            let document = make()?;
            kept.get_or_init(|| document)
        }
    };
    Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, "application/json")).body(document.as_str()))
}

async fn to_docs() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((LOCATION, "/docs/")).finish()
}

async fn live() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({"status": "live"}))
}

async fn ready(app: Data<App>) -> HttpResponse {
    let reachable = app.is_ready() && app.db.write("readiness", |unit| unit.ping()).await.is_ok();
    if reachable {
        HttpResponse::Ok().json(serde_json::json!({"status": "ready"}))
    } else {
        HttpResponse::ServiceUnavailable().json(serde_json::json!({"status": "not ready"}))
    }
}

async fn metrics(app: Data<App>) -> HttpResponse {
    HttpResponse::Ok().insert_header((CONTENT_TYPE, "text/plain; version=0.0.4")).body(app.metrics.render())
}

async fn version() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({"name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION")}))
}

/// What no route takes: on either API a token is asked for first, then it is 404, or 405 with the
/// methods that the path has, in the surface's own form.
pub async fn unknown(app: Data<App>, request: HttpRequest) -> HttpResponse {
    let path = request.path();
    let under = |root: &str| path == root || path.strip_prefix(root).is_some_and(|rest| rest.starts_with('/'));
    if under("/v1") || under("/reservoir/v1") || path == "/generatetoken" {
        let refused = match agent(&app, &request).await {
            Ok(_) => none_of(permissions::methods_of(path)),
            Err(error) => error,
        };
        Fault(refused).error_response()
    } else if under("/providers") || under("/subscriptions") || under("/tenants") {
        let refused = match authenticated(&app, &request).await {
            Ok(_) => none_of(permissions::azure::methods_of(path)),
            Err(error) => error,
        };
        AzureFault(refused).error_response()
    } else {
        HttpResponse::build(StatusCode::NOT_FOUND).json(serde_json::json!({"error": "not found"}))
    }
}

fn none_of(methods: Vec<&'static str>) -> Error {
    if methods.is_empty() { Error::NotFound } else { Error::MethodNotAllowed { allow: methods.join(", ") } }
}
