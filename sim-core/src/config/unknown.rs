//! Keys that nobody knows, or not here: what was probably meant.

use crate::config::Release;
use crate::config::given::Setting;
use crate::config::keys::{Family, Key, families_of};
use crate::config::outcome::ConfigError;

/// How many names are offered at most.
const OFFERED: usize = 3;

/// What is wrong with a key, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unknown {
    pub(crate) what: String,
    pub(crate) instead: String,
}

/// What Kafka's clients log about a key that they do not know.
pub(crate) fn kafkas_warning(release: Release, key: &str) -> String {
    if release.at_least(3, 3) {
        format!("These configurations '[{key}]' were supplied but are not used yet.")
    } else {
        format!("The configuration '{key}' was supplied but isn't a known config.")
    }
}

/// Why a family does not have a key in a release.
pub(crate) fn explain(family: Family, release: Release, name: &str) -> Unknown {
    if let Some(key) = family.key(name) {
        return other_release(key, release);
    }
    let others = families_of(name);
    if !others.is_empty() {
        return other_family(family, &others, name);
    }
    let what = match family {
        Family::Topic => format!("Unknown topic config name: {name}"),
        _ => format!("there is no {family} configuration \"{name}\""),
    };
    let near = nearest(family, release, name);
    let instead = if near.is_empty() {
        format!("leave it out: no {family} configuration of {release} has a similar name")
    } else {
        format!("did you mean {}?", quoted(&near))
    };
    Unknown { what, instead }
}

/// A setting that goes to whoever has its key ([`families_of`]), when nobody has it in any release.
pub fn nobody_has(setting: &Setting, release: Release) -> ConfigError {
    let key = &setting.key;
    let most = threshold(&plain(key));
    let mut near: Vec<(usize, &str, Family)> = Vec::new();
    for family in Family::ALL {
        near.extend(ranked(family, release, key, most).map(|(steps, name)| (steps, name, family)));
    }
    near.sort_unstable();
    near.dedup_by_key(|(_, name, _)| *name);
    let near: Vec<String> =
        near.iter().take(OFFERED).map(|(_, name, family)| format!("\"{name}\" ({family})")).collect();
    let instead = if near.is_empty() {
        "leave it out: no configuration of Kafka has a similar name".to_string()
    } else {
        format!("did you mean {}?", near.join(" or "))
    };
    let what = format!("no producer, consumer, broker or topic has a configuration \"{key}\"");
    ConfigError::stricter(setting, what, instead)
}

fn other_release(key: &Key, release: Release) -> Unknown {
    match key.gone_in() {
        Some(gone) if release >= gone => Unknown {
            what: format!("{release} has no \"{}\" any more: it went with {gone}", key.name),
            instead: format!("leave it out, or choose a profile before {gone}"),
        },
        _ => Unknown {
            what: format!("{release} has no \"{}\" yet: it came with {}", key.name, key.since()),
            instead: if key.since() <= Release::NEWEST {
                format!("leave it out, or choose the profile {} or a newer one", key.since())
            } else {
                format!("leave it out: the newest profile is {}", Release::NEWEST)
            },
        },
    }
}

fn other_family(family: Family, others: &[Family], name: &str) -> Unknown {
    let owners: Vec<&str> = others.iter().map(|family| family.name()).collect();
    let places: Vec<&str> = others.iter().map(|family| family.place()).collect();
    Unknown {
        what: format!("\"{name}\" is a {} configuration, not a {family}'s", owners.join(" and ")),
        instead: format!("put it into {}", places.join(" or ")),
    }
}

/// The keys of a release whose names are nearest to one that is unknown, the nearest first, three at most.
pub fn nearest(family: Family, release: Release, name: &str) -> Vec<&'static str> {
    let mut near: Vec<_> = ranked(family, release, name, threshold(&plain(name))).collect();
    near.sort_unstable();
    near.into_iter().take(OFFERED).map(|(_, name)| name).collect()
}

/// The keys within so many steps, with their steps.
fn ranked(
    family: Family,
    release: Release,
    name: &str,
    most: usize,
) -> impl Iterator<Item = (usize, &'static str)> {
    let wanted = plain(name);
    let keys = family.keys().iter().filter(move |key| key.is_in(release));
    keys.map(move |key| (steps(&wanted, &plain(key.name), most), key.name))
        .filter(move |(steps, _)| *steps <= most)
}

/// How many steps a name may be away: one in three letters.
fn threshold(wanted: &[char]) -> usize {
    (wanted.len() / 3).max(2)
}

/// How far a name is from the wanted one; one that goes on where the wanted one ends is near, whatever its length.
fn steps(wanted: &[char], name: &[char], most: usize) -> usize {
    let goes_on = wanted.len() >= 4 && name.starts_with(wanted);
    distance(wanted, name).min(if goes_on { most } else { usize::MAX })
}

/// Small letters, and one separator for all: `linger_ms` is `linger.ms`.
fn plain(name: &str) -> Vec<char> {
    name.chars().map(|c| if matches!(c, '_' | '-' | ' ') { '.' } else { c.to_ascii_lowercase() }).collect()
}

/// Damerau-Levenshtein distance with neighbours swapped (optimal string alignment).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let differ = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (above[j] + 1).min(row[j - 1] + 1).min(above[j - 1] + differ);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

fn quoted(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    quoted.join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instead(family: Family, profile: (u8, u8), key: &str) -> String {
        explain(family, Release::new(profile.0, profile.1), key).instead
    }

    #[test]
    fn swapped_letters_are_one_step() {
        let of = |a: &str, b: &str| distance(&plain(a), &plain(b));
        assert_eq!(of("lniger.ms", "linger.ms"), 1);
        assert_eq!(of("acks", "ackss"), 1);
        assert_eq!(of("linger_ms", "linger.ms"), 0);
        assert_eq!(of("", "acks"), 4);
    }

    #[test]
    fn the_nearest_names_are_offered() {
        assert_eq!(instead(Family::Producer, (4, 1), "linger.m"), "did you mean \"linger.ms\"?");
        assert_eq!(
            nearest(Family::Producer, Release::NEWEST, "max_in_flight_requests"),
            ["max.in.flight.requests.per.connection"]
        );
        assert_eq!(nearest(Family::Topic, Release::NEWEST, "min.insync.replica"), ["min.insync.replicas"]);
    }

    #[test]
    fn a_key_that_nobody_has_is_looked_for_everywhere() {
        let setting =
            |key: &str| Setting { key: key.into(), value: "2".into(), origin: crate::config::Origin::Set };
        let error = nobody_has(&setting("min.insync.replica"), Release::NEWEST);
        assert_eq!(error.instead, "did you mean \"min.insync.replicas\" (broker)?");
        assert_eq!(
            nobody_has(&setting("quite.another.thing"), Release::NEWEST).message,
            "no producer, consumer, broker or topic has a configuration \"quite.another.thing\""
        );
    }

    #[test]
    fn a_key_of_somebody_else_is_sent_there() {
        assert_eq!(
            instead(Family::Producer, (4, 1), "min.insync.replicas"),
            "put it into [cluster] config or [[topics]] config"
        );
        assert_eq!(instead(Family::Topic, (4, 1), "acks"), "put it into [[producers]] config");
    }

    #[test]
    fn a_key_of_another_release_says_which() {
        let early = explain(Family::Producer, Release::new(2, 0), "delivery.timeout.ms");
        assert_eq!(early.what, "kafka-2.0 has no \"delivery.timeout.ms\" yet: it came with kafka-2.1");
        let late = explain(Family::Topic, Release::new(4, 0), "message.format.version");
        assert_eq!(late.what, "kafka-4.0 has no \"message.format.version\" any more: it went with kafka-4.0");
    }
}
