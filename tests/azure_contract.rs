//! The reservation API against its published document: every answer of every operation fits the
//! response schema, member by member, and every published example is accepted.
//!
//! The document is in `tests/data/microsoft-capacity`. It requires no member and forbids none; here
//! a member that it does not know is an error, except those of [`EXTENSIONS`].

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use jsonschema::Validator;
use serde_json::{Map, Value, json};
use url::form_urlencoded::byte_serialize;
use uuid::Uuid;

use crate::engines;
use crate::support::{ADVENTURE_WORKS, AZURE_SUBSCRIPTION, App, Client, Response};

const VERSION: &str = "2022-11-01";
const PROVIDER: &str = "/providers/Microsoft.Capacity";

/// Members that the document does not have: definition, member.
const EXTENSIONS: [(&str, &str); 2] =
    [("ReservationOrderProperties", "purchasedBy"), ("ReservationsProperties", "purchasedBy")];

/// Members that may be null, as in the published examples or by their descriptions.
const NULLABLE: [&str; 8] = [
    "nextLink",
    "policyErrors",
    "paymentDate",
    "billingCurrencyTotal",
    "nextPaymentDueDate",
    "appliedScopes",
    "provisioningSubState",
    "skuDescription",
];

/// Error codes of Azure Resource Manager and of policies, which the document's open list lacks.
const FURTHER_CODES: [&str; 6] = [
    "MissingApiVersionParameter",
    "InvalidApiVersionParameter",
    "InvalidAuthenticationToken",
    "SubscriptionNotFound",
    "PurchaseCommitmentTooLow",
    "ExchangeNotAllowed",
];

/// Codes that say that a request cannot be read.
const SHAPE: [&str; 4] = ["BadRequest", "InvalidRequestContent", "InvalidRequestUri", "HttpMethodNotSupported"];

fn data() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/microsoft-capacity")
}

fn read(name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(data().join(name)).unwrap()).unwrap()
}

/// One operation of the document.
struct Operation {
    method: String,
    path: String,
    /// Names of query parameters.
    query: BTreeSet<String>,
    /// The name of the body's parameter, if it has one.
    body: Option<String>,
    /// What validates an answer, by status; none where an answer has no body.
    answers: BTreeMap<String, Option<Validator>>,
    examples: BTreeSet<String>,
}

/// Where definitions of the two common files go in the one schema that is made of all three.
fn target(from: &str, reference: &str) -> String {
    let (file, pointer) = reference.split_once('#').unwrap();
    let name = pointer.strip_prefix("/definitions/").unwrap();
    let place = match file {
        "" => from,
        "../../../../../common-types/resource-management/v1/types.json" => "v1.",
        "../../../../../common-types/resource-management/v4/types.json" => "v4.",
        other => panic!("a reference to {other}"),
    };
    format!("#/$defs/{place}{name}")
}

/// OpenAPI 2 to JSON Schema: references resolved, integers bounded by their format, null where it is
/// allowed, and (in the document itself) no member that it does not know.
fn schema_of(part: &Value, from: &str) -> Value {
    let Value::Object(members) = part else { return part.clone() };
    let mut made = Map::new();
    for (name, value) in members {
        match name.as_str() {
            "$ref" => {
                made.insert("$ref".to_owned(), Value::from(target(from, value.as_str().unwrap())));
            }
            "properties" => {
                let properties = value.as_object().unwrap().iter().map(|(name, value)| {
                    let schema = schema_of(value, from);
                    let nullable = NULLABLE.contains(&name.as_str());
                    (name.clone(), if nullable { json!({"anyOf": [schema, {"type": "null"}]}) } else { schema })
                });
                made.insert("properties".to_owned(), Value::Object(properties.collect()));
                if from.is_empty() {
                    made.insert("unevaluatedProperties".to_owned(), Value::from(false));
                }
            }
            "items" | "additionalProperties" => {
                made.insert(name.clone(), schema_of(value, from));
            }
            "allOf" => {
                let parts = value.as_array().unwrap().iter().map(|one| {
                    // What is extended must not be closed.
                    let whole = target(from, one["$ref"].as_str().unwrap());
                    let open = if from.is_empty() { whole.replace("$defs/", "$defs/open.") } else { whole };
                    json!({"$ref": open})
                });
                made.insert("allOf".to_owned(), parts.collect());
            }
            "type" | "enum" | "minItems" | "maxItems" => {
                made.insert(name.clone(), value.clone());
            }
            "format" if value == "int32" => {
                made.insert("minimum".to_owned(), Value::from(i32::MIN));
                made.insert("maximum".to_owned(), Value::from(i32::MAX));
            }
            "format" if value == "date" || value == "date-time" => {
                made.insert("format".to_owned(), value.clone());
            }
            _ => {}
        }
    }
    Value::Object(made)
}

/// Every definition of the three files, ready to be referred to.
fn definitions(document: &Value) -> Value {
    let mut all = Map::new();
    let (v1, v4) = (read("common-types/v1/types.json"), read("common-types/v4/types.json"));
    for (from, file) in [("", document), ("v1.", &v1), ("v4.", &v4)] {
        for (name, definition) in file["definitions"].as_object().unwrap() {
            let schema = schema_of(definition, from);
            let mut open = schema.clone();
            open.as_object_mut().unwrap().remove("unevaluatedProperties");
            all.insert(format!("open.{from}{name}"), open);
            all.insert(format!("{from}{name}"), schema);
        }
    }
    for (definition, member) in EXTENSIONS {
        all[definition]["properties"][member] = json!({});
    }
    for code in FURTHER_CODES {
        all["ErrorResponseCode"]["enum"].as_array_mut().unwrap().push(Value::from(code));
    }
    // The description has more in its example than the document has in its list.
    all["ReservationStatusCode"]["enum"].as_array_mut().unwrap().push(Value::from("PaymentDeclined"));
    Value::Object(all)
}

fn validator(schema: &Value, definitions: &Value) -> Validator {
    let mut whole = schema_of(schema, "");
    whole["$defs"] = definitions.clone();
    jsonschema::draft202012::options().should_validate_formats(true).build(&whole).unwrap()
}

fn operations() -> BTreeMap<String, Operation> {
    let document = read("reservations.json");
    let definitions = definitions(&document);
    let mut found = BTreeMap::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let (mut query, mut body) = (BTreeSet::new(), None);
            for parameter in operation["parameters"].as_array().unwrap() {
                let parameter = match parameter["$ref"].as_str() {
                    Some(reference) => document.pointer(reference.strip_prefix('#').unwrap()).unwrap(),
                    None => parameter,
                };
                let name = parameter["name"].as_str().unwrap().to_owned();
                match parameter["in"].as_str().unwrap() {
                    "query" => drop(query.insert(name)),
                    "body" => body = Some(name),
                    _ => {}
                }
            }
            let answers = operation["responses"].as_object().unwrap().iter().map(|(status, response)| {
                (status.clone(), response.get("schema").map(|schema| validator(schema, &definitions)))
            });
            let examples = operation["x-ms-examples"].as_object().unwrap().values();
            let examples = examples.map(|one| one["$ref"].as_str().unwrap().rsplit('/').next().unwrap().to_owned());
            let operation_id = operation["operationId"].as_str().unwrap().to_owned();
            let operation = Operation {
                method: method.to_uppercase(),
                path: path.clone(),
                query,
                body,
                answers: answers.collect(),
                examples: examples.collect(),
            };
            found.insert(operation_id, operation);
        }
    }
    found
}

/// What is wrong with an answer; empty if nothing is.
fn faults(schema: &Validator, answer: &Value) -> String {
    let told: Vec<String> =
        schema.iter_errors(answer).map(|error| format!("{}: {error}", error.instance_path())).collect();
    told.join("; ")
}

/// The published answers fit, so that the reading of the document is not too strict; and a slip in
/// any member is seen, so that it is not too lenient.
#[test]
fn the_published_answers_fit_the_document() {
    for (operation_id, operation) in operations() {
        for name in &operation.examples {
            let responses = read(&format!("examples/{name}"))["responses"].take();
            let answers =
                responses.as_object().unwrap().iter().filter_map(|(status, response)| {
                    Some((operation.answers[status].as_ref()?, response.get("body")?))
                });
            for (schema, body) in answers {
                assert_eq!(faults(schema, body), "", "{operation_id} {name}");
                assert_ne!(faults(schema, &Value::from(1)), "", "{operation_id} {name}");
                let mut slip = body.clone();
                let one = if slip.is_array() { &mut slip[0] } else { &mut slip };
                one["propertys"] = json!({});
                assert_ne!(faults(schema, &slip), "", "{operation_id} {name}");
            }
        }
    }
}

/// A client that holds every answer against the document.
struct Reader<'a> {
    client: Client,
    operations: &'a BTreeMap<String, Operation>,
    worked: BTreeSet<String>,
    refused: BTreeSet<String>,
    examples: BTreeSet<String>,
}

impl<'a> Reader<'a> {
    fn new(client: Client, operations: &'a BTreeMap<String, Operation>) -> Self {
        let (worked, refused, examples) = Default::default();
        Self { client, operations, worked, refused, examples }
    }

    /// Calls an operation with these parameters, by their names in the document.
    fn send(&mut self, operation_id: &str, parameters: &Value) -> Response {
        let operation = &self.operations[operation_id];
        let (mut path, mut query) = (operation.path.clone(), String::new());
        for (name, value) in parameters.as_object().unwrap() {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let place = format!("{{{name}}}");
            if path.contains(&place) {
                path = path.replace(&place, &text);
            } else if operation.query.iter().any(|have| have.eq_ignore_ascii_case(name)) {
                let mark = if query.is_empty() { '?' } else { '&' };
                let encoded: String = byte_serialize(text.as_bytes()).collect();
                query.push_str(&format!("{mark}{name}={encoded}"));
            } else {
                assert_eq!(operation.body.as_ref(), Some(name), "{operation_id} has no parameter {name}");
            }
        }
        let target = format!("{path}{query}");
        let body = operation.body.as_ref().and_then(|name| parameters.get(name));
        let answer = match body {
            Some(body) => self.client.json(&operation.method, &target, body),
            None => self.client.send(&operation.method, &target, None, Vec::new()),
        };
        self.check(operation_id, &answer);
        answer
    }

    fn check(&mut self, operation_id: &str, answer: &Response) {
        let operation = &self.operations[operation_id];
        let worked = (200..300).contains(&answer.status);
        let wanted = if worked { answer.status.to_string() } else { "default".to_owned() };
        let schema = operation.answers.get(&wanted);
        let schema =
            schema.unwrap_or_else(|| panic!("{} answered {}, which is not documented", answer.asked, answer.status));
        match schema {
            None => assert!(answer.text.is_empty(), "{} answered with a body: {}", answer.asked, answer.text),
            Some(schema) => {
                let body = answer.body();
                let wrong = faults(schema, &body);
                assert!(wrong.is_empty(), "{} answered {}, where {wrong}", answer.asked, answer.text);
            }
        }
        if worked {
            self.worked.insert(operation_id.to_owned());
        } else {
            let error = &answer.body()["error"];
            let told = |name: &str| error[name].as_str().is_some_and(|text| !text.is_empty());
            assert!(told("code") && told("message"), "{} answered {}", answer.asked, answer.text);
            self.refused.insert(operation_id.to_owned());
        }
    }

    /// The same with the version, which must work.
    fn call(&mut self, operation_id: &str, mut parameters: Value) -> Value {
        parameters["api-version"] = Value::from(VERSION);
        self.send(operation_id, &parameters).expect_or_empty(200)
    }

    /// Reads everything there is, in every way.
    fn read_everything(&mut self) {
        let orders = self.call("ReservationOrder_List", json!({}));
        for order in orders["value"].as_array().unwrap() {
            let order = json!({"reservationOrderId": order["name"]});
            self.call("ReservationOrder_Get", order.clone());
            let mut expanded = order.clone();
            expanded["$expand"] = Value::from("schedule");
            self.call("ReservationOrder_Get", expanded);
            let reservations = self.call("Reservation_List", order.clone());
            for reservation in reservations["value"].as_array().unwrap() {
                let mut one = order.clone();
                one["reservationId"] = reservation["name"].clone();
                self.call("Reservation_Get", one.clone());
                self.call("Reservation_ListRevisions", one.clone());
                one["$expand"] = Value::from("renewProperties");
                self.call("Reservation_Get", one);
            }
        }
        let all = self.call("Reservation_ListAll", json!({"refreshSummary": "true"}));
        let summary = all["summary"].as_object().unwrap();
        let counted: f64 = summary.values().map(|count| count.as_f64().unwrap()).sum();
        let listed = all["value"].as_array().unwrap().len();
        assert_eq!(counted, f64::from(u32::try_from(listed).unwrap()), "{summary:?}");
        self.call("GetAppliedReservationList", json!({"subscriptionId": AZURE_SUBSCRIPTION}));
    }

    /// Buys; the order's and the reservation's id.
    fn buy(&mut self, size: &str, quantity: i64, more: Value) -> (String, String) {
        let request = request(size, quantity, more);
        let price = self.call("ReservationOrder_Calculate", json!({"body": request}));
        let order = price["properties"]["reservationOrderId"].as_str().unwrap().to_owned();
        let bought = self.call("ReservationOrder_Purchase", json!({"reservationOrderId": order, "body": request}));
        let reservation = last_segment(&bought["properties"]["reservations"][0]["id"]);
        (order, reservation)
    }

    /// The reservation of an order that is in force.
    fn in_force(&mut self, order: &str) -> String {
        let listed = self.call("Reservation_List", json!({"reservationOrderId": order}));
        let one = listed["value"].as_array().unwrap().iter();
        let mut found = one.filter(|one| one["properties"]["provisioningState"] == "Succeeded");
        found.next().unwrap()["name"].as_str().unwrap().to_owned()
    }

    fn quote(&mut self, order: &str, reservation: &str, quantity: i64) -> Value {
        let body = json!({"id": format!("{PROVIDER}/reservationOrders/{order}"), "properties": {
            "scope": "Reservation", "reservationToReturn": {"reservationId": full_id(order, reservation), "quantity": quantity}}});
        self.call("CalculateRefund_Post", json!({"reservationOrderId": order, "body": body}))["properties"].clone()
    }

    fn give_back(&mut self, order: &str, reservation: &str, quantity: i64) {
        let session = self.quote(order, reservation, quantity)["sessionId"].clone();
        let body = json!({"properties": {"sessionId": session, "scope": "Reservation", "returnReason": "NoLongerUsed",
            "reservationToReturn": {"reservationId": full_id(order, reservation), "quantity": quantity}}});
        self.call("Return_Post", json!({"reservationOrderId": order, "body": body}));
    }

    fn update(&mut self, order: &str, reservation: &str, properties: &Value) -> Value {
        let parameters = json!({"properties": properties});
        self.call(
            "Reservation_Update",
            json!({"reservationOrderId": order, "reservationId": reservation, "parameters": parameters}),
        )
    }
}

impl Response {
    /// The JSON of an answer with this status; null where it has no body.
    fn expect_or_empty(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{} answered {}", self.asked, self.text);
        if self.text.is_empty() { Value::Null } else { self.body() }
    }
}

fn last_segment(id: &Value) -> String {
    id.as_str().unwrap().rsplit('/').next().unwrap().to_owned()
}

fn full_id(order: &str, reservation: &str) -> String {
    format!("{PROVIDER}/reservationOrders/{order}/reservations/{reservation}")
}

fn own_subscription() -> String {
    format!("/subscriptions/{AZURE_SUBSCRIPTION}")
}

fn request(size: &str, quantity: i64, more: Value) -> Value {
    let mut properties = json!({
        "reservedResourceType": "VirtualMachines", "billingScopeId": own_subscription(), "term": "P1Y",
        "billingPlan": "Upfront", "quantity": quantity, "displayName": "contract", "appliedScopeType": "Shared",
        "renew": false, "reservedResourceProperties": {"instanceFlexibility": "On"},
    });
    if let Value::Object(more) = more {
        properties.as_object_mut().unwrap().extend(more);
    }
    json!({"sku": {"name": size}, "location": "eastus", "properties": properties})
}

fn make_resource_group(app: &App, name: &str) -> String {
    let path = format!("/subscriptions/{AZURE_SUBSCRIPTION}/resourceGroups/{name}");
    let answer = app.contoso().admin().put(&format!("{path}?api-version=2021-04-01"), &json!({"location": "eastus"}));
    assert!([200, 201].contains(&answer.status), "{}: {}", answer.asked, answer.text);
    path
}

engines! {
    fn every_answer_fits_the_published_document(app: &App) {
        let operations = operations();
        let mut reader = Reader::new(app.contoso().admin(), &operations);
        reader.call("Operation_List", json!({}));
        let catalog = json!({"subscriptionId": AZURE_SUBSCRIPTION, "reservedResourceType": "VirtualMachines", "location": "eastus"});
        reader.call("GetCatalog", catalog);
        reader.call("GetCatalog", json!({"subscriptionId": AZURE_SUBSCRIPTION, "$take": 2, "$skip": 1, "$filter": "name eq 'Standard_D2s_v5'"}));
        reader.read_everything();

        // Paid at once, with every scope there is.
        let group = make_resource_group(app, "contract");
        let (order, reservation) = reader.buy("Standard_D2s_v5", 6, json!({}));
        for scope in [
            json!({"appliedScopeType": "Single", "appliedScopes": [own_subscription()]}),
            json!({"appliedScopeType": "Single", "appliedScopeProperties": {"resourceGroupId": group}}),
            json!({"appliedScopeType": "ManagementGroup", "appliedScopeProperties": {"tenantId": ADVENTURE_WORKS,
                "managementGroupId": "/providers/Microsoft.Management/managementGroups/all"}}),
            json!({"appliedScopeType": "Shared", "name": "renamed", "instanceFlexibility": "Off"}),
        ] {
            reader.update(&order, &reservation, &scope);
            reader.read_everything();
        }
        let scopes = json!({"properties": {"scopes": [own_subscription(), group, format!("/subscriptions/{}", Uuid::new_v4())]}});
        let one = json!({"reservationOrderId": order, "reservationId": reservation});
        let mut asked = one.clone();
        asked["body"] = scopes;
        reader.call("Reservation_AvailableScopes", asked);

        let whole = full_id(&order, &reservation);
        let body = json!({"properties": {"quantities": [2, 4], "reservationId": whole}});
        let parts = reader.call("Reservation_Split", json!({"reservationOrderId": order, "body": body}));
        reader.read_everything();
        let body = json!({"properties": {"sources": [parts[0]["id"], parts[1]["id"]]}});
        reader.call("Reservation_Merge", json!({"reservationOrderId": order, "body": body}));
        reader.call("Reservation_Archive", one.clone());
        reader.read_everything();
        reader.call("Reservation_Unarchive", one);

        // To be renewed.
        let (renewed, renewing) = reader.buy("Standard_D4s_v5", 1, json!({"renew": true}));
        reader.read_everything();
        let again = request("Standard_D8s_v5", 2, json!({"term": "P3Y", "billingPlan": "Monthly"}));
        reader.update(&renewed, &renewing, &json!({"renew": true, "renewProperties": {"purchaseProperties": again}}));
        reader.read_everything();

        // Paid by the month, in scope of a subscription from the start.
        let (monthly, paying) = reader.buy("Standard_D2ds_v5", 3,
            json!({"billingPlan": "Monthly", "term": "P3Y", "appliedScopeType": "Single", "appliedScopes": [own_subscription()]}));
        app.advance("P45D");
        reader.read_everything();
        reader.give_back(&monthly, &paying, 1);
        reader.read_everything();
        let rest = reader.in_force(&monthly);
        reader.give_back(&monthly, &rest, 2);

        let rest = reader.in_force(&order);
        reader.give_back(&order, &rest, 2);
        reader.read_everything();

        // Exchanged, after a quote that policy refuses.
        let rest = reader.in_force(&order);
        let returned = json!([{"reservationId": full_id(&order, &rest), "quantity": 3}]);
        for bought in [request("Standard_B2s_v2", 1, json!({})), request("Standard_E2s_v5", 4, json!({"billingPlan": "Monthly"}))] {
            let body = json!({"properties": {"reservationsToPurchase": [bought], "reservationsToExchange": returned}});
            let quote = reader.call("CalculateExchange_Post", json!({"body": body}));
            let body = json!({"properties": {"sessionId": quote["properties"]["sessionId"]}});
            reader.send("Exchange_Post", &json!({"api-version": VERSION, "body": body}));
        }
        reader.read_everything();

        // More than may be given back in a year.
        let (large, many) = reader.buy("Standard_E16s_v5", 20, json!({}));
        let quote = reader.quote(&large, &many, 20);
        assert_eq!(quote["policyResult"]["properties"]["policyErrors"][0]["code"], "RefundLimitExceeded");

        // Nearly over, and over.
        app.advance("P300D");
        reader.read_everything();
        app.advance("P30D");
        reader.read_everything();
        app.advance("P1100D");
        reader.read_everything();

        let mut every: BTreeSet<String> = operations.keys().cloned().collect();
        // A reservation never changes its directory.
        every.remove("ReservationOrder_ChangeDirectory");
        assert_eq!(reader.worked, every, "operations that worked");
    }

    fn every_refusal_fits_the_published_document(app: &App) {
        let operations = operations();
        let mut reader = Reader::new(app.contoso().admin(), &operations);
        let (order, reservation) = reader.buy("Standard_D2s_v5", 2, json!({}));
        let unknown = Uuid::new_v4().to_string();
        let known = json!({"reservationOrderId": order, "reservationId": reservation, "subscriptionId": AZURE_SUBSCRIPTION});
        for (operation_id, operation) in &operations {
            let parameters = |from: &Value| {
                let named = from.as_object().unwrap().iter().filter(|(name, _)| operation.path.contains(&format!("{{{name}}}")));
                Value::Object(named.map(|(name, value)| (name.clone(), value.clone())).collect())
            };
            let mut asked = parameters(&known);
            let code = |answer: &Response| answer.body()["error"]["code"].as_str().unwrap().to_owned();
            let answer = reader.send(operation_id, &asked);
            assert_eq!((answer.status, code(&answer).as_str()), (400, "MissingApiVersionParameter"), "{}", answer.asked);
            asked["api-version"] = Value::from("yesterday");
            let answer = reader.send(operation_id, &asked);
            assert_eq!((answer.status, code(&answer).as_str()), (400, "InvalidApiVersionParameter"), "{}", answer.asked);

            asked["api-version"] = Value::from(VERSION);
            let nobody = Reader::new(app.anonymous(), &operations).send(operation_id, &asked);
            assert_eq!(nobody.status, 401, "{}: {}", nobody.asked, nobody.text);
            assert!(nobody.header("WWW-Authenticate").is_some(), "{}", nobody.asked);

            if let Some(body) = &operation.body {
                for wrong in [json!([]), json!({"properties": 1}), json!("text"), Value::Null, json!({})] {
                    asked[body] = wrong;
                    let answer = reader.send(operation_id, &asked);
                    assert_eq!(answer.status, 400, "{} with {} answered {}", answer.asked, asked[body], answer.text);
                }
            }
            let strange = json!({"reservationOrderId": unknown, "reservationId": unknown, "subscriptionId": unknown});
            let mut asked = parameters(&strange);
            if !asked.as_object().unwrap().is_empty() && operation.body.is_none() {
                asked["api-version"] = Value::from(VERSION);
                let answer = reader.send(operation_id, &asked);
                let wanted = if operation.path.starts_with("/subscriptions") { "SubscriptionNotFound" } else { "ReservationOrderNotFound" };
                assert_eq!((answer.status, code(&answer).as_str()), (404, wanted), "{}", answer.asked);
            }
        }
        assert_eq!(reader.refused, operations.keys().cloned().collect(), "operations that refused");
    }

    fn every_published_example_is_accepted(app: &App) {
        let operations = operations();
        let mut reader = Reader::new(app.contoso().admin(), &operations);
        let examples: Vec<(String, String)> = operations.iter()
            .flat_map(|(id, operation)| operation.examples.iter().map(|name| (id.clone(), name.clone()))).collect();
        for (operation_id, name) in &examples {
            send_example(&mut reader, operation_id, name);
        }
        let files: BTreeSet<String> = std::fs::read_dir(data().join("examples")).unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        assert_eq!(reader.examples, files, "examples that were sent");
    }
}

/// Sends an example in a state in which it can succeed. Of what it says only ids, sizes and regions
/// are replaced, by those that there are.
fn send_example(reader: &mut Reader<'_>, operation_id: &str, name: &str) {
    let mut parameters = read(&format!("examples/{name}"))["parameters"].clone();
    let quantity = if operation_id == "Reservation_Split" { 3 } else { 2 };
    let (order, reservation) = reader.buy("Standard_D2s_v5", quantity, json!({}));
    let mut ids = vec![("reservationOrderId", order.clone()), ("reservationId", reservation.clone())];
    match operation_id {
        "ReservationOrder_Purchase" => ids[0].1 = Uuid::new_v4().to_string(),
        "ReservationOrder_ChangeDirectory" => ids.push(("destinationTenantId", ADVENTURE_WORKS.to_owned())),
        "Return_Post" => {
            let session = reader.quote(&order, &reservation, 1)["sessionId"].as_str().unwrap().to_owned();
            ids.push(("sessionId", session));
        }
        "Exchange_Post" => {
            let body = json!({"properties": {"reservationsToPurchase": [request("Standard_D4s_v5", 2, json!({}))],
                "reservationsToExchange": [{"reservationId": full_id(&order, &reservation), "quantity": 2}]}});
            let quote = reader.call("CalculateExchange_Post", json!({"body": body}));
            ids.push(("sessionId", quote["properties"]["sessionId"].as_str().unwrap().to_owned()));
        }
        "Reservation_Archive" | "Reservation_Unarchive" => reader.give_back(&order, &reservation, 2),
        _ => {}
    }
    if operation_id == "Reservation_Unarchive" {
        reader.call("Reservation_Archive", json!({"reservationOrderId": order, "reservationId": reservation}));
    }
    // This one is written as it travels.
    if let Some(filter) = parameters.get("$filter").and_then(Value::as_str) {
        let decoded = url::form_urlencoded::parse(format!("x={filter}").as_bytes()).next().unwrap().1.into_owned();
        parameters["$filter"] = Value::from(decoded);
    }
    let real = Real { order, reservation, ids };
    real.put_into(&mut parameters);
    if operation_id == "Reservation_Merge" {
        let body =
            json!({"properties": {"quantities": [1, 1], "reservationId": full_id(&real.order, &real.reservation)}});
        let parts = reader.call("Reservation_Split", json!({"reservationOrderId": real.order, "body": body}));
        parameters["body"]["properties"]["sources"] = json!([parts[0]["id"], parts[1]["id"]]);
    }

    let answer = reader.send(operation_id, &parameters);
    let is_refused_for_a_reason = |codes: &[&str]| {
        let code = answer.body()["error"]["code"].as_str().unwrap().to_owned();
        assert!(codes.contains(&code.as_str()) && !SHAPE.contains(&code.as_str()), "{name} answered {}", answer.text);
    };
    match operation_id {
        "ReservationOrder_ChangeDirectory" => is_refused_for_a_reason(&["OperationCannotBePerformedInCurrentState"]),
        _ => assert_eq!(answer.status, 200, "{name} with {parameters} answered {}", answer.text),
    }
    reader.examples.insert(name.to_owned());
}

/// What there is in place of what an example names.
struct Real {
    order: String,
    reservation: String,
    ids: Vec<(&'static str, String)>,
}

impl Real {
    fn put_into(&self, part: &mut Value) {
        match part {
            Value::Array(elements) => elements.iter_mut().for_each(|element| self.put_into(element)),
            Value::Object(members) => {
                for (name, value) in members.iter_mut() {
                    if let Some((_, real)) =
                        self.ids.iter().find(|(have, _)| have == name && !value.to_string().contains('/'))
                    {
                        *value = Value::from(real.as_str());
                    } else if name == "subscriptionId" && !value.to_string().contains('/') {
                        *value = Value::from(AZURE_SUBSCRIPTION);
                    } else {
                        self.put_into(value);
                    }
                }
            }
            Value::String(text) => *text = self.real(text),
            _ => {}
        }
    }

    fn real(&self, text: &str) -> String {
        let segments: Vec<&str> = text.split('/').collect();
        let mut made: Vec<String> = segments.iter().map(|&segment| segment.to_owned()).collect();
        for (number, segment) in segments.iter().enumerate().skip(1) {
            match segments[number - 1].to_lowercase().as_str() {
                "reservationorders" => made[number].clone_from(&self.order),
                "reservations" => made[number].clone_from(&self.reservation),
                "subscriptions" => AZURE_SUBSCRIPTION.clone_into(&mut made[number]),
                _ => debug_assert!(!segment.is_empty()),
            }
        }
        match text {
            "standard_D1" => "standard_D2s_v5".to_owned(),
            "Standard_B1ls" => "Standard_E2s_v5".to_owned(),
            "westus" => "eastus".to_owned(),
            _ => made.join("/"),
        }
    }
}
