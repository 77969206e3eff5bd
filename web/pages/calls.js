// All calls: filtered, sorted, page by page.

import { useEffect, useState } from "preact/hooks";
import { api } from "../api.js";
import { noteAssistants } from "../assistants.js";
import { isFiltered, queryFrom } from "../calls-query.js";
import { listen } from "../events.js";
import { count } from "../format.js";
import { html } from "../html.js";
import { useLoad } from "../load.js";
import { go, route, withQuery } from "../router.js";
import { Icon } from "../ui/icon.js";
import { PlaceCall } from "../ui/place-call.js";
import { Blank, Failure, Skeleton } from "../ui/states.js";
import { CallsTable } from "./calls-table.js";
import { DownloadCalls } from "./calls-download.js";
import { Filters } from "./calls-filters.js";

const PAGE = 50;
const NO_CALLS = new Map();

export function Calls() {
    const address = route.value.query;
    const query = queryFrom(address);
    const cursor = address.get("cursor");
    const { value, error, loading, reload } = useLoad((options) => page(query, cursor, options), [JSON.stringify(query), cursor]);
    const { calls, unseen } = useFresh(value);
    const atHead = !cursor && !isFiltered(address) && !address.get("sort");
    return html`
        <div class="page-head">
            <h1>Calls</h1>
            <div class="row">${atHead && unseen > 0 && html`<${ShowNew} count=${unseen} onClick=${reload} />`}<${DownloadCalls} query=${query} /><${PlaceCall} /></div>
        </div>
        <section class="card">
            <${Filters} address=${address} />
            ${error ? html`<${Failure} error=${error} retry=${reload} />` : html`<${List} calls=${calls} address=${address} loading=${loading} />`}
        </section>
        ${!error && html`<${Pager} value=${value} shown=${calls?.length} cursor=${cursor} reload=${reload} />`}`;
}

async function page(query, cursor, options) {
    const found = await api.calls({ ...query, cursor, limit: PAGE }, options);
    noteAssistants(found.calls);
    return found;
}

/** The calls of a page, each as the newest event tells it. New ones wait until they are asked for, so that nothing jumps. */
function useFresh(value) {
    const [newer, setNewer] = useState(NO_CALLS);
    useEffect(() => setNewer(NO_CALLS), [value]);
    useEffect(() => listen(({ data }) => data?.call && setNewer((before) => new Map(before).set(data.call.id, data.call))), []);
    if (!value) return { unseen: 0 };
    const unseen = [...newer.keys()].filter((id) => !value.calls.some((call) => call.id === id));
    return { calls: value.calls.map((call) => newer.get(call.id) ?? call), unseen: unseen.length };
}

function ShowNew({ count: calls, onClick }) {
    return html`<button type="button" class="button" onClick=${onClick}><${Icon} name="refresh" /> ${count(calls)} new ${calls === 1 ? "call" : "calls"}</button>`;
}

function List({ calls, address, loading }) {
    if (!calls) return html`<div class="card-body"><${Skeleton} lines=${12} /></div>`;
    if (calls.length === 0) return html`<${NoCalls} address=${address} />`;
    return html`<div class=${loading ? "fading" : ""} aria-busy=${String(loading)}><${CallsTable} calls=${calls} sort=${address.get("sort")} /></div>`;
}

function NoCalls({ address }) {
    if (isFiltered(address)) {
        const action = html`<a class="button" href="/calls">Clear the filters</a>`;
        return html`<${Blank} icon="search" title="No call is like that" action=${action}>Nothing fits all of these filters.<//>`;
    }
    const action = html`<a class="button button-primary" href="/phone"><${Icon} name="phone" /> Talk to it from the browser</a>
        <a class="button" href="/setup">Look at the setup</a>`;
    return html`<${Blank} icon="phone" title="No calls yet" action=${action}>Calls appear here by themselves as soon as somebody calls, or is called.<//>`;
}

/** Cursors lead forward alone: back is the way the browser knows. */
function Pager({ value, shown, cursor, reload }) {
    if (!value || value.total === 0) return null;
    const total = `${value.total_is_estimate ? "about " : ""}${count(value.total)}`;
    return html`<nav class="spread pager" aria-label="Pages of calls">
        <span class="small muted" role="status">${count(shown)} of ${total} calls${cursor ? ", further on" : ""}</span>
        <div class="row">
            ${cursor ? html`<a class="button" href=${withQuery({ cursor: null })}>First page</a>`
                : html`<button type="button" class="button" onClick=${reload}><${Icon} name="refresh" /> Refresh</button>`}
            <button type="button" class="button" disabled=${!value.next_cursor}
                onClick=${() => (go(withQuery({ cursor: value.next_cursor })), scrollTo(0, 0))}>Next page <${Icon} name="chevron" /></button>
        </div>
    </nav>`;
}
