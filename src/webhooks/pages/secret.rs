//! The signing secret: revealed after the password, and rotated with a day in which both keys sign.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};

use super::address;
use super::edit::{UNSEEN, read};
use super::show::{Tab, Top, own_frame};
use crate::clock::Time;
use crate::sessions::Admin;
use crate::sessions::proof::{Proof, is_proved, prove};
use crate::state::App;
use crate::web::frame::Frame;
use crate::web::view::{Input, Sheet};
use crate::web::{Form, Page, PathId, WebError, see_other};
use crate::webhooks::{Webhook, WebhookId, ops};

#[derive(Template)]
#[template(path = "webhooks/secret.html")]
struct SecretPage {
    frame: Frame,
    top: Top,
    /// Shown now; masked where none. No `Debug`: it holds the secret.
    secret: Option<SecretString>,
    /// "The key before it signs too until …"; empty where there is none.
    overlap: String,
    /// The password has to be typed first.
    asks: bool,
    password: Input,
}

/// Asks before a new secret is made.
#[derive(Template)]
#[template(path = "webhooks/rotate_dialog.html")]
struct RotateDialog {
    frame: Frame,
    sheet: Sheet,
    name: String,
    /// A key that ends now because two sign already; empty where there is none.
    warning: String,
}

/// The form of Reveal.
#[derive(Deserialize)]
pub(super) struct Reveal {
    #[serde(default, deserialize_with = "secret")]
    password: SecretString,
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

fn overlap(webhook: &Webhook, now: Time) -> String {
    match webhook.previous_key_until {
        Some(until) if webhook.signing_keys_at(now).len() > 1 => format!("The key before it signs too until {until}."),
        Some(_) | None => String::new(),
    }
}

fn page(app: &App, admin: &Admin, webhook: &Webhook, secret: Option<SecretString>, error: &str) -> SecretPage {
    SecretPage {
        frame: own_frame(admin, webhook),
        top: Top::new(app, webhook, Tab::Secret),
        secret,
        overlap: overlap(webhook, app.clock.now()),
        asks: !is_proved(app, admin),
        password: Input::new("", error, ""),
    }
}

pub(super) async fn show(
    app: Data<App>,
    admin: Admin,
    PathId(id): PathId<WebhookId>,
) -> Result<HttpResponse, WebError> {
    let webhook = read(&app, id).await?;
    page(&app, &admin, &webhook, None, "").answer()
}

pub(super) async fn reveal(
    app: Data<App>,
    admin: Admin,
    request: HttpRequest,
    PathId(id): PathId<WebhookId>,
    Form(form): Form<Reveal>,
) -> Result<HttpResponse, WebError> {
    let webhook = read(&app, id).await?;
    if !is_proved(&app, &admin) {
        let proof = prove(&app, &admin, &request, &form.password).await?;
        let status = match proof {
            Proof::Right => StatusCode::OK,
            Proof::Wrong => StatusCode::UNPROCESSABLE_ENTITY,
            Proof::Wait(_) => StatusCode::TOO_MANY_REQUESTS,
        };
        if proof != Proof::Right {
            return page(&app, &admin, &webhook, None, &proof.sentence()).answer_with(status);
        }
    }
    let (actor, sealer) = (admin.actor().clone(), app.sealer.clone());
    let webhook = app.db.write(move |tx| ops::reveal_secret(tx, &sealer, &actor, id)).await?;
    let secret = webhook.signing_keys.first().map(|key| key.text().clone());
    page(&app, &admin, &webhook, secret, "").answer()
}

pub(super) async fn confirm_rotate(
    app: Data<App>,
    admin: Admin,
    PathId(id): PathId<WebhookId>,
) -> Result<HttpResponse, WebError> {
    let webhook = read(&app, id).await?;
    let two = webhook.signing_keys_at(app.clock.now()).len() > 1;
    let page = RotateDialog {
        frame: own_frame(&admin, &webhook),
        sheet: Sheet {
            heading: "Rotate the signing secret?".to_owned(),
            target: format!("{}/secret/rotate", address(id)),
            back: format!("{}/secret", address(id)),
            ..Sheet::default()
        },
        warning: if two {
            "Two keys sign now. The older one ends at once: a receiver that knows only that one refuses from then on."
                .to_owned()
        } else {
            String::new()
        },
        name: webhook.name,
    };
    page.answer()
}

pub(super) async fn rotate(
    app: Data<App>,
    admin: Admin,
    PathId(id): PathId<WebhookId>,
) -> Result<HttpResponse, WebError> {
    let (actor, sealer) = (admin.actor().clone(), app.sealer.clone());
    app.db.write(move |tx| ops::rotate_secret(tx, &sealer, &actor, id)).await?;
    admin.flash("The webhook has a new signing secret. The old one signs too for 24 hours.");
    admin.keep(UNSEEN, id.as_str());
    Ok(see_other(&address(id)))
}
