//! Configuration: flag over environment over `reservoir.toml` over default.
//!
//! Every flag has an environment variable `RESERVOIR_…` and a key of the same name (with `_`) in
//! the file. A setting that may hold a secret is also read from the file that `…_FILE` names.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use chrono::NaiveDate;
use clap::Args;
use clap::builder::BoolishValueParser;
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::db::Location;
use crate::money::Currency;

/// A configuration that cannot be used; the text says which setting and why.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

type Result<T> = std::result::Result<T, ConfigError>;

/// What every command needs: the file and the database.
#[derive(Args, Debug, Default)]
pub struct CommonArgs {
    /// The configuration file; `reservoir.toml` is read if it is there.
    #[arg(long, env = "RESERVOIR_CONFIG", global = true)]
    pub config: Option<PathBuf>,
    /// `sqlite://PATH` or `postgres://…` [default: sqlite://reservoir.db]
    #[arg(long, env = "RESERVOIR_DATABASE_URL", global = true, hide_env_values = true)]
    pub database_url: Option<String>,
    /// How log lines are written to standard error: text or json [default: text]
    #[arg(long, env = "RESERVOIR_LOG_FORMAT", global = true)]
    pub log_format: Option<String>,
}

/// The flags of `serve`.
#[derive(Args, Debug, Default)]
pub struct ServeArgs {
    /// The address to serve on; port 0 picks a free one and prints it [default: 127.0.0.1:8080]
    #[arg(long, env = "RESERVOIR_LISTEN")]
    pub listen: Option<String>,
    /// Development powers: seed data, a token issuer, a test clock, reset and the ledger view
    #[arg(long, env = "RESERVOIR_DEV", num_args = 0..=1, default_missing_value = "true", value_parser = BoolishValueParser::new())]
    pub dev: Option<bool>,
    /// Allows development powers on an address that is not loopback
    #[arg(long, env = "RESERVOIR_DEV_ALLOW_REMOTE", num_args = 0..=1, default_missing_value = "true", value_parser = BoolishValueParser::new())]
    pub dev_allow_remote: Option<bool>,
    /// With --dev: serve HTTPS with a certificate of a local CA (see `reservoir token --ca`)
    #[arg(long, env = "RESERVOIR_TLS", num_args = 0..=1, default_missing_value = "true", value_parser = BoolishValueParser::new())]
    pub tls: Option<bool>,
    /// Serve HTTPS with this certificate chain (PEM file)
    #[arg(long, env = "RESERVOIR_TLS_CERT")]
    pub tls_cert: Option<PathBuf>,
    /// The private key of --tls-cert (PEM file)
    #[arg(long, env = "RESERVOIR_TLS_KEY")]
    pub tls_key: Option<PathBuf>,
    /// Whose tokens are trusted; may hold {tenantid}
    #[arg(long, env = "RESERVOIR_ISSUER")]
    pub issuer: Option<String>,
    /// Where the issuer publishes its keys
    #[arg(long, env = "RESERVOIR_JWKS_URL")]
    pub jwks_url: Option<String>,
    /// A file with the issuer's keys
    #[arg(long, env = "RESERVOIR_JWKS_FILE")]
    pub jwks_file: Option<PathBuf>,
    /// Accepted audiences, separated by commas
    #[arg(long, env = "RESERVOIR_AUDIENCE")]
    pub audience: Option<String>,
    /// Which values of the claims `roles` and `groups` are which agent role
    #[arg(long, env = "RESERVOIR_ROLE_MAP")]
    pub role_map: Option<String>,
    /// The largest request body, as in 1MiB, 512KiB or a number of bytes [default: 1MiB]
    #[arg(long, env = "RESERVOIR_BODY_LIMIT")]
    pub body_limit: Option<String>,
    /// Requests a partner may make, as in 500/min [default: no limit]
    #[arg(long, env = "RESERVOIR_RATE_LIMIT_PARTNER")]
    pub rate_limit_partner: Option<String>,
    /// Requests a partner may make for one customer, as in 500/min [default: no limit]
    #[arg(long, env = "RESERVOIR_RATE_LIMIT_CUSTOMER")]
    pub rate_limit_customer: Option<String>,
    /// Markets (two-letter codes, separated by commas) where reservations are not sold; replaces the built-in list
    #[arg(long, env = "RESERVOIR_MARKETS_WITHOUT_RESERVATIONS")]
    pub markets_without_reservations: Option<String>,
}

/// The file as it is read: one key a flag, and the tables `[policy]` and `[fx]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    database_url: Option<String>,
    log_format: Option<String>,
    listen: Option<String>,
    dev: Option<bool>,
    dev_allow_remote: Option<bool>,
    tls: Option<bool>,
    tls_cert: Option<PathBuf>,
    tls_key: Option<PathBuf>,
    issuer: Option<String>,
    jwks_url: Option<String>,
    jwks_file: Option<PathBuf>,
    audience: Option<String>,
    role_map: Option<String>,
    body_limit: Option<String>,
    rate_limit_partner: Option<String>,
    rate_limit_customer: Option<String>,
    markets_without_reservations: Option<String>,
    policy: BTreeMap<String, toml::Value>,
    fx: BTreeMap<String, toml::Value>,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What every command needs, settled.
#[derive(Clone, Debug)]
pub struct CommonConfig {
    /// The database.
    pub database: Location,
    /// How log lines are written.
    pub log_format: LogFormat,
}

/// The numbers behind the rules; the defaults are those of the documented policies.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Refunds a customer may have in the window, in USD.
    pub refund_limit_usd: Decimal,
    /// After so many days a refund no longer counts against the limit.
    pub refund_window_days: u32,
    /// Share of a refund that is kept as early termination fee, 0 to 1.
    pub early_termination_fee_rate: Decimal,
    /// How long a quoted refund or exchange can be carried out, in minutes.
    pub session_minutes: u32,
    /// How long a cart lives, in days.
    pub cart_days: u32,
    /// Purchases from this day on (00:00 UTC) cannot be exchanged.
    pub exchange_cutoff: NaiveDate,
    /// How often an older purchase can still be exchanged after that day.
    pub exchanges_after_cutoff: u32,
    /// How many days before expiry the price of a renewal is fixed.
    pub renewal_quote_days: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            refund_limit_usd: Decimal::from(50_000),
            refund_window_days: 365,
            early_termination_fee_rate: Decimal::ZERO,
            session_minutes: 30,
            cart_days: 7,
            exchange_cutoff: NaiveDate::from_ymd_opt(2027, 2, 1).unwrap_or_default(),
            exchanges_after_cutoff: 1,
            renewal_quote_days: 30,
        }
    }
}

/// USD per unit of each currency that partners may have.
#[derive(Clone, Debug)]
pub struct ExchangeRates(BTreeMap<String, Decimal>);

impl Default for ExchangeRates {
    fn default() -> Self {
        let rates = [("USD", (1, 0)), ("EUR", (110, 2)), ("GBP", (125, 2)), ("JPY", (70, 4)), ("KWD", (325, 2))];
        Self(rates.into_iter().map(|(code, (digits, scale))| (code.to_owned(), Decimal::new(digits, scale))).collect())
    }
}

impl ExchangeRates {
    /// USD per unit of `currency`, if a rate is configured.
    pub fn usd_per(&self, currency: Currency) -> Option<Decimal> {
        self.0.get(currency.code()).copied()
    }
}

/// How many requests are taken in a minute.
pub type PerMinute = std::num::NonZeroU32;

/// An issuer whose tokens are trusted.
#[derive(Clone, Debug)]
pub struct IssuerConfig {
    /// The value of `iss`; `{tenantid}` stands for the token's tenant.
    pub issuer: String,
    /// Where its keys are.
    pub keys: KeySource,
}

/// Where an issuer's public keys come from.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// A JWKS document at a URL.
    Url(String),
    /// A JWKS document in a file.
    File(PathBuf),
}

/// How HTTPS is served.
#[derive(Clone, Debug)]
pub enum Tls {
    /// Plain HTTP.
    Off,
    /// With a certificate of the local development CA.
    Development,
    /// With the operator's own certificate and key.
    Files(PathBuf, PathBuf),
}

/// An agent's role in its partner's tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// `AdminAgents`.
    Admin,
    /// `SalesAgents`.
    Sales,
    /// `HelpdeskAgents`.
    Helpdesk,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 3] = [Self::Admin, Self::Sales, Self::Helpdesk];

    /// The name of the role's group in a partner's tenant.
    pub const fn group(self) -> &'static str {
        match self {
            Self::Admin => "AdminAgents",
            Self::Sales => "SalesAgents",
            Self::Helpdesk => "HelpdeskAgents",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.group().eq_ignore_ascii_case(name))
    }
}

/// Everything `serve` needs, settled.
#[derive(Clone, Debug)]
pub struct Config {
    /// The address to serve on.
    pub listen: SocketAddr,
    /// The database.
    pub database: Location,
    /// Whether development powers are on.
    pub dev: bool,
    /// How HTTPS is served.
    pub tls: Tls,
    /// The configured issuer, if there is one.
    pub issuer: Option<IssuerConfig>,
    /// Accepted audiences where they are configured.
    pub audiences: Option<Vec<String>>,
    /// Value in a token's `roles` or `groups` → agent role.
    pub role_map: Vec<(String, Role)>,
    /// The largest request body, in bytes.
    pub body_limit: usize,
    /// Requests a partner may make.
    pub rate_limit_partner: Option<PerMinute>,
    /// Requests a partner may make for one customer.
    pub rate_limit_customer: Option<PerMinute>,
    /// Markets where reservations are not sold, as upper-case two-letter codes.
    pub markets_without_reservations: Vec<String>,
    /// The numbers behind the rules.
    pub policy: Policy,
    /// Exchange rates.
    pub fx: ExchangeRates,
}

/// No number of days in `[policy]` is above this (a hundred years).
const MOST_DAYS: u32 = 36_500;
/// The name of the file that is read when no other is named.
const DEFAULT_FILE: &str = "reservoir.toml";

impl CommonArgs {
    /// Settles what every command needs.
    ///
    /// # Errors
    /// [`ConfigError`] names the setting at fault.
    pub fn settle(&self) -> Result<CommonConfig> {
        self.settle_with(&self.file()?)
    }

    /// The exchange rates in force.
    ///
    /// # Errors
    /// [`ConfigError`] names the rate at fault.
    pub fn exchange_rates(&self) -> Result<ExchangeRates> {
        exchange_rates(&self.file()?.fx)
    }

    fn settle_with(&self, file: &File) -> Result<CommonConfig> {
        let url = secret("RESERVOIR_DATABASE_URL", self.database_url.as_deref())?
            .or_else(|| file.database_url.clone())
            .unwrap_or_else(|| "sqlite://reservoir.db".to_owned());
        let database = Location::parse(&url).map_err(|reason| ConfigError(format!("database-url: {reason}")))?;
        let log_format = match self.log_format.as_deref().or(file.log_format.as_deref()).unwrap_or("text") {
            "text" => LogFormat::Text,
            "json" => LogFormat::Json,
            other => return Err(ConfigError(format!("log-format: {other} is neither text nor json"))),
        };
        Ok(CommonConfig { database, log_format })
    }

    fn file(&self) -> Result<File> {
        let path = self.config.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_FILE));
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && self.config.is_none() => {
                return Ok(File::default());
            }
            Err(error) => return Err(ConfigError(format!("{}: {error}", path.display()))),
        };
        toml::from_str(&text).map_err(|error| ConfigError(format!("{}: {error}", path.display())))
    }
}

/// Settles the whole configuration of `serve`.
///
/// # Errors
/// [`ConfigError`] names the setting at fault.
pub fn settle(common: &CommonArgs, args: &ServeArgs) -> Result<Config> {
    let file = common.file()?;
    let database = common.settle_with(&file)?.database;
    let text = |flag: &Option<String>, key: &Option<String>| flag.clone().or_else(|| key.clone());
    let path = |flag: &Option<PathBuf>, key: &Option<PathBuf>| flag.clone().or_else(|| key.clone());
    let switch = |flag: Option<bool>, key: Option<bool>| flag.or(key).unwrap_or(false);

    let listen = text(&args.listen, &file.listen).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let listen: SocketAddr = listen
        .replace("localhost", "127.0.0.1")
        .parse()
        .map_err(|_| ConfigError(format!("listen: {listen} is no address of the form 127.0.0.1:8080")))?;
    let dev = switch(args.dev, file.dev);
    if dev && !listen.ip().is_loopback() && !switch(args.dev_allow_remote, file.dev_allow_remote) {
        return Err(ConfigError(format!(
            "dev: development powers are refused on {listen}, which is not loopback; --dev-allow-remote insists"
        )));
    }
    let tls = match (path(&args.tls_cert, &file.tls_cert), path(&args.tls_key, &file.tls_key)) {
        (Some(cert), Some(key)) => Tls::Files(cert, key),
        (None, None) if !switch(args.tls, file.tls) => Tls::Off,
        (None, None) if dev => Tls::Development,
        (None, None) => return Err(ConfigError("tls: needs --dev, or --tls-cert and --tls-key".to_owned())),
        (Some(_), None) => return Err(ConfigError("tls-key: missing beside tls-cert".to_owned())),
        (None, Some(_)) => return Err(ConfigError("tls-cert: missing beside tls-key".to_owned())),
    };
    let audiences = text(&args.audience, &file.audience).map(|list| words(&list));
    let keys = match (text(&args.jwks_url, &file.jwks_url), path(&args.jwks_file, &file.jwks_file)) {
        (Some(_), Some(_)) => return Err(ConfigError("jwks-url and jwks-file: name one, not both".to_owned())),
        (Some(url), None) => Some(KeySource::Url(url)),
        (None, Some(file)) => Some(KeySource::File(file)),
        (None, None) => None,
    };
    let issuer = trusted_issuer(text(&args.issuer, &file.issuer), keys, audiences.is_some(), dev)?;
    let markets = text(&args.markets_without_reservations, &file.markets_without_reservations);

    Ok(Config {
        listen,
        database,
        dev,
        tls,
        issuer,
        audiences,
        role_map: role_map(text(&args.role_map, &file.role_map))?,
        body_limit: byte_count(text(&args.body_limit, &file.body_limit).as_deref().unwrap_or("1MiB"))?,
        rate_limit_partner: per_minute("rate-limit-partner", text(&args.rate_limit_partner, &file.rate_limit_partner))?,
        rate_limit_customer: per_minute(
            "rate-limit-customer",
            text(&args.rate_limit_customer, &file.rate_limit_customer),
        )?,
        markets_without_reservations: match markets {
            Some(list) => words(&list).iter().map(|code| code.to_ascii_uppercase()).collect(),
            None => built_in_markets()?,
        },
        policy: policy(&file.policy)?,
        fx: exchange_rates(&file.fx)?,
    })
}

fn trusted_issuer(
    issuer: Option<String>,
    keys: Option<KeySource>,
    audiences: bool,
    dev: bool,
) -> Result<Option<IssuerConfig>> {
    match (issuer, keys) {
        (Some(issuer), Some(keys)) if audiences || dev => Ok(Some(IssuerConfig { issuer, keys })),
        (None, None) if dev => Ok(None),
        (issuer, keys) => {
            let missing: Vec<&str> = [
                (issuer.is_none(), "RESERVOIR_ISSUER"),
                (keys.is_none(), "RESERVOIR_JWKS_URL or RESERVOIR_JWKS_FILE"),
                (!audiences && !dev, "RESERVOIR_AUDIENCE"),
            ]
            .into_iter()
            .filter_map(|(absent, name)| absent.then_some(name))
            .collect();
            Err(ConfigError(format!(
                "whose tokens to trust is not settled: {} missing (or use --dev for development)",
                missing.join(", ")
            )))
        }
    }
}

/// The value, or the content of the file that `NAME_FILE` names.
fn secret(name: &str, value: Option<&str>) -> Result<Option<String>> {
    if let Some(value) = value {
        return Ok(Some(value.to_owned()));
    }
    let Ok(path) = std::env::var(format!("{name}_FILE")) else {
        return Ok(None);
    };
    let text = std::fs::read_to_string(&path).map_err(|error| ConfigError(format!("{name}_FILE: {path}: {error}")))?;
    Ok(Some(text.trim().to_owned()))
}

fn words(list: &str) -> Vec<String> {
    list.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn role_map(map: Option<String>) -> Result<Vec<(String, Role)>> {
    let Some(map) = map else {
        return Ok(Role::ALL.into_iter().map(|role| (role.group().to_owned(), role)).collect());
    };
    words(&map)
        .iter()
        .map(|pair| {
            let (value, role) = pair.split_once('=').unwrap_or((pair, ""));
            let role = Role::parse(role.trim()).ok_or_else(|| {
                ConfigError(format!("role-map: {pair} is not of the form VALUE=AdminAgents|SalesAgents|HelpdeskAgents"))
            })?;
            Ok((value.trim().to_owned(), role))
        })
        .collect()
}

fn byte_count(text: &str) -> Result<usize> {
    let lower = text.trim().to_ascii_lowercase();
    let (digits, factor) = [("mib", 1024 * 1024), ("kib", 1024), ("", 1)]
        .into_iter()
        .find_map(|(unit, factor)| lower.strip_suffix(unit).map(|digits| (digits.trim().to_owned(), factor)))
        .unwrap_or((lower, 1));
    digits
        .parse::<usize>()
        .ok()
        .and_then(|count| count.checked_mul(factor))
        .filter(|bytes| *bytes > 0)
        .ok_or_else(|| ConfigError(format!("body-limit: {text} is no size such as 1MiB")))
}

fn per_minute(name: &str, text: Option<String>) -> Result<Option<PerMinute>> {
    let Some(text) = text else { return Ok(None) };
    let wrong = || ConfigError(format!("{name}: {text} is not of the form 500/min"));
    text.strip_suffix("/min").unwrap_or(&text).trim().parse().map(Some).map_err(|_| wrong())
}

fn built_in_markets() -> Result<Vec<String>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Markets {
        reservations_not_sold: BTreeMap<String, String>,
    }
    serde_json::from_str::<Markets>(include_str!("../data/markets.json"))
        .map(|markets| markets.reservations_not_sold.into_keys().collect())
        .map_err(|error| ConfigError(format!("the built-in list of markets: {error}")))
}

/// One number of `[policy]`: the environment over the file over the default.
fn policy_number<T: std::str::FromStr>(file: &BTreeMap<String, toml::Value>, key: &str, default: T) -> Result<T> {
    let from_environment = std::env::var(format!("RESERVOIR_POLICY_{}", key.to_ascii_uppercase())).ok();
    match from_environment.or_else(|| file.get(key).map(plain_text)) {
        None => Ok(default),
        Some(text) => text.parse().map_err(|_| ConfigError(format!("policy.{key}: {text} cannot be read"))),
    }
}

fn plain_text(value: &toml::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn policy(file: &BTreeMap<String, toml::Value>) -> Result<Policy> {
    const KEYS: [&str; 8] = [
        "refund_limit_usd",
        "refund_window_days",
        "early_termination_fee_rate",
        "session_minutes",
        "cart_days",
        "exchange_cutoff",
        "exchanges_after_cutoff",
        "renewal_quote_days",
    ];
    if let Some(unknown) = file.keys().find(|key| !KEYS.contains(&key.as_str())) {
        return Err(ConfigError(format!("policy.{unknown}: unknown; the keys are {}", KEYS.join(", "))));
    }
    let default = Policy::default();
    let policy = Policy {
        refund_limit_usd: policy_number(file, "refund_limit_usd", default.refund_limit_usd)?,
        refund_window_days: policy_number(file, "refund_window_days", default.refund_window_days)?,
        early_termination_fee_rate: policy_number(
            file,
            "early_termination_fee_rate",
            default.early_termination_fee_rate,
        )?,
        session_minutes: policy_number(file, "session_minutes", default.session_minutes)?,
        cart_days: policy_number(file, "cart_days", default.cart_days)?,
        exchange_cutoff: policy_number(file, "exchange_cutoff", default.exchange_cutoff)?,
        exchanges_after_cutoff: policy_number(file, "exchanges_after_cutoff", default.exchanges_after_cutoff)?,
        renewal_quote_days: policy_number(file, "renewal_quote_days", default.renewal_quote_days)?,
    };
    if policy.early_termination_fee_rate < Decimal::ZERO || policy.early_termination_fee_rate > Decimal::ONE {
        return Err(ConfigError("policy.early_termination_fee_rate: must be between 0 and 1".to_owned()));
    }
    let days = [
        ("refund_window_days", policy.refund_window_days),
        ("cart_days", policy.cart_days),
        ("renewal_quote_days", policy.renewal_quote_days),
    ];
    if let Some((key, _)) = days.into_iter().find(|(_, days)| *days > MOST_DAYS) {
        return Err(ConfigError(format!("policy.{key}: must not be above {MOST_DAYS}")));
    }
    if policy.refund_limit_usd < Decimal::ZERO {
        return Err(ConfigError("policy.refund_limit_usd: must not be negative".to_owned()));
    }
    Ok(policy)
}

fn exchange_rates(file: &BTreeMap<String, toml::Value>) -> Result<ExchangeRates> {
    let mut rates = ExchangeRates::default();
    for (code, value) in file {
        let currency = Currency::parse(code).ok_or_else(|| ConfigError(format!("fx.{code}: no ISO 4217 currency")))?;
        let rate: Decimal = plain_text(value)
            .parse()
            .ok()
            .filter(|rate| *rate > Decimal::ZERO)
            .ok_or_else(|| ConfigError(format!("fx.{code}: {value} is no positive number")))?;
        rates.0.insert(currency.code().to_owned(), rate);
    }
    Ok(rates)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_dev_every_missing_setting_is_named() {
        let args = ServeArgs { issuer: Some("https://issuer.example".to_owned()), ..ServeArgs::default() };
        let error = settle(&CommonArgs::default(), &args).unwrap_err().to_string();
        assert!(error.contains("RESERVOIR_JWKS_URL") && error.contains("RESERVOIR_AUDIENCE"), "{error}");
        assert!(!error.contains("RESERVOIR_ISSUER"), "{error}");
    }

    #[test]
    fn dev_is_refused_where_strangers_could_reach_it() {
        let args = |allow| ServeArgs {
            listen: Some("0.0.0.0:8080".to_owned()),
            dev: Some(true),
            dev_allow_remote: Some(allow),
            ..ServeArgs::default()
        };
        assert!(settle(&CommonArgs::default(), &args(false)).unwrap_err().to_string().contains("dev-allow-remote"));
        assert!(settle(&CommonArgs::default(), &args(true)).is_ok());
    }

    #[test]
    fn sizes_and_rates_are_read_with_their_units() {
        assert_eq!(byte_count("1MiB").unwrap(), 1 << 20);
        assert_eq!(byte_count("512KiB").unwrap(), 512 << 10);
        assert_eq!(byte_count("77").unwrap(), 77);
        assert!(byte_count("1 parsec").is_err());
        assert_eq!(per_minute("x", Some("500/min".to_owned())).unwrap().unwrap().get(), 500);
        assert!(per_minute("x", Some("0/min".to_owned())).is_err());
    }

    #[test]
    fn a_database_url_of_another_scheme_is_refused() {
        let common = CommonArgs { database_url: Some("mysql://x".to_owned()), ..CommonArgs::default() };
        assert!(common.settle().unwrap_err().to_string().contains("sqlite://"));
    }
}
