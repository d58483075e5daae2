//! Purchase permissions as the official .NET SDK handles them, and the matrix of who may do what.

use reservoir::permissions::ALL;
use serde_json::{Value, json};

use crate::engines;
use crate::support::purchases::*;
use crate::support::{ADVENTURE_WORKS, CONTOSO, Client, Response};

const POLICIES: &str = "/v1/SelfServePolicy";
const UNKNOWN: &str = "5fffffff-ffff-4fff-8fff-ffffffffffff";

fn delete(client: &Client, path: &str) -> Response {
    client.send("DELETE", path, None, Vec::new())
}

fn changed(policy: &Value, pointer: &str, value: Value) -> Value {
    let mut policy = policy.clone();
    *policy.pointer_mut(pointer).unwrap() = value;
    policy
}

engines! {
    fn a_permission_lives_as_documented(app: &App) {
        let admin = app.contoso().admin();
        let policy = admin.post(POLICIES, &purchase_permission(ADVENTURE_WORKS)).expect(201);
        let id = format!("{CONTOSO}_{ADVENTURE_WORKS}");
        let etag = policy["attributes"]["etag"].as_str().unwrap().to_owned();
        assert!(etag.len() == 38 && etag.starts_with('"') && etag.ends_with('"'), "{etag}");
        let mut wanted = purchase_permission(ADVENTURE_WORKS);
        wanted["id"] = json!(id);
        wanted["attributes"] = json!({"etag": etag, "objectType": "SelfServePolicy"});
        assert_eq!(policy, wanted);
        admin.post(POLICIES, &purchase_permission(ADVENTURE_WORKS)).refused(409, 600_041, "");

        // As the SDK spells it, and as nobody does.
        for query in ["entity_id", "entity_Id", "ENTITY_ID"] {
            let list = admin.get(&format!("{POLICIES}?{query}={}", ADVENTURE_WORKS.to_uppercase())).ok();
            assert_eq!((&list["totalCount"], &list["items"][0]), (&json!(1), &policy));
        }
        for path in [format!("{POLICIES}/{id}"), format!("/V1/selfservepolicy/{}/", id.to_uppercase())] {
            assert_eq!(admin.get(&path).expect(200), policy);
        }

        let mut both = changed(&policy, "/permissions", json!([
            {"Resource": "azurereservedinstances", "Action": "purchase"}, {"Resource": "AzureSavingsPlan", "Action": "Purchase"},
        ]));
        let second = admin.put(&format!("{POLICIES}/{id}"), &both).expect(200);
        assert_eq!(second["permissions"].as_array().unwrap().len(), 2);
        assert_ne!(second["attributes"]["etag"], policy["attributes"]["etag"]);
        admin.put(&format!("{POLICIES}/{id}"), &both).refused(400, 2055, "attributes.etag");
        admin.with("If-Match", &etag).put(POLICIES, &second).refused(412, 800_036, "If-Match");
        assert_eq!(admin.get(&format!("{POLICIES}/{id}")).ok(), second, "what is refused changes nothing");
        both.as_object_mut().unwrap().remove("attributes");
        let third = admin.put(POLICIES, &both).expect(200);
        admin.with("If-Match", third["attributes"]["etag"].as_str().unwrap()).put(POLICIES, &third).expect(200);

        let path = format!("{POLICIES}/{id}");
        delete(&admin.with("If-Match", &etag), &path).refused(412, 800_036, "If-Match");
        let request = admin.with("MS-RequestId", "3f3f3f3f-0000-4000-8000-000000000001");
        let gone = delete(&request, &path);
        assert_eq!((gone.status, gone.text.as_str()), (204, ""));
        for answer in [delete(&request, &path), admin.get(&path), admin.put(&path, &third), admin.put(POLICIES, &third)] {
            answer.refused(404, 600_039, "");
        }
        assert!(admin.get(&format!("{POLICIES}?entity_id={ADVENTURE_WORKS}")).items().is_empty());
        admin.post(POLICIES, &purchase_permission(ADVENTURE_WORKS)).expect(201);
    }

    fn ids_that_contradict_each_other_are_told(app: &App) {
        let admin = app.contoso().admin();
        let policy = admin.post(POLICIES, &purchase_permission(ADVENTURE_WORKS)).expect(201);
        let path = format!("{POLICIES}/{}", policy["id"].as_str().unwrap());
        let other = format!("{CONTOSO}_{UNKNOWN}");
        admin.put(&path, &changed(&policy, "/id", json!(other))).refused(404, 600_040, "id");
        for pointer in ["/selfServeEntity/tenantID", "/grantor/tenantID"] {
            for to in [path.as_str(), POLICIES] {
                admin.put(to, &changed(&policy, pointer, json!(UNKNOWN))).refused(404, 600_040, "id");
            }
        }
        for id in [other.as_str(), "nonsense", &format!("{UNKNOWN}_{ADVENTURE_WORKS}")] {
            admin.put(&format!("{POLICIES}/{id}"), &policy).refused(404, 600_039, "");
            admin.get(&format!("{POLICIES}/{id}")).refused(404, 600_039, "");
            admin.put(POLICIES, &changed(&policy, "/id", json!(id))).refused(404, 600_039, "");
        }
        let mut unnamed = policy.clone();
        unnamed["id"] = Value::Null;
        admin.put(POLICIES, &unnamed).refused(400, 800_002, "id");
        admin.put(&path, &unnamed).expect(200);
        let stranger = app.fabrikam().admin();
        for answer in [stranger.get(&path), stranger.put(&path, &policy), stranger.put(POLICIES, &policy), delete(&stranger, &path)] {
            answer.refused(404, 600_039, "");
        }
    }

    fn a_bad_request_is_refused_with_the_member_named(app: &App) {
        let admin = app.contoso().admin();
        let good = purchase_permission(ADVENTURE_WORKS);
        for (pointer, value, field) in [
            ("/selfServeEntity", json!(null), "selfServeEntity"),
            ("/selfServeEntity", json!("customer"), "selfServeEntity"),
            ("/selfServeEntity/selfServeEntityType", json!(null), "selfServeEntity.selfServeEntityType"),
            ("/selfServeEntity/selfServeEntityType", json!("partner"), "selfServeEntity.selfServeEntityType"),
            ("/selfServeEntity/tenantID", json!("x"), "selfServeEntity.tenantID"),
            ("/grantor", json!(null), "grantor"),
            ("/grantor/grantorType", json!("billToCustomer"), "grantor.grantorType"),
            ("/grantor/tenantID", json!(UNKNOWN), "grantor.tenantID"),
            ("/grantor/tenantID", json!(null), "grantor.tenantID"),
            ("/permissions", json!(null), "permissions"),
            ("/permissions", json!([]), "permissions"),
            ("/permissions/0", json!(null), "permissions[0]"),
            ("/permissions/0/resource", json!("AzureDisk"), "permissions[0].resource"),
            ("/permissions/0/action", json!("Sell"), "permissions[0].action"),
        ] {
            admin.post(POLICIES, &changed(&good, pointer, value)).refused(400, 800_002, field);
        }
        let loose = json!({
            "SELFSERVEENTITY": {"SelfServeEntityType": "Customer", "TenantID": ADVENTURE_WORKS.to_uppercase()},
            "Grantor": {"GrantorType": "BillToPartner", "tenantId": CONTOSO}, "Id": null, "Attributes": null,
            "Permissions": [{"Resource": "AzureReservedInstances", "Action": "Purchase"}],
        });
        for customer in [UNKNOWN, &customer_with_agreement(&app.fabrikam().admin(), "foreign.example")] {
            admin.post(POLICIES, &purchase_permission(customer)).refused(404, 60_003, "");
            admin.get(&format!("{POLICIES}?entity_id={customer}")).refused(404, 60_003, "");
        }
        admin.get(POLICIES).refused(400, 800_002, "entity_id");
        admin.get(&format!("{POLICIES}?entity_id=x")).refused(400, 800_002, "entity_id");
        assert!(admin.get(&format!("{POLICIES}?entity_id={ADVENTURE_WORKS}")).items().is_empty(), "nothing half done");
        admin.post(POLICIES, &loose).expect(201);
    }

    fn the_matrix_says_what_the_server_goes_by(app: &App) {
        let matrix = app.contoso().helpdesk().get("/reservoir/v1/permissions").ok();
        let operations = matrix["operations"].as_array().unwrap();
        assert_eq!(operations.len(), ALL.len());
        let row = |method: &str, path: &str| operations.iter().find(|row| row["method"] == method && row["path"] == path).unwrap();
        assert_eq!(row("POST", POLICIES), &json!({
            "method": "POST", "path": POLICIES, "surface": "partner-center", "roles": ["AdminAgents"],
            "appOnly": false, "customerUser": "no", "onBehalf": false,
        }));
        let permissions = row("GET", "/reservoir/v1/permissions");
        assert_eq!((&permissions["surface"], &permissions["roles"]), (&json!("reservoir"), &json!(["AdminAgents", "SalesAgents", "HelpdeskAgents"])));
        assert_eq!(app.contoso().admin().get("/Reservoir/V1//PERMISSIONS/").ok(), matrix);
    }

    fn our_own_additions_behave_like_the_rest(app: &App) {
        let admin = app.contoso().admin();
        app.anonymous().get("/reservoir/v1/permissions").refused(401, 400, "");
        app.anonymous().get("/reservoir/v1/nowhere").refused(401, 400, "");
        admin.get("/reservoir/v1/nowhere").refused(404, 1000, "");
        admin.get("/reservoir/v1").refused(404, 1000, "");
        let answer = admin.post("/reservoir/v1/permissions", &json!({}));
        answer.refused(405, 1000, "GET");
        assert_eq!(answer.header("Allow"), Some("GET"));
        let request = admin.with("MS-RequestId", "3f3f3f3f-0000-4000-8000-000000000002").get("/reservoir/v1/permissions");
        assert_eq!(request.header("MS-RequestId"), Some("3f3f3f3f-0000-4000-8000-000000000002"));
        for path in ["/reservoir", "/reservoir/v2/permissions", "/reservoirs/v1"] {
            assert_eq!(app.anonymous().get(path).expect(404), json!({"error": "not found"}), "{path}");
        }
    }
}
