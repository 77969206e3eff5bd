// The phone in the browser: whoever has a microphone can talk to the assistant, without a telephone number anywhere.

import { useEffect, useMemo, useState } from "preact/hooks";
import { html } from "../html.js";
import { session } from "../session.js";
import { Notice } from "../ui/states.js";
import { Dial } from "./dial.js";
import { EventLog } from "./event-log.js";
import { Handset } from "./handset.js";
import { Talk } from "./talk.js";
import { Transcript } from "./transcript.js";

/** Here and not in the page's markup, so that nothing is shown before it looks as it should. */
await loadStyle(new URL("./phone.css", import.meta.url));

const CALLING = ["preparing", "connecting", "live"];
const SPOKEN = { preparing: "Waiting for the microphone", connecting: "Calling", live: "The call is connected", over: "The call is over", idle: "" };

/** `?raw` leaves the microphone's sound as it is: no echo cancellation, no noise suppression, no automatic gain. */
export function Phone({ api }) {
    const handset = useMemo(() => new Handset(api, { raw: new URLSearchParams(location.search).has("raw") }), [api]);
    const assistants = useAssistants(api);
    useFarewell(handset);
    useEffect(() => expose(handset), [handset]);
    const isCalling = CALLING.includes(handset.state.value);
    return html`<div class="stack">
        <div class="stack-tight"><h1>Phone</h1><p class="muted">Talk to the assistant from here, over the same line that a telephone takes.</p></div>
        ${session.value?.simulated && html`<${Notice} tone="play" icon="flask">You are talking to a simulated assistant: its answers are canned.<//>`}
        <div class="phone">
            <section class="card phone-set" aria-label="Phone">
                ${isCalling ? html`<${Talk} handset=${handset} />` : html`<${Dial} handset=${handset} assistants=${assistants} />`}
            </section>
            <${Transcript} handset=${handset} />
        </div>
        <${EventLog} handset=${handset} />
        <${Announcer} handset=${handset} />
    </div>`;
}

function loadStyle(url) {
    const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href: url });
    return new Promise((done) => {
        link.onload = link.onerror = done;
        document.head.append(link);
    });
}

/** For screen readers: what became of the call. Faults say so by themselves. */
function Announcer({ handset }) {
    return html`<p class="hidden-text" role="status">${handset.fault.value ? "" : SPOKEN[handset.state.value]}</p>`;
}

/** None where they may not be seen: the usual one is called then. */
function useAssistants(api) {
    const [assistants, setAssistants] = useState([]);
    useEffect(() => {
        api.assistants().then((answer) => setAssistants(answer.assistants)).catch(() => {});
    }, [api]);
    return assistants;
}

/** Hangs up where the page is left, so that no line stays open. */
function useFarewell(handset) {
    useEffect(() => {
        const leave = () => handset.leave();
        addEventListener("pagehide", leave);
        return () => {
            removeEventListener("pagehide", leave);
            leave();
        };
    }, [handset]);
}

/** What browser tests look at. */
function expose(handset) {
    const counts = () => handset.counts.value;
    window.alphaCallPhone = Object.freeze({
        get state() { return handset.state.value; },
        get fault() { return handset.fault.value?.code ?? null; },
        get framesSent() { return counts().framesSent; },
        get framesPlayed() { return counts().framesPlayed; },
        get marksReturned() { return counts().marksReturned; },
        get clears() { return counts().clears; },
        get level() { return { caller: handset.levels.caller.value, assistant: handset.levels.assistant.value }; },
    });
    return () => delete window.alphaCallPhone;
}
