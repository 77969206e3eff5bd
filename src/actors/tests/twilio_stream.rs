use actix::Context;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use uuid::Uuid;

use super::*;
use crate::types::ActorKind;

/// Hears what a stream tells.
struct Ear(UnboundedSender<StreamEnded>);

impl Actor for Ear {
    type Context = Context<Self>;
}

crate::actors::port::kin!(Ear, ActorKind::CallSupervisor);

impl Handler<StreamEnded> for Ear {
    type Result = ();

    fn handle(&mut self, ended: StreamEnded, _: &mut Context<Self>) {
        let _ = self.0.send(ended);
    }
}

impl Handler<Begin> for Ear {
    type Result = Option<Port<LegHeard>>;

    fn handle(&mut self, _: Begin, _: &mut Context<Self>) -> Self::Result {
        None
    }
}

#[actix_rt::test]
async fn a_stream_that_panicked_is_dropped_and_tells_its_end_all_the_same() {
    let (tell, mut told) = unbounded_channel();
    let ear = Ear(tell).start();
    let claim = StreamClaim {
        call: CallId::new(Uuid::from_u128(1)),
        epoch: Epoch::FIRST,
        sid: "CA00000000000000000000000000000001".parse().expect("a sid"),
        start_deadline: Duration::from_secs(5),
    };

    drop(TwilioStreamActor::new(claim, ear.clone().into(), ear.into()));

    let StreamEnded { epoch, cause, .. } = told.recv().await.expect("its end");
    assert_eq!((epoch, cause), (Epoch::FIRST, HangupCause::StreamLost));
}
