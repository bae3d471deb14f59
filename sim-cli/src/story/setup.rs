//! What was set up: the workload, the settings that are not the release's defaults, the faults.

use anstyle::Style;
use sim_core::config::NoteKind;
use sim_core::scenario::{Mode, Pace, PartConfig, Stream};

use super::{Story, faults, sampled};
use crate::numbers::grouped;
use crate::output::{DIM, Page, pad, paint};
use crate::text::Phrase;

impl Story<'_> {
    pub(super) fn setup(&self, page: &mut Page) {
        let lang = self.lang;
        let scenario = &self.loaded.scenario;
        page.heading(lang.plain(Phrase::Setup));
        let cluster = lang.say(
            Phrase::ClusterLine,
            &[
                ("brokers", &scenario.cluster.brokers.to_string()),
                ("latency", &sampled(&scenario.network.latency)),
            ],
        );
        self.entry(page, "cluster", &cluster);
        for topic in &scenario.topics {
            let replicas = topic.assignment.first().map_or(0, Vec::len).to_string();
            let partitions = topic.assignment.len().to_string();
            let shape = [("partitions", partitions.as_str()), ("replicas", &replicas)];
            self.entry(page, &topic.name, &lang.say(Phrase::TopicLine, &shape));
        }
        for producer in &scenario.producers {
            for (at, stream) in producer.sends.iter().enumerate() {
                let label = if at == 0 { producer.id.as_str() } else { "" };
                self.entry(page, label, &self.workload(stream));
            }
        }
        for consumer in &scenario.consumers {
            let topics: Vec<String> = consumer
                .topics
                .iter()
                .map(|topic| self.played.finished.names.topic(*topic).to_owned())
                .collect();
            self.entry(
                page,
                &consumer.id,
                &lang.say(Phrase::ConsumerLine, &[("topics", &topics.join(", "))]),
            );
        }
        self.settings(page);
        for (number, fault) in faults::describe_all(scenario).iter().enumerate() {
            let label = lang.say(Phrase::FaultLine, &[("number", &number.to_string())]);
            self.entry(page, &label, fault);
        }
        self.notes(page);
        page.gap();
    }

    fn workload(&self, stream: &Stream) -> String {
        let lang = self.lang;
        let pace = match &stream.pace {
            Pace::Burst => lang.plain(Phrase::PaceBurst).to_owned(),
            Pace::Every(interval) => lang.say(Phrase::PaceEvery, &[("interval", &interval.to_string())]),
            Pace::Rate(rate) => lang.say(Phrase::PaceRate, &[("rate", &rate.to_string())]),
            Pace::Outstanding(count) => lang.say(Phrase::PaceOutstanding, &[("count", &count.to_string())]),
            Pace::At(_) => lang.plain(Phrase::PaceAt).to_owned(),
        };
        let mode = lang.plain(match stream.mode {
            Mode::Async => Phrase::ModeAsync,
            Mode::Sync => Phrase::ModeSync,
            Mode::FireAndForget => Phrase::ModeForget,
        });
        let names = &self.played.finished.names;
        let (count, topic) = (grouped(stream.count.into()), names.topic(stream.topic));
        // One after the other is what synchronous means: there is no burst to speak of.
        if stream.mode == Mode::Sync && stream.pace == Pace::Burst {
            let values = [("count", count.as_str()), ("topic", topic), ("mode", mode)];
            return lang.say(Phrase::SyncStreamLine, &values);
        }
        lang.say(Phrase::StreamLine, &[("count", &count), ("topic", topic), ("pace", &pace), ("mode", mode)])
    }

    fn settings(&self, page: &mut Page) {
        let differing = |config: &PartConfig| config.values.iter().any(|value| value.differs());
        for config in self.loaded.configs.iter().filter(|config| differing(config)) {
            let mut label = part_name(&config.part);
            for value in config.values.iter().filter(|value| value.differs()) {
                let default = self.lang.say(Phrase::DefaultIs, &[("value", &value.default)]);
                let setting = format!("{}={}", value.key, value.value);
                page.line(format!("  {}{}  {}", pad(label, 10), pad(&setting, 40), paint(DIM, default)));
                label = "";
            }
        }
        let profile = self.loaded.scenario.profile.to_string();
        let rest = self.lang.say(Phrase::OnlyDefaults, &[("profile", &profile)]);
        page.prose("", 12, DIM, &rest);
    }

    /// Remarks on settings: what is not modelled and what Kafka warns about always, what has no effect on request.
    fn notes(&self, page: &mut Page) {
        let told = |kind| self.verbose || matches!(kind, NoteKind::NotModelled | NoteKind::Warning);
        for remark in self.loaded.notes.iter().filter(|remark| told(remark.note.kind)) {
            let text = format!("{}: {}", remark.note.key, remark.note.text);
            page.prose(&format!("  {}", part_name(&remark.part)), 12, Style::new(), &text);
        }
    }
}

/// Settings of all brokers have no name.
fn part_name(part: &str) -> &str {
    if part.is_empty() { "broker" } else { part }
}
