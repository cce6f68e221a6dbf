//! The store without a server: a folder, with a small record for each node id.

mod disk;
mod hold;
mod lock;
mod record;
mod shelf;
mod store;

pub use disk::{Disk, Lock, SystemDisk};
pub use store::FileStore;

/// What ids of a realm are made of, as text.
pub(crate) fn describe(realm: &crate::Realm) -> String {
    record::Charter::of(realm).describe()
}
