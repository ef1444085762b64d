#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""mkimage refuses each fail-*.toml with the message in its .ok file (line:column: text); each pass-*.toml becomes an archive."""
import argparse
import glob
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


def run(path, build):
    """mkimage's exit status, message, and the archive's size."""
    with tempfile.TemporaryDirectory() as folder:
        archive = os.path.join(folder, "archive")
        done = subprocess.run([sys.executable, os.path.join(ROOT, "tools", "mkimage", "mkimage.py"), path, "-o", archive, "--build", build],
                              capture_output=True, text=True, timeout=30, check=False)
        return done.returncode, done.stderr, os.path.getsize(archive) if os.path.exists(archive) else None


def check(path, build):
    """What is wrong with what mkimage says about this manifest, or None."""
    status, message, size = run(path, build)
    if os.path.basename(path).startswith("pass-"):
        return None if status == 0 and size else f"exit status {status}: {message}"
    expected = f"mkimage: {path}:" + open(path[:-5] + ".ok", encoding="utf-8").read().strip()
    if status != 1 or not message.startswith(expected) or message.count("\n") != 1:
        return f"expected {expected}, got exit status {status}: {message}"
    return "it left an archive" if size is not None else None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--only", default="", help="run only tests whose name contains this")
    options = parser.parse_args()
    passed = failed = 0
    for path in sorted(glob.glob(os.path.join(HERE, "*-*.toml"))):
        name = os.path.basename(path)
        if options.only not in name:
            continue
        problem = check(path, options.build)
        print(f"FAILED {name}: {problem}" if problem else f"ok {name}")
        passed, failed = passed + (not problem), failed + bool(problem)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
