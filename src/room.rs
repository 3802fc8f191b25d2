//! Room in memory, which is looked for before anything begins.
//!
//! Rust ends a program whose allocation fails: in wasm that is a trap, after which nothing works
//! any more. So an operation begins only where there is room for all that it may allocate.
//! Otherwise it is [`Error::AllocFailed`], nothing has happened, and it can be called again when
//! there is memory.

use alloc::vec::Vec;
use core::hint::black_box;

use crate::error::Error;

/// Room for one operation of a connection and for what its shell does until the next one, in bytes:
/// hand over what was received and what is to be written, and take what is to be sent. The longest
/// chain takes most. `tests/memory.rs` counts it.
pub const STEP: usize = 1024 * 1024;

/// What a byte of a certificate, a name or a list may take, in bytes: as it came, decoded, and as
/// it is kept. `tests/memory.rs` counts it too.
pub const TIMES: usize = 4;

/// Is there room for an operation, and for what is made of an argument of so many bytes?
///
/// # Errors
/// [`Error::AllocFailed`].
pub fn check(argument: usize) -> Result<(), Error> {
    let wanted = STEP.saturating_add(argument.saturating_mul(TIMES));
    let mut probe = Vec::<u8>::new();
    let found = probe.try_reserve_exact(wanted);
    black_box(&probe); // the compiler would leave out an allocation that nobody looks at
    found.map_err(|_| Error::AllocFailed)
}
