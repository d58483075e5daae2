//! What a support request can be about. One table serves both surfaces: a support topic of Partner
//! Center is a problem classification of `Microsoft.Support`, with the same id.

/// A service that problems are sorted under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its id, as Azure has it.
    pub id: &'static str,
    /// Its name: the issue type of the form.
    pub display_name: &'static str,
}

/// A kind of problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its id.
    pub id: &'static str,
    /// The service it is sorted under.
    pub service: Service,
    /// The problem type of the form; `None` where the form has one step less.
    pub problem_type: Option<&'static str>,
    /// The category of the form.
    pub category: &'static str,
}

/// Bills, payments and reservations.
pub const BILLING: Service = Service { id: "517f2da6-78fd-0498-4e22-ad26996b1dfc", display_name: "Billing" };
/// Subscriptions as such.
pub const SUBSCRIPTION_MANAGEMENT: Service =
    Service { id: "f3dc5421-79ef-1efa-41a5-42bf3cbb52c6", display_name: "Subscription management" };
/// How much of something a subscription may use.
pub const QUOTA: Service =
    Service { id: "06bfd9d3-516b-d5c6-5802-169c800dec89", display_name: "Service and subscription limits (quotas)" };
/// Every service.
pub const SERVICES: [Service; 3] = [BILLING, SUBSCRIPTION_MANAGEMENT, QUOTA];

const RESERVATIONS: Option<&str> = Some("Reservation Management");

/// The return or exchange of a reservation.
pub const EXCHANGES_AND_REFUNDS: Topic = Topic {
    id: "3c8e2f1a-6b5d-4e90-9d27-5f0a41c7b8e2",
    service: BILLING,
    problem_type: RESERVATIONS,
    category: "Exchanges and Refunds",
};

/// Every topic, by service.
pub const TOPICS: [Topic; 7] = [
    EXCHANGES_AND_REFUNDS,
    Topic {
        id: "9a4d7c60-1e38-4b52-8f6b-c2d9e07a3f14",
        service: BILLING,
        problem_type: RESERVATIONS,
        category: "Request Invoices",
    },
    Topic {
        id: "e5b10f93-8c27-4d4a-b6e1-70f3a9d5c218",
        service: BILLING,
        problem_type: RESERVATIONS,
        category: "Other Reservation Questions",
    },
    Topic {
        id: "27f6a8d4-50b9-4c1e-a3d8-9be4f2c06713",
        service: BILLING,
        problem_type: None,
        category: "Other General Billing Questions",
    },
    Topic {
        id: "b41c9e75-d206-4f8a-95c3-1a7e60d8f3b9",
        service: SUBSCRIPTION_MANAGEMENT,
        problem_type: None,
        category: "Cancel or Reactivate a Subscription",
    },
    Topic {
        id: "6d02e8b7-f4a1-4395-8e5c-b83f19c7d240",
        service: SUBSCRIPTION_MANAGEMENT,
        problem_type: None,
        category: "Other Subscription Management Questions",
    },
    Topic {
        id: "f19b5c3e-7a84-4620-bd91-e65d08a2c7f4",
        service: QUOTA,
        problem_type: Some("Compute-VM (cores-vCPUs)"),
        category: "Subscription Limit Increases",
    },
];

impl Topic {
    /// The topic with this id, in any letter case.
    pub fn of(id: &str) -> Option<&'static Self> {
        TOPICS.iter().find(|topic| topic.id.eq_ignore_ascii_case(id.trim()))
    }

    /// The name under which Azure lists it: `Reservation Management / Exchanges and Refunds`.
    pub fn display_name(&self) -> String {
        match self.problem_type {
            Some(problem_type) => format!("{problem_type} / {}", self.category),
            None => self.category.to_owned(),
        }
    }
}

impl Service {
    /// The service with this id, in any letter case.
    pub fn of(id: &str) -> Option<&'static Self> {
        SERVICES.iter().find(|service| service.id.eq_ignore_ascii_case(id.trim()))
    }

    /// Its topics.
    pub fn topics(self) -> impl Iterator<Item = &'static Topic> {
        TOPICS.iter().filter(move |topic| topic.service == self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Guid;

    #[test]
    fn every_topic_is_found_by_an_id_of_its_own() {
        for topic in &TOPICS {
            assert!(Guid::parse(topic.id).is_some_and(|id| id.as_str() == topic.id), "{}", topic.id);
            assert_eq!(Topic::of(&topic.id.to_uppercase()), Some(topic));
        }
        assert_eq!(SERVICES.iter().map(|service| service.topics().count()).sum::<usize>(), TOPICS.len());
        assert_eq!(EXCHANGES_AND_REFUNDS.display_name(), "Reservation Management / Exchanges and Refunds");
        assert_eq!((Topic::of("x"), Service::of("x")), (None, None));
    }
}
