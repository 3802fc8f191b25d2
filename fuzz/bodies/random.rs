//! Entropy that is the same for every input.

use std::cell::Cell;

thread_local! {
    static RANDOM: Cell<u64> = const { Cell::new(1) };
}

/// Before every input.
pub(crate) fn restart() {
    RANDOM.set(1);
}

/// getrandom's custom backend: splitmix64.
#[cfg(getrandom_backend = "custom")]
#[unsafe(no_mangle)]
unsafe extern "Rust" fn __getrandom_v03_custom(destination: *mut u8, length: usize) -> Result<(), getrandom::Error> {
    // SAFETY: getrandom owns `length` bytes there.
    let bytes = unsafe { std::slice::from_raw_parts_mut(destination, length) };
    for chunk in bytes.chunks_mut(8) {
        RANDOM.set(RANDOM.get().wrapping_add(0x9e37_79b9_7f4a_7c15));
        let state = RANDOM.get();
        let mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        chunk.copy_from_slice(&(mixed ^ mixed >> 31).to_le_bytes()[..chunk.len()]);
    }
    Ok(())
}
