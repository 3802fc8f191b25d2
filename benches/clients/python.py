# Runs one of the programs of MicroPython's tests/perf_bench. Prints the microseconds of CPU that
# its process took for it.

import sys
from cpu import cpu

SIZE = (1000, 1000)  # as for a CPU of 1 GHz and a heap of 1000 KB


def main(path):
    program = {"__name__": "program"}
    with open(path) as file:
        exec(file.read(), program)
    params = program["bm_params"]
    setup = program["bm_setup"](params[max(size for size in params if size[0] <= SIZE[0] and size[1] <= SIZE[1])])
    before = cpu()
    setup[0]()
    took = cpu() - before
    return took


print(main(sys.argv[1]))
