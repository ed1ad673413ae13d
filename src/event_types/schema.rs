//! JSON Schemas that people write: read, compiled, and held against data; pure.

use jsonschema::{Draft, PatternOptions, Validator};
use serde_json::Value;

use super::weight;
use crate::events::intake::is_strict_json;
use crate::text::shortened;

/// The most work that the events of one request may make, as [`Schema::work`] counts it.
pub const MOST_WORK: usize = 100_000_000;
/// The most faults of one event that are told.
const MOST_FAULTS: usize = 20;
/// Every fault is looked for where they cannot take more memory than this, were each value at odds with each part.
const MOST_GATHERED: usize = 128 * 1024 * 1024;
/// What a fault takes there, beside its place.
const FAULT: usize = 512;
/// So much text is as much work as one value.
const TEXT: usize = 16;
/// The most bytes that a pattern may take once it is compiled.
const LARGEST_PATTERN: usize = 256 * 1024;
/// The longest words of one fault, in characters.
const LONGEST_FAULT: usize = 200;
/// The longest place of one fault, in characters.
const LONGEST_PLACE: usize = 300;

/// A schema that was compiled.
#[derive(Debug)]
pub struct Schema {
    validator: Validator,
    parts: usize,
}

impl Schema {
    /// Reads a schema of 2020-12 or draft-07; 2020-12 where it does not say. Nothing is fetched: a reference leads to a
    /// place in the schema itself, and not back. Patterns take linear time.
    ///
    /// # Errors
    /// What is wrong with it, in a sentence.
    pub fn compile(text: &str) -> Result<Self, String> {
        let value: Value = Some(text)
            .filter(|text| is_strict_json(text))
            .and_then(|text| serde_json::from_str(text).ok())
            .ok_or("This is no JSON, or has a key twice.")?;
        if !value.is_object() {
            return Err("A schema is an object.".to_owned());
        }
        let draft = match value.get("$schema").map(|said| said.as_str().unwrap_or_default().trim_end_matches('#')) {
            None | Some("https://json-schema.org/draft/2020-12/schema") => Draft::Draft202012,
            Some("http://json-schema.org/draft-07/schema" | "https://json-schema.org/draft-07/schema") => Draft::Draft7,
            Some(_) => return Err("Write the schema in 2020-12 or draft-07, and say so in $schema.".to_owned()),
        };
        let parts = weight::parts(&value)?;
        let patterns = PatternOptions::regex().size_limit(LARGEST_PATTERN).dfa_size_limit(LARGEST_PATTERN);
        let options = jsonschema::options().with_draft(draft).should_validate_formats(true);
        let built = options.with_pattern_options(patterns).build(&value);
        built.map(|validator| Self { validator, parts }).map_err(|fault| {
            let place = shortened(fault.instance_path().as_str(), LONGEST_PLACE);
            let told = shortened(&fault.to_string(), LONGEST_FAULT);
            if place.is_empty() { format!("{told}.") } else { format!("At {place}: {told}.") }
        })
    }

    /// What is wrong with data: the place in it as a JSON pointer, and what to change, without the value found. At most
    /// 20; the first alone where looking for all of them could take long.
    pub fn faults(&self, data: &Value) -> Vec<(String, String)> {
        let told = |fault: jsonschema::ValidationError<'_>| {
            let words = shortened(&fault.masked_with("The value").to_string(), LONGEST_FAULT);
            (shortened(fault.instance_path().as_str(), LONGEST_PLACE), format!("{words}."))
        };
        let most = self.parts.saturating_mul(weight::values(data));
        if most.saturating_mul(FAULT + deepest(data)) > MOST_GATHERED {
            return self.validator.validate(data).err().into_iter().map(told).collect();
        }
        self.validator.iter_errors(data).take(MOST_FAULTS).map(told).collect()
    }

    /// The work of holding data against it, at most: its parts times the values of the data, where 16 bytes of text
    /// count as a value too.
    pub fn work(&self, data: &Value) -> usize {
        self.parts.saturating_mul(weight::values(data) + text(data) / TEXT)
    }
}

/// The bytes of all texts and names.
fn text(data: &Value) -> usize {
    match data {
        Value::String(letters) => letters.len(),
        Value::Array(items) => items.iter().map(text).sum(),
        Value::Object(fields) => fields.iter().map(|(name, value)| name.len() + text(value)).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

/// The bytes of the longest place of a value.
fn deepest(data: &Value) -> usize {
    match data {
        Value::Array(items) => items.iter().map(deepest).max().map_or(0, |below| below + 8),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| 1 + name.len() + deepest(value)).max().unwrap_or_default()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> String {
        Schema::compile(text).err().unwrap_or_default()
    }

    #[test]
    fn only_sound_schemas_of_known_drafts_are_taken() {
        assert_eq!(wrong(r#"{"type":"object"}"#), "");
        assert_eq!(wrong(r#"{"$schema":"http://json-schema.org/draft-07/schema#","type":"object"}"#), "");
        assert_eq!(wrong(r##"{"$ref":"#/$defs/a","$defs":{"a":{"type":"object"}}}"##), "");
        assert!(wrong("{").starts_with("This is no JSON"));
        assert!(wrong(r#"{"a":1,"a":2}"#).starts_with("This is no JSON"));
        assert_eq!(wrong("true"), "A schema is an object.");
        assert!(wrong(r#"{"$schema":"http://json-schema.org/draft-04/schema#"}"#).contains("2020-12 or draft-07"));
        for text in [
            r#"{"type":"objekt"}"#,
            r#"{"$ref":"https://schemas.example.com/a.json"}"#,
            r#"{"$ref":"file:///etc/passwd"}"#,
            r##"{"$ref":"#/nowhere"}"##,
            r#"{"properties":{"a":{"pattern":"("}}}"#,
            r#"{"properties":{"a":{"pattern":"(a{1000}){1000}"}}}"#,
            r##"{"properties":{"next":{"$ref":"#"}}}"##,
        ] {
            assert!(!wrong(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn faults_have_a_place_and_never_the_value() {
        let schema = Schema::compile(
            r#"{"type":"object","required":["id"],"properties":{"id":{"type":"integer"},"all":{"items":{"pattern":"^a+$"}}}}"#,
        )
        .unwrap();
        let faults = |text: &str| schema.faults(&serde_json::from_str(text).unwrap());
        assert_eq!(faults(r#"{"id":1,"more":true}"#), []);
        let wrong = faults(r#"{"id":"hush-1","all":["a","hush-2"]}"#);
        assert_eq!(wrong.iter().map(|(path, _)| &**path).collect::<Vec<_>>(), ["/id", "/all/1"]);
        assert!(wrong.iter().all(|(_, told)| !told.contains("hush")), "{wrong:?}");
        assert_eq!(faults("{}")[0].0, "");
        let many = format!(r#"{{"id":1,"all":[{}]}}"#, vec!["\"b\""; 100].join(","));
        assert_eq!(faults(&many).len(), MOST_FAULTS);
        let very_many = format!(r#"{{"id":1,"all":[{}]}}"#, vec!["\"b\""; 200_000].join(","));
        assert_eq!(faults(&very_many).len(), 1, "the first tells enough");
    }

    #[test]
    fn a_place_is_told_in_short_and_never_gathered_in_full() {
        let schema = Schema::compile(r#"{"additionalProperties":{"items":{"type":"string"}}}"#).unwrap();
        let faults = |key: usize, items: usize| {
            let list = vec!["1"; items].join(",");
            schema.faults(&serde_json::from_str(&format!(r#"{{"{}":[{list}]}}"#, "k".repeat(key))).unwrap())
        };
        assert_eq!(faults(1000, 30).len(), MOST_FAULTS);
        assert!(faults(1000, 30).iter().all(|(place, _)| place.chars().count() == LONGEST_PLACE + 1));
        assert_eq!(faults(240_000, 8_000).len(), 1, "all of them would take gigabytes");
    }

    #[test]
    fn work_grows_with_the_schema_the_values_and_the_text() {
        let work =
            |schema: &str, data: &str| Schema::compile(schema).unwrap().work(&serde_json::from_str(data).unwrap());
        assert_eq!(work("{}", "{}"), 1);
        assert_eq!(work(r#"{"items":{}}"#, "[1,2,3]"), 8);
        assert_eq!(work("{}", &format!(r#"["{}"]"#, "x".repeat(160))), 12);
    }
}
