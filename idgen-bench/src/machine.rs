//! What it was measured on.

use std::fmt;
use std::fs;

/// The machine, as far as it tells.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Machine {
    /// The processor's name.
    pub processor: String,
    /// Threads that it runs at once.
    pub threads: usize,
    /// Memory in MiB; 0 where it is not told.
    pub memory_mib: u64,
    /// The operating system and its version.
    pub system: String,
    /// The compiler that this program was built with, and its version.
    pub compiler: &'static str,
}

impl Machine {
    /// This one.
    #[must_use]
    pub fn here() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let value = |text: &str, key: &str| {
            let line = text.lines().find(|line| line.starts_with(key));
            line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim().to_owned())
        };
        let processor = value(&read("/proc/cpuinfo"), "model name");
        let memory = value(&read("/proc/meminfo"), "MemTotal").unwrap_or_default();
        let kib: u64 = memory.trim_end_matches(" kB").parse().unwrap_or(0);
        let release = read("/proc/sys/kernel/osrelease");
        Self {
            processor: processor.unwrap_or_else(|| std::env::consts::ARCH.into()),
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            memory_mib: kib / 1_024,
            system: format!("{} {}", std::env::consts::OS, release.trim()).trim().into(),
            compiler: env!("IDGEN_COMPILER"),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { processor, threads, memory_mib, system, compiler } = self;
        write!(f, "{processor}, {threads} threads, {memory_mib} MiB, {system}, {compiler}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_where_it_is() {
        let here = Machine::here();
        assert!(here.threads > 0 && !here.processor.is_empty());
        assert!(here.to_string().contains(std::env::consts::OS));
        assert!(here.compiler.starts_with("rustc 1."), "{}", here.compiler);
    }
}
