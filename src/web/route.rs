//! The declaration of a route: method, path, who may use it, what it leaves in the audit trail, and its handler.

use std::rc::Rc;

use actix_web::http::Method;
use actix_web::{FromRequest, Handler, Responder, guard, web};

/// Who may use a route. The application builds the guard from it, so a route cannot exist without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody; the session is read, so that the page knows who looks.
    Public,
    /// Whoever holds the link: the token in the path is the right.
    Link,
    /// Administrators who are signed in.
    Admin,
    /// Administrators, and everybody while one of them says so: the pages of the event types.
    Catalogue,
    /// Programs with a key that has this scope.
    ApiKey(&'static str),
    /// Other systems that post to an address of ours; the address and its key are the right.
    Receiver,
    /// Load balancers and monitors, under any host name.
    Probe,
    /// The embedded files.
    Static,
}

impl Access {
    /// True where a browser's cookie counts; such a route is protected against requests of foreign pages.
    pub fn takes_cookies(self) -> bool {
        match self {
            Self::Public | Self::Link | Self::Admin | Self::Catalogue => true,
            Self::ApiKey(_) | Self::Receiver | Self::Probe | Self::Static => false,
        }
    }
}

/// In words, as the table of routes shows it.
impl std::fmt::Display for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let word = match self {
            Self::Public => "public",
            Self::Link => "link",
            Self::Admin => "administrator",
            Self::Catalogue => "catalogue",
            Self::ApiKey(scope) => return f.pad(&format!("key {scope}")),
            Self::Receiver => "receiver",
            Self::Probe => "probe",
            Self::Static => "static",
        };
        f.pad(word)
    }
}

/// What a route leaves in the audit trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audited {
    /// It only reads.
    Reads,
    /// It changes something and writes these actions (`noun.verb`, several with spaces between).
    Writes(&'static str),
    /// It changes nothing that is kept, or its record is elsewhere; the reason says which.
    Exempt(&'static str),
}

type Attach = Rc<dyn Fn(actix_web::Route) -> actix_web::Route>;

/// One route; features return theirs from `routes()`.
#[derive(Clone)]
pub struct Route {
    /// The method; a route for GET answers HEAD too.
    pub method: Method,
    /// The path, with parameters in braces.
    pub path: &'static str,
    /// Who may use it.
    pub access: Access,
    /// What it leaves in the audit trail.
    pub audited: Audited,
    attach: Attach,
}

impl Route {
    /// A page or an answer that only reads.
    pub fn get<F, Args>(path: &'static str, access: Access, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        Self::new(Method::GET, path, access, Audited::Reads, handler)
    }

    /// A change that writes the audit actions `actions`.
    pub fn post<F, Args>(path: &'static str, access: Access, actions: &'static str, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        Self::new(Method::POST, path, access, Audited::Writes(actions), handler)
    }

    /// A post without an audit row of its own, for a reason.
    pub fn post_exempt<F, Args>(path: &'static str, access: Access, reason: &'static str, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        Self::new(Method::POST, path, access, Audited::Exempt(reason), handler)
    }

    /// A route for reading that changes something all the same: following a link that signs in.
    #[must_use]
    pub fn writes(self, actions: &'static str) -> Self {
        Self { audited: Audited::Writes(actions), ..self }
    }

    /// Any route.
    pub fn new<F, Args>(method: Method, path: &'static str, access: Access, audited: Audited, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let attach: Attach = Rc::new(move |route| route.to(handler.clone()));
        Self { method, path, access, audited, attach }
    }

    /// The handler with its method, not yet guarded.
    pub(crate) fn bare(&self) -> actix_web::Route {
        let route = if self.method == Method::GET {
            web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
        } else {
            web::method(self.method.clone())
        };
        (self.attach)(route)
    }

    /// What a 405 names in its `Allow` header.
    pub(crate) fn allows(&self) -> &str {
        if self.method == Method::GET { "GET, HEAD" } else { self.method.as_str() }
    }
}

/// Sorts paths so that a fixed segment is tried before a parameter in its place.
pub(crate) fn specificity(path: &str) -> Vec<(bool, &str)> {
    path.split('/').map(|segment| (segment.starts_with('{'), segment)).collect()
}
