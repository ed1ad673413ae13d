//! What is typed into the dialogs of assignments, and what of it is valid.

use chrono::{Datelike, NaiveDate};
use serde::Deserialize;

use super::{Decision, Draft, Kind};
use crate::clock::Time;
use crate::content::documents::form::unless;
use crate::content::text;

/// The most people of one assignment.
const MOST_ASSIGNEES: usize = 50;

/// Add assignment, Edit assignment.
#[derive(Clone, Default, Deserialize)]
pub(crate) struct AssignmentForm {
    /// The document's number.
    pub(crate) document: String,
    pub(crate) kind: String,
    pub(crate) language: String,
    /// Addresses with commas, semicolons or spaces between them.
    pub(crate) assignees: String,
    /// `2025-02-17`
    pub(crate) start: String,
    pub(crate) end: String,
    #[serde(default)]
    pub(crate) message: String,
    #[serde(default)]
    pub(crate) form_id: String,
    #[serde(default)]
    pub(crate) version: String,
}

/// What is wrong with each field; empty where nothing is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Errors {
    pub(crate) document: String,
    pub(crate) kind: String,
    pub(crate) language: String,
    pub(crate) assignees: String,
    pub(crate) start: String,
    pub(crate) end: String,
    pub(crate) message: String,
}

impl Errors {
    /// How many fields need another look.
    pub(crate) fn count(&self) -> usize {
        let Self { document, kind, language, assignees, start, end, message } = self;
        let all = [document, kind, language, assignees, start, end, message];
        all.into_iter().filter(|error| !error.is_empty()).count()
    }
}

impl AssignmentForm {
    /// What is valid, or what is wrong.
    pub(crate) fn parse(&self) -> Result<Draft, Box<Errors>> {
        let document = self.document.parse().ok();
        let kind = Kind::parse(&self.kind);
        let language = text::language(&self.language);
        let assignees = parse_assignees(&self.assignees);
        let starts_on = parse_day(&self.start);
        let ends_on = parse_day(&self.end);
        let message = text::lines(&self.message, text::LONGEST_MESSAGE);
        let backwards = matches!((starts_on, ends_on), (Some(start), Some(end)) if end < start);
        match (document, kind, language, &assignees, starts_on, ends_on, message) {
            (
                Some(document),
                Some(kind),
                Some(language),
                Ok(assignees),
                Some(starts_on),
                Some(ends_on),
                Some(message),
            ) if !backwards => {
                let assignees = assignees.clone();
                Ok(Draft { document, kind, language, assignees, starts_on, ends_on, message })
            }
            (document, kind, language, _, starts_on, ends_on, message) => Err(Box::new(Errors {
                document: unless(document.is_some(), "Choose a document."),
                kind: unless(kind.is_some(), "Choose one of the types in the list."),
                language: unless(language.is_some(), "Give a short code, for example en or pt-BR."),
                assignees: assignees.err().unwrap_or_default(),
                start: unless(starts_on.is_some(), "Give a day such as 2026-11-24."),
                end: match ends_on {
                    None => "Give a day such as 2026-11-24.".to_owned(),
                    Some(_) if backwards => "The end is before the start; choose a later day.".to_owned(),
                    Some(_) => String::new(),
                },
                message: unless(message.is_some(), "Use at most 2,000 characters."),
            })),
        }
    }
}

/// Approve, Reject.
#[derive(Deserialize)]
pub(crate) struct DecisionForm {
    /// An e-mail address.
    #[serde(default)]
    pub(crate) assignee: String,
    #[serde(default)]
    pub(crate) status: String,
    /// The status that the page showed: `open`, or an earlier decision.
    #[serde(default)]
    pub(crate) was: String,
    #[serde(default)]
    pub(crate) version: String,
}

impl DecisionForm {
    /// Whose decision, which, and in place of which; none for a status that nobody can give.
    pub(crate) fn parse(&self) -> Option<(String, Decision, Option<Decision>)> {
        let decision = Decision::parse(&self.status)?;
        Some((self.assignee.trim().to_owned(), decision, Decision::parse(&self.was)))
    }
}

/// The addresses, each once.
fn parse_assignees(text: &str) -> Result<Vec<String>, String> {
    let mut assignees: Vec<String> = Vec::new();
    for address in text.split(|letter: char| letter.is_whitespace() || letter == ',' || letter == ';') {
        if address.is_empty() || assignees.iter().any(|known| known.eq_ignore_ascii_case(address)) {
            continue;
        }
        if !text::is_email(address) {
            let shown: String = address.chars().take(60).collect();
            return Err(format!("“{shown}” is not an e-mail address. Write addresses with commas between them."));
        }
        assignees.push(address.to_owned());
    }
    match assignees.len() {
        0 => Err("Name at least one person by e-mail address.".to_owned()),
        1..=MOST_ASSIGNEES => Ok(assignees),
        _ => Err(format!("Name at most {MOST_ASSIGNEES} people.")),
    }
}

/// The start of that day in UTC; years that nobody means are refused.
fn parse_day(text: &str) -> Option<Time> {
    let date = NaiveDate::parse_from_str(text.trim(), "%Y-%m-%d").ok()?;
    let meant = (2000..=2199).contains(&date.year());
    let start = date.and_hms_opt(0, 0, 0)?;
    meant.then(|| Time::from_utc(start.and_utc()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> AssignmentForm {
        AssignmentForm {
            document: "1044".to_owned(),
            kind: "translation review".to_owned(),
            language: "en".to_owned(),
            assignees: "jonas@acme.example, ANA@acme.example;ana@acme.example".to_owned(),
            start: "2025-02-17".to_owned(),
            end: "2025-02-24".to_owned(),
            ..AssignmentForm::default()
        }
    }

    #[test]
    fn a_full_form_is_read() {
        let draft = form().parse().unwrap();
        assert_eq!(draft.kind, Kind::TranslationReview);
        assert_eq!(draft.assignees, ["jonas@acme.example", "ANA@acme.example"]);
        assert_eq!(draft.starts_on.seconds(), 1_739_750_400);
    }

    #[test]
    fn each_wrong_field_says_so_beside_itself() {
        let wrong = AssignmentForm {
            document: String::new(),
            kind: "proofreading".to_owned(),
            language: "english".to_owned(),
            assignees: "jonas".to_owned(),
            start: "2025-02-30".to_owned(),
            end: "17/02/2025".to_owned(),
            message: "x".repeat(2001),
            ..form()
        };
        assert_eq!(wrong.parse().unwrap_err().count(), 7);
    }

    #[test]
    fn the_end_may_be_the_start_but_not_before_it() {
        assert!(AssignmentForm { end: "2025-02-17".to_owned(), ..form() }.parse().is_ok());
        let errors = AssignmentForm { end: "2025-02-16".to_owned(), ..form() }.parse().unwrap_err();
        assert_eq!(
            *errors,
            Errors { end: "The end is before the start; choose a later day.".to_owned(), ..Errors::default() }
        );
    }

    #[test]
    fn fifty_people_at_most() {
        let people = |count: usize| (0..count).map(|n| format!("p{n}@acme.example")).collect::<Vec<_>>().join(",");
        assert!(AssignmentForm { assignees: people(50), ..form() }.parse().is_ok());
        assert!(AssignmentForm { assignees: people(51), ..form() }.parse().is_err());
    }
}
