//! The event types: those that are built in and those that people declare, with the code that receivers read and the
//! label that people read.

mod answer;
pub(crate) mod api;
mod catalogue;
mod fields;
pub(crate) mod form;
mod openapi;
pub(crate) mod ops;
pub(crate) mod pages;
mod schema;
pub(crate) mod store;
mod weight;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, OnceLock};

pub use catalogue::BUILT_IN;
pub use schema::{MOST_WORK, Schema};

use crate::clock::Time;

/// One type of event.
#[derive(Debug)]
pub struct EventType {
    /// `document.released`
    pub name: Cow<'static, str>,
    /// `STATUS_SET_TO_RELEASED_EVENT`, as bodies carry it.
    pub code: Cow<'static, str>,
    /// `Status set to Released`
    pub label: Cow<'static, str>,
    /// When it happens, in a sentence; may be empty for a declared one.
    pub description: Cow<'static, str>,
    /// Where the dialog lists it.
    pub group: Cow<'static, str>,
    /// An example of its data: what tests and the payload page send.
    pub example: Cow<'static, str>,
    /// What the data of the example was before, for a built-in type that tells of an edit.
    pub previous: Option<Cow<'static, str>>,
    /// What its data looks like, as JSON Schema.
    pub schema: Cow<'static, str>,
    /// Counts from 1; grows with each change.
    pub version: i32,
    /// How a person declared it; none for a built-in one.
    pub declared: Option<Declared>,
}

/// What a declared type has more.
#[derive(Debug)]
pub struct Declared {
    /// What events that are posted are held against, where the type says so.
    pub check: Option<Schema>,
    /// When it was declared.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

impl EventType {
    /// What posted events are held against; none where nothing is checked.
    pub fn check(&self) -> Option<&Schema> {
        self.declared.as_ref().and_then(|declared| declared.check.as_ref())
    }
}

/// The code of a type that has none of its own: capitals, and `_` for a dot.
pub fn code_of(name: &str) -> String {
    format!("{}_EVENT", name.replace('.', "_").to_uppercase())
}

/// All types there are, group by group: the built-in ones, then those that were declared, by name.
#[derive(Debug)]
pub struct Catalogue {
    types: Vec<Arc<EventType>>,
    by_name: HashMap<String, usize>,
    /// The same for programs, made when it is first asked for.
    document: OnceLock<openapi::Document>,
}

static UNTOUCHED: LazyLock<Arc<Catalogue>> = LazyLock::new(|| Arc::new(Catalogue::with(Vec::new())));

/// The built-in types alone.
impl Default for Catalogue {
    fn default() -> Self {
        Self::with(Vec::new())
    }
}

impl Catalogue {
    /// The built-in types alone.
    pub fn built_in() -> Arc<Self> {
        Arc::clone(&UNTOUCHED)
    }

    /// The same, for whoever keeps no share of it.
    pub fn untouched() -> &'static Self {
        &UNTOUCHED
    }

    /// The built-in types and these.
    pub fn with(declared: Vec<Arc<EventType>>) -> Self {
        let mut types: Vec<Arc<EventType>> = BUILT_IN.iter().cloned().chain(declared).collect();
        let mut order: Vec<Cow<'static, str>> = Vec::new();
        for kind in &types {
            if !order.contains(&kind.group) {
                order.push(kind.group.clone());
            }
        }
        types.sort_by_key(|kind| order.iter().position(|group| *group == kind.group));
        let by_name = types.iter().enumerate().map(|(place, kind)| (kind.name.to_string(), place)).collect();
        Self { types, by_name, document: OnceLock::new() }
    }

    /// Whether posted events of some type are held against its schema.
    pub fn checks(&self) -> bool {
        self.types.iter().any(|kind| kind.check().is_some())
    }

    /// Every type, in the order of the dialog.
    pub fn all(&self) -> &[Arc<EventType>] {
        &self.types
    }

    /// The type of that name.
    pub fn find(&self, name: &str) -> Option<&Arc<EventType>> {
        self.by_name.get(name).and_then(|place| self.types.get(*place))
    }

    /// The types of that name, in the order of the names; those that are not there are left out.
    pub fn of<'a>(&'a self, names: &'a [String]) -> impl Iterator<Item = &'a Arc<EventType>> {
        names.iter().filter_map(|name| self.find(name))
    }

    /// `Status set to Released`; a type that is no longer here stands for itself.
    pub fn label(&self, name: &str) -> String {
        self.find(name).map_or(name, |kind| &kind.label).to_owned()
    }

    /// `STATUS_SET_TO_RELEASED_EVENT`, also of a type that is no longer here.
    pub fn code(&self, name: &str) -> Cow<'static, str> {
        self.find(name).map_or_else(|| code_of(name).into(), |kind| kind.code.clone())
    }

    /// Each group with its types.
    pub fn groups(&self) -> impl Iterator<Item = (&str, &[Arc<EventType>])> {
        self.types.chunk_by(|a, b| a.group == b.group).filter_map(|types| Some((&*types.first()?.group, types)))
    }
}

/// The built-in type of that name.
pub fn built_in(name: &str) -> Option<&'static Arc<EventType>> {
    BUILT_IN.iter().find(|kind| kind.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_types_stand_in_their_group() {
        let at = Time::from_micros(1);
        let kind = |name: &'static str, group: &'static str| {
            let declared = Some(Declared { check: None, created_at: at, updated_at: at });
            let built_in = built_in("note.updated").unwrap();
            Arc::new(EventType {
                name: name.into(),
                code: code_of(name).into(),
                label: "x".into(),
                description: "".into(),
                group: group.into(),
                previous: None,
                example: built_in.example.clone(),
                schema: built_in.schema.clone(),
                version: 1,
                declared,
            })
        };
        let catalogue = Catalogue::with(vec![kind("a.b", "Shop"), kind("c.d", "Note"), kind("e.f", "Shop")]);
        let groups: Vec<(&str, usize)> = catalogue.groups().map(|(group, types)| (group, types.len())).collect();
        assert!(groups.contains(&("Note", 2)) && groups.last() == Some(&("Shop", 2)), "{groups:?}");
        assert_eq!(catalogue.code("e.f"), "E_F_EVENT");
        assert_eq!((&*catalogue.label("no.more"), &*catalogue.code("no.more")), ("no.more", "NO_MORE_EVENT"));
        assert_eq!(catalogue.code("document.released"), "STATUS_SET_TO_RELEASED_EVENT");
    }
}
