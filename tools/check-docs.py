#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check the documentation against the tree: links and their anchors, files named in the text, the README's map of folders, excerpts
of sources, make targets, and the doc comments of exported headers. Prints each fault as file:line; exit status 1 if any."""
import glob
import os
import re
import subprocess
import sys

LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)")
CODE = re.compile(r"`([^`\n]+)`")
FENCE = re.compile(r"^```(\S*) ?(.*)$")
TARGET = re.compile(r"(?:^|[ (;&|])make ((?:[A-Za-z_]+=\S+ )*)([a-z][a-z-]*)(?![/\w.])")
NAMED_PAGE = re.compile(r"\bdocs/[\w-]+\.md\b")
# Headers that others may include; each of their functions says what it does.
EXPORTED = ("kernel/abi/*.h", "kernel/verifier/verify.h", "kernel/platform/*.h", "runtime/include/bulkhead/*.h", "domains/vmm/device.h")
PROTOTYPE = re.compile(r"^(?:\[\[\w+\]\] )?(?:static inline |extern )?(?:enum |struct |const |unsigned )*\w+[ *]+\**\w+\(")


def tracked():
    out = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], capture_output=True, text=True, check=True).stdout
    return [name for name in out.split() if os.path.exists(name)]


def anchor(heading):
    """The identifier that renderers give to a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower().replace("`", "")).replace(" ", "-")


def anchors(page):
    text = re.sub(r"```.*?```", "", open(page, encoding="utf-8").read(), flags=re.S)
    return {anchor(match) for match in re.findall(r"^#+ (.*)$", text, flags=re.M)}


def exists(name):
    """Is there such a file or folder? Knows {a,b} and *; names with a placeholder in capitals or dots are not looked for."""
    match = re.search(r"\{([^{}]*)\}", name)
    if match:
        return all(exists(name[:match.start()] + part + name[match.end():]) for part in match.group(1).split(","))
    return bool(glob.glob(name))


def paths_in(text, roots):
    """Words of a piece of code that look like paths of this repository."""
    for word in re.split(r"[\s=:,;()\"']+", text):
        word = word.strip(".").removeprefix("./")
        if word.split("/")[0] in roots and "/" in word and not re.search(r"[A-Z]{2,}|…|\.\.\.|<", word.replace("README", "").replace("LICENSE", "")):
            yield word.rstrip("/")


def blocks(page):
    """(line, language, argument, text) of each fenced block, and the prose as (line, text)."""
    prose, found, inside = [], [], None
    for number, line in enumerate(open(page, encoding="utf-8").read().splitlines(), 1):
        fence = FENCE.match(line)
        if fence and inside is None:
            inside = (number, fence.group(1), fence.group(2).strip(), [])
        elif line.startswith("```"):
            found.append(inside[:3] + ("\n".join(inside[3]),))
            inside = None
        elif inside is not None:
            inside[3].append(line)
        else:
            prose.append((number, line))
    return prose, found


class Checker:
    """Collects faults."""

    def __init__(self):
        self.files = tracked()
        self.roots = {name.split("/")[0] for name in self.files if "/" in name and not name.startswith(".")}
        self.targets = self.make_targets()
        # What the worked examples add when a reader copies them into the tree.
        self.examples = {"/".join(name.split("/")[3:]) for name in self.files if name.startswith("docs/examples/")}
        self.faults = []

    def fault(self, page, line, text):
        self.faults.append(f"{page}:{line}: {text}")

    @staticmethod
    def make_targets():
        text = "".join(open(name, encoding="utf-8").read() for name in ["Makefile"] + glob.glob("tools/build/*.mk"))
        words = " ".join(re.findall(r"^([a-z][a-z -]*):(?!=)", text, flags=re.M) + re.findall(r"^\.PHONY: (.*)$", text, flags=re.M))
        return set(words.split())

    def known(self, name):
        return exists(name) or any(one == name or one.startswith(name + "/") for one in self.examples)

    def check_links(self, page, line, text):
        for target, part in LINK.findall(re.sub(r"`[^`]*`", "", text)):
            if "://" in target or target.startswith("mailto:"):
                continue
            path = os.path.normpath(os.path.join(os.path.dirname(page), target)) if target else page
            if not os.path.exists(path):
                self.fault(page, line, f"link to {target}, which does not exist")
            elif part and path.endswith(".md") and part not in anchors(path):
                self.fault(page, line, f"link to {target}#{part}: {path} has no such heading")

    def check_code(self, page, line, text):
        for name in paths_in(text, self.roots):
            if not self.known(name):
                self.fault(page, line, f"names {name}, which does not exist")
        for _, target in TARGET.findall(text):
            if target not in self.targets:
                self.fault(page, line, f"make has no target {target}")

    def check_excerpt(self, page, line, source, text):
        if not os.path.exists(source):
            self.fault(page, line, f"excerpt of {source}, which does not exist")
        elif text.strip("\n") not in open(source, encoding="utf-8").read():
            self.fault(page, line, f"the excerpt differs from {source}")

    def check_page(self, page):
        prose, found = blocks(page)
        made = {name for _, language, _, text in found if language == "sh" for name in re.findall(r"^mkdir (?:-p )?(\S+)", text, flags=re.M)}
        self.examples |= {f"{name}/." for name in made} | {f"{name}/main.c" for name in made}
        for line, text in prose:
            self.check_links(page, line, text)
            for code in CODE.findall(text):
                self.check_code(page, line, code)
        for line, language, argument, text in found:
            if language in ("c", "toml", "bidl"):
                self.check_excerpt(page, line, argument, text)
            elif language == "sh" or not language:
                for offset, one in enumerate(text.splitlines(), 1):
                    self.check_code(page, line + offset, one.split(" #")[0])

    def check_map(self):
        mapped = set(re.findall(r"^\| `([a-z0-9_/.-]+)/` \|", open("README.md", encoding="utf-8").read(), flags=re.M))
        for folder in sorted(self.roots ^ mapped):
            self.fault("README.md", 1, f"the map and the tree differ on {folder}/")

    def check_named_pages(self):
        for name in self.files:
            if name.endswith((".c", ".h", ".py", ".sh", ".mk", ".S", ".toml", "Makefile")) and not name.startswith("docs/examples/"):
                for line, text in enumerate(open(name, encoding="utf-8", errors="replace"), 1):
                    for page in NAMED_PAGE.findall(text):
                        if not os.path.exists(page):
                            self.fault(name, line, f"names {page}, which does not exist")

    def check_header(self, header):
        """A block of lines without a blank one that declares functions has a comment."""
        lines = open(header, encoding="utf-8").read().splitlines()
        if len(lines) < 3 or not lines[2].startswith("//"):
            self.fault(header, 1, "does not begin with a paragraph that says what it is")
        start = 0
        for number, line in enumerate(lines + [""]):
            if line.strip():
                continue
            block = lines[start:number]
            first = next((offset for offset, one in enumerate(block) if PROTOTYPE.match(one)), None)
            if first is not None and not any("//" in one for one in block[:first + 1]):
                self.fault(header, start + first + 1, "a function without a doc comment")
            start = number + 1

    def check_all(self):
        for page in self.files:
            if page.endswith(".md"):
                self.check_page(page)
        self.check_map()
        self.check_named_pages()
        for pattern in EXPORTED:
            for header in sorted(glob.glob(pattern)):
                self.check_header(header)
        return self.faults


def main():
    if "--help" in sys.argv:
        print(__doc__)
        return 0
    faults = Checker().check_all()
    print("\n".join(faults + [f"documentation: {len(faults)} faults"]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
