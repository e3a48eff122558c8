#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""report.py - what run.sh has measured, as JSON, Markdown and a chart; runs in a tools container

report.py json DIR [KEPT]    reads what run.sh has written into DIR (samples, machine, subjects, layers.*, processes.*); prints
                             bench.json. KEPT is one of an earlier run: what it has and DIR has not is kept
report.py markdown           reads bench.json, prints tables
report.py chart              reads bench.json, prints SVG
"""
import glob
import json
import os
import sys

import chart
from figures import FIGURES, FLOOR, GROUPS, HOW_MANY, OURS, find, ratio, short, summary, written


def rows(path):
    with open(path, encoding="utf-8") as file:
        return [line.rstrip("\n").split("\t") for line in file if line.strip()]


def read_samples(path):
    """(figure, subject) -> texts, in the order of the file."""
    found = {}
    for subject, key, value in rows(path) if os.path.exists(path) else []:
        found.setdefault(key, {}).setdefault(subject, []).append(value)
    return found


def read_layers(path):
    return [{"mib": round(int(size) / 1048576, 1), "made_by": made_by} for size, made_by in rows(path)]


def read_processes(path):
    """One row for each program: how many there are, and what they hold together."""
    with open(path, encoding="utf-8") as file:
        listed = json.load(file)
    programs = {}
    for process in listed:
        words = process["command"].split(" ")
        name = os.path.basename(words[0].rstrip(":")) or process["name"]
        if "python" in name and len(words) > 1:
            name = next((os.path.basename(word) for word in words[1:] if not word.startswith("-")), name)
        row = programs.setdefault(name, {"program": name, "number": 0, "pss_kib": 0, "cpu_ms": 0, "wakeups": 0})
        row["number"] += 1
        for key in ("pss_kib", "cpu_ms", "wakeups"):
            row[key] += process[key]
    return sorted(programs.values(), key=lambda row: -row["pss_kib"])


def collect(directory, kept=None):
    data = {"machine": dict(rows(directory + "/machine")), "subjects": {}, "figures": {}, "layers": {}, "processes": {}}
    if kept:
        with open(kept, encoding="utf-8") as file:
            old = json.load(file)
        for part in ("subjects", "layers", "processes"):
            data[part] = old[part]
        data["figures"] = old["figures"]
        data["machine"]["kept_from"] = old["machine"]["date"]
    for name, slug, image, identity, profile, versions in rows(directory + "/subjects"):
        data["subjects"][name] = {"image": image, "id": identity, "profile": profile, "versions": versions}
        layers = "%s/layers.%s" % (directory, slug)
        if os.path.exists(layers):
            data["layers"][image] = read_layers(layers)
        for path in glob.glob("%s/processes.%s.*" % (directory, slug)):
            if os.path.getsize(path):
                data["processes"].setdefault(name, {})[path.rsplit(".", 1)[1]] = read_processes(path)
    for key, subjects in read_samples(directory + "/samples").items():
        figure = data["figures"].setdefault(key, {})
        for subject, samples in subjects.items():
            figure[subject] = summary(samples)
    return data


def line(cells):
    print("| %s |" % " | ".join(cells))


def head(names, left=1):
    print()
    line(names)
    print("|%s|" % "|".join("---" if place < left else "---:" for place in range(len(names))))


def in_group(data, group):
    """(figure, number, subject -> summary), in the order of FIGURES, then by number."""
    found = []
    for key, subjects in data["figures"].items():
        known = find(key)
        if known and known[1].group == group and known[1].better != HOW_MANY:
            found.append((known[0], known[2] or 0, known[1], subjects))
    return [(figure, number, subjects) for _, number, figure, subjects in sorted(found, key=lambda row: row[:2])]


def subjects_of(data, figures):
    used = {subject for _, _, subjects in figures for subject in subjects}
    return [name for name in data["subjects"] if name in used]


def with_unit(figure):
    return figure.title + (", " + figure.unit if figure.unit and figure.unit != "1/s" else "")


def table(data, group):
    figures = in_group(data, group)
    names = subjects_of(data, figures)
    compared = FLOOR in names and OURS in names
    head([GROUPS[group]] + names + (["%s : %s" % (OURS, FLOOR), "wanted"] if compared else []))
    for figure, _, subjects in figures:
        cells = [with_unit(figure)] + [written(subjects.get(name)) for name in names]
        if compared:
            cells += [ratio(subjects.get(OURS), subjects.get(FLOOR)), figure.wanted]
        line(cells)


def growth(first, last):
    if not first or not last or "median" not in first[1] or "median" not in last[1] or first[0] == last[0]:
        return None
    return (last[1]["median"] - first[1]["median"]) / (last[0] - first[0])


def matrix(data, group, each):
    """Numbers (of accounts, of connections) across; for memory, what one more of them takes."""
    figures = in_group(data, group)
    numbers = sorted({number for _, number, _ in figures})
    head([GROUPS[group], "subject"] + ["{:,}".format(number) for number in numbers] + ["last : first", "wanted"], 2)
    for figure in [figure for figure in FIGURES if any(figure is other for other, _, _ in figures)]:
        for name in subjects_of(data, figures):
            cells = [(number, subjects[name]) for other, number, subjects in figures if other is figure and name in subjects]
            if not cells:
                continue
            found = dict(cells)
            line([with_unit(figure), name] + [written(found.get(number)) for number in numbers] +
                 [ratio(cells[-1][1], cells[0][1]) if len(cells) > 1 else "", figure.wanted if name == OURS else ""])
            more = growth(cells[0], cells[-1]) if figure.unit == "MiB" else None
            if more is not None:
                line(["of these, for each %s, KiB" % each, name] + [""] * (len(numbers) - 1) + [short(more * 1024), "", ""])


def print_layers(data):
    for image, layers in data["layers"].items():
        head(["Layers of %s of a tenth of a MiB and more" % image, "MiB"])
        for layer in layers:
            made = " ".join(layer["made_by"].replace("|", " ").replace("/bin/sh -c ", "").replace("#(nop) ", "").split())
            if layer["mib"] >= 0.1:
                line(["`%s`" % (made[:90].replace("`", "'") or "?"), short(layer["mib"])])


def print_processes(data):
    """Of the busiest moment that was looked at: without connections, and after scanning."""
    for subject, moments in data["processes"].items():
        for moment, text in (("0", "idle"), ("scanning", "after scanning")):
            if moment not in moments or (subject, moment) not in (("floor", "0"), ("bare", "0"), ("default", "0"), ("typical", "scanning")):
                continue
            head(["Processes of %s, %s" % (subject, text), "number", "PSS, MiB", "CPU, ms", "wake-ups"])
            for row in moments[moment]:
                line(["`%s`" % row["program"], str(row["number"]), short(row["pss_kib"] / 1024), str(row["cpu_ms"]), str(row["wakeups"])])


def markdown(data):
    machine = data["machine"]
    print("Measured on %(date)s: %(cpu)s, %(cores)s cores, %(memory_mib)s MiB, %(kernel)s, engine %(engine)s (%(storage)s)." % machine)
    if "kept_from" in machine:
        print("Figures that were not measured then are from %(kept_from)s." % machine)
    if float(machine["load"]) > 0.5:
        print("The machine had other work (load average %(load)s): compare what stands side by side, nothing else." % machine)
    print("Medians, with the smallest and the largest in brackets; less is better, but for rates.")
    head(["subject", "what it is", "image", "versions"], 4)
    for name, subject in data["subjects"].items():
        line([name, subject["profile"], "`%s` (%s)" % (subject["image"], subject["id"].split(":")[-1][:12]), subject["versions"]])
    for group in GROUPS:
        if not in_group(data, group):
            continue
        if group == "idle":
            matrix(data, group, "connection")
        elif group == "accounts":
            matrix(data, group, "account")
        else:
            table(data, group)
    print_layers(data)
    print_processes(data)
    failures = [(subject, key, summed["failed"]) for key, subjects in data["figures"].items()
                for subject, summed in subjects.items() if "failed" in summed]
    if failures:
        head(["What failed", "subject", "why"], 3)
        for subject, key, why in failures:
            line([key, subject, why.replace("|", "\\|")])


def main(arguments):
    if arguments[:1] == ["json"] and len(arguments) in (2, 3):
        json.dump(collect(*arguments[1:]), sys.stdout, indent=1, ensure_ascii=False)
        print()
    elif arguments == ["markdown"]:
        markdown(json.load(sys.stdin))
    elif arguments == ["chart"]:
        chart.draw(json.load(sys.stdin), sys.stdout)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    main(sys.argv[1:])
