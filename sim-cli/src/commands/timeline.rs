//! `inflight timeline`: the space-time diagram as text, a lane for each machine, time going down.

use std::sync::Arc;

use sim_core::kernel::{Run, names_of};
use sim_core::record::{BrokerId, ConsumerIx, Names, ProducerIx};
use sim_core::scenario::Scenario;
use sim_core::time::Time;
use unicode_width::UnicodeWidthStr;

use crate::args::TimelineArgs;
use crate::engine;
use crate::error::{CliError, Ending};
use crate::numbers::{clock, grouped};
use crate::output::{BAD, DIM, HEADING, Page, WARN, pad, pad_left, paint};
use crate::sketch::{Mark, Row, Sketch};
use crate::trace::Lane;

/// Rows before the rest is left out.
const MOST: usize = 200;
/// Columns of the time.
const CLOCK: usize = 11;

pub(crate) fn timeline(args: &TimelineArgs) -> Result<Ending, CliError> {
    let loaded = engine::load(&args.chosen)?;
    let scenario = &loaded.scenario;
    let until = args.at.unwrap_or(Time::NEVER);
    let names = Arc::new(names_of(scenario));
    let mut run = Run::new(Arc::new(scenario.clone()), Arc::clone(&names), Sketch::new(args.from, args.full));
    while run.next_time().is_some_and(|next| next <= until) && run.step() {}
    let rows: Vec<&Row> = run.observer().rows.iter().filter(|row| row.time <= until).collect();

    let lanes = Lanes::of(scenario, &names, &rows);
    let mut page = Page::default();
    page.line(lanes.header());
    let most = if args.full { usize::MAX } else { MOST };
    for row in rows.iter().take(most) {
        page.line(lanes.row(row, &names));
    }
    if rows.len() > most {
        let left = grouped((rows.len() - most) as u64);
        let note = format!("{left} more lines: --full shows all, --from and --at a part");
        page.line(paint(DIM, format!("{:CLOCK$}  {note}", "")));
    }
    page.print()?;
    Ok(Ending::Done)
}

/// The lanes from left to right.
struct Lanes {
    lanes: Vec<(Lane, String)>,
    width: usize,
}

impl Lanes {
    /// Producers, brokers, the controller if it has anything to say here, consumers.
    fn of(scenario: &Scenario, names: &Names, rows: &[&Row]) -> Lanes {
        let mut lanes: Vec<(Lane, String)> = Vec::new();
        for (at, name) in (0u16..).zip(&names.producers) {
            lanes.push((Lane::Producer(ProducerIx(at)), name.clone()));
        }
        for broker in (0..scenario.cluster.brokers).map(BrokerId) {
            lanes.push((Lane::Broker(broker), format!("broker {broker}")));
        }
        let touches = |row: &&Row| row.from == Lane::Controller || row.to == Some(Lane::Controller);
        if rows.iter().any(|row| touches(row)) {
            lanes.push((Lane::Controller, "controller".to_owned()));
        }
        for (at, name) in (0u16..).zip(&names.consumers) {
            lanes.push((Lane::Consumer(ConsumerIx(at)), name.clone()));
        }
        let width = lanes.iter().map(|(_, name)| name.width()).max().unwrap_or(0).max(8) + 2;
        Lanes { lanes, width }
    }

    fn header(&self) -> String {
        let names: String = self.lanes.iter().map(|(_, name)| pad(name, self.width)).collect();
        paint(HEADING, format!("{}  {}", pad_left("time", CLOCK), names.trim_end()))
    }

    fn place(&self, lane: Lane) -> Option<usize> {
        self.lanes.iter().position(|(known, _)| *known == lane).map(|at| at * self.width)
    }

    fn row(&self, row: &Row, names: &Names) -> String {
        let mut cells: Vec<char> = vec![' '; self.lanes.len() * self.width];
        for at in 0..self.lanes.len() {
            cells[at * self.width] = '│';
        }
        let (from, to) = (self.place(row.from), row.to.and_then(|to| self.place(to)));
        match (from, to) {
            (Some(from), Some(to)) => arrow(&mut cells, from, to, row.mark),
            (Some(at), None) => cells[at] = if row.mark == Mark::Lost { '✗' } else { '●' },
            (None, _) => {}
        }
        let picture: String = cells.into_iter().collect();
        let label = row.label(names);
        let label = match row.mark {
            Mark::Lost => paint(BAD, label),
            Mark::Fault => paint(WARN, label),
            Mark::Plain => label,
        };
        format!("{}  {picture}{label}", paint(DIM, pad_left(&clock(row.time), CLOCK)))
    }
}

/// From one lane to the other; what is lost ends half-way.
fn arrow(cells: &mut [char], from: usize, to: usize, mark: Mark) {
    let (left, right) = (from.min(to), from.max(to));
    let middle = (left + right) / 2;
    for (at, cell) in cells.iter_mut().enumerate().take(right).skip(left + 1) {
        let reached = mark != Mark::Lost || if from < to { at < middle } else { at > middle };
        if reached {
            *cell = if *cell == '│' { '┼' } else { '─' };
        }
    }
    cells[from] = '●';
    match mark {
        Mark::Lost => cells[middle] = '✗',
        Mark::Plain | Mark::Fault if from < to => cells[to] = '▶',
        Mark::Plain | Mark::Fault => cells[to] = '◀',
    }
}
