#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""SQLite's fuzz corpora (test/fuzzdata*.db of its package): each case runs here and in a domain, by the package's own fuzzcheck, and has to give the
same rows. A case that ends the domain by a documented limit is left out, the others go on behind it. Ends with `N passed, N failed`.

Without --all, a choice that takes some 15 seconds; --all takes some minutes.
"""
import argparse
import os
import re
import sqlite3
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import ports  # noqa: E402 (its folder had to be found first)

CHOICE = {"fuzzdata4.db", "fuzzdata6.db"}
CASE = re.compile(r"sqlid=\d+(,dbid=\d+)?$")
LIMITS = re.compile(r"dies: (control stack used up|data stack used up|out of memory)")
CHANGES = re.compile(ports.SECONDS + r"|^fuzzdata\d\.db: ")
CLOCK = re.compile(rb"now|current|date *\(|time *\(|julianday", re.I)  # a domain's clock begins with the machine
OPTIONS = "-v --result-trace --limit-mem 30M"


def sections(lines):
    """[(case, what it prints)] in order, without ends of lines, since the log cuts long ones. What is in front of the first is no case's."""
    found = []
    for line in lines:
        if CASE.match(line):
            found.append((line, []))
        elif found:
            found[-1][1].append(line)
    return [(title, "".join(rows)) for title, rows in found]


def difference(rows, wanted):
    """Where they part."""
    at = len(os.path.commonprefix((rows, wanted)))
    return f"`{rows[max(at - 40, 0):at + 60]}', not `{wanted[max(at - 40, 0):at + 60]}'"


class Corpora(ports.Ports):
    """Runs corpora and counts cases."""

    def left_out(self, log):
        """The limit by which the domain ended."""
        match = LIMITS.search(log)
        return match.group(1) if match else None

    def clock_cases(self, name):
        """Numbers of the scripts that ask for the time."""
        path = os.path.join(self.build, "third-party", "src", "sqlite3", "test", name)
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
            rows = database.execute("SELECT sqlid, CAST(sqltext AS BLOB) FROM xsql").fetchall()
        return {f"sqlid={number}" for number, text in rows if CLOCK.search(text)}

    def corpus(self, name, number):
        """All cases of one corpus."""
        source = "test/" + name
        status, native = self.native(ports.Case("sqlite", "fuzzcheck", f"{OPTIONS} {name}", [source], drop=CHANGES.pattern, package="sqlite3"))
        native = sections(native)
        if status or not native:
            return self.report(name, f"natively it ends with {status}")
        done, agreed, skipped, timed, bad = 0, 0, [], 0, []
        clock = self.clock_cases(name)
        while done < len(native):
            case = ports.Case("sqlite", "fuzzcheck", f"{OPTIONS} --skip {done} {name}", [source], drop=CHANGES.pattern, memory="256M", package="sqlite3")
            status, lines, log = self.domain(case, f"{name}-{number}", "")
            have = sections(lines)[done:]  # titles of cases that it skips are printed, too
            whole = have if status == 0 else have[:-1]
            for (title, rows), (wanted, wanted_rows) in zip(whole, native[done:]):
                if title == wanted and rows == wanted_rows:
                    agreed += 1
                elif title == wanted and title.split(",")[0] in clock:
                    timed += 1
                else:
                    bad.append(f"{title} gives {difference(rows, wanted_rows)}; wanted {wanted}")
            done += len(whole)
            if status == 0:
                break
            if not self.left_out(log) or not have:
                return self.report(f"{name}: {have[-1][0] if have else 'start'}", f"ended with {status}", log)
            skipped.append(have[-1][0])
            done += 1
        self.passed += agreed
        self.failed += len(bad)
        for line in bad[:10]:
            print(f"FAILED {name}: {line}")
        print(f"{name}: {agreed} of {len(native)} cases agree, {len(bad)} differ, {timed} differ and ask for the time, {len(skipped)} end by a limit of domains", flush=True)
        if done < len(native):
            self.report(name, f"only {done} of {len(native)} cases were run")
        return None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--only", default="", help="only corpora whose name contains this")
    parser.add_argument("--all", action="store_true", help="every corpus")
    options = parser.parse_args()
    corpora = Corpora(options)
    folder = os.path.join(corpora.build, "third-party", "src", "sqlite3", "test")
    for number, name in enumerate(sorted(os.listdir(folder))):
        if re.match(r"fuzzdata\d\.db$", name) and corpora.wanted(name) and (options.all or name in CHOICE):
            corpora.corpus(name, number)
    print(f"{corpora.passed} passed, {corpora.failed} failed")
    return 1 if corpora.failed else 0


if __name__ == "__main__":
    sys.exit(main())
