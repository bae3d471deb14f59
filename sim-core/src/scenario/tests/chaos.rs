//! Every key of `[chaos]`.

use super::{errors, least};
use crate::scenario::{ChaosFault, ChaosKind, Distribution, Sampled};
use crate::time::{Span, Time};

#[test]
fn chaos_has_rates_ends_and_bounds() {
    let chaos = least(
        "",
        "[chaos]\nfrom = \"1s\"\nuntil = \"9s\"\nmax-down = 2\ncrash = { rate = \"0.5/s\", for = \"2s\" }\n\
         pause = { rate = \"6/min\", for = { distribution = \"exponential\", mean = \"1s\" } }\nreset = { rate = \"2/s\" }\n",
    )
    .chaos
    .expect("there is chaos");
    assert_eq!((chaos.from, chaos.until), (Time::from_millis(1_000), Time::from_millis(9_000)));
    assert_eq!(chaos.max_down, Some(2));
    let constant = Sampled::Constant(Span::from_millis(2_000));
    let drawn = Sampled::Drawn(Distribution::Exponential { mean: Span::from_millis(1_000) });
    assert_eq!(
        chaos.faults,
        [
            ChaosFault { kind: ChaosKind::Crash, rate: 0.5, r#for: Some(constant) },
            ChaosFault { kind: ChaosKind::Pause, rate: 0.1, r#for: Some(drawn) },
            ChaosFault { kind: ChaosKind::Reset, rate: 2.0, r#for: None },
        ]
    );
}

#[test]
fn what_is_left_out_bounds_nothing() {
    let chaos = least("", "[chaos]\nlose-request = { rate = \"1/s\" }\n").chaos.expect("there is chaos");
    assert_eq!((chaos.from, chaos.until, chaos.max_down), (Time::ZERO, Time::NEVER, None));
    assert_eq!(least("", "").chaos, None);
}

#[test]
fn mistakes_are_told() {
    for (keys, message) in [
        ("crash = { for = \"1s\" }", "`crash` needs `rate`"),
        ("pause = { rate = \"1/s\" }", "`pause` needs `for`"),
        ("delay = { rate = \"1/s\" }", "`delay` needs `for`"),
        ("crash = { rate = 1 }", "`rate`"),
        ("crashes = { rate = \"1/s\" }", "unknown key `crashes` in [chaos]"),
        ("max-down = 9", "`max-down = 9` is above the limit of 3"),
        ("from = \"2s\"\nuntil = \"2s\"", "`until` is not behind `from`"),
    ] {
        let errors = errors(&format!("{}[chaos]\n{keys}\n", super::LEAST));
        assert!(errors.to_string().contains(message), "{keys}: {errors}");
    }
}
