# SPDX-License-Identifier: MIT
"""QEMU's monitor: stop, save and load a machine."""
import json
import socket
import time


class QmpError(Exception):
    pass


def connect(path, timeout, kind):
    """A socket that somebody may listen at only in a moment; an exception of that kind if nobody does in time."""
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    deadline = time.monotonic() + timeout
    while True:
        try:
            line.connect(path)
            return line
        except OSError as error:
            if time.monotonic() > deadline:
                line.close()
                raise kind(f"{path}: {error.strerror}") from error
            time.sleep(0.02)


class Qmp:
    def __init__(self, path, timeout=30):
        self.socket = connect(path, timeout, QmpError)
        self.socket.settimeout(timeout)
        self.file = self.socket.makefile("rw", encoding="utf-8")
        self.answer()
        self.ask("qmp_capabilities")

    def answer(self):
        while True:
            try:
                line = self.file.readline()
            except OSError as error:
                raise QmpError(f"the monitor does not answer: {error}") from error
            if not line:
                raise QmpError("the machine ended")
            answer = json.loads(line)
            if "event" not in answer:
                return answer

    def ask(self, command, **arguments):
        try:
            self.file.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
            self.file.flush()
        except OSError as error:
            raise QmpError("the machine ended") from error
        answer = self.answer()
        if "error" in answer:
            raise QmpError(f"{command}: {answer['error']['desc']}")
        return answer["return"]

    def human(self, line):
        return self.ask("human-monitor-command", **{"command-line": line})

    def ignore_shared(self):
        """Memory that lies in a file of its own is not part of what is saved."""
        self.ask("migrate-set-capabilities", capabilities=[{"capability": "x-ignore-shared", "state": True}])

    def save(self, path):
        self.ignore_shared()
        self.ask("migrate", uri=f"exec:cat >'{path}'")
        while (state := self.ask("query-migrate").get("status")) not in ("completed", "failed"):
            time.sleep(0.02)
        if state == "failed":
            raise QmpError("the machine could not be saved: one of its devices cannot be")

    def load(self, path):
        """It stands still afterwards."""
        self.ignore_shared()
        self.ask("migrate-incoming", uri=f"exec:cat '{path}'")
        while self.ask("query-status")["status"] == "inmigrate":
            time.sleep(0.005)

    def close(self):
        self.file.close()
        self.socket.close()
