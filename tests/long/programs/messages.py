# COUNT small messages and their answers over one connection, a few at a time.

import socket

AT_A_TIME = 10

sock = socket.socket()
sock.connect(("127.0.0.1", PORT))
stream = client.wrap_socket(sock, server_hostname="localhost")
for number in range(COUNT // AT_A_TIME):
    for message in range(AT_A_TIME):
        stream.write(b"32\n")
    for message in range(AT_A_TIME):
        assert len(stream.read(32)) == 32
    at((number + 1) * AT_A_TIME)
stream.close()
