//! Disks that fill up and become read-only, for real: a small file system of the test's own.
//!
//! `scripts/test lease` makes one, in a mount namespace, and says where it is in `IDGEN_TEST_DISK`.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should panic")]

use std::collections::HashSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use idgen_core::catalog::Settings;
use idgen_core::generator::{Builder, Generator, Shared};
use idgen_core::{GenerateError, Id, Scheme};
use idgen_lease::{FileStore, Health, Lease, LeaseError, Leased, Realm, Store};
use idgen_snowflake::Snowflake;

fn disk() -> PathBuf {
    let Some(disk) = std::env::var_os("IDGEN_TEST_DISK") else {
        panic!("run scripts/test lease, which makes a small disk")
    };
    disk.into()
}

fn lease(folder: &Path) -> Result<Leased<Shared<Snowflake>>, LeaseError> {
    let mut settings = Settings::default();
    settings.max_wait = Some(Duration::from_millis(10));
    let store = FileStore::new(folder).longest_window(Duration::from_millis(500));
    let lease = Lease::of::<Snowflake>(store).settings(settings);
    lease.start(|settings| Builder::<Snowflake>::new().settings(settings).shared())
}

/// Draws until it fails, and gives the error with what was made before.
fn until_it_fails(ids: &Leased<Shared<Snowflake>>) -> (HashSet<Id<Snowflake>>, GenerateError) {
    let mut made = HashSet::new();
    loop {
        match ids.generate() {
            Ok(id) => assert!(made.insert(id), "{id} came twice"),
            Err(error) => return (made, error),
        }
    }
}

fn until_it_works(ids: &Leased<Shared<Snowflake>>) -> Id<Snowflake> {
    loop {
        if let Ok(id) = ids.generate() {
            return id;
        }
    }
}

fn remount(disk: &Path, how: &str) {
    let options = format!("remount,{how}");
    assert!(Command::new("mount").args(["-o", &options]).arg(disk).status().unwrap().success());
}

#[test]
#[ignore = "needs a disk of its own: scripts/test lease"]
fn a_disk_that_fails_stalls_ids_at_the_windows_end_and_they_go_on_when_it_recovers() {
    let disk = disk();
    let ids = lease(&disk.join("state")).unwrap();
    ids.generate().unwrap();

    let ballast = disk.join("ballast");
    let mut file = fs::File::create(&ballast).unwrap();
    // A renewal frees the room of the record that it replaces, which has to be taken as well.
    while ids.health().is_good() {
        file.write_all(&[0; 512]).ok();
    }
    let (before, error) = until_it_fails(&ids);
    assert!(!before.is_empty(), "it stalled before the window's end");
    assert!(error.to_string().contains("is full; make room, and ids go on"), "{error}");
    let Health::Degraded { error, .. } = ids.health() else { panic!("{:?}", ids.health()) };
    assert!(error.to_string().contains("cannot write"), "{error}");
    drop(file);
    fs::remove_file(&ballast).unwrap();
    let next = until_it_works(&ids);
    assert!(before.iter().all(|id| *id < next));

    while !ids.health().is_good() {
        ids.generate().ok();
    }
    drop(ids);

    // A file system cannot be made read-only under an open lock file, but a process can start on one.
    remount(&disk, "ro");
    for (folder, what) in [("state", "cannot lock"), ("other", "cannot make the folder")] {
        let error = lease(&disk.join(folder)).unwrap_err();
        assert!(error.to_string().contains(what), "{error}");
        let LeaseError::Store(error) = error else { panic!("{error}") };
        assert!(error.in_short().contains("is read-only; make it writable"), "{error}");
    }
    // And whoever only looks may look.
    let nodes =
        FileStore::new(disk.join("state")).nodes(&Realm::of(Scheme::of::<Snowflake>())).unwrap();
    assert_eq!((nodes.len(), nodes[0].holder), (1, None));
    remount(&disk, "rw");
    lease(&disk.join("state")).unwrap().generate().unwrap();
}
