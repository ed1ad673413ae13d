//! Delivery: how an event becomes requests, and how every attempt ends on record.
//!
//! The life of a delivery. [`dispatch`] makes its row in the transaction that published the event. If its webhook's
//! lane has a free slot, the row is born `sending` with its first attempt's row, and goes to the sender the moment
//! the transaction is committed; otherwise it waits as `queued` and [`worker`] claims it when a slot is free and it is
//! due: again the attempt's row is committed before the request leaves. [`send`] makes the request, with no
//! connection to the database held. [`finish`] writes what came of it, together with other results, in one commit;
//! it changes nothing when another node has taken the lane over in the meantime (the fence is old).
//!
//! *Retrying* (queued after an attempt) and *held* (queued while its webhook is not sent to) are how a queued delivery
//! reads: they are derived, never stored, so that pausing a webhook changes one row.

pub mod dispatch;
pub mod finish;
mod lanes;
pub mod latency;
pub mod node;
pub(crate) mod queue;
mod resend;
pub mod retry;
mod send;
pub mod test;
pub mod worker;

use std::sync::Arc;

pub use lanes::Lanes;
pub use resend::{Refused, Resent, resend, resend_many};
pub(crate) use resend::{Standing, may_resend};

use crate::db::BeforeCommit;
use crate::outbound;
use crate::webhooks::set::Webhooks;

crate::id_type!(
    /// A delivery's id.
    DeliveryId, "dlv"
);

crate::id_type!(
    /// A running process's id.
    NodeId, "nod"
);

crate::word_enum! {
    /// Where a delivery stands.
    State {
        /// Waits for its time, a slot or its webhook.
        Queued = "queued",
        /// A request is on its way.
        Sending = "sending",
        /// The receiver took it.
        Delivered = "delivered",
        /// Every attempt failed.
        Failed = "failed",
        /// Its webhook was switched off or deleted first.
        Cancelled = "cancelled",
    }
}

crate::word_enum! {
    /// What a delivery is for.
    Kind {
        /// An event for a webhook.
        Webhook = "webhook",
        /// A test by a person.
        Test = "test",
    }
}

crate::word_enum! {
    /// Why an attempt was made.
    Reason {
        /// It was due.
        Schedule = "schedule",
        /// Somebody resent it.
        Manual = "manual",
        /// Somebody tests the webhook.
        Test = "test",
    }
}

crate::word_enum! {
    /// How an attempt ended.
    Outcome {
        /// It has not ended.
        Sending = "sending",
        /// 200 to 209.
        Ok = "ok",
        /// Any other code.
        Status = "status",
        /// No answer in time.
        Timeout = "timeout",
        /// No connection in time.
        ConnectTimeout = "connect_timeout",
        /// Nothing listens.
        Refused = "refused",
        /// Broken off.
        Reset = "reset",
        /// Closed without an answer.
        Closed = "closed",
        /// The name cannot be resolved.
        DnsError = "dns_error",
        /// DNS gave no answer in time.
        DnsTimeout = "dns_timeout",
        /// The name has no address.
        NoAddress = "no_address",
        /// There is no way to the address.
        Unreachable = "unreachable",
        /// Sent elsewhere; not followed.
        Redirect = "redirect",
        /// The certificate's time is over or has not come.
        TlsExpired = "tls_expired",
        /// The certificate is for another name.
        TlsName = "tls_name",
        /// The certificate's authority is unknown.
        TlsUntrusted = "tls_untrusted",
        /// No safe version or cipher.
        TlsOld = "tls_old",
        /// No TLS on this port.
        TlsNotTls = "tls_not_tls",
        /// The answer breaks the rules of HTTP.
        BadResponse = "bad_response",
        /// No HTTP at all.
        NotHttp = "not_http",
        /// A status that ends no request.
        BadStatus = "bad_status",
        /// The login could not be fetched or written.
        AuthError = "auth_error",
        /// The answer held the text that means failure.
        TextRule = "text_rule",
        /// The egress guard refused the address.
        Blocked = "blocked",
        /// The node stopped before it could tell.
        Unknown = "unknown",
    }
}

impl Outcome {
    /// It ended, and not with success.
    pub fn is_failure(self) -> bool {
        !matches!(self, Self::Sending | Self::Ok | Self::Unknown)
    }

    /// The outcome of a request.
    pub fn of(outcome: outbound::Outcome) -> Self {
        Self::parse(outcome.code()).unwrap_or(Self::Unknown)
    }

    /// What happened, in one sentence.
    pub fn cause(self, status: Option<u16>) -> String {
        match (outbound::Outcome::from_code(self.as_str()), self) {
            (Some(outcome), _) => outcome.cause(status).into_owned(),
            (None, Self::Sending) => "The request is on its way.".to_owned(),
            (None, Self::AuthError) => {
                "The login could not be fetched or written, so nothing was sent to the receiver.".to_owned()
            }
            (None, Self::TextRule) => "The answer held the text that means failure.".to_owned(),
            (None, _) => {
                "Postrider stopped while this request was on its way; whether it arrived cannot be known.".to_owned()
            }
        }
    }

    /// What to do, in one sentence.
    pub fn remedy(self, status: Option<u16>) -> &'static str {
        match (outbound::Outcome::from_code(self.as_str()), self) {
            (Some(outcome), _) => outcome.remedy(status),
            (None, Self::Sending) => "Wait for its end.",
            (None, Self::AuthError) => "Test the webhook, and put its login or credential right as the details say.",
            (None, Self::TextRule) => "Look at the answer below.",
            (None, _) => {
                "Nothing is to be done: it is sent again, and the receiver tells a repetition by its webhook-id."
            }
        }
    }
}

/// What runs before every commit: the results of what was sent, what waits for webhooks that changed, and the events
/// that were published with their deliveries.
pub fn before_commit(webhooks: &Webhooks, lanes: &Lanes) -> Vec<BeforeCommit> {
    let (webhooks, lanes) = (webhooks.clone(), lanes.clone());
    let changed_lanes = lanes.clone();
    vec![
        Arc::new(finish::write),
        Arc::new(move |tx| queue::follow_webhooks(tx, &changed_lanes)),
        Arc::new(move |tx| dispatch::dispatch(tx, &webhooks, &lanes)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_end_of_a_request_has_its_word_here() {
        for outcome in outbound::Outcome::ALL {
            assert_ne!(Outcome::of(outcome), Outcome::Unknown, "{}", outcome.code());
        }
    }
}
