#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""load.py - mail for a server, and clients that read it; runs in a tools container, prints one JSON object per call

load.py smtp --host H [--port P] --messages N --bytes B [--recipients R] [--sessions S] [--mailboxes M] [--tls]
             [--user U] [--password W] [--sender A] [--file F] [--per-connection K] [--deadline T] [--hold H]
        sends N messages, and waits until the last one is in its mailbox, as IMAP counts them
load.py imap --host H [--port P] --sessions S --logins N | --fetch N | --append N [--bytes B] [--mailboxes M]
        N log-ins with a connection each; or N whole messages read, or stored, over S connections that stay
load.py idle --host H [--port P] --connections C --seconds T [--mailboxes M]
        holds C connections in IDLE for T seconds; the line is printed when all are there

The mailboxes are those of run.sh: user1@d1.example.test, user2@d2.example.test ... (domain number: i modulo 50), password
"secret". Message k goes to the R mailboxes that follow those of message k - 1; with one mailbox all go to that one.

How it speaks: as a sending server does, EHLO, then MAIL, RCPT and DATA in one packet (PIPELINING), then the message, then
QUIT; by default one message per connection, which is what a server with many peers sees most (--per-connection for more).
With --user it logs in (AUTH PLAIN) and sends as that user. --file: a message to send as it is, of whatever size.
One process, one epoll loop, no threads: the machine is the server's too. What it takes itself is in generator_cpu_s.

Before the clock starts one connection says EHLO and QUIT, so that postscreen knows the client. A dialogue lasts from the
connection (of further messages: from MAIL) to the answer to the message. IMAP uses STARTTLS where it is offered. --hold: H is
made when the IMAP connections stand, and the load begins when somebody has removed it.

Figures: accepted_s, delivered_s: from the first connection to the last answer, and to the last message in its mailbox (null
when some are missing --deadline seconds after that answer); refused: recipients that were not accepted, and refusal: the
first answer that said so; missing: accepted, and not in the mailbox.
"""
import argparse
import errno
import json
import os
import resource
import select
import socket
import ssl
import sys
import time
from base64 import b64encode

DOMAINS = 50
CHUNK = 65536
POLL_S = 0.05
HOLD_POLL_S = 0.005
SILENCE_S = 120
# Log-ins at a time before the clock starts, or for IDLE: they are not what is measured there.
CALM = 8


class Refused(Exception):
    """The server answered something else than hoped for."""


class Link:
    """The connections, one after the other, of one conversation: a generator, which yields where it waits for the server."""

    def __init__(self, loop):
        self.loop = loop
        self.sock = None
        self.task = None

    def connect(self):
        self.input = bytearray()
        self.output = b""
        self.failure = None
        self.handshake = False
        self.sock = socket.socket(self.loop.family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connecting = True
        why = self.sock.connect_ex(self.loop.address)
        if why not in (0, errno.EINPROGRESS):
            raise OSError(why, os.strerror(why))
        self.loop.add(self)
        while self.connecting:
            yield from self.more()

    def close(self):
        if self.sock is not None:
            self.loop.remove(self)
            self.sock.close()
            self.sock = None

    def more(self):
        yield
        if self.failure:
            raise self.failure

    def event(self, flags):
        """Something has happened to the connection: the conversation goes on, and learns what has gone wrong."""
        try:
            if self.connecting:
                self.connecting = False
                why = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if why:
                    raise OSError(why, os.strerror(why))
                self.loop.watch(self)
            elif not self.handshake:
                if flags & select.EPOLLOUT:
                    self.flush()
                self.receive()
        except OSError as why:
            self.fail(why)
        self.loop.step(self)

    def fail(self, why):
        """The text that came before is still read."""
        self.failure = why
        self.loop.remove(self)

    def send(self, data):
        waiting = bool(self.output)
        self.output += data
        if not waiting:
            self.flush()

    def flush(self):
        try:
            sent = self.sock.send(self.output)
        except (BlockingIOError, ssl.SSLWantWriteError):
            sent = 0
        self.output = self.output[sent:]
        if bool(self.output) != self.watched:
            self.loop.watch(self, bool(self.output))

    def receive(self):
        try:
            while True:
                data = self.sock.recv(CHUNK)
                if not data:
                    self.fail(ConnectionError("the server closed the connection"))
                    return
                self.input += data
                if len(data) < CHUNK and not isinstance(self.sock, ssl.SSLSocket):
                    return
        except (BlockingIOError, ssl.SSLWantReadError):
            pass

    def line(self):
        seen = 0
        while True:
            end = self.input.find(b"\n", seen)
            if end >= 0:
                text = bytes(self.input[:end]).rstrip(b"\r")
                del self.input[:end + 1]
                return text
            if self.failure:
                raise self.failure
            seen = len(self.input)
            yield

    def skip(self, count):
        while count > len(self.input):
            count -= len(self.input)
            self.input.clear()
            yield from self.more()
        del self.input[:count]

    def start_tls(self):
        self.sock = self.loop.context.wrap_socket(self.sock, do_handshake_on_connect=False)
        self.handshake = True
        while self.handshake:
            try:
                self.sock.do_handshake()
                self.handshake = False
            except ssl.SSLWantReadError:
                yield from self.more()
        self.receive()


class Loop:
    """All conversations with one address."""

    def __init__(self, host, port):
        self.family, _, _, _, self.address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        self.epoll = select.epoll()
        self.links = {}
        self.busy = 0
        self.context = ssl.create_default_context()
        self.context.check_hostname = False
        self.context.verify_mode = ssl.CERT_NONE

    def add(self, link):
        self.links[link.sock.fileno()] = link
        self.epoll.register(link.sock.fileno(), select.EPOLLIN | select.EPOLLOUT)
        link.watched = True

    def watch(self, link, writing=False):
        self.epoll.modify(link.sock.fileno(), select.EPOLLIN | (select.EPOLLOUT if writing else 0))
        link.watched = writing

    def remove(self, link):
        if self.links.pop(link.sock.fileno(), None):
            self.epoll.unregister(link.sock.fileno())

    def step(self, link):
        try:
            if link.task is not None:
                next(link.task)
        except StopIteration:
            link.task = None
            self.busy -= 1

    def wait(self, seconds):
        """True when something happened within this time."""
        ready = self.epoll.poll(seconds)
        for number, flags in ready:
            if number in self.links:
                self.links[number].event(flags)
        return bool(ready)

    def start(self, link, task):
        link.task = task
        self.busy += 1
        self.step(link)

    def run(self, talks):
        """(link, generator) each; returns when all are over."""
        for link, task in talks:
            self.start(link, task)
        while self.busy:
            if not self.wait(SILENCE_S):
                sys.exit("load.py: no answer from %s port %d for %d s" % (*self.address[:2], SILENCE_S))


def mailbox(number):
    return b"user%d@d%d.example.test" % (number, number % DOMAINS)


def percentiles(times):
    times = sorted(times)
    return {"p%d" % share: round(times[min(len(times) - 1, len(times) * share // 100)], 2) for share in (50, 99)}


def report(**figures):
    print(json.dumps(figures), flush=True)


# --- SMTP


def reply(link, wanted):
    """Reads an answer; its last line must begin so."""
    while True:
        text = yield from link.line()
        if text[3:4] != b"-":
            break
    if not text.startswith(wanted):
        raise Refused(text.decode("ascii", "replace"))


def ask(link, command, wanted=b"2"):
    link.send(command)
    yield from reply(link, wanted)


def introduce(link):
    yield from link.connect()
    yield from reply(link, b"220")
    yield from ask(link, b"EHLO mx.other.test\r\n")
    yield from ask(link, b"QUIT\r\n")
    link.close()


def make_message(sender, size):
    head = b"From: Bob <%s>\r\nTo: Anna <anna@example.test>\r\nSubject: the minutes of our meeting\r\n" % sender
    head += b"Date: %s\r\n" % time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime()).encode()
    head += b"Message-Id: <%d.%d@load.other.test>\r\n\r\n" % (time.time(), os.getpid())
    line = b"Dear Anna, these are the minutes of our meeting, as we agreed on them.\r\n"
    room = max(0, size - len(head) - 2)
    return head + (line * (room // len(line) + 1))[:room].rstrip(b"\r\n") + b"\r\n.\r\n"


def read_message(path):
    with open(path, "rb") as file:
        lines = file.read().splitlines()
    return b"".join((b"." if line.startswith(b".") else b"") + line + b"\r\n" for line in lines) + b".\r\n"


class Sending:
    """The messages of one call, and what became of them."""

    def __init__(self, options):
        self.options = options
        self.sender = (options.sender or options.user or "bob@other.test").encode()
        self.text = read_message(options.file) if options.file else make_message(self.sender, options.bytes)
        self.taken = 0
        self.messages = 0
        self.accepted = {}
        self.refused = 0
        self.refusal = None
        self.times = []
        self.last = 0

    def take(self):
        """The mailboxes of the next message; none when there is no next."""
        if self.taken == self.options.messages:
            return None
        first = self.taken * self.options.recipients
        self.taken += 1
        return [(first + place) % self.options.mailboxes + 1 for place in range(self.options.recipients)]

    def refuse(self, count, why):
        self.refused += count
        self.refusal = self.refusal or str(why)

    def greet(self, link):
        options = self.options
        yield from link.connect()
        if options.tls and options.port == 465:
            yield from link.start_tls()
        yield from reply(link, b"220")
        yield from ask(link, b"EHLO mx.other.test\r\n")
        if options.tls and options.port != 465:
            yield from ask(link, b"STARTTLS\r\n")
            yield from link.start_tls()
            yield from ask(link, b"EHLO mx.other.test\r\n")
        if options.user:
            secret = b64encode(b"\0%s\0%s" % (options.user.encode(), options.password.encode()))
            yield from ask(link, b"AUTH PLAIN " + secret + b"\r\n")

    def envelope(self, link, numbers):
        """MAIL, RCPT, DATA at once; returns the recipients that were accepted, and why others were not."""
        recipients = b"".join(b"RCPT TO:<%s>\r\n" % mailbox(number) for number in numbers)
        link.send(b"MAIL FROM:<%s>\r\n%sDATA\r\n" % (self.sender, recipients))
        good, why = [], None
        for number in [0] + numbers:
            try:
                yield from reply(link, b"2")
                good.append(number)
            except Refused as answer:
                why = why or answer
        try:
            yield from reply(link, b"354")
        except Refused as answer:
            raise why or answer from None
        return good[1:], why

    def transaction(self, link, numbers, begin):
        good = []
        try:
            good, why = yield from self.envelope(link, numbers)
            yield from ask(link, self.text)
        except (OSError, Refused) as answer:
            self.refuse(len(numbers), answer)
            raise
        self.last = time.monotonic()
        self.times.append((self.last - begin) * 1000)
        self.messages += 1
        if why:
            self.refuse(len(numbers) - len(good), why)
        for number in good:
            self.accepted[number] = self.accepted.get(number, 0) + 1

    def connection(self, link, numbers):
        begin = time.monotonic()
        try:
            yield from self.greet(link)
        except (OSError, Refused) as why:
            self.refuse(len(numbers), why)
            raise
        yield from self.transaction(link, numbers, begin)
        for _ in range(self.options.per_connection - 1):
            numbers = self.take()
            if numbers is None:
                break
            yield from self.transaction(link, numbers, time.monotonic())
        yield from ask(link, b"QUIT\r\n")

    def session(self, link):
        while True:
            numbers = self.take()
            if numbers is None:
                return
            try:
                yield from self.connection(link, numbers)
            except (OSError, Refused):
                # It has been counted.
                pass
            link.close()


def hold(path):
    with open(path, "x", encoding="ascii"):
        pass
    deadline = time.monotonic() + SILENCE_S
    while os.path.exists(path):
        if time.monotonic() >= deadline:
            sys.exit("load.py: nobody has removed %s" % path)
        time.sleep(HOLD_POLL_S)


def smtp(options):
    if options.recipients > options.mailboxes:
        sys.exit("load.py: %d recipients need as many --mailboxes" % options.recipients)
    options.port = options.port or 25
    sending, loop = Sending(options), Loop(options.host, options.port)
    if not options.tls:
        link = Link(loop)
        loop.run([(link, introduce(link))])
    boxes = Boxes(options)
    before = boxes.counts()
    if options.hold:
        hold(options.hold)
    used, begin = time.process_time(), time.monotonic()
    loop.run([(link, sending.session(link)) for link in (Link(loop) for _ in range(options.sessions))])
    used = time.process_time() - used
    if not sending.messages:
        sys.exit("load.py: nothing was accepted: %s" % sending.refusal)
    missing = boxes.wait(before, sending.accepted, time.monotonic() + options.deadline)
    accepted_s = sending.last - begin
    delivered_s = None if missing else time.monotonic() - begin
    report(
        messages=sending.messages, recipients=options.recipients, bytes=len(sending.text) - 3, sessions=options.sessions,
        mailboxes=options.mailboxes, accepted_s=round(accepted_s, 3), delivered_s=delivered_s and round(delivered_s, 3),
        accepted_per_s=round(sending.messages / accepted_s, 1),
        delivered_per_s=delivered_s and round(sending.messages / delivered_s, 1),
        dialogue_ms=percentiles(sending.times), refused=sending.refused, refusal=sending.refusal, missing=missing,
        generator_cpu_s=round(used, 3))


# --- IMAP


def command(link, text, literal=b""):
    """Returns what the server says before it agrees; texts in literals are left out."""
    link.send(b"a " + text + b"\r\n")
    said = []
    while True:
        line = yield from link.line()
        if line.startswith(b"a "):
            break
        if line.startswith(b"+"):
            link.send(literal + b"\r\n")
        elif line.endswith(b"}"):
            yield from link.skip(int(line[line.rindex(b"{") + 1:-1]))
        said.append(line)
    if not line.startswith(b"a OK"):
        raise Refused(line.decode("ascii", "replace"))
    return b"\n".join(said)


def log_in(link, number, password):
    yield from link.connect()
    said = yield from link.line()
    if not said.startswith(b"* OK"):
        raise Refused(said.decode("ascii", "replace"))
    if b"CAPABILITY" not in said:
        said = yield from command(link, b"CAPABILITY")
    if b"STARTTLS" in said:
        yield from command(link, b"STARTTLS")
        yield from link.start_tls()
    yield from command(link, b"LOGIN %s %s" % (mailbox(number), password.encode()))


def log_all_in(options, loop, numbers):
    """A connection for each number, a few at a time."""
    links = [Link(loop) for _ in numbers]
    talks = [(link, log_in(link, number, options.password)) for link, number in zip(links, numbers)]
    for first in range(0, len(talks), CALM):
        loop.run(talks[first:first + CALM])
    return links


class Boxes:
    """A connection to each mailbox, that counts its messages. They are made before the clock starts."""

    def __init__(self, options):
        self.loop = Loop(options.host, options.imap_port)
        numbers = range(1, options.mailboxes + 1)
        self.links = dict(zip(numbers, log_all_in(options, self.loop, numbers)))
        self.seen = {}

    def status(self, number):
        said = yield from command(self.links[number], b"STATUS INBOX (MESSAGES)")
        self.seen[number] = int(said[said.rindex(b"MESSAGES") + 8:].split(b")")[0])

    def counts(self):
        for number, link in self.links.items():
            self.loop.run([(link, self.status(number))])
        return dict(self.seen)

    def wait(self, before, accepted, deadline):
        """How many are missing at the deadline; returns as soon as none is."""
        missing = 0
        for number, count in accepted.items():
            while True:
                self.loop.run([(self.links[number], self.status(number))])
                left = before[number] + count - self.seen[number]
                if left <= 0 or time.monotonic() >= deadline:
                    break
                time.sleep(POLL_S)
            missing += max(0, left)
        return missing


class Reading:
    """So many log-ins, messages read, or messages stored."""

    def __init__(self, options):
        self.options = options
        self.taken = 0
        self.wanted = options.logins or options.fetch or options.append
        self.times = []
        self.text = make_message(b"bob@other.test", options.bytes)[:-3]

    def take(self):
        self.taken += 1
        return self.taken <= self.wanted

    def took(self, begin):
        self.times.append((time.monotonic() - begin) * 1000)

    def logins(self, link):
        while self.take():
            number = self.taken % self.options.mailboxes + 1
            begin = time.monotonic()
            yield from log_in(link, number, self.options.password)
            self.took(begin)
            yield from command(link, b"LOGOUT")
            link.close()

    def fetches(self, link):
        said = yield from command(link, b"SELECT INBOX")
        count = int(said[:said.index(b" EXISTS")].split(b" ")[-1])
        if not count:
            sys.exit("load.py: nothing to read in a mailbox: send mail first")
        message = 0
        while self.take():
            begin = time.monotonic()
            yield from command(link, b"FETCH %d BODY.PEEK[]" % (message % count + 1))
            self.took(begin)
            message += 1

    def appends(self, link):
        while self.take():
            begin = time.monotonic()
            yield from command(link, b"APPEND INBOX {%d}" % len(self.text), self.text)
            self.took(begin)


def imap(options):
    loop, reading = Loop(options.host, options.port or options.imap_port), Reading(options)
    numbers = [place % options.mailboxes + 1 for place in range(options.sessions)]
    if options.logins:
        what, talk, links = "logins", reading.logins, [Link(loop) for _ in numbers]
    else:
        what, talk = ("fetch", reading.fetches) if options.fetch else ("append", reading.appends)
        links = log_all_in(options, loop, numbers)
    used, begin = time.process_time(), time.monotonic()
    loop.run([(link, talk(link)) for link in links])
    seconds = time.monotonic() - begin
    report(what=what, count=len(reading.times), sessions=options.sessions, seconds=round(seconds, 3),
           per_s=round(len(reading.times) / seconds, 1), ms=percentiles(reading.times),
           generator_cpu_s=round(time.process_time() - used, 3))


def idle(options):
    loop = Loop(options.host, options.port or options.imap_port)
    links = log_all_in(options, loop, [place % options.mailboxes + 1 for place in range(options.connections)])

    def rest(link):
        yield from command(link, b"SELECT INBOX")
        link.send(b"a IDLE\r\n")
        while not (yield from link.line()).startswith(b"+"):
            pass

    def stay(link):
        while True:
            yield from link.line()

    loop.run([(link, rest(link)) for link in links])
    report(idle=len(links), seconds=options.seconds)
    for link in links:
        loop.start(link, stay(link))
    end = time.monotonic() + options.seconds
    while time.monotonic() < end:
        loop.wait(end - time.monotonic())


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("what", choices=("smtp", "imap", "idle"))
    parser.add_argument("--host", required=True)
    for name, default in (
            ("port", 0), ("imap-port", 143), ("messages", 1000), ("bytes", 4096), ("recipients", 1), ("sessions", 10),
            ("mailboxes", 50), ("per-connection", 1), ("deadline", 600), ("logins", 0), ("fetch", 0), ("append", 0),
            ("connections", 100), ("seconds", 60)):
        parser.add_argument("--" + name, type=int, default=default)
    parser.add_argument("--tls", action="store_true")
    for name, default in (("user", None), ("password", "secret"), ("sender", None), ("file", None), ("hold", None)):
        parser.add_argument("--" + name, default=default)
    options = parser.parse_args()
    if options.what == "imap" and sum(map(bool, (options.logins, options.fetch, options.append))) != 1:
        sys.exit("load.py: imap needs one of --logins, --fetch, --append")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    try:
        {"smtp": smtp, "imap": imap, "idle": idle}[options.what](options)
    except (OSError, Refused) as why:
        sys.exit("load.py: %s: %s" % (options.host, why))


if __name__ == "__main__":
    main()
