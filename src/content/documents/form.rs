//! What is typed into the dialogs of documents, and what of it is valid.

use std::num::ParseIntError;

use serde::Deserialize;

use super::{Draft, Status, StatusChange};
use crate::content::text;

/// Add document, Edit document.
#[derive(Clone, Default, Deserialize)]
pub(crate) struct DocumentForm {
    pub(crate) title: String,
    #[serde(default)]
    pub(crate) template: String,
    pub(crate) language: String,
    #[serde(default)]
    pub(crate) body: String,
    /// The number of the document above; empty for none.
    #[serde(default)]
    pub(crate) parent: String,
    #[serde(default)]
    pub(crate) form_id: String,
    #[serde(default)]
    pub(crate) version: String,
}

/// What is wrong with each field; empty where nothing is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Errors {
    pub(crate) title: String,
    pub(crate) template: String,
    pub(crate) language: String,
    pub(crate) body: String,
    pub(crate) parent: String,
}

impl Errors {
    /// How many fields need another look.
    pub(crate) fn count(&self) -> usize {
        let all = [&self.title, &self.template, &self.language, &self.body, &self.parent];
        all.into_iter().filter(|error| !error.is_empty()).count()
    }
}

impl DocumentForm {
    /// What is valid, or what is wrong.
    pub(crate) fn parse(&self) -> Result<Draft, Errors> {
        let title = text::line(&self.title, text::LONGEST_TITLE);
        let template = text::optional_line(&self.template, text::LONGEST_TEMPLATE);
        let language = text::language(&self.language);
        let body = text::body(&self.body);
        let parent = parse_choice(&self.parent);
        match (title, template, language, body, parent) {
            (Some(title), Some(template), Some(language), Some(body), Ok(parent)) => {
                Ok(Draft { title, template, language, body, parent })
            }
            (title, template, language, body, parent) => Err(Errors {
                title: unless(title.is_some(), "Give the document a title of 1 to 200 characters, on one line."),
                template: unless(template.is_some(), "Use at most 120 characters, on one line."),
                language: unless(language.is_some(), "Give a short code, for example en or pt-BR."),
                body: unless(body.is_some(), "Keep the body under 200 KiB, without control characters."),
                parent: unless(parent.is_ok(), "Choose one of the documents in the list."),
            }),
        }
    }
}

/// Change status.
#[derive(Clone, Default, Deserialize)]
pub(crate) struct StatusForm {
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) comment: String,
    #[serde(default)]
    pub(crate) include_components: String,
    #[serde(default)]
    pub(crate) form_id: String,
    #[serde(default)]
    pub(crate) version: String,
}

/// What is wrong with each field; empty where nothing is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct StatusErrors {
    pub(crate) status: String,
    pub(crate) comment: String,
}

impl StatusForm {
    /// What is valid, or what is wrong.
    pub(crate) fn parse(&self) -> Result<StatusChange, StatusErrors> {
        let to = Status::parse(&self.status);
        let comment = text::lines(&self.comment, text::LONGEST_MESSAGE);
        let needed = to == Some(Status::Released);
        match (to, comment) {
            (Some(_), Some(comment)) if needed && comment.is_empty() => Err(StatusErrors {
                comment: "Say in a few words why it is released.".to_owned(),
                ..StatusErrors::default()
            }),
            (Some(to), Some(comment)) => {
                Ok(StatusChange { to, comment, include_components: self.include_components == "true" })
            }
            (to, comment) => Err(StatusErrors {
                status: unless(to.is_some(), "Choose one of the statuses in the list."),
                comment: unless(comment.is_some(), "Use at most 2,000 characters."),
            }),
        }
    }
}

/// The choice of a select that may be empty.
fn parse_choice(text: &str) -> Result<Option<i64>, ParseIntError> {
    if text.is_empty() { Ok(None) } else { text.parse().map(Some) }
}

/// The message for a field, unless it is valid.
pub(crate) fn unless(valid: bool, message: &str) -> String {
    if valid { String::new() } else { message.to_owned() }
}
