//! Who talks to the application in tests: a browser with its cookies, a program with its key, and their answers.

use std::cell::RefCell;
use std::net::SocketAddr;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderMap, SET_COOKIE};
use actix_web::test::TestRequest;
use actix_web::web::Bytes;
use scraper::{Html, Selector};

use super::app::TestApp;

/// The host of the portal in tests.
pub const HOST: &str = "127.0.0.1:8080";
/// Where requests come from unless the test says otherwise.
const PEER: &str = "198.51.100.7:4000";

/// An answer, read to its end.
pub struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    pub(super) fn new(status: StatusCode, headers: HeaderMap, body: Bytes) -> Self {
        Self { status, headers, body }
    }

    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// A header's value, or an empty text.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Every value of a header.
    pub fn headers(&self, name: &str) -> Vec<&str> {
        self.headers.get_all(name).map(|value| value.to_str().unwrap()).collect()
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn bytes(&self) -> &[u8] {
        &self.body
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn has(&self, text: &str) -> bool {
        self.text().contains(text)
    }

    pub fn html(&self) -> Html {
        Html::parse_document(self.text())
    }

    /// The text of every element that fits, trimmed.
    pub fn texts(&self, selector: &str) -> Vec<String> {
        let selector = Selector::parse(selector).unwrap();
        let html = self.html();
        html.select(&selector).map(|element| element.text().collect::<String>().trim().to_owned()).collect()
    }

    /// An attribute of every element that fits and has it.
    pub fn attributes(&self, selector: &str, name: &str) -> Vec<String> {
        let selector = Selector::parse(selector).unwrap();
        let html = self.html();
        html.select(&selector).filter_map(|element| element.attr(name)).map(str::to_owned).collect()
    }
}

/// A browser: keeps its cookies and says that its posts come from the portal's own pages.
pub struct Browser {
    app: TestApp,
    cookies: RefCell<Vec<(String, String)>>,
}

impl Browser {
    pub(super) fn new(app: &TestApp) -> Self {
        Self { app: app.clone(), cookies: RefCell::default() }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(TestRequest::get().uri(path)).await
    }

    /// The pages of a list from here to the oldest; `between` happens after each.
    pub async fn walk(&self, first: &str, between: impl AsyncFn()) -> Vec<Answer> {
        let mut pages = vec![self.get(first).await];
        between().await;
        while let Some(older) = pages.last().unwrap().attributes("a[rel=next]", "href").pop() {
            pages.push(self.get(&older).await);
            between().await;
        }
        pages
    }

    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.post_body(path, &serde_html_form::to_string(fields).unwrap()).await
    }

    /// Posts a form that is encoded already.
    pub async fn post_body(&self, path: &str, body: &str) -> Answer {
        let form = TestRequest::post().uri(path).insert_header((CONTENT_TYPE, "application/x-www-form-urlencoded"));
        self.send(form.insert_header(("sec-fetch-site", "same-origin")).set_payload(body.to_owned())).await
    }

    /// Sends a request with this browser's cookies from its address; what it sets already stays.
    pub async fn send(&self, request: TestRequest) -> Answer {
        let answer = self.app.send(with_defaults(request).insert_header(("cookie", self.cookie()))).await;
        self.keep(&answer);
        answer
    }

    /// The value of the `Cookie` header.
    pub fn cookie(&self) -> String {
        let cookies = self.cookies.borrow();
        cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// Puts another cookie into the browser.
    pub fn plant(&self, name: &str, value: &str) {
        let mut cookies = self.cookies.borrow_mut();
        cookies.retain(|(known, _)| known != name);
        if !value.is_empty() {
            cookies.push((name.to_owned(), value.to_owned()));
        }
    }

    fn keep(&self, answer: &Answer) {
        for cookie in answer.headers(SET_COOKIE.as_str()) {
            let (name, rest) = cookie.split_once('=').unwrap();
            self.plant(name, rest.split(';').next().unwrap());
        }
    }
}

/// A program with an API key.
pub struct Program {
    app: TestApp,
    token: String,
}

impl Program {
    pub(super) fn new(app: &TestApp, token: &str) -> Self {
        Self { app: app.clone(), token: token.to_owned() }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(TestRequest::get().uri(path)).await
    }

    pub async fn post(&self, path: &str, body: &str) -> Answer {
        let json = TestRequest::post().uri(path).insert_header((CONTENT_TYPE, "application/json"));
        self.send(json.set_payload(body.to_owned())).await
    }

    pub async fn send(&self, request: TestRequest) -> Answer {
        let authorization = ("authorization", format!("Bearer {}", self.token));
        self.app.send(with_defaults(request).insert_header(authorization)).await
    }
}

/// The portal's host and an ordinary peer, where the test did not choose others.
pub fn with_defaults(request: TestRequest) -> TestRequest {
    let request = request.peer_addr(PEER.parse::<SocketAddr>().unwrap());
    request.insert_header(("host", HOST))
}
