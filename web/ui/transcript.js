// A conversation as a chat: what was heard, what was made but not heard, and what the assistant did meanwhile.

import { useEffect, useRef } from "preact/hooks";
import { milliseconds, offset, seconds } from "../format.js";
import { html } from "../html.js";
import { Badge } from "./badge.js";
import { Icon } from "./icon.js";
import { Blank } from "./states.js";

/** How near to its end a pane must be to follow what comes. */
const NEAR = 80;

/** @param {{turns: any[], live: boolean, pane?: boolean}} props A pane scrolls by itself and follows the newest turn. */
export function Transcript({ turns, live, pane = false }) {
    const frame = useRef(null);
    useFollow(frame, turns, pane);
    const results = new Map(turns.filter(({ kind }) => kind === "tool_result").map((turn) => [turn.tool?.call_id, turn]));
    const called = new Set(turns.filter(({ kind }) => kind === "tool_call").map((turn) => turn.tool?.call_id));
    const shown = turns.filter((turn) => turn.kind !== "tool_result" || !called.has(turn.tool?.call_id));
    if (shown.length === 0) return html`<${Blank} icon="wave" title=${live ? "Nothing said yet" : "Nothing was said"} />`;
    return html`<div class=${pane ? "turns-pane" : ""} ref=${frame} tabindex=${pane ? 0 : undefined} role="log" aria-label="Transcript"
        aria-live=${live ? "polite" : "off"}>
        <ol class="turns">${shown.map((turn) => html`<${Turn} key=${`${turn.epoch}:${turn.seq}`} turn=${turn} result=${results.get(turn.tool?.call_id)} />`)}</ol>
    </div>`;
}

function useFollow(frame, turns, pane) {
    const atEnd = useRef(true);
    useEffect(() => {
        const element = frame.current;
        if (!pane || !element) return undefined;
        const onScroll = () => (atEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR);
        element.addEventListener("scroll", onScroll, { passive: true });
        return () => element.removeEventListener("scroll", onScroll);
    }, [pane, turns.length > 0]);
    useEffect(() => {
        if (pane && frame.current && atEnd.current) frame.current.scrollTop = frame.current.scrollHeight;
    }, [turns]);
}

function Turn({ turn, result }) {
    if (turn.kind === "tool_call" || turn.kind === "tool_result") return html`<${ToolTurn} turn=${turn} result=${result} />`;
    if (turn.kind === "message" && turn.speaker !== "system") return html`<${Spoken} turn=${turn} />`;
    const text = turn.kind === "dtmf" ? `The caller pressed ${turn.generated}` : turn.generated;
    return html`<li class="turn turn-system turn-note"><${At} ms=${turn.started_ms} /> ${text}</li>`;
}

function At({ ms }) {
    return html`<span class="turn-at">${offset(ms)}</span>`;
}

function Spoken({ turn }) {
    const isAi = turn.speaker === "ai";
    return html`<li class="turn turn-${turn.speaker}">
        <div class="turn-head">
            <span class="strong">${isAi ? "Assistant" : "Caller"}</span><${At} ms=${turn.started_ms} />
            ${turn.latency_ms !== null && html`<span title="From the end of the caller's speech to the first sound of this answer">
                <${Icon} name="clock" size=${12} /> ${milliseconds(turn.latency_ms)}</span>`}
            ${turn.interrupted && html`<${Badge} tone="warn" icon="cut">Interrupted after ${seconds(turn.heard_ms)}<//>`}
        </div>
        <div class="turn-text"><${Words} turn=${turn} /></div>
    </li>`;
}

function Words({ turn }) {
    const { generated, heard, transcription } = turn;
    if (transcription === "failed") return html`<span class="turn-pending">What was said could not be written down.</span>`;
    if (!generated && !heard) return html`<span class="turn-pending">${turn.speaker === "user" ? "Being written down…" : "No words on record."}</span>`;
    if (generated === heard) return heard;
    // What was heard of an answer is known when it has been played.
    if (turn.ended_ms === null) return generated;
    if (generated.startsWith(heard)) return html`${heard}<${Unheard} text=${generated.slice(heard.length)} />`;
    return html`${heard || html`<span class="turn-pending">Nothing of it was heard.</span>`}<div><${Unheard} text=${generated} /></div>`;
}

function Unheard({ text }) {
    return html`<span class="hidden-text"> Made, but not heard: </span><s class="turn-unheard" title="Made by the model, not heard by the caller">${text}</s>`;
}

function ToolTurn({ turn, result }) {
    const isCall = turn.kind === "tool_call";
    return html`<li class="turn turn-system"><details class="tool-turn">
        <summary><${Icon} name="tool" size=${14} /> <span class="strong">${turn.tool?.name ?? "Tool"}</span> <${At} ms=${turn.started_ms} />
            ${result && html`<span class="muted nowrap">${milliseconds(result.started_ms - turn.started_ms)}</span>`}
            ${isCall && !result && html`<span class="muted">no result yet</span>`}</summary>
        <${Json} title=${isCall ? "Asked" : "Answered"} text=${turn.generated} />
        ${result && html`<${Json} title="Answered" text=${result.generated} />`}
    </details></li>`;
}

function Json({ title, text }) {
    return html`<div class="tool-json"><span class="small muted">${title}</span><pre>${pretty(text)}</pre></div>`;
}

function pretty(text) {
    try {
        return JSON.stringify(JSON.parse(text), null, 2);
    } catch {
        return text || "–";
    }
}
