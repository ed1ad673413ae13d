//! The table of settings: what the command line offers, what the reference page lists, what is known at all.

/// One setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The name in the file; the flag and the variable are written from it.
    pub name: &'static str,
    /// What a value looks like.
    pub shape: &'static str,
    /// The value where none is given; empty for none.
    pub default: &'static str,
    about: &'static [&'static str],
}

impl Row {
    pub(super) const fn new(
        name: &'static str,
        shape: &'static str,
        default: &'static str,
        about: &'static [&'static str],
    ) -> Self {
        Self { name, shape, default, about }
    }

    /// What it is for.
    pub fn about(&self) -> String {
        self.about.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
    }

    /// `--like-this`.
    pub fn flag(&self) -> String {
        format!("--{}", self.name.replace('_', "-"))
    }

    /// `POSTRIDER_LIKE_THIS`.
    pub fn variable(&self) -> String {
        format!("POSTRIDER_{}", self.name.to_ascii_uppercase())
    }
}

const CONFIG: Row =
    Row::new("config", "FILE", "", &["A TOML file with settings; not itself a setting of such a file."]);
const MASTER_KEYS_FILE: Row = Row::new(
    "master_keys_file",
    "FILE",
    "",
    &["A file with MASTER_KEYS; only its owner, who is this process's user or root, may read it."],
);
const ADMIN_PASSWORD_FILE: Row = Row::new(
    "admin_password_file",
    "FILE",
    "",
    &["A file with ADMIN_PASSWORD; one line end at its end does not count."],
);

/// Every setting, in the order of the reference.
pub fn reference() -> Vec<Row> {
    let mut rows = vec![CONFIG];
    let own = [super::Settings::ROWS, super::Logging::ROWS, super::Egress::ROWS, super::FirstAdmin::ROWS];
    for row in own.into_iter().flatten() {
        rows.push(*row);
        rows.extend(
            [MASTER_KEYS_FILE, ADMIN_PASSWORD_FILE]
                .iter()
                .filter(|file| file.name.strip_suffix("_file") == Some(row.name)),
        );
    }
    rows
}

/// The reference as a Markdown table, as it stands in the documentation.
pub fn markdown() -> String {
    let line = |row: &Row| {
        let default = if row.default.is_empty() { "none".to_owned() } else { format!("`{}`", row.default) };
        let shape = row.shape.replace('|', "\\|");
        format!("| `{}` | `{shape}` | {default} | {} |\n", row.name, row.about())
    };
    let head = "| Setting | Value | Default | What it is for |\n|---|---|---|---|\n".to_owned();
    reference().iter().fold(head, |text, row| text + &line(row))
}

/// Every setting in full, as `docs/configuration.md` lists them.
pub fn manual() -> String {
    reference().iter().fold(String::new(), |text, row| text + &entry(row))
}

fn entry(row: &Row) -> String {
    let default = if row.default.is_empty() { "none".to_owned() } else { format!("`{}`", row.default) };
    let key = if row.name == CONFIG.name { "none".to_owned() } else { format!("`{}`", row.name) };
    let (name, flag, variable) = (row.name, row.flag(), row.variable());
    let (shape, about) = (row.shape.replace('|', "\\|"), row.about());
    format!(
        "### {name}\n\n{about}\n\n\
         | flag | variable | in the file | value | default |\n|---|---|---|---|---|\n\
         | `{flag}` | `{variable}` | {key} | `{shape}` | {default} |\n\n"
    )
}

/// Declares a struct of settings: its fields, their rows in the reference, and how they are read, from one text.
macro_rules! concern {
    (
        $(#[doc = $about:literal])+
        pub struct $name:ident {
            $($(#[doc = $doc:literal])+ $field:ident: $ty:ty = $key:literal, $shape:literal, $default:literal, $read:expr;)+
            $(with { $($(#[doc = $sub_doc:literal])+ $sub:ident: $sub_ty:ty,)+ })?
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Clone, Debug)]
        pub struct $name {
            $(
                $(#[doc = $doc])+
                #[doc = ""]
                #[doc = concat!("Default: `", $default, "`; written as `", $shape, "`.")]
                pub $field: $ty,
            )+
            $($($(#[doc = $sub_doc])+ pub $sub: $sub_ty,)+)?
        }

        impl $name {
            pub(in crate::config) const ROWS: &'static [$crate::config::Row] =
                &[$($crate::config::Row::new($key, $shape, $default, &[$($doc),+])),+];

            /// Reads every field before it gives up, so that all problems are told.
            fn read(
                layers: &mut $crate::config::layers::Layers,
            ) -> Result<Self, $crate::config::layers::Noted> {
                $(let $field = $read(layers, $key);)+
                $($(let $sub = <$sub_ty>::read(layers);)+)?
                Ok(Self { $($field: $field?,)+ $($($sub: $sub?,)+)? })
            }
        }
    };
}
pub(super) use concern;
