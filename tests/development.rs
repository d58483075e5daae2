//! Development powers: the test clock, reset, the ledger view, relationships.

use serde_json::json;

use crate::engines;
use crate::support::purchases::*;
use crate::support::{ADVENTURE_WORKS, PLAN};

engines! {
    fn the_clock_goes_forward_and_never_back(app: &App) {
        let anyone = app.anonymous();
        let clock = anyone.get("/_reservoir/clock").ok();
        assert_eq!(clock["mode"], "system");
        let moved = anyone.post("/_reservoir/clock", &json!({"now": "2031-05-06T07:08:09Z"})).ok();
        assert_eq!(moved["mode"], "offset");
        assert!(moved["now"].as_str().unwrap().starts_with("2031-05-06T07:08:"), "{moved}");
        let later = app.advance("P1Y2DT3H");
        assert!(later["now"].as_str().unwrap().starts_with("2032-05-08T10:08:"), "{later}");
        for (body, field) in [
            (json!({"now": "2031-05-06T07:08:09Z"}), "now"),
            (json!({"advance": "P-1D"}), "advance"),
            (json!({"advance": "P9999Y"}), "advance"),
            (json!({"follow": "moon"}), "follow"),
            (json!({}), "body"),
            (json!({"advance": "P1D", "follow": "system"}), "body"),
        ] {
            let refused = anyone.post("/_reservoir/clock", &body).expect(400);
            assert!(refused["error"].as_str().unwrap().starts_with(field), "{body}: {refused}");
        }
        assert_eq!(anyone.post("/_reservoir/clock", &json!({"follow": "system"})).ok()["mode"], "system");
    }

    fn moves_at_once_all_count(app: &App) {
        let before = app.anonymous().get("/_reservoir/clock").ok();
        std::thread::scope(|scope| {
            for _ in 0..5 {
                scope.spawn(|| app.advance("P1D"));
            }
        });
        let day = |clock: &serde_json::Value| {
            clock["now"].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap()
        };
        let after = app.anonymous().get("/_reservoir/clock").ok();
        assert_eq!((day(&after) - day(&before)).num_days(), 5);
    }

    fn business_times_come_from_the_clock_and_tokens_do_not(app: &App) {
        let admin = app.contoso().admin();
        app.advance("P2Y");
        let customer = admin.post("/v1/customers", &new_customer("later.example")).expect(201);
        let id = customer["id"].as_str().unwrap();
        admin.post(&format!("/v1/customers/{id}/agreements"), &agreement()).expect(201);
        let order = admin.post(&format!("/v1/customers/{id}/orders"), &order(&[line(AZURE_PLAN, 1)])).expect(201);
        let now = app.anonymous().get("/_reservoir/clock").ok()["now"].as_str().unwrap().to_owned();
        assert_eq!(order["creationDate"].as_str().unwrap()[..10], now[..10]);
    }

    fn due_work_is_done_in_order_on_the_way_and_listed(app: &App) {
        let admin = app.contoso().admin();
        let bought = cart(&admin, ADVENTURE_WORKS, &[cart_item(NV12_ONE_YEAR, 1, "monthly", PLAN)]);
        admin.post_empty(&format!("{bought}/checkout")).expect(201);
        let forgotten = cart(&admin, ADVENTURE_WORKS, &[usual_item(1)]);
        let done = app.advance("P13M");
        let done = done["done"].as_array().unwrap();
        let due: Vec<&str> = done.iter().map(|work| work["dueAt"].as_str().unwrap()).collect();
        assert!(due.is_sorted(), "{due:?}");
        let count = |kind: &str| done.iter().filter(|work| work["kind"] == kind).count();
        assert_eq!((count("instalment"), count("cart_expiry"), count("reservation_expiry")), (11, 2, 1));
        admin.get(&forgotten).refused(404, 800_008, "cart");
        let entitlement = &admin.get(&format!("/v1/customers/{ADVENTURE_WORKS}/entitlements?showExpiry=true")).items()[0];
        let link = entitlement["entitledArtifacts"][0]["link"]["uri"].as_str().unwrap();
        let details = admin.get(&format!("/v1{link}")).ok();
        assert_eq!(details["reservations"][0]["provisioningState"], "Expired");
        let entries = app.ledger(ADVENTURE_WORKS);
        assert_eq!(entries.len(), 24, "twelve instalments, two entries each");
        assert!(entries.windows(2).all(|pair| pair[0]["at"].as_str() <= pair[1]["at"].as_str()));
        assert!(entries[23]["at"].as_str().unwrap().ends_with("T00:00:00Z"), "paid at its due instant");
    }

    fn reset_returns_to_the_seed(app: &App) {
        let admin = app.contoso().admin();
        let id = customer_with_agreement(&admin, "gone.example");
        let paid = cart(&admin, ADVENTURE_WORKS, &[usual_item(1)]);
        admin.post_empty(&format!("{paid}/checkout")).expect(201);
        app.advance("P40D");
        let clock = app.anonymous().post_empty("/_reservoir/reset").ok();
        assert_eq!(clock["mode"], "system");
        admin.get(&format!("/v1/customers/{id}")).refused(404, 60_003, "customer");
        assert_eq!(admin.get("/v1/customers").items().len(), 1);
        assert_eq!(admin.get(&format!("/v1/customers/{ADVENTURE_WORKS}/orders")).items().len(), 1, "the plan alone");
        assert!(app.ledger(ADVENTURE_WORKS).is_empty());
        let again = cart(&admin, ADVENTURE_WORKS, &[usual_item(1)]);
        admin.post_empty(&format!("{again}/checkout")).expect(201);
    }

    fn relationships_are_refused_where_they_make_no_sense(app: &App) {
        let relate = |customer: &str, partner: &str| {
            app.anonymous().post("/_reservoir/relationships", &json!({"customerId": customer, "partnerId": partner}))
        };
        let partner = |number: u8| format!("10000000-0000-4000-8000-00000000000{number}");
        relate(ADVENTURE_WORKS, &partner(4)).expect(400);
        relate(PLAN, &partner(2)).expect(404);
        relate("x", &partner(2)).expect(400);
        relate(ADVENTURE_WORKS, &partner(2)).expect(200);
        relate(ADVENTURE_WORKS, &partner(2)).expect(200);
        assert_eq!(app.fabrikam().admin().get("/v1/customers").items().len(), 1);
    }

    fn whoever_operates_the_server_sees_how_it_is(app: &App) {
        let anyone = app.anonymous();
        for path in ["/health/live", "/health/ready", "/version"] {
            anyone.get(path).expect(200);
        }
        app.contoso().admin().get("/v1/customers").ok();
        let metrics = anyone.get("/metrics").text;
        assert!(metrics.contains("http_requests_total{") && metrics.contains("route=\"/v1/customers\""), "{metrics}");
        assert_eq!(anyone.get("/nowhere").expect(404), json!({"error": "not found"}));
    }
}
