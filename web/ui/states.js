// Nothing yet, nothing at all, nothing to be had: and the way out.

import { html } from "../html.js";
import { Icon } from "./icon.js";

/** Lines in the place of what is being loaded. */
export function Skeleton({ lines = 3, height }) {
    const widths = ["92%", "78%", "85%", "64%", "88%"];
    const line = (_, at) => html`<div class="skeleton skeleton-line" style=${{ width: widths[at % widths.length] }}></div>`;
    const inside = height ? html`<div class="skeleton" style=${{ height }}></div>` : Array.from({ length: lines }, line);
    return html`<div role="status"><span class="hidden-text">Loading</span>${inside}</div>`;
}

export function Blank({ icon, title, children, action }) {
    return html`<div class="blank">
        ${icon && html`<${Icon} name=${icon} size=${28} />`}
        <h2>${title}</h2>
        ${children && html`<p>${children}</p>`}
        ${action && html`<div class="row">${action}</div>`}
    </div>`;
}

/** What the API refused, and why, in its own words. */
export function Failure({ error, retry }) {
    const missing = error.code === "insufficient-scope";
    const again = retry && !missing && html`<button class="button" onClick=${retry}><${Icon} name="refresh" /> Try again</button>`;
    return html`<div role="alert">
        <${Blank} icon=${missing ? "key" : "alert"} title=${error.title ?? "Something went wrong"} action=${again}>
            ${missing ? html`Your API key may not see this: ${error.detail}. An operator can make one that may, with
            <code> alpha-call keys create</code>.` : (error.detail ?? String(error))}
            ${error.requestId && html`<br /><span class="small">Request <code>${error.requestId}</code></span>`}
        <//>
    </div>`;
}

/** An error within a page that is otherwise there. */
export function Notice({ tone = "bad", icon = "alert", children }) {
    return html`<div class="notice notice-${tone}" role=${tone === "bad" ? "alert" : "note"}>
        <${Icon} name=${icon} /><div class="grow">${children}</div>
    </div>`;
}

/** An error of a request, said in a dialog or above a form. */
export function Refusal({ error }) {
    if (!error) return null;
    const again = error.retryAfter ? ` Try again in ${error.retryAfter} s.` : "";
    const detail = error.code === "invalid-field" && error.fields.size > 0 ? "" : error.detail;
    return html`<${Notice}><span class="strong">${error.title}.</span> ${detail}${again}<//>`;
}
