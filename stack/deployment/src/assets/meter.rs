//! How much of an upload has left this machine: S3 tells only of whole parts, and a package can be one.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// What leaves at one time, bytes.
const CHUNK: usize = 64 * 1024;

/// How often somebody is told.
const INTERVAL: Duration = Duration::from_millis(100);

/// The bytes of one file that have left, and those that S3 has.
#[derive(Default)]
pub(super) struct Meter {
    /// What S3 had when the upload began; none before that.
    before: OnceLock<u64>,
    stored: AtomicU64,
    sent: Arc<AtomicU64>,
}

impl Meter {
    /// S3 has `bytes` of the file. The first time, these are of an earlier upload.
    pub(super) fn store(&self, bytes: u64) {
        self.before.get_or_init(|| bytes);
        self.stored.store(bytes, Ordering::Relaxed);
    }

    /// Bytes that S3 has.
    pub(super) fn stored(&self) -> u64 {
        self.stored.load(Ordering::Relaxed)
    }

    /// Bytes that S3 has, or that have left for it.
    pub(super) fn sent(&self) -> u64 {
        let before = self.before.get().copied().unwrap_or_default();
        self.stored().max(before + self.sent.load(Ordering::Relaxed))
    }

    /// `bytes` as the body of a request, of which is counted what leaves. Each attempt at the request counts anew.
    pub(super) fn body(&self, bytes: Vec<u8>) -> ByteStream {
        let (bytes, sent) = (Bytes::from(bytes), Arc::clone(&self.sent));
        let attempt = Arc::new(AtomicU64::new(0));
        let body = SdkBody::from(bytes.clone());
        ByteStream::new(body.map_preserve_contents(move |_| {
            sent.fetch_sub(attempt.swap(0, Ordering::Relaxed), Ordering::Relaxed);
            let (sent, attempt) = (Arc::clone(&sent), Arc::clone(&attempt));
            SdkBody::from_body_1_x(Counted { rest: bytes.clone(), sent, attempt })
        }))
    }

    /// Waits for `upload`, and calls `tell` every now and then from its beginning on.
    pub(super) async fn watch<T>(&self, upload: impl Future<Output = T>, tell: impl Fn()) -> T {
        let (mut upload, mut ticks) = (pin!(upload), tokio::time::interval(INTERVAL));
        loop {
            tokio::select! {
                biased;
                outcome = &mut upload => return outcome,
                _ = ticks.tick() => if self.before.get().is_some() { tell() },
            }
        }
    }
}

/// Bytes that are counted when they leave.
struct Counted {
    rest: Bytes,
    sent: Arc<AtomicU64>,
    attempt: Arc<AtomicU64>,
}

impl Body for Counted {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        if this.rest.is_empty() {
            return Poll::Ready(None);
        }
        let chunk = this.rest.split_to(CHUNK.min(this.rest.len()));
        for counter in [&this.sent, &this.attempt] {
            counter.fetch_add(chunk.len() as u64, Ordering::Relaxed);
        }
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn length(body: SdkBody) -> usize {
        ByteStream::new(body).collect().await.unwrap().into_bytes().len()
    }

    /// As the SDK does it: what is kept for another attempt is cloned for each.
    #[tokio::test]
    async fn an_attempt_that_is_repeated_counts_once() {
        const SIZE: usize = 3 * CHUNK + 1;
        let meter = Meter::default();
        meter.store(1000);
        let first = meter.body(vec![7; SIZE]).into_inner();
        let kept = first.try_clone().unwrap();
        assert_eq!((length(first).await, meter.sent()), (SIZE, 1000 + SIZE as u64));
        let second = kept.try_clone().unwrap();
        assert_eq!(meter.sent(), 1000);
        assert_eq!((length(second).await, meter.sent(), meter.stored()), (SIZE, 1000 + SIZE as u64, 1000));
    }
}
