/**
 * A client whose verify_callback refuses its server, over TLS and over DTLS: one program for every
 * shell. It prints the client's exception, and the last record that the client has sent.
 */

import { cast } from "./pki.js";

const { ca, server } = cast();

/** What the callback returns. */
export const VERDICT = 42;

/** The exception that this becomes. */
export const REFUSAL = { code: VERDICT, text: "MBEDTLS_ERR_UNKNOWN (0x002A)" };

/** A fatal alert, access_denied (RFC 5246, section 7.2), as it ends a record in plaintext. */
export const ALERT = "0231";

export const PROGRAM = `
import io, tls

class Wire(io.IOBase):
    def __init__(self):
        self.arrived = []
        self.sent = b""

    def readinto(self, buf):
        if not self.arrived:
            return None
        data = self.arrived.pop(0)
        count = min(len(buf), len(data))
        buf[:count] = data[:count]
        if count < len(data):
            self.arrived.insert(0, data[count:])
        return count

    def write(self, buf):
        self.sent = bytes(buf)
        self.peer.arrived.append(self.sent)
        return len(buf)

    def ioctl(self, request, argument):
        return 0

def refused(client_protocol, server_protocol):
    left, right = Wire(), Wire()
    left.peer, right.peer = right, left
    ours, theirs = tls.SSLContext(client_protocol), tls.SSLContext(server_protocol)
    ours.maximum_version = tls.TLSVersion.TLSv1_2  # in which the alert can be read on the wire
    ours.load_verify_locations(bytes.fromhex("${hex(ca.der)}"))
    ours.verify_callback = lambda certificate, depth: ${VERDICT}
    theirs.load_cert_chain(bytes.fromhex("${hex(server.der)}"), bytes.fromhex("${hex(server.keyDer)}"))
    client = ours.wrap_socket(left, server_hostname="localhost", do_handshake_on_connect=False)
    listen = lambda: theirs.wrap_socket(right, server_side=True, do_handshake_on_connect=False, client_id=b"client")
    server = listen()
    for _ in range(20):
        try:
            client.write(b"hello")
        except Exception as error:
            return type(error).__name__, error.args, "".join("%02x" % byte for byte in left.sent[-2:])
        try:
            server.read(1)
        except OSError as error:
            if error.args[0] != -27264:  # HELLO_VERIFY_REQUIRED: the client comes again
                raise
            server = listen()

print(*refused(tls.PROTOCOL_TLS_CLIENT, tls.PROTOCOL_TLS_SERVER))
print(*refused(tls.PROTOCOL_DTLS_CLIENT, tls.PROTOCOL_DTLS_SERVER))
`;

/** What the program prints. */
export const OUTPUT = `OSError (${VERDICT}, '${REFUSAL.text}') ${ALERT}\n`.repeat(2);

/** @param {Uint8Array} bytes */
function hex(bytes) {
  return Buffer.from(bytes).toString("hex");
}
