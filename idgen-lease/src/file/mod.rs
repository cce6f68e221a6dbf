//! The store without a server: a folder, with a small record for each node id.

mod disk;
mod foundings;
mod free;
mod hold;
mod lock;
mod record;
mod release;
mod shelf;
mod store;
mod system;

pub use disk::{Disk, Folder, Lock};
pub use store::FileStore;
pub use system::SystemDisk;

/// What ids of a realm are made of, as text.
pub(crate) fn describe(realm: &crate::Realm) -> String {
    record::Charter::of(realm).describe()
}
