//! The whole URL table on one screen. API routes are registered together with their documentation;
//! one that is not documented cannot exist.

use std::sync::OnceLock;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, LOCATION};
use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse};
use utoipa_actix_web::service_config::ServiceConfig;
use utoipa_swagger_ui::{Config as SwaggerConfig, SwaggerUi};

use crate::error::Error;
use crate::http::context::Literals;
use crate::openapi;
use crate::partner_center::{Fault, agent};
use crate::permissions;
use crate::server::App;
use crate::{agreements, auth, carts, catalog, customers, entitlements, orders, subscriptions, support, users};

/// Partner Center's REST API.
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
        .service(support::profile_api::update_support_profile_as_documented);
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
        .route("/docs", web::get().to(to_docs))
        .service(SwaggerUi::new("/docs/{_:.*}").config(SwaggerConfig::new(["/openapi/partner-center.json"])));
}

/// The literal segments that are spelled canonically whatever the request's letter case.
pub fn literals() -> Literals {
    Literals::of(permissions::ALL.iter().map(|rights| rights.path))
}

/// Generated when it is first asked for: most servers never are.
async fn partner_center_document() -> std::result::Result<HttpResponse, Fault> {
    static DOCUMENT: OnceLock<String> = OnceLock::new();
    let document = match DOCUMENT.get() {
        Some(document) => document,
        None => {
            let document = openapi::partner_center()?;
            DOCUMENT.get_or_init(|| document)
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

/// What no route takes: under `/v1` a token is asked for first, then it is 404, or 405 with the
/// methods that the path has.
pub async fn unknown(app: Data<App>, request: HttpRequest) -> std::result::Result<HttpResponse, Fault> {
    let path = request.path();
    let is_api = path == "/v1" || path.starts_with("/v1/") || path == "/generatetoken";
    if !is_api {
        return Ok(HttpResponse::build(StatusCode::NOT_FOUND).json(serde_json::json!({"error": "not found"})));
    }
    agent(&app, &request).await?;
    let methods = permissions::methods_of(path);
    if methods.is_empty() {
        return Err(Error::NotFound.into());
    }
    Err(Error::MethodNotAllowed { allow: methods.join(", ") }.into())
}
