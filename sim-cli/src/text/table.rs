//! The table of phrases. Configuration keys, error names and Kafka's own words stay as they are in both languages.

macro_rules! phrases {
    ($($name:ident: $english:literal, $korean:literal;)*) => {
        /// Something that the command says; its gaps, `{name}`, are filled in by [`crate::args::Lang::say`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Phrase {
            $($name,)*
        }

        impl Phrase {
            /// Every phrase.
            #[cfg(test)]
            pub(crate) const ALL: &'static [Phrase] = &[$(Phrase::$name,)*];

            /// English and Korean.
            pub(super) const fn texts(self) -> (&'static str, &'static str) {
                match self {
                    $(Phrase::$name => ($english, $korean),)*
                }
            }
        }
    };
}

phrases! {
    // Headings of a story.
    Setup: "Setup", "구성";
    Happened: "What happened", "일어난 일";
    Records: "Records", "레코드";
    FindingsTitle: "Findings", "발견";
    VerdictTitle: "Verdict", "판정";
    Next: "Try next", "다음에 해 볼 것";

    // Setup.
    ClusterLine: "{brokers} broker{s:brokers}, one-way latency {latency}", "브로커 {brokers}대, 편도 지연 {latency}";
    ColdClusterLine: "{brokers} broker{s:brokers} that start at t=0, one-way latency {latency}", "t=0에 시작하는 브로커 {brokers}대, 편도 지연 {latency}";
    TopicLine: "{partitions} partition{s:partitions}, {replicas} replica{s:replicas}", "파티션 {partitions}개, 레플리카 {replicas}개";
    StreamLine: "{count} record{s:count} to {topic}, {pace}, {mode}", "{topic} 토픽으로 레코드 {count}건, {pace}, {mode}";
    SyncStreamLine: "{count} record{s:count} to {topic}, {mode}", "{topic} 토픽으로 레코드 {count}건, {mode}";
    ConsumerLine: "reads {topics}", "{topics} 읽음";
    DefaultIs: "default {value}", "기본값 {value}";
    OnlyDefaults: "everything else as {profile} has it by default", "나머지는 모두 {profile} 기본값";
    FaultLine: "fault {number}", "결함 {number}";
    PaceBurst: "all at once", "한꺼번에";
    PaceEvery: "one every {interval}", "{interval}마다 한 건";
    PaceRate: "{rate}/s at random", "초당 평균 {rate}건";
    PaceOutstanding: "{count} unanswered at a time", "응답 대기 최대 {count}건";
    PaceAt: "at given times", "정해진 시각에";
    ModeAsync: "asynchronously", "비동기 전송";
    ModeSync: "synchronously", "동기 전송";
    ModeForget: "fire and forget", "파이어 앤 포겟";

    // The time line.
    FirstSend: "{producer} calls send() for the first time ({record})", "{producer}: 첫 send() 호출 ({record})";
    FaultBegins: "fault {number} begins: {fault}", "결함 {number} 시작: {fault}";
    FaultRefused: "fault {number} changes nothing: {why}", "결함 {number}: 바뀌는 것이 없습니다 ({why})";
    FaultOver: "fault {number} is over: {fault}", "결함 {number} 종료: {fault}";
    ChaosBegins: "chaos: {fault} begins", "무작위 결함 시작: {fault}";
    ChaosOver: "chaos: {fault} is over", "무작위 결함 종료: {fault}";
    ProduceRequestLost: "the request with batch {batch} never reaches broker {broker} ({by})",
        "배치 {batch}의 요청이 브로커 {broker}에 도착하지 못했습니다 ({by})";
    ProduceResponseLost: "broker {broker}'s answer for batch {batch} never reaches {producer} ({by})",
        "배치 {batch}에 대한 브로커 {broker}의 응답이 {producer}에 도착하지 못했습니다 ({by})";
    MessageLost: "a {message} between {one} and {other} is lost ({by})",
        "{one}, {other} 사이의 {message} 메시지가 사라졌습니다 ({by})";
    RequestTimesOut: "{producer} has waited too long for broker {broker} (request.timeout.ms): it closes the connection, with everything in flight on it",
        "{producer}: 브로커 {broker}의 응답이 request.timeout.ms 안에 오지 않아 연결을 닫습니다. 그 연결의 인플라이트 요청도 모두 취소됩니다";
    ConnectionReset: "the connection between {one} and {other} is reset", "{one}, {other} 사이의 연결이 리셋되었습니다";
    RetryQueued: "{producer} puts batch {batch} back to send it again: {error}, back-off {backoff}",
        "{producer}: 배치 {batch} 재시도 대기열로 되돌림: {error}, 백오프 {backoff}";
    CopyAppended: "broker {broker} appends batch {batch} to {partition} at offset {offset}: records that are there already",
        "브로커 {broker}: 배치 {batch} 내용을 {partition} 오프셋 {offset}에 또 추가합니다. 이미 저장된 레코드입니다";
    LateAppended: "broker {broker} appends batch {batch} to {partition} at offset {offset}: behind records that were sent later",
        "브로커 {broker}: 배치 {batch} 내용을 {partition} 오프셋 {offset}에 추가합니다. 나중에 보낸 레코드보다 뒤입니다";
    UnheardAppended: "broker {broker} appends batch {batch} to {partition} at offset {offset}: no callback says so",
        "브로커 {broker}: 배치 {batch} 내용을 {partition} 오프셋 {offset}에 추가합니다. 콜백으로는 알 수 없습니다";
    CopyRecognised: "broker {broker} knows the sequence of batch {batch}: nothing appended, it answers with the first copy's offset {offset}",
        "브로커 {broker}: 배치 {batch}의 시퀀스를 알아보고 추가하지 않습니다. 첫 복사본의 오프셋 {offset}로 응답합니다";
    AppendRefused: "broker {broker} refuses batch {batch} for {partition}: {error}",
        "브로커 {broker}: {partition} 배치 {batch} 거절: {error}";
    BatchExpired: "delivery.timeout.ms of batch {batch} is over ({records} record{s:records}, in {place})",
        "배치 {batch}의 delivery.timeout.ms 초과 (레코드 {records}건, {place})";
    BatchSplit: "batch {batch} is too large for the broker: split into {parts}",
        "배치 {batch} 크기를 브로커가 받지 않아 {parts}개로 나눕니다";
    EpochBumped: "{producer} raises its epoch to {epoch}: {partition} starts again at sequence 0",
        "{producer}: 에포크를 {epoch}(으)로 올립니다. {partition} 시퀀스는 0부터 다시 시작합니다";
    NewProducerId: "{producer} works with producer id {id}, epoch {epoch}, from now on",
        "{producer}: 이제부터 프로듀서 ID {id}, 에포크 {epoch}";
    RecordFailed: "the callback of {record} gets {error}", "{record}의 콜백이 {error} 예외를 받습니다";
    RecordRejected: "send() of {record} fails: {error}", "{record}의 send() 실패: {error}";
    SendWaits: "send() of {record} has to wait ({on})", "{record}: send()가 기다립니다 ({on})";
    SlowestRecord: "the callback of {record} comes {latency} after its send()", "{record}: send() 호출 {latency} 뒤에 콜백이 옵니다";
    BrokerStops: "broker {broker} stops ({by})", "브로커 {broker} 정지 ({by})";
    BrokerLosesPower: "broker {broker} loses power: nothing is reset, it just falls silent",
        "브로커 {broker} 전원 장애: 연결 리셋도 없이 조용해집니다";
    BrokerStandsStill: "broker {broker} stands still (pause); its sockets stay open, what comes piles up",
        "브로커 {broker} 멈춤 (pause). 소켓은 열려 있고 들어오는 요청은 쌓입니다";
    BrokerGoesOn: "broker {broker} goes on, first with all that has piled up",
        "브로커 {broker} 다시 움직임. 쌓인 요청부터 처리합니다";
    BrokerStarts: "broker {broker} runs again ({by})", "브로커 {broker} 다시 동작 ({by})";
    BrokerFenced: "the controller fences broker {broker}", "컨트롤러가 브로커 {broker}를 펜싱합니다";
    BrokerUnfenced: "the controller counts on broker {broker} again", "컨트롤러가 브로커 {broker}의 펜싱을 풉니다";
    LeaderElected: "broker {leader} is elected leader of {partition} (epoch {epoch}, ISR {isr})",
        "{partition}의 새 리더: 브로커 {leader} (에포크 {epoch}, ISR {isr})";
    LeaderElectedUncleanly: "broker {leader}, which may lack records, is elected leader of {partition} (unclean, epoch {epoch})",
        "{partition}의 새 리더: 레코드가 빠졌을 수 있는 브로커 {leader} (언클린 리더 선출, 에포크 {epoch})";
    LeaderHandedOver: "{partition} is handed over to broker {leader} (epoch {epoch}, ISR {isr})",
        "{partition}의 리더를 브로커 {leader}에 넘깁니다 (에포크 {epoch}, ISR {isr})";
    LeaderGone: "{partition} has no leader", "{partition}에 리더가 없습니다";
    IsrShrinks: "the ISR of {partition} shrinks to {isr}", "{partition}의 ISR이 {isr}(으)로 줄어듭니다";
    IsrShrinksWithElr: "the ISR of {partition} shrinks to {isr}; {elr} may lead as well (ELR)",
        "{partition}의 ISR이 {isr}(으)로 줄어듭니다. 리더가 될 수 있는 ELR: {elr}";
    ElrChanges: "the eligible leader replicas of {partition} are {elr} now", "{partition}의 ELR이 {elr}(으)로 바뀝니다";
    IsrGrows: "the ISR of {partition} is {isr} again", "{partition}의 ISR이 {isr}(으)로 늘어납니다";
    LogCut: "broker {broker} cuts its log of {partition} from {from} back to {to}",
        "브로커 {broker}: {partition} 로그를 {from}에서 {to}까지 잘라냅니다";
    TailLost: "the end of broker {broker}'s log of {partition} was in the page cache only: it ends at {to} now, not at {from}",
        "브로커 {broker}: {partition} 로그의 끝은 페이지 캐시에만 있었습니다. 로그 끝이 {from}에서 {to}(으)로 줄어듭니다";
    LeaderLearned: "{client} learns that broker {leader} leads {partition}", "{client}: {partition}의 리더가 브로커 {leader}임을 알게 됩니다";
    CloseCalled: "{producer} calls close()", "{producer}: close() 호출";
    CloseReturned: "{producer} is closed", "{producer}: close() 완료";
    FlushCalled: "{producer} calls flush()", "{producer}: flush() 호출";
    FlushReturned: "flush() of {producer} returns", "{producer}: flush() 반환";
    RunSettled: "everything is settled", "더 일어날 일이 없습니다";
    RunStopped: "the run is stopped here (stop)", "여기서 실행을 멈춥니다 (stop)";
    AndMore: "{count} times until {time}", "{time}까지 {count}번";
    MoreRows: "{count} less important event{s:count} left out: --verbose shows them", "덜 중요한 사건 {count}건 생략: --verbose로 볼 수 있습니다";
    InQueue: "the queue", "대기열에서";
    InFlight: "flight", "인플라이트 상태에서";

    TheBroker: "broker {broker}", "브로커 {broker}";
    TheController: "the controller", "컨트롤러";

    // What became of the records.
    Sent: "{count} sent", "전송 {count}건";
    Acknowledged: "{count} acknowledged", "성공 응답 {count}건";
    Unconfirmed: "{count} unconfirmed", "미확인 {count}건";
    Failed: "{count} failed", "실패 {count}건";
    Rejected: "{count} rejected", "거부됨 {count}건";
    Pending: "{count} pending", "미정 {count}건";
    LatencyLine: "latency p50 {p50}, p99 {p99}, max {max}", "지연 p50 {p50}, p99 {p99}, 최대 {max}";
    BlockedLine: "longest send() {max}", "가장 오래 걸린 send() {max}";
    RequestLine: "{requests} Produce request{s:requests}, {retries} batch{es:retries} sent again", "Produce 요청 {requests}번, 다시 보낸 배치 {retries}개";
    ConsumerRead: "{consumer} read {count} record{s:count}, lag {lag}", "{consumer}: 레코드 {count}건 읽음, 지연(lag) {lag}";
    ConsumerGone: "{count} of them no longer in any log", "그중 {count}건은 이제 어느 로그에도 없음";
    ConsumerDecoded: "values right {right}, wrong {wrong}, not readable {failed}", "값: 맞음 {right}, 틀림 {wrong}, 읽지 못함 {failed}";
    SplitKeys: "{count} key{s:count} found in more than one partition", "키 {count}개가 둘 이상의 파티션에 있습니다";

    // Findings.
    NothingFound: "none: each record is where the application thinks it is, once and in order",
        "없음: 모든 레코드가 애플리케이션이 아는 그대로, 한 번씩, 순서대로 있습니다";
    NothingLostHere: "none: nothing was told as success that is not there", "없음: 성공이라고 들은 레코드는 모두 있습니다";
    Lost: "lost", "유실";
    Duplicated: "duplicated", "중복";
    Reordered: "reordered", "순서 역전";
    WrittenThoughFailed: "written though failed", "실패했지만 저장됨";
    Gap: "gap", "구멍(gap)";
    FindingCount: "{count} record{s:count}", "레코드 {count}건";
    CopiesToo: "copies too many: {copies}", "여분의 복사본 {copies}개";
    AtOffsets: "{partition} at offset {offsets}", "{partition} 오프셋 {offsets}";
    ToldWas: "told: {told}", "들은 결과: {told}";
    Allowed: "allowed", "허용됨";
    Forbidden: "NOT ALLOWED", "허용되지 않음";
    CausedBy: "event {seq}", "사건 {seq}";
    MoreFindings: "and {count} more", "외 {count}건";

    // The verdict.
    PromisedIs: "promised: {guarantee}", "약속: {guarantee}";
    InOrder: "in order", "순서 유지";
    OutOfOrder: "out of order", "순서 깨짐";
    OrderPromised: "order promised", "순서 약속됨";
    OrderNotPromised: "order not promised", "순서는 약속되지 않음";
    ExactlyOnce: "exactly-once", "정확히 한 번(exactly-once)";
    AtLeastOnce: "at-least-once", "최소 한 번(at-least-once)";
    AtMostOnce: "at-most-once", "최대 한 번(at-most-once)";
    NoGuarantee: "none", "보장 없음(none)";

    // Words for what the application was told.
    ToldAcknowledged: "acknowledged", "성공 응답을 받음";
    ToldUnconfirmed: "unconfirmed", "미확인";
    ToldFailed: "failed", "실패";
    ToldRejected: "rejected", "거부됨";
    ToldPending: "pending", "미정(pending)";

    // Comparison.
    RowRequests: "Produce requests", "Produce 요청";
    RowRetries: "batches sent again", "다시 보낸 배치";
    RowLatency: "latency {quantile}", "지연 {quantile}";
    RowLogEnds: "log end offsets, added up", "로그 끝 오프셋 합";
    RowEnd: "end of the run", "실행이 끝난 시각";
    RowPromised: "promised", "약속";
    NoDifference: "no difference in settings", "설정 차이 없음";
    SameTrace: "the same, event by event ({events} events)", "사건 하나하나까지 같습니다 (사건 {events}건)";
    PartAt: "the first field that differs, in event {seq}", "값이 처음 달라지는 사건 {seq}";
    DeedsPartAt: "the first thing that happens differently, event {seq}", "일어나는 일이 처음 달라지는 사건 {seq}";
    FirstDivergence: "Where they part", "갈라지는 곳";
    Settings: "Settings", "설정";
    Outcome: "Outcome", "결과";
    NoMoreEvents: "(no more events)", "(더 이상 사건 없음)";
}
