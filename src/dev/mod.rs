//! Development powers: seed data, the test clock, reset, the ledger view. (The token issuer is in
//! [`crate::auth::issuer`].) None of this exists without `--dev`.

pub mod api;
mod duration;
pub mod seed;
