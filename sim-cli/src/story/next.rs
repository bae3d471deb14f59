//! The answer, and what to try next: commands that work as they stand.

use sim_core::scenario::Twin;

use super::Story;
use crate::args::Lang;
use crate::output::{COMMAND, Page, WIDTH, paint, wrap};
use crate::text::{Phrase, either};

impl Story<'_> {
    pub(super) fn next(&self, page: &mut Page) {
        let text = &self.loaded.scenario.text;
        let told = if self.is_changed() { self.twin_meant().map(|twin| &twin.text) } else { Some(text) };
        let answer = told.map_or("", |text| either(self.lang, &text.en.answer, &text.ko.answer));
        if !answer.is_empty() {
            wrap(answer, WIDTH).iter().for_each(|line| page.line(line));
            page.gap();
        }
        page.heading(self.lang.plain(Phrase::Next));
        if !self.is_changed() {
            for line in wrap(either(self.lang, &text.en.r#try, &text.ko.r#try), WIDTH - 2) {
                page.line(format!("  {line}"));
            }
        }
        for command in self.commands() {
            page.line(format!("  {}", paint(COMMAND, command)));
        }
    }

    /// Whether settings were changed on the command line: what the file says of its outcome need not hold then.
    fn is_changed(&self) -> bool {
        let changes = &self.chosen.changes;
        !changes.set.is_empty() || changes.producer_config.is_some()
    }

    /// The twin that changes just what the command line has changed.
    fn twin_meant(&self) -> Option<&Twin> {
        let (scenario, changes) = (&self.loaded.scenario, &self.chosen.changes);
        let same = |twin: &&Twin| {
            twin.set.len() == changes.set.len() && twin.set.iter().all(|set| changes.set.contains(set))
        };
        if scenario.twin.is_some() || changes.producer_config.is_some() {
            return None;
        }
        scenario.twins.iter().find(same)
    }

    fn commands(&self) -> Vec<String> {
        let name = quoted(&self.chosen.scenario);
        let lang = match self.lang {
            Lang::En => "",
            Lang::Ko => " --lang ko",
        };
        let scenario = &self.loaded.scenario;
        if self.is_changed() {
            let twin = scenario.twin.as_ref().map(|twin| format!(" --twin {}", quoted(twin)));
            let changes = twin.unwrap_or_default() + &self.changes();
            return ["compare", "timeline"]
                .map(|command| format!("inflight {command} {name}{changes}{lang}"))
                .into();
        }
        if let Some(twin) = &scenario.twin {
            return vec![format!("inflight compare {name} --twin {}{lang}", quoted(twin))];
        }
        // The twin that the text speaks of comes first.
        let spoken_of = |twin: &&Twin| scenario.text.en.r#try.contains(&format!("--twin {}", twin.name));
        if let Some(twin) = scenario.twins.iter().find(spoken_of).or(scenario.twins.first()) {
            let twin = quoted(&twin.name);
            return vec![
                format!("inflight run {name} --twin {twin}{lang}"),
                format!("inflight compare {name} --twin {twin}{lang}"),
            ];
        }
        vec![format!("inflight timeline {name}{}{lang}", self.changes())]
    }

    /// What was changed on the command line, to be changed again.
    fn changes(&self) -> String {
        let changes = &self.chosen.changes;
        let mut text = String::new();
        for (key, value) in &changes.set {
            text.push_str(&format!(" --set {}", quoted(&format!("{key}={value}"))));
        }
        if let Some(seed) = changes.seed {
            text.push_str(&format!(" --seed {seed}"));
        }
        if let Some(file) = &changes.producer_config {
            text.push_str(&format!(" --producer-config {}", quoted(&file.display().to_string())));
        }
        text
    }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_word_that_a_shell_would_take_apart_is_quoted() {
        assert_eq!(quoted("lost-ack-duplicates"), "lost-ack-duplicates");
        assert_eq!(quoted("my file.toml"), "'my file.toml'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
