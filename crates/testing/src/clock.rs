//! A clock that a test can move forward.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The wall clock, plus the time by which a test has moved the clock forward.
#[derive(Default)]
pub(crate) struct MovableClock {
    ahead: Duration,
}

impl MovableClock {
    pub(crate) fn now(&self) -> SystemTime {
        SystemTime::now() + self.ahead
    }

    pub(crate) fn advance(&mut self, by: Duration) {
        self.ahead += by;
    }
}

/// Returns the whole seconds between the Unix epoch and a time.
pub(crate) fn unix(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// Formats a time in whole seconds, such as `2026-01-31T23:59:59.000Z`.
pub(crate) fn rfc3339(time: SystemTime) -> String {
    let whole = UNIX_EPOCH + Duration::from_secs(unix(time));
    humantime::format_rfc3339_millis(whole).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_formatted_as_rfc3339_and_http_dates() {
        // Includes the seconds around the beginning of a leap day.
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399, "2000-02-28T23:59:59.000Z"),
            (951_782_400, "2000-02-29T00:00:00.000Z"),
            (1_767_225_599, "2025-12-31T23:59:59.000Z"),
        ] {
            assert_eq!(rfc3339(UNIX_EPOCH + Duration::from_secs(seconds)), text);
        }
        // The example of https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7.
        let example = UNIX_EPOCH + Duration::from_secs(784_111_777);
        assert_eq!(httpdate::fmt_http_date(example), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
