//! A real authorization server, of the published library for Python, gives the token that a delivery carries.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::*;

/// Client credentials as the library grants them; the first line that it prints is its port.
const PROVIDER: &str = r#"
import base64, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote_plus
from oauthlib.oauth2 import BackendApplicationServer, RequestValidator

host, client, secret = sys.argv[1:]

class Rules(RequestValidator):
    def authenticate_client(self, request, *args, **kwargs):
        kind, _, pair = request.headers.get("Authorization", "").partition(" ")
        name, _, word = base64.b64decode(pair).decode().partition(":")
        request.client = type("Client", (), {"client_id": unquote_plus(name)})()
        return kind == "Basic" and unquote_plus(name) == client and unquote_plus(word) == secret
    def validate_grant_type(self, client_id, grant_type, *args, **kwargs):
        return grant_type == "client_credentials"
    def get_default_scopes(self, client_id, request, *args, **kwargs):
        return ["hooks"]
    def validate_scopes(self, client_id, scopes, *args, **kwargs):
        return set(scopes) <= {"hooks", "more"}
    def save_bearer_token(self, token, request, *args, **kwargs):
        pass

server = BackendApplicationServer(Rules(), token_generator=lambda request: "granted-" + "-".join(request.scopes))

class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        headers, text, status = server.create_token_response("https://id.test/token", "POST", body, dict(self.headers))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())
    def log_message(self, *args):
        pass

provider = ThreadingHTTPServer((host, 0), Handler)
print(provider.server_port, flush=True)
provider.serve_forever()
"#;

/// Ends with its test.
struct Provider(Child, String);

impl Provider {
    fn start(client: &str, secret: &str) -> Self {
        let libraries = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("python");
        let library = libraries.join("oauthlib");
        assert!(library.exists(), "{} is missing: run the tests with tests/run, which installs it", library.display());
        let host = receiver::OPEN.to_string();
        let mut child = Command::new("python3")
            .env("PYTHONPATH", libraries)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("OAUTHLIB_INSECURE_TRANSPORT", "1")
            .args(["-c", PROVIDER, &host, client, secret])
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 runs: tests/run installs it");
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Self(child, format!("http://{host}:{}/token", port.trim()))
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.0.kill().and_then(|()| self.0.wait()).expect("it ends");
    }
}

#[actix_web::test]
async fn a_published_authorization_server_grants_and_refuses() {
    // Letters that each side must encode alike.
    let (client, secret) = ("desk one:1", "h&sh +%/=ü");
    let app = TestApp::sqlite().await;
    let (admin, receiver) = (app.admin().await, taking().await);
    let provider = Provider::start(client, secret);
    let base = receiver.url("");
    let login =
        [("base_url", base.as_str()), ("auth", "oauth2_client"), ("token_url", &provider.1), ("client_id", client)];
    let good = credential(&admin, &[&login[..], &[("client_secret", secret), ("scope", "hooks more")]].concat()).await;
    let wrong = credential(&admin, &[&login[..], &[("name", "Wrong"), ("client_secret", "nonsense")]].concat()).await;
    let greedy =
        credential(&admin, &[&login[..], &[("name", "Greedy"), ("client_secret", secret), ("scope", "all")]].concat())
            .await;
    webhook(&admin, "/hook", &good, &[]).await;
    app.publish("{}").await;
    app.drain().await;
    let [request] = receiver.requests().try_into().expect("one request");
    assert_eq!(request.header("authorization"), Some("Bearer granted-hooks-more"));
    for (id, code) in [(wrong, "invalid_client"), (greedy, "invalid_scope")] {
        let page = webhook(&admin, "/hook", &id, &[("name", code)]).await;
        let tested = admin.post(&format!("{page}/test"), &[("test_event", "document.released")]).await;
        assert!(tested.texts("#test-result .step")[0].contains(code), "{}", tested.text());
    }
}
