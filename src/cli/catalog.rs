//! `reservoir catalog import FILE…`.

use std::path::PathBuf;

use clap::Subcommand;

use crate::catalog::import::{Imported, import};
use crate::db::Db;
use crate::error::{Error, Result};

/// What to do with the catalogue.
#[derive(Subcommand, Debug)]
pub(super) enum CatalogCommand {
    /// Take pages of the Azure Retail Prices API (JSON files) into the catalogue
    Import {
        /// The files, one page each
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

pub(super) fn run(db: &Db, command: &CatalogCommand) -> Result<String> {
    let CatalogCommand::Import { files } = command;
    let mut done = Imported::default();
    for file in files {
        let named = |reason: String| Error::invalid(file.display().to_string(), reason);
        let text = std::fs::read_to_string(file).map_err(|error| named(error.to_string()))?;
        done += import(db, &text).map_err(|error| match error {
            Error::InvalidInput { .. } => named(error.to_string()),
            other => other,
        })?;
    }
    Ok(format!("{} added, {} updated, {} skipped", done.added, done.updated, done.skipped))
}
