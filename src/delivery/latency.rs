//! How long answers take, counted in buckets that are each an eighth wider than the one before; pure.

/// The upper edge of the first bucket, in microseconds.
const FIRST: u64 = 1_000;
/// More than the longest timeout needs.
const MOST: i32 = 100;

/// The buckets' upper edges, in microseconds.
fn edges() -> impl Iterator<Item = u64> {
    std::iter::successors(Some(FIRST), |edge| Some(edge + edge / 8))
}

/// The bucket of a time in microseconds.
pub fn bucket_of(micros: u64) -> i32 {
    edges().zip(0..MOST).find(|(edge, _)| micros < *edge).map_or(MOST, |(_, bucket)| bucket)
}

/// The time in microseconds that stands for a bucket: its middle, at most a sixteenth off.
pub fn value_of(bucket: i32) -> u64 {
    let place = usize::try_from(bucket.clamp(0, MOST)).unwrap_or_default();
    let upper = edges().nth(place).unwrap_or(FIRST);
    let lower = place.checked_sub(1).and_then(|below| edges().nth(below)).unwrap_or(0);
    u64::midpoint(lower, upper)
}

/// The time in microseconds that so many percent stayed below; none of nothing. `counts` is sorted by bucket.
pub fn percentile(counts: &[(i32, i64)], percent: i64) -> Option<u64> {
    let all: i64 = counts.iter().map(|(_, count)| count).sum();
    let wanted = (all * percent + 99) / 100;
    let mut seen = 0;
    counts.iter().find_map(|(bucket, count)| {
        seen += count;
        (seen >= wanted && all > 0).then(|| value_of(*bucket))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn percentiles_are_those_of_the_counts() {
        let counts = [(bucket_of(10_000), 90), (bucket_of(100_000), 9), (bucket_of(1_000_000), 1)];
        let near = |percent: i64, micros: u64| {
            let found = percentile(&counts, percent).unwrap();
            assert!(found.abs_diff(micros) * 16 <= micros * 2, "p{percent}: {found}");
        };
        near(50, 10_000);
        near(90, 10_000);
        near(95, 100_000);
        near(100, 1_000_000);
        assert_eq!(percentile(&[], 50), None);
    }

    proptest! {
        #[test]
        fn a_value_is_near_what_was_measured(micros in 1_000..35_000_000_u64) {
            let value = value_of(bucket_of(micros));
            prop_assert!(value.abs_diff(micros) * 15 <= micros, "{micros} reads as {value}");
        }

        #[test]
        fn longer_is_never_in_a_lower_bucket(one in 0..40_000_000_u64, more in 0..1_000_000_u64) {
            prop_assert!(bucket_of(one) <= bucket_of(one + more));
        }
    }
}
