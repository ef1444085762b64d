#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Print compile_commands.json: what a full build would run, from make's dry run."""
import json
import os
import re
import subprocess

COMPILERS = re.compile(r"(^|/)(clang-19|bhcc|clang|gcc)$")
OF_BHCC = re.compile(r"--(both|hardened|call-as=.*)$")  # options that clang does not know


def main():
    text = subprocess.run(["make", "-Bnk", "V=1", "all", "ports", "BULKHEAD_READY=1"], capture_output=True, text=True,
                          check=False).stdout
    here = os.getcwd()
    entries = []
    for line in text.replace("\\\n", " ").splitlines():
        words = [word for word in line.split() if not OF_BHCC.match(word)]
        if not words or not COMPILERS.search(words[0]) or "-c" not in words:
            continue
        sources = [word for word in words if word.endswith(".c")]
        if sources:
            entries.append({"directory": here, "file": sources[-1], "arguments": words})
    print(json.dumps(entries, indent=1))


if __name__ == "__main__":
    main()
