# SPDX-License-Identifier: MIT
"""idlers.py - IMAP clients that wait in IDLE, and come back as soon as they are sent away

python3 -c "$(cat idlers.py)" HOST PASSWORD NUMBER USER…

So many of each user, on port 993. Each prints, in lines that begin with its own number: "waits" when IDLE has begun, "told" for each
EXISTS while it waits, "gone" when the connection has ended, "refused WHY" when it could not come, which ends it.
Ends with standard input.
"""
import os
import socket
import ssl
import sys
import threading

TLS = ssl.create_default_context()
TLS.check_hostname = False
TLS.verify_mode = ssl.CERT_NONE


def ask(file, command, wanted):
    file.write(command + b"\r\n")
    file.flush()
    for line in file:
        if line.startswith(wanted):
            return
        if line.startswith(command[:2]):
            raise OSError(line.decode().strip())
    raise OSError("closed")


def session(host, user, password, say):
    with TLS.wrap_socket(socket.create_connection((host, 993), 20)) as sock, sock.makefile("rwb") as file:
        if not file.readline().startswith(b"* OK"):
            raise OSError("no greeting")
        ask(file, b"a LOGIN %s %s" % (user.encode(), password.encode()), b"a OK")
        ask(file, b"b SELECT INBOX", b"b OK")
        ask(file, b"c IDLE", b"+ idling")
        sock.settimeout(None)
        say("waits")
        try:
            for line in file:
                if b" EXISTS" in line:
                    say("told")
        except OSError:
            pass
        say("gone")


def client(number, host, user, password):
    def say(*what):
        print(number, *what, flush=True)

    try:
        while True:
            session(host, user, password, say)
    except OSError as why:
        say("refused", why)


def main(host, password, number, *users):
    for i in range(int(number) * len(users)):
        threading.Thread(target=client, args=(i, host, users[i % len(users)], password), daemon=True).start()
    sys.stdin.read()
    os._exit(0)


main(*sys.argv[1:])
