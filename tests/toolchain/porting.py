#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bhcc as a compiler for foreign builds: a configure script made by Autoconf takes it for one, and what it says no to, it says so by name.

The commands of docs/porting.md are run by tests/docs/docs.py. Ends with `N passed, N failed`.
"""
import argparse
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "docs"))
import docs  # noqa: E402 (its folder had to be found first)

LIMIT_S = 900  # configure starts a compiler some hundred times, on however busy a host
CONFIGURE = """
tools/third-party.sh source build/third-party libunwind
rm -rf build/try && mkdir -p build/try && cd build/try
../third-party/src/libunwind/configure --host=x86_64-unknown-linux-musl --disable-shared --disable-tests --disable-documentation --disable-cxx-exceptions \\
    CC="$OLDPWD/build/bin/bhcc" CXX=false CXXCPP="clang-19 -E"
"""
CONFIGURED = ["checking whether the C compiler works... yes", "checking whether we are cross compiling... yes", "config.status: creating Makefile"]
REFUSED = {"-shared": "-shared: not supported", "-mavx2": "-mavx2: not supported", "-flto": "-flto: not supported", "-o": "-o: a file name must follow"}


def configure():
    """Status and output of CONFIGURE."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(["bash", "-ec", CONFIGURE], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                          timeout=LIMIT_S, check=False)
    return done.returncode, done.stdout.decode("utf-8", "replace")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--only", default="", help="only tests whose name contains this")
    options = parser.parse_args()
    results = []
    name = "porting: Autoconf"
    if options.only in name:
        status, output = configure()
        line = docs.missing_line(CONFIGURED, output)
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
