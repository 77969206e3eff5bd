// The charts of the overview.

import { count, milliseconds, words } from "../format.js";
import { html } from "../html.js";
import { nameOfPoint, PERIODS } from "../periods.js";
import { Ranking, Split } from "../ui/bars.js";
import { Chart } from "../ui/chart.js";

const MOST_REASONS = 7;
const BAD_REASONS = new Set(["model_unavailable", "stream_lost", "media_silent", "protocol_violation", "actor_failed", "carrier_failed", "never_connected"]);

export function Charts({ figures, period }) {
    const { interval } = PERIODS[period];
    const times = figures.series.map((point) => Date.parse(point.start) / 1_000);
    const shared = { times, nameOf: nameOfPoint(interval) };
    return html`<div class="charts">
        <${Panel} title=${`Calls per ${interval}`} note=${interval === "hour" ? "Local time" : "In UTC"} wide>
            <${Chart} label=${`Calls per ${interval}, by how they ended`} kind="bars" show=${count} ...${shared} series=${callSeries(figures.series)} />
        <//>
        <${Panel} title="How calls ended"><${Split} label="Calls by status" parts=${statusParts(figures)} /><//>
        <${Panel} title="Turn latency" note="End of speech to first sound of the answer" wide>
            <${Chart} label=${`Turn latency per ${interval}`} kind="lines" show=${milliseconds} ...${shared} series=${latencySeries(figures.series)} />
        <//>
        <${Panel} title="Why calls ended"><${Ranking} parts=${reasonParts(figures)} /><//>
    </div>`;
}

function Panel({ title, note, wide, children }) {
    return html`<section class="card ${wide ? "charts-wide" : ""}">
        <div class="card-head"><h2>${title}</h2>${note && html`<span class="small muted">${note}</span>`}</div>
        <div class="card-body">${children}</div>
    </section>`;
}

/** Whatever of the calls is none of the three still runs. */
function callSeries(points) {
    const of = (field) => points.map((point) => point[field]);
    const rest = points.map(({ calls, completed, failed, refused }) => Math.max(0, calls - completed - failed - refused));
    return [
        { title: "Completed", mark: "good", values: of("completed") },
        { title: "Failed", mark: "bad", values: of("failed") },
        { title: "Refused", mark: "calm", values: of("refused") },
        ...(rest.some(Boolean) ? [{ title: "Running", mark: "assistant", values: rest }] : []),
    ];
}

function latencySeries(points) {
    return [
        { title: "Average", mark: "assistant", values: points.map((point) => point.average_turn_latency_ms) },
        { title: "p95", mark: "warn", values: points.map((point) => point.turn_latency_p95_ms) },
    ];
}

/** To the API a refused call is a failed one. */
function statusParts({ by_status: status, refusals }) {
    const refused = Object.values(refusals).reduce((sum, one) => sum + one, 0);
    return [
        { title: "Completed", mark: "good", value: status.completed ?? 0 },
        { title: "Failed", mark: "bad", value: Math.max(0, (status.failed ?? 0) - refused) },
        { title: "Refused", mark: "calm", value: refused },
        { title: "Running", mark: "assistant", value: (status.initiated ?? 0) + (status.connected ?? 0) },
    ];
}

function reasonParts({ by_ended_reason: reasons }) {
    const sorted = Object.entries(reasons).sort((a, b) => b[1] - a[1]);
    const most = sorted.slice(0, MOST_REASONS);
    const rest = sorted.slice(MOST_REASONS).reduce((sum, [, value]) => sum + value, 0);
    const parts = most.map(([reason, value]) => ({ title: words(reason), mark: BAD_REASONS.has(reason) ? "bad" : "assistant", value }));
    return rest > 0 ? [...parts, { title: "Others", mark: "calm", value: rest }] : parts;
}
