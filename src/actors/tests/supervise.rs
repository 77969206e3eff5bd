use std::cell::RefCell;
use std::rc::Rc;

use actix::{Actor, ActorFutureExt as _, Handler, Message, WrapFuture as _};
use tokio::sync::oneshot;

use super::*;
use crate::actors::port::{Post as _, kin};
use crate::types::ActorKind;

const BUDGET: RestartBudget = RestartBudget { restarts: 2, within: Duration::from_secs(60), pause: Duration::from_millis(1) };

/// Counts what it is told, and breaks where it is told to.
struct Fragile {
    seen: Rc<RefCell<Vec<u32>>>,
    breaks_in_started: bool,
    lives: u32,
}

impl Actor for Fragile {
    type Context = Context<Self>;

    fn started(&mut self, _: &mut Context<Self>) {
        self.lives += 1;
        assert!(!self.breaks_in_started, "broken in started");
    }
}

impl Supervised for Fragile {}

kin!(Fragile, ActorKind::DialQueue);

#[derive(Message)]
#[rtype(result = "()")]
enum Tell {
    Note(u32),
    BreakInHandler,
    BreakInFuture,
    Stop,
}

impl Handler<Tell> for Fragile {
    type Result = ();

    fn handle(&mut self, tell: Tell, ctx: &mut Context<Self>) {
        match tell {
            Tell::Note(n) => self.seen.borrow_mut().push(n),
            Tell::BreakInHandler => panic!("broken in handler"),
            Tell::BreakInFuture => {
                ctx.spawn(async {}.into_actor(self).map(|(), _, _| panic!("broken in future")));
            }
            Tell::Stop => actix::ActorContext::stop(ctx),
        }
    }
}

struct Rig {
    addr: Addr<Fragile>,
    seen: Rc<RefCell<Vec<u32>>>,
    exit: oneshot::Receiver<Exit>,
}

fn rig(breaks_in_started: bool) -> Rig {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let (tx, exit) = oneshot::channel();
    let fragile = Fragile { seen: seen.clone(), breaks_in_started, lives: 0 };
    let addr = supervise(BUDGET, |_| fragile, move |how| drop(tx.send(how)));
    Rig { addr, seen, exit }
}

fn run(test: impl Future<Output = ()>) {
    actix_rt::System::new().block_on(test);
}

#[test]
fn a_panic_in_a_handler_costs_its_message_and_nothing_else() {
    run(async {
        let Rig { addr, seen, .. } = rig(false);
        for tell in [Tell::Note(1), Tell::BreakInHandler, Tell::Note(2), Tell::Note(3)] {
            addr.tell(tell);
        }

        addr.send(Tell::Note(4)).await.expect("the same address works");

        assert_eq!(*seen.borrow(), [1, 2, 3, 4]);
    });
}

#[test]
fn a_panic_in_a_spawned_future_does_not_cost_the_mailbox() {
    run(async {
        let Rig { addr, seen, .. } = rig(false);
        addr.send(Tell::BreakInFuture).await.expect("alive");

        for n in 1..=5 {
            addr.send(Tell::Note(n)).await.expect("alive again");
        }

        assert_eq!(*seen.borrow(), [1, 2, 3, 4, 5]);
    });
}

#[test]
fn an_actor_that_cannot_start_ends_when_its_budget_is_spent() {
    run(async {
        let Rig { addr, exit, .. } = rig(true);

        let how = exit.await.expect("an exit");

        assert_eq!(how, Exit::BudgetSpent("broken in started".to_owned()));
        assert!(!addr.connected());
    });
}

#[test]
fn a_stop_is_a_stop() {
    run(async {
        let Rig { addr, exit, .. } = rig(false);
        addr.send(Tell::Stop).await.expect("alive");

        assert_eq!(exit.await, Ok(Exit::Normal));
    });
}

#[test]
fn panics_that_are_far_apart_never_spend_the_budget() {
    let start = Instant::now();
    let mut panics = Panics { budget: BUDGET, times: VecDeque::new() };

    assert!((0..10).all(|n| panics.next_pause(start + Duration::from_secs(61) * n).is_some()));
}

#[test]
fn pauses_grow_until_the_budget_is_spent() {
    let now = Instant::now();
    let mut panics = Panics { budget: BUDGET, times: VecDeque::new() };

    let pauses: Vec<_> = (0..3).map(|_| panics.next_pause(now)).collect();

    assert_eq!(pauses, [Some(Duration::from_millis(1)), Some(Duration::from_millis(2)), None]);
}

#[test]
fn a_watched_actor_tells_how_it_ended() {
    run(async {
        for (tell, expected) in [(Tell::BreakInHandler, Exit::Panicked("broken in handler".to_owned())), (Tell::Stop, Exit::Normal)] {
            let (tx, exit) = oneshot::channel();
            let fragile = Fragile { seen: Rc::default(), breaks_in_started: false, lives: 0 };
            let addr = start_watched(|_| fragile, move |how| drop(tx.send(how)));

            let _ = addr.send(tell).await;

            assert_eq!(exit.await, Ok(expected));
        }
    });
}

#[test]
fn a_neighbour_on_the_same_thread_notices_nothing() {
    run(async {
        let (broken, neighbour) = (rig(false), rig(false));
        for _ in 0..3 {
            let _ = broken.addr.send(Tell::BreakInHandler).await;
        }

        neighbour.addr.send(Tell::Note(7)).await.expect("alive");

        assert_eq!(*neighbour.seen.borrow(), [7]);
    });
}
