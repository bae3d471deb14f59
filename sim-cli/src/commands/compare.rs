//! `inflight compare`: two runs side by side, on one clock and seed.

use anstyle::Style;
use serde::Serialize;
use sim_core::config::Family;
use sim_core::scenario::{Loaded, Scenario};
use sim_core::trace::Unobserved;
use sim_core::verdict::{Because, Kind, RunResult};

use crate::args::{Changes, CompareArgs, Format, Lang};
use crate::divergence::{Divergence, Parting};
use crate::engine::{self, Invariants, Played};
use crate::error::{CliError, Ending};
use crate::library;
use crate::numbers::{grouped, millis_of};
use crate::output::{BAD, HEADING, Page, WARN, pad, paint, print_json};
use crate::story::{describe_faults, guarantee_name, kind_name, sampled};
use crate::text::Phrase;

/// One of the two.
struct Side {
    name: String,
    loaded: Loaded,
    result: RunResult,
    played: Played<Unobserved>,
}

/// A setting that is not the same on both sides.
#[derive(Debug, Serialize)]
struct Difference {
    part: String,
    key: String,
    a: String,
    b: String,
}

/// The comparison as programs read it.
#[derive(Serialize)]
struct Comparison<'a> {
    settings: &'a [Difference],
    first_divergence: Option<&'a Divergence>,
    first_different_event: Option<&'a Divergence>,
    a: &'a RunResult,
    b: &'a RunResult,
}

pub(crate) fn compare(lang: Lang, args: &CompareArgs) -> Result<Ending, CliError> {
    let [a, b] = both(args)?;
    let differences = differences(&a.loaded, &b.loaded);
    let parted = Parting::of(&a.loaded.scenario, &b.loaded.scenario);
    match args.format {
        Format::Json => print_json(&Comparison {
            settings: &differences,
            first_divergence: parted.fields.as_ref(),
            first_different_event: parted.deeds.as_ref(),
            a: &a.result,
            b: &b.result,
        })?,
        Format::Text => {
            let mut page = Page::default();
            settings(&mut page, lang, &a, &b, &differences);
            outcome(&mut page, lang, &a, &b);
            parting(&mut page, lang, &a, &parted);
            page.print()?;
        }
    }
    Ok(Ending::Done)
}

/// Two scenarios, or one as it is and with the changes.
fn both(args: &CompareArgs) -> Result<[Side; 2], CliError> {
    let changes = &args.changes;
    let seed_only = Changes { seed: changes.seed, ..Changes::default() };
    let changed = changes.twin.is_some() || !changes.set.is_empty() || changes.producer_config.is_some();
    match &args.other {
        Some(other) => Ok([side(&args.scenario, &seed_only)?, side(other, &seed_only)?]),
        None if changed => Ok([side(&args.scenario, &seed_only)?, side(&args.scenario, changes)?]),
        None => Err(CliError::input(
            "nothing to compare with: give a second scenario, or --twin NAME, or --set KEY=VALUE",
        )),
    }
}

fn side(scenario: &str, changes: &Changes) -> Result<Side, CliError> {
    let loaded = engine::load_with(&library::open(scenario)?, &engine::overrides(changes)?)?;
    let played = engine::play(&loaded.scenario, Unobserved, Invariants::Unchecked);
    let mut name = loaded.scenario.name.clone();
    if let Some(twin) = &changes.twin {
        name = format!("--twin {twin}");
    } else if !changes.set.is_empty() {
        let set: Vec<String> = changes.set.iter().map(|(key, value)| format!("{key}={value}")).collect();
        name = set.join(" ");
    } else if let Some(file) = &changes.producer_config {
        name = file.display().to_string();
    }
    Ok(Side { name, result: played.result(false), loaded, played })
}

/// What was set differently: Kafka's settings, then the rest of the scenario.
fn differences(a: &Loaded, b: &Loaded) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut add = |part: &str, key: &str, a: String, b: String| {
        if a != b {
            found.push(Difference { part: part.to_owned(), key: key.to_owned(), a, b });
        }
    };
    let (one, other) = (&a.scenario, &b.scenario);
    add("", "profile", one.profile.to_string(), other.profile.to_string());
    add("", "seed", one.seed.to_string(), other.seed.to_string());
    for (part, family, key) in keys(a, b) {
        let label = if part.is_empty() { "broker" } else { part };
        add(label, key, value(a, b, part, family, key), value(b, a, part, family, key));
    }
    add("cluster", "brokers", one.cluster.brokers.to_string(), other.cluster.brokers.to_string());
    add("network", "latency", sampled(&one.network.latency), sampled(&other.network.latency));
    let sent = |scenario: &Scenario| {
        let sends = scenario.producers.iter().flat_map(|producer| &producer.sends);
        sends.map(|stream| u64::from(stream.count)).sum::<u64>().to_string()
    };
    add("producers", "records", sent(one), sent(other));
    let (ours, theirs) = (describe_faults(one), describe_faults(other));
    for at in 0..ours.len().max(theirs.len()) {
        let of = |faults: &[String]| faults.get(at).cloned().unwrap_or_else(|| "-".to_owned());
        add("fault", &at.to_string(), of(&ours), of(&theirs));
    }
    found
}

/// Every key that either side has something to say about, once.
fn keys<'l>(a: &'l Loaded, b: &'l Loaded) -> Vec<(&'l str, Family, &'static str)> {
    let mut keys = Vec::new();
    for config in a.configs.iter().chain(&b.configs) {
        for value in &config.values {
            let key = (config.part.as_str(), config.family, value.key);
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    keys
}

/// A setting as it holds; where nothing is said about it, it is the default that the other side names.
fn value(of: &Loaded, other: &Loaded, part: &str, family: Family, key: &str) -> String {
    let find = |loaded: &Loaded| {
        let configs = loaded.configs.iter().filter(|config| config.part == part && config.family == family);
        configs.flat_map(|config| &config.values).find(|value| value.key == key).cloned()
    };
    match (find(of), find(other)) {
        (Some(value), _) => value.value,
        (None, Some(value)) => value.default,
        (None, None) => String::new(),
    }
}

/// A number of a result.
type Count = fn(&RunResult) -> u64;

/// Columns of the first column and of each side.
const NAME: usize = 44;
const SIDE: usize = 26;

fn head(page: &mut Page, title: &str, a: &str, b: &str) {
    page.line(paint(HEADING, format!("{}{}{}", pad(title, NAME), pad(a, SIDE), b)));
}

fn row(page: &mut Page, name: &str, a: &str, b: &str) {
    let line = format!("  {}{}{b}", pad(name, NAME - 2), pad(a, SIDE));
    page.line(if a == b { line } else { paint(WARN, line) });
}

fn settings(page: &mut Page, lang: Lang, a: &Side, b: &Side, differences: &[Difference]) {
    head(page, lang.plain(Phrase::Settings), &a.name, &b.name);
    if differences.is_empty() {
        page.line(format!("  {}", lang.plain(Phrase::NoDifference)));
    }
    for Difference { part, key, a, b } in differences {
        let name = if part.is_empty() { key.clone() } else { format!("{part}  {key}") };
        if a.len().max(b.len()) < SIDE {
            row(page, &name, a, b);
        } else {
            page.line(paint(WARN, format!("  {name}")));
            page.line(paint(WARN, format!("    {a}")));
            page.line(paint(WARN, format!("    {b}")));
        }
    }
    page.gap();
}

fn outcome(page: &mut Page, lang: Lang, a: &Side, b: &Side) {
    head(page, lang.plain(Phrase::Outcome), &a.name, &b.name);
    let results = [&a.result, &b.result];
    let mut line = |name: &str, of: &dyn Fn(&RunResult) -> String| {
        let [one, other] = results.map(of);
        row(page, name, &one, &other);
    };
    let counts: [(Phrase, Count); 5] = [
        (Phrase::ToldAcknowledged, |result| result.records.acknowledged),
        (Phrase::ToldUnconfirmed, |result| result.records.unconfirmed),
        (Phrase::ToldFailed, |result| result.records.failed),
        (Phrase::ToldRejected, |result| result.records.rejected),
        (Phrase::ToldPending, |result| result.records.pending),
    ];
    for (told, of) in counts {
        if results.iter().any(|result| of(result) > 0) {
            line(lang.plain(told), &|result| grouped(of(result)));
        }
    }
    for kind in Kind::ALL {
        line(kind_name(lang, kind), &|result| grouped(records_of(result, kind)));
    }
    line(lang.plain(Phrase::RowRequests), &|result| grouped(result.requests.produce));
    line(lang.plain(Phrase::RowRetries), &|result| grouped(result.requests.retries));
    let latency = |quantile| lang.say(Phrase::RowLatency, &[("quantile", quantile)]);
    line(&latency("p50"), &|result| millis_of(result.latency_ms.p50));
    line(&latency("p99"), &|result| millis_of(result.latency_ms.p99));
    line(&latency("max"), &|result| millis_of(result.latency_ms.max));
    line(lang.plain(Phrase::RowLogEnds), &|result| {
        grouped(result.logs.iter().map(|log| log.leo.max(0) as u64).sum())
    });
    line(lang.plain(Phrase::RowEnd), &|result| millis_of(Some(result.virtual_ms)));
    let guarantees = [a, b].map(|side| guarantee_name(lang, side.played.verdict.guarantee));
    row(page, lang.plain(Phrase::VerdictTitle), guarantees[0], guarantees[1]);
    let promises = [a, b].map(|side| guarantee_name(lang, side.played.verdict.promised));
    row(page, lang.plain(Phrase::RowPromised), promises[0], promises[1]);
    for side in [a, b] {
        let forbidden: Vec<Because> =
            side.played.verdict.forbidden().map(|finding| finding.because).collect();
        if let Some(because) = forbidden.first() {
            page.line(paint(BAD, format!("  {}: {}", side.name, crate::text::because(lang, *because))));
        }
    }
    page.gap();
}

/// How many records a kind of finding is about.
fn records_of(result: &RunResult, kind: Kind) -> u64 {
    let verdict = &result.verdict;
    match kind {
        Kind::Lost => verdict.lost_acknowledged + verdict.lost_unconfirmed,
        Kind::Duplicated => verdict.duplicated,
        Kind::Reordered => verdict.reordered,
        Kind::WrittenThoughFailed => verdict.written_though_failed,
        Kind::Gap => verdict.gaps,
    }
}

fn parting(page: &mut Page, lang: Lang, a: &Side, parting: &Parting) {
    page.heading(lang.plain(Phrase::FirstDivergence));
    if parting.fields.is_none() {
        let events = grouped(a.result.events);
        page.line(format!("  {}", lang.say(Phrase::SameTrace, &[("events", &events)])));
    }
    if parting.fields != parting.deeds {
        place(page, lang, Phrase::PartAt, parting.fields.as_ref());
    }
    place(page, lang, Phrase::DeedsPartAt, parting.deeds.as_ref());
}

fn place(page: &mut Page, lang: Lang, title: Phrase, divergence: Option<&Divergence>) {
    let Some(divergence) = divergence else { return };
    page.line(format!("  {}", lang.say(title, &[("seq", &divergence.seq.to_string())])));
    for (name, event) in [("a", &divergence.a), ("b", &divergence.b)] {
        let text = event.as_ref().map_or_else(
            || lang.plain(Phrase::NoMoreEvents).to_owned(),
            |event| format!("{}  {}", millis_of(Some(event.at_ms)), event.text),
        );
        page.prose(&format!("    {name}"), 7, Style::new(), &text);
    }
}
