//! V5: log start <= high watermark <= log end on each replica. (There are no transactions, so the last stable offset is the
//! high watermark.)

use super::look::{Look, Replica};
use super::violation::{Found, Invariant};
use super::{Checker, Step};

pub(super) struct Offsets;

impl Checker for Offsets {
    fn step(&mut self, look: &Look<'_>, step: &Step<'_>, found: &mut Found) {
        for replica in look.touched(step.touched) {
            check(look, &replica, found);
        }
    }

    fn end(&mut self, look: &Look<'_>, found: &mut Found) {
        for replica in look.all() {
            check(look, &replica, found);
        }
    }
}

fn check(look: &Look<'_>, replica: &Replica<'_>, found: &mut Found) {
    let (start, end) = (replica.it.log().start_offset(), replica.it.log().end_offset());
    let high_watermark = replica.it.high_watermark();
    if high_watermark < start || high_watermark > end {
        let seen = format!("log start {start}, high watermark {high_watermark}, log end {end}");
        found.report(look, Invariant::V5, replica.place(), seen, "them to be in this order");
    }
}
