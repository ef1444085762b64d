#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compare two reports of the benchmarks: what became worse, what better, and whether it can be chance.

BEFORE and AFTER: report.json files, folders with one, or names that `make bench SAVE=NAME` gave. A difference of samples counts when
  - the Mann-Whitney test says that it is no chance, corrected for as many measures as there are (Holm), with p below 0.05,
  - the interval of the ratio of medians (bootstrap) leaves out 1,
  - and it is not less than --least: by default 2 % when both have at least 8 runs, whose medians are then what is tested; else 10 %, since one run differs
    from the next by more than its samples show.
Counts that come out the same each time (instructions, lines) count from 0.5 % on.

Ends with 0; with --fail, with 1 when something became worse; with 2 when the two cannot be compared.
"""
import argparse
import functools
import math
import os
import re
import statistics
import sys
import zlib
from html import escape

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import describe  # noqa: E402
import report  # noqa: E402
from result import write  # noqa: E402
from stats import RUNS_MIN, holm, mann_whitney, ratio_interval  # noqa: E402
from table import Table  # noqa: E402

SIGNIFICANT = 0.05
LEAST_RUNS, LEAST_SAMPLES, LEAST_COUNTS = 0.02, 0.10, 0.005
WORDS = {"worse": "WORSE", "better": "better", "same": "", "changed": "?"}


def report_path(name, build):
    """Where a report lies; Broken when nothing does."""
    if os.path.isdir(name):
        return os.path.join(name, "report.json")
    saved = os.path.join(build, "bench", "saved", name + ".json")
    if os.path.exists(name) or os.path.sep in name or not os.path.exists(saved):
        if not os.path.exists(name):
            folder = os.path.dirname(saved)
            known = sorted(one[:-5] for one in os.listdir(folder) if one.endswith(".json")) if os.path.isdir(folder) else []
            raise report.Broken(f"{name}: no such file, and no report was saved under that name (saved: {', '.join(known) or 'none; make bench SAVE=NAME does'})")
        return name
    return saved


def objections(before, after):
    """Why the two should not be compared."""
    found = describe.same_machine(before["machine"], after["machine"])
    return [f"they are from different machines ({one})" for one in found] + \
        [f"{name} was made with --quick, which measures nothing" for name, data in (("BEFORE", before), ("AFTER", after)) if data.get("quick")]


def measures_of(data):
    return {measure["key"]: measure for benchmark in data["benchmarks"] for measure in benchmark["measures"]}


class Difference:
    """One measure in both reports."""

    def __init__(self, old, new, least):
        self.old, self.new = old, new
        self.exact = old["exact"] and new["exact"]
        self.ratio = new["median"] / old["median"] if old["median"] else math.nan
        many = min(len(old["runs"]), len(new["runs"])) >= RUNS_MIN
        self.least = LEAST_COUNTS if self.exact else least if least is not None else LEAST_RUNS if many else LEAST_SAMPLES
        self.numbers = [[statistics.median(run) for run in one["runs"]] if many else [value for run in one["runs"] for value in run] for one in (old, new)]
        self.p = 0.0 if self.exact else mann_whitney(*self.numbers)

    @functools.cached_property
    def interval(self):
        return None if self.exact else ratio_interval(*self.numbers, zlib.crc32(self.old["key"].encode()))

    @functools.cache
    def verdict(self):
        """What is to be said of it; once p is corrected."""
        if self.old["unit"] != self.new["unit"] or math.isnan(self.ratio):
            return "changed"
        sure = self.exact or (self.p < SIGNIFICANT and not self.interval[0] <= 1 <= self.interval[1])
        if not sure or abs(self.ratio - 1) < self.least:
            return "same"
        return "better" if (self.ratio > 1) == self.new["more_is_better"] else "worse"

    def cells(self):
        interval = f"{self.interval[0]:.3f} - {self.interval[1]:.3f}" if self.interval else "counted"
        return [f"{report.figures(self.old['median'])}", f"{report.figures(self.new['median'])}", self.new["unit"], f"{self.ratio:.3f}", interval,
                "" if self.exact else f"{self.p:.2g}", WORDS[self.verdict()]]


def differences(before, after, least):
    """The measures in both, with p corrected; and the keys that only one has."""
    old, new = measures_of(before), measures_of(after)
    found = [Difference(old[key], new[key], least) for key in old if key in new]
    sampled = [one for one in found if not one.exact]
    for one, p in zip(sampled, holm([one.p for one in sampled])):
        one.p = p
    return found, sorted(old.keys() - new.keys()), sorted(new.keys() - old.keys())


HEAD = ["", "before", "after", "unit", "after / before", "95 % interval", "p", ""]


def text_of(before, after, found, gone, come, show_all):
    table = Table(f"Before: {report.source_line(before)}\nAfter:  {report.source_line(after)}", HEAD)
    shown = [one for one in found if show_all or one.verdict() != "same"]
    for one in shown:
        table.row(f"{one.new['key']}", *one.cells())
    counts = {verdict: sum(one.verdict() == verdict for one in found) for verdict in WORDS}
    if not shown:
        table.note("no difference that counts")
    table.note(f"{counts['worse']} worse, {counts['better']} better, {counts['same']} not to be told apart" + ("" if show_all else " (--all shows them)") +
               (f", {counts['changed']} no longer comparable" if counts["changed"] else ""))
    for word, keys in (("only before", gone), ("only after", come)):
        if keys:
            table.note(f"{word}: {', '.join(keys)}")
    if any(not one.exact and min(len(one.old["runs"]), len(one.new["runs"])) < RUNS_MIN for one in found):
        table.note(f"fewer than {RUNS_MIN} runs: only differences of {LEAST_SAMPLES:.0%} and more count; `make bench RUNS={RUNS_MIN}' tells smaller ones")
    return table.text()


def html_of(before, after, found, gone, come):
    order = sorted(found, key=lambda one: (list(WORDS).index(one.verdict()), -abs(math.log(one.ratio)) if one.ratio > 0 else 0))
    rows = []
    for one in order:
        cells = [escape(cell) for cell in one.cells()]
        cells[-1] = ({"worse": "bad", "better": "good"}.get(one.verdict(), "dim"), cells[-1])
        rows.append([f"{escape(one.new['what'])} <span class=dim>{escape(one.new['key'])}</span>", *cells])
    parts = ["<h1>Bulkhead: benchmarks compared</h1>", f"<p>Before: {escape(report.source_line(before))}<br>After: {escape(report.source_line(after))}</p>",
             report.table(HEAD, rows)]
    parts += [f"<p>{word}: {escape(', '.join(keys))}</p>" for word, keys in (("Only before", gone), ("Only after", come)) if keys]
    paragraphs = re.split(r"\n\n", __doc__.strip())
    return "\n".join(parts + ["<h2>How to read this</h2>", f"<pre>{escape(paragraphs[1])}</pre>", "<h2>The machine</h2>", report.machine_table(after)])


def share(text):
    try:
        value = float(text.rstrip("%")) / 100
    except ValueError:
        value = math.nan
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"`{text}' is no percentage from 0 to 99")
    return value


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", metavar="BEFORE")
    parser.add_argument("after", metavar="AFTER")
    parser.add_argument("--build", default="build", help="folder of the build (default: build)")
    parser.add_argument("--least", type=share, metavar="PERCENT", help="smaller differences of samples do not count")
    parser.add_argument("--all", action="store_true", help="show what did not change, too")
    parser.add_argument("--fail", action="store_true", help="end with 1 when something became worse")
    parser.add_argument("--force", action="store_true", help="compare reports of different machines, or of --quick, all the same")
    parser.add_argument("--html", metavar="FILE", help="where the page goes (default: BUILD/bench/compare.html)")
    options = parser.parse_args()
    try:
        before, after = (report.read_report(report_path(name, options.build)) for name in (options.before, options.after))
        against = objections(before, after)
        if against and not options.force:
            raise report.Broken("; ".join(against) + "; --force compares them all the same")
        found, gone, come = differences(before, after, options.least)
        if not found:
            raise report.Broken("the two reports have no measure in common")
        print("".join(f"careful: {one}\n" for one in against) + text_of(before, after, found, gone, come, options.all), end="")
        path = options.html or os.path.join(options.build, "bench", "compare.html")
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        write(path, report.page("Bulkhead: benchmarks compared", html_of(before, after, found, gone, come)))
    except (report.Broken, OSError) as error:
        print(f"compare: {error}", file=sys.stderr)
        return 2
    print(f"page: {path}")
    return 1 if options.fail and any(one.verdict() == "worse" for one in found) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
