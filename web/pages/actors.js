// The tree of supervision: who looks after whom, and how busy each kind of actor is.

import { useState } from "preact/hooks";
import { api } from "../api.js";
import { count } from "../format.js";
import { html } from "../html.js";
import { useEvery, useLoad } from "../load.js";
import { route } from "../router.js";
import { Badge } from "../ui/badge.js";
import { Icon } from "../ui/icon.js";
import { Failure, Skeleton } from "../ui/states.js";

const EVERY = 2_000;
const NAMES = {
    call_supervisor: "CallSupervisor",
    call: "CallActor",
    twilio_stream: "TwilioStreamActor",
    openai_session: "OpenAiSessionActor",
    concurrency_governor: "ConcurrencyGovernor",
    logger: "LoggerActor",
    dial_queue: "DialQueue",
    event_publisher: "EventPublisher",
    webhook_courier: "WebhookCourier",
};

/** Actors are asked for as long as somebody looks at them. */
export function Actors() {
    const [open, setOpen] = useState(route.value.query.has("actors"));
    return html`<section class="card">
        <button type="button" class="card-head actors-head" aria-expanded=${String(open)} onClick=${() => setOpen(!open)}>
            <h2>Actors</h2><span class="row small muted"><span class="wide-only">The parts of the engine, and how busy they are</span> <${Icon} name="chevron" /></span>
        </button>
        ${open && html`<${Tree} />`}
    </section>`;
}

function Tree() {
    const { value, error, reload } = useLoad((options) => api.actors(options), []);
    useEvery(EVERY, reload);
    if (error && !value) return html`<${Failure} error=${error} retry=${reload} />`;
    if (!value) return html`<div class="card-body"><${Skeleton} lines=${6} /></div>`;
    return html`<div class="table-frame" tabindex="0" role="region" aria-label="Actors"><table class="table actors">
        <caption class="small muted">Instance <code>${value.instance}</code>, since it began</caption>
        <thead><tr>
            <th scope="col">Actor</th>
            <th scope="col" class="figure">Live</th>
            <th scope="col" class="figure">Waiting</th>
            <th scope="col" class="figure">Messages</th>
            <th scope="col" class="figure" title="Time that a message keeps its actor busy: 99 % take no longer">Busy, p99</th>
            <th scope="col" class="figure">Frames dropped</th>
            <th scope="col" class="figure">Restarts</th>
            <th scope="col" class="figure">Panics</th>
        </tr></thead>
        <tbody>${flat(value.actors).map(({ actor, depth }) => html`<${Row} key=${actor.kind} actor=${actor} depth=${depth} />`)}</tbody>
    </table></div>`;
}

/** Parents before their children, each with its depth; the first ones live as long as the process. */
function flat(actors, depth = 0) {
    return actors.flatMap((actor) => [{ actor, depth }, ...flat(actor.children, depth + 1)]);
}

function Row({ actor, depth }) {
    const { kind, live, waiting, messages, handling_p99_us: p99, frames_dropped: dropped, restarts, panics } = actor;
    return html`<tr>
        <th scope="row" class="strong" style=${{ paddingLeft: `${1 + depth * 1.4}rem` }}>${NAMES[kind] ?? kind}
            ${live === 0 && depth === 0 && kind !== "webhook_courier" && html` <${Badge} tone="bad" icon="cross">Down<//>`}</th>
        <td class="figure">${count(live)}</td>
        <td class="figure">${count(waiting)}</td>
        <td class="figure">${count(messages)}</td>
        <td class="figure">${busy(p99)}</td>
        <td class="figure">${marked(dropped, "change-warn")}</td>
        <td class="figure">${marked(restarts, "change-warn")}</td>
        <td class="figure">${marked(panics, "change-bad")}</td>
    </tr>`;
}

function busy(micros) {
    if (micros === null) return "–";
    return micros < 1_000 ? `${micros < 10 ? micros.toFixed(1) : Math.round(micros)} µs` : `${(micros / 1_000).toFixed(1)} ms`;
}

function marked(number, style) {
    return number > 0 ? html`<span class=${style}>${count(number)}</span>` : "0";
}
