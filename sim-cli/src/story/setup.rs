//! What was set up: the workload, the settings that are not the release's defaults, the faults.

use anstyle::Style;
use sim_core::config::{Family, NoteKind};
use sim_core::scenario::{Cluster, Consumer, Mode, Pace, Stream};

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
            if scenario.cluster.warm { Phrase::ClusterLine } else { Phrase::ColdClusterLine },
            &[
                ("brokers", &scenario.cluster.brokers.to_string()),
                ("latency", &sampled(&scenario.network.latency)),
            ],
        );
        self.entry(page, "cluster", &cluster);
        self.features(page);
        self.settings_of(page, Family::Broker, "", "broker");
        for topic in &scenario.topics {
            let replicas = topic.assignment.first().map_or(0, Vec::len).to_string();
            let partitions = topic.assignment.len().to_string();
            let shape = [("partitions", partitions.as_str()), ("replicas", &replicas)];
            self.entry(page, &topic.name, &lang.say(Phrase::TopicLine, &shape));
            self.settings_of(page, Family::Topic, &topic.name, "");
        }
        for producer in &scenario.producers {
            let mut label = producer.id.as_str();
            for stream in &producer.sends {
                self.entry(page, label, &self.workload(stream));
                label = "";
            }
            self.settings_of(page, Family::Producer, &producer.id, label);
        }
        for consumer in &scenario.consumers {
            let reads = self.reads(consumer);
            self.entry(page, &consumer.id, &lang.say(Phrase::ConsumerLine, &[("topics", &reads)]));
            self.settings_of(page, Family::Consumer, &consumer.id, "");
        }
        let profile = scenario.profile.to_string();
        page.prose("", 12, DIM, &lang.say(Phrase::OnlyDefaults, &[("profile", &profile)]));
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

    /// What a consumer reads: whole topics, or some of their partitions.
    fn reads(&self, consumer: &Consumer) -> String {
        let names = &self.played.finished.names;
        let list: Vec<String> = match consumer.topics.is_empty() {
            true => consumer.partitions.iter().map(|tp| names.partition(*tp)).collect(),
            false => consumer.topics.iter().map(|topic| names.topic(*topic).to_owned()).collect(),
        };
        list.join(", ")
    }

    /// The feature that is not on the level of a new cluster of this release.
    fn features(&self, page: &mut Page) {
        let scenario = &self.loaded.scenario;
        let (level, default) = (scenario.cluster.elr, Cluster::elr_by_default(scenario.profile));
        if level != default {
            let setting = format!("eligible.leader.replicas.version={}", u8::from(level));
            self.setting(page, "", &setting, &u8::from(default).to_string());
        }
    }

    /// The settings of a part that are not the release's defaults.
    fn settings_of(&self, page: &mut Page, family: Family, part: &str, mut label: &str) {
        let configs =
            self.loaded.configs.iter().filter(|config| config.family == family && config.part == part);
        for value in configs.flat_map(|config| &config.values).filter(|value| value.differs()) {
            self.setting(page, label, &format!("{}={}", value.key, value.value), &value.default);
            label = "";
        }
    }

    fn setting(&self, page: &mut Page, label: &str, setting: &str, default: &str) {
        let default = self.lang.say(Phrase::DefaultIs, &[("value", default)]);
        page.line(format!("  {}{}  {}", pad(label, 10), pad(setting, 40), paint(DIM, default)));
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
