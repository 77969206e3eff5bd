//! Traces, as a collector gets them: <https://opentelemetry.io/docs/specs/otlp/#otlphttp-request>

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::web::{Bytes, Data, PayloadConfig, post};
use actix_web::{App, HttpResponse, HttpServer};
use alpha_call::sim::client::ApiClient;
use alpha_call::sim::scenario::{CallerScript, Step};
use alpha_call::sim::stage::{CALLER, Stage, utterance};
use alpha_call::sim::twilio::CallIn;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use uuid::Uuid;

use super::http::get;
use super::process::{Instance, Shell};
use crate::house::{LONG, eventually_within};

/// Keeps the spans that it is sent.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<ExportTraceServiceRequest>>>);

impl Collector {
    fn start() -> (Self, SocketAddr) {
        let collector = Self::default();
        let kept = collector.clone();
        let app =
            move || App::new().app_data(Data::new(kept.clone())).app_data(PayloadConfig::new(1 << 22)).route("/v1/traces", post().to(take));
        let server = HttpServer::new(app).workers(1).disable_signals().bind(("127.0.0.1", 0)).expect("a port");
        let address = server.addrs()[0];
        actix_rt::spawn(server.run());
        (collector, address)
    }

    fn spans(&self) -> Vec<Span> {
        let kept = self.0.lock().expect("not poisoned");
        kept.iter().flat_map(|request| &request.resource_spans).flat_map(|of| &of.scope_spans).flat_map(|of| of.spans.clone()).collect()
    }

    fn services(&self) -> Vec<String> {
        let kept = self.0.lock().expect("not poisoned");
        let resources = kept.iter().flat_map(|request| &request.resource_spans).filter_map(|of| of.resource.as_ref());
        let names = resources.flat_map(|resource| &resource.attributes).filter(|attribute| attribute.key == "service.name");
        names.map(|name| format!("{:?}", name.value)).collect()
    }
}

async fn take(kept: Data<Collector>, body: Bytes) -> HttpResponse {
    let request = ExportTraceServiceRequest::decode(body).expect("protobuf as it is specified");
    kept.0.lock().expect("not poisoned").push(request);
    HttpResponse::Ok().content_type("application/x-protobuf").finish()
}

fn serve(stage: &Stage, collector: &str) -> Instance {
    let shell = stage.environment().iter().fold(Shell::new(), |shell, (name, value)| shell.with(name, value));
    shell.with("OTEL_EXPORTER_OTLP_ENDPOINT", collector).with("OTEL_BSP_SCHEDULE_DELAY", "100").serve()
}

/// An answer, and then a tool of the model ends the call.
fn talk() -> CallerScript {
    let said = ["caller_hours", "caller_goodbye"].map(|clip| {
        let quiet = Duration::from_millis(900);
        [Step::WaitForSpeech { within: LONG }, Step::WaitForSilence { quiet, within: LONG }, Step::Say(utterance(clip))]
    });
    CallerScript::new(said.into_iter().flatten().chain([Step::AwaitHangup { within: LONG }]).collect())
}

#[actix_rt::test]
async fn a_call_is_one_trace_with_its_turns_responses_and_tools() {
    let (collector, address) = Collector::start();
    let stage = Stage::start(1).expect("a stage");
    let mut instance = serve(&stage, &format!("http://{address}"));
    stage.twilio.set_engine(instance.address());

    let call = stage.twilio.call_in(CallIn { from: CALLER.to_owned(), script: talk() }).expect("a domain");
    assert!(call.ended(LONG).await.expect("an end").completed());
    let row = ApiClient::new(instance.address()).get(&format!("/api/call/{}", call.call_sid())).await.expect("an answer").body;
    let id: Uuid = row["id"].as_str().expect("an id").parse().expect("a uuid");
    let spans = eventually_within(LONG, "the call is exported", async || {
        let spans: Vec<_> = collector.spans().into_iter().filter(|span| span.trace_id == id.as_bytes()).collect();
        if spans.iter().any(|span| span.name == "call inbound") { Ok(spans) } else { Err(format!("{:?}", collector.spans())) }
    })
    .await;

    let whole = spans.iter().find(|span| span.name == "call inbound").expect("a call");
    assert!(whole.parent_span_id.is_empty(), "{whole:?}");
    for name in ["turn user", "turn ai", "chat gpt-realtime-2.1", "execute_tool end_call"] {
        let part = spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("no {name} in {spans:?}"));
        assert_eq!(part.parent_span_id, whole.span_id, "{name}");
        let is_within = part.start_time_unix_nano >= whole.start_time_unix_nano && part.end_time_unix_nano >= part.start_time_unix_nano;
        assert!(is_within, "{part:?} of {whole:?}");
    }
    assert!(collector.services().iter().all(|name| name.contains("alpha-call")), "{:?}", collector.services());
}

#[actix_rt::test]
async fn a_request_goes_on_with_the_trace_that_it_came_with() {
    let (collector, address) = Collector::start();
    let stage = Stage::start(1).expect("a stage");
    let mut instance = serve(&stage, &format!("http://{address}"));

    // https://www.w3.org/TR/trace-context/#examples-of-http-traceparent-headers
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    assert_eq!(get("/api/analytics").with("traceparent", parent).to(instance.address()).await.status, 200);

    let span = eventually_within(LONG, "the request is exported", async || {
        let spans = collector.spans();
        spans.iter().find(|span| span.name == "GET /api/analytics").cloned().ok_or_else(|| format!("{spans:?}"))
    })
    .await;
    assert_eq!(span.trace_id, 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736_u128.to_be_bytes());
    assert_eq!(span.parent_span_id, 0x00f0_67aa_0ba9_02b7_u64.to_be_bytes());
}

#[actix_rt::test]
async fn a_collector_that_is_away_is_named_once_and_holds_nobody_up() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let stage = Stage::start(1).expect("a stage");
    let mut instance = serve(&stage, &format!("http://{nobody}"));
    let address = instance.address();

    for _ in 0..3 {
        assert_eq!(get("/health").to(address).await.status, 200);
        instance.complains("traces are not exported");
    }
    instance.signal("TERM");

    let told = instance.ended(LONG);
    assert_eq!((told.code, told.err.matches("traces are not exported").count()), (Some(0), 1), "{told}");
}
