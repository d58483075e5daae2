//! Who may call what: `data/roles.tsv` (method, path, agent roles by letter, `U` where a user must
//! be signed in), cell by cell.

use reservoir::cli::token::{TokenArgs, run};
use reservoir::clock::Clock;
use reservoir::config::Role;
use reservoir::db::{Db, Location};
use reservoir::permissions::ALL;
use serde_json::json;

use crate::engines;
use crate::support::purchases::*;
use crate::support::{ADVENTURE_WORKS, AZURE_SUBSCRIPTION, App, CONTOSO, Client, PLAN, Response};

/// Operations that are no GET and yet change nothing.
const LOOK_UPS: [&str; 2] = ["/generatetoken", "/v1/extensions/product/checkinventory"];

/// One operation of the table.
struct Row {
    method: &'static str,
    path: &'static str,
    roles: &'static str,
    user_only: bool,
}

impl Row {
    fn writes(&self) -> bool {
        !matches!(self.method, "GET" | "HEAD") && !LOOK_UPS.contains(&self.path)
    }
}

fn table() -> Vec<Row> {
    let rows = include_str!("data/roles.tsv").lines().map(|line| {
        let columns: Vec<&str> = line.split('\t').collect();
        let [method, path, roles, user] = columns[..] else { panic!("roles.tsv: {line}") };
        Row { method, path, roles, user_only: user == "U" }
    });
    rows.collect()
}

#[test]
fn the_operations_are_exactly_those_of_the_table() {
    let letter = |role: &Role| match role {
        Role::Admin => 'A',
        Role::Sales => 'S',
        Role::Helpdesk => 'H',
    };
    let mut have: Vec<_> = ALL
        .iter()
        .map(|one| (one.path, one.method, one.roles.iter().map(letter).collect::<String>(), !one.app_only, one.writes))
        .collect();
    let mut wanted: Vec<_> =
        table().iter().map(|row| (row.path, row.method, row.roles.to_owned(), row.user_only, row.writes())).collect();
    have.sort();
    wanted.sort();
    assert_eq!(have, wanted);
}

/// What a caller may expect.
#[derive(Clone, Copy)]
enum Caller {
    /// Nobody who is known: 401.
    Unknown,
    /// An agent with the role of this letter (none: no role), signed in.
    User(Option<char>),
    /// The same without a user.
    Application(Option<char>),
    /// Somebody without any business here.
    Outsider,
}

impl Caller {
    /// The status and code of the refusal; `None` where the call is permitted.
    fn refusal(self, row: &Row) -> Option<(u16, u32)> {
        let by_role =
            |role: Option<char>| (!role.is_some_and(|role| row.roles.contains(role))).then_some((403, 900_150));
        match self {
            Self::Unknown => Some((401, 400)),
            Self::Application(_) if row.user_only => Some((403, 900_329)),
            Self::User(role) | Self::Application(role) => by_role(role),
            Self::Outsider => Some((403, 900_150)),
        }
    }
}

/// A bad token of `reservoir token`.
fn bad_token(db: &Db, change: impl FnOnce(&mut TokenArgs)) -> String {
    let mut args = TokenArgs {
        who: "admin-agent".to_owned(),
        partner: "contoso.example".to_owned(),
        app_only: false,
        expires: 3600,
        audience: "https://api.partnercenter.microsoft.com".to_owned(),
        expired: false,
        wrong_audience: false,
        no_role: false,
        ca: false,
    };
    change(&mut args);
    run(db, &args).unwrap()
}

fn signed_in(app: &App, tenant: &str, username: &str) -> Client {
    let form = [("grant_type", "password"), ("username", username), ("password", "any"), ("client_id", "tests")];
    let answer = app.anonymous().form(&format!("/{tenant}/oauth2/v2.0/token"), &form).ok();
    app.bearer(answer["access_token"].as_str().unwrap())
}

/// The paths of the operations, filled in with what Contoso's customer has.
struct Things {
    cart: String,
    order: String,
    user: String,
    ticket: String,
    artifact: Vec<String>,
}

impl Things {
    fn of(admin: &Client) -> Self {
        let wanted = order(&[reservation_line(NV12_ONE_YEAR, 1, PLAN)]);
        let order = admin.post(&format!("/v1/customers/{ADVENTURE_WORKS}/orders"), &wanted).expect(201);
        let cart = cart(admin, ADVENTURE_WORKS, &[usual_item(1)]);
        admin.post("/v1/SelfServePolicy", &purchase_permission(ADVENTURE_WORKS)).expect(201);
        let entitlements = admin.get(&format!("/v1/customers/{ADVENTURE_WORKS}/entitlements")).items();
        let link = entitlements[0]["entitledArtifacts"][0]["link"]["uri"].as_str().unwrap();
        Self {
            cart: cart.rsplit('/').next().unwrap().to_owned(),
            order: order["id"].as_str().unwrap().to_owned(),
            user: user(admin, ADVENTURE_WORKS, "things@adventure-works.example"),
            ticket: ticket(admin, ADVENTURE_WORKS),
            artifact: link.split('/').map(str::to_owned).collect(),
        }
    }

    fn fill(&self, path: &str) -> String {
        let filled = path
            .replace("{customer_id}", ADVENTURE_WORKS)
            .replace("{subscription_id}", PLAN)
            .replace("{entitlement_id}", AZURE_SUBSCRIPTION)
            .replace("{cart_id}", &self.cart)
            .replace("{policy_id}", &format!("{CONTOSO}_{ADVENTURE_WORKS}"))
            .replace("{order_id}", &self.order)
            .replace("{user_id}", &self.user)
            .replace("{role_id}", HELPDESK_ADMINISTRATOR)
            .replace("{servicerequest_id}", &self.ticket)
            .replace("{ticket}", &self.ticket)
            .replace("{product_id}", "DZH318Z0BQ36")
            .replace("{sku_id}", "004G")
            .replace("{availability_id}", "DZH318Z08C0S")
            .replace("{domain}", "adventure-works.example")
            .replace("{template_id}", "117a77b0-9360-443b-8795-c6dedc750cf9")
            .replace("{artifact_type}", &self.artifact[4])
            .replace("{group_id}", &self.artifact[6])
            .replace("{line_item_id}", &self.artifact[8])
            .replace("{resource_id}", &self.artifact[10]);
        assert!(!filled.contains('{'), "{filled}");
        format!("{filled}?country=US&targetView=Azure&entity_id={ADVENTURE_WORKS}")
    }

    /// Makes the call with a body that nobody can read, and of a version that nobody has.
    fn call(&self, client: &Client, row: &Row) -> Response {
        let client = client.with("If-Match", "\"stale\"");
        let content_type =
            if row.path == "/generatetoken" { "application/x-www-form-urlencoded" } else { "application/json" };
        let body = if row.method == "GET" { Vec::new() } else { b"{garbage".to_vec() };
        client.send(row.method, &self.fill(row.path), Some(content_type), body)
    }
}

engines! {
    fn every_caller_gets_what_the_table_says(app: &App) {
        let db = Db::open(&Location::parse(app.database_url()).unwrap(), Clock::system()).unwrap();
        let token = |change: fn(&mut TokenArgs)| app.bearer(bad_token(&db, change));
        let (contoso, good) = (app.contoso(), token(|_| {}));
        let forged = format!("{}x", good.token().rsplit_once('.').map(|(signed, _)| format!("{signed}.AAAA")).unwrap());
        let callers = [
            ("nobody", Caller::Unknown, app.anonymous()),
            ("garbage", Caller::Unknown, app.bearer("garbage")),
            ("a forger", Caller::Unknown, app.bearer(forged)),
            ("an expired token", Caller::Unknown, token(|args| args.expired = true)),
            ("a token for somebody else", Caller::Unknown, token(|args| args.wrong_audience = true)),
            ("a user without role", Caller::User(None), token(|args| args.no_role = true)),
            ("an application without role", Caller::Application(None), token(|args| (args.no_role, args.app_only) = (true, true))),
            ("a customer's user", Caller::Outsider, signed_in(app, "adventure-works.example", "owner@adventure-works.example")),
            ("an agent in its customer's tenant", Caller::Outsider, signed_in(app, "adventure-works.example", "admin@contoso.example")),
            ("the helpdesk application", Caller::Application(Some('H')), contoso.application("helpdesk-agent")),
            ("a helpdesk agent", Caller::User(Some('H')), contoso.helpdesk()),
            ("the sales application", Caller::Application(Some('S')), contoso.application("sales-agent")),
            ("a sales agent", Caller::User(Some('S')), contoso.sales()),
            ("the admin application", Caller::Application(Some('A')), contoso.application("admin-agent")),
            ("an admin agent", Caller::User(Some('A')), contoso.admin()),
            ("a printed token", Caller::User(Some('A')), good),
        ];
        let things = Things::of(&contoso.admin());
        let rows = table();
        // Who may not comes before who may, so that what is refused is seen to have changed nothing.
        for permitted in [false, true] {
            let before = contents(app, &contoso.admin());
            for (name, caller, client) in &callers {
                for row in rows.iter().filter(|row| caller.refusal(row).is_none() == permitted) {
                    let answer = things.call(client, row);
                    let told = format!("{name}: {} answered {} {}", answer.asked, answer.status, answer.text);
                    match caller.refusal(row) {
                        Some((status, code)) => {
                            assert_eq!(answer.status, status, "{told}");
                            answer.refused(status, code, "");
                            let challenge = answer.header("WWW-Authenticate").is_some_and(|text| text.starts_with("Bearer"));
                            assert_eq!(challenge, status == 401, "{told}");
                        }
                        None if row.method == "GET" => assert_eq!(answer.status, 200, "{told}"),
                        // Whoever comes second finds deleted what the first one deleted.
                        None if row.method == "DELETE" => assert!([204, 404, 412].contains(&answer.status), "{told}"),
                        None => assert!([200, 201, 202, 400, 412].contains(&answer.status), "{told}"),
                    }
                }
            }
            assert!(permitted || contents(app, &contoso.admin()) == before, "a refused call changed something");
        }
    }

    fn an_indirect_reseller_writes_nothing(app: &App) {
        let things = Things::of(&app.contoso().admin());
        let tailspin = app.tailspin();
        let rows = table();
        for (agent, alone) in [(tailspin.admin(), false), (tailspin.sales(), false), (tailspin.application("admin-agent"), true)] {
            for row in rows.iter().filter(|row| row.writes()) {
                let code = if row.user_only && alone { 900_329 } else { 900_150 };
                things.call(&agent, row).refused(403, code, "");
            }
        }
        assert!(rows.iter().filter(|row| row.writes()).count() > 8);
    }

    fn what_concerns_a_reseller_needs_a_signed_in_user(app: &App) {
        let (user, alone) = (app.northwind().admin(), app.northwind().application("admin-agent"));
        let mut wanted = new_customer("shared.example");
        wanted["associatedPartnerId"] = json!("10000000-0000-4000-8000-000000000004");
        alone.post("/v1/customers", &wanted).refused(403, 900_329, "");
        let customer = user.post("/v1/customers", &wanted).expect(201)["id"].as_str().unwrap().to_owned();
        user.post(&format!("/v1/customers/{customer}/agreements"), &agreement()).expect(201);

        let mut plan = line(AZURE_PLAN, 1);
        plan["partnerIdOnRecord"] = json!("1000004");
        let orders = format!("/v1/customers/{customer}/orders");
        alone.post(&orders, &order(&[plan.clone()])).refused(403, 900_329, "");
        user.post(&orders, &order(&[plan])).expect(201);
        alone.post(&orders, &order(&[line(AZURE_OFFER, 1)])).expect(201);

        let filter = |field: &str, value: &str| {
            let filter = json!({"Field": field, "Value": value, "Operator": "starts_with"}).to_string();
            format!("/v1/customers?filter={}", url::form_urlencoded::byte_serialize(filter.as_bytes()).collect::<String>())
        };
        let of_tailspin = filter("IndirectReseller", "10000000-0000-4000-8000-000000000004");
        alone.get(&of_tailspin).refused(403, 900_329, "");
        assert_eq!(user.get(&of_tailspin).items().len(), 1);
        assert_eq!(alone.get(&filter("Domain", "shared")).items().len(), 1);
    }

    fn a_token_is_exchanged_for_one_that_serves_as_well(app: &App) {
        let agent = app.contoso().helpdesk();
        let answer = agent.form("/generatetoken", &[("grant_type", "jwt_token")]).ok();
        let exchanged = app.bearer(answer["access_token"].as_str().unwrap());
        exchanged.get(&format!("/v1/customers/{ADVENTURE_WORKS}")).expect(200);
        exchanged.post("/v1/customers", &new_customer("helpless.example")).refused(403, 900_150, "");
        agent.form("/generatetoken", &[("grant_type", "password")]).refused(400, 800_002, "grant_type");
        signed_in(app, "adventure-works.example", "owner@adventure-works.example")
            .form("/generatetoken", &[("grant_type", "jwt_token")])
            .refused(403, 900_150, "");
    }
}

/// What the calls of the table could have changed.
fn contents(app: &App, admin: &Client) -> Vec<String> {
    let customer = format!("/v1/customers/{ADVENTURE_WORKS}");
    let paths = [
        "/v1/customers".to_owned(),
        customer.clone(),
        format!("{customer}/agreements?agreementType=*"),
        format!("{customer}/orders"),
        format!("{customer}/subscriptions"),
        format!("{customer}/subscriptions/{PLAN}/azureEntitlements"),
        format!("/v1/SelfServePolicy?entity_id={ADVENTURE_WORKS}"),
        format!("/reservoir{customer}/prices"),
        format!("{customer}/users"),
        format!("{customer}/directoryroles/{HELPDESK_ADMINISTRATOR}/usermembers"),
        "/v1/servicerequests".to_owned(),
        "/v1/profiles/support".to_owned(),
    ];
    let mut all: Vec<String> = paths.iter().map(|path| admin.get(path).ok().to_string()).collect();
    all.push(format!("{:?}", app.ledger(ADVENTURE_WORKS)));
    all
}
