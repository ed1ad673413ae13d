//! What the browser complained about and whom it asked, read from its own logs.

use anyhow::Result;
use serde_json::Value;

use crate::browser::Browser;

/// Console errors, refusals by the content policy and requests to another host since the last call.
///
/// A page that is meant to answer 4xx is logged by Chromium as a load error; that alone is no complaint.
pub async fn complaints(browser: &Browser, portal: &str) -> Result<Vec<String>> {
    let driver = browser.driver();
    let mut complaints: Vec<String> = driver
        .browser_log()
        .await?
        .into_iter()
        .filter(|entry| entry.level == "SEVERE" && !is_refused_page(&entry.message))
        .map(|entry| format!("console: {}", entry.message))
        .collect();
    for entry in driver.get_log("performance").await? {
        if let Some(url) = requested(&entry.message).filter(|url| is_foreign(url, portal)) {
            complaints.push(format!("request to another host: {url}"));
        }
    }
    Ok(complaints)
}

fn is_refused_page(message: &str) -> bool {
    message.contains("the server responded with a status of 4")
}

fn requested(message: &str) -> Option<String> {
    let entry: Value = serde_json::from_str(message).ok()?;
    let event = &entry["message"];
    (event["method"] == "Network.requestWillBeSent")
        .then(|| event["params"]["request"]["url"].as_str().map(str::to_owned))?
}

fn is_foreign(url: &str, portal: &str) -> bool {
    let own = url.strip_prefix(portal).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']));
    !own && ["http:", "https:", "ws:", "wss:"].iter().any(|scheme| url.starts_with(scheme))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_port_or_a_longer_port_is_another_host() {
        let portal = "http://127.0.0.1:8080";
        assert!(!is_foreign("http://127.0.0.1:8080/deliveries", portal));
        assert!(!is_foreign("data:,", portal));
        assert!(!is_foreign("chrome://new-tab-page/", portal));
        assert!(is_foreign("http://127.0.0.1:8081/", portal));
        assert!(is_foreign("http://127.0.0.1:80801/", portal));
    }
}
