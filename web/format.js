// Values as people read them: in the language of the browser, at the time of where it is.

const number = new Intl.NumberFormat();
const percent = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1 });
const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const dayOfYear = new Intl.DateTimeFormat(undefined, { year: "numeric", month: "short", day: "numeric" });
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const clockWithSeconds = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const NONE = "–";

export const count = (value) => (value === null || value === undefined ? NONE : number.format(value));

export const share = (value) => (value === null || value === undefined ? NONE : percent.format(value));

/** US dollars: small sums with as many digits as tell them apart. */
export function money(usd) {
    if (usd === null || usd === undefined) return NONE;
    const digits = usd !== 0 && Math.abs(usd) < 0.01 ? 4 : 2;
    return usd.toLocaleString(undefined, { style: "currency", currency: "USD", minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export function milliseconds(ms) {
    if (ms === null || ms === undefined) return NONE;
    if (Math.round(ms) === 0) return "< 1 ms";
    return ms < 10_000 ? `${number.format(Math.round(ms))} ms` : `${number.format(Math.round(ms / 100) / 10)} s`;
}

export const seconds = (ms) => `${(ms / 1_000).toFixed(1)} s`;

/** As `1:05`, or `1:02:05` from an hour on. */
export function duration(seconds) {
    if (seconds === null || seconds === undefined) return NONE;
    const whole = Math.max(0, Math.round(seconds));
    const two = (part) => String(part).padStart(2, "0");
    const [hours, minutes] = [Math.floor(whole / 3_600), Math.floor(whole / 60) % 60];
    return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** A place in a call, as `1:05.3`. */
export function offset(ms) {
    const tenths = Math.floor(ms / 100);
    const seconds = String(Math.floor(tenths / 10) % 60).padStart(2, "0");
    return `${Math.floor(tenths / 600)}:${seconds}.${tenths % 10}`;
}

export function minutes(value) {
    return number.format(value < 100 ? Math.round(value * 10) / 10 : Math.round(value));
}

/** A moment, as short as it can be told today. */
export function moment(iso, now = new Date()) {
    const at = new Date(iso);
    if (at.toDateString() === now.toDateString()) return clock.format(at);
    const date = at.getFullYear() === now.getFullYear() ? day : dayOfYear;
    return `${date.format(at)}, ${clock.format(at)}`;
}

/** To the second; the year is told if it is not the present one. */
export function fullMoment(iso, now = new Date()) {
    const at = new Date(iso);
    const date = at.getFullYear() === now.getFullYear() ? day : dayOfYear;
    return `${date.format(at)}, ${clockWithSeconds.format(at)}`;
}

/** Country codes of one and two digits, by ITU-T E.164; all others have three. */
const ABROAD = /^\+(7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|\d{3})(\d{5,12})$/;

/** +14155550100 as `+1 415 555 0100`; other countries in groups of three, since their plans differ. */
export function phoneNumber(e164) {
    const american = /^\+1(\d{3})(\d{3})(\d{4})$/.exec(e164 ?? "");
    if (american) return `+1 ${american.slice(1).join(" ")}`;
    const abroad = ABROAD.exec(e164 ?? "");
    return abroad ? `+${abroad[1]} ${abroad[2].replace(/(\d{3})(?=\d{3})/g, "$1 ")}` : e164 || NONE;
}

/** The API speaks in small letters and without a full stop. A name such as `gpt-realtime` stays as it is. */
export function sentence(text) {
    if (!text) return "";
    const opened = /^[a-z]+(?=[\s,:;]|$)/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
    return /[.!?…]$/.test(opened) ? opened : `${opened}.`;
}

/** `snake_case` and `kebab-case` as words. */
export function words(name) {
    const text = name.replace(/[_-]+/g, " ");
    return text.charAt(0).toUpperCase() + text.slice(1);
}
