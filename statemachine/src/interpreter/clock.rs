//! Virtual time: it stands still while anything can go on, and then goes to the next moment at which something can.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

/// The time since the execution began, and who waits for which moment. Of those who wait for one moment, the first to
/// ask goes first: nothing is left to chance.
#[derive(Clone, Debug, Default)]
pub(super) struct Clock(Rc<Hands>);

#[derive(Debug, Default)]
struct Hands {
    now: Cell<Duration>,
    asked: Cell<u64>,
    waiting: RefCell<BTreeMap<(Duration, u64), Waker>>,
}

impl Clock {
    pub(super) fn now(&self) -> Duration {
        self.0.now.get()
    }

    pub(super) fn sleep(&self, duration: Duration) -> Sleep {
        let ticket = self.0.asked.get();
        self.0.asked.set(ticket + 1);
        Sleep { clock: self.clone(), until: (self.now().saturating_add(duration), ticket) }
    }

    /// Runs `future` to its end. `None`: it waits for something that no time brings.
    pub(super) fn run<F: Future>(&self, future: F) -> Option<F::Output> {
        let mut future = pin!(future);
        let woken = Arc::new(Woken(AtomicBool::new(true)));
        let waker = Waker::from(Arc::clone(&woken));
        loop {
            while woken.0.swap(false, Ordering::Relaxed) {
                if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                    return Some(output);
                }
            }
            let ((moment, _), next) = self.0.waiting.borrow_mut().pop_first()?;
            self.0.now.set(moment.max(self.now()));
            next.wake();
        }
    }
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Waits until the clock shows a moment.
pub(super) struct Sleep {
    clock: Clock,
    until: (Duration, u64),
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.clock.now() >= self.until.0 {
            return Poll::Ready(());
        }
        self.clock.0.waiting.borrow_mut().insert(self.until, context.waker().clone());
        Poll::Pending
    }
}

/// Who no longer waits must not hold up the clock.
impl Drop for Sleep {
    fn drop(&mut self) {
        self.clock.0.waiting.borrow_mut().remove(&self.until);
    }
}

/// Lets all others go on first, so that branches take turns.
pub(super) async fn take_turns() {
    let mut has_waited = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut has_waited, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_pass_in_no_time_and_in_order() {
        let clock = Clock::default();
        let order = RefCell::new(Vec::new());
        let sleeper = |hours: u64| {
            let sleep = clock.sleep(Duration::from_secs(hours * 3600));
            let order = &order;
            async move {
                sleep.await;
                order.borrow_mut().push(hours);
            }
        };
        clock.run(futures::future::join3(sleeper(3), sleeper(1), sleeper(2))).unwrap();
        assert_eq!(*order.borrow(), [1, 2, 3]);
        assert_eq!(clock.now(), Duration::from_secs(3 * 3600));
    }

    #[test]
    fn who_gave_up_waiting_does_not_move_the_clock() {
        let clock = Clock::default();
        drop(clock.sleep(Duration::from_secs(60)));
        clock.run(clock.sleep(Duration::from_secs(1))).unwrap();
        assert_eq!(clock.now(), Duration::from_secs(1));
        assert!(clock.run(std::future::pending::<()>()).is_none());
    }
}
