// What both said, as it is said, and how long each answer took.

import { useEffect, useRef } from "preact/hooks";
import { connection } from "../events.js";
import { milliseconds, words } from "../format.js";
import { html } from "../html.js";
import { may } from "../session.js";
import { Blank } from "../ui/states.js";
import { median, waitOf } from "./turns.js";

const SPEAKERS = { user: "You", ai: "Assistant", system: "System" };
/** Nearer to the end than this, the reader follows what is new, in CSS pixels. */
const AT_THE_END = 60;

/** @param {{handset: import("./handset.js").Handset}} props */
export function Transcript({ handset }) {
    const turns = handset.turns.value;
    const end = useFollowing(turns);
    return html`<section class="card phone-transcript" aria-label="Transcript">
        <div class="card-head"><h2>Transcript</h2><${Latency} handset=${handset} /></div>
        <div class="card-body phone-scroll" role="log" aria-live="polite" tabindex="0" ref=${end}>
            ${turns.length === 0 && html`<${Nothing} handset=${handset} />`}
            <div class="turns">
                ${turns.map((turn) => html`<${Turn} key=${`${turn.epoch}:${turn.seq}`} turn=${turn} wait=${waitOf(turn, handset.waits.value)} />`)}
            </div>
        </div>
    </section>`;
}

/** Keeps the newest in sight, unless the reader has gone back to read. */
function useFollowing(turns) {
    const box = useRef(null);
    const follows = useRef(true);
    useEffect(() => {
        const note = () => (follows.current = box.current.scrollHeight - box.current.scrollTop - box.current.clientHeight < AT_THE_END);
        box.current.addEventListener("scroll", note);
    }, []);
    useEffect(() => {
        if (follows.current) box.current.scrollTop = box.current.scrollHeight;
    }, [turns]);
    return box;
}

function Nothing({ handset }) {
    if (!may("calls:read")) return html`<${Blank} icon="key" title="No transcript">Your API key lacks the scope calls:read.<//>`;
    if (connection.value === "off") return html`<${Blank} icon="alert" title="No transcript">The server sends no events to this page.<//>`;
    if (handset.state.value === "live") return html`<${Blank} icon="wave" title="Listening">What is said appears here.<//>`;
    return html`<${Blank} icon="wave" title="Nobody spoke yet">Call the assistant, and what you both say appears here.<//>`;
}

function Latency({ handset }) {
    const here = median(handset.waits.value.map((wait) => wait.ms));
    if (here === null) return null;
    const engine = median(handset.turns.value.filter((turn) => turn.speaker === "ai" && turn.latency_ms !== null).map((turn) => turn.latency_ms));
    const about = "From the end of what you said to the first sound of the answer, in the middle of all answers of this call";
    const there = engine === null ? "" : `, ${milliseconds(engine)} in the engine`;
    return html`<span class="small muted" title=${about}>Answers after ${milliseconds(here)} here${there}</span>`;
}

function Turn({ turn, wait }) {
    return html`<article class="turn turn-${turn.speaker}">
        <p class="turn-head"><span class="strong">${SPEAKERS[turn.speaker] ?? turn.speaker}</span><${Times} turn=${turn} wait=${wait} /></p>
        <p class="turn-text"><${Words} turn=${turn} /></p>
    </article>`;
}

function Times({ turn, wait }) {
    return html`
        ${wait !== null && html`<span title="From the end of what you said to the first sound, as heard by this page">${milliseconds(wait)} here</span>`}
        ${turn.latency_ms !== null && html`<span title="The same, as the engine measured it">${milliseconds(turn.latency_ms)} engine</span>`}
        ${turn.interrupted && html`<span class="tag">interrupted</span>`}`;
}

function Words({ turn }) {
    if (turn.kind !== "message") return html`${words(turn.kind)} ${turn.tool?.name ?? ""} <span class="muted breaks">${turn.generated}</span>`;
    if (turn.speaker === "user" && turn.transcription === "pending") return html`<span class="turn-pending">Writing down what you said</span>`;
    if (!turn.interrupted) return turn.generated || turn.heard || html`<span class="turn-pending">Words are not shown</span>`;
    const unheard = turn.generated.startsWith(turn.heard) ? turn.generated.slice(turn.heard.length) : "";
    return html`${turn.heard}<span class="turn-unheard">${unheard}</span>`;
}
