// What carrier, engine and model said to each other during a call.

import { useState } from "preact/hooks";
import { api } from "../api.js";
import { count, offset } from "../format.js";
import { html } from "../html.js";
import { useEvery, useLoad } from "../load.js";
import { Choice } from "../ui/field.js";
import { Blank, Failure, Notice, Skeleton } from "../ui/states.js";

const LEGS = [["", "Both legs"], ["twilio", "Carrier"], ["model", "Model"]];
const DIRECTIONS = [["", "In and out"], ["in", "In"], ["out", "Out"]];
const LEG_TITLES = { twilio: "Carrier", model: "Model" };
const EVERY = 3_000;
const SHOWN = 300;

export function CallEvents({ id, live }) {
    const { value, error, reload } = useLoad((options) => api.callEvents(id, options), [id, live]);
    const [filter, setFilter] = useState({ leg: "", direction: "", text: "" });
    const [shown, setShown] = useState(SHOWN);
    useEvery(EVERY, reload, live);
    if (error && !value) return html`<${Failure} error=${error} retry=${reload} />`;
    if (!value) return html`<${Skeleton} lines=${10} />`;
    if (value.events.length === 0) return html`<${Blank} icon="calls" title="No events on record">Only calls of this instance, and not those of long ago, have them.<//>`;
    const found = value.events.filter((event) => fits(event, filter));
    return html`<div class="stack">
        <${EventFilters} filter=${filter} setFilter=${setFilter} found=${found.length} />
        ${value.dropped > 0 && html`<${Notice} tone="warn">${count(value.dropped)} events are not kept: there were too many.<//>`}
        <${EventTable} events=${found.slice(0, shown)} />
        ${found.length > shown && html`<button type="button" class="button" onClick=${() => setShown(shown + SHOWN)}>Show more</button>`}
    </div>`;
}

function fits(event, { leg, direction, text }) {
    const words = `${event.name} ${event.detail ?? ""}`.toLowerCase();
    return (!leg || event.leg === leg) && (!direction || event.direction === direction) && words.includes(text.toLowerCase());
}

function EventFilters({ filter, setFilter, found }) {
    const set = (name) => (value) => setFilter({ ...filter, [name]: value });
    return html`<div class="row">
        <input class="input event-search" type="search" aria-label="Search the events" placeholder="Search the events"
            onInput=${(event) => set("text")(event.target.value)} />
        <${Choice} label="Leg" value=${filter.leg} options=${LEGS} onChange=${set("leg")} />
        <${Choice} label="Direction" value=${filter.direction} options=${DIRECTIONS} onChange=${set("direction")} />
        <span class="small muted" role="status">${count(found)} found</span>
    </div>`;
}

function EventTable({ events }) {
    return html`<div class="table-frame"><table class="table event-table">
        <thead><tr><th scope="col">At</th><th scope="col">Leg</th><th scope="col">Event</th></tr></thead>
        <tbody>${events.map((event, index) => html`<tr key=${index}>
            <td class="nowrap muted">${offset(event.at_ms)}</td>
            <td class="nowrap"><${Leg} ...${event} /></td>
            <td><code class="breaks">${event.name}</code>${event.count > 1 && html` <span class="muted nowrap">× ${count(event.count)}</span>`}
                ${event.detail && html`<div class="small muted breaks">${event.detail}</div>`}</td>
        </tr>`)}</tbody>
    </table></div>`;
}

function Leg({ leg, direction }) {
    const isIn = direction === "in";
    return html`<span class="leg leg-${leg}" title=${isIn ? "To the engine" : "From the engine"}>
        <span aria-hidden="true">${isIn ? "→" : "←"}</span><span class="hidden-text">${direction}</span> ${LEG_TITLES[leg] ?? leg}
    </span>`;
}
