// What both said, as it is said, and how long each answer took.

import { connection } from "../events.js";
import { milliseconds, offset } from "../format.js";
import { html } from "../html.js";
import { may } from "../session.js";
import { Blank } from "../ui/states.js";
import { Transcript as Words } from "../ui/transcript.js";
import { answersOf, median } from "./turns.js";

const ABOUT = "From the end of what you said to the first sound of the answer: as heard by this page, and as the engine measured it.";

/** @param {{handset: import("./handset.js").Handset}} props */
export function Transcript({ handset }) {
    const turns = handset.turns.value;
    const answers = answersOf(turns, handset.waits.value);
    return html`<section class="card phone-transcript" aria-label="Conversation">
        <div class="card-head"><h2>Transcript</h2><${Middle} answers=${answers} /></div>
        <div class="phone-words">
            ${turns.length === 0 ? html`<${Nothing} handset=${handset} />` : html`<${Words} turns=${turns} live=${handset.state.value === "live"} pane />`}
        </div>
        ${answers.length > 0 && html`<${Answers} answers=${answers} />`}
    </section>`;
}

function Nothing({ handset }) {
    if (!may("transcripts:read")) return html`<${Blank} icon="key" title="No transcript">Your API key lacks the scope transcripts:read.<//>`;
    if (connection.value === "off") return html`<${Blank} icon="alert" title="No transcript">The server sends no events to this page.<//>`;
    if (handset.state.value === "live") return html`<${Blank} icon="wave" title="Listening">What is said appears here.<//>`;
    return html`<${Blank} icon="wave" title="Nobody spoke yet">Call the assistant, and what you both say appears here.<//>`;
}

/** Half of the answers were faster. */
function Middle({ answers }) {
    if (answers.length === 0) return null;
    return html`<span class="small muted" title=${ABOUT}>Answers after <${Pair} here=${median(answers.map(({ here }) => here))} engine=${median(answers.map(({ engine }) => engine))} /></span>`;
}

function Answers({ answers }) {
    return html`<ol class="answers small muted" aria-label="How long each answer took" title=${ABOUT}>
        ${answers.map((answer) => html`<li key=${answer.at}><span class="mono">${offset(answer.at)}</span> <${Pair} ...${answer} /></li>`)}
    </ol>`;
}

function Pair({ here, engine }) {
    return [here !== null && `${milliseconds(here)} here`, engine !== null && `${milliseconds(engine)} engine`].filter(Boolean).join(", ");
}
