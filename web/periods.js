// The times that figures are asked for. The API divides time in UTC, and so do the charts.

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** How a point is called, by the interval. */
const NAMES = {
    hour: new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" }),
    day: new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric", timeZone: "UTC" }),
    month: new Intl.DateTimeFormat(undefined, { month: "short", year: "2-digit", timeZone: "UTC" }),
};

/** By the word that stands in the address. `back` is the beginning, from the beginning of the present interval. */
export const PERIODS = {
    "24h": { title: "24 hours", interval: "hour", back: (now) => floor(now, HOUR) - 23 * HOUR },
    "7d": { title: "7 days", interval: "day", back: (now) => floor(now, DAY) - 6 * DAY },
    "30d": { title: "30 days", interval: "day", back: (now) => floor(now, DAY) - 29 * DAY },
    "90d": { title: "90 days", interval: "day", back: (now) => floor(now, DAY) - 89 * DAY },
    "12m": { title: "12 months", interval: "month", back: (now) => monthsBefore(now, 11) },
};

export const USUAL = "30d";

const floor = (time, unit) => Math.floor(time / unit) * unit;

function monthsBefore(time, months) {
    const at = new Date(time);
    return Date.UTC(at.getUTCFullYear(), at.getUTCMonth() - months, 1);
}

/** The query of a period, and that of the time just as long before it. */
export function queriesOf(word, now = Date.now()) {
    const { interval, back } = PERIODS[word];
    const from = back(now);
    const iso = (time) => new Date(time).toISOString();
    return {
        present: { from: iso(from), to: iso(now), interval },
        before: { from: iso(from - (now - from)), to: iso(from) },
    };
}

export const nameOfPoint = (interval) => (seconds) => NAMES[interval].format(new Date(seconds * 1_000));
