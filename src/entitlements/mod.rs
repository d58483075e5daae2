//! Entitlements: what a customer may use because of its orders, and the reservations behind them.

pub mod api;

use crate::catalog::ItemKind;
use crate::customers::Customer;
use crate::db::Unit;
use crate::error::Result;
use crate::ids::Guid;
use crate::orders::{self, Order, OrderLine};
use crate::reservations::{self, ProvisioningState, Reservation, ReservationOrder};
use crate::text_enum;

text_enum! {
    /// The kinds of entitlement that lists are narrowed to.
    EntitlementType {
        /// Software.
        Software = "software",
        /// Reservations, in today's form.
        ReservedInstance = "reservedinstance",
        /// Reservations of virtual machines, in the form before version 1.9.
        VirtualMachineReservedInstance = "virtualmachinereservedinstance",
    }
}

/// A line of an order that entitles to something.
pub struct Entitlement {
    /// The order.
    pub order: Order,
    /// The line.
    pub line: OrderLine,
    /// What it entitles to.
    pub what: Entitled,
}

/// What a line entitles to.
pub enum Entitled {
    /// Software.
    Software,
    /// Reservations: the order that holds them, and what it holds now.
    Reservations(Box<ReservationOrder>, Vec<Reservation>),
}

impl Entitlement {
    /// How many are left of what was bought: what was returned no longer counts.
    pub fn quantity(&self) -> i64 {
        match &self.what {
            Entitled::Software => self.line.quantity,
            Entitled::Reservations(_, held) => {
                held.iter().filter(|one| one.state != ProvisioningState::Cancelled).map(|one| one.quantity).sum()
            }
        }
    }
}

/// The group that the artifacts of an order are in.
pub fn group_of(order_id: &str) -> Guid {
    Guid::derived(&format!("artifact group:{order_id}"))
}

/// Everything the customer's orders entitle it to, oldest first.
///
/// # Errors
/// Those of the database.
pub fn of_customer(unit: &mut Unit<'_>, customer: &Customer) -> Result<Vec<Entitlement>> {
    let mut held = reservations::repo::of_customer(unit.conn, customer)?;
    let mut found = Vec::new();
    for (order, lines) in orders::repo::list(unit.conn, customer, None)? {
        for line in lines {
            let what = match (line.kind, &line.reservation_order_id) {
                (ItemKind::SoftwareSubscription | ItemKind::SoftwarePerpetual, _) => Entitled::Software,
                (ItemKind::Reservation, Some(id)) => match held.remove(id) {
                    Some((order, reservations)) => Entitled::Reservations(Box::new(order), reservations),
                    None => continue,
                },
                _ => continue,
            };
            found.push(Entitlement { order: order.clone(), line, what });
        }
    }
    Ok(found)
}
