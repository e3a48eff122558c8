#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""clocks.py - the clocks and scales of run.sh; runs in a tools container

clocks.py start FIFO HOST LIMIT        writes to FIFO, for which a container's first process waits before it becomes the
                                       server; prints the milliseconds from there to the SMTP banner, to the IMAP greeting,
                                       and until a message that user1 submits to himself lies in his mailbox; ">MS" for
                                       what did not happen within LIMIT seconds
clocks.py accepted HOST FILE           one message over port 25 to user1; exit status 1 when it is not accepted
clocks.py login HOST USER LIMIT        tries until the user can log in; prints the time then, in ms since 1970, or ">MS"
clocks.py renew HOST DIR NEW LIMIT     replaces key.pem and cert.pem of DIR by those of NEW; prints the milliseconds until
                                       ports 25, 465, 587, 143 and 993 show the new certificate: "PORT MS" each
clocks.py flat FILE                    a JSON object as lines "NAME VALUE", dots lead into it; without what is null
clocks.py processes SECONDS            in the process name space of a container: JSON of all its processes with PSS in KiB,
                                       and CPU time in ms and number of wake-ups (voluntary context switches) within SECONDS

Every account has the password "secret". Certificates are not verified.
"""
import imaplib
import json
import os
import shutil
import smtplib
import socket
import ssl
import sys
import threading
import time
import uuid

POLL_S = 0.001
RETRY_S = 0.02
PATIENCE_S = 5
USER = "user1@d1.example.test"
SENDER = "bob@bench-of-tests.com"
PASSWORD = "secret"


def context():
    made = ssl.create_default_context()
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    return made


def greets(host, port):
    with socket.create_connection((host, port), timeout=PATIENCE_S) as sock:
        return bool(sock.recv(4))


def submit(host, word):
    with smtplib.SMTP(host, 587, "laptop.home.test", timeout=PATIENCE_S) as server:
        server.starttls(context=context())
        server.login(USER, PASSWORD)
        server.sendmail(USER, USER, "From: %s\r\nTo: %s\r\nSubject: %s\r\n\r\nHello.\r\n" % (USER, USER, word))
    return True


def read_mail(host, user):
    server = imaplib.IMAP4(host, timeout=PATIENCE_S)
    server.starttls(context())
    server.login(user, PASSWORD)
    return server


def has_message(server, word):
    server.select("INBOX", readonly=True)
    return bool(server.search(None, "SUBJECT", word)[1][0])


def first_ms(begin, limit, pause, action, *arguments):
    """Repeats the action until it is true; a connection that is refused or dropped is tried again."""
    while time.monotonic() - begin < limit:
        try:
            if action(*arguments):
                return (time.monotonic() - begin) * 1000
        except (OSError, EOFError, smtplib.SMTPException, imaplib.IMAP4.error):
            pass
        time.sleep(pause)
    return None


def in_threads(results, jobs):
    """jobs: name -> (function, arguments); the results go into the dictionary."""
    def work(name, function, arguments):
        results[name] = function(*arguments)

    crew = [threading.Thread(target=work, args=(name, *job)) for name, job in jobs.items()]
    for member in crew:
        member.start()
    for member in crew:
        member.join()


def written(milliseconds, limit):
    return ">%d" % (limit * 1000) if milliseconds is None else "%.1f" % milliseconds


def delivered_ms(host, begin, limit):
    word = uuid.uuid4().hex
    if first_ms(begin, limit, RETRY_S, submit, host, word) is None:
        return None
    server = None
    while time.monotonic() - begin < limit:
        try:
            server = server or read_mail(host, USER)
            if has_message(server, word):
                return (time.monotonic() - begin) * 1000
        except (OSError, EOFError, imaplib.IMAP4.error):
            server = None
        time.sleep(POLL_S)
    return None


def start(fifo, host, limit):
    limit = float(limit)
    with open(fifo, "w", encoding="ascii") as file:
        file.write("go\n")
    begin = time.monotonic()
    result = {"delivered": None}
    in_threads(result, {port: (first_ms, (begin, limit, POLL_S, greets, host, port)) for port in (25, 143)})
    if None not in (result[25], result[143]):
        result["delivered"] = delivered_ms(host, begin, limit)
    print(written(result[25], limit), written(result[143], limit), written(result["delivered"], limit))


def accepted(host, path):
    with open(path, "rb") as file:
        text = file.read()
    try:
        with smtplib.SMTP(host, 25, "mx.other.test", timeout=60) as server:
            server.sendmail(SENDER, USER, text)
    except (OSError, smtplib.SMTPException) as why:
        sys.exit(str(why))


def login(host, user, limit):
    """A refused login is answered late, so one attempt does not wait for the one before."""
    limit, begin, done = float(limit), time.monotonic(), []

    def attempt():
        try:
            read_mail(host, user).logout()
            done.append(time.time())
        except (OSError, EOFError, imaplib.IMAP4.error):
            pass

    while not done and time.monotonic() - begin < limit:
        threading.Thread(target=attempt, daemon=True).start()
        time.sleep(0.25)
    print("%d" % (min(done) * 1000) if done else written(None, limit))
    sys.stdout.flush()
    os._exit(0)


def shown_certificate(host, port):
    sock = socket.create_connection((host, port), timeout=PATIENCE_S)
    with sock:
        if port in (25, 587, 143):
            lines = sock.makefile("rb")
            lines.readline()
            for command, end in ((b"EHLO mx.other.test", b"250 "), (b"STARTTLS", b"220 ")) if port != 143 else ((b"a STARTTLS", b"a OK"),):
                sock.sendall(command + b"\r\n")
                while True:
                    line = lines.readline()
                    if line.startswith(end):
                        break
                    if not line:
                        raise EOFError
        with context().wrap_socket(sock) as secure:
            return secure.getpeercert(True)


def renew(host, directory, new, limit):
    limit = float(limit)
    with open(new + "/cert.pem", encoding="ascii") as file:
        wanted = ssl.PEM_cert_to_DER_cert(file.read())
    for name in ("key.pem", "cert.pem"):
        shutil.copy(new + "/" + name, directory + "/" + name + ".new")
    begin = time.monotonic()
    for name in ("key.pem", "cert.pem"):
        os.rename(directory + "/" + name + ".new", directory + "/" + name)
    result = {}
    in_threads(result, {
        port: (first_ms, (begin, limit, RETRY_S, lambda port: shown_certificate(host, port) == wanted, port))
        for port in (25, 465, 587, 143, 993)})
    for port, found in result.items():
        print(port, written(found, limit))


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


def flatten(name, value):
    if isinstance(value, dict):
        for key, inner in value.items():
            flatten(name + "." + key if name else key, inner)
    elif value is not None:
        print(name, value)


def flat(path):
    flatten("", json.loads(read(path)))


COMMANDS = {"start": start, "accepted": accepted, "login": login, "renew": renew, "flat": flat, "processes": processes}

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        sys.exit(__doc__)
    COMMANDS[sys.argv[1]](*sys.argv[2:])
