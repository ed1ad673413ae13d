//! `admin create`: an administrator, made at the command line.

use std::io::BufRead;

use super::{AdminCreate, Failure, load, open, say};
use crate::audit::Actor;
use crate::config::Flags;
use crate::db::DbError;
use crate::ids::random_word;
use crate::users::password::{LONGEST, Password, hash_now};
use crate::users::{self, Email, Name};

/// The length of a password that is made here: 119 bits.
const MADE: usize = 20;

pub(super) fn create(asked: AdminCreate, before: Flags) -> Result<(), Failure> {
    let usage = |sentence: &str| Failure::Usage(format!("postrider: {sentence}"));
    let email = Email::parse(&asked.email).map_err(usage)?;
    let name = Name::parse(asked.name.as_deref().unwrap_or(email.as_str())).map_err(usage)?;
    let given = if asked.password_stdin { Some(first_line()?) } else { None };
    let made = given.is_none();
    let text = given.unwrap_or_else(|| random_word(MADE));
    let password = Password::parse(&text, &[email.as_str(), name.as_str()]).map_err(usage)?;
    let db = open(&load(&asked.flags.over(before))?.settings)?;
    let hash = hash_now(&password)?;
    let (wanted, shown) = (email.clone(), name);
    db.write_now::<_, DbError, _>(move |tx| {
        users::create_administrator(tx, &Actor::command(), &wanted, &shown, &hash)
    })??;
    say(format!("{} is an administrator now.", email.as_str()));
    if made {
        say(format!("Password: {text}\nIt is not shown again."));
    }
    Ok(())
}

/// What is typed or piped in, without its line end.
fn first_line() -> anyhow::Result<String> {
    let mut line = String::new();
    // One byte over the limit shows that it is too long; more need not be read.
    std::io::Read::take(std::io::stdin().lock(), LONGEST as u64 + 3).read_line(&mut line)?;
    let text = line.strip_suffix('\n').unwrap_or(&line);
    Ok(text.strip_suffix('\r').unwrap_or(text).to_owned())
}
