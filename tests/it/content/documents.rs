//! Documents: adding, editing, releasing, locking, deleting, listing.

use std::time::Duration;

use super::{add_document, bodies, events, hidden, listener, number, set_status, submit};
use crate::support::app::both;

fn released(number: i64, title: &str) -> (String, String) {
    told("document.released", number, title)
}

fn told(kind: &str, number: i64, title: &str) -> (String, String) {
    (kind.to_owned(), format!(r#"{{"resource_id":{number},"resource_title":"{title}"}}"#))
}

both! {
    async fn a_new_document_is_in_the_list_and_on_a_page_of_its_own(app: TestApp) {
        let admin = app.admin().await;
        let number = add_document(&admin, "Safety guide", "").await;
        assert_eq!(number, 1000);
        let page = admin.get("/content/documents/1000").await;
        assert_eq!(page.texts("h1"), ["Safety guide"]);
        assert!(page.has("The document was added.") && page.has("Work in progress") && page.has("Ada Admin"));
        let list = admin.get("/content/documents").await;
        assert_eq!(list.texts("tbody a.name"), ["Safety guide"]);
        assert!(list.has("1 document, 0 released"));
        assert_eq!(app.audit_actions().await.last().unwrap(), "document.created");
        assert!(events(&app).await.is_empty());
    }

    async fn a_release_raises_its_event_with_exactly_these_bytes(app: TestApp) {
        let admin = app.admin().await;
        let number = add_document(&admin, "Safety guide", "").await;
        assert_eq!(set_status(&admin, number, "released", true).await.status(), 303);
        assert_eq!(events(&app).await, [released(1000, "Safety guide")]);
        let page = admin.get("/content/documents/1000").await;
        assert!(page.has("Released by Ada Admin") && page.has("Approved by the board."));
        assert_eq!(app.audit_actions().await.last().unwrap(), "document.status_changed");
    }

    async fn a_template_that_is_known_is_told(app: TestApp) {
        let admin = app.admin().await;
        let fields = [("title", "A \"quoted\" title"), ("language", "pt-BR"), ("template", "Manual A4")];
        let number = number(&submit(&admin, "/content/documents/new", "/content/documents", &fields).await);
        set_status(&admin, number, "released", false).await;
        let data = r#"{"resource_id":1000,"resource_title":"A \"quoted\" title","template_name":"Manual A4"}"#;
        assert_eq!(events(&app).await[0].1, data);
    }

    async fn a_release_needs_a_comment(app: TestApp) {
        let admin = app.admin().await;
        let number = add_document(&admin, "Safety guide", "").await;
        let address = format!("/content/documents/{number}/status");
        let answer = submit(&admin, &address, &address, &[("status", "released"), ("comment", "  ")]).await;
        assert_eq!(answer.status(), 422);
        assert_eq!(answer.texts("#f-comment-error"), ["Say in a few words why it is released."]);
        assert_eq!(answer.attributes("#f-status option[selected]", "value"), ["released"]);
        assert!(events(&app).await.is_empty());
    }

    async fn each_component_that_really_becomes_released_raises_one_event(app: TestApp) {
        let admin = app.admin().await;
        let guide = add_document(&admin, "Guide", "").await;
        let first = add_document(&admin, "First", "1000").await;
        let second = add_document(&admin, "Second", "1000").await;
        let deep = add_document(&admin, "Deep", &second.to_string()).await;
        set_status(&admin, first, "released", false).await;
        let ticked = admin.get("/content/documents/1000/status").await;
        assert_eq!(ticked.attributes("input[name=include_components][checked]", "value"), ["true"]);
        assert!(ticked.has("Change status for all included components"));
        assert_eq!(set_status(&admin, guide, "released", true).await.status(), 303);
        let expected =
            [released(first, "First"), released(guide, "Guide"), released(second, "Second"), released(deep, "Deep")];
        assert_eq!(events(&app).await, expected);
    }

    async fn without_the_tick_the_components_stay_as_they_are(app: TestApp) {
        let admin = app.admin().await;
        let guide = add_document(&admin, "Guide", "").await;
        let part = add_document(&admin, "Part", "1000").await;
        set_status(&admin, guide, "released", false).await;
        assert_eq!(events(&app).await, [released(guide, "Guide")]);
        assert!(admin.get(&format!("/content/documents/{part}")).await.has("Work in progress"));
    }

    async fn review_and_translation_raise_an_event_for_each_document_that_really_changed(app: TestApp) {
        let admin = app.admin().await;
        let guide = add_document(&admin, "Guide", "").await;
        let first = add_document(&admin, "First", "1000").await;
        let second = add_document(&admin, "Second", "1000").await;
        set_status(&admin, first, "in_review", false).await;
        set_status(&admin, guide, "in_review", true).await;
        set_status(&admin, guide, "in_translation", false).await;
        assert_eq!(events(&app).await, [
            told("document.in_review", first, "First"),
            told("document.in_review", guide, "Guide"),
            told("document.in_review", second, "Second"),
            told("document.in_translation", guide, "Guide"),
        ]);
        let dialog = admin.get("/content/documents/1000/status").await;
        assert!(dialog.has("Webhooks that listen are told of In review, In translation and Released."));
    }

    async fn a_review_is_told_in_exactly_these_bytes(app: TestApp) {
        let receiver = listener(&app, &["document.in_review", "document.in_translation"]).await;
        let admin = app.admin().await;
        let fields = [("title", "Guide"), ("language", "en"), ("template", "Manual A4")];
        let number = number(&submit(&admin, "/content/documents/new", "/content/documents", &fields).await);
        for status in ["in_review", "in_translation", "in_translation_review", "work_in_progress", "released"] {
            assert_eq!(set_status(&admin, number, status, true).await.status(), 303);
        }
        let data = r#"{"resource_id":1000,"resource_title":"Guide","template_name":"Manual A4"}"#;
        let body = |code: &str| format!(r#"{{"event":"{code}","data":{data},"webhook_name":"CI"}}"#);
        assert_eq!(bodies(&app, &receiver).await, ["STATUS_SET_TO_IN_REVIEW_EVENT", "STATUS_SET_TO_IN_TRANSLATION_EVENT"].map(body));
    }

    async fn a_review_that_fails_half_way_leaves_no_event_and_no_change(app: TestApp) {
        let admin = app.admin().await;
        let guide = add_document(&admin, "Same", "").await;
        add_document(&admin, "Same", "1000").await;
        app.sql("create unique index only_for_this_test on events (title)").await;
        assert_eq!(set_status(&admin, guide, "in_review", true).await.status(), 500);
        assert!(events(&app).await.is_empty());
        assert!(admin.get("/content/documents/1000").await.has("Work in progress"));
    }

    async fn the_other_statuses_raise_nothing(app: TestApp) {
        let admin = app.admin().await;
        let number = add_document(&admin, "Guide", "").await;
        for status in ["in_translation_review", "work_in_progress"] {
            assert_eq!(set_status(&admin, number, status, true).await.status(), 303);
        }
        assert!(events(&app).await.is_empty());
        let same = set_status(&admin, number, "work_in_progress", true).await;
        assert_eq!(same.status(), 422);
        assert_eq!(same.texts("#f-status-error"), ["It has this status already; choose another."]);
    }

    async fn a_released_document_is_locked_until_its_status_changes_back(app: TestApp) {
        let admin = app.admin().await;
        let number = add_document(&admin, "Guide", "").await;
        let (_, version) = hidden(&admin, "/content/documents/1000/edit").await;
        set_status(&admin, number, "released", true).await;
        let page = admin.get("/content/documents/1000").await;
        assert!(page.has("Locked") && !page.has("/content/documents/1000/edit"));
        assert_eq!(admin.get("/content/documents/1000/edit").await.status(), 409);
        let newer = (version.parse::<i32>().unwrap() + 1).to_string();
        let fields = [("title", "Changed"), ("language", "en"), ("version", newer.as_str())];
        let refused = admin.post("/content/documents/1000", &fields).await;
        assert_eq!(refused.status(), 409);
        assert!(refused.has("It is released and therefore locked.") && refused.has("Changed"));
        let deleting = admin.post("/content/documents/1000/delete", &[]).await;
        assert_eq!(deleting.status(), 409);
        let child = [("title", "Part"), ("language", "en"), ("parent", "1000")];
        let below = submit(&admin, "/content/documents/new", "/content/documents", &child).await;
        assert_eq!(below.status(), 422);
        assert!(below.texts("#f-parent-error")[0].contains("“Guide” is released and therefore locked."));
        set_status(&admin, number, "work_in_progress", true).await;
        let fields = [("title", "Changed"), ("language", "en")];
        let saved = submit(&admin, "/content/documents/1000/edit", "/content/documents/1000", &fields).await;
        assert_eq!(saved.status(), 303);
        assert_eq!(admin.get("/content/documents/1000").await.texts("h1"), ["Changed"]);
    }

    async fn a_release_that_fails_half_way_leaves_no_event_and_no_change(app: TestApp) {
        let admin = app.admin().await;
        let guide = add_document(&admin, "Same", "").await;
        add_document(&admin, "Same", "1000").await;
        let before = app.audit_actions().await;
        // The second event of this release breaks the index, after the first was written.
        app.sql("create unique index only_for_this_test on events (title)").await;
        assert_eq!(set_status(&admin, guide, "released", true).await.status(), 500);
        assert!(events(&app).await.is_empty());
        assert_eq!(app.audit_actions().await, before);
        assert!(admin.get("/content/documents/1000").await.has("Work in progress"));
    }

    async fn two_people_who_edit_one_document_lose_nothing(app: TestApp) {
        let (ada, other) = (app.admin().await, app.admin().await);
        add_document(&ada, "Guide", "").await;
        let (form_id, version) = hidden(&ada, "/content/documents/1000/edit").await;
        let theirs = [("title", "Guide of theirs"), ("language", "en"), ("body", "# Text")];
        submit(&other, "/content/documents/1000/edit", "/content/documents/1000", &theirs).await;
        let yours =
            [("title", "Guide of yours"), ("language", "en"), ("form_id", &form_id), ("version", &version)];
        let conflict = ada.post("/content/documents/1000", &yours).await;
        assert_eq!(conflict.status(), 409);
        let table = conflict.texts(".compare tbody tr").join(" ");
        assert!(table.contains("Guide of theirs") && table.contains("Guide of yours"), "{table}");
        let newer = conflict.attributes("dialog input[name=version]", "value").pop().unwrap();
        let again =
            [("title", "Guide of yours"), ("language", "en"), ("form_id", &form_id), ("version", &newer)];
        assert_eq!(ada.post("/content/documents/1000", &again).await.status(), 303);
        assert_eq!(ada.get("/content/documents/1000").await.texts("h1"), ["Guide of yours"]);
    }

    async fn a_form_that_is_sent_twice_makes_one_document(app: TestApp) {
        let admin = app.admin().await;
        let (form_id, _) = hidden(&admin, "/content/documents/new").await;
        let fields = [("title", "Guide"), ("language", "en"), ("form_id", form_id.as_str())];
        let first = number(&admin.post("/content/documents", &fields).await);
        assert_eq!(number(&admin.post("/content/documents", &fields).await), first);
        assert_eq!(admin.get("/content/documents").await.texts("tbody a.name").len(), 1);
        app.advance(Duration::from_secs(25 * 60 * 60));
        let later = app.admin().await;
        assert_ne!(number(&later.post("/content/documents", &fields).await), first, "a form is forgotten after a day");
    }

    async fn two_clicks_at_the_same_moment_make_one_document(app: TestApp) {
        let admin = app.admin().await;
        let (form_id, _) = hidden(&admin, "/content/documents/new").await;
        let fields = [("title", "Guide"), ("language", "en"), ("form_id", form_id.as_str())];
        let click = || admin.post("/content/documents", &fields);
        let (first, second, third) = futures_util::join!(click(), click(), click());
        assert_eq!([number(&first), number(&second), number(&third)], [1000; 3]);
        assert_eq!(admin.get("/content/documents").await.texts("tbody a.name").len(), 1);
    }

    async fn a_bad_form_comes_back_filled_in(app: TestApp) {
        let admin = app.admin().await;
        let fields = [("title", " \u{200b} "), ("language", "english"), ("body", "# Kept <b>"), ("template", "A4")];
        let answer = submit(&admin, "/content/documents/new", "/content/documents", &fields).await;
        assert_eq!(answer.status(), 422);
        assert!(answer.has("2 fields need another look."));
        assert_eq!(answer.texts("#f-body"), ["# Kept <b>"]);
        assert_eq!(answer.attributes("#f-template", "value"), ["A4"]);
        assert_eq!(answer.attributes("[aria-invalid]", "name"), ["title", "language"]);
        assert!(admin.get("/content/documents").await.has("No documents yet"));
    }

    async fn a_title_is_shown_as_it_was_typed(app: TestApp) {
        let admin = app.admin().await;
        let title = "<script>alert(1)</script> {{7*7}} '; drop table documents";
        add_document(&admin, title, "").await;
        for address in ["/content/documents", "/content/documents/1000", "/content/documents/1000/delete"] {
            let page = admin.get(address).await;
            assert!(!page.has("<script>alert"), "{address}");
            assert!(page.texts("bdi, h1").iter().any(|text| text == title), "{address}");
        }
    }

    async fn a_document_cannot_be_part_of_itself_or_too_deep(app: TestApp) {
        let admin = app.admin().await;
        let mut above = String::new();
        for level in 0..10 {
            above = add_document(&admin, &format!("Level {level}"), &above).await.to_string();
        }
        let deeper = [("title", "Too deep"), ("language", "en"), ("parent", above.as_str())];
        let refused = submit(&admin, "/content/documents/new", "/content/documents", &deeper).await;
        assert!(refused.texts("#f-parent-error")[0].contains("deeper than 10 levels"));
        let own = [("title", "Level 0"), ("language", "en"), ("parent", "1003")];
        let refused = submit(&admin, "/content/documents/1000/edit", "/content/documents/1000", &own).await;
        assert_eq!(refused.status(), 422);
        assert!(refused.texts("#f-parent-error")[0].contains("one of its own components"));
        let gone = [("title", "Level 0"), ("language", "en"), ("parent", "99")];
        let refused = submit(&admin, "/content/documents/1000/edit", "/content/documents/1000", &gone).await;
        assert!(refused.texts("#f-parent-error")[0].contains("does not exist any more"));
    }

    async fn what_hangs_on_a_document_keeps_it_and_is_named(app: TestApp) {
        let admin = app.admin().await;
        add_document(&admin, "Guide", "").await;
        add_document(&admin, "Part", "1000").await;
        let ask = admin.get("/content/documents/1000/delete").await;
        assert!(ask.has("1 document is part of it: move or delete them first."));
        assert_eq!(ask.attributes("button.danger", "disabled").len(), 1);
        assert_eq!(submit(&admin, "/content/documents/1000/delete", "/content/documents/1000/delete", &[]).await.status(), 409);
        let (form_id, _) = hidden(&admin, "/content/documents/1001/delete").await;
        for _ in 0..2 {
            let gone = admin.post("/content/documents/1001/delete", &[("form_id", &form_id)]).await;
            assert_eq!((gone.status(), gone.header("location")), (303, "/content/documents"));
        }
        assert_eq!(admin.post("/content/documents/1001/delete", &[]).await.status(), 404);
        assert_eq!(admin.get("/content/documents/1001").await.status(), 404);
        assert_eq!(app.audit_actions().await.iter().filter(|action| *action == "document.deleted").count(), 1);
    }

    async fn a_list_goes_on_without_doubling_or_losing_a_row(app: TestApp) {
        let admin = app.admin().await;
        for index in 0..30 {
            add_document(&admin, &format!("Document {index}"), "").await;
        }
        let first = admin.get("/content/documents").await;
        assert_eq!(first.texts("tbody a.name").len(), 25);
        add_document(&admin, "Just added", "").await;
        let older = first.attributes("a[rel=next]", "href").pop().unwrap();
        let second = admin.get(&older).await;
        assert_eq!(second.texts("tbody a.name"), ["Document 4", "Document 3", "Document 2", "Document 1", "Document 0"]);
        assert!(second.attributes("a[rel=next]", "href").is_empty());
        let newer = second.attributes("a[rel=prev]", "href").pop().unwrap();
        assert_eq!(admin.get(&newer).await.texts("tbody a.name"), first.texts("tbody a.name"));
    }

    async fn a_list_is_filtered_by_text_number_and_status(app: TestApp) {
        let admin = app.admin().await;
        add_document(&admin, "100 % cotton", "").await;
        add_document(&admin, "Pump", "").await;
        set_status(&admin, 1001, "released", true).await;
        let names = async |query: &str| admin.get(&format!("/content/documents?{query}")).await.texts("tbody a.name");
        assert_eq!(names("q=COTTON").await, ["100 % cotton"]);
        assert_eq!(names("q=%25").await, ["100 % cotton"], "a percent sign is only itself");
        assert_eq!(names("q=1001").await, ["Pump"]);
        assert_eq!(names("status=released").await, ["Pump"]);
        assert!(admin.get("/content/documents?q=nothing").await.has("Clear filters"));
        for bad in ["cursor=x", "cursor=b1e9", "status=gone", "limit=-1"] {
            assert_eq!(admin.get(&format!("/content/documents?{bad}")).await.status(), 400, "{bad}");
        }
        for number in ["99999999999999999999", "1%20or%201=1", "-1", "1000x"] {
            assert_eq!(admin.get(&format!("/content/documents/{number}")).await.status(), 404, "{number}");
        }
    }

    async fn a_dialog_that_a_script_asks_for_has_nothing_behind_it(app: TestApp) {
        let admin = app.admin().await;
        add_document(&admin, "Guide", "").await;
        let request = actix_web::test::TestRequest::get().uri("/content/documents/1000/status");
        let small = admin.send(request.insert_header(("sec-fetch-dest", "empty"))).await;
        assert_eq!((small.texts("dialog h2").len(), small.texts("tbody tr").len()), (1, 0));
        let whole = admin.get("/content/documents/1000/status").await;
        assert_eq!((whole.texts("dialog h2").len(), whole.texts("tbody tr").len()), (1, 1));
    }
}
