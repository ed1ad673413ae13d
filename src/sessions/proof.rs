//! The password once more: asked before a secret is shown or the password is changed, and remembered for ten minutes.

use std::time::Duration;

use actix_web::HttpRequest;
use secrecy::SecretString;

use super::guard::{Admin, stranger};
use super::limits::{Turn, counted};
use super::{ops, store};
use crate::clock::Time;
use crate::db::DbError;
use crate::state::App;
use crate::users::password::{LONGEST, Verdict};
use crate::web::WebError;

/// How long a proof counts.
const COUNTS: Duration = Duration::from_secs(600);
/// Where the session remembers it, in microseconds.
const PROVED: &str = "password_proved_at";

/// How the try went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// It is this person's password.
    Right,
    /// It is not.
    Wrong,
    /// Too many tries; not before so many seconds.
    Wait(u64),
}

impl Proof {
    /// What to tell beside the field; nothing where it was right.
    pub(crate) fn sentence(self) -> String {
        match self {
            Self::Right => String::new(),
            Self::Wrong => "This is not your password. Check it and try again.".to_owned(),
            Self::Wait(seconds) => format!("Too many tries. Wait {} minutes, then try again.", seconds.div_ceil(60)),
        }
    }
}

/// True when the person gave the password in this session not long ago.
pub(crate) fn is_proved(app: &App, admin: &Admin) -> bool {
    let at = admin.kept(PROVED).and_then(|text| text.parse().ok()).map(Time::from_micros);
    at.is_some_and(|at| app.clock.now().since(at) < COUNTS)
}

/// Tries a password of the person who is signed in; wrong ones count like those at sign-in.
///
/// # Errors
/// When the database cannot be asked, or too many passwords are hashed at once.
pub(crate) async fn prove(
    app: &App,
    admin: &Admin,
    request: &HttpRequest,
    typed: &SecretString,
) -> Result<Proof, WebError> {
    use secrecy::ExposeSecret;
    if typed.expose_secret().is_empty() || typed.expose_secret().len() > LONGEST {
        return Ok(Proof::Wrong);
    }
    let (email, actor) = (admin.email().to_owned(), stranger(request));
    let address = counted(super::pages::client_address(request));
    let (turn, user) = app.db.write(move |tx| ops::take_turn(tx, &actor, &email, &address)).await?;
    let id = match turn {
        Turn::Granted { id, .. } => id,
        Turn::Wait(seconds) => return Ok(Proof::Wait(seconds)),
    };
    let user = user.filter(|user| user.id() == admin.user_id);
    let stored = user.and_then(|user| user.password_hash);
    let Ok(verdict) = app.hasher.verify(typed.clone(), stored).await? else {
        app.db.write(move |tx| store::delete_failure(tx, id)).await?;
        return Err(WebError::Busy);
    };
    match verdict {
        Verdict::Right | Verdict::Outdated => {
            let email = admin.email().to_owned();
            app.db.write::<_, DbError, _>(move |tx| store::forgive(tx, &email)).await?;
            admin.keep(PROVED, &app.clock.now().micros().to_string());
            Ok(Proof::Right)
        }
        Verdict::Wrong => Ok(Proof::Wrong),
    }
}
