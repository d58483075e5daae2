//! The conventions of Azure's resource manager: ids, `api-version`, lists with `nextLink`, the
//! error body, and the frame of a call.

mod call;
mod fault;
pub mod ids;
mod paging;
mod wire;

pub use call::{AzureAnswer, AzureCall, Unread, authenticated};
pub use fault::{AzureFault, AzureFaultBody, code_of};
pub use paging::{Window, whole_number};
pub use wire::{ListOf, Price};
