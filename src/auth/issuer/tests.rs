//! The issuer as clients use it.

use actix_web::{App, test};
use diesel::prelude::*;

use super::*;
use crate::auth::fixture::{self, ADMIN, ADMIN_APP, CONTOSO, CUSTOMER, FABRIKAM, OWNER, guid};
use crate::auth::token::{Audiences, Verifier};
use crate::db::schema::relationships;

struct Answer {
    status: u16,
    headers: header::HeaderMap,
    body: Value,
}

impl Answer {
    fn text(&self, member: &str) -> &str {
        self.body[member].as_str().unwrap_or_else(|| panic!("{member} in {}", self.body))
    }

    fn refusal(&self) -> (u16, &str, i64) {
        (self.status, self.text("error"), self.body["error_codes"][0].as_i64().unwrap())
    }
}

/// Sends one request to an issuer of `db`.
async fn send(db: &Db, request: test::TestRequest) -> Answer {
    let issuer = web::Data::new(Issuer::new(db.clone()));
    let app = test::init_service(App::new().app_data(issuer).configure(configure)).await;
    let response = test::call_service(&app, request.to_request()).await;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = serde_json::from_slice(&test::read_body(response).await).unwrap_or_default();
    Answer { status, headers, body }
}

async fn post(db: &Db, path: &str, form: &str) -> Answer {
    send(db, test::TestRequest::post().uri(path).set_payload(form.to_owned())).await
}

async fn get(db: &Db, path: &str) -> Answer {
    send(db, test::TestRequest::get().uri(path)).await
}

async fn verify(db: &Db, token: &str) -> Token {
    let verifier = Verifier::new(db.clone(), &fixture::config()).unwrap();
    let azure = Audiences::Azure { own_address: "http://localhost:8080" };
    Token::clone(&*verifier.verify(token, azure).await.unwrap())
}

const PASSWORD: &str = "grant_type=password&password=x&username=";

#[actix_web::test]
async fn version_1_answers_in_texts() {
    let db = fixture::seeded();
    let form = format!("{PASSWORD}Admin%40Contoso.example&resource=https%3A%2F%2Fgraph.windows.net&scope=openid");
    let answer = post(&db, "/Contoso.Example/oauth2/token", &form).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.headers.get("cache-control").unwrap(), "no-store");
    assert!(answer.body.as_object().unwrap().values().all(Value::is_string), "{}", answer.body);
    assert_eq!([answer.text("token_type"), answer.text("expires_in")], ["Bearer", "3600"]);
    assert_eq!([answer.text("resource"), answer.text("scope")], ["https://graph.windows.net", "user_impersonation"]);
    let lifetime =
        answer.text("expires_on").parse::<i64>().unwrap() - answer.text("not_before").parse::<i64>().unwrap();
    assert_eq!(lifetime, 3600);
    let token = verify(&db, answer.text("access_token")).await;
    assert_eq!((token.tenant_id, token.object_id, token.roles), (guid(CONTOSO), guid(ADMIN), vec![Role::Admin]));
    assert_eq!(token.user_principal_name.as_deref(), Some("admin@contoso.example"));
    assert_eq!(token.application_id.as_deref(), Some(ADMIN_APP));
    assert!(!token.app_only);
}

#[actix_web::test]
async fn version_2_answers_in_numbers_and_knows_the_resource_from_the_scope() {
    let db = fixture::seeded();
    let scope = "openid+offline_access+https%3A%2F%2Fmanagement.azure.com%2F%2F.default";
    let form =
        format!("{PASSWORD}sales%40fabrikam.example&client_id=00000000-0000-4000-8000-00000000000A&client_info=1");
    let answer = post(&db, "/common/oauth2/v2.0/token", &format!("{form}&scope={scope}")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!((&answer.body["expires_in"], &answer.body["ext_expires_in"]), (&json!(3600), &json!(3600)));
    assert_eq!(answer.text("scope"), "https://management.azure.com//user_impersonation");
    let token = verify(&db, answer.text("access_token")).await;
    assert_eq!((token.tenant_id, token.roles), (guid(FABRIKAM), vec![Role::Sales]));
    assert_eq!(token.application_id.as_deref(), Some("00000000-0000-4000-8000-00000000000A"));
    assert!(answer.text("id_token").starts_with("ey") && answer.text("client_info").starts_with("ey"));
}

#[actix_web::test]
async fn scopes_name_their_resource() {
    for (scope, expected) in [
        ("https://api.partnercenter.microsoft.com/.default", Some("https://api.partnercenter.microsoft.com")),
        ("https://api.partnercenter.microsoft.com/user_impersonation", Some("https://api.partnercenter.microsoft.com")),
        ("https://management.core.windows.net//.default", Some("https://management.core.windows.net/")),
        ("https://management.azure.com", Some("https://management.azure.com")),
        ("http://localhost:8080/.default", Some("http://localhost:8080")),
        ("fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd/.default", Some("fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd")),
        ("fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd", Some("fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd")),
        ("api://app/read", Some("api://app")),
        ("User.Read", None),
    ] {
        assert_eq!(resource(scope), expected, "{scope}");
    }
}

#[actix_web::test]
async fn an_application_acts_alone_by_alias_by_id_and_with_basic_credentials() {
    let db = fixture::seeded();
    let path = format!("/{}/oauth2/token", CONTOSO.to_uppercase());
    let client = "grant_type=client_credentials&client_id=";
    let upper = ADMIN_APP.to_uppercase();
    for form in [
        format!("{client}admin-agent&client_secret=s"),
        format!("{client}Admin-Agent&client_secret=s"),
        format!("{client}{upper}&client_assertion_type=x&client_assertion=y"),
    ] {
        let answer = post(&db, &path, &form).await;
        assert!(answer.body.get("refresh_token").is_none() && answer.body.get("scope").is_none(), "{}", answer.body);
        let token = verify(&db, answer.text("access_token")).await;
        assert_eq!((token.object_id, token.app_only), (guid(ADMIN_APP), true));
        assert_eq!((token.application_id.as_deref(), token.roles), (Some(ADMIN_APP), vec![Role::Admin]));
    }
    let basic = format!("Basic {}", STANDARD.encode("sales-agent:s"));
    let request = test::TestRequest::post().uri(&path).insert_header(("Authorization", basic));
    assert_eq!(send(&db, request.set_payload("grant_type=client_credentials")).await.status, 200);
}

#[actix_web::test]
async fn a_customers_tenant_takes_its_users_and_its_partners_agents() {
    let db = fixture::seeded();
    let path = "/adventure-works.example/oauth2/token";
    let owner = post(&db, path, &format!("{PASSWORD}owner%40adventure-works.example")).await;
    let token = verify(&db, owner.text("access_token")).await;
    assert_eq!((token.tenant_id, token.object_id, token.roles), (guid(CUSTOMER), guid(OWNER), vec![]));

    let agent = post(&db, path, &format!("{PASSWORD}admin%40contoso.example")).await;
    let token = verify(&db, agent.text("access_token")).await;
    assert_eq!((token.tenant_id, token.object_id, token.roles), (guid(CUSTOMER), guid(ADMIN), vec![Role::Admin]));

    let app = format!("grant_type=client_credentials&client_secret=s&client_id={ADMIN_APP}");
    let token = verify(&db, post(&db, path, &app).await.text("access_token")).await;
    assert_eq!((token.tenant_id, token.object_id, token.app_only), (guid(CUSTOMER), guid(ADMIN_APP), true));

    let stranger = post(&db, path, &format!("{PASSWORD}admin%40fabrikam.example")).await;
    assert_eq!(stranger.refusal(), (400, "invalid_grant", 50_034));
    let inward =
        post(&db, "/contoso.example/oauth2/token", &format!("{PASSWORD}owner%40adventure-works.example")).await;
    assert_eq!(inward.refusal(), (400, "invalid_grant", 50_034));

    let ended = db.clone();
    let end = move || {
        ended.write_now("end", |unit| {
            diesel::update(relationships::table).set(relationships::state.eq("ended")).execute(unit.conn)?;
            Ok(())
        })
    };
    std::thread::spawn(end).join().unwrap().unwrap();
    let agent = post(&db, path, &format!("{PASSWORD}admin%40contoso.example")).await;
    assert_eq!(agent.refusal(), (400, "invalid_grant", 50_034));
}

#[actix_web::test]
async fn a_refresh_token_gives_new_tokens_and_passes_for_nothing_else() {
    let db = fixture::seeded();
    let first = post(&db, "/contoso.example/oauth2/token", &format!("{PASSWORD}admin%40contoso.example")).await;
    let refresh = first.text("refresh_token");
    let form = format!("grant_type=refresh_token&refresh_token={refresh}");
    let more = "&client_id=x&client_secret=s&scope=https%3A%2F%2Fapi.partnercenter.microsoft.com%2F.default";
    for (path, tenant) in [
        ("/contoso.example/oauth2/token", CONTOSO),
        ("/organizations/oauth2/v2.0/token", CONTOSO),
        ("/adventure-works.example/oauth2/v2.0/token", CUSTOMER),
    ] {
        let answer = post(&db, path, &format!("{form}{more}")).await;
        let token = verify(&db, answer.text("access_token")).await;
        assert_eq!((token.tenant_id, token.object_id), (guid(tenant), guid(ADMIN)));
        assert_eq!(post(&db, path, &form.replace(refresh, answer.text("refresh_token"))).await.status, 200);
    }
    let elsewhere = post(&db, "/fabrikam.example/oauth2/token", &form).await;
    assert_eq!(elsewhere.refusal(), (400, "invalid_grant", 50_034));

    let verifier = Verifier::new(db.clone(), &fixture::config()).unwrap();
    assert!(verifier.verify(refresh, Audiences::PartnerCenter).await.is_err());
    for bad in [first.text("access_token"), "x", &refresh[..refresh.len() - 6]] {
        let answer = post(&db, "/contoso.example/oauth2/token", &form.replace(refresh, bad)).await;
        assert_eq!(answer.refusal(), (400, "invalid_grant", 70_000), "{bad}");
    }
}

#[actix_web::test]
async fn bad_requests_are_refused_in_oauths_form() {
    let db = fixture::seeded();
    let path = "/contoso.example/oauth2/token";
    let client = "grant_type=client_credentials&client_id";
    for (path, form, expected) in [
        (path, String::new(), (400, "invalid_request", 900_144)),
        (path, "{\"grant_type\":\"password\"}".to_owned(), (400, "invalid_request", 900_144)),
        (path, "grant_type=authorization_code&code=x".to_owned(), (400, "unsupported_grant_type", 70_003)),
        (path, "grant_type=password&username=admin%40contoso.example".to_owned(), (400, "invalid_request", 900_144)),
        (path, "grant_type=password&username=a&password=".to_owned(), (400, "invalid_request", 900_144)),
        (path, format!("{PASSWORD}nobody%40contoso.example"), (400, "invalid_grant", 50_034)),
        (path, format!("{PASSWORD}admin-agent"), (400, "invalid_grant", 50_034)),
        (path, format!("{PASSWORD}a%00b%FF%40contoso.example"), (400, "invalid_grant", 50_034)),
        (path, format!("{PASSWORD}a&username=b"), (400, "invalid_request", 90_013)),
        (path, format!("{client}=admin-agent"), (401, "invalid_client", 7_000_218)),
        (path, format!("{client}=nobody&client_secret=s"), (400, "unauthorized_client", 700_016)),
        (path, format!("{client}={ADMIN}&client_secret=s"), (400, "unauthorized_client", 700_016)),
        (path, "grant_type=client_credentials&client_secret=s".to_owned(), (400, "invalid_request", 900_144)),
        (
            "/fabrikam.example/oauth2/token",
            format!("{client}={ADMIN_APP}&client_secret=s"),
            (400, "unauthorized_client", 700_016),
        ),
        ("/nobody.example/oauth2/token", format!("{PASSWORD}a"), (400, "invalid_request", 90_002)),
        ("/a%00b/oauth2/v2.0/token", format!("{PASSWORD}a"), (400, "invalid_request", 90_002)),
        ("/common/oauth2/v2.0/token", format!("{PASSWORD}a"), (400, "invalid_request", 90_002)),
        (path, "x".repeat(FORM_LIMIT + 1), (413, "invalid_request", 90_013)),
    ] {
        let answer = post(&db, path, &form).await;
        assert_eq!(answer.refusal(), expected, "{form:.80}");
        let code = format!("AADSTS{}: ", expected.2);
        assert!(answer.text("error_description").starts_with(&code), "{}", answer.body);
        for member in ["timestamp", "trace_id", "correlation_id"] {
            assert!(!answer.text(member).is_empty());
        }
        assert_eq!(answer.headers.get("cache-control").unwrap(), "no-store");
        assert_eq!(answer.headers.contains_key("www-authenticate"), expected.0 == 401);
    }
    let get = get(&db, path).await;
    assert_eq!((get.status, get.headers.get("allow").unwrap().to_str().unwrap()), (405, "POST"));
}

#[actix_web::test]
async fn the_documents_lead_to_the_key_and_name_the_issuer_of_the_tokens() {
    let db = fixture::seeded();
    for (version, discovery) in
        [("/v2.0", "/v2.0/.well-known/openid-configuration"), ("", "/.well-known/openid-configuration")]
    {
        let document = get(&db, &format!("/contoso.example{discovery}")).await;
        assert_eq!(document.status, 200);
        let path = |member: &str| document.text(member).strip_prefix("http://localhost:8080").unwrap().to_owned();
        let keys = get(&db, &path("jwks_uri")).await;
        assert_eq!(keys.body["keys"][0]["kty"], "RSA");
        assert!(keys.body["keys"][0].get("d").is_none());
        let token = post(&db, &path("token_endpoint"), &format!("{PASSWORD}admin%40contoso.example")).await;
        let jwt = Jwt::parse(token.text("access_token")).unwrap();
        assert_eq!(jwt.claims.text("iss").unwrap().unwrap(), document.text("issuer"), "{version}");
        assert!(document.text("authorization_endpoint").contains(CONTOSO));
    }
    let common = get(&db, "/common/v2.0/.well-known/openid-configuration").await;
    assert_eq!(common.text("issuer"), "http://localhost:8080/{tenantid}/v2.0");
    assert_eq!(common.text("token_endpoint"), "http://localhost:8080/common/oauth2/v2.0/token");
    let unknown = get(&db, "/nobody.example/v2.0/.well-known/openid-configuration").await;
    assert_eq!(unknown.refusal(), (400, "invalid_tenant", 90_002));
    assert_eq!(get(&db, "/common/userrealm/a@b.example?api-version=1.0").await.text("account_type"), "Managed");
}

#[actix_web::test]
async fn an_exchanged_token_is_the_same_bearers_and_lives_no_longer() {
    let db = fixture::seeded();
    let issuer = Issuer::new(db.clone());
    let first = post(&db, "/contoso.example/oauth2/token", &format!("{PASSWORD}admin%40contoso.example")).await;
    let token = verify(&db, first.text("access_token")).await;
    let (exchanged, lifetime) = issuer.exchange(&token).await.unwrap();
    assert!((3590..=3600).contains(&lifetime));
    assert_eq!(verify(&db, &exchanged).await, token);
    let brief = Token { expires_at: Utc::now().timestamp() + 60, ..token };
    assert!(issuer.exchange(&brief).await.unwrap().1 <= 60);
}
