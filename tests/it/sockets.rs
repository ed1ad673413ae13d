//! What arrives on the wire: odd request lines, hosts and bodies, over a real connection.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::app::TestApp;

/// Long enough for a busy machine, shorter than any limit of ours on a body.
const SOON: Duration = Duration::from_secs(10);

struct Portal {
    address: SocketAddr,
    handle: actix_web::dev::ServerHandle,
    _app: TestApp,
}

impl Portal {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let app = TestApp::sqlite().await;
        let app = app.and_settings(|settings| settings.public_url = format!("http://{address}")).await;
        let server = postrider::app::server(app.app.clone(), listener).unwrap();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        Self { address, handle, _app: app }
    }

    /// The first bytes of the answer to these bytes.
    async fn say(&self, text: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(text.replace("HOST", &self.address.to_string()).as_bytes()).await.unwrap();
        let mut answer = vec![0; 4096];
        let length = tokio::time::timeout(SOON, stream.read(&mut answer)).await.expect("an answer").unwrap();
        String::from_utf8_lossy(&answer[..length]).into_owned()
    }

    async fn status(&self, text: &str) -> u16 {
        let answer = self.say(text).await;
        answer
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok())
            .unwrap_or_else(|| panic!("{text:?}: {answer:?}"))
    }
}

#[actix_web::test]
async fn odd_request_lines_and_hosts_are_refused() {
    let portal = Portal::start().await;
    for (text, status) in [
        ("GET /sign-in HTTP/1.1\r\nHost: HOST\r\n\r\n", 200),
        ("GET http://HOST/sign-in HTTP/1.1\r\nHost: HOST\r\n\r\n", 200),
        ("TRACE /sign-in HTTP/1.1\r\nHost: HOST\r\n\r\n", 405),
        ("PROPFIND /sign-in HTTP/1.1\r\nHost: HOST\r\n\r\n", 405),
        ("OPTIONS * HTTP/1.1\r\nHost: HOST\r\n\r\n", 405),
        ("CONNECT HOST HTTP/1.1\r\nHost: HOST\r\n\r\n", 405),
        ("GET /sign-in HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421),
        ("GET /sign-in HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n", 421),
        ("GET http://evil.example/sign-in HTTP/1.1\r\nHost: HOST\r\n\r\n", 421),
        ("GET /sign-in HTTP/1.1\r\nHost: HOST\r\nHost: evil.example\r\n\r\n", 400),
        ("GET /sign-in HTTP/1.1\r\n\r\n", 400),
        ("GET /sign-in HTTP/9.9\r\nHost: HOST\r\n\r\n", 400),
        (
            "POST /sign-in HTTP/1.1\r\nHost: HOST\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
        ),
    ] {
        assert_eq!(portal.status(text).await, status, "{text:?}");
    }
    portal.handle.stop(false).await;
}

#[actix_web::test]
async fn who_sends_nothing_more_keeps_nobody_waiting() {
    let portal = Portal::start().await;
    let mut idle = Vec::new();
    for start in
        ["", "GET /sign-in HTTP/1.1\r\nHo", "POST /sign-in HTTP/1.1\r\nHost: HOST\r\nContent-Length: 9\r\n\r\nx"]
    {
        for _ in 0..50 {
            let mut stream = TcpStream::connect(portal.address).await.unwrap();
            stream.write_all(start.replace("HOST", &portal.address.to_string()).as_bytes()).await.unwrap();
            idle.push(stream);
        }
    }
    assert_eq!(portal.status("GET /sign-in HTTP/1.1\r\nHost: HOST\r\n\r\n").await, 200);
    let refused = "POST / HTTP/1.1\r\nHost: HOST\r\nOrigin: http://HOST\r\nContent-Length: 100000\r\n\r\nx";
    assert_eq!(portal.status(refused).await, 405, "answered before the body is there");
    drop(idle);
    portal.handle.stop(false).await;
}
