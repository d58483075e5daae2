//! Whatever is wrong with a request is told in the documented body, and nothing is bought by it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reservoir::permissions::{ALL, Rights};
use serde_json::{Value, json};

use crate::engines;
use crate::support::purchases::*;
use crate::support::samples::{QUERY, Samples, books};
use crate::support::{ADVENTURE_WORKS, AZURE_SUBSCRIPTION, Client, PLAN};

const NOBODY: &str = "99999999-9999-4999-8999-999999999999";

fn customer(path: &str) -> String {
    format!("/v1/customers/{ADVENTURE_WORKS}/{path}")
}

/// `base` with one member replaced or, by null, left out.
fn with(base: &Value, member: &str, value: Value) -> Value {
    let mut changed = base.clone();
    match member.split_once('.') {
        Some((outer, inner)) => changed[outer] = with(&base[outer], inner, value),
        None => changed[member] = value,
    }
    changed
}

fn reservation() -> Value {
    reservation_line(NV12_ONE_YEAR, 1, PLAN)
}

engines! {
    fn a_malformed_order_or_cart_is_refused_with_the_member_named(app: &App) {
        let (admin, before) = (app.contoso().admin(), books(app));
        for (body, field) in [
            ("", "body"),
            ("{", "body"),
            ("null", "body"),
            ("[]", "body"),
            ("[null,[]]", "body"),
            ("[null,null,null,[],null]", "body"),
            ("{\"lineItems", "body"),
            ("\"success\"", "body"),
            ("{} {}", "body"),
            (r#"{"lineItems":[],"LineItems":[]}"#, "body"),
            ("{}", "lineItems"),
            (r#"{"lineItems":[]}"#, "lineItems"),
            (r#"{"lineItems":{}}"#, "lineItems"),
            (r#"{"lineItems":"two"}"#, "lineItems"),
            (r#"{"lineItems":[1]}"#, "lineItems[0]"),
            (r#"{"lineItems":[["x"]]}"#, "lineItems[0]"),
            (r#"{"lineItems":[{"quantity":"\ud800"}]}"#, "lineItems[0].quantity"),
        ] {
            for path in ["orders", "carts"] {
                admin.send("POST", &customer(path), Some("application/json"), body.into()).refused(400, 800_002, field);
            }
        }
        let line = json!({"quantity": 1, "billingCycle": "one_time", "provisioningContext": {"subscriptionId": PLAN}});
        for (path, item) in [("orders", "offerId"), ("carts", "catalogItemId")] {
            let line = with(&line, item, json!(NV12_ONE_YEAR));
            for (member, value) in [
                (item, json!(null)),
                (item, json!("  ")),
                (item, json!(7)),
                (item, json!("x".repeat(257))),
                ("quantity", json!(null)),
                ("quantity", json!(0)),
                ("quantity", json!(-1)),
                ("quantity", json!(1.5)),
                ("quantity", json!("2")),
                ("quantity", json!(true)),
                ("quantity", json!(1_000_000_000)),
                ("quantity", json!(i64::MAX)),
                ("quantity", json!(u64::MAX)),
                ("quantity", json!(1e300)),
                ("friendlyName", json!("é".repeat(257))),
                ("friendlyName", json!({})),
                ("termDuration", json!(1)),
                ("provisioningContext", json!([])),
                ("provisioningContext", json!("shared")),
                ("provisioningContext.subscriptionId", json!("1234")),
                ("provisioningContext.subscriptionId", json!(5)),
                ("provisioningContext.entitlementId", json!("{70000000-0000-4000-8000-000000000001}")),
            ] {
                let body = json!({"lineItems": [with(&line, member, value)]});
                admin.post(&customer(path), &body).refused(400, 800_002, &format!("lineItems[0].{member}"));
            }
            let many: Vec<_> = (0..201).map(|_| line.clone()).collect();
            admin.post(&customer(path), &order(&many)).refused(400, 800_002, "lineItems");
        }
        for cycle in [json!("weekly"), json!(3)] {
            admin.post(&customer("orders"), &with(&order(&[reservation()]), "billingCycle", cycle.clone())).refused(400, 800_002, "billingCycle");
            let item = with(&usual_item(1), "billingCycle", cycle);
            admin.post(&customer("carts"), &json!({"lineItems": [item]})).refused(400, 800_002, "lineItems[0].billingCycle");
        }
        for (participants, field) in [
            (json!([{}]), "participants[0].value"),
            (json!([{"key": "friend", "value": "1"}]), "participants[0].key"),
            (json!(["1000004"]), "participants[0]"),
        ] {
            let item = with(&usual_item(1), "participants", participants);
            admin.post(&customer("carts"), &json!({"lineItems": [item]})).refused(400, 800_002, field);
        }
        for numbers in [[1, 2], [0, 0], [0, -1], [0, 2]] {
            let lines = numbers.map(|number| with(&reservation(), "lineItemNumber", json!(number)));
            admin.post(&customer("orders"), &json!({"lineItems": lines})).refused(400, 800_071, "lineItemNumber");
        }
        let named = with(&order(&[reservation()]), "referenceCustomerId", json!(NOBODY));
        admin.post(&customer("orders"), &named).refused(400, 800_002, "referenceCustomerId");
        assert_eq!(books(app), before);
    }

    fn an_item_that_cannot_be_bought_is_refused_with_its_documented_code(app: &App) {
        let admin = app.contoso().admin();
        let elsewhere = customer_with_agreement(&admin, "elsewhere.example");
        let foreign = registered_subscription(&admin, &elsewhere, AZURE_PLAN);
        let before = books(app);
        let context = |member: &str, value: &str| with(&reservation(), &format!("provisioningContext.{member}"), json!(value));
        let offer = |id: &str| with(&reservation(), "offerId", json!(id));
        let mut single = context("scope", "single");
        single["provisioningContext"]["entitlementId"] = json!(NOBODY);
        for (line, status, code, field) in [
            (offer("MS-AZR-9999X"), 400, 800_004, "offerId"),
            (offer("a:b"), 400, 800_002, "offerId"),
            (offer("a:b:c:d"), 400, 800_002, "offerId"),
            (offer("DZH318ZZZZZZ:0001:DZH318Z08C0S"), 404, 400_013, "product"),
            (offer("DZH318Z0BQ36:9999:DZH318Z08C0S"), 404, 400_018, "SKU"),
            (offer("DZH318Z0BQ36:004G:DZH318ZZZZZZ"), 404, 400_019, "availability"),
            (offer("DZH318Z0BQ3Q:0001:DZH318XZXPHL"), 403, 800_028, "termDuration"),
            (with(&reservation(), "termDuration", json!("P3Y")), 400, 800_121, "termDuration"),
            (with(&reservation(), "termDuration", json!("P5Y")), 400, 800_121, "termDuration"),
            (context("duration", "3Years"), 400, 800_121, "termDuration"),
            (with(&offer(AZURE_PLAN), "quantity", json!(2)), 400, 800_017, "quantity"),
            (with(&reservation(), "partnerIdOnRecord", json!("1000004")), 400, 800_016, "partnerIdOnRecord"),
            (with(&reservation(), "provisioningContext", json!({})), 400, 900_317, "provisioningContext.subscriptionId"),
            (context("subscriptionId", NOBODY), 400, 800_011, "provisioningContext.subscriptionId"),
            (context("subscriptionId", &foreign), 400, 800_011, "provisioningContext.subscriptionId"),
            (context("scope", "managementGroup"), 400, 900_312, "provisioningContext.scope"),
            (context("scope", "single"), 400, 900_313, "provisioningContext.entitlementId"),
            (single, 400, 900_315, "provisioningContext.entitlementId"),
        ] {
            admin.post(&customer("orders"), &order(std::slice::from_ref(&line))).refused(status, code, field);
            // The good line of a bad order is not bought either.
            admin.post(&customer("orders"), &order(&[reservation(), line.clone()])).refused(status, code, field);
            let mut item = usual_item(line["quantity"].as_i64().unwrap());
            for (member, of) in [("offerId", "catalogItemId"), ("termDuration", "termDuration"), ("provisioningContext", "provisioningContext")] {
                item[of] = line[member].clone();
            }
            if line["partnerIdOnRecord"].is_string() {
                item["participants"] = json!([{"key": "transaction_reseller", "value": line["partnerIdOnRecord"]}]);
            }
            let cart = cart(&admin, ADVENTURE_WORKS, &[item]);
            let shown = &admin.get(&cart).ok()["lineItems"][0]["error"];
            assert_eq!(shown["additionalInformation"]["code"], code.to_string(), "{line}: {shown}");
            assert!(!shown["errorCode"].as_str().unwrap().is_empty() && !shown["errorDescription"].as_str().unwrap().is_empty());
            admin.post_empty(&format!("{cart}/checkout")).refused(400, 800_009, "group ");
        }
        let order_of = |member: &str, value: &str| with(&order(&[reservation()]), member, json!(value));
        admin.post(&customer("orders"), &order_of("currencyCode", "EUR")).refused(400, 900_169, "currencyCode");
        admin.post(&customer("orders"), &order_of("billingCycle", "annual")).refused(400, 800_002, "billingCycle");
        assert_eq!(books(app), before);
    }

    fn a_subscription_must_be_there_registered_active_and_of_the_right_kind(app: &App) {
        let admin = app.contoso().admin();
        let buyer = customer_with_agreement(&admin, "buyer.example");
        let orders = format!("/v1/customers/{buyer}/orders");
        let buy = |line: &Value| admin.post(&orders, &order(std::slice::from_ref(line)));
        buy(&reservation_line(NV12_ONE_YEAR, 1, PLAN)).refused(400, 900_318, "provisioningContext.subscriptionId");
        let plan = buy(&line(AZURE_PLAN, 1)).expect(201)["lineItems"][0]["subscriptionId"].as_str().unwrap().to_owned();
        buy(&reservation_line(NV12_ONE_YEAR, 1, &plan)).refused(400, 800_030, "provisioningContext.subscriptionId");

        let legacy = registered_subscription(&admin, &buyer, AZURE_OFFER);
        // An id that was read with reservationScope=AzurePlan does not fit the legacy offer.
        let skus = admin.get(&format!("/v1/customers/{buyer}/products?targetView=AzureReservationsVM&armSkuName=Standard_D8_v4")).items();
        let product = skus[0]["id"].as_str().unwrap();
        let sku = admin.get(&format!("/v1/customers/{buyer}/products/{product}/skus?term=P1Y&armSkuName=Standard_D8_v4")).items();
        let availabilities = format!("/v1/customers/{buyer}/products/{product}/skus/{}/availabilities?targetSegment=commercial", sku[0]["id"].as_str().unwrap());
        let for_plans = admin.get(&format!("{availabilities}&reservationScope=AzurePlan")).items()[0]["catalogItemId"].clone();
        let for_legacy = admin.get(&availabilities).items()[0]["catalogItemId"].clone();
        buy(&reservation_line(for_plans.as_str().unwrap(), 1, &legacy)).refused(400, 800_013, "provisioningContext.subscriptionId");

        let subscription = format!("/v1/customers/{buyer}/subscriptions/{legacy}");
        admin.patch(&subscription, &json!({"status": "suspended"})).expect(200);
        buy(&reservation_line(for_legacy.as_str().unwrap(), 1, &legacy)).refused(400, 800_012, "provisioningContext.subscriptionId");
        admin.post_empty(&format!("{subscription}/registrations")).refused(400, 800_012, "subscription");
        assert!(app.ledger(&buyer).is_empty());
        admin.patch(&subscription, &json!({"status": "active"})).expect(200);
        buy(&reservation_line(for_legacy.as_str().unwrap(), 1, &legacy)).expect(201);
    }

    fn nothing_is_bought_before_the_agreement_or_by_those_who_may_not(app: &App) {
        let admin = app.contoso().admin();
        let fresh = admin.post("/v1/customers", &new_customer("fresh.example")).expect(201)["id"].as_str().unwrap().to_owned();
        admin.post(&format!("/v1/customers/{fresh}/orders"), &order(&[line(AZURE_PLAN, 1)])).refused(403, 13_605, "Agreement");
        let item = json!({"catalogItemId": AZURE_PLAN, "quantity": 1, "billingCycle": "one_time"});
        let cart_of_fresh = cart(&admin, &fresh, &[item]);
        admin.post_empty(&format!("{cart_of_fresh}/checkout")).refused(403, 13_605, "Agreement");
        assert!(admin.get(&format!("/v1/customers/{fresh}/orders")).items().is_empty());

        let before = books(app);
        for (stranger, id) in [(app.fabrikam().admin(), ADVENTURE_WORKS), (admin.clone(), NOBODY)] {
            stranger.post(&format!("/v1/customers/{id}/orders"), &order(&[reservation()])).refused(404, 60_003, "customer");
            stranger.post(&format!("/v1/customers/{id}/carts"), &json!({"lineItems": [usual_item(1)]})).refused(404, 60_003, "customer");
        }
        app.contoso().helpdesk().post(&customer("orders"), &order(&[reservation()])).refused(403, 900_150, "role");
        // The missing right is told before the malformed body.
        app.contoso().helpdesk().send("POST", &customer("orders"), None, b"{".to_vec()).refused(403, 900_150, "role");
        assert_eq!(books(app), before);

        let provider = app.northwind().admin();
        let shared = customer_with_agreement(&provider, "shared.example");
        let named = |mpn: &str| with(&line(AZURE_PLAN, 1), "partnerIdOnRecord", json!(mpn));
        let orders = format!("/v1/customers/{shared}/orders");
        provider.post(&orders, &order(&[named("7777777")])).refused(404, 800_015, "partnerIdOnRecord");
        provider.post(&orders, &order(&[named("1000001")])).refused(400, 800_016, "partnerIdOnRecord");
        app.northwind().application("admin-agent").post(&orders, &order(&[named("1000004")])).refused(403, 900_329, "application-only");
        app.tailspin().admin().post(&orders, &order(&[line(AZURE_PLAN, 1)])).refused(403, 900_150, "reseller");
        let associated = |id: &str| with(&new_customer("associated.example"), "associatedPartnerId", json!(id));
        provider.post("/v1/customers", &associated("10000000-0000-4000-8000-000000000001")).refused(400, 800_016, "associatedPartnerId");
        provider.post("/v1/customers", &associated(NOBODY)).refused(404, 800_015, "associatedPartnerId");
        provider.post("/v1/customers", &associated("tailspin")).refused(400, 800_002, "associatedPartnerId");
        assert!(provider.get(&orders).items().is_empty());
    }

    fn an_unknown_foreign_or_expired_cart_is_gone(app: &App) {
        let (admin, before) = (app.contoso().admin(), books(app));
        let other = customer_with_agreement(&admin, "other.example");
        let mine = cart(&admin, ADVENTURE_WORKS, &[usual_item(1)]);
        let id = mine.rsplit('/').next().unwrap();
        let body = json!({"lineItems": [usual_item(2)]});
        let gone = |cart: &str| {
            admin.get(cart).refused(404, 800_008, "cart");
            admin.put(cart, &body).refused(404, 800_008, "cart");
            admin.post_empty(&format!("{cart}/checkout")).refused(404, 800_008, "cart");
        };
        gone(&customer(&format!("carts/{NOBODY}")));
        gone(&format!("/v1/customers/{other}/carts/{id}"));
        admin.get(&customer("carts/1")).refused(400, 800_002, "cart_id");
        app.advance("P6D");
        admin.get(&mine).ok();
        app.advance("P2D");
        let admin = app.contoso().admin();
        for answer in [admin.get(&mine), admin.put(&mine, &body), admin.post_empty(&format!("{mine}/checkout"))] {
            answer.refused(404, 800_008, "cart");
        }
        assert_eq!(books(app), before);
    }

    fn a_body_that_is_too_large_or_too_deep_is_refused(app: &App) {
        let (admin, before) = (app.contoso().admin(), books(app));
        let large = format!("{{\"lineItems\":\"{}\"}}", "x".repeat(10 << 20));
        let nested = |depth: usize| format!("{{\"x\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        for path in ["orders", "carts"] {
            let send = |body: String| admin.send("POST", &customer(path), Some("application/json"), body.into_bytes());
            send(large.clone()).refused(413, 800_002, "1048576");
            send(nested(64)).refused(400, 800_002, "body: nests deeper than 64");
            send(nested(100_000)).refused(400, 800_002, "body: nests deeper than 64");
            send(nested(63)).refused(400, 800_002, "lineItems");
        }
        // Where the body is ignored, it is still not swallowed whole.
        admin.send("POST", &customer(&format!("subscriptions/{PLAN}/registrations")), None, large.into_bytes()).refused(413, 800_002, "1048576");
        assert_eq!(books(app), before);
    }

    fn what_cannot_be_text_or_a_guid_is_refused_wherever_it_stands(app: &App) {
        let admin = app.contoso().admin();
        let samples = Samples::new(&admin);
        let before = books(app);
        let mut placeholders = 0;
        for rights in ALL.iter().filter(|rights| rights.id != "GenerateToken") {
            let body = samples.body(rights).map(|body| body.to_string()).unwrap_or_default();
            let send = |path: &str| admin.send(rights.method, path, Some("application/json"), body.clone().into_bytes());
            let path = samples.path(rights);
            for target in [format!("{path}?country=US&x=a%00b"), format!("{path}?%00=1&country=US"), format!("{path}%00?country=US")] {
                let answer = send(&target);
                assert!(matches!(answer.status, 400 | 404), "{}: {}", answer.asked, answer.text);
                assert!(answer.is_bodiless() || answer.body()["code"].is_u64(), "{}", answer.text);
            }
            for (position, name) in rights.path.split('/').enumerate().filter(|(_, name)| name.starts_with('{')) {
                let name = name.trim_matches(['{', '}']);
                let opaque = [
                    "product_id", "sku_id", "availability_id", "order_id", "template_id", "artifact_type", "domain", "policy_id",
                    "servicerequest_id", "ticket",
                ];
                let mut segments: Vec<_> = path.split('/').collect();
                segments[position] = "a%00b";
                send(&format!("{}?country=US", segments.join("/"))).refused(400, 800_002, "NUL");
                segments[position] = "not-a-guid";
                let answer = send(&format!("{}?country=US", segments.join("/")));
                if rights.id == "CreateServiceRequest" {
                    answer.refused(400, 800_002, "agent-locale");
                } else if opaque.contains(&name) {
                    assert_eq!(answer.status, 404, "{}: {}", answer.asked, answer.text);
                } else {
                    answer.refused(400, 800_002, name);
                    placeholders += 1;
                }
            }
        }
        assert!(placeholders > 40, "{placeholders}");
        for text in ["\\u0000", "a\\u0000"] {
            let body = serde_json::to_string(&order(&[reservation()])).unwrap().replace("shared", text);
            admin.send("POST", &customer("orders"), None, body.into_bytes()).refused(400, 800_002, "NUL");
        }
        let mut invalid = serde_json::to_vec(&order(&[with(&reservation(), "friendlyName", json!("XX"))])).unwrap();
        let at = invalid.windows(2).position(|pair| pair == b"XX").unwrap();
        invalid[at..at + 2].copy_from_slice(&[0xC3, 0x28]);
        admin.send("POST", &customer("orders"), None, invalid).refused(400, 800_002, "friendlyName");
        admin.send("POST", &customer("orders"), None, [b"{\"x\":\"".as_slice(), &[0], b"\"}"].concat()).refused(400, 800_002, "control character");
        assert_eq!(books(app), before);
    }

    fn what_the_caller_accepts_must_include_json(app: &App) {
        for accept in ["text/html", "application/pdf", "application/xml;q=0.9"] {
            app.contoso().admin().with("Accept", accept).get("/v1/customers").refused(406, 800_002, "Accept");
        }
        for accept in ["application/json", "text/html, */*;q=0.1", "application/json;odata=minimal", "text/json"] {
            app.contoso().admin().with("Accept", accept).get("/v1/customers").ok();
        }
        let before = books(app);
        let answer = app.contoso().admin().with("Accept", "text/plain").post(&customer("orders"), &order(&[reservation()]));
        answer.refused(406, 800_002, "Accept");
        assert_eq!(books(app), before);
    }

    fn a_page_token_that_is_not_ours_is_refused(app: &App) {
        let admin = app.contoso().admin();
        let token = |size: i64, at: &str, id: &str, filter: Value| {
            URL_SAFE_NO_PAD.encode(json!({"size": size, "filter": filter, "after": [at, id]}).to_string())
        };
        let filter = json!("{\"Field\":\"Nope\",\"Value\":\"a\",\"Operator\":\"starts_with\"}");
        for bad in [
            "x".to_owned(),
            "!!!".to_owned(),
            "eyJzaXplIjo1fQ".to_owned(),
            token(0, "2026-01-01T00:00:00Z", "x", json!(null)),
            token(501, "2026-01-01T00:00:00Z", "x", json!(null)),
            token(-1, "2026-01-01T00:00:00Z", "x", json!(null)),
            token(5, "yesterday", "x", json!(null)),
            token(5, "2026-01-01T00:00:00Z", "\0", json!(null)),
            token(5, "-262143-01-01T00:00:00Z", NOBODY, json!(null)),
            token(5, "+262142-12-31T23:59:59Z", NOBODY, json!(null)),
        ] {
            admin.with("MS-ContinuationToken", &bad).get("/v1/customers?seekOperation=Next").refused(400, 800_002, "MS-ContinuationToken");
        }
        admin.with("MS-ContinuationToken", &token(5, "2026-01-01T00:00:00Z", NOBODY, filter)).get("/v1/customers").refused(400, 800_002, "filter");
    }

    fn a_parameter_that_is_missing_or_unknown_is_named(app: &App) {
        let admin = app.contoso().admin();
        let filter = |json: &str| {
            let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("filter", json).finish();
            format!("/v1/customers?{query}")
        };
        for json in [
            "x", "{}", "[]", "null", "5", r#"{"Field":"CompanyName","Value":"a"}"#,
            r#"{"Field":"CompanyName","Value":"a","Operator":"equals"}"#,
            r#"{"Field":"CompanyName","Value":"a","Operator":"substring"}"#,
            r#"{"Field":"Domain","Value":"a","Operator":"like"}"#,
            r#"{"Field":"Country","Value":"US","Operator":"starts_with"}"#,
            r#"{"Field":"","Value":"","Operator":""}"#,
            r#"{"Field":"CompanyName","Value":5,"Operator":"starts_with"}"#,
            r#"{"LeftFilter":{"Field":"CompanyName","Value":"a","Operator":"starts_with"},"RightFilter":{"Field":"Domain","Value":"a","Operator":"starts_with"},"Operator":"and"}"#,
            &format!(r#"{{"Field":"CompanyName","Value":"{}","Operator":"starts_with"}}"#, "a".repeat(300)),
        ] {
            admin.get(&filter(json)).refused(400, 800_002, "filter");
        }
        let product = "/v1/products/DZH318Z0BQ36";
        let reading = customer("products");
        for (target, status, code, field) in [
            ("/v1/customers?size=-1", 400, 800_002, "size"),
            ("/v1/customers?size=ten", 400, 800_002, "size"),
            ("/v1/customers?size=99999999999999999999999", 400, 800_002, "size"),
            ("/v1/products?targetView=Azure", 400, 800_002, "country"),
            ("/v1/products?targetView=Azure&country=USA", 400, 800_002, "country"),
            ("/v1/products?targetView=Azure&country=U1", 400, 800_002, "country"),
            ("/v1/products?country=US", 400, 800_002, "targetView"),
            ("/v1/products?country=US&targetView=Everything", 403, 400_036, "targetView"),
            ("/v1/products?country=US&targetView=Azure&targetSegment=hobby", 403, 400_030, "targetSegment"),
            ("/v1/products?country=US&targetView=Azure&reservationScope=Tenant", 400, 800_002, "reservationScope"),
            (product, 400, 800_002, "country"),
            (&format!("{product}/skus"), 400, 800_002, "country"),
            (&format!("{product}/skus/004G"), 400, 800_002, "country"),
            (&format!("{product}/skus/004G/availabilities"), 400, 800_002, "country"),
            (&format!("{product}/skus/004G/availabilities/DZH318Z08C0S"), 400, 800_002, "country"),
            (&format!("{product}/skus?country=US&targetSegment=hobby"), 403, 400_030, "targetSegment"),
            (&format!("{product}/skus/004G/availabilities?country=US&targetSegment=hobby"), 403, 400_030, "targetSegment"),
            ("/v1/products/NOPE?country=US", 404, 400_013, "product"),
            (&format!("{product}/skus/NOPE?country=US"), 404, 400_018, "SKU"),
            (&format!("{product}/skus/004G/availabilities/NOPE?country=US"), 404, 400_019, "availability"),
            (&reading, 400, 800_002, "targetView"),
            (&format!("{reading}?targetView=Everything"), 403, 400_036, "targetView"),
            (&format!("{reading}?targetView=Azure&targetSegment=hobby"), 403, 400_030, "targetSegment"),
            (&format!("{reading}/DZH318Z0BQ36/skus?reservationScope=Tenant"), 400, 800_002, "reservationScope"),
            (&customer("orders?billingType=weekly"), 400, 800_002, "billingType"),
            (&customer("orders?include_price=perhaps"), 400, 800_002, "include_price"),
            (&customer("orders/nope"), 404, 20_000, "order"),
            (&customer(&format!("subscriptions/{NOBODY}")), 404, 20_003, "subscription"),
            (&customer("entitlements?entitlementType=hardware"), 400, 800_002, "entitlementType"),
            (&customer("entitlements?showExpiry=perhaps"), 400, 800_002, "showExpiry"),
            (&customer("agreements?agreementType=Handshake"), 400, 800_002, "agreementType"),
            ("/v1/agreements?agreementType=Handshake", 400, 800_002, "agreementType"),
            ("/v1/agreementtemplates/nope/document", 404, 1000, "template"),
        ] {
            admin.get(target).refused(status, code, field);
        }
    }

    fn a_customer_an_agreement_or_a_change_must_be_well_formed(app: &App) {
        let admin = app.contoso().admin();
        let before = admin.get("/v1/customers").items();
        let good = new_customer("good.example");
        for (member, value, code) in [
            ("companyProfile", json!(null), 800_002),
            ("companyProfile", json!("x"), 800_002),
            ("companyProfile.domain", json!(null), 800_002),
            ("companyProfile.domain", json!("no domain"), 800_002),
            ("companyProfile.organizationRegistrationNumber", json!("12345"), 600_002),
            ("billingProfile", json!(null), 800_002),
            ("billingProfile.email", json!("nobody"), 800_002),
            ("billingProfile.culture", json!(null), 800_002),
            ("billingProfile.language", json!(5), 800_002),
            ("billingProfile.companyName", json!(""), 800_002),
            ("billingProfile.companyName", json!("x".repeat(257)), 800_002),
            ("billingProfile.defaultAddress", json!(null), 800_002),
            ("billingProfile.defaultAddress.country", json!("USA"), 800_002),
            ("billingProfile.defaultAddress.state", json!(null), 800_002),
            ("billingProfile.defaultAddress.postalCode", json!(98052), 800_002),
            ("billingProfile.defaultAddress.addressLine1", json!("x".repeat(201)), 800_002),
            ("billingProfile.defaultAddress.firstName", json!("x".repeat(51)), 800_002),
        ] {
            admin.post("/v1/customers", &with(&good, member, value.clone())).refused(400, code, member);
            if let Some(member) = member.strip_prefix("billingProfile.") {
                admin.put(&customer("profiles/billing"), &with(&good["billingProfile"], member, value)).refused(400, code, member);
            }
        }
        admin.post("/v1/customers", &new_customer("Adventure-Works.example")).refused(409, 800_002, "companyProfile.domain");
        admin.post("/v1/customers", &new_customer("fabrikam.example")).refused(409, 800_002, "companyProfile.domain");
        assert_eq!(admin.get("/v1/customers").items(), before);

        for (member, value) in [
            ("primaryContact", json!(null)),
            ("primaryContact.firstName", json!("")),
            ("primaryContact.email", json!("x")),
            ("primaryContact.phoneNumber", json!("1".repeat(51))),
            ("templateId", json!(null)),
            ("templateId", json!(NOBODY)),
            ("dateAgreed", json!(null)),
            ("dateAgreed", json!("yesterday")),
            ("dateAgreed", json!("0001-01-01T00:00:00")),
            ("dateAgreed", json!("+262142-01-01T00:00:00")),
            ("dateAgreed", json!("-5000-01-01")),
            ("dateAgreed", json!("9999-12-31T23:59:59-14:00")),
            ("type", json!(null)),
            ("type", json!("MicrosoftCloudAgreement")),
        ] {
            admin.post(&customer("agreements"), &with(&agreement(), member, value)).refused(400, 800_002, member);
        }
        for (body, status, code, field) in [
            (json!({"status": "sleeping"}), 400, 800_002, "status"),
            (json!({"status": 1}), 400, 800_002, "status"),
            (json!({"quantity": -1}), 400, 800_002, "quantity"),
            (json!({"quantity": 2}), 400, 2002, "quantity"),
            (json!({"friendlyName": "x".repeat(257)}), 400, 800_002, "friendlyName"),
            (json!({"autoRenewEnabled": "yes"}), 400, 800_002, "autoRenewEnabled"),
            (json!({"status": "deleted"}), 400, 800_040, "status"),
            (json!({"status": "suspended"}), 403, 900_115, "plan"),
            (json!({"attributes": {"etag": "old"}}), 400, 2055, "etag"),
        ] {
            admin.patch(&customer(&format!("subscriptions/{PLAN}")), &body).refused(status, code, field);
        }
        let entitlement = |id: &str| customer(&format!("subscriptions/{PLAN}/azureEntitlements/{id}"));
        let reason = json!({"cancellationReason": "bored"});
        admin.post(&format!("{}/cancel", entitlement(AZURE_SUBSCRIPTION)), &reason).refused(400, 900_307, "cancellationReason");
        admin.post(&format!("{}/cancel", entitlement(NOBODY)), &json!({"cancellationReason": "compromise"})).refused(404, 800_111, "entitlement");
        admin.post_empty(&format!("{}/reactivate", entitlement(AZURE_SUBSCRIPTION))).refused(400, 900_337, "reactivated");
        let seats = admin.post(&customer("orders"), &order(&[line("CFQ7TTC0LH18:0001:CFQ7TTC0K971", 1)])).expect(201);
        let seats = seats["lineItems"][0]["subscriptionId"].as_str().unwrap();
        admin.post_empty(&customer(&format!("subscriptions/{seats}/registrations"))).refused(400, 800_011, "subscription");
        for (body, field) in [
            (json!({}), "targetItems"),
            (json!({"targetItems": [{}]}), "targetItems[0].productId"),
            (json!({"targetItems": [{"productId": 5}]}), "targetItems[0].productId"),
            (json!({"targetItems": [{"productId": "x"}], "inventoryContext": {"customerId": "x"}}), "inventoryContext.customerId"),
        ] {
            admin.post("/v1/extensions/product/checkinventory?country=US", &body).refused(400, 800_002, field);
        }
    }

    fn no_mutated_request_breaks_the_server_or_the_ledger(app: &App) {
        const MUTATIONS: u64 = 1500;
        let admin = app.contoso().admin();
        let samples = Samples::new(&admin);
        let (mut random, mut accepted) = (Random(0x5EED), 0);
        for number in 0..MUTATIONS {
            let rights = &ALL[usize::try_from(number).unwrap() % ALL.len()];
            accepted += u32::from(mutated(&admin, &samples, rights, &mut random));
        }
        assert!((100..1400).contains(&accepted), "{accepted} of {MUTATIONS} mutations were accepted: both kinds are wanted");
        let view = app.anonymous().get("/_reservoir/ledger").ok();
        assert_eq!(view["balanced"], true);
        assert!(!view["entries"].as_array().unwrap().is_empty());
        admin.post(&customer("orders"), &order(&[line("CFQ7TTC0LH18:0001:CFQ7TTC0K971", 1)])).expect(201);
    }
}

/// Sends one mutated request of an operation; whether it was accepted.
fn mutated(admin: &Client, samples: &Samples, rights: &Rights, random: &mut Random) -> bool {
    let (mut path, mut query) = (samples.path(rights), QUERY.to_owned());
    let mut body = samples.body(rights).map(|body| body.to_string().into_bytes()).unwrap_or_default();
    if rights.id == "GenerateToken" {
        body = b"grant_type=jwt_token".to_vec();
    }
    let mut client = admin.clone();
    let has_body = body.len() > 4;
    match random.below(if has_body { 8 } else { 3 }) {
        0 if path.starts_with("/v1") => path = random.path(&path),
        0 | 1 => query = random.query(&query),
        2 => {
            let name = [
                "MS-RequestId",
                "If-Match",
                "MS-ContinuationToken",
                "x-ms-customeruser-upn",
                "Content-Type",
                "MS-CorrelationId",
                "X-Locale",
            ];
            let value = ["", "\"", "W/\"1\"", "*", "x".repeat(300).as_str(), "0", "null", "eyJzaXplIjo1fQ", "a,b;c=d"]
                .map(str::to_owned);
            let (name, value): (&&str, &String) = (random.of(&name), random.of(&value));
            client = client.with(name, value);
        }
        3 => body = random.bytes(body),
        _ => {
            let mut value: Value = serde_json::from_slice(&body).unwrap_or_default();
            random.mutate(&mut value);
            body = value.to_string().into_bytes();
            if random.below(4) == 0 {
                body = random.duplicate(body);
            }
        }
    }
    let separator = if query.is_empty() { "" } else { "?" };
    let answer =
        client.send(rights.method, &format!("{path}{separator}{query}"), Some("application/json"), body.clone());
    let told = || {
        format!(
            "{} {}\n{}\n{}: {}",
            rights.id,
            answer.asked,
            String::from_utf8_lossy(&body),
            answer.status,
            answer.text
        )
    };
    assert!(answer.status < 500, "{}", told());
    if (200..300).contains(&answer.status) {
        assert!(answer.text.is_empty() || serde_json::from_str::<Value>(&answer.text).is_ok(), "{}", told());
        return true;
    }
    if answer.is_bodiless() {
        return false;
    }
    let fault: Value = serde_json::from_str(&answer.text).unwrap_or_else(|error| panic!("{error}: {}", told()));
    assert!(fault["code"].is_u64() && fault["data"].is_array(), "{}", told());
    assert!(
        fault["description"].as_str().is_some_and(|text| !text.is_empty() && text.chars().count() <= 1024),
        "{}",
        told()
    );
    false
}

/// SplitMix64: the same mutations every time.
pub struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound.max(1)).unwrap()).unwrap()
    }

    fn of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }

    /// A value that somebody might send by mistake or on purpose.
    fn value(&mut self) -> Value {
        let texts = [
            "",
            " ",
            "null",
            "0",
            "NaN",
            "-1",
            "é😀\u{202e}",
            "\u{0}",
            "'; DROP TABLE orders; --",
            "%00",
            "%",
            "../..",
            NOBODY,
            PLAN,
            AZURE_SUBSCRIPTION,
            "0001-01-01T00:00:00",
            "9999-99-99",
            "P9999Y",
            "monthly",
            "single",
            "suspended",
            "MS-AZR-0145P",
            AZURE_PLAN,
            "transaction_reseller",
        ];
        match self.below(10) {
            0 => Value::Null,
            1 => json!(self.below(2) == 0),
            2 => self
                .of(&[
                    json!(0),
                    json!(-1),
                    json!(1.5),
                    json!(1e308),
                    json!(-1e-308),
                    json!(i64::MAX),
                    json!(i64::MIN),
                    json!(u64::MAX),
                    json!(999_999_999),
                ])
                .clone(),
            3 => json!("x".repeat([255, 256, 257, 5000, 300_000][self.below(5)])),
            4 => json!([self.of(&texts)]),
            5 => json!({ (*self.of(&texts)): self.of(&texts) }),
            6 => (0..self.below(100)).fold(json!(1), |inner, _| json!([inner])),
            _ => json!(self.of(&texts)),
        }
    }

    /// Deletes, renames, replaces or copies something somewhere in `value`.
    pub fn mutate(&mut self, value: &mut Value) {
        let descend = self.below(4) != 0;
        match value {
            Value::Object(members) if !members.is_empty() => {
                let name = members.keys().nth(self.below(members.len())).cloned().unwrap_or_default();
                if descend && members[&name].is_object() | members[&name].is_array() {
                    return self.mutate(&mut members[&name]);
                }
                match self.below(5) {
                    0 => drop(members.remove(&name)),
                    1 => {
                        let old = members.remove(&name).unwrap_or_default();
                        let new = [name.to_uppercase(), format!("{name}X"), String::new(), name.to_lowercase()];
                        members.insert(self.of(&new).clone(), old);
                    }
                    _ => drop(members.insert(name, self.value())),
                }
            }
            Value::Array(items) if !items.is_empty() => {
                let position = self.below(items.len());
                if descend {
                    return self.mutate(&mut items[position]);
                }
                match self.below(3) {
                    0 => drop(items.remove(position)),
                    1 => items.push(items[position].clone()),
                    _ => items[position] = self.value(),
                }
            }
            other => *other = self.value(),
        }
    }

    /// Writes a member twice, the second time in another letter case or with another value.
    pub fn duplicate(&mut self, body: Vec<u8>) -> Vec<u8> {
        let Ok(Value::Object(members)) = serde_json::from_slice(&body) else { return body };
        let Some((name, value)) = members.iter().nth(self.below(members.len())) else { return body };
        let (name, other) = (if self.below(2) == 0 { name.to_uppercase() } else { name.clone() }, self.value());
        let twice = format!(
            "{{{}:{},{}",
            json!(name),
            if self.below(2) == 0 { value } else { &other },
            &String::from_utf8_lossy(&body)[1..]
        );
        twice.into_bytes()
    }

    /// Cuts, flips or inserts bytes.
    pub fn bytes(&mut self, mut body: Vec<u8>) -> Vec<u8> {
        match self.below(4) {
            0 => body.truncate(self.below(body.len())),
            1 => {
                for _ in 0..=self.below(4) {
                    let position = self.below(body.len());
                    body[position] = self.next().to_le_bytes()[0];
                }
            }
            2 => {
                let position = self.below(body.len());
                body.splice(position..position, self.next().to_le_bytes());
            }
            _ => body = (0..self.below(200)).map(|_| self.next().to_le_bytes()[0]).collect(),
        }
        body
    }

    /// Text as it can stand in a URL.
    fn url_text(&mut self) -> String {
        let texts = [
            "",
            "%00",
            "%",
            "%zz",
            "%FF",
            "%F0%9F%98%80",
            "%2e%2e",
            "..",
            ".",
            "%2F",
            "0",
            "-1",
            "99999999999999999999",
            "null",
            "a:b",
            ";",
            "a%20b",
            "'",
            "%25",
            "x%3Dy",
            NOBODY,
            "50000000-0000-4000-8000-000000000001",
            "US",
            "True",
            "starts_with",
            "%7B%7D",
            "%7B%22Field%22%3A%22Domain%22%2C%22Value%22%3A%22%25_%5C%22%2C%22Operator%22%3A%22starts_with%22%7D",
        ];
        if self.below(12) == 0 { "x".repeat(8000) } else { (*self.of(&texts)).to_owned() }
    }

    /// Replaces, adds or drops a segment behind the first.
    pub fn path(&mut self, path: &str) -> String {
        let mut segments: Vec<String> = path.split('/').map(str::to_owned).collect();
        let position = 2 + self.below(segments.len().saturating_sub(2));
        match self.below(4) {
            0 => segments.insert(position.min(segments.len()), self.url_text()),
            1 if segments.len() > 2 => drop(segments.remove(position)),
            2 if segments.len() > 2 => segments[position] = segments[position].to_uppercase(),
            _ if segments.len() > 2 => segments[position] = self.url_text(),
            _ => segments.push(self.url_text()),
        }
        segments.join("/")
    }

    /// Replaces, adds, doubles or drops a parameter.
    pub fn query(&mut self, query: &str) -> String {
        let more = [
            "size",
            "filter",
            "seekOperation",
            "billingType",
            "order_id",
            "mpn_id",
            "targetSegment",
            "term",
            "entitlementType",
            "armRegionName",
            "%00",
            "",
        ];
        let mut pairs: Vec<String> = query.split('&').map(str::to_owned).collect();
        let position = self.below(pairs.len());
        match self.below(4) {
            0 => drop(pairs.remove(position)),
            1 => {
                let name = pairs[position].split('=').next().unwrap_or_default().to_owned();
                pairs[position] = format!("{name}={}", self.url_text());
            }
            2 => pairs.push(format!("{}={}", self.of(&more), self.url_text())),
            _ => pairs.push(self.url_text()),
        }
        pairs.join("&")
    }
}
