//! What tests of the Azure side share: callers of every kind, addresses, faults.

use reservoir::cli::token::{TokenArgs, run};
use reservoir::clock::Clock;
use reservoir::db::{Db, Location};
use reservoir::ids::Guid;
use reservoir::permissions::azure::AzureRights;
use reservoir::principals::{self, Principal, PrincipalKind};
use serde_json::{Value, json};

use super::{ADVENTURE_WORKS, App, Client, Response};

/// Roles, by the GUID of their definition.
pub const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
/// See [`OWNER`].
pub const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";
/// See [`OWNER`].
pub const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
/// See [`OWNER`].
pub const USER_ACCESS_ADMINISTRATOR: &str = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9";
/// See [`OWNER`].
pub const RESERVATION_PURCHASER: &str = "f7b75c60-3036-4b75-91c3-6b41c27c1689";
/// See [`OWNER`].
pub const RESERVATIONS_ADMINISTRATOR: &str = "a8889054-8d42-49c9-bc1c-52486c10e7cd";
/// See [`OWNER`].
pub const RESERVATIONS_READER: &str = "582fc458-8989-419f-a480-75249bc5db7e";

/// The object ids of Contoso's agents, of their applications, and its foreign group.
pub const CONTOSO_SALES: &str = "20000000-0000-4000-8000-000000000012";
/// See [`CONTOSO_SALES`].
pub const CONTOSO_HELPDESK: &str = "20000000-0000-4000-8000-000000000013";
/// See [`CONTOSO_SALES`].
pub const CONTOSO_SALES_APP: &str = "30000000-0000-4000-8000-000000000012";
/// See [`CONTOSO_SALES`].
pub const CONTOSO_GROUP: &str = "40000000-0000-4000-8000-000000000010";

/// The address with a version.
pub fn versioned(path: &str) -> String {
    format!("{path}{}api-version=2022-11-01", if path.contains('?') { '&' } else { '?' })
}

impl Client {
    /// GET on the Azure side.
    pub fn arm_get(&self, path: &str) -> Response {
        self.get(&versioned(path))
    }

    /// PUT on the Azure side.
    pub fn arm_put(&self, path: &str, body: &Value) -> Response {
        self.put(&versioned(path), body)
    }

    /// POST without a body on the Azure side.
    pub fn arm_post(&self, path: &str) -> Response {
        self.post_empty(&versioned(path))
    }

    /// DELETE on the Azure side.
    pub fn arm_delete(&self, path: &str) -> Response {
        self.send("DELETE", &versioned(path), None, Vec::new())
    }
}

impl Response {
    /// Insists on the error body of Azure's resource manager, and on `field` being named.
    pub fn faulted(&self, status: u16, code: &str, field: &str) {
        let body = self.expect(status);
        assert_eq!(body["error"]["code"], code, "{} answered {}", self.asked, self.text);
        let message = body["error"]["message"].as_str().unwrap_or_default();
        assert!(!message.is_empty() && message.contains(field), "{}: {field} not in {message:?}", self.asked);
    }

    /// The elements of a list.
    pub fn value(&self) -> Vec<Value> {
        self.ok()["value"].as_array().unwrap_or_else(|| panic!("{}: no value in {}", self.asked, self.text)).clone()
    }
}

/// The path of a role assignment.
pub fn assignment(scope: &str, name: &str) -> String {
    format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{name}")
}

/// The body that grants a role.
pub fn grant(role: &str, principal: &str) -> Value {
    json!({"properties": {
        "roleDefinitionId": format!("/providers/Microsoft.Authorization/roleDefinitions/{role}"), "principalId": principal,
    }})
}

/// A GUID for the `n`th assignment of a test.
pub fn name(n: u32) -> String {
    format!("90000000-0000-4000-8000-{n:012}")
}

impl App {
    /// The database, beside the server.
    pub fn db(&self) -> Db {
        Db::open(&Location::parse(self.database_url()).unwrap(), Clock::system()).unwrap()
    }

    /// A signed-in user, in a tenant by its id or domain.
    pub fn signed_in(&self, tenant: &str, username: &str) -> Client {
        let form = [("grant_type", "password"), ("username", username), ("password", "any"), ("client_id", "tests")];
        let answer = self.anonymous().form(&format!("/{tenant}/oauth2/v2.0/token"), &form).ok();
        self.bearer(answer["access_token"].as_str().unwrap())
    }

    /// The seeded customer's owner.
    pub fn owner(&self) -> Client {
        self.signed_in("adventure-works.example", "owner@adventure-works.example")
    }

    /// An agent of Contoso in the seeded customer's tenant.
    pub fn on_behalf(&self, role: &str) -> Client {
        self.signed_in(ADVENTURE_WORKS, &format!("{role}@contoso.example"))
    }

    /// A new user of a customer, without any role; and its object id.
    pub fn customer_user(&self, customer: &str, username: &str) -> (Client, String) {
        let id = Guid::random();
        let user = Principal {
            object_id: id.clone(),
            tenant_id: Guid::parse(customer).unwrap(),
            kind: PrincipalKind::User,
            name: username.to_owned(),
            display_name: username.to_owned(),
            agent_role: None,
            created_at: chrono::Utc::now().into(),
        };
        self.db().write_now("a user", move |unit| principals::repo::insert(unit.conn, &user)).unwrap();
        (self.signed_in(customer, username), id.to_string())
    }

    /// Somebody with a token of the command line.
    pub fn printed(&self, change: impl FnOnce(&mut TokenArgs)) -> Client {
        let mut args = TokenArgs {
            who: "admin-agent".to_owned(),
            partner: "contoso.example".to_owned(),
            app_only: false,
            expires: 3600,
            audience: "https://management.azure.com".to_owned(),
            expired: false,
            wrong_audience: false,
            no_role: false,
            ca: false,
        };
        change(&mut args);
        self.bearer(run(&self.db(), &args).unwrap())
    }

    /// Callers who are nobody: 401 whatever they ask for.
    pub fn nobodies(&self) -> Vec<(&'static str, Client)> {
        let forged = self.printed(|_| {});
        let forged = forged.token().rsplit_once('.').map(|(signed, _)| format!("{signed}.AAAA")).unwrap();
        vec![
            ("nobody", self.anonymous()),
            ("garbage", self.bearer("garbage")),
            ("a forger", self.bearer(forged)),
            ("an expired token", self.printed(|args| args.expired = true)),
            ("a token for somebody else", self.printed(|args| args.wrong_audience = true)),
        ]
    }

    /// Agents of Contoso, the seeded customer's partner, in its own tenant and on behalf.
    pub fn agents(&self) -> Vec<(&'static str, Client)> {
        vec![
            ("admin", self.contoso().admin()),
            ("admin application", self.contoso().application("admin-agent")),
            ("admin on behalf", self.on_behalf("admin")),
            ("sales", self.contoso().sales()),
            ("sales application", self.contoso().application("sales-agent")),
            ("sales on behalf", self.on_behalf("sales")),
            ("helpdesk", self.contoso().helpdesk()),
            ("helpdesk application", self.contoso().application("helpdesk-agent")),
        ]
    }

    /// Those to whom the seeded customer is unknown.
    pub fn strangers(&self) -> Vec<(&'static str, Client)> {
        let stranger = self.fabrikam().admin();
        let other = super::purchases::customer_with_agreement(&stranger, "stranger.example");
        vec![
            ("another partner", stranger),
            ("another partner's application", self.fabrikam().application("admin-agent")),
            ("a provider", self.northwind().admin()),
            ("another partner on behalf of its customer", self.signed_in(&other, "admin@fabrikam.example")),
            ("another customer's user", self.customer_user(&other, "user@stranger.example").0),
        ]
    }
}

/// A path of an operation, with the seeded subscription (or whatever is given) filled in.
pub fn filled(operation: &AzureRights, scope: &str, subscription: &str, order: &str, reservation: &str) -> String {
    let path = operation
        .path
        .replace("/{scope}", scope)
        .replace("{subscriptionId}", subscription)
        .replace("{reservationOrderId}", order)
        .replace("{reservationId}", reservation)
        .replace("{resourceGroupName}", "web")
        .replace("{roleAssignmentName}", &name(1))
        .replace("{roleDefinitionId}", OWNER)
        .replace("{aliasName}", "any");
    assert!(!path.contains('{'), "{path}");
    path
}
