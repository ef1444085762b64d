#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check every source file: one SPDX line at the top, at most 500 lines, nothing left to do, and every header compiles alone."""
import concurrent.futures
import os
import re
import subprocess
import sys

LINES_MAX = 500
SOURCES = (".c", ".cpp", ".h", ".S", ".s", ".py", ".sh", ".mk", ".l", ".y", ".bidl", ".def")
FLAGS = ["clang-19", "-std=gnu23", "-D_GNU_SOURCE", "-fsyntax-only", "-x", "c-header", "-Wall", "-Wextra", "-Werror",
         "-Wno-unused-function", "-Wno-unused-const-variable", "-I."]
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")


def flags_for(header, build):
    """Compiler flags for the folder that a header is in."""
    generated = [f"-I{build}/gen/include"]
    if header.startswith("kernel/"):
        return ["-DBH_KERNEL", "-Ikernel/platform/hosted", "-Ikernel/arch/x86_64"] + generated
    if header.startswith("codegen/"):
        include = subprocess.run(["llvm-config-19", "--includedir"], capture_output=True, text=True, check=True).stdout.strip()
        return [f"-I{include}", f"-I{build}/gen/bhidl"]
    return ["-Iruntime/include", f"-I{os.path.dirname(header)}"] + generated


def compile_alone(header, build):
    run = subprocess.run(FLAGS + flags_for(header, build) + [header], capture_output=True, text=True, check=False)
    return "" if run.returncode == 0 else f"{header}: does not compile alone:\n{run.stderr}"


def faults_of(path):
    text = open(path, encoding="utf-8", errors="replace").read()
    lines = text.splitlines()
    # A flex or bison file has its C prologue, with the SPDX line, behind "%{".
    # The attacks on the verifier are read by their first lines, which name the rule.
    if not path.startswith("tests/verifier/") and not any("SPDX-License-Identifier: MIT" in line for line in lines[:4]):
        yield f"{path}:1: no SPDX line"
    if len(lines) > LINES_MAX:
        yield f"{path}: {len(lines)} lines, the limit is {LINES_MAX}"
    for number, line in enumerate(lines, 1):
        if UNFINISHED.search(line):
            yield f"{path}:{number}: unfinished: {line.strip()}"


def main():
    if "--help" in sys.argv:
        print(__doc__)
        return 0
    build = sys.argv[1] if len(sys.argv) > 1 else "build"
    files = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True).stdout.split()
    sources = [f for f in files if f.endswith(SOURCES) and os.path.exists(f)]
    faults = [fault for path in sources for fault in faults_of(path)]
    headers = [f for f in sources if f.endswith(".h") and f.startswith(("kernel/", "runtime/", "domains/", "drivers/", "codegen/"))
               and not f.startswith("runtime/musl/")  # those stand in for musl's own, in the middle of its headers
               and not re.search(r'\.inc"|^ +\.macro ', open(f, encoding="utf-8").read(), re.M)]  # those are for assembly
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        faults += [fault for fault in pool.map(lambda header: compile_alone(header, build), headers) if fault]
    print("\n".join(faults + [f"{len(sources)} sources, {len(headers)} headers compiled alone, {len(faults)} faults"]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
