# A client that makes COUNT connections, one after the other, and closes them or forgets them.

import socket

for number in range(COUNT):
    sock = socket.socket()
    sock.connect(("127.0.0.1", PORT))
    stream = client.wrap_socket(sock, server_hostname="localhost")
    stream.write(b"5\n")
    assert len(stream.read(5)) == 5
    if CLOSES:
        stream.close()
    at(number + 1)
