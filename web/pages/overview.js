// Figures over a period, and what goes on now.

import { useCallback, useEffect } from "preact/hooks";
import { api } from "../api.js";
import { assistantNames } from "../assistants.js";
import { html } from "../html.js";
import { useEvery, useLoad } from "../load.js";
import { PERIODS, queriesOf, USUAL } from "../periods.js";
import { go, route, withQuery } from "../router.js";
import { listen } from "../events.js";
import { Blank, Failure, Notice, Skeleton } from "../ui/states.js";
import { Choice } from "../ui/field.js";
import { PlaceCall } from "../ui/place-call.js";
import { Choices } from "../ui/tabs.js";
import { Charts } from "./overview-charts.js";
import { Cards } from "./overview-cards.js";

const EVERY = 60_000;

export function Overview() {
    const query = route.value.query;
    const period = query.get("period") in PERIODS ? query.get("period") : USUAL;
    const assistant = query.get("assistant");
    const { value, error, reload } = useLoad((options) => figures(period, assistant, options), [period, assistant]);
    useEvery(EVERY, reload);
    useFreshAfterCalls(reload);
    return html`
        <div class="page-head">
            <h1>Overview</h1>
            <div class="row">
                <${Filters} period=${period} assistant=${assistant} />
                <${PlaceCall} />
            </div>
        </div>
        ${error && value && html`<${Notice} tone="warn">These figures are not fresh: ${error.title}.<//>`}
        ${error && !value ? html`<div class="card"><${Failure} error=${error} retry=${reload} /></div>` : html`<${Figures} value=${value} assistant=${assistant} />`}`;
}

async function figures(period, assistant, options) {
    const { present, before } = queriesOf(period);
    const [now, then] = await Promise.all([
        api.analytics({ ...present, assistant }, options),
        api.analytics({ ...before, assistant }, options),
    ]);
    return { now, then, period };
}

/** A call that ends changes the figures; several at once ask but once. */
function useFreshAfterCalls(reload) {
    const onEvent = useCallback(() => {
        let timer = null;
        return listen(({ type }) => {
            if (type !== "call.completed" && type !== "call.failed") return;
            clearTimeout(timer);
            timer = setTimeout(reload, 2_000);
        });
    }, [reload]);
    useEffect(onEvent, [onEvent]);
}

function Filters({ period, assistant }) {
    const names = [...new Set([...assistantNames.value, ...(assistant ? [assistant] : [])])];
    const choose = (name) => (value) => go(withQuery({ [name]: value }), { replace: true });
    const periods = Object.entries(PERIODS).map(([word, { title }]) => [word, title]);
    return html`
        <${Choice} label="Assistant" value=${assistant} options=${[["", "All assistants"], ...names.map((name) => [name, name])]} onChange=${choose("assistant")} />
        <div class="wide-only"><${Choices} label="Period" options=${periods} chosen=${period} onChoose=${choose("period")} /></div>
        <div class="small-only"><${Choice} label="Period" value=${period} options=${periods} onChange=${choose("period")} /></div>`;
}

function Figures({ value, assistant }) {
    const nothing = value && value.now.total_calls === 0;
    return html`<div class="stack">
        <${Cards} value=${value} />
        ${!value && html`<div class="card card-body"><${Skeleton} height="15rem" /></div>`}
        ${value && !nothing && html`<${Charts} figures=${value.now} period=${value.period} />`}
        ${nothing && html`<div class="card"><${NoCalls} period=${value.period} assistant=${assistant} /></div>`}
    </div>`;
}

function NoCalls({ period, assistant }) {
    const action = html`<a class="button" href="/phone">Talk to it from the browser</a><a class="button" href="/setup">Look at the setup</a>`;
    return html`<${Blank} icon="phone" title="No calls in this time" action=${action}>
        ${assistant ? `“${assistant}” had no call` : "Nobody has called"} in the last ${PERIODS[period].title}. Choose a longer time above, or make a call.
    <//>`;
}
