//! Breaks parts of the engine as a bug would, so that their mending can be seen from outside.

use actix::{Context, Handler, Message};

use super::dial_queue::DialQueue;
use super::engine::Engine;
use super::governor::ConcurrencyGovernor;
use super::port::Post as _;
use super::supervisor::CallSupervisor;

/// A part that lives as long as the process.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Governor,
    Supervisor,
    DialQueue,
    Logger,
}

#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Break;

macro_rules! breakable {
    ($($actor:ty),+) => {
        $(impl Handler<Break> for $actor {
            type Result = ();

            fn handle(&mut self, _: Break, _: &mut Context<Self>) {
                panic!("sabotaged")
            }
        })+
    };
}

breakable!(ConcurrencyGovernor, CallSupervisor, DialQueue);

impl Engine {
    #[doc(hidden)]
    pub fn break_part(&self, part: Part) {
        match part {
            Part::Governor => self.parts().governor.tell(Break),
            Part::Supervisor => self.parts().supervisor.tell(Break),
            Part::DialQueue => drop(self.parts().dial_queue.get().map(|queue| queue.tell(Break))),
            Part::Logger => self.sabotage_logger(),
        }
    }
}
