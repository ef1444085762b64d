#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Break a domain in many ways under a working guest, and count what came of it (docs/campaigns.md).

  campaign.py DOMAIN --runs 100              100 faults of all kinds, seeds from 1 on; results in build/campaign/DOMAIN
  campaign.py DOMAIN --runs 100 --resume     go on with one that was ended by Ctrl-C
  campaign.py DOMAIN --once KIND --seed 17   that one run again, with all its logs
  campaign.py DOMAIN --report                the report again, from what is there

Exit status: 0 every run was recovered, 1 some were not, or trouble, 2 wrong usage.
"""
import argparse
import json
import os
import shutil
import signal
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import report  # noqa: E402  pylint: disable=wrong-import-position
from classify import CLASSES, RECOVERED, WAITS  # noqa: E402  pylint: disable=wrong-import-position
from faults import KINDS  # noqa: E402  pylint: disable=wrong-import-position
from gdb_remote import GdbError  # noqa: E402  pylint: disable=wrong-import-position
from once import keep_logs, run_once  # noqa: E402  pylint: disable=wrong-import-position
from qmp import QmpError  # noqa: E402  pylint: disable=wrong-import-position
from world import Trouble, World  # noqa: E402  pylint: disable=wrong-import-position

# What is not called slow: so many times the slowest of undisturbed runs, and at least so much. The network's other end is a program on a busy host.
UNSEEN_FACTOR, UNSEEN_LEAST_US = 1.5, {"slowest_us": 100_000, "network_slowest_us": 200_000, "entropy_slowest_us": 200_000}
BAR = 30


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("domain", help="a domain of the system's manifest")
    parser.add_argument("--system", default="linux", help="a system of systems/, or a manifest's path (linux)")
    parser.add_argument("--choose", action="append", metavar="NAME=VALUE", help="another one of the manifest's choices")
    parser.add_argument("--build", default="build")
    parser.add_argument("--name", help="results go to build/campaign/NAME (the domain's)")
    parser.add_argument("--runs", type=int, default=100, help="how many (100)")
    parser.add_argument("--seed", type=int, default=1, help="of the first run; each next one has the next (1)")
    parser.add_argument("--jobs", type=int, default=1, help="machines at a time (1)")
    parser.add_argument("--faults", default=",".join(KINDS), help="kinds, with commas between: " + "; ".join(f"{name}: {words}" for name, words in KINDS.items()))
    parser.add_argument("--undisturbed", type=int, default=3, help="runs without a fault, to compare with (3)")
    parser.add_argument("--once", metavar="KIND", choices=KINDS, help="one run of this kind and --seed again")
    parser.add_argument("--resume", action="store_true", help="keep the runs that are there")
    parser.add_argument("--report", action="store_true", help="only write the report again")
    parser.add_argument("--part", help="for arrays of jobs: NUMBER/COUNT, from 0; only every COUNTth run, and no report")
    parser.add_argument("--prepare", action="store_true", help="only what all parts need")
    arguments = parser.parse_args()
    arguments.kinds = arguments.faults.split(",")
    for kind in arguments.kinds:
        if kind not in KINDS:
            parser.error(f"there is no fault `{kind}'; there are {', '.join(KINDS)}")
    if arguments.runs < 1 or arguments.jobs < 1:
        parser.error("--runs and --jobs are at least 1")
    return arguments


class Progress:
    """A bar on a terminal, a line now and then elsewhere."""

    def __init__(self, wanted):
        self.wanted, self.began, self.counts = wanted, time.monotonic(), dict.fromkeys(CLASSES, 0)
        self.fresh, self.shown = 0, 0

    def show(self, done):
        took = time.monotonic() - self.began
        rate = self.fresh / took if took else 0
        left = (self.wanted - done) / rate if rate else 0
        counts = " ".join(f"{name} {count}" for name, count in self.counts.items() if count)
        if sys.stderr.isatty():
            full = BAR * done // self.wanted
            print(f"\r[{'#' * full}{'.' * (BAR - full)}] {done}/{self.wanted}  {rate * 60:.1f} a minute, {left / 60:.0f} min left  {counts}\033[K", end="",
                  file=sys.stderr, flush=True)
        elif done >= self.wanted or done // 10 > self.shown:
            self.shown = done // 10
            print(f"{done}/{self.wanted}  {rate * 60:.1f} a minute, {left / 60:.0f} min left  {counts}", file=sys.stderr, flush=True)

    def end(self):
        if sys.stderr.isatty():
            print(file=sys.stderr)


class Campaign:
    def __init__(self, arguments):
        self.arguments = arguments
        self.folder = os.path.join(arguments.build, "campaign", arguments.name or arguments.domain)
        self.world = World(arguments.build, arguments.system, arguments.domain, choose=arguments.choose, say=lambda words: print(words, file=sys.stderr, flush=True))
        self.settings = {"domain": arguments.domain, "system": arguments.system, "choose": arguments.choose or [], "seed": arguments.seed, "faults": arguments.kinds}
        self.part, self.parts = map(int, arguments.part.split("/")) if arguments.part else (0, 1)
        self.lock = threading.Lock()
        self.next_seed, self.real, self.in_flight, self.ending = arguments.seed + self.part, 0, 0, False
        self.wanted = len(range(self.part, arguments.runs, self.parts))
        self.progress = Progress(self.wanted)
        self.done = set()

    def runs_path(self):
        return os.path.join(self.folder, f"runs-{self.part}.jsonl" if self.arguments.part else "runs.jsonl")

    def kind_of(self, seed):
        return self.arguments.kinds[seed % len(self.arguments.kinds)]

    # ---- before and after

    def prepare(self):
        self.world.prepare()
        path = os.path.join(self.folder, "campaign.json")
        if self.arguments.part or self.arguments.resume:
            try:
                with open(path, encoding="utf-8") as file:
                    kept = json.load(file)
                if all(kept[name] == value for name, value in self.settings.items()):
                    self.settings = kept
                    return
            except (OSError, ValueError, KeyError):
                pass
            if self.arguments.part or os.path.exists(path):
                raise Trouble(f"{path} belongs to another campaign or is not there: give the same system, seed and faults, or begin anew without --resume")
        elif os.path.isdir(self.folder):
            shutil.rmtree(self.folder)
        os.makedirs(self.folder, exist_ok=True)
        calm = []
        for number in range(self.arguments.undisturbed):
            print(f"undisturbed run {number + 1} of {self.arguments.undisturbed}", file=sys.stderr, flush=True)
            one = run_once(self.world, None, os.path.join(self.folder, "undisturbed"), {})
            if one["class"] != "no-effect":
                raise Trouble(f"the guest is not well even when nothing is broken: {one['class']}: {one['why']}; logs: {self.folder}/undisturbed")
            calm.append({name: one[name] for name in WAITS})
        self.world.drop(os.path.join(self.folder, "undisturbed"))
        self.settings.update({"undisturbed": calm, "limits": {name: max([least] + [round(one[name] * UNSEEN_FACTOR) for one in calm])
                                                              for name, least in UNSEEN_LEAST_US.items()}})
        with open(path, "w", encoding="utf-8") as file:
            json.dump(self.settings, file)

    def read_done(self):
        for one in report.read_runs(self.folder):
            if one["class"] != "no-verdict" and (one["seed"] - self.arguments.seed) % self.parts == self.part:
                self.done.add((one["kind"], one["seed"]))
                self.count(one)

    def count(self, one):
        if one["class"] in CLASSES:
            self.real += 1
            self.progress.counts[one["class"]] += 1

    # ---- runs

    def take_seed(self):
        """The next run's, or None: a fault that was not triggered is no run, so there may be more seeds than runs."""
        with self.lock:
            while not self.ending and self.real + self.in_flight < self.wanted:
                seed = self.next_seed
                self.next_seed += self.parts
                if (self.kind_of(seed), seed) not in self.done:
                    self.in_flight += 1
                    return seed
            return None

    def one_run(self, seed, folder):
        kind = self.kind_of(seed)
        for last in (False, True):
            try:
                return run_once(self.world, (kind, seed), folder, self.settings["limits"])
            except (Trouble, GdbError, QmpError, OSError) as trouble:
                if last or self.ending:
                    return {"kind": kind, "seed": seed, "class": "no-verdict", "why": str(trouble), "seconds": 0}
        return None

    def work(self, number):
        folder = os.path.join(self.folder, f"w{self.part}-{number}" if self.arguments.part else f"w{number}")
        while (seed := self.take_seed()) is not None:
            one = self.one_run(seed, folder)
            if one["class"] not in (*RECOVERED, "not-triggered"):
                one["logs"] = os.path.join("logs", f"{one['kind']}-{seed}")
                keep_logs(folder, os.path.join(self.folder, one["logs"]))
            with self.lock:
                self.in_flight -= 1
                if self.ending:
                    return
                with open(self.runs_path(), "a", encoding="utf-8") as file:
                    file.write(json.dumps(one) + "\n")
                self.count(one)
                self.progress.fresh += 1
                self.progress.show(self.real)
        self.world.drop(folder)
        shutil.rmtree(folder, ignore_errors=True)

    def run(self):
        self.prepare()
        if self.arguments.prepare:
            return
        self.read_done()
        workers = [threading.Thread(target=self.work, args=(number,), daemon=True) for number in range(self.arguments.jobs)]
        for worker in workers:
            worker.start()
        try:
            for worker in workers:
                while worker.is_alive():
                    worker.join(0.2)
        except KeyboardInterrupt:
            self.ending = True  # machines end with this program; what is half done is not counted
            print("\nended from the keyboard; --resume goes on", file=sys.stderr)
        self.progress.end()

    def tell(self):
        """Write the report; the exit status."""
        summary = report.write(self.folder, self.settings)
        print(report.text(summary))
        for one in summary["not_recovered"]:
            print(f"{one['class']}: {one['kind']}, seed {one['seed']}: {one['why']}")
        print(f"{self.folder}/report.html")
        return 0 if summary["runs"] and summary["recovered"] == summary["runs"] else 1


def once(arguments):
    """One run again, and everything about it."""
    world = World(arguments.build, arguments.system, arguments.domain, choose=arguments.choose, say=lambda words: print(words, file=sys.stderr)).prepare()
    folder = os.path.join(arguments.build, "campaign", "once")
    try:
        with open(os.path.join(arguments.build, "campaign", arguments.name or arguments.domain, "campaign.json"), encoding="utf-8") as file:
            limits = json.load(file)["limits"]
    except (OSError, ValueError, KeyError):
        limits = {}
        print("no campaign to compare with: no request is called slow", file=sys.stderr)
    one = run_once(world, (arguments.once, arguments.seed), folder, limits, keep=True)
    print(json.dumps(one, indent=1))
    print(f"{one['class']}: {one['why'] or 'nothing to be seen'}; logs and disk: {folder}")
    return 0 if one["class"] in RECOVERED else 1


def main():
    arguments = parse()
    for number in (signal.SIGINT, signal.SIGTERM):  # scancel sends the second; a shell that starts it in the background has the first ignored
        signal.signal(number, signal.default_int_handler)
    try:
        if arguments.once:
            return once(arguments)
        campaign = Campaign(arguments)
        if arguments.report:
            with open(os.path.join(campaign.folder, "campaign.json"), encoding="utf-8") as file:
                campaign.settings = json.load(file)
        else:
            campaign.run()
        return 0 if arguments.part or arguments.prepare else campaign.tell()
    except (Trouble, OSError) as trouble:
        print(f"campaign.py: {trouble}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ncampaign.py: ended from the keyboard", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
