//! Reservoir: a self-hosted server for Microsoft Partner Center's REST API and Azure's reservation
//! API, with the business rules behind them. `ARCHITECTURE.md` says what is where.

pub mod access;
pub mod agreements;
pub mod audit;
pub mod auth;
pub mod azure;
pub mod carts;
pub mod catalog;
pub mod cli;
pub mod clock;
pub mod config;
pub mod customers;
pub mod db;
pub mod dev;
pub mod due_work;
pub mod entitlements;
pub mod error;
pub mod etag;
pub mod http;
pub mod ids;
pub mod ledger;
pub mod money;
pub mod openapi;
pub mod orders;
pub mod partner_center;
pub mod partners;
pub mod permissions;
pub mod pricing;
pub mod principals;
pub mod replays;
pub mod reservations;
pub mod role_assignments;
pub mod routes;
pub mod server;
pub mod subscriptions;
pub mod tenants;
