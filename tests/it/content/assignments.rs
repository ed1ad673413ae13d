//! Assignments: the event of a new one byte for byte, its dates, its refusals.

use super::{add_document, events, hidden, number, set_status, submit};
use crate::support::app::both;

const FIELDS: [(&str, &str); 7] = [
    ("document", "1000"),
    ("kind", "translation review"),
    ("language", "en"),
    ("assignees", "jonas@acme.example, ana@acme.example"),
    ("start", "2025-02-17"),
    ("end", "2025-02-24"),
    ("message", "Please look at chapter 3."),
];

fn with<'a>(changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let changed = |name: &str| changes.iter().find(|(other, _)| *other == name);
    FIELDS.iter().map(|field| *changed(field.0).unwrap_or(field)).collect()
}

both! {
    async fn a_new_assignment_raises_its_event_with_exactly_these_bytes(app: TestApp) {
        let admin = app.admin().await;
        add_document(&admin, "Assembly", "").await;
        let added = submit(&admin, "/content/assignments/new?document=1000", "/content/assignments", &FIELDS).await;
        assert_eq!(number(&added), 1001);
        let data = concat!(
            r#"{"resource_id":1000,"resource_title":"Assembly","language":"en","#,
            r#""assignment_type":"translation review","startdate":"Monday 17/02/2025","#,
            r#""enddate":"Monday 24/02/2025","startdate_timestamp":1739750400,"enddate_timestamp":1740355200,"#,
            r#""assignment_link":"http://127.0.0.1:8080/content/assignments/1001","api":false}"#
        );
        assert_eq!(events(&app).await, [("assignment.created".to_owned(), data.to_owned())]);
        let page = admin.get("/content/assignments/1001").await;
        assert_eq!(page.texts("h1"), ["Translation review of Assembly"]);
        assert!(page.has("Monday 17/02/2025 to Monday 24/02/2025") && page.has("Please look at chapter 3."));
        let list = admin.get("/content/assignments?q=ANA%40acme&kind=translation+review").await;
        assert_eq!(list.texts("tbody a.name"), ["Assembly"]);
        assert!(list.has("17 Feb to 24 Feb 2025") && list.has("1 assignment, 0 still open"));
        assert_eq!(app.audit_actions().await.last().unwrap(), "assignment.created");
    }

    async fn the_template_of_the_document_is_told(app: TestApp) {
        let admin = app.admin().await;
        let document = [("title", "Assembly"), ("language", "en"), ("template", "Manual A4")];
        submit(&admin, "/content/documents/new", "/content/documents", &document).await;
        submit(&admin, "/content/assignments/new", "/content/assignments", &FIELDS).await;
        let start = r#"{"resource_id":1000,"resource_title":"Assembly","template_name":"Manual A4","language":"en","#;
        assert!(events(&app).await[0].1.starts_with(start));
    }

    async fn a_form_that_is_sent_twice_makes_one_assignment_and_one_event(app: TestApp) {
        let admin = app.admin().await;
        add_document(&admin, "Assembly", "").await;
        let (form_id, _) = hidden(&admin, "/content/assignments/new").await;
        let mut fields = FIELDS.to_vec();
        fields.push(("form_id", &form_id));
        let first = number(&admin.post("/content/assignments", &fields).await);
        assert_eq!(number(&admin.post("/content/assignments", &fields).await), first);
        assert_eq!(events(&app).await.len(), 1);
    }

    async fn a_bad_form_comes_back_filled_in(app: TestApp) {
        let admin = app.admin().await;
        add_document(&admin, "Assembly", "").await;
        let fields = with(&[("assignees", "jonas"), ("end", "2025-02-16"), ("kind", "proofreading")]);
        let answer = submit(&admin, "/content/assignments/new", "/content/assignments", &fields).await;
        assert_eq!(answer.status(), 422);
        assert_eq!(answer.attributes("[aria-invalid]", "name"), ["kind", "assignees", "end"]);
        assert_eq!(answer.attributes("#f-assignees", "value"), ["jonas"]);
        assert_eq!(answer.texts("#f-end-error"), ["The end is before the start; choose a later day."]);
        let gone = submit(&admin, "/content/assignments/new", "/content/assignments", &with(&[("document", "99")])).await;
        assert_eq!(gone.status(), 422);
        assert_eq!(gone.texts("#f-document-error"), ["This document does not exist any more; choose another."]);
        assert!(events(&app).await.is_empty());
    }

    async fn an_edit_is_no_new_assignment(app: TestApp) {
        let admin = app.admin().await;
        add_document(&admin, "Assembly", "").await;
        submit(&admin, "/content/assignments/new", "/content/assignments", &FIELDS).await;
        let (_, old) = hidden(&admin, "/content/assignments/1001/edit").await;
        let fields = with(&[("language", "de")]);
        let saved = submit(&admin, "/content/assignments/1001/edit", "/content/assignments/1001", &fields).await;
        assert_eq!(saved.status(), 303);
        assert_eq!(events(&app).await.len(), 1);
        let mut late = with(&[("language", "fr")]);
        late.push(("version", &old));
        let conflict = admin.post("/content/assignments/1001", &late).await;
        assert_eq!(conflict.status(), 409);
        assert_eq!(conflict.texts(".compare tbody td"), ["de", "fr"]);
        assert_eq!(app.audit_actions().await.last().unwrap(), "assignment.changed");
    }

    async fn an_assignment_can_be_deleted_and_keeps_its_document_until_then(app: TestApp) {
        let admin = app.admin().await;
        add_document(&admin, "Assembly", "").await;
        submit(&admin, "/content/assignments/new", "/content/assignments", &FIELDS).await;
        assert!(admin.get("/content/documents/1000/delete").await.has("1 assignment asks for work on it"));
        let address = "/content/assignments/1001/delete";
        assert_eq!(submit(&admin, address, address, &[]).await.status(), 303);
        assert_eq!(admin.get("/content/assignments/1001").await.status(), 404);
        let address = "/content/documents/1000/delete";
        assert_eq!(submit(&admin, address, address, &[]).await.status(), 303);
    }

    async fn a_released_document_can_still_be_assigned(app: TestApp) {
        let admin = app.admin().await;
        add_document(&admin, "Assembly", "").await;
        set_status(&admin, 1000, "released", true).await;
        let added = submit(&admin, "/content/assignments/new", "/content/assignments", &FIELDS).await;
        assert_eq!(added.status(), 303);
    }
}
