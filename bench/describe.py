# SPDX-License-Identifier: MIT
"""The machine that a report is from, as far as it tells: what may change a number."""
import glob
import os
import platform
import re
import subprocess
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FLAGS = ("fsgsbase", "erms", "fsrm", "pku", "avx2", "hypervisor", "constant_tsc", "nonstop_tsc", "pti")
PROGRAMS = {"clang": ["clang-19", "--version"], "gcc": ["gcc", "--version"], "wasm2c": ["wasm2c", "--version"],
            "QEMU": ["qemu-system-x86_64", "--version"]}


def read(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return None


def first_line(command):
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return (done.stdout.splitlines() or [None])[0] if done.returncode == 0 else None


def processor():
    info = dict(re.findall(r"^([\w ]+?)\s*: (.*)$", (read("/proc/cpuinfo") or "").split("\n\n")[0], re.M))
    flags = info.get("flags", "").split()
    caches = {}
    for index in sorted(glob.glob("/sys/devices/system/cpu/cpu0/cache/index*")):
        kind = read(f"{index}/type")
        caches[f"L{read(f'{index}/level')}" + (f" {kind.lower()}" if kind and kind != "Unified" else "")] = read(f"{index}/size")
    return {"model": info.get("model name", platform.machine()), "family": info.get("cpu family"), "model number": info.get("model"),
            "stepping": info.get("stepping"), "processors": os.cpu_count(), "flags": [flag for flag in FLAGS if flag in flags], "caches": caches}


def frequency():
    """What decides the clock rate; inside virtual machines nobody says."""
    folder = "/sys/devices/system/cpu"
    return {"governor": read(f"{folder}/cpu0/cpufreq/scaling_governor"), "boost": read(f"{folder}/cpufreq/boost"),
            "no_turbo": read(f"{folder}/intel_pstate/no_turbo"), "smt": read(f"{folder}/smt/active")}


def load():
    return [round(value, 2) for value in os.getloadavg()]


def machine():
    memory = re.search(r"MemTotal:\s+(\d+) kB", read("/proc/meminfo") or "")
    system = re.search(r'^PRETTY_NAME="(.*)"', read("/etc/os-release") or "", re.M)
    return {"processor": processor(), "frequency": frequency(), "memory_mib": int(memory[1]) // 1024 if memory else None,
            "kernel": platform.release(), "system": system[1] if system else None, "python": platform.python_version(),
            "programs": {name: first_line(command) for name, command in PROGRAMS.items()}}


def source():
    """The commit, and whether the tree is that of the commit."""
    changed = first_line(["git", "status", "--porcelain", "--untracked-files=no"])
    return {"commit": first_line(["git", "rev-parse", "HEAD"]), "subject": first_line(["git", "log", "-1", "--format=%s"]), "changed": changed is not None}


def now():
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())


def same_machine(one, other):
    """What differs between two machines that makes their numbers no comparison; empty: nothing that is known."""
    names = {"processor": "model", "family": "family", "model number": "model number", "stepping": "stepping"}
    found = []
    for name, key in names.items():
        a, b = one["processor"].get(key), other["processor"].get(key)
        if a != b:
            found.append(f"{name}: {a} and {b}")
    return found
