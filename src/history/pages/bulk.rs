//! Resend many: a plan that says exactly what will happen, then the same in one transaction.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::db::{Conn, DbError};
use crate::delivery::{self, DeliveryId};
use crate::history::form::{ADDRESS, LAST_DAY, Typed};
use crate::history::store::standing::{Candidate, candidates};
use crate::history::{Reading, Request, page as found, unsendable};
use crate::once::{FormId, once};
use crate::sessions::Admin;
use crate::state::App;
use crate::web::frame::{Frame, Place};
use crate::web::listing::capital;
use crate::web::view::Sheet;
use crate::web::{Form, Page, Query, WebError, see_other};
use crate::webhooks::set::{WebhookSet, Webhooks};

/// The most deliveries at a time.
const MOST: i64 = 1_000;

/// The ticked rows of the list; none means what the filters find.
#[derive(Deserialize)]
pub(super) struct Ticked {
    #[serde(default)]
    ids: Vec<String>,
}

/// The plan, agreed to.
#[derive(Deserialize)]
pub(super) struct Agreed {
    /// The ids, with spaces between.
    #[serde(default)]
    ids: String,
    #[serde(default)]
    form_id: String,
}

#[derive(Template)]
#[template(path = "deliveries/resend_dialog.html")]
struct ResendDialog {
    frame: Frame,
    sheet: Sheet,
    /// What is sent again.
    ids: String,
    count: usize,
    /// "3 to CI"
    targets: Vec<String>,
    /// "made 2026-11-24 08:02 UTC to 2026-11-24 11:31 UTC"
    window: String,
    /// "2 are left out: Its webhook is inactive. …"
    left_out: Vec<String>,
    /// There are more than can be sent at a time.
    more: bool,
}

pub(super) async fn plan(
    admin: Admin,
    app: web::Data<App>,
    Query(ticked): Query<Ticked>,
    Query(typed): Query<Typed>,
) -> Result<HttpResponse, WebError> {
    let ids: Vec<DeliveryId> = ticked.ids.iter().filter_map(|id| DeliveryId::parse(id)).collect();
    // Without a wish, it is about what failed lately.
    let typed = if ids.is_empty() && typed.filters() == Typed::default() { Typed::failed(LAST_DAY) } else { typed };
    let request = typed.read(app.clock.now()).map_err(|misread| WebError::BadRequest(misread.sentence.to_owned()))?;
    let request = Request { limit: MOST, cursor: None, ..request };
    let webhooks = app.webhooks.clone();
    let (candidates, more, set) = app.db.read(move |conn| look(conn, &webhooks, ids, &request)).await?;
    let form_id = app.ids.make::<FormId>().to_string();
    let back = if ticked.ids.is_empty() { typed.address(&[]) } else { ADDRESS.to_owned() };
    dialog(admin.frame("Deliveries", Place::Deliveries), &candidates, more, &set, form_id, back).answer()
}

type Looked = (Vec<Candidate>, bool, std::sync::Arc<WebhookSet>);

fn look(conn: &mut Conn, webhooks: &Webhooks, ids: Vec<DeliveryId>, request: &Request) -> Result<Looked, DbError> {
    let set = webhooks.read(conn)?;
    if !ids.is_empty() {
        return Ok((candidates(conn, &ids)?, false, set));
    }
    let page = found(conn, request, &unsendable(&set))?;
    let ids: Vec<DeliveryId> = page.rows.iter().map(|row| row.id).collect();
    Ok((candidates(conn, &ids)?, page.older.is_some(), set))
}

fn dialog(
    frame: Frame,
    candidates: &[Candidate],
    more: bool,
    set: &WebhookSet,
    form_id: String,
    back: String,
) -> ResendDialog {
    let mut targets: BTreeMap<&str, usize> = BTreeMap::new();
    let mut refused: BTreeMap<String, usize> = BTreeMap::new();
    let mut chosen: Vec<&Candidate> = Vec::new();
    for candidate in candidates {
        match delivery::may_resend(&candidate.standing, set) {
            Ok(_) => {
                *targets.entry(&candidate.target_name).or_default() += 1;
                chosen.push(candidate);
            }
            Err(reason) => *refused.entry(reason.to_string()).or_default() += 1,
        }
    }
    let ids: Vec<&str> = chosen.iter().map(|candidate| candidate.id.as_str()).collect();
    ResendDialog {
        frame,
        sheet: Sheet {
            heading: match chosen.len() {
                0 => "Nothing to resend".to_owned(),
                1 => "Resend 1 delivery?".to_owned(),
                count => format!("Resend {count} deliveries?"),
            },
            target: "/deliveries/resend".to_owned(),
            back,
            form_id,
            ..Sheet::default()
        },
        ids: ids.join(" "),
        count: chosen.len(),
        targets: targets.into_iter().map(|(name, count)| format!("{count} to {name}")).collect(),
        window: match (chosen.last(), chosen.first()) {
            (Some(oldest), Some(newest)) => format!("made {} to {}", oldest.created_at, newest.created_at),
            (_, _) => String::new(),
        },
        left_out: refused
            .into_iter()
            .map(|(reason, count)| match count {
                1 => format!("1 is left out: {reason}"),
                count => format!("{count} are left out: {reason}"),
            })
            .collect(),
        more,
    }
}

pub(super) async fn resend(
    admin: Admin,
    app: web::Data<App>,
    Form(agreed): Form<Agreed>,
) -> Result<HttpResponse, WebError> {
    let most = usize::try_from(MOST).unwrap_or_default();
    let ids: Vec<DeliveryId> = agreed.ids.split_whitespace().take(most).filter_map(DeliveryId::parse).collect();
    let (actor, webhooks, lanes) = (admin.actor().clone(), app.webhooks.clone(), app.lanes.clone());
    let write = app.db.write::<_, DbError, _>(move |tx| {
        let mut done = None;
        once(tx, FormId::parse(&agreed.form_id), |tx| {
            done = Some(delivery::resend_many(tx, &webhooks, &lanes, &actor, &ids)?);
            Ok::<_, DbError>(ADDRESS.to_owned())
        })?;
        Ok(done)
    });
    match write.await? {
        Some(done) => admin.flash(&told(done)),
        None => admin.flash("They were sent again already."),
    }
    Ok(see_other(ADDRESS))
}

fn told(done: delivery::Resent) -> String {
    let asked = match done.asked {
        0 => "Nothing is sent again.".to_owned(),
        1 => "1 delivery is sent again as soon as its webhook has room.".to_owned(),
        count => format!("{count} deliveries are sent again as soon as their webhooks have room."),
    };
    match done.refused {
        0 => asked,
        1 => format!("{asked} 1 was left out: it changed meanwhile."),
        count => format!("{asked} {count} were left out: they changed meanwhile."),
    }
}

/// The link to the plan for what the filters of a list find.
pub(super) fn link(typed: &Typed) -> (String, String) {
    let reading = Reading::parse(&typed.state);
    let words = match reading {
        Some(reading) => format!("Resend {}…", reading.as_str()),
        None => "Resend failed…".to_owned(),
    };
    let filters = if reading.is_some() { typed.clone() } else { Typed { state: "failed".to_owned(), ..typed.clone() } };
    (capital(&words), filters.address(&[]).replacen(ADDRESS, "/deliveries/resend", 1))
}
