//! The description of the API: kept with the project, complete, true, and readable from the binary alone.

use std::collections::BTreeSet;

use postrider::web::Access;
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::contract::{DESCRIPTION, expect_valid, followed};

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
