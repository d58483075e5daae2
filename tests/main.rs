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
mod azure_bad_input;
mod azure_contract;
mod azure_matrix;
mod azure_rights;
mod bad_input;
mod development;
mod exchanges;
mod idempotency;
mod isolation;
mod model;
mod openapi;
mod outage;
mod permissions;
mod price_lists;
mod program;
mod purchase;
mod recorded_requests;
mod refunds;
mod renewal;
mod roles;
mod rules;
mod schema;
mod sdk;
mod support_azure;
mod support_requests;
mod surfaces;
mod usage;
mod users;
mod wire;
