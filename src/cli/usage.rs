//! `reservoir usage import FILE…`.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Subcommand;

use crate::db::Db;
use crate::error::{Error, Result};
use crate::usage::{self, Progress};

/// What to do with use.
#[derive(Subcommand, Debug)]
pub(super) enum UsageCommand {
    /// Take the use of virtual machines from files, CSV with a header row or JSON lines
    ///
    /// Members: usageDate (YYYY-MM-DD), hour (0 to 23, empty for the whole day), subscriptionId,
    /// resourceGroup, armSkuName, armRegionName, quantity (instances), instanceId (optional). Nothing
    /// of a file with a bad row is kept. A file can be imported again: it replaces what it said.
    Import {
        /// The files
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

pub(super) fn run(db: &Db, command: &UsageCommand) -> Result<String> {
    let UsageCommand::Import { files } = command;
    let mut told = Vec::new();
    for path in files {
        let named = |reason: String| Error::invalid(path.display().to_string(), reason);
        let file = File::open(path).map_err(|error| named(error.to_string()))?;
        let done =
            usage::import(db, BufReader::with_capacity(1 << 20, file), teller(path)).map_err(|error| match error {
                Error::InvalidInput { .. } => named(error.to_string()),
                other => other,
            })?;
        told.push(format!("{}: {} rows, {} days", path.display(), done.rows, done.days));
    }
    Ok(told.join("\n"))
}

/// Tells how far the import of a file is: once a second, and at its end.
fn teller(path: &Path) -> impl FnMut(Progress) {
    const PAUSE: Duration = Duration::from_secs(1);
    let mut last = Instant::now();
    move |progress| {
        let over = matches!(progress, Progress::Recorded { days, of } if days == of);
        if !over && last.elapsed() < PAUSE {
            return;
        }
        last = Instant::now();
        match progress {
            Progress::Read(lines) => eprintln!("reservoir: {}: {lines} lines read", path.display()),
            Progress::Recorded { days, of } => eprintln!("reservoir: {}: {days} of {of} days recorded", path.display()),
        }
    }
}
