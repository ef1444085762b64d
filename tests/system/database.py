#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""SQLite in QEMU, with its database on a virtio disk (database.toml): the driver's domain and its own die in the middle of transactions, and so does
the whole machine. Afterwards the database is read from the image by this machine's SQLite, too. Ends with `N passed, N failed`."""
import os
import re
import shutil
import sqlite3
import struct
import sys
import time

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path[:0] = [os.path.join(ROOT, "tests"), os.path.join(ROOT, "tools", "run")]
import machine as machines  # noqa: E402  pylint: disable=wrong-import-position
from checks import Suite, check  # noqa: E402  pylint: disable=wrong-import-position

DISK_SIZE = 16 << 20
AREA_START, MAGIC = 4096, 0x31306c7153686242  # domains/sqlite/vfs.c
LIMIT_S = 120
suite = Suite("database")


class Bank:
    """A disk, and machines that use it one after the other."""

    def __init__(self, build, name):
        self.build = build
        self.folder = os.path.join(build, "system-tests", "database-" + name)
        os.makedirs(self.folder, exist_ok=True)
        self.manifest = os.path.abspath(os.path.join(self.folder, "database.toml"))  # the archive goes beside it
        shutil.copy(os.path.join(ROOT, "tests", "system", "database.toml"), self.manifest)
        self.disk = os.path.join(self.folder, "disk.img")
        with open(self.disk, "wb") as file:
            file.truncate(DISK_SIZE)

    def machine(self, cpus=1, packed=False, **settings):
        return machines.Machine(self.build, self.manifest, folder=self.folder, disk=self.disk, wants_disk=True,
                                memory="256M", cpus=cpus, packed=packed, settings=[f"teller.{key}={value}" for key, value in settings.items()])

    def run(self, cpus=1, packed=False, **settings):
        """To its end; what the teller says there."""
        with self.machine(cpus, packed, **settings) as machine:
            status = machine.wait(LIMIT_S)
            check(packed == (", packed queue, serial" in machine.log_text), "the disk's queue is not of the layout that it can have")
            check(status == 0, f"status {status}; " + "; ".join(machine.log_text.splitlines()[-4:]))
            found = re.search(r"ok: (\d+) transfers; the driver died (\d+) times, the database (\d+) times; (\d+) transactions were interrupted",
                              machine.log_text)
            check(found, "the teller does not say ok")
            return [int(number) for number in found.groups()]

    def extract(self):
        """The database file out of the image, as domains/sqlite/vfs.c lays it out. A journal must not be left."""
        with open(self.disk, "rb") as file:
            magic, size, journal_size, _, journal = struct.unpack("<5Q", file.read(40))
            check(magic == MAGIC, f"the image begins with {magic:#x}")
            check(not journal and not journal_size, f"a journal of {journal_size} bytes is left")
            file.seek(AREA_START)
            data = file.read(size)
        path = os.path.join(self.folder, "database.sqlite")
        with open(path, "wb") as file:
            file.write(data)
        return path

    def audit(self, transfers):
        """What this machine's SQLite finds in it."""
        with sqlite3.connect(self.extract()) as database:
            one = lambda question: database.execute(question).fetchone()[0]  # noqa: E731
            check(one("PRAGMA integrity_check") == "ok", "this machine's SQLite finds damage")
            check(one("SELECT sum(balance) FROM account") == 64000, "the sum of the accounts is wrong")
            check(one("SELECT count(DISTINCT transfer) FROM entry") == transfers, f"not {transfers} transfers")
            check(one("SELECT count(*) FROM entry") == 2 * transfers and one("SELECT sum(value) FROM entry") == 0, "entries are missing")
            check(one("SELECT count(*) FROM (SELECT count(*) AS c FROM bulk GROUP BY batch HAVING c != 150)") == 0, "a batch is not whole")
            check(one("SELECT count(*) FROM account WHERE balance != 1000 + ifnull((SELECT sum(value) FROM entry WHERE entry.account = account.id), 0)") == 0,
                  "accounts do not follow from the entries")


@suite.test
def driver_and_database_die_during_transactions(build):
    bank = Bank(build, "deaths")
    transfers, driver, database, interrupted = bank.run(transfers=60, deaths=12, seed=1)
    check(driver == 12 and database == 12, f"{driver} and {database} deaths")
    check(interrupted, "no transaction was interrupted")
    bank.audit(transfers)


@suite.test
def the_same_with_several_processors_and_a_packed_queue(build):
    bank = Bank(build, "processors")
    transfers, driver, database, _ = bank.run(cpus=2, packed=True, transfers=60, deaths=8, seed=2)
    check(driver == 8 and database == 8, f"{driver} and {database} deaths")
    bank.audit(transfers)


@suite.test
def what_was_committed_outlives_the_machine(build):
    """It is switched off in the middle, three times; then it ends in order."""
    bank = Bank(build, "power")
    known = 0
    for life in range(3):
        with bank.machine(transfers=0, deaths=0, seed=10 + life) as machine:
            found = int(machine.wait_for(r"found (\d+) transfers", timeout=LIMIT_S, log=True).group(1))
            check(found >= known, f"{found} transfers are left of {known}")
            machine.wait_for(f"made {(found // 20 + 2 + life) * 20} transfers", timeout=LIMIT_S, log=True)
            time.sleep(0.03 * life)
            machine.process.kill()
            machine.process.wait()
            machine.poll_log()
            known = int(re.findall(r"made (\d+) transfers", machine.log_text)[-1])
    transfers, *_ = bank.run(transfers=5, deaths=0, seed=99)
    check(transfers >= known + 5, f"{transfers} transfers, and {known} were known before 5 more")
    bank.audit(transfers)


if __name__ == "__main__":
    sys.exit(suite.main(__doc__))
