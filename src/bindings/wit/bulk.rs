//! The operations that move many bytes, in words; see `interface bulk` in
//! `wit/micropython-ssl.wit`.

use alloc::vec;
use alloc::vec::Vec;
use core::slice;

use super::generated::exports::micropython::ssl::{bulk, tls};
use super::{Connection, Engine, LONGEST_READ, progress};

impl bulk::Guest for Engine {
    fn read(connection: tls::ConnectionBorrow<'_>, wanted: u32) -> Result<bulk::Plaintext, tls::Error> {
        let wanted = (wanted as usize).min(LONGEST_READ);
        let mut words = words_for(wanted);
        let connection = &connection.get::<Connection>().0;
        let progress = progress(connection.borrow_mut().read(&mut bytes_mut(&mut words)[..wanted]))?;
        Ok(match progress {
            tls::Progress::Done(length) => {
                words.truncate((length as usize).div_ceil(WORD));
                bulk::Plaintext::Data(bulk::Packed { words, length })
            }
            tls::Progress::Again(need) => bulk::Plaintext::Again(need),
        })
    }

    fn write(connection: tls::ConnectionBorrow<'_>, data: bulk::Packed) -> Result<tls::Progress, tls::Error> {
        progress(connection.get::<Connection>().0.borrow_mut().write(data.bytes()))
    }

    fn to_send(connection: tls::ConnectionBorrow<'_>) -> bulk::Packed {
        let connection = connection.get::<Connection>().0.borrow();
        let data = connection.to_send();
        let mut words = words_for(data.len());
        bytes_mut(&mut words)[..data.len()].copy_from_slice(data);
        bulk::Packed { words, length: data.len() as u32 }
    }

    fn received(connection: tls::ConnectionBorrow<'_>, ciphertext: bulk::Packed) {
        connection.get::<Connection>().receive(ciphertext.bytes());
    }
}

impl bulk::Packed {
    fn bytes(&self) -> &[u8] {
        // SAFETY: the words are initialised, a byte needs no alignment, and WebAssembly is
        // little-endian.
        let bytes = unsafe { slice::from_raw_parts(self.words.as_ptr().cast(), WORD * self.words.len()) };
        bytes.get(..self.length as usize).unwrap_or(bytes)
    }
}

const WORD: usize = size_of::<u64>();

fn words_for(bytes: usize) -> Vec<u64> {
    vec![0; bytes.div_ceil(WORD)]
}

fn bytes_mut(words: &mut [u64]) -> &mut [u8] {
    // SAFETY: as above, and every value of the bytes is one of the words.
    unsafe { slice::from_raw_parts_mut(words.as_mut_ptr().cast(), WORD * words.len()) }
}
