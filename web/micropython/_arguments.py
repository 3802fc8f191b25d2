# Arguments as MicroPython's functions in C take them, with their TypeErrors.

import io


def takes(count):
    # A decorator: a method that takes so many arguments.
    def decorate(method):
        def call(*args, **keywords):
            if keywords:
                raise TypeError("function doesn't take keyword arguments")
            if len(args) != count:
                raise TypeError("function takes %d positional arguments but %d were given" % (count, len(args)))
            return method(*args)

        return call

    return decorate


def check_stream(obj):
    if not isinstance(obj, (io.IOBase, io.BytesIO, io.StringIO)):
        raise OSError("stream operation not supported")


def as_int(obj):
    if not isinstance(obj, (int, bool)):
        raise TypeError("can't convert %s to int" % type(obj).__name__)
    return int(obj)


def as_bytes(obj):
    if isinstance(obj, str):
        return obj.encode()
    if not isinstance(obj, bytes):
        raise TypeError("can't convert '%s' object to str implicitly" % type(obj).__name__)
    return obj


def as_buffer(obj):
    # The bytes of an object. Anything that has no bytes counts as empty; the engine refuses empty
    # data where it is wrong.
    if isinstance(obj, str):
        return obj.encode()
    return obj if isinstance(obj, (bytes, bytearray, memoryview)) else None
