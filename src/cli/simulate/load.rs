//! Begins the calls, and waits until they are over.

use std::cell::Cell;
use std::io;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use crate::cli::serve::StopSignals;
use crate::sim::openai::{Cue, Saying, Script, ScriptedReply};
use crate::sim::scenario::{CallerScript, INTERRUPTION, Step};
use crate::sim::speech::clip;
use crate::sim::stage::{Stage, utterance};
use crate::sim::twilio::{CallIn, Network};

/// A call takes half a minute, and a caller who waits in vain gives up within a minute.
const SLACK: Duration = Duration::from_secs(150);
const PATIENT: Duration = Duration::from_secs(30);
const QUIET: Duration = Duration::from_millis(900);
const LOOK: Duration = Duration::from_millis(200);

/// How many calls, how soon, and how long their callers go on asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    pub calls: u32,
    pub ramp: Duration,
    pub asking: Duration,
    /// Of all calls together, at random moments over a bad network; none for the usual conversation.
    pub barge_ins: u32,
}

/// What the way to the phone is like when callers break in at random.
const BAD_WAY: Network =
    Network { jitter: Duration::from_millis(10), spike_percent: 0, spike: Duration::ZERO, late_marks: Duration::from_millis(20), seed: 1 };
/// A barge-in with the question before it, at most.
const BARGE_IN: Duration = Duration::from_secs(12);

impl Load {
    /// When each call begins, from the start of the run.
    fn starts(&self) -> impl Iterator<Item = Duration> {
        let Self { calls, ramp, .. } = *self;
        (0..calls).map(move |number| ramp * number / calls)
    }

    const fn deadline(&self) -> Duration {
        let breaking_in = BARGE_IN.saturating_mul(self.barge_ins_per_call());
        self.ramp.saturating_add(self.asking).saturating_add(breaking_in).saturating_add(SLACK)
    }

    const fn barge_ins_per_call(&self) -> u32 {
        self.barge_ins.div_ceil(self.calls)
    }

    /// Callers who break in again and again need long answers.
    pub fn prepare(&self, stage: &Stage) {
        if self.barge_ins > 0 {
            stage.twilio.hooks().network(BAD_WAY);
            let cue = Cue::Heard(clip(INTERRUPTION).text.to_owned());
            let answer = ScriptedReply::new(cue, vec![Saying::Say(clip("agent_hours").text.to_owned())]);
            stage.openai.control().follow(Script { replies: vec![answer], ..Script::default() });
        }
    }

    fn script(&self, number: u32) -> CallerScript {
        if self.barge_ins == 0 {
            return CallerScript::clinic_until(self.asking, &utterance);
        }
        let mut random = fastrand::Rng::with_seed(number.into());
        let mut barge_in = || Step::BargeIn { after: Duration::from_millis(random.u64(200..6_000)), say: utterance(INTERRUPTION) };
        let heard_out = [Step::WaitForSpeech { within: PATIENT }, Step::WaitForSilence { quiet: QUIET, within: PATIENT }];
        let mut steps = heard_out.to_vec();
        steps.push(Step::Say(utterance("caller_hours")));
        steps.extend((0..self.barge_ins_per_call()).map(|_| barge_in()));
        steps.extend(heard_out);
        steps.extend([Step::Say(utterance("caller_goodbye")), Step::AwaitHangup { within: PATIENT }]);
        CallerScript::new(steps)
    }
}

/// Makes the calls; whether all of them came to an end.
pub async fn make(stage: &Stage, load: &Load, progress: &Progress) -> io::Result<bool> {
    let (begun, mut stop) = (Cell::new(0), StopSignals::listen()?);
    let over = async { tokio::try_join!(begin(stage, load, &begun), watch(stage, load, progress, &begun)) };
    tokio::select! {
        over = over => over.map(|((), complete)| complete),
        () = stop.told() => Ok(false),
    }
}

async fn begin(stage: &Stage, load: &Load, begun: &Cell<u32>) -> io::Result<()> {
    let start = Instant::now();
    for (number, at) in (0..).zip(load.starts()) {
        sleep_until(start + at).await;
        stage.twilio.call_in(CallIn { from: caller(number), script: load.script(number) }).map_err(io::Error::other)?;
        begun.set(begun.get() + 1);
    }
    Ok(())
}

/// Numbers from 555-0100 to 555-0199 belong to nobody.
fn caller(number: u32) -> String {
    format!("+1415555{:04}", 100 + number % 100)
}

async fn watch(stage: &Stage, load: &Load, progress: &Progress, begun: &Cell<u32>) -> io::Result<bool> {
    let deadline = Instant::now() + load.deadline();
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let now = looks.tick().await;
        let live = u32::try_from(stage.twilio.live_calls()).unwrap_or(u32::MAX);
        let violations = stage.twilio.violations().len() + stage.openai.control().violations().len();
        progress.calls(live, begun.get().saturating_sub(live), load.calls, violations);
        if begun.get() == load.calls && live == 0 {
            return Ok(true);
        }
        if now >= deadline {
            return Ok(false);
        }
    }
}

/// A line on standard error that changes; none where nobody is watching.
pub struct Progress(ProgressBar);

impl Progress {
    pub fn show() -> Self {
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("  {elapsed:>4}  {msg}") {
            bar.set_style(style);
        }
        Self(bar)
    }

    fn calls(&self, live: u32, done: u32, all: u32, violations: usize) {
        self.say(&format!("{live} calls live, {done} of {all} done, {violations} protocol violations"));
    }

    pub fn say(&self, text: &str) {
        self.0.set_message(text.to_owned());
        self.0.tick();
    }

    pub fn end(&self) {
        self.0.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(calls: u32, ramp: u64) -> Load {
        Load { calls, ramp: Duration::from_secs(ramp), asking: Duration::ZERO, barge_ins: 0 }
    }

    #[test]
    fn calls_begin_evenly_over_the_ramp_the_first_at_once() {
        let starts = |calls, ramp| load(calls, ramp).starts().map(|at| at.as_millis()).collect::<Vec<_>>();

        assert_eq!(starts(4, 2), [0, 500, 1_000, 1_500]);
        assert_eq!(starts(3, 0), [0, 0, 0]);
        assert_eq!(starts(1, 60), [0]);
    }

    #[test]
    fn callers_have_numbers_that_belong_to_nobody() {
        assert_eq!([caller(0), caller(99), caller(100)], ["+14155550100", "+14155550199", "+14155550100"]);
    }
}
