//! The development issuer's key and the tokens it makes. The key is an RSA key, made when it is
//! first needed and kept in the database, so that every replica and every command shares it.

use std::sync::{Arc, OnceLock};

use jsonwebtoken::jwk::{AlgorithmParameters, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;

use super::keys::{Jwk, Keys};
use crate::config::Role;
use crate::db::{Conn, Db, setting, store_setting};
use crate::error::{Error, Result};
use crate::ids::Guid;

/// Under this name the key is kept, as PKCS #8 in PEM.
const SETTING: &str = "dev_signing_key";
/// What issued a token that did not come over HTTP; otherwise it is the address the client used.
pub const ISSUER: &str = "https://sts.reservoir.local";
/// The audience of a token when none is asked for.
pub const PARTNER_CENTER: &str = "https://api.partnercenter.microsoft.com";
/// How long a token is valid when nothing else is asked for, in seconds.
pub const LIFETIME: i64 = 3600;

/// Which form of token is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// `ver` 1.0: the application is named by `appid`.
    V1,
    /// `ver` 2.0: the application is named by `azp`.
    V2,
}

impl Version {
    /// The name of the issuer of this form for a tenant; `base` is scheme and host.
    pub fn issuer(self, base: &str, tenant: &str) -> String {
        match self {
            Self::V1 => format!("{base}/{tenant}/"),
            Self::V2 => format!("{base}/{tenant}/v2.0"),
        }
    }
}

/// Everything that a token is to say.
#[derive(Clone, Debug)]
pub struct TokenRequest {
    /// Scheme and host of the issuer, as in [`ISSUER`].
    pub issuer: String,
    /// The form.
    pub version: Version,
    /// For whom the token is.
    pub audience: String,
    /// The tenant signed in to.
    pub tenant_id: Guid,
    /// The user, or the application when it acts alone.
    pub object_id: Guid,
    /// The user's name.
    pub user_principal_name: Option<String>,
    /// The application.
    pub application_id: Option<String>,
    /// Whether the application acts without a user.
    pub app_only: bool,
    /// The agent roles.
    pub roles: Vec<Role>,
    /// When the token starts to be valid: seconds since 1970.
    pub issued_at: i64,
    /// How long it is valid, in seconds.
    pub lifetime: i64,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: String,
    aud: &'a str,
    tid: &'a Guid,
    oid: &'a Guid,
    sub: &'a Guid,
    iat: i64,
    nbf: i64,
    exp: i64,
    ver: &'static str,
    idtyp: &'static str,
    jti: Guid,
    #[serde(skip_serializing_if = "Option::is_none")]
    appid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    azp: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upn: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unique_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    preferred_username: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scp: Option<&'static str>,
    /// How the user signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    amr: Option<[&'static str; 2]>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    roles: Vec<&'static str>,
}

/// The key with what belongs to it.
pub struct SigningKey {
    private: EncodingKey,
    public: Jwk,
    keys: Keys,
}

impl SigningKey {
    /// The key that the database holds.
    ///
    /// # Errors
    /// Those of the database.
    pub fn load(conn: &mut Conn) -> Result<Option<Self>> {
        setting(conn, SETTING)?.as_deref().map(Self::from_pem).transpose()
    }

    /// The key that the database holds; makes one if there is none. Blocks, so that it has no
    /// place on an async thread.
    ///
    /// # Errors
    /// Those of the database.
    pub fn load_or_make(db: &Db) -> Result<Self> {
        if let Some(key) = db.read_now(|unit| Self::load(unit.conn))? {
            return Ok(key);
        }
        let made = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048)
            .map_err(|error| Error::Internal(format!("signing key: {error}")))?
            .serialize_pem();
        let kept = db.write_now("keep signing key", move |unit| {
            // Another process may have been first; its key holds.
            if let Some(kept) = setting(unit.conn, SETTING)? {
                return Ok(kept);
            }
            store_setting(unit.conn, SETTING, &made)?;
            Ok(made.clone())
        })?;
        Self::from_pem(&kept)
    }

    fn from_pem(pem: &str) -> Result<Self> {
        let private = EncodingKey::from_rsa_pem(pem.as_bytes()).map_err(defect)?;
        let jwk = jsonwebtoken::jwk::Jwk::from_encoding_key(&private, Algorithm::RS256).map_err(defect)?;
        let AlgorithmParameters::RSA(numbers) = &jwk.algorithm else {
            return Err(Error::Internal("signing key: not RSA".to_owned()));
        };
        let public = Jwk {
            kty: "RSA".to_owned(),
            usage: Some("sig".to_owned()),
            alg: Some("RS256".to_owned()),
            kid: Some(jwk.thumbprint(ThumbprintHash::SHA256).map_err(defect)?),
            n: Some(numbers.n.clone()),
            e: Some(numbers.e.clone()),
            ..Jwk::default()
        };
        let keys = Keys::of([public.clone()]);
        Ok(Self { private, public, keys })
    }

    /// The public half, as it is published.
    pub fn public(&self) -> &Jwk {
        &self.public
    }

    /// The public half, to check signatures with.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// An access token.
    ///
    /// # Errors
    /// [`Error::Internal`] when it cannot be signed.
    pub fn mint(&self, request: &TokenRequest) -> Result<String> {
        let v1 = request.version == Version::V1;
        let (application, user) = (request.application_id.as_deref(), request.user_principal_name.as_deref());
        let claims = Claims {
            iss: request.version.issuer(&request.issuer, request.tenant_id.as_str()),
            aud: &request.audience,
            tid: &request.tenant_id,
            oid: &request.object_id,
            sub: &request.object_id,
            iat: request.issued_at,
            nbf: request.issued_at,
            exp: request.issued_at.saturating_add(request.lifetime),
            ver: if v1 { "1.0" } else { "2.0" },
            idtyp: if request.app_only { "app" } else { "user" },
            jti: Guid::random(),
            appid: application.filter(|_| v1),
            azp: application.filter(|_| !v1),
            upn: user,
            unique_name: user.filter(|_| v1),
            preferred_username: user.filter(|_| !v1),
            scp: (!request.app_only).then_some("user_impersonation"),
            amr: (!request.app_only).then_some(["pwd", "mfa"]),
            roles: request.roles.iter().map(|role| role.group()).collect(),
        };
        self.sign("JWT", &claims)
    }

    /// A signed JWT of the type `typ`.
    ///
    /// # Errors
    /// [`Error::Internal`] when it cannot be signed.
    pub fn sign<T: Serialize>(&self, typ: &str, claims: &T) -> Result<String> {
        let mut header = Header::new(Algorithm::RS256);
        header.typ = Some(typ.to_owned());
        header.kid.clone_from(&self.public.kid);
        jsonwebtoken::encode(&header, claims, &self.private).map_err(defect)
    }
}

fn defect(error: jsonwebtoken::errors::Error) -> Error {
    Error::Internal(format!("signing key: {error}"))
}

/// The key of a database, read once.
pub struct DevelopmentKey {
    db: Db,
    key: OnceLock<Arc<SigningKey>>,
}

impl DevelopmentKey {
    /// The key of `db`, which is not touched yet.
    pub fn new(db: Db) -> Self {
        Self { db, key: OnceLock::new() }
    }

    /// The key, if one was made before.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn existing(&self) -> Result<Option<Arc<SigningKey>>> {
        if let Some(key) = self.key.get() {
            return Ok(Some(Arc::clone(key)));
        }
        let key = self.db.read(|unit| SigningKey::load(unit.conn)).await?;
        Ok(key.map(|key| Arc::clone(self.key.get_or_init(|| Arc::new(key)))))
    }

    /// The key, made now if there is none.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn existing_or_new(&self) -> Result<Arc<SigningKey>> {
        if let Some(key) = self.existing().await? {
            return Ok(key);
        }
        let db = self.db.clone();
        let key = tokio::task::spawn_blocking(move || SigningKey::load_or_make(&db))
            .await
            .map_err(|error| Error::Internal(format!("signing key: {error}")))??;
        Ok(Arc::clone(self.key.get_or_init(|| Arc::new(key))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::fixture;

    #[test]
    fn whoever_is_first_makes_the_key_and_everybody_has_it() {
        let db = fixture::empty();
        assert!(db.read_now(|unit| SigningKey::load(unit.conn)).unwrap().is_none());
        let names: Vec<_> = std::thread::scope(|scope| {
            let make = || scope.spawn(|| SigningKey::load_or_make(&db).unwrap().public().kid.clone().unwrap());
            [make(), make(), make()].map(|thread| thread.join().unwrap()).into()
        });
        assert!(names.iter().all(|name| *name == names[0]), "{names:?}");
        assert_eq!(names[0].len(), 43);
    }
}
