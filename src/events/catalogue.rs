//! The event types that exist, with the code that receivers read and the label that people read.

use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::value::RawValue;

/// One type of event.
#[derive(Debug, PartialEq, Eq)]
pub struct EventType {
    /// `document.released`
    pub name: &'static str,
    /// `STATUS_SET_TO_RELEASED_EVENT`, as bodies carry it.
    pub code: &'static str,
    /// `Status set to Released`
    pub label: &'static str,
    /// When it happens, in a sentence.
    pub description: &'static str,
    /// Where the dialog lists it.
    pub group: Group,
    /// An example of its data: what tests and the payload page send.
    pub example: &'static str,
    /// What its data looks like, as JSON Schema 2020-12.
    pub schema: &'static str,
}

crate::word_enum! {
    /// A group of the catalogue.
    Group {
        /// Documents, publications, assignments.
        Content = "Content",
        /// The people of the portal.
        User = "User",
        /// What somebody has to do.
        Task = "Task",
        /// What many are asked.
        Survey = "Survey",
        /// Things of a structure.
        Element = "Element",
        /// Notes.
        Note = "Note",
        /// Contracts, invoices, proposals, suppliers.
        Contract = "Contract",
        /// Milestones, stages, sites, workflows.
        Project = "Project",
        /// What the portal tells of its own webhooks.
        Postrider = "Postrider",
    }
}

impl Group {
    /// The types of this group, in the order in which people read them.
    fn file(self) -> &'static str {
        match self {
            Self::Content => include_str!("catalogue/content.json"),
            Self::User => include_str!("catalogue/user.json"),
            Self::Task => include_str!("catalogue/task.json"),
            Self::Survey => include_str!("catalogue/survey.json"),
            Self::Element => include_str!("catalogue/element.json"),
            Self::Note => include_str!("catalogue/note.json"),
            Self::Contract => include_str!("catalogue/contract.json"),
            Self::Project => include_str!("catalogue/project.json"),
            Self::Postrider => include_str!("catalogue/postrider.json"),
        }
    }

    /// The types of this group.
    pub fn types(self) -> impl Iterator<Item = &'static EventType> {
        CATALOGUE.iter().filter(move |kind| kind.group == self)
    }
}

/// Every type, in the order of the dialog.
pub static CATALOGUE: LazyLock<Vec<EventType>> =
    LazyLock::new(|| Group::ALL.iter().flat_map(|group| read(*group)).collect());

/// The type of that name.
pub fn find_type(name: &str) -> Option<&'static EventType> {
    CATALOGUE.iter().find(|kind| kind.name == name)
}

#[expect(clippy::expect_used, reason = "the files are compiled in and read by every test")]
fn read(group: Group) -> Vec<EventType> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Entry {
        name: &'static str,
        code: &'static str,
        label: &'static str,
        description: &'static str,
        #[serde(borrow)]
        example: &'static RawValue,
        #[serde(borrow)]
        schema: &'static RawValue,
    }
    let entries: Vec<Entry> = serde_json::from_str(group.file()).expect("the file of a group is a list of types");
    let entries = entries.into_iter().map(|entry| EventType {
        name: entry.name,
        code: entry.code,
        label: entry.label,
        description: entry.description,
        group,
        example: entry.example.get(),
        schema: entry.schema.get(),
    });
    entries.collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::Value;

    use super::*;

    /// Codes that are older than the rule.
    const OWN_CODES: [&str; 5] = [
        "STATUS_SET_TO_RELEASED_EVENT",
        "PUBLISHED_EVENT",
        "STATUS_SET_TO_IN_REVIEW_EVENT",
        "STATUS_SET_TO_IN_TRANSLATION_EVENT",
        "ASSIGNMENT_USERSTATUS_CHANGED",
    ];

    #[test]
    fn the_three_main_events_come_first() {
        let first: Vec<_> = CATALOGUE.iter().take(3).map(|kind| kind.name).collect();
        assert_eq!(first, ["document.released", "publication.published", "assignment.created"]);
        assert_eq!(CATALOGUE.len(), 35);
    }

    #[test]
    fn names_codes_and_labels_are_unique_and_codes_follow_the_rule() {
        let unique = |of: fn(&EventType) -> &str| CATALOGUE.iter().map(of).collect::<HashSet<_>>().len();
        assert_eq!(unique(|kind| kind.name), CATALOGUE.len());
        assert_eq!(unique(|kind| kind.code), CATALOGUE.len());
        assert_eq!(unique(|kind| kind.label), CATALOGUE.len());
        for kind in CATALOGUE.iter().filter(|kind| !OWN_CODES.contains(&kind.code)) {
            assert_eq!(kind.code, format!("{}_EVENT", kind.name.replace('.', "_").to_uppercase()));
        }
    }

    #[test]
    fn every_example_fits_its_schema_and_every_field_is_told_in_words() {
        for kind in CATALOGUE.iter() {
            let (schema, example): (Value, Value) =
                (serde_json::from_str(kind.schema).unwrap(), serde_json::from_str(kind.example).unwrap());
            jsonschema::draft202012::meta::validate(&schema).unwrap();
            let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
            let faults: Vec<_> = validator.iter_errors(&example).map(|fault| fault.to_string()).collect();
            assert!(faults.is_empty(), "{}: {faults:?}", kind.name);
            assert!(!validator.is_valid(&Value::Object(serde_json::Map::new())), "{} asks for nothing", kind.name);
            let fields = schema["properties"].as_object().unwrap();
            assert!(fields.values().all(|field| field["description"].is_string()), "{}", kind.name);
            assert!(example.as_object().unwrap().keys().all(|field| fields.contains_key(field)), "{}", kind.name);
        }
    }
}
