#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bhidl refuses each fail-*.bidl with exactly the messages in its .ok file, and says what is in diff-*.ok of the change from
diff-*.old.bidl to diff-*.new.bidl; each message in its sources is in one of these files; what it makes of each pass-*.bidl compiles.
The trace decoder and the reference page of
tests/interfaces/shop.bidl write what is in trace.ok and reference.ok. With --write the .ok files are made anew."""
import argparse
import difflib
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


def compare(tool, arguments, golden, status, write):
    """What is wrong with the tool's messages about files of this folder, or None."""
    done = subprocess.run([tool, *arguments], capture_output=True, text=True, timeout=20, check=False, cwd=HERE)
    if write:
        open(golden, "w", encoding="utf-8").write(done.stderr)
    expected = open(golden, encoding="utf-8").read()
    if done.returncode not in status:
        return f"exit status {done.returncode}\n{done.stderr}"
    if done.stderr != expected:
        return "\n" + "".join(difflib.unified_diff(expected.splitlines(True), done.stderr.splitlines(True), "expected", "got"))
    return None


def fails(tool, path, write):
    return compare(tool, ["--check", os.path.basename(path)], path[:-5] + ".ok", (1,), write)


def differs(tool, path, write):
    """The status of diff is 0 when there is nothing to rebuild or break."""
    old = os.path.basename(path)
    golden = path[:-9] + ".ok"
    problem = compare(tool, ["diff", old, old[:-9] + ".new.bidl"], golden, (0, 1), write)
    harmless = open(golden, encoding="utf-8").read().endswith(" 0 rebuild, 0 breaking\n")
    status = subprocess.run([tool, "diff", old, old[:-9] + ".new.bidl"], capture_output=True, cwd=HERE, check=False).returncode
    return problem or (None if harmless == (status == 0) else f"exit status {status}")


def formats():
    """The format of each message in the sources of bhidl: {format: file}."""
    found = {}
    for path in sorted(glob.glob(os.path.join(ROOT, "codegen", "bhidl", "*.[cly]"))):
        source = open(path, encoding="utf-8").read()
        for call in re.finditer(r"\b(complain|tell)\((?!const|enum)", source):
            depth, at, parts, begin = 1, call.end(), [], call.end()
            while depth:
                if source[at] == '"':
                    at = re.compile(r'"(?:[^"\\]|\\.)*"').match(source, at).end() - 1
                elif source[at] == "'":
                    at = re.compile(r"'(?:[^'\\]|\\.)'").match(source, at).end() - 1
                depth += {"(": 1, ")": -1, "{": 1, "}": -1}.get(source[at], 0)
                if source[at] == "," and depth == 1:
                    parts.append(source[begin:at])
                    begin = at + 1
                at += 1
            parts.append(source[begin:at - 1])
            text = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', parts[3 if call.group(1) == "complain" else 4]))
            found[text] = os.path.basename(path)
    return found


# The parser's own limits (memory), which no file of a test should reach.
UNSHOWN = {"%s"}


def unshown():
    """Messages that no golden file shows."""
    shown = "".join(open(path, encoding="utf-8").read() for path in glob.glob(os.path.join(HERE, "*.ok")))
    messages = re.findall(r"^\S+:\d+:\d+: \w+: (.*)$", shown, re.M)
    missing = []
    for text, source in formats().items():
        pattern = re.sub(r"%(?:llu|s|d|u)", "~", text.replace("\\n", "\n"))
        pattern = re.escape(pattern).replace("\\~", ".*").replace("~", ".*")
        if text not in UNSHOWN and not any(re.fullmatch(pattern, message) for message in messages):
            missing.append(f"{source}: {text}")
    return missing


def passes(tool, path, _write):
    """The generated headers and C compile, for domains and for the kernel. A folder holds files that belong together."""
    files = sorted(glob.glob(os.path.join(path, "*.bidl"))) or [path]
    with tempfile.TemporaryDirectory() as out:
        done = subprocess.run([tool, "--out", out, *files], capture_output=True, text=True, timeout=20, check=False)
        if done.returncode != 0:
            return done.stderr
        done = subprocess.run([os.path.join(ROOT, "codegen", "bhidl", "labels.sh"), out], capture_output=True, text=True, timeout=20, check=False)
        if done.returncode != 0:
            return done.stderr
        for module in sorted(glob.glob(os.path.join(out, "python", "bulkhead", "*.py"))):
            try:
                compile(open(module, encoding="utf-8").read(), module, "exec")
            except SyntaxError as error:
                return str(error)
        sides = [("client", []), ("server", []), ("call", []), ("interpose", [f"-I{out}/trace", f"-I{os.path.dirname(os.path.dirname(tool))}/gen/include"]), ("kernel", ["-DBH_KERNEL", "-Ikernel/arch/x86_64"])]
        for side, flags in sides:
            for source in sorted(glob.glob(os.path.join(out, side, "*.c"))):
                done = subprocess.run(["clang-19", "-std=gnu23", "-D_GNU_SOURCE", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-I.",
                                       "-Iruntime/include", f"-I{out}/include", *flags, source], capture_output=True, text=True, cwd=ROOT, check=False)
                if done.returncode != 0:
                    return done.stderr
    return None


def traces(tool, write):
    """The trace decoder writes what is in trace.ok."""
    with tempfile.TemporaryDirectory() as out:
        program = os.path.join(out, "trace.elf")
        files = [os.path.join(ROOT, "tests", "interfaces", name) for name in ("shop.bidl", "locker.bidl")]
        subprocess.run([tool, "--out", out, *files], check=True, timeout=20)
        done = subprocess.run(["clang-19", "-std=gnu23", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined", "-I.",
                               "-Iruntime/include", f"-I{out}/include", f"-I{out}/trace", f"{out}/trace/trace.c", os.path.join(HERE, "trace.c"), "-o", program],
                              capture_output=True, text=True, cwd=ROOT, check=False)
        done = done if done.returncode else subprocess.run([program], capture_output=True, text=True, timeout=20, check=False)
    golden = os.path.join(HERE, "trace.ok")
    if write:
        open(golden, "w", encoding="utf-8").write(done.stdout)
    expected = open(golden, encoding="utf-8").read()
    if done.returncode or done.stdout != expected:
        return done.stderr + "".join(difflib.unified_diff(expected.splitlines(True), done.stdout.splitlines(True), "expected", "got"))
    return None


def reference(tool, write):
    """The reference page of tests/interfaces/shop.bidl is reference.ok."""
    with tempfile.TemporaryDirectory() as out:
        subprocess.run([tool, "--out", out, "--emit", "docs", os.path.join(ROOT, "tests", "interfaces", "shop.bidl")], check=True, timeout=20)
        page = open(os.path.join(out, "docs", "shop.md"), encoding="utf-8").read()
    golden = os.path.join(HERE, "reference.ok")
    if write:
        open(golden, "w", encoding="utf-8").write(page)
    return "".join(difflib.unified_diff(open(golden, encoding="utf-8").read().splitlines(True), page.splitlines(True), "expected", "got"))


def editor_grammar(_tool, _write):
    """The TextMate grammar is JSON, its patterns compile, and it knows each word of the lexer and no other."""
    grammar = json.load(open(os.path.join(ROOT, "tools", "editor", "bidl.tmLanguage.json"), encoding="utf-8"))
    lexer = open(os.path.join(ROOT, "codegen", "bhidl", "lexer.l"), encoding="utf-8").read()
    words = set(re.findall(r'^"([a-z]+)"', lexer, re.M))
    known = set()
    for pattern in grammar["patterns"]:
        if "match" in pattern:
            re.compile(pattern["match"])
        if pattern["name"].startswith(("keyword", "storage")):
            known |= set(re.findall(r"[a-z]{2,}", pattern["match"]))
    return f"not both in lexer and grammar: {sorted(words ^ known)}" if words != known else None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--only", default="", help="run only tests whose name contains this")
    parser.add_argument("--write", action="store_true", help="write what bhidl says now into the .ok files")
    options = parser.parse_args()
    tool = os.path.abspath(os.path.join(options.build, "bin", "bhidl"))
    passed = failed = 0
    for pattern, test in (("fail-*.bidl", fails), ("diff-*.old.bidl", differs), ("pass-*.bidl", passes), ("pass-*/", passes)):
        for path in sorted(glob.glob(os.path.join(HERE, pattern))):
            name = os.path.relpath(path, HERE)
            if options.only not in name:
                continue
            problem = test(tool, path, options.write)
            print(f"FAILED {name}: {problem}" if problem else f"ok {name}")
            passed, failed = passed + (not problem), failed + bool(problem)
    for name, test in (("trace-decoder", traces), ("reference-page", reference), ("editor-grammar", editor_grammar)):
        if options.only not in name:
            continue
        problem = test(tool, options.write)
        print(f"FAILED {name}: {problem}" if problem else f"ok {name}")
        passed, failed = passed + (not problem), failed + bool(problem)
    if options.only in "every-message-is-shown":
        missing = unshown()
        print("\n    ".join(["FAILED every-message-is-shown: no .ok file has", *missing]) if missing else "ok every-message-is-shown")
        passed, failed = passed + (not missing), failed + bool(missing)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
