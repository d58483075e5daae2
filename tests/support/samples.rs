//! A valid request of every operation, for tests that walk them all.

use std::collections::BTreeMap;

use reservoir::permissions::{ALL, Rights};
use serde_json::{Value, json};

use super::purchases::*;
use super::{ADVENTURE_WORKS, AZURE_SUBSCRIPTION, App, Client, PLAN};

/// Parameters that at least one operation asks for; the others ignore them.
pub const QUERY: &str = "country=US&targetView=AzureReservationsVM&armSkuName=Standard_NV12&reservationScope=AzurePlan&agreementType=*&entity_id=50000000-0000-4000-8000-000000000001&include_price=True&showExpiry=true";

/// The seeded customer with a cart and a reservation, and a path to each of its resources.
pub struct Samples {
    ids: BTreeMap<String, String>,
}

impl Samples {
    /// Fills a cart and buys a reservation.
    pub fn new(agent: &Client) -> Self {
        let order = agent
            .post(
                &format!("/v1/customers/{ADVENTURE_WORKS}/orders"),
                &order(&[reservation_line(NV12_ONE_YEAR, 1, PLAN)]),
            )
            .expect(201);
        let cart = cart(agent, ADVENTURE_WORKS, &[usual_item(1)]);
        let policy = agent.post("/v1/SelfServePolicy", &purchase_permission(ADVENTURE_WORKS)).expect(201);
        let entitlements = agent.get(&format!("/v1/customers/{ADVENTURE_WORKS}/entitlements")).items();
        let artifact = entitlements[0]["entitledArtifacts"][0]["link"]["uri"].as_str().unwrap().to_owned();
        let mut ids = BTreeMap::from(
            [
                ("customer_id", ADVENTURE_WORKS),
                ("subscription_id", PLAN),
                ("entitlement_id", AZURE_SUBSCRIPTION),
                ("order_id", order["id"].as_str().unwrap()),
                ("cart_id", cart.rsplit('/').next().unwrap()),
                ("policy_id", policy["id"].as_str().unwrap()),
                ("user_id", &user(agent, ADVENTURE_WORKS, "sample@adventure-works.example")),
                ("role_id", HELPDESK_ADMINISTRATOR),
                ("servicerequest_id", &ticket(agent, ADVENTURE_WORKS)),
                ("ticket", &ticket(agent, ADVENTURE_WORKS)),
                ("domain", "adventure-works.example"),
                ("template_id", "117a77b0-9360-443b-8795-c6dedc750cf9"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        let item = ["product_id", "sku_id", "availability_id"].into_iter().zip(NV12_ONE_YEAR.split(':'));
        ids.extend(item.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let template = ALL.iter().find(|rights| rights.id == "GetArtifact").unwrap().path;
        for (name, value) in template.trim_start_matches("/v1").split('/').zip(artifact.split('/')) {
            if let Some(name) = name.strip_prefix('{') {
                ids.insert(name.trim_end_matches('}').to_owned(), value.to_owned());
            }
        }
        Self { ids }
    }

    /// The path of an operation.
    pub fn path(&self, rights: &Rights) -> String {
        let segments = rights.path.split('/').map(|segment| match segment.strip_prefix('{') {
            Some(_) if rights.id == "CreateServiceRequest" => "en-US",
            Some(name) => {
                let name = name.trim_end_matches('}');
                self.ids.get(name).unwrap_or_else(|| panic!("no sample for {name} of {}: add one", rights.path))
            }
            None => segment,
        });
        segments.collect::<Vec<_>>().join("/")
    }

    /// The body of an operation, where it takes one.
    pub fn body(&self, rights: &Rights) -> Option<Value> {
        let mut item = usual_item(1);
        item["termDuration"] = json!("P1Y");
        item["friendlyName"] = json!("web tier");
        match rights.id {
            "CreateCustomer" => Some(new_customer("mutant.example")),
            "UpdateBillingProfile" => Some(new_customer("x.example")["billingProfile"].clone()),
            "ConfirmAgreement" => Some(agreement()),
            "CheckInventory" => Some(json!({
                "targetItems": [{"productId": self.ids["product_id"], "skuId": self.ids["sku_id"]}],
                "inventoryContext": {"customerId": ADVENTURE_WORKS, "azureSubscriptionId": AZURE_SUBSCRIPTION, "armRegionName": "eastus2"},
            })),
            "CreateCart" | "UpdateCart" => Some(json!({"lineItems": [item]})),
            "CreateOrder" => Some(order(&[reservation_line(NV12_ONE_YEAR, 1, PLAN)])),
            "UpdateSubscription" => {
                Some(json!({"friendlyName": "plan", "status": "active", "autoRenewEnabled": false}))
            }
            "CreateCustomerUser" => Some(new_user("mutant@adventure-works.example")),
            "UpdateCustomerUser" | "ResetUserPassword" => {
                let mut user = new_user("sample@adventure-works.example");
                user["state"] = json!("active");
                Some(user)
            }
            "AddRoleMember" => Some(json!({"id": self.ids["user_id"], "roleId": HELPDESK_ADMINISTRATOR})),
            "CreateServiceRequest" => Some(new_ticket(ADVENTURE_WORKS)),
            "UpdateServiceRequest" | "UpdateCustomerServiceRequest" => Some(json!({
                "title": "t", "severity": "critical", "status": "closed", "newNote": {"text": "n"},
                "primaryContact": {"firstName": "A", "email": "a@b.example"}, "organization": {"id": ADVENTURE_WORKS},
            })),
            "RefundTicket" => Some(json!({"properties": {
                "sessionId": PLAN, "scope": "Reservation", "returnReason": "r", "reservationToReturn": {"reservationId": PLAN, "quantity": 1},
            }})),
            "ExchangeTicket" => Some(json!({"properties": {"sessionId": PLAN}})),
            "UpdateSupportProfile" | "UpdateSupportProfileAsDocumented" => {
                Some(json!({"email": "help@contoso.example", "telephone": "1", "website": "contoso.example"}))
            }
            "CancelAzureEntitlement" => Some(json!({"cancellationReason": "compromise"})),
            "CreateSelfServePolicy" | "UpdateSelfServePolicy" | "UpdateSelfServePolicyById" => {
                let mut policy = purchase_permission(ADVENTURE_WORKS);
                policy["id"] = json!(self.ids["policy_id"]);
                Some(policy)
            }
            "UpdatePriceList" => Some(json!({
                "items": [{"productId": self.ids["product_id"], "marginPercent": "20"}, {"fixedPrice": "1000.00", "currencyCode": "USD"}],
                "effectiveFrom": "2026-01-01T00:00:00Z",
            })),
            _ if rights.method == "GET" => None,
            _ => Some(Value::Null),
        }
    }
}

/// The seeded customer's orders and ledger: what a refused request must leave as it was.
pub fn books(app: &App) -> (Vec<Value>, Vec<Value>) {
    let orders = app.contoso().admin().get(&format!("/v1/customers/{ADVENTURE_WORKS}/orders?include_price=true"));
    (orders.items(), app.ledger(ADVENTURE_WORKS))
}
