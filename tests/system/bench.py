#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every benchmark runs and leaves valid JSON and SVG; how fast anything was decides nothing. Ends with `N passed, N failed`."""
import glob
import json
import os
import subprocess
import sys
import xml.dom.minidom

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from checks import Checks  # noqa: E402

LIMIT_S = 240
NUMBERS = {"call": ("kinds", "cycles"), "confinement": ("programs", "domain", "ratio"), "hardened": ("programs", "hardened", "ratio"), "rings": ("kinds", "ns")}
NO_TARGET = ("hardened", "rings", "recovery", "dma", "network")  # rings: what it is measured against need not be there


def is_svg(path):
    try:
        return xml.dom.minidom.parse(path).documentElement.tagName == "svg"
    except (OSError, ValueError, xml.parsers.expat.ExpatError):
        return False


def read(path):
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        return None


def has_numbers(name, data):
    """Each result of a benchmark of several is a positive number with its quartiles in order."""
    if name not in NUMBERS:
        return True
    rows, *keys = NUMBERS[name]
    results = data[rows]
    for key in keys:
        results = [row[key] for row in results]
    return len(results) >= 6 and all(0 < row["low"] <= row["median"] <= row["high"] for row in results)


def main():
    tests = Checks()
    options = tests.options(__doc__)
    if not tests.wants("bench"):
        return tests.end()
    command = ["bench/run.py", "--build", options.build]
    out = os.path.join(options.build, "bench", "quick")
    for old in (path for kind in ("json", "svg", "html") for path in glob.glob(os.path.join(out, f"*.{kind}"))):
        os.remove(old)
    listed = subprocess.run(command + ["--only", "nonsense"], capture_output=True, text=True, check=False)
    tests.check(listed.returncode == 2 and "known: call" in listed.stderr, "an unknown benchmark is refused with the list of those that exist",
                listed.stderr)
    done = subprocess.run(command + ["--quick"], capture_output=True, text=True, timeout=LIMIT_S, check=False)
    tests.check(done.returncode == 0, "every benchmark runs to its end", done.stdout + done.stderr)
    report = read(os.path.join(out, "report.json"))
    found = {one["name"]: one["measures"] for one in report["benchmarks"]} if report else {}
    tests.check(report and report["quick"] and report["machine"]["processor"]["model"] and report["source"]["commit"], "the report says what it was made of, and on what")
    tests.check(all(run for measures in found.values() for measure in measures for run in measure["runs"]), "each measure of the report keeps its samples")
    with open(os.path.join(out, "report.html"), encoding="utf-8") as file:
        page = file.read()
    tests.check(page.count("<svg") == len(found) and "Traceback" not in page and "http" not in page.replace("http://www.w3.org/2000/svg", ""), "the page has all plots in it")
    for name in ("call", "confinement", "hardened", "rings", "verifier", "exits", "dma", "network", "recovery", "lines"):
        tests.check(found.get(name), f"bench/{name} is in the report")
        data = read(os.path.join(out, name + ".json"))
        tests.check(data and data["benchmark"] == name and (data["targets"] or name in NO_TARGET), f"bench/{name} leaves JSON with its targets")
        tests.check(data and has_numbers(name, data), f"bench/{name} leaves numbers that can be true")
        tests.check(is_svg(os.path.join(out, name + ".svg")), f"bench/{name} leaves a plot")
    return tests.end()


if __name__ == "__main__":
    raise SystemExit(main())
