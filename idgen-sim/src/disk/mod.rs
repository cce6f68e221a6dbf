//! A disk that forgets what was not synced, and as a process sees it.

mod handle;
mod platter;

pub(crate) use handle::SimDisk;
pub(crate) use platter::Platter;
