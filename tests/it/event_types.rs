//! Available webhook events: the catalogue on its pages, in the dialog by group, in filters, and by the API.

mod api;
mod declared;
mod public;

use postrider::api_keys::Scope;
use postrider::event_types::{BUILT_IN, EventType};

use crate::support::app::both;

/// The most bytes of a page.
const LARGEST_PAGE: usize = 100 * 1024;

both! {
    async fn every_type_is_listed_under_its_group_and_found_by_a_word(app: TestApp) {
        let admin = app.admin().await;
        let list = admin.get("/event-types").await;
        assert!(list.has("35 events") && list.text().len() < LARGEST_PAGE);
        for kind in BUILT_IN.iter() {
            assert!(list.has(&format!("/event-types/{}", kind.name)), "{}", kind.name);
        }
        let found = admin.get("/event-types?q=INVOICE").await;
        assert_eq!(found.texts("dt a"), ["Invoice Status Change"]);
        let of_group: Vec<&str> =
            BUILT_IN.iter().filter(|kind| kind.group == "Contract").map(|kind| &*kind.label).collect();
        assert!(of_group.contains(&"Proposal Action"), "found by the name of its group alone");
        assert_eq!(admin.get("/event-types?q=%20contract").await.texts("dt a"), of_group);
        let nothing = admin.get("/event-types?q=%3Cb%3Enothing").await;
        assert!(nothing.texts(".empty h2")[0].contains("<b>nothing"));
    }

    async fn each_type_has_a_page_with_its_bodies_fields_and_schema(app: TestApp) {
        let admin = app.admin().await;
        for kind in BUILT_IN.iter() {
            let page = admin.get(&format!("/event-types/{}", kind.name)).await;
            assert_eq!(page.status(), 200, "{}", kind.name);
            assert!(page.text().len() < LARGEST_PAGE && page.has(&kind.code) && page.has("json-schema.org"));
            assert!(page.texts("#body-notification")[0].contains(&*kind.code), "{}", kind.name);
            assert!(page.texts("#curl")[0].contains(&*kind.example), "{}", kind.name);
        }
        let disabled = admin.get("/event-types/webhook.disabled").await;
        assert!(disabled.texts("tbody th.level-1 .under").contains(&"/webhook/code".to_owned()));
        assert_eq!(admin.get("/event-types/no.such").await.status(), 404);
    }

    async fn the_dialog_and_the_filters_have_every_type_by_group(app: TestApp) {
        let admin = app.admin().await;
        let dialog = admin.get("/settings/webhooks/new").await;
        let values: Vec<String> = dialog.attributes("input[name=events]", "value");
        assert_eq!(values, BUILT_IN.iter().map(|kind| kind.name.clone()).collect::<Vec<_>>());
        assert_eq!(dialog.texts(".check-group[open] summary").len(), 1);
        let back = admin.post("/settings/webhooks", &[("events", "note.updated")]).await;
        assert_eq!((back.status(), back.texts(".check-group[open] summary").len()), (422, 2));
        for page in ["/deliveries?type=note.updated", "/events?type=note.updated"] {
            assert!(admin.get(page).await.attributes("optgroup", "label").contains(&"Note".to_owned()), "{page}");
        }
        let gone = admin.get("/events?type=order.placed").await;
        assert!(gone.attributes("optgroup", "label").contains(&"No longer here".to_owned()));
    }

    async fn every_type_can_be_posted(app: TestApp) {
        let program = app.api_key(&[Scope::EventsWrite]).await;
        let event = |kind: &EventType| format!(r#"{{"type":"{}","data":{}}}"#, kind.name, kind.example);
        let all = format!("[{}]", BUILT_IN.iter().map(|kind| event(kind)).collect::<Vec<_>>().join(","));
        let answer = program.post("/api/v1/events", &all).await;
        assert_eq!(answer.status(), 202, "{}", answer.text());
    }
}
