//! Every test that speaks HTTP, each on SQLite and on PostgreSQL. One binary, so that the program
//! is linked once; each file is a module named after what it tests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test ends where something is not as it must be"
)]

mod support;

mod activity_log;
mod bad_input;
mod development;
mod idempotency;
mod isolation;
mod openapi;
mod outage;
mod permissions;
mod price_lists;
mod program;
mod purchase;
mod recorded_requests;
mod roles;
mod rules;
mod schema;
mod support_azure;
mod support_requests;
mod users;
mod wire;
