//! A stream over a TCP socket.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use micropython_ssl::error::Error;
use micropython_ssl::stream::Step;
use micropython_ssl::tls::TlsStream;

use super::psk;

/// A blocking driver, as the simplest shell would be.
pub struct Wire {
    pub stream: TlsStream,
    socket: TcpStream,
}

impl Wire {
    pub fn new(stream: TlsStream, socket: TcpStream) -> Self {
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        Self { stream, socket }
    }

    pub fn handshake(&mut self) {
        self.try_handshake().unwrap();
    }

    pub fn try_handshake(&mut self) -> Result<usize, Error> {
        self.drive(|stream| stream.handshake())
    }

    pub fn read_exactly(&mut self, length: usize) -> Vec<u8> {
        let mut all = vec![0; length];
        let mut filled = 0;
        while filled < length {
            let count = self.drive(|stream| stream.read(&mut all[filled..])).unwrap();
            assert_ne!(count, 0, "end of file after {filled} bytes");
            filled += count;
        }
        all
    }

    pub fn write_all(&mut self, data: &[u8]) {
        for part in data.chunks(50_000) {
            assert_eq!(self.drive(|stream| stream.write(part)).unwrap(), part.len());
        }
    }

    pub fn close(&mut self) {
        self.stream.close();
        self.flush();
        self.socket.shutdown(std::net::Shutdown::Write).unwrap();
    }

    pub fn flush(&mut self) {
        _ = self.socket.write_all(self.stream.to_send());
        self.stream.sent(self.stream.to_send().len());
    }

    pub fn drive(&mut self, mut operation: impl FnMut(&mut TlsStream) -> Result<Step, Error>) -> Result<usize, Error> {
        loop {
            match operation(&mut self.stream) {
                Ok(Step::Done(count)) => return Ok(count),
                Ok(Step::Verify) => psk::answer(&mut self.stream)?,
                Ok(Step::Send) => self.flush(),
                Ok(Step::Receive) => match self.socket.read(self.stream.receive_space(20_000)) {
                    Ok(0) => self.stream.received_eof(),
                    Ok(count) => self.stream.received(count),
                    Err(error) => return Err(self.stream.transport_failed(error.raw_os_error().unwrap_or(0))),
                },
                Err(error) => {
                    self.flush();
                    return Err(error);
                }
            }
        }
    }
}
