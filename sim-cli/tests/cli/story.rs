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

/// A failure that comes again and again is one line.
#[test]
fn the_first_batch_leaves_a_hole() {
    insta::assert_snapshot!(printed(&["run", "first-batch-hole"]));
}

#[test]
fn every_command_that_a_story_proposes_works() {
    let story = printed(&["run", "lost-ack-duplicates"]);
    let proposed: Vec<&str> =
        story.lines().filter_map(|line| line.trim().strip_prefix("inflight ")).collect();
    assert_eq!(proposed.len(), 2, "{story}");
    for command in proposed {
        printed(&command.split(' ').collect::<Vec<_>>());
    }
}
