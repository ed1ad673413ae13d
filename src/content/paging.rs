//! Where a list goes on: a cursor is a number and a direction, so that new rows never double or hide one.

use std::fmt;

/// The rows of a page unless another size is asked for.
const USUAL: i64 = 25;

/// Where a page starts; rows run from the highest number down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cursor {
    /// Rows below this number.
    Below(i64),
    /// Rows above this number.
    Above(i64),
}

impl Cursor {
    /// Reads what [`fmt::Display`] wrote.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let number = |digits: &str| {
            let sound = digits.len() <= 18 && digits.bytes().all(|byte| byte.is_ascii_digit());
            if sound { digits.parse().ok() } else { None }
        };
        match text.split_at_checked(1)? {
            ("b", digits) => number(digits).map(Self::Below),
            ("a", digits) => number(digits).map(Self::Above),
            (_, _) => None,
        }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Below(number) => write!(f, "b{number}"),
            Self::Above(number) => write!(f, "a{number}"),
        }
    }
}

/// Which rows are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(super) cursor: Option<Cursor>,
    pub(super) size: i64,
}

impl Span {
    /// Reads the fields of an address; `None` for what no page of ours links to. A size that is not offered
    /// becomes the next one that is.
    pub(super) fn parse(cursor: &str, limit: &str) -> Option<Self> {
        let cursor = if cursor.is_empty() { None } else { Some(Cursor::parse(cursor)?) };
        let size = match limit {
            "" => USUAL,
            text => match text.parse::<u32>().ok()? {
                0 => return None,
                1..=25 => 25,
                26..=50 => 50,
                51.. => 100,
            },
        };
        Some(Self { cursor, size })
    }

    /// True when the rows must be read from the lowest number up.
    pub(super) fn upwards(self) -> bool {
        matches!(self.cursor, Some(Cursor::Above(_)))
    }

    /// How many rows to read: one more than shown tells whether there are others.
    pub(super) fn reach(self) -> i64 {
        self.size + 1
    }
}

/// One page of rows and the way on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Paged<T> {
    pub(super) rows: Vec<T>,
    pub(super) newer: Option<Cursor>,
    pub(super) older: Option<Cursor>,
}

impl<T> Paged<T> {
    /// Cuts what a store read for `span` (up to [`Span::reach`] rows, in the direction of the span).
    pub(super) fn cut(mut rows: Vec<T>, span: Span, number: impl Fn(&T) -> i64) -> Self {
        let shown = usize::try_from(span.size).unwrap_or(usize::MAX);
        let more = rows.len() > shown;
        rows.truncate(shown);
        if span.upwards() {
            rows.reverse();
        }
        let (above, below) = match span.cursor {
            None => (false, more),
            Some(Cursor::Below(_)) => (true, more),
            Some(Cursor::Above(_)) => (more, true),
        };
        let newer = rows.first().filter(|_| above).map(|row| Cursor::Above(number(row)));
        let older = rows.last().filter(|_| below).map(|row| Cursor::Below(number(row)));
        Self { rows, newer, older }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_nothing_else_does() {
        for cursor in [Cursor::Below(1042), Cursor::Above(7)] {
            assert_eq!(Cursor::parse(&cursor.to_string()), Some(cursor));
        }
        for bad in ["", "b", "bx", "b-1", "c12", "b9999999999999999999", "ä1"] {
            assert_eq!(Cursor::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_size_is_one_that_is_offered() {
        let size = |limit| Span::parse("", limit).map(|span| span.size);
        assert_eq!((size(""), size("26"), size("100000")), (Some(25), Some(50), Some(100)));
        assert_eq!((size("0"), size("-1"), size("9e9")), (None, None, None));
    }

    #[test]
    fn pages_lead_to_one_another() {
        let span = |cursor| Span { cursor, size: 2 };
        let first = Paged::cut(vec![9, 8, 7], span(None), |row| *row);
        assert_eq!(first, Paged { rows: vec![9, 8], newer: None, older: Some(Cursor::Below(8)) });
        let last = Paged::cut(vec![7], span(first.older), |row| *row);
        assert_eq!(last, Paged { rows: vec![7], newer: Some(Cursor::Above(7)), older: None });
        let back = Paged::cut(vec![8, 9], span(last.newer), |row| *row);
        assert_eq!(back, Paged { rows: vec![9, 8], newer: None, older: Some(Cursor::Below(8)) });
    }
}
