//! The rules that the Azure side keeps: managing reservations, and customers who buy for themselves.

use serde_json::{Value, json};

use super::items;
use crate::engines;
use crate::support::azure::*;
use crate::support::capacity::*;
use crate::support::purchases::*;
use crate::support::{ADVENTURE_WORKS, AZURE_SUBSCRIPTION, App, Client, PLAN};

const SIZE: &str = "Standard_D2s_v5";
const FABRIKAM: &str = "10000000-0000-4000-8000-000000000002";
const POLICIES: &str = "/v1/SelfServePolicy";

fn one_year(quantity: i64) -> Value {
    wanted(SIZE, "P1Y", "Upfront", quantity)
}

/// PUT of a purchase under a new id.
fn purchase(who: &Client, wanted: &Value) -> crate::support::Response {
    who.arm_put(&order_path(&uuid::Uuid::new_v4().to_string()), wanted)
}

fn patch(who: &Client, path: &str, properties: Value) -> crate::support::Response {
    who.patch(&versioned(path), &json!({"properties": properties}))
}

fn permission(admin: &Client) -> String {
    let policy = admin.post(POLICIES, &purchase_permission(ADVENTURE_WORKS)).expect(201);
    format!("{POLICIES}/{}", policy["id"].as_str().unwrap())
}

/// What the customer's orders, reservations and ledger are.
fn state(app: &App) -> (usize, Vec<Value>, Vec<Value>) {
    let admin = app.contoso().admin();
    let orders = items(&admin, ADVENTURE_WORKS, "orders").len();
    let reservations = admin.arm_get(&format!("{CAPACITY}/reservations")).value();
    (orders, reservations, app.ledger(ADVENTURE_WORKS))
}

engines! {
    fn o3_a_reservation_is_cancelled_or_exchanged_at_any_time(app: &App) {
        let admin = app.contoso().admin();
        for (day, plan) in [("P0D", "Upfront"), ("P200D", "Monthly")] {
            let order = buy(&admin, &wanted(SIZE, "P3Y", plan, 2));
            app.advance(day);
            let quoted = quote(&admin, &order, &only(&admin, &order), 1).expect(200);
            assert!(cents(&quoted["properties"]["billingRefundAmount"]) > 0);
            give_back(&admin, &order, &quoted).expect(200);
            let rest = only(&admin, &order);
            let quoted = quote_exchange(&admin, &[(&rest, 1)], &[wanted("Standard_D8s_v5", "P3Y", "Upfront", 1)]).expect(200);
            exchange(&admin, &quoted).expect(200);
            assert_eq!(in_use(&admin, &order).len(), 0);
        }
    }

    fn o4_use_is_seen_for_the_organisation_or_one_department(app: &App) {
        let admin = app.contoso().admin();
        let group = format!("/subscriptions/{AZURE_SUBSCRIPTION}/resourceGroups/sales");
        admin.arm_put(&group, &json!({"location": "eastus"})).expect(201);
        let shared = buy(&admin, &one_year(1));
        let mut department = one_year(1);
        department["properties"]["appliedScopeType"] = json!("Single");
        department["properties"]["appliedScopes"] = json!([group]);
        let single = buy(&admin, &department);
        let today = app.anonymous().get("/_reservoir/clock").ok()["now"].as_str().unwrap()[..10].to_owned();
        app.advance("P2D");
        let day = (today.parse::<chrono::NaiveDate>().unwrap() + chrono::TimeDelta::days(1)).to_string();
        let row = |group: &str| json!({"usageDate": day, "hour": "", "subscriptionId": AZURE_SUBSCRIPTION,
            "resourceGroup": group, "armSkuName": SIZE, "armRegionName": "eastus", "quantity": 1});
        app.anonymous().post("/_reservoir/usage", &json!({"rows": [row("sales")]})).ok();
        let used = |order: &str| {
            let path = format!("{}/providers/Microsoft.Consumption/reservationSummaries?grain=daily&$filter=properties/usageDate%20ge%20{day}%20AND%20properties/usageDate%20le%20{day}", only(&admin, order));
            let days = admin.arm_get(&path).value();
            assert_eq!(days.len(), 1, "{days:?}");
            days[0]["properties"]["usedHours"].to_string().parse::<rust_decimal::Decimal>().unwrap()
        };
        let hours = rust_decimal::Decimal::from(24);
        assert_eq!((used(&single), used(&shared)), (hours, rust_decimal::Decimal::ZERO), "the department's own comes first");
        app.anonymous().post("/_reservoir/usage", &json!({"rows": [row("sales"), row("elsewhere")]})).ok();
        assert_eq!((used(&single), used(&shared)), (hours, hours));
    }

    fn o7_other_agents_need_a_role_and_an_admin_agent_none(app: &App) {
        let (admin, sales, helpdesk) = (app.contoso().admin(), app.contoso().sales(), app.contoso().helpdesk());
        let order = buy(&admin, &one_year(4));
        let scope = format!("/subscriptions/{AZURE_SUBSCRIPTION}");
        for agent in [&sales, &helpdesk] {
            purchase(agent, &one_year(1)).faulted(403, "AuthorizationFailed", "reservationorders/write");
            quote(agent, &order, &only(&admin, &order), 1).faulted(403, "AuthorizationFailed", &order);
            patch(agent, &only(&admin, &order), json!({"name": "x"})).faulted(403, "AuthorizationFailed", "");
            quote_exchange(agent, &[(&only(&admin, &order), 1)], &[one_year(2)]).faulted(403, "AuthorizationFailed", "");
            agent.arm_get(&order_path(&order)).expect(200);
            agent.post(&versioned(&format!("{CAPACITY}/calculatePrice")), &one_year(1)).expect(200);
        }
        // To buy, and nothing else.
        admin.arm_put(&assignment(&scope, &name(1)), &grant(RESERVATION_PURCHASER, CONTOSO_SALES)).expect(201);
        purchase(&sales, &one_year(1)).expect(200);
        quote(&sales, &order, &only(&admin, &order), 1).faulted(403, "AuthorizationFailed", "");
        // To manage one order.
        admin.arm_put(&assignment(&order_path(&order), &name(2)), &grant(RESERVATIONS_ADMINISTRATOR, CONTOSO_HELPDESK)).expect(201);
        give_back(&helpdesk, &order, &quote(&helpdesk, &order, &only(&admin, &order), 1).expect(200)).expect(200);
        patch(&helpdesk, &only(&admin, &order), json!({"name": "x"})).expect(200);
        purchase(&helpdesk, &one_year(1)).faulted(403, "AuthorizationFailed", "");
        // Contributor is not enough; Owner of the subscription is, for everything.
        admin.arm_put(&assignment(&scope, &name(3)), &grant(CONTRIBUTOR, CONTOSO_HELPDESK)).expect(201);
        purchase(&helpdesk, &one_year(1)).faulted(403, "AuthorizationFailed", "");
        admin.arm_put(&assignment(&scope, &name(4)), &grant(OWNER, CONTOSO_HELPDESK)).expect(201);
        let own = purchase(&helpdesk, &one_year(2)).expect(200)["name"].as_str().unwrap().to_owned();
        let quoted = quote_exchange(&helpdesk, &[(&only(&helpdesk, &own), 1)], &[wanted("Standard_D4s_v5", "P1Y", "Upfront", 1)]).expect(200);
        exchange(&helpdesk, &quoted).expect(200);
        // On behalf, an Admin agent is one all the same.
        purchase(&app.on_behalf("admin"), &one_year(1)).expect(200);
        app.ledger(ADVENTURE_WORKS);
    }

    fn o8_the_partner_of_record_is_the_subscriptions(app: &App) {
        let northwind = app.northwind().admin();
        let customer = customer_with_agreement(&northwind, "record.example");
        let mut plan = line(AZURE_PLAN, 1);
        plan["partnerIdOnRecord"] = json!("1000004");
        let placed = northwind.post(&format!("/v1/customers/{customer}/orders"), &order(&[plan])).expect(201);
        let id = placed["lineItems"][0]["subscriptionId"].as_str().unwrap();
        northwind.post_empty(&format!("/v1/customers/{customer}/subscriptions/{id}/registrations")).expect(202);
        let azure = northwind.get(&format!("/v1/customers/{customer}/subscriptions/{id}/azureEntitlements")).items()[0]["id"].as_str().unwrap().to_owned();
        let mut body = one_year(1);
        body["properties"]["billingScopeId"] = json!(format!("/subscriptions/{azure}"));
        body["properties"]["partnerIdOnRecord"] = json!("1000003");
        let bought = buy(&northwind, &body);
        let orders = items(&northwind, &customer, "orders");
        let of_it = orders.iter().find(|one| one["lineItems"][0]["offerId"].as_str().unwrap().starts_with("SAMPLE")).unwrap();
        assert_eq!(of_it["lineItems"][0]["partnerIdOnRecord"], "1000004");
        // Nor does a change of the reservation change it.
        patch(&northwind, &only(&northwind, &bought), json!({"name": "renamed"})).expect(200);
        assert_eq!(items(&northwind, &customer, "orders"), orders);
    }

    fn o10_reservations_are_never_carried_over(app: &App) {
        let admin = app.contoso().admin();
        let order = buy(&admin, &one_year(1));
        let to = |tenant: &str| admin.post(&versioned(&format!("{}/changeDirectory", order_path(&order))), &json!({"destinationTenantId": tenant}));
        to(ADVENTURE_WORKS).faulted(409, "OperationCannotBePerformedInCurrentState", "never");
        to(FABRIKAM).faulted(404, "InvalidTenantId", "tenant");
        to("7fffffff-ffff-4fff-8fff-ffffffffffff").faulted(404, "InvalidTenantId", "tenant");
        to("x").faulted(400, "InvalidRequestContent", "destinationTenantId");
        assert_eq!(in_use(&admin, &order).len(), 1);
    }

    fn o11_one_record_has_two_views(app: &App) {
        let admin = app.contoso().admin();
        // Bought here, seen there.
        let order = buy(&admin, &wanted(SIZE, "P1Y", "Monthly", 5));
        let orders = items(&admin, ADVENTURE_WORKS, "orders?include_price=true");
        let placed = orders.iter().find(|one| one["billingCycle"] == "monthly").unwrap();
        assert_eq!((&placed["lineItems"][0]["quantity"], &placed["lineItems"][0]["friendlyName"]), (&json!(5), &json!("web tier")));
        let entitlement = |id: &str| items(&admin, ADVENTURE_WORKS, "entitlements").into_iter()
            .find(|one| one["entitledArtifacts"][0]["resourceId"] == id).unwrap();
        let details = |id: &str| {
            let link = entitlement(id)["entitledArtifacts"][0]["link"]["uri"].as_str().unwrap().to_owned();
            admin.get(&format!("/v1{link}")).ok()["reservations"].as_array().unwrap().clone()
        };
        assert_eq!(entitlement(&order)["quantity"], 5);
        let reservation = only(&admin, &order);
        let azure = &format!("/subscriptions/{AZURE_SUBSCRIPTION}");
        patch(&admin, &reservation, json!({"appliedScopeType": "Single", "appliedScopes": [azure]})).expect(200);
        assert_eq!((&details(&order)[0]["scopeType"], &details(&order)[0]["appliedScopes"]), (&json!("Single"), &json!([azure])));
        let split = json!({"properties": {"quantities": [2, 3], "reservationId": reservation}});
        let parts = admin.post(&versioned(&format!("{}/split", order_path(&order))), &split).expect(200);
        assert_eq!((entitlement(&order)["quantity"].clone(), details(&order).len()), (json!(5), 3));
        let small = parts[0]["id"].as_str().unwrap();
        give_back(&admin, &order, &quote(&admin, &order, small, 1).expect(200)).expect(200);
        assert_eq!(entitlement(&order)["quantity"], 4);
        let quantities = |all: &[Value], pointer: &str| {
            let mut all: Vec<i64> = all.iter().map(|one| one.pointer(pointer).unwrap().as_i64().unwrap()).collect();
            all.sort_unstable();
            all
        };
        let here = admin.arm_get(&format!("{}/reservations", order_path(&order))).value();
        assert_eq!(quantities(&details(&order), "/quantity"), quantities(&here, "/properties/quantity"));
        // Bought there, seen and managed here.
        admin.post(&format!("/v1/customers/{ADVENTURE_WORKS}/orders"), &super::order(&[reservation_line(NV12_ONE_YEAR, 2, PLAN)])).expect(201);
        let all = admin.arm_get(&format!("{CAPACITY}/reservations?$filter=sku/name%20eq%20%27standard_nv12%27")).value();
        assert_eq!(all.len(), 1);
        assert_eq!(all[0]["properties"]["displayProvisioningState"], "Succeeded");
        patch(&admin, all[0]["id"].as_str().unwrap(), json!({"name": "renamed"})).expect(200);
        let id = all[0]["name"].as_str().unwrap().split('/').next().unwrap().to_owned();
        assert_eq!(details(&id)[0]["displayName"], "renamed");
    }

    fn m1_a_reservation_shows_expiry_scope_and_utilisation(app: &App) {
        let admin = app.contoso().admin();
        let order = buy(&admin, &one_year(2));
        app.advance("P3D");
        let now: chrono::DateTime<chrono::Utc> = app.anonymous().get("/_reservoir/clock").ok()["now"].as_str().unwrap().parse().unwrap();
        let day = (now - chrono::TimeDelta::days(1)).format("%Y-%m-%d").to_string();
        app.anonymous().post("/_reservoir/usage", &json!({"rows": [{"usageDate": day, "subscriptionId": AZURE_SUBSCRIPTION,
            "resourceGroup": "web", "armSkuName": SIZE, "armRegionName": "eastus", "quantity": 1}]})).ok();
        let one = admin.arm_get(&only(&admin, &order)).ok();
        let properties = &one["properties"];
        assert_eq!(properties["userFriendlyAppliedScopeType"], "Shared");
        let bought: chrono::DateTime<chrono::Utc> = properties["purchaseDateTime"].as_str().unwrap().parse().unwrap();
        let expires: chrono::DateTime<chrono::Utc> = properties["expiryDateTime"].as_str().unwrap().parse().unwrap();
        assert_eq!(bought.checked_add_months(chrono::Months::new(12)).unwrap(), expires);
        assert_eq!(properties["expiryDate"], expires.format("%Y-%m-%d").to_string().as_str());
        let aggregates = properties["utilization"]["aggregates"].as_array().unwrap();
        assert_eq!(aggregates.iter().map(|one| one["grain"].as_f64().unwrap()).collect::<Vec<_>>(), [1.0, 7.0, 30.0]);
        assert_eq!(aggregates[0]["value"].as_f64().unwrap(), 50.0, "one of two instances, all of yesterday");
    }

    fn m2_access_is_granted_and_revoked(app: &App) {
        let admin = app.contoso().admin();
        let order = buy(&admin, &one_year(1));
        let (user, id) = app.customer_user(ADVENTURE_WORKS, "reader@adventure-works.example");
        user.arm_get(&order_path(&order)).faulted(403, "AuthorizationFailed", "");
        assert!(user.arm_get(&format!("{CAPACITY}/reservations")).value().is_empty());
        let path = assignment(&order_path(&order), &name(1));
        admin.arm_put(&path, &grant(RESERVATIONS_READER, &id)).expect(201);
        user.arm_get(&only(&admin, &order)).expect(200);
        assert_eq!(user.arm_get(&format!("{CAPACITY}/reservations")).value().len(), 1);
        admin.arm_delete(&path).expect(200);
        user.arm_get(&order_path(&order)).faulted(403, "AuthorizationFailed", "");
        // Whoever buys owns the order.
        let held = admin.arm_get(&format!("{}/providers/Microsoft.Authorization/roleAssignments?$filter=atScope()", order_path(&order))).value();
        assert!(held.iter().any(|one| one["properties"]["principalId"] == "20000000-0000-4000-8000-000000000011"
            && one["properties"]["roleDefinitionId"].as_str().unwrap().ends_with(OWNER)), "{held:?}");
    }

    fn m3_the_partner_changes_the_scope(app: &App) {
        let admin = app.contoso().admin();
        let order = buy(&admin, &one_year(2));
        let (one, azure) = (only(&admin, &order), format!("/subscriptions/{AZURE_SUBSCRIPTION}"));
        let group = format!("{azure}/resourceGroups/web");
        admin.arm_put(&group, &json!({"location": "eastus"})).expect(201);
        let money = app.ledger(ADVENTURE_WORKS);
        for (change, kind) in [
            (json!({"appliedScopeType": "Single", "appliedScopes": [azure]}), "Single"),
            (json!({"appliedScopeType": "Single", "appliedScopeProperties": {"resourceGroupId": group}}), "ResourceGroup"),
            (json!({"appliedScopeType": "Shared"}), "Shared"),
        ] {
            let before = admin.arm_get(&one).ok();
            let after = patch(&admin, &one, change.clone()).expect(200);
            assert_eq!(after["properties"]["userFriendlyAppliedScopeType"], kind);
            assert_eq!(after["etag"].as_i64(), before["etag"].as_i64().map(|etag| etag + 1));
            assert_eq!(after["properties"]["expiryDateTime"], before["properties"]["expiryDateTime"]);
            patch(&admin, &one, change).faulted(400, "AppliedScopesSameAsExisting", "scope");
        }
        let revisions = admin.arm_get(&format!("{one}/revisions")).value();
        assert_eq!(revisions.iter().map(|one| one["name"].as_str().unwrap()).collect::<Vec<_>>(), ["4", "3", "2", "1"]);
        assert_eq!(app.ledger(ADVENTURE_WORKS), money, "no commercial transaction");
        // Outside the billing context, in any form.
        let elsewhere = "/subscriptions/7fffffff-ffff-4fff-8fff-ffffffffffff";
        patch(&admin, &one, json!({"appliedScopeType": "Single", "appliedScopes": [elsewhere]}))
            .faulted(400, "AppliedScopesNotAssociatedWithCommerceAccount", elsewhere);
        patch(&admin, &one, json!({"appliedScopeType": "Single"})).faulted(400, "MissingAppliedScopesForSingle", "");
        patch(&admin, &one, json!({"appliedScopeType": "Single", "appliedScopes": [azure, azure]})).faulted(400, "InvalidSingleAppliedScopesCount", "");
        patch(&admin, &one, json!({"renew": false})).faulted(400, "PatchValuesSameAsExisting", "");
        let asked = json!({"properties": {"scopes": [azure, group, elsewhere, "x"]}});
        let valid: Vec<bool> = admin.post(&versioned(&format!("{one}/availableScopes")), &asked).expect(200)["properties"]["scopes"]
            .as_array().unwrap().iter().map(|scope| scope["valid"].as_bool().unwrap()).collect();
        assert_eq!(valid, [true, true, false, false]);
    }

    fn m4_a_reservation_shows_its_ids(app: &App) {
        let admin = app.contoso().admin();
        let order = buy(&admin, &one_year(1));
        let one = admin.arm_get(&only(&admin, &order)).ok();
        assert_eq!(one["id"], format!("{}/reservations/{}", order_path(&order), one["name"].as_str().unwrap()));
        let shown = admin.arm_get(&order_path(&order)).ok();
        assert_eq!((&shown["name"], &shown["properties"]["reservations"]), (&json!(order), &json!([{"id": one["id"]}])));
        // In any letter case.
        let shouted = one["id"].as_str().unwrap().to_uppercase();
        assert_eq!(admin.arm_get(&shouted).expect(200)["id"], one["id"]);
    }

    fn m5_cancelling_gives_the_unused_rest_back(app: &App) {
        let admin = app.contoso().admin();
        let order = buy(&admin, &one_year(1));
        app.advance("P73D");
        let quoted = quote(&admin, &order, &only(&admin, &order), 1).expect(200);
        let total = 365;
        // 73 of 365 days used: a fifth of 519.00.
        assert_eq!(cents(&quoted["properties"]["billingRefundAmount"]), 51_900 * (total - 73) / total);
        give_back(&admin, &order, &quoted).expect(200);
        let ledger = app.ledger(ADVENTURE_WORKS);
        let last: Vec<_> = ledger.iter().rev().take(2).map(|entry| (entry["account"].as_str().unwrap(), entry["side"].as_str().unwrap(), entry["minorUnits"].as_i64().unwrap())).collect();
        assert!(last.contains(&("receivable", "credit", 41_520)) && last.contains(&("revenue", "debit", 41_520)), "{last:?}");
    }

    fn m6_an_exchange_turns_the_rest_into_credit(app: &App) {
        let admin = app.contoso().admin();
        let order = buy(&admin, &one_year(2));
        app.advance("P73D");
        let one = only(&admin, &order);
        let quoted = quote_exchange(&admin, &[(&one, 2)], &[wanted("Standard_D4s_v5", "P1Y", "Upfront", 1)]).expect(200);
        let amounts = ["refundsTotal", "purchasesTotal", "netPayable"].map(|name| cents(&quoted["properties"][name]));
        assert_eq!(amounts[0], 83_040);
        assert_eq!(amounts[1] - amounts[0], amounts[2]);
        exchange(&admin, &quoted).expect(200);
        assert_eq!(in_use(&admin, &order).len(), 0);
    }

    fn p4_a_customer_user_buys_only_where_it_is_owner(app: &App) {
        let (admin, owner) = (app.contoso().admin(), app.owner());
        let before = state(app);
        purchase(&owner, &one_year(1)).faulted(403, "Forbidden", "partner has not allowed");
        let _ = permission(&admin);
        let (user, id) = app.customer_user(ADVENTURE_WORKS, "buyer@adventure-works.example");
        let scope = format!("/subscriptions/{AZURE_SUBSCRIPTION}");
        purchase(&user, &one_year(1)).faulted(403, "AuthorizationFailed", "buyer@adventure-works.example");
        for (number, role) in [(1, READER), (2, CONTRIBUTOR), (3, RESERVATION_PURCHASER)] {
            admin.arm_put(&assignment(&scope, &name(number)), &grant(role, &id)).expect(201);
            purchase(&user, &one_year(1)).faulted(403, "AuthorizationFailed", "");
        }
        assert_eq!(state(app), before, "nothing was bought");
        let failed = admin.get("/v1/auditrecords").items().into_iter().filter(|record| record["operationStatus"] == "failed").count();
        assert_eq!(failed, 5, "and each attempt stands in the log");
        admin.arm_put(&assignment(&scope, &name(4)), &grant(OWNER, &id)).expect(201);
        purchase(&user, &one_year(1)).expect(200);
        purchase(&owner, &one_year(1)).expect(200);
        let mut renewing = one_year(1);
        renewing["properties"]["renew"] = json!(true);
        purchase(&owner, &renewing).faulted(403, "Forbidden", "properties.renew");
    }

    fn p5_p6_the_partner_pays_and_the_customer_pays_its_partners_price(app: &App) {
        let (admin, owner) = (app.contoso().admin(), app.owner());
        let _ = permission(&admin);
        admin.put(&format!("/reservoir/v1/customers/{ADVENTURE_WORKS}/prices"), &json!({"items": [{"marginPercent": "20"}]})).expect(200);
        let path = versioned(&format!("{CAPACITY}/calculatePrice?explain=true"));
        let mut theirs = owner.post(&path, &wanted(SIZE, "P1Y", "Monthly", 2)).expect(200);
        // It is random: any digits may be in it.
        let _ = theirs["properties"]["reservationOrderId"].take();
        let ours = admin.post(&path, &wanted(SIZE, "P1Y", "Monthly", 2)).expect(200);
        assert_eq!(cents(&theirs["properties"]["billingCurrencyTotal"]), 124_560);
        assert_eq!(cents(&ours["properties"]["billingCurrencyTotal"]), 103_800);
        assert_eq!(explained(&theirs["properties"]), 124_560);
        for text in ["519", "1038", "86.5"] {
            assert!(!theirs.to_string().contains(text), "{text} is the public price: {theirs}");
        }
        let bought = buy(&owner, &one_year(2));
        let charged: i64 = app.ledger(ADVENTURE_WORKS).iter().filter(|entry| entry["side"] == "debit").map(|entry| entry["minorUnits"].as_i64().unwrap()).sum();
        assert_eq!(charged, 103_800, "the partner is billed the public price");
        for path in [
            format!("{}?$expand=schedule", order_path(&bought)),
            format!("/subscriptions/{AZURE_SUBSCRIPTION}/providers/Microsoft.Capacity/catalogs?location=eastus&$filter=name%20eq%20%27{SIZE}%27"),
        ] {
            let seen = owner.arm_get(&path).expect(200).to_string();
            assert!(!seen.contains("519") && !seen.contains("1038"), "{path}: {seen}");
        }
        assert!(admin.arm_get(&format!("{}?$expand=schedule", order_path(&bought))).expect(200).to_string().contains("1038"));
    }

    fn p7_the_customer_manages_nothing_and_the_partner_does(app: &App) {
        let (admin, owner) = (app.contoso().admin(), app.owner());
        let _ = permission(&admin);
        let order = buy(&owner, &one_year(4));
        let one = only(&owner, &order);
        let before = state(app);
        let azure = format!("/subscriptions/{AZURE_SUBSCRIPTION}");
        let split = json!({"properties": {"quantities": [2, 2], "reservationId": one}});
        for answer in [
            quote(&owner, &order, &one, 1),
            quote_exchange(&owner, &[(&one, 1)], &[one_year(2)]),
            patch(&owner, &one, json!({"appliedScopeType": "Single", "appliedScopes": [azure]})),
            patch(&owner, &one, json!({"renew": true})),
            owner.post(&versioned(&format!("{}/split", order_path(&order))), &split),
            owner.post(&versioned(&format!("{}/merge", order_path(&order))), &json!({"properties": {"sources": [one]}})),
            owner.post(&versioned(&format!("{}/return", order_path(&order))), &json!({})),
            owner.post(&versioned(&format!("{CAPACITY}/exchange")), &json!({})),
            owner.arm_post(&format!("{one}/archive")),
        ] {
            answer.faulted(403, "Forbidden", "partner");
        }
        assert_eq!(state(app), before);
        patch(&admin, &one, json!({"renew": true})).expect(200);
        admin.post(&versioned(&format!("{}/split", order_path(&order))), &split).expect(200);
        let part = in_use(&admin, &order)[0]["id"].as_str().unwrap().to_owned();
        give_back(&admin, &order, &quote(&admin, &order, &part, 1).expect(200)).expect(200);
    }

    fn p8_p9_it_stands_beside_the_partners_own_and_nobody_is_notified(app: &App) {
        let (admin, owner) = (app.contoso().admin(), app.owner());
        let _ = permission(&admin);
        let ours = buy(&admin, &one_year(1));
        let theirs = buy(&owner, &one_year(1));
        let kinds = |all: &[Value], pointer: &str| all.iter().map(|one| one.pointer(pointer).unwrap().as_str().unwrap().to_owned()).collect::<Vec<_>>();
        let orders: Vec<Value> = items(&admin, ADVENTURE_WORKS, "orders").into_iter().skip(1).collect();
        assert_eq!(kinds(&orders, "/purchasedBy/kind"), ["partner", "customer"]);
        assert_eq!(orders[1]["purchasedBy"]["userPrincipalName"], "owner@adventure-works.example");
        let held = [&ours, &theirs].map(|id| admin.arm_get(&order_path(id)).ok());
        assert_eq!(kinds(&held, "/properties/purchasedBy/kind"), ["partner", "customer"]);
        assert_eq!(admin.arm_get(&format!("{CAPACITY}/reservations")).value().len(), 2);
        let log = admin.get("/v1/auditrecords").items();
        let purchases: Vec<&str> = log.iter().filter(|record| record["operationType"] == "create_order").map(|record| record["userPrincipalName"].as_str().unwrap()).collect();
        assert_eq!(purchases, ["owner@adventure-works.example", "admin@contoso.example"], "newest first");
        // The log is all there is: no ticket, no message, nothing that waits for the partner.
        assert!(admin.get("/v1/servicerequests").items().is_empty());
    }

    fn p11_turning_it_off_stops_the_next_purchase(app: &App) {
        let (admin, owner) = (app.contoso().admin(), app.owner());
        let path = permission(&admin);
        let order = buy(&owner, &one_year(1));
        admin.send("DELETE", &path, None, Vec::new()).expect(204);
        purchase(&owner, &one_year(1)).faulted(403, "Forbidden", "");
        assert_eq!(in_use(&owner, &order).len(), 1);
        let _ = permission(&admin);
        purchase(&owner, &one_year(1)).expect(200);
    }

    fn p12_a_shared_scope_covers_this_partners_subscriptions_alone(app: &App) {
        let (admin, fabrikam, owner) = (app.contoso().admin(), app.fabrikam().admin(), app.owner());
        app.anonymous().post("/_reservoir/relationships", &json!({"customerId": ADVENTURE_WORKS, "partnerId": FABRIKAM})).ok();
        fabrikam.post(&format!("/v1/customers/{ADVENTURE_WORKS}/agreements"), &agreement()).expect(201);
        let plan = registered_subscription(&fabrikam, ADVENTURE_WORKS, AZURE_PLAN);
        let other = fabrikam.get(&format!("/v1/customers/{ADVENTURE_WORKS}/subscriptions/{plan}/azureEntitlements")).items()[0]["id"].as_str().unwrap().to_owned();
        let _ = permission(&admin);
        let order = buy(&owner, &one_year(1));
        let applied = |who: &Client, subscription: &str| {
            who.arm_get(&format!("/subscriptions/{subscription}/providers/Microsoft.Capacity/appliedReservations")).expect(200)
                ["properties"]["reservationOrderIds"]["value"].as_array().unwrap().len()
        };
        assert_eq!((applied(&admin, AZURE_SUBSCRIPTION), applied(&fabrikam, &other)), (1, 0));
        let foreign = json!({"properties": {"scopes": [format!("/subscriptions/{other}")]}});
        let answer = admin.post(&versioned(&format!("{}/availableScopes", only(&admin, &order))), &foreign).expect(200);
        assert_eq!(answer["properties"]["scopes"][0]["valid"], false);
        fabrikam.arm_get(&order_path(&order)).faulted(404, "ReservationOrderNotFound", "");
        // Use of the other partner's subscription is not covered either.
        app.advance("P2D");
        let now: chrono::DateTime<chrono::Utc> = app.anonymous().get("/_reservoir/clock").ok()["now"].as_str().unwrap().parse().unwrap();
        let day = (now - chrono::TimeDelta::days(1)).format("%Y-%m-%d").to_string();
        let row = |subscription: &str| json!({"usageDate": day, "subscriptionId": subscription, "resourceGroup": "web",
            "armSkuName": SIZE, "armRegionName": "eastus", "quantity": 1});
        app.anonymous().post("/_reservoir/usage", &json!({"rows": [row(&other)]})).ok();
        let used = || admin.arm_get(&only(&admin, &order)).ok()["properties"]["utilization"]["aggregates"][0]["value"].as_f64().unwrap_or(0.0);
        assert_eq!(used(), 0.0);
        app.anonymous().post("/_reservoir/usage", &json!({"rows": [row(AZURE_SUBSCRIPTION)]})).ok();
        assert_eq!(used(), 100.0);
        // Nor may the customer buy at the other partner's expense.
        let mut theirs = one_year(1);
        theirs["properties"]["billingScopeId"] = json!(format!("/subscriptions/{other}"));
        purchase(&owner, &theirs).faulted(403, "AuthorizationFailed", "");
    }
}
