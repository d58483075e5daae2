//! Nobody sees what is somebody else's, and somebody else's is the same as nobody's.

use reservoir::permissions::{ALL, Rights};
use serde_json::{Value, json};

use crate::engines;
use crate::support::purchases::*;
use crate::support::{ADVENTURE_WORKS, AZURE_SUBSCRIPTION, App, Client, PLAN, Response};

const FABRIKAM: &str = "10000000-0000-4000-8000-000000000002";
const TAILSPIN: &str = "10000000-0000-4000-8000-000000000004";
const UNKNOWN: &str = "5fffffff-ffff-4fff-8fff-ffffffffffff";

/// What a customer has of everything that has an id of its own.
struct Belongings {
    plan: String,
    azure: String,
    cart: String,
    order: String,
    user: String,
    ticket: String,
    /// Relative to the customer.
    artifact: String,
}

impl Belongings {
    /// Buys a reservation and leaves another in a cart.
    fn of(agent: &Client, customer: &str, plan: &str) -> Self {
        let path = format!("/v1/customers/{customer}");
        let wanted = order(&[reservation_line(NV12_ONE_YEAR, 1, plan)]);
        let order = agent.post(&format!("{path}/orders"), &wanted).expect(201);
        let azure = agent.get(&format!("{path}/subscriptions/{plan}/azureEntitlements")).items();
        let entitlements = agent.get(&format!("{path}/entitlements")).items();
        let link = entitlements[0]["entitledArtifacts"][0]["link"]["uri"].as_str().unwrap();
        let cart = cart(agent, customer, &[cart_item(NV12_ONE_YEAR, 1, "one_time", plan)]);
        let company = agent.get(&path).ok();
        let domain = company["companyProfile"]["domain"].as_str().unwrap();
        Self {
            plan: plan.to_owned(),
            azure: azure[0]["id"].as_str().unwrap().to_owned(),
            cart: cart.rsplit('/').next().unwrap().to_owned(),
            order: order["id"].as_str().unwrap().to_owned(),
            user: user(agent, customer, &format!("theirs@{domain}")),
            ticket: ticket(agent, customer),
            artifact: link.split_once(customer).unwrap().1.to_owned(),
        }
    }

    /// Makes a call, well formed in every respect, to `customer` with these ids.
    fn call(&self, client: &Client, operation: &Rights, customer: &str) -> Response {
        let (root, below) = operation.path.split_once("{customer_id}").unwrap();
        let relative = if below.contains("/artifacts/") { &self.artifact } else { below };
        let filled = relative
            .replace("{subscription_id}", &self.plan)
            .replace("{entitlement_id}", &self.azure)
            .replace("{cart_id}", &self.cart)
            .replace("{order_id}", &self.order)
            .replace("{user_id}", &self.user)
            .replace("{role_id}", HELPDESK_ADMINISTRATOR)
            .replace("{servicerequest_id}", &self.ticket)
            .replace("{product_id}", "DZH318Z0BQ36")
            .replace("{sku_id}", "004G")
            .replace("{availability_id}", "DZH318Z08C0S");
        assert!(!filled.contains('{'), "{filled}");
        let path = format!("{root}{customer}{filled}?targetView=Azure&reservationScope=AzurePlan");
        let body = match operation.id {
            "UpdateBillingProfile" => new_customer("any.example")["billingProfile"].clone(),
            "ConfirmAgreement" => agreement(),
            "CreateCart" | "UpdateCart" => json!({"lineItems": [cart_item(NV12_ONE_YEAR, 7, "one_time", &self.plan)]}),
            "CreateOrder" => order(&[reservation_line(NV12_ONE_YEAR, 7, &self.plan)]),
            "UpdateSubscription" => json!({"friendlyName": "taken over"}),
            "UpdatePriceList" => json!({"items": [{"marginPercent": "7"}]}),
            "CancelAzureEntitlement" => json!({"cancellationReason": "compromise"}),
            "CreateCustomerUser" => new_user("new@adventure-works.example"),
            "UpdateCustomerUser" | "ResetUserPassword" => {
                json!({"displayName": "taken over", "passwordProfile": {"password": "taken over"}})
            }
            "AddRoleMember" => json!({"id": self.user}),
            "UpdateCustomerServiceRequest" => json!({"title": "taken over", "newNote": {"text": "taken over"}}),
            "CheckoutCart"
            | "RegisterSubscription"
            | "ReactivateAzureEntitlement"
            | "DeleteCustomerUser"
            | "RemoveRoleMember" => Value::Null,
            other => {
                assert_eq!(operation.method, "GET", "{other} has no body here");
                return client.get(&path);
            }
        };
        client.json(operation.method, &path, &body)
    }

    /// Everything of the customer that a call could have changed.
    fn contents(&self, app: &App, agent: &Client, customer: &str) -> Vec<String> {
        let things = [
            String::new(),
            "/agreements?agreementType=*".to_owned(),
            "/orders?include_price=true".to_owned(),
            "/subscriptions".to_owned(),
            format!("/subscriptions/{}/azureEntitlements", self.plan),
            format!("/carts/{}", self.cart),
            "/entitlements".to_owned(),
            "/users".to_owned(),
            format!("/directoryroles/{HELPDESK_ADMINISTRATOR}/usermembers"),
            "/servicerequests".to_owned(),
            self.artifact.clone(),
        ];
        let mut all: Vec<String> =
            things.iter().map(|path| agent.get(&format!("/v1/customers/{customer}{path}")).ok().to_string()).collect();
        all.push(agent.get(&format!("/reservoir/v1/customers/{customer}/prices")).ok().to_string());
        all.push(format!("{:?}", app.ledger(customer)));
        all
    }
}

fn of_a_customer() -> impl Iterator<Item = &'static Rights> {
    ALL.iter().filter(|operation| operation.path.contains("{customer_id}"))
}

fn count(agent: &Client, customer: &str, what: &str) -> usize {
    agent.get(&format!("/v1/customers/{customer}/{what}")).items().len()
}

engines! {
    fn another_partners_customer_is_as_unknown_as_none(app: &App) {
        let contoso = app.contoso().admin();
        let belongings = Belongings::of(&contoso, ADVENTURE_WORKS, PLAN);
        let before = belongings.contents(app, &contoso, ADVENTURE_WORKS);
        for stranger in [app.fabrikam().admin(), app.northwind().admin(), app.sandbox().admin()] {
            for operation in of_a_customer() {
                belongings.call(&stranger, operation, ADVENTURE_WORKS).refused(404, 60_003, "");
            }
        }
        for operation in of_a_customer() {
            let foreign = belongings.call(&app.fabrikam().admin(), operation, ADVENTURE_WORKS);
            let unknown = belongings.call(&contoso, operation, UNKNOWN);
            unknown.refused(404, 60_003, "");
            assert_eq!(foreign.text, unknown.text, "{}", operation.id);
        }
        assert_eq!(belongings.contents(app, &contoso, ADVENTURE_WORKS), before, "a stranger changed something");

        let inventory = json!({"targetItems": [{"productId": "DZH318Z0BQ36"}], "inventoryContext": {"customerId": ADVENTURE_WORKS}});
        let check = "/v1/extensions/product/checkinventory?country=US";
        contoso.post(check, &inventory).expect(200);
        app.fabrikam().admin().post(check, &inventory).refused(404, 60_003, "");
        assert!(app.fabrikam().admin().get("/v1/customers?size=500").items().is_empty());
    }

    fn one_customers_things_are_not_found_under_another(app: &App) {
        let admin = app.contoso().admin();
        let theirs = Belongings::of(&admin, ADVENTURE_WORKS, PLAN);
        let other = customer_with_agreement(&admin, "other.example");
        let plan = registered_subscription(&admin, &other, AZURE_PLAN);
        let before = theirs.contents(app, &admin, ADVENTURE_WORKS);
        let mut hidden = 0;
        for operation in of_a_customer() {
            let code = match operation.path {
                path if path.contains("{subscription_id}") => 20_003,
                path if path.contains("{cart_id}") => 800_008,
                path if path.contains("{order_id}") => 20_000,
                path if path.contains("/artifacts/") => 1000,
                path if path.contains("{user_id}") => 60_002,
                path if path.contains("{servicerequest_id}") => 1000,
                _ => continue,
            };
            theirs.call(&admin, operation, &other).refused(404, code, "");
            hidden += 1;
        }
        assert!(hidden >= 19, "{hidden} operations name something of a customer");
        let under_own_plan = format!("/v1/customers/{other}/subscriptions/{plan}/azureEntitlements/{AZURE_SUBSCRIPTION}");
        admin.get(&under_own_plan).refused(404, 800_111, "");
        admin.post(&format!("{under_own_plan}/cancel"), &json!({"cancellationReason": "compromise"})).refused(404, 800_111, "");
        assert_eq!((count(&admin, &other, "orders"), count(&admin, &other, "entitlements")), (1, 0));
        assert_eq!(theirs.contents(app, &admin, ADVENTURE_WORKS), before);
    }

    fn two_partners_of_one_customer_do_not_see_each_others_business(app: &App) {
        let (contoso, fabrikam) = (app.contoso().admin(), app.fabrikam().admin());
        let theirs = Belongings::of(&contoso, ADVENTURE_WORKS, PLAN);
        let before = theirs.contents(app, &contoso, ADVENTURE_WORKS);
        app.anonymous().post("/_reservoir/relationships", &json!({"customerId": ADVENTURE_WORKS, "partnerId": FABRIKAM})).ok();

        let customer = format!("/v1/customers/{ADVENTURE_WORKS}");
        assert_eq!(fabrikam.get(&customer).ok()["companyProfile"]["domain"], "adventure-works.example");
        assert_eq!(fabrikam.get("/v1/customers").items().len(), 1);
        for what in ["orders", "subscriptions", "entitlements", "agreements?agreementType=*", "servicerequests"] {
            assert_eq!(count(&fabrikam, ADVENTURE_WORKS, what), 0, "{what}");
            assert!(count(&contoso, ADVENTURE_WORKS, what) > 0, "{what}");
        }
        for operation in of_a_customer() {
            let code = match operation.path {
                path if path.contains("{subscription_id}") => 20_003,
                path if path.contains("{cart_id}") => 800_008,
                path if path.contains("{order_id}") => 20_000,
                path if path.contains("/artifacts/") => 1000,
                path if path.contains("{servicerequest_id}") => 1000,
                _ => continue,
            };
            theirs.call(&fabrikam, operation, ADVENTURE_WORKS).refused(404, code, "");
        }

        let orders = format!("{customer}/orders");
        let unsigned = order(&[line(AZURE_PLAN, 1)]);
        fabrikam.post(&orders, &unsigned).refused(403, 13_605, "");
        let early = cart(&fabrikam, ADVENTURE_WORKS, &[json!({"catalogItemId": AZURE_PLAN, "quantity": 1, "billingCycle": "one_time"})]);
        fabrikam.post_empty(&format!("{early}/checkout")).refused(403, 13_605, "");
        assert_eq!(count(&fabrikam, ADVENTURE_WORKS, "orders"), 0);
        fabrikam.post(&format!("{customer}/agreements"), &agreement()).expect(201);
        fabrikam.post(&orders, &order(&[reservation_line(NV12_ONE_YEAR, 1, PLAN)])).refused(400, 900_318, "");
        let plan = registered_subscription(&fabrikam, ADVENTURE_WORKS, AZURE_PLAN);
        fabrikam.post(&orders, &order(&[reservation_line(NV12_ONE_YEAR, 1, PLAN)])).refused(400, 800_011, "");
        let mut elsewhere = reservation_line(NV12_ONE_YEAR, 1, &plan);
        elsewhere["provisioningContext"] = json!({"subscriptionId": plan, "scope": "single", "entitlementId": AZURE_SUBSCRIPTION});
        fabrikam.post(&orders, &order(&[elsewhere])).refused(400, 900_315, "entitlementId");
        assert_eq!(theirs.contents(app, &contoso, ADVENTURE_WORKS), before, "Fabrikam changed something of Contoso's");

        let placed = fabrikam.post(&orders, &order(&[reservation_line(NV12_ONE_YEAR, 3, &plan)])).expect(201);
        let number = placed["id"].as_str().unwrap();
        let priced = fabrikam.get(&format!("{orders}/{number}?include_price=true")).ok();
        let figures = [&priced["currencyCode"], &priced["totalPrice"], &priced["exchangeRate"]].map(ToString::to_string);
        // 3 × 11784 USD / 1.10
        assert_eq!(figures, ["\"EUR\"", "32138.18", "1.10"]);
        let ledger = app.ledger(ADVENTURE_WORKS);
        let in_euros: Vec<i64> = ledger.iter().filter(|entry| entry["currency"] == "EUR").map(|entry| entry["minorUnits"].as_i64().unwrap()).collect();
        assert_eq!(in_euros, [3_213_818, 3_213_818]);
        assert_eq!(ledger.iter().filter(|entry| entry["currency"] == "USD").count(), 2);

        contoso.get(&format!("{orders}/{number}")).refused(404, 20_000, "");
        contoso.get(&format!("{customer}/subscriptions/{plan}")).refused(404, 20_003, "");
        contoso.post(&orders, &order(&[reservation_line(NV12_ONE_YEAR, 1, &plan)])).refused(400, 800_011, "");
        let after = theirs.contents(app, &contoso, ADVENTURE_WORKS);
        assert_eq!(after[..after.len() - 1], before[..before.len() - 1], "Contoso sees Fabrikam's business");
        assert_eq!((count(&fabrikam, ADVENTURE_WORKS, "orders"), count(&fabrikam, ADVENTURE_WORKS, "entitlements")), (2, 1));
    }

    fn a_reseller_reads_the_customers_it_shares_and_writes_nothing(app: &App) {
        let (provider, reseller) = (app.northwind().admin(), app.tailspin().admin());
        let mut wanted = new_customer("shared.example");
        wanted["associatedPartnerId"] = json!(TAILSPIN);
        app.northwind().application("admin-agent").post("/v1/customers", &wanted).refused(403, 900_329, "");
        let shared = provider.post("/v1/customers", &wanted).expect(201)["id"].as_str().unwrap().to_owned();
        provider.post(&format!("/v1/customers/{shared}/agreements"), &agreement()).expect(201);
        let plan = registered_subscription(&provider, &shared, AZURE_PLAN);
        let theirs = Belongings::of(&provider, &shared, &plan);
        let unshared = customer_with_agreement(&provider, "unshared.example");

        let seen = reseller.get("/v1/customers").items();
        assert_eq!(seen.iter().map(|one| &one["id"]).collect::<Vec<_>>(), [&json!(shared)]);
        let before = theirs.contents(app, &provider, &shared);
        assert_eq!(theirs.contents(app, &reseller, &shared), before, "the reseller reads what its provider does");
        let (mut read, mut refused) = (0, 0);
        for operation in of_a_customer() {
            let answer = theirs.call(&reseller, operation, &shared);
            if operation.method == "GET" {
                answer.expect(200);
                for other in [unshared.as_str(), ADVENTURE_WORKS, UNKNOWN] {
                    theirs.call(&reseller, operation, other).refused(404, 60_003, "");
                }
                read += 1;
            } else {
                answer.refused(403, 900_150, "");
                refused += 1;
            }
        }
        assert!(read > 10 && refused > 8, "{read} read, {refused} refused");
        reseller.post("/v1/customers", &new_customer("own.example")).refused(403, 900_150, "");
        assert_eq!(theirs.contents(app, &provider, &shared), before);
    }

    fn only_a_providers_own_reseller_is_associated(app: &App) {
        let with = |domain: &str, partner: &str| {
            let mut wanted = new_customer(domain);
            wanted["associatedPartnerId"] = json!(partner);
            wanted
        };
        let provider = app.northwind().admin();
        provider.post("/v1/customers", &with("a.example", UNKNOWN)).refused(404, 800_015, "associatedPartnerId");
        provider.post("/v1/customers", &with("b.example", FABRIKAM)).refused(400, 800_016, "associatedPartnerId");
        app.contoso().admin().post("/v1/customers", &with("c.example", TAILSPIN)).refused(400, 800_016, "associatedPartnerId");
        assert!(provider.get("/v1/customers").items().is_empty());
    }
}
