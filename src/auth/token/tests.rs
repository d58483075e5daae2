//! Each way in which a token is refused, and what a good one says.

use base64::engine::general_purpose::URL_SAFE;
use jsonwebtoken::{EncodingKey, crypto};
use serde_json::json;

use super::*;
use crate::auth::fixture::{self, ADMIN, ADMIN_APP, CONTOSO, FABRIKAM, guid};
use crate::auth::keys::Jwk;
use crate::auth::signing::{ISSUER, SigningKey, TokenRequest, Version};
use crate::config::{IssuerConfig, KeySource};

const THEIRS: &str = "https://login.issuer.example/{tenantid}/v2.0";
const AZURE_SIDE: Audiences<'_> = Audiences::Azure { own_address: "https://localhost:8443" };

fn request() -> TokenRequest {
    TokenRequest {
        issuer: ISSUER.to_owned(),
        version: Version::V1,
        audience: "https://api.partnercenter.microsoft.com".to_owned(),
        tenant_id: guid(CONTOSO),
        object_id: guid(ADMIN),
        user_principal_name: Some("admin@contoso.example".to_owned()),
        application_id: Some(ADMIN_APP.to_owned()),
        app_only: false,
        roles: vec![Role::Admin],
        issued_at: Utc::now().timestamp(),
        lifetime: 3600,
    }
}

/// A database with a key; made on a thread of its own because it blocks.
fn with_key() -> (Db, SigningKey) {
    let make = || {
        let db = fixture::empty();
        let key = SigningKey::load_or_make(&db).unwrap();
        (db, key)
    };
    std::thread::spawn(make).join().unwrap()
}

/// A verifier with the development issuer alone, and its key.
fn development() -> (Verifier, SigningKey) {
    let (db, key) = with_key();
    (Verifier::new(db, &fixture::config()).unwrap(), key)
}

/// An issuer of somebody else's, with one P-256 key named `theirs`.
struct Theirs {
    private: EncodingKey,
    jwk: Jwk,
}

impl Theirs {
    fn new() -> Self {
        let private = EncodingKey::from_ec_der(&rcgen::KeyPair::generate().unwrap().serialize_der());
        let jwk = jsonwebtoken::jwk::Jwk::from_encoding_key(&private, Algorithm::ES256).unwrap();
        let mut jwk: Jwk = serde_json::from_value(serde_json::to_value(jwk).unwrap()).unwrap();
        jwk.kid = Some("theirs".to_owned());
        Self { private, jwk }
    }

    /// A verifier that trusts it and nobody else, once `change` has been at the configuration.
    fn trusted(&self, change: impl FnOnce(&mut Config)) -> Verifier {
        let path = std::env::temp_dir().join(format!("reservoir-jwks-{}.json", Guid::random()));
        std::fs::write(&path, json!({"keys": [self.jwk]}).to_string()).unwrap();
        let mut config = Config {
            dev: false,
            issuer: Some(IssuerConfig { issuer: THEIRS.to_owned(), keys: KeySource::File(path) }),
            ..fixture::config()
        };
        change(&mut config);
        Verifier::new(fixture::empty(), &config).unwrap()
    }

    /// Signs any two texts as header and payload.
    fn sign(&self, header: &str, payload: &str) -> String {
        let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
        let signature = crypto::sign(message.as_bytes(), &self.private, Algorithm::ES256).unwrap();
        format!("{message}.{signature}")
    }

    fn token(&self, change: impl FnOnce(&mut Map<String, Value>)) -> String {
        let mut claims = claims();
        change(claims.as_object_mut().unwrap());
        self.sign(HEADER, &claims.to_string())
    }
}

const HEADER: &str = r#"{"typ":"JWT","alg":"ES256","kid":"theirs"}"#;

fn claims() -> Value {
    let now = Utc::now().timestamp();
    json!({
        "iss": THEIRS.replace(TENANT_ID, CONTOSO), "aud": "https://graph.windows.net/", "tid": CONTOSO, "oid": ADMIN,
        "exp": now + 600, "nbf": now, "upn": "a@contoso.example", "roles": ["AdminAgents"], "appid": ADMIN_APP,
    })
}

async fn reason(verifier: &Verifier, token: &str) -> String {
    match verifier.verify(token, Audiences::PartnerCenter).await {
        Err(Error::Unauthenticated(reason)) => reason,
        other => panic!("{other:?} for {token}"),
    }
}

#[actix_web::test]
async fn what_was_minted_is_what_is_verified() {
    let (verifier, key) = development();
    let user = request();
    let token = verifier.verify(&key.mint(&user).unwrap(), Audiences::PartnerCenter).await.unwrap();
    assert_eq!(
        *token,
        Token {
            tenant_id: guid(CONTOSO),
            object_id: guid(ADMIN),
            user_principal_name: Some("admin@contoso.example".to_owned()),
            application_id: Some(ADMIN_APP.to_owned()),
            app_only: false,
            roles: vec![Role::Admin],
            expires_at: user.issued_at + 3600,
        }
    );
    let app = TokenRequest { version: Version::V2, app_only: true, user_principal_name: None, ..request() };
    let token = verifier.verify(&key.mint(&app).unwrap(), Audiences::PartnerCenter).await.unwrap();
    assert!(token.app_only && token.user_principal_name.is_none());
    assert_eq!(token.application_id.as_deref(), Some(ADMIN_APP));
    let elsewhere = TokenRequest { issuer: "http://127.0.0.1:4711".to_owned(), ..request() };
    assert!(verifier.verify(&key.mint(&elsewhere).unwrap(), Audiences::PartnerCenter).await.is_ok());
}

#[actix_web::test]
async fn a_remembered_token_still_expires_and_keeps_its_audience() {
    let (verifier, key) = development();
    let brief = key.mint(&TokenRequest { lifetime: 2, ..request() }).unwrap();
    for _ in 0..2 {
        assert!(verifier.verify(&brief, Audiences::PartnerCenter).await.is_ok());
    }
    let azure = TokenRequest { audience: "https://management.azure.com/".to_owned(), ..request() };
    let azure = key.mint(&azure).unwrap();
    assert!(verifier.verify(&azure, AZURE_SIDE).await.is_ok());
    assert!(reason(&verifier, &azure).await.contains("the token is for"));
    std::thread::sleep(Duration::from_millis(2100));
    assert!(reason(&verifier, &brief).await.contains("expired"));
}

#[actix_web::test]
async fn each_surface_has_its_audiences() {
    let (verifier, key) = development();
    for (audience, partner_center, azure) in [
        ("https://api.partnercenter.microsoft.com", true, true),
        ("https://graph.windows.net/", true, true),
        ("fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd", true, true),
        ("00000002-0000-0000-c000-000000000000", true, true),
        ("https://management.azure.com", false, true),
        ("https://management.core.windows.net/", false, true),
        ("https://localhost:8443/", false, true),
        ("https://localhost:8444", false, false),
        ("https://management.azure.com.evil.example", false, false),
    ] {
        let token = key.mint(&TokenRequest { audience: audience.to_owned(), ..request() }).unwrap();
        assert_eq!(verifier.verify(&token, Audiences::PartnerCenter).await.is_ok(), partner_center, "{audience}");
        assert_eq!(verifier.verify(&token, AZURE_SIDE).await.is_ok(), azure, "{audience}");
    }
}

#[actix_web::test]
async fn configured_audiences_replace_the_lists() {
    let theirs = Theirs::new();
    let verifier = theirs.trusted(|config| config.audiences = Some(vec!["api://ours/".to_owned()]));
    let ours = theirs.token(|claims| _ = claims.insert("aud".to_owned(), json!(["api://other", "api://ours"])));
    assert!(verifier.verify(&ours, Audiences::PartnerCenter).await.is_ok());
    assert!(reason(&verifier, &theirs.token(|_| ())).await.contains("the token is for"));
    let own = theirs.token(|claims| _ = claims.insert("aud".to_owned(), json!("https://localhost:8443")));
    assert!(verifier.verify(&own, AZURE_SIDE).await.is_err());
}

#[actix_web::test]
async fn claims_of_the_wrong_kind_are_refused() {
    let theirs = Theirs::new();
    let verifier = theirs.trusted(|_| ());
    assert!(verifier.verify(&theirs.token(|_| ()), Audiences::PartnerCenter).await.is_ok());
    let now = Utc::now().timestamp();
    for (name, value) in [
        ("tid", json!(null)),
        ("tid", json!("contoso.example")),
        ("tid", json!(FABRIKAM)), // the issuer is Contoso's
        ("oid", json!(null)),
        ("oid", json!("10000000000040008000000000000001")),
        ("oid", json!(7)),
        ("iss", json!(null)),
        ("iss", json!(format!("https://login.issuer.example/{CONTOSO}/v2.0/"))),
        ("iss", json!(format!("{ISSUER}/{CONTOSO}/"))), // the development issuer is off
        ("aud", json!(null)),
        ("aud", json!(["https://graph.windows.net", 5])),
        ("aud", json!("https://elsewhere.example")),
        ("exp", json!(null)),
        ("exp", json!(now)),
        ("exp", json!(now - 1)),
        ("exp", json!((now + 600).to_string())),
        ("exp", serde_json::from_str("1e300").unwrap()),
        ("nbf", json!(now + 90)),
        ("nbf", json!("soon")),
        ("roles", json!({"AdminAgents": true})),
        ("upn", json!(["a"])),
        ("idtyp", json!(true)),
    ] {
        let token = theirs.token(|claims| _ = claims.insert(name.to_owned(), value.clone()));
        let reason = reason(&verifier, &token).await;
        assert!(!reason.is_empty(), "{name} {value}");
    }
    for (name, value) in [
        ("nbf", json!(now + 50)),
        ("tid", json!(CONTOSO.to_uppercase())),
        ("exp", serde_json::from_str(&format!("{}.5", now + 600)).unwrap()),
        ("exp", serde_json::from_str("4.1e9").unwrap()),
    ] {
        let token = theirs.token(|claims| _ = claims.insert(name.to_owned(), value.clone()));
        assert!(verifier.verify(&token, Audiences::PartnerCenter).await.is_ok(), "{name} {value}");
    }
}

#[actix_web::test]
async fn duplicate_members_are_refused_whatever_their_name() {
    let theirs = Theirs::new();
    let verifier = theirs.trusted(|_| ());
    let claims = claims().to_string();
    let with = |more: &str| claims.replacen('{', &format!("{{{more},"), 1);
    assert!(verifier.verify(&theirs.sign(HEADER, &with(r#""x":1"#)), Audiences::PartnerCenter).await.is_ok());
    for more in [
        format!(r#""tid":"{CONTOSO}""#),
        format!(r#""\u0074id":"{FABRIKAM}""#),
        r#""x":1,"x":1"#.to_owned(),
        r#""exp":99999999999"#.to_owned(),
    ] {
        assert!(reason(&verifier, &theirs.sign(HEADER, &with(&more))).await.contains("twice"), "{more}");
    }
    for more in [r#""alg":"ES256""#, r#""kid":"theirs""#, r#""y":1,"y":2"#] {
        let header = HEADER.replacen('{', &format!("{{{more},"), 1);
        assert!(reason(&verifier, &theirs.sign(&header, &claims)).await.contains("twice"), "{more}");
    }
}

#[actix_web::test]
async fn headers_are_taken_by_the_letter() {
    let theirs = Theirs::new();
    let verifier = theirs.trusted(|_| ());
    let claims = claims().to_string();
    for header in [
        r#"{"alg":"ES256","kid":"theirs"}"#,
        r#"{"alg":"ES256"}"#, // the only key there is
        r#"{"typ":"jwt","alg":"ES256","kid":"theirs"}"#,
        r#"{"typ":"AT+JWT","alg":"ES256","kid":"theirs"}"#,
    ] {
        assert!(verifier.verify(&theirs.sign(header, &claims), Audiences::PartnerCenter).await.is_ok(), "{header}");
    }
    for header in [
        r#"{"typ":"refresh+jwt","alg":"ES256","kid":"theirs"}"#,
        r#"{"typ":7,"alg":"ES256","kid":"theirs"}"#,
        r#"{"typ":"JWT","alg":"ES256","kid":"nobody"}"#,
        r#"{"typ":"JWT","alg":"ES256","kid":"theirs","crit":["exp"]}"#,
        r#"{"typ":"JWT","alg":"es256","kid":"theirs"}"#,
        r#"{"typ":"JWT","alg":"RS256","kid":"theirs"}"#,
        r#"{"typ":"JWT","alg":"ES384","kid":"theirs"}"#,
        r#"{"typ":"JWT","alg":"none","kid":"theirs"}"#,
        r#"{"typ":"JWT","kid":"theirs"}"#,
        r#"["JWT"]"#,
        r#"{"alg":"ES256"} x"#,
        "",
    ] {
        reason(&verifier, &theirs.sign(header, &claims)).await;
    }
}

#[actix_web::test]
async fn the_form_is_three_parts_of_unpadded_base64() {
    let (verifier, key) = development();
    let good = key.mint(&request()).unwrap();
    let parts: Vec<&str> = good.split('.').collect();
    let [header, payload, signature] = parts[..] else { panic!() };
    let padded = URL_SAFE.encode(URL_SAFE_NO_PAD.decode(payload).unwrap().into_iter().chain(*b" ").collect::<Vec<_>>());
    for bad in [
        String::new(),
        "..".to_owned(),
        "opaque".to_owned(),
        format!("{header}.{payload}"),
        format!("{header}.{payload}."),
        format!("{header}.{payload}.{signature}."),
        format!("{header}.{payload}.{signature}="),
        format!("{header}.{payload}.{signature}=="),
        format!("{header}=.{payload}.{signature}"),
        format!("{header}.{payload}=.{signature}"),
        format!("{header}.{padded}.{signature}"),
        format!("{header}.{payload}\n.{signature}"),
        format!(" {good}"),
        format!("{header}.{payload}.{}", signature.replace(['-', '_'], "+")) + "+",
        format!("{header}.{payload}.{}", &signature[..signature.len() - 4]),
        good.replacen('.', "..", 1),
    ] {
        reason(&verifier, &bad).await;
    }
    // The last character of a 256-byte signature has spare bits, which must be zero.
    let last = signature.chars().last().unwrap();
    let spare = ['A', 'Q', 'g', 'w'].into_iter().position(|c| c == last).map(|at| ['B', 'R', 'h', 'x'][at]).unwrap();
    reason(&verifier, &format!("{header}.{payload}.{}{spare}", &signature[..signature.len() - 1])).await;
    assert!(verifier.verify(&good, Audiences::PartnerCenter).await.is_ok());
}

#[actix_web::test]
async fn the_public_key_is_no_secret_to_sign_with() {
    let (verifier, key) = development();
    let (good, public) = (key.mint(&request()).unwrap(), key.public().clone());
    let payload = good.split('.').nth(1).unwrap();
    let n = public.n.clone().unwrap();
    let secrets = [n.as_bytes().to_vec(), URL_SAFE_NO_PAD.decode(&n).unwrap(), serde_json::to_vec(&public).unwrap()];
    let header = |alg: &str| URL_SAFE_NO_PAD.encode(json!({"typ": "JWT", "alg": alg, "kid": public.kid}).to_string());
    for secret in secrets {
        let message = format!("{}.{payload}", header("HS256"));
        let secret = EncodingKey::from_secret(&secret);
        let signature = crypto::sign(message.as_bytes(), &secret, Algorithm::HS256).unwrap();
        assert!(reason(&verifier, &format!("{message}.{signature}")).await.contains("alg"));
    }
    for alg in ["none", "None", "NONE", ""] {
        assert!(reason(&verifier, &format!("{}.{payload}.", header(alg))).await.contains("alg"));
    }
}

#[actix_web::test]
async fn neither_another_key_nor_another_issuer_will_do() {
    let (verifier, key) = development();
    let (_, stranger) = development();
    assert!(reason(&verifier, &stranger.mint(&request()).unwrap()).await.contains("signature"));
    let wrong = TokenRequest { issuer: "ftp://x".to_owned(), ..request() };
    assert!(reason(&verifier, &key.mint(&wrong).unwrap()).await.contains("issuer"));
    // A configured issuer's tokens need its keys, the development issuer's its own.
    let theirs = Theirs::new();
    let both = theirs.trusted(|config| config.dev = true);
    assert!(both.verify(&theirs.token(|_| ()), Audiences::PartnerCenter).await.is_ok());
    let posing = theirs.token(|claims| _ = claims.insert("iss".to_owned(), json!(format!("{ISSUER}/{CONTOSO}/"))));
    assert!(reason(&both, &posing).await.contains("no token was issued here"));
    // Without development powers nothing minted here counts.
    let (db, key) = with_key();
    let off = Verifier::new(db, &Config { dev: false, ..fixture::config() }).unwrap();
    assert!(reason(&off, &key.mint(&request()).unwrap()).await.contains("not trusted"));
}

#[actix_web::test]
async fn who_acts_alone_and_in_which_roles() {
    let theirs = Theirs::new();
    let map = [("group-1", Role::Admin), ("AdminAgents", Role::Admin), ("sellers", Role::Sales)];
    let map: Vec<_> = map.map(|(name, role)| (name.to_owned(), role)).into();
    let verifier = theirs.trusted(|config| config.role_map = map);
    let of = async |changes: Value| {
        let token = theirs.token(|claims| {
            claims.remove("upn");
            claims.remove("roles");
            claims.extend(changes.as_object().unwrap().clone());
        });
        verifier.verify(&token, Audiences::PartnerCenter).await.unwrap()
    };
    assert!(of(json!({})).await.app_only);
    assert!(of(json!({"idtyp": "app", "scp": "x"})).await.app_only);
    assert!(!of(json!({"idtyp": "user"})).await.app_only);
    assert!(!of(json!({"scp": "user_impersonation"})).await.app_only);
    assert!(!of(json!({"unique_name": "a@b"})).await.app_only);
    assert_eq!(of(json!({"preferred_username": "a@b"})).await.user_principal_name.as_deref(), Some("a@b"));
    assert_eq!(of(json!({"appid": null, "azp": "z"})).await.application_id.as_deref(), Some("z"));
    assert_eq!(of(json!({})).await.roles, []);
    assert_eq!(
        of(json!({"roles": "sellers", "groups": ["group-1", "AdminAgents", "x"]})).await.roles,
        [Role::Sales, Role::Admin]
    );
    assert_eq!(of(json!({"roles": ["adminagents"]})).await.roles, []);
}
