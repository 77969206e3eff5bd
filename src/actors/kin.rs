//! Which actor is of which kind.

use super::call::CallActor;
use super::courier::WebhookCourier;
use super::dial_queue::DialQueue;
use super::events::EventPublisher;
use super::governor::ConcurrencyGovernor;
use super::logger::LoggerActor;
use super::openai_session::OpenAiSessionActor;
use super::port::kin;
use super::supervisor::CallSupervisor;
use super::twilio_stream::TwilioStreamActor;
use crate::types::ActorKind;

kin!(CallSupervisor, ActorKind::CallSupervisor);
kin!(CallActor, ActorKind::Call);
kin!(TwilioStreamActor, ActorKind::TwilioStream);
kin!(OpenAiSessionActor, ActorKind::OpenAiSession);
kin!(ConcurrencyGovernor, ActorKind::ConcurrencyGovernor);
kin!(LoggerActor, ActorKind::Logger);
kin!(DialQueue, ActorKind::DialQueue);
kin!(EventPublisher, ActorKind::EventPublisher);
kin!(WebhookCourier, ActorKind::WebhookCourier);

/// An actor, and those that it looks after.
#[derive(Debug)]
pub struct Branch {
    pub kind: ActorKind,
    pub children: &'static [Self],
}

/// Who looks after whom. The first ones live as long as the process.
pub const TREE: &[Branch] = &[
    Branch { kind: ActorKind::CallSupervisor, children: &[CALL] },
    Branch::alone(ActorKind::ConcurrencyGovernor),
    Branch::alone(ActorKind::Logger),
    Branch::alone(ActorKind::DialQueue),
    Branch::alone(ActorKind::EventPublisher),
    Branch::alone(ActorKind::WebhookCourier),
];

const CALL: Branch =
    Branch { kind: ActorKind::Call, children: &[Branch::alone(ActorKind::TwilioStream), Branch::alone(ActorKind::OpenAiSession)] };

impl Branch {
    const fn alone(kind: ActorKind) -> Self {
        Self { kind, children: &[] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(branches: &[Branch]) -> Vec<ActorKind> {
        branches.iter().flat_map(|branch| [vec![branch.kind], kinds(branch.children)].concat()).collect()
    }

    #[test]
    fn every_actor_has_one_place_in_the_tree() {
        let mut placed = kinds(TREE);
        placed.sort_unstable();

        assert_eq!(placed, ActorKind::ALL);
    }
}
