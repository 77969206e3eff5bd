//! Breaks a world on purpose, so that it is seen that breaking it is seen.

use alpha_call::session::event::{LegCommand, ModelCommand, Output, Record};

/// What is done wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tamper {
    /// A response is asked for twice.
    AskTwice,
    /// What is played is played twice.
    PlayTwice,
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
}

impl Tamper {
    /// What is ordered beside what is.
    pub(super) fn forge(&self, output: &Output) -> Option<Output> {
        let again = match (self, output) {
            (Self::AskTwice, Output::Model(ModelCommand::CreateResponse { .. }))
            | (Self::PlayTwice, Output::Leg(LegCommand::Play(_)))
            | (Self::AnswerTwice, Output::Model(ModelCommand::ToolResult { .. }))
            | (Self::RecordTwice, Output::Record(Record::Turn(_)))
            | (Self::ActAfterHangup, Output::Hangup(_))
            | (Self::CutTwice, Output::Model(ModelCommand::Truncate { .. })) => Some(output.clone()),
            (Self::OldMark, Output::Leg(LegCommand::Mark(mark))) => {
                let generation = mark.generation.checked_sub(1)?;
                Some(Output::Leg(LegCommand::Mark(alpha_call::session::event::Mark { generation, ..*mark })))
            }
            _ => None,
        };
        again
    }

    pub(super) fn keeps_slots(&self) -> bool {
        *self == Self::KeepSlots
    }

    pub(super) fn forgets_ends(&self) -> bool {
        *self == Self::ForgetEnds
    }

    pub(super) fn loses_rows(&self) -> bool {
        *self == Self::LoseRows
    }
}
