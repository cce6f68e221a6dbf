//! Any bytes are a record or an error, and whoever takes its node id begins at its mark or later.
#![no_main]

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use idgen::clock::ScriptedClock;
use idgen::lease::{Ask, Disk, FileStore, Folder, Lock, Realm, Store, StoreError, Wanted};
use idgen::snowflake::Snowflake;
use idgen::{Scheme, UnixTime};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|json: &[u8]| {
    let realm = Realm::of(Scheme::of::<Snowflake>());
    let block = realm.block(3, 0).expect("the layout has it");
    for checksum in [crc32fast::hash(json), 0] {
        let mut bytes = json.to_vec();
        bytes.extend_from_slice(format!("\ncrc32 {checksum:08x}\n").as_bytes());
        let disk = Memory::default();
        disk.files().insert("node-3.json".into(), bytes);
        let clock = ScriptedClock::at(UnixTime::from_seconds(1_700_000_000));
        let store = FileStore::on("/", disk, clock);
        let nodes = store.nodes(&realm);
        let taken = store.acquire(&realm, Wanted::This(block), &|_| ());
        let granted = taken.and_then(|mut hold| hold.grant(Ask { from: 0, length: 10 }));
        match (nodes, granted) {
            (Ok(nodes), Ok(window)) => {
                assert!(nodes.iter().all(|node| !node.damaged && window.start() >= node.mark));
            }
            (Ok(nodes), Err(StoreError::Damaged { .. })) => {
                assert!(nodes.iter().all(|node| node.damaged));
            }
            (Ok(_), Err(StoreError::Refused { .. })) => {}
            (Err(error), Err(again)) => assert_eq!(error.to_string(), again.to_string()),
            (nodes, granted) => panic!("{nodes:?} {granted:?}"),
        }
    }
});

/// One folder's files in memory.
#[derive(Clone, Debug, Default)]
struct Memory {
    files: Arc<Mutex<HashMap<String, Vec<u8>>>>,
}

impl Memory {
    fn files(&self) -> MutexGuard<'_, HashMap<String, Vec<u8>>> {
        self.files.lock().expect("one thread")
    }
}

#[derive(Debug)]
struct Locked;

impl Lock for Locked {
    fn is_in_place(&self) -> io::Result<bool> {
        Ok(true)
    }

    fn note(&mut self, _: &str) -> io::Result<()> {
        Ok(())
    }
}

impl Disk for Memory {
    fn create_folder(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn open_folder(&self, _: &Path) -> io::Result<Box<dyn Folder>> {
        Ok(Box::new(self.clone()))
    }
}

impl Folder for Memory {
    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.files().keys().cloned().collect())
    }

    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        Ok(self.files().get(name).cloned())
    }

    fn write(&self, name: &str, contents: &[u8]) -> io::Result<()> {
        self.files().insert(name.into(), contents.into());
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut files = self.files();
        let contents = files.remove(from).ok_or(io::ErrorKind::NotFound)?;
        files.insert(to.into(), contents);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn try_lock(&self, _: &str, _: bool) -> io::Result<Option<Box<dyn Lock>>> {
        Ok(Some(Box::new(Locked)))
    }

    fn is_locked(&self, _: &str) -> io::Result<bool> {
        Ok(false)
    }
}
