//! A JSON object that is read only where somebody looks, and each part of it once.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::text::shortened;

/// The most characters of a value that a sentence shows.
pub(super) const SHOWN: usize = 60;

/// A JSON text. Nothing of it is read before a rule asks, and then only the objects and lists on the rule's way.
pub struct Document<'a> {
    text: &'a str,
    root: OnceCell<Option<Node<'a>>>,
}

impl<'a> Document<'a> {
    /// Of this text; what is no JSON holds nothing.
    pub fn new(text: &'a str) -> Self {
        Self { text, root: OnceCell::new() }
    }

    /// What stands at the end of these steps.
    pub(super) fn at(&self, steps: &[String]) -> Option<&Node<'a>> {
        let root = self.root.get_or_init(|| serde_json::from_str(self.text).ok().map(Node::new));
        steps.iter().try_fold(root.as_ref()?, |node, step| node.step(step))
    }
}

/// A value of a document, with what is in it once somebody looked there.
pub struct Node<'a> {
    raw: &'a RawValue,
    inside: OnceCell<Inside<'a>>,
}

enum Inside<'a> {
    Fields(HashMap<Cow<'a, str>, Node<'a>>),
    Elements(Vec<Node<'a>>),
    /// A text, a number, a word.
    Nothing,
}

/// Borrowed where it holds no escapes.
#[derive(Deserialize, PartialEq, Eq, Hash)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> Node<'a> {
    fn new(raw: &'a RawValue) -> Self {
        Self { raw, inside: OnceCell::new() }
    }

    fn inside(&self) -> &Inside<'a> {
        self.inside.get_or_init(|| match self.raw.get().as_bytes().first() {
            Some(b'{') => {
                let fields: HashMap<Name<'a>, &'a RawValue> = serde_json::from_str(self.raw.get()).unwrap_or_default();
                Inside::Fields(fields.into_iter().map(|(name, raw)| (name.0, Node::new(raw))).collect())
            }
            Some(b'[') => {
                let elements: Vec<&'a RawValue> = serde_json::from_str(self.raw.get()).unwrap_or_default();
                Inside::Elements(elements.into_iter().map(Node::new).collect())
            }
            _ => Inside::Nothing,
        })
    }

    fn step(&self, name: &str) -> Option<&Self> {
        match self.inside() {
            Inside::Fields(fields) => fields.get(name),
            Inside::Elements(elements) => place(name).and_then(|place| elements.get(place)),
            Inside::Nothing => None,
        }
    }

    /// The elements of a list.
    pub(super) fn elements(&self) -> Option<&[Self]> {
        match self.inside() {
            Inside::Elements(elements) => Some(elements),
            Inside::Fields(_) | Inside::Nothing => None,
        }
    }

    /// A text, without its quotes and escapes.
    pub(super) fn text(&self) -> Option<Cow<'a, str>> {
        let raw = self.raw.get();
        raw.starts_with('"').then(|| serde_json::from_str::<Name<'a>>(raw).ok()).flatten().map(|text| text.0)
    }

    /// A number, `true`, `false` or `null`, as it stands there.
    pub(super) fn scalar(&self) -> Option<&'a str> {
        let raw = self.raw.get();
        (!raw.starts_with(['"', '{', '['])).then_some(raw)
    }

    pub(super) fn is_null(&self) -> bool {
        self.raw.get() == "null"
    }

    /// As a sentence shows it.
    pub fn shown(&self) -> String {
        match (self.text(), self.inside()) {
            (Some(text), _) if text.is_empty() => "an empty text".to_owned(),
            (Some(text), _) => shortened(&text, SHOWN),
            (None, Inside::Fields(_)) => "an object".to_owned(),
            (None, Inside::Elements(_)) => format!("the list {}", shortened(self.raw.get(), SHOWN)),
            (None, Inside::Nothing) => shortened(self.raw.get(), SHOWN),
        }
    }
}

/// The place in a list, written as JSON pointers write it: no sign, no zero in front.
fn place(name: &str) -> Option<usize> {
    let sound = name == "0" || (!name.starts_with('0') && name.bytes().all(|byte| byte.is_ascii_digit()));
    sound.then(|| name.parse().ok()).flatten()
}
