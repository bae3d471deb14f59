//! Small values on the command line: times, seeds, assignments.

use std::ops::RangeInclusive;

use sim_core::config::Release;
use sim_core::time::Time;

/// Seeds to go through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seeds(pub(crate) RangeInclusive<u64>);

/// `KEY=VALUE`; the value may hold further equals signs.
pub(crate) fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.trim().to_owned())),
        _ => Err("write KEY=VALUE, as in acks=1".to_owned()),
    }
}

/// `7`, or `1..20` with both ends.
pub(crate) fn seeds(text: &str) -> Result<Seeds, String> {
    let wrong = || format!("{text:?} is no list of seeds: write one number, or a range as in 1..20");
    let number = |text: &str| text.trim().parse::<u64>().map_err(|_| wrong());
    let (first, last) = match text.split_once("..") {
        Some((first, last)) => (number(first)?, number(last.strip_prefix('=').unwrap_or(last))?),
        None => (number(text)?, number(text)?),
    };
    if first > last {
        return Err(format!("the range {text:?} is empty: the smaller number comes first"));
    }
    Ok(Seeds(first..=last))
}

/// A virtual time with its unit: `120ms`, `1.5s`, `10min`.
pub(crate) fn time(text: &str) -> Result<Time, String> {
    let wrong =
        || format!("{text:?} is no time: write a number and a unit (ns, us, ms, s, min, h), as in 120ms");
    let trimmed = text.trim();
    let unit_at = trimmed.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(wrong)?;
    let (number, unit) = trimmed.split_at(unit_at);
    let nanos_per_unit: u64 = match unit {
        "ns" => 1,
        "us" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "min" => 60 * 1_000_000_000,
        "h" => 3_600 * 1_000_000_000,
        _ => return Err(wrong()),
    };
    nanos(number.trim(), nanos_per_unit).map(Time::from_nanos).ok_or_else(wrong)
}

/// A profile by its name.
pub(crate) fn profile(name: &str) -> Result<Release, String> {
    Release::by_profile(name).ok_or_else(|| {
        let known: Vec<String> = Release::ALL.iter().map(ToString::to_string).collect();
        format!("no such profile; there are {}", known.join(", "))
    })
}

/// A decimal number of units as whole nanoseconds, cut off.
fn nanos(number: &str, nanos_per_unit: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > 18 {
        return None;
    }
    let part = match fraction {
        "" => 0,
        _ => {
            let scale = 10u128.pow(fraction.len() as u32);
            let units = fraction.parse::<u128>().ok()? * u128::from(nanos_per_unit);
            (units / scale) as u64
        }
    };
    whole.parse::<u64>().ok()?.checked_mul(nanos_per_unit)?.checked_add(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assignment_is_split_at_the_first_equals_sign() {
        assert_eq!(assignment("acks=1"), Ok(("acks".into(), "1".into())));
        assert_eq!(assignment("a=b=c"), Ok(("a".into(), "b=c".into())));
        assert_eq!(assignment("acks="), Ok(("acks".into(), String::new())));
        assert!(assignment("acks").is_err() && assignment("=1").is_err());
    }

    #[test]
    fn a_range_of_seeds_has_both_ends() {
        assert_eq!(seeds("1..20"), Ok(Seeds(1..=20)));
        assert_eq!(seeds("1..=20"), Ok(Seeds(1..=20)));
        assert_eq!(seeds("7"), Ok(Seeds(7..=7)));
        assert!(seeds("20..1").is_err() && seeds("x").is_err() && seeds("1..").is_err());
    }

    #[test]
    fn a_time_has_a_unit() {
        assert_eq!(time("120ms"), Ok(Time::from_millis(120)));
        assert_eq!(time("1.5s"), Ok(Time::from_millis(1_500)));
        assert_eq!(time("10min"), Ok(Time::from_millis(600_000)));
        assert_eq!(time("0.0000001s"), Ok(Time::from_nanos(100)));
        for wrong in ["120", "ms", "-1s", "1.s2", "1 day", "99999999999999999h"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }
}
