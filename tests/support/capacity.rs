//! Steps that tests of `Microsoft.Capacity` take.

use reservoir::catalog::import::import;
use serde_json::{Value, json};
use uuid::Uuid;

use super::azure::versioned;
use super::{AZURE_SUBSCRIPTION, App, Client, Response};

/// The provider's root.
pub const CAPACITY: &str = "/providers/Microsoft.Capacity";

/// The body of a purchase of virtual machines, shared.
pub fn wanted(sku: &str, term: &str, plan: &str, quantity: i64) -> Value {
    json!({
        "sku": {"name": sku}, "location": "eastus",
        "properties": {
            "reservedResourceType": "VirtualMachines", "billingScopeId": format!("/subscriptions/{AZURE_SUBSCRIPTION}"),
            "term": term, "billingPlan": plan, "quantity": quantity, "displayName": "web tier",
            "appliedScopeType": "Shared",
        },
    })
}

/// The path of an order.
pub fn order_path(order: &str) -> String {
    format!("{CAPACITY}/reservationOrders/{order}")
}

/// Buys under a new id; the id.
pub fn buy(agent: &Client, wanted: &Value) -> String {
    let id = Uuid::new_v4().to_string();
    agent.put(&versioned(&order_path(&id)), wanted).expect(200);
    id
}

/// The reservations of an order that are in use.
pub fn in_use(agent: &Client, order: &str) -> Vec<Value> {
    let mut all = agent.get(&versioned(&format!("{}/reservations", order_path(order)))).value();
    all.retain(|one| one["properties"]["provisioningState"] == "Succeeded");
    all
}

/// The id of the only reservation in use of an order.
pub fn only(agent: &Client, order: &str) -> String {
    let [one] = &in_use(agent, order)[..] else { panic!("{order} does not hold one reservation") };
    one["id"].as_str().unwrap().to_owned()
}

/// What a return is calculated for.
pub fn to_return(order: &str, reservation: &str, quantity: i64) -> Value {
    json!({"id": order_path(order), "properties": {
        "scope": "Reservation", "reservationToReturn": {"reservationId": reservation, "quantity": quantity},
    }})
}

/// Calculates a refund.
pub fn quote(agent: &Client, order: &str, reservation: &str, quantity: i64) -> Response {
    let path = versioned(&format!("{}/calculateRefund?explain=true", order_path(order)));
    agent.post(&path, &to_return(order, reservation, quantity))
}

/// The body that carries out what was calculated.
pub fn carrying_out(quoted: &Value) -> Value {
    let properties = &quoted["properties"];
    json!({"properties": {
        "sessionId": properties["sessionId"], "scope": "Reservation", "returnReason": "PurchasedWrongProduct",
        "reservationToReturn": {"reservationId": quoted["id"], "quantity": properties["quantity"]},
    }})
}

/// Returns what was calculated.
pub fn give_back(agent: &Client, order: &str, quoted: &Value) -> Response {
    agent.post(&versioned(&format!("{}/return", order_path(order))), &carrying_out(quoted))
}

/// Calculates an exchange of (reservation, quantity) for these purchases.
pub fn quote_exchange(agent: &Client, given: &[(&str, i64)], bought: &[Value]) -> Response {
    let given: Vec<Value> =
        given.iter().map(|(id, quantity)| json!({"reservationId": id, "quantity": quantity})).collect();
    let body = json!({"properties": {"reservationsToExchange": given, "reservationsToPurchase": bought}});
    agent.post(&versioned(&format!("{CAPACITY}/calculateExchange?explain=true")), &body)
}

/// Carries out what was calculated.
pub fn exchange(agent: &Client, quoted: &Value) -> Response {
    let body = json!({"properties": {"sessionId": quoted["properties"]["sessionId"]}});
    agent.post(&versioned(&format!("{CAPACITY}/exchange")), &body)
}

/// An amount in hundredths.
pub fn cents(price: &Value) -> i64 {
    let text = price["amount"].to_string();
    let amount: rust_decimal::Decimal = text.parse().unwrap();
    i64::try_from(amount * rust_decimal::Decimal::ONE_HUNDRED).unwrap()
}

/// What the lines of an explanation add up to, in hundredths.
pub fn explained(properties: &Value) -> i64 {
    let lines = properties["explanation"].as_array().expect("an explanation");
    assert!(!lines.is_empty());
    lines.iter().map(cents).sum()
}

/// Takes a size at this price of one year into the catalogue, from that day on.
pub fn priced(app: &App, sku: &str, usd: &str, from: &str) {
    let row = json!({"Items": [{
        "currencyCode": "USD", "tierMinimumUnits": 0.0, "reservationTerm": "1 Year",
        "retailPrice": usd.parse::<f64>().unwrap(), "unitPrice": usd.parse::<f64>().unwrap(),
        "armRegionName": "eastus", "location": "US East", "effectiveStartDate": format!("{from}T00:00:00Z"),
        "meterId": "25321428-bdd1-5f1c-b2b5-30b94cd281e1", "meterName": sku, "productId": "TESTPRODUCT0",
        "skuId": "TESTPRODUCT0/0001", "productName": "Virtual Machines Test Series", "skuName": sku,
        "serviceName": "Virtual Machines", "serviceId": "DZH313Z7MMC8", "serviceFamily": "Compute",
        "unitOfMeasure": "1 Hour", "type": "Reservation", "isPrimaryMeterRegion": true,
        "armSkuName": format!("Standard_{sku}"),
    }], "NextPageLink": null, "Count": 1});
    import(&app.db(), &row.to_string()).unwrap();
}
