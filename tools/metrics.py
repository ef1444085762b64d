#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Print lines of source by folder and the size of the trusted base (kernel/ and the generated proxies)."""
import argparse
import glob
import json
import os
import re
import statistics
import subprocess

SOURCES = (".c", ".h", ".S", ".s", ".def", ".bidl", ".l", ".y", ".py", ".sh", ".asl")
LIMIT = 12000
NOT_LINKED = {"pc": "kernel/platform/hosted/", "hosted": ("kernel/platform/pc/", "kernel/virt/")}  # by platform


def lines_of(path):
    """Lines that are neither blank nor only comment."""
    text = open(path, errors="replace").read()
    if path.endswith((".c", ".h", ".S", ".def", ".bidl", ".l", ".y", ".asl")):
        text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group().count("\n"), text, flags=re.S)
        text = re.sub(r"//[^\n]*", "", text)
    else:
        text = re.sub(r"^\s*#[^\n]*", "", text, flags=re.M)
    return sum(1 for line in text.splitlines() if line.strip())


def folder_of(path):
    parts = path.split("/")
    depth = 2 if parts[0] in ("kernel", "codegen", "domains", "drivers", "tests", "tools") else 1
    return "/".join(parts[:depth]) if len(parts) > depth else "/".join(parts[:-1]) or "."


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build", help="where generated proxies are")
    parser.add_argument("--json", action="store_true", help="the trusted base as JSON")
    options = parser.parse_args()
    files = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True).stdout.split()
    folders = {}
    for path in files:
        if path.endswith(SOURCES) and os.path.exists(path):
            folders.setdefault(folder_of(path), []).append(lines_of(path))
    generated = [lines_of(p) for p in glob.glob(f"{options.build}/gen/kernel/*") if p.endswith((".S", ".c", ".h"))]
    if options.json:
        trusted = [{"folder": folder, "files": len(sizes), "lines": sum(sizes)}
                   for folder, sizes in sorted(folders.items()) if folder.startswith("kernel")]
        trusted.append({"folder": "generated proxies and glue", "files": len(generated), "lines": sum(generated)})
        print(json.dumps({"trusted": sum(one["lines"] for one in trusted), "limit": LIMIT, "trusted_folders": trusted}))
        return
    print(f"{'folder':28} {'files':>5} {'lines':>7} {'median':>7} {'largest':>8}")
    for folder in sorted(folders):
        sizes = folders[folder]
        print(f"{folder:28} {len(sizes):5} {sum(sizes):7} {int(statistics.median(sizes)):7} {max(sizes):8}")
    kernel = sum(sum(sizes) for folder, sizes in folders.items() if folder.startswith("kernel"))
    print(f"\ntrusted base: kernel/ {kernel} + generated proxies {sum(generated)} = {kernel + sum(generated)} lines; "
          f"what is over {LIMIT} would need a reason (docs/trusted-base.md)")
    for name, others in NOT_LINKED.items():
        print(f"  linked for {name}: {kernel + sum(generated) - sum(lines_of(path) for path in files if path.startswith(others) and path.endswith(SOURCES))}")


if __name__ == "__main__":
    main()
