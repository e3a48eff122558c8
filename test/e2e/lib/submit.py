#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""submit.py HOST USER PASSWORD SIGNAL: three clients that log in on port 465 and send the user a message, one after the
other, until the file SIGNAL exists; a line for each that failed, and at last the number of messages that were taken"""
import os
import smtplib
import ssl
import sys
import threading

TLS = ssl.create_default_context()
TLS.check_hostname = False
TLS.verify_mode = ssl.CERT_NONE


def submit(host, user, password, signal, number, taken):
    while not os.path.exists(signal):
        subject = f"reload-{number}-{len(taken)}"
        try:
            with smtplib.SMTP_SSL(host, 465, context=TLS, timeout=30) as client:
                client.login(user, password)
                client.sendmail(user, [user], f"From: {user}\nTo: {user}\nSubject: {subject}\n\nhello\n")
            taken.append(subject)
        except (OSError, smtplib.SMTPException) as why:
            print(subject, "failed:", type(why).__name__, why, flush=True)


def main(host, user, password, signal):
    taken = [[] for _ in range(3)]
    threads = [threading.Thread(target=submit, args=(host, user, password, signal, i, taken[i])) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print("taken", sum(map(len, taken)))


main(*sys.argv[1:])
