//! Whatever is wrong with a request on the Azure side is told in its error body, the server stands,
//! and the books balance.

use reservoir::permissions::azure::{ALL, AzureRights};
use serde_json::{Value, json};

use crate::bad_input::Random;
use crate::engines;
use crate::support::azure::*;
use crate::support::capacity::*;
use crate::support::{ADVENTURE_WORKS, AZURE_SUBSCRIPTION, Client};

/// A good body of an operation that takes one.
fn body(operation: &AzureRights, order: &str, reservation: &str, session: &Value) -> Option<Value> {
    let request = wanted("Standard_D2s_v5", "P1Y", "Monthly", 2);
    let returned = json!({"reservationId": reservation, "quantity": 1});
    let contact = json!({"firstName": "Ada", "lastName": "Low", "preferredContactMethod": "email", "primaryEmailAddress": "a@b.example",
        "preferredTimeZone": "Pacific Standard Time", "country": "usa", "preferredSupportLanguage": "en-US"});
    Some(match operation.id {
        "CalculatePrice" | "PurchaseReservation" => request,
        "ChangeDirectory" => json!({"destinationTenantId": ADVENTURE_WORKS}),
        "UpdateReservation" => {
            json!({"properties": {"appliedScopeType": "Single", "appliedScopes": [format!("/subscriptions/{AZURE_SUBSCRIPTION}")],
            "appliedScopeProperties": {"subscriptionId": format!("/subscriptions/{AZURE_SUBSCRIPTION}")}, "instanceFlexibility": "Off", "name": "n",
            "renew": true, "renewProperties": {"purchaseProperties": request}, "reviewDateTime": "2027-01-01T00:00:00Z"}})
        }
        "SplitReservation" => json!({"properties": {"quantities": [1, 2], "reservationId": reservation}}),
        "MergeReservations" => json!({"properties": {"sources": [reservation, reservation]}}),
        "ListAvailableScopes" => json!({"properties": {"scopes": [format!("/subscriptions/{AZURE_SUBSCRIPTION}")]}}),
        "CalculateRefund" => to_return(order, reservation, 1),
        "ReturnReservation" => {
            json!({"properties": {"sessionId": session, "scope": "Reservation", "reservationToReturn": returned, "returnReason": "x"}})
        }
        "CalculateExchange" => {
            json!({"properties": {"reservationsToPurchase": [request], "reservationsToExchange": [returned],
            "savingsPlansToPurchase": [{"sku": {"name": "Compute_Savings_Plan"}, "properties": {"term": "P1Y"}}]}})
        }
        "ExchangeReservations" => json!({"properties": {"sessionId": session}}),
        "CreateRoleAssignment" => grant(READER, "80000000-0000-4000-8000-000000000001"),
        "CreateResourceGroup" => json!({"location": "eastus", "tags": {"a": "b"}}),
        "CreateSubscriptionAlias" => {
            json!({"properties": {"displayName": "d", "workload": "Production", "billingScope": crate::support::PLAN}})
        }
        id if id.starts_with("Create") && id.contains("SupportTicket") => json!({"properties": {
            "serviceId": "/providers/Microsoft.Support/services/517f2da6-78fd-0498-4e22-ad26996b1dfc", "title": "t", "description": "d",
            "problemClassificationId": "x", "severity": "minimal", "contactDetails": contact, "advancedDiagnosticConsent": "Yes"}}),
        id if id.starts_with("Update") => json!({"severity": "moderate", "status": "open", "contactDetails": contact}),
        id if id.starts_with("Create") => json!({"properties": {"subject": "s", "body": "b", "sender": "a@b.example"}}),
        id if id.starts_with("Check") => json!({"name": "n", "type": "Microsoft.Support/supportTickets"}),
        _ => return None,
    })
}

const QUERY: &str = "api-version=2022-11-01&$filter=properties/archived%20eq%20false&$orderby=properties/displayName%20asc&$skiptoken=0.0&take=5.0&$skip=1&$take=3&$top=2&grain=daily&refreshSummary=true&selectedState=Succeeded&location=eastus&startDate=2026-01-01&explain=true";

/// Sends one mutated request; whether it was accepted.
fn mutated(admin: &Client, operation: &AzureRights, path: &str, good: Option<Value>, random: &mut Random) -> bool {
    let (mut path, mut query) = (path.to_owned(), QUERY.to_owned());
    let mut body = good.as_ref().map(|good| good.to_string().into_bytes()).unwrap_or_default();
    match random.below(if good.is_some() { 8 } else { 3 }) {
        0 => path = random.path(&path),
        1 => query = random.query(&query),
        2 => query = "api-version=2022-11-01".to_owned(),
        3 => body = random.bytes(body),
        _ => {
            let mut value = good.unwrap();
            random.mutate(&mut value);
            body = value.to_string().into_bytes();
        }
    }
    let answer = admin.send(operation.method, &format!("{path}?{query}"), Some("application/json"), body.clone());
    let told = || {
        format!(
            "{} {}\n{}\n{}: {}",
            operation.id,
            answer.asked,
            String::from_utf8_lossy(&body),
            answer.status,
            answer.text
        )
    };
    assert!(answer.status < 500, "{}", told());
    if answer.status < 300 {
        assert!(answer.text.is_empty() || serde_json::from_str::<Value>(&answer.text).is_ok(), "{}", told());
        return true;
    }
    assert_eq!(answer.header("Retry-After"), None, "{}", told());
    let fault: Value = serde_json::from_str(&answer.text).unwrap_or_else(|error| panic!("{error}: {}", told()));
    let ours =
        fault["error"]["code"].is_string() && fault["error"]["message"].as_str().is_some_and(|text| !text.is_empty());
    // A path that was broken may lead to the other surface, or out of both.
    assert!(ours || fault["code"].is_u64() || fault["error"] == "not found", "{}", told());
    false
}

engines! {
    fn no_mutated_request_breaks_the_server_or_the_ledger(app: &App) {
        const MUTATIONS: usize = 1200;
        let admin = app.contoso().admin();
        let scope = format!("/subscriptions/{AZURE_SUBSCRIPTION}");
        let order = buy(&admin, &wanted("Standard_D2s_v5", "P1Y", "Upfront", 3));
        let (mut random, mut accepted) = (Random(0xA5E), 0);
        for number in 0..MUTATIONS {
            let live = in_use(&admin, &order);
            // What mutations returned or exchanged is bought again.
            let (order, reservation) = match live.first() {
                Some(one) => (order.clone(), one["id"].as_str().unwrap().to_owned()),
                None => {
                    let order = buy(&admin, &wanted("Standard_D2s_v5", "P1Y", "Upfront", 3));
                    let reservation = only(&admin, &order);
                    (order, reservation)
                }
            };
            let operation = &ALL[number % ALL.len()];
            let session = if operation.id == "ReturnReservation" {
                quote(&admin, &order, &reservation, 1).expect(200)["properties"]["sessionId"].clone()
            } else {
                json!("7fffffff-ffff-4fff-8fff-ffffffffffff")
            };
            let fresh = uuid::Uuid::new_v4().to_string();
            let named = if operation.id == "PurchaseReservation" { &fresh } else { &order };
            let path = filled(operation, &scope, AZURE_SUBSCRIPTION, named, reservation.rsplit('/').next().unwrap());
            let good = body(operation, &order, &reservation, &session);
            accepted += usize::from(mutated(&admin, operation, &path, good, &mut random));
        }
        assert!((60..MUTATIONS - 60).contains(&accepted), "{accepted} of {MUTATIONS} were accepted: both kinds are wanted");
        assert_eq!(app.anonymous().get("/_reservoir/ledger").ok()["balanced"], true);
        buy(&admin, &wanted("Standard_D2s_v5", "P1Y", "Upfront", 1));
    }

    fn malformed_requests_are_refused_with_the_member_named(app: &App) {
        let admin = app.contoso().admin();
        let path = versioned(&format!("{CAPACITY}/calculatePrice"));
        let good = wanted("Standard_D2s_v5", "P1Y", "Upfront", 1);
        let with = |pointer: &str, value: Value| {
            let mut body = good.clone();
            *body.pointer_mut(pointer).unwrap() = value;
            admin.post(&path, &body)
        };
        for (pointer, value, code, field) in [
            ("/sku/name", json!(null), "InvalidRequestContent", "sku.name"),
            ("/sku/name", json!(5), "InvalidRequestContent", "sku.name"),
            ("/sku/name", json!("Standard_Nothing"), "InvalidFulfillmentRequestParameters", "sku.name"),
            ("/location", json!(""), "InvalidRequestContent", "location"),
            ("/location", json!("nowhere"), "InvalidLocationId", "location"),
            ("/properties/quantity", json!(0), "InvalidRequestContent", "properties.quantity"),
            ("/properties/quantity", json!(-3), "InvalidRequestContent", "properties.quantity"),
            ("/properties/quantity", json!(99_999_999_999_i64), "InvalidRequestContent", "properties.quantity"),
            ("/properties/quantity", json!("two"), "InvalidRequestContent", "properties.quantity"),
            ("/properties/term", json!("P5Y"), "UnsupportedReservationTerm", "properties.term"),
            ("/properties/term", json!("P1M"), "UnsupportedReservationTerm", "properties.term"),
            ("/properties/billingPlan", json!("Weekly"), "InvalidFulfillmentRequestParameters", "properties.billingPlan"),
            ("/properties/appliedScopeType", json!("Everything"), "InvalidRequestContent", "properties.appliedScopeType"),
            ("/properties/appliedScopeType", json!("Single"), "MissingAppliedScopesForSingle", "properties.appliedScopes"),
            ("/properties/billingScopeId", json!("x"), "InvalidRequestContent", "properties.billingScopeId"),
            ("/properties/billingScopeId", json!(null), "InvalidRequestContent", "properties.billingScopeId"),
            ("/properties", json!([]), "InvalidRequestContent", "properties"),
        ] {
            with(pointer, value).faulted(400, code, field);
        }
        with("/properties/billingScopeId", json!(format!("/subscriptions/{UNKNOWN}"))).faulted(404, "SubscriptionNotFound", "subscription");
        for (query, code) in [("", "MissingApiVersionParameter"), ("?api-version=latest", "InvalidApiVersionParameter"), ("?api-version=2022-13-01", "InvalidApiVersionParameter")] {
            admin.post(&format!("{CAPACITY}/calculatePrice{query}"), &good).faulted(400, code, "api-version");
        }
        for (query, field) in [
            ("$filter=properties/archived%20ne%20false", "$filter"),
            ("$filter=price%20eq%201", "$filter"),
            ("%24filter=(", "$filter"),
            ("$orderby=nothing", "$orderby"),
            ("$skiptoken=x", "$skiptoken"),
            ("$skiptoken=-1", "$skiptoken"),
            ("take=0", "take"),
            ("take=1.5", "take"),
            ("refreshSummary=perhaps", "refreshSummary"),
        ] {
            admin.arm_get(&format!("{CAPACITY}/reservations?{query}")).faulted(400, "InvalidRequestContent", field);
        }
        admin.arm_get(&format!("{CAPACITY}/reservationOrders/x")).faulted(400, "InvalidReservationOrderId", "reservationOrderId");
        let order = buy(&admin, &good);
        admin.arm_get(&format!("{}/reservations/x", order_path(&order))).faulted(400, "InvalidReservationId", "reservationId");
        admin.arm_get(&format!("{}/reservations/{UNKNOWN}", order_path(&order))).faulted(404, "InvalidReservationId", "");
        admin.arm_get(&order_path(UNKNOWN)).faulted(404, "ReservationOrderNotFound", "");
        admin.arm_put(&order_path(&order), &wanted("Standard_D2s_v5", "P1Y", "Upfront", 2)).faulted(409, "ReservationOrderIdAlreadyExists", &order);
        admin.arm_put(&order_path(&order), &good).expect(200);
        app.on_behalf("admin").arm_put(&order_path(&order), &good).faulted(409, "ReservationOrderIdAlreadyExists", &order);
    }
}
