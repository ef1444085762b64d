#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bhidl refuses each fail-*.bidl with the messages in its .ok file (line:column: error: text), and no others; what it makes of each
pass-*.bidl compiles."""
import argparse
import glob
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


def fails(tool, path):
    """What is wrong with how the tool refuses this file, or None."""
    done = subprocess.run([tool, "--check", path], capture_output=True, text=True, timeout=20, check=False)
    expected = open(path[:-5] + ".ok", encoding="utf-8").read().splitlines()
    got = re.findall(r"^" + re.escape(path) + r":(\d+:\d+: error: .*)$", done.stderr, re.M)
    if done.returncode != 1:
        return f"exit status {done.returncode}\n{done.stderr}"
    if len(got) != len(expected) or not all(one.startswith(other) for one, other in zip(got, expected)):
        return f"expected {expected}, got {got}"
    return None


def passes(tool, path):
    """The generated headers and C compile, for domains and for the kernel."""
    with tempfile.TemporaryDirectory() as out:
        done = subprocess.run([tool, "--out", out, path], capture_output=True, text=True, timeout=20, check=False)
        if done.returncode != 0:
            return done.stderr
        done = subprocess.run([os.path.join(ROOT, "codegen", "bhidl", "labels.sh"), out], capture_output=True, text=True, timeout=20, check=False)
        if done.returncode != 0:
            return done.stderr
        sides = [("client", []), ("server", []), ("kernel", ["-DBH_KERNEL", "-Ikernel/arch/x86_64"])]
        for side, flags in sides:
            for source in sorted(glob.glob(os.path.join(out, side, "*.c"))):
                done = subprocess.run(["clang-19", "-std=gnu23", "-D_GNU_SOURCE", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-I.",
                                       "-Iruntime/include", f"-I{out}/include", *flags, source], capture_output=True, text=True, cwd=ROOT, check=False)
                if done.returncode != 0:
                    return done.stderr
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--only", default="", help="run only tests whose name contains this")
    options = parser.parse_args()
    tool = os.path.abspath(os.path.join(options.build, "bin", "bhidl"))
    passed = failed = 0
    for kind, test in (("fail", fails), ("pass", passes)):
        for path in sorted(glob.glob(os.path.join(HERE, kind + "-*.bidl"))):
            name = os.path.basename(path)
            if options.only not in name:
                continue
            problem = test(tool, path)
            print(f"FAILED {name}: {problem}" if problem else f"ok {name}")
            passed, failed = passed + (not problem), failed + bool(problem)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
