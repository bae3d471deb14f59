//! The JSON of a run written by hand.

use super::super::Told::{Acknowledged, Failed};
use super::super::Verdict;
use super::super::fixtures::{HandMade, acks_all, idempotent, orders, shop};
use super::{ConsumerReads, Counters, Cut, Decoded, Evidence, Identity, RunResult, nearest_ranks};
use crate::config::Release;
use crate::record::BrokerId;
use crate::time::{Span, Time};

fn result(run: &HandMade, verdict: &Verdict, consumers: &[ConsumerReads], full: bool) -> RunResult {
    let identity = Identity { scenario: "by-hand".into(), twin: None, seed: 7, profile: Release::new(4, 1) };
    let counters = Counters {
        events: 1234,
        produce_requests: 21,
        batches_retried: 1,
        ended_at: Time::from_nanos(2_285_500_000),
        ended_by: "settled",
    };
    let evidence = Evidence {
        run: &identity,
        history: run.history(),
        verdict,
        counters: &counters,
        consumers,
        causes: None,
        trace_hash: Some(0xabc),
    };
    RunResult::new(&evidence, full)
}

/// design.md 5: the names of the fields, and their order.
#[test]
fn the_json_is_as_documented() {
    let mut run = HandMade::with(acks_all()).sends_each(2, 0, Acknowledged).sends(0, Failed).log([
        shop(0),
        shop(1),
        shop(1),
    ]);
    run.logs[0].leader = Some(BrokerId(0));
    run.logs[0].isr = vec![BrokerId(0), BrokerId(1)];
    let json = serde_json::to_string(&result(&run, &run.verdict(), &[], false)).unwrap();
    assert_eq!(
        json,
        concat!(
            r#"{"scenario":"by-hand","twin":null,"seed":7,"profile":"kafka-4.1","#,
            r#""trace_hash":"0000000000000abc","events":1234,"virtual_ms":2285.5,"ended_by":"settled","#,
            r#""records":{"sent":3,"acknowledged":2,"unconfirmed":0,"failed":1,"rejected":0,"pending":0},"#,
            r#""errors":{"TimeoutException":1},"#,
            r#""verdict":{"lost_acknowledged":0,"lost_unconfirmed":0,"duplicated":1,"duplicate_copies":1,"#,
            r#""reordered":0,"written_though_failed":0,"gaps":0,"guarantee":"at-least-once","ordered":true,"#,
            r#""promised":"at-least-once","promised_ordered":false},"#,
            r#""findings":[{"kind":"duplicated","record":"shop-1","topic":"orders","partition":0,"#,
            r#""offsets":[1,2],"allowed":true,"#,
            r#""because":"without idempotence the broker cannot tell a retry from a new record","#,
            r#""cause":null,"outcome":"acknowledged","jepsen":"duplicate","elsewhere":[]}],"#,
            r#""logs":[{"topic":"orders","partition":0,"leader":0,"leader_epoch":0,"isr":[0,1],"elr":[],"#,
            r#""hw":3,"leo":3,"records":["shop-0","shop-1","shop-1"]}],"#,
            r#""ledger":[{"record":"shop-0","topic":"orders","partition":0,"offset":0,"#,
            r#""outcome":"acknowledged","error":null,"sent_ms":0.0,"latency_ms":9.0,"blocked_ms":0.0,"#,
            r#""attempts":1},{"record":"shop-1","topic":"orders","partition":0,"offset":1,"#,
            r#""outcome":"acknowledged","error":null,"sent_ms":1.0,"latency_ms":9.0,"blocked_ms":0.0,"#,
            r#""attempts":1},{"record":"shop-2","topic":"orders","partition":0,"offset":null,"#,
            r#""outcome":"failed","error":"TimeoutException","sent_ms":2.0,"latency_ms":9.0,"#,
            r#""blocked_ms":0.0,"attempts":3}],"#,
            r#""consumers":{},"requests":{"produce":21,"retries":1},"split_keys":0,"#,
            r#""latency_ms":{"p50":9.0,"p99":9.0,"max":9.0},"blocked_ms":{"max":0.0},"cut":{}}"#,
        )
    );
}

/// design.md 5: lists are cut at 1,000 entries unless `--full`, and say so.
#[test]
fn long_lists_are_cut_and_say_so() {
    let run = HandMade::with(idempotent()).sends_each(1_500, 0, Acknowledged).log((0..1_200).map(shop));
    let verdict = run.verdict();
    let cut = result(&run, &verdict, &[], false);
    assert_eq!((cut.ledger.len(), cut.logs[0].records.len(), cut.findings.len()), (1_000, 1_000, 300));
    let said: Vec<(&str, Cut)> = cut.cut.iter().map(|(name, cut)| (name.as_str(), *cut)).collect();
    let expected =
        [("ledger", Cut { shown: 1_000, of: 1_500 }), ("logs.orders-0", Cut { shown: 1_000, of: 1_200 })];
    assert_eq!(said, expected);

    let full = result(&run, &verdict, &[], true);
    assert_eq!((full.ledger.len(), full.logs[0].records.len(), full.cut.len()), (1_500, 1_200, 0));
}

#[test]
fn consumers_stand_under_their_names() {
    let mut run = HandMade::with(idempotent()).sends(0, Acknowledged).log([shop(0)]);
    run.names.consumers.push("audit".into());
    let reads = ConsumerReads {
        read: vec![shop(0)],
        gone: vec![shop(0)],
        lag: 2,
        decoded: Decoded { right: 1, ..Decoded::default() },
    };
    let result = result(&run, &run.verdict(), &[reads], false);
    assert_eq!(
        (result.consumers["audit"].read.as_slice(), result.consumers["audit"].lag),
        (&["shop-0".to_owned()][..], 2)
    );
    assert_eq!(result.consumers["audit"].gone, ["shop-0"]);
}

#[test]
fn keys_in_two_partitions_are_split() {
    let mut run = HandMade::with(idempotent())
        .sends(0, Acknowledged)
        .sends(1, Acknowledged)
        .sends(1, Acknowledged)
        .log([shop(0)])
        .log([shop(1), shop(2)]);
    for (index, key) in [(0, 11), (1, 11), (2, 12)] {
        run.ledger.keyed(shop(index), key);
    }
    assert_eq!(result(&run, &run.verdict(), &[], false).split_keys, 1);
    assert_eq!(run.logs[1].tp, orders(1));
}

/// Nearest rank: the value at place ceil(p n), so a quantile is always one that was measured.
#[test]
fn quantiles_are_measured_values() {
    let mut spans: Vec<Span> = (1..=10).rev().map(Span::from_millis).collect();
    let millis = nearest_ranks(&mut spans, [1, 50, 51, 99, 100]).map(|span| span.unwrap().millis());
    assert_eq!(millis, [1, 5, 6, 10, 10]);
    assert_eq!(nearest_ranks(&mut [], [50]), [None]);
}
