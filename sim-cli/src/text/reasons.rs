//! Why a finding is allowed or not, in both languages: the English is the library's own.

use sim_core::verdict::Because;

use crate::args::Lang;

/// The reason in a sentence.
pub(crate) fn because(lang: Lang, because: Because) -> &'static str {
    match lang {
        Lang::En => because.text(),
        Lang::Ko => korean(because),
    }
}

const fn korean(because: Because) -> &'static str {
    match because {
        Because::AcksZero => "acks=0: 소켓에 쓰면 보낸 것으로 치며, 도착했는지는 아무도 알려 주지 않습니다",
        Because::AcksOne => {
            "acks=1: 팔로워가 복제하기 전에 리더가 응답하므로 다음 리더에는 그 레코드가 없을 수 있습니다"
        }
        Because::UncleanElection => {
            "언클린 리더 선출은 성공 응답이 나간 레코드가 없는 레플리카를 리더로 뽑을 수 있습니다"
        }
        Because::DiskLost => {
            "성공 응답은 페이지 캐시까지만 뜻합니다. 리더가 될 수 있는 모든 레플리카가 디스크에 내리지 않은 데이터를 잃었습니다"
        }
        Because::OldMinIsr => {
            "min.insync.replicas를 올렸지만 아직 알지 못한 리더가, 리더 자격이 있는 레플리카에 없는 레코드를 혼자 커밋했습니다"
        }
        Because::RetryUnrecognised => "멱등성이 없으면 브로커는 재시도와 새 레코드를 구분하지 못합니다",
        Because::Resent => {
            "애플리케이션이 다시 send()를 호출했습니다. 프로듀서에게는 새 시퀀스 번호를 가진 새 레코드입니다"
        }
        Because::Restarted => {
            "프로듀서가 다시 시작되었습니다. 새 프로듀서 ID이므로 이전에 보낸 레코드와 이어지지 않습니다"
        }
        Because::EpochBumped => "프로듀서가 에포크를 올리고, 이미 저장된 배치의 시퀀스를 다시 매겼습니다",
        Because::StateExpired => "브로커가 오래 쉬던 프로듀서의 시퀀스 번호를 잊었습니다",
        Because::SequenceReused => {
            "2.7 이전 클라이언트는 시퀀스 번호를 두 번 쓸 수 있습니다. 2.5 이전에는 실패한 배치의 번호를 다음 배치에 다시 쓰고(KIP-360), 2.5와 2.6에서는 이전 에포크의 배치에 응답이 늦게 올 때 그렇습니다. 앞 배치가 저장되어 있었다면 브로커는 다음 배치를 그 복사본으로 봅니다"
        }
        Because::PassedOver => {
            "브로커는 이 프로듀서를 처음 보아 뒤 배치를 첫 배치로 받아들였고, 앞 배치는 새 에포크로 번호를 다시 받아 그 뒤에 저장되었습니다"
        }
        Because::SeveralInFlight => {
            "멱등성 없이 여러 요청이 인플라이트였습니다. 재시도가 뒤 배치보다 늦게 저장됩니다"
        }
        Because::FailedLate => {
            "실패로 들었거나 결과를 듣지 못한 레코드입니다. 포기한 요청도 늦게 도착할 수 있습니다"
        }
        Because::FailureProvesNothing => {
            "콜백의 실패는 저장되지 않았다는 증거가 아닙니다. 없었던 것은 레코드가 아니라 응답입니다"
        }
        Because::HoleAfterFailure => {
            "순서는 성공한 레코드 사이에서 약속됩니다. 실패한 레코드는 구멍을 남깁니다"
        }
        Because::LossForbidden => {
            "이 설정은 성공 응답을 받은 레코드가 유실되지 않는다고 약속합니다. 주입한 결함으로 설명되지 않습니다"
        }
        Because::CopyForbidden => {
            "이 설정은 레코드마다 복사본이 하나라고 약속합니다. 주입한 결함으로 설명되지 않습니다"
        }
        Because::DisorderForbidden => "이 설정은 send() 순서를 약속합니다. 주입한 결함으로 설명되지 않습니다",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_korean_sentence_of_its_own() {
        let sentences: std::collections::BTreeSet<&str> =
            Because::ALL.iter().map(|&reason| because(Lang::Ko, reason)).collect();
        assert_eq!(sentences.len(), Because::ALL.len());
    }
}
