//! What resending many deliveries depends on, in one query.

use diesel::prelude::*;

use crate::clock::Time;
use crate::db::{Conn, DbError};
use crate::delivery::{DeliveryId, Kind, Standing, State};
use crate::schema::deliveries;
use crate::webhooks::WebhookId;

/// A delivery that may be sent again.
pub struct Candidate {
    /// The delivery.
    pub id: DeliveryId,
    /// Its webhook's name at that time.
    pub target_name: String,
    /// When it was made.
    pub created_at: Time,
    pub(crate) standing: Standing,
}

/// The deliveries of these ids, the newest first.
///
/// # Errors
/// When the database cannot be read.
pub fn candidates(conn: &mut Conn, ids: &[DeliveryId]) -> Result<Vec<Candidate>, DbError> {
    type Found = (DeliveryId, String, Time, State, Option<WebhookId>, Kind, bool, bool);
    let found: Vec<Found> = deliveries::table
        .filter(deliveries::id.eq_any(ids.to_vec()))
        .order(deliveries::id.desc())
        .select((
            deliveries::id,
            deliveries::target_name,
            deliveries::created_at,
            deliveries::state,
            deliveries::webhook_id,
            deliveries::kind,
            deliveries::body.is_not_null(),
            deliveries::resend_at.is_not_null(),
        ))
        .load(conn)?;
    let candidate = |(id, target_name, created_at, state, webhook_id, kind, has_body, asked): Found| Candidate {
        id,
        target_name,
        created_at,
        standing: Standing { state, webhook_id, test: kind == Kind::Test, has_body, asked },
    };
    Ok(found.into_iter().map(candidate).collect())
}
