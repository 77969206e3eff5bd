// The calls that go on now, and the words of the chosen one.

import { useEffect, useState } from "preact/hooks";
import { useConversation } from "../conversation.js";
import { count, phoneNumber } from "../format.js";
import { html } from "../html.js";
import { go, route, withQuery } from "../router.js";
import { health, levels, runningCalls, runningKnown } from "../running.js";
import { may } from "../session.js";
import { StatusBadge } from "../ui/badge.js";
import { CallActs } from "../ui/call-acts.js";
import { Icon } from "../ui/icon.js";
import { LevelMeters } from "../ui/level-meters.js";
import { PlaceCall } from "../ui/place-call.js";
import { Blank, Failure, NeedsScope, Notice, Skeleton } from "../ui/states.js";
import { Elapsed } from "../ui/time.js";
import { Transcript } from "../ui/transcript.js";
import { DIRECTION, isOver, otherSide } from "../words.js";
import { Actors } from "./actors.js";
import { LimitMeter } from "./overview-cards.js";

export function Live() {
    return html`
        <div class="page-head"><h1>Live</h1><${PlaceCall} /></div>
        <div class="stack">
            <${Limits} />
            <${Current} calls=${runningCalls.value} />
            ${may("admin") && html`<${Actors} />`}
        </div>`;
}

function Current({ calls }) {
    const chosen = useChosen(calls);
    if (!chosen) return runningKnown.value ? html`<section class="card"><${Nobody} /></section>` : html`<${Loading} />`;
    return html`<div class="live-columns">
        <section class="card" aria-label="Running calls">
            <div class="card-head"><h2>Running calls</h2><span class="small muted">${count(calls.length)}</span></div>
            <${List} calls=${calls} chosen=${chosen} />
        </section>
        <${Chosen} key=${chosen} id=${chosen} />
    </div>`;
}

/** The one of the address, else the one that was there first. It stays when it is over, so that its end can be read. */
function useChosen(calls) {
    const [first, setFirst] = useState(null);
    useEffect(() => setFirst((before) => before ?? calls[0]?.id ?? null), [calls]);
    return route.value.query.get("call") ?? first;
}

function Loading() {
    return html`<div class="live-columns">
        <div class="card card-body"><${Skeleton} lines=${5} /></div>
        <div class="card card-body"><${Skeleton} height="31.5rem" /></div>
    </div>`;
}

function Nobody() {
    const action = html`<a class="button button-primary" href="/phone"><${Icon} name="phone" /> Talk to it from the browser</a>`;
    return html`<${Blank} icon="live" title="Nobody is on the line" action=${action}>A call appears here the moment it begins.<//>`;
}

function Limits() {
    const { calls, model_connections: models, fleet, draining, overload } = health.value ?? {};
    return html`
        <div class="card limits">
            <${Limit} title="Calls" ...${calls} />
            <${Limit} title="Model connections" ...${models} />
            ${fleet && html`<div class="limit"><span class="muted">Fleet</span>
                <span class="strong">${count(fleet.calls)} calls on ${count(fleet.instances)} instances</span></div>`}
        </div>
        ${draining && html`<${Notice} tone="warn">This instance is shutting down: new calls go to another one.<//>`}
        ${overload && html`<${Notice} tone="warn">No new calls are let in: too little ${overload}.<//>`}`;
}

function Limit({ title, active, limit }) {
    return html`<div class="limit">
        <div class="spread"><span class="muted">${title}</span>
            <span><span class="strong">${count(active)}</span> <span class="muted">of ${count(limit)}</span></span></div>
        <${LimitMeter} active=${active} limit=${limit} />
    </div>`;
}

function List({ calls, chosen }) {
    if (calls.length === 0) return html`<${Blank} icon="live" title="Nobody is on the line" />`;
    return html`<ul class="live-list">${calls.map((call) => html`<li key=${call.id}>
        <button type="button" class="live-call" aria-pressed=${String(call.id === chosen)} onClick=${() => go(withQuery({ call: call.id }), { replace: true })}>
            <span class="spread"><span class="strong">${phoneNumber(otherSide(call))}</span><${Elapsed} since=${call.connected_at ?? call.initiated_at} /></span>
            <span class="spread small"><span class="muted">${[call.name, DIRECTION[call.direction], call.assistant].filter(Boolean).join(" · ")}</span>
                ${call.status !== "connected" && html`<${StatusBadge} call=${call} />`}</span>
            <${LevelMeters} level=${levels.value.get(call.id)} />
        </button>
    </li>`)}</ul>`;
}

function Chosen({ id }) {
    const { call, turns, error, reload } = useConversation(id);
    if (error && !call) return html`<section class="card"><${Failure} error=${error} retry=${reload} /></section>`;
    if (!call) return html`<section class="card card-body"><${Skeleton} height="31.5rem" /></section>`;
    const live = !isOver(call);
    return html`<section class="card live-chosen" aria-label="The chosen call">
        <div class="card-head">
            <div class="row"><h2><a class="who-link" href=${`/calls/${call.id}`}>${phoneNumber(otherSide(call))}</a></h2><${StatusBadge} call=${call} /></div>
            ${live ? html`<${CallActs} call=${call} small />` : html`<a class="button button-small" href=${`/calls/${call.id}`}>See the whole call</a>`}
        </div>
        ${may("transcripts:read") ? html`<${Transcript} turns=${turns} live=${live} pane />`
            : html`<${NeedsScope} scope="transcripts:read" title="Your API key may not read conversations" />`}
    </section>`;
}
