# SPDX-License-Identifier: MIT
"""An emulated machine that runs Bulkhead: archive, QEMU, console, kernel log, control line.

Used by tools/run/run.py, tools/demo/demo.py and the system tests.

    with Machine(build="build", system="linux") as machine:
        machine.wait_for("guest's shell")
        machine.control.ask("domains")
"""
import ctypes
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import tomllib

HERE = os.path.dirname(os.path.abspath(__file__))
MKIMAGE = os.path.join(HERE, "..", "mkimage", "mkimage.py")
PRCTL = ctypes.CDLL(None).prctl
PR_SET_PDEATHSIG = 1
POWER_OFF = re.compile(r"power off, status (\d+)")
DISK_DEVICES = {"virtio-blk": "virtio-blk-pci,drive=disk{0},disable-legacy=on,iommu_platform=on,serial=bulkhead{0}",
                "nvme": "nvme,drive=disk{0},serial=bulkhead{0}"}
GUESTS = {"linux": 1, "demo": 1, "two-guests": 2}  # how many Linux guests a system has; they get disks, a network and random bytes
EXT_MAGIC_AT, EXT_BLOCKS_AT, EXT_BLOCKS_HIGH_AT, EXT_LOG_SIZE_AT = 1024 + 56, 1024 + 4, 1024 + 0x150, 1024 + 24

# What every time-out here is multiplied with: tests are told of a host that has other work by it, and not by failures.
PATIENCE = float(os.environ.get("BULKHEAD_PATIENCE", "1"))


class Trouble(Exception):
    """Something that the person at the keyboard can mend; the text says what and how."""


class Control:
    """The control line: one command a line, one line of JSON back (domains/control)."""

    def __init__(self, path, timeout=30):
        self.path = path
        timeout *= PATIENCE
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        try:
            self.socket.connect(path)
        except FileNotFoundError as error:
            raise Trouble(f"no control socket {path}: is a system running? Start one with `make run', or name its socket with --socket") from error
        except ConnectionRefusedError as error:
            raise Trouble(f"nobody listens on {path}: the system that made it has ended; start one with `make run'") from error
        except OSError as error:
            raise Trouble(f"control socket {path}: {error.strerror}") from error
        self.pending = b""
        self.greet(timeout)

    def greet(self, timeout):
        """Skip what is left over for an earlier holder of the line, and wait for a control domain that is just starting."""
        word, deadline = f"{os.getpid()}-{time.monotonic_ns()}", time.monotonic() + timeout
        try:
            self.socket.settimeout(0.5)
            while time.monotonic() < deadline:
                self.socket.sendall(f"\nping {word}\n".encode())
                if self.find_greeting(word):
                    self.socket.settimeout(timeout)
                    return
        except OSError as error:
            raise Trouble(f"control line: {error.strerror}") from error
        raise Trouble("nobody answers on the control line: another bhctl may hold it, or the control domain is not running")

    def find_greeting(self, word):
        mark = f'"ping":"{word}"'.encode()
        try:
            while mark not in self.read_line():
                pass
            return True  # answers to earlier pings of ours may still come: ask() skips them
        except TimeoutError:
            return False

    def close(self):
        self.socket.close()

    def read_line(self):
        while b"\n" not in self.pending:
            piece = self.socket.recv(65536)
            if not piece:
                raise Trouble("the machine ended before it answered")
            self.pending += piece
        line, self.pending = self.pending.split(b"\n", 1)
        return line

    def ask(self, command):
        """The answer as a dict; Trouble when the other side refuses or does not answer."""
        try:
            self.socket.sendall(command.encode() + b"\n")
            line = self.read_line()
            while b'"ping":' in line:
                line = self.read_line()
        except TimeoutError as error:
            raise Trouble(f"no answer to `{command}' within {self.socket.gettimeout():.0f} s: another bhctl may hold the control line, "
                          "or the control domain is not running") from error
        except OSError as error:
            raise Trouble(f"control line: {error.strerror}") from error
        try:
            answer = json.loads(line)
        except ValueError as error:
            raise Trouble(f"the control line says what is no JSON: {line[:80]!r}") from error
        if not answer.get("ok"):
            raise Trouble(answer.get("error", "refused without a reason"))
        return answer


def die_with_parent():
    """In the emulator's process, before it starts: no orphan holds the disk when this program is killed."""
    PRCTL(PR_SET_PDEATHSIG, signal.SIGTERM)


def check_kernel(path):
    """A guest kernel: a bzImage (Linux boot protocol) or an ELF file (PVH)."""
    try:
        with open(path, "rb") as file:
            head = file.read(0x206)
    except OSError as error:
        raise Trouble(f"guest kernel {path}: {error.strerror}; `make guest' fetches Debian's") from error
    if head[:4] != b"\x7fELF" and head[0x202:0x206] != b"HdrS":
        raise Trouble(f"guest kernel {path} is neither a Linux bzImage nor an ELF file with a PVH entry; give another one, "
                      "or let `make guest' fetch Debian's")


def check_disk(path, read_only):
    """A disk image that can be used as the guest's root."""
    try:
        size = os.path.getsize(path)
        with open(path, "rb") as file:
            head = file.read(4096)
    except OSError as error:
        raise Trouble(f"disk image {path}: {error.strerror}; `make guest' makes one") from error
    if not read_only and not os.access(path, os.W_OK):
        raise Trouble(f"disk image {path} is read-only; make it writable (chmod u+w {path}) or start with --read-only")
    if not read_only and os.geteuid() == 0 and not os.stat(path).st_mode & 0o222:
        raise Trouble(f"disk image {path} is read-only; make it writable (chmod u+w {path}) or start with --read-only")
    if size < 512:
        raise Trouble(f"disk image {path} has {size} bytes, less than one sector; `make guest' makes one after `rm {path}'")
    if len(head) == 4096 and head[EXT_MAGIC_AT:EXT_MAGIC_AT + 2] == b"\x53\xef":
        blocks, = struct.unpack_from("<I", head, EXT_BLOCKS_AT)
        high, = struct.unpack_from("<I", head, EXT_BLOCKS_HIGH_AT)
        wanted = (blocks | high << 32) * (1024 << struct.unpack_from("<I", head, EXT_LOG_SIZE_AT)[0])
        if size < wanted:
            raise Trouble(f"disk image {path} is smaller than its file system: {size} bytes, the file system has {wanted}; "
                          f"lengthen it (truncate -s {wanted} {path}) if its end was cut off, or make another (rm {path}; make guest)")


class Machine:
    """One run of an emulator."""

    def __init__(self, build="build", system="linux", **options):
        self.build, self.system = build, system
        get = options.get
        self.settings = get("settings", [])
        self.files = get("files", {})
        self.disk = get("disk") or os.path.join(build, "guest", "disk.img")
        self.guests = GUESTS.get(system, 1)
        self.wants_disk = get("wants_disk", system in GUESTS)
        self.wants_network = get("wants_network", system in GUESTS)
        self.wants_entropy = get("wants_entropy", self.wants_network)
        self.network_options = "".join("," + one for one in get("network_options", []))  # of QEMU's user networking
        self.entropy_source = get("entropy_source", "rng-builtin,id=entropy0")  # an object of QEMU's
        self.iommu = get("iommu", True)  # False: devices can reach all memory
        self.choose = get("choose", [])  # NAME=VALUE, instead of what the manifest's [choice] says
        self.disk_driver = self.chosen("disk", "virtio-blk")
        self.terminal = self.chosen("terminal", "console")
        self.packed = get("packed", False)  # the disk has packed virtqueues
        self.read_only = get("read_only", False)
        self.snapshot = get("snapshot", False)
        self.drive_options = "".join("," + one for one in get("drive_options", []))
        self.memory = get("memory", "1G")
        self.cpu = get("cpu", "max")
        self.cpus = get("cpus", 1)
        self.machine = get("machine", "q35")
        self.extra = get("extra", [])
        self.isolation = get("isolation", [])  # DOMAIN=MECHANISM, instead of what the manifest says
        self.kernel = get("kernel") or os.path.join(build, "pc", "bulkhead.elf")
        self.command_line = get("command_line", "")
        self.folder = get("folder") or os.path.join(build, "run")
        self.on_log = get("on_log")
        self.on_console = get("on_console")
        self.archive_path = get("archive")
        self.iso = get("iso")  # kernel and archive in one, booted by GRUB
        self.process = None
        self.console = bytearray()
        self.log_text, self.log_size = "", 0
        self.changed = threading.Condition()
        self.polling = threading.RLock()  # one at a time takes in the log: a slower one would put an older text in the place of a newer one
        self._control = None
        self.console_file = self.reader = None

    # ---- start and stop

    def path(self, name):
        return os.path.join(self.folder, name)

    def manifest(self):
        return self.system if self.system.endswith(".toml") else os.path.join("systems", self.system + ".toml")

    def chosen(self, name, otherwise):
        """What stands for $name in the manifest. A manifest that cannot be read is mkimage's to complain about."""
        try:
            with open(self.manifest(), "rb") as file:
                otherwise = tomllib.load(file)["choice"][name]
        except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError):
            pass
        return dict(one.split("=", 1) for one in self.choose).get(name, otherwise)

    def domains(self):
        """The manifest's domains with what it says of each: {name: table}."""
        try:
            with open(self.manifest(), encoding="utf-8") as file:
                text = file.read()
            for one in tomllib.loads(text).get("choice", {}):
                text = text.replace(f"${one}", self.chosen(one, ""))
            return tomllib.loads(text).get("domain", {})
        except (OSError, ValueError) as error:
            raise Trouble(f"{self.manifest()}: {error}") from error

    def make_archive(self):
        archive = self.path(os.path.basename(self.system) + ".archive")
        command = [sys.executable, MKIMAGE, self.manifest(), "--build", self.build, "-o", archive]
        for choice in self.choose:
            command += ["--choose", choice]
        for setting in self.settings + ([f"{self.disk_driver}.read_only=1"] if self.wants_disk and self.read_only and self.disk_driver == "nvme" else []):
            command += ["--set", setting]
        for mechanism in self.isolation:
            command += ["--isolation", mechanism]
        for name, path in self.files.items():
            command += ["--file", f"{name}={path}"]
        result = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
        if result.returncode:
            raise Trouble(result.stderr.strip().removeprefix("mkimage: "))
        return archive

    def free_socket(self, path):
        """A socket file left behind by a run that was killed goes; one in use is respected."""
        if not os.path.exists(path):
            return
        probe = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            probe.connect(path)
        except OSError:
            os.unlink(path)
            return
        finally:
            probe.close()
        raise Trouble(f"control socket {path} is in use: another system runs. End it (`bhctl off', or Ctrl-] at its console), "
                      "or run this one in another folder (--folder)")

    def command(self, archive):
        line = ["qemu-system-x86_64", "-name", f"bulkhead-{self.system}", "-M", self.machine, "-cpu", self.cpu, "-smp", str(self.cpus), "-m", self.memory, "-display",
                "none", "-nodefaults", "-no-reboot", *(["-cdrom", self.iso] if self.iso else ["-kernel", self.kernel, "-initrd", archive]),
                "-chardev", "stdio,id=console,signal=off", "-serial", "null" if self.terminal == "virtio-console" else "chardev:console",
                "-serial", f"unix:{self.path('control.sock')},server=on,wait=off", "-debugcon", f"file:{self.path('kernel.log')}",
                "-qmp", f"unix:{self.path('qmp.sock')},server=on,wait=off", "-device", "isa-debug-exit,iobase=0xf4,iosize=4"]
        if self.iommu:  # before the devices that it confines
            line += ["-device", "intel-iommu,intremap=off"]
        if self.command_line:
            line += ["-append", self.command_line]
        # Several guests on one image: each has a copy of its own, which is not kept.
        mode = ",readonly=on" if self.read_only else ",snapshot=on" if self.snapshot or self.guests > 1 else ""
        for number in range(self.guests if self.wants_disk else 0):
            line += ["-drive", f"if=none,id=disk{number},format=raw,file={self.disk}{mode},werror=enospc{self.drive_options}",
                     "-device", DISK_DEVICES[self.disk_driver].format(number) + (",packed=on" if self.packed else "")]
        if self.wants_network:
            line += ["-netdev", f"user,id=net0{self.network_options}", "-device", "virtio-net-pci,netdev=net0,disable-legacy=on,iommu_platform=on"]
        if self.terminal == "virtio-console":
            line += ["-device", "virtio-serial-pci,disable-legacy=on,iommu_platform=on", "-device", "virtconsole,chardev=console"]
        if self.wants_entropy:
            line += ["-object", self.entropy_source, "-device", "virtio-rng-pci,rng=entropy0,disable-legacy=on,iommu_platform=on"]
        return line + self.extra

    def start(self):
        if not shutil.which("qemu-system-x86_64"):
            raise Trouble("qemu-system-x86_64 is missing; tools/setup.sh installs it")
        try:
            os.makedirs(self.folder, exist_ok=True)
            if self.wants_disk:
                check_disk(self.disk, self.read_only)
                if self.disk_driver not in DISK_DEVICES:
                    raise Trouble(f"disk driver {self.disk_driver}: this machine can have {' or '.join(DISK_DEVICES)}")
            for name in ("control.sock", "qmp.sock"):
                self.free_socket(self.path(name))
            archive = self.archive_path or ("" if self.iso else self.make_archive())
            open(self.path("kernel.log"), "w", encoding="utf-8").close()
            log = open(self.path("emulator.log"), "w", encoding="utf-8")
            self.console_file = open(self.path("console.log"), "wb", buffering=0)
        except OSError as error:
            raise Trouble(f"{error.filename or self.folder}: {error.strerror}; free some room or choose another folder (--folder)") from error
        self.process = subprocess.Popen(self.command(archive), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                                        start_new_session=True, preexec_fn=die_with_parent)
        log.close()
        self.reader = threading.Thread(target=self._read_console, daemon=True)
        self.reader.start()
        threading.Thread(target=self._read_log, daemon=True).start()
        threading.Thread(target=self._watch_disk, daemon=True).start()
        return self

    def __enter__(self):
        return self.start()

    def __exit__(self, *unused):
        self.stop()

    def stop(self):
        self.release_control()
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for name in ("control.sock", "qmp.sock") if self.process else ():
            try:
                os.unlink(self.path(name))
            except OSError:
                pass

    def running(self):
        return self.process.poll() is None

    def wait(self, timeout=None):
        """Wait for its end. Returns the status that the guest or the system gave, or None when it ended without one."""
        timeout = timeout and timeout * PATIENCE
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired as error:
            raise Trouble(f"no end within {timeout:.0f} s; kernel log: {self.path('kernel.log')}") from error
        self.reader.join(5)  # what it said last
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline and not POWER_OFF.search(self.log_text):
            self.poll_log()
            if self.process.returncode & 1 == 0:
                break
            time.sleep(0.02)
        self.poll_log()
        found = POWER_OFF.findall(self.log_text)
        return int(found[-1]) if found else None

    def emulator_says(self):
        try:
            with open(self.path("emulator.log"), encoding="utf-8", errors="replace") as file:
                return file.read().strip()
        except OSError:
            return ""

    # ---- what it says

    def _read_console(self):
        descriptor = self.process.stdout.fileno()
        while True:
            piece = os.read(descriptor, 65536)
            if not piece:
                break
            self.console_file.write(piece)
            if self.on_console:
                self.on_console(piece)
            with self.changed:
                self.console += piece
                self.changed.notify_all()
        with self.changed:
            self.changed.notify_all()

    def poll_log(self):
        """Take in what the kernel's log has gained."""
        with self.polling:
            try:
                with open(self.path("kernel.log"), encoding="utf-8", errors="replace") as file:
                    size = os.fstat(file.fileno()).st_size
                    if size == self.log_size:
                        return
                    text, self.log_size = file.read(), size
            except OSError:
                return
            text = text[:text.rfind("\n") + 1]
            with self.changed:
                fresh, self.log_text = text[len(self.log_text):], text
                if fresh:
                    self.changed.notify_all()
            if self.on_log:
                for line in fresh.splitlines():
                    self.on_log(line)

    def _read_log(self):
        while self.process.poll() is None:
            self.poll_log()
            time.sleep(0.05)
        self.poll_log()  # what it said last

    def text(self):
        return self.console.decode("utf-8", "replace").replace("\r", "")

    def said(self, log=False):
        """How many characters stand on the console (or in the kernel's log) by now: the `since' of wait_for()."""
        return len(self.log_text if log else self.text())

    def wait_for(self, what, timeout=60, log=False, since=0):
        """Wait until a regular expression stands on the console (or in the kernel's log), behind its first `since' characters. Returns the match."""
        timeout *= PATIENCE
        pattern, deadline = re.compile(what), time.monotonic() + timeout
        with self.changed:
            while True:
                match = pattern.search(self.log_text if log else self.text(), since)
                if match:
                    return match
                left = deadline - time.monotonic()
                if left <= 0 or (not self.running() and not self.changed.wait(0.3)):
                    break
                self.changed.wait(min(left, 0.5))
        why = f"within {timeout:.0f} s" if self.running() else "before the machine ended"
        raise Trouble(f"`{what}' did not come {why}; console: {self.text()[-300:]!r}; {self.emulator_says()[-300:]} kernel log: {self.path('kernel.log')}")

    def send(self, text):
        self.process.stdin.write(text.encode() if isinstance(text, str) else text)
        self.process.stdin.flush()

    def release_control(self):
        """Let somebody else have the control line: it takes one at a time."""
        if self._control:
            self._control.close()
            self._control = None

    @property
    def control(self):
        if not self._control:
            deadline = time.monotonic() + 10
            while not os.path.exists(self.path("control.sock")) and time.monotonic() < deadline and self.running():
                time.sleep(0.02)
            self.wait_for("I control: started", log=True)
            self._control = Control(self.path("control.sock"))
        return self._control

    # ---- a full disk of the host: QEMU stops the machine; it goes on when there is room again

    def _watch_disk(self):
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        for _ in range(100):
            try:
                line.connect(self.path("qmp.sock"))
                break
            except OSError:
                time.sleep(0.05)
        else:
            return
        line.sendall(b'{"execute":"qmp_capabilities"}\n')
        pending = b""
        try:
            while piece := line.recv(65536):
                pending += piece
                *lines, pending = pending.split(b"\n")
                # QEMU stops the machine by itself when an image cannot grow; gdb stops it, too.
                if any(b'"BLOCK_IO_ERROR"' in one and b'"stop"' in one for one in lines):
                    self._wait_for_room()
                    line.sendall(b'{"execute":"cont"}\n')
        except OSError:
            pass

    def _wait_for_room(self):
        end = "\r\n" if sys.stderr.isatty() else "\n"
        print(f"bulkhead: the host's disk is full: no room for {self.disk}. The guest waits; free some room and it goes on.", end=end,
              file=sys.stderr, flush=True)
        while self.running() and shutil.disk_usage(os.path.dirname(os.path.abspath(self.disk))).free < 1 << 20:
            time.sleep(0.5)
