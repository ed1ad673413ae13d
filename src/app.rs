//! Every feature's routes, and the application built from them: each guard comes from its route's declaration.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use actix_session::SessionMiddleware;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Server, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::{Next, from_fn};
use actix_web::{Error, HttpMessage, HttpResponse, HttpServer, Resource, web};
use anyhow::Context;
use futures_util::FutureExt;

use crate::state::App;
use crate::web::route::specificity;
use crate::web::{Access, Route, Site, Template, WebError, outer};
use crate::{
    account, api_keys, audit, content, credentials, event_types, events, health, history, integrations, openapi,
    overview, sessions, webhooks,
};

/// Every route of the product.
pub fn routes() -> Vec<Route> {
    [
        crate::web::assets::routes(),
        health::pages::routes(),
        sessions::routes(),
        account::pages::routes(),
        overview::routes(),
        audit::pages::routes(),
        integrations::pages::routes(),
        credentials::pages::routes(),
        api_keys::pages::routes(),
        content::pages::routes(),
        webhooks::pages::routes(),
        webhooks::api::routes(),
        history::routes(),
        event_types::pages::routes(),
        event_types::api::routes(),
        events::api::routes(),
        history::api::routes(),
        credentials::api::routes(),
        openapi::pages::routes(),
    ]
    .concat()
}

/// The application on its listener; ends cleanly when its handle says so.
///
/// # Errors
/// When the routes or the settings do not hold together, or the listener cannot be used.
pub fn server(app: App, listener: TcpListener) -> anyhow::Result<Server> {
    // Once here, so that a fault stops the start and not a thread.
    Parts::new(&app, routes())?;
    let server = HttpServer::new(move || build(&app, routes()))
        .keep_alive(Duration::from_secs(15))
        .client_request_timeout(Duration::from_secs(5))
        .max_connections(4096)
        .disable_signals()
        .shutdown_timeout(20)
        .listen(listener)
        .context("the listener cannot be used")?;
    Ok(server.run())
}

/// What the application is built from, checked.
struct Parts {
    site: web::Data<Site>,
    session: SessionMiddleware<sessions::Sessions>,
}

impl Parts {
    fn new(app: &App, routes: Vec<Route>) -> anyhow::Result<Self> {
        let site = Site::new(&app.settings, &routes)?;
        let session = sessions::layer(app, &site)?;
        Ok(Self { site: web::Data::new(site), session })
    }
}

/// One copy of the application, for one thread or one test.
///
/// # Panics
/// When the routes or the settings do not hold together; [`server`] tries before it serves.
#[expect(clippy::expect_used, reason = "tried before it serves")]
pub fn build(
    app: &App,
    routes: Vec<Route>,
) -> actix_web::App<
    impl ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse<BoxBody>, Error = Error, InitError = ()>
    + use<>,
> {
    let parts = Parts::new(app, routes.clone()).expect("tried at start");
    let (with_cookies, without): (Vec<_>, Vec<_>) =
        resources(routes).into_iter().partition(|group| group[0].access.takes_cookies());
    // The last to wrap is the first to run: doubles are dropped before the session is read, and the session is
    // known before anybody is recognised by it.
    let portal = with_cookies
        .into_iter()
        .fold(web::scope(""), |scope, group| scope.service(resource(group)))
        .default_service(web::to(nothing_here))
        .wrap(from_fn(sessions::recognise))
        .wrap(parts.session)
        .wrap(from_fn(sessions::drop_doubles));
    without
        .into_iter()
        .fold(actix_web::App::new(), |app, group| app.service(resource(group)))
        .service(portal)
        // A target that is no path, such as `*`, never reaches the portal.
        .default_service(web::to(nothing_here))
        .app_data(web::Data::new(app.clone()))
        .app_data(parts.site)
        .wrap(from_fn(outer))
}

/// The routes by path, fixed paths before those with parameters.
fn resources(routes: Vec<Route>) -> Vec<Vec<Route>> {
    let mut groups: BTreeMap<Vec<(bool, &'static str)>, Vec<Route>> = BTreeMap::new();
    for route in routes {
        groups.entry(specificity(route.path)).or_default().push(route);
    }
    groups.into_values().collect()
}

/// One path with its methods; other methods are told what it takes.
fn resource(group: Vec<Route>) -> Resource {
    let allowed = group.iter().map(Route::allows).collect::<Vec<_>>().join(", ");
    let path = group[0].path;
    group.into_iter().fold(web::resource(path), |resource, route| resource.route(guarded(&route))).default_service(
        web::to(move || std::future::ready(Err::<&str, _>(WebError::MethodNotAllowed(allowed.clone())))),
    )
}

async fn nothing_here(method: Method) -> Result<&'static str, WebError> {
    let known = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    Err(if known.contains(&method) {
        WebError::NotFound
    } else {
        WebError::MethodNotAllowed("GET, HEAD, POST".to_owned())
    })
}

/// The handler behind its guard; a panic in it becomes a page like any other fault.
fn guarded(route: &Route) -> actix_web::Route {
    let template = Template { path: route.path, access: route.access };
    route.bare().wrap(from_fn(move |request, next| gate(template, request, next)))
}

async fn gate<B: MessageBody + 'static>(
    template: Template,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    request.extensions_mut().insert(template);
    if let Err(refusal) = admit(template.access, &request).await {
        let (request, _) = request.into_parts();
        return Ok(ServiceResponse::new(request, refusal));
    }
    // The extractors share the request from here on, so a second handle harms nothing.
    let spare = request.request().clone();
    match AssertUnwindSafe(next.call(request)).catch_unwind().await {
        Ok(answer) => Ok(answer?.map_into_boxed_body()),
        Err(_) => {
            let fault = WebError::Internal(anyhow::anyhow!("the handler panicked"));
            Ok(ServiceResponse::from_err(fault, spare))
        }
    }
}

/// Asks the guards that the declaration names.
async fn admit(access: Access, request: &ServiceRequest) -> Result<(), HttpResponse> {
    if access.takes_cookies() {
        sessions::check_origin(request).await?;
    }
    match access {
        Access::Public | Access::Link | Access::Receiver | Access::Probe | Access::Static => Ok(()),
        Access::Admin => sessions::admit(request).await,
        Access::Catalogue => event_types::pages::admit(request).await,
        Access::ApiKey(scope) => api_keys::admit(request, scope).await,
    }
}
