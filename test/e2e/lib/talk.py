# SPDX-License-Identifier: MIT
"""talk.py - one IMAP connection: what comes on standard input goes to the server, what it says to standard output

python3 -c "$(cat talk.py)" HOST PORT USER PASSWORD [compress]

Port 143 means STARTTLS, another one TLS from the first byte. It logs in, uses COMPRESS if that is wanted, and selects INBOX;
then the first line, "ready", is printed. Ends with the connection; the last line is "closed".
"""
import os
import selectors
import socket
import ssl
import sys
import zlib


class Talk:
    def __init__(self, host, port):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.inflate = self.deflate = None
        self.pending = b""
        self.sock = socket.create_connection((host, port), 20)
        if port == 143:
            self.line()
            self.ask(b"STARTTLS")
            self.sock = context.wrap_socket(self.sock)
        else:
            self.sock = context.wrap_socket(self.sock)
            self.line()

    def receive(self):
        data = self.sock.recv(65536)
        if not data:
            raise EOFError
        self.pending += self.inflate.decompress(data) if self.inflate else data

    def line(self):
        while b"\n" not in self.pending:
            self.receive()
        line, self.pending = self.pending.split(b"\n", 1)
        return line.rstrip(b"\r")

    def send(self, data):
        if self.deflate:
            data = self.deflate.compress(data) + self.deflate.flush(zlib.Z_SYNC_FLUSH)
        self.sock.sendall(data)

    def ask(self, command):
        self.send(b"t " + command + b"\r\n")
        while True:
            line = self.line()
            if line.startswith(b"t "):
                break
        if not line.startswith(b"t OK"):
            sys.exit("talk.py: %s" % line.decode())

    def compress(self):
        self.ask(b"COMPRESS DEFLATE")
        self.inflate = zlib.decompressobj(-15)
        self.deflate = zlib.compressobj(6, zlib.DEFLATED, -15)

    def typed(self):
        data = os.read(0, 65536)
        self.send(data.replace(b"\n", b"\r\n"))
        return bool(data)

    def pass_on(self):
        wait = selectors.DefaultSelector()
        wait.register(0, selectors.EVENT_READ, self.typed)
        wait.register(self.sock, selectors.EVENT_READ, lambda: self.receive() or True)
        while True:
            while b"\n" in self.pending:
                print(self.line().decode(), flush=True)
            if not isinstance(self.sock, ssl.SSLSocket) or not self.sock.pending():
                for key, _ in wait.select():
                    if not key.data():
                        wait.unregister(0)
            else:
                self.receive()


def main(host, port, user, password, compress=None):
    talk = Talk(host, int(port))
    talk.ask(b'LOGIN "%s" "%s"' % (user.encode(), password.encode()))
    if compress:
        talk.compress()
    talk.ask(b"SELECT INBOX")
    talk.sock.settimeout(None)
    print("ready", flush=True)
    try:
        talk.pass_on()
    except (EOFError, OSError):
        print("closed", flush=True)


main(*sys.argv[1:])
