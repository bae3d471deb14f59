//! When two transcripts are equal, and where they part if they are not.

use std::fmt;

use serde::Serialize;

use super::layout;
use super::transcript::{CallbackLine, RequestLine, ThrownLine, Transcript};

/// The first line in which a transcript differs from another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// In which list: `requests`, `callbacks` or `thrown`.
    pub list: &'static str,
    /// The line's place in it, from 0.
    pub line: usize,
    /// Ours; none: ours ends here.
    pub ours: Option<String>,
    /// The other; none: it ends here.
    pub theirs: Option<String>,
    /// When the earlier of the two happened, in ms.
    t: i64,
}

/// Where two transcripts part first in time, if what has to be equal is not: requests, callbacks and what was thrown.
pub fn divergence(ours: &Transcript, theirs: &Transcript) -> Option<Divergence> {
    let parts = [
        first("requests", &ours.requests, &theirs.requests),
        first("callbacks", &ours.callbacks, &theirs.callbacks),
        first("thrown", &ours.thrown, &theirs.thrown),
    ];
    parts.into_iter().flatten().min_by_key(|part| part.t)
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |line: &Option<String>| line.clone().unwrap_or_else(|| "(nothing more)".to_owned());
        writeln!(f, "{}[{}]", self.list, self.line)?;
        writeln!(f, "    ours:   {}", text(&self.ours))?;
        write!(f, "    theirs: {}", text(&self.theirs))
    }
}

trait Line: Serialize + PartialEq {
    fn t(&self) -> i64;
}

impl Line for RequestLine {
    fn t(&self) -> i64 {
        self.t
    }
}

impl Line for CallbackLine {
    fn t(&self) -> i64 {
        self.t
    }
}

impl Line for ThrownLine {
    fn t(&self) -> i64 {
        self.t
    }
}

fn first<T: Line>(list: &'static str, ours: &[T], theirs: &[T]) -> Option<Divergence> {
    let longer = ours.len().max(theirs.len());
    let line = (0..longer).find(|&at| ours.get(at) != theirs.get(at))?;
    let (ours, theirs) = (ours.get(line), theirs.get(line));
    let t = ours.into_iter().chain(theirs).map(Line::t).min()?;
    let text = |line: Option<&T>| line.map(layout::inline);
    Some(Divergence { list, line, ours: text(ours), theirs: text(theirs), t })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client_script::transcript::{End, OtherLine};

    fn transcript(requests: Vec<RequestLine>, thrown: Vec<ThrownLine>) -> Transcript {
        Transcript {
            name: "s".to_owned(),
            kafka: "4.1.1".to_owned(),
            requests,
            callbacks: Vec::new(),
            thrown,
            others: Vec::new(),
            connections: Vec::new(),
            done: Vec::new(),
            end: End { t: 0, pending: Vec::new() },
        }
    }

    fn request(t: i64) -> RequestLine {
        RequestLine { t, node: 0, nth: 1, acks: -1, timeout_ms: 30_000, batches: Vec::new() }
    }

    fn thrown(t: i64) -> ThrownLine {
        ThrownLine { t, id: 7, error: "IllegalStateException".to_owned() }
    }

    #[test]
    fn requests_callbacks_and_what_was_thrown_count_and_nothing_else() {
        let ours = transcript(vec![request(1)], vec![thrown(2)]);
        let mut theirs = ours.clone();
        theirs.kafka = "3.9.1".to_owned();
        theirs.others.push(OtherLine { t: 1, api: "METADATA".to_owned(), node: 0, nth: 1 });
        theirs.end.t = 9;
        assert_eq!(divergence(&ours, &theirs), None);
    }

    #[test]
    fn the_earliest_difference_is_shown_with_both_sides() {
        let ours = transcript(vec![request(1), request(8)], vec![thrown(2)]);
        let theirs = transcript(vec![request(1), request(6)], vec![]);
        let found = divergence(&ours, &theirs).expect("they differ");
        assert_eq!((found.list, found.line), ("thrown", 0));
        assert_eq!(found.ours.as_deref(), Some(r#"{"t": 2, "id": 7, "error": "IllegalStateException"}"#));
        assert_eq!(found.theirs, None);
    }
}
