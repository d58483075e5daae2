//! The program itself: its commands, exit codes and signals, and what holds without development
//! powers.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use diesel::Connection;
use diesel::connection::SimpleConnection;
use diesel::sqlite::SqliteConnection;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reservoir::clock::Clock;
use reservoir::db::{Db, Location};
use reservoir::ids::Guid;
use reservoir::principals;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::azure::{RESERVATIONS_READER, assignment, grant, versioned};
use crate::support::capacity::*;
use crate::support::purchases::*;
use crate::support::{ADVENTURE_WORKS, Client, Database, Engine};

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("reservoir-program-{}", Uuid::new_v4().simple()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, content: &str) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_reservoir"));
        command.current_dir(&self.0).args(arguments).stdin(Stdio::null());
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("RESERVOIR_")) {
            command.env_remove(name);
        }
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// The standard output of a command that must work.
    fn told(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A serving process.
struct Process {
    child: Child,
    base: String,
}

impl Process {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut base = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut base).unwrap();
        Self { child, base: base.trim().to_owned() }
    }

    fn client(&self, token: &str) -> Client {
        Client::at(&self.base, token)
    }

    fn signal(&self, name: &str) {
        let killed = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(killed.success());
    }

    fn exit_code(mut self) -> Option<i32> {
        let patience = Instant::now();
        while patience.elapsed() < Duration::from_secs(30) {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("the server does not stop");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const SERVE: [&str; 4] = ["serve", "--dev", "--listen", "127.0.0.1:0"];

#[test]
fn exit_codes_say_what_is_wrong() {
    let folder = Folder::new();
    let code = |arguments: &[&str]| folder.run(arguments).status.code().unwrap();
    assert_eq!(code(&["--help"]), 0);
    assert_eq!(code(&["no-such-command"]), 2);
    assert_eq!(code(&["serve"]), 3, "nobody's tokens are trusted");
    assert_eq!(code(&["serve", "--dev", "--listen", "0.0.0.0:0"]), 3, "development powers for strangers");
    assert_eq!(code(&["migrate", "--database-url", "mysql://x"]), 3);
    assert_eq!(code(&["migrate", "--database-url", "sqlite://no/such/folder/x.db"]), 4);
    assert_eq!(code(&["migrate", "--database-url", "postgres://nobody@127.0.0.1:1/x"]), 4);
    assert_eq!(code(&["catalog", "import", "missing.json"]), 1);
    assert_eq!(code(&["healthcheck", "--listen", "127.0.0.1:1"]), 1);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    assert_eq!(code(&["serve", "--dev", "--listen", &listener.local_addr().unwrap().to_string()]), 5);
    folder.file("reservoir.toml", "listen = \"127.0.0.1:0\"\ntypo = 1\n");
    let output = folder.run(&["migrate"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("typo"));
    assert!(std::fs::read_dir(&folder.0).unwrap().all(|entry| entry.unwrap().file_name() != "x"), "no file by mistake");
}

#[test]
fn missing_settings_are_named() {
    let folder = Folder::new();
    let output = folder.run(&["serve", "--issuer", "https://issuer.example"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("RESERVOIR_JWKS_URL") && told.contains("RESERVOIR_AUDIENCE"), "{told}");
}

#[test]
fn flag_over_environment_over_file_over_default() {
    let folder = Folder::new();
    folder.file("reservoir.toml", "database_url = \"sqlite://file.db\"\n");
    let made = |name: &str| folder.0.join(name).exists();
    folder.told(&["migrate"]);
    assert!(made("file.db") && !made("reservoir.db"));
    let status =
        folder.command(&["migrate"]).env("RESERVOIR_DATABASE_URL", "sqlite://environment.db").status().unwrap();
    assert!(status.success() && made("environment.db"));
    let secret = folder.file("url", "sqlite://secret.db\n");
    let status = folder.command(&["migrate"]).env("RESERVOIR_DATABASE_URL_FILE", secret).status().unwrap();
    assert!(status.success() && made("secret.db"));
    let mut command = folder.command(&["migrate", "--database-url", "sqlite://flag.db"]);
    assert!(command.env("RESERVOIR_DATABASE_URL", "sqlite://other.db").status().unwrap().success());
    assert!(made("flag.db") && !made("other.db"));
}

#[test]
fn commands_run_beside_a_serving_process() {
    let folder = Folder::new();
    let server = Process::start(&mut folder.command(&SERVE));
    let token = folder.told(&["token", "--as", "sales-agent"]);
    assert_eq!(server.client(&token).get("/v1/customers").items().len(), 1);
    let id = "90000000-0000-4000-8000-000000000009";
    folder.told(&[
        "partner",
        "add",
        "--tenant",
        id,
        "--name",
        "Proseware",
        "--domain",
        "proseware.example",
        "--kind",
        "direct",
        "--country",
        "GB",
        "--currency",
        "GBP",
        "--mpn",
        "1000009",
    ]);
    assert_eq!(folder.told(&["partner", "list"]).lines().count(), 6);
    let token = folder.told(&["token", "--partner", "proseware.example"]);
    assert!(server.client(&token).get("/v1/customers").items().is_empty(), "a new partner has no customers");
    let page = json!({"Items": [{
        "currencyCode": "USD", "reservationTerm": "1 Year", "retailPrice": 2500.0, "armRegionName": "westeurope",
        "location": "EU West", "effectiveStartDate": "2026-11-01T00:00:00Z", "meterId": "m", "skuId": "DZH318Z0D1L4/01DC",
        "productName": "Virtual Machines Dv4 Series", "skuName": "D8 v4", "serviceName": "Virtual Machines",
        "unitOfMeasure": "1 Hour", "type": "Reservation", "armSkuName": "Standard_D8_v4", "savingsPlan": [],
    }], "NextPageLink": null, "Count": 1});
    let file = folder.file("page.json", &page.to_string());
    assert_eq!(folder.told(&["catalog", "import", &file]), "1 added, 0 updated, 0 skipped");
    let admin = server.client(&folder.told(&["token"]));
    let shown = admin.get("/v1/products/DZH318Z0D1L4/skus/01DC/availabilities?country=US").items();
    assert_eq!(shown[0]["pricing"]["termPrice"].to_string(), "2500.00", "the newest price that is not in the future");
    assert_eq!(
        folder.run(&["healthcheck", "--listen", server.base.trim_start_matches("http://")]).status.code(),
        Some(0)
    );
    server.signal("-TERM");
    assert_eq!(server.exit_code(), Some(0));
    let log = std::fs::metadata(folder.0.join("reservoir.db-wal")).map_or(0, |log| log.len());
    assert_eq!(log, 0, "the database was closed: nothing is left beside its file");
}

/// What was answered is there after a crash; what was cut off is there whole or not at all.
fn survives_a_crash(engine: Engine) {
    let (folder, database) = (Folder::new(), Database::new(engine));
    let serve = || Process::start(folder.command(&SERVE).args(["--database-url", database.url()]));
    let server = serve();
    let admin = server.client(&folder.told(&["token", "--database-url", database.url()]));
    let kept = cart(&admin, ADVENTURE_WORKS, &[usual_item(1)]);
    let answered = admin.post_empty(&format!("{kept}/checkout")).expect(201);
    let carts: Vec<String> = (0..20).map(|_| cart(&admin, ADVENTURE_WORKS, &[usual_item(1)])).collect();
    let buyers: Vec<_> = carts
        .iter()
        .map(|path| {
            let (admin, path) = (admin.clone(), format!("{path}/checkout"));
            std::thread::spawn(move || admin.try_post_empty(&path).is_some_and(|answer| answer.status == 201))
        })
        .collect();
    std::thread::sleep(Duration::from_millis(30));
    server.signal("-KILL");
    let answered_201 = buyers.into_iter().map(|buyer| buyer.join().unwrap()).filter(|worked| *worked).count();
    drop(server);

    let server = serve();
    let admin = server.client(admin.token());
    assert_eq!(
        admin.post_empty(&format!("{kept}/checkout")).expect(201),
        answered,
        "the same answer as before the crash"
    );
    let orders = admin.get(&format!("/v1/customers/{ADVENTURE_WORKS}/orders")).items().len() - 2;
    assert!(orders >= answered_201, "{answered_201} were answered, {orders} are there");
    let ledger = admin.get(&format!("/_reservoir/ledger?customerId={ADVENTURE_WORKS}")).ok();
    assert_eq!(ledger["balanced"], true);
    assert_eq!(
        ledger["entries"].as_array().unwrap().len(),
        2 * (orders + 1),
        "each order has its money, and nothing else has"
    );
    for path in &carts {
        admin.post_empty(&format!("{path}/checkout")).expect(201);
    }
    assert_eq!(
        admin.get(&format!("/v1/customers/{ADVENTURE_WORKS}/orders")).items().len(),
        22,
        "none twice, none lost"
    );
}

/// Exchanges that were cut off happened whole or not at all, and can be sent again.
fn exchanges_survive_a_crash(engine: Engine) {
    let (folder, database) = (Folder::new(), Database::new(engine));
    let serve = || Process::start(folder.command(&SERVE).args(["--database-url", database.url()]));
    let server = serve();
    let admin = server.client(&folder.told(&["token", "--database-url", database.url()]));
    let larger = wanted("Standard_D4s_v5", "P1Y", "Upfront", 2);
    let quoted: Vec<(String, Value)> = (0..20)
        .map(|_| {
            let order = buy(&admin, &wanted("Standard_D2s_v5", "P1Y", "Upfront", 2));
            let quoted = quote_exchange(&admin, &[(&only(&admin, &order), 1)], std::slice::from_ref(&larger));
            (order, quoted.expect(200))
        })
        .collect();
    let threads: Vec<_> = quoted
        .iter()
        .map(|(_, quoted)| {
            let (admin, session) = (admin.clone(), quoted["properties"]["sessionId"].clone());
            std::thread::spawn(move || {
                let body = serde_json::json!({"properties": {"sessionId": session}});
                let path = versioned(&format!("{CAPACITY}/exchange"));
                admin.try_post(&path, &body).filter(|answer| answer.status == 200).map(|answer| answer.body())
            })
        })
        .collect();
    std::thread::sleep(Duration::from_millis(40));
    server.signal("-KILL");
    let answered: Vec<Option<Value>> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    drop(server);

    let server = serve();
    let admin = server.client(admin.token());
    let orders = || admin.get(&format!("/v1/customers/{ADVENTURE_WORKS}/orders")).items().len();
    let ledger = || {
        let view = admin.get(&format!("/_reservoir/ledger?customerId={ADVENTURE_WORKS}")).ok();
        assert_eq!(view["balanced"], true);
        view["entries"].as_array().unwrap().len()
    };
    let happened = orders() - 21;
    // Two entries a purchase; two for the refund and two for the purchase of an exchange.
    assert_eq!(ledger(), 2 * 20 + 4 * happened, "whole or not at all");
    for ((order, quoted), answered) in quoted.iter().zip(&answered) {
        let again = exchange(&admin, quoted).expect(200);
        if let Some(answered) = answered {
            assert_eq!(&again, answered, "the same answer as before the crash");
        }
        assert_eq!(in_use(&admin, order)[0]["properties"]["quantity"], 1);
    }
    assert_eq!((orders(), ledger()), (41, 2 * 20 + 4 * 20), "none twice, none lost");
    assert!(happened >= answered.iter().flatten().count());
}

#[test]
fn exchanges_survive_a_crash_on_sqlite() {
    exchanges_survive_a_crash(Engine::Sqlite);
}

#[test]
fn exchanges_survive_a_crash_on_postgres() {
    exchanges_survive_a_crash(Engine::Postgres);
}

#[test]
fn survives_a_crash_on_sqlite() {
    survives_a_crash(Engine::Sqlite);
}

#[test]
fn survives_a_crash_on_postgres() {
    survives_a_crash(Engine::Postgres);
}

/// `audit verify` says how much it verified, and by its exit code whether the chain holds.
#[test]
fn the_activity_log_is_verified_from_the_command_line() {
    let folder = Folder::new();
    let server = Process::start(&mut folder.command(&SERVE));
    let admin = server.client(&folder.told(&["token"]));
    admin.post("/v1/customers", &new_customer("first.example")).expect(201);
    server.signal("-TERM");
    assert_eq!(server.exit_code(), Some(0));
    assert_eq!(
        folder.told(&["audit", "verify"]),
        "1 records verified, 0 still to be sealed",
        "sealed at a graceful stop"
    );

    let server = Process::start(&mut folder.command(&SERVE));
    let admin = server.client(admin.token());
    admin.post("/v1/customers", &new_customer("second.example")).expect(201);
    server.signal("-KILL");
    drop(server);
    let told = folder.told(&["audit", "verify"]);
    let after_a_crash = ["1 records verified, 1 still to be sealed", "2 records verified, 0 still to be sealed"];
    assert!(after_a_crash.contains(&told.as_str()), "{told}");
    let server = Process::start(&mut folder.command(&SERVE));
    let patience = Instant::now();
    while folder.told(&["audit", "verify"]) != after_a_crash[1] {
        assert!(patience.elapsed() < Duration::from_secs(20), "the next start seals what a crash left");
    }
    server.signal("-TERM");
    assert_eq!(server.exit_code(), Some(0));

    let mut conn = SqliteConnection::establish(&folder.0.join("reservoir.db").display().to_string()).unwrap();
    conn.batch_execute("DELETE FROM audit_records WHERE chain_position = 2").unwrap();
    let output = folder.run(&["audit", "verify"]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        told.contains("the activity log is broken") && told.contains("2 records were sealed, 1 are there"),
        "{told}"
    );
}

/// Processes may start together on an empty database.
fn starts_together(url: &str) {
    let folder = Folder::new();
    let servers: Vec<Process> = (0..3)
        .map(|_| {
            let mut command = folder.command(&SERVE);
            command.args(["--database-url", url]);
            std::thread::spawn(move || Process::start(&mut command))
        })
        .collect::<Vec<_>>()
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .collect();
    let token = folder.told(&["token", "--database-url", url]);
    for server in &servers {
        assert_eq!(server.client(&token).get("/v1/customers").items().len(), 1, "seeded once, one key for all");
    }
    let [first, second, ..] = servers.as_slice() else { panic!() };
    first.client("").post("/_reservoir/clock", &json!({"now": "2040-01-01T00:00:00Z"})).ok();
    let customer = second.client(&token).post("/v1/customers", &new_customer("together.example")).expect(201);
    let path = format!("/v1/customers/{}/agreements", customer["id"].as_str().unwrap());
    second.client(&token).post(&path, &agreement()).expect(201);
    let now = second.client("").get("/_reservoir/clock").ok();
    assert!(now["now"].as_str().unwrap().starts_with("2040"), "replicas share the clock");
}

#[test]
fn replicas_start_together_on_sqlite() {
    let database = Database::new(Engine::Sqlite);
    starts_together(database.url());
}

#[test]
fn replicas_start_together_on_postgres() {
    let database = Database::empty_postgres();
    starts_together(database.url());
}

#[test]
fn without_development_powers_only_the_configured_issuer_is_trusted() {
    let folder = Folder::new();
    let tenant = "90000000-0000-4000-8000-000000000001";
    folder.told(&[
        "partner",
        "add",
        "--tenant",
        tenant,
        "--name",
        "Proseware",
        "--domain",
        "proseware.example",
        "--kind",
        "direct",
        "--country",
        "US",
        "--currency",
        "USD",
        "--mpn",
        "1000009",
    ]);
    let private = EncodingKey::from_ec_der(&rcgen::KeyPair::generate().unwrap().serialize_der());
    let mut jwk =
        serde_json::to_value(jsonwebtoken::jwk::Jwk::from_encoding_key(&private, Algorithm::ES256).unwrap()).unwrap();
    jwk["kid"] = json!("one");
    let keys = folder.file("keys.json", &json!({"keys": [jwk]}).to_string());
    let server = Process::start(&mut folder.command(&[
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--issuer",
        "https://login.example/{tenantid}/v2.0",
        "--jwks-file",
        &keys,
        "--audience",
        "api://reservoir",
        "--role-map",
        "partner-admins=AdminAgents",
    ]));
    let token = |change: &dyn Fn(&mut Value)| {
        let mut claims = json!({
            "iss": format!("https://login.example/{tenant}/v2.0"), "aud": "api://reservoir", "tid": tenant,
            "oid": Uuid::new_v4(), "exp": chrono::Utc::now().timestamp() + 600, "groups": ["partner-admins"],
            "preferred_username": "ada@proseware.example", "scp": "user_impersonation",
        });
        change(&mut claims);
        let header = Header { kid: Some("one".to_owned()), ..Header::new(Algorithm::ES256) };
        jsonwebtoken::encode(&header, &claims, &private).unwrap()
    };
    let status =
        |change: &dyn Fn(&mut Value)| server.client(&token(change)).get("/v1/agreements?agreementType=*").status;
    assert_eq!(status(&|_| {}), 200);
    assert_eq!(status(&|claims| claims["groups"] = json!(["others"])), 403);
    assert_eq!(status(&|claims| claims["aud"] = json!("https://api.partnercenter.microsoft.com")), 401);
    assert_eq!(status(&|claims| claims["iss"] = json!("https://login.example/common/v2.0")), 401);
    assert_eq!(status(&|claims| claims["tid"] = json!(Uuid::new_v4())), 401, "nobody knows this tenant");
    // In a customer's tenant the roles of a token are the customer's word: an agent is what its partner made it.
    let customer = server.client(&token(&|_| {})).post("/v1/customers", &new_customer("lucerne.example")).expect(201);
    let location = Location::parse(&format!("sqlite://{}", folder.0.join("reservoir.db").display())).unwrap();
    let db = Db::open(&location, Clock::system()).unwrap();
    let on_behalf = |role: &str| {
        let (tenant_id, name) = (Guid::parse(tenant).unwrap(), format!("{role}@proseware.example"));
        let agent = db.read_now(move |unit| principals::repo::by_name(unit.conn, &tenant_id, &name)).unwrap().unwrap();
        let token = token(&|claims| {
            claims["tid"] = customer["id"].clone();
            claims["iss"] = json!(format!("https://login.example/{}/v2.0", customer["id"].as_str().unwrap()));
            claims["oid"] = json!(agent.object_id);
        });
        let anywhere = assignment("/providers/Microsoft.Capacity", &Uuid::new_v4().to_string());
        server.client(&token).arm_put(&anywhere, &grant(RESERVATIONS_READER, agent.object_id.as_str())).status
    };
    assert_eq!((on_behalf("helpdesk"), on_behalf("admin")), (403, 201));
    let foreign = folder.told(&["token", "--partner", "proseware.example"]);
    assert_eq!(server.client(&foreign).get("/v1/customers").status, 401, "the development issuer is not trusted");
    let given = token(&|_| {});
    let exchanged = server.client(&given).form("/generatetoken", &[("grant_type", "jwt_token")]).ok();
    assert_eq!(exchanged["access_token"], given.as_str(), "no signing key: the token comes back");
    for path in ["/_reservoir/clock", "/_reservoir/ledger", "/contoso.example/discovery/v2.0/keys"] {
        assert_eq!(server.client("").get(path).expect(404), json!({"error": "not found"}), "{path}");
    }
}

#[test]
fn https_with_the_development_authority() {
    let folder = Folder::new();
    let server = Process::start(folder.command(&SERVE).arg("--tls"));
    let address = server.base.strip_prefix("https://").unwrap();
    let authority = folder.file("ca.pem", &folder.told(&["token", "--ca"]));
    let token = folder.told(&["token"]);
    let certificates = ureq::tls::Certificate::from_pem(std::fs::read(authority).unwrap().as_slice()).unwrap();
    let tls = ureq::tls::TlsConfig::builder()
        .unversioned_rustls_crypto_provider(std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .root_certs(ureq::tls::RootCerts::new_with_certs(&[certificates]))
        .build();
    let agent: ureq::Agent = ureq::Agent::config_builder().tls_config(tls).build().new_agent();
    let port = address.rsplit(':').next().unwrap();
    let request =
        agent.get(format!("https://localhost:{port}/v1/customers")).header("Authorization", format!("Bearer {token}"));
    assert_eq!(request.call().unwrap().status(), 200);
}
