# Runs the program that the command line names, as MicroPython's unix port does: returns the exit code.

import os, sys, uio
import _mpsystem as _host
import _patches


# Sets sys.argv and sys.path.
def prepare():
    sys.argv.clear()
    for i in range(_host.arguments()):
        sys.argv.append(_host.argument(i))
    sys.path[:] = [""] + [_host.path_entry(i) for i in range(_host.path_entries())]
    _builtin_path()


def run():
    prepare()
    main = __import__("__main__").__dict__
    kind = _host.kind
    target = _host.target
    try:
        if kind == "file":
            _file(target, main)
        elif kind == "module":
            _module(target, main)
        else:
            _text(target, "<stdin>", main)
        return 0
    except SystemExit as e:
        return _exit_code(e)
    except BaseException as e:
        _report(e)
        return 1


# Our own modules come before the frozen ones, and last where there are none.
def _builtin_path():
    folder = __file__[: __file__.rfind("/")]
    if folder in sys.path:
        sys.path.remove(folder)
    at = sys.path.index(".frozen") if ".frozen" in sys.path else len(sys.path)
    sys.path.insert(at, folder)


def _file(path, main):
    slash = path.rfind("/")
    sys.path[0] = path[:slash] if slash > 0 else "/" if slash == 0 else ""
    try:
        f = open(path)
    except OSError as e:
        sys.stderr.write("micropython-ssl: can't open file '%s': [Errno %d] %s\n" % (path, e.errno, _errno_name(e.errno)))
        raise SystemExit(1)
    with f:
        text = f.read()
    main["__file__"] = path
    _text(text, path, main)


def _module(name, main):
    path = _find(name)
    if path is None:
        m = __import__(name)
        return
    main["__file__"] = path
    with open(path) as f:
        text = f.read()
    _text(text, path, main)


def _find(name):
    relative = name.replace(".", "/")
    for folder in sys.path:
        if folder == ".frozen":
            continue
        base = folder + "/" + relative if folder else relative
        for path in (base + ".py", base + "/__main__.py"):
            try:
                if os.stat(path)[0] & 0o170000 == 0o100000:
                    return path
            except OSError:
                pass


def _text(text, name, main):
    code = compile(text, name, "exec")
    if not _host.compile_only:
        exec(code, main)


def _exit_code(e):
    value = e.args[0] if e.args else None
    if value is None:
        return 0
    return value & 255 if isinstance(value, int) else 1


# The traceback without the lines of our own files, which on a board are C.
def _report(e):
    text = uio.StringIO()
    sys.print_exception(e, text)
    own = '  File "%s/' % __file__[: __file__.rfind("/")]
    for line in text.getvalue().split("\n"):
        if line and not line.startswith(own):
            sys.stderr.write(line + "\n")


def _errno_name(number):
    import uerrno

    return uerrno.errorcode.get(number, "error")
