// Who spoke when: a lane for each side, tools between them. Every bar can be reached by the keyboard.

import { useState } from "preact/hooks";
import { milliseconds, offset } from "../format.js";
import { html } from "../html.js";
import { Choices } from "./tabs.js";
import { Transcript } from "./transcript.js";

const LANES = { user: 34, tool: 74, ai: 100 };
const HEIGHT = 26;
/** Steps of the scale, in seconds. */
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600];
const ZOOMS = [["1", "Fit"], ["3", "3×"], ["8", "8×"]];

export function Timeline({ turns }) {
    const [zoom, setZoom] = useState("1");
    const [chosen, setChosen] = useState(null);
    const length = Math.max(1_000, ...turns.map(endOf));
    const bars = turns.filter(({ kind }) => kind !== "event");
    const at = Math.max(0, bars.findIndex((turn) => turn === chosen));
    const onKey = (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (!step) return;
        event.preventDefault();
        const next = Math.min(bars.length - 1, Math.max(0, at + step));
        setChosen(bars[next]);
        event.currentTarget.querySelectorAll("[role=button]")[next]?.focus();
    };
    return html`<div class="stack">
        <div class="spread">
            <${Key} />
            <${Choices} label="Zoom" options=${ZOOMS} chosen=${zoom} onChoose=${setZoom} />
        </div>
        <div class="timeline" onKeyDown=${onKey} role="group" aria-label="Timeline. Arrow keys lead from turn to turn.">
            <div class="timeline-lanes" aria-hidden="true"><span>Caller</span><span>Tools</span><span>Assistant</span></div>
            <div class="timeline-frame" tabindex="-1"><svg style=${{ width: `${zoom * 100}%` }} height="150" role="presentation">
                <${Scale} length=${length} zoom=${Number(zoom)} />
                ${bars.map((turn, index) => html`<${Bar} key=${`${turn.epoch}:${turn.seq}`} turn=${turn} length=${length}
                    room=${roomAfter(turn, bars, length)} chosen=${turn === chosen} reachable=${index === at} onChoose=${() => setChosen(turn)} />`)}
            </svg></div>
        </div>
        <div class="timeline-chosen" aria-live="polite">
            ${chosen ? html`<${Transcript} turns=${[chosen]} live=${false} />` : html`<p class="small muted">Choose a bar to read what was said.</p>`}
        </div>
    </div>`;
}

/** A turn that goes on still is as long as it has been heard. */
const endOf = (turn) => Math.max(turn.ended_ms ?? 0, turn.started_ms + turn.heard_ms, turn.started_ms + 200);

/** How long nothing else is in the lane behind a turn. */
function roomAfter(turn, turns, length) {
    const later = turns.filter(({ speaker, kind, started_ms: start }) => speaker === turn.speaker && kind === turn.kind && start > turn.started_ms);
    return Math.max(0, Math.min(length, ...later.map(({ started_ms: start }) => start)) - endOf(turn));
}

function Key() {
    return html`<ul class="legend">
        <li><span class="legend-mark mark-caller"></span>Caller</li>
        <li><span class="legend-mark mark-assistant"></span>Assistant</li>
        <li><span class="legend-mark mark-unheard"></span>Made, not heard</li>
        <li><span class="legend-mark mark-warn"></span>Interruption or tool</li>
    </ul>`;
}

function Scale({ length, zoom }) {
    const step = STEPS.find((seconds) => length / 1_000 / seconds <= 9 * zoom) ?? 900;
    const marks = Array.from({ length: Math.floor(length / 1_000 / step) + 1 }, (_, index) => index * step * 1_000);
    const x = (ms) => `${(100 * ms) / length}%`;
    return html`<g class="timeline-scale">
        ${marks.map((ms) => html`<line key=${ms} x1=${x(ms)} x2=${x(ms)} y1="24" y2="140" />`)}
        ${marks.filter((ms) => ms < 0.95 * length).map((ms) => html`<text key=${ms} x=${x(ms)} y="14" dx="3">${offset(ms).slice(0, -2)}</text>`)}
    </g>`;
}

function Bar({ turn, length, room, chosen, reachable, onChoose }) {
    const part = (ms) => `${(100 * ms) / length}%`;
    const lane = turn.kind === "message" ? turn.speaker : turn.kind === "dtmf" ? "user" : "tool";
    const y = LANES[lane] ?? LANES.tool;
    const heard = Math.max(lane === "tool" ? 0 : length / 400, endOf(turn) - turn.started_ms);
    const unheard = turn.interrupted ? Math.max(0, turn.audio_ms - turn.heard_ms) : 0;
    const onKey = (event) => (event.key === "Enter" || event.key === " ") && (event.preventDefault(), onChoose());
    return html`<g role="button" tabindex=${reachable ? 0 : -1} aria-label=${nameOf(turn)} aria-pressed=${String(chosen)}
        class="bar bar-${lane} ${chosen ? "bar-chosen" : ""}" onClick=${onChoose} onKeyDown=${onKey} onFocus=${onChoose}>
        <title>${nameOf(turn)}</title>
        ${unheard > 0 && html`<rect class="bar-unheard" x=${part(turn.started_ms + heard)} y=${y + 4} width=${part(Math.min(unheard, room))} height=${HEIGHT - 8} />`}
        ${lane === "tool" ? html`<circle cx=${part(turn.started_ms)} cy=${y + 7} r="6" />`
            : html`<rect x=${part(turn.started_ms)} y=${y} width=${part(heard)} height=${HEIGHT} rx="4" />`}
        ${turn.interrupted && html`<line class="bar-cut" x1=${part(turn.started_ms + heard)} x2=${part(turn.started_ms + heard)} y1=${y - 5} y2=${y + HEIGHT + 5} />`}
    </g>`;
}

function nameOf(turn) {
    const who = { user: "Caller", ai: "Assistant", system: "System" }[turn.speaker] ?? turn.speaker;
    const what = turn.tool ? `tool ${turn.tool.name}` : turn.kind === "dtmf" ? `pressed ${turn.generated}` : turn.heard || "no words";
    const facts = [turn.latency_ms !== null && `after ${milliseconds(turn.latency_ms)}`, turn.interrupted && "interrupted"].filter(Boolean);
    return `${offset(turn.started_ms)} ${who}: ${what}${facts.length > 0 ? ` (${facts.join(", ")})` : ""}`;
}
