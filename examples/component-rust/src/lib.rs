//! Fetches a page over HTTPS: a component that gets TLS from `micropython:ssl/tls` and TCP from
//! WASI. See docs/component.md.
//!
//! Arguments are a host and a port; the authority to trust comes in PEM on standard input.

use wit_bindgen::generate;

mod transport;

use micropython::ssl::tls::{Connection, Context, Endpoint, Error, Need, Plaintext, Progress};
use transport::Transport;
use wasi::cli::{environment, stderr, stdin, stdout};
use wasi::io::streams::{OutputStream, StreamError};

generate!({
    path: "../../wit",
    inline: "
        package example:fetch;

        world program {
            import micropython:ssl/tls@0.1.0;
            import wasi:sockets/instance-network@0.2.12;
            import wasi:sockets/ip-name-lookup@0.2.12;
            import wasi:sockets/tcp-create-socket@0.2.12;
            import wasi:cli/environment@0.2.12;
            import wasi:cli/stdin@0.2.12;
            import wasi:cli/stdout@0.2.12;
            import wasi:cli/stderr@0.2.12;
            export wasi:cli/run@0.2.12;
        }
    ",
    world: "example:fetch/program",
    generate_all,
});

struct Program;
export!(Program);

impl exports::wasi::cli::run::Guest for Program {
    fn run() -> Result<(), ()> {
        fetch()
            .map(|page| print(&stdout::get_stdout(), &page))
            .map_err(|error| print(&stderr::get_stderr(), format!("{error}\n").as_bytes()))
    }
}

fn fetch() -> Result<Vec<u8>, String> {
    let arguments = environment::get_arguments();
    let [_, host, port] = &arguments[..] else { return Err("usage: fetch HOST PORT < AUTHORITY".into()) };
    let port = port.parse().map_err(|_| format!("{port} is not a port"))?;

    let context = Context::new(Endpoint::Client); // verifies its peer
    context.load_verify_locations(&all_of_stdin()).map_err(in_words)?;
    let tls = context.connect(Some(host.as_bytes()), false).map_err(in_words)?;
    let transport = Transport::connect(host, port)?;
    shake_hands(&tls, &transport)?;
    write(&tls, &transport, format!("GET / HTTP/1.0\r\nHost: {host}\r\n\r\n").as_bytes())?;
    let mut page = Vec::new();
    while let Some(part) = read(&tls, &transport)? {
        page.extend(part);
    }
    if tls.close() {
        send_waiting(&tls, &transport)?; // close_notify
    }
    Ok(page)
}

fn shake_hands(tls: &Connection, transport: &Transport) -> Result<(), String> {
    loop {
        match tls.handshake() {
            Ok(Progress::Done(_)) => return Ok(()),
            Ok(Progress::Again(need)) => serve(tls, transport, need)?,
            Err(error) => return Err(failed(tls, transport, error)),
        }
    }
}

fn write(tls: &Connection, transport: &Transport, mut data: &[u8]) -> Result<(), String> {
    while !data.is_empty() {
        match tls.write(data) {
            Ok(Progress::Done(count)) => data = &data[count as usize..],
            Ok(Progress::Again(need)) => serve(tls, transport, need)?,
            Err(error) => return Err(failed(tls, transport, error)),
        }
    }
    Ok(())
}

/// None at the end of the file.
fn read(tls: &Connection, transport: &Transport) -> Result<Option<Vec<u8>>, String> {
    loop {
        match tls.read(16384) {
            Ok(Plaintext::Data(data)) => return Ok((!data.is_empty()).then_some(data)),
            Ok(Plaintext::Again(need)) => serve(tls, transport, need)?,
            Err(error) => return Err(failed(tls, transport, error)),
        }
    }
}

/// Does what an operation needs before it can go on.
fn serve(tls: &Connection, transport: &Transport, need: Need) -> Result<(), String> {
    match need {
        Need::Send => send_waiting(tls, transport)?,
        Need::Receive => tls.received(&transport.receive()?),
        Need::Verify => tls.decide(Some(0)).map_err(in_words)?, // only asked for by contexts with set-verify-callback
    }
    Ok(())
}

fn send_waiting(tls: &Connection, transport: &Transport) -> Result<(), String> {
    let ciphertext = tls.to_send();
    transport.send(&ciphertext)?;
    tls.sent(ciphertext.len() as u32);
    Ok(())
}

/// The connection is over; the peer is told why, if it still listens.
fn failed(tls: &Connection, transport: &Transport, error: Error) -> String {
    let _ = send_waiting(tls, transport);
    in_words(error)
}

/// As MicroPython would show the exception.
fn in_words(Error { kind, code, text }: Error) -> String {
    match code {
        Some(code) => format!("{kind:?}: ({code}, '{text}')"),
        None => format!("{kind:?}: {text}"),
    }
}

fn all_of_stdin() -> Vec<u8> {
    let input = stdin::get_stdin();
    let mut all = Vec::new();
    while let Ok(part) = input.blocking_read(4096) {
        all.extend(part);
    }
    all
}

fn print(output: &OutputStream, text: &[u8]) {
    for part in text.chunks(4096) {
        if output.blocking_write_and_flush(part).is_err() {
            return; // nobody reads it any more
        }
    }
}

/// Whether a stream ended in the ordinary way.
fn is_end(error: &StreamError) -> bool {
    matches!(error, StreamError::Closed)
}
