//! Rules of an order.

use super::lines::{PricedLine, Target};
use super::refusal::Refusal;
use crate::catalog::{self, BillingCycle, ItemKind, PriceRow, Term};
use crate::customers::Customer;
use crate::db::{Moment, Unit};
use crate::error::Result;
use crate::money::sum_minor;
use crate::partners::Partner;
use crate::subscriptions::SubscriptionKind;

/// Instances of reservations that a sandbox account may hold for one customer.
const SANDBOX_INSTANCES: i64 = 2;
/// Subscriptions that a sandbox account may hold for one customer.
const SANDBOX_SUBSCRIPTIONS: i64 = 5;
/// Azure plans that a sandbox account may hold.
const SANDBOX_PLANS: i64 = 10;

/// The SKU fixes the term; what the buyer says of it (`termDuration`, or the older context key
/// `duration`) must agree, and the size must still be sold for it.
///
/// # Errors
/// [`Refusal::TermNotOffered`], [`Refusal::TermNoLongerSold`].
pub fn check_term(row: &PriceRow, term: Option<&str>, duration: Option<&str>, now: Moment) -> Result<(), Refusal> {
    let said = [term.filter(|text| !text.is_empty()), duration];
    for text in said.into_iter().flatten() {
        if row.term.is_none() || term_of(text) != row.term {
            return Err(Refusal::TermNotOffered(crate::access::short(text)));
        }
    }
    match row.term {
        Some(term) if row.kind == ItemKind::Reservation && !catalog::rules::is_sold(&row.arm_sku_name, term, now) => {
            Err(Refusal::TermNoLongerSold)
        }
        _ => Ok(()),
    }
}

/// The term of `P1Y`, `1Year`, `3Year` or `3Years`.
fn term_of(text: &str) -> Option<Term> {
    match text.to_ascii_lowercase().as_str() {
        "1year" | "1years" => Some(Term::OneYear),
        "3year" | "3years" => Some(Term::ThreeYears),
        _ => Term::parse(text),
    }
}

/// The billing cycle: what the buyer names, or the first on offer.
///
/// # Errors
/// [`Refusal::BillingCycleNotSupported`].
pub fn billing_cycle(on_offer: &[BillingCycle], wanted: Option<BillingCycle>) -> Result<BillingCycle, Refusal> {
    match wanted {
        Some(cycle) if on_offer.contains(&cycle) => Ok(cycle),
        Some(cycle) => Err(Refusal::BillingCycleNotSupported(cycle.to_string())),
        None => on_offer.first().copied().ok_or_else(|| Refusal::BillingCycleNotSupported("none".to_owned())),
    }
}

/// The limits of a sandbox account, for all lines of an order together.
///
/// # Errors
/// [`crate::error::Error::Refused`].
pub fn check_sandbox(unit: &mut Unit<'_>, partner: &Partner, customer: &Customer, lines: &[PricedLine]) -> Result<()> {
    if !partner.sandbox {
        return Ok(());
    }
    let instances = lines.iter().filter(|line| matches!(line.target, Target::Reservation { .. }));
    let wanted = sum_minor(instances.map(|line| line.request.quantity))?;
    if wanted > 0 {
        let held = crate::reservations::repo::instances_held(unit.conn, customer)?;
        if sum_minor([held, wanted])? > SANDBOX_INSTANCES {
            return Err(Refusal::SandboxReservationLimit.into());
        }
    }
    let count = |kind: Option<SubscriptionKind>| {
        let fits = |line: &&PricedLine| match (&line.target, kind) {
            (Target::Subscription(have), Some(kind)) => *have == kind,
            (Target::Subscription(_), None) => true,
            _ => false,
        };
        i64::try_from(lines.iter().filter(fits).count()).unwrap_or(i64::MAX)
    };
    let (plans, subscriptions) = (count(Some(SubscriptionKind::AzurePlan)), count(None));
    if plans > 0
        && crate::subscriptions::repo::count_plans(unit.conn, &partner.id)?.saturating_add(plans) > SANDBOX_PLANS
    {
        return Err(Refusal::SandboxPlanLimit.into());
    }
    let held = crate::subscriptions::repo::count_of_customer(unit.conn, customer)?;
    if subscriptions > 0 && held.saturating_add(subscriptions) > SANDBOX_SUBSCRIPTIONS {
        return Err(Refusal::SandboxSubscriptionLimit.into());
    }
    Ok(())
}
