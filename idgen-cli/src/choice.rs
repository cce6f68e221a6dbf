//! Which scheme and settings the arguments choose.

use std::fs;
use std::path::Path;
use std::time::Duration;

use idgen::catalog::{Entry, Settings};
use idgen::config::{Validated, validate_config};
use idgen::generator::{BuildError, Builder, ErasedGenerator, Start};
use idgen::lease::Realm;
use idgen::{Name, Scheme, Timebase};

use crate::arguments::Custom;
use crate::exit::Failure;

/// The name of schemes that have none.
const CUSTOM: Name = Name::new("custom");

/// A scheme, and how to generate its ids.
pub(crate) struct Choice {
    pub(crate) scheme: Scheme,
    pub(crate) settings: Settings,
    /// The catalog's entry, where the scheme is just that.
    entry: Option<&'static Entry>,
    /// Whether flags have changed the scheme, so that its name does not say what it is.
    pub(crate) altered: bool,
}

impl Choice {
    /// The scheme that was described, or else the one of this name.
    pub(crate) fn of(name: &str, custom: &Custom) -> Result<Self, Failure> {
        let mut choice = match (&custom.config, &custom.layout) {
            (Some(file), _) => {
                let Validated { scheme, settings, .. } = configuration(file)?;
                Self { scheme, settings, entry: None, altered: false }
            }
            (None, Some(layout)) => {
                let scheme = Scheme {
                    name: CUSTOM,
                    layout: *layout,
                    timebase: None,
                    text: idgen::text::Form::Decimal,
                };
                Self { scheme, settings: Settings::default(), entry: None, altered: true }
            }
            (None, None) => Self::named(name)?,
        };
        choice.set_timebase(custom)?;
        Ok(choice)
    }

    fn named(name: &str) -> Result<Self, Failure> {
        let entry = entry(name)?;
        if !entry.generates() {
            return Err(usage(format!("{name} ids are made of names; see idgen name --help")));
        }
        Ok(Self {
            scheme: entry.scheme,
            settings: Settings::default(),
            entry: Some(entry),
            altered: false,
        })
    }

    /// A layout with so many node bits, in place of the scheme's.
    pub(crate) fn set_node_bits(&mut self, bits: u8) -> Result<(), Failure> {
        self.scheme.layout = format!("41:{bits}:{}", 22 - bits).parse().map_err(usage)?;
        self.scheme.name = CUSTOM;
        self.entry = None;
        self.altered = true;
        Ok(())
    }

    /// An epoch or a tick length in place of the scheme's.
    fn set_timebase(&mut self, custom: &Custom) -> Result<(), Failure> {
        if custom.epoch.is_none() && custom.tick.is_none() {
            return Ok(());
        }
        let base = self.scheme.timebase;
        let tick = custom.tick.or(base.map(|base| base.tick()));
        let epoch = custom.epoch.or(base.map(|base| base.epoch()));
        let epoch = epoch.ok_or_else(|| usage("--tick needs --epoch here"))?;
        let timebase = Timebase::try_new(epoch, tick.unwrap_or(Duration::from_millis(1)));
        self.scheme.timebase = Some(timebase.map_err(usage)?);
        self.entry = None;
        self.altered = true;
        Ok(())
    }

    /// Its namespace is its name where that says what it is.
    pub(crate) fn realm(&self) -> Realm {
        if self.altered { Realm::by_layout(self.scheme) } else { Realm::of(self.scheme) }
    }

    /// Whether nobody else may have the node id, which has to be locked then.
    pub(crate) fn needs_node(&self) -> bool {
        self.settings.node.is_some() || self.entry.is_none_or(Entry::needs_node)
    }

    /// Builds a generator that issues nothing: so what is wrong with scheme and settings is said before
    /// anything is waited for or recorded.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let mut settings = self.settings;
        if self.needs_node() {
            settings.node = settings.node.or(Some(0));
            settings.start = Start::Nothing;
        }
        self.build(&settings).map(drop).map_err(|error| Self::failure(&self.scheme, error))
    }

    /// A generator with its own settings, and no lease of a node id.
    pub(crate) fn generator(&self) -> Result<Box<dyn ErasedGenerator>, Failure> {
        self.build(&self.settings).map_err(|error| Self::failure(&self.scheme, error))
    }

    /// A generator with these settings.
    pub(crate) fn build(
        &self,
        settings: &Settings,
    ) -> Result<Box<dyn ErasedGenerator>, BuildError> {
        match self.entry.and_then(|entry| entry.generator(settings)) {
            Some(built) => built,
            None => Builder::of(self.scheme).settings(settings).erased(),
        }
    }

    /// A fault of the settings is one of usage, one of the clock is not.
    pub(crate) fn failure(scheme: &Scheme, error: BuildError) -> Failure {
        match error {
            BuildError::Time(_) | BuildError::Window(_) | BuildError::Ticker { .. } => {
                Failure::Data(format!("{}: {error}", scheme.name))
            }
            BuildError::Ended { .. } => Failure::Data(error.to_string()),
            _ => usage(error),
        }
    }
}

/// The catalog's entry of this name.
pub(crate) fn entry(name: &str) -> Result<&'static Entry, Failure> {
    idgen::find(name).ok_or_else(|| usage(format!("'{name}' is no scheme; see idgen schemes")))
}

/// What a configuration file says.
pub(crate) fn configuration(file: &Path) -> Result<Validated, Failure> {
    let shown = file.display();
    let text = fs::read_to_string(file)
        .map_err(|error| Failure::Data(format!("cannot read {shown}: {error}")))?;
    validate_config(&text).map_err(|error| Failure::Data(format!("in {shown}:\n{error}")))
}

fn usage(message: impl ToString) -> Failure {
    Failure::Usage(message.to_string())
}
