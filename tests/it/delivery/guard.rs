//! Every row of the address cases is judged again at every send.

use diesel::prelude::*;
use postrider::schema::{attempts, webhooks};

use super::*;
use crate::support::app::both;

const VECTORS: &str = include_str!("../../data/egress-vectors.tsv");

/// The rows with the bytes that the file names in braces.
fn vectors() -> impl Iterator<Item = (&'static str, String)> {
    VECTORS.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(|line| {
        let (verdict, url) = line.split_once('\t').expect("a verdict, a tab, a URL");
        let url = [("{TAB}", "\t".to_owned()), ("{CR}", "\r".to_owned()), ("{LF}", "\n".to_owned())]
            .into_iter()
            .chain([("{LONG}", "a".repeat(2_100)), ("{L64}", "a".repeat(64))])
            .fold(url.to_owned(), |url, (name, bytes)| url.replace(name, &bytes));
        (verdict, url)
    })
}

both! {
    async fn every_refused_address_is_refused_at_the_send_too(app: TestApp) {
        let receiver = answering(200).await;
        app.add_webhook(&receiver.url("/"), &[("retry", "quick")]).await;
        let mut refused = 0;
        for (verdict, url) in vectors().filter(|(verdict, url)| {
            // No database keeps a NUL in a text, so no such address can be stored.
            verdict.starts_with("deny") && !url.contains("{NUL}")
        }) {
            let stored = url.clone();
            // As if it had been saved before the rules were what they are.
            app.write(move |tx| {
                diesel::update(webhooks::table).set(webhooks::url.eq(stored)).execute(&mut **tx)?;
                postrider::credentials::touch(tx)
            })
            .await;
            app.publish(DATA).await;
            app.drain().await;
            let (outcome, next): (Outcome, Option<postrider::clock::Time>) = app
                .read(|conn| {
                    let last = attempts::table.order(attempts::delivery_id.desc());
                    Ok(last.select((attempts::outcome, attempts::next_due_at)).first(conn)?)
                })
                .await;
            assert_eq!(outcome, Outcome::Blocked, "{verdict} {url}");
            assert!(next.unwrap().since(app.clock.now()) >= seconds(300), "not again for five minutes: {url}");
            refused += 1;
        }
        assert!(refused > 60, "{refused} rows");
        assert_eq!(receiver.requests().len(), 0);
    }
}
