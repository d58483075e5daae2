//! Exchanges: the unused rest of reservations becomes credit toward new ones (rules O3 and M6).

pub mod azure;
pub mod rules;

use serde::{Deserialize, Serialize};

use crate::access::{Permit, PermittedOrder};
use crate::audit::{self, Change, OperationType, ResourceType};
use crate::config::Policy;
use crate::customers::Customer;
use crate::db::Unit;
use crate::error::{Error, Result};
use crate::ids::Guid;
use crate::money::{Currency, Money, sum_minor};
use crate::orders::lines::{PricedLine, Target, Trade};
use crate::orders::{self, BuyerKind};
use crate::refunds::{self, RefundKind, ReturnQuote, Returning, Valuation};
use crate::reservations::purchase::{self, terms};
use crate::reservations::renewal::{Initiator, Renewal};
use crate::reservations::request::PurchaseRequest;
use crate::reservations::{BillingPlan, Lineage, Place, Refusal};
use crate::role_assignments;

/// What somebody wants to exchange.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// What is given back: order, reservation, quantity.
    pub returns: Vec<(Guid, Guid, i64)>,
    /// What is bought.
    pub purchases: Vec<PurchaseRequest>,
    /// How many savings plans are asked for, which are not sold here.
    pub savings_plans: usize,
}

/// What was quoted for an exchange: what it must still come to when it is carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExchangeQuote {
    /// What is given back.
    pub returns: Vec<ReturnQuote>,
    /// What is bought, and the whole price of each in minor units.
    pub purchases: Vec<(PurchaseRequest, i64)>,
    /// How many savings plans were asked for.
    pub savings_plans: usize,
}

/// An exchange, valued.
pub struct Valued {
    /// Whose it is.
    pub customer: Customer,
    /// Currency of all its amounts.
    pub currency: Currency,
    /// What is given back, and what that comes to.
    pub returns: Vec<(PermittedOrder, ReturnQuote, Valuation)>,
    /// What is bought.
    pub purchases: Vec<(PurchaseRequest, PricedLine)>,
    /// The refusals of policy.
    pub refusals: Vec<Refusal>,
    /// How often what is bought can be exchanged again.
    exchanges_left: Option<i32>,
}

impl Valued {
    /// What is given back in all, after fees there are none of.
    ///
    /// # Errors
    /// [`Error::AmountTooLarge`].
    pub fn refunds_total(&self) -> Result<Money> {
        let minor = sum_minor(self.returns.iter().map(|(_, _, valued)| valued.refund.refund))?;
        Ok(Money { minor, currency: self.currency })
    }

    /// The whole price of what is bought.
    ///
    /// # Errors
    /// [`Error::AmountTooLarge`].
    pub fn purchases_total(&self) -> Result<Money> {
        let minor = sum_minor(self.purchases.iter().map(|(_, line)| line.total.minor))?;
        Ok(Money { minor, currency: self.currency })
    }

    /// What is left to pay; negative where more is given back.
    ///
    /// # Errors
    /// [`Error::AmountTooLarge`].
    pub fn net_payable(&self) -> Result<Money> {
        let minor = self.purchases_total()?.minor.checked_sub(self.refunds_total()?.minor);
        Ok(Money { minor: minor.ok_or(Error::AmountTooLarge)?, currency: self.currency })
    }

    /// What a session keeps.
    pub fn quote(&self, savings_plans: usize) -> ExchangeQuote {
        ExchangeQuote {
            returns: self.returns.iter().map(|(_, quote, _)| quote.clone()).collect(),
            purchases: self.purchases.iter().map(|(request, line)| (request.clone(), line.total.minor)).collect(),
            savings_plans,
        }
    }
}

/// The numbers and prices that exchanges go by.
#[derive(Clone, Debug)]
pub struct Rulebook {
    /// The numbers of policy, for an exchange without a fee.
    pub policy: Policy,
    /// What purchases need.
    pub trade: Trade,
}

impl Rulebook {
    /// Those of a configuration; an exchange has no early termination fee.
    pub fn new(policy: &Policy, trade: &Trade) -> Self {
        let policy = Policy { early_termination_fee_rate: rust_decimal::Decimal::ZERO, ..policy.clone() };
        Self { policy, trade: trade.clone() }
    }
}

/// Values an exchange: the caller must be able to manage every order it returns from, and to buy
/// for every subscription that is to be billed.
///
/// # Errors
/// [`Error::InvalidInput`] for an exchange of nothing, or one that crosses customers; those of
/// valuing and pricing each part.
pub fn value(
    unit: &mut Unit<'_>,
    permit: &Permit,
    rulebook: &Rulebook,
    wanted: &Wanted,
    quoted: Option<&ExchangeQuote>,
) -> Result<Valued> {
    let returns_field = "properties.reservationsToExchange";
    if wanted.returns.is_empty() {
        return Err(Error::invalid(returns_field, "at least one reservation is required"));
    }
    if wanted.purchases.is_empty() && wanted.savings_plans == 0 {
        return Err(Error::invalid("properties.reservationsToPurchase", "at least one purchase is required"));
    }
    let mut found: Vec<PermittedOrder> = Vec::new();
    for (order, _, _) in &wanted.returns {
        if !found.iter().any(|have| &have.order.id == order) {
            found.push(permit.order(unit, order)?);
        }
    }
    let first = found.first().ok_or(Error::ReservationOrderNotFound)?;
    let customer = first.customer.clone();
    let currency = first.order.currency()?;
    if found.iter().any(|one| one.customer.id != customer.id || one.customer.seller_id != customer.seller_id) {
        return Err(Error::invalid(returns_field, "the reservations must be of one customer"));
    }
    let mut returns: Vec<(PermittedOrder, ReturnQuote, Valuation)> = Vec::new();
    for (position, (order, reservation, quantity)) in wanted.returns.iter().enumerate() {
        if wanted.returns.iter().take(position).any(|(_, earlier, _)| earlier == reservation) {
            return Err(Error::invalid(returns_field, "names a reservation twice"));
        }
        let of = found.iter().find(|have| &have.order.id == order).ok_or(Error::ReservationOrderNotFound)?;
        let one = of.reservation(reservation)?;
        let days = quoted.and_then(|quoted| quoted.returns.get(position)).map(|quote| quote.days);
        let valued = refunds::value(unit, &rulebook.policy, &of.order, one, *quantity, days)?;
        let quote = ReturnQuote {
            order: order.clone(),
            reservation: reservation.clone(),
            quantity: *quantity,
            days: valued.days,
            refund: valued.refund,
        };
        returns.push((of.clone(), quote, valued));
    }
    let mut purchases = Vec::with_capacity(wanted.purchases.len());
    for request in &wanted.purchases {
        let azure = permit.billed(unit, &found, &request.billing_subscription()?)?;
        if azure.customer.id != customer.id || azure.customer.seller_id != customer.seller_id {
            return Err(Error::AzureSubscriptionNotFound);
        }
        let wanted = request.check()?;
        let mut line = purchase::price(unit, &customer, currency, &azure.azure, &rulebook.trade, &wanted)?.line;
        if wanted.renew
            && let Target::Reservation { wishes, .. } = &mut line.target
        {
            wishes.renewal = Some(Renewal { terms: None, by: Initiator::of(&permit.token) });
        }
        purchases.push((request.clone(), line));
    }
    let mut valued = Valued { customer, currency, returns, purchases, refusals: Vec::new(), exchanges_left: None };
    judge(unit, rulebook, wanted.savings_plans, &mut valued)?;
    Ok(valued)
}

/// What policy says against an exchange.
fn judge(unit: &Unit<'_>, rulebook: &Rulebook, savings_plans: usize, valued: &mut Valued) -> Result<()> {
    let mut refusals = Vec::new();
    let mut left: Option<i32> = None;
    let returned = valued.returns.iter().filter_map(|(of, quote, _)| {
        of.reservation(&quote.reservation).ok().map(|one| (of, one.resource_type.as_str(), one.exchanges_left))
    });
    let mut types: Vec<String> = Vec::new();
    for (of, resource_type, exchanges_left) in returned {
        types.push(resource_type.to_owned());
        let exchanged = rules::Exchanged { resource_type, purchased_at: of.order.purchased_at.utc(), exchanges_left };
        let policy = &rulebook.policy;
        match rules::check_cutoff(&exchanged, unit.now.utc(), policy.exchange_cutoff, policy.exchanges_after_cutoff) {
            Ok(None) => {}
            Ok(Some(still)) => left = Some(left.map_or(still, |have| have.min(still))),
            Err(refusal) => refusals.push(refusal),
        }
    }
    types.extend(valued.purchases.iter().map(|(_, line)| line.row.resource_type()));
    refusals.extend(rules::check_types(types.iter().map(String::as_str)).err());
    if savings_plans > 0 {
        refusals.push(Refusal::ExchangeNotAllowed("Savings plans are not sold here.".to_owned()));
    }
    let commitment = |(_, _, one): &(PermittedOrder, ReturnQuote, Valuation)| {
        one.refund.commitment(one.plan == BillingPlan::Monthly)
    };
    let returned = Money { minor: sum_minor(valued.returns.iter().map(commitment))?, currency: valued.currency };
    let purchases = valued.purchases_total()?;
    if purchases.minor < returned.minor {
        let text = |money: Money| format!("{} {}", money.currency.code(), money.to_decimal());
        refusals.push(Refusal::CommitmentTooLow { purchases: text(purchases), returned: text(returned) });
    }
    refusals.dedup();
    valued.refusals = refusals;
    valued.exchanges_left = left;
    Ok(())
}

/// An exchange that was carried out: the reservations that were bought, in the order of the
/// purchases.
pub struct Done {
    /// What it came to.
    pub valued: Valued,
    /// What was bought.
    pub bought: Vec<Place>,
}

/// Carries a quoted exchange out, whole or not at all: everything is given back, one new order is
/// placed, the new terms start now.
///
/// # Errors
/// The first refusal of policy; [`Refusal::QuoteChanged`] where it no longer comes to what was
/// quoted.
pub fn exchange(
    unit: &mut Unit<'_>,
    permit: &Permit,
    rulebook: &Rulebook,
    session_id: &Guid,
    quote: &ExchangeQuote,
) -> Result<Done> {
    let wanted = Wanted {
        returns: quote.returns.iter().map(|one| (one.order.clone(), one.reservation.clone(), one.quantity)).collect(),
        purchases: quote.purchases.iter().map(|(request, _)| request.clone()).collect(),
        savings_plans: quote.savings_plans,
    };
    // In use and as many when it was quoted, and no longer.
    let changed = |error: Error| match error {
        Error::Reservation(Refusal::RefundQuantity { .. } | Refusal::State(_)) => Refusal::QuoteChanged.into(),
        other => other,
    };
    let valued = value(unit, permit, rulebook, &wanted, Some(quote)).map_err(changed)?;
    if &valued.quote(quote.savings_plans) != quote {
        return Err(Refusal::QuoteChanged.into());
    }
    if let Some(refusal) = valued.refusals.first() {
        return Err(refusal.clone().into());
    }
    orders::check_customer(unit, &valued.customer)?;
    let agent = permit.agent(unit, &valued.customer)?;
    let source =
        quote.returns.first().map(|one| Place { order: one.order.clone(), reservation: one.reservation.clone() });
    let lines = lines_of(&valued, source.as_ref());
    let bought: Vec<Place> = lines.iter().filter_map(place_of).collect();
    for (of, quoted, _) in &valued.returns {
        // Of one order several reservations may be returned: each sees what the one before left.
        let of = permit.order(unit, &of.order.id)?;
        let lineage =
            Lineage { swap_destination: bought.first().cloned(), ..of.reservation(&quoted.reservation)?.lineage()? };
        let returning = Returning { session_id, kind: RefundKind::Exchange, reason: None, lineage };
        refunds::give_back(unit, &rulebook.policy, &of, quoted, returning)?;
    }
    orders::place_without_record(unit, &agent, &valued.customer, &lines, &terms(BuyerKind::Partner))?;
    for place in &bought {
        role_assignments::grant_owner(unit, permit, &valued.customer, &place.order)?;
    }
    record(unit, &agent, session_id, &valued, &bought)?;
    Ok(Done { valued, bought })
}

/// The lines of the one new order of an exchange.
fn lines_of(valued: &Valued, source: Option<&Place>) -> Vec<PricedLine> {
    let line = |(_, line): &(PurchaseRequest, PricedLine)| {
        let mut line = line.clone();
        if let Target::Reservation { wishes, .. } = &mut line.target {
            wishes.exchanges_left = valued.exchanges_left;
            wishes.lineage = Lineage { swap_source: source.cloned(), ..Lineage::default() };
        }
        line
    };
    valued.purchases.iter().map(line).collect()
}

fn place_of(line: &PricedLine) -> Option<Place> {
    match &line.target {
        Target::Reservation { wishes, .. } => Some(wishes.place.clone()),
        _ => None,
    }
}

/// One exchange is one record.
fn record(
    unit: &mut Unit<'_>,
    agent: &crate::access::Agent,
    session_id: &Guid,
    valued: &Valued,
    bought: &[Place],
) -> Result<()> {
    let old: Vec<serde_json::Value> = valued
        .returns
        .iter()
        .filter_map(|(of, quote, _)| {
            let mut described = refunds::described(of.reservation(&quote.reservation).ok()?);
            if let Some(members) = described.as_object_mut() {
                members.insert("returnedQuantity".to_owned(), quote.quantity.into());
            }
            Some(described)
        })
        .collect();
    let mut new = Vec::with_capacity(bought.len());
    for place in bought {
        let held = crate::reservations::repo::of_order(unit.conn, &place.order)?;
        new.extend(held.first().map(refunds::described));
    }
    let amount = |money: Money| money.to_decimal().to_string();
    let change = Change {
        resource: ResourceType::Reservation,
        operation: OperationType::ExchangeReservation,
        old: Some(serde_json::Value::Array(old)),
        new: Some(serde_json::Value::Array(new)),
        details: vec![
            ("SessionId".to_owned(), session_id.to_string()),
            ("RefundsTotal".to_owned(), amount(valued.refunds_total()?)),
            ("PurchasesTotal".to_owned(), amount(valued.purchases_total()?)),
            ("NetPayable".to_owned(), amount(valued.net_payable()?)),
            ("CurrencyCode".to_owned(), valued.currency.code().to_owned()),
        ],
    };
    audit::record(unit, agent, &valued.customer, change)
}
