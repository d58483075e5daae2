//! What becomes of a reservation after its purchase: changed, split, merged, put away, given back
//! in part or whole, ended. None of it but giving back moves money.

use super::{
    Instalment, InstalmentStatus, Lineage, ProvisioningState, Refusal, Renewal, Reservation, ReservationOrder, Scope,
    SubState, add, repo, revise, rules,
};
use crate::db::{JsonText, Moment, Unit};
use crate::error::{Error, Result};
use crate::ids::Guid;

/// What somebody wants a reservation to be; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// A new scope (rule M3).
    pub scope: Option<Scope>,
    /// Whether it covers other sizes of its group.
    pub flexible: Option<bool>,
    /// A new name.
    pub name: Option<String>,
    /// Whether it is renewed at its end, and as what.
    pub renewal: Option<Option<Renewal>>,
    /// When its owner wants to look at it again.
    pub review_at: Option<Moment>,
}

/// Insists that a reservation is in use.
///
/// # Errors
/// [`Refusal::State`], [`Refusal::Expired`].
pub fn check_active(reservation: &Reservation) -> Result<()> {
    match reservation.state {
        ProvisioningState::Succeeded => Ok(()),
        ProvisioningState::Expired => Err(Refusal::Expired.into()),
        state => Err(Refusal::State(format!("the reservation is {state} ({})", reservation.sub_state)).into()),
    }
}

/// Changes a reservation: a new revision from now on, or nothing.
///
/// # Errors
/// [`Refusal::State`]; [`Refusal::ScopeSame`] or [`Refusal::PatchSame`] where nothing would change.
pub fn change(unit: &mut Unit<'_>, old: &Reservation, wanted: &Change) -> Result<Reservation> {
    check_active(old)?;
    let mut new = old.clone();
    if let Some(scope) = &wanted.scope {
        new.set_scope(scope);
    }
    if let Some(flexible) = wanted.flexible {
        new.flexible = flexible;
    }
    if let Some(name) = &wanted.name {
        new.display_name.clone_from(name);
    }
    if let Some(at) = wanted.review_at {
        new.review_at = Some(at);
    }
    if let Some(renewal) = &wanted.renewal {
        // Said again without other terms, the terms stay.
        let same = renewal.as_ref().is_some_and(|renewal| renewal.terms.is_none()) && old.renew;
        if !same {
            new.renew = renewal.is_some();
            new.renewal = renewal.as_ref().map(JsonText::of).transpose()?;
        }
    }
    let rescoped = new.scope() != old.scope();
    let changed = rescoped
        || new.flexible != old.flexible
        || new.display_name != old.display_name
        || new.review_at != old.review_at
        || new.renew != old.renew
        || new.renewal != old.renewal;
    if !changed {
        let only_scope = wanted.scope.is_some() && wanted.flexible.is_none() && wanted.name.is_none();
        return Err(if only_scope { Refusal::ScopeSame } else { Refusal::PatchSame }.into());
    }
    revise(unit, new)
}

/// A reservation of the same kind and terms, with other instances.
fn like(source: &Reservation, quantity: i64, paid_minor: i64, lineage: &Lineage, now: Moment) -> Result<Reservation> {
    Ok(Reservation {
        id: Guid::random(),
        quantity,
        paid_minor,
        state: ProvisioningState::Succeeded,
        sub_state: SubState::Succeeded,
        archived: false,
        renew: false,
        renewal: None,
        lineage: JsonText::of(lineage)?,
        revision: 1,
        effective_at: now,
        updated_at: now,
        ..source.clone()
    })
}

/// Ends a reservation; what set up its renewal goes with it.
fn end(unit: &mut Unit<'_>, reservation: Reservation, sub_state: SubState, lineage: &Lineage) -> Result<Reservation> {
    let ended = Reservation {
        state: ProvisioningState::Cancelled,
        sub_state,
        renew: false,
        renewal: None,
        lineage: JsonText::of(lineage)?,
        ..reservation
    };
    revise(unit, ended)
}

/// Counts a change of an order; it is cancelled when nothing in it is in use any more.
fn touch_order(unit: &mut Unit<'_>, order: &ReservationOrder) -> Result<ReservationOrder> {
    let held = repo::of_order(unit.conn, &order.id)?;
    let in_use = held.iter().any(|one| one.state == ProvisioningState::Succeeded);
    let state = if in_use { order.state } else { ProvisioningState::Cancelled };
    let order = ReservationOrder { state, revision: order.revision.saturating_add(1), ..order.clone() };
    repo::update_order(unit.conn, &order)?;
    Ok(order)
}

/// How many parts one split may make.
const MOST_PARTS: usize = 100;

/// Splits a reservation into parts of these quantities, each with its share of what was paid and
/// is to be paid. The parts, in order, then what was split.
///
/// # Errors
/// [`Refusal::State`]; [`Error::InvalidInput`] names `properties.quantities`.
pub fn split(
    unit: &mut Unit<'_>,
    order: &ReservationOrder,
    source: &Reservation,
    quantities: &[i64],
) -> Result<Vec<Reservation>> {
    check_active(source)?;
    let wrong = |reason: &str| Error::invalid("properties.quantities", reason.to_owned());
    if !(2..=MOST_PARTS).contains(&quantities.len()) {
        return Err(wrong("needs at least two elements, and at most 100"));
    }
    if quantities.iter().any(|quantity| *quantity < 1) {
        return Err(wrong("each must be at least 1"));
    }
    let sum = quantities.iter().try_fold(0_i64, |sum, quantity| sum.checked_add(*quantity));
    if sum != Some(source.quantity) {
        return Err(wrong(&format!("must add up to {}, the quantity of the reservation", source.quantity)));
    }
    let lineage = Lineage { split_source: Some(source.id.clone()), ..Lineage::default() };
    let paid = rules::apportion(source.paid_minor, quantities);
    let mut parts = Vec::with_capacity(quantities.len());
    for (quantity, paid_minor) in quantities.iter().zip(paid) {
        parts.push(like(source, *quantity, paid_minor, &lineage, unit.now)?);
    }
    let rows = repo::instalments_of_reservation(unit.conn, &source.id)?;
    repo::delete_instalments(unit.conn, &source.id)?;
    for part in &parts {
        add(unit, part)?;
    }
    for row in rows {
        for (part, amount_minor) in parts.iter().zip(rules::apportion(row.amount_minor, quantities)) {
            let share = Instalment { reservation_id: part.id.clone(), amount_minor, ..row.clone() };
            repo::insert_instalment(unit.conn, &share)?;
        }
    }
    let lineage =
        Lineage { split_destinations: parts.iter().map(|part| part.id.clone()).collect(), ..source.lineage()? };
    let ended = end(unit, source.clone(), SubState::Split, &lineage)?;
    touch_order(unit, order)?;
    parts.push(ended);
    Ok(parts)
}

/// Merges reservations of one order that agree in everything but quantity. The merged ones, in
/// order, then what they were merged into.
///
/// # Errors
/// [`Refusal::State`]; [`Error::InvalidInput`] names `properties.sources`.
pub fn merge(unit: &mut Unit<'_>, order: &ReservationOrder, sources: &[Reservation]) -> Result<Vec<Reservation>> {
    let wrong = |reason: &str| Error::invalid("properties.sources", reason.to_owned());
    let [first, others @ ..] = sources else { return Err(wrong("needs at least two reservations")) };
    if others.is_empty() {
        return Err(wrong("needs at least two reservations"));
    }
    for (position, source) in sources.iter().enumerate() {
        check_active(source)?;
        if sources.iter().take(position).any(|earlier| earlier.id == source.id) {
            return Err(wrong("names a reservation twice"));
        }
    }
    let alike = |one: &Reservation| {
        one.arm_sku_name == first.arm_sku_name
            && one.arm_region_name == first.arm_region_name
            && one.scope() == first.scope()
            && one.flexible == first.flexible
            && one.billing_subscription_id == first.billing_subscription_id
    };
    if !others.iter().all(alike) {
        return Err(wrong("the reservations must agree in size, region, scope and instance flexibility"));
    }
    let sum = |amounts: Vec<i64>| crate::money::sum_minor(amounts);
    let quantity = sum(sources.iter().map(|one| one.quantity).collect())?;
    let paid = sum(sources.iter().map(|one| one.paid_minor).collect())?;
    let lineage = Lineage { merge_sources: sources.iter().map(|one| one.id.clone()).collect(), ..Lineage::default() };
    let merged = Reservation {
        exchanges_left: sources.iter().filter_map(|one| one.exchanges_left).min(),
        ..like(first, quantity, paid, &lineage, unit.now)?
    };
    add(unit, &merged)?;
    let mut rows: Vec<Instalment> = Vec::new();
    let mut ended = Vec::with_capacity(sources.len() + 1);
    for source in sources {
        for row in repo::instalments_of_reservation(unit.conn, &source.id)? {
            match rows.iter_mut().find(|have| have.number == row.number) {
                Some(have) => have.amount_minor = crate::money::sum_minor([have.amount_minor, row.amount_minor])?,
                None => rows.push(Instalment { reservation_id: merged.id.clone(), ..row }),
            }
        }
        repo::delete_instalments(unit.conn, &source.id)?;
        let lineage = Lineage { merge_destination: Some(merged.id.clone()), ..source.lineage()? };
        ended.push(end(unit, source.clone(), SubState::Merged, &lineage)?);
    }
    for row in &rows {
        repo::insert_instalment(unit.conn, row)?;
    }
    touch_order(unit, order)?;
    ended.push(merged);
    Ok(ended)
}

/// Takes instances out of a reservation for good, because they were returned or exchanged: the
/// reservation ends, and what is left lives on as a new one in the same order, with its share of
/// what was paid. Of each instalment the rest keeps the share rounded down; what is taken and not
/// yet due is cancelled. The ended reservation and the rest, where there is one.
///
/// # Errors
/// Those of the database.
pub fn take(
    unit: &mut Unit<'_>,
    order: &ReservationOrder,
    source: &Reservation,
    quantity: i64,
    why: SubState,
    lineage: Lineage,
) -> Result<(ReservationOrder, Option<Reservation>)> {
    let rest = source.quantity.saturating_sub(quantity);
    let mut left = None;
    if rest > 0 {
        // Rounded down, so that parts given back one after another never come to more than the whole.
        let kept = rules::share_down(source.paid_minor, rest, source.quantity);
        let of_rest = Lineage { split_source: Some(source.id.clone()), ..Lineage::default() };
        let part = like(source, rest, kept, &of_rest, unit.now)?;
        add(unit, &part)?;
        left = Some(part);
    }
    for row in repo::instalments_of_reservation(unit.conn, &source.id)? {
        let kept = rules::share_down(row.amount_minor, rest, source.quantity);
        if let Some(part) = &left {
            let share = Instalment { reservation_id: part.id.clone(), amount_minor: kept, ..row.clone() };
            repo::insert_instalment(unit.conn, &share)?;
        }
        let status = if row.status == InstalmentStatus::Scheduled { InstalmentStatus::Cancelled } else { row.status };
        repo::update_instalment(
            unit.conn,
            &Instalment { amount_minor: row.amount_minor.saturating_sub(kept), status, ..row },
        )?;
    }
    let lineage = Lineage { split_destinations: left.iter().map(|part| part.id.clone()).collect(), ..lineage };
    end(unit, source.clone(), why, &lineage)?;
    Ok((touch_order(unit, order)?, left))
}

/// Puts a reservation that is no longer in use away, or takes it out again.
///
/// # Errors
/// [`Refusal::State`] for one that is in use.
pub fn archive(unit: &mut Unit<'_>, reservation: &Reservation, archived: bool) -> Result<Reservation> {
    if reservation.state == ProvisioningState::Succeeded {
        return Err(Refusal::State("a reservation that is in use cannot be archived".to_owned()).into());
    }
    if reservation.archived == archived {
        return Ok(reservation.clone());
    }
    revise(unit, Reservation { archived, ..reservation.clone() })
}

/// Ends a reservation order and what is left in it, at the end of its term; what is to be renewed
/// is bought again (a new order, never a longer one).
///
/// # Errors
/// Those of the database.
pub fn expire(unit: &mut Unit<'_>, order_id: &str, trade: &crate::orders::lines::Trade, quote_days: u32) -> Result<()> {
    let order = repo::order(unit.conn, order_id)?
        .ok_or_else(|| Error::Internal(format!("due work: no reservation order {order_id}")))?;
    if order.state != ProvisioningState::Succeeded {
        return Ok(());
    }
    for one in repo::of_order(unit.conn, &order.id)? {
        if one.state != ProvisioningState::Succeeded {
            continue;
        }
        let mut lineage = one.lineage()?;
        if one.renew {
            match super::renewal::renew(unit, &order, &one, trade, quote_days)? {
                Some(place) => lineage.renew_destination = Some(place),
                None => lineage.not_renewed = true,
            }
        }
        let expired = Reservation {
            state: ProvisioningState::Expired,
            sub_state: SubState::Expired,
            lineage: JsonText::of(&lineage)?,
            ..one
        };
        revise(unit, expired)?;
    }
    let revision = order.revision.saturating_add(1);
    repo::update_order(unit.conn, &ReservationOrder { state: ProvisioningState::Expired, revision, ..order })
}
