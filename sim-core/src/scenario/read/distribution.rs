//! A duration, or a distribution to draw it from.

use super::super::document::Node;
use super::super::error::Problems;
use super::super::model::{Distribution, Sampled};
use super::super::section::{Section, duration};
use crate::time::Span;

const KEYS: [&str; 8] = ["distribution", "value", "min", "max", "mean", "median", "p99", "shape"];
const KINDS: [&str; 5] = ["constant", "uniform", "exponential", "lognormal", "pareto"];

/// The largest exponent of a Pareto tail; anything near it is as good as constant.
const MAX_SHAPE: f64 = 1_000.0;

/// The value of a key as a duration or a distribution.
pub(super) fn sampled(section: &Section<'_>, key: &str) -> Option<Sampled> {
    read(section.node(key)?, key, section.problems)
}

fn read(node: &Node, key: &str, problems: &Problems) -> Option<Sampled> {
    if node.as_table().is_none() {
        return duration(node, key, problems).map(Sampled::Constant);
    }
    let section = Section::open(node, &format!("`{key}`"), &KEYS, problems)?;
    if !section.has("distribution") {
        section.missing(
            "distribution",
            "write `distribution = \"uniform\"`, `\"exponential\"`, `\"lognormal\"` or `\"pareto\"`",
        );
        return None;
    }
    let kind = section.word("distribution", &KINDS)?;
    let wanted: &[&str] = match kind {
        "constant" if section.has("mean") => &["mean"],
        "constant" => &["value"],
        "uniform" => &["min", "max"],
        "exponential" => &["mean"],
        "lognormal" => &["median", "p99"],
        _ => &["min", "shape"],
    };
    for parameter in section.present(&KEYS[1..]) {
        if !wanted.contains(&parameter) {
            let message = format!("`{parameter}` does not belong to a {kind} distribution");
            problems.report(section.key_at(parameter), message, format!("it has {}", listed(wanted)));
            return None;
        }
    }
    if let Some(lacking) = wanted.iter().find(|parameter| !section.has(parameter)) {
        section.missing(lacking, &format!("a {kind} distribution has {}", listed(wanted)));
        return None;
    }
    match kind {
        "constant" => section.duration(wanted[0]).map(Sampled::Constant),
        "uniform" => {
            let (min, max) = (section.duration("min")?, section.duration("max")?);
            ordered(&section, "min", min, "max", max)?;
            Some(if min == max {
                Sampled::Constant(min)
            } else {
                Sampled::Drawn(Distribution::Uniform { min, max })
            })
        }
        "exponential" => {
            let mean = above_zero(&section, "mean")?;
            Some(Sampled::Drawn(Distribution::Exponential { mean }))
        }
        "lognormal" => {
            let (median, p99) = (above_zero(&section, "median")?, section.duration("p99")?);
            ordered(&section, "median", median, "p99", p99)?;
            let drawn = Sampled::Drawn(Distribution::Lognormal { median, p99 });
            Some(if median == p99 { Sampled::Constant(median) } else { drawn })
        }
        _ => {
            let (min, shape) = (above_zero(&section, "min")?, section.real("shape")?);
            if !(shape > 0.0 && shape <= MAX_SHAPE) {
                let at = section.key_at("shape");
                problems.report(
                    at,
                    format!("`shape = {shape}` is out of range"),
                    "write a number above 0, at most 1000",
                );
                return None;
            }
            Some(Sampled::Drawn(Distribution::Pareto { min, shape }))
        }
    }
}

fn above_zero(section: &Section<'_>, key: &str) -> Option<Span> {
    let span = section.duration(key)?;
    if span == Span::ZERO {
        section.problems.report(
            section.key_at(key),
            format!("`{key}` must be above 0"),
            "write a duration, as in `\"1ms\"`",
        );
        return None;
    }
    Some(span)
}

fn ordered(section: &Section<'_>, low_key: &str, low: Span, high_key: &str, high: Span) -> Option<()> {
    if low > high {
        let message = format!("`{low_key}` ({low}) is above `{high_key}` ({high})");
        section.problems.report(section.key_at(high_key), message, "exchange them");
        return None;
    }
    Some(())
}

fn listed(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" and ")
}
