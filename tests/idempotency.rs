//! The same request sent again, or by many at once, happens once.

use diesel::Connection as _;
use diesel::RunQueryDsl as _;
use diesel::pg::PgConnection;
use diesel::sql_types::Text;
use diesel::sqlite::SqliteConnection;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::engines;
use crate::support::purchases::*;
use crate::support::samples::books;
use crate::support::{ADVENTURE_WORKS, App, Client, Engine, PLAN, Response};

const THREADS: usize = 32;

fn orders() -> String {
    format!("/v1/customers/{ADVENTURE_WORKS}/orders")
}

fn upfront(quantity: i64) -> Value {
    order(&[reservation_line(NV12_ONE_YEAR, quantity, PLAN)])
}

/// A client whose every call carries this request id.
fn under(client: &Client, id: &str) -> Client {
    client.with("MS-RequestId", id)
}

fn fresh() -> String {
    Uuid::new_v4().to_string()
}

/// What a client sees of an answer.
fn seen(answer: &Response) -> (u16, &str, Option<&str>) {
    (answer.status, &answer.text, answer.header("Location"))
}

/// Makes the same call from many threads at once.
fn at_once(call: impl Fn() -> Response + Sync) -> Vec<Response> {
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(&call)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

#[derive(diesel::QueryableByName)]
struct StoredAnswer {
    #[diesel(sql_type = Text)]
    body: String,
}

/// The answers that the database keeps for replays.
fn stored_answers(app: &App) -> Vec<String> {
    const SQL: &str = "SELECT body FROM replays";
    let url = app.database_url();
    let rows: Vec<StoredAnswer> = match url.strip_prefix("sqlite://") {
        Some(path) => diesel::sql_query(SQL).load(&mut SqliteConnection::establish(path).unwrap()).unwrap(),
        None => diesel::sql_query(SQL).load(&mut PgConnection::establish(url).unwrap()).unwrap(),
    };
    rows.into_iter().map(|row| row.body).collect()
}

fn execute(app: &App, sql: &str) {
    let url = app.database_url();
    let changed = match url.strip_prefix("sqlite://") {
        Some(path) => diesel::sql_query(sql).execute(&mut SqliteConnection::establish(path).unwrap()).unwrap(),
        None => diesel::sql_query(sql).execute(&mut PgConnection::establish(url).unwrap()).unwrap(),
    };
    assert!(changed > 0, "{sql}");
}

/// The debits of the seeded customer's ledger, in cents.
fn charged(app: &App) -> i64 {
    let entries = app.ledger(ADVENTURE_WORKS);
    entries.iter().filter(|entry| entry["side"] == "debit").map(|entry| entry["minorUnits"].as_i64().unwrap()).sum()
}

engines! {
    fn a_request_sent_again_gets_the_same_answer(app: &App) {
        let admin = under(&app.contoso().admin(), &fresh());
        let first = admin.post(&orders(), &upfront(2));
        first.expect(201);
        let after = books(app);
        assert_eq!(seen(&admin.post(&orders(), &upfront(2))), seen(&first));
        // The request id is compared like a GUID.
        let id = first.header("MS-RequestId").unwrap().to_uppercase();
        assert_eq!(seen(&under(&app.contoso().admin(), &id).post(&orders(), &upfront(2))), seen(&first));
        assert_eq!(books(app), after);

        let registration = format!("/v1/customers/{ADVENTURE_WORKS}/subscriptions/{PLAN}/registrations");
        let answers = [admin.post_empty(&registration), admin.post_empty(&registration)];
        assert_eq!((answers[0].status, answers[0].text.as_str()), (202, ""));
        let status = format!("/customers/{ADVENTURE_WORKS}/subscriptions/{PLAN}/registrationstatus");
        assert_eq!(answers[0].header("Location"), Some(status.as_str()));
        assert_eq!(seen(&answers[0]), seen(&answers[1]));

        let plan = format!("/v1/customers/{ADVENTURE_WORKS}/subscriptions/{PLAN}");
        let renamed = admin.patch(&plan, &json!({"friendlyName": "once"}));
        app.contoso().admin().patch(&plan, &json!({"friendlyName": "twice"})).expect(200);
        assert_eq!(seen(&admin.patch(&plan, &json!({"friendlyName": "once"}))), seen(&renamed));
        assert_eq!(app.contoso().admin().get(&plan).ok()["friendlyName"], "twice");
    }

    fn a_repeated_creation_returns_the_password_which_is_stored_nowhere(app: &App) {
        let admin = under(&app.contoso().admin(), &fresh());
        let first = admin.post("/v1/customers", &new_customer("again.example"));
        let password = first.expect(201)["userCredentials"]["password"].as_str().unwrap().to_owned();
        assert!(password.len() >= 12);
        assert_eq!(seen(&admin.post("/v1/customers", &new_customer("again.example"))), seen(&first));
        let stored = stored_answers(app);
        assert!(stored.iter().any(|body| body.contains("again.example")), "{stored:?}");
        assert!(!stored.iter().any(|body| body.contains(&password)), "the password is in the database");
        let id = first.body()["id"].as_str().unwrap().to_owned();
        assert!(!admin.get(&format!("/v1/customers/{id}")).text.contains(&password));
        let other = app.contoso().admin().post("/v1/customers", &new_customer("other.example")).expect(201);
        assert_ne!(other["userCredentials"]["password"], password.as_str());
    }

    fn an_id_that_was_used_with_another_body_is_refused(app: &App) {
        let admin = under(&app.contoso().admin(), &fresh());
        admin.post(&orders(), &upfront(1)).expect(201);
        let after = books(app);
        admin.post(&orders(), &upfront(2)).refused(409, 800_002, "MS-RequestId");
        // Bodies are compared as received bytes.
        let spaced = format!(" {}", upfront(1));
        admin.send("POST", &orders(), Some("application/json"), spaced.into_bytes()).refused(409, 800_002, "MS-RequestId");
        assert_eq!(books(app), after);
    }

    fn another_partner_path_or_query_is_another_request(app: &App) {
        let id = fresh();
        let (contoso, fabrikam) = (under(&app.contoso().admin(), &id), under(&app.fabrikam().admin(), &id));
        let created = |agent: &Client, domain: &str| agent.post("/v1/customers", &new_customer(domain)).expect(201)["id"].clone();
        assert_ne!(created(&contoso, "one.example"), created(&fabrikam, "two.example"));
        let first = contoso.post(&orders(), &upfront(1)).expect(201);
        let elsewhere = contoso.post(&format!("{}?x=1", orders()), &upfront(1)).expect(201);
        assert_ne!(first["id"], elsewhere["id"]);
        // The spelling of the path does not matter.
        let spelled = contoso.post(&orders().replace("/v1/customers", "/v1.0//Customers"), &upfront(1)).expect(201);
        assert_eq!(first["id"], spelled["id"]);
        let cart = contoso.post(&orders().replace("orders", "carts"), &json!({"lineItems": [usual_item(1)]})).expect(201);
        assert_eq!(cart["status"], "Active");
        // Without an id every request is one of its own.
        let plain = app.contoso().admin();
        assert_ne!(plain.post(&orders(), &upfront(1)).expect(201)["id"], plain.post(&orders(), &upfront(1)).expect(201)["id"]);
    }

    fn a_refusal_is_not_kept(app: &App) {
        let (plain, id) = (app.contoso().admin(), fresh());
        let admin = under(&plain, &id);
        let customer = plain.post("/v1/customers", &new_customer("late.example")).expect(201)["id"].as_str().unwrap().to_owned();
        let orders = format!("/v1/customers/{customer}/orders");
        admin.post(&orders, &order(&[line(AZURE_PLAN, 1)])).refused(403, 13_605, "Agreement");
        plain.post(&format!("/v1/customers/{customer}/agreements"), &agreement()).expect(201);
        admin.post(&orders, &order(&[line(AZURE_PLAN, 1)])).expect(201);
        assert_eq!(plain.get(&orders).items().len(), 1);
    }

    fn an_answer_is_kept_for_a_day_of_the_business_clock(app: &App) {
        let id = fresh();
        let create = |app: &App| under(&app.contoso().admin(), &id).post("/v1/customers", &new_customer("day.example"));
        let first = create(app).expect(201);
        app.advance("PT23H");
        assert_eq!(create(app).expect(201), first);
        app.advance("PT1H1M");
        create(app).refused(409, 800_002, "companyProfile.domain");
    }

    fn who_lost_the_right_gets_no_replay(app: &App) {
        let id = fresh();
        let admin = under(&app.contoso().admin(), &id);
        admin.post(&orders(), &upfront(1)).expect(201);
        under(&app.contoso().helpdesk(), &id).post(&orders(), &upfront(1)).refused(403, 900_150, "role");
        app.bearer("expired").with("MS-RequestId", &id).post(&orders(), &upfront(1)).refused(401, 400, "Access denied");
        execute(app, "UPDATE relationships SET state = 'ended'");
        admin.post(&orders(), &upfront(1)).refused(403, 20_002, "relationship");

        // What needs a signed-in user needs one for its replay, too.
        let mut shared = new_customer("shared.example");
        shared["associatedPartnerId"] = json!("10000000-0000-4000-8000-000000000004");
        under(&app.northwind().admin(), &id).post("/v1/customers", &shared).expect(201);
        under(&app.northwind().application("admin-agent"), &id).post("/v1/customers", &shared).refused(403, 900_329, "application-only");
    }

    fn many_who_check_out_one_cart_get_one_set_of_orders(app: &App) {
        let admin = app.contoso().admin();
        let before = books(app).0.len();
        let cart = cart(&admin, ADVENTURE_WORKS, &[usual_item(2), cart_item(NV12_THREE_YEARS, 1, "monthly", PLAN)]);
        let answers = at_once(|| admin.post(&format!("{cart}/checkout"), &json!("success")));
        for answer in &answers {
            assert_eq!(answer.expect(201), answers[0].body());
            assert_eq!(answer.text, answers[0].text);
        }
        assert_eq!(books(app).0.len(), before + 2);
        assert_eq!(charged(app), 2 * NV12_ONE_YEAR_USD * 100 + NV12_THREE_YEARS_USD * 100 / 36);
        // Nor does a later repeat do more, with an id or without.
        assert_eq!(admin.post_empty(&format!("{cart}/checkout")).text, answers[0].text);
        assert_eq!(under(&admin, &fresh()).post_empty(&format!("{cart}/checkout")).text, answers[0].text);
        assert_eq!(books(app).0.len(), before + 2);
        assert_eq!(admin.get(&cart).ok()["status"], "Ordered");
    }

    fn many_who_send_one_order_place_one(app: &App) {
        let admin = under(&app.contoso().admin(), &fresh());
        let before = books(app).0.len();
        let answers = at_once(|| admin.post(&orders(), &upfront(3)));
        for answer in &answers {
            answer.expect(201);
            assert_eq!(answer.text, answers[0].text);
        }
        assert_eq!(books(app).0.len(), before + 1);
        assert_eq!(charged(app), 3 * NV12_ONE_YEAR_USD * 100);
    }

    fn many_who_create_one_customer_get_one_and_without_an_id_all_but_one_fail(app: &App) {
        let admin = app.contoso().admin();
        let twins = under(&admin, &fresh());
        let answers = at_once(|| twins.post("/v1/customers", &new_customer("twins.example")));
        answers.iter().for_each(|answer| assert_eq!((answer.status, &answer.text), (201, &answers[0].text)));
        let rivals = at_once(|| admin.post("/v1/customers", &new_customer("rivals.example")));
        assert_eq!(rivals.iter().filter(|answer| answer.status == 201).count(), 1);
        rivals.iter().filter(|answer| answer.status != 201).for_each(|answer| answer.refused(409, 800_002, "companyProfile.domain"));
    }

    fn a_checkout_orders_the_groups_that_work_and_tells_the_others(app: &App) {
        let admin = app.contoso().admin();
        let (orders_before, _) = books(app);
        let bad = cart_item(NV12_THREE_YEARS, 1, "monthly", "99999999-9999-4999-8999-999999999999");
        let cart = cart(&admin, ADVENTURE_WORKS, &[usual_item(1), bad.clone(), usual_item(4)]);
        let shown = admin.get(&cart).ok();
        assert_eq!(shown["lineItems"][1]["error"]["errorCode"], "subscription_is_not_valid");
        assert_eq!([&shown["lineItems"][0]["orderGroup"], &shown["lineItems"][1]["orderGroup"]], ["0", "1"]);
        let answer = admin.post_empty(&format!("{cart}/checkout"));
        let result = answer.expect(201);
        assert_eq!(result["orders"].as_array().unwrap().len(), 1);
        assert_eq!(result["orders"][0]["lineItems"].as_array().unwrap().len(), 2);
        assert_eq!(result["orderErrors"].as_array().unwrap().len(), 1);
        let error = &result["orderErrors"][0];
        assert_eq!((&error["orderGroupId"], &error["code"], &error["attributes"]["objectType"]), (&json!("1"), &json!(800_011), &json!("OrderError")));
        assert!(error["description"].as_str().unwrap().contains("subscriptionId"));
        assert_eq!(books(app).0.len(), orders_before.len() + 1);
        assert_eq!(charged(app), 5 * NV12_ONE_YEAR_USD * 100);
        assert_eq!(admin.post_empty(&format!("{cart}/checkout")).text, answer.text);
        assert_eq!(admin.get(&cart).ok()["status"], "Ordered");

        // A group is ordered whole or not at all.
        let mut unwell = usual_item(1);
        unwell["provisioningContext"] = bad["provisioningContext"].clone();
        let mixed = crate::support::purchases::cart(&admin, ADVENTURE_WORKS, &[usual_item(1), unwell]);
        admin.post_empty(&format!("{mixed}/checkout")).refused(400, 800_009, "group 0");
        assert_eq!(charged(app), 5 * NV12_ONE_YEAR_USD * 100);
    }

    fn a_checkout_where_nothing_works_leaves_the_cart_to_be_mended(app: &App) {
        let admin = under(&app.contoso().admin(), &fresh());
        let before = books(app);
        let bad = cart_item(NV12_ONE_YEAR, 1, "one_time", "99999999-9999-4999-8999-999999999999");
        let cart = cart(&admin, ADVENTURE_WORKS, &[bad]);
        for _ in 0..2 {
            admin.post_empty(&format!("{cart}/checkout")).refused(400, 800_009, "group 0");
            assert_eq!(admin.get(&cart).ok()["status"], "Active");
        }
        assert_eq!(books(app), before);
        admin.put(&cart, &json!({"lineItems": [usual_item(1)]})).expect(200);
        admin.post_empty(&format!("{cart}/checkout")).expect(201);
        assert_eq!(charged(app), NV12_ONE_YEAR_USD * 100);
    }

    fn a_cart_is_changed_until_it_is_checked_out_and_lives_no_longer_for_it(app: &App) {
        let admin = app.contoso().admin();
        let cart = cart(&admin, ADVENTURE_WORKS, &[usual_item(1)]);
        let made = admin.get(&cart).ok();
        app.advance("P1D");
        let admin = app.contoso().admin();
        let mut again = made.clone();
        again["lineItems"][0]["quantity"] = json!(3);
        let changed = admin.put(&cart, &again).expect(200);
        assert_eq!(changed["expirationTimestamp"], made["expirationTimestamp"]);
        assert_eq!(changed["creationTimestamp"], made["creationTimestamp"]);
        assert!(changed["lastModifiedTimestamp"].as_str() > made["lastModifiedTimestamp"].as_str());
        assert_eq!(changed["lineItems"][0]["quantity"], 3);
        admin.post_empty(&format!("{cart}/checkout")).expect(201);
        admin.put(&cart, &again).refused(400, 800_065, "submitted");
        assert_eq!(charged(app), 3 * NV12_ONE_YEAR_USD * 100);
    }
}

mod a_restart_keeps_everything_and_the_replays {
    use super::*;

    fn run(engine: Engine) {
        let app = App::start(engine);
        let id = fresh();
        let admin = under(&app.contoso().admin(), &id);
        let answers = |admin: &Client| {
            let customer = admin.post("/v1/customers", &new_customer("lasting.example"));
            let order = admin.post(&orders(), &upfront(1));
            [customer, order].map(|answer| (answer.status, answer.text))
        };
        let open = cart(&admin, ADVENTURE_WORKS, &[usual_item(1)]);
        let first = answers(&admin);
        assert_eq!((first[0].0, first[1].0), (201, 201));
        app.advance("PT1H");
        let (before, token) = (books(&app), admin.token().to_owned());

        let app = app.restart();
        assert_eq!(books(&app), before);
        assert_eq!(answers(&under(&app.contoso().admin(), &id)), first);
        assert_eq!(answers(&under(&app.bearer(token), &id)), first, "the token is as good as before");
        assert_eq!(books(&app), before);
        assert_eq!(app.anonymous().get("/_reservoir/clock").ok()["mode"], "offset");
        let checked_out = app.contoso().admin().post_empty(&format!("{open}/checkout"));
        checked_out.expect(201);

        let app = app.restart();
        assert_eq!(app.contoso().admin().post_empty(&format!("{open}/checkout")).text, checked_out.text);
        assert_eq!(charged(&app), 2 * NV12_ONE_YEAR_USD * 100);
    }

    #[test]
    fn sqlite() {
        run(Engine::Sqlite);
    }

    #[test]
    fn postgres() {
        run(Engine::Postgres);
    }
}
