//! How long a verified session may be resumed.

/// When a session may be resumed: from its full handshake on, until a certificate of its chain
/// expires or a day has passed.
///
/// A resumed connection has the lifetime of the session that it resumes; it begins no new one. A
/// clock that was set back ends it as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lifetime {
    since: u64,
    until: u64,
}

/// RFC 5246, appendix F.1.4, suggests 24 hours at most; RFC 8446, section 4.6.1, allows a week.
const LONGEST: u64 = 24 * 60 * 60;

impl Lifetime {
    /// That of a full handshake at this time.
    pub(crate) fn since(now: u64) -> Self {
        Self { since: now, until: now.saturating_add(LONGEST) }
    }

    /// Not longer than a certificate with this last second of validity.
    pub(super) fn end_with(&mut self, not_after: i64) {
        // One that ended before 1970 ends with its first second; it is not valid by then.
        self.until = self.until.min(u64::try_from(not_after).unwrap_or(0));
    }

    pub(crate) fn contains(self, now: u64) -> bool {
        (self.since..=self.until).contains(&now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_ends_with_a_day_or_a_certificate() {
        let day = Lifetime::since(1000);
        assert_eq!([999, 1000, 1000 + LONGEST, 1001 + LONGEST].map(|now| day.contains(now)), [false, true, true, false]);
        let mut short = day;
        short.end_with(1010);
        short.end_with(1020);
        assert_eq!([1010, 1011].map(|now| short.contains(now)), [true, false]);
        short.end_with(-1);
        assert!(!short.contains(1000));
    }
}
