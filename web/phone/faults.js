// What can go wrong with a call from the browser, in words that say what to do about it.

/** Why there is no call. `code` names an entry below. */
export class Fault extends Error {
    /** @param {{detail?: string, retryAfter?: number | null}} [more] `retryAfter` in seconds. */
    constructor(code, { detail = "", retryAfter = null } = {}) {
        super(code);
        this.code = code;
        this.detail = detail;
        this.retryAfter = retryAfter;
    }
}

const SITE_SETTINGS = "Open the settings of this site, left of its address, allow the microphone, and call again.";

/** Ways out: `again` calls again, `silent` calls without a microphone, `setup` leads to the setup page. */
export const FAULTS = {
    insecure: {
        title: "The browser gives no microphone to this address",
        text: "Open this page with https://, or as http://localhost on the machine that runs alpha-call.",
        ways: ["setup"],
    },
    "no-microphone": {
        title: "No microphone was found",
        text: "Plug one in and call again, or call without one: you will hear the assistant and can use the keypad.",
        ways: ["again", "silent"],
    },
    denied: { title: "The microphone is not allowed", text: SITE_SETTINGS, ways: ["again", "silent"] },
    "microphone-busy": {
        title: "The microphone cannot be opened",
        text: "Another program may be using it. Close that program and call again.",
        ways: ["again", "silent"],
    },
    "sound-blocked": {
        title: "The browser holds the sound back",
        text: "Allow sound in the settings of this site, and press the button again.",
        ways: ["again"],
    },
    unreachable: { title: "The server cannot be reached", text: "Check that it runs and that you are online.", ways: ["again"] },
    "not-configured": { title: "Nobody can be called here yet", text: "The setup page tells what is missing.", ways: ["setup", "again"] },
    busy: { title: "All lines are busy", text: "Please try again in a moment.", ways: ["again"] },
    "no-scope": {
        title: "Your API key may not make calls",
        text: "An operator can make one with the scope calls:create, by alpha-call keys create.",
        ways: [],
    },
    refused: { title: "The server did not take the call", text: "The ticket for it may be too old by now.", ways: ["again"] },
    rejected: { title: "The server hung up on this page", text: "Load the page anew, so that both speak the same version.", ways: ["again"] },
    restart: {
        title: "The server let go of the line",
        text: "It is restarting, or the call was handed on to a phone. Call again to go on here.",
        ways: ["again"],
    },
    lost: { title: "The connection was lost", text: "The call is over. You can call again.", ways: ["again"] },
    other: { title: "The call could not be made", text: "", ways: ["again"] },
};

const OF_MICROPHONE = {
    NotAllowedError: "denied",
    SecurityError: "denied",
    NotFoundError: "no-microphone",
    OverconstrainedError: "no-microphone",
    NotReadableError: "microphone-busy",
    AbortError: "microphone-busy",
};

/** What getUserMedia says. https://www.w3.org/TR/mediacapture-streams/#dom-mediadevices-getusermedia */
export function faultOfMicrophone(error) {
    return new Fault(OF_MICROPHONE[error.name] ?? "microphone-busy", { detail: error.message });
}

/** What the API says of a ticket. @param {import("../api.js").ApiError} error */
export function faultOfTicket(error) {
    const { retryAfter = null, status, detail } = error;
    return new Fault(codeOfTicket(error), { detail: status ? detail : "", retryAfter });
}

function codeOfTicket({ status, code }) {
    if (!status) return "unreachable";
    if (code === "not-configured") return code;
    if (code === "insufficient-scope") return "no-scope";
    return status === 429 || status === 503 ? "busy" : "other";
}
