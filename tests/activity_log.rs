//! The activity log: what it shows to whom, and that whatever is done to it in the database is found.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use diesel::Connection;
use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::sqlite::SqliteConnection;
use reservoir::audit::chain::{Broken, Verified, verify};
use reservoir::audit::{self, Actor, Change, OperationType, ResourceType};
use reservoir::clock::Clock;
use reservoir::db::{Db, Location};
use reservoir::ids::Guid;
use serde_json::{Value, json};

use crate::engines;
use crate::support::purchases::*;
use crate::support::{ADVENTURE_WORKS, App, CONTOSO, Client, PLAN};

const LOG: &str = "/v1/auditrecords";
const WHOLE: &str = "/reservoir/v1/auditrecords";

fn beside(app: &App) -> Db {
    Db::open(&Location::parse(app.database_url()).unwrap(), Clock::system()).unwrap()
}

fn filter(field: &str, value: &str, operator: &str) -> String {
    let filter = json!({"Field": field, "Value": value, "Operator": operator}).to_string();
    url::form_urlencoded::Serializer::new(String::new()).append_pair("filter", &filter).finish()
}

fn texts<'a>(records: &'a [Value], member: &str) -> Vec<&'a str> {
    records.iter().map(|record| record[member].as_str().unwrap()).collect()
}

/// Eleven days, each with a purchase of one reservation.
fn some_history(app: &App) -> Client {
    let admin = app.contoso().admin();
    for _ in 0..11 {
        app.advance("P1D");
        admin
            .post(
                &format!("/v1/customers/{ADVENTURE_WORKS}/orders"),
                &order(&[reservation_line(NV12_ONE_YEAR, 1, PLAN)]),
            )
            .expect(201);
    }
    admin
}

/// A date so many days before the business time, as a day.
fn back(app: &App, days: i64) -> String {
    let now = app.anonymous().get("/_reservoir/clock").ok()["now"].as_str().unwrap().to_owned();
    let now: chrono::DateTime<chrono::Utc> = now.parse().unwrap();
    (now - chrono::TimeDelta::days(days)).format("%Y-%m-%d").to_string()
}

/// What is found once everything is sealed.
fn sealed(db: &Db) -> Result<Verified, Broken> {
    let patience = Instant::now();
    loop {
        let found = verify(db).unwrap();
        if !matches!(&found, Ok(found) if found.pending > 0) || patience.elapsed() > Duration::from_secs(15) {
            return found;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Runs statements in the database, behind the server's back.
fn by_hand(app: &App, sql: &str) {
    let url = app.database_url();
    let outcome = match url.strip_prefix("sqlite://") {
        Some(path) => {
            let mut conn = SqliteConnection::establish(path).unwrap();
            conn.batch_execute("PRAGMA busy_timeout = 4000").unwrap();
            conn.batch_execute(sql)
        }
        None => PgConnection::establish(url).unwrap().batch_execute(sql),
    };
    outcome.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

engines! {
    fn it_shows_what_was_done_newest_first(app: &App) {
        let admin = app.contoso().admin().with("MS-CorrelationId", "one-transaction");
        let customer = customer_with_agreement(&admin, "logged.example");
        registered_subscription(&admin, &customer, AZURE_PLAN);
        let log = admin.get(LOG).items();
        assert_eq!(texts(&log, "operationType"), ["create_order", "create_agreement", "add_customer"]);
        let whole = admin.get(WHOLE).items();
        assert_eq!(texts(&whole, "operationType"), ["register_subscription", "create_order", "create_agreement", "add_customer"]);
        assert_eq!(whole[1..], log, "the same records in the same form");
        let first = &log[2];
        for (member, value) in [
            ("partnerId", CONTOSO), ("customerId", &customer), ("customerName", "Company of logged.example"),
            ("userPrincipalName", "admin@contoso.example"), ("resourceType", "customer"), ("operationStatus", "succeeded"),
            ("originalCorrelationId", "one-transaction"),
        ] {
            assert_eq!(first[member], value, "{member}");
        }
        assert_eq!(first["attributes"]["objectType"], "AuditRecord");
        assert_eq!(first["customizedData"][0], json!({"key": "PrimaryDomainName", "value": "logged.example"}));
        let new: Value = serde_json::from_str(first["resourceNewValue"].as_str().unwrap()).unwrap();
        assert_eq!(new["CompanyProfile"]["Domain"], "logged.example");
        assert!(texts(&log, "id").iter().collect::<BTreeSet<_>>().len() == 3 && first.get("resourceOldValue").is_none());
        assert!(app.fabrikam().admin().get(WHOLE).items().is_empty(), "another partner's log is another");
        for agent in [app.contoso().sales(), app.contoso().helpdesk()] {
            agent.get(LOG).refused(403, 900_150, "role");
            agent.get(WHOLE).refused(403, 900_150, "role");
        }
        assert_eq!(app.contoso().application("admin-agent").get(LOG).items(), log);
    }

    fn dates_bound_it_and_ninety_days_are_the_most(app: &App) {
        let admin = some_history(app);
        let count = |query: &str| admin.get(&format!("{LOG}?{query}")).items().len();
        assert_eq!(count(""), 11);
        let (day, first) = (back(app, 3), back(app, 10));
        assert_eq!(count(&format!("startDate={day}")), 4);
        assert_eq!(count(&format!("startDate={day}&endDate={day}")), 1, "the last day is meant whole");
        assert_eq!(count(&format!("endDate={day}")), 8);
        let [year, month, date] = day.split('-').collect::<Vec<_>>()[..] else { panic!() };
        assert_eq!(count(&format!("startDate={month}/{date}/{year}%2000:00:00")), 4, "as .NET writes it");
        assert_eq!(count(&format!("STARTDATE={month}/{date}/{year}+12:00:00%20AM")), 4);
        app.advance("P25D");
        let admin = app.contoso().admin();
        let count = |query: &str| admin.get(&format!("{LOG}?{query}")).items().len();
        assert_eq!(count(""), 5, "the last 30 days");
        assert_eq!(count(&format!("startDate={first}")), 11);
        app.advance("P60D");
        let admin = app.contoso().admin();
        admin.get(&format!("{LOG}?startDate={first}")).refused(400, 800_002, "startDate");
        admin.get(&format!("{LOG}?startDate={}", back(app, 91))).refused(400, 800_002, "startDate");
        assert_eq!(admin.get(&format!("{LOG}?startDate={}", back(app, 90))).items().len(), 6);
        assert_eq!(admin.get(&format!("{WHOLE}?startDate={first}")).items().len(), 11, "ours goes back as far as there is");
        assert_eq!(admin.get(WHOLE).items().len(), 11);
        for (query, field) in [
            ("startDate=yesterday", "startDate"),
            ("startDate=2026-13-01", "startDate"),
            ("endDate=31/12/2026", "endDate"),
            ("startDate=2031-01-02&endDate=2031-01-01", "endDate"),
            ("size=-1", "size"),
        ] {
            for log in [LOG, WHOLE] {
                admin.get(&format!("{log}?{query}")).refused(400, 800_002, field);
            }
        }
    }

    fn filters_narrow_it(app: &App) {
        let admin = app.contoso().admin();
        let customer = customer_with_agreement(&admin, "narrow.example");
        registered_subscription(&admin, &customer, AZURE_PLAN);
        admin.post("/v1/SelfServePolicy", &purchase_permission(ADVENTURE_WORKS)).expect(201);
        let mut renamed = new_customer("x.example")["billingProfile"].clone();
        renamed["companyName"] = json!("Ärzte 100% & Söhne");
        admin.put(&format!("/v1/customers/{customer}/profiles/billing"), &renamed).expect(200);
        let kinds = |query: String| admin.get(&format!("{LOG}?{query}")).items().iter().map(|one| one["operationType"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        assert_eq!(kinds(filter("CustomerId", &customer.to_uppercase(), "equals")).len(), 4);
        assert_eq!(kinds(filter("CustomerId", ADVENTURE_WORKS, "equals")), ["create_self_serve_policy"]);
        assert!(kinds(filter("CustomerId", "5fffffff-ffff-4fff-8fff-ffffffffffff", "equals")).is_empty());
        assert_eq!(kinds(filter("CompanyName", "OF NARROW", "substring")).len(), 3);
        assert_eq!(kinds(filter("companyname", "äRZTE 100% &", "Substring")), ["update_customer_billing_profile"]);
        assert!(kinds(filter("CompanyName", "100_", "substring")).is_empty(), "nothing stands for any letter");
        assert_eq!(kinds(filter("ResourceType", "Order", "equals")), ["create_order"]);
        assert_eq!(kinds(filter("ResourceType", "self_serve_policy", "equals")), ["create_self_serve_policy"]);
        assert!(kinds(filter("ResourceType", "invoice", "equals")).is_empty());
        for query in [
            "filter=x".to_owned(),
            filter("ResourceType", "spaceship", "equals"),
            filter("ResourceType", "order", "substring"),
            filter("CompanyName", "x", "starts_with"),
            filter("CompanyName", &"x".repeat(300), "substring"),
            filter("CustomerId", "x", "equals"),
            filter("OperationType", "create_order", "equals"),
        ] {
            admin.get(&format!("{LOG}?{query}")).refused(400, 800_002, "filter");
        }
    }

    fn it_is_read_page_by_page(app: &App) {
        let admin = some_history(app);
        customer_with_agreement(&admin, "beside.example");
        for (log, query, wanted) in [
            (LOG, String::new(), 13),
            (WHOLE, String::new(), 13),
            (LOG, format!("{}&startDate={}", filter("ResourceType", "order", "equals"), back(app, 30)), 11),
            (WHOLE, filter("CompanyName", "works", "substring"), 11),
        ] {
            let root = log.trim_end_matches("/auditrecords");
            let whole = admin.get(&format!("{log}?{query}")).items();
            assert_eq!(whole.len(), wanted, "{query}");
            let (mut items, mut page) = (Vec::new(), admin.get(&format!("{log}?size=4&{query}")).ok());
            loop {
                let of_page = page["items"].as_array().unwrap().clone();
                assert!(of_page.len() <= 4 && page["totalCount"] == of_page.len());
                items.extend(of_page);
                let Some(next) = page["links"].get("next") else { break };
                assert_eq!(next["headers"][0]["key"], "MS-ContinuationToken");
                let client = admin.with("MS-ContinuationToken", next["headers"][0]["value"].as_str().unwrap());
                page = client.get(&format!("{root}{}", next["uri"].as_str().unwrap())).ok();
            }
            assert_eq!(items, whole, "each once, in order");
        }
        let token = admin.get(&format!("{LOG}?size=2")).ok()["continuationToken"].as_str().unwrap().to_owned();
        admin.post("/v1/customers", &new_customer("meanwhile.example")).expect(201);
        let second = admin.with("MS-ContinuationToken", &token).get(&format!("{LOG}?seekOperation=Next")).items();
        assert_eq!(second, admin.get(LOG).items()[3..5], "what is new shifts no page");
        assert!(app.fabrikam().admin().with("MS-ContinuationToken", &token).get(LOG).items().is_empty());
        for bad in ["x", "!!!", "eyJzaXplIjo1fQ", "eyJzaXplIjowLCJiZWZvcmUiOjV9", "eyJzaXplIjo1MDEsImJlZm9yZSI6NX0"] {
            admin.with("MS-ContinuationToken", bad).get(LOG).refused(400, 800_002, "MS-ContinuationToken");
        }
    }

    fn a_refused_change_of_a_permission_is_recorded_as_failed(app: &App) {
        let contoso = app.contoso();
        let wanted = purchase_permission(ADVENTURE_WORKS);
        let policy = format!("/v1/SelfServePolicy/{CONTOSO}_{ADVENTURE_WORKS}");
        let sales = contoso.sales().with("MS-CorrelationId", "tried");
        sales.put(&policy, &wanted).refused(403, 900_150, "");
        contoso.helpdesk().send("DELETE", &policy, None, Vec::new()).refused(403, 900_150, "");
        contoso.application("admin-agent").post("/v1/SelfServePolicy", &wanted).refused(403, 900_329, "");
        sales.post("/v1/SelfServePolicy", &purchase_permission("5fffffff-ffff-4fff-8fff-ffffffffffff")).refused(403, 900_150, "");
        sales.send("POST", "/v1/SelfServePolicy", None, b"{".to_vec()).refused(403, 900_150, "");
        sales.send("POST", "/v1/SelfServePolicy", None, vec![b' '; 2 << 20]).refused(403, 900_150, "");
        let log = contoso.admin().get(LOG).items();
        assert_eq!(texts(&log, "operationType"), [
            "create_self_serve_policy", "create_self_serve_policy", "create_self_serve_policy", "create_self_serve_policy",
            "delete_self_serve_policy", "update_self_serve_policy",
        ]);
        assert!(log.iter().all(|record| record["operationStatus"] == "failed"));
        let unknown: Vec<bool> = log.iter().map(|record| record.get("customerId").is_none()).collect();
        assert_eq!(unknown, [true, true, true, false, false, false], "the customer stands there where it is the partner's");
        assert_eq!((&log[5]["userPrincipalName"], &log[5]["originalCorrelationId"]), (&json!("sales@contoso.example"), &json!("tried")));
        assert_eq!((&log[3]["userPrincipalName"], &log[3]["customerName"]), (&json!(""), &json!("Adventure Works")));
        // An indirect reseller, and nobody's agent.
        app.tailspin().admin().post("/v1/SelfServePolicy", &wanted).refused(403, 900_150, "");
        assert_eq!(texts(&app.tailspin().admin().get(LOG).items(), "operationStatus"), ["failed"]);
        app.anonymous().post("/v1/SelfServePolicy", &wanted).refused(401, 400, "");
        assert_eq!(contoso.admin().get(LOG).items(), log);
    }

    fn whoever_acts_can_be_recorded(app: &App) {
        let who = Actor {
            partner_id: Guid::parse(CONTOSO).unwrap(),
            user_principal_name: "owner@adventure-works.example".to_owned(),
            application_id: String::new(),
            object_id: Guid::random(),
            correlation_id: "of a customer".to_owned(),
        };
        let change = Change::attempt(ResourceType::Order, OperationType::CreateOrder);
        let db = beside(app);
        actix_web::rt::System::new().block_on(audit::record_failure(&db, who, None, change)).unwrap();
        let record = app.contoso().admin().get(LOG).items().remove(0);
        assert_eq!((&record["userPrincipalName"], &record["operationStatus"]), (&json!("owner@adventure-works.example"), &json!("failed")));
    }

    fn the_chain_is_sealed_within_a_second_and_holds(app: &App) {
        let db = beside(app);
        assert_eq!(verify(&db).unwrap(), Ok(Verified { sealed: 0, pending: 0 }));
        let admin = app.contoso().admin();
        std::thread::scope(|scope| {
            for thread in 0..6 {
                let admin = admin.clone();
                scope.spawn(move || {
                    for number in 0..5 {
                        admin.post("/v1/customers", &new_customer(&format!("chain{thread}x{number}.example"))).expect(201);
                    }
                });
            }
        });
        let (written, patience) = (30, Duration::from_secs(3));
        std::thread::sleep(patience);
        assert_eq!(verify(&db).unwrap(), Ok(Verified { sealed: written, pending: 0 }));
        // The business time may go anywhere.
        app.advance("P3Y");
        app.contoso().admin().post("/v1/customers", &new_customer("later.example")).expect(201);
        app.anonymous().post("/_reservoir/clock", &json!({"follow": "system"})).ok();
        app.contoso().admin().post("/v1/customers", &new_customer("back.example")).expect(201);
        assert_eq!(sealed(&db), Ok(Verified { sealed: written + 2, pending: 0 }));
        app.anonymous().post_empty("/_reservoir/reset").ok();
        assert_eq!(sealed(&db), Ok(Verified { sealed: 0, pending: 0 }));
        app.contoso().admin().post("/v1/customers", &new_customer("anew.example")).expect(201);
        assert_eq!(sealed(&db), Ok(Verified { sealed: 1, pending: 0 }));
    }

    fn whatever_is_done_to_it_by_hand_is_found(app: &App) {
        let admin = app.contoso().admin();
        for number in 0..6 {
            admin.post("/v1/customers", &new_customer(&format!("hand{number}.example"))).expect(201);
        }
        let (db, whole) = (beside(app), Ok(Verified { sealed: 6, pending: 0 }));
        assert_eq!(sealed(&db), whole);
        let overriding = if app.database_url().starts_with("sqlite") { "" } else { "OVERRIDING SYSTEM VALUE" };
        by_hand(app, "CREATE TABLE kept AS SELECT * FROM audit_records; CREATE TABLE kept_head AS SELECT * FROM settings WHERE name = 'audit_chain_head'");
        let restore = format!(
            "DELETE FROM audit_records; INSERT INTO audit_records {overriding} SELECT * FROM kept;
             UPDATE settings SET value = (SELECT value FROM kept_head) WHERE name = 'audit_chain_head'"
        );
        let columns = "id, partner_id, customer_id, customer_name, user_principal_name, application_id, object_id, resource_type, operation_type, status, old_value, new_value, correlation_id, customized_data, at";
        let copied = columns.replacen("id,", "'new',", 1);
        let insert = |position: &str, hash: &str| format!(
            "INSERT INTO audit_records ({columns}, chain_position, chain_hash) SELECT {copied}, {position}, {hash} FROM kept WHERE chain_position = 3"
        );
        let mut tampered: Vec<(String, &str)> = [
            "partner_id", "customer_name", "user_principal_name", "application_id", "object_id", "resource_type",
            "operation_type", "status", "new_value", "correlation_id", "customized_data", "id",
        ].iter().map(|column| (format!("UPDATE audit_records SET {column} = 'other' WHERE chain_position = 3"), "record 3 ")).collect();
        tampered.extend([
            ("UPDATE audit_records SET customer_id = NULL WHERE chain_position = 3".to_owned(), "record 3 "),
            ("UPDATE audit_records SET old_value = '' WHERE chain_position = 3".to_owned(), "record 3 "),
            ("UPDATE audit_records SET at = '2020-01-01 00:00:00' WHERE chain_position = 3".to_owned(), "record 3 "),
            ("UPDATE audit_records SET chain_hash = 'x' WHERE chain_position = 3".to_owned(), "record 3 "),
            ("UPDATE audit_records SET chain_hash = NULL WHERE chain_position = 3".to_owned(), "record 3 "),
            ("UPDATE audit_records SET chain_position = NULL WHERE chain_position = 3".to_owned(), "record 3 is missing"),
            ("UPDATE audit_records SET chain_position = NULL WHERE chain_position = 6".to_owned(), "the last are missing"),
            ("UPDATE audit_records SET chain_position = -1 WHERE chain_position = 3".to_owned(), "record 1 is missing"),
            ("UPDATE audit_records SET chain_position = 60 WHERE chain_position = 3".to_owned(), "record 3 is missing"),
            ("DELETE FROM audit_records WHERE chain_position = 1".to_owned(), "record 1 is missing"),
            ("DELETE FROM audit_records WHERE chain_position = 3".to_owned(), "record 3 is missing"),
            ("DELETE FROM audit_records WHERE chain_position = 6".to_owned(), "the last are missing"),
            ("DELETE FROM audit_records".to_owned(), "the last are missing"),
            ("DELETE FROM audit_records WHERE chain_position = 6; DELETE FROM settings WHERE name = 'audit_chain_head'".to_owned(), "the last were inserted"),
            ("UPDATE settings SET value = 'x' WHERE name = 'audit_chain_head'".to_owned(), "the head cannot be read"),
            ("UPDATE settings SET value = '6 00' WHERE name = 'audit_chain_head'".to_owned(), "the head was changed"),
            ("UPDATE settings SET value = '5 00' WHERE name = 'audit_chain_head'".to_owned(), "the last were inserted"),
            (insert("7", "chain_hash"), "record 7 "),
            (insert("NULL", "NULL"), "was inserted"),
            (insert("NULL", "chain_hash"), "was inserted"),
        ]);
        for (sql, told) in &tampered {
            by_hand(app, sql);
            for round in 0..2 {
                let Err(Broken(reason)) = verify(&db).unwrap() else { panic!("not found: {sql}") };
                assert!(reason.contains(told), "{sql}: {reason}");
                // The server goes on beside it and must not make good what is not.
                if round == 0 && sql.starts_with("INSERT") {
                    std::thread::sleep(Duration::from_millis(1500));
                }
            }
            if sql.contains("DELETE FROM settings") {
                by_hand(app, "INSERT INTO settings SELECT * FROM kept_head");
            }
            by_hand(app, &restore);
            assert_eq!(verify(&db).unwrap(), whole, "restored after {sql}");
        }
        // A swap of two records changes nothing but the order.
        by_hand(app, "UPDATE audit_records SET chain_position = 99 WHERE chain_position = 2; UPDATE audit_records SET chain_position = 2 WHERE chain_position = 3; UPDATE audit_records SET chain_position = 3 WHERE chain_position = 99");
        assert!(verify(&db).unwrap().is_err());
        by_hand(app, &restore);
        // What is recorded after something was inserted is sealed all the same.
        by_hand(app, &insert("NULL", "NULL"));
        admin.post("/v1/customers", &new_customer("after.example")).expect(201);
        std::thread::sleep(Duration::from_millis(2500));
        let Err(Broken(reason)) = verify(&db).unwrap() else { panic!() };
        assert!(reason.contains("was inserted"), "{reason}");
        by_hand(app, "DELETE FROM audit_records WHERE id = 'new'");
        assert_eq!(sealed(&db), Ok(Verified { sealed: 7, pending: 0 }));
    }
}
