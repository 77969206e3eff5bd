// What is known of a call beside its words.

import { count, duration, milliseconds, money, words } from "../format.js";
import { html } from "../html.js";
import { WordBadge } from "../ui/badge.js";
import { CopyButton, PhoneNumber } from "../ui/copy.js";
import { Facts, FactsOf } from "../ui/facts.js";
import { Elapsed, Time } from "../ui/time.js";
import { DIRECTION, FINDING, isOver } from "../words.js";

/** The figures under the head of a call. */
export function CallFigures({ call }) {
    const length = isOver(call) ? duration(call.duration_seconds) : html`<${Elapsed} since=${call.connected_at ?? call.initiated_at} />`;
    const figures = [
        ["Length", length],
        ["First sound", milliseconds(call.first_audio_ms)],
        ["Latency p50", milliseconds(call.latency_p50_ms)],
        ["Latency p95", milliseconds(call.latency_p95_ms)],
        ["Interruptions", count(call.interruptions)],
        ["Cost, estimated", money(call.cost?.total_usd)],
    ];
    return html`<dl class="card strip">${figures.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

export function CallFacts({ call }) {
    return html`<aside class="stack" aria-label="Facts of the call">
        <${Panel} title="Who and when"><${Facts} facts=${whoAndWhen(call)} /><//>
        ${(call.decision || call.refusal) && html`<${Panel} title="May it be placed?"><${Decision} call=${call} /><//>`}
        <${Panel} title="Assistant"><${Facts} facts=${assistantFacts(call)} /><//>
        ${call.counters && html`<${Panel} title="Counted"><${Facts} facts=${counted(call)} /><//>`}
        ${call.metadata && html`<${Panel} title="Metadata"><${FactsOf} object=${call.metadata} /><//>`}
    </aside>`;
}

function Panel({ title, children }) {
    return html`<section class="card"><div class="card-head"><h2>${title}</h2></div><div class="card-body">${children}</div></section>`;
}

const moment = (at) => at && html`<${Time} at=${at} full />`;
const copied = (text, what) => text && html`<span class="row id-row"><code class="breaks">${text}</code><${CopyButton} text=${text} what=${what} /></span>`;

function whoAndWhen(call) {
    return [
        ["Direction", DIRECTION[call.direction]],
        ["From", html`<${PhoneNumber} number=${call.from_number} copy />`],
        ["To", html`<${PhoneNumber} number=${call.to_number} copy />`],
        ["Number vouched for", call.stir_verstat],
        ["Answered by", call.answered_by && words(call.answered_by)],
        ["Asked for", moment(call.initiated_at)],
        ["Not before", moment(call.scheduled_at)],
        ["Ringing", moment(call.ringing_at)],
        ["Connected", moment(call.connected_at)],
        ["Ended", moment(call.ended_at)],
        ["Carrier's word", call.twilio_status],
        ["Reason", call.ended_reason],
        ["Error", call.error_code],
        ["Recording", call.recording && html`<a href=${call.recording.url}>${duration(call.recording.duration_seconds)} at the carrier</a>`],
        ["Id", copied(call.id, "the id")],
        ["Call SID", copied(call.call_sid, "the call SID")],
        ["Requested with key", call.api_key_id],
        ["Instance", call.owner],
    ];
}

function assistantFacts(call) {
    const instructions = call.system_message && html`<details><summary>Show</summary><p class="prose small">${call.system_message}</p></details>`;
    return [["Name", call.assistant], ["Model", call.model], ["Voice", call.voice], ["Instructions", instructions]];
}

function counted({ counters, audio, epoch }) {
    return [
        ["Answers", count(counters.ai_responses)],
        ["Caller's turns", count(counters.user_inputs)],
        ["Interrupted by caller", count(counters.interruptions)],
        ["Interrupted by assistant", count(counters.ai_interruptions)],
        ["Tool calls", count(counters.tool_calls)],
        ["Heard", duration(audio.in_ms / 1_000)],
        ["Spoken", duration(audio.out_ms / 1_000)],
        ["Streams", count(epoch)],
        ["Resumed", count(counters.resumes)],
        ["Model reconnected", count(counters.reconnects)],
        ["Frames dropped", count(counters.frames_dropped)],
    ];
}

/** What was looked at before a call was placed. */
function Decision({ call }) {
    const { do_not_call: list, consent, quiet_hours: hours, on_consent: given, zones, calling_hours: allowed } = call.decision ?? {};
    const clocks = zones?.clocks?.map(({ zone, local }) => html`<div>${local} <span class="muted">${zone}</span></div>`);
    return html`<${Facts} facts=${[
        ["Refused", call.refusal && html`<span class="strong">${words(call.refusal)}</span>`],
        ["Do-not-call list", list && html`<${WordBadge} of=${FINDING} word=${list} />`],
        ["Consent", consent && html`<${WordBadge} of=${FINDING} word=${consent} />`],
        ["Given", given && html`${words(given.basis)}, <${Time} at=${given.given_at} />`],
        ["Hours", hours && html`<${WordBadge} of=${FINDING} word=${hours} />`],
        ["Allowed", allowed],
        ["It was", clocks],
    ]} />`;
}
