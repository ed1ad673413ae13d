//! How often somebody may test: each test is a request that a person causes at an address of their choice.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock as Instants, Reference};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::clock::Clock;
use crate::users::UserId;

/// Tests of one person in a minute.
const A_MINUTE: NonZeroU32 = NonZeroU32::new(10).unwrap();

type Limiter = RateLimiter<UserId, DashMapStateStore<UserId>, Moments, NoOpMiddleware<Duration>>;

/// Counts the tests of each person; cloned freely.
#[derive(Clone)]
pub struct TestLimit(Arc<Limiter>);

/// The application's clock, as the limiter reads it.
#[derive(Clone)]
struct Moments(Clock);

impl Instants for Moments {
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.now().micros()).unwrap_or_default())
    }
}

impl TestLimit {
    /// Nobody has tested yet.
    pub fn new(clock: &Clock) -> Self {
        let moments = Moments(clock.clone());
        Self(Arc::new(RateLimiter::new(Quota::per_minute(A_MINUTE), DashMapStateStore::default(), moments)))
    }

    /// Counts one test.
    ///
    /// # Errors
    /// After how many seconds the next one is allowed.
    pub fn count(&self, user: UserId) -> Result<(), u64> {
        self.0.retain_recent();
        let now = Instants::now(self.0.clock());
        self.0.check_key(&user).map_err(|refused| {
            let wait = refused.earliest_possible().duration_since(now);
            Duration::from(wait).as_secs() + 1
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Time;
    use crate::ids::Ids;

    #[test]
    fn the_eleventh_test_of_a_minute_waits_and_others_do_not() {
        let (clock, ids) = (Clock::manual(Time::from_micros(1_000_000)), Ids::counting());
        let (limit, ada, bob) = (TestLimit::new(&clock), ids.make(), ids.make());
        for _ in 0..10 {
            assert_eq!(limit.count(ada), Ok(()));
        }
        let wait = limit.count(ada).unwrap_err();
        assert!((1..=7).contains(&wait), "{wait}");
        assert_eq!(limit.count(bob), Ok(()));
        clock.advance(Duration::from_secs(wait));
        assert_eq!(limit.count(ada), Ok(()));
        assert!(limit.count(ada).is_err());
    }
}
