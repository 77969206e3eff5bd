// The filters of the call list: they stand in the address, and make the query of the API.

/** As they stand in the address; `number` and `assistant` and the rest are what the API calls them, but for dates. */
const FILTERS = ["status", "direction", "phone_number", "assistant", "from", "to", "q", "sort"];

export const SORTS = { newest: "-initiated_at", oldest: "initiated_at", longest: "-duration", shortest: "duration" };

/** The API finds no call by less. */
const SHORTEST_SEARCH = 3;

/** @param {URLSearchParams} address */
export function queryFrom(address) {
    const query = Object.fromEntries(FILTERS.map((name) => [name, address.get(name)]));
    const short = query.q && query.q.trim().length < SHORTEST_SEARCH;
    return { ...query, q: short ? null : query.q, from: startOf(query.from, 0), to: startOf(query.to, 1) };
}

/** A date of the address means a day where the reader is; `to` is its last one. */
function startOf(date, later) {
    const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(date ?? "");
    if (!parts) return null;
    const [year, month, day] = parts.slice(1).map(Number);
    return new Date(year, month - 1, day + later).toISOString();
}

export const isFiltered = (address) => FILTERS.some((name) => name !== "sort" && address.get(name));
