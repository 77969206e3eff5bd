// Who is told of calls, what they were told last, and what waits.

import { useCallback, useState } from "preact/hooks";
import { api } from "../api.js";
import { count, milliseconds, sentence } from "../format.js";
import { html } from "../html.js";
import { useEvery, useLoad } from "../load.js";
import { WordBadge } from "../ui/badge.js";
import { Copyable } from "../ui/copy.js";
import { Icon } from "../ui/icon.js";
import { Blank, Failure, Skeleton } from "../ui/states.js";
import { Time } from "../ui/time.js";
import { toast } from "../ui/toast.js";
import { DELIVERY_STATE } from "../words.js";

const SHOWN = 20;
const LOOK_AGAIN = 5_000;
const MAKE_SECRET = 'echo "whsec_$(openssl rand -base64 32)"';

export function Webhooks() {
    const told = useLoad((options) => api.webhookDeliveries({ limit: SHOWN }, options), []);
    const waits = told.value?.deliveries.some(({ state }) => state === "pending") ?? false;
    useEvery(LOOK_AGAIN, told.reload, waits);
    return html`<section class="card" aria-labelledby="webhooks">
        <div class="card-head"><h2 id="webhooks">Webhooks</h2>${told.value?.receiver && html`<code class="breaks">${told.value.receiver}</code>`}</div>
        <${Content} of=${told} />
    </section>`;
}

function Content({ of: { value, error, reload } }) {
    if (value) return html`<${Told} list=${value} reload=${reload} />`;
    if (error) return html`<${Failure} error=${error} retry=${reload} as="h3" />`;
    return html`<div class="card-body"><${Skeleton} lines=${4} /></div>`;
}

function Told({ list: { receiver, events, deliveries }, reload }) {
    if (!receiver && deliveries.length === 0) return html`<${Off} />`;
    const none = html`<${Blank} icon="transfer" title="Nothing was told yet" as="h3">
        The next call is. <code>alpha-call webhooks test</code> sends an example at once.
    <//>`;
    const rows = html`<div class="table-frame"><table class="table webhooks-table">
        <thead><tr>
            <th scope="col">Event</th>
            <th scope="col">State</th>
            <th scope="col" class="figure wide-only">Attempts</th>
            <th scope="col" class="figure wide-only">Status</th>
            <th scope="col" class="figure wide-only">Took</th>
            <th scope="col" class="wide-only">When</th>
            <th scope="col"><span class="hidden-text">What can be done</span></th>
        </tr></thead>
        <tbody>${deliveries.map((delivery) => html`<${Row} key=${delivery.id} delivery=${delivery} canSend=${receiver !== null} reload=${reload} />`)}</tbody>
    </table></div>`;
    return html`
        ${receiver && html`<p class="small muted webhooks-about">It is told of ${events.map((kind, at) => html`${at > 0 && ", "}<code key=${kind}>${kind}</code>`)}.</p>`}
        ${deliveries.length === 0 ? none : rows}`;
}

function Off() {
    return html`<div class="card-body stack-tight">
        <h3>Nobody is told of calls</h3>
        <p class="small muted">A server of yours can be told when a call begins, connects and ends. Set <code>WEBHOOK_URL</code> to its address
            and <code>WEBHOOK_SECRET</code> to a secret that it knows too, and start the engine again. This makes a secret:</p>
        <${Copyable} text=${MAKE_SECRET} what="the command" />
    </div>`;
}

function Row({ delivery, canSend, reload }) {
    const { id, type, call_id: call, state, attempts, last_status: status, last_error: error, took_ms: took } = delivery;
    const when = html`<${When} delivery=${delivery} />`;
    return html`<tr>
        <td><a class="who-link" href=${`/calls/${call}`}>${type}</a><div class="small muted">${id}</div>
            <div class="small muted small-only">${when}</div></td>
        <td><${WordBadge} of=${DELIVERY_STATE} word=${state} />${error && html`<div class="small muted why">${sentence(error)}</div>`}</td>
        <td class="figure wide-only">${count(attempts)}</td>
        <td class="figure wide-only">${status ?? "–"}</td>
        <td class="figure wide-only">${milliseconds(took)}</td>
        <td class="wide-only">${when}</td>
        <td>${canSend && html`<${Resend} id=${id} type=${type} reload=${reload} />`}</td>
    </tr>`;
}

function When({ delivery: { delivered_at: delivered, next_attempt_at: next, attempts, created_at: created } }) {
    if (delivered) return html`<${Time} at=${delivered} />`;
    if (next && attempts > 0) return html`<span class="nowrap">again <${Time} at=${next} /></span>`;
    return html`<${Time} at=${created} />`;
}

function Resend({ id, type, reload }) {
    const [busy, setBusy] = useState(false);
    const resend = useCallback(async () => {
        setBusy(true);
        try {
            await api.resendWebhook(id);
            toast("It is told again in a moment.");
            reload();
        } catch (error) {
            toast(`${error.title}. ${sentence(error.detail)}`, "bad");
        } finally {
            setBusy(false);
        }
    }, [id, reload]);
    return html`<button type="button" class="button button-small" disabled=${busy} onClick=${resend} aria-label=${`Resend ${type} ${id}`}>
        <${Icon} name="refresh" /> <span class="wide-only">Resend</span>
    </button>`;
}
