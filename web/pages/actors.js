// The tree of supervision: who looks after whom, and how busy each one is.

import { useState } from "preact/hooks";
import { api } from "../api.js";
import { count } from "../format.js";
import { html } from "../html.js";
import { useEvery, useLoad } from "../load.js";
import { Badge } from "../ui/badge.js";
import { Icon } from "../ui/icon.js";
import { Failure, Skeleton } from "../ui/states.js";

const EVERY = 2_000;

/** Actors are asked for as long as somebody looks at them. */
export function Actors() {
    const [open, setOpen] = useState(false);
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
        <caption class="small muted">Instance <code>${value.instance}</code></caption>
        <thead><tr>
            <th scope="col">Actor</th>
            <th scope="col" class="figure">Live</th>
            <th scope="col" class="figure">Mailbox</th>
            <th scope="col" class="figure">Messages</th>
            <th scope="col" class="figure">p99</th>
            <th scope="col" class="figure">Restarts</th>
            <th scope="col" class="figure">Panics</th>
        </tr></thead>
        <tbody>${flat(value.actors).map(({ actor, depth, path }) => html`<${Row} key=${path} actor=${actor} depth=${depth} />`)}</tbody>
    </table></div>`;
}

/** Parents before their children, each with its depth. */
function flat(actors, depth = 0, above = "") {
    return actors.flatMap((actor) => {
        const path = `${above}/${actor.kind}:${actor.name}`;
        return [{ actor, depth, path }, ...flat(actor.children ?? [], depth + 1, path)];
    });
}

function Row({ actor, depth }) {
    const { kind, name, live, mailbox, messages, handling_p99_ms: p99, restarts, panics } = actor;
    return html`<tr>
        <td style=${{ paddingLeft: `${1 + depth * 1.4}rem` }}>
            <span class="strong">${kind}</span> ${name && name !== kind && html`<span class="muted small breaks">${name}</span>`}
            ${live === 0 && html` <${Badge} tone="bad" icon="cross">Down<//>`}</td>
        <td class="figure">${count(live)}</td>
        <td class="figure">${count(mailbox)}</td>
        <td class="figure">${count(messages)}</td>
        <td class="figure">${p99 === null || p99 === undefined ? "–" : `${p99.toFixed(2)} ms`}</td>
        <td class="figure">${restarts > 0 ? html`<span class="change-warn">${count(restarts)}</span>` : "0"}</td>
        <td class="figure">${panics > 0 ? html`<span class="change-bad">${count(panics)}</span>` : "0"}</td>
    </tr>`;
}
