//! The harness: a server of its own for each test, and clients by role.
//!
//! ```ignore
//! engines! {
//!     fn somebody_does_something(app: &App) {
//!         let admin = app.contoso().admin();
//!         let customer = admin.get("/v1/customers/…").ok();
//!     }
//! }
//! ```

pub mod azure;
pub mod capacity;
mod client;
mod database;
mod program;
pub mod purchases;
pub mod records;
pub mod samples;

use reservoir::config::{CommonArgs, Config, ServeArgs, settle};
use reservoir::server::Background;
use serde_json::{Value, json};

pub use client::{Client, Response};
pub use database::{Database, Engine};
pub use program::Program;

/// The seeded partner of the seeded customer.
pub const CONTOSO: &str = "10000000-0000-4000-8000-000000000001";
/// The seeded customer, its plan and its Azure subscription.
pub const ADVENTURE_WORKS: &str = "50000000-0000-4000-8000-000000000001";
/// See [`ADVENTURE_WORKS`].
pub const PLAN: &str = "60000000-0000-4000-8000-000000000001";
/// See [`ADVENTURE_WORKS`].
pub const AZURE_SUBSCRIPTION: &str = "70000000-0000-4000-8000-000000000001";

/// Declares tests that run on both engines: `name::sqlite` and `name::postgres`.
#[macro_export]
macro_rules! engines {
    ($($(#[$meta:meta])* fn $name:ident($app:ident: &App) $body:block)+) => {
        $(
            $(#[$meta])*
            mod $name {
                #[allow(unused_imports, reason = "not every test needs everything of its file")]
                use super::*;

                fn run($app: &$crate::support::App) $body

                #[test]
                fn sqlite() {
                    run(&$crate::support::App::start($crate::support::Engine::Sqlite));
                }

                #[test]
                fn postgres() {
                    run(&$crate::support::App::start($crate::support::Engine::Postgres));
                }
            }
        )+
    };
}

/// A running server with a database of its own.
pub struct App {
    // The server stops before its database goes.
    server: Background,
    database: Database,
}

impl App {
    /// A server with development powers and its seed.
    pub fn start(engine: Engine) -> Self {
        Self::start_with(engine, |_| {})
    }

    /// The same, with other settings.
    pub fn start_with(engine: Engine, change: impl FnOnce(&mut ServeArgs)) -> Self {
        Self::start_settled(engine, change, |_| {})
    }

    /// The same, with settings for which there is no flag.
    pub fn start_settled(
        engine: Engine,
        change: impl FnOnce(&mut ServeArgs),
        settled: impl FnOnce(&mut Config),
    ) -> Self {
        Self::on(Database::new(engine), change, settled)
    }

    fn on(database: Database, change: impl FnOnce(&mut ServeArgs), settled: impl FnOnce(&mut Config)) -> Self {
        let common = CommonArgs { database_url: Some(database.url().to_owned()), ..CommonArgs::default() };
        let mut args = ServeArgs { listen: Some("127.0.0.1:0".to_owned()), dev: Some(true), ..ServeArgs::default() };
        change(&mut args);
        let mut config = settle(&common, &args).unwrap();
        settled(&mut config);
        let server = Background::start(config).unwrap();
        Self { server, database }
    }

    /// The same database under a fresh server.
    pub fn restart(self) -> Self {
        let Self { server, database } = self;
        drop(server);
        Self::on(database, |_| {}, |_| {})
    }

    /// Where the server is.
    pub fn base(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// The database's URL.
    pub fn database_url(&self) -> &str {
        self.database.url()
    }

    /// Somebody without a token.
    pub fn anonymous(&self) -> Client {
        Client::new(self.base(), None)
    }

    /// Somebody with this token.
    pub fn bearer(&self, token: impl Into<String>) -> Client {
        Client::new(self.base(), Some(token.into()))
    }

    /// The seeded partners.
    pub fn contoso(&self) -> Partner<'_> {
        self.partner("contoso.example")
    }
    /// See [`App::contoso`].
    pub fn fabrikam(&self) -> Partner<'_> {
        self.partner("fabrikam.example")
    }
    /// See [`App::contoso`].
    pub fn northwind(&self) -> Partner<'_> {
        self.partner("northwind.example")
    }
    /// See [`App::contoso`].
    pub fn tailspin(&self) -> Partner<'_> {
        self.partner("tailspin.example")
    }
    /// See [`App::contoso`].
    pub fn sandbox(&self) -> Partner<'_> {
        self.partner("contoso-sandbox.example")
    }

    fn partner(&self, domain: &'static str) -> Partner<'_> {
        Partner { app: self, domain }
    }

    /// Moves the clock; the answer lists what fell due.
    pub fn advance(&self, duration: &str) -> Value {
        self.anonymous().post("/_reservoir/clock", &json!({"advance": duration})).ok()
    }

    /// The ledger of one customer, which must be balanced.
    pub fn ledger(&self, customer: &str) -> Vec<Value> {
        let view = self.anonymous().get(&format!("/_reservoir/ledger?customerId={customer}")).ok();
        assert_eq!(view["balanced"], true, "the ledger is out of balance");
        view["entries"].as_array().unwrap().clone()
    }
}

/// A partner, whose agents make calls.
pub struct Partner<'a> {
    app: &'a App,
    domain: &'static str,
}

impl Partner<'_> {
    /// The admin agent, signed in.
    pub fn admin(&self) -> Client {
        self.user("admin")
    }
    /// The sales agent, signed in.
    pub fn sales(&self) -> Client {
        self.user("sales")
    }
    /// The HelpDesk agent, signed in.
    pub fn helpdesk(&self) -> Client {
        self.user("helpdesk")
    }

    fn user(&self, name: &str) -> Client {
        let username = format!("{name}@{}", self.domain);
        self.sign_in(&[
            ("grant_type", "password"),
            ("username", &username),
            ("password", "any"),
            ("client_id", "tests"),
        ])
    }

    /// An application alone, by its alias such as `admin-agent`.
    pub fn application(&self, alias: &str) -> Client {
        self.sign_in(&[("grant_type", "client_credentials"), ("client_id", alias), ("client_secret", "any")])
    }

    fn sign_in(&self, form: &[(&str, &str)]) -> Client {
        let answer = self.app.anonymous().form(&format!("/{}/oauth2/v2.0/token", self.domain), form).ok();
        self.app.bearer(answer["access_token"].as_str().unwrap())
    }
}
