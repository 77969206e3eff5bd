// The calls that run now: read once, then kept up by the events.

import { computed, signal } from "@preact/signals";
import { api } from "./api.js";
import { connection, listen } from "./events.js";
import { isOver } from "./words.js";

/** By id, as in the call history. @type {import("@preact/signals").Signal<Map<string, any>>} */
const calls = signal(new Map());

/** Whether they were read at all. */
export const runningKnown = signal(false);

/** Newest first. */
export const runningCalls = computed(() => [...calls.value.values()].sort((a, b) => (a.initiated_at < b.initiated_at ? 1 : -1)));

/** How loud both sides are, by call. @type {import("@preact/signals").Signal<Map<string, {caller: number, assistant: number}>>} */
export const levels = signal(new Map());

/** As GET /health tells, or null. */
export const health = signal(null);

const MOST = 200;
const HEALTH_EVERY = 15_000;

async function load() {
    const [connected, initiated] = await Promise.all([
        api.calls({ status: "connected", limit: MOST }),
        api.calls({ status: "initiated", limit: MOST }),
    ]);
    calls.value = new Map([...initiated.calls, ...connected.calls].map((call) => [call.id, call]));
    runningKnown.value = true;
}

async function loadHealth() {
    health.value = await api.health().catch(() => null);
}

function onEvent({ type, data }) {
    if (type === "reset") return refresh();
    if (type === "call.levels") return void (levels.value = new Map([...levels.value, ...data.levels.map((level) => [level.call_id, level])]));
    if (data?.call) keep(data.call);
}

function keep(call) {
    const next = new Map(calls.value);
    if (isOver(call)) next.delete(call.id);
    else next.set(call.id, call);
    calls.value = next;
    loadHealth();
}

function refresh() {
    load().catch(() => {});
    loadHealth();
}

/** Keeps them up to date until the function that comes back is called. */
export function watchRunning() {
    const deaf = listen(onEvent);
    const anew = connection.subscribe((state) => state === "live" && refresh());
    const timer = setInterval(loadHealth, HEALTH_EVERY);
    refresh();
    return () => {
        deaf();
        anew();
        clearInterval(timer);
        calls.value = new Map();
        runningKnown.value = false;
    };
}
