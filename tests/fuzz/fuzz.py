#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A short bounded run of every fuzz target under build/fuzz; `make fuzz TARGET=name` runs one without end. Ends with `N passed, N failed`."""
import argparse
import os
import re
import subprocess
import sys
import tempfile

SECONDS = 20


def run(build, name):
    """None, or what was found. New inputs go to a folder of their own, findings to the logs."""
    findings = os.path.join(build, "logs", f"fuzz-{name}-")
    with tempfile.TemporaryDirectory() as fresh:
        done = subprocess.run([os.path.join(build, "fuzz", name), fresh, os.path.join(build, "fuzz", f"corpus-{name}"),
                               f"-max_total_time={SECONDS}", "-rss_limit_mb=2048", "-timeout=10", "-print_final_stats=1",
                               f"-artifact_prefix={findings}"],
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS * 6, check=False)
    text = done.stderr.decode(errors="replace")
    runs = re.search(r"number_of_executed_units: (\d+)", text)
    print(f"     {runs.group(1) if runs else 'no'} inputs")
    if done.returncode:
        return "\n".join(text.splitlines()[-30:])
    return None if runs and int(runs.group(1)) > 100 else "hardly anything was tried"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--only", default="", help="only targets whose name contains this")
    options = parser.parse_args()
    passed = failed = 0
    here = os.path.dirname(os.path.abspath(__file__))
    os.makedirs(os.path.join(options.build, "logs"), exist_ok=True)
    for name in sorted(name[:-2] for name in os.listdir(here) if name.endswith(".c")):
        if options.only not in f"fuzz {name}":
            continue
        problem = run(options.build, name)
        passed, failed = passed + (not problem), failed + bool(problem)
        print(f"FAILED fuzz {name}: {problem}" if problem else f"ok fuzz {name}: nothing found in {SECONDS} seconds", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
