// Who answers the phone: every assistant as it is in effect.

import { api } from "../api.js";
import { sentence, words } from "../format.js";
import { html } from "../html.js";
import { useLoad } from "../load.js";
import { go, route, withQuery } from "../router.js";
import { Badge } from "../ui/badge.js";
import { PhoneNumber } from "../ui/copy.js";
import { Facts, FactsOf } from "../ui/facts.js";
import { Blank, Loaded } from "../ui/states.js";

/** What has a place of its own on the page; whatever else there is comes after it. */
const PLACED = ["name", "is_default", "model", "voice", "instructions", "greeting", "disclosure", "language", "tools", "numbers", "limits",
    "turn_detection", "opening_hours"];

const DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

export function Assistants() {
    const load = useLoad((options) => api.assistants(options), []);
    return html`
        <div class="page-head"><h1>Assistants</h1>
            <p class="muted small">As they are in effect. They are changed in <code>config/assistants/NAME.toml</code>.</p></div>
        <${Loaded} of=${load}>${({ assistants }) => html`<${Profiles} assistants=${assistants} />`}<//>`;
}

function Profiles({ assistants }) {
    const wanted = route.value.query.get("name");
    const chosen = assistants.find(({ name }) => name === wanted) ?? assistants.find((one) => one.is_default) ?? assistants[0];
    if (!chosen) return html`<div class="card"><${Blank} icon="assistant" title="There is no assistant" /></div>`;
    return html`<div class="assistant-columns"><${List} assistants=${assistants} chosen=${chosen} /><${Profile} assistant=${chosen} /></div>`;
}

function List({ assistants, chosen }) {
    return html`<nav class="card assistant-list" aria-label="Assistants">
        ${assistants.map(({ name, is_default: isDefault, model, voice }) => html`<button key=${name} type="button" class="live-call"
            aria-pressed=${String(name === chosen.name)} onClick=${() => go(withQuery({ name }), { replace: true })}>
            <span class="spread"><span class="strong">${name}</span>${isDefault && html`<span class="tag">Default</span>`}</span>
            <span class="small muted">${[model, voice].filter(Boolean).join(" · ")}</span>
        </button>`)}
    </nav>`;
}

function Profile({ assistant }) {
    return html`<div class="stack">
        <${Panel} title=${assistant.name} side=${assistant.is_default && html`<${Badge} tone="live" icon="check">Answers by default<//>`}>
            <${Facts} facts=${[
                ["Model", assistant.model],
                ["Voice", assistant.voice],
                ["Language", assistant.language || "Left to the model"],
                ["Numbers", numbers(assistant)],
                ["Says first", assistant.disclosure],
                ["Greeting", assistant.greeting || "None: it waits for the caller"],
            ]} />
        <//>
        <${Panel} title="Instructions"><p class="prose">${assistant.instructions}</p><//>
        <${Panel} title="Tools"><${Tools} tools=${assistant.tools ?? []} /><//>
        <div class="pair">
            <${Panel} title="Limits"><${FactsOf} object=${assistant.limits ?? {}} /><//>
            <${Panel} title="Taking turns"><${FactsOf} object=${assistant.turn_detection ?? {}} /><//>
            <${Panel} title="Opening hours">${assistant.opening_hours ? html`<${Hours} hours=${assistant.opening_hours} />` : "Always open."}<//>
            <${Rest} assistant=${assistant} />
        </div>
    </div>`;
}

function Panel({ title, side, children }) {
    return html`<section class="card"><div class="card-head"><h2>${title}</h2>${side}</div><div class="card-body">${children}</div></section>`;
}

function numbers({ numbers: list, is_default: isDefault }) {
    if (!list?.length) return isDefault ? "All that no other one has" : "None: for calls that are placed";
    return list.map((number) => html`<div key=${number}><${PhoneNumber} number=${number} copy /></div>`);
}

function Tools({ tools }) {
    if (tools.length === 0) return html`<p class="muted">It has none: it talks, and nothing else.</p>`;
    return html`<ul class="tools">${tools.map(({ name, kind, description }) => html`<li key=${name}>
        <div class="row"><code class="strong">${name}</code><span class="tag">${words(kind)}</span></div><p class="small muted">${sentence(description)}</p>
    </li>`)}</ul>`;
}

function Hours({ hours: { days = [], time_zone: zone, closed } }) {
    const spans = (text) => text || html`<span class="muted">Closed</span>`;
    return html`<${Facts} facts=${[...days.map((text, at) => [DAYS[at], spans(text)]), ["Time zone", zone], ["Says when closed", closed]]} />`;
}

function Rest({ assistant }) {
    if (Object.keys(assistant).every((name) => PLACED.includes(name))) return null;
    return html`<${Panel} title="More"><${FactsOf} object=${assistant} without=${PLACED} /><//>`;
}
