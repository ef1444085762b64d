#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Mutants: copies of the verifier with one bug each. The tests must notice every one of them.

Two kinds. Every place where the verifier refuses something gets a mutant that does not refuse there; these are found in the sources, so
a new check is asked for its attack as soon as it is written. What is subtler stands in mutants/table.txt: an offset by one, a forgotten
register, one more instruction on the list. Places whose check cannot be missed, because another one says the same, are named there too.

Each mutant meets the attacks, their twins and the lies in headers, in both colours, in one process (mutants/runner.c). One that survives
says that an attack is missing. MUTANT=part of a name tries some only. INPUTS=n lets the fuzz target `execution`, with its seeds and n inputs
more, look for the bug instead, which it can where the bug lets code out of its slot: a measure of that target, not a test. The table goes to build/logs/mutants.txt. Ends with `N passed, N failed`.
"""
import argparse
import collections
import concurrent.futures
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import attacks  # noqa: E402
import mutations  # noqa: E402

ROOT = os.path.abspath(os.path.join(HERE, "../.."))
VERIFIER = "kernel/verifier"
COMPILER = ["clang-19", "-std=gnu23", "-D_GNU_SOURCE", "-O0", "-w"]
WORKERS = 2
TIME_LIMIT_S = 60
SITE = re.compile(r"refuse_code\(v, RULE_(\w+),")
WORDS = {"accepted": "accepts", "refused": "refuses the twin", "rule": "gives another rule for", "report": "says too little of",
         "crash": "crashes on", "hang": "hangs on", "broken": "CANNOT BE TESTED:", "escape": "lets out:"}

INPUTS = os.environ.get("INPUTS", "")
Mutant = collections.namedtuple("Mutant", "name file text why")


class Wrong(Exception):
    """The table does not fit the sources."""


def sources():
    """The verifier's files, by name."""
    found = {}
    for name in sorted(os.listdir(os.path.join(ROOT, VERIFIER))):
        with open(os.path.join(ROOT, VERIFIER, name), encoding="utf-8") as file:
            found[name] = file.read()
    return found


def condition_before(text, at):
    """(start, end) of the condition C in `if (C) ...` whose statement starts at `at`; None when there is none."""
    end = len(text[:at].rstrip().removesuffix("{").rstrip())
    if not text[:end].endswith(")"):
        return None
    depth, start = 0, end
    while start > 0:
        start -= 1
        depth += {")": 1, "(": -1}.get(text[start], 0)
        if depth == 0:
            break
    return (start + 1, end - 1) if text[:start].endswith("if ") else None


def without(text, at):
    """The text with the refusal at `at` dropped: its condition never holds."""
    line = text.rfind("\n", 0, at) + 1
    statement = line + len(text[line:at]) - len(text[line:at].lstrip())
    choice = re.match(r"return ([^;?]+) \? $", text[statement:at])
    if choice:
        return text[:statement] + "return 0 ? " + text[at:]
    if re.match(r"return [^;]+ \? BH_OK : $", text[statement:at]):
        return text[:statement] + "return 1 ? BH_OK : " + text[at:]
    condition = condition_before(text, statement)
    if condition:
        return text[:condition[0]] + "0 && (" + text[condition[0]:condition[1]] + ")" + text[condition[1]:]
    return text[:at] + "0 && " + text[at:]


def dropped(files):
    """A mutant for each place that refuses."""
    for name, text in files.items():
        if not name.endswith(".c"):
            continue
        seen = collections.Counter()
        for match in SITE.finditer(text):
            function = re.findall(r"^(?:static )?(?:enum|bool|uint32_t|void)[^;{}=]*?(\w+)\([^;{}]*\{$", text[:match.start()], re.M)
            place = f"{match.group(1)} in {function[-1] if function else name}"
            seen[place] += 1
            number = f", {seen[place]}" if seen[place] > 1 else ""
            yield Mutant(f"no {place}{number}", name, without(text, match.start()), "What is refused here is accepted.")


def table(files):
    """(mutants, {name of a dropped refusal: why it is not missed}) of mutants/table.txt."""
    with open(os.path.join(HERE, "mutants/table.txt"), encoding="utf-8") as file:
        blocks = re.split(r"\n\s*\n", re.sub(r"^#.*\n", "", file.read(), flags=re.M).strip())
    made, redundant = [], {}
    for block in blocks:
        head, *lines = block.split("\n")
        if head.startswith("redundant: "):
            redundant[head.removeprefix("redundant: ")] = " ".join(lines)
            continue
        name, _, file = head.partition(" @ ")
        why = lines[0]
        more = [f"ALLOW({line[7:]})" for line in lines[1:] if line.startswith("allow: ")]
        if more:
            lines += ["- #undef M66", "+ " + more[0]]
        old = "\n".join(line[2:] for line in lines[1:] if line.startswith("- "))
        new = "\n".join(line[2:] for line in lines[1:] if line.startswith("+"))
        if file not in files or not old or len(lines) < 2:
            raise Wrong(f"{name}: a mutant is `name @ file', a sentence, lines `- old', lines `+ new'")
        if files[file].count(old) != 1:
            raise Wrong(f"{name}: its text occurs {files[file].count(old)} times in {file}, not once: {old}")
        made.append(Mutant(name, file, files[file].replace(old, new), why))
    return made, redundant


def all_mutants():
    """(mutants to be killed, number of dropped refusals, number of redundant ones)."""
    files = sources()
    automatic = list(dropped(files))
    made, redundant = table(files)
    names = collections.Counter(mutant.name for mutant in automatic + made)
    for name in redundant:
        if names[name] != 1:
            raise Wrong(f"redundant: there is no refusal {name}")
    twice = [name for name, count in names.items() if count > 1]
    if twice:
        raise Wrong("two mutants are called " + ", ".join(twice))
    return [m for m in automatic + made if m.name not in redundant], len(automatic), len(redundant)


class Laboratory:
    """Builds mutants and lets the suite loose on them."""

    def __init__(self, build):
        self.build_folder = os.path.abspath(build)
        self.folder = os.path.join(self.build_folder, "tests", "mutants")
        os.makedirs(self.folder, exist_ok=True)
        self.objects = {}
        self.files = sources()
        for name in self.files:
            if name.endswith(".c"):
                self.objects[name] = self.compile(os.path.join(ROOT, VERIFIER, name), os.path.join(self.folder, name[:-2] + ".o"), [])
        self.runner = self.compile(os.path.join(HERE, "mutants/runner.c"), os.path.join(self.folder, "runner.o"), [])
        self.images, self.cases = os.path.join(self.folder, "images"), os.path.join(self.folder, "cases")
        self.case_count = self.write_cases(build)
        self.linker = self.linker_of_clang()

    @staticmethod
    def run(command):
        """Run a tool of the build."""
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=TIME_LIMIT_S, check=False)
        if done.returncode:
            raise Wrong(" ".join(command[-4:]) + ": " + done.stderr)

    def compile(self, source, to, includes):
        """One object."""
        self.run([*COMPILER, *includes, "-I", ROOT, "-c", source, "-o", to])
        return to

    def linker_of_clang(self):
        """The command by which clang links the runner to PROGRAM: without its driver, hundreds of programs are linked faster."""
        done = subprocess.run(["clang-19", "-###", "-fuse-ld=lld", self.runner, "-lcapstone", "-o", "PROGRAM"],
                              capture_output=True, text=True, timeout=TIME_LIMIT_S, check=False)
        return shlex.split(done.stderr.splitlines()[-1])

    @staticmethod
    def all_cases(build):
        """(kind, colours, rule, image) of every attack, twin and lie."""
        bench = attacks.Bench(build)
        folder = os.path.join(HERE, "attacks")
        names = sorted(os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".s"))
        with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
            images = list(pool.map(bench.image, names))
        for source, image in zip(names, images):
            with open(source, encoding="utf-8") as file:
                text = file.read()
            twin = source.endswith(".ok.s")
            rule = "NONE" if twin else attacks.rule_of(text)
            yield "twin" if twin else "attack", ("gs", "fs") if twin or "%fs" not in text else ("gs",), rule, image
        with open(bench.image(os.path.join(folder, "image-behind-its-end.ok.s")), "rb") as file:
            good = file.read()
        for name, rule, make in mutations.all_of(good):
            kind = {None: "any", "accepted": "twin"}.get(rule, "attack")
            yield kind, ("gs",), rule or "NONE", attacks.mutated(bench, name, make, good)

    def write_cases(self, build):
        """The runner's input; the number of cases."""
        lines, at = [], 0
        with open(self.images, "wb") as images:
            for kind, colours, rule, image in self.all_cases(build):
                with open(image, "rb") as file:
                    size = images.write(file.read())
                for colour in colours:
                    lines.append(f"{kind} {colour} {rule} {at} {size} {os.path.basename(image).removesuffix('.elf')}")
                at += size
        with open(self.cases, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        return len(lines)

    def build(self, mutant, folder):
        """The runner with a mutant of the verifier; path of the program."""
        os.makedirs(os.path.join(folder, VERIFIER), exist_ok=True)
        changed = os.path.join(folder, VERIFIER, mutant.file)
        with open(changed, "w", encoding="utf-8") as file:
            file.write(mutant.text)
        objects = dict(self.objects, runner=self.runner)
        users = [mutant.file] if mutant.file.endswith(".c") else [name for name in self.objects if self.uses(name, mutant.file)]
        for name in users:
            source = changed if name == mutant.file else os.path.join(ROOT, VERIFIER, name)
            objects[name] = self.compile(source, os.path.join(folder, name[:-2] + ".o"), ["-I", folder])
        program = os.path.join(folder, "suite")
        self.link(self.linker, [*objects.values()], program)
        return program

    def link(self, linker, objects, program):
        """A program by the command of linker_of_clang()."""
        command = [program if word == "PROGRAM" else word for word in linker]
        place = command.index(self.runner)
        self.run(command[:place] + objects + command[place + 1:])

    def judge_by_execution(self, mutant, folder):
        """The same of the fuzz target, as long as it takes to make so many inputs."""
        self.build(mutant, folder)
        fuzz = os.path.join(self.build_folder, "fuzz")
        objects = [os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".o")]
        changed = {"verifier-" + os.path.basename(path)[:-2] + ".c.o" for path in objects}
        parts = os.path.join(fuzz, "execution-objects")
        objects += [os.path.join(parts, name) for name in os.listdir(parts) if name not in changed]
        program = os.path.join(folder, "execution")
        self.run(["clang-19", "-fsanitize=fuzzer", "-Wl,-z,now", *objects, "-lcapstone", "-o", program])
        with tempfile.TemporaryDirectory() as fresh:
            done = subprocess.run([program, fresh, os.path.join(fuzz, "corpus-execution"), f"-runs={INPUTS}", "-seed=1", "-timeout=20",
                                   "-artifact_prefix=" + folder + "/"], capture_output=True, text=True, timeout=600, check=False)
        escaped = re.search(r"ESCAPED: (.*)", done.stderr)
        runs = re.findall(r"^#(\d+)", done.stderr, re.M)
        return ("escape", f"{escaped.group(1)} (input {runs[-1] if runs else '0'} or later)") if escaped else None

    def uses(self, name, header):
        """Does this file include that one, perhaps through internal.h?"""
        return header == "internal.h" or header == "verify.h" or f'"{VERIFIER}/{header}"' in self.files[name]

    def judge(self, program):
        """What the suite says of a program: (wrong, case), None when it notices nothing."""
        done = subprocess.run([program, self.images, self.cases], capture_output=True, text=True, timeout=TIME_LIMIT_S, check=False)
        found = [line.split(" ", 1) for line in done.stdout.splitlines()]
        for wanted in ("accepted", "crash", "hang", "refused", "rule", "report"):
            for wrong, case in found:
                if wrong == wanted:
                    return wrong, case
        if done.returncode:
            raise Wrong(f"the runner ended with status {done.returncode}")
        return None


def test(laboratory, job):
    """Build and judge one mutant; (mutant, verdict or None)."""
    number, mutant = job
    folder = os.path.join(laboratory.folder, str(number))
    try:
        verdict = laboratory.judge_by_execution(mutant, folder) if INPUTS else laboratory.judge(laboratory.build(mutant, folder))
    except (Wrong, subprocess.TimeoutExpired) as why:
        verdict = ("broken", str(why))
    if verdict and verdict[0] != "broken":
        shutil.rmtree(folder)
    return mutant, verdict


def row(mutant, verdict):
    """A line of the table."""
    killed = f"{WORDS[verdict[0]]} {verdict[1].splitlines()[0]}" if verdict else "SURVIVES"
    return f"{mutant.file:12} {mutant.name:52} {killed}"


def report(options, rows, totals):
    """Write the table where people look for it."""
    path = os.path.join(options.build, "logs", "mutants.txt")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(rows + totals) + "\n")
    print("\n".join(totals))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--only", default="", help="only mutants whose name contains this")
    options = parser.parse_args()
    if options.only not in "verifier mutants" and not os.environ.get("MUTANT"):
        print("0 passed, 0 failed")
        return 0
    started = time.monotonic()
    mutants, automatic, redundant = all_mutants()
    chosen = [m for m in mutants if os.environ.get("MUTANT", "") in m.name]
    laboratory = Laboratory(options.build)
    unchanged = Mutant("the verifier as it is", "verify.c", laboratory.files["verify.c"], "")
    _, verdict = test(laboratory, ("unchanged", unchanged))
    if verdict: # which would say nothing of the mutants
        print(f"FAILED {unchanged.name} {WORDS[verdict[0]]} {verdict[1]}\n0 passed, 1 failed")
        return 1
    rows, failed = [], 0
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        for mutant, verdict in pool.map(lambda job: test(laboratory, job), enumerate(chosen)):
            rows.append(row(mutant, verdict))
            print(rows[-1], flush=True)
            if not verdict or verdict[0] == "broken":
                failed += 1
                print(f"FAILED {mutant.name}: " + (verdict[1] if verdict else f"{mutant.why} And no test notices."), flush=True)
    killed = len(chosen) - failed
    report(options, rows, [f"{len(chosen)} mutants of the verifier ({automatic} refusals dropped in turn, {redundant} of them redundant by the "
                           f"table), {laboratory.case_count} cases each: {killed} killed, {failed} survive, {time.monotonic() - started:.0f} s"])
    print(f"{killed} passed, {failed} failed")
    return 1 if failed or not chosen else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Wrong as why:
        print(f"FAILED mutants: {why}\n0 passed, 1 failed")
        sys.exit(1)
