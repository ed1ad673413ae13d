//! JSON numbers compared exactly, however large or long they are.

use std::cmp::Ordering;

/// A number as its sign, its digits from the first to the last that is not zero, and where the point stands.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Number {
    negative: bool,
    /// The first digit stands for this power of ten.
    power: i64,
    /// Empty for zero.
    digits: Vec<u8>,
}

impl Number {
    /// Reads a number as JSON writes it; none for anything else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, power(exponent)?),
            None => (rest, 0),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((_, "")) => return None,
            Some(halves) => halves,
            None => (mantissa, ""),
        };
        let digits_only = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let sound = !whole.is_empty() && (whole == "0" || !whole.starts_with('0'));
        if !sound || !digits_only(whole) || !digits_only(fraction) {
            return None;
        }
        let all: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
        let Some(first) = all.iter().position(|digit| *digit != b'0') else {
            return Some(Self { negative: false, power: 0, digits: Vec::new() });
        };
        let last = all.iter().rposition(|digit| *digit != b'0').unwrap_or(first);
        let point = i64::try_from(whole.len()).ok()? - i64::try_from(first).ok()?;
        Some(Self { negative, power: exponent.checked_add(point)?, digits: all[first..=last].to_vec() })
    }

    fn size(&self, other: &Self) -> Ordering {
        match (self.digits.is_empty(), other.digits.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => self.power.cmp(&other.power).then_with(|| self.digits.cmp(&other.digits)),
        }
    }
}

/// An exponent, with or without a sign.
fn power(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let sound = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    sound.then(|| text.parse().ok()).flatten()
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, false) => self.size(other),
            (true, true) => other.size(self),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_number_has_many_spellings() {
        for same in [
            ["1", "1.0"],
            ["0", "-0.00"],
            ["100", "1e2"],
            ["0.015", "1.50E-2"],
            ["-12.5", "-125e-1"],
            ["9007199254740993", "9007199254740993.0"],
            ["1e400", "10e399"],
        ] {
            assert_eq!(Number::parse(same[0]).unwrap(), Number::parse(same[1]).unwrap(), "{same:?}");
        }
    }

    #[test]
    fn no_digit_is_rounded_away() {
        let ordered = [
            "-1e400",
            "-18446744073709551617",
            "-18446744073709551616",
            "-0.2",
            "-0.1",
            "0",
            "1e-400",
            "0.1",
            "0.10000000000000000000001",
            "9007199254740992",
            "9007199254740993",
            "123456789012345678901234567890",
            "123456789012345678901234567891",
            "1e400",
        ];
        for pair in ordered.windows(2) {
            let [one, two] = [pair[0], pair[1]].map(|text| Number::parse(text).unwrap());
            assert_eq!((one.cmp(&two), two.cmp(&one)), (Ordering::Less, Ordering::Greater), "{pair:?}");
        }
    }

    #[test]
    fn what_json_does_not_write_is_no_number() {
        for text in [
            "",
            "-",
            "+1",
            "01",
            "1.",
            ".5",
            "1e",
            "1e+",
            "0x1",
            "1_000",
            "1,5",
            "NaN",
            "Infinity",
            " 1",
            "1 ",
            "٣",
            "1e99999999999999999999",
        ] {
            assert_eq!(Number::parse(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn integers_stand_in_their_order(one: i128, two: i128) {
            let number = |value: i128| Number::parse(&value.to_string()).unwrap();
            prop_assert_eq!(number(one).cmp(&number(two)), one.cmp(&two));
        }
    }
}
