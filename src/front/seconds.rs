//! How long something took, as a histogram.
//!
//! Invariant: counting is two additions to atomics: no lock, no allocation.
//! Not here: clocks, and which stages there are.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

/// Upper bounds of the buckets in microseconds, and in seconds as they are told; the last takes all the rest.
const BOUNDS: [(u64, f64); 15] = [
    (100, 0.0001),
    (250, 0.00025),
    (500, 0.0005),
    (1_000, 0.001),
    (2_500, 0.0025),
    (5_000, 0.005),
    (10_000, 0.01),
    (25_000, 0.025),
    (50_000, 0.05),
    (100_000, 0.1),
    (250_000, 0.25),
    (500_000, 0.5),
    (1_000_000, 1.0),
    (10_000_000, 10.0),
    (u64::MAX, f64::INFINITY),
];

/// A histogram of durations. Clones count into the same.
#[derive(Clone, Debug, Default)]
pub struct Seconds(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    buckets: [AtomicU64; BOUNDS.len()],
    sum_us: AtomicU64,
}

impl Seconds {
    /// Counts one more.
    pub fn observe(&self, took: Duration) {
        let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = self.0.buckets.iter().zip(BOUNDS).find(|(_, (bound_us, _))| took_us <= *bound_us);
        if let Some((count, _)) = bucket {
            count.fetch_add(1, Ordering::Relaxed);
            self.0.sum_us.fetch_add(took_us, Ordering::Relaxed);
        }
    }

    /// How many were counted.
    #[cfg(test)]
    pub(super) fn count(&self) -> u64 {
        self.0.buckets.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }
}

impl EncodeMetric for Seconds {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), std::fmt::Error> {
        let counts = self.0.buckets.iter().map(|count| count.load(Ordering::Relaxed));
        let buckets: Vec<(f64, u64)> = BOUNDS.iter().map(|(_, bound)| *bound).zip(counts).collect();
        let count = buckets.iter().map(|(_, count)| *count).sum();
        let sum = Duration::from_micros(self.0.sum_us.load(Ordering::Relaxed)).as_secs_f64();
        encoder.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;
    use prometheus_client::registry::Registry;

    use super::*;

    #[test]
    fn buckets_add_up() {
        let seconds = Seconds::default();
        for took_us in [100, 101, 2_000_000, 3_600_000_000] {
            seconds.observe(Duration::from_micros(took_us));
        }
        let mut registry = Registry::default();
        registry.register("took_seconds", "a stage", seconds);
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        for line in [
            "took_seconds_bucket{le=\"0.0001\"} 1",
            "took_seconds_bucket{le=\"0.00025\"} 2",
            "took_seconds_bucket{le=\"10.0\"} 3",
            "took_seconds_bucket{le=\"+Inf\"} 4",
            "took_seconds_count 4",
            "took_seconds_sum 3602.000201",
        ] {
            assert!(text.lines().any(|one| one == line), "{line}: {text}");
        }
    }
}
