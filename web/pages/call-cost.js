// What a call cost, as far as the list of prices tells.

import { count, duration, money } from "../format.js";
import { html } from "../html.js";
import { Blank, Notice } from "../ui/states.js";

export function CallCost({ call }) {
    if (!call.cost) return html`<${Blank} icon="clock" title="Not counted yet">The cost is counted when the call has ended.<//>`;
    const { cost, tokens, audio, duration_seconds: seconds } = call;
    const perMinute = seconds > 0 ? cost.total_usd / (seconds / 60) : null;
    const rows = [
        ["Model", `${count(tokens.audio_in + tokens.text_in)} tokens in, ${count(tokens.audio_out + tokens.text_out)} out`, cost.model_usd],
        ["Transcription", `${duration(audio.in_ms / 1_000)} of the caller`, cost.transcription_usd],
        ["Carrier", `${duration(seconds)} on the line`, cost.carrier_usd],
    ];
    return html`<div class="stack">
        <${Notice} tone="calm" icon="alert">An estimate by the prices <code>${cost.price_version ?? "unknown"}</code>. The bills of model and carrier are what counts.<//>
        <${Components} rows=${rows} total=${cost.total_usd} perMinute=${perMinute} />
        <${Tokens} tokens=${tokens} />
    </div>`;
}

function Components({ rows, total, perMinute }) {
    return html`<div class="table-frame"><table class="table">
        <thead><tr><th scope="col">For</th><th scope="col">Quantity</th><th scope="col" class="figure">Cost</th></tr></thead>
        <tbody>${rows.map(([name, quantity, usd]) => html`<tr key=${name}>
            <th scope="row" class="row-head">${name}</th><td class="muted">${quantity}</td><td class="figure">${exact(usd)}</td>
        </tr>`)}</tbody>
        <tfoot><tr>
            <th scope="row" class="row-head">Together</th><td class="muted">${perMinute !== null && `${money(perMinute)} a minute`}</td>
            <td class="figure strong">${exact(total)}</td>
        </tr></tfoot>
    </table></div>`;
}

/** Columns of sums align by their digits. */
const exact = (usd) => usd.toLocaleString(undefined, { style: "currency", currency: "USD", minimumFractionDigits: 4, maximumFractionDigits: 4 });

function Tokens({ tokens }) {
    const rows = [["Audio", tokens.audio_in, tokens.cached_audio, tokens.audio_out], ["Text", tokens.text_in, tokens.cached_text, tokens.text_out]];
    return html`<div class="table-frame"><table class="table">
        <caption class="hidden-text">Tokens of the model</caption>
        <thead><tr>
            <th scope="col">Tokens</th><th scope="col" class="figure">In</th><th scope="col" class="figure">of them cached</th><th scope="col" class="figure">Out</th>
        </tr></thead>
        <tbody>${rows.map(([name, ...counts]) => html`<tr key=${name}>
            <th scope="row" class="row-head">${name}</th>${counts.map((value) => html`<td class="figure">${count(value)}</td>`)}
        </tr>`)}</tbody>
    </table></div>`;
}
