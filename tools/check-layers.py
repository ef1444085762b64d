#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check every #include against tools/layers.txt. Prints each breach as file:line; exit status 1 if any."""
import os
import re
import subprocess
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')
# Libraries whose headers count as a layer of their own; every other <header> is the C library's.
LIBRARIES = {"capstone/": "capstone", "capstone.h": "capstone", "libunwind": "libunwind", "llvm-c/": "llvm-c"}


def rules():
    """(folder, [allowed]) pairs in order."""
    out = []
    for line in open("tools/layers.txt"):
        line = line.split("#")[0].strip()
        if line:
            folder, allowed = line.split(":")
            out.append((folder.strip(), allowed.split()))
    return out


def resolve(header, source):
    """The repository path of a header, a library's name, "gen" for generated ones, or None for the C library."""
    for candidate in (os.path.join(os.path.dirname(source), header), header,
                      os.path.join("runtime/include", header)):
        candidate = os.path.normpath(candidate)
        if os.path.exists(candidate):
            return candidate
    for prefix, library in LIBRARIES.items():
        if header.startswith(prefix):
            return library
    return None


def allowed(target, folder, permitted):
    if target is None or "*" in permitted:
        return True
    own = "/".join(folder.split("/")[:2]) if folder.startswith(("domains", "drivers")) else folder
    if folder.startswith(("domains/", "drivers/")) and target.startswith(own + "/"):
        return True
    return any(target == entry or target.startswith(entry + "/") for entry in permitted)


def main():
    if "--help" in sys.argv:
        print(__doc__)
        return 0
    files = subprocess.run(["git", "ls-files", "*.c", "*.h", "*.S"], capture_output=True, text=True,
                           check=True).stdout.split()
    table, breaches = rules(), 0
    for source in files:
        match = next(((f, a) for f, a in table if source.startswith(f + "/")), None)
        if not match:
            continue
        folder, permitted = match
        home = "/".join(source.split("/")[:2])
        for number, line in enumerate(open(source, errors="replace"), 1):
            include = INCLUDE.match(line)
            if not include:
                continue
            target = resolve(include.group(2), source)
            if target and (target.startswith(folder + "/") or target.startswith(home + "/")):
                continue
            if not allowed(target, home if folder in ("domains", "drivers") else folder, permitted):
                print(f"{source}:{number}: {folder} may not include {target} (tools/layers.txt)")
                breaches += 1
    print(f"{len(files)} files, {breaches} breaches of the layers")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
