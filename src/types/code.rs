//! Neutral error codes: what went wrong, in words that know neither HTTP nor SQL.

use std::fmt;

/// The one list of codes. Their HTTP statuses stand in `http::error`, and there alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    MalformedRequest,
    InvalidField,
    Unauthenticated,
    InsufficientScope,
    InvalidSignature,
    InvalidStreamToken,
    NotFound,
    MethodNotAllowed,
    PayloadTooLarge,
    UnsupportedMediaType,
    NotAcceptable,
    RequestTimeout,
    OriginNotAllowed,
    NotAuthorized,
    CallerNotAdmitted,
    PremiumOrForeign,
    DoNotCall,
    NoConsent,
    QuietHours,
    CoolingDown,
    OverBudget,
    RateLimited,
    AtCapacity,
    Overloaded,
    Draining,
    NotConfigured,
    DatabaseUnavailable,
    ModelUnavailable,
    CallOver,
    CallNotConnected,
    RequestRunning,
    RequestKeyReused,
    Internal,
}

impl Code {
    /// The word as it is stored, logged and sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MalformedRequest => "malformed-request",
            Self::InvalidField => "invalid-field",
            Self::Unauthenticated => "unauthenticated",
            Self::InsufficientScope => "insufficient-scope",
            Self::InvalidSignature => "invalid-signature",
            Self::InvalidStreamToken => "invalid-stream-token",
            Self::NotFound => "not-found",
            Self::MethodNotAllowed => "method-not-allowed",
            Self::PayloadTooLarge => "payload-too-large",
            Self::UnsupportedMediaType => "unsupported-media-type",
            Self::NotAcceptable => "not-acceptable",
            Self::RequestTimeout => "request-timeout",
            Self::OriginNotAllowed => "origin-not-allowed",
            Self::NotAuthorized => "number-not-authorized",
            Self::CallerNotAdmitted => "caller-not-admitted",
            Self::PremiumOrForeign => "number-premium-or-foreign",
            Self::DoNotCall => "do-not-call",
            Self::NoConsent => "no-consent",
            Self::QuietHours => "quiet-hours",
            Self::CoolingDown => "cooling-down",
            Self::OverBudget => "over-budget",
            Self::RateLimited => "rate-limited",
            Self::AtCapacity => "at-capacity",
            Self::Overloaded => "overloaded",
            Self::Draining => "draining",
            Self::NotConfigured => "not-configured",
            Self::DatabaseUnavailable => "database-unavailable",
            Self::ModelUnavailable => "model-unavailable",
            Self::CallOver => "call-over",
            Self::CallNotConnected => "call-not-connected",
            Self::RequestRunning => "request-running",
            Self::RequestKeyReused => "idempotency-key-reused",
            Self::Internal => "internal-error",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
