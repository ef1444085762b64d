#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The public tests of ported libraries: each program runs on this machine and as a domain of the hosted kernel, usual and hardened, and all have to
say the same.

A program is one that the library's own package brings, compiled from the same sources by clang and by bhcc (tools/domain-port.sh). Compared are
exit status, what it prints, and the files that it makes. Then the services on these libraries, as another domain sees them (tests/domains/customer),
in both kinds, too.
Ends with `N passed, N failed`.
"""
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "hosted"))
import hosted  # noqa: E402 (its folder had to be found first)

LINE_MAX = 512  # of the kernel's log
NAME_MAX = 31  # of a grant
TIME_LIMIT_S = 120
SECONDS = r"\d\.\d+ ?s|TOTAL|seconds|^\."


class Case:
    """A run of a test program: its port, the program, its arguments, files that it reads (paths in the package) and makes."""

    def __init__(self, port, program, arguments="", files=(), outputs=(), memory="64M", drop=None, package=None):
        self.port, self.program, self.arguments = port, program, arguments
        self.files, self.outputs, self.memory = files, outputs, memory
        self.drop = re.compile(drop) if drop else None  # lines that say how fast it was
        self.package = package or port
        self.title = f"{port}: {program} {arguments}".strip()


def short(path):
    """The name under which a program gets a file: a grant's name is no longer than this."""
    return os.path.basename(path)[:NAME_MAX]


CASES = [
    Case("zlib", "example"),
    Case("zlib", "infcover"),
    Case("zlib", "enough"),
    Case("zlib", "minigzip", "-9 ChangeLog", ["ChangeLog"], ["ChangeLog.gz"]),
    Case("bzip2", "bzip2", "-1 -k sample1.ref", ["sample1.ref"], ["sample1.ref.bz2"]),
    Case("bzip2", "bzip2", "-2 -k sample2.ref", ["sample2.ref"], ["sample2.ref.bz2"]),
    Case("bzip2", "bzip2", "-3 -k sample3.ref", ["sample3.ref"], ["sample3.ref.bz2"]),
    Case("bzip2", "bzip2", "-d -k sample1.bz2", ["sample1.bz2"], ["sample1"]),
    Case("bzip2", "bzip2", "-d -k sample2.bz2", ["sample2.bz2"], ["sample2"]),
    Case("bzip2", "bzip2", "-d -s -k sample3.bz2", ["sample3.bz2"], ["sample3"]),
    Case("lua", "lua", "language.lua", ["tests/ports/lua/language.lua"], memory="128M"),
    Case("lua", "lua", "libraries.lua", ["tests/ports/lua/libraries.lua"]),
    Case("lua", "lua", "programs.lua", ["tests/ports/lua/programs.lua"]),
    Case("lz4", "fuzzer", "-i40 -s7 -T1", drop=r"^\.|ratio|seconds|low buffer"),
    Case("lz4", "frametest", "-i100 -s7", drop=r"^\."),
    Case("lz4", "decompress-partial"),
    Case("lz4", "roundTripTest", "lz4.c", ["lib/lz4.c"]),
    Case("lz4", "partial-usingDict"),
    Case("lz4", "lz4", "-q -d -k skip.bin skip", ["tests/goldenSamples/skip.bin"], ["skip"]),
    Case("zstd", "zstd", "-q -d -k empty-block.zst", ["tests/golden-decompression/empty-block.zst"], ["empty-block"], package="libzstd"),
    Case("zstd", "zstd", "-q -d -k rle-first-block.zst", ["tests/golden-decompression/rle-first-block.zst"], ["rle-first-block"], package="libzstd"),
    *(Case("zstd", "zstd", f"-q -{level} -k {short(name)}", ["tests/golden-compression/" + name], [short(name) + ".zst"], memory="256M", package="libzstd")
      for level, name in ((1, "http"), (19, "http"), (19, "huffman-compressed-larger"), (19, "large-literal-and-match-lengths"),
                          (19, "PR-3517-block-splitter-corruption-test"))),
    Case("zstd", "zstd", "-q -k -3 -D http-dict-missing-symbols http", ["tests/golden-dictionaries/http-dict-missing-symbols", "tests/golden-compression/http"],
         ["http.zst"], package="libzstd"),
    Case("zstd", "fuzzer", "-t1 -i20 -s5", drop=r"^\.|^ *\d+/", memory="256M", package="libzstd"),
    Case("zstd", "zstreamtest", "-t1 -i20 -s5", drop=r"^\.|^ *\d+/", memory="256M", package="libzstd"),
    Case("zstd", "invalidDictionaries", package="libzstd"),
    Case("sqlite", "speedtest1", "--memdb --size 5 --verify", drop=SECONDS, package="sqlite3"),
    Case("sqlite", "speedtest1", "--size 5 --verify --journal delete test.db", drop=SECONDS, package="sqlite3"),
    Case("sqlite", "speedtest1", "--memdb --size 5 --verify --testset rtree", drop=SECONDS, package="sqlite3"),
    Case("sqlite", "kvtest", "init kv.db --count 500 --size 5000", package="sqlite3"),
    Case("sqlite", "fuzzcheck", "--limit-mem 30M fuzzdata8.db", ["test/fuzzdata8.db"], drop=SECONDS, memory="256M", package="sqlite3"),
    Case("sqlite", "fuzzcheck", "--limit-mem 30M fuzzdata6.db", ["test/fuzzdata6.db"], drop=SECONDS, memory="256M", package="sqlite3"),
]

MODES = {"": "", " hardened": "-hardened"}  # of a domain: what a test's name and an image's name end in
SCENARIOS = {"compress": None, "script": None, "sql": None, "sql-on-disk": r"ramdisk: dies: panic: as told"}  # name: what the log must say as well


def checksum(path):
    """What tests/ports/start.c prints of a file: FNV-1a."""
    data, total = open(path, "rb").read(), 14695981039346656037
    for byte in data:
        total = (total ^ byte) * 1099511628211 & 0xFFFFFFFFFFFFFFFF
    return f"{len(data)} bytes, {total:016x}"


def lines_of(text, drop):
    """Lines as the kernel's log shows and cuts them, without those that may differ."""
    lines = []
    for line in re.sub(r"[\0-\x08\x0b-\x1f\x7f-\xff]", ".", text.replace("\t", " ")).split("\n"):
        pieces = [line[i:i + LINE_MAX] for i in range(0, len(line), LINE_MAX)] or [""]
        lines += pieces
    if lines and not lines[-1]:
        lines.pop()
    return [line for line in lines if not (drop and drop.search(line))]


class Ports(hosted.Runner):
    """Runs programs here and in the hosted kernel, and services in it."""
    log_folder = "ports"

    def __init__(self, options):
        options.build = os.path.abspath(options.build)  # natively they run in a folder of their own
        super().__init__(options)

    def source(self, case, name):
        """A file of the package, or one of ours."""
        if name.startswith("tests/ports/"):
            return os.path.join(ROOT, name)
        return os.path.join(self.build, "third-party", "src", case.package, name)

    def native(self, case):
        """Run it here: (status, lines)."""
        folder = os.path.join(self.build, "tests", "ports", "native")
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        for name in case.files:
            shutil.copy(self.source(case, name), os.path.join(folder, short(name)))
        program = os.path.join(self.build, "ports", case.port, "native", case.program)
        done = subprocess.run([case.program, *case.arguments.split()], executable=program, cwd=folder, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=TIME_LIMIT_S, check=False)
        lines = lines_of(done.stdout.decode("latin-1"), case.drop)
        for name in case.outputs:
            path = os.path.join(folder, name)
            lines.append(f"output {name}: {checksum(path)}" if os.path.exists(path) else f"output {name}: missing")
        return done.returncode, lines

    def domain(self, case, number, kind):
        """Run it as a domain: (status or None, lines, log)."""
        name = f"case-{number}{kind}"
        manifest = os.path.join(self.logs, name + ".toml")
        sizes = {short(name): os.path.getsize(self.source(case, name)) for name in case.files}
        text = [f'[system]\nname = "ports"\n[domain.test]\nimage = "../ports/{case.port}/domain/{case.program}{kind}"\nmemory = "{case.memory}"\n'
                f'hardened = {"true" if kind else "false"}',
                f'settings = {{ arguments = "{case.program} {case.arguments}", files = "{" ".join(f"{k}:{v}" for k, v in sizes.items())}", '
                f'outputs = "{" ".join(case.outputs)}" }}',
                '[port.settings]\nserver = "kernel"\ninterface = "Settings"\n[[grant]]\nto = "test"\nname = "settings"\nport = "settings"']
        for i, path in enumerate(case.files):
            text.append(f'[buffer.b{i}]\nfile = "{self.source(case, path)}"\n[[grant]]\nto = "test"\nname = "{short(path)}"\n'
                        f'buffer = "b{i}"\nrights = ["read"]')
        with open(manifest, "w", encoding="utf-8") as file:
            file.write("\n".join(text) + "\n")
        archive = self.archive(name, manifest)
        booted, log = self.boot(name, archive, timeout=TIME_LIMIT_S)
        os.unlink(archive)
        lines = [match.group(1) for match in re.finditer(r"^\[ *[\d.]+\] \w test: (.*)$", log, re.M)]
        end = next((line for line in lines if line.startswith("dies: ")), "")
        status = re.match(r"dies: exit: exit status (-?\d+)$", end)
        lines = [line for line in lines if not line.startswith(("started in slot", "dies: exit: "))]
        return int(status.group(1)) & 0xFF if status and booted is not None else None, lines_of("\n".join(lines), case.drop), log

    def run(self, number, case):
        """One case, all ways."""
        modes = {case.title + mode: kind for mode, kind in MODES.items() if self.wanted(case.title + mode)}
        native = self.native(case) if modes else None
        for title, kind in modes.items():
            status, lines, log = self.domain(case, number, kind)
            self.report(title, self.compare(*native, status, lines), log)

    @staticmethod
    def compare(wanted_status, wanted, status, lines):
        """None, or how a domain's run differs from the program's."""
        if status != wanted_status:
            return f"ended with {status}, not {wanted_status}"
        if lines != wanted:
            at = next((i for i, (a, b) in enumerate(zip(lines, wanted)) if a != b), min(len(lines), len(wanted)))
            have, want = (side[at] if at < len(side) else "(nothing)" for side in (lines, wanted))
            return f"line {at + 1} of {len(lines)} is `{have}', not `{want}'"
        return None

    def services(self, kind):
        """The manifest of the services, of that kind."""
        path = os.path.join(HERE, "services.toml")
        if not kind:
            return path
        with open(path, encoding="utf-8") as file:
            text = file.read()
        text = re.sub(r'^\[domain\.(compress-\w+|lua|sqlite)\]$', r'\g<0>\nimage = "\1"', text, flags=re.M)
        text = re.sub(r'^image = "(.*)"$', rf'image = "\1{kind}"\nhardened = true', text, flags=re.M)
        path = os.path.join(self.logs, f"services{kind}.toml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def service(self, name, pattern, mode, kind):
        """A scenario of the customer."""
        title = f"service: {name}{mode}"
        if not self.wanted(title):
            return
        log_name = name + kind
        archive = self.archive(log_name, self.services(kind), [f"customer.scenario={name}"])
        status, log = self.boot(log_name, archive, timeout=TIME_LIMIT_S)
        os.unlink(archive)
        problem = None
        if status != 0 or f"customer: ok {name}" not in log:
            problem = f"status {status}"
        elif pattern and not re.search(pattern, log):
            problem = f"the log does not say `{pattern}'"
        self.report(title, problem, log)


def main():
    ports = Ports(hosted.parser(__doc__).parse_args())
    for number, case in enumerate(CASES):
        ports.run(number, case)
    for name, pattern in SCENARIOS.items():
        for mode, kind in MODES.items():
            ports.service(name, pattern, mode, kind)
    print(f"{ports.passed} passed, {ports.failed} failed")
    return 1 if ports.failed else 0


if __name__ == "__main__":
    sys.exit(main())
