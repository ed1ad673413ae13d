//! When a failed attempt is repeated: the presets, their jitter, and what the receiver asks for.

use std::time::Duration;

use crate::clock::Time;
use crate::outbound::RetryAfter;
use crate::webhooks::Retry;

/// Seconds after each failure of the preset "Standard (10 attempts over 3 days)".
const STANDARD: [u32; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
/// Seconds after each failure of the preset "3 attempts, 30 s apart".
const QUICK: [u32; 2] = [30, 30];
/// The longest that a receiver's `Retry-After` is followed.
const LONGEST_WISH: Duration = Duration::from_secs(24 * 3600);
/// A blocked address may be opened by an operator, never by haste.
const BLOCKED_PAUSE: Duration = Duration::from_secs(300);

/// The delays after each failure, in whole seconds.
pub fn delays(retry: &Retry) -> &[u32] {
    match retry {
        Retry::Standard => &STANDARD,
        Retry::Quick => &QUICK,
        Retry::List(delays) => delays,
    }
}

/// How many attempts a schedule makes at most.
pub fn length(retry: &Retry) -> i32 {
    i32::try_from(delays(retry).len()).unwrap_or(i32::MAX - 1) + 1
}

/// What bears on the time of the next attempt.
#[derive(Clone, Copy, Debug)]
pub struct Failure {
    /// How many attempts of the schedule were made, this one included.
    pub made: i32,
    /// When this one ended.
    pub at: Time,
    /// What the receiver asked for.
    pub wish: Option<RetryAfter>,
    /// The egress guard refused the address.
    pub blocked: bool,
    /// From 0 to 1, drawn anew for each failure.
    pub luck: f64,
}

/// When the next attempt is due: the later of the schedule and the receiver's wish; `None` after the last one.
pub fn next_due(retry: &Retry, failure: Failure) -> Option<Time> {
    let made = usize::try_from(failure.made).ok()?.checked_sub(1)?;
    let delay = Duration::from_secs(u64::from(*delays(retry).get(made)?));
    let delay = match retry {
        // ±20 %, so that what failed together does not come back together.
        Retry::Standard => delay.mul_f64(0.8 + 0.4 * failure.luck.clamp(0.0, 1.0)),
        Retry::Quick | Retry::List(_) => delay,
    };
    let pause = if failure.blocked { delay.max(BLOCKED_PAUSE) } else { delay };
    let wished = match failure.wish {
        None => Duration::ZERO,
        Some(RetryAfter::Seconds(seconds)) => Duration::from_secs(seconds),
        Some(RetryAfter::At(at)) => Time::from_utc(at).since(failure.at),
    };
    Some(failure.at.plus(pause.max(wished.min(LONGEST_WISH))))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn failure(made: i32) -> Failure {
        Failure { made, at: Time::from_micros(0), wish: None, blocked: false, luck: 0.5 }
    }

    #[test]
    fn standard_is_ten_attempts_over_three_days() {
        assert_eq!(length(&Retry::Standard), 10);
        let total: u32 = STANDARD.iter().sum();
        assert_eq!(total, 75 * 3600 + 35 * 60 + 5);
        assert_eq!(next_due(&Retry::Standard, failure(10)), None);
    }

    #[test]
    fn quick_is_three_attempts_exactly_thirty_seconds_apart() {
        assert_eq!(length(&Retry::Quick), 3);
        for luck in [0.0, 1.0] {
            let due = next_due(&Retry::Quick, Failure { luck, ..failure(1) });
            assert_eq!(due, Some(Time::from_micros(30_000_000)));
        }
        assert_eq!(next_due(&Retry::Quick, failure(3)), None);
    }

    #[test]
    fn a_wish_only_ever_delays_and_at_most_a_day() {
        let wish = |wish| next_due(&Retry::Quick, Failure { wish: Some(wish), ..failure(1) }).unwrap().seconds();
        assert_eq!(wish(RetryAfter::Seconds(120)), 120);
        assert_eq!(wish(RetryAfter::Seconds(1)), 30);
        assert_eq!(wish(RetryAfter::Seconds(u64::MAX)), 86_400);
        assert_eq!(wish(RetryAfter::At(Time::from_micros(60_000_000).utc())), 60);
    }

    #[test]
    fn a_blocked_address_waits_five_minutes_at_least() {
        let due = next_due(&Retry::Quick, Failure { blocked: true, ..failure(1) });
        assert_eq!(due, Some(Time::from_micros(300_000_000)));
    }

    proptest! {
        #[test]
        fn jitter_stays_within_a_fifth(made in 1..10_i32, luck in 0.0..=1.0_f64) {
            let due = next_due(&Retry::Standard, Failure { luck, ..failure(made) }).unwrap();
            let exact = f64::from(STANDARD[usize::try_from(made).unwrap() - 1]);
            let waited = due.since(Time::from_micros(0)).as_secs_f64();
            prop_assert!(waited >= exact * 0.799_999 && waited <= exact * 1.200_001);
        }
    }
}
