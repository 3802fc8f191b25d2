# The CPU time of the whole process in microseconds, for any of the interpreters.

import os

try:
    from js import process
except ImportError:
    process = None


def cpu():
    if process:
        usage = process.cpuUsage()
        return usage.user + usage.system
    nanoseconds = 0
    for task in os.listdir("/proc/self/task"):  # Linux; wasmtime is given it as a folder
        with open("/proc/self/task/%s/schedstat" % task) as file:
            nanoseconds += int(file.read().split()[0])
    return nanoseconds // 1000
