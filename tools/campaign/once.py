# SPDX-License-Identifier: MIT
"""One run: load the saved machine, do harm, watch, look at the disk, judge."""
import os
import re
import shutil
import time

import console
import disk
from classify import RECOVERED, classify
from faults import Injector, NotTriggered, Plan
from gdb_remote import GdbError, Stub
from qmp import QmpError
from world import RUNS_OF_A_BOOT, Trouble

WINDOW_TICKS, WINDOW_TICKS_MAX = 6, 60   # lines of the load after the fault: if all is well; if a request waits
WAITS_US = 300_000                       # a request that runs for so long may still be answered
TICK_TIMEOUT, END_TIMEOUT = 60, 30       # seconds of ours for one line, and for the load to end
TYPED_MAX = 3                            # times that it is told to: what is typed into a console that dies of it is lost
PEER_TIMEOUT = 2                         # and for our end of a network load that has ended in the guest
END = re.compile(r"^@E (\d+)((?: \d+)+) (\d+) (\d+) (\d+) (\d+)$", re.M)
PANIC = re.compile(r"^.* E kernel: PANIC: .*$", re.M)
FIO_ERROR = 4  # field of fio's terse lines


def watch(machine, count):
    """Let the load run on after the fault; whether its lines still come."""
    wanted = count + WINDOW_TICKS
    while machine.wait_for_ticks(wanted, TICK_TIMEOUT):
        ticks, network, entropy = machine.ticks(), machine.network_ticks(), machine.entropy_ticks()
        waits = max(ticks[-1][2], network[-1][3], entropy[-1][2]) > WAITS_US
        stands = ticks[-1][1] == ticks[-4][1] or network[-1][2] == network[-4][2] or entropy[-1][1] == entropy[-4][1]
        if len(ticks) < count + WINDOW_TICKS_MAX and (waits or stands):
            wanted = len(ticks) + 1
            continue
        return True
    return False


def finish(machine, evidence):
    """Tell the load to end and take in what it says."""
    machine.peer.ending = True
    for evidence["typed"] in range(1, TYPED_MAX + 1):
        machine.send("s\n")
        try:
            machine.wait_for(r"\n(@E .*\n|@END)", END_TIMEOUT)  # a program that waits for ever cannot be ended either
            break
        except Trouble:
            if not machine.running():
                break
    else:
        evidence["finished"] = False
    evidence["peer"] = machine.peer.finish(PEER_TIMEOUT)
    text = machine.text()
    found = END.search(text)
    if found:
        evidence["flushed"] = [int(one) for one in found.group(2).split()]
        evidence["errors"], evidence["mismatches"], evidence["memory"], evidence["stuck"] = map(int, found.groups()[2:])
    else:
        evidence["finished"] = False
    terse = [line[3:].split(";") for line in text.splitlines() if line.startswith("@F 3;")]
    evidence["fio"] = [int(fields[FIO_ERROR]) for fields in terse if len(fields) > FIO_ERROR and fields[FIO_ERROR].isdigit()]
    evidence["kernel_log"] = [line[3:] for line in text.splitlines() if line.startswith("@D ")]
    evidence["guest_says"] = [line[3:] for line in text.splitlines() if line.startswith("@X ")][:8]


def ask_domains(machine, evidence):
    """Deaths of all domains, and who is not running any more."""
    try:
        domains = machine.control.ask("domains")["domains"]
        evidence["control"] = True
        evidence["deaths"] = [{"domain": one["name"], "cause": one["cause"], "restarts": one["restarts"], **where(machine, one["name"])}
                              for one in domains if one["cause"] not in ("none", "exit") and not was_so(machine, one)]
        evidence["breaches"] = sum(one["breaches"] for one in domains) - sum(one["breaches"] for one in machine.before.values())
        evidence["given_up"] = ", ".join(one["name"] for one in domains if one["state"] in ("dead", "ended") and one["cause"] not in ("none", "exit"))
    except Trouble as trouble:
        evidence["control"] = False
        evidence["trouble"] = str(trouble)


def was_so(machine, domain):
    """Whether it died before this run, and not since."""
    before = machine.before.get(domain["name"])
    return before is not None and all(domain[name] == before[name] for name in ("generation", "state"))


def deaths_on_its_way(machine, evidence):
    """How often somebody died through whom the guest's console goes."""
    return sum(max(1, one["restarts"] - machine.before.get(one["domain"], {"restarts": 0})["restarts"]) for one in evidence.get("deaths", []) if one["domain"] in (machine.terminal, "vmm"))


def where(machine, name):
    record = machine.control.ask(f"backtrace {name}")
    frame = record["frames"][0] if record["frames"] else None
    return {"text": record["text"], "frame": f"{frame['symbol'] or '?'}+0x{frame['within']:x}" if frame else ""}


def gather(machine, evidence, count):
    """All that can be seen of the run, after the harm."""
    evidence["lines"] = watch(machine, count)
    if machine.running():
        ask_domains(machine, evidence)
        finish(machine, evidence)
    evidence["running"] = machine.running()
    evidence["status"] = machine.process.poll()
    machine.poll_log()
    panic = PANIC.search(machine.log_text)
    evidence["panic"] = panic.group(0) if panic else ""
    ticks = machine.ticks()
    after = ticks[count:]
    evidence["slowest_us"] = max((one[2] for one in after), default=0)
    network = machine.network_ticks()
    evidence["network_slowest_us"] = max((one[3] for one in network[count:]), default=0)
    evidence["network_errors"], evidence["network_mismatches"] = network[-1][4:] if network else (0, 0)
    entropy = machine.entropy_ticks()
    evidence["entropy_slowest_us"] = max((one[2] for one in entropy[count:]), default=0)
    evidence["entropy_errors"], evidence["entropy_mismatches"] = entropy[-1][3:] if entropy else (0, 0)
    evidence["console"] = console.more_than_deaths_explain(machine.text(), deaths_on_its_way(machine, evidence))
    evidence.setdefault("flushed", ticks[-1][1] if ticks else [0] * disk.THREADS)


def harm_by_plan(world, machine, plan_of):
    """Returns what was done."""
    stub = Stub(machine.path("gdb.sock"))
    return Injector(world, machine, stub, Plan(world.name, *plan_of, world.functions)).harm()


def run_once(world, plan_of, folder, limits, keep=False, harm=harm_by_plan):
    """The record of a run. `plan_of': (kind, seed), or None for an undisturbed one; `limits': of classify()."""
    began, evidence = time.monotonic(), {}
    machine = world.restore(folder)
    evidence["run_of_machine"], rests = machine.runs, False
    try:
        count = len(machine.ticks())
        if plan_of:
            evidence["kind"], evidence["seed"] = plan_of
            evidence["fault"] = harm(world, machine, plan_of)
            count = len(machine.ticks())
        else:
            machine.qmp.ask("cont")
        gather(machine, evidence, count)
        rests = world.boots and not keep and machine.rest()
    except NotTriggered as why:
        return {**evidence, "class": "not-triggered", "why": str(why), "seconds": round(time.monotonic() - began, 1)}
    except (GdbError, QmpError) as error:
        evidence.update({"running": machine.running(), "status": machine.process.poll(), "trouble": str(error)})
        if machine.running():
            raise
    finally:
        if not rests:
            machine.stop()
    evidence["disk"] = disk.check_image(machine.path("disk.img"), world.base_disk(machine), evidence.get("flushed", [0] * disk.THREADS), evidence.get("finished", True))[:8]
    evidence["class"], evidence["why"] = classify(evidence, limits)
    evidence["seconds"] = round(time.monotonic() - began, 1)
    if rests and evidence["class"] in RECOVERED and evidence["typed"] == 1 and machine.runs < RUNS_OF_A_BOOT:
        world.keep(machine)
        return evidence
    machine.stop()
    if not keep:
        os.unlink(machine.path("disk.img"))
    return evidence


def keep_logs(folder, target):
    """Of a run that somebody will want to look at."""
    os.makedirs(target, exist_ok=True)
    for name in ("kernel.log", "console.log", "emulator.log"):
        path = os.path.join(folder, name)
        if os.path.exists(path):
            shutil.copyfile(path, os.path.join(target, name))
