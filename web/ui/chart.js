// uPlot in a component: it fits its place, follows the theme, and has a table for those who cannot see it.

import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import { html } from "../html.js";
import { colour, isDark } from "../theme.js";

const FONT = '11px system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif';

/**
 * @typedef {object} Series
 * @property {string} title
 * @property {string} mark   The colour, as tokens.css names it.
 * @property {(number | null)[]} values
 *
 * @typedef {object} Props
 * @property {string} label
 * @property {number[]} times    Seconds of Unix time, one for each value.
 * @property {Series[]} series
 * @property {"bars" | "lines"} kind   Bars are stacked, in the order of the series.
 * @property {(seconds: number) => string} nameOf   What a time is called.
 * @property {(value: number | null) => string} show
 */

/** @param {Props} props */
export function Chart(props) {
    const place = useRef(null);
    const [at, setAt] = useState(null);
    const dark = isDark.value;
    useEffect(() => {
        const plot = new uPlot(optionsOf(props, place.current, setAt), dataOf(props), place.current);
        const fit = new ResizeObserver(() => plot.setSize(sizeOf(place.current)));
        fit.observe(place.current);
        return () => {
            fit.disconnect();
            plot.destroy();
        };
    }, [dark, JSON.stringify([props.times, props.series])]);
    return html`<figure class="chart" role="group" aria-label=${props.label}>
        <${Legend} series=${props.series} />
        <div class="chart-place" ref=${place} aria-hidden="true">${at && html`<${Tip} ...${props} at=${at} />`}</div>
        <${AsTable} ...${props} />
    </figure>`;
}

function Legend({ series }) {
    return html`<ul class="legend" aria-hidden="true">
        ${series.map(({ title, mark }) => html`<li key=${title}><span class="legend-mark mark-${mark}"></span>${title}</li>`)}
    </ul>`;
}

function Tip({ at, times, series, nameOf, show }) {
    const side = at.left > at.width / 2 ? { right: `${at.width - at.left + 12}px` } : { left: `${at.left + 12}px` };
    return html`<div class="chart-tip" style=${{ left: "auto", right: "auto", ...side }}>
        <div class="strong">${nameOf(times[at.index])}</div>
        ${series.map(({ title, mark, values }) => html`<div class="spread" key=${title}>
            <span><span class="legend-mark mark-${mark}"></span>${title}</span><span>${show(values[at.index])}</span>
        </div>`)}
    </div>`;
}

function AsTable({ label, times, series, nameOf, show }) {
    return html`<div class="hidden-text"><table>
        <caption>${label}</caption>
        <thead><tr><th scope="col">Time</th>${series.map(({ title }) => html`<th scope="col">${title}</th>`)}</tr></thead>
        <tbody>${times.map((time, index) => html`<tr>
            <th scope="row">${nameOf(time)}</th>${series.map(({ values }) => html`<td>${show(values[index])}</td>`)}
        </tr>`)}</tbody>
    </table></div>`;
}

const sizeOf = (element) => ({ width: element.clientWidth, height: element.clientHeight });

/** Bars stand on one another: the highest sum is drawn first, and covered by the lower ones. */
function dataOf({ kind, times, series }) {
    if (kind === "lines") return [times, ...series.map(({ values }) => values)];
    const sums = series.map((_, upTo) => times.map((_, at) => series.slice(0, upTo + 1).reduce((sum, { values }) => sum + values[at], 0)));
    return [times, ...sums.reverse()];
}

function optionsOf(props, place, setAt) {
    const { kind, series, nameOf, show, times } = props;
    const drawn = kind === "bars" ? [...series].reverse() : series;
    const step = times.length > 1 ? times[1] - times[0] : 3_600;
    return {
        ...sizeOf(place),
        legend: { show: false },
        padding: [8, 24, 0, 0],
        cursor: { y: false, drag: { setScale: false, x: false, y: false }, points: { show: kind === "lines", size: 6 } },
        scales: {
            x: { time: false, range: kind === "bars" ? (_, low, high) => [low - step / 2, high + step / 2] : undefined },
            y: { range: (_, low, high) => [0, Math.max(high * 1.08, kind === "bars" ? 4 : 100)] },
        },
        axes: [axis({ size: 30, space: 72, values: (_, splits) => splits.map(nameOf), splits: () => ticks(times, place.clientWidth) }),
            axis({ size: kind === "bars" ? 40 : 62, grid: true, values: (_, splits) => splits.map((value) => (Number.isInteger(value) ? show(value) : "")) })],
        series: [{}, ...drawn.map((one) => (kind === "bars" ? bar(one) : line(one)))],
        hooks: { setCursor: [(plot) => setAt(pointed(plot, times))] },
    };
}

function pointed({ cursor, bbox }, times) {
    if (cursor.idx === null || cursor.idx === undefined || cursor.left < 0 || cursor.idx >= times.length) return null;
    const inset = bbox.left / devicePixelRatio;
    return { index: cursor.idx, left: cursor.left + inset, width: bbox.width / devicePixelRatio + inset };
}

/** As many of the times as have room for a name. */
function ticks(times, width) {
    const every = Math.max(1, Math.ceil((times.length * 76) / width));
    return times.filter((_, at) => (times.length - 1 - at) % every === 0);
}

function axis({ grid = false, ...rest }) {
    return { stroke: colour("text-muted"), font: FONT, ticks: { show: false }, gap: 6, border: { show: false },
        grid: { show: grid, stroke: colour("grid"), width: 1 }, ...rest };
}

function bar({ title, mark }) {
    return { label: title, fill: colour(`mark-${mark}`), width: 0, points: { show: false }, paths: uPlot.paths.bars({ size: [0.7, 36], radius: 0.12 }) };
}

function line({ title, mark }) {
    return { label: title, stroke: colour(`mark-${mark}`), width: 2, points: { show: true, size: 6, fill: colour(`mark-${mark}`), filter: alone } };
}

/** A line needs two neighbours: what has none is a point. */
function alone({ data }, at) {
    const values = data[at];
    return values.flatMap((value, index) => (value !== null && (values[index - 1] ?? values[index + 1] ?? null) === null ? [index] : []));
}
