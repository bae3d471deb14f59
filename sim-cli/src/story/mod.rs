//! A run told on one screen: what was set up, what happened, what became of the records, and what to try next.

mod faults;
mod findings;
mod happened;
mod highlights;
mod next;
mod records;
mod setup;

pub(crate) use faults::{describe_all as describe_faults, sampled};
pub(crate) use findings::kind_name;
pub(crate) use highlights::Highlights;
pub(crate) use records::guarantee_name;

use anstyle::Style;
use sim_core::scenario::Loaded;

use crate::args::{Chosen, Lang};
use crate::engine::Played;
use crate::output::{DIM, HEADING, Page, WIDTH, paint, wrap};
use crate::text::either;
use crate::trace::TraceFile;

/// What a story is made of.
pub(crate) struct Story<'a> {
    pub(crate) lang: Lang,
    pub(crate) chosen: &'a Chosen,
    pub(crate) loaded: &'a Loaded,
    /// The run, with what it remembers of what happened, and the trace file that was written along the way.
    pub(crate) played: &'a Played<(Highlights, Option<TraceFile>)>,
    /// Whether to leave nothing out.
    pub(crate) verbose: bool,
}

impl Story<'_> {
    fn highlights(&self) -> &Highlights {
        &self.played.observer().0
    }

    /// The whole of it.
    pub(crate) fn tell(&self) -> Page {
        let mut page = Page::default();
        self.title(&mut page);
        self.setup(&mut page);
        self.happened(&mut page);
        self.records(&mut page);
        self.findings(&mut page);
        self.verdict(&mut page);
        self.next(&mut page);
        page
    }

    fn title(&self, page: &mut Page) {
        let scenario = &self.loaded.scenario;
        let text = &scenario.text;
        let title = either(self.lang, &text.en.title, &text.ko.title);
        let title = if title.is_empty() { scenario.name.as_str() } else { title };
        let twin = scenario.twin.as_ref().map(|twin| format!(" --twin {twin}")).unwrap_or_default();
        let run = format!("{}{twin}, {}, seed {}", scenario.name, scenario.profile, scenario.seed);
        page.line(format!("{}  {}", paint(HEADING, title), paint(DIM, run)));
        for line in wrap(either(self.lang, &text.en.question, &text.ko.question), WIDTH) {
            page.line(line);
        }
        page.gap();
    }

    /// A line below a heading, with a name in front.
    fn entry(&self, page: &mut Page, label: &str, text: &str) {
        page.prose(&format!("  {label}"), 12, Style::new(), text);
    }
}
