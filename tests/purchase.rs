//! The main job, from a token to a reservation.

use serde_json::{Value, json};

use crate::engines;
use crate::support::purchases::*;
use crate::support::{ADVENTURE_WORKS, PLAN};

engines! {
    fn a_partner_buys_reservations_for_a_new_customer(app: &App) {
        let admin = app.contoso().admin();
        let customer = customer_with_agreement(&admin, "fabrikam9.onmicrosoft.com");
        let plan = registered_subscription(&admin, &customer, AZURE_PLAN);
        let entitlements = admin.get(&format!("/v1/customers/{customer}/subscriptions/{plan}/azureEntitlements")).items();
        let azure = entitlements[0]["id"].as_str().unwrap();

        let products = admin.get(&format!("/v1/customers/{customer}/products?targetView=AzureReservationsVM&reservationScope=AzurePlan&armSkuName=Standard_D8_v4")).items();
        let product = products[0]["id"].as_str().unwrap();
        let skus = admin.get(&format!("/v1/customers/{customer}/products/{product}/skus?reservationScope=AzurePlan&term=P1Y")).items();
        let sku = skus[0]["id"].as_str().unwrap();
        let availabilities = admin.get(&format!("/v1/customers/{customer}/products/{product}/skus/{sku}/availabilities?reservationScope=AzurePlan&targetSegment=commercial")).items();
        assert_eq!(availabilities[0]["pricing"]["termPrice"].to_string(), "2377.00");
        let one_year = availabilities[0]["catalogItemId"].as_str().unwrap();
        let inventory = admin.post("/v1/extensions/product/checkinventory?country=US", &json!({
            "TargetItems": [{"ProductId": product, "SkuId": sku}],
            "InventoryContext": {"customerId": customer, "azureSubscriptionId": azure, "armRegionName": "westeurope"},
        })).ok();
        assert_eq!(inventory[0]["isRestricted"], false);

        let mut single = cart_item(one_year, 3, "one_time", &plan);
        single["provisioningContext"] = json!({"SubscriptionId": plan, "scope": "single", "entitlementId": azure});
        single["friendlyName"] = json!("web tier");
        let cart = cart(&admin, &customer, &[single.clone(), cart_item(NV12_THREE_YEARS, 1, "monthly", &plan)]);
        single["quantity"] = json!(2);
        let changed = admin.put(&cart, &json!({"lineItems": [single, cart_item(NV12_THREE_YEARS, 1, "monthly", &plan)]})).expect(200);
        assert_eq!(changed["totalPrice"].to_string(), "27523.00");

        let result = admin.post(&format!("{cart}/checkout"), &json!("success")).expect(201);
        let orders = result["orders"].as_array().unwrap();
        assert_eq!(orders.len(), 2, "one order a billing cycle");
        let history = admin.get(&format!("/v1/customers/{customer}/orders")).items();
        let number = &orders[0]["id"];
        assert!(history.iter().any(|order| &order["id"] == number), "the order stands in the history");
        let reread = admin.get(&format!("/v1/customers/{customer}/orders/{}?include_price=True", number.as_str().unwrap())).ok();
        assert_eq!((reread["status"].as_str(), reread["totalPrice"].to_string().as_str()), (Some("completed"), "4754.00"));

        let entitlements = admin.get(&format!("/v1/customers/{customer}/entitlements?entitlementType=ReservedInstance&showExpiry=true")).items();
        let entitlement = entitlements.iter().find(|one| &one["referenceOrder"]["id"] == number).unwrap();
        let link = entitlement["entitledArtifacts"][0]["link"]["uri"].as_str().unwrap();
        let details = admin.get(&format!("/v1{link}")).ok();
        let reservation = &details["reservations"][0];
        assert_eq!(reservation["provisioningState"], "Succeeded");
        assert_eq!(reservation["scopeType"], "Single");
        assert_eq!(reservation["appliedScopes"], json!([format!("/subscriptions/{azure}")]));
        assert_eq!((&reservation["quantity"], &reservation["displayName"]), (&json!(2), &json!("web tier")));
        assert_eq!(details["virtualMachineReservations"], details["reservations"]);
        assert_eq!(entitlement["expiryDate"], reservation["expiryDateTime"]);
    }

    fn quantity_reaches_the_ledger_and_instalments_follow_on_their_days(app: &App) {
        let admin = app.contoso().admin();
        let cart = cart(&admin, ADVENTURE_WORKS, &[usual_item(2), cart_item(NV12_THREE_YEARS, 1, "monthly", PLAN)]);
        admin.post_empty(&format!("{cart}/checkout")).expect(201);
        let debits = |entries: Vec<Value>| -> Vec<i64> {
            entries.iter().filter(|entry| entry["side"] == "debit").map(|entry| entry["minorUnits"].as_i64().unwrap()).collect()
        };
        let monthly = NV12_THREE_YEARS_USD * 100 / 36;
        assert_eq!(debits(app.ledger(ADVENTURE_WORKS)), [2 * NV12_ONE_YEAR_USD * 100, monthly]);
        let done = app.advance("P2M");
        assert_eq!(done["done"].as_array().unwrap().iter().filter(|work| work["kind"] == "instalment").count(), 2);
        assert_eq!(debits(app.ledger(ADVENTURE_WORKS)), [2 * NV12_ONE_YEAR_USD * 100, monthly, monthly, monthly]);
        app.advance("P3Y");
        let all = debits(app.ledger(ADVENTURE_WORKS));
        assert_eq!(all.len(), 1 + 36);
        assert_eq!(all[1..].iter().sum::<i64>(), NV12_THREE_YEARS_USD * 100);
    }
}
