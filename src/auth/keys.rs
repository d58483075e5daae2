//! Public keys of a token issuer, from a JWKS document (RFC 7517) in a file or at a URL. The
//! document is read again from time to time, so that new keys are found and removed ones no
//! longer trusted; while it cannot be read, the keys of the last reading stay.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jsonwebtoken::{Algorithm, DecodingKey};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::OwnedMutexGuard;
use ureq::tls::{RootCerts, TlsConfig};

use crate::config::KeySource;
use crate::error::{Error, Result};

/// How old a document may be before it is read again.
const URL_AGE: Duration = Duration::from_secs(600);
const FILE_AGE: Duration = Duration::from_secs(60);
/// How long after a failed reading the next is tried, while there are keys and while there are none.
const RETRY: Duration = Duration::from_secs(60);
const FIRST_RETRY: Duration = Duration::from_secs(5);
/// How often an unknown key id alone can cause a reading.
const SEARCH: Duration = Duration::from_secs(60);
/// How long a reading may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The largest document that is read, in bytes.
const LARGEST: u64 = 1 << 20;

/// A key as a JWKS document states it; members of no use here are left out.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Jwk {
    /// Key type: `RSA` or `EC`.
    pub kty: String,
    /// What the key is for: `sig` or `enc`.
    #[serde(rename = "use", skip_serializing_if = "Option::is_none")]
    pub usage: Option<String>,
    /// The only algorithm the key is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alg: Option<String>,
    /// The key's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    /// RSA: the modulus, base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n: Option<String>,
    /// RSA: the exponent, base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub e: Option<String>,
    /// EC: the curve.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crv: Option<String>,
    /// EC: the point, base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x: Option<String>,
    /// EC: the point, base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub y: Option<String>,
}

/// The keys of one document that can check a signature.
#[derive(Debug)]
pub struct Keys(Vec<Key>);

#[derive(Debug)]
struct Key {
    kid: Option<String>,
    algorithm: Algorithm,
    public: DecodingKey,
}

impl Key {
    /// `None` for keys of other kinds and purposes.
    fn of(jwk: Jwk) -> Option<Self> {
        if jwk.usage.is_some_and(|usage| usage == "enc") {
            return None;
        }
        let (algorithm, name, public) = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("RSA", _) => (Algorithm::RS256, "RS256", DecodingKey::from_rsa_components(&jwk.n?, &jwk.e?)),
            ("EC", Some("P-256")) => (Algorithm::ES256, "ES256", DecodingKey::from_ec_components(&jwk.x?, &jwk.y?)),
            _ => return None,
        };
        if jwk.alg.is_some_and(|alg| alg != name) {
            return None;
        }
        Some(Self { kid: jwk.kid, algorithm, public: public.ok()? })
    }
}

impl Keys {
    /// Reads a JWKS document; keys that cannot be used are passed over.
    ///
    /// # Errors
    /// A text for the log when it is no such document.
    pub fn read(document: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Document {
            keys: Vec<Value>,
        }
        let document: Document =
            serde_json::from_slice(document).map_err(|error| format!("no JWKS document: {error}"))?;
        Ok(Self::of(document.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok())))
    }

    /// The usable ones of these keys.
    pub fn of(keys: impl IntoIterator<Item = Jwk>) -> Self {
        Self(keys.into_iter().filter_map(Key::of).collect())
    }

    /// Whether `signature` (base64url) is one of `message` by the key named `kid`. Without a name
    /// there must be no choice. The algorithm is the key's own, never the token's to choose.
    pub fn verify(&self, kid: Option<&str>, algorithm: Algorithm, message: &str, signature: &str) -> bool {
        let key = match (kid, self.0.as_slice()) {
            (None, [only]) => Some(only),
            (None, _) => None,
            (Some(kid), keys) => keys.iter().find(|key| key.kid.as_deref() == Some(kid) && key.algorithm == algorithm),
        };
        key.filter(|key| key.algorithm == algorithm).is_some_and(|key| {
            jsonwebtoken::crypto::verify(signature, message.as_bytes(), &key.public, algorithm).unwrap_or(false)
        })
    }

    fn holds(&self, kid: &str) -> bool {
        self.0.iter().any(|key| key.kid.as_deref() == Some(kid))
    }
}

/// The keys of an issuer, kept up to date.
pub struct KeySet {
    shared: Arc<Shared>,
    /// Held by whoever reads the document.
    turn: Arc<tokio::sync::Mutex<()>>,
}

struct Shared {
    source: KeySource,
    state: Mutex<State>,
}

#[derive(Clone, Default)]
struct State {
    keys: Option<Arc<Keys>>,
    /// When the keys were read.
    loaded: Option<Instant>,
    /// When a reading last ended, well or not.
    tried: Option<Instant>,
    /// When a reading was last caused by an unknown key id.
    searched: Option<Instant>,
}

fn within(moment: Option<Instant>, span: Duration) -> bool {
    moment.is_some_and(|moment| moment.elapsed() < span)
}

impl KeySet {
    /// Keys from `source`; they are first read when they are first needed.
    pub fn new(source: KeySource) -> Self {
        Self { shared: Arc::new(Shared { source, state: Mutex::default() }), turn: Arc::default() }
    }

    /// The keys to check a token with that names `kid`: those at hand, unless they are too old or
    /// lack the key and a new reading is due.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when no document could be read yet.
    pub async fn for_key_id(&self, kid: Option<&str>) -> Result<Arc<Keys>> {
        let asked = Instant::now();
        let keys = self.current().await?;
        let Some(kid) = kid.filter(|kid| !keys.holds(kid)) else { return Ok(keys) };
        let turn = Arc::clone(&self.turn).lock_owned().await;
        let due = {
            let mut state = self.shared.state();
            let due = !within(state.searched, SEARCH) && state.tried.is_none_or(|tried| tried < asked);
            if due {
                state.searched = Some(Instant::now());
            }
            due
        };
        if due {
            tracing::info!(kid, "unknown key id: reading the issuer's keys again");
            self.load(turn).await;
        }
        Ok(self.shared.state().keys.clone().unwrap_or(keys))
    }

    async fn current(&self) -> Result<Arc<Keys>> {
        let State { keys, loaded, tried, .. } = self.shared.state().clone();
        let Some(keys) = keys else { return self.first().await };
        let age = match self.shared.source {
            KeySource::Url(_) => URL_AGE,
            KeySource::File(_) => FILE_AGE,
        };
        if within(loaded, age) || within(tried, RETRY) {
            return Ok(keys);
        }
        // One request reads; the others go on with the keys at hand.
        if let Ok(turn) = Arc::clone(&self.turn).try_lock_owned() {
            self.load(turn).await;
        }
        Ok(self.shared.state().keys.clone().unwrap_or(keys))
    }

    async fn first(&self) -> Result<Arc<Keys>> {
        let turn = Arc::clone(&self.turn).lock_owned().await;
        let State { keys, tried, .. } = self.shared.state().clone();
        if let Some(keys) = keys {
            return Ok(keys);
        }
        if !within(tried, FIRST_RETRY) {
            self.load(turn).await;
        }
        self.shared.state().keys.clone().ok_or(Error::Unavailable)
    }

    /// Reads the document on a blocking thread. The turn goes with it, so that a caller who hangs
    /// up neither loses the result nor lets a second reading start.
    async fn load(&self, turn: OwnedMutexGuard<()>) {
        let shared = Arc::clone(&self.shared);
        let reading = tokio::task::spawn_blocking(move || {
            shared.load();
            drop(turn);
        });
        if let Err(error) = reading.await {
            tracing::error!(%error, "reading the issuer's keys broke off");
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn load(&self) {
        let document = match &self.source {
            KeySource::Url(url) => fetch(url),
            KeySource::File(path) => read_file(path),
        };
        let keys = document.and_then(|document| Keys::read(&document));
        let now = Instant::now();
        let mut state = self.state();
        state.tried = Some(now);
        match keys {
            Ok(keys) => {
                if keys.0.is_empty() {
                    tracing::warn!(source = ?self.source, "the issuer has no usable keys");
                }
                state.keys = Some(Arc::new(keys));
                state.loaded = Some(now);
            }
            Err(error) => {
                tracing::warn!(source = ?self.source, error, kept = state.keys.is_some(), "cannot read the issuer's keys");
            }
        }
    }
}

fn read_file(path: &Path) -> Result<Vec<u8>, String> {
    use std::io::Read;
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let mut document = Vec::new();
    file.take(LARGEST).read_to_end(&mut document).map_err(|error| error.to_string())?;
    Ok(document)
}

fn fetch(url: &str) -> Result<Vec<u8>, String> {
    let tls = TlsConfig::builder()
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .root_certs(RootCerts::PlatformVerifier)
        .build();
    let agent = ureq::Agent::config_builder().timeout_global(Some(TIMEOUT)).tls_config(tls).build().new_agent();
    let mut response = agent.get(url).call().map_err(|error| error.to_string())?;
    response.body_mut().with_config().limit(LARGEST).read_to_vec().map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use jsonwebtoken::{EncodingKey, crypto};

    use super::*;

    /// A P-256 key with its private half.
    pub struct Pair {
        private: EncodingKey,
        jwk: Jwk,
    }

    fn pair(kid: &str) -> Pair {
        let private = EncodingKey::from_ec_der(&rcgen::KeyPair::generate().unwrap().serialize_der());
        let jwk = jsonwebtoken::jwk::Jwk::from_encoding_key(&private, Algorithm::ES256).unwrap();
        let mut jwk: Jwk = serde_json::from_value(serde_json::to_value(jwk).unwrap()).unwrap();
        jwk.kid = Some(kid.to_owned());
        Pair { private, jwk }
    }

    fn document(pairs: &[&Pair]) -> String {
        serde_json::json!({"keys": pairs.iter().map(|pair| &pair.jwk).collect::<Vec<_>>()}).to_string()
    }

    impl Pair {
        fn accepted_by(&self, keys: &Keys, kid: Option<&str>) -> bool {
            let signature = crypto::sign(b"message", &self.private, Algorithm::ES256).unwrap();
            keys.verify(kid, Algorithm::ES256, "message", &signature)
        }
    }

    impl KeySet {
        /// Makes everything that happened `by` older.
        fn age(&self, by: Duration) {
            let mut state = self.shared.state();
            let State { loaded, tried, searched, .. } = &mut *state;
            for moment in [loaded, tried, searched] {
                *moment = moment.and_then(|moment| moment.checked_sub(by));
            }
        }
    }

    /// Serves `document` (an empty one as an error) and counts the requests.
    fn serve(document: Arc<Mutex<String>>) -> (String, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let count = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&count);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let _ = stream.read(&mut [0; 4096]).unwrap();
                counter.fetch_add(1, Ordering::SeqCst);
                let body = document.lock().unwrap().clone();
                let status = if body.is_empty() { "500 Broken" } else { "200 OK" };
                let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
                stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
            }
        });
        (url, count)
    }

    #[test]
    fn only_keys_that_can_check_signatures_are_taken() {
        let pair = pair("a");
        let keys = |change: &dyn Fn(&mut Jwk)| {
            let mut jwk = pair.jwk.clone();
            change(&mut jwk);
            Keys::of([jwk])
        };
        assert!(pair.accepted_by(&keys(&|_| ()), Some("a")));
        assert!(pair.accepted_by(&keys(&|_| ()), None));
        assert!(!pair.accepted_by(&keys(&|_| ()), Some("b")));
        assert!(!pair.accepted_by(&keys(&|jwk| jwk.usage = Some("enc".to_owned())), Some("a")));
        assert!(!pair.accepted_by(&keys(&|jwk| jwk.alg = Some("PS256".to_owned())), Some("a")));
        assert!(!pair.accepted_by(&keys(&|jwk| jwk.crv = Some("P-384".to_owned())), Some("a")));
        assert!(!pair.accepted_by(&keys(&|jwk| jwk.x = None), Some("a")));
        let odd =
            br#"{"keys":[7, {"kty":"oct","k":"c2VjcmV0"}, {"kty":"RSA","n":5}, {"kty":"RSA","n":"=","e":"AQAB"}]}"#;
        assert!(Keys::read(odd).unwrap().0.is_empty());
        assert!(Keys::read(b"{}").is_err());
    }

    #[test]
    fn without_a_key_id_there_must_be_no_choice() {
        let (a, b) = (pair("a"), pair("b"));
        let both = Keys::of([a.jwk.clone(), b.jwk.clone()]);
        assert!(a.accepted_by(&both, Some("a")) && b.accepted_by(&both, Some("b")));
        assert!(!a.accepted_by(&both, None));
    }

    #[actix_web::test]
    async fn a_url_is_read_when_first_needed_and_again_for_an_unknown_key_once_a_minute() {
        let (old, new) = (pair("old"), pair("new"));
        let served = Arc::new(Mutex::new(document(&[&old])));
        let (url, count) = serve(Arc::clone(&served));
        let set = KeySet::new(KeySource::Url(url));
        assert!(old.accepted_by(&set.for_key_id(Some("old")).await.unwrap(), Some("old")));
        assert_eq!(count.load(Ordering::SeqCst), 1);

        *served.lock().unwrap() = document(&[&new]);
        let keys = set.for_key_id(Some("new")).await.unwrap();
        assert!(new.accepted_by(&keys, Some("new")) && !old.accepted_by(&keys, Some("old")));
        assert_eq!(count.load(Ordering::SeqCst), 2);

        for _ in 0..3 {
            set.for_key_id(Some("never")).await.unwrap();
        }
        assert_eq!(count.load(Ordering::SeqCst), 2);
        set.age(Duration::from_secs(61));
        set.for_key_id(Some("never")).await.unwrap();
        assert_eq!(count.load(Ordering::SeqCst), 3);
    }

    #[actix_web::test]
    async fn a_removed_key_is_forgotten_with_the_next_reading() {
        let (stays, goes) = (pair("stays"), pair("goes"));
        let path = std::env::temp_dir().join(format!("reservoir-keys-{}.json", crate::ids::Guid::random()));
        std::fs::write(&path, document(&[&stays, &goes])).unwrap();
        let set = KeySet::new(KeySource::File(path.clone()));
        assert!(goes.accepted_by(&set.for_key_id(Some("goes")).await.unwrap(), Some("goes")));
        std::fs::write(&path, document(&[&stays])).unwrap();
        assert!(goes.accepted_by(&set.for_key_id(Some("goes")).await.unwrap(), Some("goes")));
        set.age(Duration::from_secs(61));
        let keys = set.for_key_id(Some("goes")).await.unwrap();
        assert!(!goes.accepted_by(&keys, Some("goes")) && stays.accepted_by(&keys, Some("stays")));
        std::fs::remove_file(path).unwrap();
    }

    #[actix_web::test]
    async fn a_failed_reading_keeps_the_keys_and_without_any_the_service_is_unavailable() {
        let key = pair("a");
        let served = Arc::new(Mutex::new(String::new()));
        let (url, count) = serve(Arc::clone(&served));
        let set = KeySet::new(KeySource::Url(url));
        for _ in 0..2 {
            assert!(matches!(set.for_key_id(Some("a")).await, Err(Error::Unavailable)));
        }
        assert_eq!(count.load(Ordering::SeqCst), 1, "a dead issuer is not asked by every request");
        set.age(Duration::from_secs(6));
        *served.lock().unwrap() = document(&[&key]);
        assert!(set.for_key_id(Some("a")).await.is_ok());
        *served.lock().unwrap() = String::new();
        set.age(Duration::from_secs(601));
        assert!(key.accepted_by(&set.for_key_id(Some("a")).await.unwrap(), Some("a")));
        assert_eq!(count.load(Ordering::SeqCst), 3);
    }
}
