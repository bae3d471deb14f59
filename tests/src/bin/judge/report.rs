//! The numbers of a comparison, and its differences.

use std::collections::BTreeMap;
use std::fmt;

use super::difference::{Difference, Outcome};
use super::reach::Reach;

#[derive(Default)]
pub(crate) struct Report {
    kafka: String,
    /// Whether the scripts are random ones.
    random: bool,
    /// Scripts by the first letter of their names: the category of random ones.
    by_letter: BTreeMap<char, Tally>,
    pub(crate) differences: Vec<Difference>,
    refused: Vec<String>,
    /// What the equal ones reach.
    reach: Reach,
}

#[derive(Clone, Copy, Default)]
struct Tally {
    compared: u64,
    equal: u64,
}

impl Report {
    pub(crate) fn new(kafka: &str, random: bool) -> Report {
        Report { kafka: kafka.to_owned(), random, ..Report::default() }
    }

    pub(crate) fn add(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Equal { name, reached } => {
                self.count(&name, true);
                self.reach.add(&reached);
            }
            Outcome::Differs(difference) => {
                self.count(&difference.name, false);
                self.differences.push(difference);
            }
            Outcome::Refused(reason) => self.refused.push(reason),
        }
    }

    fn count(&mut self, name: &str, equal: bool) {
        let tally = self.by_letter.entry(name.chars().next().unwrap_or('?')).or_default();
        tally.compared += 1;
        tally.equal += u64::from(equal);
    }

    /// Whether every script was run, and none differs.
    pub(crate) fn all_equal(&self) -> bool {
        self.differences.is_empty() && self.refused.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.differences.iter().try_for_each(|difference| writeln!(f, "{difference}"))?;
        self.refused.iter().try_for_each(|reason| writeln!(f, "refused: {reason}"))?;
        let mut sum = Tally::default();
        for (letter, tally) in &self.by_letter {
            if self.random {
                writeln!(f, "{letter}: {} of {} equal", tally.equal, tally.compared)?;
            }
            sum.compared += tally.compared;
            sum.equal += tally.equal;
        }
        if self.random {
            writeln!(f, "equal scripts that reach")?;
            self.reach
                .lines()
                .try_for_each(|(behaviour, scripts)| writeln!(f, "  {scripts:>6}  {behaviour}"))?;
        }
        let differ = self.differences.len();
        write!(
            f,
            "Kafka {}: {} scripts compared, {} equal, {differ} differ",
            self.kafka, sum.compared, sum.equal
        )?;
        if self.refused.is_empty() { Ok(()) } else { write!(f, ", {} refused", self.refused.len()) }
    }
}
