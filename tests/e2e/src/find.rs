//! Where things are on a page, by the names that a person reads: pure `XPath` text.

/// What lies on top of a page, the topmost first: what stands in one of them is meant before what lies behind it.
pub const LAYERS: [&str; 2] = ["ancestor-or-self::*[@popover]", "ancestor-or-self::dialog[@open]"];

/// A link, button or folded heading with this name.
pub fn clickable(name: &str) -> String {
    let name = quoted(name);
    format!(
        "//*[self::a[@href] or self::button or self::summary or self::input[@type='submit']]\
         [normalize-space(.)={name} or @aria-label={name} or @value={name}]"
    )
}

/// The control that belongs to the label with this text; a hint inside the label, such as "optional", does not count. Or the one that is named so without a label.
pub fn field(label: &str) -> String {
    let quoted = quoted(label);
    let label = format!("//label[normalize-space(.)={quoted} or normalize-space(text()[1])={quoted}]");
    let control = "*[self::input[not(@type='hidden')] or self::select or self::textarea]";
    format!("//{control}[@id={label}/@for] | {label}//{control} | //{control}[@aria-label={quoted}]")
}

/// An option of the list with this label.
pub fn option(label: &str, option: &str) -> String {
    let inside = format!("//option[normalize-space(.)={}]", quoted(option));
    field(label).split(" | ").map(|list| format!("{list}{inside}")).collect::<Vec<_>>().join(" | ")
}

/// What can be unfolded and is called so; a count or a hint may follow.
pub fn folded(name: &str) -> String {
    format!("//details[not(@open)]/summary[starts-with(normalize-space(.), {})]", quoted(name))
}

/// The box that ticks the row in which this text stands.
pub fn tick(text: &str) -> String {
    format!("{}//input[@name='ids']", row(&[text]))
}

/// A part of the page with this id, in which all these texts stand.
pub fn part(id: &str, texts: &[&str]) -> String {
    let part = format!("//*[@id={}]", quoted(id));
    texts.iter().fold(part, |path, text| format!("{path}[contains(normalize-space(.), {})]", quoted(text)))
}

/// The avatar, whose name goes on with the person's.
pub const ACCOUNT_MENU: &str = "//button[contains(normalize-space(concat(@aria-label, .)), 'Account of')]";

/// What came of a test, in its dialog.
pub const TESTED: &str = "//*[@id='test-result']";

/// The verdict on a test, in its dialog.
pub const TEST_RESULT: &str = "//*[@id='test-result']//*[contains(@class, 'result-head')]";

/// The row of a table in which all these texts stand.
pub fn row(texts: &[&str]) -> String {
    texts
        .iter()
        .fold("//tbody/tr".to_owned(), |path, text| format!("{path}[contains(normalize-space(.), {})]", quoted(text)))
}

/// The link of the newest delivery in whose row all these texts stand.
pub fn delivery(texts: &[&str]) -> String {
    format!("({}//a[contains(@class, 'name')])[1]", row(texts))
}

/// The button that opens the dotted menu of the row in which something has exactly this text.
pub fn row_menu(text: &str) -> String {
    menu_in(&format!("//tbody/tr[.//*[normalize-space(.)={}]]", quoted(text)))
}

/// The button that opens the dotted menu in a row.
pub fn menu_in(row: &str) -> String {
    format!("{row}//button[@popovertarget]")
}

/// The innermost element in which this text stands.
pub fn text(text: &str) -> String {
    let text = quoted(text);
    format!("//body//*[contains(normalize-space(.), {text})][not(*[contains(normalize-space(.), {text})])]")
}

/// Text as an `XPath` literal, which has no escapes: pieces with and without a quotation mark are joined.
pub fn quoted(text: &str) -> String {
    if !text.contains('\'') {
        return format!("'{text}'");
    }
    let pieces: Vec<String> = text.split('\'').map(|piece| format!("'{piece}'")).collect();
    format!("concat({})", pieces.join(", \"'\", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_an_apostrophe_stays_one_literal() {
        assert_eq!(quoted("plain"), "'plain'");
        assert_eq!(quoted("it's"), "concat('it', \"'\", 's')");
    }
}
