#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The commands of docs/porting.md: each block of them is run, and must print the lines of the block behind it, in order (`…' stands for anything).

Then Autoconf: a configure script of the old kind takes bhcc for a compiler. And what bhcc says no to, it says so by name.
"""
import argparse
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LIMIT_S = 120
CONFIGURE = """
tools/third-party.sh source build/third-party libunwind
rm -rf build/try && mkdir -p build/try && cd build/try
../third-party/src/libunwind/configure --host=x86_64-unknown-linux-musl --disable-shared --disable-tests --disable-documentation --disable-cxx-exceptions \\
    CC="$OLDPWD/build/bin/bhcc" CXX=false CXXCPP="clang-19 -E"
"""
REFUSED = {"-shared": "-shared: not supported", "-mavx2": "-mavx2: not supported", "-flto": "-flto: not supported", "-o": "-o: a file name must follow"}


def blocks():
    """(commands, lines that they must print)."""
    text = open(os.path.join(ROOT, "docs/porting.md"), encoding="utf-8").read()
    return re.findall(r"^```sh\n(.*?)^```\n```text\n(.*?)^```", text, re.M | re.S)


def run(commands):
    """Status and output of a shell."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(["bash", "-ec", commands], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                          timeout=LIMIT_S, check=False)
    return done.returncode, done.stdout.decode("utf-8", "replace")


def missing(wanted, output):
    """The first line that is not there behind the one before it; None when all are."""
    lines, at = output.splitlines(), 0
    for line in wanted.splitlines():
        pattern = ".*".join(re.escape(part) for part in line.split("…"))
        while at < len(lines) and not re.search(pattern, lines[at]):
            at += 1
        if at == len(lines):
            return line
        at += 1
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--only", default="", help="only tests whose name contains this")
    options = parser.parse_args()
    results = []
    cases = [(commands.splitlines()[-1] and f"porting: block {n}", commands, wanted) for n, (commands, wanted) in enumerate(blocks(), 1)]
    cases.append(("porting: Autoconf", CONFIGURE, "checking whether the C compiler works... yes\nchecking whether we are cross compiling... yes\nconfig.status: creating Makefile"))
    for name, commands, wanted in cases:
        if options.only not in name:
            continue
        status, output = run(commands)
        line = missing(wanted, output)
        results.append(status == 0 and line is None)
        print(f"ok {name}" if results[-1] else f"FAILED {name}: status {status}, missing `{line}'\n{output[-1500:]}", flush=True)
    for option, message in REFUSED.items():
        name = f"porting: {option} is refused"
        if options.only not in name:
            continue
        done = subprocess.run([os.path.join(ROOT, options.build, "bin/bhcc"), option], capture_output=True, text=True, check=False)
        results.append(done.returncode == 2 and message in done.stderr)
        print(f"ok {name}" if results[-1] else f"FAILED {name}: status {done.returncode}, {done.stderr}")
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
