//! Who is calling, and what that caller may look at: an agent of a partner ([`Agent`]), or whoever
//! calls on the Azure side ([`Permit`]).

mod permit;

use std::sync::Arc;

use crate::auth::Token;
use crate::db::Unit;
use crate::error::{Error, Result};
use crate::ids::Guid;
use crate::partners::{Partner, PartnerKind};
use crate::permissions::Rights;

pub use permit::{Permit, PermittedOrder, PermittedSubscription, Place, Side};

/// An agent of a partner, with the tenant scope that every query takes.
#[derive(Clone, Debug)]
pub struct Agent {
    /// The partner it works for.
    pub partner: Arc<Partner>,
    /// Who it is.
    pub token: Arc<Token>,
    /// Ties the records of one business transaction together.
    pub correlation_id: String,
}

impl Agent {
    /// Whether the operation is open to this agent.
    ///
    /// # Errors
    /// [`Error::RoleNotAllowed`], [`Error::AppOnlyNotSupported`] or [`Error::ResellerReadsOnly`].
    pub fn may(&self, rights: &Rights) -> Result<()> {
        if self.token.app_only && !rights.app_only {
            return Err(Error::AppOnlyNotSupported);
        }
        if !self.token.roles.iter().any(|role| rights.roles.contains(role)) {
            return Err(Error::RoleNotAllowed);
        }
        if rights.writes && self.partner.kind == PartnerKind::Reseller {
            return Err(Error::ResellerReadsOnly);
        }
        Ok(())
    }

    /// Insists on a signed-in user, for what an application alone may not do.
    ///
    /// # Errors
    /// [`Error::AppOnlyNotSupported`].
    pub fn require_user(&self) -> Result<()> {
        if self.token.app_only { Err(Error::AppOnlyNotSupported) } else { Ok(()) }
    }

    /// The name for records: the user principal name, empty for an application alone.
    pub fn user_name(&self) -> &str {
        self.token.user_principal_name.as_deref().unwrap_or_default()
    }

    /// The application, as the token names it.
    pub fn application(&self) -> &str {
        self.token.application_id.as_deref().unwrap_or_default()
    }

    /// The customer with this id, if the agent's partner may see it: the only way to a customer.
    ///
    /// # Errors
    /// [`Error::CustomerNotFound`] for unknown and foreign customers alike,
    /// [`Error::RelationshipEnded`] where a relationship existed.
    pub fn customer(&self, unit: &mut Unit<'_>, id: &Guid) -> Result<crate::customers::Customer> {
        crate::customers::visible_to(unit, &self.partner, id)
    }
}

/// Something that a caller named and that must be a GUID.
///
/// # Errors
/// [`Error::InvalidInput`] names the field.
pub fn guid(field: &str, text: &str) -> Result<Guid> {
    Guid::parse(text).ok_or_else(|| Error::invalid(field, format!("{} is not a GUID", short(text))))
}

/// Enough of a caller's text to recognise it in an error.
pub fn short(text: &str) -> String {
    if text.chars().count() <= 64 { text.to_owned() } else { text.chars().take(64).chain("…".chars()).collect() }
}
