// The one client of the API: requests with the key, answers as objects, refusals as errors that can be shown.

/** A refusal of the API (RFC 9457), or no answer at all. */
export class ApiError extends Error {
    /** @param {{status?: number, code?: string, title?: string, detail?: string, errors?: {pointer: string, detail: string}[]}} problem */
    constructor(problem, { retryAfter = null, requestId = null } = {}) {
        super(problem.title ?? "Something went wrong");
        this.name = "ApiError";
        this.status = problem.status ?? 0;
        this.code = problem.code ?? "unknown";
        this.title = this.message;
        this.detail = problem.detail ?? "";
        /** What is wrong with single fields, by their name. @type {Map<string, string>} */
        this.fields = new Map((problem.errors ?? []).map(({ pointer, detail }) => [pointer.replace(/^\//, ""), detail]));
        /** Seconds. */
        this.retryAfter = retryAfter;
        this.requestId = requestId;
    }
}

const listeners = new Set();
let key = null;

/** The key that is sent as a bearer from now on, or none. */
export function useKey(bearer) {
    key = bearer;
}

/** Called whenever the API does not know the key. */
export function onUnauthenticated(listener) {
    listeners.add(listener);
}

/** A request to this origin. Throws an ApiError unless the answer is good, or of a status in `allowed`. */
export async function request(path, { method = "GET", body, headers = {}, accept = "application/json", signal, allowed = [] } = {}) {
    const sent = { accept, ...headers };
    if (key) sent.authorization = `Bearer ${key}`;
    if (body !== undefined) sent["content-type"] = "application/json";
    const response = await ask(path, { method, headers: sent, body: body === undefined ? undefined : JSON.stringify(body), signal });
    if (response.ok || allowed.includes(response.status)) return response;
    const error = await refusal(response);
    if (error.status === 401) for (const listener of listeners) listener(error);
    throw error;
}

async function ask(path, options) {
    try {
        return await fetch(path, { cache: "no-store", ...options });
    } catch (error) {
        if (error.name === "AbortError") throw error;
        throw new ApiError({ code: "unreachable", title: "The server cannot be reached", detail: "Check that it runs and that you are online." });
    }
}

async function refusal(response) {
    const retryAfter = Number(response.headers.get("retry-after")) || null;
    const requestId = response.headers.get("x-request-id");
    const isProblem = response.headers.get("content-type")?.startsWith("application/problem+json");
    const problem = isProblem ? await response.json().catch(() => ({})) : { title: `The server answered ${response.status}` };
    return new ApiError({ status: response.status, ...problem }, { retryAfter, requestId });
}

async function json(path, options) {
    const response = await request(path, options);
    return response.json();
}

/** A query string of whatever has a value. */
export function queryOf(fields) {
    const given = Object.entries(fields).filter(([, value]) => value !== null && value !== undefined && value !== "");
    const text = new URLSearchParams(given).toString();
    return text ? `?${text}` : "";
}

const call = (id, rest = "") => `/api/call/${encodeURIComponent(id)}${rest}`;

/** Every request that the page makes, but for the events. `options.signal` ends one. */
export const api = {
    request,
    session: (options) => json("/api/session", options),
    health: (options) => json("/health", { ...options, allowed: [503] }),
    calls: (query, options) => json(`/api/call-history${queryOf(query)}`, options),
    analytics: (query, options) => json(`/api/analytics${queryOf(query)}`, options),
    call: (id, options) => json(call(id), options),
    conversation: (id, options) => json(call(id, "/conversation"), options),
    callEvents: (id, options) => json(call(id, "/events"), options),
    assistants: (options) => json("/api/assistants", options),
    actors: (options) => json("/api/actors", options),
    setup: (options) => json("/api/setup", options),
    webhookDeliveries: (query, options) => json(`/api/webhook-deliveries${queryOf(query)}`, options),
    resendWebhook: (id) => json(`/api/webhook-deliveries/${encodeURIComponent(id)}/resend`, { method: "POST" }),
    hangUp: (id) => json(call(id, "/hangup"), { method: "POST" }),
    transfer: (id, to) => json(call(id, "/transfer"), { method: "POST", body: { to } }),
    phoneTicket: (body) => json("/api/phone-tickets", { method: "POST", body }),
    /** `once` names the request, so that a repeated one does not ring a phone twice. */
    placeCall: (body, once) => json("/api/request-call", { method: "POST", body, headers: { "idempotency-key": once } }),
};
