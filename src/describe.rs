//! How the description of the API tells of what every feature has: ids, words and moments.

use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::{KnownFormat, RefOr, SchemaFormat};

/// An id of this prefix.
pub fn id(about: &str, prefix: &str) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(about.trim()))
        .pattern(Some(format!("^{prefix}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$")))
        .examples([format!("{prefix}_01kaz4q9sjf6zr2v8ag2x3p7dm")])
        .into()
}

/// A word: which there are, and what each says.
pub fn word(about: &str, words: &[(&str, &str)]) -> RefOr<Schema> {
    let meanings: Vec<_> = words.iter().map(|(word, meaning)| format!("- `{word}`: {}", meaning.trim())).collect();
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(format!("{}\n\n{}", about.trim(), meanings.join("\n"))))
        .enum_values(Some(words.iter().map(|(word, _)| *word)))
        .into()
}

/// A moment.
pub fn time() -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .description(Some("RFC 3339 in UTC, to the millisecond."))
        .examples(["2026-11-24T10:05:07.114Z"])
        .into()
}
