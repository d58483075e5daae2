//! Who is calling on the Azure side, and what that caller may do with what: roles are assigned
//! there, so a right is known only once the subscription or the reservation order is.

mod place;

use std::sync::Arc;

use super::Agent;
use crate::auth::Token;
use crate::config::Role;
use crate::customers::{self, Customer};
use crate::db::Unit;
use crate::error::{Error, Result};
use crate::ids::Guid;
use crate::partners::{self, Partner, PartnerKind};
use crate::permissions::azure::{AzureRights, Need};
use crate::reservations::{self, Reservation, ReservationOrder};
use crate::role_assignments::rules::{Held, suffice};
use crate::role_assignments::{self, BuiltInRole, Scope};
use crate::subscriptions::{self, AzureSubscription};

pub use place::Place;

/// On which side a caller stands.
#[derive(Clone, Debug)]
pub enum Side {
    /// An agent of a partner: signed in to the partner's own tenant, or to a customer's on behalf
    /// of it, and then for that customer only.
    Agent {
        /// The partner it works for.
        partner: Arc<Partner>,
        /// The customer whose tenant it is signed in to.
        on_behalf_of: Option<Guid>,
    },
    /// A user or application of a customer.
    Customer(Guid),
}

/// A caller with a trusted token, and the operation it calls: what it may do it may do for that
/// operation alone.
#[derive(Clone, Debug)]
pub struct Permit {
    /// On which side it stands.
    pub side: Side,
    /// Who it is.
    pub token: Arc<Token>,
    /// Ties the records of one business transaction together.
    pub correlation_id: String,
    /// The operation.
    pub rights: &'static AzureRights,
}

/// An Azure subscription that the caller may work on.
#[derive(Clone, Debug)]
pub struct PermittedSubscription {
    /// The subscription.
    pub azure: AzureSubscription,
    /// Whose it is.
    pub customer: Customer,
}

/// A reservation order that the caller may work on, and what it holds.
#[derive(Clone, Debug)]
pub struct PermittedOrder {
    /// The order.
    pub order: ReservationOrder,
    /// Its reservations, oldest first, those that are no longer active among them.
    pub reservations: Vec<Reservation>,
    /// Whose it is.
    pub customer: Customer,
}

impl PermittedOrder {
    /// The reservation of this order with that id.
    ///
    /// # Errors
    /// [`Error::ReservationNotFound`].
    pub fn reservation(&self, id: &Guid) -> Result<&Reservation> {
        self.reservations.iter().find(|one| &one.id == id).ok_or(Error::ReservationNotFound)
    }
}

impl Permit {
    /// What an agent of Partner Center's surface may do on this side with its token, to have
    /// `rights` carried out from there.
    pub fn of_agent(agent: &Agent, rights: &'static AzureRights) -> Self {
        Self {
            side: Side::Agent { partner: Arc::clone(&agent.partner), on_behalf_of: None },
            token: Arc::clone(&agent.token),
            correlation_id: agent.correlation_id.clone(),
            rights,
        }
    }

    /// Whether the caller is a customer's own user or application.
    pub const fn is_customer(&self) -> bool {
        matches!(self.side, Side::Customer(_))
    }

    /// What can be refused before anything is looked up.
    ///
    /// # Errors
    /// [`Error::NotAuthorized`] for a partner's user who is no agent and for an indirect reseller
    /// that would change something, for what Admin agents alone do; [`Error::CustomerMayNotManage`]
    /// (rule P7).
    pub fn check_side(&self) -> Result<()> {
        match (&self.side, self.rights.need) {
            (Side::Customer(_), Need::Manage) => Err(Error::CustomerMayNotManage),
            (Side::Customer(id), Need::Bill | Need::Support | Need::Administer) => {
                Err(self.refused(&format!("/tenants/{id}")))
            }
            (Side::Customer(_), _) => Ok(()),
            (Side::Agent { partner, .. }, need) => {
                let reads = matches!(need, Need::Read | Need::SignIn | Need::Bill);
                if self.token.roles.is_empty()
                    || (partner.kind == PartnerKind::Reseller && !reads)
                    || (need == Need::Administer && !self.is_admin())
                {
                    return Err(self.refused(&format!("/tenants/{}", self.token.tenant_id)));
                }
                Ok(())
            }
        }
    }

    /// The Azure subscription with this id, if the caller may do this with it.
    ///
    /// # Errors
    /// [`Error::AzureSubscriptionNotFound`] for unknown and foreign ones alike;
    /// [`Error::NotAuthorized`].
    pub fn subscription(&self, unit: &mut Unit<'_>, id: &Guid) -> Result<PermittedSubscription> {
        let found = self.visible_subscription(unit, id)?;
        let held = self.roles_at(unit, &Scope::Subscription(id.clone()), &found.customer)?;
        self.insist(&Held { on_subscription: held, on_order: Vec::new() }, &Scope::Subscription(id.clone()))?;
        Ok(found)
    }

    /// The same without asking for roles, for what needs none.
    ///
    /// # Errors
    /// [`Error::AzureSubscriptionNotFound`].
    pub fn visible_subscription(&self, unit: &mut Unit<'_>, id: &Guid) -> Result<PermittedSubscription> {
        let azure = subscriptions::repo::azure_by_id(unit.conn, id)?.ok_or(Error::AzureSubscriptionNotFound)?;
        let customer =
            self.customer_of(unit, &azure.partner_id, &azure.customer_id)?.ok_or(Error::AzureSubscriptionNotFound)?;
        Ok(PermittedSubscription { azure, customer })
    }

    /// The subscription that something bought in place of what `held` holds is billed to: one that
    /// it is billed to already, or one that the caller may buy for.
    ///
    /// # Errors
    /// [`Error::AzureSubscriptionNotFound`]; [`Error::NotAuthorized`].
    pub fn billed(&self, unit: &mut Unit<'_>, held: &[PermittedOrder], id: &Guid) -> Result<PermittedSubscription> {
        let found = self.visible_subscription(unit, id)?;
        let billed_before = held.iter().flat_map(|one| &one.reservations).any(|one| &one.billing_subscription_id == id);
        if self.is_admin() || billed_before {
            return Ok(found);
        }
        let scope = Scope::Subscription(id.clone());
        let held = Held { on_subscription: self.roles_at(unit, &scope, &found.customer)?, on_order: Vec::new() };
        if suffice(Need::Buy, &held, !self.is_customer()) {
            return Ok(found);
        }
        Err(self.refused(&scope.to_string()))
    }

    /// The reservation order with this id, if the caller may do this with it.
    ///
    /// # Errors
    /// [`Error::ReservationOrderNotFound`] for unknown and foreign ones alike;
    /// [`Error::NotAuthorized`].
    pub fn order(&self, unit: &mut Unit<'_>, id: &Guid) -> Result<PermittedOrder> {
        let found = self.visible_order(unit, id)?;
        let held = self.roles_on_order(unit, &found)?;
        self.insist(&held, &Scope::ReservationOrder(id.clone()))?;
        Ok(found)
    }

    fn visible_order(&self, unit: &mut Unit<'_>, id: &Guid) -> Result<PermittedOrder> {
        let order = reservations::repo::order(unit.conn, id.as_str())?.ok_or(Error::ReservationOrderNotFound)?;
        let customer =
            self.customer_of(unit, &order.partner_id, &order.customer_id)?.ok_or(Error::ReservationOrderNotFound)?;
        let reservations = reservations::repo::of_order(unit.conn, id)?;
        Ok(PermittedOrder { order, reservations, customer })
    }

    /// Every reservation order the caller may read, oldest first.
    ///
    /// # Errors
    /// Those of the database.
    pub fn orders(&self, unit: &mut Unit<'_>) -> Result<Vec<PermittedOrder>> {
        let mut found = Vec::new();
        for (partner_id, customer_id) in self.relations(unit)? {
            let Some(customer) = self.customer_of(unit, &partner_id, &customer_id)? else { continue };
            let mut held: Vec<_> = reservations::repo::of_customer(unit.conn, &customer)?.into_values().collect();
            held.sort_by(|one, other| (one.0.purchased_at, &one.0.id).cmp(&(other.0.purchased_at, &other.0.id)));
            for (order, reservations) in held {
                found.push(PermittedOrder { order, reservations, customer: customer.clone() });
            }
        }
        if self.is_customer() {
            let mut readable = Vec::new();
            for one in found {
                let held = self.roles_on_order(unit, &one)?;
                if suffice(Need::Read, &held, false) {
                    readable.push(one);
                }
            }
            found = readable;
        }
        found.sort_by(|one, other| {
            (one.order.purchased_at, &one.order.id).cmp(&(other.order.purchased_at, &other.order.id))
        });
        Ok(found)
    }

    /// Every Azure subscription the caller may read, oldest first.
    ///
    /// # Errors
    /// Those of the database.
    pub fn subscriptions(&self, unit: &mut Unit<'_>) -> Result<Vec<PermittedSubscription>> {
        let mut found = Vec::new();
        for (partner_id, customer_id) in self.relations(unit)? {
            let Some(customer) = self.customer_of(unit, &partner_id, &customer_id)? else { continue };
            for azure in subscriptions::repo::azure_of_customer(unit.conn, &customer)? {
                let scope = Scope::Subscription(azure.id.clone());
                let readable = !self.is_customer() || {
                    let on_subscription = self.roles_at(unit, &scope, &customer)?;
                    suffice(Need::Read, &Held { on_subscription, on_order: Vec::new() }, false)
                };
                if readable {
                    found.push(PermittedSubscription { azure, customer: customer.clone() });
                }
            }
        }
        found.sort_by(|one, other| {
            (one.azure.created_at, &one.azure.id).cmp(&(other.azure.created_at, &other.azure.id))
        });
        Ok(found)
    }

    /// The pairs of partner and customer whose things the caller could see.
    fn relations(&self, unit: &mut Unit<'_>) -> Result<Vec<(Guid, Guid)>> {
        match &self.side {
            Side::Agent { partner, on_behalf_of } => {
                customers::repo::relations_of_partner(unit.conn, partner, on_behalf_of.as_ref())
            }
            Side::Customer(id) => customers::repo::relations_of_customer(unit.conn, id),
        }
    }

    /// The customer as `partner_id` sees it, if that is the caller's to see.
    fn customer_of(&self, unit: &mut Unit<'_>, partner_id: &Guid, customer_id: &Guid) -> Result<Option<Customer>> {
        let seen = match &self.side {
            Side::Customer(own) if own != customer_id => None,
            Side::Agent { on_behalf_of: Some(only), .. } if only != customer_id => None,
            Side::Customer(_) => partners::repo::by_id(unit.conn, partner_id)?
                .map(|partner| customers::visible_to(unit, &partner, customer_id)),
            Side::Agent { partner, .. } => Some(customers::visible_to(unit, partner, customer_id)),
        };
        match seen {
            None | Some(Err(Error::CustomerNotFound | Error::RelationshipEnded)) => Ok(None),
            Some(Ok(customer)) => Ok((&customer.seller_id == partner_id).then_some(customer)),
            Some(Err(other)) => Err(other),
        }
    }

    fn roles_on_order(&self, unit: &mut Unit<'_>, found: &PermittedOrder) -> Result<Held> {
        let on_order = self.roles_at(unit, &Scope::ReservationOrder(found.order.id.clone()), &found.customer)?;
        let on_subscription = match found.reservations.first() {
            Some(one) => {
                self.roles_at(unit, &Scope::Subscription(one.billing_subscription_id.clone()), &found.customer)?
            }
            None => Vec::new(),
        };
        Ok(Held { on_subscription, on_order })
    }

    /// The built-in roles that the caller holds at a scope, inherited ones among them.
    ///
    /// # Errors
    /// Those of the database.
    pub fn roles_at(&self, unit: &mut Unit<'_>, scope: &Scope, customer: &Customer) -> Result<Vec<BuiltInRole>> {
        if self.is_admin() {
            return Ok(Vec::new());
        }
        let principals = self.principals();
        let keys: Vec<String> = scope.with_ancestors().iter().map(Scope::key).collect();
        let assignments = role_assignments::repo::held_by(unit.conn, &principals, &keys)?;
        let everywhere = Scope::Capacity.key();
        // A scope that every tenant has counts only where it was assigned.
        let holds = |tenant: &Guid| tenant == &customer.id || tenant == &customer.seller_id;
        let holding = assignments.iter().filter(|one| one.scope != everywhere || holds(&one.tenant_id));
        Ok(holding.filter_map(|one| BuiltInRole::by_id(&one.role_definition_id)).collect())
    }

    /// Whose roles the caller has: its own, and its partner's group's.
    fn principals(&self) -> Vec<&Guid> {
        let mut principals = vec![&self.token.object_id];
        if let Side::Agent { partner, .. } = &self.side {
            principals.push(&partner.foreign_group_id);
        }
        principals
    }

    /// Whether the caller is an Admin agent, who needs no assignment (rule O7).
    pub fn is_admin(&self) -> bool {
        !self.is_customer() && self.token.roles.contains(&Role::Admin)
    }

    /// Refuses where roles do not suffice.
    ///
    /// # Errors
    /// [`Error::NotAuthorized`].
    pub fn insist(&self, held: &Held, scope: &Scope) -> Result<()> {
        if self.is_admin() || suffice(self.rights.need, held, !self.is_customer()) {
            return Ok(());
        }
        Err(self.refused(&scope.to_string()))
    }

    /// The refusal, in Azure's words.
    pub fn refused(&self, scope: &str) -> Error {
        Error::NotAuthorized {
            client: self
                .token
                .user_principal_name
                .clone()
                .or_else(|| self.token.application_id.clone())
                .unwrap_or_default(),
            object_id: self.token.object_id.clone(),
            action: self.rights.action,
            scope: scope.to_owned(),
        }
    }

    /// For whom an agent asks where no subscription says so: for its partner and, signed in to a
    /// customer's tenant, for that customer alone.
    ///
    /// # Errors
    /// [`Error::NotAuthorized`] for a customer's user.
    pub fn represented(&self, unit: &mut Unit<'_>) -> Result<(Agent, Option<Customer>)> {
        let Side::Agent { partner, on_behalf_of } = &self.side else {
            return Err(self.refused(&format!("/tenants/{}", self.token.tenant_id)));
        };
        let customer = match on_behalf_of {
            Some(id) => Some(self.customer_of(unit, &partner.id, id)?.ok_or(Error::TenantNotFound)?),
            None => None,
        };
        let (partner, token) = (Arc::clone(partner), Arc::clone(&self.token));
        Ok((Agent { partner, token, correlation_id: self.correlation_id.clone() }, customer))
    }

    /// Who acts, for orders and records: in the account of the partner that has the customer.
    ///
    /// # Errors
    /// Those of the database.
    pub fn agent(&self, unit: &mut Unit<'_>, customer: &Customer) -> Result<Agent> {
        let partner = match &self.side {
            Side::Agent { partner, .. } if partner.id == customer.seller_id => Arc::clone(partner),
            _ => Arc::new(partners::repo::by_id(unit.conn, &customer.seller_id)?.ok_or(Error::CustomerNotFound)?),
        };
        Ok(Agent { partner, token: Arc::clone(&self.token), correlation_id: self.correlation_id.clone() })
    }
}
