#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The kernel core under test: each scenario of tests/domains/conductor in its own hosted kernel, with real confined domains.

The conductor powers off with status 0 when the scenario held. A log is kept of each run.
"""
import argparse
import os
import re
import struct
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
MKIMAGE = os.path.join(ROOT, "tools", "mkimage", "mkimage.py")


def scenarios_of_conductor():
    """The names in the conductor's own table, so that no list is kept twice."""
    source = open(os.path.join(ROOT, "tests", "domains", "conductor", "main.c"), encoding="utf-8").read()
    return [name for name in re.findall(r'^    \{"([a-z-]+)", \w+\},$', source, re.M) if not name.startswith("plain-")]  # those: tests/system/mechanisms.py


# Run once more with victims whose indirect branches are guarded: calls in and out, deaths in the middle, stacks of odd places.
HARDENED = ("crash-in-call", "calls-carry-values", "nested-death-in-the-middle", "hostile-callers", "typed-calls", "storm")

# And while everything that they do is traced: the proxies and gates are others then.
TRACED = ("crash-in-call", "crash-of-two-threads", "nested-death-in-the-middle", "caller-dies-first", "calls-carry-values", "calls-refuse-capabilities", "hostile-callers", "hostile-servers",
          "buffers-lent", "jumps", "late-answer", "typed-calls", "capability-answers", "storm")

DEVICE = """
[port.device]
server = "kernel"
interface = "Device"
device = "virtio-rng:0"

[[grant]]
to = "a"
name = "device"
port = "device"
"""


class Runner:
    has_devices = False  # scenarios named device-... need one
    settings = ()  # of the conductor, on this platform
    arguments = {"memory-runs-out": ("--memory", "16")}
    log_folder = "hosted"

    def __init__(self, options):
        self.build, self.only = options.build, options.only
        self.logs = os.path.join(self.build, "logs", self.log_folder)
        os.makedirs(self.logs, exist_ok=True)
        self.passed = self.failed = 0

    def archive(self, name, manifest, settings=(), isolation=(), interpose=()):
        """Make an archive below the logs; its path. `isolation': pairs of domain and mechanism. `interpose': PORT=MODE."""
        path = os.path.join(self.logs, name + ".archive")
        command = [sys.executable, MKIMAGE, manifest, "-o", path, "--build", self.build]
        for setting in settings:
            command += ["--set", setting]
        for domain, mechanism in isolation:
            command += ["--isolation", f"{domain}={mechanism}"]
        for one in interpose:
            command += ["--interpose", one]
        subprocess.run(command, check=True, cwd=ROOT)
        return path

    def boot(self, name, archive, timeout=120, arguments=()):
        """Run the kernel; (exit status or None, log)."""
        log = os.path.join(self.logs, name + ".log")
        with open(log, "wb") as sink:
            try:
                status = subprocess.run([os.path.join(self.build, "hosted", "bulkhead"), *arguments, archive], stdout=sink,
                                        stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=timeout, check=False).returncode
            except subprocess.TimeoutExpired:
                status = None
        return status, open(log, encoding="utf-8", errors="replace").read()

    def report(self, name, problem, text=""):
        if problem:
            self.failed += 1
            print(f"FAILED {name}: {problem}")
            print("\n".join("    " + line for line in text.splitlines()[-15:]))
        else:
            self.passed += 1
            print(f"ok {name}")
        sys.stdout.flush()

    def wanted(self, name):
        return self.only in name

    def scenario(self, name, hardened=False, title=None, isolation=(), traced=False):
        """One scenario of the conductor, perhaps with hardened victims, while all is traced, or with other mechanisms of isolation: pairs of domain and mechanism."""
        needs_device = name.startswith("device")
        title = title or name + "-hardened" * hardened + "-traced" * traced
        if not self.wanted(title) or (needs_device and not self.has_devices):
            return
        manifest = os.path.join(HERE, "supervised.toml" if name.startswith("supervised") else "victims.toml")
        in_process = any(mechanism == "process" for _, mechanism in isolation)
        if needs_device or hardened or in_process:
            text = open(manifest, encoding="utf-8").read() + DEVICE * needs_device
            if in_process:  # the host may let it wait for longer than the others are allowed to compute
                text = text.replace("watchdog_ms = 100", "watchdog_ms = 800")
            if hardened:
                text = text.replace('image = "victim"', 'image = "victim-hardened"\nhardened = true')
            manifest = os.path.join(self.logs, title + ".toml")
            open(manifest, "w", encoding="utf-8").write(text)
        archive = self.archive(title, manifest, [f"conductor.scenario={name}", *(["conductor.device=a"] if needs_device else []),
                                                *([f"conductor.plain={isolation[0][1]}"] if isolation else []), *(["conductor.traced=yes"] if traced else []), *self.settings], isolation)
        status, text = self.boot(title, archive, arguments=self.arguments.get(name, ()))
        os.unlink(archive)
        problem = None
        if status is None:
            problem = "it does not end"
        elif status != 0 or f"conductor: ok {name}" not in text:
            found = re.search(r"FAILED: (.*)|PANIC: (.*)", text)
            problem = f"status {status}" + (f": {found.group(0)}" if found else "")
        self.report(title, problem, text)


# ---- archives that are not what mkimage makes ----------------------------------------------------------------------------

HEADER = struct.Struct("<QQ32s14I")  # magic, size, name, (offset, count) of files, domains, ports, rings, buffers, grants, options
FILES, DOMAINS, PORTS, RINGS, BUFFERS, GRANTS, OPTIONS = range(7)
PORT_SIZE = 128


def table(data, which):
    """Offset and count of a table."""
    return HEADER.unpack_from(data)[3 + 2 * which:5 + 2 * which]


def put(data, where, form, *values):
    struct.pack_into(form, data, where, *values)


def image_of(data, name):
    """Where the contents of a file of the archive stand."""
    offset, count = table(data, FILES)
    for i in range(count):
        title, start, size = struct.unpack_from("<48sQQ", data, offset + 64 * i)
        if title.split(b"\0")[0] == name:
            return start, size
    raise KeyError(name)


def text_of(data, name):
    """File offset of the image's first executable segment."""
    start, _ = image_of(data, name)
    headers, = struct.unpack_from("<Q", data, start + 32)
    size, count = struct.unpack_from("<HH", data, start + 54)
    for i in range(count):
        kind, flags, offset = struct.unpack_from("<IIQ", data, start + headers + i * size)
        if kind == 1 and flags & 1:
            return start + offset
    raise KeyError(name)


def privileged_instruction(data):
    put(data, text_of(data, b"victim"), "<2s", b"\x0f\x05")  # syscall


def other_fingerprint(data):
    start, size = image_of(data, b"conductor")
    note = data.index(b"Victim\0\0", start, start + size)
    put(data, note - 8, "<Q", 0x0123456789ABCDEF)


def other_ring_type(data):
    start, size = image_of(data, b"conductor")
    for note in re.finditer(b"VictimRing\0", bytes(data[start:start + size])):
        put(data, start + note.start() - 8, "<Q", 0x0123456789ABCDEF)


def port_fingerprint(data):
    put(data, table(data, PORTS)[0] + PORT_SIZE * 2 + 40, "<Q", 0x0123456789ABCDEF)  # a.victim


BAD_ARCHIVES = [
    ("empty", lambda data: data.clear(), "the archive is empty"),
    ("one-byte", lambda data: data.__delitem__(slice(1, None)), "boot archive: it has no Bulkhead header"),
    ("header-only", lambda data: data.__delitem__(slice(64, None)), "boot archive: it has no Bulkhead header"),
    ("cut-short", lambda data: data.__delitem__(slice(len(data) // 2, None)), "it was cut short"),
    ("no-magic", lambda data: put(data, 0, "<Q", 1), "boot archive: it has no Bulkhead header"),
    ("size-is-small", lambda data: put(data, 8, "<Q", 60), "it says 60 bytes"),
    ("size-is-huge", lambda data: put(data, 8, "<Q", 2**64 - 1), "it was cut short"),
    ("table-past-end", lambda data: put(data, 48 + 8 * DOMAINS, "<I", 0xFFFFFFF0), "the table of domains"),
    ("table-misaligned", lambda data: put(data, 48 + 8 * PORTS, "<I", 8), "the table of ports"),
    ("too-many-domains", lambda data: put(data, 52 + 8 * DOMAINS, "<I", 64), "the table of domains"),
    ("file-past-end", lambda data: put(data, table(data, FILES)[0] + 56, "<Q", 2**63), "boot archive: file 0"),
    ("file-misaligned", lambda data: put(data, table(data, FILES)[0] + 48, "<Q", 8), "boot archive: file 0"),
    ("name-without-end", lambda data: put(data, table(data, DOMAINS)[0], "<32s", b"x" * 32), "boot archive: domain 0"),
    ("unknown-image", lambda data: put(data, table(data, DOMAINS)[0] + 32, "<I", 99), "boot archive: domain 0"),
    ("priority", lambda data: put(data, table(data, DOMAINS)[0] + 72, "<I", 4), "boot archive: domain 0"),
    ("hardened-is-no-truth", lambda data: put(data, table(data, DOMAINS)[0] + 80, "<I", 2), "boot archive: domain 0"),
    ("not-hardened", lambda data: put(data, table(data, DOMAINS)[0] + 80, "<I", 1), "the manifest wants a hardened image, conductor is none"),
    ("unknown-isolation", lambda data: put(data, table(data, DOMAINS)[0] + 84, "<I", 5), "boot archive: domain 0"),
    ("not-plain", lambda data: put(data, table(data, DOMAINS)[0] + 84, "<I", 1), "the image is none of the plain flavour"),
    ("unknown-server", lambda data: put(data, table(data, PORTS)[0] + PORT_SIZE + 32, "<I", 77), "boot archive: port 1"),
    ("unknown-interface", lambda data: put(data, table(data, PORTS)[0] + PORT_SIZE * 2 + 36, "<I", 59), "does not know interface 59"),
    ("kernel-as-server", lambda data: put(data, table(data, PORTS)[0] + PORT_SIZE * 2 + 32, "<I", 0xFFFFFFFF), "not one that kernel can serve"),
    ("shadow-of-nothing", lambda data: put(data, table(data, PORTS)[0] + PORT_SIZE * 2 + 120, "<I", 99), "boot archive: port 2"),
    ("shadow-of-the-kernel", lambda data: put(data, table(data, PORTS)[0] + PORT_SIZE * 2 + 120, "<I", 1), "boot archive: port 2"),
    ("shadow-of-itself", lambda data: put(data, table(data, PORTS)[0] + PORT_SIZE * 2 + 120, "<I", 3), "boot archive: port 2"),
    ("badge-of-a-ring", lambda data: put(data, table(data, GRANTS)[0] + 36, "<IIII", 1, 0, 1, 5), "boot archive: grant 0"),
    ("ring-of-one-domain", lambda data: put(data, table(data, RINGS)[0] + 32, "<II", 1, 1), "boot archive: ring 0"),
    ("ring-entries", lambda data: put(data, table(data, RINGS)[0] + 40, "<I", 17), "17 entries: give a power of two"),
    ("ring-entry-size", lambda data: put(data, table(data, RINGS)[0] + 44, "<I", 1 << 30), "the limit is 512"),
    ("unknown-grantee", lambda data: put(data, table(data, GRANTS)[0] + 32, "<I", 99), "boot archive: grant 0"),
    ("grant-kind", lambda data: put(data, table(data, GRANTS)[0] + 36, "<I", 3), "boot archive: grant 0"),
    ("grant-index", lambda data: put(data, table(data, GRANTS)[0] + 40, "<I", 99), "boot archive: grant 0"),
    ("option-of-nobody", lambda data: put(data, table(data, OPTIONS)[0], "<I", 99), "boot archive: option 0"),
    ("quota-too-small", lambda data: put(data, table(data, DOMAINS)[0] + 40, "<Q", 4096), "its memory quota is 4096"),
    ("image-is-no-elf", lambda data: put(data, image_of(data, b"victim")[0], "<I", 0), "victim"),
    ("image-fails-verification", privileged_instruction, "victim: .*: .*(syscall|SYSTEM|FORBIDDEN|not allowed|0x)"),
    ("client-of-another-interface", other_fingerprint, "interface Victim has fingerprint 0123456789abcdef in its image"),
    ("client-of-another-type-of-rings", other_ring_type, "rings of type VictimRing have fingerprint 0123456789abcdef in its image and [0-9a-f]{16} in the kernel"),
    ("server-of-another-interface", port_fingerprint, "port a.victim: fingerprint 0123456789abcdef in the manifest"),
]


def bad_archives(runner):
    """Each is refused with a message that says what is wrong, and without a panic."""
    good = None
    for name, spoil, message in BAD_ARCHIVES:
        name = "archive-" + name
        if not runner.wanted(name):
            continue
        if good is None:
            path = runner.archive("good", os.path.join(HERE, "victims.toml"), ["conductor.scenario=calls-carry-values"])
            good = open(path, "rb").read()
            os.unlink(path)
        data = bytearray(good)
        spoil(data)
        path = os.path.join(runner.logs, name + ".archive")
        open(path, "wb").write(data)
        status, text = runner.boot(name, path)
        os.unlink(path)
        problem = None
        if status != 1:
            problem = f"exit status {status}"
        elif not re.search(message, text):
            problem = f"the log does not say `{message}'"
        runner.report(name, problem, text)


COMMON_ENTRY = b"\x01zR\0\x01\x78\x10\x01\x1b\x0c\x07\x08\x90\x01\0\0"  # of every .eh_frame that clang makes: version, form, program
LYING_TABLES = [
    ("endless-expression", 9, b"\x0f\x03\x2f\xfd\xff\0\0"),  # the frame address: a jump to itself
    ("no-frame-address", 9, b"\0\0\0\0\0\0\0"),
    ("return-address-in-column-127", 6, b"\x7f"),
    ("register-kept-in-register-127", 12, b"\x09\x03\x7f\0"),
]


def lying_tables(runner):
    """A domain whose unwind tables lie dies like any other: its backtrace may be short, the kernel goes on."""
    for name, where, lie in LYING_TABLES:
        name = "unwind-" + name
        if not runner.wanted(name):
            continue
        path = runner.archive(name, os.path.join(HERE, "victims.toml"), ["conductor.scenario=hostile-callers", *runner.settings])
        data = bytearray(open(path, "rb").read())
        start, size = image_of(data, b"victim")
        at = data.index(COMMON_ENTRY, start, start + size) + where
        data[at:at + len(lie)] = lie
        open(path, "wb").write(data)
        status, text = runner.boot(name, path)
        os.unlink(path)
        runner.report(name, None if status == 0 and "conductor: ok hostile-callers" in text else f"status {status}", text)


def many_domains(runner):
    """As many domains as there are slots run; one more is refused by mkimage."""
    name = "as-many-domains-as-slots"
    if not runner.wanted(name):
        return
    manifest = os.path.join(runner.logs, name + ".toml")
    text = open(os.path.join(HERE, "victims.toml"), encoding="utf-8").read()
    extra = [f'[domain.h{i}]\nimage = "hello"\nmemory = "1M"\n' for i in range(60)]
    open(manifest, "w", encoding="utf-8").write(text + "\n".join(extra[:59]))
    archive = runner.archive(name, manifest, ["conductor.scenario=calls-carry-values"])
    status, log = runner.boot(name, archive)
    problem = None if status == 0 and log.count("hello from a domain") == 59 else f"exit status {status}"
    open(manifest, "w", encoding="utf-8").write(text + "\n".join(extra))
    done = subprocess.run([sys.executable, MKIMAGE, manifest, "-o", archive, "--build", runner.build], capture_output=True, text=True, cwd=ROOT, check=False)
    if not problem and (done.returncode != 1 or "64 domains, the limit is 63" not in done.stderr):
        problem = f"mkimage: {done.stderr}"
    os.unlink(archive)
    runner.report(name, problem, log)


GDB_COMMANDS = """set pagination off
set confirm off
set breakpoint pending on
source tools/gdb/bulkhead.py
handle SIGSEGV SIGILL SIGFPE SIGALRM nostop noprint pass
bulkhead-symbols {build}
break domains/hello/main.c:main
run
next
backtrace
stepi
continue
"""


def debugger(runner):
    """gdb stops in a domain's function, steps, sees the stack down to the kernel, and lets the system end."""
    name = "gdb-steps-through-a-domain"
    if not runner.wanted(name):
        return
    script, archive = os.path.join(runner.logs, name + ".gdb"), runner.archive(name, os.path.join(ROOT, "systems", "hello.toml"))
    with open(script, "w", encoding="utf-8") as file:
        file.write(GDB_COMMANDS.format(build=runner.build))
    try:
        done = subprocess.run(["gdb", "-q", "-nx", "-batch", "-x", script, "--args", os.path.join(runner.build, "hosted", "bulkhead"), archive],
                              capture_output=True, text=True, cwd=ROOT, check=False, stdin=subprocess.DEVNULL, timeout=120)
        text = done.stdout + done.stderr
    except subprocess.TimeoutExpired as late:
        text = (late.stdout or b"").decode(errors="replace") + "gdb was still at it after 120 s"
    wanted = ["main () at domains/hello/main.c", "return 0;", "#0  main ()", "in bh_start", "in invoke_enter", "exited normally"]
    missing = [part for part in wanted if part not in text]
    os.unlink(archive)
    runner.report(name, f"gdb's output lacks {missing}" if missing else None, text)


def parser(description):
    """Of the command line that a Runner wants."""
    words = argparse.ArgumentParser(description=description)
    words.add_argument("--build", default="build")
    words.add_argument("--only", default="", help="run only tests whose name contains this")
    return words


def main():
    runner = Runner(parser(__doc__).parse_args())
    for name in scenarios_of_conductor():
        runner.scenario(name)
    for name in HARDENED:
        runner.scenario(name, hardened=True)
    for name in TRACED:
        runner.scenario(name, traced=True)
    many_domains(runner)
    bad_archives(runner)
    lying_tables(runner)
    debugger(runner)
    print(f"{runner.passed} passed, {runner.failed} failed")
    return 1 if runner.failed else 0


if __name__ == "__main__":
    sys.exit(main())
