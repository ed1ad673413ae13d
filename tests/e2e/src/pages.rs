//! Which pages there are: found by following the links, and held against the program's own list of routes.

use std::collections::{BTreeMap, VecDeque};

use anyhow::{Result, ensure};

use crate::{
    browser::Browser,
    portal::{self, Portal},
};

/// Files, which are fetched and not looked at.
const FILES: [&str; 6] = ["/answer", "/body", ".csv", ".json", ".ndjson", ".zip"];
/// So many addresses of one route are read for their links, and the first so many are looked at.
const READ: usize = 40;
const LOOKED_AT: usize = 2;

/// What a page shows when there is nothing to show, and where it is refused.
const STATES: [&str; 3] = ["/settings/webhooks?q=no-such-webhook", "/deliveries?q=no-such-delivery", "/no-such-page"];

/// The links of a page that was fetched without being opened; an answer other than 200 is a fault.
const LINKS: &str = "const done = arguments[arguments.length - 1];
fetch(arguments[0]).then(async answer => {
  if (answer.status !== 200) return done(['answered ' + answer.status]);
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  done(['', new URL(answer.url).pathname, ...[...page.querySelectorAll('a[href^=\"/\"]')].map(link => link.getAttribute('href'))]);
}, error => done([String(error)]));";

/// A page to look at.
pub struct Page {
    /// The same in every run, whatever ids there are: for file names.
    pub name: String,
    /// Its path, and its query where it has one.
    pub address: String,
}

/// Addresses of each page that a signed-in administrator can reach, and the states above.
///
/// Fails where a link is broken, or where a page of the program is reached by no link.
pub async fn all(browser: &Browser, portal: &Portal) -> Result<Vec<Page>> {
    let mut routes = portal::page_routes()?;
    routes.retain(|route| !is_file(route));
    let mut known: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut waiting = VecDeque::from(["/".to_owned()]);
    while let Some(address) = waiting.pop_front() {
        let path = address.split(['?', '#']).next().unwrap_or_default();
        if is_file(path) {
            continue;
        }
        let Some(route) = routes.iter().filter(|route| fits(route, path)).max_by_key(|route| fixed(route)) else {
            continue;
        };
        let paths = known.entry(route).or_default();
        if paths.len() == READ || paths.iter().any(|read| read == path) {
            continue;
        }
        paths.push(path.to_owned());
        let found = links(browser, &format!("{}{path}", portal.url)).await?;
        ensure!(found[0].is_empty(), "the link to {path} is broken: it {}", found[0]);
        waiting.extend(found.into_iter().skip(1));
    }
    let missed: Vec<&String> = routes.iter().filter(|route| !known.contains_key(route.as_str())).collect();
    ensure!(missed.is_empty(), "no link leads to these pages: {missed:?}");
    let mut pages = Vec::new();
    for (route, paths) in known {
        let numbered = paths.into_iter().take(LOOKED_AT).zip(1..);
        pages.extend(numbered.map(|(address, number)| Page {
            name: slug(&format!("{} {number}", if route == "/" { "overview" } else { route })),
            address,
        }));
    }
    pages.extend(STATES.map(|address| Page { name: slug(address), address: address.to_owned() }));
    Ok(pages)
}

fn slug(text: &str) -> String {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

async fn links(browser: &Browser, address: &str) -> Result<Vec<String>> {
    let answer = browser.driver().execute_async(LINKS, vec![address.into()]).await?;
    Ok(answer.json().as_array().into_iter().flatten().filter_map(|link| link.as_str().map(str::to_owned)).collect())
}

fn is_file(path: &str) -> bool {
    FILES.iter().any(|ending| path.ends_with(ending))
}

/// Whether a path is one of a route, whose variable parts stand in braces.
fn fits(route: &str, path: &str) -> bool {
    let (parts, given) = (route.split('/'), path.split('/'));
    parts.clone().count() == given.clone().count()
        && parts.zip(given).all(|(part, given)| part.starts_with('{') || part == given)
}

/// The fixed part is the closer fit: `/webhooks/new` before `/webhooks/{id}`.
fn fixed(route: &str) -> usize {
    route.split('/').filter(|part| !part.starts_with('{')).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_fits_its_route_and_no_longer_one() {
        assert!(fits("/settings/webhooks/{id}/edit", "/settings/webhooks/whk_1/edit"));
        assert!(!fits("/settings/webhooks/{id}", "/settings/webhooks/whk_1/edit"));
        assert!(fixed("/settings/webhooks/new") > fixed("/settings/webhooks/{id}"));
    }
}
