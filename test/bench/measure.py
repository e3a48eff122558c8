#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""measure.py - the clocks and scales of run.sh; runs in a tools container

measure.py start FIFO HOST      writes to FIFO, for which a container's first process waits before it becomes the server;
                                prints the milliseconds from there to the SMTP banner and to the IMAP greeting
measure.py processes SECONDS    in the process name space of a container: JSON of all its processes with PSS in KiB, and
                                CPU time in ms and number of wake-ups (voluntary context switches) within SECONDS
measure.py table                reads the JSON of run.sh and prints it as Markdown
"""
import json
import os
import socket
import sys
import threading
import time

DEADLINE_S = 60
POLL_S = 0.001


def greeting_ms(host, port, start, result):
    """Connects until the server greets; a connection that is refused or dropped is tried again."""
    while time.monotonic() - start < DEADLINE_S:
        try:
            with socket.create_connection((host, port), timeout=5) as sock:
                if sock.recv(4):
                    result[port] = (time.monotonic() - start) * 1000
                    return
        except OSError:
            pass
        time.sleep(POLL_S)


def start(fifo, host):
    with open(fifo, "w", encoding="ascii") as file:
        file.write("go\n")
    begin = time.monotonic()
    result = {}
    crew = [threading.Thread(target=greeting_ms, args=(host, port, begin, result)) for port in (25, 143)]
    for member in crew:
        member.start()
    for member in crew:
        member.join()
    if len(result) < 2:
        sys.exit("no greeting within %d s" % DEADLINE_S)
    print("%.1f %.1f" % (result[25], result[143]))


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def snapshot():
    """Of each process but this program: name, PSS, CPU ticks, voluntary context switches of all its threads."""
    found = {}
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            stat = read("/proc/%s/stat" % name)
            fields = stat[stat.rindex(")") + 2:].split()
            rollup = read("/proc/%s/smaps_rollup" % name)
            pss = [int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")]
            switches = 0
            for thread in os.listdir("/proc/%s/task" % name):
                status = read("/proc/%s/task/%s/status" % (name, thread))
                switches += int(status.split("voluntary_ctxt_switches:")[1].split()[0])
            arguments = read("/proc/%s/cmdline" % name).replace("\0", " ").strip()
        except (FileNotFoundError, ProcessLookupError):
            continue
        found[int(name)] = {
            "name": stat[stat.index("(") + 1:stat.rindex(")")],
            "command": arguments[:80],
            "pss_kib": sum(pss),
            "ticks": int(fields[11]) + int(fields[12]),
            "switches": switches,
        }
    return found


def processes(seconds):
    before = snapshot()
    time.sleep(float(seconds))
    after = snapshot()
    tick_ms = 1000 / os.sysconf("SC_CLK_TCK")
    rows = []
    for pid, now in sorted(after.items()):
        then = before.get(pid, {"ticks": 0, "switches": 0})
        rows.append({
            "pid": pid,
            "name": now["name"],
            "command": now["command"],
            "pss_kib": now["pss_kib"],
            "cpu_ms": round((now["ticks"] - then["ticks"]) * tick_ms),
            "wakeups": now["switches"] - then["switches"],
        })
    json.dump(rows, sys.stdout)


def ratio(one, other):
    return "%.2f ×" % (one / other) if other else "-"


def table():
    data = json.load(sys.stdin)
    memory = data["idle"]
    sizes = {count: data["accounts"][count] for count in ("10", "1000", "100000")}
    few, many = sizes["10"], sizes["100000"]
    rows = [
        ("start until SMTP banner and IMAP greeting, ms", data["start"]["both"], data["floor"]["both"], "≤ 3 ×"),
        ("of these, SMTP banner", data["start"]["smtp"], data["floor"]["smtp"], ""),
        ("of these, IMAP greeting", data["start"]["imap"], data["floor"]["imap"], ""),
        ("first start with new volumes until both, ms", data["first_start"]["both"], data["floor"]["both"], ""),
        ("stop, ms (with the engine's own time)", data["stop"], data["floor_stop"], "< 2 s"),
    ]
    print("| figure | server | bare `dovecot -F` and `master` | ratio | wanted |")
    print("|---|---:|---:|---:|---|")
    for name, server, bare, wanted in rows:
        print("| %s | %.0f | %.0f | %s | %s |" % (name, server, bare, ratio(server, bare), wanted))
    print()
    print("| figure | 10 accounts | 100,000 accounts and aliases | ratio | wanted |")
    print("|---|---:|---:|---:|---|")
    for name, one, other, wanted in (
        ("start until SMTP banner and IMAP greeting, ms", few["start"]["both"], many["start"]["both"], "≤ 3 ×"),
    ):
        print("| %s | %.0f | %.0f | %s | %s |" % (name, one, other, ratio(other, one), wanted))
    print()
    print("| commands, beside so many accounts | 10 | 1,000 | 100,000 | wanted |")
    print("|---|---:|---:|---:|---|")
    for name, key, wanted in (
        ("`setup email add`, ms", "add", ""),
        ("the same until a login with curl is over, ms", "add_login", "< 100 ms"),
        ("logins that worked directly after it, of 10", "logins", "10"),
        ("`setup email list`, ms", "list", ""),
        ("`setup email add --from`, 1,000 accounts, ms", "bulk", ""),
        ("logins that worked directly after it, of 10", "bulk_logins", "10"),
    ):
        print("| %s | %s | %s |" % (name, " | ".join("%.0f" % size[key] for size in sizes.values()), wanted))
    print()
    total = sum(row["pss_kib"] for row in memory["memory"])
    first = [row for row in memory["memory"] if row["pid"] == 1][0]["pss_kib"]
    print("| idle | value | wanted |")
    print("|---|---:|---|")
    print("| memory (PSS of all processes), MiB | %.1f | < 45 |" % (total / 1024))
    print("| PID 1, MiB | %.1f | < 3 |" % (first / 1024))
    print("| CPU time within %d s, ms | %d | |" % (memory["seconds"], sum(row["cpu_ms"] for row in memory["cpu"])))
    print("| wake-ups within %d s | %d | |" % (memory["seconds"], sum(row["wakeups"] for row in memory["cpu"])))
    print("\n| process | PSS, KiB | CPU, ms | wake-ups |\n|---|---:|---:|---:|")
    busy = {}
    for row in memory["cpu"]:
        entry = busy.setdefault(row["command"], [0, 0])
        entry[0] += row["cpu_ms"]
        entry[1] += row["wakeups"]
    for row in sorted(memory["memory"], key=lambda row: -row["pss_kib"]):
        cpu, wakeups = busy.pop(row["command"], (0, 0))
        print("| %s | %d | %d | %d |" % (row["command"].replace("|", "\\|")[:60], row["pss_kib"], cpu, wakeups))


COMMANDS = {"start": start, "processes": processes, "table": table}

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        sys.exit(__doc__)
    COMMANDS[sys.argv[1]](*sys.argv[2:])
