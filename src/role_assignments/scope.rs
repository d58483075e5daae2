//! Where a role is assigned. Ids are compared without regard to letter case, as everywhere in
//! Azure's resource manager.

use std::fmt;

use crate::ids::Guid;

/// A scope, from the widest to the narrowest of each tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// A subscription.
    Subscription(Guid),
    /// A resource group of a subscription.
    ResourceGroup(Guid, String),
    /// All reservations of the tenant.
    Capacity,
    /// A reservation order.
    ReservationOrder(Guid),
    /// A reservation of an order.
    Reservation(Guid, Guid),
}

impl Scope {
    /// Reads an id such as `/subscriptions/{guid}/resourceGroups/{name}`, in any letter case, with
    /// or without the leading slash.
    pub fn parse(text: &str) -> Option<Self> {
        let segments: Vec<&str> = text.split('/').filter(|segment| !segment.is_empty()).collect();
        let word = |have: &str, wanted: &str| have.eq_ignore_ascii_case(wanted);
        match segments.as_slice() {
            [kind, id] if word(kind, "subscriptions") => Guid::parse(id).map(Self::Subscription),
            [kind, id, groups, name] if word(kind, "subscriptions") && word(groups, "resourceGroups") => {
                Guid::parse(id).map(|id| Self::ResourceGroup(id, (*name).to_owned()))
            }
            [kind, provider, rest @ ..] if word(kind, "providers") && word(provider, "Microsoft.Capacity") => {
                match rest {
                    [] => Some(Self::Capacity),
                    [orders, order] if word(orders, "reservationOrders") => {
                        Guid::parse(order).map(Self::ReservationOrder)
                    }
                    [orders, order, reservations, id]
                        if word(orders, "reservationOrders") && word(reservations, "reservations") =>
                    {
                        Some(Self::Reservation(Guid::parse(order)?, Guid::parse(id)?))
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// The text under which the scope is kept: lower case, so that one scope has one key.
    pub fn key(&self) -> String {
        self.to_string().to_lowercase()
    }

    /// The scope and those it lies in, whose assignments it inherits.
    pub fn with_ancestors(&self) -> Vec<Self> {
        match self {
            Self::Subscription(_) | Self::Capacity => vec![self.clone()],
            Self::ResourceGroup(id, _) => vec![self.clone(), Self::Subscription(id.clone())],
            Self::ReservationOrder(_) => vec![self.clone(), Self::Capacity],
            Self::Reservation(order, _) => {
                vec![self.clone(), Self::ReservationOrder(order.clone()), Self::Capacity]
            }
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Subscription(id) => write!(f, "/subscriptions/{id}"),
            Self::ResourceGroup(id, name) => write!(f, "/subscriptions/{id}/resourceGroups/{name}"),
            Self::Capacity => f.write_str("/providers/Microsoft.Capacity"),
            Self::ReservationOrder(order) => write!(f, "/providers/Microsoft.Capacity/reservationOrders/{order}"),
            Self::Reservation(order, id) => {
                write!(f, "/providers/Microsoft.Capacity/reservationOrders/{order}/reservations/{id}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_in_any_case_and_have_one_key() {
        let id = "70000000-0000-4000-8000-00000000000A";
        for (text, key) in [
            (format!("/Subscriptions/{id}"), format!("/subscriptions/{id}")),
            (format!("subscriptions/{id}/RESOURCEGROUPS/Web"), format!("/subscriptions/{id}/resourcegroups/web")),
            ("/providers/microsoft.capacity".to_owned(), "/providers/microsoft.capacity".to_owned()),
            (
                format!("/providers/Microsoft.Capacity/reservationorders/{id}/Reservations/{id}"),
                format!("/providers/microsoft.capacity/reservationorders/{id}/reservations/{id}"),
            ),
        ] {
            assert_eq!(Scope::parse(&text).unwrap().key(), key.to_lowercase());
        }
        for wrong in ["", "/", "/subscriptions/x", "/providers/Microsoft.Compute", "/subscriptions"] {
            assert_eq!(Scope::parse(wrong), None, "{wrong}");
        }
    }
}
