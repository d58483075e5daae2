//! Exchanges through the API: the commitment, the dated policy, many for many, and that an exchange
//! happens whole or not at all, once.

use serde_json::{Value, json};

use crate::engines;
use crate::support::azure::*;
use crate::support::capacity::*;
use crate::support::{ADVENTURE_WORKS, App, Client};

const SIZE: &str = "Standard_D2s_v5";

fn total(quoted: &Value, name: &str) -> i64 {
    cents(&quoted["properties"][name])
}

fn errors(quoted: &Value) -> Vec<String> {
    let errors = &quoted["properties"]["policyResult"]["policyErrors"];
    let errors = errors.as_array().cloned().unwrap_or_default();
    errors.iter().map(|error| error["code"].as_str().unwrap().to_owned()).collect()
}

fn clock(app: &App, now: &str) {
    app.anonymous().post("/_reservoir/clock", &json!({"now": now})).ok();
}

fn orders(agent: &Client) -> usize {
    agent.get(&format!("/v1/customers/{ADVENTURE_WORKS}/orders")).items().len()
}

/// Exchanges all of one order's reservation for one of the larger size; the new order.
fn swapped(agent: &Client, order: &str) -> String {
    let one = in_use(agent, order).remove(0);
    let (id, quantity) = (one["id"].as_str().unwrap(), one["properties"]["quantity"].as_i64().unwrap());
    let bought = wanted("Standard_D4s_v5", "P1Y", "Upfront", quantity);
    let quoted = quote_exchange(agent, &[(id, quantity)], &[bought]).expect(200);
    let done = exchange(agent, &quoted).expect(200);
    let order = done["properties"]["reservationsToPurchase"][0]["reservationOrderId"].as_str().unwrap().to_owned();
    order.rsplit('/').next().unwrap().to_owned()
}

engines! {
    fn many_are_exchanged_for_many_in_one_order(app: &App) {
        let admin = app.contoso().admin();
        let (upfront, monthly) =
            (buy(&admin, &wanted(SIZE, "P1Y", "Upfront", 4)), buy(&admin, &wanted(SIZE, "P1Y", "Monthly", 2)));
        app.advance("P40D");
        let (one, other) = (only(&admin, &upfront), only(&admin, &monthly));
        let before = orders(&admin);
        let bought = [
            wanted("Standard_D4s_v5", "P3Y", "Monthly", 1),
            wanted("Standard_E2s_v5", "P1Y", "Upfront", 2),
        ];
        let quoted = quote_exchange(&admin, &[(&one, 1), (&other, 2)], &bought).expect(200);
        assert_eq!(errors(&quoted), [""; 0]);
        let net = total(&quoted, "netPayable");
        assert_eq!(net, total(&quoted, "purchasesTotal") - total(&quoted, "refundsTotal"));
        assert_eq!(explained(&quoted["properties"]), net);
        let given = quoted["properties"]["reservationsToExchange"].as_array().unwrap();
        assert_eq!(given.iter().map(|one| cents(&one["billingRefundAmount"])).sum::<i64>(), total(&quoted, "refundsTotal"));
        let prices: Vec<i64> = quoted["properties"]["reservationsToPurchase"].as_array().unwrap().iter()
            .map(|one| cents(&one["billingCurrencyTotal"])).collect();
        assert_eq!(prices.iter().sum::<i64>(), total(&quoted, "purchasesTotal"), "monthly plans count whole");

        let done = exchange(&admin, &quoted).expect(200);
        assert_eq!(exchange(&admin, &quoted).expect(200), done, "the same session, the same answer");
        assert_eq!(orders(&admin), before + 1, "one exchange is one order");
        assert_eq!(in_use(&admin, &upfront)[0]["properties"]["quantity"], 3);
        assert_eq!(in_use(&admin, &monthly).len(), 0);
        let new: Vec<Value> = done["properties"]["reservationsToPurchase"].as_array().unwrap().iter()
            .map(|one| admin.arm_get(one["reservationId"].as_str().unwrap()).ok()).collect();
        assert_eq!(new[0]["properties"]["swapProperties"]["swapSource"], one.as_str());
        assert_eq!(admin.arm_get(&one).ok()["properties"]["swapProperties"]["swapDestination"], new[0]["id"]);
        assert_eq!((&new[0]["properties"]["quantity"], &new[1]["properties"]["term"]), (&json!(1), &json!("P1Y")));
        let now = app.anonymous().get("/_reservoir/clock").ok()["now"].as_str().unwrap()[..10].to_owned();
        assert_eq!(new[1]["properties"]["purchaseDate"], now.as_str(), "a new term from now");
        // It does not count against the limit, and nothing of the monthly plan falls due any more.
        let quoted = quote(&admin, &upfront, &only(&admin, &upfront), 1).expect(200);
        assert_eq!(cents(&quoted["properties"]["policyResult"]["properties"]["consumedRefundsTotal"]), 0);
        let log = admin.get("/reservoir/v1/auditrecords").items();
        let exchanges = log.iter().filter(|record| record["operationType"] == "exchange_reservation").count();
        let purchases = log.iter().filter(|record| record["operationType"] == "create_order").count();
        assert_eq!((exchanges, purchases), (1, 2), "one record, and none for the purchase in it");
        app.ledger(ADVENTURE_WORKS);
    }

    fn the_new_commitment_is_not_below_the_old(app: &App) {
        let admin = app.contoso().admin();
        priced(app, "T1", "1000", "2026-01-01");
        let order = buy(&admin, &wanted("Standard_T1", "P1Y", "Upfront", 2));
        let one = only(&admin, &order);
        let equal = quote_exchange(&admin, &[(&one, 2)], &[wanted("Standard_T1", "P1Y", "Monthly", 2)]).expect(200);
        assert_eq!((errors(&equal), total(&equal, "netPayable")), (Vec::new(), 0), "equal is enough");
        let low = quote_exchange(&admin, &[(&one, 2)], &[wanted("Standard_T1", "P1Y", "Upfront", 1)]).expect(200);
        assert_eq!(errors(&low), ["PurchaseCommitmentTooLow"]);
        exchange(&admin, &low).faulted(400, "PurchaseCommitmentTooLow", "2000");
        assert_eq!(admin.get("/reservoir/v1/auditrecords").items()[0]["operationStatus"], "failed");
        assert_eq!(in_use(&admin, &order)[0]["properties"]["quantity"], 2);
        // Of a monthly plan the instalments to come are the commitment: 11 of 12.
        let monthly = buy(&admin, &wanted("Standard_T1", "P1Y", "Monthly", 12));
        let one = only(&admin, &monthly);
        for (quantity, refused) in [(11, 0), (10, 1)] {
            let bought = wanted("Standard_T1", "P1Y", "Upfront", quantity);
            assert_eq!(errors(&quote_exchange(&admin, &[(&one, 12)], &[bought]).expect(200)).len(), refused, "{quantity}");
        }
    }

    fn after_the_cutoff_an_older_purchase_is_exchanged_once_more(app: &App) {
        let admin = app.contoso().admin();
        clock(app, "2027-01-31T23:59:59Z");
        let old = buy(&admin, &wanted(SIZE, "P1Y", "Upfront", 10));
        let freely = swapped(&admin, &buy(&admin, &wanted(SIZE, "P1Y", "Upfront", 1)));
        clock(app, "2027-02-01T00:00:00Z");
        let late = buy(&admin, &wanted(SIZE, "P1Y", "Upfront", 1));
        let refused = |order: &str| {
            let bought = wanted("Standard_D8s_v5", "P3Y", "Upfront", 20);
            let quoted = quote_exchange(&admin, &[(&in_use(&admin, order)[0]["id"].as_str().unwrap(), 1)], &[bought]).expect(200);
            if errors(&quoted) != ["ExchangeNotAllowed"] {
                return false;
            }
            exchange(&admin, &quoted).faulted(400, "ExchangeNotAllowed", "2027-02-01");
            true
        };
        assert!(refused(&late), "bought at the cutoff");
        assert!(!refused(&freely), "what was got before the cutoff has its one exchange");
        // Two of ten: the other eight still have one each.
        let one = only(&admin, &old);
        let quoted = quote_exchange(&admin, &[(&one, 2)], &[wanted("Standard_D4s_v5", "P1Y", "Upfront", 2)]).expect(200);
        let done = exchange(&admin, &quoted).expect(200);
        let got = done["properties"]["reservationsToPurchase"][0]["reservationOrderId"].as_str().unwrap();
        assert!(refused(got.rsplit('/').next().unwrap()), "its product is not exchangeable again");
        assert_eq!(in_use(&admin, &old)[0]["properties"]["quantity"], 8);
        assert!(!refused(&old));
        // A refund stays possible.
        quote(&admin, &late, &only(&admin, &late), 1).expect(200);
    }

    fn what_no_longer_fits_the_quote_is_refused_and_changes_nothing(app: &App) {
        let admin = app.contoso().admin();
        priced(app, "T1", "1000", "2026-01-01");
        let order = buy(&admin, &wanted(SIZE, "P1Y", "Upfront", 2));
        let one = only(&admin, &order);
        let quoted = quote_exchange(&admin, &[(&one, 1)], &[wanted("Standard_T1", "P1Y", "Upfront", 1)]).expect(200);
        app.on_behalf("admin").post(&versioned(&format!("{CAPACITY}/exchange")), &json!({"properties": {"sessionId": quoted["properties"]["sessionId"]}}))
            .faulted(400, "InvalidRequestContent", "sessionId");
        priced(app, "T1", "1001", "2026-02-01");
        let before = (orders(&admin), app.ledger(ADVENTURE_WORKS));
        exchange(&admin, &quoted).faulted(400, "OperationFailed", "");
        assert_eq!((orders(&admin), app.ledger(ADVENTURE_WORKS)), before);
        let quoted = quote_exchange(&admin, &[(&one, 1)], &[wanted("Standard_T1", "P1Y", "Upfront", 1)]).expect(200);
        app.advance("PT31M");
        exchange(&admin, &quoted).faulted(400, "InvalidRequestContent", "sessionId");

        let bought = [wanted("Standard_T1", "P1Y", "Upfront", 9)];
        quote_exchange(&admin, &[(&one, 3)], &bought).faulted(400, "InvalidRefundQuantity", "quantity");
        quote_exchange(&admin, &[(&one, 0)], &bought).faulted(400, "InvalidRefundQuantity", "quantity");
        quote_exchange(&admin, &[(&one, 1), (&one, 1)], &bought).faulted(400, "InvalidRequestContent", "reservationsToExchange");
        quote_exchange(&admin, &[], &bought).faulted(400, "InvalidRequestContent", "reservationsToExchange");
        quote_exchange(&admin, &[(&one, 1)], &[]).faulted(400, "InvalidRequestContent", "reservationsToPurchase");
        quote_exchange(&admin, &[("x", 1)], &bought).faulted(400, "InvalidRequestContent", "reservationsToExchange[0].reservationId");
        assert_eq!((orders(&admin), app.ledger(ADVENTURE_WORKS)), before);
    }
}
