//! How many requests are under way to the table at a time.

/// How many to begin with: enough for a table that has long been idle.
const FIRST: usize = 8;

/// The most. With 25 items and 20 ms a request that is 80,000 items a second, what two processors can parse.
pub(crate) const MOST: usize = 64;

/// Additive increase, multiplicative decrease, as TCP does it: each request that goes through allows a little more at
/// a time, a throttled one half as many. Until the first throttling each allows one more, so that a table that has the
/// capacity gives it within a few round trips. While rows come no faster than they are written, the limit stays (as in
/// RFC 7661): more requests at a time than it takes cost memory, connections and a twentieth of the whole work.
#[derive(Debug)]
pub(crate) struct Pace {
    limit: f64,
    throttled: bool,
    /// Whether rows wait for the table.
    is_behind: bool,
    /// Answers since the limit was last cut. Those under way at a cut were sent before it, and say nothing about it.
    since_cut: usize,
}

impl Default for Pace {
    fn default() -> Self {
        Self { limit: FIRST as f64, throttled: false, is_behind: false, since_cut: MOST }
    }
}

impl Pace {
    /// How many requests may be under way.
    pub(crate) fn limit(&self) -> usize {
        self.limit as usize
    }

    /// Tells whether rows wait for the table.
    pub(crate) fn set_behind(&mut self, is_behind: bool) {
        self.is_behind = is_behind;
    }

    /// The table took all that was sent.
    pub(crate) fn went_through(&mut self) {
        self.since_cut = self.since_cut.saturating_add(1);
        if self.is_behind {
            self.limit = (self.limit + if self.throttled { 1.0 / self.limit } else { 1.0 }).min(MOST as f64);
        }
    }

    /// The table returned items or asked for patience.
    pub(crate) fn was_throttled(&mut self) {
        if self.since_cut >= self.limit() {
            self.limit = (self.limit / 2.0).max(1.0);
            self.since_cut = 0;
            self.throttled = true;
        } else {
            self.since_cut += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_table_is_given_all_within_a_few_round_trips() {
        let mut pace = Pace { is_behind: true, ..Pace::default() };
        for _ in 0..3 {
            (0..pace.limit()).for_each(|_| pace.went_through());
        }
        assert_eq!(pace.limit(), MOST);
        pace.went_through();
        assert_eq!(pace.limit(), MOST);
    }

    #[test]
    fn what_is_enough_is_not_raised() {
        let mut pace = Pace::default();
        (0..100).for_each(|_| pace.went_through());
        assert_eq!(pace.limit(), FIRST);
        pace.set_behind(true);
        pace.went_through();
        assert_eq!(pace.limit(), FIRST + 1);
    }

    #[test]
    fn a_round_of_throttling_halves_once_and_the_way_back_is_slow() {
        let mut pace = Pace { limit: 64.0, is_behind: true, ..Pace::default() };
        (0..32).for_each(|_| pace.was_throttled());
        assert_eq!(pace.limit(), 32);
        (0..33).for_each(|_| pace.went_through());
        assert_eq!(pace.limit(), 33);
        (0..10_000).for_each(|_| pace.was_throttled());
        assert_eq!(pace.limit(), 1);
    }
}
