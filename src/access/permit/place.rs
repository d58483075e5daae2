//! Places: what a caller names by its scope rather than by its kind, to grant roles there or to
//! see who has them.

use super::{Permit, Side};
use crate::access::Agent;
use crate::audit::{self, Change};
use crate::customers::Customer;
use crate::db::Unit;
use crate::error::{Error, Result};
use crate::ids::Guid;
use crate::resource_groups;
use crate::role_assignments::rules::Held;
use crate::role_assignments::{self, BuiltInRole, Scope};
use crate::subscriptions::{self, Subscription};

/// A scope that the caller may work on.
#[derive(Clone, Debug)]
pub struct Place {
    /// The scope, as it is spelled.
    pub scope: Scope,
    /// The tenant in which roles are granted there.
    pub tenant_id: Guid,
    /// Whose it is; `None` for what spans a partner's own tenant.
    pub customer: Option<Customer>,
    /// What the caller holds there; nothing for an Admin agent, who needs nothing.
    pub held: Held,
}

impl Place {
    fn of_customer(scope: Scope, customer: Customer, held: Held) -> Self {
        Self { scope, tenant_id: customer.id.clone(), customer: Some(customer), held }
    }
}

impl Permit {
    /// The place with this scope, if the caller may do this there.
    ///
    /// # Errors
    /// [`Error::AzureSubscriptionNotFound`], [`Error::ReservationOrderNotFound`],
    /// [`Error::ReservationNotFound`] for unknown and foreign ones alike, [`Error::NotAuthorized`],
    /// then [`Error::ResourceGroupNotFound`].
    pub fn place(&self, unit: &mut Unit<'_>, scope: &Scope) -> Result<Place> {
        let place = self.look_at(unit, scope)?;
        self.insist(&place.held, &place.scope)?;
        existing(unit, place)
    }

    /// The same for a resource group that need not exist yet.
    ///
    /// # Errors
    /// [`Error::AzureSubscriptionNotFound`], [`Error::NotAuthorized`].
    pub fn future_place(&self, unit: &mut Unit<'_>, scope: &Scope) -> Result<Place> {
        let place = self.look_at(unit, scope)?;
        self.insist(&place.held, &place.scope)?;
        Ok(place)
    }

    /// The same without asking for roles, for what needs none.
    ///
    /// # Errors
    /// As [`Self::place`], but for the roles.
    pub fn visible_place(&self, unit: &mut Unit<'_>, scope: &Scope) -> Result<Place> {
        let place = self.look_at(unit, scope)?;
        existing(unit, place)
    }

    fn look_at(&self, unit: &mut Unit<'_>, scope: &Scope) -> Result<Place> {
        match scope {
            Scope::Subscription(id) | Scope::ResourceGroup(id, _) => {
                let customer = self.visible_subscription(unit, id)?.customer;
                let on_subscription = self.roles_at(unit, scope, &customer)?;
                Ok(Place::of_customer(scope.clone(), customer, Held { on_subscription, on_order: Vec::new() }))
            }
            Scope::ReservationOrder(id) => {
                let found = self.visible_order(unit, id)?;
                let held = self.roles_on_order(unit, &found)?;
                Ok(Place::of_customer(scope.clone(), found.customer, held))
            }
            Scope::Reservation(id, reservation) => {
                let found = self.visible_order(unit, id)?;
                let on_subscription = self.roles_on_order(unit, &found)?.on_subscription;
                found.reservation(reservation)?;
                let on_order = self.roles_at(unit, scope, &found.customer)?;
                Ok(Place::of_customer(scope.clone(), found.customer, Held { on_subscription, on_order }))
            }
            Scope::Capacity => self.whole_tenant(unit),
        }
    }

    /// All reservations of the tenant that the caller is signed in to, and of no other.
    fn whole_tenant(&self, unit: &mut Unit<'_>) -> Result<Place> {
        let customer = match &self.side {
            Side::Agent { on_behalf_of: None, .. } => None,
            _ => {
                let first = self.customers(unit)?.into_iter().next();
                Some(first.ok_or_else(|| self.refused(&Scope::Capacity.to_string()))?)
            }
        };
        let tenant_id = self.token.tenant_id.clone();
        let on_order = if self.is_admin() {
            Vec::new()
        } else {
            let held = role_assignments::repo::held_by(unit.conn, &self.principals(), &[Scope::Capacity.key()])?;
            let here = held.iter().filter(|one| one.tenant_id == tenant_id);
            here.filter_map(|one| BuiltInRole::by_id(&one.role_definition_id)).collect()
        };
        let held = Held { on_subscription: Vec::new(), on_order };
        Ok(Place { scope: Scope::Capacity, tenant_id, customer, held })
    }

    /// The customers that the caller sees, each as the partner that sells to it does.
    ///
    /// # Errors
    /// Those of the database.
    pub fn customers(&self, unit: &mut Unit<'_>) -> Result<Vec<Customer>> {
        let mut found = Vec::new();
        for (partner_id, customer_id) in self.relations(unit)? {
            found.extend(self.customer_of(unit, &partner_id, &customer_id)?);
        }
        found.sort_by(|one, other| {
            (one.row.created_at, &one.id, &one.seller_id).cmp(&(other.row.created_at, &other.id, &other.seller_id))
        });
        Ok(found)
    }

    /// The Azure plan with this id, and whose it is.
    ///
    /// # Errors
    /// [`Error::AzureSubscriptionNotFound`] for unknown and foreign ones alike.
    pub fn visible_plan(&self, unit: &mut Unit<'_>, id: &Guid) -> Result<(Subscription, Customer)> {
        let plan = subscriptions::repo::by_id(unit.conn, id)?.ok_or(Error::AzureSubscriptionNotFound)?;
        let customer =
            self.customer_of(unit, &plan.partner_id, &plan.customer_id)?.ok_or(Error::AzureSubscriptionNotFound)?;
        Ok((plan, customer))
    }

    /// Records a change at a place.
    ///
    /// # Errors
    /// Those of the database.
    pub fn record(&self, unit: &mut Unit<'_>, place: &Place, change: Change) -> Result<()> {
        match (&place.customer, &self.side) {
            (Some(customer), _) => {
                let agent = self.agent(unit, customer)?;
                audit::record(unit, &agent, customer, change)
            }
            (None, Side::Agent { partner, .. }) => {
                let (token, correlation_id) = (self.token.clone(), self.correlation_id.clone());
                audit::record_own(unit, &Agent { partner: partner.clone(), token, correlation_id }, change)
            }
            (None, Side::Customer(_)) => Err(Error::Internal("a customer at a partner's place".to_owned())),
        }
    }
}

/// A resource group is spelled as it was made.
fn existing(unit: &mut Unit<'_>, place: Place) -> Result<Place> {
    match &place.scope {
        Scope::ResourceGroup(id, name) => {
            let group = resource_groups::repo::find(unit.conn, id, name)?
                .ok_or_else(|| Error::ResourceGroupNotFound(crate::access::short(name)))?;
            Ok(Place { scope: Scope::ResourceGroup(id.clone(), group.name), ..place })
        }
        _ => Ok(place),
    }
}
