//! Sample content for the demo: what a small documentation team has on its desk. It raises no events.

use std::time::Duration;

use super::assignments::{self, Decision, Kind};
use super::documents::{self, Document, DocumentError, Status, StatusChange};
use super::publications::{self, Format, PublicationError};
use crate::audit::Actor;
use crate::clock::Time;
use crate::db::{DbError, Tx};

struct Sample {
    title: &'static str,
    template: &'static str,
    language: &'static str,
    /// The place of the document above in [`SAMPLES`].
    above: Option<usize>,
    status: Status,
    body: &'static str,
}

const MANUAL: usize = 0;
const SEAL: usize = 5;
const NOTES: usize = 6;
const GERMAN: usize = 7;

const SAMPLES: [Sample; 8] = [
    Sample {
        title: "Pump H4 operating manual",
        template: "Manual A4",
        language: "en",
        above: None,
        status: Status::InReview,
        body: "This manual is for everybody who installs, runs or maintains the circulation pump **H4**.\n\n\
               Keep it beside the pump. Read *Safety* before anything else.\n",
    },
    Sample {
        title: "Safety",
        template: "Manual A4",
        language: "en",
        above: Some(MANUAL),
        status: Status::InReview,
        body: "## Before you start\n\n- Disconnect the pump from the mains and lock the switch.\n\
               - Let the housing cool down below 40 °C.\n- Wear gloves and eye protection.\n\n\
               > The pump restarts by itself when the power returns.\n",
    },
    Sample {
        title: "Installation",
        template: "Manual A4",
        language: "en",
        above: Some(MANUAL),
        status: Status::InReview,
        body: "1. Check that the shaft lies level.\n2. Fit both gaskets dry.\n3. Tighten the bolts crosswise.\n\n\
               | Bolt | Torque |\n|---|---|\n| M8 | 22 Nm |\n| M10 | 44 Nm |\n",
    },
    Sample {
        title: "Operation",
        template: "Manual A4",
        language: "en",
        above: Some(MANUAL),
        status: Status::WorkInProgress,
        body: "Vent the housing before the first start. The display shows `RUN` once the flow is steady.\n",
    },
    Sample {
        title: "Maintenance",
        template: "Manual A4",
        language: "en",
        above: Some(MANUAL),
        status: Status::WorkInProgress,
        body: "Look for leaks every month; replace the seal every 8,000 hours.\n",
    },
    Sample {
        title: "Replacing the seal",
        template: "Manual A4",
        language: "en",
        above: Some(4),
        status: Status::WorkInProgress,
        body: "1. Close both valves and drain the housing.\n2. Pull the impeller.\n\
               3. Press in the new seal with the sleeve that comes with it.\n",
    },
    Sample {
        title: "Release notes 4.2",
        template: "",
        language: "en",
        above: None,
        status: Status::Released,
        body: "## Firmware 4.2\n\n- The display dims after five minutes.\n- Dry running stops the pump within 3 s.\n",
    },
    Sample {
        title: "Pumpe H4, Betriebsanleitung",
        template: "Manual A4",
        language: "de",
        above: None,
        status: Status::InTranslation,
        body: "Diese Anleitung richtet sich an alle, die die Umwälzpumpe **H4** einbauen, betreiben oder warten.\n",
    },
];

/// Each with what they decided, where they did.
type Assignees = &'static [(&'static str, Option<Decision>)];

/// Place of the document, what is asked for, of whom, for how many days.
const ASSIGNMENTS: [(usize, Kind, Assignees, u64); 3] = [
    (GERMAN, Kind::Translation, &[("jonas.weber@acme.example", None)], 14),
    (SEAL, Kind::Contribution, &[("mira.holm@acme.example", None)], 5),
    (
        MANUAL,
        Kind::Review,
        &[
            ("ana.duarte@acme.example", Some(Decision::Approved)),
            ("mira.holm@acme.example", Some(Decision::Rejected)),
            ("jonas.weber@acme.example", None),
        ],
        7,
    ),
];

/// Writes the samples into a portal that has no content yet.
///
/// # Errors
/// When the database cannot take them.
pub fn sample(tx: &mut Tx<'_>, actor: &Actor) -> Result<(), DbError> {
    let mut written: Vec<Document> = Vec::with_capacity(SAMPLES.len());
    for sample in &SAMPLES {
        let parent = sample.above.and_then(|place| written.get(place)).map(|above| above.number);
        let document = add_document(tx, actor, sample, parent)?;
        written.push(document);
    }
    let today = Time::from_micros(tx.now().micros() / DAY_MICROS * DAY_MICROS);
    for (place, kind, assignees, days) in ASSIGNMENTS {
        if let Some(document) = written.get(place) {
            let draft = assignment(document, kind, assignees, today, days);
            let assignment = assignments::ops::create_quietly(tx, actor, draft, document)?;
            for (assignee, decision) in assignees {
                if let Some(decision) = *decision {
                    assignments::ops::decide_quietly(tx, actor, &assignment, assignee, (None, decision))?;
                }
            }
        }
    }
    for (place, title, format, keep_output) in
        [(NOTES, "", Format::Pdf, true), (MANUAL, "Pump H4 operating manual, review copy", Format::Html, false)]
    {
        if let Some(document) = written.get(place) {
            let draft = publications::Draft { document: document.number, title: title.to_owned(), format, keep_output };
            let publication = publications::ops::publish(tx, actor, &draft).map_err(publication_fault)?;
            publications::job::finish_quietly(tx, &publication)?;
        }
    }
    Ok(())
}

const DAY_MICROS: i64 = 24 * 60 * 60 * 1_000_000;

fn add_document(tx: &mut Tx<'_>, actor: &Actor, sample: &Sample, parent: Option<i64>) -> Result<Document, DbError> {
    let draft = documents::Draft {
        title: sample.title.to_owned(),
        template: sample.template.to_owned(),
        language: sample.language.to_owned(),
        body: sample.body.to_owned(),
        parent,
    };
    let document = documents::ops::create(tx, actor, &draft).map_err(document_fault)?;
    let comment = match sample.status {
        Status::Released => "Checked by the product owner.",
        Status::WorkInProgress => return Ok(document),
        Status::InReview | Status::InTranslation | Status::InTranslationReview => "",
    };
    let change = StatusChange { to: sample.status, comment: comment.to_owned(), include_components: false };
    documents::ops::set_status_quietly(tx, actor, document, &change)
}

fn assignment(document: &Document, kind: Kind, assignees: Assignees, today: Time, days: u64) -> assignments::Draft {
    assignments::Draft {
        document: document.number,
        kind,
        language: document.language.clone(),
        assignees: assignees.iter().map(|(address, _)| (*address).to_owned()).collect(),
        starts_on: today,
        ends_on: today.plus(Duration::from_secs(days * 24 * 60 * 60)),
        message: String::new(),
    }
}

/// Samples meet every rule: what is refused all the same is a fault of ours.
fn document_fault(error: DocumentError) -> DbError {
    match error {
        DocumentError::Db(error) => error,
        refused => DbError::Interrupted(refused.to_string()),
    }
}

fn publication_fault(error: PublicationError) -> DbError {
    match error {
        PublicationError::Db(error) => error,
        refused => DbError::Interrupted(refused.to_string()),
    }
}
