//! A receiver on its own: hands each request on, and ends with a signal.

use std::net::TcpListener;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use anyhow::Context;

use super::{LARGEST, Received};
use crate::clock::Clock;
use crate::webhooks::sign::SigningKey;

/// Is told of each request before it is answered.
pub(crate) type Told = Arc<dyn Fn(&Received) + Send + Sync>;

/// How requests are judged and answered, and who is told of them.
#[derive(Clone)]
pub(crate) struct Listener {
    /// The keys that may have signed, each with what it is called.
    pub(crate) known: Vec<(String, SigningKey)>,
    /// The status where the path names none.
    pub(crate) usual: StatusCode,
    pub(crate) told: Told,
}

/// Takes requests until a signal says stop.
///
/// # Errors
/// When the listener cannot be used.
pub(crate) fn listen(listener: TcpListener, how: Listener) -> anyhow::Result<()> {
    actix_web::rt::System::new().block_on(async move {
        let server = HttpServer::new(move || {
            App::new()
                .app_data(web::Data::new(how.clone()))
                .app_data(web::PayloadConfig::new(LARGEST))
                .default_service(web::to(receive))
        });
        let server = server.workers(1).shutdown_timeout(1).listen(listener).context("the address cannot be used")?;
        Ok(server.run().await?)
    })
}

async fn receive(request: HttpRequest, body: Bytes, how: web::Data<Listener>) -> HttpResponse {
    let known = how.known.iter().map(|(name, key)| (name.as_str(), std::slice::from_ref(key)));
    let received = Received::new(&request, body, known, how.usual, Clock::system().now());
    (how.told)(&received);
    received.answer().await
}
