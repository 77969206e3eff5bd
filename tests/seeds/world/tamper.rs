//! Breaks a world on purpose, so that it is seen that breaking it is seen.

use alpha_call::session::event::{LegCommand, Mark, ModelCommand, Output, Record};

use super::World;

/// What is done wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tamper {
    /// A response is asked for twice.
    AskTwice,
    /// What is played is played twice.
    PlayTwice,
    /// What was cleared is played after all: its marks tell.
    PlayCleared,
    /// A tool is answered twice.
    AnswerTwice,
    /// A turn is recorded again as it was.
    RecordTwice,
    /// A mark of an old generation is sent.
    OldMark,
    /// Something is ordered after the hangup.
    ActAfterHangup,
    /// An item is cut again.
    CutTwice,
    /// The spool forgets what it acknowledged.
    LoseRows,
    /// Ends of calls are not put on record.
    ForgetEnds,
    /// Slots are not given back, but renewed.
    KeepSlots,
    /// Twilio is asked for a call twice.
    DialTwice,
    /// A token works again.
    ClaimTwice,
    /// The logger does not hear how its orders went.
    LoseAnswers,
}

impl Tamper {
    /// What is ordered beside what is.
    pub(super) fn forge(self, output: &Output) -> Option<Output> {
        match (self, output) {
            (Self::AskTwice, Output::Model(ModelCommand::CreateResponse { .. }))
            | (Self::PlayTwice, Output::Leg(LegCommand::Play(_)))
            | (Self::AnswerTwice, Output::Model(ModelCommand::ToolResult { .. }))
            | (Self::RecordTwice, Output::Record(Record::Turn(_)))
            | (Self::ActAfterHangup, Output::Hangup(_))
            | (Self::CutTwice, Output::Model(ModelCommand::Truncate { .. })) => Some(output.clone()),
            (Self::PlayCleared, Output::Leg(LegCommand::Mark(mark))) if mark.ms > 0 => Some(Output::Leg(LegCommand::Clear)),
            (Self::OldMark, Output::Leg(LegCommand::Mark(mark))) => {
                let generation = mark.generation.checked_sub(1)?;
                Some(Output::Leg(LegCommand::Mark(Mark { generation, ..*mark })))
            }
            _ => None,
        }
    }
}

impl World {
    pub(super) fn tampers(&self, how: Tamper) -> bool {
        self.tamper == Some(how)
    }
}
