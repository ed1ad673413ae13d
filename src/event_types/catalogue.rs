//! The types that are built in, read from the files that are compiled in.

use std::sync::{Arc, LazyLock};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::EventType;

crate::word_enum! {
    /// A group of built-in types.
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
}

/// Every built-in type, in the order of the dialog.
pub static BUILT_IN: LazyLock<Vec<Arc<EventType>>> =
    LazyLock::new(|| Group::ALL.iter().flat_map(|group| read(*group)).map(Arc::new).collect());

#[expect(clippy::expect_used, reason = "the files are compiled in and read by every test")]
fn read(group: Group) -> Vec<EventType> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Entry {
        name: &'static str,
        code: &'static str,
        label: &'static str,
        description: &'static str,
        version: i32,
        #[serde(borrow)]
        example: &'static RawValue,
        #[serde(borrow, default)]
        previous: Option<&'static RawValue>,
        #[serde(borrow)]
        schema: &'static RawValue,
    }
    let entries: Vec<Entry> = serde_json::from_str(group.file()).expect("the file of a group is a list of types");
    let entries = entries.into_iter().map(|entry| EventType {
        name: entry.name.into(),
        code: entry.code.into(),
        label: entry.label.into(),
        description: entry.description.into(),
        group: group.as_str().into(),
        example: entry.example.get().into(),
        previous: entry.previous.map(|previous| previous.get().into()),
        schema: entry.schema.get().into(),
        version: entry.version,
        declared: None,
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
        let first: Vec<_> = BUILT_IN.iter().take(3).map(|kind| kind.name.clone()).collect();
        assert_eq!(first, ["document.released", "publication.published", "assignment.created"]);
        assert_eq!(BUILT_IN.len(), 35);
    }

    #[test]
    fn names_codes_and_labels_are_unique_and_codes_follow_the_rule() {
        let unique = |of: fn(&EventType) -> &str| BUILT_IN.iter().map(|kind| of(kind)).collect::<HashSet<_>>().len();
        assert_eq!(unique(|kind| &kind.name), BUILT_IN.len());
        assert_eq!(unique(|kind| &kind.code), BUILT_IN.len());
        assert_eq!(unique(|kind| &kind.label), BUILT_IN.len());
        for kind in BUILT_IN.iter().filter(|kind| !OWN_CODES.contains(&&*kind.code)) {
            assert_eq!(kind.code, super::super::code_of(&kind.name));
        }
    }

    #[test]
    fn every_example_fits_its_schema_and_every_field_is_told_in_words() {
        for kind in BUILT_IN.iter() {
            let (schema, example): (Value, Value) =
                (serde_json::from_str(&kind.schema).unwrap(), serde_json::from_str(&kind.example).unwrap());
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
