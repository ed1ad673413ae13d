//! What every answer has in common: the host, the origin, the headers, refusals, bodies and files.

use std::io::Read;

use actix_web::test::TestRequest;
use actix_web::web::{Bytes, Path};
use postrider::web::{Access, Form, JsonBody, Query, Route, WebError};
use serde::Deserialize;

use crate::support::app::{TestApp, both};
use crate::support::browser::{HOST, with_defaults};

#[derive(Deserialize)]
struct Fields {
    name: String,
    #[serde(default)]
    events: Vec<String>,
}

async fn form(Form(fields): Form<Fields>) -> String {
    format!("{}|{}", fields.name, fields.events.join(","))
}

async fn query(Query(fields): Query<Fields>) -> String {
    fields.name
}

async fn number(number: Path<u32>) -> String {
    number.to_string()
}

async fn echo(JsonBody(body): JsonBody<1000>) -> Bytes {
    body
}

async fn panicking() -> &'static str {
    panic!("the secret word is rosebud")
}

async fn failing() -> Result<&'static str, WebError> {
    Err(anyhow::anyhow!("the inner cause").context("the outer cause").into())
}

async fn probe() -> &'static str {
    "ok"
}

fn sample() -> Vec<Route> {
    vec![
        Route::post_exempt("/sample/form", Access::Public, "a sample of the tests alone", form),
        Route::get("/sample/query", Access::Public, query),
        Route::get("/sample/number/{number}", Access::Public, number),
        Route::post_exempt("/hooks/sample", Access::Receiver, "a sample of the tests alone", echo),
        Route::get("/sample/panic", Access::Public, panicking),
        Route::get("/sample/fault", Access::Public, failing),
        Route::get("/api/fault", Access::Receiver, failing),
        Route::get("/api/number/{number}", Access::Receiver, number),
        Route::get("/probe", Access::Probe, probe),
    ]
}

fn post_form(kind: &str) -> TestRequest {
    TestRequest::post()
        .uri("/sample/form")
        .insert_header(("content-type", kind))
        .insert_header(("sec-fetch-site", "same-origin"))
}

const URLENCODED: &str = "application/x-www-form-urlencoded";

#[actix_web::test]
async fn every_answer_tells_the_browser_what_is_allowed() {
    let app = TestApp::sqlite().await;
    let css = stylesheet(&app).await;
    for path in ["/sign-in", "/", "/nowhere", "/api/nowhere", css.as_str()] {
        let answer = app.anonymous().get(path).await;
        for (name, value) in [
            (
                "content-security-policy",
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'",
            ),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), value, "{path}");
        }
        let vary: &[&str] =
            if path == css { &["Accept-Encoding", "Sec-Fetch-Site, Origin"] } else { &["Sec-Fetch-Site, Origin"] };
        assert_eq!(answer.headers("vary"), vary, "{path}");
        assert!(answer.header("permissions-policy").contains("camera=()"));
        assert!(answer.header("x-request-id").starts_with("req_"));
        assert_eq!(answer.headers("server"), [""; 0]);
        assert_eq!(answer.headers("strict-transport-security"), [""; 0], "plain HTTP");
        let kept = if path == css { "public, max-age=31536000, immutable" } else { "no-store" };
        assert_eq!(answer.header("cache-control"), kept, "{path}");
    }
}

#[actix_web::test]
async fn a_file_is_compressed_for_who_can_read_it() {
    let app = TestApp::sqlite().await;
    let css = stylesheet(&app).await;
    let get = async |accept: Option<&'static str>| {
        let request = TestRequest::get().uri(&css);
        let request =
            accept.into_iter().fold(request, |request, accept| request.insert_header(("accept-encoding", accept)));
        let answer = app.send(with_defaults(request)).await;
        (answer.headers("content-encoding").concat(), answer.bytes().to_vec())
    };
    let (encoding, whole) = get(None).await;
    assert_eq!((encoding.as_str(), whole.as_slice()), ("", std::fs::read("static/app.css").unwrap().as_slice()));
    for accept in ["identity", "br", "gzip;q=0", "*;q=0, identity"] {
        assert_eq!(get(Some(accept)).await, (String::new(), whole.clone()), "{accept}");
    }
    for accept in ["gzip", "gzip, deflate, br, zstd", "br;q=0.5, gzip"] {
        let (encoding, small) = get(Some(accept)).await;
        let mut unpacked = Vec::new();
        flate2::read::GzDecoder::new(small.as_slice()).read_to_end(&mut unpacked).unwrap();
        assert_eq!((encoding.as_str(), unpacked), ("gzip", whole.clone()), "{accept}");
        assert!(small.len() * 3 < whole.len(), "{} of {}", small.len(), whole.len());
    }
}

async fn stylesheet(app: &TestApp) -> String {
    app.anonymous().get("/sign-in").await.attributes("link[rel=stylesheet]", "href").remove(0)
}

#[actix_web::test]
async fn over_tls_the_cookie_is_bound_to_the_host_and_tls_is_remembered() {
    let app = TestApp::sqlite().await;
    let id = app.add_administrator("admin@example.com", "Ada Admin").await;
    let link =
        app.write(move |tx| postrider::sessions::make_sign_in_link(tx, id, std::time::Duration::from_secs(60))).await;
    let app = app.and_settings(|settings| settings.public_url = "https://portal.example.com".to_owned()).await;
    let uri = secrecy::ExposeSecret::expose_secret(&link);
    let answer = app.send(TestRequest::get().uri(uri).insert_header(("host", "portal.example.com"))).await;
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-sid=") && cookie.contains("Secure") && cookie.contains("Path=/"), "{cookie}");
    assert!(!cookie.contains("Domain"));
    assert_eq!(answer.header("strict-transport-security"), "max-age=31536000");
}

#[actix_web::test]
async fn a_portal_in_plain_http_on_a_network_says_so() {
    let app = TestApp::sqlite().await;
    let sign_in = |host: &'static str| TestRequest::get().uri("/sign-in").insert_header(("host", host));
    assert!(!app.send(sign_in(HOST)).await.has("plain HTTP"));
    let app = app.and_settings(|settings| settings.public_url = "http://portal.lan".to_owned()).await;
    assert!(app.send(sign_in("portal.lan")).await.has("plain HTTP"));
}

#[actix_web::test]
async fn other_hosts_are_misdirected_but_for_probes() {
    let app = TestApp::sqlite().await.and_routes(sample()).await;
    let ask = |path: &str, host: &str| app.send(TestRequest::get().uri(path).insert_header(("host", host.to_owned())));
    for host in ["evil.example", "127.0.0.1", "127.0.0.1:8081", "localhost:80", "127.0.0.1:8080.evil.example"] {
        let answer = ask("/sign-in", host).await;
        assert_eq!(answer.status(), 421, "{host}");
        assert!(answer.has("This portal answers at its own address only"));
        assert_eq!(ask("/probe", host).await.status(), 200, "{host}");
        assert_eq!(ask("/api/number/1", host).await.header("content-type"), "application/problem+json");
    }
    for host in [HOST, "localhost:8080", "[::1]:8080", "LOCALHOST:8080"] {
        assert_eq!(ask("/sign-in", host).await.status(), 200, "{host}");
    }
    assert_eq!(app.send(TestRequest::get().uri("/sign-in")).await.status(), 421, "no host at all");
    let absolute = TestRequest::get().uri("http://evil.example/sign-in").insert_header(("host", HOST));
    assert_eq!(app.send(absolute).await.status(), 421);
}

both! {
    async fn a_post_of_a_foreign_page_is_refused_and_on_record(app: TestApp) {
        let admin = app.admin().await;
        let before = app.audit_actions().await.len();
        let own = format!("http://{HOST}");
        let foreign: [&[(&str, &str)]; 8] = [
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "none")],
            &[],
            &[("origin", "null")],
            &[("origin", "http://127.0.0.1:8081")],
            &[("sec-fetch-site", "same-origin"), ("origin", "https://evil.example")],
            &[("origin", "http://localhost:8080")],
        ];
        for headers in foreign {
            let post = headers.iter().fold(TestRequest::post().uri("/sign-out"), |post, header| post.insert_header(*header));
            let answer = admin.send(post).await;
            assert_eq!(answer.status(), 403, "{headers:?}");
            assert!(answer.has("did not come from a page of this portal"));
        }
        assert_eq!(app.audit_actions().await[before..], ["request.refused"; 8]);
        assert_eq!(admin.get("/").await.status(), 200, "still signed in");
        let without = app.send(with_defaults(TestRequest::post().uri("/sign-in"))).await;
        assert_eq!(without.status(), 403, "signing somebody in is a change too");
        let old_browser = TestRequest::post().uri("/sign-out").insert_header(("origin", own));
        assert_eq!(admin.send(old_browser).await.status(), 303);
    }
}

#[actix_web::test]
async fn the_api_takes_posts_of_programs_without_an_origin() {
    let app = TestApp::sqlite().await.and_routes(sample()).await;
    let post = |kind: &'static str| {
        with_defaults(
            TestRequest::post().uri("/hooks/sample").insert_header(("content-type", kind)).set_payload("{\"a\": 1.0}"),
        )
    };
    for kind in ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=\"UTF-8\""] {
        assert_eq!(app.send(post(kind)).await.text(), "{\"a\": 1.0}");
    }
    for kind in ["text/plain", "", "application/json; charset=latin1", "application/jsonx", "multipart/form-data"] {
        let answer = app.send(post(kind)).await;
        assert_eq!((answer.status(), answer.json()["code"].as_str()), (415, Some("unsupported_media_type")), "{kind}");
    }
    let packed = post("application/json").insert_header(("content-encoding", "gzip"));
    assert_eq!(app.send(packed).await.status(), 415);
    let large = app.send(post("application/json").set_payload(vec![b' '; 1001])).await;
    assert_eq!((large.status(), large.json()["code"].as_str()), (413, Some("too_large")));
    assert_eq!(app.send(post("application/json").set_payload(vec![b' '; 1000])).await.status(), 200);
}

#[actix_web::test]
async fn forms_are_read_whole_or_refused_in_our_own_words() {
    let app = TestApp::sqlite().await.and_routes(sample()).await;
    let browser = app.anonymous();
    let post = |kind: &'static str, body: String| browser.send(post_form(kind).set_payload(body));
    let read = post(URLENCODED, "name=caf%C3%A9+1&events=a&events=b&admin=true".to_owned()).await;
    assert_eq!(read.text(), "caf\u{e9} 1|a,b");
    for body in ["name=a&name=b", "name=%ff%fe", "name=a%00", "events=a", "", "name=%zz"] {
        let answer = post(URLENCODED, body.to_owned()).await;
        assert_eq!(answer.status(), 400, "{body}");
        assert!(answer.has("This request could not be read") && !answer.has("field"), "{body}: {}", answer.text());
    }
    assert_eq!(post("application/x-www-form-urlencoded; charset=iso-8859-1", "name=a".to_owned()).await.status(), 400);
    assert_eq!(post("application/x-www-form-urlencoded; charset=UTF-8", "name=a".to_owned()).await.status(), 200);
    for kind in ["multipart/form-data; boundary=x", "text/plain", "application/json", ""] {
        assert_eq!(post(kind, "name=a".to_owned()).await.status(), 415, "{kind}");
    }
    let large = post(URLENCODED, format!("name={}", "x".repeat(256 * 1024))).await;
    assert_eq!(large.status(), 413);
    assert!(large.has("That was too much at once"));
    assert_eq!(post(URLENCODED, format!("name={}", "x".repeat(256 * 1024 - 5))).await.status(), 200);
}

#[actix_web::test]
async fn sentences_of_parsers_never_leave() {
    let app = TestApp::sqlite().await.and_routes(sample()).await;
    let browser = app.anonymous();
    for (path, status) in [
        ("/sample/number/99999999999999999999", 404),
        ("/sample/number/1%20or%201=1", 404),
        ("/sample/number/%00", 404),
        ("/sample/number/%ff", 404),
        ("/sample/query", 400),
        ("/sample/query?name=%ff", 400),
        ("/sample/query?name=a&name=b", 400),
        ("/api/number/x", 404),
    ] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status(), status, "{path}");
        for word in ["parse", "field", "invalid", "missing", "u32"] {
            assert!(!answer.text().replace("validate", "").contains(word), "{path}: {}", answer.text());
        }
    }
    assert_eq!(browser.get("/sample/number/7").await.text(), "7");
}

#[actix_web::test]
async fn a_panic_and_a_fault_are_a_page_with_the_request_and_without_the_cause() {
    let app = TestApp::sqlite().await;
    let cookie = app.admin().await.cookie();
    let app = app.and_routes(sample()).await;
    for path in ["/sample/panic", "/sample/fault", "/api/fault"] {
        let request = with_defaults(TestRequest::get().uri(path)).insert_header(("cookie", cookie.as_str()));
        let answer = app.send(with_defaults(request)).await;
        assert_eq!(answer.status(), 500, "{path}");
        assert!(answer.has(answer.header("x-request-id")), "{path}: {}", answer.text());
        for cause in ["rosebud", "inner cause", "outer cause", "panic"] {
            assert!(!answer.has(cause), "{path}: {}", answer.text());
        }
        assert_eq!(answer.has("Sign out"), path.starts_with("/sample"), "{path}");
    }
    assert_eq!(app.anonymous().get("/sign-in").await.status(), 200, "the process lives");
}

#[actix_web::test]
async fn programs_get_problems() {
    let app = TestApp::sqlite().await.and_routes(sample()).await;
    let answer = app.anonymous().get("/api/nowhere").await;
    let id = answer.header("x-request-id").to_owned();
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(
        answer.json(),
        serde_json::json!({
            "type": "about:blank", "title": "There is no such page", "status": 404, "code": "not_found",
            "detail": "There is nothing at this address.", "request_id": id,
        })
    );
}

#[actix_web::test]
async fn odd_headers_change_nothing() {
    let app = TestApp::sqlite().await;
    let browser = app.anonymous();
    for header in [("accept", "image/png"), ("accept-language", "<script>"), ("range", "bytes=0-1")] {
        let answer = browser.send(TestRequest::get().uri("/sign-in").insert_header(header)).await;
        assert_eq!(answer.status(), 200, "{header:?}");
        assert!(!answer.has("<script>al") && !answer.has("image/png"));
    }
    let head = browser.send(TestRequest::default().method(actix_web::http::Method::HEAD).uri("/sign-in")).await;
    assert_eq!(head.status(), 200);
}

#[actix_web::test]
async fn the_files_of_a_page_are_served_under_its_names() {
    let app = TestApp::sqlite().await;
    let browser = app.anonymous();
    let page = browser.get("/sign-in").await;
    let mut files = page.attributes("link[href], script[src]", "href");
    files.extend(page.attributes("script[src]", "src"));
    assert!(files.len() >= 3, "{files:?}");
    for file in files {
        let answer = browser.get(&file).await;
        assert_eq!(answer.status(), 200, "{file}");
        assert!(!answer.bytes().is_empty());
        assert!(
            ["text/css; charset=utf-8", "text/javascript; charset=utf-8", "image/svg+xml"]
                .contains(&answer.header("content-type")),
            "{file}"
        );
    }
}
