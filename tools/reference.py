#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write the reference pages from the sources that they describe: interfaces (as bhidl printed them), errors, fixed run-time
calls, verifier rules, and what each domain says of itself at the top of its main.c."""
import argparse
import glob
import os
import re
import shutil

ROW = re.compile(r'^(\w+)\((.*)\)\s*$')


def rows(path, macro):
    """Arguments of each MACRO(...) line of a .def file, strings without their quotes."""
    for line in open(path, encoding="utf-8"):
        match = ROW.match(line)
        if match and match.group(1) == macro:
            words = re.findall(r'"((?:[^"\\]|\\.)*)"|([^,"]+)', match.group(2))
            yield [a.replace('\\"', '"') if b == "" else b.strip() for a, b in words if a or b.strip()]


def event(line):
    """The six arguments of a line of trace.def, of which some strings are empty; six times nothing for other lines."""
    match = re.match(r'EVENT\((\w+), (\d+), (\w+), "([^"]*)", "([^"]*)", "([^"]*)"\)$', line)
    return match.groups() if match else ("",) * 6


def table(title, head, lines):
    body = "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
    return f"# {title}\n\n| {' | '.join(head)} |\n|{'---|' * len(head)}\n{body}\n"


def own_words(path):
    """The paragraphs at the top of a main.c."""
    text = []
    for line in open(path, encoding="utf-8"):
        if not line.startswith("//"):
            break
        if "SPDX" not in line:
            text.append(line[2:].removeprefix(" ").rstrip())
    return "\n".join(text).strip()


def domain_name(path):
    return "-".join(part for part in os.path.dirname(path).split("/") if part not in ("domains", "drivers"))


def domains():
    out = ["# Domains\n\nWhat each says of itself at the top of its `main.c`.\n"]
    for path in sorted(glob.glob("domains/*/main.c") + glob.glob("drivers/*/main.c") + glob.glob("drivers/*/*/main.c")):
        out.append(f"## {domain_name(path)}\n\n`{path}`\n\n```text\n{own_words(path)}\n```\n")
    return "\n".join(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build", help="folder of the build, where bhidl has been")
    parser.add_argument("--output", default="build/docs", help="folder for the pages")
    options = parser.parse_args()
    os.makedirs(options.output, exist_ok=True)
    pages = {
        "errors.md": table("Errors", ["name", "number", "sentence", "what to do"],
                           [(f"`BH_{r[0]}`", r[1], r[2], r[3] if len(r) > 3 else "") for r in rows("kernel/abi/errors.def", "ERROR")]),
        "calls.md": table("Fixed run-time calls", ["entry", "name", "arguments", "what it does"],
                          [(r[0], f"`{r[1]}`", f"`{r[2]}`", r[3]) for r in rows("kernel/abi/calls.def", "CALL")]),
        "rules.md": table("Rules of the verifier", ["number", "rule", "refused because", "usual cause in C"],
                          [(r[0], f"`{r[1]}`", r[2], r[3] if len(r) > 3 else "") for r in rows("kernel/verifier/rules.def", "RULE")]),
        "trace.md": table("Events of the trace", ["number", "event", "class", "a", "b", "what happened"],
                          [(number, f"`{name}`", kind.lower(), a, b, sentence) for name, number, kind, a, b, sentence in map(event, open("kernel/abi/trace.def", encoding="utf-8")) if name]),
        "domains.md": domains(),
    }
    for name, text in pages.items():
        with open(os.path.join(options.output, name), "w", encoding="utf-8") as file:
            file.write(text)
    interfaces = sorted(glob.glob(os.path.join(options.build, "gen", "docs", "*.md")))
    os.makedirs(os.path.join(options.output, "interfaces"), exist_ok=True)
    for path in interfaces:
        shutil.copy(path, os.path.join(options.output, "interfaces"))
    with open(os.path.join(options.output, "index.md"), "w", encoding="utf-8") as file:
        file.write("# Reference\n\nMade from the sources by `make docs`.\n\n")
        file.writelines(f"- [{open(os.path.join(options.output, name)).readline()[2:].strip()}]({name})\n" for name in pages)
        for path in interfaces:
            name = os.path.basename(path)
            file.write(f"- [interfaces of idl/{name.removesuffix('.md')}.bidl](interfaces/{name})\n")


if __name__ == "__main__":
    main()
