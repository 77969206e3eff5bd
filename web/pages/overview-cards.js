// The figures that are looked at first, each beside that of the time before.

import { count, milliseconds, minutes, money, share } from "../format.js";
import { html } from "../html.js";
import { health, runningCalls } from "../running.js";
import { Icon } from "../ui/icon.js";
import { Skeleton } from "../ui/states.js";

/** `better` tells whether more is better (1), worse (-1) or neither (0). */
const CARDS = [
    { title: "Calls", of: (f) => f.total_calls, show: count, better: 0 },
    { title: "Successful", of: (f) => f.success_rate, show: share, better: 1, points: true, about: "Of the calls that ended and were not refused, the part that completed." },
    { title: "Minutes", of: (f) => f.total_minutes, show: minutes, better: 0 },
    { title: "Cost, estimated", of: (f) => f.cost.total_usd, show: money, better: 0, about: "Model, transcription and carrier by the list of prices. The bills are what counts." },
    { title: "Turn latency, p50", of: (f) => f.turn_latency_ms.p50, show: milliseconds, better: -1, about: "From the end of the caller's speech to the first sound of the answer.",
        beside: (f) => `p95 ${milliseconds(f.turn_latency_ms.p95)}` },
];

export function Cards({ value }) {
    return html`<div class="figures">
        <${LiveCard} />
        ${CARDS.map((card) => html`<${Card} key=${card.title} card=${card} value=${value} />`)}
    </div>`;
}

function Card({ card, value }) {
    if (!value) return html`<div class="card figure-card"><h2 class="muted">${card.title}</h2><${Skeleton} height="3.4rem" /></div>`;
    const now = card.of(value.now);
    return html`<div class="card figure-card">
        <h2 class="muted" title=${card.about}>${card.title}</h2>
        <p class="figure-value">${card.show(now)}</p>
        ${card.beside && html`<p class="small strong">${card.beside(value.now)}</p>`}
        <${Change} card=${card} now=${now} then=${card.of(value.then)} />
    </div>`;
}

function Change({ card, now, then }) {
    if (!now || !then) return html`<p class="figure-change muted">Nothing before</p>`;
    const change = card.points ? now - then : now / then - 1;
    const still = Math.abs(change) < 0.005;
    const tone = still || card.better === 0 ? "calm" : change * card.better > 0 ? "good" : "bad";
    return html`<p class="figure-change"><span class="change-${tone}">${still ? "Same" : changeText(change, card.points)}</span>
        <span class="muted"> vs. ${card.show(then)}</span></p>`;
}

function changeText(change, points) {
    const size = Math.abs(change) * 100;
    return `${change > 0 ? "+" : "−"}${points ? `${size.toFixed(1)} pts` : `${Math.round(size)}%`}`;
}

function LiveCard() {
    const { active = runningCalls.value.length, limit } = health.value?.calls ?? {};
    return html`<a class="card figure-card figure-link" href="/live">
        <h2 class="muted">In call now <${Icon} name="chevron" size=${12} /></h2>
        <p class="figure-value">${count(active)}${limit && html`<span class="figure-of"> of ${count(limit)}</span>`}</p>
        <${LimitMeter} active=${active} limit=${limit} />
    </a>`;
}

export function LimitMeter({ active, limit }) {
    const part = limit ? Math.min(1, active / limit) : 0;
    const tone = part >= 1 ? "bad" : part >= 0.8 ? "warn" : "assistant";
    return html`<span class="meter meter-${tone}" role="meter" aria-label="Lines in use" aria-valuenow=${active} aria-valuemin="0" aria-valuemax=${limit ?? 0}>
        <span class="meter-fill" style=${{ transform: `scaleX(${part})` }}></span>
    </span>`;
}
