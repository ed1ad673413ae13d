//! The accessibility checker axe-core, run in the open page.

use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};
use serde_json::{Value, json};

use crate::{browser::Browser, settings};

/// WCAG 2.2 at levels A and AA, and what is good practice besides.
const RUN: &str = "const [except, done] = arguments;
const known = (rule, node) => except.some(([of, place]) => of === rule && document.querySelector(node.target[0])?.matches(place));
axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa', 'best-practice']})
  .then(({violations}) => violations.map(one => ({...one, nodes: one.nodes.filter(node => !known(one.id, node))})))
  .then(violations => done(violations.filter(one => one.nodes.length)), error => done(String(error)));";

/// The checker's source, read once.
pub struct Axe(String);

impl Axe {
    /// Reads it from `AXE_JS`, or from where `tests/run` puts it.
    pub fn load() -> Result<Self> {
        let path = settings::path("AXE_JS")
            .unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("node_modules/axe-core/axe.min.js"));
        std::fs::read_to_string(&path)
            .map(Self)
            .with_context(|| format!("axe-core is not at {}: run `npm ci --prefix tests/e2e`", path.display()))
    }

    /// The faults of the open page, a line each: rule, what it wants, where it fails.
    pub async fn faults(&self, browser: &Browser) -> Result<Vec<String>> {
        self.faults_but(browser, &[]).await
    }

    /// The same without what is known and not ours: a rule, and the selector of what may break it.
    pub async fn faults_but(&self, browser: &Browser, known: &[(&str, &str)]) -> Result<Vec<String>> {
        let driver = browser.driver();
        let loaded = driver.execute("return typeof axe === 'object'", vec![]).await?;
        if loaded.json() != &Value::Bool(true) {
            driver.execute(self.0.as_str(), vec![]).await.context("axe-core did not load")?;
        }
        let answer = driver.execute_async(RUN, vec![json!(known)]).await.context("axe-core did not run")?;
        let violations = answer.json().as_array().ok_or_else(|| anyhow!("axe-core failed: {}", answer.json()))?;
        Ok(violations.iter().map(line).collect())
    }
}

fn line(violation: &Value) -> String {
    let places: Vec<String> = violation["nodes"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|node| {
            format!("{} {}", node["target"], node["failureSummary"].as_str().unwrap_or_default().replace('\n', " "))
        })
        .collect();
    format!(
        "{} ({}): {}",
        violation["id"].as_str().unwrap_or_default(),
        violation["help"].as_str().unwrap_or_default(),
        places.join(" | ")
    )
}
