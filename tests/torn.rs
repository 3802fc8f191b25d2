//! Handshakes that the network cuts after each byte, changes in each byte, and splits at each
//! point.
//!
//! Every case ends at once, in an error where something was lost; no memory stays, and another
//! connection of the same contexts goes on.

mod support;

use micropython_ssl::context::{Context, Version};
use micropython_ssl::error::Error;
use micropython_ssl::stream::Step;
use micropython_ssl::tls::TlsStream;
use micropython_ssl::verify::Endpoint::{self, Client, Server};
use support::forge::records;
use support::hostile::contexts;
use support::wire::*;

/// Both ends of a connection, and what became of them.
struct Pair {
    ends: [TlsStream; 2],
    results: [Option<Result<(), Error>>; 2],
}

/// One byte of what an end sends: the end, and how many it has sent before.
type Place = (Endpoint, usize);

impl Pair {
    fn new((client_context, server_context): &(Context, Context)) -> Self {
        Self { ends: [client(client_context), server(server_context)], results: [None, None] }
    }

    /// Moves bytes as long as there are any; `wire` sees each flight, from whom and how many bytes
    /// went before, and tells what arrives, in parts.
    fn run(&mut self, mut wire: impl FnMut(Place, Vec<u8>) -> Vec<Vec<u8>>) {
        let mut sent = [0; 2];
        for round in 0..40 {
            assert!(round < 39, "it does not end");
            let mut moved = false;
            for (from, endpoint) in [Client, Server].into_iter().enumerate() {
                self.settle(from);
                let flight = take(&mut self.ends[from]);
                moved |= !flight.is_empty();
                let before = sent[from];
                sent[from] += flight.len();
                for part in wire((endpoint, before), flight) {
                    deliver(&mut self.ends[1 - from], &part);
                    self.settle(1 - from);
                }
            }
            if !moved {
                return;
            }
        }
    }

    fn settle(&mut self, end: usize) {
        if self.results[end].is_none() {
            self.results[end] = match self.ends[end].handshake() {
                Ok(Step::Done(_)) => Some(Ok(())),
                Ok(_) => None,
                Err(error) => Some(Err(error)),
            };
        }
    }

    /// The transport ends. How both ends failed, then or before; a complete handshake is the end of
    /// the file.
    fn end(mut self) -> [Option<Error>; 2] {
        let errors = [0, 1].map(|end| {
            self.ends[end].received_eof();
            self.settle(end);
            let mut byte = [0];
            loop {
                match self.ends[end].read(&mut byte) {
                    Ok(Step::Done(0)) => return None,
                    Ok(Step::Send) => drop(take(&mut self.ends[end])),
                    Ok(step) => panic!("{step:?} after the end"),
                    Err(error) => return Some(error),
                }
            }
        });
        for end in &mut self.ends {
            take(end);
            assert_eq!(end.connection().buffered(), 0, "{:?}", end.connection());
        }
        errors
    }
}

/// Whole flights.
fn whole(_: Place, flight: Vec<u8>) -> Vec<Vec<u8>> {
    vec![flight]
}

/// A connection beside the others.
struct Bystander {
    ends: (TlsStream, TlsStream),
}

impl Bystander {
    fn new(contexts: &(Context, Context)) -> Self {
        Self { ends: connected(&contexts.0, &contexts.1) }
    }

    fn goes_on(&mut self) {
        let (client, server) = &mut self.ends;
        deliver(server, &write(client, b"ping"));
        assert_eq!(read_available(server), Ok((b"ping".to_vec(), false)));
    }
}

/// How many bytes each end sends in an undisturbed handshake.
fn measure(contexts: &(Context, Context)) -> [usize; 2] {
    let (mut pair, mut lengths) = (Pair::new(contexts), [0; 2]);
    pair.run(|(from, _), flight| {
        lengths[usize::from(from == Server)] += flight.len();
        vec![flight]
    });
    assert_eq!(pair.results, [Some(Ok(())), Some(Ok(()))]);
    lengths
}

/// Is this byte of a flight part of what a record says about its version?
fn says_version(flight: &[u8], at: usize) -> bool {
    let mut start = 0;
    records(flight).into_iter().any(|record| {
        start += record.len();
        (1..3).any(|byte| start - record.len() + byte == at)
    })
}

/// Places in a handshake, all of its headers among them: most of it are keys and signatures, of
/// which every third byte will do.
fn places(lengths: [usize; 2]) -> impl Iterator<Item = Place> {
    let of = |end, length: usize| (0..length).filter(move |at| *at < 150 || length - at < 150 || at % 3 == 0).map(move |at| (end, at));
    of(Client, lengths[0]).chain(of(Server, lengths[1]))
}

fn a_cut_ends_both_sides(version: Version) {
    let contexts = contexts(version);
    let mut bystander = Bystander::new(&contexts);
    for place in places(measure(&contexts)) {
        let mut pair = Pair::new(&contexts);
        // From the cut on nothing arrives in either direction.
        let mut cut = false;
        pair.run(|(from, before), mut flight| {
            if cut {
                return Vec::new();
            }
            if from == place.0 && before + flight.len() > place.1 {
                flight.truncate(place.1 - before);
                cut = true;
            }
            vec![flight]
        });
        let errors = pair.end();
        assert!(errors.iter().flatten().all(|error| *error == Error::ConnEof), "{place:?}: {errors:?}");
        // Signatures differ in length, so that the last places are not in every handshake.
        assert_eq!(errors.iter().any(Option::is_some), cut, "{place:?}");
    }
    bystander.goes_on();
}

#[test]
fn a_cut_ends_both_sides_of_tls12() {
    a_cut_ends_both_sides(Version::Tls12);
}

#[test]
fn a_cut_ends_both_sides_of_tls13() {
    a_cut_ends_both_sides(Version::Tls13);
}

fn no_changed_byte_is_overlooked(version: Version) {
    let contexts = contexts(version);
    let mut bystander = Bystander::new(&contexts);
    for place in places(measure(&contexts)) {
        let mut pair = Pair::new(&contexts);
        // Signatures differ in length, so that the last places are not in every handshake.
        let mut meaningless = true;
        pair.run(|(from, before), mut flight| {
            if from == place.0 && (before..before + flight.len()).contains(&place.1) {
                // What a record in the clear says about its version means nothing (RFC 8446,
                // section 5.1).
                meaningless = says_version(&flight, place.1 - before);
                flight[place.1 - before] ^= 1;
            }
            vec![flight]
        });
        let errors = pair.end();
        assert!(errors.iter().any(Option::is_some) || meaningless, "{version:?} {place:?}");
    }
    bystander.goes_on();
}

#[test]
fn no_changed_byte_is_overlooked_in_tls12() {
    no_changed_byte_is_overlooked(Version::Tls12);
}

#[test]
fn no_changed_byte_is_overlooked_in_tls13() {
    no_changed_byte_is_overlooked(Version::Tls13);
}

#[test]
fn handshakes_may_be_split_anywhere_and_joined_with_data() {
    for version in [Version::Tls12, Version::Tls13] {
        let contexts = contexts(version);
        let lengths = measure(&contexts);
        for place in places(lengths).step_by(5) {
            let mut pair = Pair::new(&contexts);
            pair.run(|(from, before), flight| {
                let at = if from == place.0 { place.1.saturating_sub(before).min(flight.len()) } else { 0 };
                vec![flight[..at].to_vec(), flight[at..].to_vec()]
            });
            assert_eq!(pair.results, [Some(Ok(())), Some(Ok(()))], "{version:?} {place:?}");
        }
        // The last flight of whoever is complete first, and its data, in one piece.
        let mut pair = Pair::new(&contexts);
        let reader = 'joined: loop {
            for from in [0, 1] {
                pair.settle(from);
                let mut flight = take(&mut pair.ends[from]);
                pair.settle(from);
                let complete = pair.results[from] == Some(Ok(()));
                if complete {
                    flight.extend(write(&mut pair.ends[from], b"data"));
                }
                deliver(&mut pair.ends[1 - from], &flight);
                if complete {
                    break 'joined 1 - from;
                }
            }
        };
        assert_eq!(read_available(&mut pair.ends[reader]), Ok((b"data".to_vec(), false)), "{version:?}");
    }
}

#[test]
fn a_connection_that_was_cut_after_its_handshake_reads_the_end() {
    for version in [Version::Tls12, Version::Tls13] {
        let mut pair = Pair::new(&contexts(version));
        pair.run(whole);
        assert_eq!(pair.end(), [None, None]);
    }
}
