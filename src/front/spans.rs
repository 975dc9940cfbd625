//! Statements and exchanges as spans for a collector of OpenTelemetry, by OTLP over HTTP.
//!
//! Spans wait in a queue of the library's, and a thread of its own sends them; where the queue is full they are dropped, and
//! nobody waits for a collector.
//!
//! Invariant: a span says names of the policy, fixed words and counts, never what a client or a store has said.
//! Not here: log lines, and what is counted.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{Request, Response, StatusCode, Uri};
use opentelemetry::KeyValue;
use opentelemetry::trace::{Span as _, SpanKind, Status, Tracer as _, TracerProvider as _};
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use tokio::runtime::Handle;

use crate::base::clock::{Clock as _, SystemClock};
use crate::session::postgres::Counted;

/// How long a collector may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Spans cannot be sent to this collector.
#[derive(Debug, thiserror::Error)]
#[error("the collector of spans cannot be used")]
pub struct SpansError;

/// Where spans go, if they go anywhere. Clones send to the same.
#[derive(Clone, Debug, Default)]
pub struct Spans(Option<Arc<Sending>>);

#[derive(Debug)]
struct Sending {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

impl Spans {
    /// Nowhere.
    #[must_use]
    pub const fn off() -> Self {
        Self(None)
    }

    /// To this collector: scheme, host and port. To be called within a runtime, which does the sending.
    ///
    /// # Errors
    /// [`SpansError`]
    pub fn send(collector: &Uri) -> Result<Self, SpansError> {
        let authority = collector.authority().ok_or(SpansError)?;
        let runtime = Handle::try_current().map_err(|_| SpansError)?;
        let client = Client { inner: HyperClient::with_default_connector(PATIENCE, None), runtime };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_endpoint(format!("http://{authority}/v1/traces"))
            .with_timeout(PATIENCE)
            .with_http_client(client)
            .build()
            .map_err(|_| SpansError)?;
        // Without the detectors of the default, which read the environment.
        let resource = Resource::builder_empty().with_service_name(env!("CARGO_PKG_NAME")).build();
        let provider =
            SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build();
        let tracer = provider.tracer(env!("CARGO_PKG_NAME"));
        Ok(Self(Some(Arc::new(Sending { provider, tracer }))))
    }

    /// A statement whose answer has just ended.
    pub(super) fn statement(&self, store: &Arc<str>, took: Duration, counted: Counted) {
        let Some(sending) = &self.0 else { return };
        let rows =
            KeyValue::new("db.response.returned_rows", i64::try_from(counted.rows).unwrap_or(i64::MAX));
        sending.tell("statement", took, vec![named(store), postgresql(), rows], counted.failed > 0);
    }

    /// A statement that has just been refused.
    pub(super) fn refused_statement(&self, store: &Arc<str>, took: Duration, sqlstate: &'static str) {
        let Some(sending) = &self.0 else { return };
        let reason = KeyValue::new("error.type", sqlstate);
        sending.tell("statement", took, vec![named(store), postgresql(), reason], true);
    }

    /// An exchange whose answer is ready to be sent.
    pub(super) fn exchange(
        &self,
        store: &Arc<str>,
        took: Duration,
        status: StatusCode,
        refused: Option<&'static str>,
    ) {
        let Some(sending) = &self.0 else { return };
        let status = KeyValue::new("http.response.status_code", i64::from(status.as_u16()));
        let mut says = vec![named(store), status];
        says.extend(refused.map(|reason| KeyValue::new("error.type", reason)));
        sending.tell("exchange", took, says, refused.is_some());
    }

    /// Sends what is waiting; no more will come.
    pub async fn close(&self) {
        let Some(sending) = self.0.clone() else { return };
        let closed = tokio::task::spawn_blocking(move || sending.provider.shutdown_with_timeout(PATIENCE));
        if !matches!(closed.await, Ok(Ok(()))) {
            tracing::warn!("the last spans could not be sent");
        }
    }
}

impl Sending {
    fn tell(&self, name: &'static str, took: Duration, says: Vec<KeyValue>, has_failed: bool) {
        let ended = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(SystemClock.now_unix_ms()));
        let ended = ended.unwrap_or(SystemTime::UNIX_EPOCH);
        let began = ended.checked_sub(took).unwrap_or(ended);
        let builder = self.tracer.span_builder(name).with_kind(SpanKind::Server).with_start_time(began);
        let mut span = builder.with_attributes(says).start(&self.tracer);
        if has_failed {
            span.set_status(Status::error(""));
        }
        span.end_with_timestamp(ended);
    }
}

fn named(store: &Arc<str>) -> KeyValue {
    KeyValue::new("sfumato.store", Arc::clone(store))
}

fn postgresql() -> KeyValue {
    KeyValue::new("db.system.name", "postgresql")
}

/// Sends from the runtime's threads what the library's thread has to say, which is none of them.
#[derive(Debug)]
struct Client {
    inner: HyperClient,
    runtime: Handle,
}

#[async_trait::async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.inner.clone();
        let sent = self.runtime.spawn(async move { client.send_bytes(request).await });
        let answer = sent.await.map_err(HttpError::from).and_then(|answer| answer);
        if !answer.as_ref().is_ok_and(|answer| answer.status().is_success()) {
            tracing::warn!("the collector did not take the spans");
        }
        answer
    }
}
