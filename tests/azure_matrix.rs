//! The permission matrix of the Azure side, cell by cell: every operation × everybody who may call.

use reservoir::permissions::azure::{ALL, AzureRights, Need};
use serde_json::{Value, json};

use crate::engines;
use crate::support::azure::*;
use crate::support::capacity::*;
use crate::support::purchases::*;
use crate::support::{ADVENTURE_WORKS, AZURE_SUBSCRIPTION, Client};

/// Who calls, as far as the matrix tells callers apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Caller {
    /// An Admin agent of the partner, however signed in.
    Admin,
    /// A Sales or HelpDesk agent without a role.
    Agent,
    /// A HelpDesk agent with Owner on the subscription.
    AgentWithOwner,
    /// The customer's user without a role.
    User,
    /// With Reader on the subscription.
    UserWithReader,
    /// With Owner on the subscription, and without the purchase permission.
    Owner,
    /// With both.
    PermittedOwner,
    /// Somebody of another tenant.
    Stranger,
    /// An indirect reseller that has nothing to do with the customer.
    Reseller,
}

/// What becomes of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// It is let through; what it answers then is another matter.
    Through,
    /// 403.
    Forbidden,
    /// 404, or for a list nothing of this customer.
    Unknown,
}

/// The table, written down a second time: need × caller.
fn expected(need: Need, caller: Caller) -> Outcome {
    use Caller::*;
    use Outcome::*;
    match (need, caller) {
        (_, Admin) | (Need::SignIn, _) | (Need::Bill, Agent | AgentWithOwner) => Through,
        (Need::Bill, Stranger | Reseller) => Unknown,
        (Need::Read, Stranger | Reseller) => Unknown,
        (Need::Read, User) => Forbidden,
        (Need::Read, _) => Through,
        (_, Reseller) => Forbidden,
        (Need::Support, Agent | AgentWithOwner) => Through,
        (Need::Support, User | UserWithReader | Owner | PermittedOwner) => Forbidden,
        (Need::Administer, Agent | AgentWithOwner | User | UserWithReader | Owner | PermittedOwner) => Forbidden,
        (_, Stranger) => Unknown,
        (Need::Buy, AgentWithOwner | PermittedOwner) => Through,
        (Need::Manage, AgentWithOwner) => Through,
        (Need::Contribute | Need::Grant, AgentWithOwner | Owner | PermittedOwner) => Through,
        _ => Forbidden,
    }
}

/// The body, where the right depends on what it names; anything else is garbage, because the right
/// is told before the body.
fn body(operation: &AzureRights, reservation: &str) -> Vec<u8> {
    let wanted = wanted("Standard_D2s_v5", "P1Y", "Upfront", 1);
    let body: Option<Value> = match operation.id {
        "CalculatePrice" | "PurchaseReservation" => Some(wanted),
        "CalculateExchange" => Some(json!({"properties": {
            "reservationsToPurchase": [wanted], "reservationsToExchange": [{"reservationId": reservation, "quantity": 1}],
        }})),
        _ => None,
    };
    body.map_or_else(|| b"{garbage".to_vec(), |body| body.to_string().into_bytes())
}

/// Whether a call names something of the seeded customer; otherwise everybody minds their own business.
fn concerns_the_customer(operation: &AzureRights) -> bool {
    ["{subscriptionId}", "{reservationOrderId}", "{scope}", "{billingAccountId}"]
        .iter()
        .any(|one| operation.path.contains(one))
        || ["CalculatePrice", "CalculateExchange"].contains(&operation.id)
}

engines! {
    fn every_cell_is_as_the_matrix_says(app: &App) {
        let admin = app.contoso().admin();
        let order = buy(&admin, &wanted("Standard_D2s_v5", "P1Y", "Upfront", 50));
        let reservation = only(&admin, &order);
        let scope = format!("/subscriptions/{AZURE_SUBSCRIPTION}");
        admin.arm_put(&format!("{scope}/resourceGroups/web"), &json!({"location": "eastus"})).expect(201);
        let (user, _) = app.customer_user(ADVENTURE_WORKS, "user@adventure-works.example");
        let (reader, id) = app.customer_user(ADVENTURE_WORKS, "reader@adventure-works.example");
        admin.arm_put(&assignment(&scope, &name(11)), &grant(READER, &id)).expect(201);
        admin.arm_put(&assignment(&scope, &name(12)), &grant(OWNER, CONTOSO_HELPDESK)).expect(201);
        let agents = app.agents();
        let mut callers: Vec<(Caller, &str, Client)> = vec![
            (Caller::User, "user", user),
            (Caller::UserWithReader, "reader", reader),
            (Caller::Owner, "owner", app.owner()),
            (Caller::Reseller, "reseller", app.tailspin().admin()),
        ];
        for (who, client) in agents {
            let kind = match who {
                _ if who.contains("admin") => Caller::Admin,
                "helpdesk" => Caller::AgentWithOwner,
                _ => Caller::Agent,
            };
            callers.push((kind, who, client));
        }
        callers.extend(app.strangers().into_iter().map(|(who, client)| (Caller::Stranger, who, client)));
        for permitted in [false, true] {
            if permitted {
                admin.post("/v1/SelfServePolicy", &purchase_permission(ADVENTURE_WORKS)).expect(201);
            }
            for (caller, who, client) in &callers {
                let caller = if permitted && *caller == Caller::Owner { Caller::PermittedOwner } else { *caller };
                for operation in ALL {
                    let id = reservation.rsplit('/').next().unwrap();
                    let fresh = uuid::Uuid::new_v4().to_string();
                    let order = if operation.id == "PurchaseReservation" { &fresh } else { &order };
                    let path = versioned(&filled(operation, &scope, AZURE_SUBSCRIPTION, order, id));
                    let answer = client.send(operation.method, &path, Some("application/json"), body(operation, &reservation));
                    let told = format!("{who}: {} answered {} {}", operation.id, answer.status, answer.text);
                    if caller == Caller::Stranger && !concerns_the_customer(operation) {
                        assert!(answer.status < 500, "{told}");
                        continue;
                    }
                    match expected(operation.need, caller) {
                        // An exchange is known by its session, which nobody here has.
                        _ if operation.id == "ExchangeReservations" && answer.status == 400 => {}
                        Outcome::Through => assert!(![401, 403, 500].contains(&answer.status), "{told}"),
                        Outcome::Forbidden => assert_eq!(answer.status, 403, "{told}"),
                        // A customer's user, of whatever tenant, is told no before anything is looked for.
                        Outcome::Unknown if matches!(operation.need, Need::Bill | Need::Support | Need::Manage) => {
                            assert!([403, 404].contains(&answer.status), "{told}");
                        }
                        Outcome::Unknown => assert_eq!(answer.status, 404, "{told}"),
                    }
                    if matches!(caller, Caller::Stranger | Caller::Reseller) {
                        assert!(!answer.text.contains("Adventure Works"), "{told}");
                    }
                }
            }
        }
        for (who, nobody) in app.nobodies() {
            for operation in ALL {
                let path = versioned(&filled(operation, &scope, AZURE_SUBSCRIPTION, &order, &order));
                let answer = nobody.send(operation.method, &path, Some("application/json"), b"{garbage".to_vec());
                assert_eq!(answer.status, 401, "{who}: {}", operation.id);
            }
        }
        let matrix = admin.get("/reservoir/v1/permissions").ok();
        let printed = matrix["operations"].as_array().unwrap();
        for operation in ALL {
            let row = printed.iter().find(|row| row["method"] == operation.method && row["path"] == operation.path);
            let row = row.unwrap_or_else(|| panic!("{} is not printed", operation.id));
            let may = |caller| expected(operation.need, caller) == Outcome::Through;
            assert_eq!(row["surface"], "azure");
            assert_eq!(row["roles"].as_array().unwrap().len(), if may(Caller::Agent) { 3 } else { 1 }, "{}", operation.id);
            let customer = match (may(Caller::Owner), may(Caller::PermittedOwner)) {
                (true, _) => "own",
                (false, true) => "with permission and Owner",
                (false, false) => "no",
            };
            assert_eq!(row["customerUser"], customer, "{}", operation.id);
        }
    }
}
