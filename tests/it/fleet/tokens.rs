//! What lets nobody in at one instance lets nobody in at the other; what was used at one is used up at both.

use alpha_call::sim::stage::Stage;
use futures_util::future::join_all;

use super::*;
use crate::doors::http::get;
use crate::doors::operator::{Line, Operator, fresh_sid, unsigned};
use crate::doors::streams::tokens::{KEY, bad_tokens};
use crate::doors::twiml::Twiml;

/// Two processes with one telephone company, one model, and one database.
struct Pair {
    stage: Stage,
    _instances: [Instance; 2],
    operators: [Operator; 2],
}

impl Pair {
    fn start(cluster: &Cluster) -> Self {
        let stage = Stage::start(1).expect("a stage");
        let mut instances = [(); 2].map(|()| serve(&stage, cluster));
        let addresses = instances.each_mut().map(Instance::address);
        Self { _instances: instances, operators: addresses.map(|address| Operator::at(&stage, address)), stage }
    }

    fn model_sessions(&self) -> usize {
        self.stage.openai.control().sessions().len()
    }

    /// What each of them answers instead of 101.
    async fn refusals(&self, line: &Line, target: &str, signature: &str) -> Vec<Option<u16>> {
        join_all(self.operators.iter().map(|operator| async { operator.upgrade(line, target, signature).await.err() })).await
    }
}

fn serve(stage: &Stage, cluster: &Cluster) -> Instance {
    let own = [
        ("DATABASE_URL", cluster.url()),
        ("STREAM_TOKEN_KEY", KEY.to_owned()),
        ("APP__OPENAI__WARM_CONNECTIONS", "0".to_owned()),
        ("APP__OPENAI__RENDER_PHRASES", "false".to_owned()),
    ];
    let variables = stage.environment().into_iter().chain(own.map(|(name, value)| (name.to_owned(), value)));
    variables.fold(Shell::new(), |shell, (name, value)| shell.with(&name, &value)).serve()
}

#[actix_rt::test]
async fn no_token_and_no_signature_that_is_not_good_opens_a_session_on_either_instance() {
    let Some(cluster) = Cluster::start() else { return };
    let pair = Pair::start(&cluster);
    let [here, there] = &pair.operators;
    let (line, other) = (here.ring().await, there.ring().await);

    for (what, target) in bad_tokens(&line) {
        let refused = pair.refusals(&line, &target, &here.sign("wss", &target, &[])).await;
        assert_eq!(refused, [Some(403); 2], "a token {what}");
    }
    let of_another_stream = here.sign("wss", &other.stream, &[]);
    let of_a_webhook = here.sign("https", "/incoming-call", &[]);
    let of_another_account = here.clone().with_token("another-token-of-twilio").sign("wss", &line.stream, &[]);
    for signature in ["", "nonsense", &of_another_stream, &of_a_webhook, &of_another_account] {
        assert_eq!(pair.refusals(&line, &line.stream, signature).await, [Some(403); 2], "signed {signature:?}");
    }
    for operator in &pair.operators {
        let form = operator.form(&fresh_sid("CA"));
        for signature in ["nonsense", &operator.sign("https", "/twilio/voice/1", &form)] {
            let forged = unsigned("/incoming-call", &form).with("X-Twilio-Signature", signature);
            forged.to(operator.engine).await.problem(403, "invalid-signature");
        }
    }
    assert_eq!(pair.model_sessions(), 0);

    // The token of one call, and the name of another.
    let mut swapped = here.open(&line).await.expect("its own token was not used up");
    swapped.start_as(&other.sid).await;
    assert_eq!(swapped.closed().await, Some(1008));
    assert_eq!(pair.model_sessions(), 0);
    for (operator, line) in [(here, &line), (there, &other)] {
        operator.hang_up(line).await;
    }
}

#[actix_rt::test]
async fn a_token_that_was_used_on_one_instance_is_refused_on_both() {
    let Some(cluster) = Cluster::start() else { return };
    let pair = Pair::start(&cluster);
    let [here, there] = &pair.operators;
    let line = here.ring().await;

    let answers = join_all((0..20).map(|n| pair.operators[n % 2].open(&line))).await;

    let (streams, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!(refused.into_iter().filter_map(Result::err).collect::<Vec<_>>(), [403; 19]);
    let mut stream = streams.into_iter().find_map(Result::ok).expect("one got in");
    stream.start().await;
    stream.heard().await;
    let signature = here.sign("wss", &line.stream, &[]);
    assert_eq!(pair.refusals(&line, &line.stream, &signature).await, [Some(403); 2], "while the stream lives");

    // A webhook that somebody recorded, played to the other instance: the call is no second one.
    let replayed = there.post("/incoming-call", &there.form(&line.sid)).await;
    assert_eq!(Twiml::of(&replayed).verbs(), ["Pause", "Redirect"]);
    stream.answers(b"still there?").await;
    stream.hang_up().await;

    assert_eq!(pair.refusals(&line, &line.stream, &signature).await, [Some(403); 2], "after the call");
    assert_eq!(pair.model_sessions(), 1);
    let history = get("/api/call-history").to(there.engine).await.json();
    assert_eq!(history["total"], 1, "{history}");
}
