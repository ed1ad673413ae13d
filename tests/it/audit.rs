//! The audit page and its words, and that the chain shows whatever was done to it.

use diesel::connection::SimpleConnection;
use postrider::audit::words::sentence;
use postrider::audit::{ChainFault, verify};
use postrider::web::Audited;

use crate::support::app::{TestApp, both};

/// Some rows to tamper with, with the triggers that forbid it gone.
async fn open_trail(app: &TestApp) {
    let admin = app.admin().await;
    for theme in ["dark", "light", "auto", "dark"] {
        admin.post("/account/theme", &[("theme", theme)]).await;
    }
    let sqlite = app.app.db.is_sqlite();
    app.write(move |tx| {
        let drop = if sqlite {
            "drop trigger audit_keep_update; drop trigger audit_keep_delete;"
        } else {
            "alter table audit disable trigger all;"
        };
        Ok(tx.batch_execute(drop)?)
    })
    .await;
}

async fn fault_after(app: &TestApp, statement: &'static str) -> Option<ChainFault> {
    app.sql(statement).await;
    app.read(|conn| Ok(verify(conn)?.err())).await
}

#[test]
fn every_action_that_a_route_declares_has_words() {
    for route in postrider::app::routes() {
        if let Audited::Writes(actions) = route.audited {
            for action in actions.split_whitespace() {
                assert!(sentence(action).is_some(), "{action} of {} has no words", route.path);
            }
        }
    }
}

both! {
    async fn a_changed_row_is_found(app: TestApp) {
        open_trail(&app).await;
        let fault = fault_after(&app, "update audit set actor_name = 'Nobody' where seq = 3").await;
        assert_eq!(fault, Some(ChainFault::Changed(3)));
    }

    async fn a_removed_row_is_found(app: TestApp) {
        open_trail(&app).await;
        assert_eq!(fault_after(&app, "delete from audit where seq = 3").await, Some(ChainFault::Missing(4)));
    }

    async fn the_last_row_cannot_be_cut_off(app: TestApp) {
        open_trail(&app).await;
        let fault = fault_after(&app, "delete from audit where seq = (select max(seq) from audit)").await;
        assert_eq!(fault, Some(ChainFault::CutOff));
    }

    async fn reordered_rows_are_found(app: TestApp) {
        open_trail(&app).await;
        let swap = "update audit set seq = -3 where seq = 3; update audit set seq = 3 where seq = 4; update audit set seq = 4 where seq = -3";
        assert!(matches!(fault_after(&app, swap).await, Some(ChainFault::Changed(_) | ChainFault::Missing(_))));
    }

    async fn changes_are_told_field_by_field_and_secrets_as_changed(app: TestApp) {
        let admin = app.admin().await;
        let id = app.add_webhook("https://ci.example.com/", &[("name", "Before"), ("auth", "oauth"), ("token", "hush-audit-1")]).await;
        let form = [("name", "<b>After</b>"), ("url", "https://ci.example.com/"), ("auth", "oauth"), ("token", "hush-audit-2"),
            ("events", "document.released"), ("active", "on"), ("version", "1")];
        assert_eq!(admin.post(&format!("/settings/webhooks/{id}"), &form).await.status(), 303);
        let page = admin.get(&format!("/settings/audit?object={id}")).await;
        assert_eq!(page.texts("tbody th").len(), 2);
        let diff = page.texts("tbody tr:first-child .diff div");
        let joined = diff.join(" | ");
        assert!(joined.contains("Before") && joined.contains("<b>After</b>") && joined.contains("changed"), "{joined}");
        assert!(!page.has("hush-audit") && page.texts("tbody th")[0].contains("Ada Admin"));
        assert_eq!(admin.get("/settings/audit?action=webhook.changed").await.texts("tbody th").len(), 1);
        assert_eq!(admin.get("/settings/audit?actor=Nobody").await.texts("tbody th").len(), 0);
        let of_kind = admin.get("/settings/audit?kind=webhook").await;
        assert_eq!(of_kind.texts("tbody th").len(), 2);
        assert_eq!(of_kind.attributes("#kind option[selected]", "value"), ["webhook"]);
        assert_eq!(admin.get("/settings/audit?kind=webhook&action=webhook.changed").await.texts("tbody th").len(), 1);
        assert_eq!(admin.get("/settings/audit?kind=api_key").await.texts("tbody th").len(), 0);
        assert_eq!(admin.get(&format!("/settings/audit?kind=document&object={id}")).await.texts("tbody th").len(), 0);
        for wrong in ["cursor=x", "from=never", "cursor=o-1"] {
            assert_eq!(admin.get(&format!("/settings/audit?{wrong}")).await.status(), 400, "{wrong}");
        }
    }

    async fn the_trail_is_read_page_by_page(app: TestApp) {
        let admin = app.admin().await;
        for number in 0..60 {
            admin.post("/account", &[("name", &format!("Ada {number}"))]).await;
        }
        let pages = admin.walk("/settings/audit", async || ()).await;
        let seen: usize = pages.iter().map(|page| page.texts("tbody th").len()).sum();
        assert_eq!(seen, app.audit_actions().await.len());
    }
}
