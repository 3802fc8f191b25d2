# Modules of Python that are part of the interpreter.
package("asyncio", ("core.py", "event.py", "funcs.py", "lock.py"), base_path="$(MPY_DIR)/extmod", opt=3)
package("asyncio", ("__init__.py",), base_path="$(PORT_DIR)", opt=3)
package("asyncio", ("stream.py", "waiting.py"), base_path="$(PORT_DIR)/../web/micropython", opt=3)
module("uasyncio.py", base_path="$(MPY_DIR)/extmod/asyncio", opt=3)
package("mip", ("__init__.py", "__main__.py", "_http.py"), base_path="$(PORT_DIR)", opt=3)
module("ssl.py", base_path="$(PORT_DIR)/../web/micropython")
module("ussl.py", base_path="$(PORT_DIR)/../web/micropython")
module("_services.py", base_path="$(PORT_DIR)/../web/micropython")
