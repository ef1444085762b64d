# SPDX-License-Identifier: MIT
"""Scenarios of domains that share something, where one may be hostile: the others' work goes on, and the kernel's log blames nobody but the guilty. Each
runs in the hosted kernel, and those where it matters that things happen at once on bare metal with four processors, too."""
import os
import re
import sys

import hosted

sys.path.insert(0, os.path.join(os.path.dirname(hosted.HERE), "system"))
import domains  # noqa: E402 (its folder had to be found first)


class Story:
    """`kind': what the tests' names begin with, and the manifest's. `told': domains with the setting scenario; the first one says when all was well. `scenarios': by
    name, what the log says, and who alone may be blamed in it. `blames': how somebody is blamed; the name is the pattern's group that is not empty. `at_once':
    the scenarios for bare metal."""

    def __init__(self, kind, told, scenarios, blames, at_once):
        self.kind, self.told, self.scenarios, self.blames, self.at_once = kind, told, scenarios, re.compile(blames), at_once

    def problem(self, name, status, text):
        """Why a run was not as it should be, or None."""
        sentences, guilty = self.scenarios[name]
        missing = [sentence for sentence in sentences if sentence not in text]
        blamed = {next(filter(None, match.groups())) for match in self.blames.finditer(text)} - {guilty}
        if status != 0 or f"{self.told[0]}: ok {name}" not in text:
            failed = re.search(r"FAILED: (.*)|PANIC: (.*)", text)
            return f"status {status}" + (f": {failed.group(0)}" if failed else "")
        if missing:
            return f"the log lacks {missing}"
        return f"the log blames {', '.join(sorted(blamed))}" if blamed else None

    def run(self, runner, name, timeout):
        title = f"{self.kind}-{name}"
        if not runner.wanted(title):
            return
        archive = runner.archive(title, os.path.join(hosted.HERE, self.kind + ".toml"), [f"{domain}.scenario={name}" for domain in self.told])
        status, text = runner.boot(title, archive, timeout=timeout)
        os.unlink(archive)
        runner.report(title, self.problem(name, status, text), text)

    def main(self, description):
        """All of them; the exit status."""
        options = hosted.parser(description).parse_args()
        runner, machine = hosted.Runner(options), domains.Machine(options)
        machine.cpus = 4
        for name in self.scenarios:
            self.run(runner, name, 60)
        for name in self.at_once:
            self.run(machine, name, 90)
        passed, failed = runner.passed + machine.passed, runner.failed + machine.failed
        print(f"{passed} passed, {failed} failed")
        return 1 if failed else 0
