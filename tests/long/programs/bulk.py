# COUNT MiB over one connection.

import socket

MIB = 1024 * 1024
AT_A_TIME = 8

sock = socket.socket()
sock.connect(("127.0.0.1", PORT))
stream = client.wrap_socket(sock, server_hostname="localhost")
buffer = bytearray(65536)
received = 0
for asked in range(0, COUNT, AT_A_TIME):
    part = min(AT_A_TIME, COUNT - asked) * MIB
    stream.write(b"%d\n" % part)
    received += part
    while part:
        part -= stream.readinto(buffer, min(part, len(buffer)))
    at(received // MIB)
stream.close()
