//! What a partner charges its customers: setting it, reading it, and what is refused.

use serde_json::{Value, json};

use crate::engines;
use crate::support::purchases::*;
use crate::support::{ADVENTURE_WORKS, App};

fn path() -> String {
    format!("/reservoir/v1/customers/{ADVENTURE_WORKS}/prices")
}

/// The list that holds.
fn shown(app: &App) -> Value {
    app.contoso().helpdesk().get(&path()).ok()["items"].clone()
}

engines! {
    fn a_list_is_set_whole_and_read_back(app: &App) {
        let admin = app.contoso().admin();
        let empty = admin.get(&path()).ok();
        assert_eq!((&empty["items"], empty.get("effectiveFrom")), (&json!([]), None));
        let items = json!([
            {"productId": "DZH318Z0BQ36", "skuId": "004G", "term": "P1Y", "fixedPrice": "1000.00", "currencyCode": "USD"},
            {"productId": "DZH318Z0BQ36", "term": "P3Y", "marginPercent": "12.5"},
            {"productId": "DZH318Z0BQ36", "marginPercent": "-5"},
            {"term": "P1Y", "marginPercent": "15"},
            {"marginPercent": "20"},
        ]);
        let set = admin.put(&path(), &json!({"items": items})).expect(200);
        assert_eq!((&set["items"], &set["attributes"]["objectType"]), (&items, &json!("PriceList")));
        assert!(set["effectiveFrom"].is_string());
        assert_eq!(app.contoso().sales().get(&path()).ok(), set);
        let numbers = json!({"Items": [{"MarginPercent": 20}, {"ProductId": "DZH318Z0BQ36", "FixedPrice": 1000.5, "CurrencyCode": "usd"}]});
        admin.put(&path(), &numbers).expect(200);
        assert_eq!(shown(app), json!([
            {"marginPercent": "20"}, {"productId": "DZH318Z0BQ36", "fixedPrice": "1000.50", "currencyCode": "USD"},
        ]));
    }

    fn the_newest_that_is_not_in_the_future_holds(app: &App) {
        let admin = app.contoso().admin();
        let set = |percent: &str, from: Option<&str>| {
            admin.put(&path(), &json!({"items": [{"marginPercent": percent}], "effectiveFrom": from})).expect(200)
        };
        let holds = |percent: &str| assert_eq!(shown(app), json!([{"marginPercent": percent}]));
        let now = chrono::Utc::now();
        let (soon, later) = ((now + chrono::TimeDelta::days(5)).to_rfc3339(), (now + chrono::TimeDelta::days(20)).to_rfc3339());
        set("2", Some(&later));
        assert_eq!(shown(app), json!([]));
        set("1", Some("2026-01-01T00:00:00Z"));
        holds("1");
        set("3", None);
        holds("3");
        set("4", Some("2026-02-01T00:00:00+01:00"));
        holds("3");
        set("5", Some(&soon));
        set("6", Some(&soon));
        holds("3");
        app.advance("P6D");
        holds("6");
        app.advance("P20D");
        holds("2");
    }

    fn what_is_wrong_is_named_and_nothing_is_kept(app: &App) {
        let admin = app.contoso().admin();
        let item = |item: Value| json!({"items": [{"marginPercent": "1", "term": "P1Y"}, item]});
        for (body, field) in [
            (json!({}), "items"),
            (json!({"items": null}), "items"),
            (json!({"items": {}}), "items"),
            (json!({"items": vec![json!({"marginPercent": "1"}); 1001]}), "items"),
            (item(json!(5)), "items[1]"),
            (item(json!({})), "items[1]: must have marginPercent or fixedPrice"),
            (item(json!({"marginPercent": "1", "fixedPrice": "1", "currencyCode": "USD"})), "not both"),
            (item(json!({"marginPercent": "x"})), "items[1].marginPercent"),
            (item(json!({"marginPercent": true})), "items[1].marginPercent"),
            (item(json!({"marginPercent": "1001"})), "items[1].marginPercent"),
            (item(json!({"marginPercent": "-101"})), "items[1].marginPercent"),
            (item(json!({"marginPercent": 1e30})), "items[1].marginPercent"),
            (item(json!({"fixedPrice": "1.005", "currencyCode": "USD"})), "items[1].fixedPrice"),
            (item(json!({"fixedPrice": "-1", "currencyCode": "USD"})), "items[1].fixedPrice"),
            (item(json!({"fixedPrice": "99999999999999999999", "currencyCode": "USD"})), "items[1].fixedPrice"),
            (item(json!({"fixedPrice": [], "currencyCode": "USD"})), "items[1].fixedPrice"),
            (item(json!({"fixedPrice": "1"})), "items[1].currencyCode"),
            (item(json!({"fixedPrice": "1", "currencyCode": "EUR"})), "items[1].currencyCode"),
            (item(json!({"marginPercent": "1", "currencyCode": "XYZ"})), "items[1].currencyCode"),
            (item(json!({"marginPercent": "1", "productId": "NOPE"})), "items[1].productId"),
            (item(json!({"marginPercent": "1", "productId": ""})), "items[1].productId"),
            (item(json!({"marginPercent": "1", "skuId": "004G"})), "items[1].productId"),
            (item(json!({"marginPercent": "1", "productId": "DZH318Z0BQ36", "skuId": "9999"})), "items[1].skuId"),
            (item(json!({"marginPercent": "1", "productId": "DZH318Z0BQ36", "skuId": "004G", "term": "P3Y"})), "items[1].term"),
            (item(json!({"marginPercent": "1", "term": "P5Y"})), "items[1].term"),
            (item(json!({"marginPercent": "9", "term": "P1Y"})), "items[1]: is about the same as items[0]"),
            (json!({"items": [], "effectiveFrom": "tomorrow"}), "effectiveFrom"),
            (json!({"items": [], "effectiveFrom": "+12345-01-01T00:00:00Z"}), "effectiveFrom"),
        ] {
            admin.put(&path(), &body).refused(400, 800_002, field);
        }
        assert_eq!(shown(app), json!([]));
        let euros = app.fabrikam().admin();
        let customer = customer_with_agreement(&euros, "euro.example");
        let of_euros = format!("/reservoir/v1/customers/{customer}/prices");
        let price = |code: &str| json!({"items": [{"fixedPrice": "10", "currencyCode": code}]});
        euros.put(&of_euros, &price("USD")).refused(400, 800_002, "items[0].currencyCode");
        euros.put(&of_euros, &price("EUR")).expect(200);
        admin.get(&of_euros).refused(404, 60_003, "");
        admin.put(&of_euros, &price("USD")).refused(404, 60_003, "");
    }

    fn only_admin_agents_set_prices_and_the_attempt_of_others_is_recorded(app: &App) {
        let contoso = app.contoso();
        let body = json!({"items": [{"marginPercent": "20"}]});
        for agent in [contoso.sales(), contoso.helpdesk(), contoso.application("sales-agent")] {
            agent.put(&path(), &body).refused(403, 900_150, "role");
        }
        assert_eq!(shown(app), json!([]));
        contoso.application("admin-agent").put(&path(), &body).expect(200);
        assert!(contoso.admin().get("/v1/auditrecords").items().is_empty(), "Partner Center has no price lists");
        let log = contoso.admin().get("/reservoir/v1/auditrecords").items();
        let told: Vec<_> = log.iter().map(|record| {
            assert_eq!((&record["resourceType"], &record["operationType"]), (&json!("price_list"), &json!("update_price_list")));
            assert_eq!(record["customerId"], ADVENTURE_WORKS);
            (record["operationStatus"].as_str().unwrap(), record["userPrincipalName"].as_str().unwrap())
        }).collect();
        assert_eq!(told, [("succeeded", ""), ("failed", ""), ("failed", "helpdesk@contoso.example"), ("failed", "sales@contoso.example")]);
        let repeated = contoso.admin().with("MS-RequestId", "3f3f3f3f-0000-4000-8000-000000000003");
        let first = repeated.put(&path(), &json!({"items": []})).expect(200);
        contoso.admin().put(&path(), &body).expect(200);
        assert_eq!(repeated.put(&path(), &json!({"items": []})).expect(200), first, "a repeat is answered, not done");
        assert_eq!(shown(app), body["items"]);
    }
}
