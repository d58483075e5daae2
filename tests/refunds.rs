//! Refunds through the API: what they come to, the yearly limit, sessions, and that what is sent
//! again happens once. The arithmetic itself has its cases in `src/refunds/rules.rs`.

use serde_json::{Value, json};

use crate::engines;
use crate::support::azure::*;
use crate::support::capacity::*;
use crate::support::{ADVENTURE_WORKS, App, Client, Response};

const SIZE: &str = "Standard_D2s_v5";
const PRICE: i64 = 51_900;

/// What the partner still owes for the customer, in cents.
fn owed(app: &App) -> i64 {
    let side = |entry: &Value| if entry["side"] == "debit" { 1 } else { -1 };
    let of = app.ledger(ADVENTURE_WORKS);
    let receivable = of.iter().filter(|entry| entry["account"] == "receivable");
    receivable.map(|entry| side(entry) * entry["minorUnits"].as_i64().unwrap()).sum()
}

fn amount(quoted: &Value) -> i64 {
    cents(&quoted["properties"]["billingRefundAmount"])
}

fn errors(quoted: &Value) -> Vec<String> {
    let errors = &quoted["properties"]["policyResult"]["properties"]["policyErrors"];
    errors.as_array().unwrap().iter().map(|error| error["code"].as_str().unwrap().to_owned()).collect()
}

fn clock(app: &App, now: &str) {
    app.anonymous().post("/_reservoir/clock", &json!({"now": now})).ok();
}

fn entitled(agent: &Client) -> i64 {
    let all = agent.get(&format!("/v1/customers/{ADVENTURE_WORKS}/entitlements")).items();
    all.iter().map(|one| one["quantity"].as_i64().unwrap()).sum()
}

/// `R(held) − R(held − quantity)`, half to even, in cents.
fn upfront(price: i64, held: i64, quantity: i64, remaining: i64, total: i64) -> i64 {
    let of = |part: i64| {
        let (numerator, denominator) = (price * part * remaining, total);
        let (whole, rest) = (numerator / denominator, numerator % denominator);
        whole + i64::from(rest * 2 > denominator || (rest * 2 == denominator && whole % 2 == 1))
    };
    of(held) - of(held - quantity)
}

engines! {
    fn a_part_is_returned_for_the_unused_whole_days_and_the_rest_lives_on(app: &App) {
        clock(app, "2027-03-01T15:00:00Z");
        let admin = app.contoso().admin();
        let order = buy(&admin, &wanted(SIZE, "P1Y", "Upfront", 3));
        let history = admin.get(&format!("/v1/customers/{ADVENTURE_WORKS}/orders")).text;
        assert_eq!((owed(app), entitled(&admin)), (3 * PRICE, 3));
        clock(app, "2027-06-09T23:59:59Z");
        let first = only(&admin, &order);
        let quoted = quote(&admin, &order, &first, 1).expect(200);
        // 1 March 2027 to 1 March 2028: 366 days, 100 of them used.
        let expected = upfront(PRICE, 3, 1, 266, 366);
        let properties = &quoted["properties"];
        assert_eq!(amount(&quoted), expected);
        assert_eq!(explained(properties), expected);
        let billing = &properties["billingInformation"];
        let figure = |name: &str| cents(&billing[name]);
        assert_eq!(figure("billingCurrencyTotalPaidAmount"), PRICE);
        assert_eq!(figure("billingCurrencyTotalPaidAmount") - figure("billingCurrencyProratedAmount"), expected);
        assert_eq!(figure("billingCurrencyRemainingCommitmentAmount"), 0);
        assert_eq!((&billing["completedTransactions"], &billing["totalTransactions"]), (&json!(1), &json!(1)));
        assert_eq!(owed(app), 3 * PRICE, "a calculation moves nothing");

        // What was quoted yesterday is carried out with yesterday's days.
        clock(app, "2027-06-10T00:10:00Z");
        let answer = give_back(&admin, &order, &quoted).expect(200);
        assert_eq!(answer["properties"]["originalQuantity"], 3);
        assert_eq!(owed(app), 3 * PRICE - expected);
        let again = give_back(&admin, &order, &quoted).expect(200);
        assert_eq!((again, owed(app)), (answer, 3 * PRICE - expected));

        let rest = in_use(&admin, &order);
        assert_eq!(rest.len(), 1);
        assert_eq!(rest[0]["properties"]["quantity"], 2);
        assert_ne!(rest[0]["id"], first.as_str());
        let old = admin.arm_get(&first).ok();
        assert_eq!(old["properties"]["provisioningState"], "Cancelled");
        assert_eq!(old["properties"]["splitProperties"]["splitDestinations"], json!([rest[0]["id"]]));
        assert_eq!(entitled(&admin), 2, "what was returned lowers the entitlement");
        assert_eq!(admin.get(&format!("/v1/customers/{ADVENTURE_WORKS}/orders")).text, history, "and no history");

        let all = quote(&admin, &order, &only(&admin, &order), 2).expect(200);
        assert_eq!(amount(&all), upfront(PRICE, 2, 2, 265, 366));
        let consumed = &all["properties"]["policyResult"]["properties"]["consumedRefundsTotal"];
        assert_eq!(cents(consumed), expected);
        let closed = give_back(&admin, &order, &all).expect(200);
        assert_eq!(closed["properties"]["provisioningState"], "Cancelled");
        assert_eq!(entitled(&admin), 0);
        quote(&admin, &order, &first, 1).faulted(409, "OperationCannotBePerformedInCurrentState", "");
    }

    fn a_monthly_plan_gives_the_current_month_back_and_cancels_what_is_to_come(app: &App) {
        clock(app, "2027-01-31T10:00:00Z");
        let admin = app.contoso().admin();
        let order = buy(&admin, &wanted(SIZE, "P1Y", "Monthly", 2));
        clock(app, "2027-03-10T10:00:00Z");
        // Due on 31 January and 28 February; the next on 31 March: 21 of 31 days are left.
        assert_eq!(owed(app), 2 * 8_650);
        let quoted = quote(&admin, &order, &only(&admin, &order), 1).expect(200);
        let billing = &quoted["properties"]["billingInformation"];
        assert_eq!((&billing["completedTransactions"], &billing["totalTransactions"]), (&json!(2), &json!(12)));
        assert_eq!(cents(&billing["billingCurrencyRemainingCommitmentAmount"]), 10 * 4_325);
        let of = |row: i64| { let n = row * 21; n / 31 + i64::from((n % 31) * 2 > 31) };
        assert_eq!(amount(&quoted), of(8_650) - of(4_325));
        assert_eq!(explained(&quoted["properties"]), amount(&quoted));
        give_back(&admin, &order, &quoted).expect(200);
        let plan = admin.arm_get(&format!("{}?$expand=schedule", order_path(&order))).ok();
        let rows = plan["properties"]["planInformation"]["transactions"].as_array().unwrap().clone();
        let of_status = |status: &str| rows.iter().filter(|row| row["status"] == status).count();
        assert_eq!((of_status("Succeeded"), of_status("Scheduled"), of_status("Cancelled")), (2, 10, 10));
        let before = owed(app);
        app.advance("P1M");
        assert_eq!(owed(app), before + 4_325, "only the rest falls due");
        // 43,250 cents of instalments count against the limit, not the cash.
        let consumed = quote(&admin, &order, &only(&admin, &order), 1).expect(200);
        assert_eq!(cents(&consumed["properties"]["policyResult"]["properties"]["consumedRefundsTotal"]), 43_250);
    }

    fn the_lower_of_paid_and_present_price_is_given_back(app: &App) {
        let admin = app.contoso().admin();
        priced(app, "T1", "1000", "2026-01-01");
        let order = buy(&admin, &wanted("Standard_T1", "P1Y", "Upfront", 2));
        let quoted = quote(&admin, &order, &only(&admin, &order), 2).expect(200);
        assert_eq!(amount(&quoted), 200_000);
        priced(app, "T1", "900", "2026-02-01");
        give_back(&admin, &order, &quoted).faulted(400, "OperationFailed", "");
        let cheaper = quote(&admin, &order, &only(&admin, &order), 2).expect(200);
        assert_eq!(amount(&cheaper), 180_000);
        assert_eq!(cents(&cheaper["properties"]["billingInformation"]["billingCurrencyTotalPaidAmount"]), 180_000);
        give_back(&admin, &order, &cheaper).expect(200);
        priced(app, "T1", "1100", "2026-03-01");
        let dear = buy(&admin, &wanted("Standard_T1", "P1Y", "Upfront", 1));
        priced(app, "T1", "1200", "2026-04-01");
        assert_eq!(amount(&quote(&admin, &dear, &only(&admin, &dear), 1).expect(200)), 110_000);
    }

    fn exactly_the_limit_is_allowed_and_each_refund_comes_back_after_a_year(app: &App) {
        let admin = app.contoso().admin();
        clock(app, "2027-01-01T12:00:00Z");
        priced(app, "T1", "1000", "2026-01-01");
        let order = buy(&admin, &wanted("Standard_T1", "P1Y", "Upfront", 60));
        let quoted = quote(&admin, &order, &only(&admin, &order), 51).expect(200);
        assert_eq!(errors(&quoted), ["RefundLimitExceeded"], "the calculation says it and is a 200");
        let refused = give_back(&admin, &order, &quoted);
        refused.faulted(400, "RefundLimitExceeded", "50000");
        assert_eq!(refused.header("Retry-After"), None);
        let log = admin.get("/reservoir/v1/auditrecords").items();
        let last = &log[0];
        assert_eq!((&last["operationType"], &last["operationStatus"]), (&json!("return_reservation"), &json!("failed")));
        let quoted = quote(&admin, &order, &only(&admin, &order), 30).expect(200);
        give_back(&admin, &order, &quoted).expect(200);
        clock(app, "2027-01-02T12:00:00Z");
        let order = buy(&admin, &wanted("Standard_T1", "P1Y", "Upfront", 60));
        let over = |quantity| {
            errors(&quote(&admin, &order, &only(&admin, &order), quantity).expect(200)).len()
        };
        assert_eq!((over(20), over(21)), (0, 1), "50,000.00 exactly");
        let quoted = quote(&admin, &order, &only(&admin, &order), 20).expect(200);
        give_back(&admin, &order, &quoted).expect(200);
        assert_eq!(over(1), 1);
        clock(app, "2028-01-01T11:59:00Z");
        let order = buy(&admin, &wanted("Standard_T1", "P1Y", "Upfront", 60));
        let over = |quantity| {
            errors(&quote(&admin, &order, &only(&admin, &order), quantity).expect(200)).len()
        };
        assert_eq!(over(1), 1, "365 days are not over");
        clock(app, "2028-01-01T12:00:30Z");
        assert_eq!((over(30), over(31)), (0, 1), "each comes back 365 days after its own instant");
    }

    fn two_hundred_refunds_at_once_never_pass_the_limit(app: &App) {
        let admin = app.contoso().admin();
        priced(app, "T1", "1000", "2026-01-01");
        let quoted: Vec<(String, Value)> = (0..200)
            .map(|_| {
                let order = buy(&admin, &wanted("Standard_T1", "P1Y", "Upfront", 1));
                let quoted = quote(&admin, &order, &only(&admin, &order), 1).expect(200);
                (order, quoted)
            })
            .collect();
        // A database that is busy says so, and the client asks again: that must not pass it either.
        let refund = |(order, quoted): &(String, Value)| -> Response {
            for _ in 0..50 {
                let answer = give_back(&admin, order, quoted);
                if answer.status != 503 {
                    return answer;
                }
                std::thread::sleep(std::time::Duration::from_millis(50));
            }
            panic!("the server stays busy");
        };
        let answers: Vec<Response> = std::thread::scope(|scope| {
            let threads: Vec<_> = quoted.iter().map(|one| scope.spawn(|| refund(one))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let done = answers.iter().filter(|answer| answer.status == 200).count();
        for answer in answers.iter().filter(|answer| answer.status != 200) {
            answer.faulted(400, "RefundLimitExceeded", "50000");
        }
        assert_eq!(done, 50);
        assert_eq!(owed(app), 15_000_000);
    }

    fn a_session_serves_its_own_request_and_time_alone(app: &App) {
        let admin = app.contoso().admin();
        let order = buy(&admin, &wanted(SIZE, "P1Y", "Upfront", 3));
        let other = buy(&admin, &wanted(SIZE, "P1Y", "Upfront", 3));
        let quoted = quote(&admin, &order, &only(&admin, &order), 2).expect(200);
        let with = |change: &dyn Fn(&mut Value)| {
            let mut body = carrying_out(&quoted);
            change(&mut body["properties"]);
            admin.post(&versioned(&format!("{}/return", order_path(&order))), &body)
        };
        with(&|body| body["reservationToReturn"]["quantity"] = json!(1)).faulted(400, "InvalidRequestContent", "sessionId");
        with(&|body| body["reservationToReturn"]["quantity"] = json!(4)).faulted(400, "InvalidRefundQuantity", "quantity");
        with(&|body| body["reservationToReturn"]["quantity"] = json!(0)).faulted(400, "InvalidRefundQuantity", "quantity");
        with(&|body| body["sessionId"] = json!("7fffffff-ffff-4fff-8fff-ffffffffffff")).faulted(400, "InvalidRequestContent", "sessionId");
        with(&|body| body["sessionId"] = json!("x")).faulted(400, "InvalidRequestContent", "sessionId");
        with(&|body| body["scope"] = json!("Order")).faulted(400, "InvalidRequestContent", "properties.scope");
        with(&|body| body["reservationToReturn"]["reservationId"] = json!(only(&admin, &other)))
            .faulted(400, "ReservationIdNotInReservationOrder", "reservationId");
        // The same agent in another tenant is another caller.
        let path = versioned(&format!("{}/return", order_path(&order)));
        app.on_behalf("admin").post(&path, &carrying_out(&quoted)).faulted(400, "InvalidRequestContent", "sessionId");
        let mut body = to_return(&other, &only(&admin, &other), 1);
        body["id"] = json!(order_path(&order));
        admin.post(&versioned(&format!("{}/calculateRefund", order_path(&other))), &body)
            .faulted(400, "InvalidRequestContent", "id");
        // None of this used the session up.
        app.advance("PT29M");
        give_back(&admin, &order, &quoted).expect(200);
        let late = quote(&admin, &other, &only(&admin, &other), 1).expect(200);
        app.advance("PT30M");
        give_back(&admin, &other, &late).faulted(400, "InvalidRequestContent", "sessionId");
        // What was used answers as it did, however late.
        give_back(&admin, &order, &quoted).expect(200);
        let stale = quote(&admin, &other, &only(&admin, &other), 1).expect(200);
        let split = json!({"properties": {"quantities": [1, 2], "reservationId": only(&admin, &other)}});
        admin.post(&versioned(&format!("{}/split", order_path(&other))), &split).expect(200);
        give_back(&admin, &other, &stale).faulted(400, "OperationFailed", "");
    }

    fn nothing_is_left_on_the_last_day_and_nothing_returned_after_it(app: &App) {
        clock(app, "2027-03-01T15:00:00Z");
        let admin = app.contoso().admin();
        let order = buy(&admin, &wanted(SIZE, "P1Y", "Upfront", 1));
        let reservation = only(&admin, &order);
        clock(app, "2028-02-29T23:00:00Z");
        assert_eq!(amount(&quote(&admin, &order, &reservation, 1).expect(200)), upfront(PRICE, 1, 1, 1, 366));
        clock(app, "2028-03-01T14:45:00Z");
        let last = quote(&admin, &order, &reservation, 1).expect(200);
        assert_eq!(amount(&last), 0);
        clock(app, "2028-03-01T15:01:00Z");
        for answer in [quote(&admin, &order, &reservation, 1), give_back(&admin, &order, &last)] {
            answer.faulted(409, "OperationCannotBePerformedInCurrentState", "term");
        }
    }
}
