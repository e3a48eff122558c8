# SPDX-License-Identifier: MIT
"""figures.py - what is measured: names, units, order; and numbers from samples

A figure is a row of FIGURES. Its key may have one number in it ("accounts.1000.start"): connections or accounts, N in the
row. `better` says which direction is good; `wanted` is about the ratio of "bare" to "floor" (of the largest to the smallest
number, where there are numbers). `chart` figures are drawn; HOW_MANY is in the JSON only.
"""
import re
import statistics

FLOOR, OURS = "floor", "bare"

GROUPS = {
    "size": "Image",
    "start": "Start and stop",
    "idle": "Idle, by number of IMAP connections in IDLE",
    "smtp": "Throughput: until the last message is in its mailbox and the queue is empty",
    "burst": "A burst in 50 sessions, to 50 mailboxes and to one",
    "imap": "IMAP, 10 sessions",
    "accounts": "Number of accounts, and as many aliases",
    "certificate": "A renewed certificate, until it is shown",
    "scanning": "Port 25 with a message that is signed, 8 sessions: what checks and scanners cost",
}

LOADS = {
    "4k-1-10": "4 KiB, 10 sessions",
    "4k-1-50": "4 KiB, 50 sessions",
    "4k-50-10": "4 KiB to 50 recipients, 10 sessions",
    "1m-1-10": "1 MiB, 10 sessions",
    "submission": "submission (TLS, AUTH, DKIM), 4 KiB, 10 sessions",
}

LESS, MORE, HOW_MANY = "less", "more", ""


class Figure:
    def __init__(self, key, title, unit, better, wanted="", chart=False):
        self.key, self.title, self.unit, self.better, self.wanted, self.chart = key, title, unit, better, wanted, chart
        self.group = {"stop": "start"}.get(key.split(".")[0], key.split(".")[0])
        self.pattern = re.compile(re.escape(key).replace("N", "([0-9]+)") + "$")


def load_figures():
    for name, title in LOADS.items():
        yield Figure("smtp.%s.rate" % name, "deliveries/s: " + title, "1/s", MORE, "≥ 0.95", True)
    for name, title in LOADS.items():
        yield Figure("smtp.%s.p50" % name, "dialogue, p50: " + title, "ms", LESS)
        yield Figure("smtp.%s.p99" % name, "dialogue, p99: " + title, "ms", LESS)
    for name, title in LOADS.items():
        yield Figure("smtp.%s.cpu" % name, "CPU time per delivery: " + title, "ms", LESS)
    for name, title in LOADS.items():
        yield Figure("smtp.%s.messages" % name, "messages sent: " + title, "", HOW_MANY)


FIGURES = [
    Figure("size.image", "all layers", "MiB", LESS, "", True),
    Figure("start.both", "start until SMTP banner and IMAP greeting", "ms", LESS, "≤ 3", True),
    Figure("start.smtp", "of these, SMTP banner", "ms", LESS),
    Figure("start.imap", "of these, IMAP greeting", "ms", LESS),
    Figure("start.delivered", "start until the first submitted message is in its mailbox", "ms", LESS, "", True),
    Figure("start.first.both", "first start, with new volumes, until both", "ms", LESS),
    Figure("start.first.smtp", "of these, SMTP banner", "ms", LESS),
    Figure("start.first.imap", "of these, IMAP greeting", "ms", LESS),
    Figure("start.first.delivered", "first start until the first message", "ms", LESS),
    Figure("stop.stop", "stop, with the engine's own time", "ms", LESS, "", True),
    Figure("idle.N.pss", "memory (PSS of all processes)", "MiB", LESS, "", True),
    Figure("idle.N.cpu", "CPU time in a minute, health checks included", "ms", LESS, "", True),
    Figure("idle.N.wakeups", "wake-ups in a minute", "", LESS),
    *load_figures(),
    Figure("burst.many.delivered", "to 50 mailboxes: until the last is there", "s", LESS, "", True),
    Figure("burst.many.put_off", "to 50 mailboxes: put off", "%", LESS),
    Figure("burst.one.delivered", "to one mailbox: until the last is there", "s", LESS, "", True),
    Figure("burst.one.put_off", "to one mailbox: put off", "%", LESS),
    Figure("imap.logins.rate", "logins/s, STARTTLS", "1/s", MORE, "≥ 0.95", True),
    Figure("imap.logins.p50", "login, p50", "ms", LESS),
    Figure("imap.logins.p99", "login, p99", "ms", LESS),
    Figure("imap.fetch.rate", "messages read/s", "1/s", MORE, "≥ 0.95", True),
    Figure("imap.fetch.p50", "read, p50", "ms", LESS),
    Figure("imap.fetch.p99", "read, p99", "ms", LESS),
    Figure("imap.append.rate", "messages stored/s", "1/s", MORE, "≥ 0.95", True),
    Figure("imap.append.p50", "store, p50", "ms", LESS),
    Figure("imap.append.p99", "store, p99", "ms", LESS),
    Figure("accounts.N.start", "first start, with new volumes, until SMTP banner and IMAP greeting", "ms", LESS, "≤ 3", True),
    Figure("accounts.N.restart", "later starts, until both", "ms", LESS, "≤ 3", True),
    Figure("accounts.N.delivered", "first start until the first submitted message is in its mailbox", "ms", LESS),
    Figure("accounts.N.pss", "memory (PSS of all processes)", "MiB", LESS, "", True),
    Figure("accounts.N.add", "`setup email add`", "ms", LESS, "≤ 2"),
    Figure("accounts.N.add_login", "`setup email add` until the new user has logged in", "ms", LESS, "≤ 2", True),
    Figure("accounts.N.list", "`setup email list`", "ms", LESS),
    Figure("certificate.all", "by all ports", "ms", LESS, "", True),
    Figure("certificate.25", "port 25", "ms", LESS),
    Figure("certificate.465", "port 465", "ms", LESS),
    Figure("certificate.587", "port 587", "ms", LESS),
    Figure("certificate.143", "port 143", "ms", LESS),
    Figure("certificate.993", "port 993", "ms", LESS),
    Figure("scanning.rate", "messages/s, until the last is in its mailbox", "1/s", MORE, "", True),
    Figure("scanning.p50", "dialogue, p50", "ms", LESS, "", True),
    Figure("scanning.p99", "dialogue, p99", "ms", LESS),
    Figure("scanning.cpu", "CPU time per message", "ms", LESS),
    Figure("scanning.pss", "memory after it", "MiB", LESS),
]


def find(key):
    """(place in FIGURES, figure, number or None); None for what is unknown."""
    for place, figure in enumerate(FIGURES):
        match = figure.pattern.match(key)
        if match:
            return place, figure, int(match.group(1)) if match.groups() else None
    return None


def summary(samples):
    """Median and spread of texts: numbers, ">LIMIT", "<LIMIT", "failed: why". What was over a limit counts as larger than all."""
    why = [text for text in samples if text.startswith("failed")]
    limits = {sign: [text[1:] for text in samples if text.startswith(sign)] for sign in "<>"}
    numbers = [float(text) for text in samples if text[:1] not in "<>f"]
    made = {"samples": samples}
    if why:
        made["failed"] = why[0].partition(":")[2].strip()
    if not numbers and not any(limits.values()):
        return made
    infinity = float("inf")
    values = sorted([-infinity] * len(limits["<"]) + numbers + [infinity] * len(limits[">"]))
    median = statistics.median_low(values) if infinity in values or -infinity in values else statistics.median(values)
    if abs(median) == infinity:
        sign = ">" if median > 0 else "<"
        made["limit"] = sign + limits[sign][0]
    else:
        made.update(median=median, min=min(numbers), max=max(numbers))
    return made


def short(value):
    """Three digits that count."""
    if value and abs(value) < 0.01:
        return "%.2g" % value
    for digits, bound in ((2, 9.995), (1, 99.95)):
        if abs(value) < bound:
            text = "%.*f" % (digits, value)
            return text.rstrip("0").rstrip(".") if "." in text else text
    return "{:,.0f}".format(value)


def written(summed, spread=True):
    if summed is None:
        return "–"
    if "limit" in summed:
        return "%s %s" % (summed["limit"][0], short(float(summed["limit"][1:])))
    if "median" not in summed:
        return "failed"
    text = short(summed["median"])
    if spread and summed["min"] != summed["max"]:
        text += " (%s–%s)" % (short(summed["min"]), short(summed["max"]))
    return text


def ratio(one, other):
    if not one or not other or "median" not in one or "median" not in other or not other["median"]:
        return ""
    return "%.2f" % (one["median"] / other["median"])
