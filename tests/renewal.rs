//! The end of a reservation's term: renewal, expiry, instalments on their days.

use serde_json::{Value, json};

use crate::engines;
use crate::support::azure::*;
use crate::support::capacity::*;
use crate::support::{ADVENTURE_WORKS, App, Client, PLAN};

fn renewing(agent: &Client, path: &str) -> Value {
    agent.patch(&versioned(path), &json!({"properties": {"renew": true}})).expect(200)
}

fn clock(app: &App, now: &str) -> Value {
    app.anonymous().post("/_reservoir/clock", &json!({"now": now})).ok()
}

/// The debits of the customer's ledger, in cents, each with its instant.
fn charges(app: &App) -> Vec<(String, i64)> {
    let entries = app.ledger(ADVENTURE_WORKS);
    let debits = entries.iter().filter(|entry| entry["side"] == "debit" && entry["account"] == "receivable");
    debits.map(|entry| (entry["at"].as_str().unwrap().to_owned(), entry["minorUnits"].as_i64().unwrap())).collect()
}

engines! {
    fn a_renewal_is_a_new_order_at_the_lower_price(app: &App) {
        let admin = app.contoso().admin();
        clock(app, "2027-03-10T12:00:00Z");
        priced(app, "T1", "1000", "2026-01-01");
        let order = buy(&admin, &wanted("Standard_T1", "P1Y", "Upfront", 2));
        let one = only(&admin, &order);
        renewing(&admin, &one);
        admin.arm_put(&assignment(&order_path(&order), &name(1)), &grant(RESERVATIONS_READER, CONTOSO_HELPDESK)).expect(201);
        // Thirty days before the end the price is 900; at the end it is more.
        priced(app, "T1", "900", "2028-01-01");
        priced(app, "T1", "1200", "2028-03-01");
        let expanded = admin.arm_get(&format!("{one}?$expand=renewProperties")).ok();
        let terms = &expanded["properties"]["renewProperties"];
        assert_eq!(terms["purchaseProperties"]["properties"]["quantity"], 2);
        assert_eq!(cents(&terms["billingCurrencyTotal"]), 200_000, "what it would cost now");
        clock(app, "2028-03-10T12:01:00Z");
        let old = admin.arm_get(&one).ok();
        assert_eq!((&old["properties"]["provisioningState"], &old["properties"]["userFriendlyRenewState"]), (&json!("Expired"), &json!("Renewed")));
        let new = admin.arm_get(old["properties"]["renewDestination"].as_str().unwrap()).ok();
        assert_eq!(new["properties"]["renewSource"], one.as_str());
        assert_eq!((&new["properties"]["renew"], &new["properties"]["quantity"]), (&json!(false), &json!(2)));
        assert_eq!(new["properties"]["purchaseDateTime"], old["properties"]["expiryDateTime"], "at that very instant");
        let (at, amount) = charges(app).pop().unwrap();
        assert_eq!((old["properties"]["expiryDateTime"].as_str().unwrap(), amount), (at.as_str(), 180_000));
        let path = new["id"].as_str().unwrap().split("/reservations/").next().unwrap();
        let held = admin.arm_get(&format!("{path}/providers/Microsoft.Authorization/roleAssignments?$filter=atScope()")).value();
        assert!(held.iter().any(|one| one["properties"]["principalId"] == CONTOSO_HELPDESK), "permissions are copied");
        assert_eq!(admin.get(&format!("/v1/customers/{ADVENTURE_WORKS}/orders")).items().len(), 3);
        // It happens once, and the successor just ends.
        clock(app, "2029-03-10T12:01:00Z");
        assert_eq!(admin.arm_get(new["id"].as_str().unwrap()).ok()["properties"]["userFriendlyRenewState"], "Off");
        assert_eq!(charges(app).len(), 2);
    }

    fn what_cannot_be_bought_any_more_is_not_renewed(app: &App) {
        let admin = app.contoso().admin();
        let order = buy(&admin, &wanted("Standard_D2s_v5", "P1Y", "Upfront", 1));
        let one = only(&admin, &order);
        renewing(&admin, &one);
        let azure = admin.get(&format!("/v1/customers/{ADVENTURE_WORKS}/subscriptions/{PLAN}/azureEntitlements")).items()[0]["id"].as_str().unwrap().to_owned();
        admin.post(&format!("/v1/customers/{ADVENTURE_WORKS}/subscriptions/{PLAN}/azureEntitlements/{azure}/cancel"), &json!({"cancellationReason": "compromise"})).ok();
        app.advance("P1Y1D");
        let old = admin.arm_get(&one).ok();
        assert_eq!((&old["properties"]["provisioningState"], &old["properties"]["userFriendlyRenewState"]), (&json!("Expired"), &json!("NotRenewed")));
        assert_eq!(charges(app).len(), 1);
    }

    fn a_split_cancels_the_renewal(app: &App) {
        let admin = app.contoso().admin();
        let order = buy(&admin, &wanted("Standard_D2s_v5", "P1Y", "Upfront", 2));
        renewing(&admin, &only(&admin, &order));
        let split = json!({"properties": {"quantities": [1, 1], "reservationId": only(&admin, &order)}});
        let parts = admin.post(&versioned(&format!("{}/split", order_path(&order))), &split).expect(200);
        assert!(parts.as_array().unwrap().iter().all(|part| part["properties"]["renew"] == false));
        app.advance("P1Y1D");
        assert_eq!(charges(app).len(), 1);
    }

    fn instalments_fall_on_their_days_whether_or_not_anybody_looked(app: &App) {
        let admin = app.contoso().admin();
        clock(app, "2027-01-31T18:00:00Z");
        let order = buy(&admin, &wanted("Standard_D2s_v5", "P1Y", "Monthly", 1));
        // All that was missed is made up, each at its own instant.
        let done = clock(app, "2027-06-15T00:00:00Z");
        assert_eq!(done["done"].as_array().unwrap().len(), 4);
        let mut days: Vec<String> = charges(app).into_iter().map(|(at, _)| at).collect();
        days[0].truncate("2027-01-31T18:00:00".len());
        assert_eq!(days, ["2027-01-31T18:00:00", "2027-02-28T00:00:00Z", "2027-03-31T00:00:00Z", "2027-04-30T00:00:00Z", "2027-05-31T00:00:00Z"]);
        let plan = admin.arm_get(&format!("{}?$expand=schedule", order_path(&order))).ok();
        assert_eq!(plan["properties"]["planInformation"]["nextPaymentDueDate"], "2027-06-30");
        app.advance("P1Y");
        let all = charges(app);
        assert_eq!((all.len(), all.iter().map(|(_, cents)| cents).sum::<i64>()), (12, 51_900));
        let plan = admin.arm_get(&format!("{}?$expand=schedule", order_path(&order))).ok();
        assert_eq!(plan["properties"]["planInformation"]["nextPaymentDueDate"], Value::Null);
        assert_eq!(plan["properties"]["provisioningState"], "Expired");
        // An expired one can be put away, and taken out again.
        let one = admin.arm_get(&format!("{}/reservations", order_path(&order))).value()[0]["id"].as_str().unwrap().to_owned();
        for (verb, archived) in [("archive", true), ("unarchive", false)] {
            assert_eq!(admin.arm_post(&format!("{one}/{verb}")).text, "");
            assert_eq!(admin.arm_get(&one).ok()["properties"]["archived"], archived);
        }
        let live = buy(&admin, &wanted("Standard_D2s_v5", "P1Y", "Upfront", 1));
        admin.arm_post(&format!("{}/archive", only(&admin, &live))).faulted(409, "OperationCannotBePerformedInCurrentState", "in use");
    }

    fn what_a_renewal_buys_asks_for_the_right_to_buy(app: &App) {
        let (admin, sales) = (app.contoso().admin(), app.contoso().sales());
        let order = buy(&admin, &wanted("Standard_D2s_v5", "P1Y", "Upfront", 1));
        let one = only(&admin, &order);
        admin.arm_put(&assignment(&order_path(&order), &name(1)), &grant(RESERVATIONS_ADMINISTRATOR, CONTOSO_SALES)).expect(201);
        let plan = format!("/customers/{ADVENTURE_WORKS}/subscriptions/{PLAN}");
        let alias = json!({"properties": {"displayName": "Shop", "billingScope": plan, "workload": "Production"}});
        let other = admin.arm_put("/providers/Microsoft.Subscription/aliases/shop", &alias).expect(200);
        let other = format!("/subscriptions/{}", other["properties"]["subscriptionId"].as_str().unwrap());
        let terms = |billed: Option<&str>| {
            let mut terms = wanted("Standard_D2s_v5", "P3Y", "Upfront", 5);
            if let Some(billed) = billed {
                terms["properties"]["billingScopeId"] = json!(billed);
            }
            json!({"properties": {"renew": true, "renewProperties": {"purchaseProperties": terms}}})
        };
        let elsewhere = || sales.patch(&versioned(&one), &terms(Some(&other)));
        elsewhere().faulted(403, "AuthorizationFailed", &other);
        assert_eq!(admin.arm_get(&one).ok()["properties"]["renew"], false);
        sales.patch(&versioned(&one), &terms(None)).expect(200);
        admin.arm_put(&assignment(&other, &name(2)), &grant(RESERVATION_PURCHASER, CONTOSO_SALES)).expect(201);
        elsewhere().expect(200);
    }

    fn a_customer_sees_its_own_price_of_a_renewal(app: &App) {
        let admin = app.contoso().admin();
        let order = buy(&admin, &wanted("Standard_D2s_v5", "P1Y", "Upfront", 2));
        let one = only(&admin, &order);
        renewing(&admin, &one);
        admin.put(&format!("/reservoir/v1/customers/{ADVENTURE_WORKS}/prices"), &json!({"items": [{"marginPercent": "20"}]})).expect(200);
        let totals = |who: &Client| {
            let terms = who.arm_get(&format!("{one}?$expand=renewProperties")).ok()["properties"]["renewProperties"].take();
            (cents(&terms["billingCurrencyTotal"]), cents(&terms["pricingCurrencyTotal"]))
        };
        let (user, id) = app.customer_user(ADVENTURE_WORKS, "reader@adventure-works.example");
        admin.arm_put(&assignment(&order_path(&order), &name(1)), &grant(RESERVATIONS_READER, &id)).expect(201);
        assert_eq!((totals(&admin), totals(&user)), ((103_800, 103_800), (124_560, 124_560)));
    }

    fn what_a_renewal_plans_is_done_in_order_too(app: &App) {
        let admin = app.contoso().admin();
        clock(app, "2027-01-10T12:00:00Z");
        let renewed = only(&admin, &buy(&admin, &wanted("Standard_D2s_v5", "P1Y", "Monthly", 1)));
        renewing(&admin, &renewed);
        clock(app, "2027-01-20T12:00:00Z");
        buy(&admin, &wanted("Standard_D2s_v5", "P3Y", "Monthly", 1));
        let done = clock(app, "2030-02-01T00:00:00Z");
        let done = done["done"].as_array().unwrap();
        let due: Vec<&str> = done.iter().map(|work| work["dueAt"].as_str().unwrap()).collect();
        assert!(due.is_sorted(), "{due:?}");
        assert_eq!(due.len(), 11 + 11 + 35 + 3, "two terms of twelve months, one of thirty-six, three ends");
    }

    fn a_day_outside_the_calendar_is_refused(app: &App) {
        let admin = app.contoso().admin();
        let one = only(&admin, &buy(&admin, &wanted("Standard_D2s_v5", "P1Y", "Upfront", 1)));
        for day in ["-200000-01-01T00:00:00Z", "+50000-01-01T00:00:00Z", "0000-01-01T00:00:00Z"] {
            let review = json!({"properties": {"reviewDateTime": day}});
            admin.patch(&versioned(&one), &review).faulted(400, "InvalidRequestContent", "properties.reviewDateTime");
            let mut purchase = wanted("Standard_D2s_v5", "P1Y", "Upfront", 1);
            purchase["properties"]["reviewDateTime"] = json!(day);
            admin.put(&versioned(&order_path(&uuid::Uuid::new_v4().to_string())), &purchase).faulted(400, "InvalidRequestContent", "properties.reviewDateTime");
        }
    }
}
