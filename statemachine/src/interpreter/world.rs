//! What is outside a machine and would differ from run to run: the time and chance. Both are played, so that a run is
//! the same every time.

use std::cell::RefCell;
use std::time::Duration;

use jiff::Timestamp;

use super::clock::Clock;

/// When every execution begins, milliseconds since 1970: 2026-01-01T00:00:00Z.
const BEGIN: i64 = 1_767_225_600_000;

pub(super) struct World {
    pub(super) clock: Clock,
    random: RefCell<fastrand::Rng>,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        Self { clock: Clock::default(), random: RefCell::new(fastrand::Rng::with_seed(seed)) }
    }

    /// At least 0, less than 1.
    pub(super) fn random(&self) -> f64 {
        self.random.borrow_mut().f64()
    }

    pub(super) fn uuid(&self) -> String {
        let bits = self.random.borrow_mut().u128(..);
        // Version 4, variant 1, as RFC 9562 has it.
        let bits = bits & !(0xf000 << 64) & !(0xc000 << 48) | (0x4000 << 64) | (0x8000 << 48);
        let digits = format!("{bits:032x}");
        format!("{}-{}-{}-{}-{}", &digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..])
    }

    pub(super) fn milliseconds(&self) -> i64 {
        milliseconds_at(self.clock.now())
    }

    pub(super) fn now(&self) -> String {
        timestamp(self.clock.now())
    }
}

fn milliseconds_at(since_begin: Duration) -> i64 {
    BEGIN.saturating_add(i64::try_from(since_begin.as_millis()).unwrap_or(i64::MAX))
}

/// A moment as AWS writes it: `2026-01-01T00:00:00.000Z`.
pub(super) fn timestamp(since_begin: Duration) -> String {
    let moment = Timestamp::from_millisecond(milliseconds_at(since_begin)).unwrap_or(Timestamp::MAX);
    format!("{moment:.3}")
}

/// How long it is from the beginning of the execution to `moment`; no time, where it is past.
pub(super) fn until(moment: &str) -> Option<Duration> {
    let moment: Timestamp = moment.parse().ok()?;
    let milliseconds = moment.as_millisecond().saturating_sub(BEGIN);
    Some(Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments() {
        assert_eq!(timestamp(Duration::from_millis(86_400_123)), "2026-01-02T00:00:00.123Z");
        assert_eq!(until("2026-01-01T01:00:00+01:00"), Some(Duration::ZERO));
        assert_eq!(until("2026-01-01T00:00:02Z"), Some(Duration::from_secs(2)));
        assert_eq!(until("2025-01-01T00:00:02Z"), Some(Duration::ZERO));
        assert_eq!(until("tomorrow"), None);
    }

    #[test]
    fn one_seed_gives_one_uuid_of_version_4() {
        let uuid = World::new(3).uuid();
        assert_eq!(uuid, World::new(3).uuid());
        assert_ne!(uuid, World::new(4).uuid());
        assert_eq!(&uuid[14..15], "4");
        assert!(["8", "9", "a", "b"].contains(&&uuid[19..20]), "{uuid}");
    }
}
