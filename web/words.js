// What the words of the API mean, told to somebody who did not write it.

export const STATUS = {
    initiated: { title: "Ringing", tone: "warn", icon: "phone-out" },
    connected: { title: "In call", tone: "live", icon: "wave" },
    completed: { title: "Completed", tone: "good", icon: "check" },
    failed: { title: "Failed", tone: "bad", icon: "cross" },
    refused: { title: "Refused", tone: "calm", icon: "ban" },
};

/** A refused call is a failed one to the API; to people it is something else. */
export function statusOf(call) {
    if (call.refusal) return "refused";
    return call.status;
}

export const isOver = (call) => call.status === "completed" || call.status === "failed";

const REASONS = {
    caller_hung_up: "The other side hung up.",
    assistant_ended: "The assistant ended the call after its goodbye.",
    transferred: "The call was handed over to somebody else.",
    voicemail: "A machine picked up.",
    outside_hours: "It was outside the opening hours, and the caller was told so.",
    caller_idle: "Nobody spoke, also after being asked.",
    max_duration: "The longest time of a call was over.",
    over_budget: "The call had cost what a call may cost.",
    requested: "Somebody hung up for it, on this page or by the API.",
    model_unavailable: "The model could not be reached, or refused the configuration.",
    stream_lost: "The phone stream broke off and did not come back.",
    media_silent: "No sound came from the carrier for too long.",
    protocol_violation: "The carrier's stream broke the protocol too often.",
    actor_failed: "The call could not be kept alive inside the engine.",
    drained: "The instance was shutting down.",
    rotated: "The stream was renewed.",
    superseded: "A newer stream of the same call took over.",
    no_answer: "Nobody answered the phone.",
    busy: "The line was busy.",
    canceled: "The call was cancelled before anybody answered.",
    carrier_failed: "The carrier could not place the call.",
    never_connected: "The caller's audio never arrived.",
};

const REFUSALS = {
    "number-not-authorized": "The number is not one that may be called.",
    "caller-not-admitted": "Calls from this number are not taken.",
    "number-premium-or-foreign": "This kind of number may not be called.",
    "do-not-call": "The number is on the do-not-call list.",
    "no-consent": "There is no consent on record for this number.",
    "quiet-hours": "It was too early or too late where the number is.",
    "cooling-down": "The number had been called a moment before.",
    "over-budget": "The budget of the day was spent.",
    "at-capacity": "All lines were busy.",
    overloaded: "The instance had too much to do.",
    draining: "The instance was shutting down.",
    "not-configured": "The service was not set up for calls.",
    "database-unavailable": "The database was not available.",
    "model-unavailable": "The model was not available.",
};

/** Why the call ended, in a sentence, or null while it runs. */
export function whyEnded(call) {
    if (call.refusal) return REFUSALS[call.refusal] ?? `It was refused: ${call.refusal}.`;
    if (!isOver(call)) return null;
    if (!call.ended_reason) return "Nothing is known about why it ended.";
    return REASONS[call.ended_reason] ?? `It ended: ${call.ended_reason}.`;
}

/** The number of the other side, whoever called whom. */
export const otherSide = (call) => (call.direction === "inbound" ? call.from_number : call.to_number);

export const DIRECTION = { inbound: "Inbound", outbound: "Outbound" };

export const FINDING = {
    passed: { title: "Passed", tone: "good", icon: "check" },
    refused: { title: "Refused", tone: "bad", icon: "cross" },
    exempt: { title: "Exempt", about: "The operator vouches for the number.", tone: "calm", icon: "check" },
    not_required: { title: "Not required", tone: "calm", icon: "minus" },
    unknown: { title: "Could not be read", tone: "warn", icon: "alert" },
};

export const DELIVERY_STATE = {
    pending: { title: "Waits", about: "It is tried again until it is taken, for three days.", tone: "warn", icon: "refresh" },
    delivered: { title: "Delivered", tone: "good", icon: "check" },
    given_up: { title: "Given up", tone: "bad", icon: "cross" },
};

export const CHECK_STATE = {
    ok: { title: "Ready", tone: "good", icon: "check" },
    missing: { title: "Missing", tone: "bad", icon: "cross" },
    failed: { title: "Failed", tone: "bad", icon: "cross" },
    warning: { title: "Look at this", tone: "warn", icon: "alert" },
    simulated: { title: "Simulated", tone: "play", icon: "flask" },
};
