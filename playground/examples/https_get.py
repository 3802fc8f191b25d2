# Fetches a page over HTTPS with nothing but socket and ssl. The same program runs on a board.

import socket
import ssl

HOST, PORT = "example.com", 443

context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.verify_mode = ssl.CERT_REQUIRED
context.load_verify_locations(cafile="/certs/roots.pem")

sock = socket.socket()
sock.connect(socket.getaddrinfo(HOST, PORT)[0][-1])
tls = context.wrap_socket(sock, server_hostname=HOST)
print("connected to", HOST, "by", *tls.cipher())

tls.write(b"GET / HTTP/1.0\r\nHost: %s\r\n\r\n" % HOST.encode())
while True:
    line = tls.readline().strip()
    if not line:
        break
    print("\x1b[36m" + line.decode() + "\x1b[0m")
print()
print(tls.read().decode())
tls.close()
