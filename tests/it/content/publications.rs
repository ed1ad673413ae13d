//! Publications: the job from running to its end, its event, its output and the link to it.

use std::io::{Cursor, Read};
use std::time::Duration;

use postrider::content::publications::job::{self, Ended};
use tokio::sync::watch;

use super::{add_document, events, number, submit};
use crate::support::app::both;
use crate::support::browser::Browser;

/// A guide with two components, published as number 1003.
async fn publish(browser: &Browser, save: bool) -> i64 {
    add_document(browser, "Guide", "").await;
    add_document(browser, "First", "1000").await;
    add_document(browser, "Second", "1000").await;
    start(browser, save).await
}

async fn start(browser: &Browser, save: bool) -> i64 {
    let mut fields = vec![("document", "1000"), ("format", "pdf")];
    if save {
        fields.push(("save_output", "true"));
    }
    number(&submit(browser, "/content/publications/new?document=1000", "/content/publications", &fields).await)
}

/// The secret path of an output, from its page.
async fn link(browser: &Browser, number: i64) -> Option<String> {
    let page = browser.get(&format!("/content/publications/{number}")).await;
    let link = page.attributes("a.primary", "href").pop();
    link.map(|href| href.replace("http://127.0.0.1:8080", ""))
}

both! {
    async fn a_publication_runs_and_raises_its_event_with_exactly_these_bytes(app: TestApp) {
        let admin = app.admin().await;
        let number = publish(&admin, true).await;
        assert_eq!(number, 1003);
        let page = admin.get("/content/publications/1003").await;
        assert!(page.has("running") && page.has("0 of 3 pages"));
        assert!(events(&app).await.is_empty());
        assert_eq!(job::step(&app.app).await.unwrap(), Some(Ended::Done));
        assert_eq!(job::step(&app.app).await.unwrap(), None);
        let link = link(&admin, number).await.unwrap();
        assert_eq!(link.len(), "/content/publications/1003/".len() + 32 + ".zip".len());
        let data = format!(
            r#"{{"resource_id":1003,"resource_title":"Guide","format":"pdf","archive_link":"http://127.0.0.1:8080{link}"}}"#
        );
        assert_eq!(events(&app).await, [("publication.published".to_owned(), data)]);
        assert!(admin.get("/content/publications/1003").await.has("3 of 3"));
    }

    async fn the_link_answers_without_a_session_and_nothing_else_does(app: TestApp) {
        let admin = app.admin().await;
        let number = publish(&admin, true).await;
        job::step(&app.app).await.unwrap();
        let link = link(&admin, number).await.unwrap();
        let stranger = app.anonymous();
        let file = stranger.get(&link).await;
        assert_eq!((file.status(), file.header("content-type")), (200, "application/zip"));
        assert!(file.header("content-disposition").starts_with("attachment"));
        let mut archive = zip::ZipArchive::new(Cursor::new(file.bytes())).unwrap();
        let names: Vec<_> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
        assert_eq!(names, ["index.html", "1001.html", "1002.html"]);
        let mut page = String::new();
        archive.by_name("1001.html").unwrap().read_to_string(&mut page).unwrap();
        assert!(page.contains("<h1>First</h1>"));
        let wrong = format!("/content/publications/{number}/{}.zip", "x".repeat(32));
        for address in [wrong, link.replace("1003", "1004"), link.replace(".zip", "a.zip")] {
            assert_eq!(stranger.get(&address).await.status(), 404, "{address}");
        }
        assert_eq!(stranger.get("/content/publications/1003").await.status(), 303);
    }

    async fn an_output_that_is_not_saved_has_no_link(app: TestApp) {
        let admin = app.admin().await;
        let number = publish(&admin, false).await;
        job::step(&app.app).await.unwrap();
        assert_eq!(events(&app).await[0].1, r#"{"resource_id":1003,"resource_title":"Guide","format":"pdf"}"#);
        assert_eq!(link(&admin, number).await, None);
        assert!(admin.get("/content/publications/1003").await.has("Not saved."));
    }

    async fn the_link_dies_with_the_output(app: TestApp) {
        let admin = app.admin().await;
        let first = publish(&admin, true).await;
        let second = start(&admin, true).await;
        for _ in 0..2 {
            assert_eq!(job::step(&app.app).await.unwrap(), Some(Ended::Done));
        }
        let links = [link(&admin, first).await.unwrap(), link(&admin, second).await.unwrap()];
        let address = format!("/content/publications/{first}/delete-output");
        assert_eq!(submit(&admin, &address, &address, &[]).await.status(), 303);
        assert_eq!(app.anonymous().get(&links[0]).await.status(), 404);
        assert!(admin.get(&format!("/content/publications/{first}")).await.has("Deleted."));
        let address = format!("/content/publications/{second}/delete");
        assert_eq!(submit(&admin, &address, &address, &[]).await.status(), 303);
        assert_eq!(app.anonymous().get(&links[1]).await.status(), 404);
        assert_eq!(app.audit_actions().await[7..], ["publication.output_deleted", "publication.deleted"]);
    }

    async fn a_cancelled_publication_raises_nothing_even_while_it_is_rendered(app: TestApp) {
        let admin = app.admin().await;
        publish(&admin, true).await;
        let claimed = job::claim(&app.app).await.unwrap().unwrap();
        assert_eq!(admin.post("/content/publications/1003/cancel", &[]).await.status(), 303);
        assert_eq!(job::work(&app.app, &claimed).await.unwrap(), Ended::Dropped);
        assert_eq!(job::step(&app.app).await.unwrap(), None);
        assert!(events(&app).await.is_empty());
        let page = admin.get("/content/publications/1003").await;
        assert!(page.has("cancelled") && page.has("None: it was cancelled."));
        admin.post("/content/publications/1003/cancel", &[]).await;
        assert!(admin.get("/content/publications/1003").await.has("It had ended already."));
        assert_eq!(app.audit_actions().await.iter().filter(|action| *action == "publication.cancelled").count(), 1);
    }

    async fn the_job_of_a_killed_node_is_taken_up_again_and_raises_one_event(app: TestApp) {
        let admin = app.admin().await;
        publish(&admin, true).await;
        let killed = job::claim(&app.app).await.unwrap().unwrap();
        assert_eq!(job::step(&app.app).await.unwrap(), None, "its lease still holds");
        app.advance(Duration::from_secs(46));
        assert_eq!(job::step(&app.app).await.unwrap(), Some(Ended::Done));
        assert_eq!(job::work(&app.app, &killed).await.unwrap(), Ended::Dropped, "the old fence is refused");
        assert_eq!(events(&app).await.len(), 1);
    }

    async fn a_job_that_never_ends_is_given_up_with_a_reason(app: TestApp) {
        let admin = app.admin().await;
        publish(&admin, true).await;
        for _ in 0..5 {
            assert!(job::claim(&app.app).await.unwrap().is_some());
            app.advance(Duration::from_secs(46));
        }
        assert_eq!(job::step(&app.app).await.unwrap(), Some(Ended::Failed));
        let page = admin.get("/content/publications/1003").await;
        assert!(page.has("failed") && page.has("started 5 times and never came to an end"));
        assert!(events(&app).await.is_empty());
    }

    async fn a_deleted_publication_stops_its_job(app: TestApp) {
        let admin = app.admin().await;
        publish(&admin, true).await;
        let claimed = job::claim(&app.app).await.unwrap().unwrap();
        let ask = admin.get("/content/publications/1003/delete").await;
        assert!(ask.has("It is still running: it stops, and no event is raised."));
        admin.post("/content/publications/1003/delete", &[]).await;
        assert_eq!(job::work(&app.app, &claimed).await.unwrap(), Ended::Dropped);
        assert!(events(&app).await.is_empty());
    }

    async fn the_loop_renders_what_it_is_told_of_and_stops_when_told(app: TestApp) {
        let admin = app.admin().await;
        let (stop, stopping) = watch::channel(false);
        let running = tokio::spawn(job::run(app.app.clone(), stopping));
        publish(&admin, true).await;
        while events(&app).await.is_empty() {
            tokio::task::yield_now().await;
        }
        stop.send(true).unwrap();
        running.await.unwrap();
        assert!(admin.get("/content/publications/1003").await.has("done"));
    }

    async fn a_title_can_be_given_and_changed(app: TestApp) {
        let admin = app.admin().await;
        add_document(&admin, "Guide", "").await;
        let fields = [("document", "1000"), ("format", "html"), ("title", "Guide, November")];
        submit(&admin, "/content/publications/new", "/content/publications", &fields).await;
        let renamed = [("title", "Guide, December")];
        let address = "/content/publications/1001/edit";
        assert_eq!(submit(&admin, address, "/content/publications/1001", &renamed).await.status(), 303);
        let late = [("title", "Guide, January"), ("version", "1")];
        let refused = admin.post("/content/publications/1001", &late).await;
        assert_eq!(refused.status(), 409);
        assert!(refused.has("Guide, December"));
        job::step(&app.app).await.unwrap();
        let data = r#"{"resource_id":1001,"resource_title":"Guide, December","format":"html"}"#;
        assert_eq!(events(&app).await[0].1, data);
        let list = admin.get("/content/publications?state=done&q=december").await;
        assert_eq!(list.texts("tbody a.name"), ["Guide, December"]);
    }

    async fn a_bad_form_comes_back_filled_in(app: TestApp) {
        let admin = app.admin().await;
        add_document(&admin, "Guide", "").await;
        let fields = [("document", "99"), ("format", "exe"), ("title", "Kept"), ("save_output", "true")];
        let answer = submit(&admin, "/content/publications/new", "/content/publications", &fields).await;
        assert_eq!(answer.status(), 422);
        assert_eq!(answer.attributes("[aria-invalid]", "name"), ["format"]);
        assert_eq!(answer.attributes("#f-title", "value"), ["Kept"]);
        let gone = [("document", "99"), ("format", "html")];
        let answer = submit(&admin, "/content/publications/new", "/content/publications", &gone).await;
        assert_eq!(answer.attributes("[aria-invalid]", "name"), ["document"]);
        assert!(admin.get("/content/publications").await.has("Nothing was published yet"));
    }
}
