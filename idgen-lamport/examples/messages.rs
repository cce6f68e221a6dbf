//! Processes that send each other messages, each with its own idea of the time.
//!
//! `cargo run -p idgen-lamport --example messages` starts five processes of this program. They exchange
//! datagrams that carry the Lamport id and the hybrid id of their sending; before each that it sends, a
//! process hears what has arrived. Their clocks are set up to 160 ms apart. In the end their logs are
//! laid side by side: every message must have been heard at greater ids than it was sent with.

use std::collections::HashSet;
use std::env;
use std::error::Error;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use idgen_core::clock::{Clock, SystemClock};
use idgen_core::generator::Builder;
use idgen_core::{Id, UnixTime, Window};
use idgen_lamport::{Hlc, Lamport, LogicalClock};

const PROCESSES: u64 = 5;
const MESSAGES: u64 = 200;

fn main() -> Result<(), Box<dyn Error>> {
    match env::args().nth(1) {
        None => report(&watch()?),
        Some(node) => exchange(node.parse()?),
    }
}

// ---- one process -------------------------------------------------------------------

/// The system's clock, set wrong by some milliseconds.
struct WrongBy(i64);

impl Clock for WrongBy {
    fn wall(&self) -> UnixTime {
        UnixTime::from_nanos(SystemClock.wall().as_nanos() + i128::from(self.0) * 1_000_000)
    }

    fn monotonic(&self) -> Duration {
        SystemClock.monotonic()
    }

    fn wait(&self, duration: Duration) {
        SystemClock.wait(duration);
    }
}

/// The life of one process: it sends to each other in turn, hears what arrives, and says so.
fn exchange(node: u64) -> Result<(), Box<dyn Error>> {
    let lamport = Lamport::builder().node(node).window(Window::from_start(0)).shared()?;
    let wrong = WrongBy(40 * (i64::try_from(node)? - 2));
    let hybrid = Builder::<Hlc>::on(wrong).max_drift(Hlc::MAX_OFFSET).node(node);
    let hybrid = hybrid.window(Window::from_start(0)).shared()?;

    let socket = UdpSocket::bind("127.0.0.1:0")?;
    let mut out = io::stdout().lock();
    writeln!(out, "{}", socket.local_addr()?)?;
    out.flush()?;
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    let peers: Vec<SocketAddr> =
        line.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;

    // Whoever is done sending waits for what is still on its way, and loses what comes later.
    socket.set_read_timeout(Some(Duration::from_millis(300)))?;
    let turns = peers.iter().cycle().skip(usize::try_from(node)?);
    for (_, to) in (0..MESSAGES).zip(turns) {
        let (count, time) = (lamport.tick()?, hybrid.tick()?);
        writeln!(out, "sent {count} {time}")?;
        socket.send_to(format!("{count} {time}").as_bytes(), to)?;
        socket.set_nonblocking(true)?;
        while hear(&socket, &lamport, &hybrid, &mut out)? {}
    }
    socket.set_nonblocking(false)?;
    while hear(&socket, &lamport, &hybrid, &mut out)? {}
    Ok(())
}

/// Hears one message, if there is one.
fn hear(
    socket: &UdpSocket,
    lamport: &impl LogicalClock<Scheme = Lamport>,
    hybrid: &impl LogicalClock<Scheme = Hlc>,
    out: &mut impl Write,
) -> Result<bool, Box<dyn Error>> {
    let mut buffer = [0; 100];
    let Ok(len) = socket.recv(&mut buffer) else { return Ok(false) };
    let message = std::str::from_utf8(&buffer[..len])?;
    let (count, time) = message.split_once(' ').ok_or("a message is two ids")?;
    lamport.observe(count.parse()?)?;
    hybrid.observe(time.parse()?)?;
    writeln!(out, "heard {} {} {message}", lamport.tick()?, hybrid.tick()?)?;
    Ok(true)
}

// ---- who watches them --------------------------------------------------------------

/// Starts the processes, tells them of each other, and gathers what they say.
fn watch() -> Result<Vec<Vec<String>>, Box<dyn Error>> {
    let start = |node: u64| {
        let mut command = Command::new(env::current_exe()?);
        command.arg(node.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()
    };
    let mut processes = (0..PROCESSES).map(start).collect::<io::Result<Vec<Child>>>()?;
    let mut readers = Vec::new();
    let mut addresses = String::new();
    for process in &mut processes {
        let mut reader = BufReader::new(process.stdout.take().ok_or("no output")?);
        reader.read_line(&mut addresses)?;
        readers.push(reader);
    }
    for process in &mut processes {
        let mut input = process.stdin.take().ok_or("no input")?;
        writeln!(input, "{}", addresses.replace('\n', " "))?;
    }
    // A process whose pipe is full waits until it is read, so they are read at once.
    let logs: io::Result<Vec<_>> = std::thread::scope(|scope| {
        let read = |reader: BufReader<_>| scope.spawn(|| reader.lines().collect::<io::Result<_>>());
        let readers: Vec<_> = readers.into_iter().map(read).collect();
        let lost = |_| Err(io::Error::other("a reader panicked"));
        readers.into_iter().map(|reader| reader.join().unwrap_or_else(lost)).collect()
    });
    for mut process in processes {
        if !process.wait()?.success() {
            return Err("a process failed".into());
        }
    }
    Ok(logs?)
}

/// Checks the order of everything that happened.
fn report(logs: &[Vec<String>]) -> Result<(), Box<dyn Error>> {
    let (mut counts, mut times) = (HashSet::new(), HashSet::new());
    let (mut sent, mut heard, mut ahead) = (0, 0, 0);
    for log in logs {
        let mut last: Option<(Id<Lamport>, Id<Hlc>)> = None;
        for line in log {
            let words: Vec<_> = line.split_whitespace().collect();
            let event: (Id<Lamport>, Id<Hlc>) = (words[1].parse()?, words[2].parse()?);
            assert!(last.is_none_or(|(count, time)| count < event.0 && time < event.1), "{line}");
            assert!(counts.insert(event.0) && times.insert(event.1), "an id came twice: {line}");
            last = Some(event);
            if let [_, _, _, count, time] = words[..] {
                let cause: (Id<Lamport>, Id<Hlc>) = (count.parse()?, time.parse()?);
                assert!(cause.0 < event.0 && cause.1 < event.1, "heard before it was sent: {line}");
                heard += 1;
                // Of a clock that is behind, the time of the message is all there is.
                ahead += u64::from(cause.1.tick() == event.1.tick());
            } else {
                sent += 1;
            }
        }
    }
    println!("{} processes sent {sent} messages and heard {heard} of them", logs.len());
    println!("each was heard at a greater Lamport id and hybrid id than it was sent with");
    println!("{ahead} of them at the sender's millisecond, where the receiver's clock was behind");
    if heard == 0 { Err("nobody heard anything".into()) } else { Ok(()) }
}
