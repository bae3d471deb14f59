//! Numbers as people read them.

use sim_core::time::{Span, Time};

/// `1,114`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1,114 ms`, `0.25 ms`: up to three places behind the point, as far as they say something.
pub(crate) fn millis(span: Span) -> String {
    let micros = span.nanos() / 1_000;
    let (whole, rest) = (grouped(micros / 1_000), micros % 1_000);
    if rest == 0 {
        return format!("{whole} ms");
    }
    format!("{whole}.{} ms", format!("{rest:03}").trim_end_matches('0'))
}

/// Milliseconds as a result has them.
pub(crate) fn millis_of(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| millis(Span::from_nanos((value * 1e6).round() as u64)))
}

/// `2.111 s`, cut off.
pub(crate) fn clock(time: Time) -> String {
    let millis = time.nanos() / 1_000_000;
    format!("{}.{:03} s", grouped(millis / 1_000), millis % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(
            ["0", "999", "1,000", "12,345,678"],
            [0, 999, 1_000, 12_345_678].map(grouped).each_ref().map(String::as_str)
        );
    }

    #[test]
    fn times_are_read_in_milliseconds_and_seconds() {
        assert_eq!(millis(Span::from_millis(1_114)), "1,114 ms");
        assert_eq!(millis(Span::from_micros(250)), "0.25 ms");
        assert_eq!(millis_of(Some(9.0)), "9 ms");
        assert_eq!(millis_of(None), "-");
        assert_eq!(clock(Time::from_nanos(2_111_999_999)), "2.111 s");
    }
}
