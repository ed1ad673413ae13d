//! Every declared route: nobody, a member and an administrator each get what the declaration says.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use postrider::api_keys::Scope;
use postrider::web::{Access, Audited, Route};

use crate::support::app::both;
use crate::support::browser::{Answer, Browser};

fn pages() -> Vec<Route> {
    postrider::app::routes()
        .into_iter()
        .filter(|route| [Access::Admin, Access::Catalogue].contains(&route.access))
        .collect()
}

/// What everybody may read while an administrator lets them.
fn open_pages() -> Vec<Route> {
    pages().into_iter().filter(|route| route.access == Access::Catalogue).collect()
}

/// The path with something in place of each parameter.
fn filled(path: &str) -> String {
    path.split('/').map(|part| if part.starts_with('{') { "1" } else { part }).collect::<Vec<_>>().join("/")
}

async fn call(browser: &Browser, route: &Route) -> Answer {
    let path = filled(route.path);
    if route.method == Method::GET { browser.get(&path).await } else { browser.post(&path, &[]).await }
}

#[test]
fn every_route_that_changes_something_names_its_audit_action() {
    for route in postrider::app::routes() {
        match route.audited {
            Audited::Reads => assert_eq!(route.method, Method::GET, "{} only reads", route.path),
            Audited::Writes(actions) => {
                let sound = |action: &str| {
                    action.split_once('.').is_some_and(|(noun, verb)| !noun.is_empty() && !verb.is_empty())
                };
                assert!(!actions.is_empty() && actions.split(' ').all(sound), "{}: {actions:?}", route.path);
            }
            Audited::Exempt(reason) => assert!(reason.split(' ').count() > 3, "{}: why?", route.path),
        }
    }
}

#[test]
fn no_method_of_a_path_is_declared_twice_and_its_access_is_of_one_kind() {
    let mut routes = postrider::app::routes();
    routes.sort_by_key(|route| (route.path, route.method.to_string()));
    for pair in routes.windows(2).filter(|pair| pair[0].path == pair[1].path) {
        assert_ne!(pair[0].method, pair[1].method, "{}", pair[0].path);
        assert_eq!(pair[0].access.takes_cookies(), pair[1].access.takes_cookies(), "{}", pair[0].path);
    }
}

#[test]
fn every_scope_that_a_route_asks_for_exists() {
    for route in postrider::app::routes() {
        if let Access::ApiKey(scope) = route.access {
            assert!(Scope::parse(scope).is_some(), "{}: {scope}", route.path);
        }
    }
}

both! {
    async fn nobody_is_sent_to_sign_in(app: TestApp) {
        let nobody = app.anonymous();
        for route in pages() {
            let answer = call(&nobody, &route).await;
            assert_eq!(answer.status(), 303, "{} {}", route.method, route.path);
            assert!(answer.header("location").starts_with("/sign-in?next=%2F"), "{} {}", route.method, route.path);
        }
        assert!(app.audit_actions().await.is_empty());
    }

    async fn a_member_is_refused_and_that_is_on_record(app: TestApp) {
        let member = app.member().await;
        let before = app.audit_actions().await.len();
        for route in pages() {
            let answer = call(&member, &route).await;
            assert_eq!(answer.status(), 403, "{} {}", route.method, route.path);
            assert!(answer.has("This page is for administrators"), "{}", answer.text());
        }
        let actions = app.audit_actions().await;
        assert_eq!(actions.len() - before, pages().len());
        assert!(actions[before..].iter().all(|action| action == "access.refused"));
    }

    async fn an_administrator_gets_every_page(app: TestApp) {
        let admin = app.admin().await;
        for route in pages() {
            let answer = call(&admin, &route).await;
            assert!(answer.status() < 500 && ![401, 403, 405].contains(&answer.status()), "{} {}: {}", route.method, route.path, answer.status());
            assert!(!answer.header("location").starts_with("/sign-in"), "{} {}", route.method, route.path);
        }
    }

    async fn everybody_reads_the_catalogue_while_it_is_public_and_nothing_more(app: TestApp) {
        let (admin, member, nobody) = (app.admin().await, app.member().await, app.anonymous());
        assert!(open_pages().iter().all(|route| route.audited == Audited::Reads));
        admin.post("/event-types/public", &[("public", "true")]).await;
        for reader in [&member, &nobody] {
            for route in pages() {
                let answer = call(reader, &route).await;
                if route.access == Access::Catalogue {
                    // There is no type called 1.
                    assert!([200, 404].contains(&answer.status()), "{}: {}", route.path, answer.status());
                } else {
                    assert!([303, 403].contains(&answer.status()), "{}: {}", route.path, answer.status());
                    assert!(answer.status() == 403 || answer.header("location").starts_with("/sign-in"), "{}", route.path);
                }
            }
        }
        admin.post("/event-types/public", &[("public", "false")]).await;
        for route in open_pages() {
            assert_eq!(call(&nobody, &route).await.status(), 303, "{}", route.path);
            assert_eq!(call(&member, &route).await.status(), 403, "{}", route.path);
        }
    }

    async fn a_role_that_was_taken_away_counts_at_once(app: TestApp) {
        let admin = app.admin().await;
        assert_eq!(admin.get("/").await.status(), 200);
        app.sql("update users set role = 'member'").await;
        assert_eq!(admin.get("/").await.status(), 403);
        app.sql("update users set role = 'administrator'").await;
        assert_eq!(admin.get("/").await.status(), 200);
    }

    async fn the_api_wants_a_key_and_no_cookie(app: TestApp) {
        let admin = app.admin().await;
        for route in postrider::app::routes() {
            let Access::ApiKey(scope) = route.access else { continue };
            let path = filled(route.path);
            let request = || TestRequest::default().method(route.method.clone()).uri(&path);
            let by_cookie = admin.send(request()).await;
            assert_eq!(by_cookie.status(), 401, "{path} {}", by_cookie.text());
            assert_eq!(by_cookie.header("content-type"), "application/problem+json");
            assert_eq!(by_cookie.json()["code"], "unauthorized");
            let others: Vec<Scope> = Scope::ALL.iter().copied().filter(|other| other.as_str() != scope).collect();
            let wrong = app.api_key(&others).await;
            assert_eq!(wrong.send(request()).await.status(), 403, "{path} without {scope}");
            let in_query = app.anonymous().send(TestRequest::get().uri(&format!("{path}?api_key=prk_1"))).await;
            assert!([401, 405].contains(&in_query.status()), "{path}");
        }
    }

    async fn a_key_on_a_page_counts_as_nobody(app: TestApp) {
        let program = app.api_key(Scope::ALL).await;
        assert_eq!(program.get("/").await.status(), 303);
    }

    async fn a_wrong_method_is_told_which_are_right(app: TestApp) {
        let admin = app.admin().await;
        for (path, allowed) in [("/", "GET, HEAD"), ("/sign-out", "POST"), ("/sign-in", "GET, HEAD, POST")] {
            for method in ["TRACE", "PROPFIND", "DELETE", "OPTIONS"] {
                let method = Method::from_bytes(method.as_bytes()).unwrap();
                let request = TestRequest::default().method(method).uri(path).insert_header(("sec-fetch-site", "same-origin"));
                let answer = admin.send(request).await;
                assert_eq!((answer.status(), answer.header("allow")), (405, allowed), "{path}");
            }
        }
        for overridden in ["/sign-out?_method=POST", "/sign-out"] {
            let request = TestRequest::get().uri(overridden).insert_header(("x-http-method-override", "POST"));
            assert_eq!(admin.send(request).await.status(), 405);
        }
        assert_eq!(admin.get("/").await.status(), 200);
    }

    async fn unknown_addresses_are_a_page_of_ours(app: TestApp) {
        let (admin, nobody) = (app.admin().await, app.anonymous());
        for path in ["/nowhere", "/settings/nowhere/1", "/%00", "/..%2f..%2fetc%2fpasswd", "/static/../../etc/passwd",
            "/static/%2e%2e/app.css", "/static/..%252fapp.css", "/static/app.css", "/static/a%5cb", "/static/"] {
            for browser in [&admin, &nobody] {
                let answer = browser.get(path).await;
                assert_eq!(answer.status(), 404, "{path}");
                assert!(answer.has("There is no such page") && answer.has("req_"), "{path}: {}", answer.text());
            }
        }
        assert!(admin.get("/nowhere").await.has("Sign out"));
        assert!(!nobody.get("/nowhere").await.has("Sign out"));
        let propfind = TestRequest::default().method(Method::from_bytes(b"PROPFIND").unwrap()).uri("/nowhere");
        assert_eq!(app.anonymous().send(propfind.insert_header(("origin", "http://127.0.0.1:8080"))).await.status(), 405);
    }
}
