#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs/safety-claims.md against the tree: every rule has its row and attacks that name it, every claim an enforcer and a test that exists, and
every kernel file that reads memory of domains is on the list. Prints each fault; exit status 1 if any."""
import glob
import os
import re
import sys

sys.path += ["tests/hosted", "tests/verifier"]
import attacks  # noqa: E402 (its folder had to be found first)
import hosted  # noqa: E402

PAGE = "docs/safety-claims.md"
ATTACKS = "tests/verifier/attacks"
READS = re.compile(r"\bslot_read\(|\bplatform_copy_guarded\(|DOMAIN_base\(|->base \+|\bstate->\w+|->header->|completions->")
READERS = ("kernel/**/*.c", "kernel/**/*.inc", "codegen/bhidl/emit_*.c")


def table(text, heading):
    """Cells of each row of the table under a heading."""
    part = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", text, flags=re.M | re.S)
    rows = [line for line in part.group(1).splitlines() if line.startswith("|")] if part else []
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def names(cell):
    return re.findall(r"`([^`]+)`", cell)


def rule_of(attack):
    return attacks.rule_of(open(os.path.join(ATTACKS, attack), encoding="utf-8").read())


def rules_faults(text):
    """One row for each rule; its attacks name it."""
    rules = attacks.rules_of("kernel/verifier/rules.def")
    rows = table(text, "Rules")
    for name in sorted(rules ^ {row[0] for row in rows}):
        yield f"rule {name} has no row, or is none"
    for rule, _, attacked in rows:
        if not names(attacked):
            yield f"rule {rule} has no attack"
        for attack in names(attacked):
            if attack.endswith(".py"):
                if f'"{rule}"' not in open(attack, encoding="utf-8").read():
                    yield f"{attack} does not lie about {rule}"
            elif not os.path.exists(os.path.join(ATTACKS, attack)) or rule_of(attack) != rule:
                yield f"{attack} is not an attack on {rule}"
    for attack in sorted(os.listdir(ATTACKS)):
        if attack.endswith(".s") and not attack.endswith(".ok.s") and rule_of(attack) not in rules:
            yield f"{attack} attacks {rule_of(attack)}, which is no rule"


def claims_faults(text):
    """Each claim names what enforces it, and a test or scenario that there is."""
    scenarios = set(hosted.scenarios_of_conductor())
    for claim, enforced, attacked in table(text, "Claims"):
        if not any(name.startswith(("kernel/", "runtime/", "codegen/", "domains/")) for name in names(enforced)) and not re.search(r"\b[A-Z]+_?[A-Z]+\b", enforced):
            yield f"nothing enforces: {claim}"
        if not names(attacked):
            yield f"nothing attacks: {claim}"
        for name in names(attacked):
            if name not in scenarios and not (name.startswith("tests/") and os.path.exists(name)):
                yield f"there is no test or scenario {name}"
    for target in glob.glob("tests/fuzz/*.c"):
        if f"`{target}`" not in text:
            yield f"fuzz target {target} is not named"


def readers_faults(text):
    """The audit names every file in which the kernel may read what domains write."""
    part = text[text.index("## Memory that others"):]
    for pattern in READERS:
        for path in sorted(glob.glob(pattern, recursive=True)):
            if READS.search(open(path, encoding="utf-8").read()) and f"`{path}`" not in part:
                yield f"{path} may read memory of domains and is not listed"


def main():
    text = open(PAGE, encoding="utf-8").read()
    faults = [*rules_faults(text), *claims_faults(text), *readers_faults(text)]
    print("\n".join([f"{PAGE}: {fault}" for fault in faults] + [f"safety claims: {len(faults)} faults"]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
