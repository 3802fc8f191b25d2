//! Memory: what operations take of it, and what programs see where there is none.
//!
//! Here Rust ends a test whose allocation fails, as it ends the engine in wasm.

#![allow(unsafe_code, reason = "an allocator that counts")]

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use micropython_ssl::context::{Context, Version};
use micropython_ssl::dtls::DtlsStream;
use micropython_ssl::error::Error;
use micropython_ssl::room::{self, STEP, TIMES};
use micropython_ssl::stream::{Poll, Step, event};
use micropython_ssl::tls::TlsStream;
use micropython_ssl::verify::{CERT_OPTIONAL, Endpoint};
use support::forge::{HANDSHAKE, record};
use support::hostile::{Moment, Scene};
use support::pki::{self, Cert, Key};
use support::psk::{answer, psk_client, psk_server};
use support::wire;

/// Counts what a thread has, and refuses what is more than its limit.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    static HELD: Cell<usize> = const { Cell::new(0) };
    static MOST: Cell<usize> = const { Cell::new(0) };
    static LIMIT: Cell<usize> = const { Cell::new(usize::MAX) };
}

// SAFETY: the system's allocator does it. What it is grown by comes from `alloc` and `dealloc`:
// both memories are there at once, as in the worst case of any allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.get().saturating_add(layout.size());
        if held > LIMIT.get() {
            return std::ptr::null_mut();
        }
        HELD.set(held);
        if layout.size() < STEP {
            MOST.set(MOST.get().max(held)); // what is longer looks for room only
        }
        // SAFETY: as for this function.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        HELD.set(HELD.get().saturating_sub(layout.size()));
        // SAFETY: as for this function.
        unsafe { System.dealloc(memory, layout) };
    }
}

/// The most memory that was held at once beyond what is held when it begins.
fn most_of<T>(work: impl FnOnce() -> T) -> (usize, T) {
    let before = HELD.get();
    MOST.set(before);
    let result = work();
    (MOST.get() - before, result)
}

/// Runs it with so much memory beyond what is held now.
fn with_room<T>(bytes: usize, work: impl FnOnce() -> T) -> T {
    LIMIT.set(HELD.get() + bytes);
    let result = work();
    LIMIT.set(usize::MAX);
    result
}

/// One end of a connection, of either kind.
trait End {
    fn shake(&mut self) -> Result<Step, Error>;
    fn say(&mut self, data: &[u8]) -> Result<Step, Error>;
    fn hear(&mut self, out: &mut [u8]) -> Result<Step, Error>;
    fn take(&mut self) -> Vec<u8>;
    fn receive(&mut self, bytes: &[u8]);
    /// What the program answers.
    fn decide(&mut self) -> Result<(), Error>;
    fn ask(&mut self, wanted: u32) -> Poll;
}

macro_rules! end {
    ($stream:ty, $sent:ident => $take:expr $(, $now:expr)?) => {
        impl End for $stream {
            fn shake(&mut self) -> Result<Step, Error> {
                self.handshake($($now)?)
            }

            fn say(&mut self, data: &[u8]) -> Result<Step, Error> {
                self.write(data $(, $now)?)
            }

            fn hear(&mut self, out: &mut [u8]) -> Result<Step, Error> {
                self.read(out $(, $now)?)
            }

            fn take(&mut self) -> Vec<u8> {
                let bytes = self.to_send().to_vec();
                let $sent = self;
                $take;
                bytes
            }

            fn receive(&mut self, bytes: &[u8]) {
                self.receive_space(bytes.len())[..bytes.len()].copy_from_slice(bytes);
                self.received(bytes.len());
            }

            fn decide(&mut self) -> Result<(), Error> {
                if self.psk_identity().is_some() { answer(self) } else { self.decide(Some(0)) }
            }

            fn ask(&mut self, wanted: u32) -> Poll {
                self.poll(wanted)
            }
        }
    };
}

end!(TlsStream, stream => stream.sent(usize::MAX));
end!(DtlsStream, stream => stream.sent(), 1000);

/// An operation, and what its shell does until the next: the most memory that this took is kept in
/// `most`.
fn step(
    ends: &mut [Box<dyn End>; 2],
    from: usize,
    most: &mut usize,
    operation: impl FnOnce(&mut dyn End) -> Result<Step, Error>,
) -> Result<Step, Error> {
    let (taken, result) = most_of(|| {
        let result = operation(&mut *ends[from]);
        if result == Ok(Step::Verify) {
            ends[from].decide()?;
        }
        let bytes = ends[from].take();
        if !bytes.is_empty() {
            ends[1 - from].receive(&bytes);
        }
        result
    });
    *most = taken.max(*most);
    result
}

/// Shakes hands, and sends `data` to and fro. The most that a step has taken.
fn talk(mut ends: [Box<dyn End>; 2], data: &[u8]) -> Result<usize, Error> {
    let mut most = 0;
    let mut out = vec![0; 1000];
    for turn in 0.. {
        assert!(turn < 1000, "it does not end");
        let [ours, theirs] = [0, 1].map(|from| step(&mut ends, from, &mut most, |end| end.shake()));
        if matches!((ours?, theirs?), (Step::Done(_), Step::Done(_))) {
            break;
        }
    }
    for from in [0, 1] {
        step(&mut ends, from, &mut most, |end| end.say(data))?;
        let mut heard = 0;
        while heard < data.len() {
            match step(&mut ends, 1 - from, &mut most, |end| end.hear(&mut out))? {
                Step::Done(0) => panic!("the end"),
                Step::Done(count) => heard += count,
                other => assert_eq!(other, Step::Send),
            }
        }
    }
    Ok(most)
}

const NAME: &[u8] = b"host0.test";
const CA: Key = Key::P256(7);
/// Their certificates just fit into a message.
const MOST_NAMES: usize = 1500;
const CLIENT_ID: &[u8] = b"client";

/// A certificate with so many names, and one of an authority with as many more in it.
fn long_chain(names: usize) -> Vec<u8> {
    let other = pki::alt_names(&vec![pki::dns("x".repeat(20)); names]);
    let names: Vec<_> = (0..names).map(|number| pki::dns(format!("host{number}.test"))).collect();
    let leaf = Cert::new("host0.test", Key::P256(1)).issued_by("Test CA").with(pki::alt_names(&names)).sign(CA);
    let second = Cert::ca("Other", Key::P256(8)).issued_by("Nobody").with(other).sign(CA);
    [leaf, second].iter().map(|der| pki::pem("CERTIFICATE", der)).collect::<String>().into_bytes()
}

fn contexts(version: Version, names: usize) -> [Context; 2] {
    let chain = long_chain(names);
    [Endpoint::Client, Endpoint::Server].map(|endpoint| {
        let mut context = wire::only(Context::new(endpoint), version);
        context.set_time(pki::NOW);
        context.verify().add_anchors(&Cert::ca("Test CA", CA).sign(CA)).unwrap();
        context.verify().set_mode(CERT_OPTIONAL).unwrap();
        context.verify().set_callback(true);
        context.load_cert_chain(&chain, &Key::P256(1).private()).unwrap();
        context
    })
}

fn tls([client, server]: &[Context; 2]) -> Result<usize, Error> {
    let ends: [Box<dyn End>; 2] =
        [Box::new(TlsStream::new(client.connect(Some(NAME), false)?)), Box::new(TlsStream::new(server.connect(None, true)?))];
    talk(ends, &[7; 65_536])
}

fn dtls([client, server]: &[Context; 2]) -> Result<usize, Error> {
    let mut ours: Box<dyn End> = Box::new(DtlsStream::new(client.connect_datagram(Some(NAME), false, None)?));
    ours.shake()?;
    let mut first = DtlsStream::new(server.connect_datagram(None, true, Some(CLIENT_ID))?);
    End::receive(&mut first, &ours.take());
    match first.shake() {
        Err(Error::HelloVerifyRequired) => ours.receive(&End::take(&mut first)),
        other => return other.map(|_| unreachable!("without a cookie")),
    }
    drop(first);
    let theirs = Box::new(DtlsStream::new(server.connect_datagram(None, true, Some(CLIENT_ID))?));
    talk([ours, theirs], &[7; 4096])
}

type Conversation = (&'static str, [Context; 2], fn(&[Context; 2]) -> Result<usize, Error>);

fn conversations() -> [Conversation; 4] {
    [
        ("TLS 1.2", contexts(Version::Tls12, MOST_NAMES), tls),
        ("TLS 1.3", contexts(Version::Tls13, MOST_NAMES), tls),
        ("pre-shared key", [psk_client(), psk_server()], tls),
        ("DTLS", contexts(Version::Tls12, 300), dtls),
    ]
}

#[test]
fn no_step_takes_half_of_the_room_that_is_looked_for() {
    for (what, contexts, converse) in conversations() {
        let most = converse(&contexts).unwrap();
        println!("{what}: {most} bytes");
        assert!(most < STEP / 2, "{what}: {most}");
    }
}

#[test]
fn not_for_a_message_in_many_records_either() {
    for endpoint in [Endpoint::Client, Endpoint::Server] {
        let mut scene = Scene::new(endpoint, Version::Tls12, Moment::Start);
        let message = [&[1, 0, 0xff, 0xff][..], &[0; 0xfffe]].concat();
        let records: Vec<u8> = message.iter().flat_map(|byte| record(HANDSHAKE, &[*byte])).collect();
        for part in records.chunks(65_536) {
            let (most, outcome) = most_of(|| scene.attack(part));
            println!("{most} bytes");
            assert!(most < STEP, "{most}");
            assert_eq!(outcome.error, None);
        }
    }
}

/// What was loaded takes no more than was looked for.
#[test]
fn what_is_loaded_takes_no_more_than_the_room_that_is_looked_for() {
    let roots: String = (0..200)
        .map(|number| {
            let organisation = format!("Organisation {number}");
            let subject = pki::name_of(&[(10, 0x0c, organisation.as_bytes()), (3, 0x0c, b"Root")]);
            let cert = Cert { subject: subject.clone(), issuer: subject, ..Cert::ca("Root", Key::P256(1)) };
            pki::pem("CERTIFICATE", &cert.sign(Key::P256(1)))
        })
        .collect();
    let smallest = pki::pem("CERTIFICATE", &Cert::ca("R", Key::P256(1)).sign(Key::P256(1))).repeat(2000);
    let context = Context::new(Endpoint::Client);
    for bundle in [roots.as_bytes(), smallest.as_bytes()] {
        let (most, loaded) = most_of(|| context.verify().add_anchors(bundle));
        assert_eq!(loaded, Ok(()));
        println!("{} bytes took {most}", bundle.len());
        assert!(bundle.len() + most < TIMES * bundle.len(), "{}: {most}", bundle.len());
    }
    let (mut context, chain, key) = (Context::new(Endpoint::Server), long_chain(MOST_NAMES), Key::Rsa2048.private());
    let (most, loaded) = most_of(|| context.load_cert_chain(&chain, &key));
    assert_eq!(loaded, Ok(()));
    println!("{} bytes took {most}", chain.len() + key.len());
    assert!(chain.len() + key.len() + most < STEP);
}

#[test]
fn with_any_amount_of_memory_it_works_or_is_an_error() {
    for (what, contexts, converse) in conversations() {
        let (mut failed, mut worked) = (0, 0);
        for room in (0..4 * STEP).step_by(STEP / 4) {
            match with_room(room, || converse(&contexts)) {
                Ok(_) => worked += 1,
                Err(error) => {
                    assert_eq!(error, Error::AllocFailed, "{what}");
                    failed += 1;
                }
            }
        }
        assert!(failed > 0 && worked > 0, "{what}: {failed} {worked}");
        converse(&contexts).unwrap();
    }
}

#[test]
fn nothing_has_happened_where_there_was_no_room() {
    let contexts = contexts(Version::Tls13, 1);
    let [client_context, server_context] = &contexts;
    with_room(STEP / 2, || {
        assert_eq!(client_context.connect(Some(NAME), false).unwrap_err(), Error::AllocFailed);
        assert_eq!(client_context.connect_datagram(Some(NAME), false, None).unwrap_err(), Error::AllocFailed);
    });
    let mut client = TlsStream::new(client_context.connect(Some(NAME), false).unwrap());
    let mut server = wire::server(server_context);
    assert_eq!(with_room(STEP / 2, || client.handshake()), Err(Error::AllocFailed));
    assert_eq!(client.failure(), Some(&Error::AllocFailed));
    assert!(client.to_send().is_empty());
    assert_eq!(wire::handshake(&mut client, &mut server, usize::MAX), (Ok(()), Ok(())));
    let ciphertext = wire::write(&mut server, b"data");
    wire::deliver(&mut client, &ciphertext);
    let mut out = [0; 10];
    // A poll promises a read, which says what is wrong.
    assert_eq!(with_room(STEP / 2, || client.ask(event::READ)), Poll { ready: event::READ, ask: 0 });
    assert_eq!(with_room(STEP / 2, || client.read(&mut out)), Err(Error::AllocFailed));
    assert_eq!(with_room(STEP / 2, || client.write(b"answer")), Err(Error::AllocFailed));
    assert_eq!(client.read(&mut out), Ok(Step::Done(4)));
    assert_eq!(client.failure(), None);
}

#[test]
fn what_finds_no_room_is_not_loaded() {
    let certificate = Cert::ca("Test CA", CA).sign(CA);
    let mut context = Context::new(Endpoint::Server);
    with_room(STEP / 2, || {
        assert_eq!(context.verify().add_anchors(&certificate), Err(Error::AllocFailed));
        assert_eq!(context.load_cert_chain(&certificate, &[]), Err(Error::AllocFailed));
    });
    assert_eq!(room::check(usize::MAX), Err(Error::AllocFailed));
    assert_eq!(context.verify().add_anchors(&certificate), Ok(()));
    assert_eq!(context.load_cert_chain(&certificate, &CA.private()), Ok(()));
}
