//! Customers' users and their directory roles.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::engines;
use crate::support::purchases::*;
use crate::support::records::{kept_answers, log, operations};
use crate::support::{ADVENTURE_WORKS, App, Client, Response};

const OWNER: &str = "80000000-0000-4000-8000-000000000001";
const NOBODY: &str = "99999999-9999-4999-8999-999999999999";
const COMPANY_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";
const ADA: &str = "ada@adventure-works.example";

fn users(rest: &str) -> String {
    format!("/v1/customers/{ADVENTURE_WORKS}/users{rest}")
}

fn members(rest: &str) -> String {
    format!("/v1/customers/{ADVENTURE_WORKS}/directoryroles/{HELPDESK_ADMINISTRATOR}/usermembers{rest}")
}

fn filtered(field: &str, value: &str) -> String {
    let filter = json!({"Field": field, "Value": value, "Operator": "equals"}).to_string();
    users(&format!("?{}", url::form_urlencoded::Serializer::new(String::new()).append_pair("filter", &filter).finish()))
}

/// Tries to sign in with any password.
fn sign_in(app: &App, tenant: &str, name: &str) -> Response {
    let form = [("grant_type", "password"), ("username", name), ("password", "any"), ("client_id", "tests")];
    app.anonymous().form(&format!("/{tenant}/oauth2/v2.0/token"), &form)
}

fn names(users: &[Value]) -> Vec<&str> {
    users.iter().map(|user| user["userPrincipalName"].as_str().unwrap()).collect()
}

/// What the activity log has beyond `before`.
fn since(app: &App, before: usize) -> Vec<String> {
    operations(app).split_off(before)
}

engines! {
    fn a_user_is_created_signs_in_is_deleted_and_restored(app: &App) {
        let admin = app.contoso().admin();
        let before = operations(app).len();
        let mut wanted = new_user("Ada@Adventure-Works.example");
        wanted["phoneNumber"] = json!("425");
        wanted["usageLocation"] = json!("de");
        let created = admin.post(&users("/"), &wanted).expect(201);
        let id = created["id"].as_str().unwrap();
        assert_eq!(created["passwordProfile"], json!({"password": "Tmp-0-Pass!", "forceChangePassword": true}));
        assert_eq!((&created["state"], &created["usageLocation"]), (&json!("active"), &json!("DE")));
        assert_eq!(created["attributes"]["objectType"], "CustomerUser");
        let read = admin.get(&users(&format!("/{id}"))).ok();
        assert_eq!((&read["userPrincipalName"], &read["phoneNumber"]), (&json!("Ada@Adventure-Works.example"), &json!("425")));
        assert!(read.get("passwordProfile").is_none() && read.get("softDeletionTime").is_none());
        let token = sign_in(app, ADVENTURE_WORKS, "ADA@adventure-works.example").ok();
        app.bearer(token["access_token"].as_str().unwrap()).get(&users("")).refused(403, 900_150, "");
        let refresh = [("grant_type", "refresh_token"), ("refresh_token", token["refresh_token"].as_str().unwrap())];
        app.anonymous().form(&format!("/{ADVENTURE_WORKS}/oauth2/v2.0/token"), &refresh).ok();

        assert_eq!(admin.send("DELETE", &users(&format!("/{id}")), None, Vec::new()).status, 204);
        assert_eq!(sign_in(app, ADVENTURE_WORKS, ADA).expect(400)["error"], "invalid_grant");
        app.anonymous().form(&format!("/{ADVENTURE_WORKS}/oauth2/v2.0/token"), &refresh).expect(400);
        assert_eq!(names(&admin.get(&users("")).items()), ["owner@adventure-works.example"]);
        for field in ["UserState", "userstatus"] {
            let deleted = admin.get(&filtered(field, "Inactive")).items();
            assert_eq!((deleted.len(), &deleted[0]["id"], &deleted[0]["state"]), (1, &json!(id), &json!("inactive")));
            assert!(deleted[0]["softDeletionTime"].is_string());
        }
        assert_eq!(names(&admin.get(&filtered("UserState", "active")).items()), ["owner@adventure-works.example"]);
        assert_eq!(admin.get(&users(&format!("/{id}"))).ok()["state"], "inactive");
        admin.send("DELETE", &users(&format!("/{id}")), None, Vec::new()).refused(404, 60_002, "");
        admin.patch(&users(&format!("/{id}")), &json!({"displayName": "X"})).refused(400, 800_002, "state");
        admin.patch(&users(&format!("/{id}/resetpassword")), &json!({"passwordProfile": {"password": "x"}})).refused(400, 800_002, "state");

        // The name is free meanwhile, and taken when the first one comes back.
        let second = user(&admin, ADVENTURE_WORKS, ADA);
        admin.patch(&users(&format!("/{id}")), &json!({"State": "active"})).refused(409, 800_002, "userPrincipalName");
        assert_eq!(admin.send("DELETE", &users(&format!("/{second}")), None, Vec::new()).status, 204);
        let restored = admin.patch(&users(&format!("/{id}")), &json!({"Id": null, "State": "active", "Attributes": {"ObjectType": "CustomerUser"}})).expect(200);
        assert_eq!((&restored["state"], restored.get("softDeletionTime")), (&json!("active"), None));
        sign_in(app, ADVENTURE_WORKS, ADA).ok();
        let done = ["create_customer_user", "delete_customer_user", "create_customer_user", "delete_customer_user", "restore_customer_user"];
        assert_eq!(since(app, before), done);
        assert!(log(app)[before..].iter().all(|record| record.resource_type == "customer_user"));
    }

    fn a_deleted_user_is_kept_for_thirty_days(app: &App) {
        let admin = app.contoso().admin();
        let ids = [ADA, "bob@adventure-works.example"].map(|name| user(&admin, ADVENTURE_WORKS, name));
        admin.post(&members(""), &json!({"id": ids[1]})).expect(201);
        for id in &ids {
            assert_eq!(admin.send("DELETE", &users(&format!("/{id}")), None, Vec::new()).status, 204);
        }
        app.advance("P29D");
        let admin = app.contoso().admin();
        assert_eq!(admin.get(&filtered("UserState", "Inactive")).items().len(), 2);
        admin.patch(&users(&format!("/{}", ids[0])), &json!({"state": "active"})).expect(200);
        let due = app.advance("P2D");
        assert!(due.to_string().contains(&format!("user_purge:{}", ids[1])), "{due}");
        let admin = app.contoso().admin();
        assert!(admin.get(&filtered("UserState", "Inactive")).items().is_empty());
        admin.get(&users(&format!("/{}", ids[1]))).refused(404, 60_002, "");
        admin.patch(&users(&format!("/{}", ids[1])), &json!({"state": "active"})).refused(404, 60_002, "");
        assert_eq!(admin.get(&users(&format!("/{}", ids[0]))).ok()["state"], "active");
        // Deleted once more, it has thirty days again.
        assert_eq!(admin.send("DELETE", &users(&format!("/{}", ids[0])), None, Vec::new()).status, 204);
        app.advance("P29D");
        assert_eq!(app.contoso().admin().get(&filtered("UserState", "Inactive")).items().len(), 1);
    }

    fn a_change_takes_what_is_sent_and_has_one_record(app: &App) {
        let (admin, helpdesk) = (app.contoso().admin(), app.contoso().helpdesk());
        let path = users(&format!("/{}", user(&admin, ADVENTURE_WORKS, ADA)));
        let before = operations(app).len();
        // As the .NET SDK sends it: the whole resource, unset members null, enumerations at their first member.
        let sent = json!({
            "UsageLocation": "FR", "Id": null, "UserPrincipalName": null, "FirstName": null, "LastName": "Byron",
            "DisplayName": "Ada Byron", "ImmutableId": null, "PhoneNumber": null, "PasswordProfile": null,
            "LastDirectorySyncTime": null, "UserDomainType": "none", "State": "active", "SoftDeletionTime": null,
            "Links": null, "Attributes": {"ObjectType": "CustomerUser"},
        });
        let changed = helpdesk.patch(&path, &sent).expect(200);
        let seen = ["usageLocation", "firstName", "lastName", "displayName", "userPrincipalName"].map(|name| changed[name].as_str().unwrap());
        assert_eq!(seen, ["FR", "Ada", "Byron", "Ada Byron", ADA]);
        assert!(changed.get("passwordProfile").is_none());
        helpdesk.patch(&path, &changed).expect(200);
        helpdesk.patch(&path, &json!({})).expect(200);
        assert_eq!(since(app, before), ["update_customer_user"], "nothing different, nothing recorded");
        let record = log(app).pop().unwrap();
        assert!(record.old_value.unwrap().contains("\"LastName\":\"Low\"") && record.new_value.unwrap().contains("\"LastName\":\"Byron\""));

        let renamed = admin.patch(&path, &json!({"userPrincipalName": "countess@adventure-works.example"})).expect(200);
        assert_eq!(renamed["userPrincipalName"], "countess@adventure-works.example");
        sign_in(app, ADVENTURE_WORKS, "countess@adventure-works.example").ok();
        sign_in(app, ADVENTURE_WORKS, ADA).expect(400);
        for (path, force) in [(path.clone(), true), (format!("{path}/resetpassword"), false)] {
            let reset = helpdesk.patch(&path, &json!({"passwordProfile": {"password": "N\"ew-1", "forceChangePassword": force}})).expect(200);
            assert_eq!(reset["passwordProfile"], json!({"password": "N\"ew-1", "forceChangePassword": force}));
        }
        let done = ["update_customer_user", "update_customer_user", "reset_customer_user_password", "reset_customer_user_password"];
        assert_eq!(since(app, before), done);
        assert!(log(app).pop().unwrap().new_value.unwrap().contains("\"Password\":\"\""));
        admin.patch(&path, &json!({"userPrincipalName": "OWNER@adventure-works.example"})).refused(409, 800_002, "userPrincipalName");
        admin.patch(&path, &json!({"userPrincipalName": "Countess@adventure-works.example"})).expect(200);
    }

    fn a_repeated_creation_returns_the_password_which_is_kept_nowhere(app: &App) {
        let admin = app.contoso().admin().with("MS-RequestId", &Uuid::new_v4().to_string());
        let mut wanted = new_user(ADA);
        wanted["passwordProfile"]["password"] = json!("Never-Kept-1");
        let first = admin.post(&users(""), &wanted);
        first.expect(201);
        let again = admin.post(&users(""), &wanted);
        assert_eq!((again.status, &again.text), (201, &first.text));
        assert!(first.text.contains("Never-Kept-1"));
        let id = first.body()["id"].as_str().unwrap().to_owned();
        let reset = json!({"passwordProfile": {"password": "Never-Kept-2"}});
        let answers = [(); 2].map(|()| admin.patch(&users(&format!("/{id}/resetpassword")), &reset));
        assert!(answers[0].text == answers[1].text && answers[0].text.contains("Never-Kept-2"));
        wanted["firstName"] = json!("Other");
        admin.post(&users(""), &wanted).refused(409, 800_002, "MS-RequestId");
        let answers = kept_answers(app);
        assert_eq!(answers.len(), 2);
        let kept = format!("{answers:?} {:?}", log(app));
        assert!(kept.contains(&id) && !kept.contains("Never-Kept"), "{kept}");
        // A deletion is no replay: the second one finds nothing.
        assert_eq!(admin.send("DELETE", &users(&format!("/{id}")), None, Vec::new()).status, 204);
        admin.send("DELETE", &users(&format!("/{id}")), None, Vec::new()).refused(404, 60_002, "");
    }

    fn users_are_listed_page_by_page_and_by_name(app: &App) {
        let admin = app.contoso().admin();
        for name in ["zoe", "ben", "Amy", "eve"] {
            let mut wanted = new_user(&format!("{name}@adventure-works.example"));
            wanted["displayName"] = json!(name);
            admin.post(&users(""), &wanted).expect(201);
        }
        let pages = |first: &str| {
            let (mut all, mut sizes) = (Vec::new(), Vec::new());
            let mut page = admin.get(first).ok();
            loop {
                let items = page["items"].as_array().unwrap();
                sizes.push(items.len());
                all.extend(items.iter().map(|user| user["displayName"].as_str().unwrap().to_owned()));
                let Some(next) = page["links"].get("next") else { return (all, sizes) };
                let token = next["headers"][0]["value"].as_str().unwrap();
                assert_eq!(page["continuationToken"], token);
                assert!(next["uri"].as_str().unwrap().contains("seekOperation=Next"), "{next}");
                // The token alone restores everything.
                page = admin.with("MS-ContinuationToken", token).get(&users("?seekOperation=Next")).ok();
            }
        };
        let seed = "Adventure Works owner";
        assert_eq!(pages(&users("?size=2")), ([seed, "zoe", "ben", "Amy", "eve"].map(str::to_owned).to_vec(), vec![2, 2, 1]));
        let sorted = ["Adventure Works owner", "Amy", "ben", "eve", "zoe"].map(str::to_owned).to_vec();
        assert_eq!(pages(&users("?size=2&sortField=DisplayName")), (sorted.clone(), vec![2, 2, 1]));
        assert_eq!(pages(&users("?sortfield=displayname&sortdirection=ascending")).0, sorted);
        let reversed: Vec<String> = sorted.into_iter().rev().collect();
        assert_eq!(pages(&users("?size=4&sortField=DisplayName&sortDirection=Descending")), (reversed, vec![4, 1]));

        let token = |after: Value, size: Value| {
            URL_SAFE_NO_PAD.encode(json!({"size": size, "state": "active", "order": "Ascending", "after": after}).to_string())
        };
        let position = |name: &str, at: &str, id: &str| json!({"created_at": at, "display_name_key": name, "id": id});
        let good = position("b", "2026-01-01T00:00:00Z", NOBODY);
        admin.with("MS-ContinuationToken", &token(good.clone(), json!(5))).get(&users("")).ok();
        for bad in [
            "x".to_owned(),
            token(good.clone(), json!(0)),
            token(good.clone(), json!(501)),
            token(good, Value::Null),
            token(Value::Null, json!(5)),
            token(position("a\0", "2026-01-01T00:00:00Z", NOBODY), json!(5)),
            token(position("a", "-262143-01-01T00:00:00Z", NOBODY), json!(5)),
            token(position("a", "2026-01-01T00:00:00Z", "\0"), json!(5)),
        ] {
            admin.with("MS-ContinuationToken", &bad).get(&users("")).refused(400, 800_002, "MS-ContinuationToken");
        }
        for (query, field) in [
            ("?size=-1", "size"),
            ("?sortField=FirstName", "sortField"),
            ("?sortField=DisplayName&sortDirection=up", "sortDirection"),
            ("?sortDirection=up", "sortDirection"),
            ("?filter=x", "filter"),
        ] {
            admin.get(&users(query)).refused(400, 800_002, field);
        }
        admin.get(&filtered("UserState", "Asleep")).refused(400, 800_002, "filter");
        admin.get(&filtered("DisplayName", "Inactive")).refused(400, 800_002, "filter");
    }

    fn a_directory_role_is_given_and_taken(app: &App) {
        let admin = app.contoso().admin();
        let roles = admin.get(&format!("/v1/customers/{ADVENTURE_WORKS}/directoryroles")).items();
        assert!(roles.iter().any(|role| role["id"] == HELPDESK_ADMINISTRATOR && role["name"] == "Helpdesk Administrator"));
        let ids: Vec<String> = (0..3).map(|n| user(&admin, ADVENTURE_WORKS, &format!("u{n}@adventure-works.example"))).collect();
        let before = operations(app).len();
        for id in &ids {
            // As the .NET SDK sends it.
            let sent = json!({"Id": id, "DisplayName": "x", "UserPrincipalName": "x", "RoleId": null, "Attributes": {"ObjectType": "UserMember"}});
            let member = admin.post(&members(""), &sent).expect(201);
            assert_eq!((&member["id"], &member["roleId"]), (&json!(id), &json!(HELPDESK_ADMINISTRATOR)));
            assert_eq!(member["attributes"]["objectType"], "UserMember");
        }
        admin.post(&members(""), &json!({"id": ids[0]})).refused(409, 800_002, "id");
        let listed = |answer: Response| answer.items().iter().map(|member| member["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        assert_eq!(listed(admin.get(&members(""))), ids);
        let page = admin.get(&members("?size=2"));
        let token = page.body()["continuationToken"].as_str().unwrap().to_owned();
        assert_eq!(listed(page), ids[..2]);
        assert_eq!(listed(admin.with("MS-ContinuationToken", &token).get(&members("?seekOperation=Next"))), ids[2..]);
        let of = |id: &str| {
            let roles = admin.get(&users(&format!("/{id}/directoryroles"))).items();
            roles.iter().map(|role| role["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(of(&ids[0]), [HELPDESK_ADMINISTRATOR]);
        assert_eq!(of(OWNER), [COMPANY_ADMINISTRATOR]);

        // A deleted user has its roles again when it comes back.
        let path = users(&format!("/{}", ids[1]));
        admin.send("DELETE", &path, None, Vec::new());
        assert_eq!(listed(admin.get(&members(""))), [ids[0].clone(), ids[2].clone()]);
        admin.post(&members(""), &json!({"id": ids[1]})).refused(404, 60_002, "");
        admin.patch(&path, &json!({"state": "active"})).expect(200);
        assert_eq!(listed(admin.get(&members(""))), ids);
        let remove = |id: &str| admin.send("DELETE", &members(&format!("/{id}")), None, Vec::new());
        assert_eq!(remove(&ids[1]).status, 204);
        remove(&ids[1]).refused(404, 1000, "");
        assert!(of(&ids[1]).is_empty());
        let done = ["add_user_member", "add_user_member", "add_user_member", "delete_customer_user", "restore_customer_user", "remove_user_member"];
        assert_eq!(since(app, before), done);
        assert_eq!(log(app).last().unwrap().resource_type, "customer_directory_role");

        let unknown = members("").replace(HELPDESK_ADMINISTRATOR, NOBODY);
        admin.get(&unknown).refused(404, 1000, "");
        admin.post(&unknown, &json!({"id": ids[0]})).refused(404, 1000, "");
        for (body, status, code, field) in [
            (json!({}), 400, 800_002, "id"),
            (json!({"id": "x"}), 400, 800_002, "id"),
            (json!({"id": ids[0], "roleId": NOBODY}), 400, 800_002, "roleId"),
            (json!({"id": NOBODY}), 404, 60_002, "user"),
        ] {
            admin.post(&members(""), &body).refused(status, code, field);
        }
    }

    fn a_malformed_user_is_refused_with_the_member_named(app: &App) {
        let admin = app.contoso().admin();
        let path = users(&format!("/{}", user(&admin, ADVENTURE_WORKS, ADA)));
        let before = (admin.get(&users("")).items(), operations(app).len());
        let with = |member: &str, value: Value| {
            let mut body = new_user("new@adventure-works.example");
            body[member] = value;
            body
        };
        let long = "x".repeat(257);
        for (member, value, field) in [
            ("userPrincipalName", json!(null), "userPrincipalName"),
            ("userPrincipalName", json!("new"), "userPrincipalName"),
            ("userPrincipalName", json!("new@contoso.example"), "userPrincipalName"),
            ("userPrincipalName", json!("new@other.adventure-works.example"), "userPrincipalName"),
            ("userPrincipalName", json!("a b@adventure-works.example"), "userPrincipalName"),
            ("firstName", json!(" "), "firstName"),
            ("lastName", json!(null), "lastName"),
            ("displayName", json!(long), "displayName"),
            ("displayName", json!(5), "displayName"),
            ("usageLocation", json!("USA"), "usageLocation"),
            ("phoneNumber", json!(long), "phoneNumber"),
            ("passwordProfile", json!(null), "passwordProfile"),
            ("passwordProfile", json!({}), "passwordProfile.password"),
            ("passwordProfile", json!({"password": ""}), "passwordProfile.password"),
            ("passwordProfile", json!({"password": long}), "passwordProfile.password"),
            ("userDomainType", json!("federated"), "userDomainType"),
            ("state", json!("inactive"), "state"),
            ("state", json!("asleep"), "state"),
        ] {
            admin.post(&users(""), &with(member, value.clone())).refused(400, 800_002, field);
            if !value.is_null() && value != json!({}) {
                admin.patch(&path, &json!({member: value})).refused(400, 800_002, field);
            }
        }
        admin.post(&users(""), &new_user("Owner@adventure-works.example")).refused(409, 800_002, "userPrincipalName");
        admin.patch(&path, &json!({"id": OWNER})).refused(400, 800_002, "id");
        admin.patch(&format!("{path}/resetpassword"), &json!({})).refused(400, 800_002, "passwordProfile");
        admin.get(&users(&format!("/{NOBODY}"))).refused(404, 60_002, "");
        admin.get(&users(&format!("/{NOBODY}/directoryroles"))).refused(404, 60_002, "");
        assert_eq!((admin.get(&users("")).items(), operations(app).len()), before);
    }

    fn every_tenant_begins_with_an_administrator(app: &App) {
        let admin = app.contoso().admin();
        let owner = admin.get(&users(&format!("/{OWNER}"))).ok();
        assert_eq!((&owner["userPrincipalName"], &owner["state"]), (&json!("owner@adventure-works.example"), &json!("active")));
        let before = operations(app).len();
        let customer = admin.post("/v1/customers", &new_customer("fresh.example")).expect(201);
        assert_eq!(since(app, before), ["add_customer"]);
        let id = customer["id"].as_str().unwrap();
        let first = admin.get(&format!("/v1/customers/{id}/users")).items();
        assert_eq!(names(&first), ["admin@fresh.example"]);
        let roles = admin.get(&format!("/v1/customers/{id}/users/{}/directoryroles", first[0]["id"].as_str().unwrap())).items();
        assert_eq!((roles.len(), &roles[0]["id"]), (1, &json!(COMPANY_ADMINISTRATOR)));
        let name = format!("{}@fresh.example", customer["userCredentials"]["userName"].as_str().unwrap());
        sign_in(app, "fresh.example", &name).ok();
        // The seeded owner goes like anybody else.
        assert_eq!(admin.send("DELETE", &users(&format!("/{OWNER}")), None, Vec::new()).status, 204);
        sign_in(app, ADVENTURE_WORKS, "owner@adventure-works.example").expect(400);
    }

    fn every_partner_of_a_customer_sees_its_users(app: &App) {
        let (contoso, fabrikam) = (app.contoso().admin(), app.fabrikam().admin());
        fabrikam.get(&users("")).refused(404, 60_003, "");
        let relationship = json!({"customerId": ADVENTURE_WORKS, "partnerId": "10000000-0000-4000-8000-000000000002"});
        app.anonymous().post("/_reservoir/relationships", &relationship).ok();
        let read = |agent: &Client| agent.get(&users("")).items();
        assert_eq!(read(&fabrikam), read(&contoso));
    }
}
