//! The description of the API as it is kept with the project, and whether an answer is as it says.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::browser::Answer;

/// The description.
pub static DESCRIPTION: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../../docs/openapi.json")).unwrap());

/// The same, but an answer may have no field that is not described.
static STRICT: LazyLock<Value> = LazyLock::new(|| {
    let mut components = json!({ "schemas": DESCRIPTION["components"]["schemas"] });
    tighten(&mut components, false);
    components
});

/// What a reference adds up to is closed; a part of a whole is not.
fn tighten(value: &mut Value, is_part: bool) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields.iter_mut() {
                if name == "allOf" {
                    field.as_array_mut().unwrap().iter_mut().for_each(|part| tighten(part, true));
                } else {
                    tighten(field, false);
                }
            }
            if fields.contains_key("$ref") && !is_part {
                fields.insert("unevaluatedProperties".to_owned(), Value::Bool(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| tighten(item, false)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Follows a reference within the description.
pub fn followed(value: &'static Value) -> &'static Value {
    match value["$ref"].as_str() {
        Some(place) => DESCRIPTION.pointer(place.strip_prefix('#').unwrap()).expect(place),
        None => value,
    }
}

/// Fails where a value is not as the schema says.
pub fn expect_valid(schema: &Value, value: &Value) {
    let mut schema = schema.clone();
    tighten(&mut schema, false);
    schema["components"] = STRICT.clone();
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    let faults: Vec<String> =
        validator.iter_errors(value).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
    assert!(faults.is_empty(), "{faults:#?}\nin {value:#}");
}

/// Fails where an answer of the operation is not as it is described.
pub fn expect_described(method: &str, path: &str, answer: &Answer) {
    let operation = &DESCRIPTION["paths"][path][method];
    let response = followed(&operation["responses"][answer.status().to_string()]);
    assert!(response.is_object(), "{method} {path} answers {} undescribed: {}", answer.status(), answer.text());
    let content = &response["content"][answer.header("content-type")];
    assert!(content.is_object(), "{method} {path}: {}", answer.header("content-type"));
    expect_valid(&content["schema"], &answer.json());
}
