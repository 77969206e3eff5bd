// The messages of the line, one by one, for whoever wants to know what goes over the wire.

import { useSignal } from "@preact/signals";
import { count, offset } from "../format.js";
import { html } from "../html.js";
import { Choice } from "../ui/field.js";
import { filtered } from "./journal.js";

const DIRECTIONS = [["", "Both ways"], ["out", "→ To the engine"], ["in", "← From the engine"], ["note", "Notes"]];
/** As many of the newest are shown. */
const SHOWN = 200;
const ARROWS = { out: ["→", "Sent"], in: ["←", "Received"], note: ["·", "Note"] };

/** @param {{handset: import("./handset.js").Handset}} props */
export function EventLog({ handset }) {
    const direction = useSignal("");
    const text = useSignal("");
    const entries = filtered(handset.journal.value, { direction: direction.value, text: text.value });
    return html`<section class="card" aria-label="Messages of the line">
        <div class="card-head">
            <h2>Messages of the line</h2>
            <div class="row">
                <${Choice} label="Direction" value=${direction.value} options=${DIRECTIONS} onChange=${(value) => (direction.value = value)} />
                <input class="input event-filter" type="search" aria-label="Filter messages" placeholder="Filter" value=${text.value}
                    onInput=${(event) => (text.value = event.target.value)} />
            </div>
        </div>
        <${Counts} handset=${handset} />
        <${Entries} entries=${entries} />
    </section>`;
}

function Counts({ handset }) {
    const counts = handset.counts.value;
    const facts = [
        ["Media sent", counts.framesSent], ["Media received", counts.framesReceived], ["Frames played", counts.framesPlayed],
        ["Marks returned", counts.marksReturned], ["Clears", counts.clears],
    ];
    return html`<dl class="event-counts">
        ${facts.map(([title, value]) => html`<div key=${title}><dt>${title}</dt><dd>${count(value)}</dd></div>`)}
    </dl>`;
}

/** The newest above, so that nothing needs to be scrolled during a call. */
function Entries({ entries }) {
    if (entries.length === 0) return html`<p class="card-body small muted">No messages. Media is counted above, not listed.</p>`;
    return html`<div class="table-frame phone-scroll" tabindex="0" role="region" aria-label="List of messages">
        <table class="table">
            <thead><tr><th>Time</th><th>Way</th><th>Message</th><th>What</th></tr></thead>
            <tbody>${entries.slice(-SHOWN).reverse().map((entry) => html`<${Entry} key=${entry.id} entry=${entry} />`)}</tbody>
        </table>
        ${entries.length > SHOWN && html`<p class="card-body small muted">${count(entries.length - SHOWN)} older ones are not shown. A filter brings them forth.</p>`}
    </div>`;
}

function Entry({ entry }) {
    const [arrow, title] = ARROWS[entry.direction];
    return html`<tr>
        <td class="nowrap">${offset(entry.at)}</td>
        <td><span aria-hidden="true" class="event-${entry.direction}">${arrow}</span><span class="hidden-text">${title}</span></td>
        <td class="mono nowrap">${entry.name}</td>
        <td class="breaks muted">${entry.detail}</td>
    </tr>`;
}
