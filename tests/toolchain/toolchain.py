#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The domain toolchain: what its programs print as domains is what they print as plain programs; what it refuses, it refuses with file and line.

Each of programs/, and some random ones (signatures.py), is compiled by clang and run, and compiled by bhcc at each optimization level; all images run as domains of one hosted
kernel, in both colours. Each of refused/ starts with `// refused: LINE: PART OF THE MESSAGE`
(`refused at link` when it is the verifier that says so). Jumps through tables are counted where they must be, and where they must not. Ends with `N passed, N failed`.
"""
import argparse
import concurrent.futures
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import signatures  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(HERE))
LEVELS = {"-O2": "gs", "-O0": "fs", "-Os": "gs", "--hardened": "fs", "-O3": "fs"}
RANDOM_PROGRAMS = {"signatures-1": 1, "signatures-2": 2}
DOMAINS_MAX = 60  # of one system
MORE_LEVELS = {"switches": ["-O3"]}
TIME_LIMIT_S = 60
PLAIN_FLAGS = ["-std=gnu23", "-D_GNU_SOURCE", "-O1", "-w", "-msse3", "-ffp-contract=off", "-Itests/toolchain/programs"]
LIBRARIES = ["-lm", "-latomic", "-lpthread"]
DOMAIN_FLAGS = ["-std=gnu23", "-D_GNU_SOURCE", "-w", "-g", "-ffp-contract=off", "-I.", "-Iruntime/include", "-Itests/toolchain/programs"]


class Toolchain:
    """The compilers, and the folder of what they make."""

    def __init__(self, build):
        self.build = os.path.abspath(build)
        self.made = os.path.join(self.build, "tests", "toolchain")
        self.compiler = os.path.join(self.build, "bin", "bhcc")
        os.makedirs(self.made, exist_ok=True)
        tools = [os.path.join(self.build, "bin", name) for name in ("bhcc", "bhlower", "bhsfi", "bhverify")]
        tools += [os.path.join(self.build, "domain-lib", "libbulkhead.a"), os.path.join(HERE, "programs", "say.h")]
        self.newest = max(os.path.getmtime(path) for path in tools)
        self.errors = {}

    def make(self, command, output, source, libraries=()):
        """Run a compiler unless its output is newer than everything; the message of a failure is kept."""
        if os.path.exists(output) and os.path.getmtime(output) >= max(self.newest, os.path.getmtime(source)):
            return
        done = subprocess.run([*command, source, "-o", output, *libraries], cwd=ROOT, capture_output=True, text=True, timeout=TIME_LIMIT_S, check=False)
        if done.returncode:
            self.errors[output] = done.stderr.strip() or f"status {done.returncode}"
            if os.path.exists(output):
                os.unlink(output)

    def source(self, name):
        """The program's source; a random one is written first."""
        if name not in RANDOM_PROGRAMS:
            return os.path.join(HERE, "programs", name + ".c")
        path, text = os.path.join(self.made, name + ".c"), signatures.program(RANDOM_PROGRAMS[name])
        if not os.path.exists(path) or open(path, encoding="utf-8").read() != text:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        return path

    def plain(self, name):
        """The program for this machine."""
        output = os.path.join(self.made, name)
        self.make(["clang-19", *PLAIN_FLAGS], output, self.source(name), LIBRARIES)
        return output

    def domain(self, name, level):
        """The program as a domain image."""
        output = os.path.join(self.made, f"{name}{level.lower()}.elf")
        self.make([self.compiler, *DOMAIN_FLAGS, level], output, self.source(name))
        return output


class Results:
    """Lines of output and the count."""

    def __init__(self):
        self.passed = self.failed = 0

    def verdict(self, name, problem=None):
        """One test; problem: why it failed."""
        if problem:
            self.failed += 1
            print(f"FAILED {name}: {problem}", flush=True)
        else:
            self.passed += 1
            print(f"ok {name}", flush=True)


def run_domains(toolchain, images):
    """Boot all images as domains of one system; lines by domain, and the whole log."""
    manifest = os.path.join(toolchain.made, "system.toml")
    archive, log = os.path.join(toolchain.made, "system.archive"), os.path.join(toolchain.made, "system.log")
    with open(manifest, "w", encoding="utf-8") as file:
        file.write('[system]\nname = "toolchain"\n')
        for name, (_, colour) in images.items():
            file.write(f'\n[domain.{name}]\nimage = "../tests/toolchain/{name}"\ncolour = "{colour}"\nmemory = "16M"\n')
    subprocess.run([sys.executable, os.path.join(ROOT, "tools/mkimage/mkimage.py"), manifest, "-o", archive, "--build", toolchain.build],
                   check=True, cwd=ROOT, capture_output=True, text=True)
    with open(log, "w", encoding="utf-8") as sink:
        subprocess.run([os.path.join(toolchain.build, "hosted", "bulkhead"), archive], stdout=sink, stderr=subprocess.STDOUT,
                       stdin=subprocess.DEVNULL, timeout=TIME_LIMIT_S, check=False)
    with open(log, encoding="utf-8", errors="replace") as file:
        text = file.read()
    lines = {name: [] for name in images}
    for line in text.splitlines():
        match = re.match(r"\[ *[\d.]+\] (\w) ([\w-]+): (.*)$", line)
        if match and match.group(2) in lines:
            lines[match.group(2)].append(match.group(3))
    return lines, text


def compare(wanted, lines):
    """None, or where a domain's output differs from the plain program's."""
    got = [line for line in lines if not re.match(r"started in slot|dies: exit: exit status 0$", line)]
    for number, (want, have) in enumerate(zip(wanted, got), 1):
        if want != have:
            return f"line {number} is `{have}', not `{want}'"
    if len(got) != len(wanted):
        return f"{len(got)} lines, not {len(wanted)}; the last is `{got[-1] if got else ''}'"
    if not any(line.startswith("dies: exit: exit status 0") for line in lines):
        return f"it did not end well: {lines[-1] if lines else 'no line'}"
    return None


def levels_of(name):
    """Random programs are long: one level is enough for them."""
    return ["-O2"] if name in RANDOM_PROGRAMS else [level for level in LEVELS if level != "-O3"] + MORE_LEVELS.get(name, [])


def test_programs(toolchain, results, names, pool):
    """Every program at every level prints the same."""
    jobs = [(name, level) for name in names for level in levels_of(name)]
    plain = list(pool.map(toolchain.plain, names))
    built = dict(zip(jobs, pool.map(lambda job: toolchain.domain(*job), jobs)))
    images = {f"{name}{level.lower()}": (built[name, level], LEVELS[level]) for name, level in jobs if os.path.exists(built[name, level])}
    lines, log = {}, ""
    for first in range(0, len(images), DOMAINS_MAX):
        part, text = run_domains(toolchain, dict(list(images.items())[first:first + DOMAINS_MAX]))
        lines |= part
        log += text
    if images and not any(lines.values()):
        results.verdict("the programs start as domains", "\n".join(log.splitlines()[-5:]))
        return
    for name, program in zip(names, plain):
        if not os.path.exists(program):
            results.verdict(f"{name} compiles with clang", toolchain.errors[program])
            continue
        wanted = subprocess.run([program], capture_output=True, text=True, timeout=TIME_LIMIT_S, check=True).stdout.splitlines()
        for level in levels_of(name):
            title, image = f"{name} {level}: prints as a domain what it prints as a program", built[name, level]
            if image in toolchain.errors or not os.path.exists(image):
                results.verdict(title, toolchain.errors.get(image, "not built"))
            else:
                results.verdict(title, compare(wanted, lines[f"{name}{level.lower()}"]))


def refused(toolchain, source):
    """None, or what is wrong with the refusal of a source."""
    output = os.path.join(toolchain.made, "refused-" + os.path.basename(source) + ".out")
    relative = os.path.relpath(source, ROOT)
    with open(source, encoding="utf-8") as file:
        at_link, line, part = re.match(r"// refused( at link)?: (\d+): (.*)$", file.readline()).groups()
    stop = [] if at_link else ["-c"]
    for flags in (["-g"], []):
        done = subprocess.run([toolchain.compiler, "-O2", "-w", *flags, *stop, relative, "-o", output], cwd=ROOT, capture_output=True,
                              text=True, timeout=TIME_LIMIT_S, check=False)
        if done.returncode == 0:
            return "compiled"
        if f"{relative}:{line}: error: " not in done.stderr or part not in done.stderr:
            return f"with {flags or 'no -g'} the message lacks `{relative}:{line}: error: ' or `{part}': {done.stderr.strip()}"
    return None


# A function whose jump bhsfi knows, and one in which something looks at the table's address in between.
FORMS = """	.text
	.type	{0},@function
{0}:
	.cfi_startproc
	leaq	.LJTI_{0}(%rip), %rcx
	movslq	(%rcx,%rax,4), %rax
	addq	%rcx, %rax
	{1}
	jmpq	*%rax
.LBB_{0}:
	retq
	.cfi_endproc
	.section	.rodata
.LJTI_{0}:
	.long	.LBB_{0}-.LJTI_{0}
"""


def table_jumps(toolchain, name, *flags):
    """Compile programs/switches.c; how many jumps through a table each object that came of it has, by the end of its name."""
    output = os.path.join(toolchain.made, f"tables-{name}.o")
    for twin in (output, output + ".hardened"):
        if os.path.exists(twin):
            os.unlink(twin)
    source = os.path.join(HERE, "programs", "switches.c")
    subprocess.run([toolchain.compiler, *DOMAIN_FLAGS, *flags, "-c", source, "-o", output], cwd=ROOT, capture_output=True, text=True, timeout=TIME_LIMIT_S, check=True)
    counts = {}
    for kind in ("", ".hardened"):
        if os.path.exists(output + kind):
            text = subprocess.run(["llvm-objdump-19", "-d", "--no-show-raw-insn", output + kind], capture_output=True, text=True, check=True).stdout
            counts[kind] = len(re.findall(r"\taddq\t%(\w+), %(\w+)\n[^\n]*\tjmpq\t\*%\2\n", text))
    return counts


def test_tables(toolchain, results):
    """Switches jump through tables where the verifier lets them, and only there."""
    dense = 6 # at least: the program has more dense switches
    for name, flags, wanted in (("O0", ["-O0"], {"": True}), ("O2", ["-O2"], {"": True}), ("Os", ["-Os"], {"": True}),
                                ("hardened", ["-O2", "--hardened"], {"": False}), ("both", ["-O2", "--both"], {"": True, ".hardened": False}),
                                ("forbidden", ["-O2", "-fno-jump-tables"], {"": False})):
        counts = table_jumps(toolchain, name, *flags)
        good = counts.keys() == wanted.keys() and all(counts[kind] >= dense if wanted[kind] else not counts[kind] for kind in wanted)
        results.verdict(f"jumps through tables: {' '.join(flags)}", None if good else f"there are {counts}")
    source = os.path.join(toolchain.made, "forms.s")
    with open(source, "w", encoding="utf-8") as file:
        file.write(FORMS.format("known", "nop").replace("\tnop\n", "") + FORMS.format("unknown", "movq	%rcx, %rdx"))
    for flags, names in (([], "unknown\n"), (["--hardened"], "known\nunknown\n")):
        done = subprocess.run([os.path.join(toolchain.build, "bin", "bhsfi"), *flags, source, "-o", source + ".out"], capture_output=True, text=True,
                              timeout=TIME_LIMIT_S, check=False)
        good = (done.returncode, done.stdout) == (3, names)
        results.verdict(f"functions to be made without tables are named{' ' if flags else ''}{' '.join(flags)}",
                        None if good else f"status {done.returncode}, `{done.stdout}'")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--only", default="", help="only tests whose name contains this")
    options = parser.parse_args()
    toolchain, results = Toolchain(options.build), Results()

    def sources(folder):
        names = sorted(name[:-2] for name in os.listdir(os.path.join(HERE, folder)) if name.endswith(".c"))
        return [name for name in names if options.only in f"{folder} {name}"]

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        test_programs(toolchain, results, sources("programs") + [name for name in RANDOM_PROGRAMS if options.only in f"programs {name}"], pool)
        cases = sources("refused")
        for name, problem in zip(cases, pool.map(lambda case: refused(toolchain, os.path.join(HERE, "refused", case + ".c")), cases)):
            results.verdict(f"refused: {name}", problem)
    if options.only in "jumps through tables":
        test_tables(toolchain, results)
    print(f"{results.passed} passed, {results.failed} failed")
    return 1 if results.failed else 0


if __name__ == "__main__":
    sys.exit(main())
