//! What both surfaces share: the request's context, lenient reading of bodies and queries, and the
//! answer a handler gives.

pub mod body;
pub mod context;
pub mod json;
mod lenient;
pub mod query;
pub mod rate_limit;
pub mod reply;

pub use context::RequestContext;
pub use query::Query;
pub use reply::{Number, Reply};
