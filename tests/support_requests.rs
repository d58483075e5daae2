//! Service requests and the support profile.

use std::sync::Arc;

use reservoir::access::Agent;
use reservoir::auth::Token;
use reservoir::clock::Clock;
use reservoir::config::Role;
use reservoir::db::{Db, Location};
use reservoir::ids::Guid;
use reservoir::money::{Currency, Money};
use reservoir::partners;
use reservoir::support::{self, NewCommunication, Outcome, OutcomeOperation, Whose};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::engines;
use crate::support::purchases::*;
use crate::support::records::{log, operations};
use crate::support::{ADVENTURE_WORKS, AZURE_SUBSCRIPTION, Client, PLAN};

const CONTOSO: &str = "10000000-0000-4000-8000-000000000001";
const NOBODY: &str = "99999999-9999-4999-8999-999999999999";
const TICKETS: &str = "/v1/servicerequests";
const CREATE: &str = "/v1/servicerequests/en-US";

fn of_customer(rest: &str) -> String {
    format!("/v1/customers/{ADVENTURE_WORKS}/servicerequests{rest}")
}

/// Buys a reservation for the seeded customer: its order's id and its own.
fn reservation(agent: &Client) -> (String, String) {
    let customer = format!("/v1/customers/{ADVENTURE_WORKS}");
    agent.post(&format!("{customer}/orders"), &order(&[reservation_line(NV12_ONE_YEAR, 1, PLAN)])).expect(201);
    let entitlements = agent.get(&format!("{customer}/entitlements")).items();
    let artifact = &entitlements.last().unwrap()["entitledArtifacts"][0];
    let details = agent.get(&format!("/v1{}", artifact["link"]["uri"].as_str().unwrap())).ok();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&artifact["resourceId"]), text(&details["reservations"][0]["reservationId"]))
}

fn filtered(path: &str, field: &str, value: &str, operator: &str) -> String {
    let filter = json!({"Field": field, "Value": value, "Operator": operator}).to_string();
    format!("{path}?{}", url::form_urlencoded::Serializer::new(String::new()).append_pair("filter", &filter).finish())
}

fn titles(items: &[Value]) -> Vec<&str> {
    items.iter().map(|item| item["title"].as_str().unwrap()).collect()
}

engines! {
    fn an_agent_asks_for_the_return_of_a_reservation(app: &App) {
        let agent = app.contoso().helpdesk();
        let (order_id, reservation_id) = reservation(&app.contoso().sales());
        let topics = agent.get(&format!("{TICKETS}/supporttopics")).items();
        let topic = topics.iter().find(|topic| topic["name"] == "Reservation Management / Exchanges and Refunds").unwrap();
        assert_eq!((&topic["id"], &topic["description"]), (&json!(EXCHANGES_AND_REFUNDS), &json!("Billing / Reservation Management / Exchanges and Refunds")));

        let before = operations(app).len();
        let mut wanted = new_ticket(ADVENTURE_WORKS);
        wanted["reservationOrderId"] = json!(order_id.to_uppercase());
        wanted["reservationId"] = json!(reservation_id);
        wanted["primaryContact"] = json!({"firstName": "Hel", "lastName": "Desk", "phoneNumber": "425"});
        wanted["countryCode"] = json!("US");
        let created = agent.post(CREATE, &wanted).expect(201);
        let id = created["id"].as_str().unwrap();
        assert!(id.len() == 16 && id.chars().all(|c| c.is_ascii_digit()), "{id}");
        let seen = ["status", "severity", "supportTopicName", "lastClosedDate", "productName", "countryCode"].map(|name| created[name].as_str().unwrap());
        assert_eq!(seen, ["open", "moderate", "Reservation Management / Exchanges and Refunds", "0001-01-01T00:00:00", "Billing", "US"]);
        assert_eq!((&created["reservationOrderId"], &created["reservationId"]), (&json!(order_id), &json!(reservation_id)));
        assert_eq!(created["organization"], json!({"id": ADVENTURE_WORKS, "name": "Adventure Works"}));
        assert_eq!(created["primaryContact"], json!({"firstName": "Hel", "lastName": "Desk", "email": "helpdesk@contoso.example", "phoneNumber": "425"}));
        assert_eq!(created["lastUpdatedBy"]["email"], "helpdesk@contoso.example");
        assert_eq!((&created["notes"], &created["attributes"]["objectType"]), (&json!([]), &json!("ServiceRequest")));
        for path in [format!("{TICKETS}/{id}"), of_customer(&format!("/{id}"))] {
            assert_eq!(agent.get(&path).ok(), created);
        }

        app.advance("PT1H");
        // As the .NET SDK sends it: everything that is not different at its zero.
        let sent = json!({
            "Title": null, "Description": null, "Severity": "unknown", "SupportTopicId": null, "SupportTopicName": null,
            "Id": null, "Status": "none", "Organization": null, "PrimaryContact": null, "LastUpdatedBy": null,
            "ProductName": null, "ProductId": null, "CreatedDate": "0001-01-01T00:00:00", "LastModifiedDate": "0001-01-01T00:00:00",
            "LastClosedDate": "0001-01-01T00:00:00", "FileLinks": null, "NewNote": {"CreatedByName": null, "CreatedDate": null, "Text": "Any news?"},
            "Notes": null, "CountryCode": null, "Attributes": {"ObjectType": "ServiceRequest"},
        });
        let noted = app.contoso().admin().patch(&format!("{TICKETS}/{id}"), &sent).expect(200);
        assert_eq!((&noted["notes"][0]["createdByName"], &noted["notes"][0]["text"]), (&json!("admin@contoso.example"), &json!("Any news?")));
        assert_ne!(noted["lastModifiedDate"], created["lastModifiedDate"]);
        let same = ["title", "description", "severity", "status", "createdDate", "lastClosedDate", "primaryContact", "organization", "supportTopicId"];
        assert!(same.iter().all(|name| noted[*name] == created[*name]), "{noted}");
        assert_eq!(noted["lastUpdatedBy"]["email"], "admin@contoso.example");
        // The whole resource back, with one change.
        let mut whole = noted.clone();
        whole["severity"] = json!(1);
        let raised = agent.patch(&of_customer(&format!("/{id}")), &whole).expect(200);
        assert_eq!((&raised["severity"], raised["notes"].as_array().unwrap().len()), (&json!("critical"), 1));
        let closed = agent.patch(&format!("{TICKETS}/{id}"), &json!({"status": "Closed", "newNote": {"text": "Done."}})).expect(200);
        assert_eq!((&closed["status"], &closed["lastClosedDate"]), (&json!("closed"), &closed["lastModifiedDate"]));
        assert_eq!(closed["notes"][1]["text"], "Done.");
        assert_eq!(agent.patch(&format!("{TICKETS}/{id}"), &closed).expect(200), closed, "nothing different");
        let reopened = agent.patch(&format!("{TICKETS}/{id}"), &json!({"status": 1})).expect(200);
        assert_eq!((&reopened["status"], &reopened["lastClosedDate"]), (&json!("open"), &closed["lastClosedDate"]));
        let done = operations(app).split_off(before);
        assert_eq!(done, ["create_support_ticket", "update_support_ticket", "update_support_ticket", "update_support_ticket", "update_support_ticket"]);
        let record = log(app).pop().unwrap();
        assert!(record.resource_type == "support_ticket" && record.new_value.unwrap().contains(&reservation_id));
    }

    fn an_agent_asks_for_its_own_partner(app: &App) {
        let admin = app.contoso().admin();
        let before = operations(app).len();
        let mut wanted = new_ticket(CONTOSO);
        wanted["organization"] = Value::Null;
        wanted["severity"] = json!("unknown");
        let created = admin.post("/v1/ServiceRequests/de-DE", &wanted).expect(201);
        assert_eq!(created["organization"], json!({"id": CONTOSO, "name": "Contoso"}));
        assert_eq!((&created["severity"], created.get("reservationId")), (&json!("minimal"), None));
        admin.post(CREATE, &new_ticket(CONTOSO)).expect(201);
        assert_eq!(admin.get(TICKETS).items().len(), 2);
        assert!(admin.get(&of_customer("")).items().is_empty());
        let id = created["id"].as_str().unwrap();
        admin.get(&of_customer(&format!("/{id}"))).refused(404, 1000, "");
        admin.patch(&format!("{TICKETS}/{id}"), &json!({"title": "Other", "supportTopicId": "27F6A8D4-50B9-4C1E-A3D8-9BE4F2C06713"})).expect(200);
        assert_eq!(admin.get(&format!("{TICKETS}/{id}")).ok()["supportTopicName"], "Other General Billing Questions");
        assert_eq!(operations(app).split_off(before), ["create_support_ticket", "create_support_ticket", "update_support_ticket"]);
    }

    fn requests_are_listed_by_status_and_page(app: &App) {
        let admin = app.contoso().admin();
        let other = customer_with_agreement(&admin, "other.example");
        for number in 0..5 {
            let mut wanted = new_ticket(if number == 4 { &other } else { ADVENTURE_WORKS });
            wanted["title"] = json!(format!("t{number}"));
            let created = admin.post(CREATE, &wanted).expect(201);
            if number == 1 {
                let path = format!("{TICKETS}/{}", created["id"].as_str().unwrap());
                admin.patch(&path, &json!({"status": "closed", "newNote": {"text": "n"}})).expect(200);
            }
        }
        let read = |path: &str| admin.get(path).items();
        assert_eq!(titles(&read(TICKETS)), ["t0", "t1", "t2", "t3", "t4"]);
        assert_eq!(titles(&read(&of_customer(""))), ["t0", "t1", "t2", "t3"]);
        assert_eq!(titles(&read("/v1/servicerequests?status=closed")), ["t1"]);
        assert_eq!(read("/v1/servicerequests?status=closed")[0]["notes"][0]["text"], "n");
        assert_eq!(titles(&read(&filtered(TICKETS, "Status", "Open", "equals"))), ["t0", "t2", "t3", "t4"]);
        assert_eq!(titles(&read(&filtered(&of_customer(""), "status", "CLOSED", "Equals"))), ["t1"]);
        assert!(read("/v1/servicerequests?status=attention_needed").is_empty());
        assert!(read(&format!("{}&status=closed", filtered(TICKETS, "Status", "Open", "equals"))).is_empty());
        assert_eq!(read("/v1/servicerequests?status=none").len(), 5);
        assert_eq!(titles(&read("/v1/servicerequests?size=2&offset=3")), ["t3", "t4"]);
        assert_eq!(titles(&read("/v1/servicerequests?offset=4")), ["t4"]);
        assert!(read("/v1/servicerequests?offset=5&size=1").is_empty());
        for first in ["/servicerequests?status=open&size=2", "/servicerequests?size=3&offset=0"] {
            let (mut seen, mut next) = (Vec::new(), Some(first.to_owned()));
            while let Some(uri) = next {
                let page = admin.get(&format!("/v1{uri}")).ok();
                seen.extend(titles(page["items"].as_array().unwrap()).into_iter().map(str::to_owned));
                next = page["links"]["next"]["uri"].as_str().map(str::to_owned);
            }
            assert_eq!(seen.len(), if first.contains("status") { 4 } else { 5 }, "{first}: {seen:?}");
        }
        for (path, field) in [
            ("/v1/servicerequests?size=-1".to_owned(), "size"),
            ("/v1/servicerequests?offset=x".to_owned(), "offset"),
            ("/v1/servicerequests?offset=18446744073709551615".to_owned(), "offset"),
            ("/v1/servicerequests?status=lost".to_owned(), "status"),
            (filtered(TICKETS, "Status", "Lost", "equals"), "filter"),
            (filtered(TICKETS, "Status", "Open", "starts_with"), "filter"),
            (filtered(TICKETS, "Title", "t1", "equals"), "filter"),
            ("/v1/servicerequests?filter=x".to_owned(), "filter"),
        ] {
            admin.get(&path).refused(400, 800_002, field);
        }
    }

    fn what_does_not_belong_together_is_refused(app: &App) {
        let admin = app.contoso().admin();
        let ((order_id, reservation_id), (_, second)) = (reservation(&admin), reservation(&admin));
        let other = customer_with_agreement(&admin, "other.example");
        let before = operations(app).len();
        let send = |customer: Value, order: Value, reservation: Value| {
            let mut wanted = new_ticket(ADVENTURE_WORKS);
            wanted["organization"]["id"] = customer;
            wanted["reservationOrderId"] = order;
            wanted["reservationId"] = reservation;
            admin.post(CREATE, &wanted)
        };
        for (customer, order, reservation, field) in [
            (json!(other), json!(order_id), json!(null), "reservationOrderId"),
            (json!(other), json!(null), json!(reservation_id), "reservationId"),
            (json!(ADVENTURE_WORKS), json!(NOBODY), json!(null), "reservationOrderId"),
            (json!(ADVENTURE_WORKS), json!(order_id), json!(second), "reservationId"),
            (json!(ADVENTURE_WORKS), json!(order_id), json!(NOBODY), "reservationId"),
            (json!(ADVENTURE_WORKS), json!("x"), json!(null), "reservationOrderId"),
            (json!(CONTOSO), json!(order_id), json!(null), "reservationOrderId"),
            (json!(null), json!(null), json!(reservation_id), "reservationId"),
        ] {
            send(customer, order, reservation).refused(400, 800_002, field);
        }
        send(json!(NOBODY), json!(null), json!(null)).refused(404, 60_003, "");
        assert_eq!(operations(app).len(), before);
        let by_reservation = send(json!(ADVENTURE_WORKS), json!(""), json!(reservation_id)).expect(201);
        assert_eq!(by_reservation["reservationOrderId"], json!(order_id));
        let by_order = send(json!(ADVENTURE_WORKS), json!(order_id), json!(null)).expect(201);
        assert!(by_order.get("reservationId").is_none());
        let path = format!("{TICKETS}/{}", by_order["id"].as_str().unwrap());
        for (member, value) in [("reservationOrderId", json!(NOBODY)), ("reservationId", json!(reservation_id)), ("organization.id", json!(other))] {
            let body = match member.split_once('.') {
                Some((outer, inner)) => json!({outer: {inner: value}}),
                None => json!({member: value}),
            };
            admin.patch(&path, &body).refused(400, 800_002, member);
        }
    }

    fn a_malformed_request_is_refused_with_the_member_named(app: &App) {
        let admin = app.contoso().admin();
        let path = format!("{TICKETS}/{}", ticket(&admin, ADVENTURE_WORKS));
        let before = (admin.get(TICKETS).items(), operations(app).len());
        let long = "x".repeat(20_001);
        for (member, value, field, also_changes) in [
            ("title", json!(null), "title", false),
            ("title", json!(" "), "title", false),
            ("title", json!("x".repeat(251)), "title", true),
            ("title", json!(5), "title", true),
            ("description", json!(null), "description", false),
            ("description", json!(long), "description", true),
            ("supportTopicId", json!(null), "supportTopicId", false),
            ("supportTopicId", json!("billing"), "supportTopicId", true),
            ("severity", json!("dire"), "severity", true),
            ("severity", json!(4), "severity", true),
            ("severity", json!(-1), "severity", true),
            ("severity", json!(1.5), "severity", true),
            ("severity", json!({"x": []}), "severity", true),
            ("organization", json!({"id": "x"}), "organization.id", true),
            ("organization", json!("x"), "organization", true),
            ("primaryContact", json!({"email": "nobody"}), "primaryContact.email", true),
            ("primaryContact", json!({"firstName": "x".repeat(257)}), "primaryContact.firstName", true),
            ("countryCode", json!("USAA"), "countryCode", true),
        ] {
            let mut wanted = new_ticket(ADVENTURE_WORKS);
            wanted[member] = value.clone();
            admin.post(CREATE, &wanted).refused(400, 800_002, field);
            if also_changes {
                admin.patch(&path, &json!({member: value})).refused(400, 800_002, field);
            }
        }
        for (body, field) in [
            (json!({"status": "attention_needed"}), "status"),
            (json!({"status": "lost"}), "status"),
            (json!({"status": true}), "status"),
            (json!({"newNote": {"text": long}}), "newNote.text"),
            (json!({"newNote": "x"}), "newNote"),
            (json!({"id": "1"}), "id"),
        ] {
            admin.patch(&path, &body).refused(400, 800_002, field);
        }
        for locale in ["english", "en_US", "1234567890123456", "supporttopics"] {
            admin.post(&format!("{TICKETS}/{locale}"), &new_ticket(ADVENTURE_WORKS)).refused(400, 800_002, "agent-locale");
        }
        for id in ["1234567890123456", "en-US", NOBODY] {
            admin.get(&format!("{TICKETS}/{id}")).refused(404, 1000, "");
            admin.patch(&format!("{TICKETS}/{id}"), &json!({})).refused(404, 1000, "");
        }
        assert_eq!(admin.send("DELETE", &format!("{TICKETS}/supporttopics"), None, Vec::new()).header("Allow"), Some("GET, POST, PATCH"));
        assert_eq!((admin.get(TICKETS).items(), operations(app).len()), before);
    }

    fn another_partners_requests_are_as_unknown_as_none(app: &App) {
        let (contoso, fabrikam) = (app.contoso().admin(), app.fabrikam().admin());
        let (theirs, own) = (ticket(&contoso, ADVENTURE_WORKS), ticket(&contoso, CONTOSO));
        let before = contoso.get(TICKETS).items();
        for id in [&theirs, &own] {
            fabrikam.get(&format!("{TICKETS}/{id}")).refused(404, 1000, "");
            fabrikam.patch(&format!("{TICKETS}/{id}"), &json!({"status": "closed"})).refused(404, 1000, "");
        }
        assert!(fabrikam.get(TICKETS).items().is_empty());
        fabrikam.get(&of_customer("")).refused(404, 60_003, "");
        fabrikam.get(&of_customer(&format!("/{theirs}"))).refused(404, 60_003, "");
        fabrikam.post(CREATE, &new_ticket(ADVENTURE_WORKS)).refused(404, 60_003, "");
        fabrikam.post(CREATE, &new_ticket(CONTOSO)).refused(404, 60_003, "");
        let relationship = json!({"customerId": ADVENTURE_WORKS, "partnerId": "10000000-0000-4000-8000-000000000002"});
        app.anonymous().post("/_reservoir/relationships", &relationship).ok();
        assert!(fabrikam.get(&of_customer("")).items().is_empty());
        fabrikam.get(&of_customer(&format!("/{theirs}"))).refused(404, 1000, "");
        assert_eq!(contoso.get(TICKETS).items(), before);
    }

    fn a_request_sent_again_is_made_once(app: &App) {
        let admin = app.contoso().admin().with("MS-RequestId", &Uuid::new_v4().to_string());
        let first = admin.post(CREATE, &new_ticket(ADVENTURE_WORKS));
        assert_eq!(admin.post(CREATE, &new_ticket(ADVENTURE_WORKS)).text, first.text);
        admin.post(CREATE, &new_ticket(CONTOSO)).refused(409, 800_002, "MS-RequestId");
        let path = format!("{TICKETS}/{}", first.expect(201)["id"].as_str().unwrap());
        let note = json!({"newNote": {"text": "once"}});
        assert_eq!(admin.patch(&path, &note).text, admin.patch(&path, &note).text);
        let all = admin.get(TICKETS).items();
        assert_eq!((all.len(), all[0]["notes"].as_array().unwrap().len()), (1, 1));
    }

    fn what_was_made_of_a_request_stands_on_it(app: &App) {
        let (order_id, reservation_id) = reservation(&app.contoso().admin());
        let mut wanted = new_ticket(ADVENTURE_WORKS);
        (wanted["reservationOrderId"], wanted["reservationId"]) = (json!(order_id), json!(reservation_id));
        let id = app.contoso().admin().post(CREATE, &wanted).expect(201)["id"].as_str().unwrap().to_owned();
        let before = operations(app).len();
        let db = Db::open(&Location::parse(app.database_url()).unwrap(), Clock::system()).unwrap();
        let session = Guid::random();
        let (wanted, quoted) = (id.clone(), session.clone());
        db.write_now("carry out", move |unit| {
            let partner = partners::repo::by_id(unit.conn, &Guid::parse(CONTOSO).unwrap())?.unwrap();
            let token = Token {
                tenant_id: partner.id.clone(),
                object_id: Guid::random(),
                user_principal_name: Some("admin@contoso.example".to_owned()),
                application_id: None,
                app_only: false,
                roles: vec![Role::Admin],
                expires_at: i64::MAX,
            };
            let agent = Agent { partner: Arc::new(partner), token: Arc::new(token), correlation_id: "c".to_owned() };
            let whose = Whose::own(&agent);
            let (ticket, _) = support::find(unit, &whose, &wanted)?;
            let scope = Guid::parse(AZURE_SUBSCRIPTION).unwrap();
            assert_eq!(support::find_named(unit, &whose, &scope, &wanted)?.as_ref(), Some(&ticket));
            let said = NewCommunication { name: Some("One".to_owned()), subject: "s".to_owned(), body: "Agreed.".to_owned(), sender: None };
            support::add_communication(unit, &agent, &ticket, &said)?;
            let again = NewCommunication { name: Some("one".to_owned()), ..said };
            assert!(support::add_communication(unit, &agent, &ticket, &again).is_err());
            let outcome = Outcome {
                operation: OutcomeOperation::Refund,
                session_id: quoted.clone(),
                amount: Money { minor: 1_178_400, currency: Currency::USD },
                at: unit.now,
            };
            let closed = support::close_with_outcome(unit, &agent, &ticket, &outcome)?;
            assert!(support::close_with_outcome(unit, &agent, &closed, &outcome).is_err());
            Ok(())
        })
        .unwrap();
        let seen = app.contoso().admin().get(&format!("{TICKETS}/{id}")).ok();
        assert_eq!((&seen["status"], &seen["notes"][0]["text"]), (&json!("closed"), &json!("Agreed.")));
        let outcome = ["operation", "sessionId", "amount", "currencyCode"].map(|name| seen["outcome"][name].to_string());
        assert_eq!(outcome, ["\"refund\"".to_owned(), format!("\"{session}\""), "11784.00".to_owned(), "\"USD\"".to_owned()]);
        assert_eq!(operations(app).split_off(before), ["update_support_ticket", "update_support_ticket"]);
    }

    fn the_support_profile_is_replaced_at_both_paths(app: &App) {
        let (admin, sales) = (app.contoso().admin(), app.contoso().sales());
        let before = operations(app).len();
        let empty = sales.get("/v1/profiles/support").ok();
        assert_eq!((empty.get("email"), &empty["profileType"]), (None, &json!("support_profile")));
        assert_eq!(empty["attributes"]["objectType"], "SupportProfile");
        // As the .NET SDK sends it.
        let sent = json!({"Email": "help@contoso.example", "Telephone": "4255550101", "Website": "www.contoso.example",
            "ProfileType": "support_profile", "Links": {"Self": {"Uri": "/profiles/support", "Method": "GET", "Headers": []}},
            "Attributes": {"Etag": null, "ObjectType": "SupportProfile"}});
        let first = admin.put("/v1/profiles/support", &sent).expect(200);
        assert_eq!(sales.get("/v1/profiles/support").ok(), first);
        assert_eq!(first["telephone"], "4255550101");
        admin.put("/v1/profiles/SupportProfile", &sent).expect(200);
        let second = admin.put("/v1/profiles/supportprofile", &json!({"email": "other@contoso.example", "telephone": ""})).expect(200);
        assert_eq!((&second["email"], second.get("telephone"), second.get("website")), (&json!("other@contoso.example"), None, None));
        assert_eq!(operations(app).split_off(before), ["update_support_profile", "update_support_profile"]);
        for (body, field) in [
            (json!({"email": "nobody"}), "email"),
            (json!({"telephone": 5}), "telephone"),
            (json!({"website": "x".repeat(257)}), "website"),
        ] {
            admin.put("/v1/profiles/support", &body).refused(400, 800_002, field);
        }
        assert_eq!(admin.get("/v1/profiles/support").ok(), second);
        assert!(app.fabrikam().admin().get("/v1/profiles/support").ok().get("email").is_none());
    }
}
