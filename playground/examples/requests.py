# A small HTTP client in the manner of MicroPython's requests, that verifies its servers.

import json as _json
import socket
import ssl

ROOTS = "/certs/roots.pem"


class Response:
    def __init__(self, stream, status_code, reason, headers):
        self.raw = stream
        self.status_code = status_code
        self.reason = reason
        self.headers = headers
        self._content = None

    @property
    def content(self):
        if self._content is None:
            try:
                if "chunked" in self.headers.get("transfer-encoding", ""):
                    self._content = b"".join(_chunks(self.raw))
                elif "content-length" in self.headers:
                    self._content = self.raw.read(int(self.headers["content-length"]))
                else:
                    self._content = self.raw.read()
            finally:
                self.close()
        return self._content

    @property
    def text(self):
        return self.content.decode()

    def json(self):
        return _json.loads(self.content)

    def close(self):
        if self.raw:
            self.raw.close()
            self.raw = None


def request(method, url, data=None, json=None, headers={}, timeout=None):
    scheme, _, address, path = (url.split("/", 3) + [""])[:4]
    host, _, port = address.partition(":")
    stream = socket.socket()
    stream.settimeout(timeout)
    try:
        stream.connect(socket.getaddrinfo(host, int(port or (443 if scheme == "https:" else 80)))[0][-1])
        if scheme == "https:":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(cafile=ROOTS)
            stream = context.wrap_socket(stream, server_hostname=host)
        fields = {"Host": address, "Connection": "close"}
        if json is not None:
            data = _json.dumps(json)
            fields["Content-Type"] = "application/json"
        if data:
            data = data.encode() if isinstance(data, str) else data
            fields["Content-Length"] = str(len(data))
        fields.update(headers)
        stream.write("%s /%s HTTP/1.1\r\n" % (method, path))
        stream.write("".join("%s: %s\r\n" % field for field in fields.items()) + "\r\n")
        if data:
            stream.write(data)
        _, code, reason = (stream.readline().decode().strip() + "  ").split(" ", 2)
        return Response(stream, int(code), reason.strip(), dict(_headers(stream)))
    except:
        stream.close()
        raise


def _headers(stream):
    while True:
        line = stream.readline().decode().strip()
        if not line:
            return
        name, _, value = line.partition(":")
        yield name.lower(), value.strip()


def _chunks(stream):
    while True:
        size = int(stream.readline().split(b";")[0], 16)
        if size:
            yield stream.read(size)
        stream.readline()
        if not size:
            return


def get(url, **options):
    return request("GET", url, **options)


def post(url, **options):
    return request("POST", url, **options)


def put(url, **options):
    return request("PUT", url, **options)


def delete(url, **options):
    return request("DELETE", url, **options)
