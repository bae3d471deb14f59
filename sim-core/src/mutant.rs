//! Broken twins of the model, to show that the checkers of [`crate::invariant`] see what is wrong: each leaves out one rule
//! of the reference, or does it wrong.
//!
//! They exist with the feature `mutants` only, which nothing but the test of the checkers switches on. Without it [`Broken`]
//! has no size, [`Broken::is`] is `false`, and a hook compiles to nothing.

macro_rules! mutants {
    ($($name:ident = $what:literal,)*) => {
        /// A rule that is broken.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[allow(missing_docs, reason = "each is what its text says")]
        pub enum Mutant {
            $(#[doc = $what] $name,)*
        }

        #[cfg(feature = "mutants")]
        impl Mutant {
            /// Every mutant.
            pub const ALL: &'static [Mutant] = &[$(Mutant::$name,)*];

            /// Its name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Mutant::$name => stringify!($name),)*
                }
            }

            /// What it does.
            pub const fn what(self) -> &'static str {
                match self {
                    $(Mutant::$name => $what,)*
                }
            }
        }
    };
}

mutants! {
    HwAheadOfFollowers = "the high watermark follows the leader's own log end (R11)",
    ProposedShrinkCounts = "who is only proposed to leave the ISR holds nothing back any more (R23)",
    JoiningIgnored = "who is proposed to join the ISR holds nothing back yet (R23)",
    HwUnderMinIsr = "the high watermark advances under min.insync.replicas (R11, 3.7+)",
    FollowersAssumed = "a new leader takes the ISR for caught up before any fetch in its epoch (R13)",
    ExpandBeforeEpochStart = "a follower joins the ISR before it has reached the start of the leader's epoch (R21)",
    FetchEpochUnchecked = "a leader answers and counts fetches of other epochs (3.3 step 1)",
    DivergenceUnchecked = "a leader does not compare epochs with a follower's log (R30)",
    BrokerEpochUnchecked = "a rebooted replica joins the ISR by what it fetched before (KIP-903)",
    PartitionEpochUnchecked = "the controller takes proposals made for an older partition epoch (R24)",
    TruncateToHw = "who becomes a follower cuts its log at its own high watermark (before KIP-101)",
    LaggingElected = "the first living replica leads, in the ISR or not (F7)",
    EpochReused = "a new leader keeps the leader epoch (R27)",
    NobodyElected = "nobody is elected when a member of the ISR returns (4.2)",
    ProposalDropped = "a proposal without an answer is forgotten, though the controller may have accepted it (R25)",
    StaleResponseTaken = "a follower appends the answer to a fetch that it would not make any more (R7)",
    HwUnclamped = "a follower's high watermark runs ahead of its log (R15)",
    HwFalls = "a leader's high watermark falls with its followers (R14)",
    EpochsKept = "a cut log keeps the epochs behind the cut (R32)",
    OldEpochStamped = "a leader stamps every other batch with the epoch before its own (1.6 step 3)",
    SequencesUnchecked = "sequences are not checked (2.2)",
    LastSequenceOnly = "a batch with a sequence that is not new counts as a duplicate of the newest (2.2)",
    ProducersForgotten = "a new leader forgets what its log says of producers (I11)",
    AnsweredFromLogEnd = "acks=all is answered once the leader has appended (P9)",
    AnsweredBeforeAppend = "acks=1 is answered and nothing appended (1.3)",
    AppendedTwice = "a leader appends every batch twice (1.6)",
    RefusedAfterAppend = "NOT_ENOUGH_REPLICAS is answered after the append (P13)",
    ReadToLogEnd = "consumers read to the leader's log end (C1)",
    FetchGivenUp = "a follower never fetches again after an error (R5)",
}

/// How a run's cluster is broken: usually not at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Broken {
    #[cfg(feature = "mutants")]
    by: Option<Mutant>,
}

impl Broken {
    /// Not broken.
    pub const NOT: Broken = Broken {
        #[cfg(feature = "mutants")]
        by: None,
    };

    /// Broken in this way.
    #[cfg(feature = "mutants")]
    pub fn by(mutant: Mutant) -> Broken {
        Broken { by: Some(mutant) }
    }

    /// Whether it is broken in this way.
    #[cfg(feature = "mutants")]
    pub(crate) fn is(self, mutant: Mutant) -> bool {
        self.by == Some(mutant)
    }

    /// Nothing is ever broken.
    #[cfg(not(feature = "mutants"))]
    #[inline(always)]
    #[allow(clippy::unused_self, reason = "the same hooks with the feature and without")]
    pub(crate) const fn is(self, _: Mutant) -> bool {
        false
    }
}
