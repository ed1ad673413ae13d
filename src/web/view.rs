//! The small parts that several pages are made of, as plain data for the templates.

use super::code::Bit;

/// One field of a form: what was typed, and what is wrong with it.
#[derive(Clone, Default)]
pub(crate) struct Input {
    pub(crate) value: String,
    /// How to put it right; empty when nothing is wrong.
    pub(crate) error: String,
    /// Something to know that does not stop the form, for example about plain HTTP.
    pub(crate) warning: String,
}

impl Input {
    pub(crate) fn new(value: &str, error: &str, warning: &str) -> Self {
        Self { value: value.to_owned(), error: error.to_owned(), warning: warning.to_owned() }
    }
}

/// One choice of a select or one check box.
#[derive(Clone)]
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) label: String,
    pub(crate) chosen: bool,
}

/// The choices of one heading.
pub(crate) struct ChoiceGroup {
    pub(crate) label: String,
    pub(crate) choices: Vec<Choice>,
}

impl ChoiceGroup {
    /// How many are chosen.
    pub(crate) fn chosen(&self) -> usize {
        self.choices.iter().filter(|choice| choice.chosen).count()
    }
}

/// A name that leads somewhere.
pub(crate) struct Link {
    pub(crate) name: String,
    pub(crate) href: String,
}

/// A moment: `iso` for the machine, `text` for the person (both UTC).
#[derive(Clone)]
pub(crate) struct When {
    pub(crate) iso: String,
    pub(crate) text: String,
}

/// A filter in force, and the address without it.
pub(crate) struct Chip {
    pub(crate) label: String,
    pub(crate) value: String,
    pub(crate) remove: String,
}

/// A fixed view of a list.
pub(crate) struct View {
    pub(crate) label: &'static str,
    pub(crate) href: String,
    pub(crate) current: bool,
}

/// Where a list goes on; no address means the end.
pub(crate) struct Pager {
    pub(crate) range: String,
    pub(crate) newer: Option<String>,
    pub(crate) older: Option<String>,
}

/// One line of a request's or an answer's head.
pub(crate) struct Header {
    pub(crate) name: String,
    pub(crate) value: String,
    /// The value was replaced before it was stored.
    pub(crate) masked: bool,
}

/// What travelled after the head.
pub(crate) enum Body {
    /// There was none.
    Empty,
    /// Text, coloured when it is JSON; `size` in words, `cut` says how much is missing (or is empty).
    Text { bits: Vec<Bit>, size: String, cut: String },
    /// Bytes that are no text, as hex lines.
    Hex { dump: String, size: String, cut: String },
    /// No longer kept, or never kept: why.
    NotStored(String),
}

/// A request or an answer: first line, head, body.
pub(crate) struct Message {
    pub(crate) line: String,
    pub(crate) headers: Vec<Header>,
    pub(crate) body: Body,
}

/// One stretch of an attempt's time; `start` and `width` are percent of the whole.
pub(crate) struct Phase {
    pub(crate) name: &'static str,
    pub(crate) class: &'static str,
    pub(crate) time: String,
    pub(crate) start: String,
    pub(crate) width: String,
}

/// How long an attempt took, phase by phase.
pub(crate) struct Timing {
    pub(crate) total: String,
    pub(crate) phases: Vec<Phase>,
}

/// What every dialog has around its fields.
#[derive(Clone, Default)]
pub(crate) struct Sheet {
    pub(crate) heading: String,
    /// Where the form is posted.
    pub(crate) target: String,
    /// The page behind it: Cancel, and the way out without script.
    pub(crate) back: String,
    /// Guards against a second submit; empty where none is needed.
    pub(crate) form_id: String,
    /// The version that was read, so that nobody's change is lost; empty where none is needed.
    pub(crate) version: String,
    /// "Two fields need another look."; empty when nothing is wrong.
    pub(crate) problem: String,
}

/// Why a list shows no rows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Filled {
    Rows,
    /// There is nothing yet.
    Empty,
    /// The filters match nothing.
    NoMatch,
}

/// One field that two people changed.
pub(crate) struct Difference {
    pub(crate) label: String,
    pub(crate) theirs: String,
    pub(crate) yours: String,
}

/// Somebody saved while this form was open.
pub(crate) struct Conflict {
    pub(crate) who: String,
    pub(crate) when: When,
    pub(crate) differences: Vec<Difference>,
    /// The form again, with their values.
    pub(crate) fresh: String,
}
