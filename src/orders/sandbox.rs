//! What an integration sandbox account may hold.

use super::lines::{PricedLine, Target};
use super::refusal::Refusal;
use crate::customers::Customer;
use crate::db::Unit;
use crate::error::Result;
use crate::money::sum_minor;
use crate::partners::Partner;
use crate::reservations;
use crate::subscriptions::{self, SubscriptionKind};

/// Instances of reservations, for one customer.
const INSTANCES: i64 = 2;
/// Subscriptions, for one customer.
const SUBSCRIPTIONS: i64 = 5;
/// Azure plans, in all.
const PLANS: i64 = 10;
/// Seats of one subscription.
const SEATS: i64 = 25;

/// Checks the lines of an order together with what the account holds already.
///
/// # Errors
/// [`crate::error::Error::Refused`].
pub fn check(unit: &mut Unit<'_>, partner: &Partner, customer: &Customer, lines: &[PricedLine]) -> Result<()> {
    if !partner.sandbox {
        return Ok(());
    }
    let of_kind = |wanted: SubscriptionKind| {
        lines.iter().filter(move |line| matches!(line.target, Target::Subscription(kind) if kind == wanted))
    };
    if of_kind(SubscriptionKind::License).any(|line| line.request.quantity > SEATS) {
        return Err(Refusal::SandboxSeatLimit.into());
    }
    let reservations = lines.iter().filter(|line| matches!(line.target, Target::Reservation { .. }));
    let wanted = sum_minor(reservations.map(|line| line.request.quantity))?;
    if wanted > 0 {
        let held = reservations::repo::instances_held(unit.conn, customer)?;
        if sum_minor([held, wanted])? > INSTANCES {
            return Err(Refusal::SandboxReservationLimit.into());
        }
    }
    let plans = count(of_kind(SubscriptionKind::AzurePlan));
    if plans > 0 && subscriptions::repo::count_plans(unit.conn, &partner.id)?.saturating_add(plans) > PLANS {
        return Err(Refusal::SandboxPlanLimit.into());
    }
    let wanted = count(lines.iter().filter(|line| matches!(line.target, Target::Subscription(_))));
    if wanted > 0 && subscriptions::repo::count_of_customer(unit.conn, customer)?.saturating_add(wanted) > SUBSCRIPTIONS
    {
        return Err(Refusal::SandboxSubscriptionLimit.into());
    }
    Ok(())
}

fn count<'a>(lines: impl Iterator<Item = &'a PricedLine>) -> i64 {
    i64::try_from(lines.count()).unwrap_or(i64::MAX)
}
