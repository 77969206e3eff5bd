// One call with its turns, kept up by the events while it runs.

import { useCallback, useEffect, useState } from "preact/hooks";
import { api } from "./api.js";
import { listen } from "./events.js";
import { useLoad } from "./load.js";
import { may } from "./session.js";

const keyOf = ({ epoch, seq }) => `${epoch}:${seq}`;

/** Turns are in the order of the conversation, whenever they come. A turn that comes again replaces itself. */
function withTurn(turns, turn) {
    const others = turns.filter((known) => keyOf(known) !== keyOf(turn));
    return [...others, turn].sort((a, b) => a.epoch - b.epoch || a.seq - b.seq);
}

async function load(id, options) {
    if (may("transcripts:read")) return api.conversation(id, options);
    return { call: await api.call(id, options), turns: [] };
}

/** What a line of the call history tells is newer than what was loaded; what it does not tell stays. */
const withNews = (conversation, call) => ({ ...conversation, call: { ...conversation.call, ...call } });

/**
 * @param {string} id   Of the call, ours or Twilio's.
 * @returns {{call: any, turns: any[] | undefined, error: any, reload: () => void}}
 */
export function useConversation(id) {
    const { value, error, reload } = useLoad((options) => load(id, options), [id], { fresh: false });
    const [conversation, setConversation] = useState(null);
    useEffect(() => value && setConversation(value), [value]);
    const callId = conversation?.call.id;
    const onEvent = useCallback(({ type, callId: of, data }) => {
        if (type === "reset") return reload();
        if (of !== callId) return undefined;
        if (data?.turn) setConversation((before) => ({ ...before, turns: withTurn(before.turns, data.turn) }));
        if (data?.call) setConversation((before) => withNews(before, data.call));
        if (type === "call.completed" || type === "call.failed") reload();
        return undefined;
    }, [callId, reload]);
    useEffect(() => (callId ? listen(onEvent) : undefined), [callId, onEvent]);
    return { call: conversation?.call, turns: conversation?.turns, error, reload };
}
