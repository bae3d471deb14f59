//! The library answers what people ask: the questions that come up again and again about writing to Kafka, each with the
//! scenarios that answer it; and what every file of it must have.

use std::collections::BTreeSet;

use inflight_tests::library::{self, Entry};
use inflight_tests::repository;
use sim_core::scenario::{Listing, Source};

/// What is asked, and where it is answered.
const QUESTIONS: [(&str, &[&str]); 20] = [
    ("how is order kept with five requests in flight?", &["retry-reorders", "reset-reverses"]),
    ("do I need max.in.flight.requests.per.connection=1?", &["retry-reorders", "lost-ack-takes-five"]),
    ("does the broker hold batches back until the missing one comes?", &["broker-holds-batches"]),
    ("nothing crashed: why is a record there twice?", &["lost-ack-duplicates"]),
    ("idempotence is on: why are there still duplicates?", &["app-resend", "restart-new-pid"]),
    ("TimeoutException, and yet the record is there?", &["timed-out-but-written"]),
    ("Expiring N record(s): were they ever sent?", &["expired-never-sent"]),
    ("which of the timeouts is which?", &["timeout-ladder"]),
    ("the callback said success: where is the record?", &["acks1-leader-crash", "acks1-clean-move"]),
    ("what exactly can acks=0 lose?", &["acks0-blind"]),
    (
        "acks=all, three replicas: how can data be lost?",
        &["min-isr-one-trap", "last-replica-standing", "unclean-election"],
    ),
    ("what are the two NotEnoughReplicas errors?", &["not-enough-replicas", "not-enough-after-append"]),
    ("where did my idempotence go?", &["idempotence-silently-off"]),
    ("why do records without a key pile up?", &["slow-broker-keyless", "sticky-two-batches"]),
    ("why is sending slower since we upgraded?", &["linger-upgrade"]),
    (
        "is linger.ms=0 one request a record, and are more requests in flight faster?",
        &["linger-zero-batches"],
    ),
    ("send() is asynchronous: why does it hang?", &["send-blocks-a-minute"]),
    ("Topic not present in metadata: was anything sent?", &["topic-not-in-metadata"]),
    (
        "why does a key go to another partition?",
        &["same-key-two-clients", "add-partitions-moves-keys", "serializer-moves-keys"],
    ),
    ("the program ended normally: where are the last messages?", &["exit-without-flush"]),
];

#[test]
fn every_question_has_its_scenario() {
    let names: BTreeSet<String> = itself().map(|entry| entry.to_string()).collect();
    for (question, scenarios) in QUESTIONS {
        for scenario in scenarios {
            assert!(names.contains(*scenario), "{question} {scenario}.toml is not there");
        }
    }
}

/// A title, a question, an answer and something to try in both languages, tags, an expectation, and a twin: a guarantee is
/// seen to hold and to break.
#[test]
fn every_scenario_tells_its_story_in_both_languages() {
    for entry in itself() {
        let listing = listing(&entry);
        for text in [&listing.text.en, &listing.text.ko] {
            for part in [&text.title, &text.question, &text.answer, &text.r#try] {
                assert!(!part.is_empty(), "{entry}: a text is missing in one language");
            }
        }
        assert!(!listing.tags.is_empty(), "{entry} has no tags");
        assert!(!listing.twins.is_empty(), "{entry} has no twin");
        let tables = entry.text().lines().filter(|line| line.trim_end() == "[expect]").count();
        assert_eq!(tables, 1, "{entry} has no [expect]");
        for twin in &listing.twins {
            for text in [&twin.text.en, &twin.text.ko] {
                assert!(!text.answer.is_empty(), "{entry} --twin {} says nothing in one language", twin.name);
            }
            let named = format!("name = \"{}\"", twin.name);
            let text = entry.text();
            let own = text.split("[[twins]]").skip(1).find(|own| own.contains(&named));
            assert!(
                own.is_some_and(|own| own.contains("expect")),
                "{entry} --twin {} expects nothing",
                twin.name
            );
        }
    }
}

/// A twin that is named in a text can be run.
#[test]
fn every_twin_that_a_text_names_is_there() {
    for entry in itself() {
        let listing = listing(&entry);
        let twins: BTreeSet<&str> = listing.twins.iter().map(|twin| twin.name.as_str()).collect();
        for text in [&listing.text.en, &listing.text.ko] {
            for named in
                [&text.answer, &text.r#try].into_iter().flat_map(|part| part.split("--twin ").skip(1))
            {
                let end = named.find(|c: char| !c.is_ascii_alphanumeric() && !"-.".contains(c));
                let name = named[..end.unwrap_or(named.len())].trim_end_matches('.');
                assert!(twins.contains(name), "{entry} names --twin {name}");
            }
        }
    }
}

#[test]
fn the_readme_counts_right() {
    let twins = library::entries().iter().filter(|entry| entry.twin.is_some()).count();
    let counted = format!("{} scenarios, each with its question, {twins} twins", itself().count());
    assert!(repository::text("README.md".as_ref()).contains(&counted), "README.md should say: {counted}");
}

/// Every file as it is.
fn itself() -> impl Iterator<Item = Entry> {
    library::entries().into_iter().filter(|entry| entry.twin.is_none())
}

fn listing(entry: &Entry) -> Listing {
    let source = Source::new(&entry.file.to_string_lossy(), &entry.text());
    Listing::read(&source).unwrap_or_else(|errors| panic!("{errors}"))
}
