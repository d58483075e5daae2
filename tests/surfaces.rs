//! Random stories, told on both surfaces at once: after each step the two show the same, the books
//! balance, and the log holds one record more, or none for a refusal of form.

use serde_json::{Value, json};

use crate::engines;
use crate::support::azure::*;
use crate::support::capacity::*;
use crate::support::purchases::*;
use crate::support::{ADVENTURE_WORKS, AZURE_SUBSCRIPTION, App, Client, PLAN, Response};

/// Steps of one story.
const STEPS: usize = 60;

/// Random numbers that are the same in every run (Knuth's MMIX generator).
pub struct Dice(u64);

impl Dice {
    /// Dice that always fall alike for this seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `sides`.
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % u64::try_from(sides).unwrap()).unwrap()
    }

    /// One of these.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.roll(of.len())]
    }
}

fn v1(admin: &Client, what: &str) -> Vec<Value> {
    admin.get(&format!("/v1/customers/{ADVENTURE_WORKS}/{what}")).items()
}

/// What identifies a reservation on both surfaces: id, quantity, state, scope.
fn faces(all: &[Value], id: &str, within: &str) -> Vec<String> {
    let mut faces: Vec<String> = all
        .iter()
        .map(|one| {
            let of = |name: &str| one.pointer(&format!("{within}/{name}")).cloned().unwrap_or_default();
            let state = of("provisioningState");
            let id = one[id].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
            let kind = if within.is_empty() { of("scopeType") } else { of("appliedScopeType") };
            format!("{id} {} {state} {kind} {} {}", of("quantity"), of("appliedScopes"), of("displayName"))
        })
        .collect();
    faces.sort();
    faces
}

/// Insists that both surfaces show the same of every order.
fn assert_agreement(app: &App, admin: &Client) {
    app.ledger(ADVENTURE_WORKS);
    let mut seen = 0;
    for entitlement in v1(admin, "entitlements?entitlementType=reservedinstance") {
        let order = entitlement["entitledArtifacts"][0]["resourceId"].as_str().unwrap();
        let link = entitlement["entitledArtifacts"][0]["link"]["uri"].as_str().unwrap();
        let there = admin.get(&format!("/v1{link}")).ok()["reservations"].as_array().unwrap().clone();
        let here = admin.arm_get(&format!("{}/reservations", order_path(order))).value();
        assert_eq!(faces(&there, "reservationId", ""), faces(&here, "name", "/properties"), "{order}");
        let left: i64 = here
            .iter()
            .filter(|one| one["properties"]["provisioningState"] != "Cancelled")
            .map(|one| one["properties"]["quantity"].as_i64().unwrap())
            .sum();
        assert_eq!(entitlement["quantity"], left, "{order}");
        seen += 1;
    }
    assert_eq!(
        admin.arm_get(&format!("{CAPACITY}/reservationOrders")).value().len(),
        seen,
        "no order on one side alone"
    );
}

/// One step; whether it changed something.
fn step(admin: &Client, dice: &mut Dice) -> Option<Response> {
    let sizes = ["Standard_D2s_v5", "Standard_D4s_v5", "Standard_E2s_v5"];
    let (term, plan) = (*dice.pick(&["P1Y", "P3Y"]), *dice.pick(&["Upfront", "Monthly"]));
    let quantity = i64::try_from(dice.roll(5) + 1).unwrap();
    let request = wanted(sizes[dice.roll(3)], term, plan, quantity);
    let mut live = admin.arm_get(&format!("{CAPACITY}/reservations?selectedState=Succeeded")).value();
    live.sort_by_key(|one| one["id"].as_str().unwrap().to_owned());
    if live.is_empty() || dice.roll(4) == 0 {
        return Some(match dice.roll(2) {
            0 => admin.arm_put(&order_path(&uuid::Uuid::new_v4().to_string()), &request),
            _ => admin.post(
                &format!("/v1/customers/{ADVENTURE_WORKS}/orders"),
                &order(&[reservation_line(NV12_ONE_YEAR, quantity, PLAN)]),
            ),
        });
    }
    let one = dice.pick(&live).clone();
    let (id, held) = (one["id"].as_str().unwrap(), one["properties"]["quantity"].as_i64().unwrap());
    let path = id.split("/reservations/").next().unwrap();
    let order_id = path.rsplit('/').next().unwrap();
    let part = i64::try_from(dice.roll(usize::try_from(held).unwrap()) + 1).unwrap();
    match dice.roll(5) {
        0 => {
            let scope = match dice.roll(2) {
                0 => json!({"appliedScopeType": "Shared"}),
                _ => {
                    json!({"appliedScopeType": "Single", "appliedScopes": [format!("/subscriptions/{AZURE_SUBSCRIPTION}")]})
                }
            };
            Some(admin.patch(&versioned(id), &json!({"properties": scope})))
        }
        1 => {
            let quantities = json!([part, held - part]);
            let body = json!({"properties": {"quantities": quantities, "reservationId": id}});
            Some(admin.post(&versioned(&format!("{path}/split")), &body))
        }
        2 => {
            let sources: Vec<Value> = in_use(admin, order_id).into_iter().map(|one| one["id"].clone()).collect();
            Some(admin.post(&versioned(&format!("{path}/merge")), &json!({"properties": {"sources": sources}})))
        }
        3 => {
            let quoted = quote(admin, order_id, id, part).expect(200);
            Some(give_back(admin, order_id, &quoted))
        }
        _ => {
            let quoted = quote_exchange(admin, &[(id, part)], &[request]).expect(200);
            Some(exchange(admin, &quoted))
        }
    }
}

engines! {
    fn both_surfaces_show_the_same_after_every_step(app: &App) {
        let admin = app.contoso().admin();
        let recorded = || admin.get("/reservoir/v1/auditrecords").items();
        let mut dice = Dice::new(20_261_121);
        let (mut done, mut refused) = (0, 0);
        for number in 0..STEPS {
            let before = recorded().len();
            let Some(answer) = step(&admin, &mut dice) else { continue };
            assert!(answer.status < 500, "{} answered {}", answer.asked, answer.text);
            let log = recorded();
            if answer.status < 300 {
                done += 1;
                assert_eq!(log.len(), before + 1, "step {number}: {} is one record", answer.asked);
                assert_eq!(log[0]["operationStatus"], "succeeded");
            } else {
                refused += 1;
                let failed = usize::from(log.len() > before && log[0]["operationStatus"] == "failed");
                assert_eq!(log.len(), before + failed, "step {number}: {}", answer.text);
            }
            assert_agreement(app, &admin);
            if dice.roll(3) == 0 {
                app.advance(["P1D", "P17D", "PT9H"][dice.roll(3)]);
            }
        }
        assert!(done > 25 && refused > 0, "{done} steps worked, {refused} were refused");
        app.advance("P4Y");
        assert_agreement(app, &admin);
        let live = admin.arm_get(&format!("{CAPACITY}/reservations?selectedState=Succeeded")).value();
        assert!(live.is_empty(), "everything has ended: {live:?}");
    }

    fn a_customer_buys_exactly_when_permission_and_role_allow_it(app: &App) {
        let admin = app.contoso().admin();
        let users = ["one", "two"].map(|user| app.customer_user(ADVENTURE_WORKS, &format!("{user}@adventure-works.example")));
        let scope = format!("/subscriptions/{AZURE_SUBSCRIPTION}");
        // The model: the permission, and who holds Owner.
        let (mut permitted, mut owner) = (None::<String>, [false, false]);
        let mut dice = Dice::new(7);
        let (mut bought, mut refused) = (0, 0);
        for _ in 0..120 {
            let who = dice.roll(2);
            match dice.roll(6) {
                0 => match permitted.take() {
                    Some(path) => { admin.send("DELETE", &path, None, Vec::new()).expect(204); }
                    None => {
                        let policy = admin.post("/v1/SelfServePolicy", &purchase_permission(ADVENTURE_WORKS)).expect(201);
                        permitted = Some(format!("/v1/SelfServePolicy/{}", policy["id"].as_str().unwrap()));
                    }
                },
                1 => {
                    let path = assignment(&scope, &name(u32::try_from(who).unwrap()));
                    owner[who] = !owner[who];
                    if owner[who] {
                        admin.arm_put(&path, &grant(OWNER, &users[who].1)).expect(201);
                    } else {
                        admin.arm_delete(&path).expect(200);
                    }
                }
                2 => {
                    // Another role changes nothing.
                    let path = assignment(&scope, &name(u32::try_from(10 + who).unwrap()));
                    admin.arm_put(&path, &grant(CONTRIBUTOR, &users[who].1)).ok();
                }
                _ => {
                    let before = v1(&admin, "orders").len();
                    let answer = users[who].0.arm_put(&order_path(&uuid::Uuid::new_v4().to_string()), &wanted("Standard_D2s_v5", "P1Y", "Upfront", 1));
                    match (permitted.is_some(), owner[who]) {
                        (true, true) => { answer.expect(200); bought += 1; }
                        (_, false) => { answer.faulted(403, "AuthorizationFailed", ""); refused += 1; }
                        (false, true) => { answer.faulted(403, "Forbidden", ""); refused += 1; }
                    }
                    assert_eq!(v1(&admin, "orders").len(), before + usize::from(answer.status == 200));
                }
            }
        }
        assert!(bought > 5 && refused > 5, "{bought} bought, {refused} refused");
        std::thread::sleep(std::time::Duration::from_millis(2500));
        assert!(reservoir::audit::chain::verify(&app.db()).unwrap().is_ok(), "the chain holds");
        app.ledger(ADVENTURE_WORKS);
    }
}
