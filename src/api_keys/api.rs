//! The guard of the API: a bearer token, and the scope that the route asks for.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::dev::{Payload, ServiceRequest};
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, web};

use super::{ApiKey, Scope};
use crate::audit::{Actor, ActorKind};
use crate::db::Tx;
use crate::state::App;
use crate::web::{ClientAddress, RequestId, WebError};

/// The key that a request of the API carries; its route asked for the scope.
#[derive(Clone)]
pub struct Caller {
    /// The key.
    pub key: Arc<ApiKey>,
    actor: Actor,
}

impl Caller {
    /// Who acts, for operations and their audit rows.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Changes something as this key, which must still be valid in the transaction of the change.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        app: &App,
        change: impl FnOnce(&mut Tx<'_>, &Actor) -> Result<T, WebError> + Send + 'static,
    ) -> Result<T, WebError> {
        let (keys, key, actor) = (app.keys.clone(), self.key.id, self.actor.clone());
        let write = app.db.write(move |tx| {
            if !keys.recheck(tx, key)? {
                return Err(WebError::Unauthorized);
            }
            change(tx, &actor)
        });
        write.await
    }
}

impl FromRequest for Caller {
    type Error = WebError;
    type Future = Ready<Result<Self, WebError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(request.extensions().get::<Self>().cloned().ok_or(WebError::Unauthorized))
    }
}

/// Lets keys with this scope pass. A token counts in its header alone: addresses end up in logs.
pub(crate) async fn admit(request: &ServiceRequest, scope: &str) -> Result<(), HttpResponse> {
    match prove(request, scope).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            Ok(())
        }
        Err(error) => Err(HttpResponse::from_error(error)),
    }
}

async fn prove(request: &ServiceRequest, scope: &str) -> Result<Caller, WebError> {
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token =
        header.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let (Some((_, token)), Some(app)) = (token, request.app_data::<web::Data<App>>()) else {
        return Err(WebError::Unauthorized);
    };
    let key = app.keys.clone().authenticate(token.trim()).await?.ok_or(WebError::Unauthorized)?;
    let wanted = Scope::parse(scope).ok_or_else(|| anyhow::anyhow!("a route asks for the unknown scope {scope}"))?;
    if !key.may(wanted) {
        return Err(WebError::LacksScope(wanted.as_str()));
    }
    let extensions = request.extensions();
    let actor = Actor {
        kind: ActorKind::ApiKey,
        id: Some(key.id.as_str().to_owned()),
        name: key.name.clone(),
        email: None,
        address: extensions.get::<ClientAddress>().and_then(|address| address.0).map(|address| address.to_string()),
        request_id: extensions.get::<RequestId>().map(|id| id.0.clone()),
    };
    drop(extensions);
    Ok(Caller { key, actor })
}
