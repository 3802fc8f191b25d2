//! The operations that move many bytes, in words; see `interface bulk` in
//! `wit/micropython-ssl.wit`.

use super::generated::exports::micropython::ssl::{bulk, tls};
use super::{Connection, Engine, LONGEST_READ, progress, words};

impl bulk::Guest for Engine {
    fn read(connection: tls::ConnectionBorrow<'_>, wanted: u32) -> Result<bulk::Plaintext, tls::Error> {
        let wanted = (wanted as usize).min(LONGEST_READ);
        let mut words = words::of(wanted);
        let connection = &connection.get::<Connection>().0;
        let progress = progress(connection.borrow_mut().read(&mut words::bytes_mut(&mut words)[..wanted]))?;
        Ok(match progress {
            tls::Progress::Done(length) => {
                words.truncate(words::count(length as usize));
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
        let mut words = words::of(data.len());
        words::bytes_mut(&mut words)[..data.len()].copy_from_slice(data);
        bulk::Packed { words, length: data.len() as u32 }
    }

    fn received(connection: tls::ConnectionBorrow<'_>, ciphertext: bulk::Packed) {
        connection.get::<Connection>().receive(ciphertext.bytes());
    }
}

impl bulk::Packed {
    fn bytes(&self) -> &[u8] {
        words::bytes(&self.words, self.length as usize)
    }
}
