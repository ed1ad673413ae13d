//! The fields that a schema names, as a tree that people read; pure.

use serde_json::{Map, Value};

use crate::pointer;

/// Fields that lie deeper are left to the schema itself, which may lead back into itself.
const DEEPEST: usize = 8;
/// So many are listed.
const MOST: usize = 200;

/// A field of the data.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// Where it is, as a JSON pointer; `*` stands for each item of a list.
    pub(super) path: String,
    pub(super) name: String,
    /// How many objects and lists it lies in.
    pub(super) depth: usize,
    /// "string, date-time", "low | high", "list of integer".
    pub(super) kind: String,
    pub(super) required: bool,
    pub(super) description: String,
}

/// Every field, each followed by its own.
pub(super) fn fields(schema: &Value) -> Vec<Field> {
    let mut fields = Vec::new();
    Walk { root: schema, fields: &mut fields }.object(schema, "", 0);
    fields
}

struct Walk<'a> {
    root: &'a Value,
    fields: &'a mut Vec<Field>,
}

impl<'a> Walk<'a> {
    /// The properties of an object, also those that its parts bring.
    fn object(&mut self, schema: &'a Value, above: &str, depth: usize) {
        let schema = self.followed(schema);
        if depth > DEEPEST {
            return;
        }
        let required = |name: &str| schema["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name));
        for (name, property) in schema["properties"].as_object().into_iter().flat_map(Map::iter) {
            self.field(property, above, (name, required(name)), depth);
        }
        for part in ["allOf", "anyOf", "oneOf"].iter().filter_map(|word| schema[*word].as_array()).flatten() {
            self.object(part, above, depth + 1);
        }
    }

    fn field(&mut self, schema: &'a Value, above: &str, (name, required): (&str, bool), depth: usize) {
        let path = format!("{above}{}", pointer::step(name));
        if self.fields.len() >= MOST || self.fields.iter().any(|field| field.path == path) {
            return;
        }
        // What it is here says more than what it leads to.
        let said = schema["description"].as_str();
        let schema = self.followed(schema);
        self.fields.push(Field {
            kind: self.kind(schema, depth),
            description: said.or(schema["description"].as_str()).unwrap_or_default().to_owned(),
            path: path.clone(),
            name: name.to_owned(),
            depth,
            required,
        });
        self.object(schema, &path, depth + 1);
        if schema["items"].is_object() {
            self.object(&schema["items"], &format!("{path}/*"), depth + 1);
        }
    }

    fn kind(&self, schema: &'a Value, depth: usize) -> String {
        let words = |values: &[Value]| values.iter().map(word).collect::<Vec<_>>().join(" | ");
        if let Some(values) = schema["enum"].as_array() {
            return words(values);
        }
        if let Some(value) = schema.get("const") {
            return word(value);
        }
        let kind = match &schema["type"] {
            Value::Array(kinds) => words(kinds),
            Value::String(kind) if kind == "array" && schema["items"].is_object() && depth < DEEPEST => {
                format!("list of {}", self.kind(self.followed(&schema["items"]), depth + 1))
            }
            Value::String(kind) => kind.clone(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => String::new(),
        };
        match schema["format"].as_str() {
            Some(format) => format!("{kind}, {format}"),
            None if kind.is_empty() && (schema["anyOf"].is_array() || schema["oneOf"].is_array()) => {
                "one of several".to_owned()
            }
            None => kind,
        }
    }

    /// What a reference leads to, within the schema.
    fn followed(&self, schema: &'a Value) -> &'a Value {
        let place = schema["$ref"].as_str().and_then(|place| place.strip_prefix('#'));
        place.and_then(|place| self.root.pointer(place)).unwrap_or(schema)
    }
}

fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(schema: &Value) -> Vec<(String, usize, String, bool)> {
        fields(schema).into_iter().map(|field| (field.path, field.depth, field.kind, field.required)).collect()
    }

    #[test]
    fn each_field_is_followed_by_its_own() {
        let schema = json!({
            "required": ["a"],
            "properties": {
                "a": { "type": "object", "required": ["b"], "properties": {
                    "b": { "type": ["string", "null"] },
                    "c/d": { "type": "string", "format": "date" },
                } },
                "e": { "type": "array", "items": { "$ref": "#/$defs/line" } },
                "f": { "enum": ["low", 7] },
                "g": { "const": true },
                "h": { "anyOf": [{ "properties": { "i": {} } }, { "type": "string" }] },
                "k": { "type": "array", "items": { "type": "array", "items": { "type": "integer" } } },
            },
            "allOf": [{ "properties": { "j": { "type": "number" } } }],
            "$defs": { "line": { "type": "object", "properties": { "sku": { "type": "string" } } } },
        });
        let expected = [
            ("/a", 0, "object", true),
            ("/a/b", 1, "string | null", true),
            ("/a/c~1d", 1, "string, date", false),
            ("/e", 0, "list of object", false),
            ("/e/*/sku", 1, "string", false),
            ("/f", 0, "low | 7", false),
            ("/g", 0, "true", false),
            ("/h", 0, "one of several", false),
            ("/h/i", 2, "", false),
            ("/k", 0, "list of list of integer", false),
            ("/j", 1, "number", false),
        ];
        let expected: Vec<_> = expected
            .into_iter()
            .map(|(path, depth, kind, required)| (path.to_owned(), depth, kind.to_owned(), required))
            .collect();
        assert_eq!(shown(&schema), expected);
    }

    #[test]
    fn what_a_field_is_here_comes_before_what_it_leads_to() {
        let schema = json!({
            "properties": { "from": { "$ref": "#/$defs/a", "description": "Here." }, "to": { "$ref": "#/$defs/a" } },
            "$defs": { "a": { "description": "There." } },
        });
        let told: Vec<String> = fields(&schema).into_iter().map(|field| field.description).collect();
        assert_eq!(told, ["Here.", "There."]);
    }

    #[test]
    fn a_schema_that_leads_into_itself_comes_to_an_end() {
        let schema =
            json!({ "properties": { "next": { "$ref": "#" }, "all": { "type": "array", "items": { "$ref": "#" } } } });
        let all = shown(&schema);
        assert!(
            (DEEPEST..=MOST).contains(&all.len()) && all.iter().all(|(_, depth, ..)| *depth <= DEEPEST),
            "{}",
            all.len()
        );
        assert_eq!(shown(&json!({ "$ref": "#" })), []);
        assert_eq!(shown(&json!({ "allOf": [{ "$ref": "#" }] })), []);
        let wide: Map<String, Value> = (0..1000).map(|number| (number.to_string(), json!({}))).collect();
        assert_eq!(shown(&json!({ "properties": wide })).len(), MOST);
    }
}
