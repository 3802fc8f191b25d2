# Modules of Python that are part of the interpreter.
include("$(MPY_DIR)/extmod/asyncio")
module("ssl.py", base_path="$(PORT_DIR)/../web/micropython")
module("ussl.py", base_path="$(PORT_DIR)/../web/micropython")
