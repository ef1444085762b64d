#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""SQLite's own tests: the package's test/*.test, run by its own test program, which is a domain of the hosted kernel (build.sh).

Each test that the files judge counts as one. What cannot pass in a domain is in exceptions.txt, with the reason. A file that kills the domain ends
there; the others go on in a new one. Without --all: the files in choice.txt, some 20 seconds of processor time. Ends with `N passed, N failed`.
"""
import argparse
import fnmatch
import io
import os
import re
import subprocess
import sys
import tarfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
LINE = re.compile(r"^\[ *[\d.]+\] \w test: (.*)$")
TCL_FILES = ("init.tcl", "auto.tcl", "package.tcl", "tm.tcl", "word.tcl", "clock.tcl", "history.tcl", "parray.tcl", "tclIndex")
SILENCE_S = 120
MANIFEST = """[system]
name = "sqlite-tests"
[domain.test]
image = "../tests/sqlite/testfixture"
memory = "400M"
settings = { arguments = "testfixture test/run.tcl" }
[port.settings]
server = "kernel"
interface = "Settings"
[[grant]]
to = "test"
name = "settings"
port = "settings"
[buffer.tree]
file = "%s"
[[grant]]
to = "test"
name = "tree"
buffer = "tree"
rights = ["read"]
"""


class Exceptions:
    """exceptions.txt: lines of `FILES TESTS reason...', all three patterns; TESTS `-' keeps the files from being run."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self.rows = [line.split(None, 2) for line in file if line.strip() and not line.startswith("#")]

    def leaves_out(self, name):
        return any(tests == "-" and fnmatch.fnmatch(name, files) for files, tests, _ in self.rows)

    def excuses(self, name, test):
        return any(fnmatch.fnmatch(name, files) and fnmatch.fnmatchcase(test, tests) for files, tests, _ in self.rows)

    def excuses_end(self, name, why):
        """A file that ends early, for this reason."""
        return any(fnmatch.fnmatch(name, files) and tests == "END" and re.search(reason.split(":")[0].strip(), why) for files, tests, reason in self.rows)


class Outcome:
    """What one test file did."""

    def __init__(self):
        self.tests = self.errors = 0
        self.ended = None  # why, when it was early
        self.failed, self.said = [], []
        self.seconds = 0.0


class Runner:
    """Runs files, some in each domain, and keeps what they said."""

    def __init__(self, build, verbose):
        self.verbose = verbose
        self.build = os.path.abspath(build)
        self.sources = os.path.join(self.build, "third-party", "src")
        self.work = os.path.join(self.build, "tests", "sqlite")
        self.lock = threading.Lock()
        self.outcomes = {}

    def all_files(self):
        return sorted(name for name in os.listdir(os.path.join(self.sources, "sqlite3", "test")) if name.endswith(".test"))

    def tree(self, path, files):
        """The archive of everything that the tests read."""
        tests = os.path.join(self.sources, "sqlite3", "test")
        with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
            for name in sorted(os.listdir(tests)):
                if name.endswith((".test", ".tcl")):
                    archive.add(os.path.join(tests, name), "test/" + name)
            for name in TCL_FILES:
                archive.add(os.path.join(self.sources, "tcl8.6", "library", name), "lib/tcl8.6/" + name)
            archive.add(os.path.join(HERE, "run.tcl"), "test/run.tcl")
            text = "\n".join(files).encode() + b"\n"
            entry = tarfile.TarInfo("list.txt")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text))

    def batch(self, name, files):
        """Run these in order, in as many domains as it takes."""
        base = os.path.join(self.work, name)
        open(base + ".log", "w", encoding="utf-8").close()
        while files:
            self.tree(base + ".tar", files)
            with open(base + ".toml", "w", encoding="utf-8") as file:
                file.write(MANIFEST % (base + ".tar"))
            subprocess.run([sys.executable, os.path.join(ROOT, "tools/mkimage/mkimage.py"), base + ".toml", "-o", base + ".archive", "--build", self.build],
                           check=True, cwd=ROOT)
            last = self.boot(base + ".archive", base + ".log")
            files = files[files.index(last) + 1:] if last in files else []
        for ending in (".tar", ".toml", ".archive"):
            os.unlink(base + ending)

    def boot(self, archive, log):
        """One domain. Gives the last file that it began."""
        process = subprocess.Popen([os.path.join(self.build, "hosted", "bulkhead"), archive], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   stdin=subprocess.DEVNULL)
        silence = threading.Timer(SILENCE_S, process.kill)
        silence.start()
        last, current, outcome, started = None, None, None, 0.0
        with open(log, "a", encoding="utf-8") as sink:
            for raw in process.stdout:
                line = raw.decode("latin-1").rstrip("\n")
                sink.write(line + "\n")
                match = LINE.match(line)
                if not match:
                    continue
                words = match.group(1).split(" ", 5)
                if words[:2] == ["##", "begin"]:
                    silence.cancel()
                    silence = threading.Timer(SILENCE_S, process.kill)
                    silence.start()
                    last = current = words[2]
                    outcome, started = Outcome(), time.monotonic()
                elif words[:2] == ["##", "end"] and outcome:
                    outcome.tests, outcome.errors = int(words[3]), int(words[4])
                    outcome.ended = words[5] if len(words) > 5 and words[5] else None
                    outcome.seconds = time.monotonic() - started
                    self.keep(current, outcome)
                    current = None
                elif words[:2] == ["##", "failed"] and outcome:
                    outcome.failed.append(words[3])
                elif current:
                    outcome.said.append(match.group(1))
        silence.cancel()
        process.wait()
        if current:
            dying = [line for line in outcome.said if line.startswith("dies: ")]
            outcome.ended = dying[0] if dying else f"no answer within {SILENCE_S} s" if process.returncode < 0 else "the domain ended"
            outcome.seconds = time.monotonic() - started
            self.keep(current, outcome)
        return last

    def keep(self, name, outcome):
        with self.lock:
            self.outcomes[name] = outcome
            if self.verbose:
                print(f"{name}: {outcome.tests} tests, {outcome.errors} errors, {outcome.seconds:.2f} s {outcome.ended or ''} {' '.join(outcome.failed)}", flush=True)


def judge(runner, exceptions, files):
    """The count; what failed is shown."""
    passed = failed = excused = ended = 0
    for name, outcome in sorted(runner.outcomes.items()):
        bad = [test for test in outcome.failed if not exceptions.excuses(name, test)]
        passed += outcome.tests - outcome.errors
        excused += outcome.errors - len(bad)
        failed += len(bad)
        for test in bad[:10]:
            print(f"FAILED {name}: {test}")
        if outcome.ended and exceptions.excuses_end(name, outcome.ended):
            ended += 1
        elif outcome.ended:
            failed += 1
            print(f"FAILED {name}: it ends early: {outcome.ended}")
        if bad:
            print("\n".join("    " + line for line in outcome.said[:12]))
    for name in files:
        if name not in runner.outcomes:
            failed += 1
            print(f"FAILED {name}: it was not run; the last log is in {runner.work}")
    print(f"{len(runner.outcomes)} files; {excused} tests fail and {ended} files end early for reasons in exceptions.txt")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--only", default="", help="only files whose name contains this")
    parser.add_argument("--all", action="store_true", help="all files, not the choice in choice.txt")
    parser.add_argument("--jobs", type=int, default=2, help="domains at once")
    parser.add_argument("--verbose", action="store_true", help="a line for each file")
    options = parser.parse_args()
    runner = Runner(options.build, options.verbose)
    exceptions = Exceptions(os.path.join(HERE, "exceptions.txt"))
    with open(os.path.join(HERE, "choice.txt"), encoding="utf-8") as file:
        choice = file.read().split()
    files = [name for name in (runner.all_files() if options.all else choice) if options.only in "tcl: " + name and not exceptions.leaves_out(name)]
    threads = [threading.Thread(target=runner.batch, args=(f"batch-{i}", files[i::options.jobs])) for i in range(options.jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if not files:
        print("0 passed, 0 failed")
        return 0
    return judge(runner, exceptions, files)


if __name__ == "__main__":
    sys.exit(main())
