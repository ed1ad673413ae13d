//! Publishing: the one way in which an event comes to be, in the transaction of whatever caused it.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Draft, Event, EventId};
use crate::db::{DbError, Tx};
use crate::text::on_one_line;

/// Notes an event, as `Arc<Event>`, for the step before the commit that stores it with its deliveries; where no such
/// step is registered, the transaction fails.
///
/// # Errors
/// When the database cannot take it.
#[expect(clippy::unnecessary_wraps, reason = "whether it is stored here or before the commit is nobody's business")]
pub fn publish(tx: &mut Tx<'_>, draft: Draft) -> Result<EventId, DbError> {
    let now = tx.now();
    let (title, resource) = names(draft.subject.as_deref(), &draft.data);
    let event = Event {
        id: tx.make_id(),
        type_name: draft.kind.name.to_string(),
        environment: draft.environment,
        source: draft.source,
        title,
        resource,
        subject: draft.subject,
        person: draft.person,
        data: Some(draft.data),
        previous: draft.previous,
        occurred_at: draft.occurred_at.unwrap_or(now),
        created_at: now,
    };
    let id = event.id;
    tx.note(Arc::new(event));
    Ok(id)
}

/// The longest title and the longest id of a resource that are kept, in characters.
pub(crate) const LONGEST_NAME: usize = 200;

/// What lists show beside the type (the title in the data, or else the resource's id or the subject), and by which id
/// the resource is found: the subject, or else the id in the data.
fn names(subject: Option<&str>, data: &str) -> (String, Option<String>) {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Named<'a> {
        resource_id: Option<Value>,
        #[serde(borrow)]
        resource_title: Option<&'a RawValue>,
        #[serde(borrow)]
        title: Option<&'a RawValue>,
        #[serde(borrow)]
        name: Option<&'a RawValue>,
        #[serde(borrow)]
        subject: Option<&'a RawValue>,
    }
    let Named { resource_id, resource_title, title, name, subject: topic } =
        serde_json::from_str(data).unwrap_or_default();
    let text = |value: &RawValue| serde_json::from_str(value.get()).ok();
    let titles = [resource_title, title, name, topic].into_iter().flatten().filter_map(text);
    let title = titles.into_iter().find(|title: &String| !title.trim().is_empty());
    let id = resource_id.map(|id| match id {
        Value::String(id) => id,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => id.to_string(),
    });
    let cut = |text: &str| on_one_line(text).take(LONGEST_NAME).collect::<String>();
    let resource = subject.or(id.as_deref()).map(cut).filter(|id| !id.trim().is_empty());
    let title = title.as_deref().or(id.as_deref()).or(subject).map(cut);
    (title.unwrap_or_default(), resource)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_title_is_the_best_text_at_the_top_of_the_data() {
        for (data, title) in [
            (r#"{"subject":"d","name":"c","title":"b","resource_title":"a"}"#, "a"),
            (r#"{"subject":"d","name":"c","title":"b"}"#, "b"),
            (r#"{"subject":"d","name":"Q3 \u201csurvey\u201d"}"#, "Q3 “survey”"),
            (r#"{"subject":"d","resource_id":7}"#, "d"),
            (r#"{"resource_title":7,"title":["x"],"name":null,"subject":"d"}"#, "d"),
            (r#"{"resource_title":" ","title":"","name":"c"}"#, "c"),
            (r#"{"resource_title":"\ud800","name":"c"}"#, "c"),
            (r#"{"task":{"title":"inside"},"resource_id":7}"#, "7"),
            (r#"{"title":{"resource_title":"inside"}}"#, "doc-1"),
            ("{}", "doc-1"),
        ] {
            assert_eq!(names(Some("doc-1"), data).0, title, "{data}");
        }
        assert_eq!(names(None, "{}"), (String::new(), None));
    }

    #[test]
    fn a_title_that_is_no_text_costs_the_resource_nothing() {
        let (title, resource) = names(None, r#"{"resource_title":7,"resource_id":1042}"#);
        assert_eq!((title.as_str(), resource.as_deref()), ("1042", Some("1042")));
    }

    #[test]
    fn what_no_column_of_text_holds_is_a_space() {
        let names = names(None, r#"{"name":"Q3\u0000\nsurvey","resource_id":"a\u0000b"}"#);
        assert_eq!(names, ("Q3  survey".to_owned(), Some("a b".to_owned())));
        assert_eq!(super::names(None, r#"{"resource_id":"\u0000"}"#).1, None);
    }

    #[test]
    fn a_title_is_cut_between_characters() {
        let data = format!(r#"{{"name":"{}"}}"#, "é".repeat(LONGEST_NAME + 1));
        assert_eq!(names(None, &data).0, "é".repeat(LONGEST_NAME));
    }
}
