#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""tls.py - which certificate a mail server serves, and what its renewal does to open sessions

tls.py served HOST [NAME]                   a line "PORT SHA256" for each port; NAME: what to ask for (SNI)
tls.py bridge HOST PORT LISTEN              on the port LISTEN of the loopback: TLS at once, for clients that don't know the
                                            protocol's STARTTLS
tls.py early HOST SIGNAL                    port 25, from a client that talks before it is greeted, so that postscreen
                                            answers: what it is served, then, when the file SIGNAL exists, what it is served
                                            instead within two seconds; the first session stays open meanwhile
tls.py renew HOST SHA256 SECONDS COMMAND    runs the shell command, then asks every port on end until it serves this
                                            certificate; a line "PORT MS" for each, from the end of the command
tls.py sessions HOST SIGNAL                 opens 50 sessions (below), says "open", waits until the file SIGNAL exists,
                                            and brings them all to a good end; a line for each that was lost
tls.py steady HOST COMMAND DIR...           a client for each port, two for those of SMTP, one session after the other: first
                                            nothing happens during 50 sessions of each port (the first 20 do not count), then
                                            the shell command with each DIR as $0, until every port serves DIR/fullchain.pem
                                            and has had five sessions more; a line for each port, and one for each session
                                            that failed, or was slow: 500 ms above the slowest before

25 IMAP sessions in IDLE (12 of them on 993), 15 SMTP sessions in the middle of DATA (port 25, 465, 587), 5 POP3
(110, 995), 5 ManageSieve. Accounts u0 to u4@example.test, password "secret".
"""
import base64
import hashlib
import os
import socket
import ssl
import subprocess
import sys
import threading
import time

TLS = ssl.create_default_context()
TLS.check_hostname = False
TLS.verify_mode = ssl.CERT_NONE
PORTS = {25: "smtp", 587: "smtp", 465: None, 143: "imap", 993: None, 110: "pop3", 995: None, 4190: "sieve"}
SEND = {"smtp": [b"EHLO mx.other.test\r\n", b"STARTTLS\r\n"], "imap": [b"a STARTTLS\r\n"], "pop3": [b"STLS\r\n"],
        "sieve": [b"STARTTLS\r\n"]}


class Session:
    def __init__(self, host, port, name=None, early=False, tls=True):
        self.sock = socket.create_connection((host, port), timeout=30)
        self.file = self.sock.makefile("rb")
        self.kind = PORTS[port]
        if early:
            self.sock.sendall(SEND[self.kind][0])
        if self.kind:
            if early:  # one line of two is all the greeting there is
                self.line()
            else:
                self.greeting()
            for number, line in enumerate(SEND[self.kind]):
                if number or not early:
                    self.sock.sendall(line)
                self.answer()
        if not tls:
            return
        self.sock = TLS.wrap_socket(self.sock, server_hostname=name)
        self.file = self.sock.makefile("rb")

    def line(self):
        line = self.file.readline()
        if not line:
            raise EOFError("connection closed")
        return line

    def greeting(self):
        if self.kind == "sieve":
            while not self.line().startswith(b"OK"):
                pass
        elif self.kind == "smtp":
            self.answer()
        else:
            self.line()

    def answer(self):
        """The last line of an answer."""
        while True:
            line = self.line()
            if self.kind != "smtp" or line[3:4] != b"-":
                return line

    def close(self):
        self.file.close()
        self.sock.close()

    def fingerprint(self):
        return hashlib.sha256(self.sock.getpeercert(True)).hexdigest()


def served(host, name=None):
    for port in PORTS:
        print(port, Session(host, port, name).fingerprint())


def pump(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def bridge(host, port, listen):
    server = socket.create_server(("127.0.0.1", int(listen)), backlog=50)
    while True:
        client, _ = server.accept()
        try:
            session = Session(host, int(port), tls=False)
        except (OSError, EOFError):
            client.close()
            continue
        for pair in ((client, session.sock), (session.sock, client)):
            threading.Thread(target=pump, args=pair, daemon=True).start()


def wait_for(path):
    deadline = time.monotonic() + 120
    while not os.path.exists(path):
        if time.monotonic() > deadline:
            sys.exit("nobody says that it goes on")
        time.sleep(0.02)


def early(host, signal):
    first = Session(host, 25, early=True)
    old = now = first.fingerprint()
    print(old, flush=True)
    wait_for(signal)
    deadline = time.monotonic() + 2
    while now == old and time.monotonic() < deadline:
        now = Session(host, 25, early=True).fingerprint()
    print(now)
    first.sock.sendall(b"NOOP\r\n")
    return 0 if first.answer().startswith(b"250") else 1


def renew(host, wanted, seconds, command):
    took = {}
    subprocess.run(["sh", "-ec", command], check=True)
    began = time.monotonic()

    def watch(port):
        while port not in took and time.monotonic() < began + float(seconds):
            try:
                if Session(host, port).fingerprint() == wanted:
                    took.setdefault(port, int((time.monotonic() - began) * 1000))
                    return
            except (OSError, EOFError) as why:
                print("port", port, "failed:", why)
                return

    threads = [threading.Thread(target=watch, args=(port,)) for port in PORTS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for port in PORTS:
        print(port, took.get(port, "never"))
    return 0 if len(took) == len(PORTS) else 1


class Steady:
    """Clients that come one after the other, and how each fared."""

    def __init__(self, host):
        self.host = host
        self.stop = False
        self.done = []  # port, begin, end, SHA-256 or what went wrong
        self.threads = [threading.Thread(target=self.run, args=(port,)) for port in list(PORTS) + [25, 465, 587]]
        for thread in self.threads:
            thread.start()

    def run(self, port):
        while not self.stop:
            began = time.monotonic()
            try:
                session = Session(self.host, port)
                seen = session.fingerprint()
                session.close()
            except (OSError, EOFError) as why:
                seen = why
            self.done.append((port, began, time.monotonic(), seen))

    def end(self):
        self.stop = True
        for thread in self.threads:
            thread.join()

    def last(self, since, port):
        """What the last session of the port saw that began after that moment."""
        return next((x[3] for x in reversed(self.done) if x[0] == port and x[1] > since), None)

    def wait(self, count):
        """Until each port has had so many sessions that began after now."""
        now = time.monotonic()
        while any(sum(x[0] == port and x[1] > now for x in self.done) < count for port in PORTS):
            if time.monotonic() > now + 60:
                sys.exit("a port has not had %d sessions within 60 s" % count)
            time.sleep(0.05)

    def failed(self):
        return [x for x in self.done if isinstance(x[3], Exception)]


def steady(host, command, *dirs):
    clients = Steady(host)
    late = 0
    clients.wait(20)
    warm = time.monotonic()
    clients.wait(30)
    calm = time.monotonic()
    for one in dirs:
        wanted = ssl.PEM_cert_to_DER_cert(open(one + "/fullchain.pem").read().split("-----END")[0] +
                                          "-----END CERTIFICATE-----\n")
        wanted = hashlib.sha256(wanted).hexdigest()
        subprocess.run(["sh", "-ec", command, one], check=True)
        began = time.monotonic()
        while any(clients.last(began, port) != wanted for port in PORTS):
            if time.monotonic() > began + 10:
                print("not served everywhere within 10 s:", one)
                late += 1
                break
            time.sleep(0.01)
        print(one, "is served after %d ms" % ((time.monotonic() - began) * 1000))
        clients.wait(5)
    clients.end()
    slow = 0
    for port in PORTS:
        before = [x[2] - x[1] for x in clients.done if x[0] == port and x[1] >= warm and x[2] <= calm]
        during = [x for x in clients.done if x[0] == port and x[2] > calm]
        limit = max(before) + 0.5
        print("port %d: %d sessions before, slowest %d ms; %d during, slowest %d ms" % (
            port, len(before), max(before) * 1000, len(during), max(x[2] - x[1] for x in during) * 1000))
        for x in during:
            if x[2] - x[1] > limit:
                slow += 1
                print("slow: port %d, %d ms" % (port, (x[2] - x[1]) * 1000))
    for x in clients.failed():
        print("failed: port %d: %r" % (x[0], x[3]))
    print("failed %d, slow %d, late %d" % (len(clients.failed()), slow, late))
    return 1 if clients.failed() or slow or late else 0


class Client:
    """A session that is brought to the point where it is to survive, and from there to its end."""

    def __init__(self, host, port, kind, number):
        self.label = "%s on port %d, number %d" % (kind, port, number)
        self.user = "u%d@example.test" % (number % 5)
        self.session = Session(host, port)
        self.kind = kind
        self.port = port
        self.number = number
        getattr(self, "begin_" + kind)()

    def say(self, text):
        self.session.sock.sendall(text.encode() + b"\r\n")

    def want(self, start):
        while True:
            line = self.session.line().decode("utf-8", "replace")
            if line.startswith(start):
                return line
            if line.startswith(("a NO", "a BAD", "-ERR", "NO", "4", "5")):
                raise ValueError(line)

    def plain(self):
        return base64.b64encode(("\0%s\0secret" % self.user).encode()).decode()

    def begin_idle(self):
        if self.port == 993:
            self.want("* OK")
        self.say("a LOGIN %s secret" % self.user)
        self.want("a OK")
        self.say("a SELECT INBOX")
        self.want("a OK")
        self.say("a IDLE")
        self.want("+")

    def end_idle(self):
        self.say("DONE")
        self.want("a OK")
        self.say("a NOOP")
        self.want("a OK")
        self.say("a LOGOUT")
        self.want("a OK")

    def begin_smtp(self):
        if self.port == 465:
            self.want("220")
        self.say("EHLO mx.other.test")
        self.want("250 ")
        if self.port != 25:
            self.say("AUTH PLAIN " + self.plain())
            self.want("235")
        self.say("MAIL FROM:<%s>" % (self.user if self.port != 25 else "bob@other.test"))
        self.want("250")
        self.say("RCPT TO:<u%d@example.test>" % (self.number % 5))
        self.want("250")
        self.say("DATA")
        self.want("354")
        self.say("Subject: survivor-%d-%d\r\n\r\nfirst half" % (self.port, self.number))

    def end_smtp(self):
        self.say("second half\r\n.")
        self.want("250")
        self.say("QUIT")
        self.want("221")

    def begin_pop3(self):
        if self.port == 995:
            self.want("+OK")
        self.say("USER " + self.user)
        self.want("+OK")
        self.say("PASS secret")
        self.want("+OK")

    def end_pop3(self):
        self.say("STAT")
        self.want("+OK")
        self.say("QUIT")
        self.want("+OK")

    def begin_sieve(self):
        self.want("OK")
        self.say('AUTHENTICATE "PLAIN" "%s"' % self.plain())
        self.want("OK")

    def end_sieve(self):
        self.say("LISTSCRIPTS")
        self.want("OK")
        self.say("LOGOUT")
        self.want("OK")


def sessions(host, signal):
    plan = [("idle", 143, 13), ("idle", 993, 12), ("smtp", 25, 5), ("smtp", 465, 5), ("smtp", 587, 5),
            ("pop3", 110, 3), ("pop3", 995, 2), ("sieve", 4190, 5)]
    clients = [Client(host, port, kind, i) for kind, port, n in plan for i in range(n)]
    print("open", len(clients), flush=True)
    wait_for(signal)
    lost = 0
    for client in clients:
        try:
            getattr(client, "end_" + client.kind)()
        except (OSError, EOFError, ValueError) as why:
            print("lost:", client.label, "-", why)
            lost += 1
    print("lost", lost, "of", len(clients))
    return 1 if lost else 0


sys.exit({"served": served, "renew": renew, "sessions": sessions, "steady": steady, "early": early, "bridge": bridge}[sys.argv[1]](*sys.argv[2:]))
