//! The arithmetic of refunds and exchanges against a second implementation: `tests/model`, Python's
//! standard library and the rules, nothing of ours. Random stories compare every answer.
//!
//! By hand: `MODEL_SEED=7 MODEL_STEPS=2000 scripts/test model::`.

use std::path::PathBuf;

use reservoir::config::Config;

use crate::support::purchases::{AZURE_PLAN, customer_with_agreement, registered_subscription};
use crate::support::{ADVENTURE_WORKS, AZURE_SUBSCRIPTION, App, Client, Engine, Program};

/// One kind of world.
struct World {
    engine: Engine,
    currency: &'static str,
    /// US dollars for one of the currency.
    rate: &'static str,
    fee: &'static str,
    cutoff: &'static str,
    seed: u64,
}

impl Default for World {
    fn default() -> Self {
        Self { engine: Engine::Sqlite, currency: "USD", rate: "1", fee: "0", cutoff: "2090-01-01", seed: 1 }
    }
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().expect("a number"))
}

impl World {
    fn explore(self) {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/model");
        let settle = |config: &mut Config| {
            config.policy.exchange_cutoff = self.cutoff.parse().unwrap();
            config.policy.early_termination_fee_rate = self.fee.parse().unwrap();
        };
        let app = App::start_settled(self.engine, |_| {}, settle);
        let prices = folder.join("prices.json");
        Program::new(env!("CARGO_BIN_EXE_reservoir"))
            .args(["catalog", "import", &prices.display().to_string(), "--database-url", app.database_url()])
            .run();

        let (agent, customer, subscription) = self.customer(&app);
        let seed = number("MODEL_SEED", self.seed);
        let told = Program::new("python3")
            .args([folder.join("story.py").display().to_string()])
            .envs([
                ("SERVER", app.base()),
                ("TOKEN", agent.token().to_owned()),
                ("CUSTOMER", customer),
                ("SUBSCRIPTION", subscription),
                ("CURRENCY", self.currency.to_owned()),
                ("RATE", self.rate.to_owned()),
                ("FEE", self.fee.to_owned()),
                ("CUTOFF", format!("{}T00:00:00+00:00", self.cutoff)),
                ("PRICES", prices.display().to_string()),
                ("SEED", seed.to_string()),
                ("STEPS", number("MODEL_STEPS", 150).to_string()),
            ])
            .run();
        println!("{told}");
    }

    /// The agent, and its customer with an Azure subscription.
    fn customer(&self, app: &App) -> (Client, String, String) {
        if self.currency == "USD" {
            return (app.contoso().admin(), ADVENTURE_WORKS.to_owned(), AZURE_SUBSCRIPTION.to_owned());
        }
        let agent = app.fabrikam().admin();
        let customer = customer_with_agreement(&agent, "model.example");
        let plan = registered_subscription(&agent, &customer, AZURE_PLAN);
        let entitlements =
            agent.get(&format!("/v1/customers/{customer}/subscriptions/{plan}/azureEntitlements")).items();
        let subscription = entitlements[0]["id"].as_str().unwrap().to_owned();
        (agent, customer, subscription)
    }
}

#[test]
fn agrees_with_the_documented_cases() {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/model/documented.py");
    Program::new("python3").args([file]).run();
}

#[test]
fn in_dollars() {
    World { seed: 1, ..World::default() }.explore();
}

#[test]
fn in_dollars_on_postgres() {
    World { engine: Engine::Postgres, seed: 2, ..World::default() }.explore();
}

#[test]
fn with_a_fee() {
    World { fee: "0.12", seed: 3, ..World::default() }.explore();
}

#[test]
fn across_the_end_of_exchanges() {
    World { cutoff: "2030-12-01", seed: 4, ..World::default() }.explore();
}

#[test]
fn in_euros() {
    World { currency: "EUR", rate: "1.10", seed: 5, ..World::default() }.explore();
}
