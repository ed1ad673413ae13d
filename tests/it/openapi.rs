//! The description of the API: kept with the project, complete, true, and readable from the binary alone.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::http::header::CONTENT_TYPE;
use actix_web::test::TestRequest;
use postrider::api_keys::Scope;
use postrider::event_types::built_in;
use postrider::web::Access;
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::contract::{DESCRIPTION, expect_described, expect_valid, followed};

/// Every operation with its method and path.
fn operations() -> Vec<(String, String, &'static Value)> {
    let paths = DESCRIPTION["paths"].as_object().unwrap();
    let of = |(path, item): (&String, &'static Value)| {
        let methods = item.as_object().unwrap().iter();
        methods.map(|(method, operation)| (method.to_uppercase(), path.clone(), operation)).collect::<Vec<_>>()
    };
    paths.iter().flat_map(of).collect()
}

#[test]
fn the_description_is_the_one_that_is_kept() {
    let kept = include_str!("../../docs/openapi.json");
    let now = postrider::openapi::text().unwrap();
    assert!(kept.trim_end() == now, "run `postrider openapi > docs/openapi.json` and look at what changed");
    assert_eq!(DESCRIPTION["openapi"], "3.1.0");
    assert_eq!(DESCRIPTION["info"]["title"], "Postrider");
    assert_eq!(DESCRIPTION["info"]["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn every_route_for_programs_is_described_and_nothing_else() {
    let declared = postrider::app::routes().into_iter().filter_map(|route| match route.access {
        Access::ApiKey(scope) => Some((route.method.to_string(), route.path.to_owned(), scope.to_owned())),
        _ => None,
    });
    let described = operations().into_iter().map(|(method, path, operation)| {
        let scopes = operation["security"][0]["api_key"].as_array().unwrap();
        assert_eq!(scopes.len(), 1, "{path}");
        (method, path, scopes[0].as_str().unwrap().to_owned())
    });
    assert_eq!(declared.collect::<BTreeSet<_>>(), described.collect::<BTreeSet<_>>());
}

#[test]
fn every_operation_parameter_field_and_refusal_is_told_in_words() {
    let told = |value: &Value| value["description"].as_str().is_some_and(|text| text.len() > 3);
    for (method, path, operation) in operations() {
        assert!(told(operation) && operation["summary"].is_string() && operation["operationId"].is_string(), "{path}");
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            assert!(told(parameter), "{method} {path}: {parameter}");
        }
        for (status, response) in operation["responses"].as_object().unwrap() {
            assert!(told(followed(response)), "{method} {path} {status}");
        }
    }
    for (name, schema) in DESCRIPTION["components"]["schemas"].as_object().unwrap() {
        assert!(told(schema) || schema["allOf"].is_array(), "{name}");
        for (field, schema) in schema["properties"].as_object().into_iter().flatten() {
            let by_reference = schema["$ref"].is_string() || told(&schema["oneOf"][0]) || told(&schema["oneOf"][1]);
            assert!(told(schema) || by_reference, "{name}.{field}");
        }
    }
}

/// Every field of a schema and of its parts, by name; what is referred to is told where it is described.
fn fields(schema: &'static Value, name: &str, found: &mut Vec<(String, &'static Value)>) {
    for (field, schema) in schema["properties"].as_object().into_iter().flatten() {
        found.push((format!("{name}.{field}"), schema));
        fields(schema, &format!("{name}.{field}"), found);
    }
    let parts = ["oneOf", "allOf"].into_iter().flat_map(|part| schema[part].as_array().into_iter().flatten());
    parts.chain(schema.get("items")).for_each(|part| fields(part, name, found));
}

/// The examples that stand at a schema or a parameter itself.
fn own_examples(value: &Value) -> impl Iterator<Item = &Value> {
    value.get("example").into_iter().chain(value["examples"].as_array().into_iter().flatten())
}

/// True where a reader sees what a value looks like: by an example, by the words there are, or by the fields it has.
fn is_shown(schema: &'static Value) -> bool {
    let schema = followed(schema);
    own_examples(schema).any(|example| !example.is_null())
        || ["enum", "const", "properties"].iter().any(|name| schema.get(name).is_some())
        || ["oneOf", "allOf"].iter().any(|part| schema[part].as_array().into_iter().flatten().any(is_shown))
        || schema.get("items").is_some_and(is_shown)
}

#[test]
fn every_field_and_parameter_has_an_example_that_is_valid() {
    let mut found = Vec::new();
    for (name, schema) in DESCRIPTION["components"]["schemas"].as_object().unwrap() {
        fields(schema, name, &mut found);
    }
    assert!(found.len() > 200, "{}", found.len());
    for (method, path, operation) in operations() {
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let name = format!("{method} {path} {}", parameter["name"]);
            own_examples(parameter).for_each(|example| expect_valid(&parameter["schema"], example));
            if own_examples(parameter).next().is_none() {
                found.push((name, &parameter["schema"]));
            }
        }
    }
    for (name, schema) in &found {
        assert!(is_shown(schema), "{name} has no example: {schema}");
        own_examples(schema).for_each(|example| expect_valid(schema, example));
    }
}

/// The example of an operation's body.
fn body(operation: &'static Value) -> &'static Value {
    let content = &operation["requestBody"]["content"]["application/json"];
    expect_valid(&content["schema"], &content["example"]);
    &content["example"]
}

/// What a reader copies out of the description works: the things are made with it, and then changed with it.
#[actix_web::test]
async fn the_example_of_every_body_is_taken() {
    let app = TestApp::sqlite().await;
    let program = app.api_key(Scope::ALL).await;
    let mut made = BTreeMap::new();
    let mut all = operations();
    all.retain(|(.., operation)| operation["requestBody"].is_object());
    assert_eq!(all.len(), 7);
    // What adds comes before what needs an id.
    all.sort_by_key(|(_, path, _)| path.contains("{id}"));
    for (method, path, operation) in all {
        let body = body(operation);
        if path.ends_with("/test") {
            // It would send a request; the type is all that can be wrong.
            assert!(built_in(body["type"].as_str().unwrap()).is_some());
            continue;
        }
        let list = path.split("/{").next().unwrap().to_owned();
        let id = made.get(&list).map_or("order.shipped", String::as_str);
        let address = path.replace("{id}", id).replace("{name}", id);
        let request = TestRequest::default().method(method.parse().unwrap()).uri(&address);
        let request = request.insert_header((CONTENT_TYPE, "application/json")).set_payload(body.to_string());
        let answer = program.send(request).await;
        assert!((200..=202).contains(&answer.status()), "{method} {path}: {}", answer.text());
        expect_described(&method.to_lowercase(), &path, &answer);
        made.insert(list, answer.json()["id"].as_str().unwrap_or_default().to_owned());
    }
}

#[test]
fn the_examples_of_refusals_are_problems() {
    for (name, response) in DESCRIPTION["components"]["responses"].as_object().unwrap() {
        let content = &response["content"]["application/problem+json"];
        expect_valid(&content["schema"], &content["example"]);
        let code = content["example"]["code"].as_str().unwrap();
        assert!(response["description"].as_str().unwrap().contains(&format!("`{code}`")), "{name}");
    }
}

#[test]
#[should_panic(expected = "Unevaluated properties are not allowed")]
fn a_field_that_is_not_described_is_found() {
    let person = json!({ "$ref": "#/components/schemas/Person" });
    expect_valid(&person, &json!({ "id": "u-17", "email": "ada@example.com" }));
    expect_valid(&person, &json!({ "id": "u-17", "email": "ada@example.com", "token": "hush" }));
}

#[actix_web::test]
async fn the_document_and_its_page_come_from_this_binary_alone() {
    let app = TestApp::sqlite().await;
    let nobody = app.anonymous();
    let document = nobody.get("/api/openapi.json").await;
    assert_eq!((document.status(), document.header("content-type")), (200, "application/json"));
    assert_eq!(document.json(), *DESCRIPTION);
    let page = nobody.get("/api/docs").await;
    assert_eq!((page.status(), page.headers("set-cookie").len()), (200, 0));
    assert!(
        page.header("content-security-policy").starts_with("default-src 'none'; script-src 'self'; style-src 'self';")
    );
    let mut parts = page.attributes("script", "src");
    parts.extend(page.attributes("link", "href"));
    assert_eq!(parts.len(), 5, "{parts:?}");
    for part in parts.iter().chain([&"/api/docs/LICENSE".to_owned()]) {
        assert!(part.starts_with('/') && !part.starts_with("//"), "{part} is of another host");
        let file = nobody.get(part).await;
        assert_eq!(file.status(), 200, "{part}");
        if file.header("content-encoding") == "gzip" {
            assert_eq!(file.bytes()[..3], [0x1f, 0x8b, 8], "{part}");
        }
    }
    for path in ["/api/docs/index.html", "/api/docs/../openapi.json", "/api/docs/"] {
        let missing = nobody.get(path).await;
        assert_eq!((missing.status(), missing.header("content-type")), (404, "application/problem+json"), "{path}");
    }
    let start = nobody.get(&parts[1]).await;
    assert!(start.has("validatorUrl: null") && start.has("queryConfigEnabled: false"));
}
