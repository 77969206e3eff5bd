// The row of filters above the calls.

import { useEffect, useRef, useState } from "preact/hooks";
import { assistantNames } from "../assistants.js";
import { isFiltered, SORTS } from "../calls-query.js";
import { html } from "../html.js";
import { go, withQuery } from "../router.js";
import { Choice } from "../ui/field.js";
import { Icon } from "../ui/icon.js";

const STATUSES = [["", "Any status"], ["completed", "Completed"], ["failed", "Failed"], ["connected", "In call"], ["initiated", "Ringing"]];
const DIRECTIONS = [["", "Both directions"], ["inbound", "Inbound"], ["outbound", "Outbound"]];
const ORDERS = [["", "Newest first"], [SORTS.oldest, "Oldest first"], [SORTS.longest, "Longest first"], [SORTS.shortest, "Shortest first"]];
const TYPING = 350;

/** Every filter begins at the first page. */
const choose = (name) => (value) => go(withQuery({ [name]: value, cursor: null }), { replace: true });

export function Filters({ address }) {
    const [more, setMore] = useState(["phone_number", "from", "to"].some((name) => address.get(name)));
    const chosen = address.get("assistant");
    const names = [...new Set([...assistantNames.value, ...(chosen ? [chosen] : [])])];
    return html`<div class="filters" role="search" aria-label="Filter the calls">
        <div class="filter-search"><${Icon} name="search" /><${Typed} name="q" label="Search by number, name or call id" value=${address.get("q")} type="search" /></div>
        <${Choice} label="Status" value=${address.get("status")} options=${STATUSES} onChange=${choose("status")} />
        <${Choice} label="Direction" value=${address.get("direction")} options=${DIRECTIONS} onChange=${choose("direction")} />
        <${Choice} label="Assistant" value=${chosen} options=${[["", "All assistants"], ...names.map((name) => [name, name])]} onChange=${choose("assistant")} />
        <button type="button" class="button button-quiet" aria-expanded=${String(more)} onClick=${() => setMore(!more)}>${more ? "Fewer" : "More"}</button>
        ${isFiltered(address) && html`<a class="button button-quiet" href="/calls"><${Icon} name="cross" size=${14} /> Clear</a>`}
        ${more && html`<div class="filters-more">
            <div class="small-only"><${Choice} label="Order" value=${address.get("sort")} options=${ORDERS} onChange=${choose("sort")} /></div>
            <${Typed} name="phone_number" label="Exact number" value=${address.get("phone_number")} type="tel" />
            <label class="row small">From <input class="input select" type="date" value=${address.get("from") ?? ""} onChange=${(event) => choose("from")(event.target.value)} /></label>
            <label class="row small">To <input class="input select" type="date" value=${address.get("to") ?? ""} onChange=${(event) => choose("to")(event.target.value)} /></label>
        </div>`}
    </div>`;
}

/** Asks when nothing more is typed for a moment. */
function Typed({ name, label, value, type }) {
    const timer = useRef(null);
    const onInput = (event) => {
        const text = event.target.value.trim();
        clearTimeout(timer.current);
        timer.current = setTimeout(() => choose(name)(text), TYPING);
    };
    useEffect(() => () => clearTimeout(timer.current), []);
    return html`<input class="input" type=${type} aria-label=${label} placeholder=${label} value=${value ?? ""} onInput=${onInput} />`;
}
