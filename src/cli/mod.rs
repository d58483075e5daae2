//! The command line: one file a subcommand. Data goes to standard output, messages to standard
//! error.

mod audit;
mod catalog;
mod healthcheck;
mod partner;
pub mod token;
mod usage;

use std::fs::File;
use std::io::IsTerminal;
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand, ValueEnum};
use tracing_subscriber::EnvFilter;

use crate::clock::Clock;
use crate::config::{self, CommonArgs, CommonConfig, ConfigError, LogFormat, ServeArgs};
use crate::db::Db;
use crate::error::Error;
use crate::openapi;
use crate::server::{self, ServeError};

/// A self-hosted server for Microsoft Partner Center's REST API and Azure's reservation API.
///
/// Independent and unofficial: not affiliated with Microsoft. Settings: flag over environment
/// variable (RESERVOIR_…) over reservoir.toml over default. Exit codes: 0 ok, 1 failure, 2 usage,
/// 3 configuration, 4 database unreachable, 5 address in use.
#[derive(Parser, Debug)]
#[command(name = "reservoir", version)]
struct Cli {
    #[command(flatten)]
    common: CommonArgs,
    #[command(flatten)]
    serve: ServeArgs,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Serve (the default)
    Serve(ServeArgs),
    /// Bring the database's schema and catalogue up to date
    Migrate,
    /// Add or list partners
    #[command(subcommand)]
    Partner(partner::PartnerCommand),
    /// Work on the catalogue
    #[command(subcommand)]
    Catalog(catalog::CatalogCommand),
    /// Look after the activity log
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Work on the use that reservations cover
    #[command(subcommand)]
    Usage(usage::UsageCommand),
    /// Print a token of the development issuer
    Token(token::TokenArgs),
    /// Print an OpenAPI document
    Openapi {
        /// Which one
        surface: Surface,
    },
    /// Ask a running server whether it is ready
    Healthcheck(ServeArgs),
}

#[derive(ValueEnum, Clone, Copy, Debug)]
enum Surface {
    /// Partner Center's REST API
    PartnerCenter,
    /// Azure's reservation API
    Azure,
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Configuration(#[from] ConfigError),
    #[error("{0}")]
    Serve(#[from] ServeError),
    #[error("{0}")]
    Other(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::InvalidInput { .. } => Self::Other(error.to_string()),
            other => ServeError::from(other).into(),
        }
    }
}

impl Failure {
    fn exit_code(&self) -> u8 {
        match self {
            Self::Configuration(_) | Self::Serve(ServeError::Configuration(_)) => 3,
            Self::Serve(ServeError::DatabaseUnreachable) => 4,
            Self::Serve(ServeError::AddressInUse(_)) => 5,
            Self::Serve(ServeError::Failed(_)) | Self::Other(_) => 1,
        }
    }
}

/// Runs the command that the arguments name.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    match execute(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("reservoir: {failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}

fn execute(cli: Cli) -> Result<(), Failure> {
    let common = cli.common.settle()?;
    let quiet = cli.command.as_ref().is_some_and(|command| !matches!(command, Command::Serve(_)));
    log_to_stderr(common.log_format, if quiet { "warn" } else { "info" });
    let text = match cli.command {
        None => return serve(&cli.common, &cli.serve),
        Some(Command::Serve(args)) => return serve(&cli.common, &args),
        Some(Command::Healthcheck(args)) => return healthcheck(&cli.common, args),
        Some(Command::Migrate) => {
            open(&common)?;
            eprintln!("reservoir: the database is up to date");
            return Ok(());
        }
        Some(Command::Partner(command)) => partner::run(&open(&common)?, &cli.common.exchange_rates()?, &command)?,
        Some(Command::Catalog(command)) => catalog::run(&open(&common)?, &command)?,
        Some(Command::Audit(command)) => audit::run(&open(&common)?, &command)?.map_err(Failure::Other)?,
        Some(Command::Usage(command)) => usage::run(&open(&common)?, &command)?,
        Some(Command::Token(args)) => token::run(&open(&common)?, &args)?,
        Some(Command::Openapi { surface: Surface::PartnerCenter }) => openapi::partner_center()?,
        Some(Command::Openapi { surface: Surface::Azure }) => openapi::azure()?,
    };
    print(&text);
    Ok(())
}

/// Whether development powers would be refused does not matter to one who only asks.
fn healthcheck(common: &CommonArgs, args: ServeArgs) -> Result<(), Failure> {
    let args = ServeArgs { dev: Some(true), dev_allow_remote: Some(true), ..args };
    healthcheck::run(&config::settle(common, &args)?).map_err(Failure::Other)
}

fn serve(common: &CommonArgs, args: &ServeArgs) -> Result<(), Failure> {
    let config = config::settle(common, args)?;
    let picked = config.listen.port() == 0;
    let scheme = if matches!(config.tls, config::Tls::Off) { "http" } else { "https" };
    server::serve(&config, |running| {
        if picked {
            print(&format!("{scheme}://{}", running.address));
        }
    })?;
    Ok(())
}

/// The database, with its schema and catalogue up to date. May run beside a serving process.
fn open(common: &CommonConfig) -> Result<Db, Failure> {
    let db = Db::open(&common.database, Clock::system())?;
    crate::catalog::import::import_built_in(&db)?;
    Ok(db)
}

fn print(text: &str) {
    use std::io::Write;
    if text.is_empty() {
        return;
    }
    // A reader that went away is no failure of ours.
    let _ = writeln!(std::io::stdout().lock(), "{}", text.trim_end_matches('\n'));
}

/// One write a line, straight to the file descriptor: the lock of `std::io::stderr` would make
/// requests on different threads wait for each other's lines.
fn log_to_stderr(format: LogFormat, level: &str) {
    let filter = EnvFilter::try_from_env("RESERVOIR_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let stderr = match std::io::stderr().as_fd().try_clone_to_owned() {
        Ok(descriptor) => Arc::new(File::from(descriptor)),
        Err(error) => return eprintln!("reservoir: no log: {error}"),
    };
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr).with_target(false);
    let result = match format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).try_init(),
    };
    if let Err(error) = result {
        eprintln!("reservoir: no log: {error}");
    }
}
