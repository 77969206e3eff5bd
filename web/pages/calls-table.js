// Calls as rows. A row leads to its call.

import { count, duration, milliseconds, money } from "../format.js";
import { html } from "../html.js";
import { go, withQuery } from "../router.js";
import { StatusBadge } from "../ui/badge.js";
import { PhoneNumber } from "../ui/copy.js";
import { Icon } from "../ui/icon.js";
import { Elapsed, Time } from "../ui/time.js";
import { DIRECTION, isOver, otherSide, whyEnded } from "../words.js";
import { SORTS } from "../calls-query.js";

/** What can be sorted by: the order that is chosen first, then the other one. */
const BY_TIME = [SORTS.newest, SORTS.oldest];
const BY_DURATION = [SORTS.longest, SORTS.shortest];

export function CallsTable({ calls, sort }) {
    return html`<div class="table-frame"><table class="table calls-table">
        <thead><tr>
            <th scope="col">Caller or callee</th>
            <th scope="col">Status</th>
            <${Sortable} title="Started" orders=${BY_TIME} sort=${sort ?? SORTS.newest} kind="wide-only" />
            <${Sortable} title="Length" orders=${BY_DURATION} sort=${sort ?? SORTS.newest} kind="figure wide-only" />
            <th scope="col" class="figure wide-only">Latency</th>
            <th scope="col" class="figure wide-only">Turns</th>
            <th scope="col" class="figure wide-only">Cost</th>
            <th scope="col" class="wide-only">Assistant</th>
        </tr></thead>
        <tbody>${calls.map((call) => html`<${Row} key=${call.id} call=${call} />`)}</tbody>
    </table></div>`;
}

function Sortable({ title, orders, sort, kind }) {
    const at = orders.indexOf(sort);
    const next = at === 0 ? orders[1] : orders[0];
    const state = at < 0 ? undefined : sort.startsWith("-") ? "descending" : "ascending";
    const choose = () => go(withQuery({ sort: next === SORTS.newest ? null : next, cursor: null }), { replace: true });
    return html`<th scope="col" class=${kind} aria-sort=${state}>
        <button type="button" class="sort" onClick=${choose}>${title}<span aria-hidden="true">${{ ascending: "↑", descending: "↓" }[state] ?? ""}</span></button>
    </th>`;
}

function Row({ call }) {
    const open = (event) => {
        if (!event.target.closest("a, button") && getSelection().isCollapsed) go(`/calls/${call.id}`);
    };
    return html`<tr class="row-link" onClick=${open}>
        <td><${Who} call=${call} /></td>
        <td><${StatusBadge} call=${call} /><div class="small muted wide-only why">${shortWhy(call)}</div></td>
        <td class="wide-only"><${Time} at=${call.initiated_at} /></td>
        <td class="figure wide-only"><${Length} call=${call} /></td>
        <td class="figure wide-only">${milliseconds(call.latency_p50_ms)}</td>
        <td class="figure wide-only">${isOver(call) ? count((call.ai_responses ?? 0) + (call.user_inputs ?? 0)) : "–"}</td>
        <td class="figure wide-only">${money(call.cost_usd)}</td>
        <td class="wide-only">${call.assistant}</td>
    </tr>`;
}

function Length({ call }) {
    if (!isOver(call)) return html`<${Elapsed} since=${call.connected_at ?? call.initiated_at} />`;
    return html`<span>${duration(call.duration_seconds)}</span>`;
}

function Who({ call }) {
    return html`<div class="who">
        <span class="who-direction" title=${DIRECTION[call.direction]}><${Icon} name=${call.direction === "inbound" ? "incoming" : "outgoing"} />
            <span class="hidden-text">${DIRECTION[call.direction]}</span></span>
        <div><a class="who-link" href=${`/calls/${call.id}`}><${PhoneNumber} number=${otherSide(call)} /></a>
        
            <div class="small muted">${call.name}</div>
            <div class="small muted small-only"><${Time} at=${call.initiated_at} /> · <${Length} call=${call} /></div></div>
    </div>`;
}

/** A call that went as it should needs no reason in a list. */
const shortWhy = (call) => (call.status === "failed" ? whyEnded(call) : null);
