//! The actors there are.

use super::word::words;

words! {
    /// What an actor is. `docs/architecture.md` has who looks after whom.
    ActorKind {
        CallSupervisor = "call_supervisor",
        /// One for each live call.
        Call = "call",
        /// One for each phone stream.
        TwilioStream = "twilio_stream",
        /// One for each model session, warm ones included.
        OpenAiSession = "openai_session",
        ConcurrencyGovernor = "concurrency_governor",
        Logger = "logger",
        DialQueue = "dial_queue",
        EventPublisher = "event_publisher",
        WebhookCourier = "webhook_courier",
    }
}
