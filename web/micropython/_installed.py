# Makes our modules importable in an interpreter that runs already. install() is called once.

import sys

_REPLACED = ("socket", "tls", "ssl", "select", "hashlib", "uasyncio")


def install():
    core = sys.modules.get("asyncio.core")
    if core is not None and core._task_queue.peek() is not None:
        raise RuntimeError("tasks of asyncio run already: install micropython-ssl before they do")
    folder = __file__[: __file__.rfind("/")]
    while folder in sys.path:
        sys.path.remove(folder)
    import asyncio.core, asyncio.event, asyncio.funcs

    # Ours come before the frozen ones, and after the program's own.
    sys.path.insert(sys.path.index(".frozen") if ".frozen" in sys.path else len(sys.path), folder)
    for name in list(sys.modules):
        if name.split(".")[0] in _REPLACED:
            del sys.modules[name]
    import _patches

    # Upstream's modules of asyncio are loaded already. The others are imported from our folder.
    asyncio.__path__ = folder + "/asyncio"
    import asyncio.loop

    asyncio.loop.install()


# Prepares __main__ for another program. JavaScript runs the program's text.
def begin(name, args):
    import json

    sys.argv[:] = [name] + json.loads(args)
    main = __import__("__main__").__dict__
    for key in list(main):
        if key != "__name__":
            del main[key]
    main["__file__"] = name
