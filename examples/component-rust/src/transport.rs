//! A TCP connection by wasi:sockets that blocks.

use crate::is_end;
use crate::wasi::io::streams::{InputStream, OutputStream};
use crate::wasi::sockets::instance_network::instance_network;
use crate::wasi::sockets::ip_name_lookup::resolve_addresses;
use crate::wasi::sockets::network::{
    ErrorCode, IpAddress, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, Ipv6SocketAddress, Network,
};
use crate::wasi::sockets::tcp::TcpSocket;
use crate::wasi::sockets::tcp_create_socket::create_tcp_socket;

const LONGEST_WRITE: usize = 4096; // of blocking-write-and-flush
const LONGEST_READ: u64 = 65536;

pub(crate) struct Transport {
    // The streams have to go before their socket: fields are dropped in this order.
    input: InputStream,
    output: OutputStream,
    _socket: TcpSocket,
}

impl Transport {
    /// Connects to the first address of a host that answers.
    pub(crate) fn connect(host: &str, port: u16) -> Result<Self, String> {
        let network = instance_network();
        let mut why = "no address".to_owned();
        for address in addresses(&network, host).map_err(|code| format!("{host}: {}", code.name()))? {
            match open(&network, address, port) {
                Ok(transport) => return Ok(transport),
                Err(code) => why = code.name().to_owned(),
            }
        }
        Err(format!("{host} port {port}: {why}"))
    }

    pub(crate) fn send(&self, bytes: &[u8]) -> Result<(), String> {
        for part in bytes.chunks(LONGEST_WRITE) {
            self.output.blocking_write_and_flush(part).map_err(|error| format!("sending: {error:?}"))?;
        }
        Ok(())
    }

    /// At least one byte, or none at the end.
    pub(crate) fn receive(&self) -> Result<Vec<u8>, String> {
        match self.input.blocking_read(LONGEST_READ) {
            Ok(bytes) => Ok(bytes),
            Err(error) if is_end(&error) => Ok(Vec::new()),
            Err(error) => Err(format!("receiving: {error:?}")),
        }
    }
}

fn addresses(network: &Network, host: &str) -> Result<Vec<IpAddress>, ErrorCode> {
    let stream = resolve_addresses(network, host)?;
    let mut all = Vec::new();
    loop {
        match stream.resolve_next_address() {
            Ok(Some(address)) => all.push(address),
            Ok(None) => return Ok(all),
            Err(ErrorCode::WouldBlock) => stream.subscribe().block(),
            Err(code) => return Err(code),
        }
    }
}

fn open(network: &Network, address: IpAddress, port: u16) -> Result<Transport, ErrorCode> {
    let (family, remote) = match address {
        IpAddress::Ipv4(address) => (IpAddressFamily::Ipv4, IpSocketAddress::Ipv4(Ipv4SocketAddress { port, address })),
        IpAddress::Ipv6(address) => {
            (IpAddressFamily::Ipv6, IpSocketAddress::Ipv6(Ipv6SocketAddress { port, flow_info: 0, address, scope_id: 0 }))
        }
    };
    let socket = create_tcp_socket(family)?;
    socket.start_connect(network, remote)?;
    loop {
        match socket.finish_connect() {
            Ok((input, output)) => return Ok(Transport { input, output, _socket: socket }),
            Err(ErrorCode::WouldBlock) => socket.subscribe().block(),
            Err(code) => return Err(code),
        }
    }
}
