#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check the documentation: relative links resolve, and every folder of the README's map exists and none is missing."""
import os
import re
import subprocess
import sys

LINK = re.compile(r"\]\(([^)#\s]+)(#[^)]*)?\)")


def broken_links(page):
    text = re.sub(r"```.*?```", "", open(page).read(), flags=re.S)
    for match in LINK.finditer(text):
        target = match.group(1)
        if "://" in target or target.startswith("mailto:"):
            continue
        if not os.path.exists(os.path.join(os.path.dirname(page), target)):
            yield target


def map_folders():
    """Folders named in the first column of the README's map."""
    return set(re.findall(r"^\| `([a-z0-9_/.-]+)/` \|", open("README.md").read(), flags=re.M))


def main():
    if "--help" in sys.argv:
        print(__doc__)
        return 0
    files = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True).stdout.split()
    faults = 0
    for page in (f for f in files if f.endswith(".md")):
        for target in broken_links(page):
            print(f"{page}: link to {target}, which does not exist")
            faults += 1
    present = {f.split("/")[0] for f in files if "/" in f and not f.startswith(".")}
    for folder in sorted(present ^ map_folders()):
        print(f"README.md: the map and the tree differ on {folder}/")
        faults += 1
    print(f"documentation: {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
