//! What is typed into the dialogs of publications, and what of it is valid.

use serde::Deserialize;

use super::{Draft, Format};
use crate::content::documents::form::unless;
use crate::content::text;

/// Publish.
#[derive(Clone, Default, Deserialize)]
pub(crate) struct PublishForm {
    /// The document's number.
    pub(crate) document: String,
    #[serde(default)]
    pub(crate) title: String,
    pub(crate) format: String,
    #[serde(default)]
    pub(crate) save_output: String,
    #[serde(default)]
    pub(crate) form_id: String,
}

/// What is wrong with each field; empty where nothing is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Errors {
    pub(crate) document: String,
    pub(crate) title: String,
    pub(crate) format: String,
}

impl Errors {
    /// How many fields need another look.
    pub(crate) fn count(&self) -> usize {
        [&self.document, &self.title, &self.format].into_iter().filter(|error| !error.is_empty()).count()
    }
}

impl PublishForm {
    /// What is valid, or what is wrong.
    pub(crate) fn parse(&self) -> Result<Draft, Errors> {
        let document = self.document.parse().ok();
        let title = text::optional_line(&self.title, text::LONGEST_TITLE);
        let format = Format::parse(&self.format);
        match (document, title, format) {
            (Some(document), Some(title), Some(format)) => {
                Ok(Draft { document, title, format, keep_output: self.save_output == "true" })
            }
            (document, title, format) => Err(Errors {
                document: unless(document.is_some(), "Choose a document."),
                title: unless(title.is_some(), TITLE_RULE),
                format: unless(format.is_some(), "Choose one of the formats in the list."),
            }),
        }
    }
}

const TITLE_RULE: &str = "Use at most 200 characters, on one line.";

/// Edit publication.
#[derive(Clone, Default, Deserialize)]
pub(crate) struct TitleForm {
    #[serde(default)]
    pub(crate) title: String,
    #[serde(default)]
    pub(crate) form_id: String,
    #[serde(default)]
    pub(crate) version: String,
}

impl TitleForm {
    /// The title, or what is wrong with it.
    pub(crate) fn parse(&self) -> Result<String, String> {
        text::optional_line(&self.title, text::LONGEST_TITLE).ok_or_else(|| TITLE_RULE.to_owned())
    }
}
