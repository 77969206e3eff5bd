// What was said on the line, message by message. Media is counted by the line itself: there are fifty of them a second.

/** As many as are kept. */
const MOST = 2000;

/** @typedef {{id: number, at: number, direction: "in" | "out" | "note", name: string, detail: string}} Entry `at` in ms since the line opened. */

/** @param {Entry[]} entries @returns {Entry[]} */
export function added(entries, entry) {
    const id = (entries.at(-1)?.id ?? 0) + 1;
    return [...entries.slice(-(MOST - 1)), { id, ...entry }];
}

/** Those of one direction, if one is asked for, and with the text in their name or detail. @param {Entry[]} entries */
export function filtered(entries, { direction = "", text = "" }) {
    const wanted = text.trim().toLowerCase();
    const fits = (entry) => !direction || entry.direction === direction;
    return entries.filter((entry) => fits(entry) && `${entry.name} ${entry.detail}`.toLowerCase().includes(wanted));
}
