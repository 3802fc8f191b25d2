//! What fuzzing found worth keeping (`fuzz/corpus`), and changes of it that are the same every
//! time: for machines that cannot fuzz.

use std::fs;
use std::path::Path;

#[path = "../fuzz/bodies/dtls.rs"]
mod dtls;
#[path = "../fuzz/bodies/identity.rs"]
mod identity;
#[path = "../fuzz/bodies/names.rs"]
mod names;
#[path = "../fuzz/bodies/tls.rs"]
mod tls;
#[path = "../fuzz/bodies/verifier.rs"]
mod verifier;

/// Runs the corpus of a target, and `changes` inputs made of it.
fn replay(target: &str, changes: u64, run: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let corpus: Vec<_> = files.iter().map(|path| fs::read(path).unwrap()).collect();
    assert!(!corpus.is_empty());
    corpus.iter().for_each(|input| run(input));
    let mut random = Random(1);
    for _ in 0..changes {
        let mut input = corpus[random.below(corpus.len())].clone();
        for _ in 0..1 + random.below(4) {
            change(&mut input, &corpus, &mut random);
        }
        run(&input);
    }
}

fn change(input: &mut Vec<u8>, corpus: &[Vec<u8>], random: &mut Random) {
    let at = random.below(input.len() + 1);
    match random.below(4) {
        0 if at < input.len() => input[at] ^= 1 << random.below(8),
        1 if at < input.len() => input[at] = random.next() as u8,
        2 => input.truncate(at),
        _ => {
            // The start of one with the end of another.
            let other = &corpus[random.below(corpus.len())];
            input.truncate(at);
            input.extend(&other[random.below(other.len() + 1)..]);
        }
    }
}

/// splitmix64
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
}

#[test]
fn connections_with_anything_between_their_ends_end() {
    replay("tls", 300, |input| {
        tls::run(input);
        // The same with pre-shared keys in place of certificates, or the other way round.
        let mut other = input.to_vec();
        if let Some(settings) = other.first_mut() {
            *settings ^= 4;
        }
        tls::run(&other);
    });
}

#[test]
fn datagrams_of_anything_between_two_ends_end_nothing_else() {
    replay("dtls", 300, dtls::run);
}

#[test]
fn certificates_and_keys_of_any_bytes_are_read_or_refused() {
    replay("identity", 3000, identity::run);
}

#[test]
fn no_chain_is_taken_that_nobody_signed() {
    replay("verifier", 3000, verifier::run);
}

#[test]
fn certificates_of_any_names_are_for_no_other_host() {
    replay("names", 3000, names::run);
}
