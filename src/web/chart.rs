//! Pictures of numbers, laid out here and drawn by `macros/chart.html`; each says its numbers in words too.

use std::fmt::Write;

/// How high a picture is in its own units; its width is that of its stretches together.
pub(crate) const HEIGHT: i64 = 100;
/// How wide a stretch of time is, with the space to the next.
const STEP: i64 = 10;
/// How wide its bar is.
const WIDE: i64 = 7;
/// What keeps the failed apart from the delivered where colours cannot.
const GAP: i64 = 3;
/// The least that is drawn of what is there: one in a thousand must not vanish.
const LEAST: i64 = 4;

/// What a stretch of time brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sum {
    /// Which stretch, as people read it: "08:00 to 09:00".
    pub(crate) label: String,
    pub(crate) good: i64,
    pub(crate) bad: i64,
}

/// One bar: the good at the bottom, the bad on top of it.
pub(crate) struct Bar {
    pub(crate) label: String,
    pub(crate) good: i64,
    pub(crate) bad: i64,
    pub(crate) x: i64,
    pub(crate) width: i64,
    pub(crate) good_y: i64,
    pub(crate) good_height: i64,
    pub(crate) bad_y: i64,
    pub(crate) bad_height: i64,
}

/// Two counts for each stretch of time.
pub(crate) struct Bars {
    /// The numbers in words.
    pub(crate) words: String,
    pub(crate) bars: Vec<Bar>,
    /// What the highest bar stands for; nothing is drawn for zero.
    pub(crate) most: i64,
    pub(crate) width: i64,
    pub(crate) height: i64,
}

impl Bars {
    pub(crate) fn new(words: String, sums: Vec<Sum>) -> Self {
        let most = sums.iter().map(|sum| sum.good + sum.bad).max().unwrap_or(0);
        let width = STEP * i64::try_from(sums.len()).unwrap_or(0);
        let bars = sums.into_iter().zip(0..).map(|(sum, place)| bar(sum, place, most)).collect();
        Self { words, bars, most, width, height: HEIGHT }
    }

    /// The first and the last stretch, for the ends of the axis.
    pub(crate) fn ends<'a>(&'a self) -> (&'a str, &'a str) {
        let label = |bar: Option<&'a Bar>| bar.map_or("", |bar| bar.label.as_str());
        (label(self.bars.first()), label(self.bars.last()))
    }
}

fn bar(sum: Sum, place: i64, most: i64) -> Bar {
    let room = HEIGHT - GAP;
    let scaled = |count: i64| if count == 0 { 0 } else { (count * room / most.max(1)).max(LEAST) };
    let bad_height = scaled(sum.bad);
    let good_height = scaled(sum.good).min(room - bad_height);
    let gap = if sum.good > 0 && sum.bad > 0 { GAP } else { 0 };
    let good_y = HEIGHT - good_height;
    Bar {
        x: place * STEP + (STEP - WIDE) / 2,
        width: WIDE,
        good_y,
        good_height,
        bad_y: good_y - gap - bad_height,
        bad_height,
        label: sum.label,
        good: sum.good,
        bad: sum.bad,
    }
}

/// A small picture in a row of a list.
pub(crate) struct Spark {
    /// "97.2 %", or a dash where nothing ended.
    pub(crate) percent: String,
    /// Something ended, and nothing well.
    pub(crate) only_failed: bool,
    pub(crate) chart: Bars,
}

impl Spark {
    /// Of the last 24 hours; `sums` one for each hour.
    pub(crate) fn new(sums: Vec<Sum>) -> Self {
        let (good, bad) = sums.iter().fold((0, 0), |(good, bad), sum| (good + sum.good, bad + sum.bad));
        let words = match good + bad {
            0 => "Nothing ended in the last 24 hours".to_owned(),
            all => format!("{good} of {all} attempts succeeded in the last 24 hours"),
        };
        Self { percent: percent(good, good + bad), only_failed: bad > 0 && good == 0, chart: Bars::new(words, sums) }
    }
}

/// `97.2 %`: never 100 unless all are, never 0 unless none is; a dash of nothing.
pub(crate) fn percent(part: i64, whole: i64) -> String {
    if whole == 0 {
        return "-".to_owned();
    }
    let tenths = part * 1000 / whole;
    let tenths = if part > 0 { tenths.max(1) } else { tenths };
    match tenths % 10 {
        0 => format!("{} %", tenths / 10),
        rest => format!("{}.{rest} %", tenths / 10),
    }
}

/// A line through the stretches of time.
pub(crate) struct Line {
    /// "p95"
    pub(crate) name: &'static str,
    /// The class that draws it apart from the others: solid or dashed.
    pub(crate) class: &'static str,
    /// The SVG path; it breaks where nothing was measured.
    pub(crate) path: String,
}

/// Measures over time.
pub(crate) struct Lines {
    /// The numbers in words.
    pub(crate) words: String,
    pub(crate) lines: Vec<Line>,
    /// What the top edge stands for, as people read it; empty where nothing was measured.
    pub(crate) most: String,
    /// A stretch and what was measured in it, in the order of the lines; a dash for nothing.
    pub(crate) rows: Vec<(String, Vec<String>)>,
    pub(crate) width: i64,
    pub(crate) height: i64,
}

/// What is measured: a name, a class, and a value for each stretch.
pub(crate) type Measure = (&'static str, &'static str, Vec<Option<i64>>);

impl Lines {
    /// `show` writes a value as people read it.
    pub(crate) fn new(words: String, labels: &[String], measures: Vec<Measure>, show: fn(i64) -> String) -> Self {
        let most = measures.iter().flat_map(|(_, _, values)| values.iter().flatten()).copied().max();
        let rows = labels.iter().enumerate().map(|(at, label)| {
            let values = measures.iter().map(|(_, _, values)| values.get(at).copied().flatten());
            (label.clone(), values.map(|value| value.map_or_else(|| "-".to_owned(), show)).collect())
        });
        Self {
            rows: rows.collect(),
            most: most.map(show).unwrap_or_default(),
            width: STEP * i64::try_from(labels.len()).unwrap_or(0),
            height: HEIGHT,
            words,
            lines: measures
                .into_iter()
                .map(|(name, class, values)| Line { name, class, path: path(&values, most.unwrap_or(0)) })
                .collect(),
        }
    }
}

/// A stretch with nothing lifts the pen; one alone is drawn as a short stroke.
fn path(values: &[Option<i64>], most: i64) -> String {
    let mut path = String::new();
    let mut down = false;
    for (value, place) in values.iter().zip(0..) {
        let Some(value) = value else {
            down = false;
            continue;
        };
        let x = place * STEP + STEP / 2;
        let y = HEIGHT - value * (HEIGHT - GAP) / most.max(1);
        if down {
            write!(path, "L{x} {y}").ok();
        } else {
            write!(path, "M{} {y}L{x} {y}", x - 2).ok();
        }
        down = true;
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(good: i64, bad: i64) -> Sum {
        Sum { label: "08:00".to_owned(), good, bad }
    }

    #[test]
    fn what_is_there_is_seen_and_stays_inside() {
        let chart = Bars::new(String::new(), vec![sum(0, 0), sum(10_000, 1), sum(0, 3), sum(5_000, 5_001)]);
        assert_eq!((chart.most, chart.width), (10_001, 40));
        for bar in &chart.bars {
            assert!(bar.bad_y >= 0 && bar.good_y + bar.good_height == HEIGHT, "{} {}", bar.bad_y, bar.good_y);
            assert_eq!(bar.bad > 0, bar.bad_height >= LEAST);
            assert!(bar.good == 0 || bar.bad == 0 || bar.bad_y + bar.bad_height < bar.good_y);
        }
    }

    #[test]
    fn a_percentage_is_never_rounded_to_all_or_nothing() {
        let shown = [(0, 0, "-"), (0, 5, "0 %"), (5, 5, "100 %"), (99_999, 100_000, "99.9 %"), (1, 100_000, "0.1 %")];
        for (part, whole, text) in shown {
            assert_eq!(percent(part, whole), text);
        }
    }

    #[test]
    fn a_line_breaks_where_nothing_was_measured() {
        let labels: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
        let lines =
            Lines::new(String::new(), &labels, vec![("p50", "p50", vec![Some(50), None, Some(100)])], |value| {
                format!("{value} ms")
            });
        assert_eq!(lines.lines[0].path, "M3 52L5 52M23 3L25 3");
        assert_eq!(lines.most, "100 ms");
        assert_eq!(lines.rows[1], ("b".to_owned(), vec!["-".to_owned()]));
    }
}
