//! The development issuer: token endpoints and discovery documents as clients of Microsoft's
//! identity platform expect them. It signs in the people and applications in the database with
//! any password or secret, so that it has its place with development powers alone.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::Utc;
use serde_json::{Map, Value, json};

use super::signing::{DevelopmentKey, ISSUER, LIFETIME, PARTNER_CENTER, SigningKey, TokenRequest, Version};
use super::token::{Jwt, Token};
use crate::config::Role;
use crate::customers::{self, RelationshipState};

use crate::db::{Conn, Db};
use crate::error::{Error, Result};
use crate::ids::Guid;
use crate::partners::{self, Partner};
use crate::principals::{self, Principal, PrincipalKind};

/// The largest form that is read, in bytes.
const FORM_LIMIT: usize = 64 * 1024;
/// What tells a refresh token from an access token, and how long it is valid, in seconds.
const REFRESH_TYPE: &str = "refresh+jwt";
const REFRESH_AUDIENCE: &str = "urn:reservoir:refresh-token";
const REFRESH_LIFETIME: i64 = 90 * 86_400;
/// Scopes that name no resource.
const OPENID_SCOPES: [&str; 4] = ["openid", "profile", "offline_access", "email"];
/// Stand for the tenant of whoever signs in.
const SHARED_TENANTS: [&str; 2] = ["common", "organizations"];

/// The issuer; shared by all workers as `web::Data<Issuer>`.
pub struct Issuer {
    db: Db,
    key: DevelopmentKey,
}

/// Registers the issuer's routes.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/{tenant}/oauth2/token").route(web::post().to(token_v1)).default_service(only("POST")))
        .service(
            web::resource("/{tenant}/oauth2/v2.0/token").route(web::post().to(token_v2)).default_service(only("POST")),
        )
        .service(
            web::resource("/{tenant}/.well-known/openid-configuration")
                .route(web::get().to(discovery_v1))
                .default_service(only("GET")),
        )
        .service(
            web::resource("/{tenant}/v2.0/.well-known/openid-configuration")
                .route(web::get().to(discovery_v2))
                .default_service(only("GET")),
        )
        .service(
            web::resource(["/{tenant}/discovery/keys", "/{tenant}/discovery/v2.0/keys"])
                .route(web::get().to(keys))
                .default_service(only("GET")),
        )
        .service(
            web::resource("/{tenant}/userrealm/{user}").route(web::get().to(user_realm)).default_service(only("GET")),
        );
}

/// Answers every other method.
fn only(allow: &'static str) -> actix_web::Route {
    web::to(move || async move {
        HttpResponse::MethodNotAllowed()
            .insert_header((header::ALLOW, allow))
            .json(json!({"error": "method not allowed"}))
    })
}

async fn token_v1(
    request: HttpRequest,
    tenant: web::Path<String>,
    body: web::Payload,
    issuer: web::Data<Issuer>,
) -> HttpResponse {
    answer(&request, issuer.grant(Version::V1, &tenant, &request, body).await)
}

async fn token_v2(
    request: HttpRequest,
    tenant: web::Path<String>,
    body: web::Payload,
    issuer: web::Data<Issuer>,
) -> HttpResponse {
    answer(&request, issuer.grant(Version::V2, &tenant, &request, body).await)
}

async fn discovery_v1(request: HttpRequest, tenant: web::Path<String>, issuer: web::Data<Issuer>) -> HttpResponse {
    answer(&request, issuer.discovery(Version::V1, &base(&request), tenant.into_inner()).await)
}

async fn discovery_v2(request: HttpRequest, tenant: web::Path<String>, issuer: web::Data<Issuer>) -> HttpResponse {
    answer(&request, issuer.discovery(Version::V2, &base(&request), tenant.into_inner()).await)
}

async fn keys(request: HttpRequest, issuer: web::Data<Issuer>) -> HttpResponse {
    let key = issuer.key.existing_or_new().await;
    answer(&request, key.map(|key| json!({"keys": [key.public()]})).map_err(Failure::from))
}

/// Some clients ask first whether a user signs in with a password here.
async fn user_realm(path: web::Path<(String, String)>) -> HttpResponse {
    let (_, user) = path.into_inner();
    HttpResponse::Ok().json(json!({
        "ver": "1.0",
        "account_type": "Managed",
        "domain_name": domain(&user),
        "cloud_instance_name": "reservoir",
        "cloud_audience_urn": "urn:federation:MicrosoftOnline",
    }))
}

/// Scheme and host by which the client reached the server. Tokens and documents name the issuer by
/// it, because clients compare it with the address they were given.
fn base(request: &HttpRequest) -> String {
    let connection = request.connection_info();
    format!("{}://{}", connection.scheme(), connection.host())
}

fn domain(user: &str) -> &str {
    user.rsplit_once('@').map_or("", |(_, domain)| domain)
}

/// Why a token is not given.
#[derive(Debug)]
struct Refused {
    status: StatusCode,
    error: &'static str,
    code: u32,
    text: String,
}

enum Failure {
    Refused(Refused),
    Server(Error),
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Server(error)
    }
}

type Outcome<T> = std::result::Result<T, Failure>;

fn refused(error: &'static str, code: u32, text: impl Into<String>) -> Refused {
    let status = if error == "invalid_client" { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
    Refused { status, error, code, text: text.into() }
}

fn missing(parameter: &str) -> Refused {
    refused(
        "invalid_request",
        900_144,
        format!("The request body must contain the following parameter: '{parameter}'."),
    )
}

fn unknown_tenant(tenant: &str) -> Refused {
    refused(
        "invalid_request",
        90_002,
        format!("Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID or domain."),
    )
}

fn unknown_user(user: &str, tenant: &str) -> Refused {
    refused("invalid_grant", 50_034, format!("The user account {user} does not exist in the {tenant} directory."))
}

fn unknown_application(application: &str, tenant: &str) -> Refused {
    let text = format!("Application with identifier '{application}' was not found in the directory '{tenant}'.");
    refused("unauthorized_client", 700_016, text)
}

/// The answer in OAuth's form.
fn answer(request: &HttpRequest, outcome: Outcome<Value>) -> HttpResponse {
    let refused = match outcome {
        Ok(body) => {
            return HttpResponse::Ok()
                .insert_header((header::CACHE_CONTROL, "no-store"))
                .insert_header((header::PRAGMA, "no-cache"))
                .json(body);
        }
        Err(Failure::Refused(refused)) => refused,
        Err(Failure::Server(Error::Unavailable)) => Refused {
            status: StatusCode::SERVICE_UNAVAILABLE,
            ..refused("temporarily_unavailable", 90_033, "A transient error has occurred. Please try again.")
        },
        Err(Failure::Server(error)) => {
            tracing::error!(?error, "the token issuer failed");
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            Refused { status, ..refused("server_error", 90_000, "An unexpected error occurred.") }
        }
    };
    let header = request.headers().get("client-request-id").and_then(|value| value.to_str().ok());
    let (trace, correlation) = (Guid::random(), header.and_then(Guid::parse).unwrap_or_else(Guid::random));
    let timestamp = Utc::now().format("%Y-%m-%d %H:%M:%SZ").to_string();
    let Refused { status, error, code, text } = refused;
    let mut response = HttpResponse::build(status);
    response.insert_header((header::CACHE_CONTROL, "no-store")).insert_header((header::PRAGMA, "no-cache"));
    if status == StatusCode::UNAUTHORIZED {
        response.insert_header((header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"reservoir\"")));
    }
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.insert_header((header::RETRY_AFTER, "1"));
    }
    response.json(json!({
        "error": error,
        "error_description":
            format!("AADSTS{code}: {text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {timestamp}"),
        "error_codes": [code],
        "timestamp": timestamp,
        "trace_id": trace,
        "correlation_id": correlation,
    }))
}

/// The parameters of a token request; one without a value counts as absent.
struct Form(BTreeMap<String, String>);

impl Form {
    async fn read(body: web::Payload) -> Outcome<Self> {
        let text = match body.to_bytes_limited(FORM_LIMIT).await {
            Ok(Ok(text)) => text,
            Ok(Err(error)) => return Err(refused("invalid_request", 90_014, error.to_string()).into()),
            Err(_) => {
                let large = refused("invalid_request", 90_013, format!("The form is larger than {FORM_LIMIT} bytes."));
                return Err(Refused { status: StatusCode::PAYLOAD_TOO_LARGE, ..large }.into());
            }
        };
        let mut form = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(&text).filter(|(_, value)| !value.is_empty()) {
            if form.insert(name.to_string(), value.into_owned()).is_some() {
                return Err(refused("invalid_request", 90_013, format!("The parameter '{name}' occurs twice.")).into());
            }
        }
        Ok(Self(form))
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    fn require(&self, name: &str) -> Outcome<&str> {
        self.get(name).ok_or_else(|| missing(name).into())
    }

    fn scopes(&self) -> impl Iterator<Item = &str> {
        self.get("scope").unwrap_or_default().split_whitespace()
    }

    /// The audience that is asked for: version 1 names a resource, version 2 permissions on one.
    fn audience(&self) -> String {
        self.get("resource")
            .or_else(|| self.scopes().filter(|scope| !OPENID_SCOPES.contains(scope)).find_map(resource))
            .unwrap_or(PARTNER_CENTER)
            .to_owned()
    }
}

/// The resource of a scope such as `https://api.partnercenter.microsoft.com/user_impersonation`.
fn resource(scope: &str) -> Option<&str> {
    let host = scope.find("://").map_or(0, |at| at + 3);
    match scope.rfind('/') {
        Some(slash) if slash >= host => scope.get(..slash),
        _ if host > 0 || Guid::parse(scope).is_some() => Some(scope),
        _ => None,
    }
}

/// Id and secret in `Authorization: Basic`.
fn basic(request: &HttpRequest) -> Option<(String, String)> {
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    let decoded = STANDARD.decode(encoded.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let (id, secret) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

/// Who asks for a token.
enum Caller {
    User(String),
    Application(String),
    /// The object id and the tenant in a refresh token.
    Earlier(Guid, Guid),
}

/// Who a token will be for.
struct Identity {
    tenant_id: Guid,
    principal: Principal,
    application_id: Option<String>,
}

impl Identity {
    fn is_application(&self) -> bool {
        self.principal.kind == PrincipalKind::Application
    }

    fn user_principal_name(&self) -> Option<String> {
        (!self.is_application()).then(|| self.principal.name.clone())
    }
}

impl Issuer {
    /// The issuer of the people and applications in `db`; its key is made when it is first needed.
    pub fn new(db: Db) -> Self {
        Self { key: DevelopmentKey::new(db.clone()), db }
    }

    /// A token of the same bearer for Partner Center and how many seconds it is valid, which is no
    /// longer than `token` is.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn exchange(&self, token: &Token) -> Result<(String, i64)> {
        let now = Utc::now().timestamp();
        let lifetime = token.expires_at.saturating_sub(now).clamp(0, LIFETIME);
        let request = TokenRequest {
            issuer: ISSUER.to_owned(),
            version: Version::V1,
            audience: PARTNER_CENTER.to_owned(),
            tenant_id: token.tenant_id.clone(),
            object_id: token.object_id.clone(),
            user_principal_name: token.user_principal_name.clone(),
            application_id: token.application_id.clone(),
            app_only: token.app_only,
            roles: token.roles.clone(),
            issued_at: now,
            lifetime,
        };
        Ok((self.key.existing_or_new().await?.mint(&request)?, lifetime))
    }

    async fn grant(&self, version: Version, tenant: &str, request: &HttpRequest, body: web::Payload) -> Outcome<Value> {
        let form = Form::read(body).await?;
        let (basic_id, basic_secret) = basic(request).unzip();
        let mut client_id = form.get("client_id").map(str::to_owned).or(basic_id.filter(|id| !id.is_empty()));
        let key = self.key.existing_or_new().await?;
        let caller = match form.require("grant_type")? {
            "password" => {
                let user = form.require("username")?.trim().to_owned();
                form.require("password")?;
                Caller::User(user)
            }
            "client_credentials" => {
                let id = client_id.clone().ok_or_else(|| missing("client_id"))?;
                let secret = form.get("client_secret").or(form.get("client_assertion"));
                if secret.or(basic_secret.as_deref()).is_none_or(str::is_empty) {
                    let text =
                        "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
                    return Err(refused("invalid_client", 7_000_218, text).into());
                }
                Caller::Application(id)
            }
            "refresh_token" => {
                let (object_id, tenant_id, application) = refreshed(&key, form.require("refresh_token")?)?;
                client_id = client_id.or(application);
                Caller::Earlier(object_id, tenant_id)
            }
            other => {
                let text = format!("The app requested an unsupported grant type '{other}'.");
                return Err(refused("unsupported_grant_type", 70_003, text).into());
            }
        };
        let (tenant, client) = (tenant.to_owned(), client_id.clone());
        let identity = self.db.read(move |unit| match sign_in(unit.conn, &tenant, &caller, client.as_deref()) {
            Ok(identity) => Ok(Ok(identity)),
            Err(Failure::Refused(refused)) => Ok(Err(refused)),
            Err(Failure::Server(error)) => Err(error),
        });
        let identity = identity.await??;
        respond(&key, version, base(request), &form, &identity, client_id)
    }

    async fn discovery(&self, version: Version, base: &str, tenant: String) -> Outcome<Value> {
        let name = tenant.clone();
        let tenant = match SHARED_TENANTS.into_iter().find(|shared| shared.eq_ignore_ascii_case(&tenant)) {
            Some(shared) => shared.to_owned(),
            None => {
                let found = self.db.read(move |unit| find_tenant(unit.conn, &name)).await?;
                found
                    .map(|found| found.id().to_string())
                    .ok_or_else(|| Refused { error: "invalid_tenant", ..unknown_tenant(&tenant) })?
            }
        };
        let named = if SHARED_TENANTS.contains(&tenant.as_str()) { "{tenantid}" } else { &tenant };
        let (oauth, keys) = match version {
            Version::V1 => ("oauth2", "discovery/keys"),
            Version::V2 => ("oauth2/v2.0", "discovery/v2.0/keys"),
        };
        Ok(json!({
            "issuer": version.issuer(base, named),
            "token_endpoint": format!("{base}/{tenant}/{oauth}/token"),
            "authorization_endpoint": format!("{base}/{tenant}/{oauth}/authorize"),
            "jwks_uri": format!("{base}/{tenant}/{keys}"),
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic", "private_key_jwt"],
            "grant_types_supported": ["password", "client_credentials", "refresh_token"],
            "response_types_supported": ["token", "id_token"],
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": OPENID_SCOPES,
            "claims_supported":
                ["sub", "iss", "aud", "exp", "iat", "nbf", "tid", "oid", "upn", "preferred_username", "ver", "idtyp", "roles"],
        }))
    }
}

fn respond(
    key: &SigningKey,
    version: Version,
    issuer: String,
    form: &Form,
    identity: &Identity,
    client_id: Option<String>,
) -> Outcome<Value> {
    let now = Utc::now().timestamp();
    let audience = form.audience();
    let principal = &identity.principal;
    let access = key.mint(&TokenRequest {
        issuer: issuer.clone(),
        version,
        audience: audience.clone(),
        tenant_id: identity.tenant_id.clone(),
        object_id: principal.object_id.clone(),
        user_principal_name: identity.user_principal_name(),
        application_id: identity.application_id.clone(),
        app_only: identity.is_application(),
        roles: principal.agent_role.map(Role::from).into_iter().collect(),
        issued_at: now,
        lifetime: LIFETIME,
    })?;
    let mut answer = Map::new();
    let mut put = |name: &str, value: Value| answer.insert(name.to_owned(), value);
    put("token_type", json!("Bearer"));
    match version {
        Version::V1 => {
            put("expires_in", json!(LIFETIME.to_string()));
            put("ext_expires_in", json!(LIFETIME.to_string()));
            put("expires_on", json!((now + LIFETIME).to_string()));
            put("not_before", json!(now.to_string()));
            put("resource", json!(audience));
        }
        Version::V2 => {
            put("expires_in", json!(LIFETIME));
            put("ext_expires_in", json!(LIFETIME));
        }
    }
    put("access_token", json!(access));
    if identity.is_application() {
        return Ok(answer.into());
    }
    put(
        "scope",
        match version {
            Version::V1 => json!("user_impersonation"),
            Version::V2 => json!(format!("{audience}/user_impersonation")),
        },
    );
    let subject = json!({
        "iss": version.issuer(&issuer, identity.tenant_id.as_str()),
        "tid": identity.tenant_id,
        "oid": principal.object_id,
        "sub": principal.object_id,
        "iat": now,
        "nbf": now,
        "jti": Guid::random(),
    });
    let with = |more: Value| {
        let both = [subject.clone(), more].into_iter().filter_map(|part| part.as_object().cloned()).flatten();
        both.collect::<Map<String, Value>>()
    };
    let refresh = with(json!({
        "aud": REFRESH_AUDIENCE,
        "exp": now + REFRESH_LIFETIME,
        "appid": identity.application_id,
    }));
    put("refresh_token", json!(key.sign(REFRESH_TYPE, &refresh)?));
    if form.scopes().any(|scope| scope == "openid") {
        let id = with(json!({
            "aud": client_id.or_else(|| identity.application_id.clone()),
            "exp": now + LIFETIME,
            "name": principal.display_name,
            "preferred_username": principal.name,
            "ver": "2.0",
        }));
        put("id_token", json!(key.sign("JWT", &id)?));
    }
    if form.get("client_info") == Some("1") {
        let info = json!({"uid": principal.object_id, "utid": principal.tenant_id}).to_string();
        put("client_info", json!(URL_SAFE_NO_PAD.encode(info)));
    }
    Ok(answer.into())
}

/// The object id, tenant and application in a refresh token of ours.
fn refreshed(key: &SigningKey, token: &str) -> Outcome<(Guid, Guid, Option<String>)> {
    let read = || -> Result<_> {
        let jwt = Jwt::parse(token)?;
        jwt.signed_by(key.keys())?;
        if jwt.typ.as_deref() != Some(REFRESH_TYPE) || jwt.claims.text("aud")? != Some(REFRESH_AUDIENCE) {
            return Err(Error::Unauthenticated("no refresh token".to_owned()));
        }
        let (expires, application) = (jwt.claims.instant("exp")?, jwt.claims.text("appid")?.map(str::to_owned));
        Ok((expires, (jwt.claims.guid("oid")?, jwt.claims.guid("tid")?, application)))
    };
    match read() {
        Ok((Some(expires), bearer)) if expires > Utc::now().timestamp() => Ok(bearer),
        Ok(_) => Err(refused("invalid_grant", 700_082, "The refresh token has expired.").into()),
        Err(Error::Unauthenticated(reason)) => {
            tracing::info!(reason, "refresh token refused");
            Err(refused(
                "invalid_grant",
                70_000,
                "The provided value for the input parameter 'refresh_token' is not valid.",
            )
            .into())
        }
        Err(error) => Err(error.into()),
    }
}

/// A tenant that can be signed in to.
pub(crate) enum Tenant {
    /// A partner's.
    Partner(Partner),
    /// A customer's, by its id.
    Customer(Guid),
}

impl Tenant {
    /// The tenant id.
    pub(crate) fn id(&self) -> &Guid {
        match self {
            Self::Partner(partner) => &partner.id,
            Self::Customer(id) => id,
        }
    }
}

/// The tenant with this id or domain (any letter case).
///
/// # Errors
/// Those of the database.
pub(crate) fn find_tenant(conn: &mut Conn, name: &str) -> Result<Option<Tenant>> {
    if name.contains('\0') {
        return Ok(None); // PostgreSQL takes no such text
    }
    let id = Guid::parse(name);
    let partner = match &id {
        Some(id) => partners::repo::by_id(conn, id)?,
        None => partners::repo::by_domain(conn, name)?,
    };
    if let Some(partner) = partner {
        return Ok(Some(Tenant::Partner(partner)));
    }
    let customer = match id {
        Some(id) => customers::repo::exists(conn, &id)?.then_some(id),
        None => customers::repo::id_of_domain(conn, &name.to_lowercase())?,
    };
    Ok(customer.map(Tenant::Customer))
}

fn sign_in(conn: &mut Conn, tenant_name: &str, caller: &Caller, client_id: Option<&str>) -> Outcome<Identity> {
    let shared = SHARED_TENANTS.iter().any(|shared| shared.eq_ignore_ascii_case(tenant_name));
    let tenant_name = match caller {
        Caller::User(user) if shared => domain(user),
        Caller::Earlier(_, tenant_id) if shared => tenant_id.as_str(),
        _ => tenant_name,
    };
    let tenant = find_tenant(conn, tenant_name)?.ok_or_else(|| unknown_tenant(tenant_name))?;
    let (principal, unknown) = match caller {
        Caller::User(user) => (find_user(conn, &tenant, user)?, unknown_user(user, tenant_name)),
        Caller::Application(id) => (find_application(conn, tenant.id(), id)?, unknown_application(id, tenant_name)),
        Caller::Earlier(id, _) => (principals::repo::by_object_id(conn, id)?, unknown_user(id.as_str(), tenant_name)),
    };
    let principal = match principal {
        Some(principal) if belongs(conn, &principal, &tenant)? => principal,
        _ => return Err(unknown.into()),
    };
    let application_id = match (principal.kind, client_id, principal.agent_role) {
        (PrincipalKind::Application, _, _) => Some(principal.object_id.to_string()),
        (PrincipalKind::User, Some(id), _) => {
            let known = find_application(conn, &principal.tenant_id, id)?;
            Some(known.map_or_else(|| id.to_owned(), |known| known.object_id.to_string()))
        }
        (PrincipalKind::User, None, Some(role)) => {
            let own = find_application(conn, &principal.tenant_id, &format!("{role}-agent"))?;
            own.map(|own| own.object_id.to_string())
        }
        (PrincipalKind::User, None, None) => None,
    };
    Ok(Identity { tenant_id: tenant.id().clone(), principal, application_id })
}

/// The user of this name, in the tenant or (a partner's agent at a customer) where its domain says.
fn find_user(conn: &mut Conn, tenant: &Tenant, name: &str) -> Result<Option<Principal>> {
    if name.contains('\0') {
        return Ok(None);
    }
    let mut found = principals::repo::by_name(conn, tenant.id(), name)?;
    if found.is_none()
        && let Some(home) = find_tenant(conn, domain(name))?
    {
        found = principals::repo::by_name(conn, home.id(), name)?;
    }
    Ok(found.filter(|principal| principal.kind == PrincipalKind::User))
}

/// The application with this id, or of this alias in the tenant.
pub(crate) fn find_application(conn: &mut Conn, tenant_id: &Guid, id: &str) -> Result<Option<Principal>> {
    let found = match Guid::parse(id) {
        Some(id) => principals::repo::by_object_id(conn, &id)?,
        None if id.contains('\0') => None,
        None => principals::repo::by_name(conn, tenant_id, id)?,
    };
    Ok(found.filter(|principal| principal.kind == PrincipalKind::Application))
}

/// Whether the principal may sign in to the tenant: its own, or that of a customer of its partner.
fn belongs(conn: &mut Conn, principal: &Principal, tenant: &Tenant) -> Result<bool> {
    match tenant {
        _ if principal.tenant_id == *tenant.id() => Ok(true),
        Tenant::Customer(customer) if principal.agent_role.is_some() => {
            let state = customers::repo::state_of(conn, &principal.tenant_id, customer)?;
            Ok(state == Some(RelationshipState::Active))
        }
        _ => Ok(false),
    }
}

#[cfg(test)]
mod tests;
