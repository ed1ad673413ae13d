//! Filters: rules on a JSON object, each a path, an operator and a value; pure, and knows nothing of who filters what.
//!
//! A path is names joined by dots (`user.groups.0`), or, where a name holds a dot itself, a JSON pointer
//! (`/user/groups/0`). What stands there is judged like this:
//!
//! | operator      | true when the path leads to |
//! |---------------|-----------------------------|
//! | equals        | the same number, whatever way it is written; or the same text, `true`, `false` or `null` |
//! | not equals    | anything else, also to nothing |
//! | contains      | a text that holds the value, or a list of which an element equals it |
//! | exists        | anything, also to `null` |
//! | > and <       | a number on that side, also one written as text; or a text that sorts there, as dates do |
//! | matches       | a text, a number, `true` or `false` in which the regular expression finds something |
//!
//! Numbers are compared digit by digit and never rounded. Case counts.

mod document;
mod number;
#[cfg(test)]
mod tests;

pub use document::{Document, Node};

pub(crate) use number::Number;
use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::pointer;
use crate::text::shortened;

/// The most rules together.
pub const MOST: usize = 20;
/// The longest path, in characters.
pub const LONGEST_PATH: usize = 200;
/// The longest value, in characters.
pub const LONGEST_VALUE: usize = 1_000;
/// How much memory a compiled expression may take, in bytes.
const LARGEST_EXPRESSION: usize = 256 * 1024;
/// How far into a text an expression looks, in bytes: the time it takes grows with both.
const LONGEST_SEARCHED: usize = 16 * 1024;

crate::word_enum! {
    /// How many of the rules must hold.
    Mode {
        /// Every one.
        All = "all",
        /// At least one.
        Any = "any",
    }
}

crate::word_enum! {
    /// What is asked of the value at a path.
    Operator {
        /// The same number or text.
        Equals = "equals",
        /// Anything else, also nothing at all.
        NotEquals = "not_equals",
        /// A text that holds the value, or a list with such an element.
        Contains = "contains",
        /// Something is there.
        Exists = "exists",
        /// A larger number, or a text that sorts after it.
        Greater = "greater",
        /// A smaller number, or a text that sorts before it.
        Less = "less",
        /// A regular expression finds something in it.
        Matches = "matches",
    }
}

impl Operator {
    /// As people choose it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Equals => "equals",
            Self::NotEquals => "not equals",
            Self::Contains => "contains",
            Self::Exists => "exists",
            Self::Greater => ">",
            Self::Less => "<",
            Self::Matches => "matches",
        }
    }
}

/// A rule as it is typed, stored and told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = FilterRule)]
pub struct Written {
    /// Names joined by dots, or a JSON pointer.
    #[schema(max_length = 200, example = "status")]
    pub path: String,
    /// What is asked of the value there.
    #[schema(value_type = Operator)]
    pub operator: String,
    /// What it is compared with; empty for `exists`.
    #[serde(default)]
    #[schema(max_length = 1000, example = "released")]
    pub value: String,
}

/// What a rule asks of the value at its path.
#[derive(Clone, Debug)]
enum Test {
    Equals(String),
    NotEquals(String),
    Contains(String),
    Exists,
    Greater(String),
    Less(String),
    Matches(Regex),
}

/// A rule that can be judged.
#[derive(Clone, Debug)]
pub struct Rule {
    path: String,
    steps: Vec<String>,
    test: Test,
}

impl Rule {
    /// Reads a rule.
    ///
    /// # Errors
    /// How to put it right.
    pub fn parse(written: &Written) -> Result<Self, String> {
        let path = written.path.trim();
        let steps = steps(path)?;
        let operator = Operator::parse(&written.operator).ok_or("Choose one of the operators.")?;
        let value = match operator {
            Operator::Matches => written.value.as_str(),
            Operator::Equals
            | Operator::NotEquals
            | Operator::Contains
            | Operator::Exists
            | Operator::Greater
            | Operator::Less => written.value.trim(),
        };
        if value.chars().count() > LONGEST_VALUE {
            return Err("Shorten the value to 1,000 characters.".to_owned());
        }
        let needed = || if value.is_empty() { Err("Enter the value.".to_owned()) } else { Ok(value.to_owned()) };
        let test = match operator {
            Operator::Equals => Test::Equals(value.to_owned()),
            Operator::NotEquals => Test::NotEquals(value.to_owned()),
            Operator::Contains => Test::Contains(needed()?),
            Operator::Exists if value.is_empty() => Test::Exists,
            Operator::Exists => return Err("Leave the value empty: exists asks only whether it is there.".to_owned()),
            Operator::Greater => Test::Greater(needed()?),
            Operator::Less => Test::Less(needed()?),
            Operator::Matches => Test::Matches(expression(&needed()?)?),
        };
        Ok(Self { path: path.to_owned(), steps, test })
    }

    /// What stands at this name of the object itself must equal the value.
    pub fn equals(name: &str, value: &str) -> Self {
        Self { path: name.to_owned(), steps: vec![name.to_owned()], test: Test::Equals(value.to_owned()) }
    }

    /// Where it looks, as it was typed.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What it asks.
    pub fn operator(&self) -> Operator {
        match self.test {
            Test::Equals(_) => Operator::Equals,
            Test::NotEquals(_) => Operator::NotEquals,
            Test::Contains(_) => Operator::Contains,
            Test::Exists => Operator::Exists,
            Test::Greater(_) => Operator::Greater,
            Test::Less(_) => Operator::Less,
            Test::Matches(_) => Operator::Matches,
        }
    }

    /// What it compares with; empty where nothing is.
    pub fn value(&self) -> &str {
        match &self.test {
            Test::Equals(value)
            | Test::NotEquals(value)
            | Test::Contains(value)
            | Test::Greater(value)
            | Test::Less(value) => value,
            Test::Exists => "",
            Test::Matches(expression) => expression.as_str(),
        }
    }

    /// As it is stored and told.
    pub fn written(&self) -> Written {
        Written {
            path: self.path.clone(),
            operator: self.operator().as_str().to_owned(),
            value: self.value().to_owned(),
        }
    }

    /// Judges it.
    pub fn holds(&self, document: &Document<'_>) -> bool {
        let found = document.at(&self.steps);
        match &self.test {
            Test::Equals(value) => found.is_some_and(|node| is_equal(node, value)),
            Test::NotEquals(value) => !found.is_some_and(|node| is_equal(node, value)),
            Test::Contains(value) => found.is_some_and(|node| contains(node, value)),
            Test::Exists => found.is_some(),
            Test::Greater(value) => found.is_some_and(|node| order(node, value).is_some_and(std::cmp::Ordering::is_gt)),
            Test::Less(value) => found.is_some_and(|node| order(node, value).is_some_and(std::cmp::Ordering::is_lt)),
            Test::Matches(expression) => found.is_some_and(|node| matches(node, expression)),
        }
    }

    /// Why it does not hold: `status is draft, wanted released`.
    pub fn miss(&self, document: &Document<'_>) -> String {
        let path = &self.path;
        let is = document.at(&self.steps).map_or_else(|| "not there".to_owned(), Node::shown);
        let value = shortened(self.value(), document::SHOWN);
        match &self.test {
            Test::Equals(_) if value.is_empty() => format!("{path} is {is}, wanted an empty text"),
            Test::Equals(_) => format!("{path} is {is}, wanted {value}"),
            Test::NotEquals(_) => format!("{path} is {is}, wanted anything else"),
            Test::Contains(_) => format!("{path} is {is}, wanted one that contains {value}"),
            Test::Exists => format!("{path} is {is}"),
            Test::Greater(_) => format!("{path} is {is}, wanted more than {value}"),
            Test::Less(_) => format!("{path} is {is}, wanted less than {value}"),
            Test::Matches(_) => format!("{path} is {is}, wanted a match of {value}"),
        }
    }
}

/// Two rules are the same when they are written the same.
impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        (&self.path, self.operator(), self.value()) == (&other.path, other.operator(), other.value())
    }
}

/// Rules that are judged together; no rules hold for everything.
#[derive(Clone, Debug, PartialEq)]
pub struct Filters {
    mode: Mode,
    rules: Vec<Rule>,
}

impl Default for Filters {
    fn default() -> Self {
        Self { mode: Mode::All, rules: Vec::new() }
    }
}

impl Filters {
    /// Reads the rules; the mode of none is [`Mode::All`].
    ///
    /// # Errors
    /// How to put the first wrong rule right, with its number.
    pub fn parse(mode: Mode, written: &[Written]) -> Result<Self, String> {
        if written.len() > MOST {
            return Err(format!("These are {} filters; {MOST} are the most.", written.len()));
        }
        let numbered = written.iter().zip(1..);
        let rules = numbered
            .map(|(rule, number)| Rule::parse(rule).map_err(|sentence| format!("Filter {number}: {sentence}")))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self { mode: if rules.is_empty() { Mode::All } else { mode }, rules })
    }

    /// How many must hold.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// The rules in their order.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The number of the rule, from 1, that lets the object fail: the first that is false. Where any of them would do
    /// and none holds, that is the first of all.
    pub fn first_false(&self, document: &Document<'_>) -> Option<u8> {
        let numbered = || self.rules.iter().zip(1_u8..);
        match self.mode {
            Mode::Any if self.rules.iter().any(|rule| rule.holds(document)) => None,
            Mode::All | Mode::Any => numbered().find(|(rule, _)| !rule.holds(document)).map(|(_, number)| number),
        }
    }

    /// The rule of that number.
    pub fn rule(&self, number: u8) -> Option<&Rule> {
        usize::from(number).checked_sub(1).and_then(|place| self.rules.get(place))
    }
}

/// The names on the way.
fn steps(path: &str) -> Result<Vec<String>, String> {
    if path.is_empty() {
        return Err("Enter the path, such as status or user.groups.0.".to_owned());
    }
    if path.chars().count() > LONGEST_PATH {
        return Err("Shorten the path to 200 characters.".to_owned());
    }
    if path.chars().any(char::is_control) {
        return Err("Take control characters out of the path.".to_owned());
    }
    let Some(rest) = path.strip_prefix('/') else {
        let steps: Vec<String> = path.split('.').map(str::to_owned).collect();
        let sound = steps.iter().all(|step| !step.is_empty());
        return if sound { Ok(steps) } else { Err("Take out the dot with no name beside it.".to_owned()) };
    };
    let names: Option<Vec<String>> = rest.split('/').map(pointer::name).collect();
    names.ok_or_else(|| "In a path that begins with / write ~ as ~0, and / inside a name as ~1.".to_owned())
}

fn expression(text: &str) -> Result<Regex, String> {
    let built = RegexBuilder::new(text)
        .size_limit(LARGEST_EXPRESSION)
        .dfa_size_limit(LARGEST_EXPRESSION)
        .nest_limit(50)
        .build();
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "Make the expression smaller: it takes too much memory.".to_owned(),
        _ => "This is no regular expression as Postrider takes it: check its brackets and escapes. It has no \
              look-around and no back references."
            .to_owned(),
    })
}

fn is_equal(node: &Node<'_>, value: &str) -> bool {
    if let Some(text) = node.text() {
        return text == value;
    }
    match (node.scalar(), node.scalar().and_then(Number::parse), Number::parse(value)) {
        (_, Some(found), Some(wanted)) => found == wanted,
        (Some(word), _, _) => word == value,
        (None, _, _) => false,
    }
}

fn contains(node: &Node<'_>, value: &str) -> bool {
    match node.text() {
        Some(text) => text.contains(value),
        None => node.elements().is_some_and(|elements| elements.iter().any(|element| is_equal(element, value))),
    }
}

/// On which side of the value it stands; none where the two cannot be compared.
fn order(node: &Node<'_>, value: &str) -> Option<std::cmp::Ordering> {
    let text = node.text();
    let found = text.as_deref().or_else(|| node.scalar())?;
    match (Number::parse(found), Number::parse(value)) {
        (Some(found), Some(wanted)) => Some(found.cmp(&wanted)),
        _ => text.as_deref().map(|text| text.cmp(value)),
    }
}

fn matches(node: &Node<'_>, expression: &Regex) -> bool {
    if node.is_null() {
        return false;
    }
    let text = node.text();
    let Some(text) = text.as_deref().or_else(|| node.scalar()) else { return false };
    expression.is_match(&text[..text.floor_char_boundary(LONGEST_SEARCHED)])
}
