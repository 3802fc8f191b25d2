# `-m mip install`: the command line of mip.

import sys
from . import install

USAGE = "usage: -m mip install [--index URL] [--target FOLDER] [--no-mpy] package[@version]..."


def _main(args):
    options = {}
    packages = []
    if not args or args.pop(0) != "install":
        return _refuse("expected install")
    while args:
        arg = args.pop(0)
        if arg in ("-i", "--index", "-t", "--target"):
            if not args:
                return _refuse("%s needs a value" % arg)
            options["index" if arg in ("-i", "--index") else "target"] = args.pop(0)
        elif arg in ("--mpy", "--no-mpy"):
            options["mpy"] = arg == "--mpy"
        elif arg.startswith("-"):
            return _refuse("unknown option %s" % arg)
        else:
            packages.append(arg)
    if not packages:
        return _refuse("no package is named")
    try:
        for package in packages:
            name, _, version = package.partition("@")
            install(name, version=version or None, **options)
    except (OSError, ValueError) as error:
        print("mip: %s" % error, file=sys.stderr)
        return 1
    return 0


def _refuse(why):
    print("mip: %s\n%s" % (why, USAGE), file=sys.stderr)
    return 2


sys.exit(_main(sys.argv[1:]))
