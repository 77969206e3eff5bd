// What real calls need, what of it is there, and how to mend the rest.

import { api } from "../api.js";
import { count, sentence } from "../format.js";
import { html } from "../html.js";
import { useLoad } from "../load.js";
import { may } from "../session.js";
import { WordBadge } from "../ui/badge.js";
import { Copyable } from "../ui/copy.js";
import { Icon } from "../ui/icon.js";
import { Loaded, NeedsScope } from "../ui/states.js";
import { CHECK_STATE } from "../words.js";
import { Webhooks } from "./setup-webhooks.js";

const OPEN = ["missing", "failed", "warning"];

export function Setup() {
    if (!may("admin")) return html`<${NeedsScope} scope="admin" as="h1" title="Your API key may not look at the setup" />`;
    return html`<${Checked} />`;
}

function Checked() {
    const setup = useLoad((options) => api.setup(options), []);
    return html`
        <div class="page-head"><h1>Setup</h1>
            <button type="button" class="button" disabled=${setup.loading} onClick=${setup.reload}>
                <${Icon} name="refresh" /> ${setup.loading && setup.value ? "Checking…" : "Check again"}
            </button>
        </div>
        <${Loaded} of=${setup}>${({ checks }) => html`<${Checklist} checks=${checks} />`}<//>`;
}

function Checklist({ checks }) {
    return html`<div class="stack">
        <${Sum} checks=${checks} />
        <ol class="card checks">${checks.map((check) => html`<${Check} key=${check.id} check=${check} />`)}</ol>
        <${Webhooks} />
        <p class="small muted">The same is told by <code>alpha-call check</code>. Variables stand in the environment or in <code>.env</code>;
            the engine reads them when it starts.</p>
    </div>`;
}

function Sum({ checks }) {
    const done = checks.filter(({ state }) => !OPEN.includes(state)).length;
    const blocked = checks.filter(({ state }) => state === "missing" || state === "failed").length;
    const simulated = checks.some(({ state }) => state === "simulated");
    const ready = simulated ? "This is a simulation: it needs nothing more" : "Ready for real calls";
    const title = blocked > 0 ? `${count(blocked)} ${blocked === 1 ? "thing is" : "things are"} missing for real calls` : ready;
    return html`<div class="card card-body sum" role="status">
        <div class="spread"><h2>${title}</h2><span class="muted small">${count(done)} of ${count(checks.length)} in order</span></div>
        <span class="meter ${blocked > 0 ? "meter-warn" : "meter-assistant"}" aria-hidden="true">
            <span class="meter-fill" style=${{ transform: `scaleX(${done / Math.max(1, checks.length)})` }}></span>
        </span>
        ${(blocked > 0 || simulated) && html`<p class="small muted">You can <a href="/phone">talk to the engine from the browser</a> at once.</p>`}
    </div>`;
}

function Check({ check }) {
    const { title, state, detail, fix, variable, command, link } = check;
    const open = OPEN.includes(state);
    const tone = CHECK_STATE[state]?.tone ?? "calm";
    return html`<li class="check">
        <span class="check-mark check-${tone}"><${Icon} name=${CHECK_STATE[state]?.icon ?? "minus"} size=${15} /></span>
        <div class="grow stack-tight">
            <div class="spread"><h3>${title}</h3><${WordBadge} of=${CHECK_STATE} word=${state} /></div>
            <p class="small muted breaks">${sentence(detail)}</p>
            ${open && html`<div class="stack-tight">
                ${fix && html`<p class="small">${sentence(fix)}</p>`}
                ${variable && html`<${Copyable} text=${variable} what="the variable" />`}
                ${command && html`<${Copyable} text=${command} what="the command" />`}
                ${link && html`<a class="small" href=${link} target="_blank" rel="noreferrer">
                    ${new URL(link, location.href).host} <${Icon} name="outgoing" size=${12} /></a>`}
            </div>`}
        </div>
    </li>`;
}
