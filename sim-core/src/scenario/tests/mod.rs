//! Scenario files read whole: every key with its default and a value, every kind of mistake with its message.

mod chaos;
mod faults;
mod fuzz;
mod keys;
mod mistakes;
mod refused;
mod twins;

use super::{Loaded, Overrides, Scenario, ScenarioErrors, Source};

/// The smallest file that is one.
const LEAST: &str = "[[topics]]\nname = \"orders\"\n[[producers]]\nid = \"shop\"\n";

fn load(text: &str) -> Result<Loaded, ScenarioErrors> {
    Scenario::load(&Source::new("a.toml", text), &Overrides::default())
}

/// What is right must load; the panic shows what was reported.
fn scenario(text: &str) -> Scenario {
    load(text).unwrap_or_else(|errors| panic!("{errors}\n\nin\n{text}")).scenario
}

/// The smallest file with something in front of and behind it.
fn least(top: &str, bottom: &str) -> Scenario {
    scenario(&format!("{top}\n{LEAST}{bottom}"))
}

fn errors(text: &str) -> ScenarioErrors {
    match load(text) {
        Ok(loaded) => panic!("it loads: {loaded:?}"),
        Err(errors) => errors,
    }
}

fn with(overrides: &Overrides, text: &str) -> Result<Loaded, ScenarioErrors> {
    Scenario::load(&Source::new("a.toml", text), overrides)
}

fn set(pairs: &[(&str, &str)]) -> Overrides {
    let set = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Overrides { set, ..Overrides::default() }
}

fn twin(name: &str) -> Overrides {
    Overrides { twin: Some(name.to_owned()), ..Overrides::default() }
}

/// The file that `scenarios.md 0.5` prints in full.
const LOST_ACK: &str = r#"
profile = "kafka-4.1"
seed = 1
tags = ["idempotence", "retries"]

[text.en]
title = "A lost answer becomes a duplicate"
question = "Nothing crashed. Why is the record there twice?"
answer = "The broker wrote it, its answer never came back, and the producer did what it should: it sent again."
try = "Set enable.idempotence=true: the same twenty-one requests, and the record is there once."

[text.ko]
title = "사라진 응답이 중복을 만듭니다"
question = "아무것도 죽지 않았는데 왜 메시지가 두 번 저장됐나요?"
answer = "브로커는 이미 저장했지만 응답이 프로듀서에 돌아오지 않았습니다. 프로듀서는 실패로 보고 다시 보냈고, 브로커는 그것을 새 메시지로 저장했습니다."
try = "enable.idempotence=true로 바꿔 보세요. 요청 수는 똑같이 21번인데 메시지는 한 번만 저장됩니다."

[cluster]
brokers = 3

[[topics]]
name = "orders"
partitions = 1
replication-factor = 3
assignment = [[0, 1, 2]]
config = { "min.insync.replicas" = 2 }

[network]
latency = "1ms"
connect = "4ms"

[[producers]]
id = "shop"
start = "warm"
config = { "enable.idempotence" = false, "request.timeout.ms" = 1000 }

[[producers.sends]]
topic = "orders"
start = "1s"
count = 20
mode = "sync"
value = { bytes = 100 }

[[faults]]
on = { event = "produce-response", producer = "shop", nth = 2 }
do = { lose = "it" }

[expect]
acknowledged = 20
duplicated = 1
duplicate-copies = 1
lost = 0
reordered = 0
requests = 21
retries = 1

[[twins]]
name = "idempotent"
set = { "enable.idempotence" = true }
expect = { acknowledged = 20, duplicated = 0, requests = 21, retries = 1 }
[twins.text.en]
answer = "The broker knows the sequence number and answers with the first copy's offset."
[twins.text.ko]
answer = "브로커가 시퀀스 번호를 알아보고 첫 번째 복사본의 오프셋으로 응답합니다."
"#;
