//! The conventions of Azure's resource manager: ids, `api-version`, lists with `nextLink`, the
//! error body, and the frame of a call.

mod call;
pub mod conditions;
mod explain;
mod fault;
mod filter;
pub mod ids;
mod paging;
mod wire;

pub use call::{AzureAnswer, AzureCall, Refused, Unread, authenticated};
pub use explain::ExplanationLine;
pub use fault::{AzureFault, AzureFaultBody, code_of};
pub use filter::{Comparison, Filter};
pub use paging::{Window, whole_number};
pub use wire::{ListOf, Price};
