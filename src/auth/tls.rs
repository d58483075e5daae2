//! HTTPS: the operator's own certificate, or one of a local certificate authority that is made
//! once, kept in the database and known to nobody else. (`reservoir token --ca` prints it.)

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use chrono::Utc;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde::{Deserialize, Serialize};

use crate::db::{Conn, Db, setting, store_setting};
use crate::error::{Error, Result};

/// Under this name both certificates and their keys are kept.
const SETTING: &str = "dev_tls";
/// For whom the server's certificate is.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
const DAY: u64 = 86_400;
/// Validity in days. More than 825 some clients refuse in a server's certificate.
const CA_DAYS: u64 = 3650;
const SERVER_DAYS: u64 = 824;
/// A certificate with fewer days left than this is replaced.
const RENEW_DAYS: i64 = 30;

/// HTTPS of the local certificate authority.
pub struct DevTls {
    /// The authority's certificate, for clients to trust.
    pub ca_pem: String,
    /// What to serve with.
    pub server_config: ServerConfig,
}

/// Certificates and keys, all in PEM.
#[derive(Clone, Serialize, Deserialize)]
struct Kept {
    ca: String,
    ca_key: String,
    certificate: String,
    key: String,
    /// Seconds since 1970.
    expires: i64,
}

impl Kept {
    fn read(conn: &mut Conn) -> Result<Option<Self>> {
        Ok(setting(conn, SETTING)?.as_deref().map(serde_json::from_str).transpose()?)
    }

    fn is_fresh(&self) -> bool {
        self.expires > Utc::now().timestamp().saturating_add(RENEW_DAYS * 86_400)
    }

    fn make() -> Result<Self, rcgen::Error> {
        let key = KeyPair::generate()?;
        let ca = ca_params()?.self_signed(&key)?;
        Self { ca: ca.pem(), ca_key: key.serialize_pem(), certificate: String::new(), key: String::new(), expires: 0 }
            .renewed()
    }

    /// The same authority with a new certificate for the server.
    fn renewed(&self) -> Result<Self, rcgen::Error> {
        let authority = Issuer::new(ca_params()?, KeyPair::from_pem(&self.ca_key)?);
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(NAMES.map(str::to_owned))?;
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "localhost");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        validity(&mut params, SERVER_DAYS);
        let expires = params.not_after.unix_timestamp();
        let certificate = params.signed_by(&key, &authority)?.pem();
        Ok(Self { certificate, key: key.serialize_pem(), expires, ..self.clone() })
    }

    fn server_config(&self) -> Result<ServerConfig, rustls::Error> {
        let wrong = |error: rustls::pki_types::pem::Error| rustls::Error::General(error.to_string());
        let chain =
            CertificateDer::pem_slice_iter(self.certificate.as_bytes()).collect::<Result<_, _>>().map_err(wrong)?;
        server_config(chain, PrivateKeyDer::from_pem_slice(self.key.as_bytes()).map_err(wrong)?)
    }
}

fn ca_params() -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new([])?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "Reservoir");
    params.distinguished_name.push(DnType::CommonName, "Reservoir development CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = true;
    validity(&mut params, CA_DAYS);
    Ok(params)
}

/// From an hour ago (other clocks may be behind) for so many days from now.
fn validity(params: &mut CertificateParams, days: u64) {
    let now = SystemTime::now();
    params.not_before = (now - Duration::from_secs(3600)).into();
    params.not_after = (now + Duration::from_secs(days * DAY)).into();
}

fn server_config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<ServerConfig, rustls::Error> {
    ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)
}

/// HTTPS of the local certificate authority, which is made if the database has none. The server's
/// certificate is replaced in time. Blocks, so that it has no place on an async thread.
///
/// # Errors
/// Those of the database, and [`Error::Internal`] when certificates cannot be made.
pub fn development(db: &Db) -> Result<DevTls> {
    let defect = |error: &dyn std::fmt::Display| Error::Internal(format!("development certificates: {error}"));
    let found = db.read_now(|unit| Kept::read(unit.conn))?;
    let kept = match found {
        Some(kept) if kept.is_fresh() => kept,
        found => {
            let made = found.map_or_else(Kept::make, |old| old.renewed()).map_err(|error| defect(&error))?;
            db.write_now("keep certificates", move |unit| {
                // Another process may have been first; what it made holds.
                if let Some(kept) = Kept::read(unit.conn)?.filter(Kept::is_fresh) {
                    return Ok(kept);
                }
                store_setting(unit.conn, SETTING, &serde_json::to_string(&made)?)?;
                Ok(made.clone())
            })?
        }
    };
    let server_config = kept.server_config().map_err(|error| defect(&error))?;
    Ok(DevTls { ca_pem: kept.ca, server_config })
}

/// HTTPS with the certificate chain and the private key in these PEM files.
///
/// # Errors
/// [`Error::InvalidInput`] names the setting at fault: a file that cannot be read, holds nothing
/// of the kind, or a key that is not the certificate's.
pub fn from_files(certificate: &Path, key: &Path) -> Result<ServerConfig> {
    let wrong = |field: &str, path: &Path, error: &dyn std::fmt::Display| {
        Error::invalid(field, format!("{}: {error}", path.display()))
    };
    let chain: Vec<_> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .map_err(|error| wrong("tls-cert", certificate, &error))?;
    if chain.is_empty() {
        return Err(wrong("tls-cert", certificate, &"no certificate in it"));
    }
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| wrong("tls-key", key, &error))?;
    server_config(chain, private).map_err(|error| wrong("tls-key", key, &error))
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConnection, StreamOwned};

    use super::*;
    use crate::auth::fixture;

    /// Connects as a client that trusts `ca` alone, and says what went wrong.
    fn connect(tls: DevTls, ca: &str, name: &'static str) -> Result<(), String> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let connection = ServerConnection::new(Arc::new(tls.server_config)).unwrap();
            let mut stream = StreamOwned::new(connection, listener.accept().unwrap().0);
            let _ = stream.write_all(b"hello");
            stream.conn.send_close_notify();
            let _ = stream.flush();
        });
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(ca.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = Arc::new(config.with_root_certificates(roots).with_no_client_auth());
        let connection = ClientConnection::new(config, name.try_into().unwrap()).unwrap();
        let mut stream = StreamOwned::new(connection, std::net::TcpStream::connect(address).unwrap());
        let outcome = stream.read_to_end(&mut Vec::new()).map(|_| ()).map_err(|error| error.to_string());
        drop(stream);
        server.join().unwrap();
        outcome
    }

    #[test]
    fn the_certificate_is_made_once_and_trusted_through_its_authority() {
        let db = fixture::empty();
        let ca = development(&db).unwrap().ca_pem;
        for name in NAMES {
            let tls = development(&db).unwrap();
            assert_eq!(tls.ca_pem, ca);
            connect(tls, &ca, name).unwrap();
        }
        assert!(connect(development(&db).unwrap(), &ca, "elsewhere.example").is_err());
        let stranger = development(&fixture::empty()).unwrap().ca_pem;
        assert!(connect(development(&db).unwrap(), &stranger, "localhost").is_err());
    }

    #[test]
    fn a_certificate_is_replaced_in_time_under_the_same_authority() {
        let db = fixture::empty();
        let ca = development(&db).unwrap().ca_pem;
        let old = db
            .write_now("age", |unit| {
                let mut kept = Kept::read(unit.conn)?.unwrap();
                kept.expires = Utc::now().timestamp() + 86_400;
                store_setting(unit.conn, SETTING, &serde_json::to_string(&kept)?)?;
                Ok(kept.certificate)
            })
            .unwrap();
        let tls = development(&db).unwrap();
        assert_eq!(tls.ca_pem, ca);
        connect(tls, &ca, "localhost").unwrap();
        let kept = db.read_now(|unit| Kept::read(unit.conn)).unwrap().unwrap();
        assert!(kept.certificate != old && kept.is_fresh());
    }

    #[test]
    fn files_are_read_and_the_wrong_ones_named() {
        let folder = std::env::temp_dir().join(format!("reservoir-tls-{}", crate::ids::Guid::random()));
        std::fs::create_dir(&folder).unwrap();
        let (one, two) = (Kept::make().unwrap(), Kept::make().unwrap());
        let file = |name: &str, text: &str| {
            let path = folder.join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let chain = file("chain", &format!("{}{}", one.certificate, one.ca));
        let (key, other) = (file("key", &one.key), file("other", &two.key));
        assert!(from_files(&chain, &key).is_ok());
        for (certificate, key, field) in [
            (&chain, &other, "tls-key"),
            (&chain, &chain, "tls-key"),
            (&key, &key, "tls-cert"),
            (&folder.join("none"), &key, "tls-cert"),
            (&chain, &folder.join("none"), "tls-key"),
        ] {
            let error = from_files(certificate, key).unwrap_err().to_string();
            assert!(error.starts_with(field), "{error}");
        }
        std::fs::remove_dir_all(folder).unwrap();
    }
}
