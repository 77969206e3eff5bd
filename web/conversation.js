// One call with its turns, kept up by the events while it runs.

import { useEffect, useMemo, useState } from "preact/hooks";
import { api } from "./api.js";
import { listen } from "./events.js";
import { useLoad } from "./load.js";
import { may } from "./session.js";
import { isOver } from "./words.js";

/** What the events told: the call as a line of the history, and turns by their place. */
const NO_NEWS = { call: {}, turns: new Map() };

const placeOf = ({ epoch, seq }) => `${epoch}:${seq}`;

async function load(id, options) {
    if (may("transcripts:read")) return api.conversation(id, options);
    return { call: await api.call(id, options), turns: [] };
}

function withEvent(news, { data }) {
    if (data?.turn) return { ...news, turns: new Map(news.turns).set(placeOf(data.turn), data.turn) };
    if (data?.call) return { ...news, call: data.call };
    return news;
}

/** Turns are in the order of the conversation, whenever they come. Of a call that was over when it was loaded, there are no news. */
function together(loaded, news) {
    if (!loaded || isOver(loaded.call)) return loaded;
    const turns = new Map([...loaded.turns.map((turn) => [placeOf(turn), turn]), ...news.turns]);
    const ordered = [...turns.values()].sort((a, b) => a.epoch - b.epoch || a.seq - b.seq);
    return { call: { ...loaded.call, ...news.call }, turns: ordered };
}

/**
 * @param {string} id   Of the call, ours or Twilio's.
 * @returns {{call: any, turns: any[] | undefined, error: any, reload: () => void}}
 */
export function useConversation(id) {
    const { value, error, reload } = useLoad((options) => load(id, options), [id]);
    const [news, setNews] = useState(NO_NEWS);
    const callId = value?.call.id ?? id;
    useEffect(() => listen((event) => {
        if (event.type === "reset") return reload();
        if (event.callId !== callId) return undefined;
        setNews((before) => withEvent(before, event));
        // What is counted is known when the call is over.
        return event.data?.call && isOver(event.data.call) ? reload() : undefined;
    }), [callId, reload]);
    const conversation = useMemo(() => together(value, news), [value, news]);
    return { call: conversation?.call, turns: conversation?.turns, error, reload };
}
