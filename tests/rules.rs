//! The business rules, each under its id: B for buying, O for the product itself, P for what
//! customers may buy for themselves, M for managing what was bought.

mod azure_side;

use std::collections::BTreeSet;

use reservoir::catalog::Term;
use reservoir::catalog::import::import;
use reservoir::clock::Clock;
use reservoir::db::{Db, Location};
use reservoir::ids::Guid;
use reservoir::money::{Currency, Money};
use reservoir::partners::{self, Partner, PartnerKind};
use reservoir::price_lists::price_for;
use reservoir::self_serve_policies::may_purchase;
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value, json};

use crate::engines;
use crate::support::purchases::*;
use crate::support::{ADVENTURE_WORKS, AZURE_SUBSCRIPTION, App, CONTOSO, Client, PLAN};

const D8_V4: &str = "DZH318Z0D1L4";
const SIZE_D8_V4: &str = "Standard_D8_v4";

/// The database beside the running server, as a command would open it.
fn beside(app: &App) -> Db {
    Db::open(&Location::parse(app.database_url()).unwrap(), Clock::system()).unwrap()
}

const FABRIKAM: &str = "10000000-0000-4000-8000-000000000002";
const POLICIES: &str = "/v1/SelfServePolicy";

/// Whether a customer may buy for itself at Contoso's expense, as the purchase itself asks.
fn may_buy(app: &App, customer: &str) -> bool {
    let (partner, customer) = (Guid::parse(CONTOSO).unwrap(), Guid::parse(customer).unwrap());
    beside(app).read_now(|unit| may_purchase(unit, &partner, &customer)).unwrap()
}

fn items(agent: &Client, customer: &str, what: &str) -> Vec<Value> {
    agent.get(&format!("/v1/customers/{customer}/{what}")).items()
}

/// What a customer has bought: its order history and what was booked for it.
fn bought(app: &App, agent: &Client, customer: &str) -> (Vec<Value>, Vec<Value>) {
    (items(agent, customer, "orders"), app.ledger(customer))
}

fn texts<'a>(items: &'a [Value], pointer: &str) -> Vec<&'a str> {
    items.iter().map(|item| item.pointer(pointer).and_then(Value::as_str).unwrap_or_default()).collect()
}

fn number(value: &Value) -> Decimal {
    value.to_string().parse().unwrap_or_else(|_| panic!("{value} is no number"))
}

/// The reservations behind the entitlement that an order made.
fn reservations(agent: &Client, customer: &str, order: &Value) -> Vec<Value> {
    let entitlements = items(agent, customer, "entitlements?showExpiry=true");
    let entitlement = entitlements.iter().find(|one| one["referenceOrder"]["id"] == order["id"]).unwrap();
    let link = entitlement["entitledArtifacts"][0]["link"]["uri"].as_str().unwrap();
    agent.get(&format!("/v1{link}")).ok()["reservations"].as_array().unwrap().clone()
}

/// Orders an Azure plan or offer without registering it.
fn unregistered_subscription(agent: &Client, customer: &str, item: &str) -> String {
    let order = agent.post(&format!("/v1/customers/{customer}/orders"), &order(&[line(item, 1)])).expect(201);
    order["lineItems"][0]["subscriptionId"].as_str().unwrap().to_owned()
}

fn suspend(agent: &Client, customer: &str, subscription: &str) -> crate::support::Response {
    agent.patch(&format!("/v1/customers/{customer}/subscriptions/{subscription}"), &json!({"status": "suspended"}))
}

/// Buying a reservation for `subscription` fails with `code` as an order, stands as an error on the
/// line of a cart, fails a checkout, and is left out of a checkout in which something else works.
fn nothing_can_be_bought(app: &App, agent: &Client, customer: &str, subscription: &str, code: u32, cart_error: &str) {
    let before = bought(app, agent, customer);
    let wanted = reservation_line(NV12_ONE_YEAR, 1, subscription);
    agent.post(&format!("/v1/customers/{customer}/orders"), &order(&[wanted])).refused(400, code, "subscriptionId");
    let item = cart_item(NV12_ONE_YEAR, 1, "one_time", subscription);
    let alone = cart(agent, customer, std::slice::from_ref(&item));
    let error = agent.get(&alone).ok()["lineItems"][0]["error"].clone();
    assert_eq!(
        (&error["errorCode"], &error["additionalInformation"]["code"]),
        (&json!(cart_error), &json!(code.to_string()))
    );
    agent.post_empty(&format!("{alone}/checkout")).refused(400, 800_009, "subscriptionId");
    assert_eq!(bought(app, agent, customer), before, "something was bought");

    let offer = json!({"id": 1, "catalogItemId": AZURE_OFFER, "quantity": 1, "billingCycle": "monthly"});
    let mixed = cart(agent, customer, &[item, offer]);
    let result = agent.post_empty(&format!("{mixed}/checkout")).expect(201);
    assert_eq!(result["orderErrors"].as_array().unwrap().len(), 1);
    assert_eq!(result["orderErrors"][0]["code"], code);
    let (orders, ledger) = bought(app, agent, customer);
    assert_eq!(orders.len(), before.0.len() + 1, "the offer alone was bought");
    assert_eq!(texts(&orders.last().unwrap()["lineItems"].as_array().unwrap().clone(), "/offerId"), [AZURE_OFFER]);
    assert_eq!(ledger, before.1);
}

engines! {
    fn b1_the_whole_path_works_through_the_api(app: &App) {
        let sales = app.contoso().sales();
        let filter = r#"{"Field":"CompanyName","Value":"adventure","Operator":"starts_with"}"#;
        let query: String = url::form_urlencoded::byte_serialize(filter.as_bytes()).collect();
        let found = sales.get(&format!("/v1/customers?size=10&filter={query}")).items();
        assert_eq!(texts(&found, "/id"), [ADVENTURE_WORKS]);
        let subscriptions = items(&sales, ADVENTURE_WORKS, "subscriptions");
        assert_eq!((texts(&subscriptions, "/id"), texts(&subscriptions, "/status")), (vec![PLAN], vec!["active"]));
        let azure = items(&sales, ADVENTURE_WORKS, &format!("subscriptions/{PLAN}/azureEntitlements"));
        assert_eq!(texts(&azure, "/id"), [AZURE_SUBSCRIPTION]);

        let scope = "reservationScope=AzurePlan";
        let products = items(&sales, ADVENTURE_WORKS, &format!("products?targetView=AzureReservationsVM&{scope}"));
        let product = products.iter().find(|product| product["id"] == D8_V4).unwrap();
        assert_eq!(product["productType"]["subType"]["id"], "VirtualMachines");
        let skus = items(&sales, ADVENTURE_WORKS, &format!("products/{D8_V4}/skus?{scope}&term=P3Y"));
        assert_eq!(texts(&skus, "/dynamicAttributes/armSkuName"), [SIZE_D8_V4]);
        let sku = skus[0]["id"].as_str().unwrap();
        let availabilities = items(&sales, ADVENTURE_WORKS, &format!("products/{D8_V4}/skus/{sku}/availabilities?{scope}"));
        let item = availabilities[0]["catalogItemId"].as_str().unwrap();

        let cart = cart(&sales, ADVENTURE_WORKS, &[cart_item(item, 2, "one_time", PLAN)]);
        let review = sales.get(&cart).ok();
        assert_eq!((review["totalPrice"].to_string().as_str(), &review["lineItems"][0]["error"]), ("9188.00", &Value::Null));
        let result = sales.post_empty(&format!("{cart}/checkout")).expect(201);
        let order = &result["orders"][0];
        let number = order["id"].as_str().filter(|number| !number.is_empty()).unwrap();
        assert!(texts(&items(&sales, ADVENTURE_WORKS, "orders"), "/id").contains(&number));
        let held = reservations(&sales, ADVENTURE_WORKS, order);
        assert_eq!((held.len(), &held[0]["quantity"], &held[0]["provisioningState"]), (1, &json!(2), &json!("Succeeded")));
    }

    fn b2_purchase_needs_an_active_azure_subscription(app: &App) {
        let admin = app.contoso().admin();
        let customer = customer_with_agreement(&admin, "none.example");
        nothing_can_be_bought(app, &admin, &customer, PLAN, 900_318, "subscription_is_not_valid");
    }

    fn b2_purchase_names_the_subscription_it_is_for(app: &App) {
        let admin = app.contoso().admin();
        let before = bought(app, &admin, ADVENTURE_WORKS);
        let orders = format!("/v1/customers/{ADVENTURE_WORKS}/orders");
        admin.post(&orders, &order(&[line(NV12_ONE_YEAR, 1)])).refused(400, 900_317, "subscriptionId");
        assert_eq!(bought(app, &admin, ADVENTURE_WORKS), before);
    }

    fn b2_no_purchase_for_a_suspended_legacy_subscription(app: &App) {
        let admin = app.contoso().admin();
        let customer = customer_with_agreement(&admin, "suspended.example");
        let subscription = registered_subscription(&admin, &customer, AZURE_OFFER);
        assert_eq!(suspend(&admin, &customer, &subscription).expect(200)["status"], "suspended");
        nothing_can_be_bought(app, &admin, &customer, &subscription, 800_012, "subscription_is_not_enabled_for_r_i");
    }

    fn b2_no_purchase_for_a_suspended_azure_plan(app: &App) {
        let admin = app.contoso().admin();
        let subscriptions = format!("/v1/customers/{ADVENTURE_WORKS}/subscriptions/{PLAN}");
        let azure = format!("{subscriptions}/azureEntitlements/{AZURE_SUBSCRIPTION}");
        suspend(&admin, ADVENTURE_WORKS, PLAN).refused(403, 900_115, "");
        admin.post(&format!("{azure}/cancel"), &json!({"cancellationReason": "compromise"})).expect(200);
        let orders = format!("/v1/customers/{ADVENTURE_WORKS}/orders");
        let wanted = order(&[reservation_line(NV12_ONE_YEAR, 1, PLAN)]);
        admin.post(&orders, &wanted).refused(400, 900_318, "");
        suspend(&admin, ADVENTURE_WORKS, PLAN).expect(200);
        nothing_can_be_bought(app, &admin, ADVENTURE_WORKS, PLAN, 800_012, "subscription_is_not_enabled_for_r_i");
        admin.patch(&subscriptions, &json!({"status": "active"})).expect(200);
        admin.post_empty(&format!("{azure}/reactivate")).expect(202);
        admin.post(&orders, &wanted).expect(201);
    }

    fn b2_no_purchase_for_another_customers_subscription(app: &App) {
        let admin = app.contoso().admin();
        let customer = customer_with_agreement(&admin, "other.example");
        registered_subscription(&admin, &customer, AZURE_PLAN);
        nothing_can_be_bought(app, &admin, &customer, PLAN, 800_011, "subscription_is_not_valid");
        assert!(app.ledger(ADVENTURE_WORKS).is_empty());
    }

    fn b2_no_purchase_for_a_subscription_that_is_not_registered(app: &App) {
        let admin = app.contoso().admin();
        let customer = customer_with_agreement(&admin, "unregistered.example");
        for item in [AZURE_PLAN, AZURE_OFFER] {
            let subscription = unregistered_subscription(&admin, &customer, item);
            nothing_can_be_bought(app, &admin, &customer, &subscription, 800_030, "subscription_not_registered");
            let path = format!("/v1/customers/{customer}/subscriptions/{subscription}");
            assert_eq!(admin.get(&format!("{path}/registrationstatus")).ok()["status"], "notregistered");
            admin.post_empty(&format!("{path}/registrations")).expect(202);
            let wanted = order(&[reservation_line(NV12_ONE_YEAR, 1, &subscription)]);
            admin.post(&format!("/v1/customers/{customer}/orders"), &wanted).expect(201);
        }
    }

    fn b3_a_customer_without_azure_gets_it_and_buys_at_once(app: &App) {
        let sales = app.contoso().sales();
        let orders = |customer: &str| format!("/v1/customers/{customer}/orders");
        for (domain, item) in [("plan.example", AZURE_PLAN), ("offer.example", AZURE_OFFER)] {
            let customer = customer_with_agreement(&sales, domain);
            let wanted = |subscription: &str| order(&[reservation_line(NV12_ONE_YEAR, 1, subscription)]);
            sales.post(&orders(&customer), &wanted(PLAN)).refused(400, 900_318, "");
            let subscription = registered_subscription(&sales, &customer, item);
            let bought = sales.post(&orders(&customer), &wanted(&subscription)).expect(201);
            assert_eq!(reservations(&sales, &customer, &bought).len(), 1, "{item}");
        }
    }

    fn b4_reservations_are_found_by_term_region_size_and_series(app: &App) {
        let admin = app.contoso().admin();
        let products = |filter: &str| {
            let path = format!("/v1/products?country=US&targetView=AzureReservations&{filter}");
            let found = admin.get(&path).items();
            found.iter().map(|product| product["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let skus = |product: &str, filter: &str| admin.get(&format!("/v1/products/{product}/skus?country=US&{filter}")).items();
        let all = products("");
        assert!(all.len() > 10);
        let series = admin.get("/v1/products?country=US&targetView=AzureReservations").items();
        assert!(texts(&series, "/title").contains(&"Virtual Machines Dsv5 Series"), "a product is a series");
        for (filter, pointer, value) in [
            ("term=P1Y", "/dynamicAttributes/duration", "1Year"),
            ("term=p3y", "/dynamicAttributes/duration", "3Years"),
            ("armRegionName=westeurope", "/dynamicAttributes/armRegionName", "westeurope"),
            ("armSkuName=STANDARD_d8_V4", "/dynamicAttributes/armSkuName", SIZE_D8_V4),
        ] {
            let found = products(filter);
            assert!(!found.is_empty(), "{filter}");
            for product in &all {
                let (fitting, every) = (skus(product, filter), skus(product, ""));
                assert!(texts(&fitting, pointer).iter().all(|have| *have == value), "{filter}: {product}");
                let expected = texts(&every, pointer).iter().filter(|have| **have == value).count();
                assert_eq!(fitting.len(), expected, "{filter}: {product}");
                assert_eq!(found.contains(product), expected > 0, "{filter}: {product}");
            }
        }
        for nothing in ["term=P5Y", "armRegionName=atlantis", "armSkuName=Standard_Z1"] {
            assert!(products(nothing).is_empty() && skus(D8_V4, nothing).is_empty(), "{nothing}");
        }
    }

    fn b4_reservations_are_found_by_segment_country_and_currency(app: &App) {
        let admin = app.contoso().admin();
        let shelf = |agent: &Client, query: &str| agent.get(&format!("/v1/products/DZH318Z0BQ36/skus/004G/availabilities?{query}"));
        let segments = |query: &str| -> Vec<String> {
            let found = shelf(&admin, query).items();
            texts(&found, "/segment").into_iter().map(str::to_owned).collect()
        };
        assert_eq!(segments("country=US"), ["commercial", "education", "government"]);
        for segment in ["commercial", "education", "government", "nonprofit"] {
            assert_eq!(segments(&format!("country=US&targetSegment={segment}")), [segment]);
        }
        shelf(&admin, "country=US&targetSegment=pirates").refused(403, 400_030, "targetSegment");

        let sold_in = |country: &str| admin.get(&format!("/v1/products?country={country}&targetView=AzureReservations")).items();
        assert!(!sold_in("DE").is_empty() && sold_in("BR").is_empty());
        shelf(&admin, "country=BR").refused(404, 400_018, "");

        let price = |agent: &Client| shelf(agent, "country=DE").items()[0]["pricing"].clone();
        let (dollars, euros) = (price(&admin), price(&app.fabrikam().admin()));
        assert_eq!((&dollars["currencyCode"], dollars["termPrice"].to_string().as_str()), (&json!("USD"), "11784.00"));
        assert_eq!((&euros["currencyCode"], euros["termPrice"].to_string().as_str()), (&json!("EUR"), "10712.73"));
        let mut wanted = order(&[reservation_line(NV12_ONE_YEAR, 1, PLAN)]);
        wanted["currencyCode"] = json!("EUR");
        admin.post(&format!("/v1/customers/{ADVENTURE_WORKS}/orders"), &wanted).refused(400, 900_169, "currencyCode");
    }

    fn b4_a_customer_where_reservations_are_not_sold_is_offered_none(app: &App) {
        let admin = app.contoso().admin();
        let mut brazilian = new_customer("brasil.example");
        brazilian["billingProfile"]["defaultAddress"]["country"] = json!("BR");
        brazilian["billingProfile"]["defaultAddress"]["state"] = json!("SP");
        brazilian["billingProfile"]["defaultAddress"]["postalCode"] = json!("01000-000");
        brazilian["billingProfile"]["defaultAddress"]["phoneNumber"] = json!("5511999999999");
        let customer = admin.post("/v1/customers", &brazilian).expect(201)["id"].as_str().unwrap().to_owned();
        admin.post(&format!("/v1/customers/{customer}/agreements"), &agreement()).expect(201);
        assert!(items(&admin, &customer, "products?targetView=AzureReservations").is_empty());
        let plan = registered_subscription(&admin, &customer, AZURE_PLAN);
        let wanted = order(&[reservation_line(NV12_ONE_YEAR, 1, &plan)]);
        admin.post(&format!("/v1/customers/{customer}/orders"), &wanted).refused(400, 800_070, "BR");
        assert!(app.ledger(&customer).is_empty());
    }

    fn b5_one_cart_holds_several_items_until_it_is_checked_out(app: &App) {
        let admin = app.contoso().admin();
        let three = |quantity| cart_item(NV12_THREE_YEARS, quantity, "one_time", PLAN);
        let cart = cart(&admin, ADVENTURE_WORKS, &[usual_item(2), three(3)]);
        let prices = |cart: &Value| -> Vec<String> {
            let lines = cart["lineItems"].as_array().unwrap().iter();
            lines.map(|line| format!("{} x {}", line["pricing"]["price"], line["pricing"]["extendedPrice"])).collect()
        };
        let first = admin.get(&cart).ok();
        assert_eq!(prices(&first), ["11784.00 x 23568.00", "22769.00 x 68307.00"]);
        assert_eq!(first["totalPrice"].to_string(), "91875.00");
        let second = admin.put(&cart, &json!({"lineItems": [usual_item(1), three(4)]})).expect(200);
        assert_eq!(second["totalPrice"].to_string(), "102860.00");
        assert!(app.ledger(ADVENTURE_WORKS).is_empty(), "a cart costs nothing");

        let result = admin.post_empty(&format!("{cart}/checkout")).expect(201);
        let lines = result["orders"][0]["lineItems"].as_array().unwrap();
        assert_eq!(lines.iter().map(|line| line["quantity"].as_i64().unwrap()).collect::<Vec<_>>(), [1, 4]);
        assert_eq!(number(&app.ledger(ADVENTURE_WORKS)[0]["minorUnits"]) + number(&app.ledger(ADVENTURE_WORKS)[2]["minorUnits"]), Decimal::from(10_286_000));
        admin.put(&cart, &json!({"lineItems": [usual_item(9)]})).refused(400, 800_065, "");
        assert_eq!(admin.get(&cart).ok()["status"], "Ordered");
    }

    fn b6_the_scope_is_chosen_at_the_purchase(app: &App) {
        let admin = app.contoso().admin();
        let customer = customer_with_agreement(&admin, "scopes.example");
        let (plan, offer) = (registered_subscription(&admin, &customer, AZURE_PLAN), registered_subscription(&admin, &customer, AZURE_OFFER));
        let azure = |subscription: &str| items(&admin, &customer, &format!("subscriptions/{subscription}/azureEntitlements"))[0]["id"].as_str().unwrap().to_owned();
        let (of_plan, of_offer) = (azure(&plan), azure(&offer));
        let buy = |context: Value| {
            let line = json!({"lineItemNumber": 0, "offerId": NV12_ONE_YEAR, "quantity": 1, "provisioningContext": context});
            admin.post(&format!("/v1/customers/{customer}/orders"), &order(&[line]))
        };
        for (context, scope, applied) in [
            (json!({"subscriptionId": plan}), "Shared", Value::Null),
            (json!({"subscriptionId": plan, "scope": "shared"}), "Shared", Value::Null),
            (json!({"SubscriptionId": plan, "Scope": "Single", "EntitlementId": of_plan}), "Single", json!([format!("/subscriptions/{of_plan}")])),
            (json!({"subscriptionId": offer, "scope": "Shared"}), "Shared", Value::Null),
            (json!({"subscriptionId": offer, "scope": "single"}), "Single", json!([format!("/subscriptions/{of_offer}")])),
        ] {
            let held = reservations(&admin, &customer, &buy(context.clone()).expect(201));
            assert_eq!((&held[0]["scopeType"], &held[0]["appliedScopes"]), (&json!(scope), &applied), "{context}");
        }
        let before = bought(app, &admin, &customer);
        for (context, code, field) in [
            (json!({"subscriptionId": plan, "scope": "single"}), 900_313, "entitlementId"),
            (json!({"subscriptionId": plan, "scope": "single", "entitlementId": of_offer}), 900_315, "entitlementId"),
            (json!({"subscriptionId": plan, "scope": "single", "entitlementId": AZURE_SUBSCRIPTION}), 900_315, "entitlementId"),
            (json!({"subscriptionId": plan, "scope": "galaxy"}), 900_312, "scope"),
        ] {
            buy(context).refused(400, code, field);
        }
        assert_eq!(bought(app, &admin, &customer), before);
    }

    fn b7_an_indirect_provider_names_its_reseller(app: &App) {
        let provider = app.northwind().admin();
        let customer = customer_with_agreement(&provider, "shop.example");
        let orders = format!("/v1/customers/{customer}/orders");
        let of_tailspin = |mut line: Value| {
            line["partnerIdOnRecord"] = json!("1000004");
            line
        };
        let plan = provider.post(&orders, &order(&[of_tailspin(line(AZURE_PLAN, 1))])).expect(201);
        assert_eq!(plan["lineItems"][0]["partnerIdOnRecord"], "1000004");
        let plan = plan["lineItems"][0]["subscriptionId"].as_str().unwrap().to_owned();
        let subscription = format!("/v1/customers/{customer}/subscriptions/{plan}");
        assert_eq!(provider.get(&subscription).ok()["partnerId"], "1000004");
        assert_eq!(texts(&items(&provider, &customer, "subscriptions?mpn_id=1000004"), "/id"), [plan.as_str()]);
        assert!(items(&provider, &customer, "subscriptions?mpn_id=1000003").is_empty());
        provider.post_empty(&format!("{subscription}/registrations")).expect(202);

        let direct = provider.post(&orders, &order(&[of_tailspin(reservation_line(NV12_ONE_YEAR, 1, &plan))])).expect(201);
        let mut item = cart_item(NV12_THREE_YEARS, 1, "monthly", &plan);
        item["participants"] = json!([{"key": "transaction_reseller", "value": "1000004"}]);
        let cart = cart(&provider, &customer, &[item]);
        let result = provider.post_empty(&format!("{cart}/checkout")).expect(201);
        for placed in [&direct, &result["orders"][0]] {
            let order = provider.get(&format!("{orders}/{}", placed["id"].as_str().unwrap())).ok();
            assert_eq!(order["lineItems"][0]["partnerIdOnRecord"], "1000004");
        }
        let silent = provider.post(&orders, &order(&[reservation_line(NV12_ONE_YEAR, 1, &plan)])).expect(201);
        assert_eq!(silent["lineItems"][0]["partnerIdOnRecord"], Value::Null, "naming nobody is allowed");
        let alone = app.northwind().application("admin-agent");
        alone.post(&orders, &order(&[of_tailspin(reservation_line(NV12_ONE_YEAR, 1, &plan))])).refused(403, 900_329, "");
    }

    fn b7_a_reseller_without_a_relationship_is_refused(app: &App) {
        let provider = app.northwind().admin();
        let customer = customer_with_agreement(&provider, "shop.example");
        let plan = registered_subscription(&provider, &customer, AZURE_PLAN);
        beside(app).write_now("another provider", |unit| {
            let tailspin = partners::repo::by_mpn_id(unit.conn, "1000004")?.unwrap();
            let named = |name: &str, mpn_id: &str| Partner {
                id: Guid::derived(name),
                name: name.to_owned(),
                domain: format!("{name}.example"),
                mpn_id: mpn_id.to_owned(),
                foreign_group_id: Guid::random(),
                ..tailspin.clone()
            };
            let wingtip = Partner { kind: PartnerKind::Provider, provider_id: None, ..named("wingtip", "1000008") };
            partners::repo::insert(unit.conn, &wingtip)?;
            partners::repo::insert(unit.conn, &Partner { provider_id: Some(wingtip.id), ..named("litware", "1000009") })
        }).unwrap();
        let refused = |agent: &Client, customer: &str, plan: &str, reseller: &str, status: u16, code: u32, cart_error: &str| {
            let before = bought(app, agent, customer);
            let mut line = reservation_line(NV12_ONE_YEAR, 1, plan);
            line["partnerIdOnRecord"] = json!(reseller);
            agent.post(&format!("/v1/customers/{customer}/orders"), &order(&[line])).refused(status, code, "partnerIdOnRecord");
            let mut item = cart_item(NV12_ONE_YEAR, 1, "one_time", plan);
            item["participants"] = json!([{"key": "transaction_reseller", "value": reseller}]);
            let cart = cart(agent, customer, &[item]);
            let error = agent.get(&cart).ok()["lineItems"][0]["error"].clone();
            assert_eq!((&error["errorCode"], &error["additionalInformation"]["code"]), (&json!(cart_error), &json!(code.to_string())), "{reseller}");
            agent.post_empty(&format!("{cart}/checkout")).refused(400, 800_009, "participants");
            assert_eq!(bought(app, agent, customer), before, "{reseller}");
        };
        refused(&provider, &customer, &plan, "7777777", 404, 800_015, "invalid_input");
        for nobody_of_ours in ["1000009", "1000008", "1000001"] {
            refused(&provider, &customer, &plan, nobody_of_ours, 400, 800_016, "invalid_input");
        }
        let own = "1000003";
        refused(&provider, &customer, &plan, own, 400, 800_016, "invalid_input");
        let direct_partner = app.contoso().admin();
        let not_supported = "participants_is_not_supported_for_partner";
        refused(&direct_partner, ADVENTURE_WORKS, PLAN, "1000004", 400, 800_016, not_supported);
    }

    fn b8_the_order_number_stands_in_the_history_from_then_on(app: &App) {
        let admin = app.contoso().admin();
        let cart = cart(&admin, ADVENTURE_WORKS, &[usual_item(1)]);
        let result = admin.post_empty(&format!("{cart}/checkout")).expect(201);
        let number = result["orders"][0]["id"].as_str().unwrap().to_owned();
        let path = format!("/v1/customers/{ADVENTURE_WORKS}/orders/{number}");
        let first = admin.get(&path).ok();
        for later in ["PT1S", "P7D", "P4Y"] {
            app.advance(later);
            assert_eq!(admin.get(&path).ok(), first, "{later}");
            let history = items(&admin, ADVENTURE_WORKS, "orders");
            assert_eq!(texts(&history, "/id").iter().filter(|id| **id == number).count(), 1, "{later}");
            let upfront = items(&admin, ADVENTURE_WORKS, "orders?billingType=OneTime");
            assert!(texts(&upfront, "/id").contains(&number.as_str()), "{later}");
        }
        assert!(!texts(&items(&admin, ADVENTURE_WORKS, "orders?billingType=monthly"), "/id").contains(&number.as_str()));
    }

    fn o1_terms_are_one_year_or_three(app: &App) {
        let admin = app.contoso().admin();
        let orders = format!("/v1/customers/{ADVENTURE_WORKS}/orders");
        for (item, term, years, others) in
            [(NV12_ONE_YEAR, "P1Y", 1, ["P3Y", "P1M", "P5Y"]), (NV12_THREE_YEARS, "P3Y", 3, ["P1Y", "P1M", "P5Y"])]
        {
            let of_term = |term: &str| {
                let mut line = reservation_line(item, 1, PLAN);
                line["termDuration"] = json!(term);
                order(&[line])
            };
            let placed = admin.post(&orders, &of_term(term)).expect(201);
            assert_eq!(placed["lineItems"][0]["termDuration"], term);
            let held = &reservations(&admin, ADVENTURE_WORKS, &placed)[0];
            let year = |member: &str| held[member].as_str().unwrap()[..4].parse::<i32>().unwrap();
            assert_eq!(year("expiryDateTime") - year("effectiveDateTime"), years);
            for other in others {
                admin.post(&orders, &of_term(other)).refused(400, 800_121, "termDuration");
            }
        }
        let skus = every_reservation_sku(&admin);
        let durations: BTreeSet<&str> = skus.iter().map(|sku| sku["dynamicAttributes"]["duration"].as_str().unwrap()).collect();
        assert_eq!(durations.into_iter().collect::<Vec<_>>(), ["1Year", "3Years"]);
    }

    fn o2_a_bought_reservation_is_usable_at_once(app: &App) {
        let admin = app.contoso().admin();
        let wanted = order(&[reservation_line(NV12_ONE_YEAR, 3, PLAN)]);
        let placed = admin.post(&format!("/v1/customers/{ADVENTURE_WORKS}/orders"), &wanted).expect(201);
        assert_eq!(placed["status"], "completed");
        let held = &reservations(&admin, ADVENTURE_WORKS, &placed)[0];
        assert_eq!((&held["provisioningState"], &held["quantity"]), (&json!("Succeeded"), &json!(3)));
        assert_eq!(held["effectiveDateTime"], placed["creationDate"]);
    }

    fn o5_the_saving_is_visible_for_every_offered_reservation(app: &App) {
        let catalogue: Value = serde_json::from_str(include_str!("../data/catalog.json")).unwrap();
        let rows = catalogue["Items"].as_array().unwrap();
        let hourly = |size: &Value, region: &Value| {
            let use_of_it = rows.iter().find(|row| {
                row["type"] == "Consumption" && &row["armSkuName"] == size && &row["armRegionName"] == region
            });
            use_of_it.map(|row| number(&row["retailPrice"]))
        };
        let admin = app.contoso().admin();
        let skus = every_reservation_sku(&admin);
        let sold = rows.iter().filter(|row| row["type"] == "Reservation").count();
        assert_eq!(skus.len(), sold, "every reservation of the catalogue is offered");
        let mut with_saving = 0;
        for sku in &skus {
            let (product, id, facts) = (sku["productId"].as_str().unwrap(), sku["id"].as_str().unwrap(), &sku["dynamicAttributes"]);
            let of_catalogue = rows.iter().find(|row| row["skuId"] == format!("{product}/{id}") && row["type"] == "Reservation").unwrap();
            let price = number(&of_catalogue["retailPrice"]);
            let hours = Decimal::from(if facts["duration"] == "1Year" { 8760 } else { 3 * 8760 });
            let rounded = |amount: Decimal, digits| amount.round_dp_with_strategy(digits, RoundingStrategy::MidpointNearestEven);
            for scope in ["", "&reservationScope=AzurePlan"] {
                let path = format!("/v1/products/{product}/skus/{id}/availabilities?country=US{scope}");
                for availability in admin.get(&path).items() {
                    let pricing = &availability["pricing"];
                    assert_eq!(number(&pricing["termPrice"]), price, "{path}");
                    assert_eq!(number(&pricing["hourlyEquivalent"]), rounded(price / hours, 4), "{path}");
                    let Some(pay_as_you_go) = hourly(&facts["armSkuName"], &facts["armRegionName"]) else {
                        assert_eq!((&pricing["payAsYouGoHourly"], &pricing["savingPercent"]), (&Value::Null, &Value::Null), "{path}");
                        continue;
                    };
                    assert_eq!(number(&pricing["payAsYouGoHourly"]), pay_as_you_go, "{path}");
                    let saving = rounded(Decimal::ONE_HUNDRED - Decimal::ONE_HUNDRED * price / hours / pay_as_you_go, 1);
                    assert_eq!(number(&pricing["savingPercent"]), saving, "{path}");
                    assert!(saving > Decimal::ZERO, "{path} saves nothing");
                    with_saving += 1;
                }
            }
        }
        assert!(with_saving > 100 * 2 * 3, "{with_saving} savings are shown");
    }

    fn o6_software_is_never_the_measure_nor_in_the_price(app: &App) {
        let admin = app.contoso().admin();
        let pricing = |product: &str, sku: &str| {
            let path = format!("/v1/products/{product}/skus/{sku}/availabilities?country=US");
            let pricing = admin.get(&path).items()[0]["pricing"].clone();
            [&pricing["termPrice"], &pricing["payAsYouGoHourly"], &pricing["savingPercent"]].map(ToString::to_string)
        };
        let row = |kind: &str, product: &str, sku: &str, size: &str, name: &str, sku_name: &str, price: &str, since: &str| {
            json!({"currencyCode": "USD", "retailPrice": price.parse::<serde_json::Number>().unwrap(), "armRegionName": "westeurope",
                "location": "EU West", "effectiveStartDate": since, "meterId": "m", "skuId": format!("{product}/{sku}"),
                "productName": name, "skuName": sku_name, "serviceName": "Virtual Machines", "type": kind,
                "reservationTerm": if kind == "Reservation" { json!("1 Year") } else { Value::Null }, "armSkuName": size})
        };
        let new = "Standard_Q8_v9";
        let before = pricing(D8_V4, "01DC");
        let imported = import(&beside(app), &json!({"Items": [
            row("Consumption", "WINDOWS00001", "0001", SIZE_D8_V4, "Virtual Machines Dv4 Series Windows", "D8 v4", "0.828", "2026-06-01T00:00:00Z"),
            row("Consumption", "WINDOWS00001", "0002", SIZE_D8_V4, "Virtual Machines Dv4 Series", "D8 v4 Spot", "0.05", "2026-06-01T00:00:00Z"),
            row("Consumption", "WINDOWS00001", "0003", SIZE_D8_V4, "Virtual Machines Dv4 Series", "D8 v4 Low Priority", "0.09", "2026-06-01T00:00:00Z"),
            row("Reservation", "NEWPRODUCT01", "0001", new, "Virtual Machines Qv9 Series", "Q8 v9", "876", "2026-01-01T00:00:00Z"),
            row("Consumption", "NEWPRODUCT01", "0002", new, "Virtual Machines Qv9 Series Windows", "Q8 v9", "0.5", "2026-01-01T00:00:00Z"),
        ]}).to_string()).unwrap();
        assert_eq!((imported.added, imported.skipped), (1, 4), "the reservation alone is taken in");
        assert_eq!(pricing(D8_V4, "01DC"), before);
        assert_eq!(pricing("NEWPRODUCT01", "0001"), ["876.00", "null", "null"], "a Windows price is no measure");
        import(&beside(app), &json!({"Items": [
            row("Consumption", "NEWPRODUCT01", "0003", new, "Virtual Machines Qv9 Series", "Q8 v9", "0.2", "2025-01-01T00:00:00Z"),
        ]}).to_string()).unwrap();
        assert_eq!(pricing("NEWPRODUCT01", "0001"), ["876.00", "0.2", "50.0"], "the price of compute alone is");
        let products = admin.get("/v1/products?country=US&targetView=AzureReservations").items();
        assert!(products.iter().all(|product| product["productType"]["id"] == "Azure" && !product["title"].as_str().unwrap().contains("Windows")));
    }

    fn o9_the_partner_of_record_never_changes(app: &App) {
        let provider = app.northwind().admin();
        let customer = customer_with_agreement(&provider, "record.example");
        let orders = format!("/v1/customers/{customer}/orders");
        let recorded = |mut line: Value| {
            line["partnerIdOnRecord"] = json!("1000004");
            line
        };
        let plan = provider.post(&orders, &order(&[recorded(line(AZURE_PLAN, 1))])).expect(201);
        let plan = plan["lineItems"][0]["subscriptionId"].as_str().unwrap().to_owned();
        let subscription = format!("/v1/customers/{customer}/subscriptions/{plan}");
        provider.post_empty(&format!("{subscription}/registrations")).expect(202);
        let mut item = cart_item(NV12_ONE_YEAR, 1, "one_time", &plan);
        item["participants"] = json!([{"key": "transaction_reseller", "value": "1000004"}]);
        let cart = cart(&provider, &customer, &[item.clone()]);
        let result = provider.post_empty(&format!("{cart}/checkout")).expect(201);
        let order_path = format!("{orders}/{}", result["orders"][0]["id"].as_str().unwrap());
        let placed = provider.get(&order_path).ok();
        assert_eq!(placed["lineItems"][0]["partnerIdOnRecord"], "1000004");

        for partner_id in [json!("1000003"), json!(""), Value::Null] {
            let patched = provider.patch(&subscription, &json!({"friendlyName": "renamed", "partnerId": partner_id, "partnerIdOnRecord": partner_id}));
            assert_eq!(patched.expect(200)["partnerId"], "1000004");
            assert_eq!(provider.get(&subscription).ok()["friendlyName"], "renamed");
        }
        item.as_object_mut().unwrap().remove("participants");
        provider.put(&cart, &json!({"lineItems": [item]})).refused(400, 800_065, "");
        provider.post_empty(&format!("{cart}/checkout")).expect(201);
        let mut changed = placed.clone();
        changed["lineItems"][0]["partnerIdOnRecord"] = json!("1000003");
        for method in ["PUT", "PATCH", "DELETE"] {
            let answer = provider.json(method, &order_path, &changed);
            assert!(answer.status >= 400, "{method} on an order answered {}", answer.status);
        }
        assert_eq!(provider.get(&order_path).ok(), placed);
        assert_eq!(provider.get(&subscription).ok()["partnerId"], "1000004");
    }

    fn p1_no_customer_may_buy_for_itself_at_first(app: &App) {
        let admin = app.contoso().admin();
        let other = customer_with_agreement(&admin, "off.example");
        registered_subscription(&admin, &other, AZURE_PLAN);
        for customer in [ADVENTURE_WORKS, &other] {
            assert!(admin.get(&format!("{POLICIES}?entity_id={customer}")).items().is_empty());
            assert!(!may_buy(app, customer));
        }
        admin.post(POLICIES, &purchase_permission(ADVENTURE_WORKS)).expect(201);
        assert!(may_buy(app, ADVENTURE_WORKS) && !may_buy(app, &other));
        let mut savings = purchase_permission(&other);
        savings["permissions"][0]["resource"] = json!("AzureSavingsPlan");
        admin.post(POLICIES, &savings).expect(201);
        assert!(!may_buy(app, &other), "savings plans are not reservations");
    }

    fn p2_only_an_admin_agent_turns_it_on_or_off(app: &App) {
        let (contoso, wanted) = (app.contoso(), purchase_permission(ADVENTURE_WORKS));
        let listed = format!("{POLICIES}?entity_id={ADVENTURE_WORKS}");
        let others = [contoso.sales(), contoso.helpdesk()];
        for agent in &others {
            agent.post(POLICIES, &wanted).refused(403, 900_150, "role");
            assert!(agent.get(&listed).items().is_empty());
        }
        contoso.application("admin-agent").post(POLICIES, &wanted).refused(403, 900_329, "");
        assert!(!may_buy(app, ADVENTURE_WORKS));
        let policy = contoso.admin().post(POLICIES, &wanted).expect(201);
        let path = format!("{POLICIES}/{}", policy["id"].as_str().unwrap());
        for agent in &others {
            assert_eq!(agent.get(&path).ok(), policy);
            agent.put(POLICIES, &policy).refused(403, 900_150, "role");
            agent.put(&path, &policy).refused(403, 900_150, "role");
            agent.send("DELETE", &path, None, Vec::new()).refused(403, 900_150, "role");
            assert_eq!(agent.get(&listed).items(), std::slice::from_ref(&policy));
        }
        contoso.admin().send("DELETE", &path, None, Vec::new()).expect(204);
        assert!(!may_buy(app, ADVENTURE_WORKS));
    }

    fn p3_only_for_a_customer_with_azure_from_this_partner(app: &App) {
        let admin = app.contoso().admin();
        let wants = |customer: &str| admin.post(POLICIES, &purchase_permission(customer));
        let seats = customer_with_agreement(&admin, "seats.example");
        wants(&seats).refused(400, 800_011, "selfServeEntity.tenantID");
        admin.post(&format!("/v1/customers/{seats}/orders"), &order(&[line("CFQ7TTC0LH18:0001:CFQ7TTC0K971", 1)])).expect(201);
        wants(&seats).refused(400, 800_011, "selfServeEntity.tenantID");
        unregistered_subscription(&admin, &seats, AZURE_PLAN);
        wants(&seats).expect(201);
        let legacy = customer_with_agreement(&admin, "legacy.example");
        unregistered_subscription(&admin, &legacy, AZURE_OFFER);
        wants(&legacy).expect(201);

        // Another partner's plan does not count.
        let fabrikam = app.fabrikam().admin();
        app.anonymous().post("/_reservoir/relationships", &json!({"customerId": ADVENTURE_WORKS, "partnerId": FABRIKAM})).ok();
        let mut theirs = purchase_permission(ADVENTURE_WORKS);
        theirs["grantor"]["tenantID"] = json!(FABRIKAM);
        fabrikam.post(POLICIES, &theirs).refused(400, 800_011, "selfServeEntity.tenantID");
        fabrikam.post(&format!("/v1/customers/{ADVENTURE_WORKS}/agreements"), &agreement()).expect(201);
        unregistered_subscription(&fabrikam, ADVENTURE_WORKS, AZURE_PLAN);
        fabrikam.post(POLICIES, &theirs).expect(201);
        assert!(!may_buy(app, ADVENTURE_WORKS), "what one partner permits is not at another's expense");
    }

    fn p6_the_customer_pays_what_the_partner_set(app: &App) {
        let admin = app.contoso().admin();
        let (partner, customer) = (Guid::parse(CONTOSO).unwrap(), Guid::parse(ADVENTURE_WORKS).unwrap());
        let path = format!("/reservoir/v1/customers/{ADVENTURE_WORKS}/prices");
        let db = Db::open(&Location::parse(app.database_url()).unwrap(), Clock::movable()).unwrap();
        let public = Money { minor: NV12_ONE_YEAR_USD * 100, currency: Currency::USD };
        let price = || {
            let paid = db.read_now(|unit| {
                db.clock().refresh(unit.conn)?;
                unit.now = db.clock().now();
                price_for(unit, &partner, &customer, "DZH318Z0BQ36", "004G", Term::OneYear, public)
            });
            paid.unwrap().minor
        };
        assert_eq!(price(), public.minor, "the public price, where the partner set none");
        admin.put(&path, &json!({"items": [{"marginPercent": "20"}]})).expect(200);
        assert_eq!(price(), 1_414_080);
        admin.put(&path, &json!({"items": [{"marginPercent": "20"}, {"productId": "DZH318Z0BQ36", "skuId": "004G", "fixedPrice": "9999.99", "currencyCode": "USD"}]})).expect(200);
        assert_eq!(price(), 999_999, "the narrowest item decides");
        let later = (chrono::Utc::now() + chrono::TimeDelta::days(10)).to_rfc3339();
        admin.put(&path, &json!({"items": [], "effectiveFrom": later})).expect(200);
        assert_eq!(price(), 999_999, "not yet");
        app.advance("P11D");
        assert_eq!(price(), public.minor);
    }

    fn p10_turning_it_on_and_off_is_recorded_with_who_and_when(app: &App) {
        let (admin, sales) = (app.contoso().admin().with("MS-CorrelationId", "c-10"), app.contoso().sales());
        sales.post(POLICIES, &purchase_permission(ADVENTURE_WORKS)).refused(403, 900_150, "");
        let policy = admin.post(POLICIES, &purchase_permission(ADVENTURE_WORKS)).expect(201);
        let changed = admin.put(POLICIES, &policy).expect(200);
        admin.send("DELETE", &format!("{POLICIES}/{}", changed["id"].as_str().unwrap()), None, Vec::new()).expect(204);
        let log = admin.get("/v1/auditrecords").items();
        let told: Vec<[&str; 4]> = log.iter().map(|record| {
            ["operationType", "operationStatus", "userPrincipalName", "customerId"].map(|member| record[member].as_str().unwrap())
        }).collect();
        let done = |operation| [operation, "succeeded", "admin@contoso.example", ADVENTURE_WORKS];
        assert_eq!(told, [
            done("delete_self_serve_policy"),
            done("update_self_serve_policy"),
            done("create_self_serve_policy"),
            ["create_self_serve_policy", "failed", "sales@contoso.example", ADVENTURE_WORKS],
        ]);
        let now = chrono::Utc::now();
        for record in &log {
            assert_eq!((&record["resourceType"], &record["customerName"]), (&json!("self_serve_policy"), &json!("Adventure Works")));
            let at: chrono::DateTime<chrono::Utc> = record["operationDate"].as_str().unwrap().parse().unwrap();
            assert!((now - at).num_seconds() < 60);
        }
        assert_eq!(log[0]["originalCorrelationId"], "c-10");
        let old: Value = serde_json::from_str(log[0]["resourceOldValue"].as_str().unwrap()).unwrap();
        assert_eq!(old["Permissions"][0]["Resource"], "AzureReservedInstances");
        assert!(log[0].get("resourceNewValue").is_none());
    }

    fn p11_turning_it_off_leaves_earlier_purchases_as_they_are(app: &App) {
        let admin = app.contoso().admin();
        let policy = admin.post(POLICIES, &purchase_permission(ADVENTURE_WORKS)).expect(201);
        let placed = admin.post(&format!("/v1/customers/{ADVENTURE_WORKS}/orders"), &order(&[reservation_line(NV12_ONE_YEAR, 2, PLAN)])).expect(201);
        let before = (bought(app, &admin, ADVENTURE_WORKS), reservations(&admin, ADVENTURE_WORKS, &placed));
        admin.send("DELETE", &format!("{POLICIES}/{}", policy["id"].as_str().unwrap()), None, Vec::new()).expect(204);
        assert!(!may_buy(app, ADVENTURE_WORKS));
        assert_eq!((bought(app, &admin, ADVENTURE_WORKS), reservations(&admin, ADVENTURE_WORKS, &placed)), before);
    }

    fn everybody_sees_their_own_customers_and_no_others(app: &App) {
        let (provider, reseller) = (app.northwind().admin(), app.tailspin().admin());
        let mut shared = new_customer("shared.example");
        shared["associatedPartnerId"] = json!("10000000-0000-4000-8000-000000000004");
        let shared = provider.post("/v1/customers", &shared).expect(201)["id"].as_str().unwrap().to_owned();
        let unshared = customer_with_agreement(&provider, "unshared.example");
        let seen = |agent: &Client| -> BTreeSet<String> {
            agent.get("/v1/customers").items().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
        };
        let set = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<BTreeSet<_>>();
        assert_eq!(seen(&app.contoso().helpdesk()), set(&[ADVENTURE_WORKS]));
        assert_eq!(seen(&app.fabrikam().admin()), set(&[]));
        assert_eq!(seen(&provider), set(&[&shared, &unshared]));
        assert_eq!(seen(&reseller), set(&[&shared]));
        for (agent, customer) in [(&provider, ADVENTURE_WORKS), (&reseller, ADVENTURE_WORKS), (&reseller, unshared.as_str())] {
            agent.get(&format!("/v1/customers/{customer}")).refused(404, 60_003, "");
        }
        let owner = app.anonymous().form("/adventure-works.example/oauth2/v2.0/token", &[
            ("grant_type", "password"), ("username", "owner@adventure-works.example"), ("password", "any"), ("client_id", "tests"),
        ]).ok();
        let owner = app.bearer(owner["access_token"].as_str().unwrap());
        for path in ["/v1/customers".to_owned(), format!("/v1/customers/{ADVENTURE_WORKS}"), format!("/v1/customers/{shared}")] {
            owner.get(&path).refused(403, 900_150, "");
        }
    }

    fn m7_a_refund_is_asked_for_as_a_support_request_and_carried_out_from_there(app: &App) {
        let (helpdesk, admin) = (app.contoso().helpdesk(), app.contoso().admin());
        let orders = format!("/v1/customers/{ADVENTURE_WORKS}/orders");
        admin.post(&orders, &order(&[reservation_line(NV12_ONE_YEAR, 1, PLAN)])).expect(201);
        let entitlement = items(&admin, ADVENTURE_WORKS, "entitlements").remove(0);
        let artifact = &entitlement["entitledArtifacts"][0];
        let order_id = artifact["resourceId"].as_str().unwrap();
        let held = admin.get(&format!("/v1{}", artifact["link"]["uri"].as_str().unwrap())).ok();
        let id = held["reservations"][0]["reservationId"].as_str().unwrap();
        // Issue type, problem type and category of the form, then contact details.
        let version = "api-version=2024-04-01";
        let listed = |path: &str, name: &str| {
            let list = helpdesk.get(&format!("{path}?{version}")).ok();
            let all = list["value"].as_array().unwrap();
            let found = all.iter().find(|one| one["properties"]["displayName"] == name).unwrap();
            found["id"].as_str().unwrap().to_owned()
        };
        let service = listed("/providers/Microsoft.Support/services", "Billing");
        let problems = format!("{service}/problemClassifications");
        let problem = listed(&problems, "Reservation Management / Exchanges and Refunds");
        let ticket = format!("/subscriptions/{AZURE_SUBSCRIPTION}/providers/Microsoft.Support/supportTickets/m7?{version}");
        let created = helpdesk.put(&ticket, &json!({"properties": {
            "serviceId": service, "problemClassificationId": problem, "title": "Return", "description": "Please return it.",
            "severity": "minimal", "advancedDiagnosticConsent": "No", "reservationOrderId": order_id, "reservationId": id,
            "contactDetails": {
                "firstName": "Ada", "lastName": "Low", "preferredContactMethod": "email", "primaryEmailAddress": "ada@contoso.example",
                "preferredTimeZone": "Pacific Standard Time", "country": "usa", "preferredSupportLanguage": "en-US",
            },
        }})).expect(200);
        let order_path = format!("/providers/Microsoft.Capacity/reservationOrders/{order_id}");
        let full = format!("{order_path}/reservations/{id}");
        let shown = &created["properties"];
        assert_eq!((&shown["reservationOrderId"], &shown["reservationId"]), (&json!(order_path), &json!(full)));

        let returned = json!({"reservationId": full, "quantity": 1});
        let asked = json!({"properties": {"scope": "Reservation", "reservationToReturn": returned}});
        let quote = admin.post(&format!("{order_path}/calculateRefund?api-version=2022-11-01"), &asked).ok();
        let mut wanted = asked;
        wanted["properties"]["sessionId"] = quote["properties"]["sessionId"].clone();
        let id = shown["supportTicketId"].as_str().unwrap();
        let target = format!("/reservoir/v1/tickets/{id}/refund");
        helpdesk.post(&target, &wanted).refused(403, 900_150, "");
        let done = admin.post(&target, &wanted).expect(200);
        assert_eq!(number(&done["outcome"]["amount"]), number(&quote["properties"]["billingRefundAmount"]["amount"]));
        let seen = helpdesk.get(&ticket).ok();
        assert_eq!((&seen["properties"]["outcome"], &seen["properties"]["status"]), (&done["outcome"], &json!("Closed")));
        assert_eq!(helpdesk.get(&format!("/v1/servicerequests/{id}")).ok(), done);
    }
}

/// Every SKU of every reservation that is offered in the United States.
fn every_reservation_sku(agent: &Client) -> Vec<Value> {
    let products = agent.get("/v1/products?country=US&targetView=AzureReservations").items();
    let skus = |product: &Value| {
        let id = product["id"].as_str().unwrap();
        agent.get(&format!("/v1/products/{id}/skus?country=US")).items()
    };
    products.iter().flat_map(skus).collect()
}
