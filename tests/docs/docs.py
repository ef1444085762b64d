#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a reader is told is true: the checks of the documentation and of the layers pass, and the pages that can be followed are followed.

A page is followed in a copy of the tree below build/tests/docs: each ```sh block runs there with bash, and each line of the ```text block
behind it must occur in the output, in that order; `…` stands for anything. A block ```sh background FILE goes on while the others run, which
begin when it has said what is expected of it and FILE is there. Ends with `N passed, N failed`."""
import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import time

LIMIT_S = 600
FOLLOWED = ["docs/writing-a-domain.md", "docs/tour.md", "docs/debugging.md", "docs/porting.md"]
OWN = ("domains", "idl", "systems", "drivers")  # folders that a reader adds to: real ones in the copy, links inside
RUNS = ("run", "demo", "system-tests", "recovery-tests", "vmm-restart", "campaign", "campaign-results", "soak")  # of running systems: sockets, big images
SHARED = ("third-party", "logs", "tests", "guest", "bench")  # folders of the build that the copy does not change


def make_tree(root, tree):
    """A copy of the repository in which everything that is not added to is a link, with the state of the build."""
    shutil.rmtree(tree, ignore_errors=True)
    os.makedirs(os.path.join(tree, "build"))
    for name in os.listdir(root):
        if name not in OWN + ("build", ".git", "compile_commands.json"):
            os.symlink(os.path.join(root, name), os.path.join(tree, name))
    for folder in OWN:
        os.makedirs(os.path.join(tree, folder))
        for name in os.listdir(os.path.join(root, folder)) if os.path.isdir(os.path.join(root, folder)) else []:
            os.symlink(os.path.join(root, folder, name), os.path.join(tree, folder, name))
    for name in os.listdir(os.path.join(root, "build")):
        source, target = os.path.join(root, "build", name), os.path.join(tree, "build", name)
        if name in RUNS:
            continue
        if name in SHARED:
            os.symlink(source, target)
        elif os.path.isdir(source):
            shutil.copytree(source, target, symlinks=True)
        else:
            shutil.copy2(source, target)


def steps(page):
    """[line, commands, expected lines, file to wait for or None] of each block that is to be run."""
    found, inside = [], None
    for number, line in enumerate(open(page, encoding="utf-8").read().splitlines(), 1):
        if line.startswith("```") and inside is None:
            inside = (number, line[3:].strip(), [])
        elif line.startswith("```"):
            start, kind, lines = inside
            if kind.split()[:1] == ["sh"]:
                found.append((start, "\n".join(lines), [], kind.split()[2] if "background" in kind else None))
            elif kind == "text" and found and not found[-1][2]:
                found[-1][2].extend(lines)
            inside = None
        elif inside is not None:
            inside[2].append(line)
    return found


# A line of the system's log that came in the middle of another program's line, as on every terminal that two programs write to.
AMONG = re.compile(r"(?<=[^\n])bulkhead: \[ *\d+\.\d+\] [^\n]*\n")


def missing_line(expected, output):
    """The first expected line that does not occur in its turn, each in a line of its own; None when all do."""
    position = 0
    for line in filter(str.strip, expected):
        pattern = r"[^\S\n]+".join(".*".join(re.escape(part) for part in word.split("…")) for word in line.split())
        match = re.compile(pattern + ".*").search(output, position)
        if not match:
            return line
        position = match.end()
    return None


class Tests:
    """Counts, and says what failed."""

    def __init__(self, only):
        self.only, self.passed, self.failed = only, 0, 0

    def verdict(self, name, good, detail=""):
        self.passed += good
        self.failed += not good
        print(f"{'ok  ' if good else 'FAIL'} {name}", flush=True)
        if not good:
            print("\n".join("     | " + line for line in detail.splitlines()[-40:]))

    def check(self, name, *command):
        if self.only not in name:
            return
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        self.verdict(name, run.returncode == 0, run.stdout + run.stderr)

    def follow(self, page, root):
        name = f"every command of {page} does what the page says"
        if self.only not in name:
            return
        tree = os.path.join(root, "build", "tests", "docs")
        make_tree(root, tree)
        reader = Reader(tree)
        try:
            for line, commands, expected, wanted in steps(page):
                status, output = reader.start(commands, expected, wanted) if wanted else reader.run(commands)
                fault = missing_line(expected, output) and missing_line(expected, AMONG.sub("", output))
                if status != 0 or fault:
                    self.verdict(name, False, f"{output}\n{page}:{line}: status {status}" + (f", not in the output: {fault}" if fault else ""))
                    return
            self.verdict(name, True)
        finally:
            reader.stop()


class Reader:
    """Somebody at the keyboard of the copy, with a second terminal."""

    def __init__(self, tree):
        self.tree, self.background = tree, None
        self.environment = {key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
        self.environment["BULKHEAD_READY"] = "1"

    def open(self, commands, output):
        return subprocess.Popen(["bash", "-euo", "pipefail", "-c", commands], cwd=self.tree, env=self.environment, stdin=subprocess.DEVNULL,
                                stdout=output, stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True)

    def run(self, commands):
        process = self.open(commands, subprocess.PIPE)
        try:
            output, _ = process.communicate(timeout=LIMIT_S)
            return process.returncode, output
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return f"none after {LIMIT_S} s", process.communicate()[0]

    def start(self, commands, expected, wanted):
        """Status 0 as soon as everything expected is there."""
        self.stop()
        path = os.path.join(self.tree, "background.log")
        with open(path, "w", encoding="utf-8") as log:
            self.background = self.open(commands, log)
        deadline = time.monotonic() + LIMIT_S
        while True:
            output = open(path, encoding="utf-8", errors="replace").read()
            ready = not missing_line(expected, output) and os.path.exists(os.path.join(self.tree, wanted))
            if ready or self.background.poll() is not None or time.monotonic() > deadline:
                return (0 if ready else f"{self.background.poll()} without {wanted}"), output
            time.sleep(0.1)

    def stop(self):
        """The background commands have been told to end by the page itself; what is left of them ends now."""
        if self.background:
            try:
                self.background.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.background.pid, signal.SIGTERM)
                self.background.wait()
            self.background = None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="run only tests whose name contains this")
    options = parser.parse_args()
    root = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
    os.chdir(root)
    tests = Tests(options.only)
    tests.check("the documentation names what exists", "tools/check-docs.py")
    tests.check("every safety claim is enforced and attacked by what exists", "tests/docs/claims.py")
    tests.check("no file includes what its layer may not", "tools/check-layers.py")
    tests.check("every source is short, finished and licensed, every header stands alone", "tools/check-sources.py")
    tests.check("the packages of the set-up have names and reasons", "tools/setup.sh", "--list")
    for page in FOLLOWED:
        tests.follow(page, root)
    print(f"{tests.passed} passed, {tests.failed} failed")
    return 1 if tests.failed else 0


if __name__ == "__main__":
    sys.exit(main())
