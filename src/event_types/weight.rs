//! How much work a schema may make, found before it is compiled; pure.

use serde_json::{Map, Value};

/// The most parts of a schema, each counted as often as references lead to it: what one value may be held against.
pub(super) const MOST_PARTS: usize = 1000;
/// A pattern is as much work as so many parts.
const PATTERN: usize = 20;
/// To divide is as much work as so many parts.
const DIVISION: usize = 10;
/// So many names that must be there are as much work as a part.
const NAMES: usize = 4;

const ONE: [&str; 11] = [
    "additionalItems",
    "additionalProperties",
    "contains",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
];
const LISTS: [&str; 5] = ["allOf", "anyOf", "items", "oneOf", "prefixItems"];
const MAPS: [&str; 4] = ["dependencies", "dependentSchemas", "patternProperties", "properties"];

/// The parts of a schema that is within the limit. One that leads back into itself has no end, and is beyond every limit.
///
/// # Errors
/// What to change, in a sentence.
pub(super) fn parts(schema: &Value) -> Result<usize, String> {
    if has_moved_base(schema, true) {
        return Err("Take out the $id of parts of the schema: references count from its beginning.".to_owned());
    }
    let mut scale = Scale { root: schema, left: MOST_PARTS };
    scale.part(schema)?;
    Ok(MOST_PARTS - scale.left)
}

/// A part with an address of its own, in which references would lead elsewhere.
fn has_moved_base(value: &Value, at_root: bool) -> bool {
    match value {
        Value::Object(fields) => {
            (!at_root && fields.get("$id").is_some_and(Value::is_string))
                || fields.values().any(|value| has_moved_base(value, false))
        }
        Value::Array(items) => items.iter().any(|value| has_moved_base(value, false)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

struct Scale<'a> {
    root: &'a Value,
    left: usize,
}

impl<'a> Scale<'a> {
    fn put(&mut self, weight: usize) -> Result<(), String> {
        self.left = self.left.checked_sub(weight).ok_or_else(|| {
            format!("With every reference followed and each choice of an enum counted it has more than {MOST_PARTS} parts, or \
                leads back into itself.")
        })?;
        Ok(())
    }

    /// A part, and what the same value and its own values are held against with it.
    fn part(&mut self, schema: &'a Value) -> Result<(), String> {
        self.put(1)?;
        let Some(fields) = schema.as_object() else { return Ok(()) };
        self.put(own(fields))?;
        if fields.contains_key("$dynamicRef") || fields.contains_key("$recursiveRef") {
            return Err("Write a plain $ref: one that depends on where it is read from is not taken.".to_owned());
        }
        // To know what nothing has looked at, everything beside is looked at once more.
        let unevaluated = fields.contains_key("unevaluatedItems") || fields.contains_key("unevaluatedProperties");
        for _ in 0..if unevaluated { 2 } else { 1 } {
            self.below(fields)?;
        }
        Ok(())
    }

    fn below(&mut self, fields: &'a Map<String, Value>) -> Result<(), String> {
        if let Some(place) = fields.get("$ref").and_then(Value::as_str) {
            // What is escaped would be read otherwise by the validator.
            let place = place.strip_prefix('#').filter(|place| !place.contains('%'));
            let found = place.and_then(|place| self.root.pointer(place));
            self.part(found.ok_or("Write each $ref as a place in this schema, such as #/$defs/address.")?)?;
        }
        let ones = ONE.iter().filter_map(|word| fields.get(*word)).filter(|part| part.is_object());
        let lists = LISTS.iter().filter_map(|word| fields.get(*word)?.as_array()).flatten();
        let maps = MAPS.iter().filter_map(|word| fields.get(*word)?.as_object()).flat_map(Map::values);
        for part in ones.chain(lists).chain(maps) {
            self.part(part)?;
        }
        Ok(())
    }
}

/// What a part weighs beside itself and the parts in it.
fn own(fields: &Map<String, Value>) -> usize {
    let is_pattern = fields.contains_key("pattern") || fields.get("format").is_some_and(|format| format == "regex");
    let by_pattern = fields.get("patternProperties").and_then(Value::as_object).map_or(0, Map::len);
    let compared = fields.get("enum").map_or(0, choices) + fields.get("const").map_or(0, values);
    let dependent = ["dependencies", "dependentRequired"].iter().filter_map(|word| fields.get(*word)?.as_object());
    let dependent = dependent.flat_map(Map::values).filter(|names| names.is_array());
    let names: usize = fields.get("required").into_iter().chain(dependent).map(values).sum();
    let division = if fields.contains_key("multipleOf") { DIVISION } else { 0 };
    (usize::from(is_pattern) + by_pattern) * PATTERN + division + compared + names.div_ceil(NAMES)
}

/// How many values there are, each object and list among them.
pub(super) fn values(data: &Value) -> usize {
    1 + match data {
        Value::Array(items) => items.iter().map(values).sum(),
        Value::Object(fields) => fields.values().map(values).sum::<usize>(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

/// What a value is compared with one by one. Texts alone are looked up.
fn choices(all: &Value) -> usize {
    let only_texts = all.as_array().is_some_and(|all| all.iter().all(|one| one.is_string() || one.is_null()));
    if only_texts { 1 } else { values(all) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(schema: &Value) -> String {
        parts(schema).err().unwrap_or_default()
    }

    /// Each level is held against the next one twice.
    fn doubling(levels: usize, level: impl Fn(Value) -> Value) -> Value {
        let mut defs = Map::new();
        for at in 0..levels {
            defs.insert(format!("d{at}"), level(json!({ "$ref": format!("#/$defs/d{}", at + 1) })));
        }
        defs.insert(format!("d{levels}"), json!({ "type": "object" }));
        json!({ "$ref": "#/$defs/d0", "$defs": defs })
    }

    #[test]
    fn what_people_write_is_far_below_the_limit() {
        let fields: Map<String, Value> =
            (0..400).map(|at| (format!("f{at}"), json!({ "type": "string", "maxLength": 7 }))).collect();
        assert_eq!(told(&json!({ "type": "object", "properties": fields })), "");
        assert_eq!(told(&json!({ "properties": { "id": { "pattern": "^a+$" }, "$id": { "type": "string" } } })), "");
        assert_eq!(told(&json!({ "$id": "https://schemas.example.com/a", "items": [{}, true] })), "");
        let address = json!({ "$ref": "#/$defs/address" });
        let shared =
            json!({ "properties": { "from": address, "to": address }, "$defs": { "address": { "type": "object" } } });
        assert_eq!(told(&shared), "");
        let countries: Vec<String> = (0..2000).map(|at| format!("c{at}")).collect();
        assert_eq!(told(&json!({ "enum": countries })), "");
        assert_eq!(told(&json!({ "properties": fields, "required": countries[..400] })), "");
        for kind in super::super::BUILT_IN.iter() {
            assert_eq!(told(&serde_json::from_str(&kind.schema).unwrap()), "", "{}", kind.name);
        }
    }

    #[test]
    fn work_that_grows_with_every_level_is_refused() {
        let twice = |next: Value| json!({ "allOf": [next, next] });
        assert_eq!(told(&doubling(7, twice)), "");
        for schema in [
            doubling(9, twice),
            doubling(2000, twice),
            doubling(60, |next| json!({ "properties": { "a": next }, "patternProperties": { "a": next } })),
            doubling(60, |next| json!({ "unevaluatedProperties": false, "if": next })),
            json!({ "$ref": "#" }),
            json!({ "properties": { "next": { "$ref": "#" } } }),
            json!({ "allOf": vec![json!({ "pattern": "^a" }); 60] }),
            json!({ "patternProperties": (0..60).map(|at| (format!("^{at}"), json!(true))).collect::<Map<_, _>>() }),
            json!({ "enum": (0..3000).map(|at| f64::from(at) + 0.5).collect::<Vec<_>>() }),
            json!({ "const": vec![1; 1000] }),
            json!({ "required": (0..4000).map(|at| at.to_string()).collect::<Vec<_>>() }),
            json!({ "dependentRequired": { "a": vec!["b"; 4000] } }),
            json!({ "allOf": vec![json!({ "format": "regex" }); 60] }),
            json!({ "allOf": vec![json!({ "multipleOf": 0.5 }); 100] }),
        ] {
            assert!(told(&schema).starts_with("With every reference followed"), "{:?}", told(&schema));
        }
    }

    #[test]
    fn a_reference_leads_to_a_place_in_the_schema() {
        for place in ["#nowhere", "#/$defs/a%25b", "#/nowhere", "https://schemas.example.com/a", "a.json"] {
            let told = told(&json!({ "$ref": place, "$defs": { "a%25b": {} } }));
            assert!(told.starts_with("Write each $ref"), "{place}: {told}");
        }
        assert!(told(&json!({ "$dynamicRef": "#a" })).starts_with("Write a plain $ref"));
        let moved = json!({ "$defs": { "a": { "$id": "https://schemas.example.com/a" } } });
        assert!(told(&moved).starts_with("Take out the $id"));
    }
}
