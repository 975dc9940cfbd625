//! The keys of an issuer of tokens, fetched from where it publishes them.
//!
//! They are fetched at once, then at an interval, and once more when a token names a key that is not among them; so
//! often that a new key is found within a second or two, whatever others ask, and so seldom that forged tokens do not make us a burden
//! to the issuer.
//!
//! Invariant: a token that names an unknown key is judged by a set that was asked for after it came, or by none.
//! Invariant: no token is believed before the first set is here. A fetch that fails leaves the last good set.
//! Not here: what a key verifies ([`crate::session::http::bearer`]).

use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT, HeaderMap, HeaderValue};
use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Limited};
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout};

use super::{Caller, Outgoing, Rules, Upstream, UpstreamError};
use crate::base::clock::{Clock as _, SystemClock};
use crate::front::metrics::StoreMetrics;
use crate::front::tls::StoreTls;
use crate::front::workers::Worker;
use crate::session::http::bearer::{BadToken, KeyShelf, Keys};
use crate::session::http::{Refusal, Shown};

/// For a whole fetch.
const PATIENCE: Duration = Duration::from_secs(5);

/// Between two fetches that nobody asks for.
const GAP: Duration = Duration::from_secs(10);

/// Between two fetches, whatever tokens name: whoever comes meanwhile waits for the next one, so that a forged token a moment
/// before does not have the first one of a new key refused.
const SHORT_GAP: Duration = Duration::from_secs(1);

/// A set that is longer is none.
const MAX_SET_BYTES: usize = 256 * 1024;

/// Where an issuer publishes its keys.
#[derive(Clone, Debug)]
pub struct KeySource {
    /// The URL of the set.
    pub url: Uri,
    /// By what the server is known, if the URL begins with `https`.
    pub tls: Option<StoreTls>,
    /// What the authorities were read from, to tell whether they have changed.
    pub authorities: Vec<u8>,
    /// Between two fetches.
    pub refresh: Duration,
}

/// Keeps the keys of one issuer current until it is dropped.
#[derive(Debug)]
pub struct Issuer {
    source: KeySource,
    desk: Arc<Desk>,
    task: AbortHandle,
}

#[derive(Debug)]
struct Desk {
    shelf: KeyShelf,
    asked: Notify,
    told: watch::Sender<Told>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Told {
    /// When the last one began.
    begun: Option<Instant>,
    is_under_way: bool,
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Issuer {
    /// Begins to fetch onto `shelf`. What an issuer `before` this one has from the same place is good until then.
    ///
    /// # Errors
    /// [`UpstreamError`].
    pub fn start(
        source: KeySource,
        shelf: KeyShelf,
        before: Option<&Self>,
        metrics: Arc<StoreMetrics>,
        worker: &Worker,
    ) -> Result<Self, UpstreamError> {
        let is_same = |before: &&Self| {
            before.source.url == source.url && before.source.authorities == source.authorities
        };
        if let Some(before) = before.filter(is_same) {
            shelf.adopt(&before.desk.shelf);
        }
        let upstream = Upstream::new(&source.url, source.tls.as_ref(), PATIENCE)?;
        let desk = Arc::new(Desk { shelf, asked: Notify::new(), told: watch::Sender::default() });
        let tended = Arc::clone(&desk);
        let (url, refresh) = (source.url.clone(), source.refresh.max(GAP));
        let task = worker.handle.spawn(async move { tended.tend(&upstream, &url, refresh, &metrics).await });
        Ok(Self { source, desk, task: task.abort_handle() })
    }

    /// True once there is a set.
    #[must_use]
    pub fn has_keys(&self) -> bool {
        self.desk.shelf.has_keys()
    }

    /// Has the keys fetched once more; true if that is over, well or not.
    async fn look_again(&self) -> bool {
        let asked = Instant::now();
        let mut told = self.desk.told.subscribe();
        self.desk.asked.notify_one();
        // A fetch that is under way may have been answered before the key was there.
        let is_over = |told: &Told| !told.is_under_way && told.begun.is_some_and(|begun| begun >= asked);
        matches!(timeout(PATIENCE.saturating_add(PATIENCE), told.wait_for(is_over)).await, Ok(Ok(_)))
    }
}

impl Desk {
    async fn tend(&self, upstream: &Upstream, url: &Uri, refresh: Duration, metrics: &StoreMetrics) {
        let mut wait = Duration::ZERO;
        loop {
            self.wait(wait).await;
            // Whoever has asked so far has asked for this one.
            tokio::select! {
                biased;
                () = self.asked.notified() => {}
                () = std::future::ready(()) => {}
            }
            self.told.send_modify(|told| {
                told.begun = Some(Instant::now());
                told.is_under_way = true;
            });
            let fetched = timeout(PATIENCE, fetched(upstream, url)).await.unwrap_or(Err("it takes too long"));
            wait = match fetched {
                Ok(keys) => {
                    self.shelf.put(keys);
                    metrics.keys_fetched.inc();
                    refresh
                }
                Err(why) => {
                    metrics.keys_failed.inc();
                    tracing::warn!(why, "the keys of the issuer cannot be fetched");
                    GAP
                }
            };
            self.told.send_modify(|told| told.is_under_way = false);
        }
    }

    /// Until the time is over, or somebody asks.
    async fn wait(&self, time: Duration) {
        tokio::select! {
            () = tokio::time::sleep(time) => {}
            () = self.asked.notified() => {
                let begun = self.told.borrow().begun;
                if let Some(next) = begun.and_then(|begun| begun.checked_add(SHORT_GAP)) {
                    tokio::time::sleep_until(next).await;
                }
            }
        }
    }
}

async fn fetched(upstream: &Upstream, url: &Uri) -> Result<Keys, &'static str> {
    let target = url.path_and_query().map_or("/", |target| target.as_str());
    let mut request = Request::new(Outgoing::empty());
    *request.uri_mut() = upstream.uri(target).ok_or("the URL cannot be asked for")?;
    request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
    let response = upstream.request(request).await.map_err(|_| "the server cannot be reached")?;
    // Another place than the one that the operator named is not gone to.
    if response.status() != StatusCode::OK {
        return Err("the status is not 200");
    }
    let body = Limited::new(response.into_body(), MAX_SET_BYTES).collect().await;
    let body = body.map_err(|_| "the answer breaks off, or is too long")?.to_bytes();
    Keys::parse(&body).map_err(|_| "there are no keys in it that can be used")
}

/// Who asks. Where a token names a key that is not here, it is looked for once more.
pub(super) async fn shown(rules: &Rules, caller: &Caller, headers: &HeaderMap) -> Result<Shown, Refusal> {
    let show = || rules.gates.show(caller.line(), headers, SystemClock.now_unix_ms() / 1_000);
    let shown = show();
    let (Err(Refusal::BadToken(BadToken::UnknownKey | BadToken::NoKeys)), Some(issuer)) =
        (&shown, &rules.issuer)
    else {
        return shown;
    };
    if issuer.look_again().await { show() } else { shown }
}
