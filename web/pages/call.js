// One call: what became of it, and every word of it.

import { useState } from "preact/hooks";
import { useConversation } from "../conversation.js";
import { phoneNumber } from "../format.js";
import { html } from "../html.js";
import { go, route, withQuery } from "../router.js";
import { may } from "../session.js";
import { StatusBadge } from "../ui/badge.js";
import { CallActs } from "../ui/call-acts.js";
import { Icon } from "../ui/icon.js";
import { JsonDialog } from "../ui/json-dialog.js";
import { Blank, Failure, NeedsScope, Skeleton } from "../ui/states.js";
import { Tabs } from "../ui/tabs.js";
import { Timeline } from "../ui/timeline.js";
import { Transcript } from "../ui/transcript.js";
import { isOver, otherSide, whyEnded } from "../words.js";
import { CallCost } from "./call-cost.js";
import { CallEvents } from "./call-events.js";
import { CallFacts, CallFigures } from "./call-facts.js";

const noWords = () => html`<${NeedsScope} scope="transcripts:read" title="Your API key may not read conversations" />`;
const TABS = [["transcript", "Transcript"], ["timeline", "Timeline"], ["events", "Events"], ["cost", "Cost"]];

export function Call({ id }) {
    const { call, turns, error, reload } = useConversation(id);
    if (error && !call) return html`<${NoCall} error=${error} retry=${reload} />`;
    if (!call) return html`<div class="stack"><${Skeleton} height="5rem" /><${Skeleton} height="20rem" /></div>`;
    return html`<div class="stack">
        <${Head} call=${call} turns=${turns} />
        <${CallFigures} call=${call} />
        <div class="call-columns">
            <section class="card" aria-label="What was said and done"><${Views} call=${call} turns=${turns} /></section>
            <${CallFacts} call=${call} />
        </div>
    </div>`;
}

function NoCall({ error, retry }) {
    if (error.status !== 404) return html`<div class="card"><${Failure} as="h1" error=${error} retry=${retry} /></div>`;
    const action = html`<a class="button" href="/calls">See all calls</a>`;
    return html`<${Blank} icon="search" as="h1" title="There is no such call" action=${action}>It may have been removed when old calls were cleaned up.<//>`;
}

function Head({ call, turns }) {
    const [raw, setRaw] = useState(false);
    return html`<div>
        <a class="back small" href="/calls"><${Icon} name="arrow" size=${14} /> Calls</a>
        <div class="spread">
            <div class="row"><h1>${phoneNumber(otherSide(call))}</h1>
                ${call.name && html`<span class="muted call-name">${call.name}</span>`}<${StatusBadge} call=${call} /></div>
            <div class="row">
                ${!isOver(call) && html`<${CallActs} call=${call} />`}
                <button type="button" class="button" onClick=${() => setRaw(true)}>JSON</button>
            </div>
        </div>
        <p class="call-why">${whyEnded(call) ?? (call.status === "connected" ? "The call is going on." : "The phone is ringing.")}
            ${call.error && html` <span class="muted">${call.error}</span>`}</p>
        ${raw && html`<${JsonDialog} title="The call as the API tells it" name=${`call-${call.id}.json`} value=${{ call, turns }} onClose=${() => setRaw(false)} />`}
    </div>`;
}

function Views({ call, turns }) {
    const wanted = route.value.query.get("tab");
    const tab = TABS.some(([word]) => word === wanted) ? wanted : "transcript";
    const choose = (word) => go(withQuery({ tab: word === "transcript" ? null : word }), { replace: true });
    const live = !isOver(call);
    const words = may("transcripts:read");
    return html`<div class="card-tabs"><${Tabs} label="Views of the call" tabs=${TABS} chosen=${tab} onChoose=${choose}>
        <div class="card-body">
            ${tab === "transcript" && (words ? html`<${Transcript} turns=${turns} live=${live} />` : noWords())}
            ${tab === "timeline" && (words ? html`<${TimelineOf} turns=${turns} />` : noWords())}
            ${tab === "events" && html`<${CallEvents} id=${call.id} live=${live} />`}
            ${tab === "cost" && html`<${CallCost} call=${call} />`}
        </div>
    <//></div>`;
}

function TimelineOf({ turns }) {
    if (turns.length === 0) return html`<${Blank} icon="clock" title="Nothing on the timeline" />`;
    return html`<${Timeline} turns=${turns} />`;
}
