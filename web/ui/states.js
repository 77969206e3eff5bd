// Nothing yet, nothing at all, nothing to be had: and the way out.

import { sentence } from "../format.js";
import { html } from "../html.js";
import { Icon } from "./icon.js";

/** Lines in the place of what is being loaded. */
export function Skeleton({ lines = 3, height }) {
    const widths = ["92%", "78%", "85%", "64%", "88%"];
    const line = (_, at) => html`<div class="skeleton skeleton-line" style=${{ width: widths[at % widths.length] }}></div>`;
    const inside = height ? html`<div class="skeleton" style=${{ height }}></div>` : Array.from({ length: lines }, line);
    return html`<div role="status"><span class="hidden-text">Loading</span>${inside}</div>`;
}

export function Blank({ icon, title, as = "h2", children, action }) {
    return html`<div class="blank">
        ${icon && html`<${Icon} name=${icon} size=${28} />`}
        <${as}>${title}<//>
        ${children && html`<p>${children}</p>`}
        ${action && html`<div class="row">${action}</div>`}
    </div>`;
}

/** What the API refused, and why, in its own words. */
export function Failure({ error, retry, as }) {
    const missing = error.code === "insufficient-scope";
    const again = retry && !missing && html`<button class="button" onClick=${retry}><${Icon} name="refresh" /> Try again</button>`;
    return html`<div role="alert">
        <${Blank} icon=${missing ? "key" : "alert"} title=${error.title ?? "Something went wrong"} as=${as} action=${again}>
            ${missing ? html`${sentence(error.detail)} An operator can make one, with <code>alpha-call keys create</code>.` : sentence(error.detail ?? String(error))}
            ${error.requestId && html`<br /><span class="small">Request <code>${error.requestId}</code></span>`}
        <//>
    </div>`;
}

/** What `useLoad` is at: the skeleton of a card, the refusal in one, or what is made of the value. */
export function Loaded({ of: { value, error, reload }, lines = 10, children }) {
    if (value) return children(value);
    if (error) return html`<div class="card"><${Failure} error=${error} retry=${reload} /></div>`;
    return html`<div class="card card-body"><${Skeleton} lines=${lines} /></div>`;
}

/** Something that the key does not allow, said before it is asked for. */
export function NeedsScope({ scope, title, as }) {
    return html`<${Blank} icon="key" title=${title} as=${as}>
        The key you signed in with has no scope <code>${scope}</code>. An operator can make one that has, with <code>alpha-call keys create</code>.
    <//>`;
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
    const fields = [...(error.fields ?? [])].map(([name, detail]) => html`<div key=${name}><code>${name}</code>: ${detail}</div>`);
    return html`<${Notice}><span class="strong">${sentence(error.title ?? error.message)}</span> ${fields.length > 0 ? fields : sentence(error.detail)}${again}<//>`;
}
