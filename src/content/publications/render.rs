//! The output: a zip of HTML pages, one for each document, the tree on the first. Pure.

use std::io::{Cursor, Write};

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html};
use zip::ZipWriter;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;

/// The largest file, before a publication is refused as too large.
pub(super) const LARGEST: usize = 32 * 1024 * 1024;

/// One document of the tree.
#[derive(Clone, Debug)]
pub(super) struct Leaf {
    pub(super) number: i64,
    pub(super) title: String,
    pub(super) language: String,
    /// 0 for the document that is published.
    pub(super) depth: usize,
}

impl Leaf {
    fn file(&self) -> String {
        if self.depth == 0 { "index.html".to_owned() } else { format!("{}.html", self.number) }
    }
}

/// Why there is no output.
#[derive(Debug)]
pub(super) enum RenderError {
    /// It would be larger than [`LARGEST`].
    TooLarge,
    /// The archive could not be written.
    Zip(ZipError),
}

impl From<ZipError> for RenderError {
    fn from(error: ZipError) -> Self {
        Self::Zip(error)
    }
}

impl From<std::io::Error> for RenderError {
    fn from(error: std::io::Error) -> Self {
        Self::Zip(error.into())
    }
}

/// An output that grows page by page.
pub(super) struct Book {
    title: String,
    leaves: Vec<Leaf>,
    archive: ZipWriter<Cursor<Vec<u8>>>,
    written: usize,
}

impl Book {
    /// An output of those documents, in the order of reading.
    pub(super) fn new(title: String, leaves: Vec<Leaf>) -> Self {
        Self { title, leaves, archive: ZipWriter::new(Cursor::new(Vec::new())), written: 0 }
    }

    /// Adds the page of the document at `place` in the order of reading.
    pub(super) fn add(&mut self, place: usize, body: &str) -> Result<(), RenderError> {
        let Some(leaf) = self.leaves.get(place) else { return Ok(()) };
        let page = self.page(leaf, place, body);
        self.written += page.len();
        if self.written > LARGEST {
            return Err(RenderError::TooLarge);
        }
        // The time of each file stays at the format's zero, so that equal documents give equal bytes.
        let options = SimpleFileOptions::default();
        self.archive.start_file(leaf.file(), options)?;
        self.archive.write_all(page.as_bytes())?;
        Ok(())
    }

    /// The finished file.
    pub(super) fn finish(self) -> Result<Vec<u8>, RenderError> {
        Ok(self.archive.finish()?.into_inner())
    }

    fn page(&self, leaf: &Leaf, place: usize, body: &str) -> String {
        let mut page = format!(
            "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{} · {}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n",
            escape(&leaf.language),
            escape(&leaf.title),
            escape(&self.title),
        );
        self.push_contents(&mut page, place);
        page.push_str("<main>\n");
        page.extend(["<h1>", &escape(&leaf.title), "</h1>\n"]);
        push_markdown(&mut page, body);
        page.push_str("</main>\n</body>\n</html>\n");
        page
    }

    /// The first page has the whole tree; the others the way up, and the pages before and after: a tree on every
    /// page would grow with the square of the documents.
    fn push_contents(&self, page: &mut String, place: usize) {
        page.push_str("<nav aria-label=\"Contents\">\n<ul>");
        if place == 0 {
            self.push_tree(page);
        } else {
            for above in self.way_to(place) {
                page.extend(["<li>", &link("", above), "</li>"]);
            }
            let before = place.checked_sub(1).and_then(|place| self.leaves.get(place));
            for (word, leaf) in [("Previous: ", before), ("Next: ", self.leaves.get(place + 1))] {
                if let Some(leaf) = leaf {
                    page.extend(["<li>", &link(word, leaf), "</li>"]);
                }
            }
        }
        page.push_str("</ul>\n</nav>\n");
    }

    fn push_tree(&self, page: &mut String) {
        let mut open = 0;
        for (index, leaf) in self.leaves.iter().enumerate() {
            if index > 0 {
                if leaf.depth > open {
                    page.push_str("<ul>");
                } else {
                    page.push_str("</li>");
                    page.push_str(&"</ul></li>".repeat(open - leaf.depth));
                }
            }
            open = leaf.depth;
            page.extend(["<li>", &link("", leaf)]);
        }
        page.push_str("</li>");
        page.push_str(&"</ul></li>".repeat(open));
    }

    /// The documents above one, from the top down.
    fn way_to(&self, place: usize) -> Vec<&Leaf> {
        let mut way: Vec<&Leaf> = Vec::new();
        let mut depth = self.leaves.get(place).map_or(0, |leaf| leaf.depth);
        for leaf in self.leaves.iter().take(place).rev() {
            if leaf.depth < depth {
                depth = leaf.depth;
                way.push(leaf);
            }
        }
        way.reverse();
        way
    }
}

fn link(word: &str, leaf: &Leaf) -> String {
    format!("<a href=\"{}\">{word}{}</a>", leaf.file(), escape(&leaf.title))
}

/// The pages stand alone: no script, no request to anywhere.
const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;\
    display:grid;grid-template-columns:minmax(12rem,1fr) 3fr;gap:2rem;color-scheme:light dark}\
    nav ul{padding-left:1rem;list-style:none}[aria-current]{font-weight:600}pre{overflow:auto}\
    table{border-collapse:collapse}td,th{border:1px solid;padding:.25rem .5rem}\
    @media(max-width:40rem){body{display:block}}";

/// Markdown as HTML; HTML inside it is shown as text, and links lead only where a reader expects them to.
fn push_markdown(page: &mut String, body: &str) {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    html::push_html(page, Parser::new_ext(body, options).map(tame));
}

fn tame(event: Event<'_>) -> Event<'_> {
    match event {
        Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
        Event::Start(Tag::HtmlBlock) => Event::Start(Tag::Paragraph),
        Event::End(TagEnd::HtmlBlock) => Event::End(TagEnd::Paragraph),
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            Event::Start(Tag::Link { link_type, dest_url: tame_address(dest_url), title, id })
        }
        Event::Start(Tag::Image { link_type, dest_url, title, id }) => {
            Event::Start(Tag::Image { link_type, dest_url: tame_address(dest_url), title, id })
        }
        other => other,
    }
}

/// Web, mail and places within the output; an address that a browser would run becomes none.
fn tame_address(address: CowStr<'_>) -> CowStr<'_> {
    let before_path = address.split(['/', '?', '#']).next().unwrap_or_default();
    let known = ["http", "https", "mailto"];
    match before_path.split_once(':') {
        Some((scheme, _)) if !known.iter().any(|known| scheme.eq_ignore_ascii_case(known)) => CowStr::Borrowed("#"),
        Some(_) | None => address,
    }
}

fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn leaf(number: i64, title: &str, depth: usize) -> Leaf {
        Leaf { number, title: title.to_owned(), language: "en".to_owned(), depth }
    }

    fn markdown(body: &str) -> String {
        let mut page = String::new();
        push_markdown(&mut page, body);
        page
    }

    fn page_of(archive: &[u8], name: &str) -> String {
        let mut archive = zip::ZipArchive::new(Cursor::new(archive)).unwrap();
        let mut page = String::new();
        archive.by_name(name).unwrap().read_to_string(&mut page).unwrap();
        page
    }

    #[test]
    fn every_document_is_a_page_and_the_first_has_the_whole_tree() {
        let leaves = vec![leaf(1000, "Guide", 0), leaf(1001, "A & B", 1), leaf(1002, "Deep", 2), leaf(1003, "Last", 1)];
        let mut book = Book::new("Guide".to_owned(), leaves);
        for (place, body) in ["# One", "Two", "Three", "Four"].iter().enumerate() {
            book.add(place, body).unwrap();
        }
        let file = book.finish().unwrap();
        let archive = zip::ZipArchive::new(Cursor::new(file.as_slice())).unwrap();
        let names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
        assert_eq!(names, ["index.html", "1001.html", "1002.html", "1003.html"]);
        assert!(page_of(&file, "index.html").contains(concat!(
            "<ul><li><a href=\"index.html\">Guide</a><ul><li><a href=\"1001.html\">A &amp; B</a>",
            "<ul><li><a href=\"1002.html\">Deep</a></li></ul></li><li><a href=\"1003.html\">Last</a></li></ul></li></ul>",
        )));
        let deep = page_of(&file, "1002.html");
        assert!(deep.contains("<h1>Deep</h1>\n<p>Three</p>"), "{deep}");
        assert!(deep.contains(concat!(
            "<ul><li><a href=\"index.html\">Guide</a></li><li><a href=\"1001.html\">A &amp; B</a></li>",
            "<li><a href=\"1001.html\">Previous: A &amp; B</a></li><li><a href=\"1003.html\">Next: Last</a></li></ul>",
        )));
    }

    #[test]
    fn the_largest_tree_fits() {
        let title = "A title of the longest kind ".repeat(7);
        let leaves: Vec<Leaf> = (0..=1000).map(|place| leaf(1000 + place, &title, usize::from(place > 0))).collect();
        let mut book = Book::new("Guide".to_owned(), leaves);
        for place in 0..=1000 {
            book.add(place, "Some text.").unwrap();
        }
        assert!(book.finish().is_ok());
    }

    #[test]
    fn html_in_a_body_is_text() {
        let page = markdown("<script>alert(1)</script>\n\na <b onclick=x>b</b> &amp; c");
        assert!(!page.contains("<script") && !page.contains("<b "), "{page}");
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{page}");
    }

    #[test]
    fn links_lead_to_the_web_to_mail_or_within() {
        for good in ["https://acme.example/a:b", "HTTP://acme.example", "mailto:a@b.example", "1001.html", "#x", "/a:b"]
        {
            assert_eq!(tame_address(CowStr::Borrowed(good)).as_ref(), good);
        }
        for bad in ["javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "java\tscript:x", "vbscript:x"] {
            assert_eq!(tame_address(CowStr::Borrowed(bad)).as_ref(), "#", "{bad}");
        }
        assert!(markdown("[x](javascript:alert(1))").contains("href=\"#\""));
        assert!(!markdown("<javascript:alert(1)>").contains("href=\"javascript"));
    }

    #[test]
    fn an_output_has_a_limit() {
        let mut book = Book::new("Big".to_owned(), vec![leaf(1000, "Big", 0); 40]);
        let body = "x".repeat(1024 * 1024);
        let refused = (0..40).map(|place| book.add(place, &body)).find_map(Result::err);
        assert!(matches!(refused, Some(RenderError::TooLarge | RenderError::Zip(_))));
    }
}
