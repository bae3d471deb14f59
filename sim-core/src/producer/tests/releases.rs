//! Rules that held in old releases only: `producer.md 2.5`, `4.5`, `4.9`, `6.1`.

use super::rig::{Answer, NODE_0, Rig};
use crate::config::Release;
use crate::producer::Sending;
use crate::protocol::{ErrorCode, Exception};

fn partitions(release: Release, records: usize) -> Vec<u32> {
    let mut rig = Rig::of(release, &[("linger.ms", "1000")]);
    let partition = |sending| match sending {
        Sending::Appended { partition, .. } => partition,
        other => panic!("{other:?}"),
    };
    (0..records).map(|_| partition(rig.send_bytes(None, 100))).collect()
}

/// `producer.md 2.5`: before 2.4 keyless records go round robin.
#[test]
fn keyless_records_go_round_robin_before_2_4() {
    let chosen = partitions(Release::new(2, 3), 6);
    assert!(chosen.windows(2).all(|pair| (pair[0] + 1) % 3 == pair[1]), "{chosen:?}");
}

/// `producer.md 2.5`: 2.4 to 3.2: sticky until a new batch; the record that would open it goes to another partition.
#[test]
fn keyless_records_stick_to_a_batch_from_2_4_to_3_2() {
    let chosen = partitions(Release::new(3, 2), 300);
    let first = chosen[0];
    assert!(chosen[..148].iter().all(|&partition| partition == first));
    assert!(chosen[148] != first && chosen[149..296].iter().all(|&partition| partition == chosen[148]));
}

/// `producer.md 4.5`: before 3.7 the back-off of batches is constant.
#[test]
fn back_off_is_constant_before_3_7() {
    let error = Answer::Error(ErrorCode::NotEnoughReplicas);
    let mut rig = Rig::of(Release::new(3, 6), &[("linger.ms", "0")]).answering(&[error.clone(), error]);
    rig.send(0);
    rig.run_to(1_000);
    assert_eq!(rig.request_times(), [0, 102, 204]);
}

/// Before 2.1 there is no delivery timeout: a batch in the queue expires request.timeout.ms after its linger.
#[test]
fn batches_expire_by_request_timeout_before_2_1() {
    let mut rig = Rig::of(Release::new(2, 0), &[("linger.ms", "20"), ("request.timeout.ms", "100")]);
    rig.refuses = true;
    rig.break_connection(NODE_0);
    rig.run_to(1);
    rig.send(0);
    rig.run_to(1_000);
    let Some((at_ms, told)) = rig.result(0) else { panic!("no result") };
    assert_eq!(told, Err(Exception::TimeoutException));
    // Created at 1, expired when more than 100 ms beyond its linger have passed, seen by the next pass.
    assert!((122..=330).contains(&at_ms), "{at_ms}");
}

/// `producer.md 6.1`: retries is 0 in 2.0: the first error is the user's.
#[test]
fn nothing_is_retried_by_default_in_2_0() {
    let mut rig = Rig::of(Release::new(2, 0), &[]).answering(&[Answer::Error(ErrorCode::NotEnoughReplicas)]);
    rig.send(0);
    rig.run_to(1_000);
    assert_eq!(rig.results, [(2, 0, Err(Exception::NotEnoughReplicasException))]);
}
