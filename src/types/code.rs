//! Neutral error codes: what went wrong, in words that know neither HTTP nor SQL. Their HTTP statuses stand in `http::error`, and
//! there alone.

use super::word::words;

words! {
    /// What went wrong.
    Code {
        MalformedRequest = "malformed-request",
        InvalidField = "invalid-field",
        Unauthenticated = "unauthenticated",
        InsufficientScope = "insufficient-scope",
        InvalidSignature = "invalid-signature",
        InvalidStreamToken = "invalid-stream-token",
        NotFound = "not-found",
        MethodNotAllowed = "method-not-allowed",
        PayloadTooLarge = "payload-too-large",
        UnsupportedMediaType = "unsupported-media-type",
        NotAcceptable = "not-acceptable",
        RequestTimeout = "request-timeout",
        OriginNotAllowed = "origin-not-allowed",
        NotAuthorized = "number-not-authorized",
        CallerNotAdmitted = "caller-not-admitted",
        PremiumOrForeign = "number-premium-or-foreign",
        DoNotCall = "do-not-call",
        NoConsent = "no-consent",
        QuietHours = "quiet-hours",
        CoolingDown = "cooling-down",
        OverBudget = "over-budget",
        RateLimited = "rate-limited",
        AtCapacity = "at-capacity",
        Overloaded = "overloaded",
        Draining = "draining",
        NotConfigured = "not-configured",
        DatabaseUnavailable = "database-unavailable",
        ModelUnavailable = "model-unavailable",
        CallOver = "call-over",
        CallNotConnected = "call-not-connected",
        RequestRunning = "request-running",
        RequestKeyReused = "idempotency-key-reused",
        Internal = "internal-error",
    }
}
