//! The sample content of the demo.

use postrider::audit::Actor;
use postrider::content;

use super::events;
use crate::support::app::both;

both! {
    async fn the_sample_fills_every_page_and_raises_no_event(app: TestApp) {
        app.write(|tx| content::sample(tx, &Actor::command())).await;
        let admin = app.admin().await;
        let rows = async |noun: &str| admin.get(&format!("/content/{noun}")).await.attributes("tbody a.name", "href");
        let (documents, publications) = (rows("documents").await, rows("publications").await);
        let assignments = rows("assignments").await;
        assert_eq!((documents.len(), publications.len(), assignments.len()), (8, 2, 3));
        for page in documents.iter().chain(&publications).chain(&assignments) {
            assert_eq!(admin.get(page).await.status(), 200, "{page}");
        }
        let newest = admin.get(&assignments[0]).await;
        assert_eq!(newest.texts(".needs .badge"), ["approved", "rejected", "open"]);
        assert!(events(&app).await.is_empty());
    }
}
