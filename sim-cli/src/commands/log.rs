//! `inflight log`: partitions' logs as `kafka-dump-log --deep-iteration` prints them.

use sim_core::record::{Codec, Names, RecordId, StoredBatch, TopicPartition, add_sequence};

use crate::args::LogArgs;
use crate::engine;
use crate::error::{CliError, Ending};
use crate::library::nearest;
use crate::output::{DIM, HEADING, Page, paint};

pub(crate) fn log(args: &LogArgs) -> Result<Ending, CliError> {
    let loaded = engine::load(&args.chosen)?;
    let scenario = &loaded.scenario;
    if let Some(broker) = args.broker
        && broker >= scenario.cluster.brokers
    {
        let last = scenario.cluster.brokers - 1;
        return Err(CliError::input(format!("--broker: there is no broker {broker}: write 0 to {last}")));
    }
    let run = engine::run_to(scenario, args.at);
    let names = run.names();
    let partitions: Vec<TopicPartition> = run.controller().partitions().map(|(tp, _)| tp).collect();
    let asked = match &args.partition {
        None => partitions,
        Some(asked) => vec![named(asked, &partitions, names)?],
    };
    let mut page = Page::default();
    for tp in asked {
        let state = run.controller().partition(tp);
        let leader = state.and_then(|state| state.leader);
        let last_known = state.and_then(|state| state.isr.first().or(state.replicas.first()).copied());
        let broker = args.broker.map(sim_core::record::BrokerId).or(leader).or(last_known);
        let Some((broker, replica)) =
            broker.and_then(|broker| Some((broker, run.broker(broker)?.partition(tp)?)))
        else {
            let why = args.broker.map_or("no replica of it is there".to_owned(), |id| {
                format!("broker {id} has no replica of it")
            });
            if args.partition.is_some() {
                return Err(CliError::input(format!("{}: {why}", names.partition(tp))));
            }
            continue;
        };
        let role = if Some(broker) == leader { "leader" } else { "not the leader" };
        page.line(paint(HEADING, format!("Dumping {} of broker {broker} ({role})", names.partition(tp))));
        let log = replica.log();
        page.line(format!(
            "Log starting offset: {}  high watermark: {}  log end offset: {}",
            log.start_offset(),
            replica.high_watermark(),
            log.end_offset()
        ));
        let mut position = 0;
        for stored in log.batches() {
            batch(&mut page, stored, position, names);
            position += u64::from(stored.batch.bytes);
        }
    }
    page.print()?;
    Ok(Ending::Done)
}

fn batch(page: &mut Page, stored: &StoredBatch, position: u64, names: &Names) {
    let batch = &stored.batch;
    let (timestamp_type, timestamp) = match stored.log_append_time {
        -1 => ("CreateTime", batch.max_timestamp),
        time => ("LogAppendTime", time),
    };
    page.line(format!(
        "baseOffset: {} lastOffset: {} count: {} baseSequence: {} lastSequence: {} producerId: {} producerEpoch: {} \
         partitionLeaderEpoch: {} isTransactional: false isControl: false position: {position} {timestamp_type}: {timestamp} \
         size: {} magic: 2 compresscodec: {} {}",
        stored.base_offset,
        stored.last_offset(),
        batch.records.len(),
        batch.base_sequence,
        batch.last_sequence(),
        batch.producer_id,
        batch.producer_epoch,
        stored.leader_epoch,
        batch.bytes,
        codec(batch.codec),
        paint(DIM, format!("batch: {}", names.batch(batch.batch))),
    ));
    for (place, index) in (0u32..).zip(batch.records.iter()) {
        let sequence = if batch.base_sequence < 0 { -1 } else { add_sequence(batch.base_sequence, place) };
        let record = names.record(RecordId { producer: batch.batch.producer, index });
        let sizes = batch.contents.get(place as usize).map(|content| {
            let size = |bytes: &Option<Box<[u8]>>| bytes.as_ref().map_or(-1, |bytes| bytes.len() as i64);
            format!(" keySize: {} valueSize: {}", size(&content.key), size(&content.value))
        });
        page.line(format!(
            "| offset: {}{} sequence: {sequence} record: {record}",
            stored.base_offset + i64::from(place),
            sizes.unwrap_or_default(),
        ));
    }
}

fn codec(codec: Codec) -> &'static str {
    match codec {
        Codec::None => "none",
        Codec::Gzip => "gzip",
        Codec::Snappy => "snappy",
        Codec::Lz4 => "lz4",
        Codec::Zstd => "zstd",
    }
}

/// The partition of this name.
fn named(asked: &str, partitions: &[TopicPartition], names: &Names) -> Result<TopicPartition, CliError> {
    if let Some(tp) = partitions.iter().find(|tp| names.partition(**tp) == asked) {
        return Ok(*tp);
    }
    let known: Vec<String> = partitions.iter().map(|tp| names.partition(*tp)).collect();
    let advice = match nearest(asked, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("the scenario has {}", known.join(", ")),
    };
    Err(CliError::input(format!("--partition: there is no partition {asked:?}: {advice}")))
}
