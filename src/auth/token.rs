//! Verification of bearer tokens: signed JWTs (RFC 7519) of the development issuer or of the
//! configured one. A token is read strictly before anything in it is believed, and a verified one
//! is remembered for a while, because checking a signature costs more than the rest of a request.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Utc;
use jsonwebtoken::Algorithm;
use quick_cache::sync::Cache;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::keys::{KeySet, Keys};
use super::signing::DevelopmentKey;
use crate::config::{Config, Role};
use crate::db::Db;
use crate::error::{Error, Result};
use crate::ids::Guid;

/// Audiences of Partner Center, as its clients ask for them.
const PARTNER_CENTER: [&str; 4] = [
    "https://api.partnercenter.microsoft.com",
    "fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd",
    "https://graph.windows.net",
    "00000002-0000-0000-c000-000000000000",
];
/// Audiences of Azure's resource manager.
const AZURE: [&str; 2] = ["https://management.azure.com", "https://management.core.windows.net"];
/// What `iss` may be made of, around the tenant id.
const TENANT_ID: &str = "{tenantid}";
/// How far an issuer's clock may be ahead, in seconds.
const NOT_BEFORE_LEEWAY: i64 = 60;
/// How many verified tokens are remembered, and for how long.
const REMEMBERED: usize = 4096;
const REMEMBERED_FOR: Duration = Duration::from_secs(60);

/// What a verified token says about its bearer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The tenant the bearer is signed in to.
    pub tenant_id: Guid,
    /// The user, or the application when it acts alone.
    pub object_id: Guid,
    /// The user's name.
    pub user_principal_name: Option<String>,
    /// The application through which the user acts, or that acts alone.
    pub application_id: Option<String>,
    /// Whether an application acts without a user.
    pub app_only: bool,
    /// The agent roles, each once.
    pub roles: Vec<Role>,
    /// From then on the token is no longer valid: seconds since 1970 by the system clock.
    pub expires_at: i64,
}

/// For which of its audiences a surface takes tokens.
#[derive(Clone, Copy, Debug)]
pub enum Audiences<'a> {
    /// Those of Partner Center.
    PartnerCenter,
    /// Those of Partner Center, Azure's resource manager and this server itself.
    Azure {
        /// Scheme and host of the request, as in `https://localhost:8443`.
        own_address: &'a str,
    },
}

/// Verifies tokens; one for the whole process.
pub struct Verifier {
    development: Option<DevelopmentKey>,
    configured: Option<(String, KeySet)>,
    audiences: Option<Vec<String>>,
    role_map: Vec<(String, Role)>,
    remembered: Cache<[u8; 32], Arc<Verified>>,
}

struct Verified {
    token: Arc<Token>,
    audiences: Vec<String>,
    at: Instant,
}

/// Whose key has to have signed a token.
enum Signer<'a> {
    Development(&'a DevelopmentKey),
    Configured(&'a KeySet),
}

impl Verifier {
    /// A verifier of the tokens that `config` trusts. Keys are read when they are first needed.
    ///
    /// # Errors
    /// None at present.
    pub fn new(db: Db, config: &Config) -> Result<Self> {
        let trimmed = |list: &Vec<String>| list.iter().map(|audience| without_slash(audience).to_owned()).collect();
        Ok(Self {
            development: config.dev.then(|| DevelopmentKey::new(db)),
            configured: config.issuer.clone().map(|trusted| (trusted.issuer, KeySet::new(trusted.keys))),
            audiences: config.audiences.as_ref().map(trimmed),
            role_map: config.role_map.clone(),
            remembered: Cache::new(REMEMBERED),
        })
    }

    /// What the token `bearer` (the credentials of `Authorization: Bearer`) says, if it is to be
    /// believed and meant for one of `audiences`.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] with the reason for the log, and [`Error::Unavailable`] when the
    /// keys to check it with cannot be had.
    pub async fn verify(&self, bearer: &str, audiences: Audiences<'_>) -> Result<Arc<Token>> {
        let mut key = [0; 32];
        key.copy_from_slice(digest::digest(&digest::SHA256, bearer.as_bytes()).as_ref());
        let verified = match self.remembered.get(&key) {
            Some(verified) if verified.at.elapsed() < REMEMBERED_FOR => verified,
            _ => {
                let verified = Arc::new(self.check(bearer).await?);
                self.remembered.insert(key, Arc::clone(&verified));
                verified
            }
        };
        if verified.token.expires_at <= Utc::now().timestamp() {
            return Err(refused("the token has expired"));
        }
        if !verified.audiences.iter().any(|audience| self.accepts(audience, audiences)) {
            return Err(refused(format!("the token is for {:?}", verified.audiences)));
        }
        Ok(Arc::clone(&verified.token))
    }

    /// Everything but expiry and audience, which a remembered token is asked again.
    async fn check(&self, bearer: &str) -> Result<Verified> {
        let jwt = Jwt::parse(bearer)?;
        let known = |typ: &str| ["jwt", "at+jwt"].iter().any(|known| typ.eq_ignore_ascii_case(known));
        if !jwt.typ.as_deref().is_none_or(known) {
            return Err(refused(format!("typ {:?} is none of an access token", jwt.typ)));
        }
        let claims = &jwt.claims;
        let (tenant_id, object_id) = (claims.guid("tid")?, claims.guid("oid")?);
        let issuer = claims.text("iss")?.ok_or_else(|| refused("iss is missing"))?;
        let signer = self.signer(issuer, &tenant_id)?;
        match signer {
            Signer::Configured(keys) => jwt.signed_by(&*keys.for_key_id(jwt.kid.as_deref()).await?)?,
            Signer::Development(key) => {
                let key = key.existing().await?.ok_or_else(|| refused("no token was issued here so far"))?;
                jwt.signed_by(key.keys())?;
            }
        }
        if claims.instant("nbf")?.is_some_and(|nbf| nbf > Utc::now().timestamp().saturating_add(NOT_BEFORE_LEEWAY)) {
            return Err(refused("the token is not valid yet"));
        }
        let names = [claims.text("upn")?, claims.text("preferred_username")?, claims.text("unique_name")?];
        let user = names.into_iter().flatten().next();
        let app_only = match claims.text("idtyp")? {
            Some(kind) => kind == "app",
            None => user.is_none() && claims.text("scp")?.is_none(),
        };
        let token = Token {
            tenant_id,
            object_id,
            user_principal_name: user.map(str::to_owned),
            application_id: claims.text("appid")?.or(claims.text("azp")?).map(str::to_owned),
            app_only,
            roles: self.roles(claims, matches!(signer, Signer::Development(_)))?,
            expires_at: claims.instant("exp")?.ok_or_else(|| refused("exp is missing"))?,
        };
        let audiences = claims.texts("aud")?.into_iter().map(str::to_owned).collect();
        Ok(Verified { token: Arc::new(token), audiences, at: Instant::now() })
    }

    /// Tokens issued here are known by their key; the issuer's name in them depends on the address
    /// at which the client found the server.
    fn signer(&self, issuer: &str, tenant_id: &Guid) -> Result<Signer<'_>> {
        if let Some((trusted, keys)) = &self.configured
            && is_issuer(trusted, issuer, tenant_id)
        {
            return Ok(Signer::Configured(keys));
        }
        match &self.development {
            Some(key) if ["/v2.0", "/"].iter().any(|end| is_development_issuer(issuer, end, tenant_id)) => {
                Ok(Signer::Development(key))
            }
            _ => Err(refused(format!("the issuer {issuer:?} is not trusted for the tenant {tenant_id}"))),
        }
    }

    /// The development issuer writes the roles' own names, whatever the configured one calls them.
    fn roles(&self, claims: &Members, development: bool) -> Result<Vec<Role>> {
        let mut roles = Vec::new();
        for value in claims.texts("roles")?.into_iter().chain(claims.texts("groups")?) {
            let mapped = self.role_map.iter().filter(|(name, _)| name == value).map(|(_, role)| *role);
            let own = Role::ALL.into_iter().filter(|role| development && role.group() == value);
            for role in mapped.chain(own) {
                if !roles.contains(&role) {
                    roles.push(role);
                }
            }
        }
        Ok(roles)
    }

    fn accepts(&self, audience: &str, audiences: Audiences<'_>) -> bool {
        let audience = without_slash(audience);
        if let Some(configured) = &self.audiences {
            return configured.iter().any(|accepted| accepted == audience);
        }
        PARTNER_CENTER.contains(&audience)
            || match audiences {
                Audiences::PartnerCenter => false,
                Audiences::Azure { own_address } => {
                    AZURE.contains(&audience) || without_slash(own_address).eq_ignore_ascii_case(audience)
                }
            }
    }
}

/// Whether `issuer` is `trusted`, in which `{tenantid}` stands for the token's own tenant.
fn is_issuer(trusted: &str, issuer: &str, tenant_id: &Guid) -> bool {
    match trusted.split_once(TENANT_ID) {
        None => issuer == trusted,
        Some((start, end)) => issuer
            .strip_prefix(start)
            .and_then(|rest| rest.strip_suffix(end))
            .and_then(Guid::parse)
            .is_some_and(|named| named == *tenant_id),
    }
}

fn is_development_issuer(issuer: &str, end: &str, tenant_id: &Guid) -> bool {
    let base = issuer.strip_suffix(end).and_then(|rest| rest.strip_suffix(tenant_id.as_str()));
    base.is_some_and(|base| base.starts_with("http") && base.ends_with('/'))
}

fn without_slash(address: &str) -> &str {
    address.strip_suffix('/').unwrap_or(address)
}

fn refused(reason: impl Into<String>) -> Error {
    Error::Unauthenticated(reason.into())
}

/// A JWT that is well formed; nothing in it is to be believed before [`Jwt::signed_by`].
pub(super) struct Jwt<'a> {
    /// Header member `typ`.
    pub typ: Option<String>,
    /// The claims.
    pub claims: Members,
    kid: Option<String>,
    algorithm: Algorithm,
    message: &'a str,
    signature: &'a str,
}

impl<'a> Jwt<'a> {
    /// Reads the compact form.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] unless it is three parts of unpadded base64url, the first two of
    /// them JSON objects without duplicate members, signed in a way that is understood here.
    pub fn parse(token: &'a str) -> Result<Self> {
        let malformed = || refused("not of the form of a signed JWT");
        let (message, signature) = token.rsplit_once('.').ok_or_else(malformed)?;
        let (header, claims) = message.split_once('.').ok_or_else(malformed)?;
        let (header, claims) = (Members::decode("header", header)?, Members::decode("payload", claims)?);
        if header.0.contains_key("crit") {
            return Err(refused("header crit names what is not understood here"));
        }
        let algorithm = match header.text("alg")? {
            Some("RS256") => Algorithm::RS256,
            Some("ES256") => Algorithm::ES256,
            other => return Err(refused(format!("alg {other:?} is not accepted"))),
        };
        let (typ, kid) = (header.text("typ")?.map(str::to_owned), header.text("kid")?.map(str::to_owned));
        Ok(Self { typ, claims, kid, algorithm, message, signature })
    }

    /// Checks the signature.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when none of `keys` made it.
    pub fn signed_by(&self, keys: &Keys) -> Result<()> {
        if keys.verify(self.kid.as_deref(), self.algorithm, self.message, self.signature) {
            return Ok(());
        }
        Err(refused(format!("no trusted signature (kid {:?})", self.kid)))
    }
}

/// A JSON object in which no member occurs twice: readers differ on which one holds.
pub(super) struct Members(Map<String, Value>);

impl Members {
    fn decode(part: &str, encoded: &str) -> Result<Self> {
        let json = URL_SAFE_NO_PAD.decode(encoded).map_err(|error| refused(format!("{part}: {error}")))?;
        serde_json::from_slice(&json).map_err(|error| refused(format!("{part}: {error}")))
    }

    /// A member that is text, if it is there; `null` counts as absent.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when it is something else.
    pub fn text(&self, name: &str) -> Result<Option<&str>> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(refused(format!("{name} is no text"))),
        }
    }

    /// A member that is a list of texts, or a lone one.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when it is something else.
    pub fn texts(&self, name: &str) -> Result<Vec<&str>> {
        match self.0.get(name) {
            Some(Value::Array(values)) => values
                .iter()
                .map(|value| value.as_str().ok_or_else(|| refused(format!("{name} is no list of texts"))))
                .collect(),
            _ => Ok(self.text(name)?.into_iter().collect()),
        }
    }

    /// A member that is a GUID.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when it is missing or something else.
    pub fn guid(&self, name: &str) -> Result<Guid> {
        self.text(name)?.and_then(Guid::parse).ok_or_else(|| refused(format!("{name} is no GUID")))
    }

    /// A member that is an instant, if it is there: whole seconds since 1970.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when it is no number, or out of all range.
    pub fn instant(&self, name: &str) -> Result<Option<i64>> {
        let Some(value) = self.0.get(name).filter(|value| !value.is_null()) else { return Ok(None) };
        let seconds = value.as_i64().or_else(|| {
            let text = value.as_number()?.to_string();
            let exact = text.parse::<Decimal>().or_else(|_| Decimal::from_scientific(&text)).ok()?;
            exact.floor().to_i64()
        });
        seconds.map(Some).ok_or_else(|| refused(format!("{name} is no instant")))
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> std::result::Result<Members, A::Error> {
                let mut members = Map::new();
                while let Some((name, value)) = access.next_entry::<String, Value>()? {
                    if members.contains_key(&name) {
                        return Err(A::Error::custom(format!("{name} occurs twice")));
                    }
                    members.insert(name, value);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

#[cfg(test)]
mod tests;
