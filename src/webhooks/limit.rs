//! How often somebody may test: each test is a request that a person causes at an address of their choice.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock as Instants, Reference};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::clock::Clock;

/// Tests of one person, or of one API key, in a minute.
const A_MINUTE: NonZeroU32 = NonZeroU32::new(10).unwrap();

type Limiter = RateLimiter<String, DashMapStateStore<String>, Moments, NoOpMiddleware<Duration>>;

/// Counts the tests of each person and API key, by their ids; cloned freely.
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
    pub fn count(&self, who: &str) -> Result<(), u64> {
        self.0.retain_recent();
        let now = Instants::now(self.0.clock());
        self.0.check_key(&who.to_owned()).map_err(|refused| {
            let wait = refused.earliest_possible().duration_since(now);
            Duration::from(wait).as_secs() + 1
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Time;

    #[test]
    fn the_eleventh_test_of_a_minute_waits_and_others_do_not() {
        let clock = Clock::manual(Time::from_micros(1_000_000));
        let (limit, ada, bob) = (TestLimit::new(&clock), "usr_ada", "usr_bob");
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
