#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Attacks on the verifier: each program in attacks/ is refused by the rule that its first line names, its harmless twin is accepted.

`NAME.s` starts with `# rule: RULE`, one sentence, and perhaps `# link: OPTIONS` for bhcc; `NAME.ok.s` is the closest legal form. What
assembly cannot say about an image is made by changing the headers of a good one (mutations.py). Ends with `N passed, N failed`.
"""
import argparse
import concurrent.futures
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import mutations  # noqa: E402

IMAGE_RULES = {"IMAGE_HEADER", "IMAGE_SEGMENTS", "IMAGE_WX", "IMAGE_RELOCATIONS", "IMAGE_NOTES", "IMAGE_FUNCTIONS", "IMAGE_ENTRY"}
TIME_LIMIT_S = 20


class Refusal(Exception):
    """Why a test failed."""


class Bench:
    """The tools, and the folder where images are built."""

    def __init__(self, build):
        self.build = os.path.abspath(build)
        self.images = os.path.join(self.build, "tests", "verifier")
        self.compiler = os.path.join(self.build, "bin", "bhcc")
        self.verifier = os.path.join(self.build, "bin", "bhverify")
        os.makedirs(self.images, exist_ok=True)
        inputs = [self.compiler, os.path.join(self.build, "domain-lib", "note.o"), os.path.join(HERE, "attack.inc")]
        self.said = {}
        self.linker = self.linker_of_bhcc()
        self.newest = max(os.path.getmtime(path) for path in inputs)

    def image(self, source):
        """Build one image as bhcc does, but not when that has been done before."""
        output = os.path.join(self.images, os.path.basename(source)[:-2] + ".elf")
        if os.path.exists(output) and os.path.getmtime(output) >= max(self.newest, os.path.getmtime(source)):
            return output
        with open(source, encoding="utf-8") as file:
            options = " ".join(re.findall(r"^# link: -Wl,(.*)$", file.read(), re.M)).replace(",", " ").split()
        thing = output[:-4] + ".o"
        self.run(["llvm-mc-19", "-filetype=obj", "-triple=x86_64-linux-gnu", source, "-o", thing])
        self.run([*self.linker, "--threads=1", *options, thing, "-o", output])
        os.unlink(thing)
        return output

    def run(self, command):
        """Run a program of the build; its standard error."""
        done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=TIME_LIMIT_S, check=False)
        if done.returncode:
            raise Refusal("does not build: " + done.stderr.strip())
        return done.stderr

    def linker_of_bhcc(self):
        """The command by which bhcc links, without its objects: hundreds of images are linked faster without a driver."""
        source, output = os.path.join(HERE, "attacks", "pivot-by-mov.ok.s"), os.path.join(self.images, "how-bhcc-links.elf")
        shown = self.run([self.compiler, "-v", "-nostdlib", "--no-verify", source, "-o", output])
        words = next(line for line in shown.splitlines() if line.startswith("ld.lld")).split()
        place = words.index("-o")
        return words[:place] + [word for word in words[place + 2:] if "bhcc." not in word]

    def verify_all(self, images):
        """Verify many images in one run for each colour, and keep what was said of each. When it crashes, verify() finds out at which."""
        for colour in ("gs", "fs"):
            done = subprocess.run([self.verifier, "--colour", colour, *images], capture_output=True, timeout=TIME_LIMIT_S, check=False)
            for line in (done.stdout + done.stderr).decode(errors="replace").splitlines():
                match = re.match(r"(bhverify: )?(.+?): ", line)
                if done.returncode in (0, 1) and match:
                    self.said[match.group(2), colour] = (1 if match.group(1) else 0, line)

    def verify(self, image, colour="gs"):
        """Exit status and message of bhverify; a crash is a failure whatever was expected."""
        if (image, colour) in self.said:
            return self.said[image, colour]
        done = subprocess.run([self.verifier, "--colour", colour, image], capture_output=True, timeout=TIME_LIMIT_S, check=False)
        message = (done.stdout + done.stderr).decode(errors="replace").strip()
        if done.returncode not in (0, 1):
            raise Refusal(f"bhverify ended with status {done.returncode}: {message}")
        return done.returncode, message


def check_message(message, image, rule):
    """A refusal names the file, for code also function, offset and instruction, and always the rule."""
    if f": {rule}: " not in message:
        raise Refusal(f"not refused by {rule}: {message}")
    if image not in message or "usual cause: " not in message:
        raise Refusal(f"the message lacks the file or the cause: {message}")
    if rule in IMAGE_RULES:
        return
    instruction = "" if rule in ("DECODE", "LABEL") else "`[^']+': " # these two are about bytes
    place = re.search(r": ([\w.]+\+0x[0-9a-f]+|function at 0x[0-9a-f]+): 0x[0-9a-f]+: " + instruction, message)
    if not place:
        raise Refusal(f"the message lacks function, offset or instruction: {message}")


def rule_of(text):
    """The rule that the first line of an attack names; None when it names none."""
    match = re.match(r"# rule: (\w+)\n", text)
    return match.group(1) if match else None


def attack(bench, source):
    """One attack is refused by its rule."""
    with open(source, encoding="utf-8") as file:
        text = file.read()
    rule, lines = rule_of(text), text.splitlines()
    if not rule or not re.match(r"# [\w%].*[.?]$", lines[1]):
        raise Refusal("the first line must be `# rule: NAME', the second a sentence")
    image = bench.image(source)
    status, message = bench.verify(image)
    if status == 0:
        raise Refusal("accepted: " + message)
    check_message(message, image, rule)
    if not any("%fs" in line for line in lines): # which is no attack in the other colour
        status, message = bench.verify(image, "fs")
        if status == 0:
            raise Refusal("accepted in colour fs: " + message)
    return rule


def twin(bench, source):
    """A harmless twin is accepted in both colours."""
    image = bench.image(source)
    for colour in ("gs", "fs"):
        status, message = bench.verify(image, colour)
        if status:
            raise Refusal(f"refused in colour {colour}: {message}")


def mutated(bench, name, make, original):
    """Write a good image with changed headers; its path."""
    path = os.path.join(bench.images, "mutated-" + re.sub(r"\W+", "-", name) + ".elf")
    with open(path, "wb") as file:
        file.write(make(original))
    return path


def mutation(bench, path, rule):
    """An image with changed headers is refused with a clear message, or accepted, or (rule None) either."""
    status, message = bench.verify(path)
    if rule == "accepted":
        if status:
            raise Refusal("refused: " + message)
    elif rule is None:
        if status and "usual cause: " not in message:
            raise Refusal("refused without a reason: " + message)
    elif status == 0:
        raise Refusal("accepted: " + message)
    elif rule != "any":
        check_message(message, path, rule)
    return True


def rules_of(path):
    """Names of the rules that must have an attack."""
    with open(path, encoding="utf-8") as file:
        return set(re.findall(r"^RULE\(\d+, (\w+)", file.read(), re.M)) - {"NONE"}


class Results:
    """Lines of output and the count."""

    def __init__(self):
        self.passed = self.failed = 0

    def run(self, name, test):
        """Run one test; its value or None."""
        try:
            value = test()
        except (Refusal, subprocess.TimeoutExpired, OSError, KeyError, IndexError) as why:
            self.failed += 1
            print(f"FAILED {name}: {why}", flush=True)
            return None
        self.passed += 1
        print(f"ok {name}", flush=True)
        return value


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--only", default="", help="only tests whose name contains this")
    options = parser.parse_args()
    bench = Bench(options.build)
    folder = os.path.join(HERE, "attacks")
    sources = sorted(os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".s"))
    wanted = [source for source in sources if options.only in os.path.basename(source)]
    results = Results()

    def prepare(source):
        try:
            return bench.image(source)
        except (Refusal, subprocess.TimeoutExpired):
            return None # the test itself says so

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        images = [image for image in pool.map(prepare, wanted) if image]
    with open(bench.image(os.path.join(folder, "image-behind-its-end.ok.s")), "rb") as file:
        good = file.read()
    changed = [(name, rule, mutated(bench, name, make, good)) for name, rule, make in mutations.all_of(good) if options.only in name]
    bench.verify_all(images + [path for _, _, path in changed])
    seen = set()
    for source in wanted:
        name = os.path.basename(source)[:-2]
        if name.endswith(".ok"):
            results.run(name[:-3].replace("-", " ") + ": the legal form is accepted", lambda: twin(bench, source))
        else:
            seen.add(results.run(name.replace("-", " ") + ": refused", lambda: attack(bench, source)))
    for name, rule, path in changed:
        if results.run("header: " + name, lambda: mutation(bench, path, rule)):
            seen.add(rule)
    if not options.only:
        missing = rules_of(os.path.join(HERE, "../../kernel/verifier/rules.def")) - seen

        def complete():
            if missing:
                raise Refusal("no attack for " + ", ".join(sorted(missing)))

        results.run("every rule has an attack", complete)
    print(f"{results.passed} passed, {results.failed} failed")
    return 1 if results.failed else 0


if __name__ == "__main__":
    sys.exit(main())
