//! Whether times tell of secrets, by statistics: for `benches/timing.js`, which says how.

use std::hint::black_box;

use crate::aead::{ALGORITHMS, Aead};
use crate::cbc::{self, Record};
use crate::random::Random;

#[link(wasm_import_module = "wasi_snapshot_preview1")]
unsafe extern "C" {
    fn clock_time_get(clock: u32, precision: u64, nanoseconds: *mut u64) -> u32;
}

const MONOTONIC: u32 = 1;
const WARM_UP: usize = 5000;

/// Bytes of a message, and blocks of a legacy record.
const LEN: usize = 1024;
const BLOCKS: usize = 40;

/// Parts of the measurements, the fastest ones: slow ones say more about the machine.
const KEPT: [f64; 3] = [0.5, 0.9, 0.99];

/// Measures work `what` so many times, by chance with the same secrets as always or with new ones,
/// and compares the two samples: returns the largest |t| of Welch's test for any part that is kept.
#[unsafe(no_mangle)]
pub extern "C" fn largest_t(what: usize, measurements: usize) -> f64 {
    let mut random = Random(what as u64);
    let mut times = [Vec::new(), Vec::new()];
    for i in 0..WARM_UP + measurements {
        let fresh = random.below(2);
        let seed = if fresh == 1 { random.next() } else { 1 };
        let mut work = Work::new(what, seed);
        work.run(); // so that both find caches and branch predictors in the state that their own data leave
        let begin = now();
        work.run();
        let time = now() - begin;
        if i >= WARM_UP {
            times[fresh].push(time);
        }
    }
    KEPT.iter().map(|part| welch(&times, *part).abs()).fold(0.0, f64::max)
}

fn welch(times: &[Vec<u64>; 2], part: f64) -> f64 {
    let mut all = times.concat();
    all.sort_unstable();
    let limit = all[(part * (all.len() - 1) as f64) as usize];
    let [same, fresh] = times.each_ref().map(|times| Sample::new(times.iter().copied().filter(|time| *time <= limit)));
    (same.mean - fresh.mean) / (same.error + fresh.error).sqrt()
}

/// How many works there are: seal and open of each AEAD, the judgement of each legacy algorithm's
/// records, and one that leaks on purpose.
#[unsafe(no_mangle)]
pub extern "C" fn works() -> usize {
    2 * ALGORITHMS.len() + cbc::ALGORITHMS.len() + 1
}

/// Work on secrets from a seed, to be done again and again.
enum Work {
    Seal(Box<dyn Aead>, Vec<u8>),
    Open(Box<dyn Aead>, Vec<u8>, [u8; 16], Vec<u8>),
    Judge(Record, Vec<u8>),
    Leak(Vec<u8>),
}

impl Work {
    fn new(what: usize, seed: u64) -> Self {
        let mut random = Random(seed);
        let legacy = 2 * ALGORITHMS.len();
        if what >= legacy + cbc::ALGORITHMS.len() {
            return Self::Leak(random.bytes(LEN));
        }
        if what >= legacy {
            let record = Record::random(&mut random, what - legacy, BLOCKS, seed);
            let fragment = record.fragment.clone();
            return Self::Judge(record, fragment);
        }
        let algorithm = &ALGORITHMS[what / 2];
        let cipher = (algorithm.simd)(&random.bytes(algorithm.key_len));
        let mut message = random.bytes(LEN);
        if what % 2 == 0 {
            return Self::Seal(cipher, message);
        }
        let tag = cipher.seal(&NONCE, &AAD, &mut message);
        let buf = message.clone();
        Self::Open(cipher, message, tag, buf)
    }

    fn run(&mut self) {
        match self {
            Self::Seal(cipher, message) => _ = black_box(cipher.seal(&NONCE, &AAD, message)),
            Self::Open(cipher, message, tag, buf) => {
                buf.copy_from_slice(message);
                _ = black_box(cipher.open(&NONCE, &AAD, buf, tag));
            }
            Self::Judge(record, fragment) => {
                fragment.copy_from_slice(&record.fragment);
                _ = black_box(record.judge(fragment));
            }
            Self::Leak(message) => {
                let mut odd = 0;
                for byte in message {
                    if black_box(*byte) & 1 == 1 {
                        odd += black_box(1);
                    }
                }
                black_box(odd);
            }
        }
    }
}

const NONCE: [u8; 12] = [1; 12];

/// As many as records of TLS 1.2 and DTLS have.
const AAD: [u8; 13] = [2; 13];

struct Sample {
    mean: f64,
    /// The variance of the mean.
    error: f64,
}

impl Sample {
    fn new(times: impl Iterator<Item = u64> + Clone) -> Self {
        let count = times.clone().count() as f64;
        let mean = times.clone().sum::<u64>() as f64 / count;
        let variance = times.map(|time| (time as f64 - mean).powi(2)).sum::<f64>() / (count - 1.0);
        Self { mean, error: variance / count }
    }
}

fn now() -> u64 {
    let mut nanoseconds = 0;
    #[expect(unsafe_code, reason = "the system's clock is an imported function")]
    // SAFETY: it writes to the address, which is that of a number of the right type.
    unsafe {
        clock_time_get(MONOTONIC, 0, &mut nanoseconds);
    }
    nanoseconds
}
