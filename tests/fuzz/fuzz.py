#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A short bounded run of every fuzz target under build/fuzz; `make fuzz TARGET=name` runs one without end. Ends with `N passed, N failed`.

The target `execution` has a minute, the others run one after the other beside it.
"""
import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile

SECONDS = {"execution": 60}
SECONDS_OTHERS = 20
HERE = os.path.dirname(os.path.abspath(__file__))


def run(build, name):
    """(what was found or None, what was done). New inputs go to a folder of their own, findings to the logs."""
    findings = os.path.join(build, "logs", f"fuzz-{name}-")
    seconds = SECONDS.get(name, SECONDS_OTHERS)
    with tempfile.TemporaryDirectory() as fresh:
        done = subprocess.run([os.path.join(build, "fuzz", name), fresh, os.path.join(build, "fuzz", f"corpus-{name}"),
                               f"-max_total_time={seconds}", "-rss_limit_mb=2048", "-timeout=10", "-print_final_stats=1",
                               f"-artifact_prefix={findings}"],
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds * 6, check=False)
    text = done.stderr.decode(errors="replace")
    runs = re.search(r"number_of_executed_units: (\d+)", text)
    said = re.search(rf"^{name}: (.*)$", text, re.M)
    told = f"{runs.group(1) if runs else 'no'} inputs in {seconds} seconds" + (f"; {said.group(1)}" if said else "")
    if done.returncode:
        return "\n".join(text.splitlines()[-30:]), told
    return (None if runs and int(runs.group(1)) > 100 else "hardly anything was tried"), told


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--only", default="", help="only targets whose name contains this")
    options = parser.parse_args()
    passed = failed = 0
    os.makedirs(os.path.join(options.build, "logs"), exist_ok=True)
    names = [name for name in sorted(name[:-2] for name in os.listdir(HERE) if name.endswith(".c")) if options.only in f"fuzz {name}"]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        long = {name: pool.submit(run, options.build, name) for name in names if name in SECONDS}
        done = {name: pool.submit(run, options.build, name) for name in names if name not in SECONDS} | long
    for name in names:
        problem, told = done[name].result()
        passed, failed = passed + (not problem), failed + bool(problem)
        print(f"FAILED fuzz {name}: {problem}\n     {told}" if problem else f"ok fuzz {name}: nothing found\n     {told}", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
