//! Steps that many tests take.

use serde_json::{Value, json};

use super::{CONTOSO, Client, PLAN};

/// One year and three years of the same size, as the public documentation has them.
pub const NV12_ONE_YEAR: &str = "DZH318Z0BQ36:004G:DZH318Z08C0S";
/// See [`NV12_ONE_YEAR`].
pub const NV12_THREE_YEARS: &str = "DZH318Z0BQ36:004J:DZH318Z08B8X";
/// What they cost, in USD.
pub const NV12_ONE_YEAR_USD: i64 = 11_784;
/// See [`NV12_ONE_YEAR_USD`].
pub const NV12_THREE_YEARS_USD: i64 = 22_769;
/// The Azure plan.
pub const AZURE_PLAN: &str = "DZH318Z0BPS6:0001:DZH318Z0BML6";
/// The legacy Azure offer.
pub const AZURE_OFFER: &str = "MS-AZR-0145P";

/// The body of a customer that can be created.
pub fn new_customer(domain: &str) -> Value {
    json!({
        "companyProfile": {"domain": domain},
        "billingProfile": {
            "culture": "en-US", "email": "it@example.com", "language": "en", "companyName": format!("Company of {domain}"),
            "defaultAddress": {"firstName": "Ada", "lastName": "Low", "addressLine1": "1 Main St", "city": "Redmond",
                "state": "WA", "postalCode": "98052", "country": "US"},
        },
    })
}

/// The body of an agreement that can be confirmed.
pub fn agreement() -> Value {
    json!({
        "primaryContact": {"firstName": "Noor", "lastName": "Vale", "email": "nv@example.com"},
        "templateId": "117a77b0-9360-443b-8795-c6dedc750cf9", "dateAgreed": "2026-01-14T00:00:00Z",
        "type": "MicrosoftCustomerAgreement",
    })
}

/// A new customer with a confirmed agreement; its id.
pub fn customer_with_agreement(agent: &Client, domain: &str) -> String {
    let customer = agent.post("/v1/customers", &new_customer(domain)).expect(201);
    let id = customer["id"].as_str().unwrap().to_owned();
    agent.post(&format!("/v1/customers/{id}/agreements"), &agreement()).expect(201);
    id
}

/// Orders an item that makes a subscription, and registers it; the subscription's id.
pub fn registered_subscription(agent: &Client, customer: &str, item: &str) -> String {
    let order = agent.post(&format!("/v1/customers/{customer}/orders"), &order(&[line(item, 1)])).expect(201);
    let id = order["lineItems"][0]["subscriptionId"].as_str().unwrap().to_owned();
    agent.post_empty(&format!("/v1/customers/{customer}/subscriptions/{id}/registrations")).expect(202);
    id
}

/// A line of an order.
pub fn line(item: &str, quantity: i64) -> Value {
    json!({"lineItemNumber": 0, "offerId": item, "quantity": quantity})
}

/// A line of an order for a reservation that belongs to `subscription`.
pub fn reservation_line(item: &str, quantity: i64, subscription: &str) -> Value {
    json!({"lineItemNumber": 0, "offerId": item, "quantity": quantity,
        "provisioningContext": {"subscriptionId": subscription, "scope": "shared"}})
}

/// An order of these lines, numbered in order.
pub fn order(lines: &[Value]) -> Value {
    let numbered = lines.iter().enumerate().map(|(number, line)| {
        let mut line = line.clone();
        line["lineItemNumber"] = json!(number);
        line
    });
    json!({"lineItems": numbered.collect::<Vec<_>>()})
}

/// A permission for a customer to buy reservations at Contoso's expense.
pub fn purchase_permission(customer: &str) -> Value {
    json!({
        "selfServeEntity": {"selfServeEntityType": "customer", "tenantID": customer},
        "grantor": {"grantorType": "billToPartner", "tenantID": CONTOSO},
        "permissions": [{"resource": "AzureReservedInstances", "action": "Purchase"}],
    })
}

/// An item of a cart for a reservation that belongs to `subscription`.
pub fn cart_item(item: &str, quantity: i64, cycle: &str, subscription: &str) -> Value {
    json!({"id": 0, "catalogItemId": item, "quantity": quantity, "billingCycle": cycle,
        "provisioningContext": {"subscriptionId": subscription, "scope": "shared"}})
}

/// A cart with one upfront reservation for the seeded customer; its path.
pub fn cart(agent: &Client, customer: &str, items: &[Value]) -> String {
    let cart = agent.post(&format!("/v1/customers/{customer}/carts"), &json!({"lineItems": items})).expect(201);
    format!("/v1/customers/{customer}/carts/{}", cart["id"].as_str().unwrap())
}

/// The seeded customer's usual item.
pub fn usual_item(quantity: i64) -> Value {
    cart_item(NV12_ONE_YEAR, quantity, "one_time", PLAN)
}

/// A directory role.
pub const HELPDESK_ADMINISTRATOR: &str = "729827e3-9c14-49f7-bb1b-9608f156bbb8";
/// The support topic of returns and exchanges.
pub const EXCHANGES_AND_REFUNDS: &str = "3c8e2f1a-6b5d-4e90-9d27-5f0a41c7b8e2";

/// The body of a user that can be created.
pub fn new_user(name: &str) -> Value {
    json!({
        "userPrincipalName": name, "firstName": "Ada", "lastName": "Low", "displayName": format!("Ada {name}"),
        "usageLocation": "US", "passwordProfile": {"password": "Tmp-0-Pass!", "forceChangePassword": true},
    })
}

/// Creates a user; its id.
pub fn user(agent: &Client, customer: &str, name: &str) -> String {
    let user = agent.post(&format!("/v1/customers/{customer}/users"), &new_user(name)).expect(201);
    user["id"].as_str().unwrap().to_owned()
}

/// The body of a service request that concerns `customer`.
pub fn new_ticket(customer: &str) -> Value {
    json!({
        "title": "Return of a reservation", "description": "Please return it.", "severity": "moderate",
        "supportTopicId": EXCHANGES_AND_REFUNDS, "organization": {"id": customer},
    })
}

/// Creates a service request; its id.
pub fn ticket(agent: &Client, customer: &str) -> String {
    let ticket = agent.post("/v1/servicerequests/en-US", &new_ticket(customer)).expect(201);
    ticket["id"].as_str().unwrap().to_owned()
}
