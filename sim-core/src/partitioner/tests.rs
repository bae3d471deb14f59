use super::*;
use crate::chance::{Script, Scripted, Seeded};
use crate::config::SerializerClass;
use crate::serializer::{Payload, Serializer, Wanted};

const KAFKA_2_3: Release = Release::new(2, 3);
const KAFKA_2_4: Release = Release::new(2, 4);
const KAFKA_3_9: Release = Release::new(3, 9);
const KAFKA_4_1: Release = Release::new(4, 1);

/// A partitioner of a topic with the draws that it makes.
struct Asked<C> {
    partitioner: Partitioner,
    chance: C,
    now: Time,
}

impl<C: Chance> Asked<C> {
    fn new(class: PartitionerClass, release: Release, mut chance: C) -> Asked<C> {
        let (sticky, round_robin) = (
            chance.stream(format_args!("shop/orders/sticky")),
            chance.stream(format_args!("shop/round-robin")),
        );
        let partitioner =
            Partitioner::new(class, release, sticky, round_robin).expect("not the built-in one");
        Asked { partitioner, chance, now: Time::ZERO }
    }

    fn choose(&mut self, key: Option<&str>, available: &[u32], count: u32) -> u32 {
        let key = key.map(str::as_bytes);
        self.partitioner.choose(&mut self.chance, self.now, key, available, count).expect("a partition")
    }

    fn on_new_batch(&mut self, available: &[u32], count: u32, previous: u32) {
        self.partitioner.on_new_batch(&mut self.chance, available, count, previous);
    }

    fn keyless<const N: usize>(&mut self, available: &[u32], count: u32) -> [u32; N] {
        [(); N].map(|()| self.choose(None, available, count))
    }
}

#[test]
fn the_built_in_partitioner_is_none_of_the_classes() {
    let mut chance = Scripted::new();
    let stream = chance.stream(format_args!("sticky"));
    assert!(Partitioner::new(PartitionerClass::BuiltIn, KAFKA_4_1, stream, stream).is_none());
}

/// `producer.md 2.4`: from 0, +1 a call, over the partitions with a leader, over all if none has one; keys ignored.
#[test]
fn round_robin_takes_every_available_partition_in_turn() {
    let mut asked = Asked::new(PartitionerClass::RoundRobin, KAFKA_4_1, Scripted::new());
    assert_eq!(asked.keyless(&[0, 1, 2], 3), [0, 1, 2, 0]);
    assert_eq!(asked.choose(Some("a"), &[1, 2], 3), 1);
    assert_eq!(asked.keyless(&[], 3), [2, 0]);
}

/// `producer.md 2.4`: up to 3.9 a record that opens a batch asks twice, so with one record a batch every second
/// partition is skipped.
#[test]
fn round_robin_skips_when_every_record_opens_a_batch() {
    let mut asked = Asked::new(PartitionerClass::RoundRobin, KAFKA_3_9, Scripted::new());
    assert!(asked.partitioner.asks_again_on_new_batch());
    let all = [0, 1, 2, 3];
    let mut counts = [0; 4];
    for _ in 0..100 {
        let first = asked.choose(None, &all, 4);
        asked.on_new_batch(&all, 4, first);
        counts[asked.choose(None, &all, 4) as usize] += 1;
    }
    assert_eq!(counts, [0, 50, 0, 50]);
}

/// `producer.md 2.4`, `2.5`: the second question came with 2.4 and went with 4.0; other clients never had it.
#[test]
fn who_asks_again() {
    for (class, release, again) in [
        (PartitionerClass::RoundRobin, KAFKA_2_3, false),
        (PartitionerClass::Default, KAFKA_2_4, true),
        (PartitionerClass::RoundRobin, KAFKA_3_9, true),
        (PartitionerClass::RoundRobin, KAFKA_4_1, false),
        (PartitionerClass::Murmur2Random, KAFKA_3_9, false),
    ] {
        let asked = Asked::new(class, release, Scripted::new());
        assert_eq!(asked.partitioner.asks_again_on_new_batch(), again, "{class:?} {release}");
    }
}

/// `producer.md 2.5`, before 2.4: round robin from a random int, which may be negative and wraps; keys are hashed.
#[test]
fn before_2_4_the_round_robin_starts_at_random() {
    let chance = Scripted::new().with("round-robin", Script::Always(0x7fff_ffff));
    let mut asked = Asked::new(PartitionerClass::Default, KAFKA_2_3, chance);
    assert_eq!(asked.keyless(&[0, 1, 2, 3], 4), [3, 0, 1], "2147483647, then -2147483648 without its sign");
    assert_eq!(asked.choose(Some("key-0"), &[0, 1, 2], 3), 1);
    assert_eq!(asked.keyless(&[0, 1, 2, 3], 4), [2]);
}

/// `producer.md 2.5`, KIP-480: sticky until the record that would open a batch; then another available partition.
#[test]
fn from_2_4_the_sticky_partition_changes_with_the_batch() {
    let mut asked = Asked::new(PartitionerClass::Default, KAFKA_2_4, Seeded::new(1));
    let all = [0, 1, 2];
    let mut current = asked.choose(None, &all, 3);
    for _ in 0..50 {
        assert_eq!(asked.keyless(&all, 3), [current; 3]);
        asked.on_new_batch(&all, 3, current);
        let next = asked.choose(None, &all, 3);
        assert_ne!(next, current);
        current = next;
    }
}

/// KIP-480: a batch opened elsewhere, by a key, does not move the sticky partition; keys are hashed all the same.
#[test]
fn a_batch_of_another_partition_leaves_the_sticky_one_alone() {
    let chance = Scripted::new().with("sticky", Script::List(vec![2, 1]));
    let mut asked = Asked::new(PartitionerClass::Default, KAFKA_2_4, chance);
    assert_eq!(asked.choose(None, &[0, 1, 2], 3), 2);
    assert_eq!(asked.choose(Some("key-1"), &[0, 1, 2], 3), 0);
    asked.on_new_batch(&[0, 1, 2], 3, 0);
    assert_eq!(asked.choose(None, &[0, 1, 2], 3), 2);
}

/// `StickyPartitionCache.nextPartition`: none available: any; one available: that one, without a draw.
#[test]
fn the_sticky_partition_when_leaders_are_scarce() {
    let chance = Scripted::new().with("sticky", Script::List(vec![5, 4]));
    let mut asked = Asked::new(PartitionerClass::UniformSticky, KAFKA_2_4, chance);
    assert_eq!(asked.choose(Some("ignored"), &[], 3), 2);
    asked.on_new_batch(&[1], 3, 2);
    assert_eq!(asked.choose(None, &[1], 3), 1);
    asked.on_new_batch(&[1], 3, 1);
    assert_eq!(asked.choose(None, &[1], 3), 1);
    asked.on_new_batch(&[], 3, 1);
    assert_eq!(asked.choose(None, &[], 3), 1, "4 mod 3: over all, the same one may come again");
}

/// The sticky partition's leader is gone: it is drawn among all that have one.
#[test]
fn a_sticky_partition_without_a_leader_is_not_among_the_others() {
    let chance = Scripted::new().with("sticky", Script::List(vec![0, 1]));
    let mut asked = Asked::new(PartitionerClass::UniformSticky, KAFKA_2_4, chance);
    assert_eq!(asked.choose(None, &[0, 1, 2], 3), 0);
    asked.on_new_batch(&[1, 2], 3, 0);
    assert_eq!(asked.choose(None, &[1, 2], 3), 2);
}

/// librdkafka: `consistent` hashes no key as the empty one (CRC-32 of nothing is 0), `murmur2` likewise
/// (`producer.md 2.1`: the empty key, mod 12, is 9).
#[test]
fn without_the_random_part_a_null_key_is_hashed_as_an_empty_one() {
    for (class, partition) in [(PartitionerClass::Consistent, 0), (PartitionerClass::Murmur2, 9)] {
        let mut asked = Asked::new(class, KAFKA_4_1, Scripted::new().with("sticky", Script::Always(5)));
        assert_eq!(asked.choose(None, &[], 12), partition);
        assert_eq!(asked.choose(Some(""), &[], 12), partition);
    }
}

/// librdkafka: an empty key is random for `consistent_random`, but a key for `murmur2_random`.
#[test]
fn an_empty_key_is_one_for_murmur2_random_only() {
    let all: Vec<u32> = (0..12).collect();
    for (class, empty, customer_3) in
        [(PartitionerClass::ConsistentRandom, 7, 5), (PartitionerClass::Murmur2Random, 9, 4)]
    {
        let mut asked = Asked::new(class, KAFKA_4_1, Scripted::new().with("sticky", Script::Always(7)));
        assert_eq!(asked.choose(None, &all, 12), 7);
        assert_eq!(asked.choose(Some(""), &all, 12), empty);
        assert_eq!(asked.choose(Some("customer-3"), &all, 6), customer_3, "scenarios.md 2.1");
    }
}

/// librdkafka: what goes by chance stays on one partition for `sticky.partitioning.linger.ms` (10), or until its
/// leader is gone.
#[test]
fn chance_is_sticky_for_ten_milliseconds() {
    let chance = Scripted::new().with("sticky", Script::Count);
    let mut asked = Asked::new(PartitionerClass::ConsistentRandom, KAFKA_4_1, chance);
    let all = [0, 1, 2, 3];
    assert_eq!(asked.keyless(&all, 4), [0, 0]);
    asked.now = Time::from_millis(10);
    assert_eq!(asked.choose(None, &all, 4), 0);
    asked.now = Time::from_millis(11);
    assert_eq!(asked.choose(None, &all, 4), 1);
    assert_eq!(asked.choose(None, &[0, 2, 3], 4), 2);
}

/// librdkafka: `random` places a record with a key on its own, among all; without a leader it draws a second time.
#[test]
fn random_ignores_keys() {
    let chance = Scripted::new().with("sticky", Script::Count);
    let mut asked = Asked::new(PartitionerClass::Random, KAFKA_4_1, chance);
    let placed = [(); 3].map(|()| asked.choose(Some("a"), &[0, 1, 2, 3], 4));
    assert_eq!(placed, [0, 1, 2]);
    assert_eq!(asked.choose(Some("a"), &[0, 1], 4), 0, "3 has no leader, so the next draw counts");
    assert_eq!(asked.keyless(&[0, 1, 2, 3], 4), [1, 1]);
}

/// The book's 3.6: one big customer has the last partition, nobody else is there.
#[test]
fn the_big_customer_is_alone() {
    let mut asked = Asked::new(PartitionerClass::BigCustomer, KAFKA_4_1, Scripted::new());
    assert_eq!(asked.choose(Some("Banana"), &[], 4), 3);
    assert!((0..100).all(|n| asked.choose(Some(&format!("customer-{n}")), &[], 4) < 3));
    // producer.md 2.1: murmur2 of "21" is -973932308; its absolute value, not the cleared sign, mod 5.
    assert_eq!(asked.choose(Some("21"), &[], 6), 973_932_308 % 5);
    assert_eq!(asked.choose(Some("21"), &[], 1), 0);
}

/// The book's 3.6: a record without a key is refused; `producer.md 1`, step 4: a negative number is thrown at.
#[test]
fn the_big_customers_partitioner_can_fail() {
    let mut asked = Asked::new(PartitionerClass::BigCustomer, KAFKA_4_1, Scripted::new());
    let keyless = asked.partitioner.choose(&mut asked.chance, Time::ZERO, None, &[0, 1], 2);
    assert_eq!(keyless, Err(Exception::InvalidRecordException));
    assert_eq!(hashed_to_others(i32::MIN, 4), Err(Exception::IllegalArgumentException));
    assert_eq!(hashed_to_others(i32::MIN, 5), Ok(0));
}

/// `scenarios.md 10.1`: the ids 1 to 12 as keys over 6 partitions, by three serializers: the bytes decide.
#[test]
fn another_key_serializer_moves_keys() {
    let partitions = |class: SerializerClass| -> Vec<u32> {
        let mut bytes = Vec::new();
        (1..=12)
            .map(|id: u32| {
                let key = id.to_string();
                class.serialize(Payload::Text(&key), Wanted::Bytes, &mut bytes).expect("an integer");
                partition_for_key(&bytes, 6)
            })
            .collect()
    };
    assert_eq!(partitions(SerializerClass::String), [3, 2, 5, 1, 0, 4, 3, 3, 5, 4, 0, 4]);
    assert_eq!(partitions(SerializerClass::Integer), [0, 5, 1, 1, 2, 5, 3, 0, 4, 1, 1, 5]);
    assert_eq!(partitions(SerializerClass::Long), [0, 0, 1, 0, 4, 1, 5, 4, 2, 1, 0, 4]);
}
