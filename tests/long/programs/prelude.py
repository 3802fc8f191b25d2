# Stands before each load's program, after PORT and COUNT: who it trusts, who it is, and how far it
# has come.

import gc
import ssl

client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
client.verify_mode = ssl.CERT_REQUIRED
client.load_verify_locations(cafile="ca.pem")
server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
server.load_cert_chain("chain.pem", "key.pem")

# Else garbage takes more and more of the heap that was never used before, which looks like growth.
gc.threshold(1024 * 1024)
told = 0


def at(done):
    """Tells each per cent, and what the heap holds then."""
    global told
    if done * 100 // COUNT > told:
        told = done * 100 // COUNT
        gc.collect()
        print("at", told, gc.mem_alloc())
