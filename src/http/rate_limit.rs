//! Optional limits on how many requests a partner makes, in all and for one customer. They keep to
//! the system clock.

use std::num::NonZeroU32;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::config::Config;
use crate::error::{Error, Result};
use crate::ids::Guid;

/// The limits of one server process.
pub struct RateLimits {
    by_partner: Option<DefaultKeyedRateLimiter<Guid>>,
    by_customer: Option<DefaultKeyedRateLimiter<(Guid, String)>>,
}

impl RateLimits {
    /// The limits of a configuration.
    pub fn new(config: &Config) -> Self {
        fn limiter<K: std::hash::Hash + Eq + Clone>(limit: Option<NonZeroU32>) -> Option<DefaultKeyedRateLimiter<K>> {
            limit.map(|limit| RateLimiter::keyed(Quota::per_minute(limit)))
        }
        Self { by_partner: limiter(config.rate_limit_partner), by_customer: limiter(config.rate_limit_customer) }
    }

    /// Counts a request of `partner`, for `customer` where it is about one.
    ///
    /// # Errors
    /// [`Error::Throttled`] says when to come back.
    pub fn count(&self, partner: &Guid, customer: Option<&str>) -> Result<()> {
        check(self.by_partner.as_ref(), || partner.clone())?;
        match customer {
            Some(customer) => check(self.by_customer.as_ref(), || (partner.clone(), customer.to_ascii_lowercase())),
            None => Ok(()),
        }
    }
}

fn check<K: std::hash::Hash + Eq + Clone>(
    limiter: Option<&DefaultKeyedRateLimiter<K>>,
    key: impl FnOnce() -> K,
) -> Result<()> {
    let Some(limiter) = limiter else { return Ok(()) };
    limiter.check_key(&key()).map_err(|not_until| {
        let wait = not_until.wait_time_from(DefaultClock::default().now());
        Error::Throttled { retry_after_seconds: wait.as_secs().saturating_add(1) }
    })
}
