#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Boot a Bulkhead system in QEMU and join its console to this terminal.

With --command, run one command in the Linux guest, print what it prints, and exit with its status. Without, the guest's
shell: Ctrl-C goes to the guest once the shell is there (before, it ends the run); Ctrl-] ends the run at any time.
The kernel's log goes to build/run/kernel.log; its warnings and errors are shown, and the whole of it when the system is another than linux.
"""
import signal

INTERRUPTIBLE = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # not so in the background of a shell
if INTERRUPTIBLE:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # until main(): nothing runs yet that would have to be stopped, so Ctrl-C just ends this

# pylint: disable=wrong-import-position
import argparse  # noqa: E402
import base64  # noqa: E402
import os  # noqa: E402
import select  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import termios  # noqa: E402
import time  # noqa: E402
import tty  # noqa: E402

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from machine import GUESTS, Machine, Trouble, check_kernel  # noqa: E402

# pylint: enable=wrong-import-position

SHELL_MARK = b"bulkhead: the guest's shell"
START_MARK, END_MARK = b"bulkhead: the command starts", b"bulkhead: the command ended"
COMMAND_MAX = 1200
END_KEY = b"\x1d"


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build", help="folder of the build")
    parser.add_argument("--system", default="linux", help="a system of systems/ (linux, hello, ...) or a manifest's path")
    parser.add_argument("--command", help="run this in the guest's shell instead of an interactive one")
    parser.add_argument("--disk", help="disk image of the guest (build/guest/disk.img)")
    parser.add_argument("--disk-driver", help="virtio-blk or nvme: which device the disk is, and its driver, instead of what the manifest says")
    parser.add_argument("--terminal", help="console or virtio-console: which device the terminal is, and its driver, instead of what the manifest says")
    parser.add_argument("--read-only", action="store_true", help="the guest may not write to its disk")
    parser.add_argument("--guest-kernel", help="another guest kernel: bzImage, or ELF with a PVH entry")
    parser.add_argument("--append", default="", help="more words for the guest kernel's command line")
    parser.add_argument("--cpus", type=int, default=1, help="processors of the machine")
    parser.add_argument("--cpu", default="max", help="QEMU's processor model")
    parser.add_argument("--memory", default="1G", help="memory of the machine")
    parser.add_argument("--isolation", action="append", default=[], metavar="DOMAIN=MECHANISM", help="isolate a domain by this mechanism (docs/mechanisms.md)")
    parser.add_argument("--emulator", default="qemu", help="qemu")
    parser.add_argument("--iommu", choices=("on", "off"), default="on", help="off: a machine without one, whose devices can reach all memory")
    parser.add_argument("--folder", help="where logs and sockets go (build/run)")
    parser.add_argument("--timeout", type=float, help="give up after so many seconds")
    parser.add_argument("--verbose", action="store_true", help="the whole kernel log, and with --command the guest's boot messages too")
    parser.add_argument("--debug", action="store_true", help="wait for gdb and start it with the symbols of kernel and domains")
    parser.add_argument("--break", dest="breakpoint", help="with --debug: stop there")
    return parser.parse_args()


def show_log(line, verbose):
    if verbose or " E " in line[:20] or " W " in line[:20]:
        sys.stderr.write(f"bulkhead: {line}\r\n" if sys.stderr.isatty() else f"bulkhead: {line}\n")
        sys.stderr.flush()


class CommandFilter:
    """Of the console, only what the command itself prints."""

    def __init__(self, verbose):
        self.pending, self.inside, self.verbose = b"", False, verbose

    def __call__(self, piece):
        self.pending += piece.replace(b"\r", b"")
        while b"\n" in self.pending:
            line, self.pending = self.pending.split(b"\n", 1)
            if START_MARK in line:
                self.inside = True
            elif line.endswith(END_MARK):
                rest = line[:-len(END_MARK)]  # output that did not end in a newline
                sys.stdout.buffer.write(rest)
                self.inside = False
            elif self.inside:
                sys.stdout.buffer.write(line + b"\n")
            elif self.verbose:
                sys.stderr.buffer.write(line + b"\n")
            sys.stdout.flush()


class Terminal:
    """This terminal, raw while the guest's shell has it; always put back."""

    def __init__(self):
        self.saved = termios.tcgetattr(0) if os.isatty(0) else None
        self.raw = False

    def take(self):
        if self.saved and not self.raw:
            tty.setraw(0)
            self.raw = True

    def give_back(self):
        if self.saved and self.raw:
            termios.tcsetattr(0, termios.TCSADRAIN, self.saved)
            self.raw = False


def pump_input(machine, terminal):
    """Keys to the guest until the machine ends. True when the person asked for the end."""
    has_input, shell = True, False
    while machine.running():
        if not shell and SHELL_MARK in machine.console:
            shell = True
            terminal.take()
        ready = select.select([0] if has_input and shell else [], [], [], 0.1)[0]
        if not ready:
            continue
        keys = os.read(0, 256)
        if not keys:
            has_input = False
        elif END_KEY in keys and os.isatty(0):
            return True
        else:
            try:
                machine.send(keys)
            except BrokenPipeError:
                return False
    return False


def options_of(arguments):
    settings, files = [], {}
    if arguments.system == "linux":
        words = ["console=ttyS0", "panic=-1"]
        if arguments.command is not None:
            encoded = base64.b64encode(arguments.command.encode()).decode()
            if len(encoded) + len(arguments.append) > COMMAND_MAX:
                raise Trouble(f"the command is too long ({len(arguments.command)} characters); put it in a script on the guest's disk")
            words += ["quiet", "bulkhead.command=" + encoded]
        if arguments.append:
            words.append(arguments.append)
        text = " ".join(words)
        pieces = [text[i:i + 400] for i in range(0, len(text), 400)]
        settings += [f"vmm.cmdline{'' if i == 0 else i}={piece}" for i, piece in enumerate(pieces)]
        if arguments.guest_kernel:
            files["guest-kernel"] = arguments.guest_kernel
        check_kernel(arguments.guest_kernel or os.path.join(arguments.build, "guest", "vmlinuz"))
    elif arguments.command is not None:
        raise Trouble(f"--command needs the system linux; {arguments.system} has no guest shell")
    if arguments.emulator != "qemu":
        raise Trouble(f"emulator {arguments.emulator}: guests run under QEMU only, which emulates AMD SVM; leave EMULATOR out")
    extra = []
    if arguments.debug:
        extra += ["-S", "-gdb", f"unix:{os.path.join(arguments.folder or os.path.join(arguments.build, 'run'), 'gdb.sock')},server=on,wait=off"]
    return {"settings": settings, "files": files, "disk": arguments.disk, "read_only": arguments.read_only, "memory": arguments.memory,
            "cpu": arguments.cpu, "cpus": arguments.cpus, "extra": extra, "folder": arguments.folder, "isolation": arguments.isolation,
            "iommu": arguments.iommu == "on",
            "choose": [f"{name}={value}" for name, value in (("disk", arguments.disk_driver), ("terminal", arguments.terminal)) if value],
            "on_log": lambda line: show_log(line, arguments.verbose or arguments.system not in GUESTS)}


def debug(machine, arguments):
    """gdb in the foreground; the machine's console goes to a file."""
    command = ["gdb", "-q", os.path.join(arguments.build, "pc", "bulkhead.elf"), "-x", os.path.join(os.path.dirname(__file__), "..", "gdb", "bulkhead.py"),
               "-ex", f"target remote {machine.path('gdb.sock')}", "-ex", f"bulkhead-symbols {arguments.build}"]
    while machine.running() and not os.path.exists(machine.path("gdb.sock")):
        time.sleep(0.05)
    if arguments.breakpoint:
        command += ["-ex", f"break {arguments.breakpoint}", "-ex", "continue"]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # gdb's
    return subprocess.run(command, check=False).returncode


def report_end(machine, status):
    if status is not None:
        return status
    says = machine.emulator_says()
    sys.stderr.write("bulkhead: the machine ended without a status" + (f": {says}" if says else "") + "\n")
    if "lock" in says:
        sys.stderr.write("bulkhead: another run uses the same disk image; end it, or give this one another disk (--disk)\n")
    sys.stderr.write(f"bulkhead: kernel log: {machine.path('kernel.log')}\n")
    return 1


def run(arguments):
    options = options_of(arguments)
    if arguments.command is not None:
        options["on_console"] = CommandFilter(arguments.verbose)
    elif not arguments.debug:
        def show(piece):
            os.write(1, piece)
        options["on_console"] = show
    terminal = Terminal()
    machine = Machine(arguments.build, arguments.system, **options)
    try:
        machine.start()
        if arguments.debug:
            return debug(machine, arguments)
        if arguments.command is not None or arguments.timeout:
            status = machine.wait(arguments.timeout)
        else:
            sys.stderr.write(f"bulkhead: booting; kernel log: {machine.path('kernel.log')}; Ctrl-] ends the run\n")
            if pump_input(machine, terminal):
                terminal.give_back()
                sys.stderr.write("\nbulkhead: ended from the keyboard\n")
                return 0
            status = machine.wait()
        terminal.give_back()
        return report_end(machine, status)
    finally:
        terminal.give_back()
        machine.stop()


def main():
    arguments = parse()
    signal.signal(signal.SIGTERM, lambda *unused: (_ for _ in ()).throw(KeyboardInterrupt()))
    if INTERRUPTIBLE:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return run(arguments)
    except Trouble as trouble:
        sys.stderr.write(f"run.py: {trouble}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nbulkhead: interrupted; the machine was stopped\n")
        return 130


if __name__ == "__main__":
    sys.exit(main())
