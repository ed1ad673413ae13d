//! What is wrong with a form, field by field.

/// What is wrong, by field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldErrors(Vec<(&'static str, String)>);

/// "2 fields need another look."; empty where none is wrong.
pub(crate) fn need_another_look(fields: usize) -> String {
    match fields {
        0 => String::new(),
        1 => "One field needs another look.".to_owned(),
        many => format!("{many} fields need another look."),
    }
}

impl FieldErrors {
    /// One fault.
    pub fn one(field: &'static str, sentence: impl Into<String>) -> Self {
        Self(vec![(field, sentence.into())])
    }

    /// Notes a fault.
    pub fn add(&mut self, field: &'static str, sentence: impl Into<String>) {
        self.0.push((field, sentence.into()));
    }

    /// How to put a field right; empty when nothing is wrong with it.
    pub fn of(&self, field: &str) -> &str {
        self.0.iter().find(|(name, _)| *name == field).map_or("", |(_, sentence)| sentence)
    }

    /// True when nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many fields are wrong.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The fields and their sentences, in the order of the form.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(field, sentence)| (*field, sentence.as_str()))
    }

    /// Keeps what a rule yields, or notes why it yields nothing.
    pub fn take<T, S: Into<String>>(&mut self, field: &'static str, result: Result<T, S>) -> Option<T> {
        result.map_err(|sentence| self.add(field, sentence)).ok()
    }
}
