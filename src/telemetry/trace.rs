//! Traces by OpenTelemetry, where a collector is named by `OTEL_EXPORTER_OTLP_ENDPOINT`: else they cost nothing.
//! <https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/>
//!
//! The trace of a call has the call's id, whichever instance a span of it is made on.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::{SpanBuilder, TraceContextExt as _, Tracer as _, TracerProvider as _};
use opentelemetry::{Context, SpanId, TraceId};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator, SdkTracer, SdkTracerProvider};

pub use opentelemetry::trace::{SpanKind, Status};
pub use opentelemetry::{KeyValue, Value};

use super::otlp::OtlpClient;
use crate::types::CallId;

const NAME: &str = "alpha-call";
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];
/// What is left is sent within this time when the process ends.
const LAST: Duration = Duration::from_secs(1);

static TRACER: OnceLock<SdkTracer> = OnceLock::new();

thread_local! {
    /// Of the span that this thread is about to make.
    static TRACE: Cell<Option<TraceId>> = const { Cell::new(None) };
}

/// Spans are collected for as long as this lives.
pub struct Collecting(SdkTracerProvider);

impl Drop for Collecting {
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown_with_timeout(LAST) {
            tracing::warn!(%error, "the last spans are not exported");
        }
    }
}

/// None where no collector is named, or the SDK is told to keep out.
///
/// # Errors
/// An endpoint or a protocol that cannot be used.
pub fn collect(instance: &str) -> Result<Option<Collecting>, ExporterBuildError> {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_off = std::env::var("OTEL_SDK_DISABLED").is_ok_and(|value| value.eq_ignore_ascii_case("true"));
    if is_off || !ENDPOINTS.into_iter().any(is_set) {
        return Ok(None);
    }
    let exporter = SpanExporter::builder().with_http().with_http_client(OtlpClient::new()).build()?;
    let provider = SdkTracerProvider::builder()
        .with_id_generator(Ids::default())
        .with_resource(resource(instance, is_set("OTEL_SERVICE_NAME")))
        .with_batch_exporter(exporter)
        .build();
    let _ = TRACER.set(provider.tracer(NAME));
    Ok(Some(Collecting(provider)))
}

/// <https://opentelemetry.io/docs/specs/semconv/resource/service/>
fn resource(instance: &str, is_named: bool) -> Resource {
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let resource = Resource::builder().with_attributes([version, KeyValue::new("service.instance.id", instance.to_owned())]);
    if is_named { resource.build() } else { resource.with_service_name(NAME).build() }
}

/// Random ones, but for the trace of a call.
#[derive(Debug, Default)]
struct Ids(RandomIdGenerator);

impl IdGenerator for Ids {
    fn new_trace_id(&self) -> TraceId {
        TRACE.take().unwrap_or_else(|| self.0.new_trace_id())
    }

    fn new_span_id(&self) -> SpanId {
        self.0.new_span_id()
    }
}

/// What a span is, when it begins.
#[derive(Clone, Debug)]
pub struct Start {
    pub name: String,
    pub kind: SpanKind,
    pub at: SystemTime,
    pub attributes: Vec<KeyValue>,
}

/// A span that is under way: it ends with its last clone. Nothing, where nobody collects.
#[derive(Clone, Debug, Default)]
pub struct Trace(Option<Context>);

impl Trace {
    /// True if somebody collects: what only a span needs has to be made only then.
    #[must_use]
    pub fn is_on() -> bool {
        TRACER.get().is_some()
    }

    /// The first span of a call that is made here.
    #[must_use]
    pub fn of_call(call: CallId, start: impl FnOnce() -> Start) -> Self {
        TRACE.set(Some(TraceId::from_bytes(call.as_uuid().into_bytes())));
        let trace = Self::begin(&Context::new(), start);
        TRACE.set(None);
        trace
    }

    /// Goes on with the trace that came along with a request, if one did.
    /// <https://www.w3.org/TR/trace-context/>
    #[must_use]
    pub fn of_request(traceparent: Option<&str>, tracestate: Option<&str>, start: impl FnOnce() -> Start) -> Self {
        if !Self::is_on() {
            return Self(None);
        }
        let headers = [("traceparent", traceparent), ("tracestate", tracestate)];
        let carrier: HashMap<_, _> = headers.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect();
        Self::begin(&TraceContextPropagator::new().extract_with_context(&Context::new(), &carrier), start)
    }

    /// A span within this one.
    #[must_use]
    pub fn child(&self, start: impl FnOnce() -> Start) -> Self {
        self.0.as_ref().map_or(Self(None), |parent| Self::begin(parent, start))
    }

    fn begin(parent: &Context, start: impl FnOnce() -> Start) -> Self {
        let Some(tracer) = TRACER.get() else { return Self(None) };
        let Start { name, kind, at, attributes } = start();
        let span = SpanBuilder::from_name(name).with_kind(kind).with_start_time(at).with_attributes(attributes);
        Self(Some(parent.with_span(tracer.build_with_context(span, parent))))
    }

    pub fn note(&self, attribute: KeyValue) {
        if let Some(context) = &self.0 {
            context.span().set_attribute(attribute);
        }
    }

    /// `why` is a word of ours.
    pub fn failed(&self, why: &'static str) {
        if let Some(context) = &self.0 {
            context.span().set_status(Status::error(why));
        }
    }

    pub fn end_at(self, at: SystemTime) {
        if let Some(context) = self.0 {
            context.span().end_with_timestamp(at);
        }
    }

    /// For whoever is asked within this span.
    #[must_use]
    pub fn traceparent(&self) -> Option<String> {
        let mut carrier = HashMap::new();
        TraceContextPropagator::new().inject_context(self.0.as_ref()?, &mut carrier);
        carrier.remove("traceparent")
    }
}
