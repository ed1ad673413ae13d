//! One answer for each form that is sent: a double click, a reload or a lost answer makes one thing.

mod store;

use std::time::Duration;

use crate::db::{DbError, Tx};

crate::id_type!(
    /// The id that a form carries in its hidden field `form_id`.
    FormId, "frm"
);

/// How long a form is remembered.
pub const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// Runs `change`, which returns the address of what it made, at most once for each form: the second time the
/// first address is the answer and nothing runs. What fails is not remembered, since its transaction is rolled
/// back. A form without an id (`None`) is not guarded.
///
/// # Errors
/// What `change` returns, or [`DbError`] when the database cannot take it.
pub fn once<E: From<DbError>>(
    tx: &mut Tx<'_>,
    form: Option<FormId>,
    change: impl FnOnce(&mut Tx<'_>) -> Result<String, E>,
) -> Result<String, E> {
    let Some(form) = form else { return change(tx) };
    let now = tx.now();
    store::forget(tx, now.minus(KEPT))?;
    if !store::claim(tx, form, now)? {
        return Ok(store::location(tx, form)?);
    }
    let location = change(tx)?;
    store::set_location(tx, form, &location)?;
    Ok(location)
}
