//! The conventions of Partner Center's REST API v1: the envelope of resources and collections,
//! links, filters, paging, the error body, and the frame of a call.

mod call;
mod fault;
mod filter;
mod offset;
mod paging;
mod wire;

pub use call::{Answer, Attempt, Call, agent};
pub use fault::{Fault, FaultBody, cart_error_of, code_of};
pub use filter::Filter;
pub use offset::OffsetPage;
pub use paging::{PageRequest, Token as PageToken, decode_token, encode_token, foreign_token, page_size};
pub use wire::{Attributes, Collection, KeyValue, Link, Links, is_supplied};
