# SPDX-License-Identifier: MIT
"""chart.py - bench.json as a picture: a panel for each figure, a bar for each subject

The bar ends at the median, the whisker spans smallest and largest. A value beyond a limit is a bar without an end. Plain SVG,
as any browser shows it; colours hold for both light and dark surroundings, because the picture brings its own background.
"""
from html import escape

from figures import FLOOR, GROUPS, find, written

WIDTH, MARGIN, GAP = 1000, 24, 24
PANEL = (WIDTH - 2 * MARGIN - GAP) / 2
LABEL, VALUE = 130, 128
BAR, STEP, TOP = 14, 21, 46
COLOURS = ["#2a6f97", "#e07a2f", "#7a4fa3", "#2f8f5b", "#b8336a", "#8a6d1f", "#3f4e9e", "#b04a2f"]
GREY = "#9aa3ab"


def panels(data):
    """(title, note, unit, [(subject, summary)]), in the order of FIGURES."""
    found = []
    for key, subjects in data["figures"].items():
        known = find(key)
        if known and known[1].chart:
            found.append((known[0], known[2] or 0, known[1], subjects, known[2]))
    made = []
    for _, _, figure, subjects, number in sorted(found, key=lambda row: row[:2]):
        title = figure.title.replace("`", "")
        if number is not None:
            title += ", {:,} {}".format(number, "accounts" if figure.group == "accounts" else "connections")
        bars = [(name, subjects[name]) for name in data["subjects"] if name in subjects]
        note = "%s; %s is better" % ({"1/s": "per second"}.get(figure.unit, figure.unit), figure.better)
        made.append((figure.group, title, note, bars))
    return made


def extent(summed):
    if "max" in summed:
        return summed["max"]
    return float(summed["limit"][1:]) if "limit" in summed else 0


def clipped(text, length):
    return text if len(text) <= length else text[:length - 1] + "…"


def text(x, y, words, style=""):
    return '<text x="%.1f" y="%.1f"%s>%s</text>' % (x, y, style, escape(words))


def bar(x, y, name, summed, scale, colour):
    parts = [text(x + LABEL - 8, y + BAR - 3, clipped(name, 18), ' text-anchor="end"')]
    left, middle = x + LABEL, y + BAR / 2
    end = left
    if "median" in summed:
        end = left + max(1, summed["median"] * scale)
        parts.append('<rect x="%.1f" y="%.1f" width="%.1f" height="%d" fill="%s"/>' % (left, y, end - left, BAR, colour))
        if summed["min"] != summed["max"]:
            low, high = left + summed["min"] * scale, left + summed["max"] * scale
            parts.append('<path d="M%.1f %.1fH%.1fM%.1f %.1fv6M%.1f %.1fv6" class="whisker"/>' %
                         (low, middle, high, low, middle - 3, high, middle - 3))
            end = max(end, high)
    elif "limit" in summed:
        end = left + extent(summed) * scale
        parts.append('<rect x="%.1f" y="%.1f" width="%.1f" height="%d" fill="none" stroke="%s" stroke-dasharray="4 3"/>' %
                     (left, y, end - left, BAR, colour))
    parts.append(text(end + 6, y + BAR - 3, written(summed)))
    return parts


def panel(x, y, title, note, bars, colours):
    parts = [text(x, y + 14, clipped(title, 68), ' class="title"'), text(x, y + 30, note, ' class="note"')]
    most = max([extent(summed) for _, summed in bars] + [0])
    scale = (PANEL - LABEL - VALUE) / most if most else 0
    for place, (name, summed) in enumerate(bars):
        parts += bar(x, y + TOP - 6 + place * STEP, name, summed, scale, colours[name])
    return parts


def height(bars):
    return TOP + len(bars) * STEP + 14


def draw(data, out):
    colours, rest = {}, list(COLOURS)
    for name in data["subjects"]:
        colours[name] = GREY if name == FLOOR else rest[len([other for other in colours if other != FLOOR]) % len(rest)]
    machine = data["machine"]
    y, parts = MARGIN + 20, []
    parts.append(text(MARGIN, y, "Mail server images beside each other", ' class="head"'))
    parts.append(text(MARGIN, y + 20, "%(date)s, %(cpu)s, %(cores)s cores, %(kernel)s, engine %(engine)s (%(storage)s)" % machine, ' class="note"'))
    y += 44
    made = panels(data)
    for group in GROUPS:
        mine = [row[1:] for row in made if row[0] == group]
        if not mine:
            continue
        parts.append('<path d="M%d %.1fH%d" stroke="#d5dade"/>' % (MARGIN, y, WIDTH - MARGIN))
        parts.append(text(MARGIN, y + 22, GROUPS[group], ' class="group"'))
        y += 38
        for place in range(0, len(mine), 2):
            for column, (title, note, bars) in enumerate(mine[place:place + 2]):
                parts += panel(MARGIN + column * (PANEL + GAP), y, title, note, bars, colours)
            y += max(height(bars) for _, _, bars in mine[place:place + 2])
    out.write('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img">\n' % (WIDTH, y + MARGIN, WIDTH, y + MARGIN))
    out.write("<title>Mail server images beside each other</title>\n")
    out.write("<style>text{font:12px sans-serif;fill:#26323a}.head{font-size:20px;font-weight:bold}.group{font-size:15px;font-weight:bold}"
              ".title{font-size:13px;font-weight:bold}.note{fill:#5d6a73}.whisker{stroke:#26323a;fill:none}</style>\n")
    out.write('<rect width="100%" height="100%" fill="#fff"/>\n')
    out.write("\n".join(parts) + "\n</svg>\n")
