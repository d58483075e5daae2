//! The running server: its state, its start and its graceful stop.

use std::net::SocketAddr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::middleware::from_fn;
use actix_web::web::Data;
use actix_web::{App as ActixApp, HttpServer};
use chrono::TimeDelta;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::signal::unix::{SignalKind, signal};
use utoipa_actix_web::AppExt;

use crate::audit;
use crate::auth::issuer::{self, Issuer};
use crate::auth::tls;
use crate::auth::token::Verifier;
use crate::catalog;
use crate::clock::Clock;
use crate::config::{Config, Policy, Tls};
use crate::db::{Db, Unit, setting, store_setting};
use crate::dev;
use crate::due_work;
use crate::error::{Error, Result};
use crate::http::context::frame;
use crate::http::rate_limit::RateLimits;
use crate::orders::lines::Trade;
use crate::tenants::Tenants;
use crate::{customers, quotes, replays, routes};

/// How long running requests may take to finish at a stop, in seconds.
const GRACE_SECONDS: u64 = 25;

/// What every handler can reach.
pub struct App {
    /// The database.
    pub db: Db,
    /// Verifies bearer tokens.
    pub verifier: Verifier,
    /// Knows the partners.
    pub tenants: Tenants,
    /// Counts requests where limits are set.
    pub rate_limits: RateLimits,
    /// What purchases need of the configuration.
    pub trade: Trade,
    /// The numbers behind the rules.
    pub policy: Policy,
    /// The largest request body, in bytes.
    pub body_limit: usize,
    /// The metrics of this process.
    pub metrics: PrometheusHandle,
    ready: AtomicBool,
}

impl App {
    /// What doing due work needs of the configuration.
    pub fn due_terms(&self) -> due_work::Terms {
        due_work::Terms { trade: self.trade.clone(), quote_days: self.policy.renewal_quote_days }
    }

    /// Whether requests are taken; false once a stop has begun.
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed)
    }
}

/// Why the server did not start, or how it ended.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The database cannot be reached.
    #[error("the database cannot be reached")]
    DatabaseUnreachable,
    /// Another process has the address.
    #[error("the address {0} is in use")]
    AddressInUse(SocketAddr),
    /// A setting cannot be used.
    #[error("{0}")]
    Configuration(String),
    /// Anything else.
    #[error("{0}")]
    Failed(String),
}

impl From<Error> for ServeError {
    fn from(error: Error) -> Self {
        match error {
            Error::Unavailable => Self::DatabaseUnreachable,
            Error::InvalidInput { .. } => Self::Configuration(error.to_string()),
            Error::Internal(reason) => Self::Failed(reason),
            other => Self::Failed(other.to_string()),
        }
    }
}

impl From<std::io::Error> for ServeError {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Opens the database, brings it up to date and makes sure of what is always in it: the catalogue
/// and the server's key; with development powers also the seed, when there is no partner yet.
/// (Blocks; not to be called from async code.)
///
/// # Errors
/// Those of the database.
pub fn open(config: &Config) -> Result<Db> {
    let clock = if config.dev { Clock::movable() } else { Clock::system() };
    let db = Db::open(&config.database, clock)?;
    catalog::import::import_built_in(&db)?;
    db.write_now("server key", |unit| match setting(unit.conn, customers::SERVER_KEY)? {
        Some(_) => Ok(()),
        None => store_setting(
            unit.conn,
            customers::SERVER_KEY,
            &format!("{}{}", uuid::Uuid::new_v4(), uuid::Uuid::new_v4()),
        ),
    })?;
    if config.dev {
        db.write_now("seed", dev::seed::seed_if_empty)?;
        crate::auth::signing::SigningKey::load_or_make(&db)?;
    }
    Ok(db)
}

fn metrics_handle() -> Result<PrometheusHandle> {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    if let Some(handle) = HANDLE.get() {
        return Ok(handle.clone());
    }
    let buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full("http_request_duration_seconds".to_owned()), &buckets)
        .and_then(PrometheusBuilder::install_recorder)
        .map_err(|error| Error::Internal(format!("metrics: {error}")));
    // Of two that race, the loser finds the winner's.
    match handle {
        Ok(handle) => Ok(HANDLE.get_or_init(|| handle).clone()),
        Err(error) => HANDLE.get().cloned().ok_or(error),
    }
}

/// Serves until a signal asks it to stop. `listening` is told the address once it is bound.
///
/// # Errors
/// See [`ServeError`].
pub fn serve(config: &Config, listening: impl FnOnce(Running) + Send) -> std::result::Result<(), ServeError> {
    let db = open(config)?;
    let rustls = match &config.tls {
        Tls::Off => None,
        Tls::Development => Some(tls::development(&db)?.server_config),
        Tls::Files(certificate, key) => Some(tls::from_files(certificate, key)?),
    };
    actix_web::rt::System::new().block_on(run(config, db, rustls, listening))
}

async fn run(
    config: &Config,
    db: Db,
    rustls: Option<rustls::ServerConfig>,
    listening: impl FnOnce(Running),
) -> std::result::Result<(), ServeError> {
    let app = Data::new(App {
        verifier: Verifier::new(db.clone(), config)?,
        tenants: Tenants::default(),
        rate_limits: RateLimits::new(config),
        trade: Trade {
            fx: config.fx.clone(),
            markets_without_reservations: config.markets_without_reservations.clone(),
        },
        policy: config.policy.clone(),
        body_limit: config.body_limit,
        metrics: metrics_handle()?,
        ready: AtomicBool::new(true),
        db: db.clone(),
    });
    let literals = Data::new(routes::literals());
    let issuer = config.dev.then(|| Data::new(Issuer::new(db.clone())));
    let state = app.clone();
    let server = HttpServer::new(move || {
        let mut actix = ActixApp::new().wrap(from_fn(frame)).app_data(state.clone()).app_data(literals.clone());
        if let Some(issuer) = &issuer {
            actix = actix.app_data(issuer.clone());
        }
        let (actix, _) =
            actix.into_utoipa_app().configure(routes::partner_center).configure(routes::azure).split_for_parts();
        let actix = actix.configure(routes::operations).configure(routes::docs);
        let actix =
            if issuer.is_some() { actix.configure(dev::api::configure).configure(issuer::configure) } else { actix };
        actix.default_service(actix_web::web::route().to(routes::unknown))
    })
    .disable_signals()
    .shutdown_timeout(GRACE_SECONDS);
    let bound = match rustls {
        None => server.bind(config.listen),
        Some(rustls) => server.bind_rustls_0_23(config.listen, rustls),
    };
    let bound = bound.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => ServeError::AddressInUse(config.listen),
        _ => ServeError::Failed(format!("{}: {error}", config.listen)),
    })?;
    let address = bound.addrs().first().copied().unwrap_or(config.listen);
    announce(config, address);
    let server = bound.run();
    let handle = server.handle();
    listening(Running { address, handle: handle.clone() });
    let chores = actix_web::rt::spawn(chores(app.clone()));
    actix_web::rt::spawn(async move {
        stop_signal().await;
        tracing::info!("stopping: running requests finish first");
        app.ready.store(false, Ordering::Relaxed);
        handle.stop(true).await;
    });
    server.await?;
    chores.abort();
    if let Err(error) = audit::chain::seal(&db, true).await {
        tracing::warn!(error = ?error, "the newest records of the activity log are sealed by the next start");
    }
    tracing::info!("stopped");
    Ok(())
}

/// The first log line: where, what and how.
fn announce(config: &Config, address: SocketAddr) {
    let scheme = if matches!(config.tls, Tls::Off) { "http" } else { "https" };
    let engine = config.database.engine();
    if config.dev {
        tracing::warn!(
            "listening on {scheme}://{address} · docs {scheme}://{address}/docs · {engine} · DEVELOPMENT POWERS ARE ON: anyone who reaches this address gets a token and may move the clock"
        );
    } else {
        tracing::info!("listening on {scheme}://{address} · docs {scheme}://{address}/docs · {engine} · production");
    }
}

async fn stop_signal() {
    match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        (Ok(mut terminate), Ok(mut interrupt)) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        }
        _ => std::future::pending().await,
    }
}

/// What the server does by itself: due work, taking over a clock that another process moved,
/// sealing the activity log, and forgetting what is too old.
async fn chores(app: Data<App>) {
    const EVERY: Duration = Duration::from_secs(1);
    /// Old replays are forgotten, and foreign records told, once in so many rounds.
    const FORGET: u64 = 60;
    let mut rounds = 0_u64;
    loop {
        actix_web::rt::time::sleep(EVERY).await;
        rounds += 1;
        if let Err(error) = chore(&app, rounds.is_multiple_of(FORGET)).await {
            tracing::warn!(error = ?error, "a chore failed; it is tried again");
        }
        app.metrics.run_upkeep();
    }
}

async fn chore(app: &App, forget: bool) -> Result<()> {
    // Whatever becomes of one chore, the others are done. Sealing may fail for good where somebody
    // tampered with the log.
    let done =
        [do_due_work(app).await, forget_old(app, forget).await, audit::chain::seal(&app.db, forget).await.map(drop)];
    done.into_iter().collect()
}

async fn do_due_work(app: &App) -> Result<()> {
    let clock = app.db.clock().clone();
    let due = app
        .db
        .read(move |unit| {
            clock.refresh(unit.conn)?;
            due_work::repo::any_due(unit.conn, clock.now())
        })
        .await?;
    // As many batches as there are: a backlog must not grow faster than one batch a second.
    let mut more = due;
    while more {
        let terms = app.due_terms();
        let batch = move |unit: &mut Unit<'_>| {
            let now = unit.now;
            due_work::do_batch(unit, now, false, &terms)
        };
        more = !app.db.write("due work", batch).await?.is_empty();
    }
    Ok(())
}

async fn forget_old(app: &App, forget: bool) -> Result<()> {
    let mut more = forget;
    while more {
        let batch = |unit: &mut Unit<'_>| {
            let oldest = unit.now.utc() - TimeDelta::hours(24);
            replays::repo::forget(unit.conn, oldest.into())
        };
        more = app.db.write("forget replays", batch).await? > 0;
    }
    let mut more = forget;
    while more {
        more = app.db.write("forget quotes", quotes::forget).await? > 0;
    }
    Ok(())
}

/// A server that listens.
#[derive(Clone)]
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    handle: actix_web::dev::ServerHandle,
}

/// A server on a thread of its own, which stops when this is dropped: for tests and for embedding.
pub struct Background {
    running: Running,
    thread: Option<std::thread::JoinHandle<std::result::Result<(), ServeError>>>,
}

impl Background {
    /// Starts a server and waits until it listens.
    ///
    /// # Errors
    /// See [`ServeError`].
    pub fn start(config: Config) -> std::result::Result<Self, ServeError> {
        let (tell, told) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            serve(&config, move |running| {
                let _ = tell.send(running);
            })
        });
        match told.recv() {
            Ok(running) => Ok(Self { running, thread: Some(thread) }),
            Err(_) => match thread.join() {
                Ok(Err(error)) => Err(error),
                _ => Err(ServeError::Failed("the server ended at its start".to_owned())),
            },
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.running.address
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // The command is sent at once; the thread's end says when it was carried out.
        drop(self.running.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
