//! What can happen in a world.

use std::fmt;

use idgen_testkit::SplitMix64;

/// What can happen in a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Fault {
    /// A host's clock steps, up to ten minutes either way.
    ClockJump,
    /// A host's clock goes too fast or too slow, by up to 5 %.
    ClockDrift,
    /// A host's clock stands still.
    ClockFreeze,
    /// A host's clock is set right.
    ClockSet,
    /// A process is not run for a while, past its window perhaps.
    Pause,
    /// A process is not run for a while, in the middle of a call of the disk. Meanwhile another takes a
    /// node id, its own if it can be had, makes ids, and goes; where folders may be removed, the folder perhaps
    /// was before.
    PauseInCall,
    /// A process forks, and its child takes the place of another process, which dies.
    Fork,
    /// A process dies.
    Crash,
    /// A process dies in the middle of a call of the disk; what it wrote may be torn.
    CrashInCall,
    /// A process ends in order, and gives back what it did not issue.
    Stop,
    /// A call is carried out, but its caller is told that it failed.
    LostReply,
    /// A call fails.
    FailedCall,
    /// Each call of a process takes long.
    SlowDisk,
    /// Nothing more fits on the disk.
    FullDisk,
    /// There is room on the disk again.
    RoomAgain,
    /// The power fails: all processes die, and what was not durable is gone.
    PowerLoss,
    /// An old backup of one of two folders is put back.
    RestoredBackup,
    /// A record in one of two folders is damaged, or the namespace's.
    DamagedRecord,
    /// Somebody removes one of two folders; or the only one, where clocks are right: the store goes by them then.
    RemovedFolder,
    /// Somebody removes one file of one of two folders: a record, a lock, or the namespace's; or of the only folder a lock,
    /// whoever has it, or a draft, and where clocks are right the namespace's.
    RemovedFile,
    /// The namespace's record in the only folder is damaged, so that nobody starts until somebody ends all processes, sets
    /// the clocks right and removes it.
    DamagedNamespace,
    /// Somebody gives a node id up, or a block of them; and where clocks are right, whatever its mark.
    Release,
    /// A folder is made by a clock that is ahead, by eight longest windows and ten minutes at most; or by a year, and then somebody whose clock is
    /// right gives up a node id whatever its mark. In the beginning of a world.
    FoundedAhead,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 23] = [
        Self::ClockJump,
        Self::ClockDrift,
        Self::ClockFreeze,
        Self::ClockSet,
        Self::Pause,
        Self::PauseInCall,
        Self::Fork,
        Self::Crash,
        Self::CrashInCall,
        Self::Stop,
        Self::LostReply,
        Self::FailedCall,
        Self::SlowDisk,
        Self::FullDisk,
        Self::RoomAgain,
        Self::PowerLoss,
        Self::RestoredBackup,
        Self::DamagedRecord,
        Self::RemovedFolder,
        Self::RemovedFile,
        Self::DamagedNamespace,
        Self::Release,
        Self::FoundedAhead,
    ];

    /// One that can happen in a world whose clocks may be wrong, or not, and which has a second
    /// folder, or not.
    pub(crate) fn any(random: &mut SplitMix64, wild: bool, second: bool) -> Self {
        loop {
            let fault = Self::ALL[pick(random, Self::ALL.len())];
            let clocks = matches!(fault, Self::ClockJump | Self::ClockDrift | Self::ClockFreeze);
            let twofold = matches!(fault, Self::RestoredBackup | Self::DamagedRecord);
            let rare = matches!(
                fault,
                Self::RemovedFolder
                    | Self::PowerLoss
                    | Self::FullDisk
                    | Self::ClockFreeze
                    | Self::DamagedNamespace
            );
            let possible = (wild || !clocks)
                && (second || !twofold)
                && (second || !wild || fault != Self::RemovedFolder)
                && (!second || fault != Self::DamagedNamespace)
                && fault != Self::FoundedAhead;
            if possible && (!rare || random.below(3) == 0) {
                return fault;
            }
        }
    }
}

/// An index below a length.
pub(crate) fn pick(random: &mut SplitMix64, len: usize) -> usize {
    usize::try_from(random.below(len as u64)).unwrap_or(0)
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The names are words: ClockJump is a clock jump.
        let mut text = String::new();
        for letter in format!("{self:?}").chars() {
            if letter.is_uppercase() && !text.is_empty() {
                text.push(' ');
            }
            text.extend(letter.to_lowercase());
        }
        f.pad(&text)
    }
}
