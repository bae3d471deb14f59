//! The table of the judge with real brokers names scenarios and twins that there are; the judge itself needs Java and time.

use std::collections::BTreeSet;
use std::path::Path;

use inflight_tests::library;
use inflight_tests::repository;
use toml::Table;

#[test]
fn every_row_of_the_real_cluster_s_table_is_a_scenario_or_a_twin() {
    let mut known = library::entries();
    known.extend(library::entries_below("tests/scenarios/rules"));
    let known: BTreeSet<(String, Option<String>)> = known
        .into_iter()
        .map(|entry| {
            let name = entry.file.strip_prefix("scenarios").map(|file| file.with_extension(""));
            (name.unwrap_or(entry.file).display().to_string(), entry.twin)
        })
        .collect();
    let table = repository::text(Path::new("tests/real-cluster/scenarios.toml"));
    let table: Table = table.parse().unwrap_or_else(|error| panic!("{error}"));
    let rows = table["scenario"].as_array().expect("a list of rows");
    let text = |row: &toml::Value, key| row.get(key).and_then(toml::Value::as_str).map(str::to_owned);
    let missing: Vec<_> = rows
        .iter()
        .map(|row| (text(row, "name").expect("a row has a name"), text(row, "twin")))
        .filter(|row| !known.contains(row))
        .collect();
    assert!(missing.is_empty(), "rows without a scenario: {missing:?}");
}
