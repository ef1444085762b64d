#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The protocols as Promela models, checked with SPIN: every claim holds in every state, and each seeded bug is noticed by the claim it breaks.

A model says at its top which claims it makes, within which bounds, and by which seeded bugs each claim is shown to be awake:

  // claim NAME: sentence                          an assertion, or `deadlock': no process waits for ever
  // small: -DNAME=VALUE ...                       bounds for `make test'; there may be several
  // big: -DNAME=VALUE ...                         further bounds, for `make models'
  // ltl NAME -DNAME=VALUE ...: sentence           a claim in temporal logic (`ltl NAME' under #ifdef LTL_NAME), with these bounds, if all
                                                  processes that can go on do (weak fairness)
  // bug BUG_NAME [-D...] breaks CLAIM: sentence   with the first small bounds, those of the ltl, or those given

docs/protocols.md shows the small bounds with their numbers, and the claims: the page must agree with what is found here.
An assertion names its claim: assert(condition || CLAIM). To see a counterexample, run the command that a failure prints.
Ends with `N passed, N failed`."""
import argparse
import concurrent.futures
import glob
import os
import re
import shlex
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
DEPTH = 1_000_000  # of the search
LIMIT_S = 3600
DEADLOCK = "deadlock"
PAGE = "docs/protocols.md"


class Model:
    """What the top of a model says."""

    def __init__(self, path):
        self.path, self.name = path, os.path.splitext(os.path.basename(path))[0]
        top = open(path, encoding="utf-8").read()
        self.claims = dict(re.findall(r"^// claim (\w+): (.*)$", top, flags=re.M))
        self.temporal = {name: (shlex.split(bounds), text) for name, bounds, text in re.findall(r"^// ltl (\w+)((?: -D\S+)+): (.*)$", top, flags=re.M)}
        self.small = re.findall(r"^// small: (.*)$", top, flags=re.M)
        self.big = re.findall(r"^// big: (.*)$", top, flags=re.M)
        self.bugs = re.findall(r"^// bug (BUG_\w+)((?: -D\S+)*) breaks (\w+): (.*)$", top, flags=re.M)

    def faults(self):
        """What is wrong with the top itself."""
        text = open(self.path, encoding="utf-8").read()
        for bug, _, claim, _ in self.bugs:
            if claim not in self.claims and claim not in self.temporal:
                yield f"{bug} breaks {claim}, which is no claim"
            if f"#ifdef {bug}" not in text and f"#ifndef {bug}" not in text:
                yield f"{bug} is not in the model"
        for bug in sorted(set(re.findall(r"BUG_\w+", text)) - {bug for bug, *_ in self.bugs}):
            yield f"{bug} is in the model, but no line says what it breaks"
        for claim in [*self.claims, *self.temporal]:
            if claim in self.temporal and f"ltl {claim} {{" not in text:
                yield f"there is no ltl {claim}"
            if claim in self.claims and claim != DEADLOCK and f"|| {claim})" not in text:
                yield f"claim {claim} is not asserted"
            if claim not in [broken for _, _, broken, _ in self.bugs]:
                yield f"no bug shows that claim {claim} is awake"


class Run:
    """One verifier, generated, compiled and run in a folder of its own. Only the claims in `checked` count; one in temporal logic stands alone."""

    def __init__(self, model, options, checked, folder):
        self.model, self.options, self.checked, self.folder = model, options, checked, folder
        self.temporal = checked[0] if checked[0] in model.temporal else None
        if self.temporal:
            self.options = [*options, f"-DLTL_{self.temporal}"]
        self.broken, self.text, self.seconds = None, "", 0.0
        self.states = self.transitions = self.depth = 0

    def wrapper(self):
        names = [claim for claim in self.model.claims if claim != DEADLOCK]
        lines = [f"bool {name}; // never true: names the claim in messages" if name in self.checked else f"#define {name} true" for name in names]
        return "\n".join(lines + [f'#include "{self.model.path}"', ""])

    def step(self, *command):
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=LIMIT_S, check=False)
        self.text += done.stdout + done.stderr
        if done.returncode:
            raise RuntimeError(f"{shlex.join(command)}: status {done.returncode}\n{self.text}")
        return done.stdout

    def go(self, bug):
        os.makedirs(self.folder, exist_ok=True)
        with open(os.path.join(self.folder, "model.pml"), "w", encoding="utf-8") as file:
            file.write(self.wrapper())
        started = time.monotonic()
        try:
            self.step("spin", *self.options, "-a", "model.pml")
            # A seeded bug is found soon: there the compiler's time counts.
            self.step("gcc", "-O0" if bug else "-O1", "-w", *([] if self.temporal else ["-DSAFETY"]), "-DVECTORSZ=4096", "-o", "pan", "pan.c")
            self.read(self.step("./pan", f"-m{DEPTH}", "-w20", *(["-a", "-f"] if self.temporal else []), *([] if DEADLOCK in self.checked else ["-E"])))
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            self.broken, self.text = "the check itself", str(error)
        self.seconds = time.monotonic() - started
        return self

    def read(self, text):
        """What pan said."""
        def number(pattern):
            match = re.search(pattern, text)
            return int(match.group(1)) if match else 0
        self.states, self.transitions, self.depth = number(r"(\d+) states, stored"), number(r"(\d+) transitions"), number(r"depth reached (\d+)")
        violated = re.search(r"assertion violated (.*) \(at depth", text)
        if violated:
            names = [claim for claim in self.checked if re.search(rf"\|\|{claim}\)", violated.group(1))]
            self.broken = names[0] if names else f"an assertion without a name: {violated.group(1)}"
        elif "acceptance cycle (at depth" in text:
            self.broken = self.temporal
        elif "invalid end state (at depth" in text:
            self.broken = DEADLOCK
        elif "errors: 0" not in text or re.search(r"max search depth too small|out of memory|search not completed", text, flags=re.I):
            self.broken = "the search, which did not end"

    def how(self):
        return f"cd {self.folder} && spin {shlex.join(self.options)} -t -p model.pml"

    def numbers(self):
        return f"{self.states:>10,} states {self.transitions:>11,} transitions, depth {self.depth:>6,} {self.seconds:6.1f} s"


class Tests:
    """Counts, and says what failed."""

    def __init__(self):
        self.passed = self.failed = 0

    def verdict(self, good, text, detail=""):
        self.passed += good
        self.failed += not good
        print(f"{'ok  ' if good else 'FAIL'} {text}", flush=True)
        if not good:
            print("\n".join("     | " + line for line in detail.splitlines()[-12:]), flush=True)


def plan(models, bounds, build):
    """All runs, longest first: (what is expected to break or None, bug, sentence, run)."""
    runs = []
    for model in models:
        for number, options in enumerate(model.small + (model.big if bounds == "big" else [])):
            run = Run(model, shlex.split(options), list(model.claims), os.path.join(build, model.name, f"bounds-{number}"))
            runs.append((None, "", "", run))
        for claim, (options, _) in model.temporal.items():
            runs.append((None, "", "", Run(model, options, [claim], os.path.join(build, model.name, claim))))
        for bug, options, claim, sentence in model.bugs:
            given = shlex.split(options) or (model.temporal[claim][0] if claim in model.temporal else shlex.split(model.small[0]))
            runs.append((claim, bug, sentence, Run(model, [*given, f"-D{bug}"], [claim], os.path.join(build, model.name, bug.lower()))))
    return runs


def report(tests, expected, bug, sentence, run):
    name = run.model.name
    if expected:
        tests.verdict(run.broken == expected, f"{name}: {expected:24} notices {bug:26} {run.states:>9,} states {run.seconds:5.1f} s  {sentence}",
                      f"broken: {run.broken}\n{run.text[-3000:]}\n{run.how()}")
        return
    print(f"     {name}, {' '.join(run.options)}: {run.numbers()}")
    for claim in run.checked:
        text = run.model.temporal[claim][1] if run.temporal else run.model.claims[claim]
        tests.verdict(run.broken is None, f"{name}: {claim:24} {run.states:>10,} states {run.transitions:>11,} transitions  {text}",
                      f"broken: {run.broken}\n{run.text[-3000:]}\n{run.how()}")


def page_faults(page, models, runs):
    """Rows that the page does not have: of the bounds with their numbers, and of the claims."""
    rows = [tuple(cell.strip(" `") for cell in line.split("|")[1:-1]) for line in open(page, encoding="utf-8") if line.startswith("|")]
    shown = {(row[0], *row[2:]) for row in rows if len(row) == 5}
    for run in runs:
        number = (run.model.name, " ".join(run.options), f"{run.states:,}", f"{run.transitions:,}")
        if number not in shown:
            yield f"no row of {' | '.join(number)}"
    for model in models:
        sentences = {**model.claims, **{name: text for name, (_, text) in model.temporal.items()}}
        for claim, text in sentences.items():
            if (model.name, claim, text) not in rows:
                yield f"no row of {model.name} | {claim} | {text}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build", help="the build's folder; everything is made in its folder `models`")
    parser.add_argument("--bounds", choices=("small", "big"), default="small", help="big: the further bounds, too")
    parser.add_argument("--only", default="", help="only models whose name contains this, or all if it is part of `models`")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="verifiers at a time")
    options = parser.parse_args()
    models = [Model(path) for path in sorted(glob.glob(os.path.join(HERE, "*.pml")))]
    models = [model for model in models if options.only in model.name or options.only in "models"]
    tests = Tests()
    for model in models:
        faults = list(model.faults())
        tests.verdict(not faults, f"{model.name}: every claim is asserted and has a bug that it notices", "\n".join(faults))
    runs = plan(models, options.bounds, os.path.abspath(os.path.join(options.build, "models")))
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        futures = [(expected, bug, sentence, pool.submit(run.go, bug)) for expected, bug, sentence, run in runs]
        for expected, bug, sentence, future in futures:
            report(tests, expected, bug, sentence, future.result())
    small = [run for expected, _, _, run in runs if not expected and (run.temporal or " ".join(run.options) in run.model.small)]
    faults = list(page_faults(os.path.join(HERE, "..", "..", PAGE), models, small))
    tests.verdict(not faults, f"{PAGE} shows these bounds, numbers and claims", "\n".join(faults))
    print(f"{tests.passed} passed, {tests.failed} failed")
    return 1 if tests.failed else 0


if __name__ == "__main__":
    sys.exit(main())
