#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The scenarios of tests/hosted on bare metal: the same archives, with the same images, booted in QEMU by emulation. A choice of them, since each
boots a machine; --all runs the rest, too. Each runs twice, with one processor and with several."""
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "hosted"))
import hosted  # noqa: E402 (its folder had to be found first)

CHOICE = {"crash-in-call", "crash-by-injection", "nested-death-in-the-middle", "caller-dies-first", "hostile-callers", "hostile-servers", "deep-panic",
          "busy-watchdog", "nobody-starves", "capability-revocation", "buffers-lent", "buffers-moved", "buffers-shared", "buffer-owner-dies", "quotas", "preemption",
          "floating-point", "ring-replay", "ring-broken", "storm", "typed-calls", "supervised-ring", "race-arguments", "race-unmap", "race-lend", "race-caps",
          "race-badges", "race-threads", "race-serve", "race-scribble", "race-ring", "buffers-lent-on", "buffers-moved-away", "buffers-moved-while-lent",
          "device-race"}


# With several processors, besides: where it matters that things happen at once.
AT_ONCE = {"processors-all-work", "processors-kill", "processors-kill-the-middle", "processors-watchdog", "processors-revocation", "processors-revoke-calls",
           "revoke-during-calls", "revocation-in-steps", "capability-answers", "priorities", "many-callers"}


class Machine(hosted.Runner):
    """Boots each archive in a machine of its own."""
    arguments = {"memory-runs-out": ("-m", "32"), "device-race": ("-device", "virtio-rng-pci")}
    has_devices = True
    cpus = 1
    settings = ("conductor.page_tables=262144",)
    log_folder = "domains"

    def report(self, name, problem, text=""):
        super().report(name if self.cpus == 1 else f"{name} with {self.cpus} processors", problem, text)

    def boot(self, name, archive, timeout=240, arguments=()):
        log = os.path.join(self.logs, f"{name}-{self.cpus}.log")
        command = ["qemu-system-x86_64", "-machine", "q35", "-cpu", "max", "-accel", "tcg,thread=multi", "-smp", str(self.cpus), "-m", "256", "-display", "none", "-no-reboot", "-monitor", "none",
                   "-kernel", os.path.join(self.build, "pc", "bulkhead.elf"), "-initrd", archive, "-serial", "file:" + log,
                   "-device", "isa-debug-exit,iobase=0xf4,iosize=4", *arguments]
        try:
            status = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=timeout, check=False).returncode
            status = (status - 1) // 2 if status % 2 else None
        except subprocess.TimeoutExpired:
            status = None
        return status, open(log, encoding="utf-8", errors="replace").read()


def main():
    parser = hosted.parser(__doc__)
    parser.add_argument("--all", action="store_true", help="all scenarios")
    parser.add_argument("--cpus", type=int, nargs="+", default=[1, 4], help="processors of the machines")
    options = parser.parse_args()
    machine = Machine(options)
    for machine.cpus in options.cpus:
        for name in hosted.scenarios_of_conductor():
            if options.all or name in CHOICE or (machine.cpus > 1 and name in AT_ONCE):
                machine.scenario(name)
    for machine.cpus in options.cpus:
        machine.scenario("storm", traced=True)
    machine.cpus = 1
    hosted.lying_tables(machine)
    print(f"{machine.passed} passed, {machine.failed} failed")
    return 1 if machine.failed else 0


if __name__ == "__main__":
    sys.exit(main())
