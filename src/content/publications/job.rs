//! The job that renders publications: claim, render with no transaction open, end in one transaction.

use std::time::Duration;

use serde::Serialize;
use tokio::sync::watch;

use super::render::{Book, Leaf, RenderError};
use super::store::{self, Held};
use super::{Archive, Format, Publication, State};
use crate::content;
use crate::content::documents::{self, DocumentId};
use crate::db::{Conn, DbError, Tx};
use crate::ids;
use crate::state::App;

/// How long a node may stay silent before another takes its job up.
const LEASE: Duration = Duration::from_secs(45);
/// How often a node looks for work of which nobody told it: another's, or one whose lease ran out.
const LOOK: Duration = Duration::from_secs(10);
/// The pages between two words to the database: what a cancel waits for.
const STRETCH: usize = 16;
/// A job that was started so often without coming to an end never will.
const MOST_STARTS: i64 = 5;
/// The length of the secret part of an output's address.
const TOKEN: usize = 32;

/// How a job came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Rendered; its event is raised.
    Done,
    /// It cannot be rendered; its page says why.
    Failed,
    /// It was cancelled, deleted or taken over meanwhile.
    Dropped,
}

/// A publication that this node renders.
pub struct Claimed {
    publication: Publication,
    fence: i64,
}

impl Claimed {
    fn held(&self) -> Held {
        Held { id: self.publication.id, fence: self.fence }
    }
}

/// What receivers read of a publication that is done.
#[derive(Serialize)]
struct Published<'a> {
    resource_id: i64,
    resource_title: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    template_name: &'a str,
    format: Format,
    #[serde(skip_serializing_if = "Option::is_none")]
    archive_link: Option<String>,
}

/// Renders one publication, if one waits.
///
/// # Errors
/// When the database is away; the job is then taken up again once its lease has run out.
pub async fn step(app: &App) -> Result<Option<Ended>, DbError> {
    match claim(app).await? {
        Some(claimed) => Box::pin(work(app, &claimed)).await.map(Some),
        None => Ok(None),
    }
}

/// Takes the oldest publication that waits.
///
/// # Errors
/// When the database is away.
pub async fn claim(app: &App) -> Result<Option<Claimed>, DbError> {
    app.db
        .write(|tx| {
            let now = tx.now();
            let Some((number, fence)) = store::claim(tx, now, LEASE)? else { return Ok(None) };
            Ok(store::find(tx, number)?.map(|publication| Claimed { publication, fence }))
        })
        .await
}

/// Renders what was claimed.
///
/// # Errors
/// When the database is away.
pub async fn work(app: &App, claimed: &Claimed) -> Result<Ended, DbError> {
    if claimed.fence > MOST_STARTS {
        let why = format!("It was started {MOST_STARTS} times and never came to an end. Publish a smaller part.");
        return fail(app, claimed, why).await;
    }
    match Box::pin(render(app, claimed)).await? {
        Rendered::File(archive) => finish(app, claimed, archive).await,
        Rendered::Not(why) => fail(app, claimed, why).await,
        Rendered::Dropped => Ok(Ended::Dropped),
    }
}

enum Rendered {
    File(Vec<u8>),
    Not(String),
    Dropped,
}

async fn render(app: &App, claimed: &Claimed) -> Result<Rendered, DbError> {
    let root = claimed.publication.document_id;
    let outline = app.db.read(move |conn| outline(conn, root)).await?;
    let total = outline.len();
    let (ids, leaves): (Vec<DocumentId>, Vec<Leaf>) = outline.into_iter().unzip();
    let mut book = Book::new(claimed.publication.title.clone(), leaves);
    for (stretch, ids) in ids.chunks(STRETCH).enumerate() {
        let ids = ids.to_vec();
        let first = stretch * STRETCH;
        let bodies = app.db.read(move |conn| bodies(conn, &ids)).await?;
        let done = first + bodies.len();
        book = match blocking(move || add(book, first, &bodies)).await? {
            Ok(book) => book,
            Err(error) => return Ok(Rendered::Not(sentence(&error))),
        };
        if !tell(app, claimed, done, total).await? {
            return Ok(Rendered::Dropped);
        }
    }
    Ok(match blocking(move || book.finish()).await? {
        Ok(archive) => Rendered::File(archive),
        Err(error) => Rendered::Not(sentence(&error)),
    })
}

/// The documents of a tree in the order of reading: each before its components.
fn outline(conn: &mut Conn, root: DocumentId) -> Result<Vec<(DocumentId, Leaf)>, DbError> {
    let first = documents::store::find_by_id(conn, root)?.ok_or(DbError::NotFound)?;
    let mut below: Vec<_> = documents::store::below(conn, root)?.into_iter().flatten().collect();
    let leaf = |number, title, language, depth| Leaf { number, title, language, depth };
    let mut outline = vec![(root, leaf(first.number, first.title, first.language, 0))];
    // Levels come from the top and each by number, so that a parent always stands before its components.
    below.reverse();
    let mut path = vec![root];
    while let Some(parent) = path.last().copied() {
        match below.iter().rposition(|entry| entry.parent_id == Some(parent)) {
            Some(place) => {
                let entry = below.remove(place);
                outline.push((entry.id, leaf(entry.number, entry.title, entry.language, path.len())));
                path.push(entry.id);
            }
            None => {
                path.pop();
            }
        }
    }
    Ok(outline)
}

/// The bodies of those documents, in their order; a document that was deleted meanwhile has none.
fn bodies(conn: &mut Conn, ids: &[DocumentId]) -> Result<Vec<String>, DbError> {
    let mut found = documents::store::bodies(conn, ids)?;
    Ok(ids.iter().map(|id| found.remove(id).unwrap_or_default()).collect())
}

fn add(mut book: Book, first: usize, bodies: &[String]) -> Result<Book, RenderError> {
    for (offset, body) in bodies.iter().enumerate() {
        book.add(first + offset, body)?;
    }
    Ok(book)
}

fn sentence(error: &RenderError) -> String {
    match error {
        RenderError::TooLarge => "Its pages are larger than 32 MiB together. Publish a smaller part.".to_owned(),
        RenderError::Zip(cause) => format!("Its file could not be written: {cause}. Publish it once more."),
    }
}

/// Off the asynchronous threads, which also send deliveries.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, DbError> {
    tokio::task::spawn_blocking(work).await.map_err(|panicked| DbError::Interrupted(panicked.to_string()))
}

/// Tells how far the job is; `false` when it is to stop.
async fn tell(app: &App, claimed: &Claimed, done: usize, total: usize) -> Result<bool, DbError> {
    let held = claimed.held();
    let count = |pages: usize| i32::try_from(pages).unwrap_or(i32::MAX);
    let pages = (count(done), count(total));
    app.db
        .write(move |tx| {
            let until = tx.now().plus(LEASE);
            store::progress(tx, held, pages, until)
        })
        .await
}

/// Renders and ends a running publication within the caller's transaction and without its event: for samples.
pub(in crate::content) fn finish_quietly(tx: &mut Tx<'_>, publication: &Publication) -> Result<(), DbError> {
    let outline = outline(tx, publication.document_id)?;
    let pages = i32::try_from(outline.len()).unwrap_or(i32::MAX);
    let (ids, leaves): (Vec<DocumentId>, Vec<Leaf>) = outline.into_iter().unzip();
    let bodies = bodies(tx, &ids)?;
    let file = add(Book::new(publication.title.clone(), leaves), 0, &bodies).and_then(Book::finish);
    let file = file.map_err(|error| DbError::Interrupted(sentence(&error)))?;
    let (now, held) = (tx.now(), Held { id: publication.id, fence: 0 });
    store::progress(tx, held, (pages, pages), now)?;
    settle(tx, held, publication, &file).map(drop)
}

/// The state and the output of a job that went well; `None` when it is not this job's any more.
fn settle(tx: &mut Tx<'_>, held: Held, publication: &Publication, file: &[u8]) -> Result<Option<Publication>, DbError> {
    let archive = publication
        .keep_output
        .then(|| Archive { token: ids::random_word(TOKEN), bytes: i64::try_from(file.len()).unwrap_or(i64::MAX) });
    let now = tx.now();
    if !store::end(tx, held, State::Done, archive.as_ref(), None, now)? {
        return Ok(None);
    }
    if archive.is_some() {
        store::insert_output(tx, publication.id, file)?;
    }
    Ok(Some(Publication { archive, ..publication.clone() }))
}

/// The end of a job that went well: state, output and event in one transaction.
async fn finish(app: &App, claimed: &Claimed, file: Vec<u8>) -> Result<Ended, DbError> {
    let (held, number) = (claimed.held(), claimed.publication.number);
    let public_url = app.settings.public_url.clone();
    app.db
        .write(move |tx| {
            // The title may have changed since the claim.
            let Some(publication) = store::find(tx, number)? else { return Ok(Ended::Dropped) };
            let Some(publication) = settle(tx, held, &publication, &file)? else { return Ok(Ended::Dropped) };
            raise_published(tx, &publication, &public_url)?;
            Ok(Ended::Done)
        })
        .await
}

fn raise_published(tx: &mut Tx<'_>, publication: &Publication, public_url: &str) -> Result<(), DbError> {
    let data = Published {
        resource_id: publication.number,
        resource_title: &publication.title,
        template_name: &publication.template,
        format: publication.format,
        archive_link: publication.archive_path().map(|path| format!("{public_url}{path}")),
    };
    content::raise(tx, "publication.published", publication.person.clone(), false, &data)?;
    Ok(())
}

async fn fail(app: &App, claimed: &Claimed, why: String) -> Result<Ended, DbError> {
    let held = claimed.held();
    tracing::warn!(publication.number = claimed.publication.number, why = %why, "a publication failed");
    app.db
        .write(move |tx| {
            let now = tx.now();
            let ended = store::end(tx, held, State::Failed, None, Some(&why), now)?;
            Ok(if ended { Ended::Failed } else { Ended::Dropped })
        })
        .await
}

/// Renders what comes, until `stop` becomes true; woken by [`App::publishing`] and by a timer.
pub async fn run(app: App, mut stop: watch::Receiver<bool>) {
    if app.db.is_sqlite()
        && let Err(error) = app
            .db
            .write(|tx| {
                let now = tx.now();
                store::release_all(tx, now)
            })
            .await
    {
        tracing::warn!(error = &error as &dyn std::error::Error, "leases of publications could not be given back");
    }
    loop {
        let idle = match claim(&app).await {
            Ok(Some(claimed)) => {
                tokio::select! {
                    ended = Box::pin(work(&app, &claimed)) => {
                        if let Err(error) = ended {
                            tracing::warn!(error = &error as &dyn std::error::Error, "a publication was interrupted");
                        }
                        false
                    }
                    () = stopped(&mut stop) => {
                        give_back(&app, &claimed).await;
                        return;
                    }
                }
            }
            Ok(None) => true,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "publications cannot be read");
                true
            }
        };
        if idle {
            tokio::select! {
                () = app.publishing.notified() => {}
                () = tokio::time::sleep(LOOK) => {}
                () = stopped(&mut stop) => return,
            }
        }
    }
}

/// Ends when it is time to stop, or when nobody is left who could say so.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    stop.wait_for(|stop| *stop).await.ok();
}

/// A clean stop need not make another node wait for the lease.
async fn give_back(app: &App, claimed: &Claimed) {
    let held = claimed.held();
    let given = app
        .db
        .write(move |tx| {
            let now = tx.now();
            store::release(tx, held, now)
        })
        .await;
    if let Err(error) = given {
        tracing::warn!(error = &error as &dyn std::error::Error, "a publication could not be given back");
    }
}
