#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""scanning.py - the clock of scanning.sh; runs in a tools container

scanning.py send HOST FILE MESSAGES CONNECTIONS    sends the file so often, a connection each, so many at a time; JSON of
                                                   messages per second, and milliseconds from the connection to the last answer
scanning.py table                                  reads the JSON of scanning.sh and prints it as Markdown
"""
import json
import smtplib
import sys
import threading
import time


def dialogue_ms(host, text):
    begin = time.monotonic()
    with smtplib.SMTP(host, 25, "mx.other.test", timeout=120) as server:
        server.sendmail("bob@bench-of-tests.com", "anna@example.test", text)
        return (time.monotonic() - begin) * 1000


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share / 100))]


def send(host, path, messages, connections):
    with open(path, "rb") as file:
        text = file.read()
    numbers = iter(range(int(messages)))
    lock = threading.Lock()
    times, failures = [], []

    def work():
        while True:
            with lock:
                if next(numbers, None) is None:
                    return
            try:
                times.append(dialogue_ms(host, text))
            except (OSError, smtplib.SMTPException) as why:
                failures.append(str(why))

    crew = [threading.Thread(target=work) for _ in range(int(connections))]
    begin = time.monotonic()
    for member in crew:
        member.start()
    for member in crew:
        member.join()
    seconds = time.monotonic() - begin
    if failures:
        sys.exit("%d of %s messages were not taken: %s" % (len(failures), messages, failures[0]))
    print(json.dumps({"rate": len(times) / seconds, "p50": percentile(times, 50), "p99": percentile(times, 99)}))


def table():
    figures = json.load(sys.stdin)
    print("| port 25, %(messages)d messages of %(bytes)d bytes, %(connections)d connections at a time |" % figures, end="")
    print(" messages per second | dialogue p50, ms | p99, ms |")
    print("|---|---:|---:|---:|")
    for row in figures["rows"]:
        print("| %s | %.0f | %.0f | %.0f |" % (row["name"], row["sent"]["rate"], row["sent"]["p50"], row["sent"]["p99"]))
    print("\n| process, with everything on, after the messages | number | PSS, MiB |\n|---|---:|---:|")
    groups = {}
    for process in figures["rows"][-1]["memory"]:
        name = process["command"].split(" ")[0].rstrip(":")
        count, pss = groups.get(name, (0, 0))
        groups[name] = (count + 1, pss + process["pss_kib"])
    for name, (count, pss) in sorted(groups.items(), key=lambda item: -item[1][1]):
        print("| %s | %d | %.1f |" % (name, count, pss / 1024))


if __name__ == "__main__":
    if sys.argv[1:2] == ["send"] and len(sys.argv) == 6:
        send(*sys.argv[2:])
    elif sys.argv[1:] == ["table"]:
        table()
    else:
        sys.exit(__doc__)
