//! Support tickets on the Azure side, and what an Admin agent makes of them.

use serde_json::{Value, json};

use crate::engines;
use crate::support::purchases::*;
use crate::support::records::operations;
use crate::support::{ADVENTURE_WORKS, AZURE_SUBSCRIPTION, App, Client, PLAN, Response};

const CAPACITY: &str = "/providers/Microsoft.Capacity";
const BILLING: &str = "517f2da6-78fd-0498-4e22-ad26996b1dfc";
const NOBODY: &str = "99999999-9999-4999-8999-999999999999";
const VERSION: &str = "api-version=2024-04-01";

/// A path of the provider in the seeded subscription.
fn of_subscription(rest: &str) -> String {
    format!("/subscriptions/{AZURE_SUBSCRIPTION}/providers/Microsoft.Support{rest}?{VERSION}")
}

/// A path of the provider outside any subscription.
fn outside(rest: &str) -> String {
    format!("/providers/Microsoft.Support{rest}?{VERSION}")
}

fn capacity(rest: &str) -> String {
    format!("{CAPACITY}{rest}?api-version=2022-11-01")
}

/// The body of a ticket about exchanges and refunds.
fn wanted(order: Option<&str>, reservation: Option<&str>) -> Value {
    let mut body = json!({"properties": {
        "serviceId": format!("/providers/Microsoft.Support/services/{BILLING}"),
        "problemClassificationId": format!("/providers/Microsoft.Support/services/{BILLING}/problemClassifications/{EXCHANGES_AND_REFUNDS}"),
        "title": "Return of a reservation", "description": "Please return it.", "severity": "Moderate", "advancedDiagnosticConsent": "no",
        "contactDetails": {
            "firstName": "Ada", "lastName": "Low", "preferredContactMethod": "Email", "primaryEmailAddress": "ada@contoso.example",
            "preferredTimeZone": "Pacific Standard Time", "country": "usa", "preferredSupportLanguage": "en-US",
        },
    }});
    for (member, value) in [("reservationOrderId", order), ("reservationId", reservation)] {
        if let Some(value) = value {
            body["properties"][member] = json!(value);
        }
    }
    body
}

/// The same with one member of `properties` different; `null` takes it away.
fn but(body: &Value, pointer: &str, value: Value) -> Value {
    let mut body = body.clone();
    let (outer, inner) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(&format!("/properties{outer}")).unwrap()[inner] = value;
    body
}

/// Insists on Azure's error body, and on `part` being named.
fn refused(answer: &Response, status: u16, code: &str, part: &str) {
    let body = answer.expect(status);
    assert_eq!(body["error"]["code"], code, "{} answered {}", answer.asked, answer.text);
    let message = body["error"]["message"].as_str().unwrap();
    assert!(message.contains(part), "{}: {part} is not named in {message}", answer.asked);
    assert_eq!(answer.header("Retry-After"), None, "a refusal is final");
}

/// Buys a reservation on Partner Center's side: its order and itself.
fn reservation(agent: &Client, quantity: i64) -> (String, String) {
    let customer = format!("/v1/customers/{ADVENTURE_WORKS}");
    agent.post(&format!("{customer}/orders"), &order(&[reservation_line(NV12_ONE_YEAR, quantity, PLAN)])).expect(201);
    let entitlements = agent.get(&format!("{customer}/entitlements")).items();
    let artifact = &entitlements.last().unwrap()["entitledArtifacts"][0];
    let details = agent.get(&format!("/v1{}", artifact["link"]["uri"].as_str().unwrap())).ok();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&artifact["resourceId"]), text(&details["reservations"][0]["reservationId"]))
}

fn full_id(order: &str, reservation: &str) -> String {
    format!("{CAPACITY}/reservationOrders/{order}/reservations/{reservation}")
}

/// Quotes the return of `quantity`: the body of the return, and what comes back.
fn refund_body(agent: &Client, order: &str, reservation: &str, quantity: i64) -> (Value, Value) {
    let returned = json!({"reservationId": full_id(order, reservation), "quantity": quantity});
    let asked = json!({"properties": {"scope": "Reservation", "reservationToReturn": returned}});
    let quote = agent.post(&capacity(&format!("/reservationOrders/{order}/calculateRefund")), &asked).ok();
    let session = &quote["properties"]["sessionId"];
    let body = json!({"properties": {"sessionId": session, "scope": "Reservation", "returnReason": "r", "reservationToReturn": returned}});
    (body, quote["properties"]["billingRefundAmount"]["amount"].clone())
}

/// Quotes an exchange for a dearer reservation: the body of the exchange, and what is left to pay.
fn exchange_body(agent: &Client, order: &str, reservation: &str) -> (Value, Value) {
    let asked = json!({"properties": {
        "reservationsToPurchase": [{"sku": {"name": "Standard_D8_v4"}, "location": "westeurope", "properties": {
            "reservedResourceType": "VirtualMachines", "billingScopeId": format!("/subscriptions/{AZURE_SUBSCRIPTION}"),
            "term": "P3Y", "billingPlan": "Upfront", "quantity": 9, "displayName": "new", "appliedScopeType": "Shared",
        }}],
        "reservationsToExchange": [{"reservationId": full_id(order, reservation), "quantity": 1}],
    }});
    let quote = agent.post(&capacity("/calculateExchange"), &asked).ok();
    assert!(quote["properties"]["policyResult"]["policyErrors"].is_null(), "{quote}");
    let body = json!({"properties": {"sessionId": quote["properties"]["sessionId"]}});
    (body, quote["properties"]["netPayable"]["amount"].clone())
}

fn signed_in(app: &App, tenant: &str, username: &str) -> Client {
    let form = [("grant_type", "password"), ("username", username), ("password", "any"), ("client_id", "tests")];
    let answer = app.anonymous().form(&format!("/{tenant}/oauth2/v2.0/token"), &form).ok();
    app.bearer(answer["access_token"].as_str().unwrap())
}

fn names(list: &Value) -> Vec<&str> {
    list["value"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect()
}

fn filtered(path: &str, filter: &str) -> String {
    format!("{path}&{}", url::form_urlencoded::Serializer::new(String::new()).append_pair("$filter", filter).finish())
}

engines! {
    fn a_ticket_is_created_from_the_form_and_seen_on_both_surfaces(app: &App) {
        let (helpdesk, admin) = (app.contoso().helpdesk(), app.contoso().admin());
        let (order, one) = reservation(&admin, 1);
        let services = helpdesk.get(&outside("/services")).ok();
        let billing = services["value"].as_array().unwrap().iter().find(|one| one["properties"]["displayName"] == "Billing").unwrap();
        assert_eq!((&billing["name"], &billing["type"]), (&json!(BILLING), &json!("Microsoft.Support/services")));
        let billing = billing["id"].as_str().unwrap();
        assert_eq!(helpdesk.get(&format!("{billing}?{VERSION}")).ok()["id"], billing);
        let problems = helpdesk.get(&format!("{billing}/problemClassifications?{VERSION}")).ok();
        let problem = problems["value"].as_array().unwrap().iter()
            .find(|one| one["properties"]["displayName"] == "Reservation Management / Exchanges and Refunds").unwrap();
        let problem = problem["id"].as_str().unwrap();
        assert_eq!(helpdesk.get(&format!("{problem}?{VERSION}")).ok()["id"], problem);

        let check = json!({"name": "Return-1", "type": "microsoft.support/SupportTickets"});
        assert_eq!(helpdesk.post(&of_subscription("/checkNameAvailability"), &check).ok(), json!({"nameAvailable": true}));
        let mut body = wanted(Some(&format!("{CAPACITY}/reservationOrders/{order}")), Some(&one));
        (body["properties"]["serviceId"], body["properties"]["problemClassificationId"]) = (json!(billing), json!(problem));
        let before = operations(app).len();
        let answer = helpdesk.put(&of_subscription("/supportTickets/Return-1"), &body);
        let created = answer.expect(200);
        for header in ["Location", "Azure-AsyncOperation", "Retry-After"] {
            assert_eq!(answer.header(header), None, "{header}");
        }
        let id = format!("/subscriptions/{AZURE_SUBSCRIPTION}/providers/Microsoft.Support/supportTickets/Return-1");
        assert_eq!((&created["id"], &created["name"], &created["type"]), (&json!(id), &json!("Return-1"), &json!("Microsoft.Support/supportTickets")));
        let shown = &created["properties"];
        for (member, value) in [
            ("title", json!("Return of a reservation")), ("severity", json!("moderate")), ("status", json!("Open")), ("serviceId", json!(billing)),
            ("serviceDisplayName", json!("Billing")), ("problemClassificationId", json!(problem)), ("advancedDiagnosticConsent", json!("No")),
            ("problemClassificationDisplayName", json!("Reservation Management / Exchanges and Refunds")), ("require24X7Response", json!(false)),
            ("reservationOrderId", json!(format!("{CAPACITY}/reservationOrders/{order}"))), ("reservationId", json!(full_id(&order, &one))),
            ("supportEngineer", json!({"emailAddress": null})), ("outcome", Value::Null),
        ] {
            assert_eq!(shown[member], value, "{member}");
        }
        assert_eq!((&shown["contactDetails"]["country"], &shown["contactDetails"]["preferredContactMethod"]), (&json!("usa"), &json!("email")));
        assert_eq!((&shown["serviceLevelAgreement"]["startTime"], &shown["serviceLevelAgreement"]["slaMinutes"]), (&shown["createdDate"], &json!(240)));
        // The same again is the same ticket; another one is refused.
        assert_eq!(admin.put(&of_subscription("/supportTickets/return-1"), &body).ok(), created);
        refused(&helpdesk.put(&of_subscription("/supportTickets/RETURN-1"), &but(&body, "/title", json!("Other"))), 409, "Conflict", "name");
        assert_eq!(operations(app).split_off(before), ["create_support_ticket"]);
        assert_eq!(helpdesk.post(&of_subscription("/checkNameAvailability"), &check).ok()["nameAvailable"], false);
        assert_eq!(helpdesk.post(&outside("/checkNameAvailability"), &check).ok()["nameAvailable"], true);

        let number = shown["supportTicketId"].as_str().unwrap();
        let request = format!("/v1/servicerequests/{number}");
        let seen = admin.get(&request).ok();
        assert_eq!((&seen["reservationId"], &seen["organization"]["id"], &seen["status"]), (&json!(one), &json!(ADVENTURE_WORKS), &json!("open")));
        // Notes are communications, and the other way round.
        let said = json!({"properties": {"subject": "News?", "body": "Any news?", "sender": "ada@contoso.example"}});
        let news = of_subscription("/supportTickets/Return-1/communications/News");
        let communication = helpdesk.put(&news, &said).expect(200);
        assert_eq!(communication["id"], format!("{id}/communications/News"));
        assert_eq!((&communication["properties"]["communicationType"], &communication["properties"]["communicationDirection"]), (&json!("web"), &json!("outbound")));
        assert_eq!(helpdesk.put(&news, &said).ok(), communication, "said once");
        refused(&helpdesk.put(&news, &but(&said, "/body", json!("x"))), 409, "Conflict", "name");
        admin.patch(&request, &json!({"newNote": {"text": "Soon."}})).expect(200);
        let notes = admin.get(&request).ok()["notes"].clone();
        assert_eq!((&notes[0]["text"], &notes[1]["text"]), (&json!("Any news?"), &json!("Soon.")));
        let list = of_subscription("/supportTickets/Return-1/communications");
        let all = helpdesk.get(&list).ok();
        assert_eq!((&all["value"][0], &all["value"][1]["properties"]["body"], &all["nextLink"]), (&communication, &json!("Soon."), &Value::Null));
        let note = all["value"][1]["id"].as_str().unwrap();
        assert_eq!(helpdesk.get(&format!("{note}?{VERSION}")).ok(), all["value"][1]);
        assert_eq!(names(&helpdesk.get(&filtered(&list, "CommunicationType eq 'web' and CreatedDate ge 2020-01-01")).ok()).len(), 2);
        assert!(names(&helpdesk.get(&filtered(&list, "communicationType eq 'phone'")).ok()).is_empty());
        let free = json!({"name": "news", "type": "Microsoft.Support/communications"});
        assert_eq!(helpdesk.post(&of_subscription("/supportTickets/Return-1/checkNameAvailability"), &free).ok()["nameAvailable"], false);

        // Its state is one.
        let changed = helpdesk.patch(&of_subscription("/supportTickets/Return-1"), &json!({"severity": "HighestCriticalImpact", "status": "Closed", "contactDetails": {"firstName": "Eve"}})).expect(200);
        assert_eq!((&changed["properties"]["status"], &changed["properties"]["contactDetails"]["firstName"], &changed["properties"]["contactDetails"]["lastName"]), (&json!("Closed"), &json!("Eve"), &json!("Low")));
        let seen = admin.get(&request).ok();
        assert_eq!((&seen["status"], &seen["severity"], &seen["primaryContact"]["firstName"]), (&json!("closed"), &json!("critical"), &json!("Eve")));
        admin.patch(&request, &json!({"status": "open"})).expect(200);
        let shouted = format!("/SUBSCRIPTIONS/{AZURE_SUBSCRIPTION}/Providers/microsoft.support/SUPPORTTICKETS/rEturn-1/?API-VERSION=2022-11-01");
        assert_eq!(helpdesk.get(&shouted).ok()["properties"]["status"], "Open");
        assert_eq!(helpdesk.get(&format!("/providers/MICROSOFT.SUPPORT/Services/{}?{VERSION}", BILLING.to_uppercase())).ok()["name"], BILLING);
    }

    fn a_ticket_needs_no_subscription(app: &App) {
        let admin = app.contoso().admin();
        let (order, one) = reservation(&admin, 1);
        let plain = wanted(None, None);
        let created = admin.put(&outside("/supportTickets/own"), &plain).expect(200);
        assert_eq!(created["id"], "/providers/Microsoft.Support/supportTickets/own");
        let number = created["properties"]["supportTicketId"].as_str().unwrap();
        assert_eq!(admin.get(&format!("/v1/servicerequests/{number}")).ok()["organization"]["name"], "Contoso");
        // One that names a reservation concerns its customer, and stays where it was put.
        let questions = json!({"reservationOrderId": order, "reservationId": one, "other": [1]}).to_string();
        let by_answers = but(&plain, "/problemScopingQuestions", json!(questions));
        let created = admin.put(&outside("/supportTickets/theirs"), &by_answers).expect(200);
        assert_eq!((&created["id"], &created["properties"]["reservationId"]), (&json!("/providers/Microsoft.Support/supportTickets/theirs"), &json!(full_id(&order, &one))));
        assert_eq!(admin.get(&outside("/supportTickets/THEIRS")).ok(), created);
        let number = created["properties"]["supportTicketId"].as_str().unwrap();
        assert_eq!(admin.get(&format!("/v1/customers/{ADVENTURE_WORKS}/servicerequests/{number}")).ok()["reservationId"], json!(one));
        refused(&admin.get(&of_subscription("/supportTickets/theirs")), 404, "ResourceNotFound", "support ticket");
        admin.put(&outside("/supportTickets/free-text"), &but(&plain, "/problemScopingQuestions", json!("none {"))).expect(200);
        refused(&admin.put(&outside("/supportTickets/x"), &but(&wanted(Some(NOBODY), None), "/problemScopingQuestions", json!(questions))), 400, "InvalidRequestContent", "problemScopingQuestions");
        // An agent in its customer's tenant sees what concerns that customer.
        let behalf = signed_in(app, "adventure-works.example", "sales@contoso.example");
        assert_eq!(names(&behalf.get(&outside("/supportTickets")).ok()), ["theirs"]);
        let created = behalf.put(&outside("/supportTickets/behalf"), &plain).expect(200);
        assert_eq!(names(&admin.get(&outside("/supportTickets")).ok()), ["own", "theirs", "free-text", "behalf"]);
        let number = created["properties"]["supportTicketId"].as_str().unwrap();
        assert_eq!(admin.get(&format!("/v1/servicerequests/{number}")).ok()["organization"]["id"], ADVENTURE_WORKS);
        refused(&behalf.get(&outside("/supportTickets/own")), 404, "ResourceNotFound", "support ticket");
        refused(&behalf.put(&outside("/supportTickets/own"), &plain), 409, "Conflict", "name");
        // What Partner Center's side created has its number for a name.
        let id = ticket(&admin, ADVENTURE_WORKS);
        assert_eq!(admin.get(&outside(&format!("/supportTickets/{id}"))).ok()["properties"]["supportTicketId"], json!(id));
    }

    fn tickets_are_filtered_and_paged(app: &App) {
        let admin = app.contoso().application("helpdesk-agent");
        for number in 0..27 {
            let mut body = wanted(None, None);
            if number == 3 {
                body["properties"]["problemClassificationId"] = json!("27F6A8D4-50B9-4C1E-A3D8-9BE4F2C06713");
            }
            admin.put(&of_subscription(&format!("/supportTickets/t{number}")), &body).expect(200);
        }
        admin.patch(&of_subscription("/supportTickets/t5"), &json!({"status": "closed"})).expect(200);
        let list = of_subscription("/supportTickets");
        let first = admin.get(&list).ok();
        assert_eq!(names(&first).len(), 25);
        let follow = |page: &Value| {
            let link = page["nextLink"].as_str().unwrap();
            admin.get(link.strip_prefix(&app.base()).unwrap()).ok()
        };
        let rest = follow(&first);
        assert_eq!((names(&rest), &rest["nextLink"]), (vec!["t25", "t26"], &Value::Null));
        let tens = admin.get(&format!("{}&$top=26", filtered(&list, "Status eq 'Open'"))).ok();
        assert!(names(&tens).len() == 26 && tens["nextLink"].is_null());
        let few = admin.get(&format!("{}&$top=10.0", filtered(&list, "Status eq 'open'"))).ok();
        assert_eq!(names(&follow(&few))[0], "t11");
        assert_eq!(names(&admin.get(&format!("{list}&$top=1000")).ok()).len(), 27);
        let found = |filter: &str| admin.get(&filtered(&list, filter)).ok()["value"].as_array().unwrap().len();
        assert_eq!(found("status eq 'CLOSED'"), 1);
        assert_eq!(found("ProblemClassificationId eq '27f6a8d4-50b9-4c1e-a3d8-9be4f2c06713'"), 1);
        assert_eq!(found(&format!("ServiceId eq '/providers/Microsoft.Support/services/{BILLING}' and Status eq 'Closed'")), 1);
        assert_eq!(found("ServiceId eq '06bfd9d3-516b-d5c6-5802-169c800dec89'"), 0);
        let at = admin.get(&of_subscription("/supportTickets/t26")).ok()["properties"]["createdDate"].as_str().unwrap().to_owned();
        let (from, after) = (found(&format!("CreatedDate ge {at}")), found(&format!("CreatedDate gt {at}")));
        assert!(from >= 1 && after < from, "{from} {after}");
        assert_eq!(found("CreatedDate gt 2999-01-01 and (Status eq 'Open')"), 0);
        for (query, part) in [
            ("$top=0", "$top"), ("$top=x", "$top"), ("$skiptoken=x", "$skiptoken"),
        ] {
            refused(&admin.get(&format!("{list}&{query}")), 400, "InvalidRequestContent", part);
        }
        for filter in [
            "Status eq 'Lost'", "Status ge 'Open'", "CreatedDate eq 2020-01-01", "CreatedDate ge yesterday", "ServiceId eq 'x'",
            "ProblemClassificationId eq 'x'", "Status eq 'Open' or Status eq 'Closed'", "Status eq 'Open' and Status eq 'Open'", "Title eq 'x'", "Status",
        ] {
            refused(&admin.get(&filtered(&list, filter)), 400, "InvalidRequestContent", "$filter");
        }
        assert!(names(&admin.get(&outside("/supportTickets")).ok()).is_empty());
    }

    fn a_malformed_ticket_is_refused_with_the_member_named(app: &App) {
        let admin = app.contoso().admin();
        let good = wanted(None, None);
        let target = of_subscription("/supportTickets/bad");
        let required = ["serviceId", "problemClassificationId", "title", "description", "severity", "advancedDiagnosticConsent", "contactDetails"];
        let contact = ["firstName", "lastName", "preferredContactMethod", "primaryEmailAddress", "preferredTimeZone", "country", "preferredSupportLanguage"];
        for member in required.map(str::to_owned).into_iter().chain(contact.map(|member| format!("contactDetails/{member}"))) {
            for nothing in [Value::Null, json!(5), json!("")] {
                let answer = admin.put(&target, &but(&good, &format!("/{member}"), nothing.clone()));
                refused(&answer, 400, "InvalidRequestContent", &format!("properties.{}", member.replace('/', ".")));
            }
        }
        for (pointer, value) in [
            ("/serviceId", json!("billing")), ("/serviceId", json!("06bfd9d3-516b-d5c6-5802-169c800dec89")),
            ("/problemClassificationId", json!(NOBODY)), ("/severity", json!("dire")), ("/advancedDiagnosticConsent", json!("maybe")),
            ("/title", json!("x".repeat(251))), ("/description", json!("x".repeat(20_001))),
            ("/contactDetails/preferredContactMethod", json!("fax")), ("/contactDetails/primaryEmailAddress", json!("ada")),
            ("/contactDetails/country", json!("US")), ("/contactDetails/preferredSupportLanguage", json!("english")),
            ("/contactDetails/additionalEmailAddresses", json!(["ada"])), ("/reservationOrderId", json!("x")), ("/reservationId", json!("x")),
        ] {
            let answer = admin.put(&target, &but(&good, pointer, value.clone()));
            let body = answer.expect(400);
            let message = body["error"]["message"].as_str().unwrap();
            assert!(message.starts_with("properties."), "{pointer} {value}: {message}");
        }
        refused(&admin.put(&target, &but(&good, "/contactDetails/preferredContactMethod", json!("phone"))), 400, "InvalidRequestContent", "contactDetails.phoneNumber");
        refused(&admin.put(&target, &json!({})), 400, "InvalidRequestContent", "properties");
        refused(&admin.send("PUT", &target, Some("application/json"), b"{".to_vec()), 400, "InvalidRequestContent", "");
        refused(&admin.put(&of_subscription(&format!("/supportTickets/{}", "x".repeat(129))), &good), 400, "InvalidRequestContent", "supportTicketName");
        refused(&admin.put(&of_subscription("/supportTickets/a%20b"), &good), 400, "InvalidRequestContent", "supportTicketName");
        assert!(names(&admin.get(&of_subscription("/supportTickets")).ok()).is_empty(), "nothing half done");

        // Before 2024-04-01 nobody asked for the consent.
        let old = but(&good, "/advancedDiagnosticConsent", Value::Null);
        let target = target.replace("2024-04-01", "2020-04-01");
        assert_eq!(admin.put(&target, &old).ok()["properties"]["advancedDiagnosticConsent"], "No");
        for (body, part) in [
            (json!({"severity": "dire"}), "severity"), (json!({"status": "lost"}), "status"), (json!({"contactDetails": {"country": "x"}}), "contactDetails.country"),
            (json!({"contactDetails": {"preferredContactMethod": "phone"}}), "contactDetails.phoneNumber"), (json!({"advancedDiagnosticConsent": 1}), "advancedDiagnosticConsent"),
        ] {
            refused(&admin.patch(&target, &body), 400, "InvalidRequestContent", part);
        }
        let said = target.replace("?", "/communications/c?");
        for (body, part) in [
            (json!({}), "properties"), (json!({"properties": {"body": "b"}}), "properties.subject"), (json!({"properties": {"subject": "s"}}), "properties.body"),
            (json!({"properties": {"subject": "s", "body": "b", "sender": "nobody"}}), "properties.sender"),
        ] {
            refused(&admin.put(&said, &body), 400, "InvalidRequestContent", part);
        }
        for (body, part) in [(json!({"name": "n"}), "type"), (json!({"type": "Microsoft.Support/communications", "name": "n"}), "type"), (json!({"type": "Microsoft.Support/supportTickets"}), "name")] {
            refused(&admin.post(&of_subscription("/checkNameAvailability"), &body), 400, "InvalidRequestContent", part);
        }
        for path in ["/supportTickets/none", "/supportTickets/none/communications", "/supportTickets/bad/communications/none"] {
            refused(&admin.get(&of_subscription(path)), 404, "ResourceNotFound", "not found");
        }
        for path in [format!("/services/{NOBODY}"), format!("/services/{NOBODY}/problemClassifications"), format!("/services/{BILLING}/problemClassifications/{NOBODY}")] {
            refused(&admin.get(&outside(&path)), 404, "ResourceNotFound", "not found");
        }
        refused(&admin.get(&of_subscription("/supportTickets").replace(VERSION, "")), 400, "MissingApiVersionParameter", "api-version");
    }

    fn what_does_not_belong_together_or_to_the_partner_is_refused(app: &App) {
        let admin = app.contoso().admin();
        let ((first, one), (second, other)) = (reservation(&admin, 1), reservation(&admin, 1));
        let customer = customer_with_agreement(&admin, "other.example");
        let plan = registered_subscription(&admin, &customer, AZURE_PLAN);
        let theirs = admin.get(&format!("/v1/customers/{customer}/subscriptions/{plan}/azureEntitlements")).items()[0]["id"].as_str().unwrap().to_owned();
        let target = of_subscription("/supportTickets/t");
        for (order, reservation, status, code) in [
            (first.as_str(), Some(other.as_str()), 400, "ReservationIdNotInReservationOrder"),
            (first.as_str(), Some(NOBODY), 400, "ReservationIdNotInReservationOrder"),
            (first.as_str(), Some(full_id(&second, &other).as_str()), 400, "InvalidRequestContent"),
            (NOBODY, Some(one.as_str()), 404, "ReservationOrderNotFound"),
            (NOBODY, None, 404, "ReservationOrderNotFound"),
        ] {
            for target in [&target, &outside("/supportTickets/t")] {
                refused(&admin.put(target, &wanted(Some(order), reservation)), status, code, "");
            }
        }
        let elsewhere = target.replace(AZURE_SUBSCRIPTION, &theirs);
        refused(&admin.put(&elsewhere, &wanted(Some(&first), Some(&one))), 400, "InvalidRequestContent", "reservationOrderId");
        admin.put(&target, &wanted(Some(&first), Some(&one))).expect(200);

        let said = json!({"properties": {"subject": "s", "body": "b"}});
        let communication = of_subscription("/supportTickets/t/communications/c");
        for stranger in [app.fabrikam().admin(), app.northwind().admin()] {
            refused(&stranger.get(&of_subscription("/supportTickets")), 404, "SubscriptionNotFound", "");
            refused(&stranger.get(&target), 404, "SubscriptionNotFound", "");
            refused(&stranger.put(&target, &wanted(None, None)), 404, "SubscriptionNotFound", "");
            refused(&stranger.patch(&target, &json!({"status": "closed"})), 404, "SubscriptionNotFound", "");
            refused(&stranger.put(&communication, &said), 404, "SubscriptionNotFound", "");
            refused(&stranger.put(&outside("/supportTickets/t"), &wanted(Some(&first), Some(&one))), 404, "ReservationOrderNotFound", "");
            stranger.put(&outside("/supportTickets/t"), &wanted(None, None)).expect(200);
            assert_eq!(names(&stranger.get(&outside("/supportTickets")).ok()), ["t"]);
        }
        let number = admin.get(&target).ok()["properties"]["supportTicketId"].as_str().unwrap().to_owned();
        refused(&app.fabrikam().admin().get(&outside(&format!("/supportTickets/{number}"))), 404, "ResourceNotFound", "");
        assert!(names(&admin.get(&outside("/supportTickets")).ok()).is_empty());

        // A customer's user asks its partner, and a reseller its provider. The body is not looked at.
        let owner = signed_in(app, "adventure-works.example", "owner@adventure-works.example");
        for nobody in [owner, app.tailspin().admin()] {
            for path in ["/services".to_owned(), format!("/services/{BILLING}/problemClassifications"), "/supportTickets".to_owned(), "/supportTickets/t".to_owned()] {
                refused(&nobody.get(&outside(&path)), 403, "AuthorizationFailed", "Microsoft.Support");
            }
            for path in [&target, &communication, &outside("/supportTickets/t")] {
                refused(&nobody.send("PUT", path, Some("application/json"), b"{".to_vec()), 403, "AuthorizationFailed", "write");
            }
            refused(&nobody.send("PATCH", &target, Some("application/json"), b"{".to_vec()), 403, "AuthorizationFailed", "write");
        }
        for agent in [app.contoso().sales(), app.contoso().helpdesk(), app.contoso().application("sales-agent"), signed_in(app, "adventure-works.example", "helpdesk@contoso.example")] {
            assert_eq!(agent.get(&target).ok()["properties"]["status"], "Open");
            agent.patch(&target, &json!({"severity": "minimal"})).expect(200);
        }
    }

    fn an_admin_agent_carries_out_the_refund_that_is_asked_for(app: &App) {
        let (admin, sales) = (app.contoso().admin(), app.contoso().sales());
        let (order, one) = reservation(&admin, 2);
        let path = of_subscription("/supportTickets/refund");
        let created = sales.put(&path, &wanted(Some(&order), Some(&one))).expect(200);
        let number = created["properties"]["supportTicketId"].as_str().unwrap();
        let (body, amount) = refund_body(&admin, &order, &one, 1);
        let before = (operations(app).len(), app.ledger(ADVENTURE_WORKS).len());
        for other in [sales.clone(), app.contoso().helpdesk(), app.contoso().application("sales-agent")] {
            other.post("/reservoir/v1/tickets/refund/refund", &body).refused(403, 900_150, "");
        }
        app.fabrikam().admin().post(&format!("/reservoir/v1/tickets/{number}/refund"), &body).refused(404, 1000, "");
        admin.post("/reservoir/v1/tickets/none/refund", &body).refused(404, 1000, "");
        let (_, second) = reservation(&admin, 1);
        let unsaid = ticket(&admin, ADVENTURE_WORKS);
        let since = (operations(app).len(), app.ledger(ADVENTURE_WORKS).len());
        let target = format!("/reservoir/v1/tickets/{number}/refund");
        admin.post(&target, &but(&body, "/reservationToReturn/reservationId", json!(full_id(&order, &second)))).refused(404, 1000, "reservation");
        admin.post(&format!("/reservoir/v1/tickets/{unsaid}/refund"), &body).refused(400, 800_002, "ticket");
        admin.post(&target, &but(&body, "/sessionId", json!(NOBODY))).refused(400, 800_002, "session");
        admin.post(&target, &but(&body, "/sessionId", Value::Null)).refused(400, 800_002, "properties.sessionId");
        admin.post(&target, &but(&body, "/reservationToReturn/quantity", json!(3))).refused(400, 800_002, "");
        admin.post(&target, &json!({})).refused(400, 800_002, "properties");
        admin.post(&format!("/reservoir/v1/tickets/{number}/exchange"), &body).refused(400, 800_002, "session");
        assert_eq!((operations(app).len(), app.ledger(ADVENTURE_WORKS).len()), since);

        // By its name; an application alone may.
        let done = app.contoso().application("admin-agent").post("/reservoir/v1/tickets/REFUND/refund", &body).expect(200);
        assert_eq!((&done["id"], &done["status"], &done["organization"]["name"]), (&json!(number), &json!("closed"), &json!("Adventure Works")));
        let outcome = &done["outcome"];
        assert_eq!((&outcome["operation"], &outcome["sessionId"], &outcome["currencyCode"]), (&json!("refund"), &body["properties"]["sessionId"], &json!("USD")));
        assert_eq!(outcome["amount"].to_string(), amount.to_string());
        let mut recorded = operations(app).split_off(since.0);
        recorded.sort();
        assert_eq!(recorded, ["return_reservation", "update_support_ticket"]);
        let shown = admin.get(&path).ok();
        assert_eq!((&shown["properties"]["outcome"], &shown["properties"]["status"]), (outcome, &json!("Closed")));
        assert_eq!(admin.get(&format!("/v1/servicerequests/{number}")).ok(), done);
        let held = admin.get(&capacity(&format!("/reservationOrders/{order}/reservations"))).ok();
        assert!(held["value"].as_array().unwrap().iter().any(|one| one["properties"]["quantity"] == 1), "{held}");

        // The same again changes nothing; anything else finds the ticket closed.
        let after = (operations(app).len(), app.ledger(ADVENTURE_WORKS));
        assert_eq!(admin.post(&target, &body).expect(200), done);
        let rest = held["value"].as_array().unwrap().iter().find(|one| one["properties"]["quantity"] == 1).unwrap();
        let rest = rest["id"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        let (again, _) = refund_body(&admin, &order, &rest, 1);
        admin.post(&target, &again).refused(409, 800_002, "ticket");
        admin.patch(&format!("/v1/servicerequests/{number}"), &json!({"status": "open"})).expect(200);
        admin.post(&target, &again).refused(409, 800_002, "ticket");
        assert_eq!(admin.post(&target, &body).expect(200)["outcome"], *outcome);
        let closed = ticket(&admin, ADVENTURE_WORKS);
        admin.patch(&format!("/v1/servicerequests/{closed}"), &json!({"status": "closed"})).expect(200);
        admin.post(&format!("/reservoir/v1/tickets/{closed}/refund"), &again).refused(409, 800_002, "closed");
        // What was returned without a ticket is not what a later one came to.
        admin.post(&capacity(&format!("/reservationOrders/{order}/return")), &again).expect(200);
        sales.put(&of_subscription("/supportTickets/late"), &wanted(Some(&order), Some(&rest))).expect(200);
        admin.post("/reservoir/v1/tickets/late/refund", &again).refused(409, 800_002, "sessionId");
        assert!(app.ledger(ADVENTURE_WORKS).len() > after.1.len());
        assert!(before.0 < after.0);
    }

    fn an_admin_agent_carries_out_the_exchange_that_is_asked_for(app: &App) {
        let (admin, helpdesk) = (app.contoso().admin(), app.contoso().helpdesk());
        let ((order, one), (second, other)) = (reservation(&admin, 1), reservation(&admin, 1));
        helpdesk.put(&outside("/supportTickets/exchange"), &wanted(Some(&order), Some(&one))).expect(200);
        // The same name in a subscription makes it ambiguous.
        helpdesk.put(&of_subscription("/supportTickets/exchange"), &wanted(Some(&second), None)).expect(200);
        let (body, amount) = exchange_body(&admin, &order, &one);
        let (wrong, _) = exchange_body(&admin, &second, &other);
        admin.post("/reservoir/v1/tickets/exchange/exchange", &body).refused(400, 800_002, "ticket");
        let number = helpdesk.get(&outside("/supportTickets/exchange")).ok()["properties"]["supportTicketId"].as_str().unwrap().to_owned();
        let target = format!("/reservoir/v1/tickets/{number}/exchange");
        let before = (operations(app).len(), app.ledger(ADVENTURE_WORKS));
        admin.post(&target, &wrong).refused(400, 800_002, "sessionId");
        admin.post(&target, &json!({"properties": {"sessionId": NOBODY}})).refused(400, 800_002, "session");
        helpdesk.post(&target, &body).refused(403, 900_150, "");
        assert_eq!((operations(app).len(), app.ledger(ADVENTURE_WORKS)), before);
        let done = admin.post(&target, &body).expect(200);
        let outcome = &done["outcome"];
        assert_eq!((&outcome["operation"], outcome["amount"].to_string(), &done["status"]), (&json!("exchange"), amount.to_string(), &json!("closed")));
        let mut recorded = operations(app).split_off(before.0);
        recorded.retain(|operation| operation != "create_order");
        recorded.sort();
        assert_eq!(recorded, ["exchange_reservation", "update_support_ticket"]);
        assert_eq!(helpdesk.get(&outside("/supportTickets/exchange")).ok()["properties"]["outcome"], *outcome);
        let after = (operations(app).len(), app.ledger(ADVENTURE_WORKS));
        assert_eq!(admin.post(&target, &body).expect(200), done);
        assert_eq!((operations(app).len(), app.ledger(ADVENTURE_WORKS)), after);
        admin.post(&target, &wrong).refused(409, 800_002, "ticket");
    }

    fn what_policy_refuses_leaves_the_ticket_open_and_is_recorded(app: &App) {
        let admin = app.contoso().admin();
        let (order, one) = reservation(&admin, 9);
        let number = admin.put(&of_subscription("/supportTickets/much"), &wanted(Some(&order), Some(&one))).ok()["properties"]["supportTicketId"].as_str().unwrap().to_owned();
        let (body, _) = refund_body(&admin, &order, &one, 9);
        let before = (operations(app).len(), app.ledger(ADVENTURE_WORKS));
        admin.post(&format!("/reservoir/v1/tickets/{number}/refund"), &body).refused(400, 800_002, "50000");
        assert_eq!(operations(app).split_off(before.0), ["return_reservation"]);
        assert_eq!(app.ledger(ADVENTURE_WORKS), before.1);
        let seen = admin.get(&format!("/v1/servicerequests/{number}")).ok();
        assert_eq!((&seen["status"], seen.get("outcome")), (&json!("open"), None));
        let records = admin.get("/reservoir/v1/auditrecords").items();
        assert_eq!((&records[0]["operationType"], &records[0]["operationStatus"]), (&json!("return_reservation"), &json!("failed")));
    }
}
