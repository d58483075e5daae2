//! The OpenAPI documents, one a surface: generated from the handlers, completed with what all operations share
//! (path parameters, request ids, errors) and with who may call them.

use actix_web::App;
use serde_json::{Value, json};
use utoipa::OpenApi;
use utoipa_actix_web::AppExt;

use crate::azure::AzureFaultBody;
use crate::error::{Error, Result};
use crate::partner_center::FaultBody;
use crate::permissions::azure::AzureRights;
use crate::permissions::{self, Rights};
use crate::routes;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Reservoir: Partner Center REST API",
        description = "What Reservoir serves of Partner Center's REST API v1. Independent and unofficial: not affiliated with Microsoft.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(FaultBody)),
    security(("bearer" = []))
)]
struct PartnerCenterDocument;

/// What a segment of a path stands for.
fn segment_description(name: &str) -> &'static str {
    match name {
        "customer_id" => "The customer's tenant id.",
        "product_id" => "The product's id.",
        "sku_id" => "The SKU's id.",
        "availability_id" => "The availability's id.",
        "domain" => "The domain, such as `fabrikam.onmicrosoft.com`.",
        "cart_id" => "The cart's id.",
        "order_id" => "The order number, exactly as it was given.",
        "subscription_id" => "The subscription's id.",
        "entitlement_id" => "The Azure subscription's id.",
        "template_id" => "The agreement template's id.",
        "artifact_type" => "`reservedinstance` or `virtualmachinereservedinstance`.",
        "group_id" => "The group of the artifact's link.",
        "line_item_id" => "The line item of the artifact's link.",
        "policy_id" => "The purchase permission's id: the partner's tenant, `_`, the customer's.",
        "resource_id" => "The Azure reservation order id.",
        "subscriptionId" => "The Azure subscription's id.",
        "reservationOrderId" => "The reservation order's id.",
        "reservationId" => "The reservation's id.",
        "resourceGroupName" => "The resource group's name.",
        "roleAssignmentName" => "The role assignment's name: a GUID of the client's choice.",
        "roleDefinitionId" => "The role's GUID.",
        "aliasName" => "The name of the partner's choice.",
        "billingAccountId" => "The partner's or the customer's tenant id.",
        "billingProfileId" => "The customer's tenant id, or the id of its billing profile.",
        "scope" => "A subscription, resource group, reservation order or reservation, as its id is written.",
        "user_id" => "The user's id.",
        "role_id" => "The directory role's id.",
        "servicerequest_id" => "The service request's id. To create one: the agent's locale, such as `en-US`.",
        "serviceName" => "The service's id.",
        "problemClassificationName" => "The problem classification's id.",
        "supportTicketName" => "The ticket's name.",
        "communicationName" => "The communication's name.",
        "ticket" => "The ticket's number, or its name on Azure.",
        _ => "See the description.",
    }
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Reservoir: Azure reservations",
        description = "What Reservoir serves of Azure's resource manager for reservations. Independent and unofficial: not affiliated with Microsoft.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(AzureFaultBody)),
    security(("bearer" = []))
)]
struct AzureDocument;

/// The document of Partner Center's surface, pretty-printed with a final line end.
///
/// # Errors
/// When it has no JSON form, or an operation has no row in the permission matrix.
pub fn partner_center() -> Result<String> {
    let app = App::new().into_utoipa_app().openapi(PartnerCenterDocument::openapi()).configure(routes::partner_center);
    let (_, document) = app.split_for_parts();
    completed(serde_json::to_value(&document)?, |method, path, operation| {
        let rights = permissions::ALL
            .iter()
            .find(|rights| rights.path == path && rights.method.eq_ignore_ascii_case(method))
            .ok_or_else(|| Error::Internal(format!("{method} {path} has no row in the permission matrix")))?;
        complete(rights, operation);
        Ok(())
    })
}

/// The document of the Azure side, pretty-printed with a final line end.
///
/// # Errors
/// When it has no JSON form, or an operation has no row in the permission matrix.
pub fn azure() -> Result<String> {
    let app = App::new().into_utoipa_app().openapi(AzureDocument::openapi()).configure(routes::azure);
    let (_, document) = app.split_for_parts();
    completed(serde_json::to_value(&document)?, |method, path, operation| {
        let rights = permissions::azure::ALL
            .iter()
            .find(|rights| rights.path == path && rights.method.eq_ignore_ascii_case(method))
            .ok_or_else(|| Error::Internal(format!("{method} {path} has no row in the permission matrix")))?;
        complete_azure(rights, operation);
        Ok(())
    })
}

type Operation = serde_json::Map<String, Value>;

/// Adds what a whole document needs, and to each operation what `complete` adds.
fn completed(mut document: Value, complete: impl Fn(&str, &str, &mut Operation) -> Result<()>) -> Result<String> {
    if let Some(schemes) = document.pointer_mut("/components").and_then(Value::as_object_mut) {
        let bearer = json!({"type": "http", "scheme": "bearer", "bearerFormat": "JWT"});
        schemes.insert("securitySchemes".to_owned(), json!({"bearer": bearer}));
    }
    if let Some(info) = document.pointer_mut("/info").and_then(Value::as_object_mut) {
        info.insert("version".to_owned(), json!(env!("CARGO_PKG_VERSION")));
    }
    let schemas = document.pointer("/components/schemas").cloned().unwrap_or_default();
    let paths = document.pointer_mut("/paths").and_then(Value::as_object_mut);
    for (path, item) in paths.into_iter().flatten() {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            if let Some(operation) = operation.as_object_mut() {
                complete(method, path, operation)?;
                add_examples(operation, &schemas);
            }
        }
    }
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

/// Gives each body, asked for or answered, an example that fits its schema.
fn add_examples(operation: &mut Operation, schemas: &Value) {
    let request = operation.get_mut("requestBody").into_iter().collect::<Vec<_>>();
    for body in request {
        add_example(body, schemas);
    }
    for response in operation.get_mut("responses").and_then(Value::as_object_mut).into_iter().flatten() {
        add_example(response.1, schemas);
    }
}

fn add_example(body: &mut Value, schemas: &Value) {
    for (_, content) in body.get_mut("content").and_then(Value::as_object_mut).into_iter().flatten() {
        let example = content.get("schema").map(|schema| example_of(schema, schemas, "text", MAX_EXAMPLE_DEPTH));
        if let (Some(example), Some(content)) = (example, content.as_object_mut()) {
            content.entry("example").or_insert(example);
        }
    }
}

/// Schemas that hold themselves end here.
const MAX_EXAMPLE_DEPTH: usize = 8;

/// A value that fits a schema: its own example, its first choice, or something of its type.
fn example_of(schema: &Value, schemas: &Value, name: &str, depth: usize) -> Value {
    if let Some(example) = schema.get("example") {
        return example.clone();
    }
    if depth == 0 {
        return Value::Null;
    }
    if let Some(referred) = schema.get("$ref").and_then(Value::as_str) {
        let found = referred.rsplit('/').next().and_then(|id| schemas.get(id));
        return found.map_or(Value::Null, |schema| example_of(schema, schemas, name, depth - 1));
    }
    for choice in ["oneOf", "anyOf", "enum"] {
        if let Some(first) = schema.get(choice).and_then(|all| all.get(0)) {
            return if choice == "enum" { first.clone() } else { example_of(first, schemas, name, depth - 1) };
        }
    }
    if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
        let parts = parts.iter().filter_map(|part| example_of(part, schemas, name, depth - 1).as_object().cloned());
        return Value::Object(parts.flatten().collect());
    }
    let kind = schema.get("type").map(|kind| kind.get(0).unwrap_or(kind)).and_then(Value::as_str);
    match (kind, schema.get("format").and_then(Value::as_str)) {
        (Some("array"), _) => {
            let items = schema.get("items").map(|items| example_of(items, schemas, name, depth - 1));
            items.into_iter().filter(|item| !item.is_null()).collect()
        }
        (Some("integer"), _) => json!(1),
        (Some("number"), _) => json!(1.0),
        (Some("boolean"), _) => json!(true),
        (Some("string"), Some("uuid")) => json!("50000000-0000-4000-8000-000000000001"),
        (Some("string"), Some("date-time")) => json!("2026-11-21T10:00:00Z"),
        (Some("string"), Some("date")) => json!("2026-11-21"),
        (Some("string"), _) => json!(name),
        _ => {
            let members = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
            members
                .map(|(member, schema)| (member.clone(), example_of(schema, schemas, member, depth - 1)))
                .filter(|(_, value)| !value.is_null())
                .collect()
        }
    }
}

fn complete_azure(rights: &AzureRights, operation: &mut Operation) {
    operation.insert("operationId".to_owned(), json!(rights.id));
    let roles: Vec<&str> = rights.roles().iter().map(|role| role.group()).collect();
    rights_of(operation, &roles, true, rights.customer_user(), true);
    operation.insert("x-reservoir-need".to_owned(), json!(rights.need.words()));
    operation.insert("x-reservoir-action".to_owned(), json!(rights.action));
    let mut parameters: Vec<Value> = rights.path.split('/').filter_map(segment_parameter).collect();
    parameters.push(json!({
        "name": "api-version", "in": "query", "required": true,
        "schema": {"type": "string", "format": "date"}, "example": "2022-11-01",
        "description": "Any date of the form 2022-11-01.",
    }));
    if let Some(own) = operation.get("parameters").and_then(Value::as_array) {
        parameters.extend(own.iter().cloned());
    }
    operation.insert("parameters".to_owned(), Value::Array(parameters));
    let mut errors = vec![
        ("400", "Malformed, or refused by a rule; the field is named."),
        ("401", "No token, or one that is not trusted."),
        ("403", "The caller may not do this."),
        ("429", "Too many requests; see `Retry-After`."),
        ("503", "The database is away; try again."),
    ];
    if rights.path.contains('{') {
        errors.push(("404", "Unknown, or somebody else's."));
    }
    if rights.method != "GET" {
        errors.push(("409", "Not possible in the present state."));
        errors.push(("413", "The body is too large."));
    }
    add_errors(operation, &errors, "#/components/schemas/CloudError");
}

/// Who may call an operation.
fn rights_of(operation: &mut Operation, roles: &[&str], app_only: bool, customer_user: &str, on_behalf: bool) {
    operation.insert("x-reservoir-roles".to_owned(), json!(roles));
    operation.insert("x-reservoir-app-only".to_owned(), json!(app_only));
    operation.insert("x-reservoir-customer-user".to_owned(), json!(customer_user));
    operation.insert("x-reservoir-on-behalf".to_owned(), json!(on_behalf));
}

fn add_errors(operation: &mut Operation, errors: &[(&str, &str)], schema: &str) {
    let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { return };
    for response in responses.values_mut() {
        describe(response);
    }
    for (status, description) in errors {
        let content = json!({"application/json": {"schema": {"$ref": schema}}});
        responses.entry(*status).or_insert_with(|| json!({"description": description, "content": content}));
    }
}

fn complete(rights: &Rights, operation: &mut Operation) {
    operation.insert("operationId".to_owned(), json!(rights.id));
    let roles: Vec<&str> = rights.roles.iter().map(|role| role.group()).collect();
    rights_of(operation, &roles, rights.app_only, "no", false);

    let mut parameters: Vec<Value> = rights.path.split('/').filter_map(segment_parameter).collect();
    if let Some(own) = operation.get("parameters").and_then(Value::as_array) {
        parameters.extend(own.iter().cloned());
    }
    if rights.writes && rights.method != "DELETE" {
        parameters.push(json!({
            "name": "MS-RequestId", "in": "header", "required": false, "schema": {"type": "string", "format": "uuid"},
            "description": "Idempotency key: the same id with the same body gives the same answer for 24 hours.",
        }));
    }
    operation.insert("parameters".to_owned(), Value::Array(parameters));
    add_errors(operation, &errors(rights), "#/components/schemas/Fault");
}

/// Generators refuse a response without a description.
fn describe(response: &mut Value) {
    let Some(response) = response.as_object_mut() else { return };
    let has_text = response.get("description").and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    if !has_text {
        response.insert("description".to_owned(), json!("Done."));
    }
}

fn segment_parameter(segment: &str) -> Option<Value> {
    let name = segment.strip_prefix('{')?.strip_suffix('}')?;
    let uuid = matches!(
        name,
        "customer_id"
            | "cart_id"
            | "subscription_id"
            | "entitlement_id"
            | "group_id"
            | "line_item_id"
            | "resource_id"
            | "subscriptionId"
            | "reservationOrderId"
            | "reservationId"
            | "user_id"
            | "role_id"
            | "roleAssignmentName"
            | "roleDefinitionId"
    );
    let schema = if uuid { json!({"type": "string", "format": "uuid"}) } else { json!({"type": "string"}) };
    Some(
        json!({"name": name, "in": "path", "required": true, "schema": schema, "description": segment_description(name)}),
    )
}

fn errors(rights: &Rights) -> Vec<(&'static str, &'static str)> {
    let mut errors = vec![
        ("400", "Malformed, or refused by a rule; the field is named."),
        ("401", "No token, or one that is not trusted."),
        ("403", "The caller may not do this."),
        ("429", "Too many requests; see `Retry-After`."),
        ("503", "The database is away; try again."),
    ];
    if rights.path.contains('{') {
        errors.push(("404", "Unknown, or somebody else's."));
    }
    if rights.writes {
        errors.push(("409", "In conflict with what is there, or a used `MS-RequestId` with another body."));
        errors.push(("413", "The body is too large."));
    }
    errors
}
