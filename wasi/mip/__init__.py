# `mip`: installs packages from an index or a repository, by the protocol of MicroPython's own
# `mip`. Servers are verified.

import hashlib, json, os, sys
from binascii import hexlify
from ._http import check_secure, get

INDEX = "https://micropython.org/pi/v2"

_REPOSITORIES = {
    "github:": "https://raw.githubusercontent.com/{}/{}/{}/{}",
    "gitlab:": "https://gitlab.com/{}/{}/-/raw/{}/{}",
}


# Raises OSError for a server that cannot be reached or has no such package, ValueError for what
# cannot be followed.
def install(package, index=None, target=None, version=None, mpy=True):
    target = target or _lib_folder()
    print("Installing", package, "to", target)
    _install(package, (index or INDEX).rstrip("/"), target, version, mpy, set())
    print("Done")


def _install(package, index, target, version, mpy, known):
    if package in known:
        return
    known.add(package)
    if not _is_address(package):
        kind = str(sys.implementation._mpy & 0xFF) if mpy and hasattr(sys.implementation, "_mpy") else "py"
        address = "%s/package/%s/%s/%s.json" % (index, kind, package, version or "latest")
        return _install_list(address, index, target, version, mpy, known)
    if package.endswith(".py") or package.endswith(".mpy"):
        return _store(target, package.split("/")[-1], get(_web_address(package, version)))
    if not package.endswith(".json"):
        package = package.rstrip("/") + "/package.json"
    _install_list(package, index, target, version, mpy, known)


# Installs what a package.json lists.
def _install_list(address, index, target, version, mpy, known):
    web_address = _web_address(address, version)
    listed = json.loads(get(web_address))
    for kind in ("hashes", "urls"):
        for path, _ in listed.get(kind, ()):
            _path(target, path)  # raises before anything is written
    for path, digest in listed.get("hashes", ()):
        if _digest_of(_path(target, path), len(digest)) == digest:
            continue
        content = get("%s/file/%s/%s" % (index, digest[:2], digest))
        if hexlify(hashlib.sha256(content).digest()).decode()[: len(digest)] != digest:
            raise ValueError("%s: the index sent other bytes than it lists" % path)
        _store(target, path, content)
    folder = address.rsplit("/", 1)[0]
    for path, source in listed.get("urls", ()):
        source = _web_address(source if _is_address(source) else folder + "/" + source, version)
        check_secure(web_address, "the package has", source)
        _store(target, path, get(source))
    for name, wanted in listed.get("deps", ()):
        if _is_address(name):
            check_secure(web_address, "the package needs", _web_address(name, wanted))
        _install(name, index, target, wanted, mpy, known)


def _is_address(package):
    return "://" in package or any(package.startswith(prefix) for prefix in _REPOSITORIES)


def _web_address(address, version):
    for prefix, form in _REPOSITORIES.items():
        if address.startswith(prefix):
            parts = address[len(prefix) :].split("/", 2)
            if len(parts) < 3:
                raise ValueError("%s: expected %sowner/repository/path" % (address, prefix))
            return form.format(parts[0], parts[1], version or "HEAD", parts[2])
    return address


# The first folder of sys.path that is meant for packages. One that begins with ~ has no home to be
# in.
def _lib_folder():
    for path in sys.path:
        if path.endswith("/lib") and not path.startswith("~"):
            return path
    raise ValueError("no folder of sys.path ends in /lib: give target=")


def _path(target, path):
    # Windows has its own separator.
    if path.startswith("/") or "\\" in path or ".." in path.split("/"):
        raise ValueError("%s: a package may not leave the folder it is installed to" % path)
    return target.rstrip("/") + "/" + path


def _digest_of(path, length):
    try:
        with open(path, "rb") as file:
            digest = hashlib.sha256()
            while True:
                piece = file.read(4096)
                if not piece:
                    return hexlify(digest.digest()).decode()[:length]
                digest.update(piece)
    except OSError:
        return None


# Writes a file whole or not at all.
def _store(target, path, content):
    path = _path(target, path)
    print("Writing", path)
    for end in range(1, len(path)):
        if path[end] == "/":
            _make_folder(path[:end])
    with open(path + ".part", "wb") as file:
        file.write(content)
    os.rename(path + ".part", path)


def _make_folder(path):
    try:
        os.stat(path)
    except OSError:
        os.mkdir(path)
