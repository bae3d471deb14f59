//! The short names of `[expect]` and where the JSON result has what they mean.

/// A short name and the path of its value.
pub(super) type Named = (&'static str, &'static [&'static str]);

/// Numbers.
pub(super) const NUMBERS: [Named; 18] = [
    ("sent", &["records", "sent"]),
    ("acknowledged", &["records", "acknowledged"]),
    ("unconfirmed", &["records", "unconfirmed"]),
    ("failed", &["records", "failed"]),
    ("rejected", &["records", "rejected"]),
    ("pending", &["records", "pending"]),
    ("lost", &["verdict", "lost_acknowledged"]),
    ("lost-unconfirmed", &["verdict", "lost_unconfirmed"]),
    ("duplicated", &["verdict", "duplicated"]),
    ("duplicate-copies", &["verdict", "duplicate_copies"]),
    ("reordered", &["verdict", "reordered"]),
    ("written-though-failed", &["verdict", "written_though_failed"]),
    ("gaps", &["verdict", "gaps"]),
    ("requests", &["requests", "produce"]),
    ("retries", &["requests", "retries"]),
    ("split-keys", &["split_keys"]),
    ("events", &["events"]),
    ("virtual-ms", &["virtual_ms"]),
];

/// Words, each with those that it can be.
pub(super) const WORDS: [(Named, &[&str]); 3] = [
    (("guarantee", &["verdict", "guarantee"]), &GUARANTEES),
    (("promised", &["verdict", "promised"]), &GUARANTEES),
    (("ended-by", &["ended_by"]), &["settled", "stop"]),
];

const GUARANTEES: [&str; 4] = ["exactly-once", "at-least-once", "at-most-once", "none"];

/// True or false.
pub(super) const TRUTHS: [Named; 2] =
    [("ordered", &["verdict", "ordered"]), ("promised-ordered", &["verdict", "promised_ordered"])];

/// Tables of numbers.
pub(super) const TABLES: [(&str, &[Named]); 2] = [
    (
        "latency-ms",
        &[("p50", &["latency_ms", "p50"]), ("p99", &["latency_ms", "p99"]), ("max", &["latency_ms", "max"])],
    ),
    ("blocked-ms", &[("max", &["blocked_ms", "max"])]),
];

/// A partition's numbers at the end.
pub(super) const LOG_NUMBERS: [(&str, &str); 4] =
    [("leo", "leo"), ("hw", "hw"), ("leader", "leader"), ("leader-epoch", "leader_epoch")];

/// A partition's lists of brokers at the end.
pub(super) const LOG_LISTS: [(&str, &str); 2] = [("isr", "isr"), ("elr", "elr")];

/// How a consumer's values came out.
pub(super) const DECODED: [Named; 3] =
    [("right", &["decoded", "right"]), ("wrong", &["decoded", "wrong"]), ("failed", &["decoded", "failed"])];

/// Numbers of a record's line in the ledger.
pub(super) const LEDGER_NUMBERS: [(&str, &str); 6] = [
    ("partition", "partition"),
    ("offset", "offset"),
    ("sent-ms", "sent_ms"),
    ("latency-ms", "latency_ms"),
    ("blocked-ms", "blocked_ms"),
    ("attempts", "attempts"),
];

/// Words of a record's line in the ledger.
pub(super) const LEDGER_WORDS: [(&str, &str); 3] =
    [("outcome", "outcome"), ("error", "error"), ("topic", "topic")];

/// What the application can have been told.
pub(super) const OUTCOMES: [&str; 5] = ["acknowledged", "unconfirmed", "failed", "rejected", "pending"];

/// The other keys of `[expect]`.
pub(super) const OTHERS: [&str; 15] = [
    "latency-ms",
    "blocked-ms",
    "errors",
    "log",
    "leo",
    "hw",
    "leader",
    "leader-epoch",
    "isr",
    "elr",
    "read",
    "lag",
    "decoded",
    "records",
    "ends-by",
];

/// Every key of `[expect]`.
pub(super) fn all() -> Vec<&'static str> {
    let mut all: Vec<&'static str> = NUMBERS.iter().map(|(name, _)| *name).collect();
    all.extend(WORDS.iter().map(|((name, _), _)| *name));
    all.extend(TRUTHS.iter().map(|(name, _)| *name));
    all.extend(OTHERS);
    all.extend(["trace", "allowed", "error"]);
    all
}
