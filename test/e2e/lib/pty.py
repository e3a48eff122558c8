# SPDX-License-Identifier: MIT
"""Plays somebody at a terminal: runs a program on a pty, waits for texts, types answers.

usage: python3 pty.py [expect=TEXT | send=TEXT]... -- PROGRAM [ARGUMENT]...

"\\t", "\\r", "\\x03" in TEXT are what they are in Python. Each expect waits for a text that comes after
what the one before it has found. Prints all that the terminal showed; the exit status is that of the
program, or 99 when something expected did not come within DEADLINE seconds.
"""

import os
import pty
import select
import sys
import time

DEADLINE = 15


def decode(text):
    return text.encode("latin-1", "backslashreplace").decode("unicode_escape").encode("latin-1")


def main(args):
    cut = args.index("--")
    pid, fd = pty.fork()
    if pid == 0:
        os.execvp(args[cut + 1], args[cut + 1 :])
    shown, at = b"", 0

    def read_more(until):
        nonlocal shown
        ready, _, _ = select.select([fd], [], [], max(0.0, until - time.monotonic()))
        try:
            chunk = os.read(fd, 65536) if ready else b""
        except OSError:  # the program has closed its side
            chunk = b""
        shown += chunk
        return bool(chunk)

    failed = None
    for step in args[:cut]:
        kind, _, text = step.partition("=")
        text = decode(text)
        if kind == "send":
            os.write(fd, text)
            continue
        until = time.monotonic() + DEADLINE
        while text not in shown[at:]:
            if not read_more(until):
                failed = step
                break
        if failed:
            break
        at = shown.index(text, at) + len(text)
    if failed is None:
        until = time.monotonic() + DEADLINE
        while read_more(until):
            pass
        failed = "its end" if time.monotonic() >= until else None
    if failed is not None:
        os.kill(pid, 9)
    _, status = os.waitpid(pid, 0)
    sys.stdout.buffer.write(shown)
    if failed is not None:
        print(f"\n[did not come: {failed}]")
        return 99
    return os.waitstatus_to_exitcode(status)


sys.exit(main(sys.argv[1:]))
