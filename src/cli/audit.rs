//! `reservoir audit verify`.

use clap::Subcommand;

use crate::audit::chain;
use crate::db::Db;
use crate::error::Result;

/// What to do with the activity log.
#[derive(Subcommand, Debug)]
pub(super) enum AuditCommand {
    /// Find records that were changed, removed or inserted in the database; exit code 1 if there is one
    Verify,
}

/// What to print; the inner error says where the chain is broken.
pub(super) fn run(db: &Db, command: &AuditCommand) -> Result<std::result::Result<String, String>> {
    let AuditCommand::Verify = command;
    Ok(match chain::verify(db)? {
        Ok(verified) => Ok(format!("{} records verified, {} still to be sealed", verified.sealed, verified.pending)),
        Err(broken) => Err(format!("the activity log is broken: {}", broken.0)),
    })
}
