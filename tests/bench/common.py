"""What the parts of `make bench` share: running commands, telling the machine, judging figures."""

import os
import platform
import subprocess
import time

ENVIRONMENT = {**os.environ, "LC_ALL": "C"}
HERE = os.path.dirname(os.path.abspath(__file__))


class Failed(Exception):
    """A command that should have worked."""


def run(command, given=None):
    """Runs it: seconds, seconds of processor time, the most memory in MB. Into the last the kernel counts what this
    small process had when it started the child. `given`: a short text for its standard input."""
    started = time.monotonic()
    with subprocess.Popen(command, stdin=subprocess.PIPE if given else subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, env=ENVIRONMENT) as process:
        if given:
            process.stdin.write(given.encode())
            process.stdin.close()
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        told = output.decode("utf-8", "replace")[-4000:]
        raise Failed(f"{' '.join(command)}: exit status {process.returncode}\n{told}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def machine():
    model = "?"
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return f"{os.cpu_count()} x {model}, Linux {platform.release()}, load {os.getloadavg()[0]:.1f} at the start"


def judge(value, target, text):
    if value <= target:
        return f"met ({text(value)} of {text(target)})"
    return f"missed by {text(value - target)} ({text(value)}, target {text(target)})"


def columns(cells, left=(0,)):
    """Lines of a table: `left` are the columns of text."""
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    return ["  ".join(text.ljust(width) if column in left else text.rjust(width)
                      for column, (text, width) in enumerate(zip(row, widths))).rstrip() for row in cells]
