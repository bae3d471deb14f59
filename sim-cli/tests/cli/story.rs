//! What `inflight run` tells: the README's first command, its twin, and stories of another kind.

use crate::calls::printed;

#[test]
fn a_lost_answer_becomes_a_duplicate() {
    insta::assert_snapshot!(printed(&["run", "lost-ack-duplicates"]));
}

#[test]
fn the_same_in_korean() {
    insta::assert_snapshot!(printed(&["run", "lost-ack-duplicates", "--lang", "ko"]));
}

#[test]
fn the_twin_shows_how_the_copy_is_recognised() {
    insta::assert_snapshot!(printed(&["run", "lost-ack-duplicates", "--twin", "idempotent"]));
}

/// Many findings of one kind are named by their first ones and counted.
#[test]
fn a_clean_move_loses_records() {
    insta::assert_snapshot!(printed(&["run", "acks1-clean-move"]));
}

#[test]
fn a_reset_turns_the_order_round() {
    insta::assert_snapshot!(printed(&["run", "reset-reverses"]));
}

/// That the record is there is told when it is written, not only among the findings.
#[test]
fn what_was_written_though_it_failed_has_its_line() {
    let story = printed(&["run", "timed-out-but-written"]);
    let line = "1.017 s  broker 0 appends batch shop/4 to orders-0 at offset 4: no callback says so";
    assert!(story.contains(line), "{story}");
    let story = printed(&["run", "timed-out-but-written", "--lang", "ko"]);
    assert!(
        story.contains("배치 shop/4 내용을 orders-0 오프셋 4에 추가합니다. 콜백으로는 알 수 없습니다"),
        "{story}"
    );
}

/// A failure that comes again and again is one line.
#[test]
fn the_first_batch_leaves_a_hole() {
    insta::assert_snapshot!(printed(&["run", "first-batch-hole"]));
}

/// The file's own answer speaks of the file as it is: with other settings it is a twin's answer, or none.
#[test]
fn other_settings_have_another_answer() {
    let file = "did what it should: it sent again";
    let twin = "The broker knows the sequence number";
    let told = |set: &str| printed(&["run", "lost-ack-duplicates", "--set", set]);
    let answers = |story: &str| [file, twin].map(|answer| story.contains(answer));
    assert_eq!(answers(&printed(&["run", "lost-ack-duplicates"])), [true, false]);
    assert_eq!(answers(&told("enable.idempotence=true")), [false, true]);
    assert_eq!(answers(&told("acks=1")), [false, false]);
}

#[test]
fn every_command_that_a_story_proposes_works() {
    works(&printed(&["run", "lost-ack-duplicates"]));
    works(&printed(&["run", "lost-ack-duplicates", "--set", "acks=1"]));
    works(&printed(&["run", "lost-ack-duplicates", "--twin", "idempotent", "--set", "linger.ms=0"]));
}

fn works(story: &str) {
    let proposed: Vec<&str> =
        story.lines().filter_map(|line| line.trim().strip_prefix("inflight ")).collect();
    assert_eq!(proposed.len(), 2, "{story}");
    for command in proposed {
        printed(&command.split(' ').collect::<Vec<_>>());
    }
}
