#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Automatic colours (tools/mkimage/colours.py): graphs whose best colouring is known, small random ones against trying everything, what mkimage says."""
import itertools
import json
import os
import random
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
MKIMAGE = os.path.join(ROOT, "tools", "mkimage", "mkimage.py")
sys.path[:0] = [os.path.dirname(MKIMAGE), os.path.join(ROOT, "tests")]
import colours  # noqa: E402
from checks import Suite  # noqa: E402

GS, FS = colours.GS, colours.FS


def best(count, calls, bound=None, sizes=None):
    """Colours, cost and whether they are proved."""
    graph = colours.Graph(count, calls, bound, sizes)
    found, proved = colours.assign(graph)
    return found, graph.cost(found), proved


def two_domains():
    found, cost, proved = best(2, {(0, 1): 1})
    assert found[0] != found[1] and cost.writes == 0 and proved


def nobody_calls():
    found, cost, proved = best(3, {})
    assert found == [GS] * 3 and cost.writes == 0 and proved


def calls_itself():
    assert best(1, {(0, 0): 9})[1].writes == 0


def chain():
    """a -> b -> c: the calls write nothing, the way through does."""
    found, cost, _ = best(3, {(0, 1): 1, (1, 2): 100})
    assert found[0] != found[1] != found[2], found
    assert cost == (2, 0, 0), cost


def chain_in_one_colour():
    graph = colours.Graph(3, {(0, 1): 1, (1, 2): 100})
    assert graph.cost([GS, GS, GS]).writes == 202 and graph.cost([GS, FS, FS]).writes == 200


def rare_call_is_given_up():
    """Where not all calls can be between colours, those are that happen most."""
    found, _, _ = best(3, {(0, 1): 10, (1, 0): 10, (2, 0): 1, (2, 1): 1})
    assert found[0] != found[1]


def star():
    found, cost, _ = best(9, {(0, leaf): leaf for leaf in range(1, 9)})
    assert cost.writes == 0 and all(found[leaf] != found[0] for leaf in range(1, 9))


def even_cycle():
    """Of domains that call both neighbours: no call stays within a colour."""
    assert best(6, {(i, (i + step) % 6): 1 for i in range(6) for step in (1, 5)})[1].direct == 0


def odd_cycle():
    """Not all calls can be between colours."""
    for length in (3, 5, 7):
        graph = colours.Graph(length, {(i, (i + 1) % length): 1 for i in range(length)})
        found, _ = colours.assign(graph)
        assert graph.cost(found) == min(graph.cost(list(one)) for one in itertools.product((GS, FS), repeat=length))
        assert graph.direct(found) >= 2


def long_way():
    """a -> b -> c -> d, two between: d takes a's register."""
    graph = colours.Graph(4, {(0, 1): 1, (1, 2): 1, (2, 3): 1})
    assert graph.cost([GS, FS, FS, GS]).writes == 4 and graph.cost([GS, FS, GS, FS]).writes == 4


def explicit_colours_bind():
    found, cost, _ = best(3, {(0, 1): 5, (1, 2): 5}, {0: GS, 1: GS})
    assert found == [GS, GS, FS] and cost.direct == 10


def explicit_colours_turn_the_rest():
    assert best(2, {(0, 1): 1}, {0: FS})[0] == [FS, GS]


def all_bound():
    found, cost, proved = best(2, {(0, 1): 3}, {0: FS, 1: FS})
    assert found == [FS, FS] and cost.writes == 6 and proved


def big_images_stay():
    """The toolchain's colour is gs: the smaller images are the ones to be recoloured."""
    assert best(2, {(0, 1): 1}, None, [10, 1000])[0] == [FS, GS]
    assert best(2, {(0, 1): 1}, None, [1000, 10])[0] == [GS, FS]


def random_graphs_are_exact():
    chance = random.Random(7)
    for _ in range(60):
        count = chance.randint(2, 8)
        pairs = [(u, v) for u in range(count) for v in range(count) if u != v and chance.random() < 0.4]
        bound = {domain: chance.choice((GS, FS)) for domain in range(count) if chance.random() < 0.2}
        graph = colours.Graph(count, {pair: chance.randint(1, 9) for pair in pairs}, bound, [chance.randint(1, 99) for _ in range(count)])
        found, proved = colours.assign(graph)
        allowed = (one for one in itertools.product((GS, FS), repeat=count) if all(one[domain] == colour for domain, colour in bound.items()))
        assert proved and graph.cost(found) == min(graph.cost(list(one)) for one in allowed), (count, pairs, bound)


def large_graphs():
    """Beyond exact search: two sides that only call each other are found nevertheless."""
    chance = random.Random(5)
    calls = {(u, v): 1 for u in range(0, 60, 2) for v in range(1, 60, 2) if chance.random() < 0.2}
    found, cost, proved = best(60, calls)
    assert cost.writes == 0 and not proved, cost
    assert found == best(60, calls)[0], "not the same again"


def simulated_writes(calls, painted, root):
    """Bases written when `root` makes its calls: each callee makes its own, the registers are kept in between."""
    registers, writes = [None, None], 0
    registers[painted[root]] = root

    def enter(domain):
        nonlocal writes
        writes += registers[painted[domain]] != domain
        registers[painted[domain]] = domain

    def visit(domain, times):
        for (caller, callee), rate in sorted(calls.items()):
            for _ in range(rate // times if caller == domain else 0):
                enter(callee)
                visit(callee, rate)
                enter(domain)

    visit(root, 1)
    return writes


def cost_is_what_a_chain_writes():
    """The formula against a simulation of the two registers, for every colouring of chains."""
    for rates in ((4, 12), (40, 40), (5, 5, 5), (4, 12, 36), (3, 3, 6, 6)):
        calls = {(number, number + 1): rate for number, rate in enumerate(rates)}
        graph = colours.Graph(len(rates) + 1, calls)
        for painted in itertools.product((GS, FS), repeat=graph.count):
            count, cost = simulated_writes(calls, painted, 0), graph.cost(list(painted)).writes
            assert abs(cost - count) <= 2 * len(rates), (rates, painted, cost, count)  # the first visit finds empty registers


def explained(build, text, *options):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "system.toml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        done = subprocess.run([sys.executable, MKIMAGE, path, "--explain", "--build", build, *options], capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


SYSTEM = """[system]
name = "three"
""" + "".join(f"""
[domain.{name}]
image = "victim"
[port."{name}.port"]
server = "{name}"
interface = "Victim"
""" for name in "abc") + """
[[grant]]
to = "a"
name = "next"
port = "b.port"
[[grant]]
to = "b"
name = "next"
port = "c.port"
rate = 50
"""


def mkimage_explains(build):
    text = explained(build, SYSTEM)
    for part in ("a       b       gs fs    1     0", "b       c       fs gs    50    0", "a -> b -> c  1       2", "Expected: 2 writes in 51 calls"):
        assert part in text, text


def mkimage_explains_as_data(build):
    data = json.loads(explained(build, SYSTEM, "--json"))
    assert [one["colour"] for one in data["domains"]] == ["gs", "fs", "gs"], data
    assert data["calls"][1] == {"caller": "b", "callee": "c", "rate": 50, "writes": 0} and data["writes"] == 2, data


def mkimage_obeys(build):
    text = explained(build, SYSTEM.replace('[domain.b]\n', '[domain.b]\ncolour = "gs"\n'))
    assert "b       gs      as the manifest says" in text, text


TESTS = [two_domains, nobody_calls, calls_itself, chain, chain_in_one_colour, rare_call_is_given_up, star, even_cycle, odd_cycle, long_way, explicit_colours_bind,
         explicit_colours_turn_the_rest, all_bound, big_images_stay, random_graphs_are_exact, large_graphs, cost_is_what_a_chain_writes]
BUILD_TESTS = [mkimage_explains, mkimage_explains_as_data, mkimage_obeys]


def main():
    suite = Suite("colours")
    build = suite.options(__doc__).build
    for one in TESTS:
        suite.run(one)
    for one in BUILD_TESTS:
        suite.run(one, build)
    return suite.end()


if __name__ == "__main__":
    sys.exit(main())
