#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every rule of the Makefile works in a build folder that is empty: it makes the folder that it writes to, or waits for it.

A rule that leans on another one having run before it fails on a new machine only, and only in some orders.
"""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from checks import Checks

# What writes into folders that it makes itself.
MAKES_FOLDERS = re.compile(r"mkdir|\(BHIDL\)|tools/reference\.py|tools/(third-party|domain-port|domain-libc|guest/make-guest|guest/campaign/make-\w+)\.sh"
                           r"|tests/ports/sqlite/build\.sh|\$\(guest_recipe\)")
# Made by another rule's recipe, together with its own target.
TOGETHER = re.compile(r"/gen/(kernel|interpose|include|client|server|fuzz)/|/ports/\w+/domain/lib|/guest/(vmlinuz|initrd)$")
NOWHERE = "/nonexistent/bulkhead-build"


def rules(text):
    """(target, what it waits for, recipe) of all files that make knows how to make."""
    for block in text[text.rindex("# Files\n"):].split("\n\n"):
        lines = block.split("\n")
        if any(line.startswith("# Not a target") for line in lines):
            continue
        lines = [line for line in lines if line and not line.startswith("#") and not re.match(r"\S+: \w+ [:+?]?= ", line)]
        match = lines and re.match(r"^(\S[^:=]*):{1,2} ?(.*)$", lines[0])
        recipe = "\n".join(line for line in lines if line.startswith("\t"))
        if match and recipe.strip():
            yield match.group(1), match.group(2).replace("|", " ").split(), recipe


def leaning(text):
    """Targets below the build folder whose folder nobody makes for them, and how many there are in all."""
    found, count = [], 0
    for target, waited, recipe in rules(text):
        if not target.startswith(NOWHERE + "/") or target.endswith("/"):
            continue
        count += 1
        folder = os.path.dirname(target) + "/"
        if not (MAKES_FOLDERS.search(recipe) or TOGETHER.search(target) or any(name.startswith(folder) for name in waited)):
            found.append(target[len(NOWHERE) + 1:])
    return sorted(found), count


def main():
    checks = Checks()
    checks.options(__doc__, build=False)
    if not checks.wants("makefile"):
        return checks.end()
    text = subprocess.run(["make", "-np", "test", f"BUILD={NOWHERE}", "BULKHEAD_READY=1"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True, check=False).stdout
    found, count = leaning(text)
    checks.check(count > 500, "make tells its rules", f"only {count}")
    checks.check(not found, "each rule makes its target's folder, or waits for it", "\n".join("    " + name for name in found))
    bad = f"# Files\n\n{NOWHERE}/some/file: other\n\tcp $< $@\n\n"
    checks.check(leaning(bad) == (["some/file"], 1), "a rule that does not is found")
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())
