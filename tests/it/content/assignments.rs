//! Assignments: the event of a new one and of a decision byte for byte, dates, refusals.

use diesel::prelude::*;
use postrider::schema::assignment_statuses;

use super::{add_document, bodies, events, hidden, listener, number, set_status, submit};
use crate::support::app::{TestApp, both};
use crate::support::browser::{Answer, Browser};

const ANA: &str = "ana@acme.example";
const JONAS: &str = "jonas@acme.example";

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

/// An administrator's browser, and assignment 1001 of Jonas and Ana.
async fn assigned(app: &TestApp) -> Browser {
    let admin = app.admin().await;
    add_document(&admin, "Assembly", "").await;
    assert_eq!(number(&submit(&admin, "/content/assignments/new", "/content/assignments", &FIELDS).await), 1001);
    admin
}

/// Presses Approve or Reject on the page as it stands.
async fn decide(admin: &Browser, assignee: &str, status: &str) -> Answer {
    let page = admin.get("/content/assignments/1001").await;
    let version = page.attributes(".needs input[name=version]", "value").pop().unwrap();
    let shown = |place: usize| page.attributes(".needs input[name=was]", "value").get(place).cloned();
    let people = page.attributes(".needs input[name=assignee]", "value");
    let was = people.iter().position(|known| known.eq_ignore_ascii_case(assignee)).and_then(shown).unwrap_or_default();
    let fields = [("assignee", assignee), ("status", status), ("was", was.as_str()), ("version", version.as_str())];
    admin.post("/content/assignments/1001/status", &fields).await
}

/// The badge beside each assignee.
async fn statuses(admin: &Browser) -> Vec<String> {
    admin.get("/content/assignments/1001").await.texts(".needs .badge")
}

/// The decisions among the events.
async fn decisions(app: &TestApp) -> Vec<String> {
    let all = events(app).await.into_iter();
    all.filter(|(kind, _)| kind == "assignment.user_status_changed").map(|(_, data)| data).collect()
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

    async fn a_decision_arrives_with_exactly_these_bytes(app: TestApp) {
        let receiver = listener(&app, &["assignment.user_status_changed"]).await;
        let admin = assigned(&app).await;
        assert_eq!(decide(&admin, ANA, "approved").await.status(), 303);
        assert_eq!(decide(&admin, ANA, "rejected").await.status(), 303);
        let body = |status: &str| format!(
            concat!(
                r#"{{"event":"ASSIGNMENT_USERSTATUS_CHANGED","data":{{"resource_id":1000,"resource_title":"Assembly","#,
                r#""assignment_type":"translation review","status":"{}","#,
                r#""assignment_link":"http://127.0.0.1:8080/content/assignments/1001","#,
                r#""assignee":"ana@acme.example"}},"webhook_name":"CI"}}"#
            ),
            status
        );
        assert_eq!(bodies(&app, &receiver).await, ["approved", "rejected"].map(body));
        assert_eq!(app.audit_actions().await.last().unwrap(), "assignment.user_status_changed");
        let audit = admin.get("/settings/audit").await;
        assert!(audit.has("recorded an assignee&#39;s decision"), "{}", audit.text());
    }

    async fn each_assignee_has_a_status_and_who_recorded_it_when(app: TestApp) {
        let admin = assigned(&app).await;
        assert_eq!(statuses(&admin).await, ["open", "open"]);
        let answer = decide(&admin, ANA, "approved").await;
        assert_eq!(answer.header("location"), "/content/assignments/1001");
        let page = admin.get("/content/assignments/1001").await;
        assert!(page.has("It is on record now: ana@acme.example approved the work."));
        assert_eq!(page.texts(".needs .badge"), ["open", "approved"]);
        assert_eq!(page.texts(".needs .under"), ["Recorded 2026-11-24 10:00 UTC by Ada Admin"]);
        assert_eq!(page.attributes(".needs button[disabled]", "value"), ["approved"]);
        decide(&admin, JONAS, "rejected").await;
        decide(&admin, ANA, "rejected").await;
        assert_eq!(statuses(&admin).await, ["rejected", "rejected"]);
        assert_eq!(decisions(&app).await.len(), 3);
    }

    async fn the_same_decision_again_changes_nothing_and_tells_nobody(app: TestApp) {
        let admin = assigned(&app).await;
        decide(&admin, ANA, "approved").await;
        let before = app.audit_actions().await;
        assert_eq!(decide(&admin, "ANA@acme.example", "approved").await.status(), 303);
        assert!(admin.get("/content/assignments/1001").await.has("It was on record already:"));
        assert_eq!(decisions(&app).await.len(), 1);
        assert_eq!(app.audit_actions().await, before);
    }

    async fn a_decision_that_cannot_be_is_refused_on_the_page(app: TestApp) {
        let admin = assigned(&app).await;
        for (assignee, status, problem) in [
            ("mira@acme.example", "approved", "This person is not an assignee, so nothing was recorded."),
            ("", "approved", "This person is not an assignee, so nothing was recorded."),
            (ANA, "open", "An assignee can approve or reject, nothing else. Nothing was recorded."),
            (ANA, "Approved", "An assignee can approve or reject, nothing else. Nothing was recorded."),
        ] {
            let refused = decide(&admin, assignee, status).await;
            assert_eq!(refused.status(), 422, "{assignee} {status}");
            assert_eq!(refused.texts("[role=alert]"), [problem]);
            assert_eq!(refused.texts(".needs .badge"), ["open", "open"]);
        }
        assert_eq!(admin.post("/content/assignments/1001/status", &[]).await.status(), 422);
        assert!(decisions(&app).await.is_empty());
    }

    async fn who_looked_at_an_older_assignment_is_shown_the_new_one_first(app: TestApp) {
        let admin = assigned(&app).await;
        let change = with(&[("language", "de")]);
        submit(&admin, "/content/assignments/1001/edit", "/content/assignments/1001", &change).await;
        for version in ["1", "", "x"] {
            let fields = [("assignee", ANA), ("status", "approved"), ("version", version)];
            let late = admin.post("/content/assignments/1001/status", &fields).await;
            assert_eq!(late.status(), 409, "{version}");
            assert!(late.texts("[role=alert]")[0].starts_with("Somebody saved this assignment while you were looking"));
            assert_eq!(late.attributes(".needs input[name=version]", "value"), ["2", "2"]);
        }
        assert!(decisions(&app).await.is_empty());
        assert_eq!(decide(&admin, ANA, "approved").await.status(), 303);
    }

    async fn a_decision_takes_nothing_from_who_edits_meanwhile(app: TestApp) {
        let admin = assigned(&app).await;
        let (_, version) = hidden(&admin, "/content/assignments/1001/edit").await;
        decide(&admin, ANA, "approved").await;
        let mut fields = with(&[("language", "de")]);
        fields.push(("version", &version));
        assert_eq!(admin.post("/content/assignments/1001", &fields).await.status(), 303);
        assert_eq!(statuses(&admin).await, ["open", "approved"]);
    }

    async fn an_edit_keeps_the_decisions_of_those_who_stay_and_drops_those_who_leave(app: TestApp) {
        let admin = assigned(&app).await;
        decide(&admin, ANA, "approved").await;
        decide(&admin, JONAS, "rejected").await;
        let (edit, page) = ("/content/assignments/1001/edit", "/content/assignments/1001");
        submit(&admin, edit, page, &with(&[("assignees", "mira@acme.example, Ana@Acme.example")])).await;
        assert_eq!(statuses(&admin).await, ["open", "approved"]);
        submit(&admin, edit, page, &with(&[("assignees", "jonas@acme.example, ana@acme.example")])).await;
        assert_eq!(statuses(&admin).await, ["open", "approved"], "who comes back is asked anew");
        assert_eq!(decisions(&app).await.len(), 2);
        decide(&admin, ANA, "rejected").await;
        assert_eq!(statuses(&admin).await, ["open", "rejected"]);
    }

    async fn of_two_decisions_on_the_same_page_the_second_is_shown_the_first(app: TestApp) {
        let admin = assigned(&app).await;
        decide(&admin, ANA, "approved").await;
        let fields = [("assignee", ANA), ("status", "rejected"), ("was", "open"), ("version", "1")];
        let late = admin.post("/content/assignments/1001/status", &fields).await;
        assert_eq!(late.status(), 409);
        assert!(late.texts("[role=alert]")[0].starts_with("Somebody recorded a decision of this person"));
        assert_eq!(late.texts(".needs .badge"), ["open", "approved"]);
        assert_eq!(decisions(&app).await.len(), 1);
        assert_eq!(decide(&admin, ANA, "rejected").await.status(), 303, "seen, and changed all the same");
        assert_eq!(statuses(&admin).await, ["open", "rejected"]);
    }

    async fn other_work_asks_everybody_anew(app: TestApp) {
        let admin = assigned(&app).await;
        decide(&admin, ANA, "approved").await;
        let (edit, page) = ("/content/assignments/1001/edit", "/content/assignments/1001");
        submit(&admin, edit, page, &with(&[("kind", "review")])).await;
        assert_eq!(statuses(&admin).await, ["open", "open"]);
    }

    async fn a_deleted_assignment_takes_its_decisions_along(app: TestApp) {
        let admin = assigned(&app).await;
        decide(&admin, ANA, "approved").await;
        let address = "/content/assignments/1001/delete";
        assert_eq!(submit(&admin, address, address, &[]).await.status(), 303);
        let left: i64 = app.read(|conn| Ok(assignment_statuses::table.count().get_result(conn)?)).await;
        assert_eq!(left, 0);
        for status in ["approved", "open"] {
            let fields = [("assignee", ANA), ("status", status), ("version", "1")];
            assert_eq!(admin.post("/content/assignments/1001/status", &fields).await.status(), 404, "{status}");
        }
        assert_eq!(decisions(&app).await.len(), 1);
    }

    async fn a_decision_whose_event_cannot_be_stored_is_not_on_record(app: TestApp) {
        let admin = assigned(&app).await;
        let before = app.audit_actions().await;
        // The new assignment's event has the same title.
        app.sql("create unique index only_for_this_test on events (title)").await;
        assert_eq!(decide(&admin, ANA, "approved").await.status(), 500);
        assert_eq!(statuses(&admin).await, ["open", "open"]);
        assert_eq!(app.audit_actions().await, before);
    }

    async fn an_assignee_is_shown_as_it_was_typed(app: TestApp) {
        let admin = assigned(&app).await;
        // The dialog takes no such address; one that is stored all the same is text.
        app.sql(r#"update assignments set assignees = '<b>&amp;"ana@acme.example'"#).await;
        let name = r#"<b>&amp;"ana@acme.example"#;
        decide(&admin, name, "approved").await;
        let page = admin.get("/content/assignments/1001").await;
        assert_eq!(page.texts(".needs li > span bdi")[0], name);
        assert_eq!(page.attributes(".needs input[name=assignee]", "value"), [name]);
        assert!(page.texts(".needs b").is_empty() && !page.has("<b>&"));
        assert_eq!(page.texts(".needs .badge"), ["approved"]);
    }
}
