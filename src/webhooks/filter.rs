//! Which events of the ticked types a webhook wants: rows of rules on their data, and names that belong to a kind of
//! event (a workflow, a survey, a group).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::form::{FieldErrors, WebhookForm};
use crate::events::Event;
use crate::filters::{Document, Filters, LONGEST_VALUE, Mode, Rule, Written};
use crate::text;

crate::word_enum! {
    /// A filter with a field of its own, for one kind of event.
    Named {
        /// The workflow of a task.
        Workflow = "workflow",
        /// The survey.
        Survey = "survey",
        /// The group that a survey was sent to.
        Group = "group",
    }
}

impl Named {
    /// As the dialog calls it.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Workflow => "Workflow",
            Self::Survey => "Survey",
            Self::Group => "Group",
        }
    }

    /// The beginning of the event types that it is about.
    fn kind(self) -> &'static str {
        match self {
            Self::Workflow => "task.",
            Self::Survey | Self::Group => "survey.",
        }
    }

    /// Where the events' data has it.
    fn path(self) -> &'static str {
        match self {
            Self::Workflow => "workflow",
            Self::Survey => "survey",
            Self::Group => "group",
        }
    }

    pub(super) fn typed(self, form: &WebhookForm) -> &str {
        match self {
            Self::Workflow => &form.workflow,
            Self::Survey => &form.survey,
            Self::Group => &form.group,
        }
    }
}

impl<'de> Deserialize<'de> for Named {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::parse(&word).ok_or_else(|| serde::de::Error::custom("no such filter"))
    }
}

/// The filter that let an event fail; its word or number is what is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Missed {
    /// The row of this number, from 1.
    Row(u8),
    /// The field of this name.
    Named(Named),
}

/// The filters of a webhook.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WebhookFilters {
    pub(crate) rows: Filters,
    /// What is wanted of each kind that was narrowed down.
    pub(crate) named: Vec<(Named, Rule)>,
}

/// The same as it is stored.
#[derive(Serialize, Deserialize)]
struct Stored {
    mode: String,
    rules: Vec<Written>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    named: Vec<(Named, String)>,
}

impl WebhookFilters {
    /// True when nothing is filtered.
    pub fn is_empty(&self) -> bool {
        self.rows.rules().is_empty() && self.named.is_empty()
    }

    /// The first filter that an event of this type does not pass: names before rows. Nothing is read for a webhook
    /// without filters.
    pub fn first_missed(&self, type_name: &str, data: &Document<'_>) -> Option<Missed> {
        let named = self.named.iter().filter(|(named, _)| type_name.starts_with(named.kind()));
        let missed = named.into_iter().find(|(_, rule)| !rule.holds(data));
        missed.map(|(named, _)| Missed::Named(*named)).or_else(|| self.rows.first_false(data).map(Missed::Row))
    }

    /// Why an event failed: `filter 2 false: status is draft, wanted released`. None where that filter is no more.
    pub fn story(&self, missed: Missed, data: &Document<'_>) -> Option<String> {
        match missed {
            Missed::Row(number) => {
                let miss = self.rows.rule(number)?.miss(data);
                Some(match (self.rows.mode(), self.rows.rules().len()) {
                    (Mode::Any, many @ 2..) => format!("none of {many} filters true; the first: {miss}"),
                    (Mode::All | Mode::Any, _) => format!("filter {number} false: {miss}"),
                })
            }
            Missed::Named(named) => {
                let (_, rule) = self.named.iter().find(|(one, _)| *one == named)?;
                let miss = rule.miss(data);
                Some(format!("filter {} false: {miss}", named.label()))
            }
        }
    }

    /// What is wanted of that kind; empty for anything.
    pub fn wanted(&self, named: Named) -> &str {
        self.named.iter().find(|(one, _)| *one == named).map_or("", |(_, rule)| rule.value())
    }

    /// Each filter in a line: `status equals released`, `Workflow equals 7`.
    pub(crate) fn lines(&self) -> Vec<String> {
        let named = self.named.iter().map(|(named, rule)| format!("{} equals {}", named.label(), rule.value()));
        let row = |rule: &Rule| format!("{} {} {}", rule.path(), rule.operator().label(), rule.value());
        named.chain(self.rows.rules().iter().map(|rule| row(rule).trim_end().to_owned())).collect()
    }

    /// As the audit trail tells them; null for none.
    pub(super) fn told(&self) -> serde_json::Value {
        match (self.lines(), self.rows.mode()) {
            (lines, _) if lines.is_empty() => serde_json::Value::Null,
            (lines, Mode::Any) if lines.len() > 1 => format!("any of: {}", lines.join("; ")).into(),
            (lines, Mode::All | Mode::Any) => lines.join("; ").into(),
        }
    }

    /// As the table keeps it; none for no filters.
    pub(super) fn to_stored(&self) -> anyhow::Result<Option<String>> {
        if self.is_empty() {
            return Ok(None);
        }
        let stored = Stored {
            mode: self.rows.mode().to_string(),
            rules: self.rows.rules().iter().map(Rule::written).collect(),
            named: self.named.iter().map(|(named, rule)| (*named, rule.value().to_owned())).collect(),
        };
        Ok(Some(serde_json::to_string(&stored)?))
    }

    /// Reads what [`WebhookFilters::to_stored`] wrote.
    pub(super) fn from_stored(text: Option<&str>) -> anyhow::Result<Self> {
        let Some(text) = text else { return Ok(Self::default()) };
        let stored: Stored = serde_json::from_str(text)?;
        let mode = Mode::parse(&stored.mode).ok_or_else(|| anyhow::anyhow!("{} is no mode", stored.mode))?;
        let rows = Filters::parse(mode, &stored.rules).map_err(anyhow::Error::msg)?;
        let named = stored.named.into_iter().map(|(named, wanted)| (named, Rule::equals(named.path(), &wanted)));
        Ok(Self { rows, named: named.collect() })
    }
}

/// The rows of a form, with the words of each; those of which nothing but the operator is there are left out.
pub(super) fn rows(form: &WebhookForm) -> Vec<Written> {
    let part = |all: &[String], place: usize| all.get(place).map(|text| text.trim().to_owned()).unwrap_or_default();
    let longest = form.filter_path.len().max(form.filter_value.len());
    let row = |place| Written {
        path: part(&form.filter_path, place),
        operator: part(&form.filter_operator, place),
        value: form.filter_value.get(place).cloned().unwrap_or_default(),
    };
    let is_asked = |row: &Written| !row.path.is_empty() || !row.value.trim().is_empty() || row.operator == "exists";
    (0..longest).map(row).filter(is_asked).collect()
}

/// A form with these rows.
pub(super) fn with_rows(form: WebhookForm, mode: String, rules: Vec<Written>) -> WebhookForm {
    let mut form = WebhookForm { filter_mode: mode, ..form };
    for rule in rules {
        form.filter_path.push(rule.path);
        form.filter_operator.push(rule.operator);
        form.filter_value.push(rule.value);
    }
    form
}

/// Fills the fields of a form.
pub(super) fn fill(form: &mut WebhookForm, filters: &WebhookFilters) {
    let rules = filters.rows.rules();
    form.filter_mode = filters.rows.mode().to_string();
    form.filter_path = rules.iter().map(|rule| rule.path().to_owned()).collect();
    form.filter_operator = rules.iter().map(|rule| rule.operator().to_string()).collect();
    form.filter_value = rules.iter().map(|rule| rule.value().to_owned()).collect();
    for named in Named::ALL {
        let wanted = filters.wanted(*named).to_owned();
        match named {
            Named::Workflow => form.workflow = wanted,
            Named::Survey => form.survey = wanted,
            Named::Group => form.group = wanted,
        }
    }
}

/// Reads the filters of a form.
pub(super) fn parse(form: &WebhookForm, errors: &mut FieldErrors) -> Option<WebhookFilters> {
    let before = errors.count();
    let mode = Mode::parse(&form.filter_mode);
    if mode.is_none() {
        errors.add("filter_mode", "Choose whether all filters must hold, or any.");
    }
    let rows = Filters::parse(mode.unwrap_or(Mode::All), &rows(form));
    let rows = rows.map_err(|sentence| errors.add("filters", sentence)).ok();
    let mut wanted = Vec::new();
    for named in Named::ALL {
        let typed = named.typed(form).trim();
        if typed.is_empty() {
            continue;
        }
        match text::line(typed, LONGEST_VALUE) {
            Ok(line) => wanted.push((*named, Rule::equals(named.path(), &line))),
            Err(fault) => errors.add(named.as_str(), fault.sentence("it", LONGEST_VALUE)),
        }
    }
    rows.filter(|_| errors.count() == before).map(|rows| WebhookFilters { rows, named: wanted })
}

/// The filters of a form in a line; as typed where they cannot be read.
pub(super) fn lines_of(form: &WebhookForm) -> String {
    match parse(form, &mut FieldErrors::default()) {
        Some(filters) => filters.told().as_str().unwrap_or("none").to_owned(),
        None => rows(form)
            .iter()
            .map(|row| format!("{} {} {}", row.path, row.operator, row.value))
            .collect::<Vec<_>>()
            .join("; "),
    }
}

/// What filters would have done with events.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Trial {
    /// How many they let pass.
    pub matched: usize,
    /// How many they do not.
    pub missed: usize,
    /// The newest that they do not, by its place, and why.
    pub first: Option<(usize, String)>,
}

/// Tries filters on events, the newest first; those whose data is kept no longer are left out.
pub fn try_on(filters: &WebhookFilters, events: &[Event]) -> Trial {
    let mut trial = Trial::default();
    for (place, event) in events.iter().enumerate() {
        let Some(data) = &event.data else { continue };
        let data = Document::new(data);
        match filters.first_missed(&event.type_name, &data) {
            None => trial.matched += 1,
            Some(missed) => {
                trial.missed += 1;
                if trial.first.is_none() {
                    trial.first = filters.story(missed, &data).map(|story| (place, story));
                }
            }
        }
    }
    trial
}

/// Filters as the API tells and takes them.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Filters)]
pub(super) struct FiltersAnswer {
    /// How many of the rules must hold: `all` or `any`.
    #[schema(value_type = Mode)]
    pub(super) mode: String,
    /// At most 20.
    #[schema(max_items = 20)]
    pub(super) rules: Vec<Written>,
}

impl FiltersAnswer {
    pub(super) fn of(filters: &Filters) -> Self {
        Self { mode: filters.mode().to_string(), rules: filters.rules().iter().map(Rule::written).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filters(mode: &str, rows: &[(&str, &str, &str)], named: &[(Named, &str)]) -> WebhookFilters {
        let mut form = WebhookForm { filter_mode: mode.to_owned(), ..WebhookForm::default() };
        for (path, operator, value) in rows {
            form.filter_path.push((*path).to_owned());
            form.filter_operator.push((*operator).to_owned());
            form.filter_value.push((*value).to_owned());
        }
        for (named, wanted) in named {
            match named {
                Named::Workflow => form.workflow = (*wanted).to_owned(),
                Named::Survey => form.survey = (*wanted).to_owned(),
                Named::Group => form.group = (*wanted).to_owned(),
            }
        }
        let mut errors = FieldErrors::default();
        parse(&form, &mut errors).unwrap_or_else(|| panic!("{errors:?}"))
    }

    fn story(filters: &WebhookFilters, type_name: &str, data: &str) -> String {
        let data = Document::new(data);
        let missed = filters.first_missed(type_name, &data);
        missed.map_or_else(|| "sent".to_owned(), |missed| filters.story(missed, &data).unwrap())
    }

    #[test]
    fn a_name_narrows_its_kind_of_event_alone() {
        let named = filters("all", &[], &[(Named::Workflow, " 7 "), (Named::Survey, "s1"), (Named::Group, "g1")]);
        let told = |type_name, data| story(&named, type_name, data);
        assert_eq!(told("document.released", "{}"), "sent");
        assert_eq!(told("task.created", r#"{"workflow":7}"#), "sent");
        assert_eq!(told("task.created", r#"{"workflow":"7"}"#), "sent");
        assert_eq!(told("task.created", r#"{"workflow":8}"#), "filter Workflow false: workflow is 8, wanted 7");
        assert_eq!(told("task_comment.created", "{}"), "sent");
        assert_eq!(
            told("survey.updated", r#"{"survey":"s1","group":"g2"}"#),
            "filter Group false: group is g2, wanted g1"
        );
    }

    #[test]
    fn names_come_before_rows_and_hold_beside_any_of_them() {
        let both = filters("any", &[("a", "equals", "1"), ("b", "equals", "2")], &[(Named::Workflow, "7")]);
        assert_eq!(story(&both, "task.created", r#"{"a":1,"workflow":7}"#), "sent");
        assert!(story(&both, "task.created", r#"{"a":1}"#).starts_with("filter Workflow false"));
        let none = story(&both, "task.created", r#"{"a":3,"workflow":7}"#);
        assert_eq!(none, "none of 2 filters true; the first: a is 3, wanted 1");
        assert_eq!(both.lines(), ["Workflow equals 7", "a equals 1", "b equals 2"]);
    }

    #[test]
    fn empty_rows_are_left_out_and_wrong_ones_are_told_by_number() {
        let kept = filters("all", &[("", "equals", ""), ("a", "exists", ""), ("", "equals", " ")], &[]);
        assert_eq!(kept.lines(), ["a exists"]);
        let wrong = |change: fn(&mut WebhookForm), field: &str| {
            let mut form = WebhookForm::default();
            change(&mut form);
            let mut errors = FieldErrors::default();
            assert!(parse(&form, &mut errors).is_none());
            errors.of(field).to_owned()
        };
        assert!(wrong(|form| form.filter_mode = "most".to_owned(), "filter_mode").starts_with("Choose"));
        assert!(
            wrong(|form| form.filter_value = vec!["x".to_owned()], "filters").starts_with("Filter 1: Enter the path")
        );
        assert!(wrong(|form| form.workflow = "a\u{202e}b".to_owned(), "workflow").contains("direction"));
    }

    #[test]
    fn what_is_stored_reads_back() {
        let all = filters("any", &[("a", "matches", "^x$"), ("b", "exists", "")], &[(Named::Group, "g")]);
        let stored = all.to_stored().unwrap();
        assert!(WebhookFilters::from_stored(stored.as_deref()).unwrap() == all);
        assert_eq!(WebhookFilters::default().to_stored().unwrap(), None);
        assert!(WebhookFilters::from_stored(None).unwrap().is_empty());
        let mut form = WebhookForm::default();
        fill(&mut form, &all);
        assert!(parse(&form, &mut FieldErrors::default()).unwrap() == all);
        for (missed, text) in [(Missed::Row(2), "2"), (Missed::Named(Named::Workflow), r#""workflow""#)] {
            assert_eq!(serde_json::to_string(&missed).unwrap(), text);
            assert_eq!(serde_json::from_str::<Missed>(text).unwrap(), missed);
        }
    }
}
