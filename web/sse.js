// Frames of server-sent events, as https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream has them.

/**
 * Takes text as it comes, and tells each whole event.
 * @param {(event: {type: string, data: string, id: string}) => void} onEvent
 * @param {(id: string) => void} onId Whatever came before this place need not be told again; an id may come without an event.
 * @param {(milliseconds: number) => void} onRetry
 */
export function frameReader(onEvent, onId, onRetry) {
    let rest = "";
    let afterReturn = false;
    let atStart = true;
    let lastId = "";
    let type = "";
    let lines = [];

    const fields = {
        event: (value) => (type = value),
        data: (value) => lines.push(value),
        id: (value) => value.includes("\0") || (lastId = value),
        retry: (value) => /^\d+$/.test(value) && onRetry(Number(value)),
    };

    function dispatch() {
        onId(lastId);
        if (lines.length > 0) onEvent({ type: type || "message", data: lines.join("\n"), id: lastId });
        type = "";
        lines = [];
    }

    function line(text) {
        if (text === "") return dispatch();
        const colon = text.indexOf(":");
        if (colon === 0) return;
        const name = colon < 0 ? text : text.slice(0, colon);
        const value = colon < 0 ? "" : text.slice(colon + 1).replace(/^ /, "");
        if (Object.hasOwn(fields, name)) fields[name](value);
    }

    // A line ends with CR LF, LF or CR; a CR LF may come in two pieces.
    return function take(text) {
        if (atStart && text) {
            text = text.replace(/^\uFEFF/, "");
            atStart = false;
        }
        if (afterReturn && text.startsWith("\n")) text = text.slice(1);
        if (text) afterReturn = text.endsWith("\r");
        const parts = (rest + text).split(/\r\n|\n|\r/);
        rest = parts.pop();
        parts.forEach(line);
    };
}
