//! Resource ids of reservations, and reading what clients write of them.

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
