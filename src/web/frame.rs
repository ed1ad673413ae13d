//! What every page has around its content: title, navigation, the person signed in, messages.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Site;

/// The addresses of the files under `static/`, with the hash of their content in the name.
pub struct Assets(BTreeMap<&'static str, String>);

impl Assets {
    /// Names each file and its address.
    pub fn new(paths: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        Self(paths.into_iter().collect())
    }

    /// The file that is served at this address.
    pub(crate) fn named(&self, address: &str) -> Option<&'static str> {
        self.0.iter().find(|(_, path)| *path == address).map(|(name, _)| *name)
    }

    fn path<'a>(&'a self, name: &'a str) -> &'a str {
        self.0.get(name).map_or(name, String::as_str)
    }
}

/// The colours a person chose; `Auto` follows the system.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Theme {
    Auto,
    Light,
    Dark,
}

impl Theme {
    /// The theme of this name; what is no theme follows the system.
    pub(crate) fn parse(name: &str) -> Self {
        match name {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::Auto,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// Where a page stands in the navigation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Overview,
    Deliveries,
    Events,
    Documents,
    Publications,
    Assignments,
    Integrations,
    Webhooks,
    Credentials,
    ApiKeys,
    Audit,
    Account,
    /// No entry is marked: sign-in, errors.
    Elsewhere,
}

/// One entry of the rail or of a tab bar.
pub(crate) struct Entry {
    pub(crate) label: &'static str,
    pub(crate) icon: &'static str,
    pub(crate) href: &'static str,
    pub(crate) current: bool,
}

/// One step of the way back, shown above the heading.
pub(crate) struct Crumb {
    pub(crate) label: String,
    pub(crate) href: String,
}

/// The person who is signed in.
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) initials: String,
}

/// A message about what was just done, shown once.
pub(crate) struct Flash {
    pub(crate) ok: bool,
    pub(crate) text: String,
}

/// What `base.html` needs; every page struct has one as its field `frame`.
pub(crate) struct Frame {
    /// The heading, and the browser's title before " · Postrider".
    pub(crate) title: String,
    /// "12 webhooks, 1 disabled"; empty for none.
    pub(crate) count: String,
    pub(crate) crumbs: Vec<Crumb>,
    pub(crate) place: Place,
    /// Nobody: the page stands alone, without the rail.
    pub(crate) person: Option<Person>,
    /// Where there is nobody: a page to read, as wide as any other, and not a card.
    pub(crate) open: bool,
    pub(crate) theme: Theme,
    pub(crate) flashes: Vec<Flash>,
    /// Signed in over plain HTTP on a host that is not loopback.
    pub(crate) insecure: bool,
    pub(crate) assets: Arc<Assets>,
}

impl Frame {
    /// The frame for nobody in particular: sign-in, set-up, errors.
    pub(crate) fn outside(title: &str, assets: &Arc<Assets>, site: &Site) -> Self {
        Self {
            title: title.to_owned(),
            count: String::new(),
            crumbs: Vec::new(),
            place: Place::Elsewhere,
            person: None,
            open: false,
            theme: Theme::Auto,
            flashes: Vec::new(),
            insecure: site.is_insecure(),
            assets: Arc::clone(assets),
        }
    }

    /// The frame for whoever reads a page that is public.
    pub(crate) fn open(title: &str, assets: &Arc<Assets>, site: &Site) -> Self {
        Self { open: true, ..Self::outside(title, assets, site) }
    }

    /// The address of a file under `static/`.
    pub(crate) fn asset<'a>(&'a self, name: &'a str) -> &'a str {
        self.assets.path(name)
    }

    /// The colours to choose from: value, label, chosen.
    pub(crate) fn themes(&self) -> [(&'static str, &'static str, bool); 3] {
        [(Theme::Auto, "Auto"), (Theme::Light, "Light"), (Theme::Dark, "Dark")]
            .map(|(theme, label)| (theme.name(), label, theme == self.theme))
    }

    /// The rail on the left.
    pub(crate) fn rail(&self) -> [Entry; 5] {
        let at = |places: &[Place]| places.contains(&self.place);
        let settings = [Place::Integrations, Place::Webhooks, Place::Credentials, Place::ApiKeys, Place::Audit];
        [
            entry("Overview", "home", "/", at(&[Place::Overview])),
            entry("Deliveries", "send", "/deliveries", at(&[Place::Deliveries])),
            entry("Events", "spark", "/events", at(&[Place::Events])),
            entry(
                "Content",
                "document",
                "/content/documents",
                at(&[Place::Documents, Place::Publications, Place::Assignments]),
            ),
            entry("Settings", "settings", "/settings", at(&settings)),
        ]
    }

    /// The tabs of the section at the top of the page.
    pub(crate) fn tabs(&self) -> Vec<Entry> {
        let to = |label, icon, href, place| entry(label, icon, href, self.place == place);
        match self.place {
            Place::Documents | Place::Publications | Place::Assignments => vec![
                to("Documents", "document", "/content/documents", Place::Documents),
                to("Publications", "archive", "/content/publications", Place::Publications),
                to("Assignments", "users", "/content/assignments", Place::Assignments),
            ],
            Place::Integrations | Place::Webhooks | Place::Credentials | Place::ApiKeys | Place::Audit => vec![
                entry("Integrations and webhooks", "webhook", "/settings/webhooks", self.place != Place::Audit),
                to("Audit", "list", "/settings/audit", Place::Audit),
            ],
            Place::Overview | Place::Deliveries | Place::Events | Place::Account | Place::Elsewhere => Vec::new(),
        }
    }

    /// The tabs below the heading.
    pub(crate) fn subtabs(&self) -> Vec<Entry> {
        let to = |label, icon, href, place| entry(label, icon, href, self.place == place);
        match self.place {
            Place::Integrations | Place::Webhooks | Place::Credentials | Place::ApiKeys => vec![
                to("Integrations", "plug", "/settings/integrations", Place::Integrations),
                to("Webhooks", "webhook", "/settings/webhooks", Place::Webhooks),
                to("Credentials", "lock", "/settings/credentials", Place::Credentials),
                to("API keys", "key", "/settings/api-keys", Place::ApiKeys),
            ],
            Place::Overview
            | Place::Deliveries
            | Place::Events
            | Place::Documents
            | Place::Publications
            | Place::Assignments
            | Place::Audit
            | Place::Account
            | Place::Elsewhere => Vec::new(),
        }
    }
}

fn entry(label: &'static str, icon: &'static str, href: &'static str, current: bool) -> Entry {
    Entry { label, icon, href, current }
}
