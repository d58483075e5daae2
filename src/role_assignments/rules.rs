//! Which role suffices for what, without database.

use crate::error::{Error, Result};
use crate::ids::Guid;
use crate::permissions::azure::Need;

/// A built-in role of Azure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuiltInRole {
    /// Everything.
    Owner,
    /// Everything but granting.
    Contributor,
    /// Reading.
    Reader,
    /// Reading and granting.
    UserAccessAdministrator,
    /// Granting.
    RbacAdministrator,
    /// Buying reservations for a subscription.
    ReservationPurchaser,
    /// Managing reservations.
    ReservationsAdministrator,
    /// Reading reservations.
    ReservationsReader,
    /// Reading cost and use.
    CostManagementReader,
}

impl BuiltInRole {
    /// Every role.
    pub const ALL: [Self; 9] = [
        Self::Owner,
        Self::Contributor,
        Self::Reader,
        Self::UserAccessAdministrator,
        Self::RbacAdministrator,
        Self::ReservationPurchaser,
        Self::ReservationsAdministrator,
        Self::ReservationsReader,
        Self::CostManagementReader,
    ];

    /// The id of the role's definition, the same in every tenant.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Owner => "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
            Self::Contributor => "b24988ac-6180-42a0-ab88-20f7382dd24c",
            Self::Reader => "acdd72a7-3385-48ef-bd42-f606fba81ae7",
            Self::UserAccessAdministrator => "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
            Self::RbacAdministrator => "f58310d9-a9f6-439a-9e8d-f62e7b41a168",
            Self::ReservationPurchaser => "f7b75c60-3036-4b75-91c3-6b41c27c1689",
            Self::ReservationsAdministrator => "a8889054-8d42-49c9-bc1c-52486c10e7cd",
            Self::ReservationsReader => "582fc458-8989-419f-a480-75249bc5db7e",
            Self::CostManagementReader => "72fafb9e-0641-4937-9268-a91bfd8191a3",
        }
    }

    /// The same as a GUID.
    ///
    /// # Errors
    /// None: the ids are GUIDs.
    pub fn definition_id(self) -> Result<Guid> {
        Guid::parse(self.id()).ok_or_else(|| Error::Internal(format!("{} is no GUID", self.id())))
    }

    /// The role with this definition.
    pub fn by_id(id: &Guid) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.id() == id.as_str())
    }

    /// Whether it reads everything at its scope.
    const fn reads(self) -> bool {
        matches!(
            self,
            Self::Owner | Self::Contributor | Self::Reader | Self::UserAccessAdministrator | Self::RbacAdministrator
        )
    }

    /// Whether it is one of Azure's privileged administrator roles, from which all others follow.
    const fn is_privileged(self) -> bool {
        matches!(self, Self::Owner | Self::Contributor | Self::UserAccessAdministrator | Self::RbacAdministrator)
    }

    /// Its name, as people know it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Owner => "Owner",
            Self::Contributor => "Contributor",
            Self::Reader => "Reader",
            Self::UserAccessAdministrator => "User Access Administrator",
            Self::RbacAdministrator => "Role Based Access Control Administrator",
            Self::ReservationPurchaser => "Reservation Purchaser",
            Self::ReservationsAdministrator => "Reservations Administrator",
            Self::ReservationsReader => "Reservations Reader",
            Self::CostManagementReader => "Cost Management Reader",
        }
    }

    /// What it is for.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Owner => "Grants full access to manage all resources, including the ability to assign roles.",
            Self::Contributor => "Grants full access to manage all resources, but does not allow to assign roles.",
            Self::Reader => "View all resources, but does not allow to make any changes.",
            Self::UserAccessAdministrator => "Lets manage user access, but no role that is more than the own.",
            Self::RbacAdministrator => "Manage access by assigning roles that are not privileged.",
            Self::ReservationPurchaser => "Lets purchase reservations.",
            Self::ReservationsAdministrator => {
                "Lets read and manage all the reservations, and delegate access to them."
            }
            Self::ReservationsReader => "Lets read all the reservations.",
            Self::CostManagementReader => "Can view cost data and configuration.",
        }
    }

    /// The scope at and below which Azure lets it be assigned.
    pub const fn assignable_scope(self) -> &'static str {
        match self {
            Self::ReservationsAdministrator | Self::ReservationsReader => "/providers/Microsoft.Capacity",
            _ => "/",
        }
    }

    /// The operations it allows, in Azure's names; `*` stands for any text.
    pub const fn actions(self) -> &'static [&'static str] {
        match self {
            Self::Owner | Self::Contributor => &["*"],
            Self::Reader => &["*/read"],
            Self::UserAccessAdministrator => &["*/read", "Microsoft.Authorization/*", "Microsoft.Support/*"],
            Self::RbacAdministrator => &[
                "Microsoft.Authorization/roleAssignments/write",
                "Microsoft.Authorization/roleAssignments/delete",
                "*/read",
                "Microsoft.Support/*",
            ],
            Self::ReservationPurchaser => &[
                "Microsoft.Authorization/roleAssignments/read",
                "Microsoft.Capacity/catalogs/read",
                "Microsoft.Capacity/register/action",
                "Microsoft.Consumption/reservationRecommendationDetails/read",
                "Microsoft.Consumption/reservationRecommendations/read",
                "Microsoft.Resources/subscriptions/read",
                "Microsoft.Resources/subscriptions/resourceGroups/read",
                "Microsoft.Support/supporttickets/write",
            ],
            Self::ReservationsAdministrator => &[
                "Microsoft.Capacity/*/read",
                "Microsoft.Capacity/*/action",
                "Microsoft.Capacity/*/write",
                "Microsoft.Authorization/roleAssignments/read",
                "Microsoft.Authorization/roleDefinitions/read",
                "Microsoft.Authorization/roleAssignments/write",
                "Microsoft.Authorization/roleAssignments/delete",
            ],
            Self::ReservationsReader => &["Microsoft.Capacity/*/read", "Microsoft.Authorization/roleAssignments/read"],
            Self::CostManagementReader => &[
                "Microsoft.Consumption/*/read",
                "Microsoft.CostManagement/*/read",
                "Microsoft.Resources/subscriptions/read",
                "Microsoft.Resources/subscriptions/resourceGroups/read",
                "Microsoft.Support/*",
            ],
        }
    }

    /// What it takes away from [`Self::actions`].
    pub const fn not_actions(self) -> &'static [&'static str] {
        match self {
            Self::Contributor => &[
                "Microsoft.Authorization/*/Delete",
                "Microsoft.Authorization/*/Write",
                "Microsoft.Authorization/elevateAccess/Action",
            ],
            _ => &[],
        }
    }
}

/// Whether who holds these roles may grant `role`, or take it from somebody: an Owner any; who
/// administers access any but those that let others be granted roles; who administers reservations
/// those of reservations.
pub fn may_grant(role: BuiltInRole, held: &Held) -> bool {
    use BuiltInRole::{
        Owner, RbacAdministrator, ReservationsAdministrator, ReservationsReader, UserAccessAdministrator,
    };
    held.on_subscription.contains(&Owner)
        || held.on_order.contains(&Owner)
        || held.on_subscription.iter().chain(&held.on_order).any(|own| match own {
            UserAccessAdministrator | RbacAdministrator => !role.is_privileged(),
            ReservationsAdministrator => matches!(role, ReservationsAdministrator | ReservationsReader),
            _ => false,
        })
}

/// What a list of assignments is narrowed to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Narrowing {
    /// Only those that hold at the scope itself, its own and inherited ones: none below it.
    pub at_scope: bool,
    /// Only those of this principal.
    pub principal_id: Option<Guid>,
    /// Only those that this principal has, through its group among them.
    pub assigned_to: Option<Guid>,
}

/// The kind of every role there is here.
pub const BUILT_IN: &str = "BuiltInRole";

/// The roles somebody holds where an operation is about to work.
#[derive(Clone, Debug, Default)]
pub struct Held {
    /// On the subscription (or its resource group): for an order the one that is billed.
    pub on_subscription: Vec<BuiltInRole>,
    /// On the reservation order, inherited ones among them.
    pub on_order: Vec<BuiltInRole>,
}

/// Whether roles suffice for `need`. (An Admin agent needs none. That a customer's user also needs
/// the purchase permission to buy, and may never manage, is for the caller to know.)
pub fn suffice(need: Need, held: &Held, is_agent: bool) -> bool {
    use BuiltInRole::{
        Contributor, CostManagementReader, Owner, RbacAdministrator, ReservationPurchaser, ReservationsAdministrator,
        ReservationsReader, UserAccessAdministrator,
    };
    let on_subscription = |roles: &[BuiltInRole]| roles.iter().any(|role| held.on_subscription.contains(role));
    let on_order = |roles: &[BuiltInRole]| roles.iter().any(|role| held.on_order.contains(role));
    let reads = held.on_subscription.iter().chain(&held.on_order).any(|role| role.reads());
    match need {
        Need::SignIn => true,
        Need::Bill => is_agent,
        Need::Read => {
            is_agent
                || reads
                || on_subscription(&[ReservationPurchaser, CostManagementReader])
                || on_order(&[ReservationsAdministrator, ReservationsReader])
        }
        Need::Buy => on_subscription(&[Owner]) || (is_agent && on_subscription(&[ReservationPurchaser])),
        Need::Manage => on_subscription(&[Owner]) || on_order(&[Owner, ReservationsAdministrator]),
        Need::Contribute => on_subscription(&[Owner, Contributor]),
        Need::Grant => {
            let granting = [Owner, UserAccessAdministrator, RbacAdministrator];
            on_subscription(&granting) || on_order(&granting) || on_order(&[ReservationsAdministrator])
        }
        Need::Support => is_agent,
        Need::Administer => false,
    }
}

#[cfg(test)]
mod tests {
    use super::BuiltInRole::*;
    use super::*;

    fn held(on_subscription: &[BuiltInRole], on_order: &[BuiltInRole]) -> Held {
        Held { on_subscription: on_subscription.to_vec(), on_order: on_order.to_vec() }
    }

    #[test]
    fn contributor_is_not_enough_to_buy_or_manage() {
        for need in [Need::Buy, Need::Manage, Need::Grant] {
            assert!(!suffice(need, &held(&[Contributor, Reader], &[Contributor, Reader]), true), "{need:?}");
            assert!(suffice(need, &held(&[Owner], &[]), true), "{need:?}");
        }
    }

    #[test]
    fn a_purchaser_buys_and_does_nothing_else() {
        let purchaser = held(&[ReservationPurchaser], &[]);
        assert!(suffice(Need::Buy, &purchaser, true));
        assert!(!suffice(Need::Buy, &purchaser, false), "a customer's user needs Owner (rule P4)");
        assert!(!suffice(Need::Manage, &purchaser, true) && !suffice(Need::Grant, &purchaser, true));
    }

    #[test]
    fn only_an_owner_grants_the_right_to_grant() {
        for role in BuiltInRole::ALL {
            assert!(may_grant(role, &held(&[Owner], &[])) && may_grant(role, &held(&[], &[Owner])), "{role:?}");
            assert!(!may_grant(role, &held(&[Contributor, Reader], &[ReservationsReader])), "{role:?}");
            let of_reservations = matches!(role, ReservationsAdministrator | ReservationsReader);
            assert_eq!(may_grant(role, &held(&[], &[ReservationsAdministrator])), of_reservations, "{role:?}");
        }
        for administrator in [UserAccessAdministrator, RbacAdministrator] {
            let administrator = held(&[administrator], &[]);
            assert!(may_grant(Reader, &administrator) && may_grant(ReservationPurchaser, &administrator));
            for role in [Owner, Contributor, UserAccessAdministrator, RbacAdministrator] {
                assert!(!may_grant(role, &administrator), "{role:?}");
            }
        }
    }

    #[test]
    fn an_administrator_of_the_order_manages_it_and_cannot_buy_another() {
        let administrator = held(&[], &[ReservationsAdministrator]);
        assert!(suffice(Need::Manage, &administrator, true) && !suffice(Need::Buy, &administrator, true));
        assert!(!suffice(Need::Manage, &held(&[], &[ReservationsReader]), true));
        assert!(suffice(Need::Read, &held(&[], &[ReservationsReader]), false));
    }
}
