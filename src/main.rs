//! The `reservoir` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    reservoir::cli::run()
}
