//! Quantities written as text: durations (`"5ms"`), sizes (`"16KiB"`), rates (`"1000/s"`).

use super::limits;
use super::nearest::nearest;
use crate::time::Span;

/// Why a text is no quantity, and what to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NotAQuantity {
    pub(crate) message: String,
    pub(crate) help: String,
}

impl NotAQuantity {
    fn new(message: impl Into<String>, help: impl Into<String>) -> NotAQuantity {
        NotAQuantity { message: message.into(), help: help.into() }
    }
}

const DURATIONS: [(&str, u64); 6] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("min", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Other ways to write a unit of time, and ours.
const OTHER_DURATIONS: [(&str, &str); 16] = [
    ("µs", "us"),
    ("μs", "us"),
    ("m", "min"),
    ("msec", "ms"),
    ("millis", "ms"),
    ("milliseconds", "ms"),
    ("sec", "s"),
    ("secs", "s"),
    ("second", "s"),
    ("seconds", "s"),
    ("mins", "min"),
    ("minute", "min"),
    ("minutes", "min"),
    ("hr", "h"),
    ("hour", "h"),
    ("hours", "h"),
];

const SIZES: [(&str, u64); 7] = [
    ("B", 1),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
];

const RATES: [(&str, u64); 4] = [("/ms", 1), ("/s", 1_000), ("/min", 60_000), ("/h", 3_600_000)];

/// A duration: a decimal number and a unit, `"500us"`, `"1.5s"`; exact to the nanosecond.
pub(crate) fn duration(text: &str) -> Result<Span, NotAQuantity> {
    let help = "a duration is a number with a unit: ns, us, ms, s, min or h, as in `\"5ms\"`";
    let (number, unit) = split(text).ok_or_else(|| {
        if text.trim_start().starts_with('-') {
            NotAQuantity::new(format!("`{}` is negative", short(text)), "a duration is 0 or more")
        } else {
            NotAQuantity::new(format!("`{}` is not a duration", short(text)), help)
        }
    })?;
    let Some(&(_, nanos)) = DURATIONS.iter().find(|(name, _)| *name == unit) else {
        return Err(NotAQuantity::new(
            if unit.is_empty() {
                format!("`{}` has no unit", short(text))
            } else {
                format!("`{}` is not a duration", short(text))
            },
            match known_unit(unit) {
                Some(unit) => format!("write `\"{}{unit}\"`", short(number)),
                None if unit.is_empty() => {
                    let number = short(number);
                    format!("write `\"{number}ms\"` or `\"{number}s\"`")
                }
                None => help.to_owned(),
            },
        ));
    };
    let in_nanos = exact(number, nanos).ok_or_else(|| {
        NotAQuantity::new(format!("`{}` is finer than a nanosecond", short(text)), "round it")
    })?;
    if in_nanos > u128::from(limits::TIME_NANOS) {
        return Err(NotAQuantity::new(
            format!("`{}` is longer than the limit of 366 days", short(text)),
            "write at most `\"8784h\"`",
        ));
    }
    if spaced(text) {
        return Err(NotAQuantity::new(
            format!("`{}` is not a duration", short(text)),
            format!("write `\"{number}{unit}\"`, without a space"),
        ));
    }
    Ok(Span::from_nanos(in_nanos as u64))
}

fn known_unit(unit: &str) -> Option<&'static str> {
    let lower = unit.to_lowercase();
    let ours = DURATIONS.iter().map(|(name, _)| *name).find(|name| *name == lower);
    ours.or_else(|| OTHER_DURATIONS.iter().find(|(other, _)| *other == lower).map(|(_, ours)| *ours))
}

/// A size in bytes: `"16KiB"`, `"1.5MB"`, `"100B"`.
pub(crate) fn size(text: &str) -> Result<u64, NotAQuantity> {
    let help =
        "a size is a number of bytes, or text with a unit: B, KB, MB, GB, KiB, MiB or GiB, as in `\"16KiB\"`";
    let wrong = || NotAQuantity::new(format!("`{}` is not a size", short(text)), help);
    let (number, unit) = split(text).ok_or_else(wrong)?;
    let Some(&(_, bytes)) = SIZES.iter().find(|(name, _)| *name == unit) else {
        return Err(match nearest(unit, SIZES.iter().map(|(name, _)| *name)) {
            Some(unit) => NotAQuantity { help: format!("write `\"{}{unit}\"`", short(number)), ..wrong() },
            None => wrong(),
        });
    };
    if spaced(text) {
        return Err(NotAQuantity { help: format!("write `\"{number}{unit}\"`, without a space"), ..wrong() });
    }
    exact(number, bytes).and_then(|bytes| u64::try_from(bytes).ok()).ok_or_else(|| NotAQuantity {
        help: "write a whole number of bytes below 2^63".to_owned(),
        ..wrong()
    })
}

/// A rate: `"1000/s"`, `"1/ms"`, `"0.5/s"`; so many a second.
pub(crate) fn rate(text: &str) -> Result<f64, NotAQuantity> {
    let wrong = || {
        NotAQuantity::new(
            format!("`{}` is not a rate", short(text)),
            "a rate is a number a unit of time: /ms, /s, /min or /h, as in `\"1000/s\"`",
        )
    };
    let (number, unit) = split(text).ok_or_else(wrong)?;
    let &(_, millis) = RATES.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
    if spaced(text) {
        return Err(NotAQuantity { help: format!("write `\"{number}{unit}\"`, without a space"), ..wrong() });
    }
    let number: f64 = number.parse().map_err(|_| wrong())?;
    let a_second = number * 1_000.0 / millis as f64;
    if !(a_second.is_finite() && a_second > 0.0 && a_second <= 1e9) {
        return Err(NotAQuantity::new(
            format!("the rate `{}` is out of range", short(text)),
            "a rate is above 0 and at most `\"1000000000/s\"`",
        ));
    }
    Ok(a_second)
}

/// A decimal number and what follows it; a space between them is forgiven here and reported by the caller.
fn split(text: &str) -> Option<(&str, &str)> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let well_formed = number.bytes().any(|b| b.is_ascii_digit())
        && number.bytes().filter(|&b| b == b'.').count() <= 1
        && !number.starts_with('.')
        && !number.ends_with('.');
    well_formed.then(|| (number, unit.trim()))
}

fn spaced(text: &str) -> bool {
    text.contains(char::is_whitespace)
}

/// `number * unit`, if that is whole. What is too large for 128 bits counts as the largest.
fn exact(number: &str, unit: u64) -> Option<u128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let whole = digits(whole).saturating_mul(u128::from(unit));
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() {
        return Some(whole);
    }
    // The finest unit of an hour has 13 digits: more of them cannot come out whole.
    if fraction.len() > 13 {
        return None;
    }
    let scale = 10u128.pow(fraction.len() as u32);
    let part = digits(fraction) * u128::from(unit);
    part.is_multiple_of(scale).then(|| whole.saturating_add(part / scale))
}

fn digits(digits: &str) -> u128 {
    digits.bytes().fold(0u128, |sum, digit| sum.saturating_mul(10).saturating_add(u128::from(digit - b'0')))
}

/// A text as a message shows it: not endless.
pub(crate) fn short(text: &str) -> String {
    const SHOWN: usize = 40;
    let mut shown: String = text.chars().take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push_str("...");
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn help(text: &str) -> String {
        duration(text).unwrap_err().help
    }

    #[test]
    fn durations_are_exact() {
        assert_eq!(duration("500us"), Ok(Span::from_micros(500)));
        assert_eq!(duration("1.5s"), Ok(Span::from_millis(1500)));
        assert_eq!(duration("0.1h"), Ok(Span::from_millis(360_000)));
        assert_eq!(duration("10min"), Ok(Span::from_millis(600_000)));
        assert_eq!(duration("7ns"), Ok(Span::from_nanos(7)));
        assert_eq!(duration("2.0005ms"), Ok(Span::from_nanos(2_000_500)));
    }

    #[test]
    fn what_is_no_duration_says_what_to_write() {
        assert_eq!(help("5 ms"), "write `\"5ms\"`, without a space");
        assert_eq!(help("5"), "write `\"5ms\"` or `\"5s\"`");
        assert_eq!(help("5 sec"), "write `\"5s\"`");
        assert_eq!(help("3MS"), "write `\"3ms\"`");
        assert_eq!(help("10m"), "write `\"10min\"`");
        assert_eq!(duration("-1ms").unwrap_err().message, "`-1ms` is negative");
        assert_eq!(duration("0.5ns").unwrap_err().message, "`0.5ns` is finer than a nanosecond");
        assert_eq!(duration("9999999h").unwrap_err().help, "write at most `\"8784h\"`");
        assert!(duration("").is_err() && duration("ms").is_err() && duration("1.2.3s").is_err());
        assert!(duration(&"9".repeat(100_000)).is_err());
        assert!(duration(&format!("{}s", "9".repeat(100_000))).is_err());
    }

    #[test]
    fn sizes_are_decimal_or_binary() {
        assert_eq!(size("16KiB"), Ok(16_384));
        assert_eq!(size("1MB"), Ok(1_000_000));
        assert_eq!(size("1.5KiB"), Ok(1_536));
        assert_eq!(size("12B"), Ok(12));
        assert_eq!(size("16kib").unwrap_err().help, "write `\"16KiB\"`");
        assert!(size("1.0001B").is_err() && size("16").is_err() && size("99999999999GiB").is_err());
    }

    #[test]
    fn rates_are_a_second() {
        assert_eq!(rate("1000/s"), Ok(1000.0));
        assert_eq!(rate("1/ms"), Ok(1000.0));
        assert_eq!(rate("30/min"), Ok(0.5));
        assert!(rate("0/s").is_err() && rate("10").is_err() && rate("5 per s").is_err());
    }
}
