//! Every state that a page shows: its word, its icon and its tone, so that colour is never alone.

/// A state as the person sees it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Badge {
    Active,
    Inactive,
    Paused,
    Failing,
    Disabled,
    Revoked,
    Expired,
    Expires,
    Test,
    Queued,
    Retrying,
    Held,
    Sending,
    Delivered,
    Failed,
    Cancelled,
    NotSent,
    Success,
    Unknown,
    WorkInProgress,
    InReview,
    InTranslation,
    InTranslationReview,
    Released,
    Running,
    Done,
    Open,
    Approved,
    Rejected,
}

impl Badge {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Paused => "paused",
            Self::Failing => "failing",
            Self::Disabled => "disabled",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::Expires => "certificate",
            Self::Test => "test",
            Self::Queued => "queued",
            Self::Retrying => "retrying",
            Self::Held => "held",
            Self::Sending => "sending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::NotSent => "not sent",
            Self::Success => "success",
            Self::Unknown => "unknown",
            Self::WorkInProgress => "Work in progress",
            Self::InReview => "In review",
            Self::InTranslation => "In translation",
            Self::InTranslationReview => "In translation review",
            Self::Released => "Released",
            Self::Running => "running",
            Self::Done => "done",
            Self::Open => "open",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
        }
    }

    /// The name of a symbol in `static/icons.svg`.
    pub(crate) fn icon(self) -> &'static str {
        match self {
            Self::Active => "dot",
            Self::Inactive | Self::NotSent | Self::Open => "ring",
            Self::Held | Self::Paused => "pause",
            Self::Failing | Self::Expires => "alert",
            Self::Disabled | Self::Cancelled | Self::Revoked => "ban",
            Self::Test => "flask",
            Self::Queued | Self::Expired => "clock",
            Self::Retrying => "repeat",
            Self::Sending | Self::Running => "send",
            Self::Delivered | Self::Success | Self::Done | Self::Approved => "check",
            Self::Failed | Self::Rejected => "cross",
            Self::Unknown => "question",
            Self::WorkInProgress => "pencil",
            Self::InReview | Self::InTranslationReview => "eye",
            Self::InTranslation => "translate",
            Self::Released => "lock",
        }
    }

    /// The class that gives the colour.
    pub(crate) fn tone(self) -> &'static str {
        match self {
            Self::Active | Self::Delivered | Self::Success | Self::Done | Self::Released | Self::Approved => "good",
            Self::Retrying | Self::Unknown | Self::Paused | Self::Expires => "warn",
            Self::Failed | Self::Failing | Self::Disabled | Self::Rejected => "bad",
            Self::Sending | Self::Running | Self::InReview | Self::InTranslation => "busy",
            Self::InTranslationReview => "busy",
            Self::Revoked | Self::Expired | Self::Open => "calm",
            Self::Inactive | Self::Test | Self::Queued | Self::Held => "calm",
            Self::Cancelled | Self::WorkInProgress | Self::NotSent => "calm",
        }
    }
}
