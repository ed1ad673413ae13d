//! Limits on guessing: wrong tries are counted for each account and each address, on all nodes together.

use std::net::IpAddr;
use std::time::Duration;

use super::store::{self, FailureId};
use crate::clock::Time;
use crate::db::{DbError, Tx};

const OF_ACCOUNT: i64 = 10;
const ACCOUNT_WINDOW: Duration = Duration::from_secs(15 * 60);
const OF_ADDRESS: i64 = 100;
pub(super) const ADDRESS_WINDOW: Duration = Duration::from_secs(60 * 60);

/// Whether a try may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// It may; it counts as wrong until it turns out right, so that tries at the same moment count too.
    Granted {
        /// The try as it was counted.
        id: FailureId,
        /// This was the last one for now.
        last: bool,
    },
    /// Not before so many seconds.
    Wait(u64),
}

/// Takes a turn for an account from an address.
pub(super) fn take_turn(tx: &mut Tx<'_>, email: &str, address: &str) -> Result<Turn, DbError> {
    let now = tx.now();
    let of_account = store::failures_of_account(tx, email, now.minus(ACCOUNT_WINDOW), OF_ACCOUNT)?;
    let of_address = store::failures_of_address(tx, address, now.minus(ADDRESS_WINDOW), OF_ADDRESS)?;
    let waits =
        [wait(&of_account, OF_ACCOUNT, ACCOUNT_WINDOW, now), wait(&of_address, OF_ADDRESS, ADDRESS_WINDOW, now)];
    if let Some(seconds) = waits.into_iter().flatten().max() {
        return Ok(Turn::Wait(seconds));
    }
    let id = tx.make_id::<FailureId>();
    store::insert_failure(tx, id, email, address, now)?;
    let full = |tries: &[Time], limit: i64| i64::try_from(tries.len()).unwrap_or(i64::MAX) + 1 == limit;
    Ok(Turn::Granted { id, last: full(&of_account, OF_ACCOUNT) || full(&of_address, OF_ADDRESS) })
}

/// The seconds until the oldest of a full set of tries counts no longer.
fn wait(newest_first: &[Time], limit: i64, window: Duration, now: Time) -> Option<u64> {
    let oldest = newest_first.get(usize::try_from(limit - 1).ok()?)?;
    Some(oldest.plus(window).since(now).as_secs() + 1)
}

/// An address as it is counted: a person with IPv6 has a whole network of them.
pub(super) fn counted(address: Option<IpAddr>) -> String {
    match address {
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Some(IpAddr::V4(address)) => address.to_string(),
        None => "unknown".to_owned(),
    }
}
