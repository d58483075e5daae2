//! What requests and answers look like: spelling, envelopes, links, paging, versions, headers.

use std::collections::{BTreeSet, VecDeque};

use reservoir::permissions::ALL;
use serde_json::{Value, json};

use crate::engines;
use crate::support::purchases::*;
use crate::support::samples::{QUERY, Samples};
use crate::support::{ADVENTURE_WORKS, App, Client, Engine, PLAN};

fn customer(path: &str) -> String {
    format!("/v1/customers/{ADVENTURE_WORKS}/{path}")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

fn create(agent: &Client, domain: &str, company: &str) -> String {
    let mut body = new_customer(domain);
    body["billingProfile"]["companyName"] = json!(company);
    text(&agent.post("/v1/customers", &body).expect(201)["id"]).to_owned()
}

fn filter(field: &str, value: &str) -> String {
    let filter = json!({"Field": field, "Value": value, "Operator": "starts_with"}).to_string();
    url::form_urlencoded::Serializer::new(String::new()).append_pair("filter", &filter).finish()
}

/// Members are camelCase and none is null.
fn check_spelling(value: &Value, at: &str) {
    match value {
        Value::Null => panic!("{at} is null"),
        Value::Array(items) => items.iter().for_each(|item| check_spelling(item, &format!("{at}[]"))),
        Value::Object(members) => {
            for (name, member) in members {
                let camel = name.starts_with(|c: char| c.is_ascii_lowercase())
                    && name.chars().all(|c| c.is_ascii_alphanumeric());
                assert!(camel, "{at}.{name} is not camelCase");
                check_spelling(member, &format!("{at}.{name}"));
            }
        }
        _ => {}
    }
}

/// The links anywhere in an answer.
fn links(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| links(item, found)),
        Value::Object(members) => {
            if let (Some(Value::String(uri)), Some(method)) = (members.get("uri"), members.get("method")) {
                assert_eq!(method, "GET", "{uri}");
                assert!(members["headers"].is_array(), "{uri}");
                assert!(uri.starts_with('/') && !uri.starts_with("/v1"), "{uri} is not relative to /v1");
                found.insert(uri.clone());
            }
            members.values().for_each(|member| links(member, found));
        }
        _ => {}
    }
}

engines! {
    fn paths_parameters_and_guids_have_no_letter_case(app: &App) {
        let admin = app.contoso().admin();
        let samples = Samples::new(&admin);
        let order = ALL.iter().find(|rights| rights.id == "GetOrder").unwrap();
        let order = samples.path(order);
        let canonical = admin.get(&format!("{order}?include_price=true")).ok();
        let upper = order.replace("customers", "CUSTOMERS").replace("orders", "Orders").replace("/v1/", "/V1/");
        for spelled in [
            format!("{upper}?INCLUDE_PRICE=TRUE"),
            format!("{}/?Include_Price=True", order.replace("/v1/", "/v1.0/")),
            format!("{}?include_price=1", order.replace("/v1/", "/v1//").replace("/orders/", "//orders///")),
        ] {
            assert_eq!(admin.get(&spelled).ok(), canonical, "{spelled}");
        }
        let id = create(&admin, "case.example", "Case");
        assert_eq!(admin.get(&format!("/v1/customers/{}", id.to_uppercase())).ok(), admin.get(&format!("/v1/customers/{id}")).ok());
        // An order's number is opaque and compared exactly.
        let number = order.rsplit('/').next().unwrap();
        if number.to_uppercase() != number {
            admin.get(&customer(&format!("orders/{}", number.to_uppercase()))).refused(404, 20_000, "order");
        }
        let lines = |query: &str| admin.get(&customer(&format!("orders?{query}"))).items().len();
        assert_eq!(lines("billingType=OneTime"), lines("BILLINGTYPE=one_time"));
        assert_eq!(lines("billingType=onetime"), lines(""));
        assert_eq!(lines("billingType=Monthly"), 0);
        let kinds = |query: &str| admin.get(&customer(&format!("entitlements?{query}"))).items().len();
        assert_eq!((kinds("ENTITLEMENTTYPE=ReservedInstance"), kinds("entitlementtype=reserved_instance"), kinds("entitlementType=software")), (1, 1, 0));
        let plan = PLAN.to_uppercase();
        assert_eq!(admin.get(&customer(&format!("Subscriptions/{plan}/AZUREENTITLEMENTS/"))).items().len(), 1);
        assert_eq!(admin.get(&customer(&format!("subscriptions/{plan}/RegistrationStatus"))).ok()["status"], "registered");
        let document = admin.post("/v1/Extensions/Product/checkInventory?COUNTRY=us", &json!({"TARGETITEMS": [{"productID": "dzh318z0bq36", "SKUid": "004g"}]})).ok();
        assert_eq!(document.as_array().unwrap().len(), 1);
        // A documented link separates its second parameter with a question mark.
        assert_eq!(admin.get("/v1/customers?size=1?seekOperation=Next").items().len(), 1);
        for path in ["/generatetoken", "/GenerateToken", "//GENERATETOKEN/"] {
            let exchanged = admin.form(path, &[("grant_type", "jwt_token")]);
            assert!(exchanged.text.starts_with("{\"access_token\":\"") && exchanged.text.contains("\",\"token_type\":\"Bearer\""), "{}", exchanged.text);
            app.bearer(text(&exchanged.ok()["access_token"])).get("/v1/customers").ok();
        }
        admin.form("/generatetoken", &[("grant_type", "password")]).refused(400, 800_002, "grant_type");
    }

    fn bodies_come_in_every_spelling_that_clients_use(app: &App) {
        let admin = app.contoso().admin();
        let item = format!("{{\"CatalogItemId\":\"{NV12_ONE_YEAR}\",\"QUANTITY\":2,\"billingcycle\":\"OneTime\",\"TermDuration\":\"P1Y\",\"FriendlyName\":null,\"ProvisioningContext\":{{\"SubscriptionId\":\"{}\",\"SCOPE\":\"Shared\",\"duration\":null}}}}", PLAN.to_uppercase());
        let whole = format!("{{\"Id\":null,\"CreationTimestamp\":\"0001-01-01T00:00:00\",\"ExpirationTimestamp\":\"0001-01-01T00:00:00\",\"Status\":null,\"LineItems\":[{item}],\"Links\":null,\"Attributes\":{{\"ObjectType\":\"Cart\"}}}}");
        let bom = format!("\u{feff}{whole}\r\n\t ");
        for (content_type, body) in [(Some("application/json"), &whole), (Some("application/json; charset=utf-8"), &bom), (None, &whole), (Some("text/plain"), &whole)] {
            let cart = admin.send("POST", &customer("carts"), content_type, body.clone().into_bytes()).expect(201);
            let line = &cart["lineItems"][0];
            assert!(line.get("error").is_none(), "{line}");
            assert_eq!((&line["quantity"], &line["billingCycle"], &line["pricing"]["extendedPrice"].to_string()[..]), (&json!(2), &json!("one_time"), "23568.00"));
            assert!(line.get("friendlyName").is_none());
            assert_eq!(line["provisioningContext"]["subscriptionId"], PLAN.to_uppercase());
            assert!(text(&cart["expirationTimestamp"]) > "2026", "the year 1 counts as not given");
        }
        // The cart as it was read is taken back whole.
        let path = cart(&admin, ADVENTURE_WORKS, &[usual_item(1), usual_item(2)]);
        let mut read = admin.get(&path).ok();
        read["lineItems"][1]["id"] = json!(0);
        let put = admin.put(&path, &read).expect(200);
        assert_eq!((&put["lineItems"][0]["id"], &put["lineItems"][1]["id"]), (&json!(0), &json!(1)));
        for cycle in ["one_time", "oneTime", "OneTime", "ONETIME", "onetime", "unknown", "Unknown", ""] {
            let mut body = order(&[reservation_line(NV12_ONE_YEAR, 1, PLAN)]);
            body["billingCycle"] = json!(cycle);
            assert_eq!(admin.post(&customer("orders"), &body).expect(201)["billingCycle"], "one_time", "{cycle}");
        }
        let nulls = json!({"Id": null, "FriendlyName": null, "Quantity": 0, "Status": "none", "AutoRenewEnabled": false, "CommitmentEndDate": "0001-01-01T00:00:00", "Attributes": {"Etag": null, "ObjectType": "Subscription"}});
        let before = admin.get(&customer(&format!("subscriptions/{PLAN}"))).ok();
        let after = admin.patch(&customer(&format!("subscriptions/{PLAN}")), &nulls).expect(200);
        for member in ["friendlyName", "quantity", "status"] {
            assert_eq!(after[member], before[member], "{member}");
        }
        for body in ["null", "\"success\"", "{}", ""] {
            let registration = admin.send("POST", &customer(&format!("subscriptions/{PLAN}/registrations")), Some("application/json"), body.into());
            assert_eq!((registration.status, registration.text.as_str()), (202, ""));
        }
        let lower = r#"{"companyprofile":{"domain":"Lower.Example"},"billingprofile":{"culture":"EN-us","email":"a@b.example","language":"EN","companyname":"Lower","defaultaddress":{"firstname":"A","lastname":"B","addressline1":"1","city":"C","state":"WA","postalcode":"98052","country":"us"}}}"#;
        let made = admin.send("POST", "/v1/customers", None, lower.into()).expect(201);
        assert_eq!((&made["companyProfile"]["domain"], &made["billingProfile"]["culture"], &made["billingProfile"]["defaultAddress"]["country"]), (&json!("lower.example"), &json!("en-US"), &json!("US")));
    }

    fn answers_are_camel_case_without_nulls_and_every_link_can_be_followed(app: &App) {
        let admin = app.contoso().admin();
        let samples = Samples::new(&admin);
        admin.post(&customer("orders"), &order(&[line(AZURE_OFFER, 1)])).expect(201);
        admin.post(&customer("orders"), &order(&[line("DG7GMGF0DWM3:0002:DG7GMGF0DT1M", 1)])).expect(201);
        let (mut answered, mut seen, mut found) = (0, BTreeSet::new(), BTreeSet::new());
        let look = |answer: crate::support::Response| {
            assert_eq!(answer.header("Content-Type"), Some("application/json; charset=utf-8"), "{}", answer.asked);
            assert!(answer.text.starts_with(['{', '[']), "{}: a byte-order mark", answer.asked);
            let body = answer.expect(200);
            check_spelling(&body, &answer.asked);
            let is_price_list = body["attributes"]["objectType"] == "PriceList";
            if (body["items"].is_array() && !is_price_list) || answer.asked.contains("/orders?") {
                assert_eq!(body["totalCount"], body["items"].as_array().unwrap().len(), "{}", answer.asked);
                assert_eq!(body["attributes"]["objectType"], "Collection", "{}", answer.asked);
                assert!(body["links"]["self"]["uri"].is_string() && body["links"].get("next").is_none(), "{}", answer.asked);
            }
            let mut more = BTreeSet::new();
            links(&body, &mut more);
            more
        };
        for rights in ALL.iter().filter(|rights| rights.method == "GET") {
            found.extend(look(admin.get(&format!("{}?{QUERY}", samples.path(rights)))));
            answered += 1;
        }
        assert!(answered >= 30, "{answered}");
        let mut queue: VecDeque<String> = found.into_iter().collect();
        while let Some(uri) = queue.pop_front() {
            if seen.insert(uri.clone()) && seen.len() < 150 {
                queue.extend(look(admin.get(&format!("/v1{uri}"))));
            }
        }
        assert!(seen.len() > 20, "{}", seen.len());
    }

    fn a_client_reads_all_customers_page_by_page(app: &App) {
        let admin = app.contoso().admin();
        for number in 0..6 {
            create(&admin, &format!("page{number}.example"), if number % 2 == 0 { "Even pages" } else { "Odd pages" });
        }
        let whole: Vec<Value> = admin.get("/v1/customers").items();
        assert_eq!(whole.len(), 7);
        assert!(whole.iter().all(|one| one.get("billingProfile").is_none() && one["relationshipToPartner"] == "reseller"));
        // As the official SDK does: the token's header and seekOperation alone. As others do: the
        // link as it is, behind `/v1` or `/v1/`.
        let read = |first: &str, follow: &dyn Fn(&Client, &str) -> crate::support::Response| {
            let (mut items, mut pages) = (Vec::new(), 1);
            let mut page = admin.get(first).ok();
            loop {
                items.extend(page["items"].as_array().unwrap().clone());
                let Some(next) = page["links"].get("next") else { return (items, pages) };
                assert_eq!((&next["headers"][0]["key"], &next["headers"][0]["value"]), (&json!("MS-ContinuationToken"), &page["continuationToken"]));
                assert_eq!(page["totalCount"], page["items"].as_array().unwrap().len());
                page = follow(&admin.with("MS-ContinuationToken", text(&page["continuationToken"])), text(&next["uri"])).ok();
                pages += 1;
            }
        };
        let by_header = |client: &Client, _: &str| client.get("/v1/customers?seekOperation=Next");
        assert_eq!(read("/v1/customers?size=2", &by_header), (whole.clone(), 4));
        assert_eq!(read("/v1/customers?size=2", &|client, uri| client.get(&format!("/v1{uri}"))), (whole.clone(), 4));
        assert_eq!(read("/v1/customers?size=3", &|client, uri| client.get(&format!("/v1/{uri}"))), (whole.clone(), 3));
        assert_eq!(read("/v1/customers?size=7", &by_header), (whole.clone(), 1));
        let even: Vec<Value> = whole.iter().filter(|one| one["companyProfile"]["companyName"] == "Even pages").cloned().collect();
        let narrowed = format!("/v1/customers?size=1&{}", filter("CompanyName", "even "));
        assert_eq!(read(&narrowed, &by_header), (even.clone(), 3));
        assert_eq!(read(&narrowed, &|client, uri| client.get(&format!("/v1{uri}"))), (even, 3));
        // A token of one partner shows another partner nothing of the first.
        let token = admin.get("/v1/customers?size=2").ok()["continuationToken"].clone();
        assert!(app.fabrikam().admin().with("MS-ContinuationToken", text(&token)).get("/v1/customers").items().is_empty());
    }

    fn a_page_of_no_size_holds_a_hundred(app: &App) {
        let admin = app.fabrikam().admin();
        let mut body = new_customer("x.example");
        body["billingProfile"]["defaultAddress"]["country"] = json!("DE");
        for number in 0..102 {
            body["companyProfile"]["domain"] = json!(format!("c{number}.example"));
            admin.post("/v1/customers", &body).expect(201);
        }
        assert_eq!(admin.get("/v1/customers?size=9999").items().len(), 102);
        let first = admin.get("/v1/customers?size=0").ok();
        assert_eq!(first["totalCount"], 100);
        let rest = admin.with("MS-ContinuationToken", text(&first["continuationToken"])).get("/v1/customers?seekOperation=Next").ok();
        assert_eq!((&rest["totalCount"], rest["links"].get("next")), (&json!(2), None));
    }

    fn a_filter_means_its_characters_literally(app: &App) {
        let admin = app.contoso().admin();
        for (domain, company) in [("a.example", "100% Wool"), ("b.example", "100x Wool"), ("c.example", "a_b"), ("d.example", "aXb"), ("e.example", "a\\b"), ("f.example", "Übung + mehr"), ("g.example", "O'Hara \"Q\"")] {
            create(&admin, domain, company);
        }
        let found = |field: &str, value: &str| -> Vec<String> {
            let items = admin.get(&format!("/v1/customers?size=0&{}", filter(field, value))).items();
            items.iter().map(|one| text(&one["companyProfile"]["companyName"]).to_owned()).collect()
        };
        for (value, names) in [
            ("100%", vec!["100% Wool"]), ("100", vec!["100% Wool", "100x Wool"]), ("a_", vec!["a_b"]), ("A\\", vec!["a\\b"]), ("a", vec!["a_b", "aXb", "a\\b", "Adventure Works"]),
            ("übung +", vec!["Übung + mehr"]), ("o'hara \"", vec!["O'Hara \"Q\""]), ("wool", vec![]), ("%", vec![]), ("_", vec![]),
        ] {
            let mut have = found("companyname", value);
            have.sort();
            let mut names: Vec<String> = names.into_iter().map(str::to_owned).collect();
            names.sort();
            assert_eq!(have, names, "{value}");
        }
        assert_eq!(found("Domain", "D.EXAMPLE"), ["aXb"]);
        assert_eq!(found("CompanyName", "").len(), 8);
        // Blanks as `+`, braces unescaped by some clients, the operator in any spelling.
        assert_eq!(admin.get("/v1/customers?filter=%7B%22field%22:%22CompanyName%22,%22VALUE%22:%22100%25+w%22,%22Operator%22:%22StartsWith%22%7D").items().len(), 1);

        let provider = app.northwind().admin();
        let mut shared = new_customer("shared.example");
        shared["associatedPartnerId"] = json!("10000000-0000-4000-8000-000000000004");
        provider.post("/v1/customers", &shared).expect(201);
        create(&provider, "alone.example", "Alone");
        assert_eq!(provider.get(&format!("/v1/customers?{}", filter("IndirectReseller", "10000000-0000-4000-8000-000000000004"))).items().len(), 1);
        assert_eq!(app.tailspin().admin().get(&format!("/v1/customers?{}", filter("IndirectCloudSolutionProvider", "10000000-0000-4000-8000-000000000003"))).items().len(), 1);
        let alone = app.northwind().application("admin-agent").get(&format!("/v1/customers?{}", filter("IndirectReseller", "1")));
        alone.refused(403, 900_329, "application-only");
    }

    fn a_billing_profile_is_replaced_at_the_version_that_was_read(app: &App) {
        let admin = app.contoso().admin();
        let path = customer("profiles/billing");
        let read = admin.get(&path).ok();
        let etag = text(&read["attributes"]["etag"]).to_owned();
        assert!(etag.parse::<i64>().is_ok(), "{etag}");
        let mut changed = read.clone();
        changed["companyName"] = json!("Adventure Works II");
        let second = admin.put(&path, &changed).expect(200);
        assert_eq!((&second["companyName"], &second["id"]), (&json!("Adventure Works II"), &read["id"]));
        assert_ne!(second["attributes"]["etag"], etag.as_str());
        admin.put(&path, &changed).refused(400, 2055, "etag");
        let quoted = |etag: &str| format!("\"{etag}\"");
        admin.with("If-Match", &quoted(&etag)).put(&path, &second).refused(412, 800_036, "If-Match");
        assert_eq!(admin.get(&path).ok(), second);
        // The header counts before the body, `*` means whatever there is, neither means the last writer wins.
        let third = admin.with("If-Match", &quoted(text(&second["attributes"]["etag"]))).put(&path, &changed).expect(200);
        admin.with("If-Match", "*").put(&path, &changed).expect(200);
        assert_ne!(third["attributes"]["etag"], second["attributes"]["etag"]);
        changed["attributes"] = json!(null);
        changed["companyName"] = json!("Last");
        admin.put(&path, &changed).expect(200);
        assert_eq!(admin.get(&customer("profiles/company")).ok()["companyName"], "Last");
        assert_eq!(admin.get(&format!("/v1/customers/{ADVENTURE_WORKS}")).ok()["billingProfile"]["companyName"], "Last");
        let plan = customer(&format!("subscriptions/{PLAN}"));
        admin.with("If-Match", "\"old\"").patch(&plan, &json!({"friendlyName": "x"})).refused(412, 800_036, "If-Match");
        let etag = admin.get(&plan).ok()["attributes"]["etag"].clone();
        admin.with("If-Match", &quoted(text(&etag))).patch(&plan, &json!({"friendlyName": "x"})).expect(200);
    }

    fn ids_of_a_request_are_echoed_and_made_where_missing(app: &App) {
        let admin = app.contoso().admin();
        let (request, correlation) = ("8be18ca1-cfa3-4fe7-9659-e4c1798bec48", "14269D7E-A980-4F13-ACA9-248EF8B29EEF");
        let marked = admin.with("MS-RequestId", request).with("MS-CorrelationId", correlation);
        let nowhere = marked.get("/v1/nowhere");
        for answer in [marked.get("/v1/customers"), marked.get(&customer("orders/nope")), nowhere, app.anonymous().with("MS-RequestId", request).with("MS-CorrelationId", correlation).get("/v1/customers")] {
            assert_eq!((answer.header("MS-RequestId"), answer.header("MS-CorrelationId")), (Some(request), Some(correlation)), "{}", answer.asked);
            assert_eq!((answer.header("x-ms-request-id"), answer.header("x-ms-correlation-request-id")), (Some(request), Some(correlation)));
            assert!(answer.header("MS-CV").is_some() && answer.header("MS-ServerId").is_some() && answer.header("Date").is_some());
        }
        let (one, two) = (admin.get("/v1/customers"), admin.get("/v1/customers"));
        assert!(one.header("MS-RequestId").is_some_and(|id| uuid::Uuid::try_parse(id).is_ok()));
        assert_ne!(one.header("MS-RequestId"), two.header("MS-RequestId"));
        let azure = admin.with("x-ms-client-request-id", "mine").get("/v1/customers");
        assert_eq!(azure.header("x-ms-client-request-id"), Some("mine"));
        admin.with("MS-RequestId", &"x".repeat(5000)).get("/v1/customers").ok();
    }

    fn a_token_is_asked_for_before_anything_is_told(app: &App) {
        let admin = app.contoso().admin();
        for (method, path) in [("GET", "/v1/customers"), ("GET", "/v1/nowhere"), ("DELETE", "/v1/customers"), ("POST", "/generatetoken"), ("GET", "/v1"), ("POST", &customer("orders"))] {
            for nobody in [app.anonymous(), app.bearer("x"), app.bearer(format!("{}x", admin.token())), app.anonymous().with("Authorization", "Basic YTpi")] {
                let answer = nobody.send(method, path, None, b"{".to_vec());
                answer.refused(401, 400, "Access denied");
                assert!(answer.header("WWW-Authenticate").is_some_and(|scheme| scheme.starts_with("Bearer")));
            }
        }
        for path in ["/v1", "/v1/", "/v1/nowhere", "/v1/customers/x/y", "/v1/customers//"] {
            let answer = admin.get(path);
            if path != "/v1/customers//" {
                answer.refused(404, 1000, "not found");
            } else {
                answer.ok();
            }
        }
        for (method, path, allow) in [
            ("DELETE", "/v1/customers".to_owned(), "POST, GET"),
            ("PUT", format!("/v1/customers/{ADVENTURE_WORKS}"), "GET"),
            ("POST", customer("profiles/billing"), "GET, PUT"),
            ("GET", customer(&format!("carts/{PLAN}/checkout")), "POST"),
            ("PATCH", "/V1/Products/".to_owned(), "GET"),
            ("GET", "/generatetoken".to_owned(), "POST"),
            ("PROPFIND", "/v1/customers".to_owned(), "POST, GET"),
        ] {
            let answer = admin.send(method, &path, None, Vec::new());
            answer.refused(405, 1000, "not allowed");
            let sorted = |text: &str| text.split(", ").map(str::to_owned).collect::<BTreeSet<_>>();
            assert_eq!(sorted(answer.header("Allow").unwrap()), sorted(allow), "{method} {path}");
        }
        for method in ["HEAD", "OPTIONS", "TRACE"] {
            for path in ["/v1/customers", "/v1/nowhere", "/nowhere", "/health/live"] {
                for client in [&admin, &app.anonymous()] {
                    let answer = client.send(method, path, None, Vec::new());
                    assert!(answer.status < 500, "{}: {}", answer.asked, answer.status);
                    assert!(method != "HEAD" || answer.text.is_empty(), "{}: {}", answer.asked, answer.text);
                }
            }
        }
        assert_eq!(app.anonymous().get("/nowhere").expect(404), json!({"error": "not found"}));
    }

    fn an_agreement_is_confirmed_once_a_contact(app: &App) {
        let admin = app.contoso().admin();
        let kinds = |query: &str| -> Vec<String> {
            let items = admin.get(&format!("/v1/agreements{query}")).items();
            items.iter().map(|one| text(&one["agreementType"]).to_owned()).collect()
        };
        assert_eq!(kinds(""), ["MicrosoftCloudAgreement"]);
        assert_eq!(kinds("?agreementType=microsoftcustomeragreement"), ["MicrosoftCustomerAgreement"]);
        assert_eq!(kinds("?AgreementType=*").len(), 2);
        let template = admin.get("/v1/agreements?agreementType=MicrosoftCustomerAgreement").items()[0]["templateId"].clone();
        let document = admin.get(&format!("/v1/agreementtemplates/{}/document?language=de-DE&country=DE", text(&template).to_uppercase())).ok();
        assert_eq!((&document["language"], &document["country"]), (&json!("de-DE"), &json!("DE")));
        assert!(document["displayUri"].is_string() && document["downloadUri"].is_string());

        let id = create(&admin, "agree.example", "Agree");
        let path = format!("/v1/customers/{id}/agreements");
        let mut body = agreement();
        body["templateId"] = template;
        body["userId"] = json!(null);
        let first = admin.post(&path, &body).expect(201);
        assert_eq!(first["userId"], "20000000-0000-4000-8000-000000000011");
        assert!(first.get("attributes").is_none());
        admin.post(&path, &body).refused(409, 600_061, "contact");
        body["primaryContact"]["phoneNumber"] = json!("1234567890");
        admin.post(&path, &body).expect(201);
        body["dateAgreed"] = json!("2026-02-03T04:05:06+02:00");
        admin.post(&path, &body).refused(409, 600_061, "contact");
        body["primaryContact"]["email"] = json!("other@example.com");
        assert_eq!(admin.post(&path, &body).expect(201)["dateAgreed"], "2026-02-03T02:05:06Z");
        let listed = |query: &str| admin.get(&format!("{path}{query}")).items().len();
        assert_eq!((listed("?agreementType=*"), listed("?agreementType=MicrosoftCustomerAgreement"), listed("")), (3, 3, 0));
        assert_eq!(admin.get(&format!("/v1/customers/{id}/directSignedMicrosoftCustomerAgreementStatus")).ok(), json!({"isSigned": false}));
        app.contoso().application("admin-agent").post(&path, &body).refused(403, 900_329, "application-only");
    }

    fn the_legacy_azure_offer_makes_a_subscription_with_an_upper_case_id(app: &App) {
        let admin = app.contoso().admin();
        let placed = admin.post(&customer("orders"), &order(&[line("ms-azr-0145p", 1)])).expect(201);
        assert_eq!(placed["billingCycle"], "monthly");
        let found = admin.get(&customer(&format!("subscriptions?order_id={}", text(&placed["id"])))).items();
        assert_eq!(found.len(), 1);
        let (id, legacy) = (text(&found[0]["id"]), &found[0]);
        assert_eq!(id, id.to_uppercase());
        assert_eq!(placed["lineItems"][0]["subscriptionId"], id, "the order names it as the list does");
        assert_eq!((&legacy["offerId"], &legacy["billingType"], &legacy["unitType"]), (&json!("MS-AZR-0145P"), &json!("usage"), &json!("Usage-based")));
        let entitlement = text(&legacy["entitlementId"]);
        let azure = admin.get(&customer(&format!("subscriptions/{id}/azureEntitlements"))).items();
        assert_eq!(azure[0]["id"], entitlement);
        for spelled in [id.to_owned(), id.to_lowercase()] {
            assert_eq!(&admin.get(&customer(&format!("subscriptions/{spelled}"))).ok(), legacy);
        }
        assert_eq!(admin.get(&customer(&format!("subscriptions/{id}/registrationstatus"))).ok()["status"], "notregistered");
        admin.post_empty(&customer(&format!("subscriptions/{id}/registrations"))).expect(202);
        // Single scope needs no entitlement here: there is only one.
        let mut single = reservation_line(NV12_ONE_YEAR, 1, id);
        single["provisioningContext"]["scope"] = json!("Single");
        admin.post(&customer("orders"), &order(&[single])).expect(201);
        let plan = admin.get(&customer(&format!("subscriptions/{PLAN}"))).ok();
        assert_eq!(plan["id"], PLAN);

        assert!(admin.get(&customer("subscriptions?order_id=nope")).items().is_empty());
        let provider = app.northwind().admin();
        let shared = customer_with_agreement(&provider, "shared.example");
        let mut named = line(AZURE_PLAN, 1);
        named["partnerIdOnRecord"] = json!("1000004");
        provider.post(&format!("/v1/customers/{shared}/orders"), &order(&[named])).expect(201);
        let by = |mpn: &str| provider.get(&format!("/v1/customers/{shared}/subscriptions?mpn_id={mpn}")).items();
        assert_eq!((by("1000004")[0]["partnerId"].clone(), by("1000003").len()), (json!("1000004"), 0));
    }

    fn the_instalments_of_a_monthly_plan_add_up_to_its_price(app: &App) {
        let admin = app.contoso().admin();
        let mut body = order(&[reservation_line(NV12_THREE_YEARS, 3, PLAN)]);
        body["billingCycle"] = json!("monthly");
        let placed = admin.post(&customer("orders"), &body).expect(201);
        assert!(placed.get("totalPrice").is_none() && placed["lineItems"][0].get("paymentSchedule").is_none());
        let read = admin.get(&customer(&format!("orders/{}?include_price=True", text(&placed["id"])))).ok();
        let cents = |amount: &Value| amount.to_string().replace('.', "").parse::<i64>().unwrap();
        assert_eq!(cents(&read["totalPrice"]), 3 * NV12_THREE_YEARS_USD * 100);
        let schedule = read["lineItems"][0]["paymentSchedule"].as_array().unwrap();
        assert_eq!(schedule.len(), 36);
        assert_eq!(schedule.iter().map(|one| cents(&one["amount"])).sum::<i64>(), cents(&read["totalPrice"]));
        let each = 3 * NV12_THREE_YEARS_USD * 100 / 36;
        assert!(schedule[..35].iter().all(|one| cents(&one["amount"]) == each) && cents(&schedule[35]["amount"]) >= each);
        assert_eq!((&schedule[0]["status"], &schedule[1]["status"]), (&json!("Succeeded"), &json!("Scheduled")));
        let dates: Vec<&str> = schedule.iter().map(|one| text(&one["dueDate"])).collect();
        assert!(dates[1..].iter().all(|date| date.ends_with("T00:00:00Z")) && dates.is_sorted(), "{dates:?}");
        assert_eq!(&read["lineItems"][0]["pricing"]["extendedPrice"], &read["totalPrice"]);
    }

    fn a_partner_in_euros_buys_at_the_exact_rate(app: &App) {
        let admin = app.fabrikam().admin();
        let mut body = new_customer("euro.example");
        body["billingProfile"]["defaultAddress"]["country"] = json!("DE");
        let id = text(&admin.post("/v1/customers", &body).expect(201)["id"]).to_owned();
        admin.post(&format!("/v1/customers/{id}/agreements"), &agreement()).expect(201);
        let plan = registered_subscription(&admin, &id, AZURE_PLAN);
        let orders = format!("/v1/customers/{id}/orders");
        // 11,784 USD at 1.10 are 10,712.7272… EUR; three of them 32,138.1818…, rounded once.
        for (quantity, total) in [(1, "10712.73"), (3, "32138.18")] {
            let placed = admin.post(&orders, &order(&[reservation_line(NV12_ONE_YEAR, quantity, &plan)])).expect(201);
            assert_eq!((&placed["currencyCode"], &placed["currencySymbol"]), (&json!("EUR"), &json!("€")));
            let read = admin.get(&format!("{orders}/{}?include_price=true", text(&placed["id"]))).ok();
            assert_eq!((read["totalPrice"].to_string().as_str(), read["exchangeRate"].to_string().as_str()), (total, "1.10"));
            assert_eq!(read["lineItems"][0]["pricing"]["price"].to_string(), "10712.73");
        }
        let sums: Vec<i64> = app.ledger(&id).iter().filter(|one| one["side"] == "debit").map(|one| { assert_eq!(one["currency"], "EUR"); one["minorUnits"].as_i64().unwrap() }).filter(|sum| *sum != 0).collect();
        assert_eq!(sums, [1_071_273, 3_213_818]);
        let path = "/v1/products/DZH318Z0BQ36/skus/004G/availabilities?country=DE&targetSegment=commercial";
        let shown = &admin.get(path).items()[0];
        assert_eq!((&shown["defaultCurrency"]["code"], shown["pricing"]["termPrice"].to_string().as_str()), (&json!("EUR"), "10712.73"));
    }

    fn an_availability_is_of_one_scope_and_one_segment(app: &App) {
        let admin = app.contoso().admin();
        let products = admin.get("/v1/products?country=US&targetView=AzureReservationsVM&armSkuName=Standard_D8_v4").items();
        let product = text(&products[0]["id"]);
        let skus = admin.get(&format!("/v1/products/{product}/skus?country=US&armSkuName=Standard_D8_v4&term=P1Y")).items();
        assert_eq!(skus.len(), 1);
        let path = format!("/v1/products/{product}/skus/{}/availabilities", text(&skus[0]["id"]));
        let mut ids = BTreeSet::new();
        for scope in ["", "&reservationScope=azureplan"] {
            let all = admin.get(&format!("{path}?country=US{scope}")).items();
            assert_eq!(all.iter().map(|one| text(&one["segment"])).collect::<Vec<_>>(), ["commercial", "education", "government"], "nonprofit is shown on demand");
            for segment in ["commercial", "Education", "government", "nonprofit"] {
                let one = admin.get(&format!("{path}?country=US{scope}&targetSegment={segment}")).items();
                assert_eq!((one.len(), text(&one[0]["segment"])), (1, segment.to_lowercase().as_str()));
                let id = text(&one[0]["id"]);
                assert_eq!(text(&one[0]["catalogItemId"]).rsplit(':').next(), Some(id));
                assert_eq!(admin.get(&format!("{path}/{id}?country=US")).ok()["segment"], one[0]["segment"]);
                assert_eq!(one[0]["terms"][0]["duration"], "P1Y");
                ids.insert(id.to_owned());
            }
        }
        assert_eq!(ids.len(), 8);
        assert!(admin.get(&format!("{path}?country=US&term=P3Y")).items().is_empty());
        assert!(admin.get("/v1/products?country=US&targetView=AzureReservationsVM&armSkuName=Standard_Nothing").items().is_empty());
        assert!(admin.get("/v1/products?country=BT&targetView=AzureReservations").items().is_empty(), "not sold there");
    }

    fn the_items_of_the_public_documentation_can_be_bought(app: &App) {
        let admin = app.contoso().admin();
        for (item, term, makes_subscription) in [
            ("DZH318Z0BQ36:004G:DZH318Z08C0S", Some("1Year"), false),
            ("DZH318Z0BQ36:004J:DZH318Z08B8X", Some("3Year"), false),
            ("DZH318Z0BQ3P:000S:DZH318Z0DDQ1", Some("3years"), false),
            ("DZH318Z0BQ4Z:002L:DZH318Z0CMNP", Some("1year"), false),
            ("dzh318z0bq4z:002l:dzh318z0cmnp", Some("1Year"), false),
            (AZURE_PLAN, None, true),
            ("CFQ7TTC0LH18:0001:CFQ7TTC0K971", None, true),
            ("DG7GMGF0FKZV:0003:DG7GMGF0DWMS", None, true),
            ("DG7GMGF0DWM3:0002:DG7GMGF0DT1M", None, false),
        ] {
            let mut bought = line(item, 1);
            if let Some(duration) = term {
                bought = reservation_line(item, 1, PLAN);
                bought["provisioningContext"]["duration"] = json!(duration);
            }
            let placed = admin.post(&customer("orders"), &order(&[bought])).expect(201);
            assert_eq!((&placed["status"], &placed["lineItems"][0]["offerId"]), (&json!("completed"), &json!(item.to_uppercase())));
            assert_eq!(placed["lineItems"][0]["subscriptionId"].is_string(), makes_subscription, "{item}");
        }
        let entitled = admin.get(&customer("entitlements")).items();
        let of = |kind: &str| entitled.iter().filter(|one| one["entitlementType"] == kind).count();
        assert_eq!((of("reservedinstance"), of("software")), (5, 2));
        assert!(app.ledger(ADVENTURE_WORKS).iter().all(|one| one["minorUnits"].as_i64() > Some(0)));
    }
}

mod too_many_requests_are_told_when_to_come_back {
    use super::*;

    fn run(engine: Engine) {
        let app = App::start_with(engine, |args| args.rate_limit_partner = Some("3/min".to_owned()));
        let admin = app.contoso().admin();
        let statuses: Vec<u16> = (0..4).map(|_| admin.get("/v1/customers").status).collect();
        assert_eq!(statuses, [200, 200, 200, 429]);
        let answer = admin.post(&customer("orders"), &json!({}));
        let body = answer.expect(429);
        let wait = answer.header("Retry-After").unwrap();
        assert!((1..=60).contains(&wait.parse::<u64>().unwrap()), "{wait}");
        assert_eq!(
            body,
            json!({"statusCode": 429, "message": format!("Rate limit is exceeded. Try again in {wait} seconds.")})
        );
        app.fabrikam().admin().get("/v1/customers").ok();

        let app = App::start_with(engine, |args| args.rate_limit_customer = Some("2/min".to_owned()));
        let admin = app.contoso().admin();
        let other = create(&admin, "other.example", "Other");
        let statuses: Vec<u16> = (0..3).map(|_| admin.get(&customer("orders")).status).collect();
        assert_eq!(statuses, [200, 200, 429]);
        assert_eq!(
            admin.get(&customer("subscriptions").to_uppercase().replace("/V1", "/v1")).status,
            429,
            "however it is spelled"
        );
        admin.get(&format!("/v1/customers/{other}/orders")).ok();
        admin.get("/v1/customers").ok();
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
