//! The OpenAPI documents: as committed, complete, and served offline.

use reservoir::permissions;
use serde_json::Value;

use crate::engines;

const PARTNER_CENTER: &str = include_str!("../openapi/partner-center.json");
const AZURE: &str = include_str!("../openapi/azure.json");

/// Every operation of a document, by method and path.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            found.push((method.to_uppercase(), path.clone(), operation.clone()));
        }
    }
    found
}

/// Set `UPDATE_OPENAPI=1` to rewrite the committed documents instead.
#[test]
fn the_committed_documents_are_what_the_program_prints() {
    for (file, committed, printed) in [
        ("openapi/partner-center.json", PARTNER_CENTER, reservoir::openapi::partner_center().unwrap()),
        ("openapi/azure.json", AZURE, reservoir::openapi::azure().unwrap()),
    ] {
        if std::env::var_os("UPDATE_OPENAPI").is_some() {
            std::fs::write(file, &printed).unwrap();
        } else {
            assert!(printed == committed, "{file} has drifted: run UPDATE_OPENAPI=1 scripts/test openapi");
        }
    }
}

#[test]
fn every_operation_is_documented_whole() {
    for (text, rows) in [(PARTNER_CENTER, permissions::ALL.len()), (AZURE, permissions::azure::ALL.len())] {
        let document: Value = serde_json::from_str(text).unwrap();
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
        let operations = operations(&document);
        assert_eq!(operations.len(), rows, "one documented operation for each row of the matrix");
        for (method, path, operation) in &operations {
            assert_documented(method, path, operation);
        }
        assert_no_dangling_reference(&document, &document);
    }
    let document: Value = serde_json::from_str(PARTNER_CENTER).unwrap();
    let cycles = &document["components"]["schemas"]["BillingCycle"]["enum"];
    assert!(cycles.as_array().unwrap().contains(&Value::from("one_time")), "values as they travel: {cycles}");
}

fn assert_documented(method: &str, path: &str, operation: &Value) {
    let name = format!("{method} {path}");
    for member in ["summary", "description", "operationId", "x-reservoir-customer-user"] {
        assert!(operation[member].as_str().is_some_and(|text| text.len() > 1), "{name} has no {member}");
    }
    assert!(operation["x-reservoir-roles"].as_array().is_some_and(|roles| !roles.is_empty()), "{name} has no roles");
    for member in ["x-reservoir-app-only", "x-reservoir-on-behalf"] {
        assert!(operation[member].is_boolean(), "{name} has no {member}");
    }
    let responses = operation["responses"].as_object().unwrap();
    assert!(responses.keys().any(|status| status.starts_with('2')), "{name} never works");
    for status in ["400", "401", "403", "429", "503"] {
        assert!(responses.contains_key(status), "{name} documents no {status}");
    }
    for (status, response) in responses {
        assert!(
            response["description"].as_str().is_some_and(|text| !text.is_empty()),
            "{name} {status}: no description"
        );
    }
    let parameters = operation["parameters"].as_array().unwrap();
    for segment in path.split('/').filter(|segment| segment.starts_with('{')) {
        let wanted = segment.trim_matches(['{', '}']);
        let documented = parameters.iter().any(|one| one["name"] == wanted && one["in"] == "path");
        assert!(documented, "{name} does not document {wanted}");
    }
    for parameter in parameters {
        let text = parameter["description"].as_str().unwrap_or_default();
        assert!(text.len() > 3 && text != "See the description.", "{name}: {} is not described", parameter["name"]);
    }
    let answered = responses.values().filter_map(|response| response.get("content"));
    for content in answered.chain(operation.get("requestBody").map(|body| &body["content"])) {
        for (kind, form) in content.as_object().unwrap() {
            assert!(form["schema"].is_object() && !form["example"].is_null(), "{name}: no example of {kind}");
        }
    }
}

fn assert_no_dangling_reference(document: &Value, part: &Value) {
    match part {
        Value::Object(members) => {
            if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                let found = document.pointer(reference.strip_prefix('#').unwrap());
                assert!(found.is_some(), "{reference} is not there");
            }
            members.values().for_each(|member| assert_no_dangling_reference(document, member));
        }
        Value::Array(elements) => elements.iter().for_each(|element| assert_no_dangling_reference(document, element)),
        _ => {}
    }
}

engines! {
    fn the_documentation_is_served_without_any_network(app: &App) {
        let anyone = app.anonymous();
        for (path, committed) in [("/openapi/partner-center.json", PARTNER_CENTER), ("/openapi/azure.json", AZURE)] {
            assert_eq!(anyone.get(path).expect(200), serde_json::from_str::<Value>(committed).unwrap());
        }
        let redirect = anyone.get("/docs");
        assert_eq!((redirect.status, redirect.header("location")), (308, Some("/docs/")));
        let page = anyone.get("/docs/");
        assert_eq!(page.status, 200);
        for file in ["swagger-ui.css", "swagger-ui-bundle.js", "swagger-initializer.js"] {
            assert!(page.text.contains(file), "the page does not load {file}");
            let asset = anyone.get(&format!("/docs/{file}"));
            assert!(asset.status == 200 && !asset.text.is_empty(), "{file}: {}", asset.status);
            let outside = ["src=\"http", "href=\"http"].iter().any(|mark| page.text.contains(mark));
            assert!(!outside, "the page loads something from elsewhere");
        }
        let listed = anyone.get("/docs/swagger-initializer.js").text;
        assert!(listed.contains("/openapi/partner-center.json") && listed.contains("/openapi/azure.json"));
    }
}
