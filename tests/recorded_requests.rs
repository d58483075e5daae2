//! The requests that the official .NET SDK sends are accepted as they are.

use reservoir::permissions::{ALL, Rights};
use serde_json::Value;

use crate::engines;
use crate::support::{ADVENTURE_WORKS, PLAN};

const RECORDED: &str = include_str!("data/recorded-requests.jsonl");
/// The customer and the Azure subscription of the recording.
const CUSTOMER: &str = "11111111-1111-1111-1111-111111111111";
const SUBSCRIPTION: &str = "5198C069-3DAA-403A-8660-5BE11BFD12EE";
/// The day from which it asks for the activity log, which must not be too far back.
const DAY: &str = "11/01/2026";

/// The operation that a recorded target is of, if the server has it. (`customers/usagerecords` is
/// no customer.)
fn operation(method: &str, target: &str) -> Option<&'static Rights> {
    let path = target.split('?').next().unwrap();
    ALL.iter().find(|rights| {
        let (wanted, have): (Vec<_>, Vec<_>) = (rights.path.split('/').collect(), path.split('/').collect());
        rights.method == method
            && wanted.len() == have.len()
            && wanted.iter().zip(have).all(|(wanted, have)| match *wanted {
                "{customer_id}" | "{subscription_id}" => uuid::Uuid::try_parse(have).is_ok(),
                placeholder if placeholder.starts_with('{') => true,
                literal => literal.eq_ignore_ascii_case(have),
            })
    })
}

engines! {
    fn the_server_takes_what_the_dotnet_sdk_sends(app: &App) {
        let admin = app.contoso().admin();
        let day = (chrono::Utc::now() - chrono::TimeDelta::days(20)).format("%m/%d/%Y").to_string();
        let (mut sent, mut out_of_scope, mut refused) = (0, Vec::new(), Vec::new());
        for line in RECORDED.lines() {
            let line = line.replace(CUSTOMER, ADVENTURE_WORKS).replace(SUBSCRIPTION, PLAN).replace(DAY, &day);
            let request: Value = serde_json::from_str(&line).unwrap();
            let (method, target) = (request["method"].as_str().unwrap(), request["target"].as_str().unwrap());
            let Some(rights) = operation(method, target) else {
                out_of_scope.push(target.to_owned());
                continue;
            };
            let mut client = admin.clone();
            for (name, value) in request["headers"].as_object().unwrap() {
                if name != "Content-Type" {
                    client = client.with(name, value.as_str().unwrap());
                }
            }
            let body = Some(&request["body"]).filter(|body| !body.is_null()).map(ToString::to_string);
            let answer = client.send(method, target, request["headers"]["Content-Type"].as_str(), body.unwrap_or_default().into_bytes());
            sent += 1;
            assert!(!matches!(answer.status, 401 | 405 | 406 | 500..), "{}: {}: {}", rights.id, answer.status, answer.text);
            if answer.status >= 300 && method != "HEAD" {
                let fault = answer.body();
                assert_ne!((answer.status, fault["code"].as_u64()), (400, Some(800_002)), "{}: {}", rights.id, answer.text);
                refused.push((rights.id, fault["code"].as_u64().unwrap()));
            }
            assert_eq!(answer.header("MS-RequestId"), request["headers"]["MS-RequestId"].as_str());
        }
        // The product that the sample looks at and the offer that it orders are not of this catalogue.
        assert_eq!(refused, [("ListSkus", 400_013), ("CreateOrder", 800_004)]);
        assert_eq!((sent, out_of_scope.len()), (30, RECORDED.lines().count() - 30), "out of scope: {out_of_scope:#?}");
        let orders = admin.get(&format!("/v1/customers/{ADVENTURE_WORKS}/orders?billingType=OneTime")).items();
        assert_eq!(orders.last().unwrap()["lineItems"][0]["offerId"], "DZH318Z0BQ3P:000S:DZH318Z0DDQ1");
    }
}
