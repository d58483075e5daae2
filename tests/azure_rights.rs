//! Who may do what on the Azure side: roles granted and revoked, and the subscriptions, resource
//! groups and tenants that a caller sees.

use diesel::prelude::*;
use reservoir::db::schema::audit_records;
use reservoir::permissions::azure::{ALL, AzureRights, Need};
use serde_json::{Value, json};

use crate::engines;
use crate::support::azure::*;
use crate::support::purchases::*;
use crate::support::{ADVENTURE_WORKS, AZURE_SUBSCRIPTION, App, Client, PLAN};

const CAPACITY: &str = "/providers/Microsoft.Capacity";
const OWNER_USER: &str = "80000000-0000-4000-8000-000000000001";
const FABRIKAM_ADMIN: &str = "20000000-0000-4000-8000-000000000021";

fn subscription() -> String {
    format!("/subscriptions/{AZURE_SUBSCRIPTION}")
}

fn group(name: &str) -> String {
    format!("{}/resourceGroups/{name}", subscription())
}

fn somewhere() -> Value {
    json!({"location": "westeurope"})
}

/// Buys a reservation for the seeded customer; the scopes of its order and of the reservation.
fn bought(app: &App) -> (String, String) {
    let admin = app.contoso().admin();
    let path = format!("/v1/customers/{ADVENTURE_WORKS}");
    admin.post(&format!("{path}/orders"), &order(&[reservation_line(NV12_ONE_YEAR, 1, PLAN)])).expect(201);
    let entitlements = admin.get(&format!("{path}/entitlements")).items();
    let link = entitlements[0]["entitledArtifacts"][0]["link"]["uri"].as_str().unwrap();
    let order = link.rsplit('/').next().unwrap();
    let artifact = admin.get(&format!("/v1{}", link.split_once("/v1").map_or(link, |(_, rest)| rest))).ok();
    let reservation = artifact["reservations"][0]["reservationId"].as_str().unwrap();
    let order = format!("{CAPACITY}/reservationOrders/{order}");
    let reservation = format!("{order}/reservations/{reservation}");
    (order, reservation)
}

/// How often each operation stands in the activity log.
fn recorded(app: &App, operation: &str) -> i64 {
    let query = |unit: &mut reservoir::db::Unit<'_>| {
        let rows = audit_records::table.filter(audit_records::operation_type.eq(operation));
        Ok(rows.count().get_result(unit.conn)?)
    };
    app.db().read_now(query).unwrap()
}

/// The operations that are there.
fn served() -> Vec<&'static AzureRights> {
    let document: Value = serde_json::from_str(&reservoir::openapi::azure().unwrap()).unwrap();
    let found: Vec<_> =
        ALL.iter().filter(|one| document["paths"][one.path][one.method.to_lowercase()].is_object()).collect();
    assert!(found.len() > 20, "{found:?}");
    found
}

fn names(found: &[Value]) -> Vec<&str> {
    found.iter().map(|one| one["name"].as_str().unwrap()).collect()
}

fn list(client: &Client, scope: &str, filter: &str) -> Vec<Value> {
    let path = format!("{scope}/providers/Microsoft.Authorization/roleAssignments");
    let filter: String = url::form_urlencoded::byte_serialize(filter.as_bytes()).collect();
    client.arm_get(&if filter.is_empty() { path } else { format!("{path}?$filter={filter}") }).value()
}

engines! {
    fn a_sales_agent_works_where_a_role_was_granted_and_no_longer_once_it_is_revoked(app: &App) {
        let (admin, sales) = (app.contoso().admin(), app.contoso().sales());
        let refused = sales.arm_put(&group("web"), &somewhere());
        refused.faulted(403, "AuthorizationFailed", &format!("The client 'sales@contoso.example' with object id '{CONTOSO_SALES}' does not have authorization to perform action 'Microsoft.Resources/subscriptions/resourceGroups/write' over scope '{}'", group("web")));
        sales.arm_put(&assignment(&subscription(), &name(1)), &grant(OWNER, CONTOSO_SALES)).faulted(403, "AuthorizationFailed", "roleAssignments/write");

        let made = admin.arm_put(&assignment(&subscription(), &name(1)), &grant(OWNER, CONTOSO_SALES)).expect(201);
        assert_eq!(made["id"], assignment(&subscription(), &name(1)));
        assert_eq!((&made["name"], &made["type"]), (&json!(name(1)), &json!("Microsoft.Authorization/roleAssignments")));
        let properties = &made["properties"];
        assert_eq!(properties["scope"], subscription());
        assert_eq!(properties["roleDefinitionId"], format!("/providers/Microsoft.Authorization/roleDefinitions/{OWNER}"));
        assert_eq!((&properties["principalId"], &properties["principalType"]), (&json!(CONTOSO_SALES), &json!("User")));
        assert_eq!(properties["createdBy"], "20000000-0000-4000-8000-000000000011");
        assert_eq!((&properties["createdOn"], &properties["createdBy"]), (&properties["updatedOn"], &properties["updatedBy"]));

        sales.arm_put(&group("web"), &somewhere()).expect(201);
        // The same person, in the customer's tenant.
        app.on_behalf("sales").arm_put(&group("web2"), &somewhere()).expect(201);
        // An Owner passes roles on.
        sales.arm_put(&assignment(&subscription(), &name(2)), &grant(CONTRIBUTOR, CONTOSO_HELPDESK)).expect(201);
        app.contoso().helpdesk().arm_put(&group("web3"), &somewhere()).expect(201);

        let gone = admin.arm_delete(&assignment(&subscription(), &name(1))).expect(200);
        assert_eq!(gone["name"], name(1));
        admin.arm_delete(&assignment(&subscription(), &name(1))).expect(204);
        admin.arm_get(&assignment(&subscription(), &name(1))).faulted(404, "RoleAssignmentNotFound", &name(1));
        sales.arm_put(&group("web4"), &somewhere()).faulted(403, "AuthorizationFailed", "");
        app.contoso().helpdesk().arm_put(&group("web4"), &somewhere()).expect(201);
        assert_eq!((recorded(app, "create_role_assignment"), recorded(app, "delete_role_assignment")), (2, 1));
        assert_eq!(recorded(app, "create_resource_group"), 4);
    }

    fn applications_and_the_partners_group_are_granted_roles_too(app: &App) {
        let admin = app.contoso().admin();
        let application = app.contoso().application("sales-agent");
        application.arm_put(&group("a"), &somewhere()).faulted(403, "AuthorizationFailed", CONTOSO_SALES_APP);
        let mut wanted = grant(CONTRIBUTOR, CONTOSO_SALES_APP);
        wanted["properties"]["principalType"] = json!("serviceprincipal");
        let made = admin.arm_put(&assignment(&subscription(), &name(1)), &wanted).expect(201);
        assert_eq!(made["properties"]["principalType"], "ServicePrincipal");
        application.arm_put(&group("a"), &somewhere()).expect(201);

        app.contoso().helpdesk().arm_put(&group("b"), &somewhere()).faulted(403, "AuthorizationFailed", "");
        let mut wanted = grant(CONTRIBUTOR, CONTOSO_GROUP);
        wanted["properties"]["principalType"] = json!("ForeignGroup");
        admin.arm_put(&assignment(&subscription(), &name(2)), &wanted).expect(201);
        for agent in [app.contoso().helpdesk(), app.contoso().sales(), app.contoso().application("helpdesk-agent"), app.on_behalf("helpdesk")] {
            agent.arm_put(&group("b"), &somewhere()).ok();
        }
        app.fabrikam().admin().arm_put(&group("b"), &somewhere()).faulted(404, "SubscriptionNotFound", "");
        assert_eq!(names(&list(&admin, &subscription(), &format!("assignedTo('{CONTOSO_SALES}')"))), [name(2)]);
    }

    fn a_customers_owner_grants_to_its_users_and_only_there(app: &App) {
        let owner = app.owner();
        let (user, id) = app.customer_user(ADVENTURE_WORKS, "reader@adventure-works.example");
        user.arm_get(&subscription()).faulted(403, "AuthorizationFailed", "Microsoft.Resources/subscriptions/read");
        assert!(user.arm_get("/subscriptions").value().is_empty());
        owner.arm_put(&assignment(&subscription(), &name(1)), &grant(READER, &id)).expect(201);
        user.arm_get(&subscription()).expect(200);
        assert_eq!(user.arm_get("/subscriptions").value().len(), 1);
        user.arm_put(&assignment(&subscription(), &name(2)), &grant(OWNER, &id)).faulted(403, "AuthorizationFailed", "");
        user.arm_delete(&assignment(&subscription(), &name(1))).faulted(403, "AuthorizationFailed", "");
        owner.arm_delete(&assignment(&subscription(), &name(1))).expect(200);
        user.arm_get(&subscription()).faulted(403, "AuthorizationFailed", "");

        // Within a resource group and nowhere else.
        owner.arm_put(&group("web"), &somewhere()).expect(201);
        owner.arm_put(&assignment(&group("web"), &name(3)), &grant(OWNER, &id)).expect(201);
        user.arm_get(&group("web")).expect(200);
        user.arm_put(&assignment(&group("WEB"), &name(4)), &grant(READER, UNKNOWN)).expect(201);
        user.arm_put(&assignment(&subscription(), &name(5)), &grant(READER, UNKNOWN)).faulted(403, "AuthorizationFailed", "");
        user.arm_put(&group("other"), &somewhere()).faulted(403, "AuthorizationFailed", "");

        // The tenant's reservations are not the Owner's of a subscription.
        owner.arm_put(&assignment(CAPACITY, &name(6)), &grant(RESERVATIONS_ADMINISTRATOR, OWNER_USER)).faulted(403, "AuthorizationFailed", CAPACITY);
        owner.arm_get(&format!("{CAPACITY}/providers/Microsoft.Authorization/roleAssignments")).faulted(403, "AuthorizationFailed", "");
        owner.arm_put("/providers/Microsoft.Subscription/aliases/mine", &json!({"properties": {"billingScope": PLAN}})).faulted(403, "AuthorizationFailed", "");
    }

    fn only_an_owner_grants_the_right_to_grant(app: &App) {
        let (order, reservation) = bought(app);
        let (admin, sales, helpdesk) = (app.contoso().admin(), app.contoso().sales(), app.contoso().helpdesk());
        admin.arm_put(&assignment(&order, &name(1)), &grant(RESERVATIONS_ADMINISTRATOR, CONTOSO_SALES)).expect(201);
        for scope in [order.as_str(), reservation.as_str()] {
            for role in [OWNER, CONTRIBUTOR, READER, USER_ACCESS_ADMINISTRATOR, RESERVATION_PURCHASER] {
                sales.arm_put(&assignment(scope, &name(2)), &grant(role, CONTOSO_SALES)).faulted(403, "AuthorizationFailed", scope);
            }
        }
        for wider in [CAPACITY.to_owned(), subscription()] {
            let wanted = grant(RESERVATIONS_ADMINISTRATOR, CONTOSO_SALES);
            sales.arm_put(&assignment(&wider, &name(2)), &wanted).faulted(403, "AuthorizationFailed", &wider);
        }
        sales.arm_put(&assignment(&order, &name(3)), &grant(RESERVATIONS_READER, OWNER_USER)).expect(201);
        sales.arm_put(&assignment(&reservation, &name(4)), &grant(RESERVATIONS_ADMINISTRATOR, CONTOSO_HELPDESK)).expect(201);

        admin.arm_put(&assignment(&subscription(), &name(5)), &grant(USER_ACCESS_ADMINISTRATOR, CONTOSO_HELPDESK)).expect(201);
        for role in [OWNER, CONTRIBUTOR, USER_ACCESS_ADMINISTRATOR] {
            helpdesk.arm_put(&assignment(&subscription(), &name(6)), &grant(role, CONTOSO_HELPDESK)).faulted(403, "AuthorizationFailed", "");
        }
        let all = list(&admin, &subscription(), &format!("principalId eq '{OWNER_USER}'"));
        let owners = all[0]["id"].as_str().unwrap();
        helpdesk.arm_delete(owners).faulted(403, "AuthorizationFailed", "roleAssignments/delete");
        helpdesk.arm_put(&assignment(&subscription(), &name(6)), &grant(READER, OWNER_USER)).expect(201);
        helpdesk.arm_delete(&assignment(&subscription(), &name(6))).expect(200);
    }

    fn the_tenant_wide_scope_is_that_of_the_callers_tenant(app: &App) {
        let (order, _) = bought(app);
        let (admin, sales) = (app.contoso().admin(), app.contoso().sales());
        admin.arm_put(&assignment(CAPACITY, &name(1)), &grant(RESERVATIONS_ADMINISTRATOR, CONTOSO_SALES)).expect(201);
        sales.arm_put(&assignment(&order, &name(2)), &grant(RESERVATIONS_READER, CONTOSO_HELPDESK)).expect(201);
        // Another partner has such a scope, too: nothing of it is seen or touched.
        let stranger = app.fabrikam().admin();
        assert!(list(&stranger, CAPACITY, "").is_empty());
        stranger.arm_get(&assignment(CAPACITY, &name(1))).faulted(404, "RoleAssignmentNotFound", "");
        stranger.arm_delete(&assignment(CAPACITY, &name(1))).expect(204);
        stranger.arm_put(&assignment(CAPACITY, &name(3)), &grant(RESERVATIONS_ADMINISTRATOR, CONTOSO_SALES)).faulted(400, "PrincipalNotFound", "principalId");
        stranger.arm_put(&assignment(CAPACITY, &name(3)), &grant(OWNER, FABRIKAM_ADMIN)).expect(201);
        assert_eq!(names(&list(&admin, CAPACITY, "atScope()")), [name(1)]);

        // In the customer's tenant it is the customer's.
        let on_behalf = app.on_behalf("admin");
        assert!(list(&on_behalf, CAPACITY, "atScope()").is_empty());
        let (user, id) = app.customer_user(ADVENTURE_WORKS, "u@adventure-works.example");
        user.arm_get(&format!("{order}/providers/Microsoft.Authorization/roleAssignments")).faulted(403, "AuthorizationFailed", "");
        on_behalf.arm_put(&assignment(CAPACITY, &name(4)), &grant(RESERVATIONS_READER, &id)).expect(201);
        // What the partner granted for all its customers is for its agents to see.
        assert_eq!(names(&list(&user, &order, "atScope()")), [name(2), name(4)]);
        assert_eq!(names(&list(&user, CAPACITY, "")), [name(2), name(4)]);
        assert_eq!(names(&list(&admin, &order, "")), [name(1), name(2), name(4)]);
        admin.arm_delete(&assignment(CAPACITY, &name(4))).expect(204);
        on_behalf.arm_delete(&assignment(CAPACITY, &name(4))).expect(200);
        user.arm_get(&format!("{order}/providers/Microsoft.Authorization/roleAssignments")).faulted(403, "AuthorizationFailed", "");
    }

    fn no_partner_lets_another_ones_agents_in(app: &App) {
        let admin = app.contoso().admin();
        for foreign in [FABRIKAM_ADMIN, "40000000-0000-4000-8000-000000000020"] {
            admin.arm_put(&assignment(&subscription(), &name(1)), &grant(OWNER, foreign)).faulted(400, "PrincipalNotFound", foreign);
            app.on_behalf("admin").arm_put(&assignment(CAPACITY, &name(1)), &grant(OWNER, foreign)).faulted(400, "PrincipalNotFound", foreign);
        }
        admin.arm_put(&assignment(CAPACITY, &name(1)), &grant(OWNER, OWNER_USER)).faulted(400, "PrincipalNotFound", OWNER_USER);
        // Who is not known here may be known to the tenant.
        admin.arm_put(&assignment(&subscription(), &name(1)), &grant(READER, UNKNOWN)).expect(201);
        assert_eq!(recorded(app, "create_role_assignment"), 1);
    }

    fn a_name_stands_for_one_assignment_and_an_assignment_has_one_name(app: &App) {
        let admin = app.contoso().admin();
        let path = assignment(&subscription(), &name(1));
        admin.arm_put(&path, &grant(READER, UNKNOWN)).expect(201);
        // In any form of the role's id and any letter case, the same again.
        for role in [READER.to_owned(), READER.to_uppercase(), format!("{}/providers/Microsoft.Authorization/roleDefinitions/{READER}", subscription())] {
            let wanted = json!({"properties": {"roleDefinitionId": role, "principalId": UNKNOWN.to_uppercase()}});
            admin.arm_put(&path.to_uppercase(), &wanted).expect(200);
        }
        assert_eq!(recorded(app, "create_role_assignment"), 1);
        admin.arm_put(&assignment(&subscription(), &name(2)), &grant(READER, UNKNOWN)).faulted(409, "RoleAssignmentExists", &name(1));
        admin.arm_put(&path, &grant(OWNER, UNKNOWN)).faulted(409, "RoleAssignmentUpdateNotPermitted", "");
        admin.arm_put(&path, &grant(READER, CONTOSO_SALES)).faulted(409, "RoleAssignmentUpdateNotPermitted", "");
        admin.arm_put(&group("web"), &somewhere()).expect(201);
        admin.arm_put(&assignment(&group("web"), &name(1)), &grant(READER, UNKNOWN)).faulted(409, "RoleAssignmentUpdateNotPermitted", "");
        admin.arm_get(&assignment(&group("web"), &name(1))).faulted(404, "RoleAssignmentNotFound", "");
        admin.arm_delete(&assignment(&group("web"), &name(1))).expect(204);

        // Its texts can change, and are kept.
        app.advance("PT1H");
        let mut wanted = grant(READER, UNKNOWN);
        let texts = json!({"description": "for audits", "condition": "@Resource[x] StringEquals 'y'", "conditionVersion": "2.0", "delegatedManagedIdentityResourceId": "/a/b"});
        for (member, value) in texts.as_object().unwrap() {
            wanted["properties"][member] = value.clone();
        }
        admin.arm_put(&path, &wanted).expect(200);
        let properties = admin.arm_get(&path).ok()["properties"].clone();
        for (member, value) in texts.as_object().unwrap() {
            assert_eq!(&properties[member], value);
        }
        assert!(properties["updatedOn"].as_str() > properties["createdOn"].as_str(), "{properties}");
        assert_eq!(recorded(app, "create_role_assignment"), 2);
    }

    fn lists_show_what_is_inherited_and_what_lies_below(app: &App) {
        let (order, reservation) = bought(app);
        let admin = app.contoso().admin();
        admin.arm_put(&group("Web"), &somewhere()).expect(201);
        for (n, scope, role, principal) in [
            (1, group("web"), READER, CONTOSO_SALES),
            (2, subscription(), READER, CONTOSO_SALES),
            (3, subscription(), READER, CONTOSO_HELPDESK),
            (4, order.clone(), RESERVATIONS_READER, CONTOSO_SALES),
            (5, reservation.clone(), RESERVATIONS_READER, CONTOSO_HELPDESK),
        ] {
            admin.arm_put(&assignment(&scope, &name(n)), &grant(role, principal)).expect(201);
        }
        let numbered = |scope: &str, filter: &str| {
            let found = list(&admin, scope, filter);
            let mut numbers: Vec<u32> = (1..=5).filter(|n| names(&found).contains(&name(*n).as_str())).collect();
            numbers.sort_unstable();
            numbers
        };
        assert_eq!(numbered(&subscription(), ""), [1, 2, 3]);
        assert_eq!(numbered(&subscription(), "atScope()"), [2, 3]);
        assert_eq!(numbered(&group("WEB"), "atScope()"), [1, 2, 3]);
        assert_eq!(numbered(&subscription(), &format!("principalId eq '{CONTOSO_SALES}'")), [1, 2]);
        assert_eq!(numbered(&subscription(), &format!("atScope() and principalId eq '{CONTOSO_SALES}'")), [2]);
        assert_eq!(numbered(&subscription(), &format!("assignedTo('{CONTOSO_HELPDESK}')")), [3]);
        assert_eq!(numbered(&order, ""), [4, 5]);
        assert_eq!(numbered(&order, "atScope()"), [4]);
        assert_eq!(numbered(&reservation, "atScope()"), [4, 5]);
        assert_eq!(numbered(CAPACITY, ""), [4, 5]);
        assert!(numbered(CAPACITY, "atScope()").is_empty());
        // With the name of the resource group as it was given, wherever it is shown.
        let shown = list(&admin, &subscription(), "");
        let of_group = shown.iter().find(|one| one["name"] == name(1)).unwrap();
        assert_eq!(of_group["id"], assignment(&group("Web"), &name(1)));
        for wrong in ["principalId eq 'x'", "roleName eq 'Owner'", "atScope", "atScope() or atScope()", "assignedTo('x')"] {
            let filter: String = url::form_urlencoded::byte_serialize(wrong.as_bytes()).collect();
            let path = format!("{}/providers/Microsoft.Authorization/roleAssignments?$filter={filter}", subscription());
            admin.arm_get(&path).faulted(400, "InvalidRequestContent", "$filter");
        }
    }

    fn bad_input_is_named(app: &App) {
        let (admin, sales) = (app.contoso().admin(), app.contoso().sales());
        let path = assignment(&subscription(), &name(1));
        let put = |body: &Value, field: &str| admin.arm_put(&path, body).faulted(400, "InvalidRequestContent", field);
        put(&json!({}), "properties");
        put(&json!([]), "body");
        put(&json!({"properties": {"principalId": UNKNOWN}}), "properties.roleDefinitionId");
        put(&json!({"properties": {"roleDefinitionId": READER}}), "properties.principalId");
        put(&grant(READER, "somebody"), "properties.principalId");
        put(&grant("Reader", UNKNOWN), "properties.roleDefinitionId");
        put(&json!({"properties": {"roleDefinitionId": 5, "principalId": UNKNOWN}}), "properties.roleDefinitionId");
        put(&json!({"properties": {"roleDefinitionId": READER, "principalId": UNKNOWN, "principalType": "Robot"}}), "properties.principalType");
        admin.arm_put(&path, &grant(UNKNOWN, UNKNOWN)).faulted(400, "RoleDefinitionDoesNotExist", UNKNOWN);
        admin.arm_put(&assignment(&subscription(), "not-a-guid"), &grant(READER, UNKNOWN)).faulted(400, "InvalidRequestContent", "roleAssignmentName");
        // The right comes before the body.
        sales.send("PUT", &versioned(&path), Some("application/json"), b"{garbage".to_vec()).faulted(403, "AuthorizationFailed", "");
        admin.send("PUT", &versioned(&path), Some("application/json"), b"{garbage".to_vec()).faulted(400, "InvalidRequestContent", "");

        admin.arm_get("/subscriptions/x/providers/Microsoft.Authorization/roleAssignments").faulted(400, "InvalidSubscriptionId", "");
        admin.arm_get(&format!("{CAPACITY}/reservationOrders/x/providers/Microsoft.Authorization/roleAssignments")).faulted(400, "InvalidReservationOrderId", "");
        admin.arm_get(&assignment(&group("nowhere"), &name(1))).faulted(404, "ResourceGroupNotFound", "nowhere");
        for nothing in ["/providers/Microsoft.Compute", "/subscriptions", "/providers/Microsoft.Management/managementGroups/x"] {
            admin.arm_get(&assignment(nothing, &name(1))).faulted(404, "InvalidResourceType", "");
        }
        for (version, code) in [("", "MissingApiVersionParameter"), ("?api-version=", "MissingApiVersionParameter"), ("?api-version=latest", "InvalidApiVersionParameter")] {
            admin.get(&format!("{path}{version}")).faulted(400, code, "api-version");
        }
        let answer = admin.json("POST", &versioned(&path), &json!({}));
        answer.faulted(405, "HttpMethodNotSupported", "");
        assert_eq!(answer.header("allow"), Some("GET, PUT, DELETE"));
        admin.json("PUT", &versioned("/tenants"), &json!({})).faulted(405, "HttpMethodNotSupported", "GET");
        admin.arm_get("/tenants/x").faulted(404, "InvalidResourceType", "");
        admin.arm_delete(&group("web")).faulted(405, "HttpMethodNotSupported", "");
        app.anonymous().arm_get("/tenants/x").faulted(401, "InvalidAuthenticationToken", "");
        assert_eq!(recorded(app, "create_role_assignment"), 0);
    }

    fn paths_are_read_in_any_letter_case(app: &App) {
        let (order, reservation) = bought(app);
        let admin = app.contoso().admin();
        admin.arm_put(&group("web"), &somewhere()).expect(201);
        for scope in [subscription(), group("web"), CAPACITY.to_owned(), order, reservation] {
            let path = assignment(&scope, &name(1));
            for written in [path.to_uppercase(), path.to_lowercase(), format!("//{path}/")] {
                assert_eq!(admin.arm_put(&written, &grant(READER, UNKNOWN)).ok()["id"], path);
                assert_eq!(admin.arm_get(&written).ok()["id"], path);
            }
            let lists = format!("{scope}/providers/Microsoft.Authorization/roleDefinitions").to_uppercase();
            assert_eq!(admin.arm_get(&lists).value().len(), 9);
            admin.arm_delete(&path.to_uppercase()).expect(200);
        }
        for path in ["/TENANTS", "/Subscriptions", "/subscriptions/70000000-0000-4000-8000-000000000001/resourcegroups", "/PROVIDERS/microsoft.authorization/ROLEDEFINITIONS"] {
            admin.arm_get(path).expect(200);
        }
    }

    fn roles_are_described(app: &App) {
        let (admin, root) = (app.contoso().admin(), "/providers/Microsoft.Authorization/roleDefinitions");
        let filtered = |filter: &str| {
            let filter: String = url::form_urlencoded::byte_serialize(filter.as_bytes()).collect();
            admin.arm_get(&format!("{}{root}?$filter={filter}", subscription())).value()
        };
        let owner = &filtered("atScopeAndBelow() and roleName eq 'Owner'")[0];
        assert_eq!((&owner["id"], &owner["name"]), (&json!(format!("{root}/{OWNER}")), &json!(OWNER)));
        assert_eq!((&owner["properties"]["roleName"], &owner["properties"]["type"]), (&json!("Owner"), &json!("BuiltInRole")));
        assert_eq!(owner["properties"]["permissions"], json!([{"actions": ["*"], "notActions": [], "dataActions": [], "notDataActions": []}]));
        assert_eq!((filtered("type eq 'BuiltInRole'").len(), filtered("type eq 'CustomRole'").len()), (9, 0));
        assert_eq!(&admin.arm_get(&format!("{root}/{OWNER}")).ok(), owner);
        assert_eq!(&admin.arm_get(&format!("{}{root}/{OWNER}", subscription())).ok(), owner);
        assert_eq!(admin.arm_get(root).value().len(), 9);
        admin.arm_get(&format!("{root}/{UNKNOWN}")).faulted(404, "RoleDefinitionDoesNotExist", UNKNOWN);
        admin.arm_get(&format!("{root}/Owner")).faulted(400, "InvalidRequestContent", "roleDefinitionId");
        app.owner().arm_get(&format!("{root}/{OWNER}")).expect(200);

        let permissions = format!("{}/providers/Microsoft.Authorization/permissions", group("web"));
        admin.arm_get(&permissions).faulted(404, "ResourceGroupNotFound", "");
        admin.arm_put(&group("web"), &somewhere()).expect(201);
        let actions = |client: &Client| {
            let found = client.arm_get(&permissions).value();
            found.iter().map(|one| one["actions"][0].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let (user, id) = app.customer_user(ADVENTURE_WORKS, "u@adventure-works.example");
        assert_eq!((actions(&admin), actions(&app.owner()), actions(&app.contoso().sales())), (vec!["*".to_owned()], vec!["*".to_owned()], vec!["*/read".to_owned()]));
        assert!(actions(&user).is_empty());
        admin.arm_put(&assignment(&group("web"), &name(1)), &grant(READER, &id)).expect(201);
        assert_eq!(actions(&user), ["*/read"]);
    }

    fn strangers_find_nothing_and_change_nothing(app: &App) {
        let (order, reservation) = bought(app);
        let admin = app.contoso().admin();
        admin.arm_put(&group("web"), &somewhere()).expect(201);
        admin.arm_put(&assignment(&subscription(), &name(1)), &grant(READER, UNKNOWN)).expect(201);
        let before = (list(&admin, &subscription(), ""), admin.arm_get(&group("web")).ok());
        let (order_id, reservation_id) = (order.rsplit('/').next().unwrap(), reservation.rsplit('/').next().unwrap());
        let served = served();
        for (who, stranger) in app.strangers() {
            assert!(stranger.arm_get("/subscriptions").value().iter().all(|one| one["subscriptionId"] != AZURE_SUBSCRIPTION), "{who}");
            let named = |one: &&&AzureRights| one.path.contains("{scope}") || one.path.contains("{subscriptionId}");
            // A customer's user asks nobody for support here, whatever is named.
            let open = |one: &&&AzureRights| one.need != Need::Support || !who.contains("user");
            for operation in served.iter().filter(named).filter(open) {
                let scopes = [(subscription(), "SubscriptionNotFound"), (group("web"), "SubscriptionNotFound"), (order.clone(), "ReservationOrderNotFound"), (reservation.clone(), "ReservationOrderNotFound")];
                for (scope, code) in scopes {
                    let code = if operation.path.contains("{scope}") { code } else { "SubscriptionNotFound" };
                    let path = versioned(&filled(operation, &scope, AZURE_SUBSCRIPTION, order_id, reservation_id));
                    let body = grant(OWNER, UNKNOWN).to_string().into_bytes();
                    let answer = stranger.send(operation.method, &path, Some("application/json"), body.clone());
                    let unknown = path.replace(AZURE_SUBSCRIPTION, UNKNOWN).replace(order_id, UNKNOWN);
                    let unknown = stranger.send(operation.method, &unknown, Some("application/json"), body);
                    assert_eq!((answer.status, &answer.text), (unknown.status, &unknown.text), "{who}: {}", operation.id);
                    answer.faulted(404, code, "");
                }
            }
        }
        assert_eq!((list(&admin, &subscription(), ""), admin.arm_get(&group("web")).ok()), before);
    }

    fn nobodies_are_told_nothing(app: &App) {
        for (who, nobody) in app.nobodies() {
            for operation in ALL {
                let path = versioned(&filled(operation, &subscription(), AZURE_SUBSCRIPTION, UNKNOWN, UNKNOWN));
                let answer = nobody.send(operation.method, &path, Some("application/json"), b"{garbage".to_vec());
                assert_eq!(answer.status, 401, "{who}: {}", operation.id);
                answer.faulted(401, "InvalidAuthenticationToken", "");
            }
        }
    }

    fn only_admin_agents_grant_or_contribute_without_a_role(app: &App) {
        let reads = |need: Need| matches!(need, Need::Read | Need::SignIn);
        app.contoso().admin().arm_put(&group("web"), &somewhere()).expect(201);
        let own = |path: &str| path.contains("Authorization") || path.contains("resourceGroups") || path.contains("aliases");
        for (who, agent) in app.agents() {
            for operation in ALL.iter().filter(|one| own(one.path)) {
                let path = versioned(&filled(operation, &subscription(), AZURE_SUBSCRIPTION, UNKNOWN, UNKNOWN));
                let answer = agent.send(operation.method, &path, Some("application/json"), b"{garbage".to_vec());
                let refused = !reads(operation.need) && !who.contains("admin");
                assert_eq!(answer.status == 403, refused, "{who}: {} answered {} {}", operation.id, answer.status, answer.text);
            }
        }
        // No role of the token, none of the partner's rights.
        app.printed(|args| args.no_role = true).arm_get("/subscriptions").faulted(403, "AuthorizationFailed", "");
    }

    fn a_reseller_reads_and_grants_nothing(app: &App) {
        let provider = app.northwind().admin();
        let mut wanted = new_customer("shared.example");
        wanted["associatedPartnerId"] = json!("10000000-0000-4000-8000-000000000004");
        let shared = provider.post("/v1/customers", &wanted).expect(201)["id"].as_str().unwrap().to_owned();
        provider.post(&format!("/v1/customers/{shared}/agreements"), &agreement()).expect(201);
        registered_subscription(&provider, &shared, AZURE_PLAN);
        let reseller = app.tailspin().admin();
        let seen = reseller.arm_get("/subscriptions").value();
        assert_eq!((seen.len(), &seen[0]["tenantId"]), (1, &json!(shared)));
        let scope = seen[0]["id"].as_str().unwrap();
        reseller.arm_get(&format!("{scope}/providers/Microsoft.Authorization/roleAssignments")).expect(200);
        reseller.arm_put(&assignment(scope, &name(1)), &grant(OWNER, "20000000-0000-4000-8000-000000000041")).faulted(403, "AuthorizationFailed", "");
        reseller.arm_put(&format!("{scope}/resourceGroups/web"), &somewhere()).faulted(403, "AuthorizationFailed", "");
        reseller.arm_put(&assignment(CAPACITY, &name(1)), &grant(OWNER, "20000000-0000-4000-8000-000000000041")).faulted(403, "AuthorizationFailed", "");
        let tenants = reseller.arm_get("/tenants").value();
        assert_eq!(tenants.iter().map(|one| &one["tenantId"]).collect::<Vec<_>>(), [&json!("10000000-0000-4000-8000-000000000004"), &json!(shared)]);
    }

    fn subscriptions_and_tenants_are_listed(app: &App) {
        let (admin, owner) = (app.contoso().admin(), app.owner());
        for reader in [&admin, &app.contoso().helpdesk(), &app.on_behalf("sales"), &owner] {
            let found = reader.arm_get("/subscriptions").value();
            assert_eq!(found.len(), 1);
            assert_eq!((&found[0]["id"], &found[0]["subscriptionId"]), (&json!(subscription()), &json!(AZURE_SUBSCRIPTION)));
            assert_eq!((&found[0]["tenantId"], &found[0]["state"]), (&json!(ADVENTURE_WORKS), &json!("Enabled")));
            assert_eq!(found[0]["subscriptionPolicies"]["spendingLimit"], "Off");
            assert_eq!(&reader.arm_get(&subscription()).ok(), &found[0]);
        }
        admin.get(&format!("{}?api-version=2016-06-01", "/subscriptions")).expect(200);
        let locations = admin.arm_get(&format!("{}/locations", subscription())).value();
        let west_europe = locations.iter().find(|one| one["name"] == "westeurope").unwrap();
        assert_eq!((&west_europe["displayName"], &west_europe["type"]), (&json!("West Europe"), &json!("Region")));

        let ids = |client: &Client| client.arm_get("/tenants").value().iter().map(|one| one["tenantId"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        assert_eq!(ids(&admin), ["10000000-0000-4000-8000-000000000001", ADVENTURE_WORKS]);
        assert_eq!((ids(&owner), ids(&app.on_behalf("admin"))), (vec![ADVENTURE_WORKS.to_owned()], vec![ADVENTURE_WORKS.to_owned()]));
        assert_eq!(admin.arm_get("/tenants").value()[1]["defaultDomain"], "adventure-works.example");

        let provider = format!("{}/providers/Microsoft.Capacity", subscription());
        let registered = admin.arm_post(&format!("{provider}/register")).expect(200);
        assert_eq!((&registered["namespace"], &registered["registrationState"]), (&json!("Microsoft.Capacity"), &json!("Registered")));
        assert_eq!(admin.arm_get(&provider).ok(), registered);

        let cancel = format!("/v1/customers/{ADVENTURE_WORKS}/subscriptions/{PLAN}/azureEntitlements/{AZURE_SUBSCRIPTION}/cancel");
        admin.post(&cancel, &json!({"cancellationReason": "compromise"})).ok();
        assert_eq!(admin.arm_get(&subscription()).ok()["state"], "Disabled");
        admin.arm_put(&group("web"), &somewhere()).faulted(409, "ReadOnlyDisabledSubscription", AZURE_SUBSCRIPTION);
    }

    fn resource_groups_are_kept(app: &App) {
        let admin = app.contoso().admin();
        let wanted = json!({"location": "West Europe", "tags": {"Team": "shop", "empty": null}});
        let made = admin.arm_put(&group("Web"), &wanted).expect(201);
        assert_eq!(made, json!({"id": group("Web"), "name": "Web", "type": "Microsoft.Resources/resourceGroups", "location": "westeurope",
            "tags": {"Team": "shop", "empty": ""}, "properties": {"provisioningState": "Succeeded"}}));
        assert_eq!(admin.arm_put(&group("WEB"), &wanted).expect(200), made);
        assert_eq!(recorded(app, "create_resource_group"), 1);
        assert_eq!(admin.arm_get(&group("web")).ok(), made);
        admin.arm_put(&group("web"), &json!({"location": "eastus"})).faulted(409, "InvalidResourceGroupLocation", "westeurope");
        assert!(admin.arm_put(&group("web"), &somewhere()).expect(200)["tags"].is_null());
        admin.arm_put(&group("api"), &somewhere()).expect(201);
        let all = format!("{}/resourcegroups", subscription());
        assert_eq!(names(&admin.arm_get(&all).value()), ["api", "Web"]);
        let page = admin.arm_get(&format!("{all}?$top=1")).ok();
        let next = page["nextLink"].as_str().unwrap().split_once(&app.base()).unwrap().1.to_owned();
        assert_eq!(names(&admin.get(&next).value()), ["Web"]);

        for (name, body, field) in [
            ("x", json!({}), "location"), ("x", json!({"location": "a/b"}), "location"), ("x", json!({"location": "eastus", "tags": []}), "tags"),
            ("x", json!({"location": "eastus", "tags": {"a": {}}}), "tags"), ("x.", somewhere(), "resourceGroupName"), ("a%20b", somewhere(), "resourceGroupName"),
        ] {
            admin.arm_put(&group(name), &body).faulted(400, "InvalidRequestContent", field);
        }
        admin.arm_get(&group("nowhere")).faulted(404, "ResourceGroupNotFound", "nowhere");
        app.owner().arm_put(&group("owners"), &somewhere()).expect(201);
    }

    fn further_subscriptions_are_made_under_a_plan(app: &App) {
        let admin = app.contoso().admin();
        let alias = |name: &str| format!("/providers/Microsoft.Subscription/aliases/{name}");
        let wanted = json!({"properties": {"displayName": "Shop", "billingScope": format!("/customers/{ADVENTURE_WORKS}/subscriptions/{PLAN}"), "workload": "Production"}});
        app.contoso().sales().arm_put(&alias("shop"), &wanted).faulted(403, "AuthorizationFailed", "Microsoft.Subscription/aliases/write");
        let made = admin.arm_put(&alias("Shop"), &wanted).expect(200);
        assert_eq!((&made["id"], &made["name"], &made["type"]), (&json!(alias("Shop")), &json!("Shop"), &json!("Microsoft.Subscription/aliases")));
        assert_eq!(made["properties"]["provisioningState"], "Succeeded");
        let id = made["properties"]["subscriptionId"].as_str().unwrap();
        assert_eq!(admin.arm_put(&alias("SHOP"), &wanted).expect(200), made, "the same name, the same subscription");
        assert_eq!(app.on_behalf("admin").arm_get(&alias("shop")).ok(), made);
        assert_eq!(recorded(app, "create_azure_subscription"), 1);

        let shown = admin.arm_get(&format!("/subscriptions/{id}")).ok();
        assert_eq!((&shown["displayName"], &shown["tenantId"]), (&json!("Shop"), &json!(ADVENTURE_WORKS)));
        let entitlements = admin.get(&format!("/v1/customers/{ADVENTURE_WORKS}/subscriptions/{PLAN}/azureEntitlements")).items();
        assert_eq!(entitlements.iter().map(|one| &one["id"]).collect::<Vec<_>>(), [&json!(AZURE_SUBSCRIPTION), &json!(id)]);
        assert_eq!(app.owner().arm_get("/subscriptions").value().len(), 1, "who owns one does not own the other");

        let refused = |body: Value, status: u16, code: &str, field: &str| admin.arm_put(&alias("x"), &body).faulted(status, code, field);
        refused(json!({}), 400, "InvalidRequestContent", "properties");
        refused(json!({"properties": {}}), 400, "InvalidRequestContent", "properties.billingScope");
        refused(json!({"properties": {"billingScope": "x"}}), 400, "InvalidRequestContent", "properties.billingScope");
        refused(json!({"properties": {"billingScope": UNKNOWN}}), 404, "SubscriptionNotFound", "");
        refused(json!({"properties": {"billingScope": PLAN, "workload": "DevTest"}}), 400, "InvalidRequestContent", "properties.workload");
        refused(json!({"properties": {"billingScope": PLAN, "displayName": "x".repeat(65)}}), 400, "InvalidRequestContent", "properties.displayName");
        let offer = registered_subscription(&admin, ADVENTURE_WORKS, AZURE_OFFER);
        refused(json!({"properties": {"billingScope": offer}}), 400, "InvalidRequestContent", "properties.billingScope");
        admin.arm_put(&alias("a%3Cb"), &wanted).faulted(400, "InvalidRequestContent", "aliasName");
        admin.arm_get(&alias("unknown")).faulted(404, "AliasNotFound", "unknown");

        let stranger = app.fabrikam().admin();
        stranger.arm_get(&alias("shop")).faulted(404, "AliasNotFound", "shop");
        stranger.arm_put(&alias("shop"), &wanted).faulted(404, "SubscriptionNotFound", "");
        assert_eq!(recorded(app, "create_azure_subscription"), 1);
    }

    fn a_sandbox_plan_has_three_subscriptions_at_most(app: &App) {
        let admin = app.sandbox().admin();
        let customer = customer_with_agreement(&admin, "sandbox-customer.example");
        let plan = registered_subscription(&admin, &customer, AZURE_PLAN);
        let make = |name: &str| admin.arm_put(&format!("/providers/Microsoft.Subscription/aliases/{name}"), &json!({"properties": {"billingScope": plan}}));
        make("two").expect(200);
        make("three").expect(200);
        make("four").faulted(400, "InvalidRequestContent", "properties.billingScope");
        make("three").expect(200);
    }
}
