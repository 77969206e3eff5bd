// Something that is asked of the API for as long as a component is there.

import { useCallback, useEffect, useState } from "preact/hooks";

const EMPTY = { value: null, error: null, loading: true };

/**
 * Asks whenever `on` changes, and on `reload()`. What was there before stays until the answer comes.
 * @template T
 * @param {(options: {signal: AbortSignal}) => Promise<T>} ask
 * @param {unknown[]} on
 */
export function useLoad(ask, on) {
    const [state, setState] = useState(EMPTY);
    const [turn, setTurn] = useState(0);
    useEffect(() => {
        const stop = new AbortController();
        setState((before) => ({ ...before, loading: true }));
        ask({ signal: stop.signal }).then(
            (value) => stop.signal.aborted || setState({ value, error: null, loading: false }),
            (error) => stop.signal.aborted || setState((before) => ({ value: before.value, error, loading: false })),
        );
        return () => stop.abort();
    }, [...on, turn]);
    const reload = useCallback(() => setTurn((before) => before + 1), []);
    return { ...state, reload };
}

/** Calls `tick` every so many milliseconds while `on` holds. */
export function useEvery(milliseconds, tick, on = true) {
    useEffect(() => {
        if (!on) return undefined;
        const timer = setInterval(tick, milliseconds);
        return () => clearInterval(timer);
    }, [milliseconds, on, tick]);
}
