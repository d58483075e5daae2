//! Resource ids of reservations, and reading what clients write of them.

use crate::access::guid;
use crate::error::{Error, Result};
use crate::ids::Guid;
use crate::role_assignments::Scope;

/// The id of a reservation order.
pub fn order_id(order: &Guid) -> String {
    Scope::ReservationOrder(order.clone()).to_string()
}

/// The id of a reservation.
pub fn reservation_id(order: &Guid, reservation: &Guid) -> String {
    Scope::Reservation(order.clone(), reservation.clone()).to_string()
}

/// The id of an Azure subscription.
pub fn subscription_id(subscription: &Guid) -> String {
    Scope::Subscription(subscription.clone()).to_string()
}

/// The subscription that `/subscriptions/{guid}` or a bare GUID names.
///
/// # Errors
/// [`Error::InvalidInput`] names the field.
pub fn subscription(field: &str, text: &str) -> Result<Guid> {
    match (Guid::parse(text.trim()), Scope::parse(text)) {
        (Some(id), _) | (None, Some(Scope::Subscription(id))) => Ok(id),
        _ => Err(Error::invalid(field, "must be of the form /subscriptions/{guid}")),
    }
}

/// The scope that the start of a path names.
///
/// # Errors
/// [`Error::InvalidInput`] where an id in it is no GUID; [`Error::NotFound`] for what is no scope here.
pub fn scope(text: &str) -> Result<Scope> {
    if let Some(scope) = Scope::parse(text) {
        return Ok(scope);
    }
    let segments: Vec<&str> = text.split('/').filter(|segment| !segment.is_empty()).collect();
    let word = |have: &str, wanted: &str| have.eq_ignore_ascii_case(wanted);
    match segments.as_slice() {
        [kind, id] | [kind, id, _, _] if word(kind, "subscriptions") => {
            guid("subscriptionId", id).and(Err(Error::NotFound))
        }
        [_, provider, orders, order, rest @ ..]
            if word(provider, "Microsoft.Capacity") && word(orders, "reservationOrders") =>
        {
            guid("reservationOrderId", order)?;
            match rest {
                [reservations, id] if word(reservations, "reservations") => {
                    guid("reservationId", id).and(Err(Error::NotFound))
                }
                _ => Err(Error::NotFound),
            }
        }
        _ => Err(Error::NotFound),
    }
}

/// The order and the reservation that a full id names.
///
/// # Errors
/// [`Error::InvalidInput`] names the field.
pub fn reservation(field: &str, text: &str) -> Result<(Guid, Guid)> {
    match Scope::parse(text) {
        Some(Scope::Reservation(order, reservation)) => Ok((order, reservation)),
        _ => Err(Error::invalid(
            field,
            "must be of the form /providers/Microsoft.Capacity/reservationOrders/{guid}/reservations/{guid}",
        )),
    }
}
