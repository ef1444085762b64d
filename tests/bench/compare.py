#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bench/compare.py finds what became worse in made-up reports and leaves noise alone; what cannot be compared is refused by name. All by fixed seeds: no clock
decides anything. Ends with `N passed, N failed`."""
import copy
import html.parser
import json
import os
import random
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "bench"), os.path.join(ROOT, "tests")]
import stats  # noqa: E402
from checks import Checks  # noqa: E402
from compare import differences  # noqa: E402
from result import Result  # noqa: E402

MACHINE = {"processor": {"model": "made up", "family": "1", "model number": "2", "stepping": "3", "processors": 2, "flags": [], "caches": {}},
           "frequency": {}, "memory_mib": 1, "kernel": "0", "system": "none", "python": "3", "programs": {}}
PAIRS, MEASURES = 60, 12  # of reports that differ by noise only
FALSE_MAX = 4             # of them, with a difference that is none: one in twenty is the test's own promise


def samples(draw, middle, runs, count=41, between=0.015, within=0.03):
    """As benchmarks give them: each run has a level of its own, and now and then a sample is far too high."""
    out = []
    for _ in range(runs):
        level = middle * (1 + draw.gauss(0, between))
        out.append([level * (1 + abs(draw.gauss(0, within)) + (draw.random() < 0.02) * 2) for _ in range(count)])
    return out


def report(draw, runs, factors=(), more_is_better=False, counts=()):
    result = Result("made-up", "Made up", "Nothing.", {"targets": []}, None)
    for index in range(MEASURES):
        factor = factors[index] if index < len(factors) else 1
        result.measure(f"made-up/{index}", f"measure {index}", "cycles", samples(draw, (index + 1) * 10 * factor, runs), more_is_better=more_is_better)
    for index, count in enumerate(counts):
        result.measure(f"count/{index}", f"count {index}", "instructions", value=count)
    return {"bulkhead_benchmarks": 1, "made": "then", "quick": False, "machine": MACHINE, "source": {"commit": "0" * 40, "subject": "none", "changed": False},
            "load_before": [0, 0, 0], "load_after": [0, 0, 0], "failed": [], "benchmarks": [result.as_json()]}


def verdicts(before, after, least=None):
    found, _, _ = differences(before, after, least)
    return {one.new["key"]: one.verdict() for one in found}


def known_values(tests):
    first, second = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46], [1.15, 0.88, 0.90, 0.74, 1.21]
    tests.check(abs(stats.mann_whitney(first, second) - 0.254412) < 1e-6, "Mann-Whitney, exact: Hollander and Wolfe's permeability of membranes")
    tied = stats.mann_whitney([1, 2, 2, 3, 5], [2, 4, 5, 6, 7, 8])  # by hand: U = 4.5, mean 15, variance 30 - 30 / 44, so z = 10 / 5.4147
    tests.check(abs(tied - 0.064773) < 1e-4, "Mann-Whitney with ties", str(tied))
    tests.check(stats.mann_whitney([1] * 9, [1] * 9) == 1, "all alike: no difference")
    tests.check(stats.median_interval(list(range(1, 21))) == (6, 15), "the interval of a median of 20")
    tests.check(stats.median_interval([1, 2, 3]) == (1, 3), "of three samples, all of them")
    tests.check(stats.holm([0.01, 0.04, 0.03, 0.005]) == [0.03, 0.06, 0.06, 0.02], "p corrected for four of them (Holm)")
    many = list(range(4001))
    low, high = stats.median_interval(many)
    tests.check(abs(low - (2000 - 0.98 * 4001 ** 0.5)) < 2 and abs(high - (2000 + 0.98 * 4001 ** 0.5)) < 2, "the interval of a median of 4,001")


def findings(tests):
    for runs, worse in ((1, 1.18), (8, 1.06)):
        draw = random.Random(runs)
        before, after = report(draw, runs), report(draw, runs, [worse, 1, 1 / worse])
        found = verdicts(before, after)
        tests.check((found.pop("made-up/0"), found.pop("made-up/2")) == ("worse", "better") and set(found.values()) == {"same"},
                    f"{worse - 1:.0%} more and less are found with {runs} run{'s' * (runs > 1)}, and nothing else", str(found))
        found = verdicts(report(random.Random(3), runs, [worse], True), report(random.Random(4), runs, [], True))
        tests.check(found["made-up/0"] == "worse", "less of what there should be more of is worse", str(found))
    found = verdicts(report(random.Random(5), 8), report(random.Random(6), 8, [1.2]), least=0.3)
    tests.check(set(found.values()) == {"same"}, "what is smaller than asked for does not count", str(found))
    found = verdicts(report(random.Random(7), 1, counts=(1000, 1000, 0)), report(random.Random(8), 1, counts=(1010, 1002, 5)))
    tests.check((found["count/0"], found["count/1"], found["count/2"]) == ("worse", "same", "changed"), "counts: one per cent counts, 0.2 does not, nothing is no base",
                str(found))


def noise(tests):
    for runs in (1, 8):
        draw, wrong = random.Random(1000 + runs), 0
        for _ in range(PAIRS):
            wrong += set(verdicts(report(draw, runs), report(draw, runs)).values()) != {"same"}
        tests.check(wrong <= FALSE_MAX, f"{PAIRS} pairs of reports of {MEASURES} measures that differ by noise only, {runs} run{'s' * (runs > 1)} each: {wrong} with a finding "
                    f"(at most {FALSE_MAX})")


class Page(html.parser.HTMLParser):
    """Balanced, and nothing from elsewhere."""
    VOID = ("meta", "br")

    def __init__(self, text):
        super().__init__()
        self.open, self.wrong = [], []
        self.feed(text)
        self.wrong += self.open

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self.open.append(tag)
        self.wrong += [value for name, value in attrs if name in ("src", "href") and not value.startswith("#")]

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"/{tag}")


def command(tests, folder):
    def save(name, data):
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(data if isinstance(data, str) else json.dumps(data))
        return path

    def run(*arguments):
        return subprocess.run([os.path.join(ROOT, "bench", "compare.py"), "--build", folder, *arguments], capture_output=True, text=True, check=False)

    draw = random.Random(9)
    good, bad = report(draw, 1), report(draw, 1, [1.3, 0.7])
    bad["source"]["subject"] = "<script>alert(1)</script>"
    first, second = save("first/report.json", good), save("bench/saved/second.json", bad)
    done = run(first, second)
    tests.check(done.returncode == 0 and "1 worse, 1 better" in done.stdout and "made-up/0" in done.stdout and "made-up/5" not in done.stdout,
                "two files are compared, and what did not change is not listed", done.stdout + done.stderr)
    with open(os.path.join(folder, "bench", "compare.html"), encoding="utf-8") as file:
        text = file.read()
    page = Page(text)
    tests.check(not page.wrong and "measure 0" in text and "<script>" not in text, "the page is whole, needs nothing else, and quotes what it shows", str(page.wrong))
    done = run(os.path.dirname(first), "second", "--fail", "--all")
    tests.check(done.returncode == 1 and "made-up/5" in done.stdout, "a folder and a saved name; --fail ends with 1, --all lists all", done.stdout + done.stderr)
    tests.check(run(first, first, "--fail").returncode == 0, "a report against itself: nothing")
    other, quick, empty, strange = copy.deepcopy(good), copy.deepcopy(good), copy.deepcopy(good), copy.deepcopy(good)
    other["machine"]["processor"]["model"] = "another"
    quick["quick"] = True
    empty["benchmarks"][0]["measures"][3]["runs"] = [[]]
    del strange["machine"]
    refused = {"different machines": (other, "they are from different machines (processor: made up and another); --force"), "--quick": (quick, "AFTER was made with --quick"),
               "no samples": (empty, "`made-up/3' has runs without samples"), "a missing part": (strange, "'machine' is missing"),
               "broken JSON": ("{", "this is not JSON"), "another file's JSON": ({"a": 1}, "this is no report of the benchmarks"),
               "another form": ({"bulkhead_benchmarks": 99}, "a report of form 99"), "a list": ([], "this is no report")}
    for name, (data, message) in refused.items():
        done = run(first, save("other.json", data))
        tests.check(done.returncode == 2 and message in done.stderr and "Traceback" not in done.stderr, f"refused: {name}", done.stdout + done.stderr)
    done = run(first, save("other.json", other), "--force")
    tests.check(done.returncode == 0 and "careful: they are from different machines" in done.stdout, "--force compares different machines, and says so", done.stderr)
    done = run(first, "nothing")
    tests.check(done.returncode == 2 and "nothing: no such file" in done.stderr and "saved: second" in done.stderr, "a name that nothing has: what is saved is listed", done.stderr)
    tests.check(run(first).returncode == 2 and run(first, second, "--least", "x").returncode == 2, "wrong arguments")
    done = run(first, second, "--html", "/dev/full/x.html")
    tests.check(done.returncode == 2 and "compare: " in done.stderr and "Traceback" not in done.stderr, "a page that cannot be written", done.stderr)


def main():
    tests = Checks()
    tests.options(__doc__, build=False)
    if tests.wants("compare"):
        known_values(tests)
        findings(tests)
        noise(tests)
        with tempfile.TemporaryDirectory() as folder:
            command(tests, folder)
    return tests.end()


if __name__ == "__main__":
    raise SystemExit(main())
