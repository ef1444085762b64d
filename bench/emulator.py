# SPDX-License-Identifier: MIT
"""A system in QEMU that counts instructions: one tick of its time-stamp counter is one instruction, whoever executes it."""
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TIMEOUT_S = 120
ENDED_WELL = 1  # isa-debug-exit's status for 0


def make_archive(options, failure, manifest, path, *arguments):
    """The boot archive of a manifest; its path."""
    made = subprocess.run([sys.executable, os.path.join(ROOT, "tools", "mkimage", "mkimage.py"), "--build", options.build, "-o", path,
                           manifest, *arguments], capture_output=True, text=True, check=False)
    if made.returncode:
        raise failure(made.stderr.strip())
    return path


def symbols(path):
    """Addresses of the functions in an ELF file, by name."""
    text = subprocess.run(["llvm-nm-19", "--defined-only", path], capture_output=True, text=True, check=False).stdout
    return {name: int(address, 16) for address, name in re.findall(r"^([0-9a-f]+) [tT] (\S+)", text, re.M)}


def tail(path):
    try:
        with open(path, errors="replace", encoding="utf-8") as file:
            return "\n".join(file.read().splitlines()[-6:])
    except OSError:
        return "(no log)"


def run_counted(options, failure, archive, log, what, *arguments, counting=True):
    """Run the archive to its end; what goes wrong is told with the end of the kernel's log, which is in the file `log'. Without `counting' the machine's clock goes
    as clocks do: for devices that take their time, which a clock that counts instructions does not see."""
    kernel = os.path.join(options.build, "pc", "bulkhead.elf")
    if not os.path.exists(kernel):
        raise failure(f"{kernel} is missing; `make bench' builds it")
    command = ["qemu-system-x86_64", "-M", "q35", "-cpu", "max", "-m", "512M", "-display", "none", "-no-reboot", "-net", "none", *(["-icount", "shift=0,sleep=off"] if counting else []),
               "-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-kernel", kernel, "-initrd", archive, *arguments]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    except FileNotFoundError as error:
        raise failure("qemu-system-x86_64 is missing; tools/setup.sh installs it") from error
    except subprocess.TimeoutExpired as error:
        raise failure(f"{what} did not end within {TIMEOUT_S} s; the kernel's log ends with:\n{tail(log)}") from error
    if done.returncode != ENDED_WELL:
        raise failure(f"{what} ended with {done.returncode}: {done.stderr.strip()}\n{tail(log)}")
