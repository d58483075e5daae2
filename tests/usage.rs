//! Use of virtual machines, what reservations cover of it, and how that is shown.

use std::process::Command;

use serde_json::{Value, json};

use crate::engines;
use crate::support::purchases::*;
use crate::support::{ADVENTURE_WORKS, AZURE_SUBSCRIPTION, App, Client, PLAN};

const CONTOSO: &str = "10000000-0000-4000-8000-000000000001";
const FABRIKAM: &str = "10000000-0000-4000-8000-000000000002";
/// D4s_v5 in West Europe for a year; its ratio is 4, that of D2s_v5 is 2.
const D4S: &str =
    "/v1/products/SAMPLE000000/skus/0013/availabilities?country=US&reservationScope=AzurePlan&targetSegment=commercial";

/// Puts the clock to a midnight and buys `quantity` D4s_v5 for the seeded customer; the order's id.
fn bought(app: &App, quantity: i64) -> String {
    app.anonymous().post("/_reservoir/clock", &json!({"now": "2027-03-01T00:00:00Z"})).ok();
    let admin = app.contoso().admin();
    let item = admin.get(D4S).items()[0]["catalogItemId"].as_str().unwrap().to_owned();
    admin
        .post(&format!("/v1/customers/{ADVENTURE_WORKS}/orders"), &order(&[reservation_line(&item, quantity, PLAN)]))
        .expect(201);
    let entitlements = admin.get(&format!("/v1/customers/{ADVENTURE_WORKS}/entitlements")).items();
    let link = entitlements[0]["entitledArtifacts"][0]["link"]["uri"].as_str().unwrap().to_owned();
    link.rsplit('/').next().unwrap().to_owned()
}

fn row(date: &str, size: &str, quantity: impl Into<Value>, instance: &str) -> Value {
    json!({"usageDate": date, "subscriptionId": AZURE_SUBSCRIPTION, "resourceGroup": "Web", "armSkuName": size,
        "armRegionName": "westeurope", "quantity": quantity.into(), "instanceId": instance})
}

fn report(app: &App, rows: &[Value]) -> Value {
    app.anonymous().post("/_reservoir/usage", &json!({"rows": rows})).ok()
}

/// The rows of a list under an order, by what stands after `Microsoft.Consumption/`.
fn list(agent: &Client, order: &str, what: &str) -> Vec<Value> {
    let path = format!(
        "/providers/Microsoft.Capacity/reservationorders/{order}/providers/Microsoft.Consumption/{what}&api-version=2023-05-01"
    );
    agent.get(&path).ok()["value"].as_array().unwrap().clone()
}

const MARCH: &str = "$filter=properties/usageDate%20ge%202027-03-01%20AND%20properties/UsageDate%20le%202027-03-31";

/// Some members of each row's properties, as text.
fn members(rows: &[Value], names: &[&str]) -> Vec<String> {
    let text = |row: &Value| {
        names.iter().map(|name| row["properties"][*name].to_string().replace('"', "")).collect::<Vec<_>>().join(" ")
    };
    rows.iter().map(text).collect()
}

engines! {
    fn use_is_covered_hour_by_hour_and_summed_up(app: &App) {
        let order = bought(app, 2);
        let admin = app.contoso().admin();
        let rows: Vec<Value> = ["2027-03-01", "2027-03-02"].iter()
            .flat_map(|date| ["a", "b", "c"].map(|vm| row(date, "standard_d2s_v5", 1, vm))).collect();
        assert_eq!(report(app, &rows), json!({"rows": 6, "days": 2}));
        // Half of the third day, and more than is reserved.
        let busy: Vec<Value> = (0..12).map(|hour| {
            let mut busy = row("2027-03-03", "Standard_D4s_v5", "2.5", "d");
            busy["hour"] = json!(hour);
            busy
        }).collect();
        report(app, &busy);
        app.advance("P3D");
        let daily = list(&admin, &order, &format!("reservationSummaries?grain=daily&{MARCH}"));
        let names = ["usageDate", "reservedHours", "usedHours", "minUtilizationPercentage", "avgUtilizationPercentage", "maxUtilizationPercentage", "usedQuantity", "remainingQuantity", "totalReservedQuantity"];
        assert_eq!(members(&daily, &names), [
            "2027-03-01T00:00:00Z 48 36 75 75 75 1.5 0.5 2",
            "2027-03-02T00:00:00Z 48 36 75 75 75 1.5 0.5 2",
            "2027-03-03T00:00:00Z 48 24 0 50 100 1 1 2",
            "2027-03-04T00:00:00Z 48 0 0 0 0 0 2 2",
        ]);
        let first = &daily[0];
        let id = first["properties"]["reservationId"].as_str().unwrap();
        assert_eq!(first["properties"]["reservationOrderId"], order.as_str());
        assert_eq!(first["name"], format!("{order}_{id}_20270301"));
        assert_eq!(first["id"], format!("providers/Microsoft.Capacity/reservationOrders/{order}/reservations/{id}/providers/Microsoft.Consumption/reservationSummaries/20270301"));
        assert_eq!((&first["type"], &first["properties"]["kind"], &first["properties"]["skuName"]),
            (&json!("Microsoft.Consumption/reservationSummaries"), &json!("Reservation"), &json!("Standard_D4s_v5")));
        let monthly = list(&admin, &order, "reservationSummaries?grain=Monthly");
        assert_eq!(members(&monthly, &names), ["2027-03-01T00:00:00Z 192 96 0 50 100 1 1 2"]);
        let of_reservation = format!("{order}/reservations/{id}");
        assert_eq!(list(&admin, &of_reservation, &format!("reservationSummaries?grain=daily&{MARCH}")), daily);

        let details = list(&admin, &order, &format!("reservationDetails?{MARCH}"));
        assert_eq!(details, list(&admin, &of_reservation, &format!("reservationDetails?{MARCH}")));
        let names = ["usageDate", "instanceId", "skuName", "usedHours", "reservedHours", "instanceFlexibilityGroup", "instanceFlexibilityRatio"];
        assert_eq!(members(&details, &names)[..4], [
            "2027-03-01T00:00:00Z a standard_d2s_v5 24 48 Dsv5 Series 2",
            "2027-03-01T00:00:00Z b standard_d2s_v5 24 48 Dsv5 Series 2",
            "2027-03-01T00:00:00Z c standard_d2s_v5 24 48 Dsv5 Series 2",
            "2027-03-02T00:00:00Z a standard_d2s_v5 24 48 Dsv5 Series 2",
        ]);
        assert_eq!(members(&details, &names)[6], "2027-03-03T00:00:00Z d Standard_D4s_v5 24 48 Dsv5 Series 4");
    }

    fn what_is_reported_again_replaces_and_zero_takes_away(app: &App) {
        let order = bought(app, 1);
        let admin = app.contoso().admin();
        let used = || members(&list(&admin, &order, &format!("reservationSummaries?grain=daily&{MARCH}")), &["usedHours"]);
        let whole = row("2027-03-01", "Standard_D2s_v5", 1, "vm");
        report(app, std::slice::from_ref(&whole));
        report(app, std::slice::from_ref(&whole));
        assert_eq!(used(), ["12"]);
        report(app, &[whole.clone(), whole.clone()]);
        assert_eq!(used(), ["24"], "rows of one report add up");
        let mut evening = whole.clone();
        evening["hour"] = json!(23);
        evening["instanceId"] = json!("VM");
        evening["quantity"] = json!(0);
        report(app, &[evening]);
        assert_eq!(used(), ["23"], "one hour is taken back");
        report(app, &[row("2027-03-01", "Standard_D2s_v5", 0, "vm")]);
        assert_eq!(used(), ["0"]);
        assert!(list(&admin, &order, &format!("reservationDetails?{MARCH}")).is_empty());
    }

    fn only_what_this_partner_bought_for_the_customer_is_covered(app: &App) {
        let order = bought(app, 1);
        app.anonymous().post("/_reservoir/relationships", &json!({"customerId": ADVENTURE_WORKS, "partnerId": FABRIKAM})).ok();
        let fabrikam = app.fabrikam().admin();
        fabrikam.post(&format!("/v1/customers/{ADVENTURE_WORKS}/agreements"), &agreement()).expect(201);
        let plan = registered_subscription(&fabrikam, ADVENTURE_WORKS, AZURE_PLAN);
        let theirs = fabrikam.get(&format!("/v1/customers/{ADVENTURE_WORKS}/subscriptions/{plan}/azureEntitlements")).items();
        let mut foreign = row("2027-03-01", "Standard_D4s_v5", 5, "vm");
        foreign["subscriptionId"] = theirs[0]["id"].clone();
        report(app, &[foreign]);
        let mut elsewhere = row("2027-03-01", "Standard_D4s_v5", 5, "vm");
        elsewhere["armRegionName"] = json!("northeurope");
        report(app, &[elsewhere, row("2027-03-01", "Standard_NV12", 5, "other")]);
        let admin = app.contoso().admin();
        let daily = format!("reservationSummaries?grain=daily&{MARCH}");
        assert_eq!(members(&list(&admin, &order, &daily), &["usedHours"]), ["0"]);
        let path = format!("/providers/Microsoft.Capacity/reservationOrders/{order}/providers/Microsoft.Consumption/{daily}&api-version=2023-05-01");
        assert_eq!(fabrikam.get(&path).expect(404)["error"]["code"], "ReservationOrderNotFound");
        app.anonymous().get(&path).expect(401);
    }

    fn a_reservation_counts_while_it_is_in_force(app: &App) {
        let order = bought(app, 1);
        let admin = app.contoso().admin();
        for date in ["2027-02-28", "2028-02-29", "2028-03-01", "2028-03-02"] {
            report(app, &[row(date, "Standard_D4s_v5", 1, "vm")]);
        }
        app.advance("P400D");
        let filter = "$filter=properties/usageDate%20ge%202026-01-01%20AND%20properties/usageDate%20le%202029-01-01";
        let monthly = list(&admin, &order, &format!("reservationSummaries?grain=monthly&{filter}"));
        let reserved: i64 = monthly.iter().map(|month| month["properties"]["reservedHours"].as_i64().unwrap()).sum();
        assert_eq!(reserved, 366 * 24, "every hour of the term once; 2028 is a leap year");
        let details = list(&admin, &order, &format!("reservationDetails?{filter}"));
        assert_eq!(members(&details, &["usageDate", "usedHours"]), ["2028-02-29T00:00:00Z 24"]);
    }

    fn later_changes_touch_no_hour_before(app: &App) {
        let order = bought(app, 2);
        let admin = app.contoso().admin();
        // All of it is reported before the changes, and worked out again for the hours after them.
        let days = ["2027-03-01", "2027-03-02", "2027-03-03"];
        report(app, &days.map(|date| row(date, "Standard_D2s_v5", 2, "vm")));
        let daily = || list(&admin, &order, &format!("reservationSummaries?grain=daily&{MARCH}"));
        let names = ["usageDate", "reservedHours", "usedHours"];
        let id = daily()[0]["properties"]["reservationId"].as_str().unwrap().to_owned();
        let path = |rest: &str| format!("/providers/Microsoft.Capacity/reservationOrders/{order}{rest}?api-version=2022-11-01");
        app.advance("P1D");
        admin.patch(&path(&format!("/reservations/{id}")), &json!({"properties": {"instanceFlexibility": "Off"}})).ok();
        let expected = ["2027-03-01T00:00:00Z 48 24", "2027-03-02T00:00:00Z 48 0", "2027-03-03T00:00:00Z 48 0"];
        assert_eq!(members(&daily(), &names), expected);
        report(app, &[row("2027-03-01", "Standard_D2s_v5", 2, "vm")]);
        assert_eq!(members(&daily(), &names), expected, "what was in force then still counts for then");

        app.advance("P1D");
        let utilization = admin.get(&path(&format!("/reservations/{id}"))).ok()["properties"]["utilization"].clone();
        assert_eq!(utilization["trend"], "DOWN");
        let aggregates = ["0", "25", "25"].iter().zip([1, 7, 30]);
        for ((value, days), shown) in aggregates.zip(utilization["aggregates"].as_array().unwrap()) {
            assert_eq!((shown["grain"].as_i64(), shown["value"].to_string().as_str()), (Some(days), *value), "{utilization}");
            assert_eq!((&shown["grainUnit"], &shown["valueUnit"]), (&json!("days"), &json!("percentage")));
        }
        let listed = admin.get(&path("/reservations")).ok()["value"][0].clone();
        assert_eq!(listed["properties"]["utilization"], utilization);
        let all = admin.get("/providers/Microsoft.Capacity/reservations?api-version=2022-11-01").ok()["value"][0].clone();
        assert_eq!(all["properties"]["utilization"], utilization);

        let full = format!("/providers/Microsoft.Capacity/reservationOrders/{order}/reservations/{id}");
        admin.post(&path("/split"), &json!({"properties": {"quantities": [1, 1], "reservationId": full}})).ok();
        let mut after = members(&daily(), &names);
        after.sort();
        assert_eq!(after, [expected[0], expected[1], "2027-03-03T00:00:00Z 24 0", "2027-03-03T00:00:00Z 24 0"]);
    }

    fn billing_accounts_show_all_of_a_customer_or_partner(app: &App) {
        let order = bought(app, 1);
        let admin = app.contoso().admin();
        report(app, &[row("2027-03-01", "Standard_D4s_v5", 1, "vm")]);
        let get = |agent: &Client, scope: &str, what: &str| agent.get(&format!("/providers/Microsoft.Billing/billingAccounts/{scope}/providers/Microsoft.Consumption/{what}&api-version=2023-05-01"));
        for scope in [CONTOSO.to_owned(), ADVENTURE_WORKS.to_owned(), format!("{CONTOSO}/billingProfiles/{ADVENTURE_WORKS}")] {
            let value = |what: &str| get(&admin, &scope, what).ok()["value"].as_array().unwrap().clone();
            assert_eq!(members(&value(&format!("reservationSummaries?grain=daily&{MARCH}")), &["usedHours", "reservationOrderId"]), [format!("24 {order}")]);
            assert_eq!(value(&format!("reservationDetails?{MARCH}&reservationOrderId={order}")).len(), 1);
            assert_eq!(value(&format!("reservationDetails?{MARCH}&reservationOrderId={PLAN}")).len(), 0);
            let paid = value("reservationTransactions?x=1");
            assert_eq!(members(&paid, &["eventType", "quantity", "currency", "billingFrequency", "billingMonth", "armSkuName", "term"]),
                ["Purchase 1 USD OneTime 20270301 Standard_D4s_v5 P1Y"]);
            assert!(paid[0]["properties"]["amount"].as_f64().unwrap() > 0.0);
            assert_eq!(value("reservationTransactions?$filter=properties/eventDate%20ge%202027-03-02").len(), 0);
        }
        let profile = format!("{CONTOSO}/billingProfiles/{ADVENTURE_WORKS}");
        let by_dates = get(&admin, &profile, "reservationSummaries?grain=daily&startDate=2027-03-01&endDate=2027-03-02").ok();
        assert_eq!(by_dates["value"].as_array().unwrap().len(), 1);
        get(&admin, FABRIKAM, "reservationDetails?grain=daily").expect(400);
        get(&admin, FABRIKAM, &format!("reservationDetails?{MARCH}")).expect(404);
        get(&app.fabrikam().admin(), CONTOSO, &format!("reservationDetails?{MARCH}")).expect(404);
    }

    fn bad_requests_name_what_is_wrong(app: &App) {
        let order = bought(app, 1);
        let admin = app.contoso().admin();
        let path = |what: &str| format!("/providers/Microsoft.Capacity/reservationOrders/{order}/providers/Microsoft.Consumption/{what}&api-version=2023-05-01");
        for (what, named) in [
            ("reservationSummaries?x=1", "grain"),
            ("reservationSummaries?grain=hourly", "grain"),
            ("reservationSummaries?grain=daily", "$filter"),
            ("reservationDetails?x=1", "$filter"),
            ("reservationDetails?$filter=properties/usageDate%20gt%202027-03-01", "$filter"),
            ("reservationSummaries?grain=monthly&$top=0", "$top"),
        ] {
            let refused = admin.get(&path(what)).expect(400);
            assert!(refused["error"]["message"].as_str().unwrap().starts_with(named), "{what}: {refused}");
        }
        let good = row("2027-03-01", "Standard_D4s_v5", 1, "vm");
        for (member, value, named) in [
            ("usageDate", json!("2027-02-30"), "rows[1].usageDate"),
            ("hour", json!(24), "rows[1].hour"),
            ("hour", json!([]), "rows[1].hour"),
            ("quantity", json!(-1), "rows[1].quantity"),
            ("quantity", json!(1e30), "rows[1].quantity"),
            ("quantity", Value::Null, "rows[1].quantity"),
            ("subscriptionId", json!(PLAN), "rows[1].subscriptionId"),
            ("resourceGroup", json!(""), "rows[1].resourceGroup"),
            ("armSkuName", json!("x".repeat(2000)), "rows[1].armSkuName"),
        ] {
            let mut bad = good.clone();
            bad[member] = value;
            let refused = app.anonymous().post("/_reservoir/usage", &json!({"rows": [good, bad]})).expect(400);
            assert!(refused["error"].as_str().unwrap().starts_with(named), "{member}: {refused}");
        }
        app.anonymous().post("/_reservoir/usage", &json!({})).expect(400);
        let daily = list(&admin, &order, &format!("reservationSummaries?grain=daily&{MARCH}"));
        assert_eq!(members(&daily, &["usedHours"]), ["0"], "nothing of a refused report is kept");
    }

    fn files_are_imported_whole_or_not_at_all(app: &App) {
        let order = bought(app, 1);
        let import = |text: &str| {
            let path = std::env::temp_dir().join(format!("reservoir-usage-{}", uuid::Uuid::new_v4()));
            std::fs::write(&path, text).unwrap();
            let mut command = Command::new(env!("CARGO_BIN_EXE_reservoir"));
            let output = command.args(["usage", "import", &path.display().to_string(), "--database-url", app.database_url()]).output().unwrap();
            std::fs::remove_file(&path).unwrap();
            (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
        };
        let used = || {
            let daily = list(&app.contoso().admin(), &order, &format!("reservationSummaries?grain=daily&{MARCH}"));
            members(&daily, &["usedHours"])
        };
        let header = "usageDate,hour,subscriptionId,resourceGroup,armSkuName,armRegionName,quantity";
        let good = format!("2027-03-01,,{AZURE_SUBSCRIPTION},web,Standard_D4s_v5,westeurope,0.5");
        let (code, _, told) = import(&format!("{header}\n{good}\n{}", good.replace("0.5", "many")));
        assert!(code == 1 && told.contains("line 3, quantity"), "{told}");
        let (code, _, told) = import(&format!("{header}\n{good}\n{}", good.replace(AZURE_SUBSCRIPTION, PLAN)));
        assert!(code == 1 && told.contains("line 3, subscriptionId"), "{told}");
        assert_eq!(used(), ["0"]);
        for _ in 0..2 {
            let (code, done, told) = import(&format!("{header}\n{good}\n"));
            assert!(code == 0 && done.ends_with(": 1 rows, 1 days\n") && told.contains("1 of 1 days recorded"), "{done}{told}");
            assert_eq!(used(), ["12"], "importing again replaces");
        }
        let line = row("2027-03-01", "Standard_D4s_v5", "0.25", "").to_string();
        assert_eq!(import(&line.to_string()).0, 0);
        assert_eq!(used(), ["6"]);
    }
}
