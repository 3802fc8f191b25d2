# The prompt: runs the typed statements one by one and prints their values. It is a program, because
# MicroPython's own prompt cannot be used in a worker.

import sys

COMPOUND = ("@", "async", "class", "def", "for", "if", "try", "while", "with")


# Whether a statement goes on in the next line. The rules are those of MicroPython's own prompt.
def goes_on(text):
    brackets = 0
    quote = ""
    at = 0
    while at < len(text):
        character = text[at]
        if character == "\\":
            at += 2
            continue
        if quote:
            if text.startswith(quote, at):
                at += len(quote) - 1
                quote = ""
            elif len(quote) == 1 and character == "\n":
                quote = ""
        elif character in "'\"":
            quote = character * 3 if text.startswith(character * 3, at) else character
            at += len(quote) - 1
        elif character == "#":
            end = text.find("\n", at)
            at = len(text) if end < 0 else end
        elif character in "([{":
            brackets += 1
        elif character in ")]}":
            brackets -= 1
        at += 1
    if brackets > 0 or len(quote) == 3 or text.endswith("\\"):
        return True
    word = text.split(None, 1)[0].split(":")[0].split("(")[0] if text.strip() else ""
    return (word in COMPOUND or word.startswith("@")) and not text.endswith("\n")


# A traceback without the lines of this file.
def report(error):
    import io

    text = io.StringIO()
    sys.print_exception(error, text)
    for line in text.getvalue().split("\n"):
        if line and not line.startswith('  File "%s"' % __file__):
            print(line)


def prompt():
    names = {"__name__": "__main__"}
    text = ""
    while True:
        try:
            line = input("... " if text else ">>> ")
            text = text + "\n" + line if text else line
            if goes_on(text):
                continue
            whole, text = text, ""
            exec(compile(whole, "<stdin>", "single"), names)
        except EOFError:
            return
        except SystemExit:
            return
        except KeyboardInterrupt:
            text = ""
            print("\nKeyboardInterrupt")
        except BaseException as error:
            text = ""
            report(error)


print("MicroPython %d.%d.%d in this page" % sys.implementation[1][:3])
prompt()
