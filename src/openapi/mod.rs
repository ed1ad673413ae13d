//! The description of the API as one OpenAPI document, made from the code that answers.

pub(crate) mod pages;

use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::schema::{AllOf, Object, Schema};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{OpenApi as Document, Ref, RefOr};
use utoipa::{Modify, OpenApi, ToSchema};

use crate::api_keys::Scope;
use crate::web::{ProblemBody, refusal};

/// The schemas of requests.
const REQUESTS: [&str; 7] =
    ["NewEvent", "NewEventType", "NewHeader", "NewWebhook", "WebhookTest", "NewCredential", "FilterRule"];
/// Where it is served.
const ADDRESS: &str = "/api/openapi.json";

/// Says what happened, and reads what was sent.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Postrider",
        description = "The webhook desk: events come in, webhooks go out, every attempt is on record.\n\n\
            Every request carries an API key: `Authorization: Bearer prk_…`. A key has scopes, and belongs to the \
            environment `production` or `test`: it publishes into it, and sees nothing of the other one. Times are RFC \
            3339 in UTC with milliseconds. Answers have all their fields; what is not known is null. Later versions \
            may add fields.\n\n\
            What is refused is answered with `application/problem+json`; its `code` is stable.",
    ),
    servers((url = "/", description = "This portal")),
    tags(
        (name = "Events", description = "What happened."),
        (name = "Event types", description = "What can happen: built in, and declared."),
        (name = "Webhooks", description = "Who is told of what, and how."),
        (name = "Deliveries", description = "What was sent to webhooks, and what came back."),
        (name = "Credentials", description = "Logins that webhooks share."),
    ),
    paths(
        crate::events::api::post,
        crate::history::api::events::list,
        crate::events::api::show,
        crate::event_types::api::list,
        crate::event_types::api::show,
        crate::event_types::api::put,
        crate::event_types::api::delete,
        crate::webhooks::api::list,
        crate::webhooks::api::create,
        crate::webhooks::api::show,
        crate::webhooks::api::change,
        crate::webhooks::api::delete,
        crate::webhooks::api::buttons::pause,
        crate::webhooks::api::buttons::resume,
        crate::webhooks::api::buttons::activate,
        crate::webhooks::api::buttons::deactivate,
        crate::webhooks::api::test::send,
        crate::history::api::list,
        crate::history::api::show,
        crate::history::api::resend,
        crate::credentials::api::list,
        crate::credentials::api::create,
        crate::credentials::api::show,
        crate::credentials::api::change,
        crate::credentials::api::delete,
    ),
    components(schemas(ProblemBody)),
    modifiers(&Common),
)]
struct Description;

/// What all operations have in common.
struct Common;

impl Modify for Common {
    fn modify(&self, document: &mut Document) {
        let components = document.components.get_or_insert_default();
        components.security_schemes.insert("api_key".to_owned(), scheme().into());
        components
            .responses
            .extend(refusal::responses().into_iter().map(|(name, response)| (name.to_owned(), response)));
        for (name, schema) in &mut components.schemas {
            // Requests and problems may leave fields out.
            if !REQUESTS.contains(&name.as_str()) && name != &*ProblemBody::name() {
                require_all(schema);
            }
        }
        for (path, item) in &mut document.paths.paths {
            for operation in operations(item) {
                refuse(operation, path.contains('{'));
            }
        }
    }
}

fn scheme() -> SecurityScheme {
    let scopes = Scope::ALL.iter().map(|scope| format!("`{scope}`")).collect::<Vec<_>>().join(", ");
    let about = format!("A key of **Settings**, **API keys**. Its scopes are some of {scopes}.");
    let mut bearer = Http::new(HttpAuthScheme::Bearer);
    bearer.bearer_format = Some("prk_<8>_<32>".to_owned());
    bearer.description = Some(about);
    SecurityScheme::Http(bearer)
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete].into_iter().flatten()
}

/// What every operation may answer beside its own.
fn refuse(operation: &mut Operation, names_a_thing: bool) {
    let common = [("401", "Unauthorized"), ("403", "Forbidden"), ("500", "Internal"), ("503", "Unavailable")];
    let missing = names_a_thing.then_some(("404", "NotFound"));
    let slow = operation.request_body.is_some().then_some(("408", "TimedOut"));
    for (status, name) in common.into_iter().chain(missing).chain(slow) {
        let response = RefOr::Ref(Ref::from_response_name(name));
        operation.responses.responses.entry(status.to_owned()).or_insert(response);
    }
}

/// An answer has all its fields.
fn require_all(schema: &mut RefOr<Schema>) {
    let require = |object: &mut Object| object.required = object.properties.keys().cloned().collect();
    match schema {
        RefOr::T(Schema::Object(object)) => require(object),
        RefOr::T(Schema::AllOf(AllOf { items, .. })) => items.iter_mut().for_each(require_all),
        RefOr::T(_) | RefOr::Ref(_) => {}
    }
}

/// The document as text.
///
/// # Errors
/// When it cannot be written.
pub fn text() -> anyhow::Result<String> {
    Ok(Description::openapi().to_pretty_json()?)
}
