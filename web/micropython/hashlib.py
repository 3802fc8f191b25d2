# hashlib: the build's own sha256; JavaScript computes the hashes that the build lacks.

from _patches import sha256
from uctypes import addressof
import _mpsystem as _host


class _Hash:
    def __init__(self, data=b""):
        self._hash = _host.hash(self._name)
        if data:
            self.update(data)

    def update(self, data):
        if self._hash is None:
            raise ValueError("hash is final")
        if len(data):
            _host.hash_update(self._hash, addressof(data), len(data))

    def digest(self):
        if self._hash is None:
            raise ValueError("hash is final")
        out = bytearray(self._size)
        _host.hash_digest(self._hash, addressof(out))
        self._hash = None
        return bytes(out)

    def hexdigest(self):
        return self.digest().hex()


class md5(_Hash):
    _name = "md5"
    _size = 16


class sha1(_Hash):
    _name = "sha1"
    _size = 20
