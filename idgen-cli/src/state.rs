//! The state folder: where node ids and windows are recorded, and what is told of that.

use std::path::PathBuf;

use clap::Args;
use idgen::generator::ErasedGenerator;
use idgen::lease::{Event, FileStore, Lease, LeaseError, Leased, Realm, StoreError};
use idgen::{Name, Scheme};

use crate::choice::Choice;
use crate::exit::{Failure, note};

/// Waits of so many seconds and more are told of.
const WORTH_TELLING: f64 = 0.2;

#[derive(Args, Clone, Debug)]
pub(crate) struct Folder {
    /// Folder that node ids and windows are recorded in [default: $IDGEN_STATE, $XDG_STATE_HOME/idgen
    /// or ~/.local/state/idgen]
    #[arg(long, value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,
    /// Second folder, on another disk, that everything is recorded in as well
    #[arg(long, value_name = "DIR")]
    pub(crate) replica: Option<PathBuf>,
    /// Namespace that the ids are unique in [default: the scheme's name]
    #[arg(long, value_name = "NAME", value_parser = namespace)]
    pub(crate) namespace: Option<Name>,
}

impl Folder {
    pub(crate) fn store(&self) -> Result<FileStore, Failure> {
        let folder = self.state.clone().or_else(idgen::state_folder).ok_or_else(|| {
            Failure::Usage(
                "no folder to record windows in, as HOME is not set; give --state DIR, or \
                 --node N --stateless to do without"
                    .into(),
            )
        })?;
        let store = FileStore::new(folder);
        Ok(match &self.replica {
            Some(replica) => store.second(replica),
            None => store,
        })
    }

    /// The realm in the namespace that was named, or else in its own.
    pub(crate) fn realm(&self, realm: Realm) -> Realm {
        self.namespace.map_or(realm, |namespace| realm.named(namespace))
    }

    /// Refuses to be named where nothing is recorded.
    pub(crate) fn refuse(&self, scheme: &Scheme) -> Result<(), Failure> {
        if self.state.is_none() && self.replica.is_none() && self.namespace.is_none() {
            return Ok(());
        }
        Err(Failure::Usage(format!(
            "{} ids rest on no node id, so nothing is recorded of them; leave out --state, --replica \
             and --namespace",
            scheme.name
        )))
    }

    /// A generator with a node id that nobody else on the folder has.
    pub(crate) fn lease(
        &self,
        choice: Choice,
    ) -> Result<Leased<Box<dyn ErasedGenerator>>, Failure> {
        let (scheme, settings) = (choice.scheme, choice.settings);
        let realm = self.realm(choice.realm());
        let lease = Lease::new(realm, self.store()?).settings(settings);
        let lease = lease.watch(move |event: &Event| tell(realm.namespace(), event));
        let started = lease.start(move |settings| choice.build(settings));
        started.map_err(|error| match error {
            LeaseError::Build(error) => Choice::failure(&scheme, *error),
            LeaseError::Node(error) => Failure::Usage(error.to_string()),
            LeaseError::Block(error) => Failure::Usage(error.to_string()),
            error @ LeaseError::Drift { .. } => Failure::Usage(error.to_string()),
            LeaseError::Store(error) => failure(&error),
            error => Failure::Data(error.to_string()),
        })
    }
}

/// A store that failed, with the way round it.
pub(crate) fn failure(error: &StoreError) -> Failure {
    if matches!(error, StoreError::SameFolder { .. }) {
        return Failure::Usage(error.to_string());
    }
    Failure::Data(match error {
        StoreError::Io { .. } => format!(
            "{error}; make room for it, or make it writable; another folder (--state DIR) knows nothing of this \
             one's node ids, so give --node N with one that nobody here has"
        ),
        _ => error.to_string(),
    })
}

/// Says on standard error what people should know of.
fn tell(namespace: Name, event: &Event) {
    match event {
        Event::NewStore { begins: Some(begins) } => note(&format!(
            "no records of {namespace} yet: its ids begin at {begins}, after all that removed ones can \
             have granted"
        )),
        Event::NewStore { begins: None } => note(&format!(
            "no records of {namespace} yet: its counters begin at the microseconds since 1970, past removed \
             ones that counted no faster",
        )),
        Event::Waiting { seconds } if *seconds >= WORTH_TELLING => {
            note(&format!("waiting {seconds:.1} s for the first window to begin"));
        }
        Event::ClockBehind { seconds } => note(&format!(
            "the clock is {seconds:.0} s behind the last ids of this node id, so it was set back; going on \
             from those, ahead of it (check date -u)"
        )),
        Event::Failed { error } => note(&format!("windows cannot be renewed: {error}")),
        Event::Recovered => note("windows are renewed again"),
        Event::Lost { error } => note(&format!("{error}; looking for another node id")),
        Event::Damaged { error } => note(&error.to_string()),
        Event::OldRecord { block, written } => note(&format!(
            "the record of node id {} is of {written}; if that is not right, check the clock",
            block.first()
        )),
        _ => {}
    }
}

fn namespace(text: &str) -> Result<Name, String> {
    Name::try_new(text).map_err(|error| error.to_string())
}
