#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Calls of any method over the control line: generated Python clients, `bhctl call', and hostile bytes."""
import json
import os
import random
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tests"), os.path.join(ROOT, "tools", "run")]
from checks import Suite, check  # noqa: E402  pylint: disable=wrong-import-position
from machine import Machine, Trouble  # noqa: E402  pylint: disable=wrong-import-position


def fails(function, kind, words):
    """`function` raises an exception of that kind which has the words in it."""
    try:
        found = function()
    except kind as error:
        check(words in str(error), f"{error!r} instead of {words}")
        return
    raise AssertionError(f"{found!r} instead of {words}")


class Calls:
    """One machine, many tests."""

    def __init__(self, machine, build):
        sys.path.insert(0, os.path.join(build, "gen", "python"))
        import bulkhead.client as client  # pylint: disable=import-outside-toplevel,import-error
        import bulkhead.kinds as kinds  # pylint: disable=import-outside-toplevel,import-error
        from bulkhead.locker import Locker  # pylint: disable=import-outside-toplevel,import-error
        from bulkhead.shop import Shop  # pylint: disable=import-outside-toplevel,import-error
        from bulkhead.system import System  # pylint: disable=import-outside-toplevel,import-error
        self.client, self.kinds, self.machine, self.build = client, kinds, machine, build
        self.shop, self.locker, self.system = Shop(machine.control, "shop"), Locker(machine.control, "locker"), System(machine.control, "system")
        self.other_shop = Shop

    def scalars_and_errors(self):
        colour, wish = self.kinds.ShopColour, self.kinds.ShopWish
        check(self.shop.paint(colour.GREEN, wish.GIFT | wish.EXPRESS, True) is colour.RED, "it was red")
        check(self.shop.paint(colour.RED, 0, True) is colour.GREEN, "it was green")
        fails(lambda: self.shop.paint(colour.BLUE, 0, True), self.client.CallError, "ShopErrors.SOLD_OUT")
        fails(lambda: self.shop.paint(3, 0, True), self.client.CallError, "EINVAL")
        fails(lambda: self.shop.paint(colour.RED, 4, True), self.client.CallError, "EINVAL")
        fails(lambda: self.shop.paint(colour.RED, 0, 2), self.client.Mistake, "neither true nor false")
        fails(lambda: self.shop.paint(300, 0, True), self.client.Mistake, "300 is no u8")

    def structs(self):
        kinds = self.kinds
        item = kinds.ShopItem(price=2**64 - 1, size=kinds.ShopSize(65535, 2), colour=kinds.ShopColour.BLUE, sold=True, wish=kinds.ShopWish.EXPRESS,
                              name="fifteen letters", stripes=[kinds.ShopColour.RED] * 3, lining=kinds.ShopColour.GREEN)
        check(self.shop.put(item) == item, f"the item came back as {self.shop.put(item)}")
        item.lining = None
        check(self.shop.put(item) == item, "an item without lining")
        item.name = "sixteen letters."
        fails(lambda: self.shop.put(item), self.client.Mistake, "no string of at most 15 bytes")
        item.name, item.colour = "", 3
        fails(lambda: self.shop.put(item), self.client.CallError, "EINVAL")

    def optionals_and_bytes(self):
        kinds = self.kinds
        check(tuple(self.shop.find("spoon", kinds.ShopColour.BLUE, kinds.ShopSize(3, 4))) == (4305, "noops"), "all there")
        check(tuple(self.shop.find("", None, None)) == (None, None), "nothing there")
        check(self.shop.many(bytes(64)) == 64 and self.shop.many(b"") == 0, "bytes")
        fails(lambda: self.shop.many(bytes(65)), self.client.Mistake, "at most 64 bytes")
        lie = self.shop.lie(9)
        check(lie.colour is kinds.ShopColour.GREEN and lie.data == b"data" and lie.item.colour is kinds.ShopColour.BLUE and lie.more == 9, lie)
        fails(lambda: self.shop.lie(2), self.client.CallError, "EPROTO")

    def buffers(self):
        samples = b"".join(number.to_bytes(4, "little", signed=True) for number in (5, -7, 100, 1))
        total = self.shop.sum(samples, 2)
        check(total.total == 99 and total.samples == samples, total)
        filled = self.shop.fill(bytes(12), 1000)
        check(filled.numbers == b"".join(number.to_bytes(4, "little") for number in (1000, 1001, 1002)) and filled.count == 1024, filled)

    def capabilities(self):
        before = self.held()
        check(self.locker.badge() == 7, "the badge that the manifest gives control")
        done = self.locker.opened(0)
        check(done.startswith("#"), done)
        fails(lambda: self.locker.opened(1), self.client.CallError, "EPROTO")
        other = self.other_shop(self.machine.control, self.locker.shop(5))
        check(other.count() == self.shop.count(), "through a port that a call returned")
        self.shop.ready(self.event())
        fails(lambda: self.shop.ready("nothing"), Trouble, "holds no capability")
        fails(lambda: self.shop.ready("shop"), self.client.CallError, "ECAP")
        for _ in range(20):
            self.locker.shop(5)
        check(self.held() <= before + 8, f"control holds {self.held()} capabilities, it were {before}")

    def event(self):
        """control's interrupt event, by number."""
        return next(f"#{one['index']}" for one in self.machine.control.ask("caps control")["caps"] if one["type"] == "event" and "grant" in one["rights"])

    def held(self):
        return len(self.machine.control.ask("caps control")["caps"])

    def oneway_and_events(self):
        before = self.shop.notes()
        self.shop.note(3, "four", b"\1\2", self.event())
        self.shop.watch_noted(self.event())
        while self.shop.notes().count == before.count:
            pass
        check(self.shop.notes().sum == before.sum + 10, self.shop.notes())

    def kernel_interfaces(self):
        check(self.system.domain_info(self.system.domain_find("shop")).name == "shop", "domain_info")
        fails(lambda: self.system.inject(1, 77), self.client.CallError, "EINVAL")
        fails(lambda: self.system.domain_find("nobody"), self.client.CallError, "ENOENT")

    def dead_server(self):
        self.machine.control.ask("kill shop")
        self.machine.control.ask("restart shop")
        tries = 0
        while True:
            try:
                check(self.shop.count() == 0, "a new instance")
                return
            except self.client.CallError as error:
                tries += 1
                check(error.name == "EDEAD" and tries < 1000, error)

    def hostile_bytes(self):
        """What no client sends is refused in words, and the line goes on."""
        line, fingerprint = self.machine.control, f"{self.shop.FINGERPRINT:016x}"
        for command, words in ((f"call nobody 32 {fingerprint} 0 -", "holds no port"), ("call shop 32 0123 0 -", "has fingerprint"),
                               (f"call shop 32 {fingerprint} 99 -", "there is no number 99"), (f"call shop 28 {fingerprint} 0 -", "no interface 28"),
                               (f"call shop 32 {fingerprint} 1 0", "no bytes in hexadecimal"), (f"call shop 32 {fingerprint} 1 zz", "no bytes in hexadecimal"),
                               (f"call shop 32 {fingerprint} 1 00", "too short"), (f"call shop 32 {fingerprint} 0 00", "too long"),
                               (f"call shop 32 {fingerprint} 8 ffff" + "00" * 64, "more bytes than the method takes"),
                               (f"call shop 32 {fingerprint} 8 4000" + "00" * 63, "too short"), (f"call shop 32 {fingerprint} 6 ff", "too long"),
                               (f"call shop 32 {fingerprint} 4 0110" + "00" * 8, "more bytes"), ("call shop 32", "not as many words"),
                               (f"call shop 32 {fingerprint} 2 " + "00" * 22100, "no bytes in hexadecimal"), ("port nobody", "holds no port"),
                               ("port #4000000000", "holds no port")):
            fails(lambda command=command: line.ask(command), Trouble, words)
        chance = random.Random(5)
        for _ in range(300):
            data = chance.randbytes(chance.choice((0, 1, 8, 9, 17, 24, 40, 41, 60, 90)))
            try:
                line.ask(f"call {chance.choice(('shop', 'locker'))} {chance.choice((32, 32, 30))} {fingerprint} {chance.randrange(15)} {data.hex() or '-'}")
            except Trouble:
                pass
        check(line.ask("domains")["domains"][0]["restarts"] == 0, "control survived")

    def bhctl(self, *words):
        self.machine.release_control()
        return subprocess.run([sys.executable, os.path.join(ROOT, "tools", "bhctl", "bhctl.py"), *words, "--build", self.build,
                               "--socket", self.machine.path("control.sock")], capture_output=True, text=True, timeout=60, check=False)

    def shadows(self):
        """A shadow between control and the shop, live: what it logs, counts, does wrong and checks; taken away, and dead."""
        bhctl, shadow = self.bhctl, ("interpose", "control", "shop")
        put = bhctl(*shadow, "log,measure")
        check(put.stdout == "control calls shop through shop.shadow: log,measure\n", put)
        check(bhctl("call", "shop", "paint", "RED", "GIFT|EXPRESS", "false").returncode == 1, "closed")
        check("Shop.paint(colour = RED, wish = GIFT | EXPRESS, dry = false) -> -1002" in bhctl("log").stdout, "the log")
        bhctl("call", "shop", "count")
        told = bhctl(*shadow)
        rows = {line.split()[0]: line.split() for line in told.stdout.splitlines()}
        check(rows["count"][1:3] == ["1", "0"] and rows["paint"][1:3] == ["1", "1"] and int(rows["count"][7]) > 0, told)
        bhctl(*shadow, "inject", "faults=fail", "every=2", "error=EBUSY", "method=count")
        check([bhctl("call", "shop", "count").returncode for _ in range(4)].count(1) == 2, "each other call fails")
        check(json.loads(bhctl(*shadow, "--json").stdout)["methods"][0]["injected"] == 2, "two faults")
        check(bhctl(*shadow, "check", "--clear").returncode == 0, "check")
        refused = bhctl("call", "shop", "fill_till", "1001")
        check("EINVAL" in refused.stderr and "broken: requires amount > 0 && amount <= 1000" in bhctl("log").stdout, refused)
        check(bhctl("kill", "shop.shadow").returncode == 0 and bhctl("call", "shop", "till").stdout == "amount = 0\n", "past a dead shadow")
        check(bhctl(*shadow, "--remove").stdout == "control calls shop by itself again\n", "removed")
        check("shop.shadow" not in [one["object"]["name"] for one in self.machine.control.ask("caps control")["caps"] if one["name"] == "shop"], "removed")
        for words, error in ((("nobody", "shop", "log"), "no domain"), (("control", "nothing", "log"), "holds no capability"), (("control", "locker", "log"), "standby"),
                             (("control", "shop", "juggle"), "none of log"), (("control", "shop", "inject", "often"), "write faults=")):
            answer = bhctl("interpose", *words)
            check(answer.returncode == 1 and error in answer.stderr, answer)

    def command_line(self):
        bhctl = self.bhctl
        listed = bhctl("call", "shop").stdout
        check("bhctl call shop paint colour:ShopColour wish:ShopWish dry:bool\n" in listed and "least:ShopSize?" in listed, listed)
        painted = bhctl("call", "shop", "paint", "RED", "EXPRESS", "true", "--json")
        check(json.loads(painted.stdout)["results"]["before"] in ("RED", "GREEN"), painted)
        item = bhctl("call", "shop", "put", '{"price": 7, "colour": "BLUE", "stripes": ["RED", "RED", 2], "wish": "GIFT|EXPRESS", "lining": null}')
        check('"wish": "GIFT|EXPRESS"' in item.stdout and '"lining": null' in item.stdout, item)
        check(bhctl("call", "shop", "find", "spoon", "none", "none").stdout == "price = none\nother = noops\n", "optionals")
        check(bhctl("call", "shop", "many", "0102ff").stdout == "size = 3\n", "bytes")
        for words, error in ((("find", "x"), "usage: bhctl call shop find"), (("nothing",), "has no method `nothing'"), (("many", "xyz"), "neither bytes"),
                             (("put", '{"prize": 1}'), "has no field `prize'"), (("paint", "PINK", "0", "true"), "none of RED, GREEN, BLUE"),
                             (("paint", "BLUE", "0", "true"), "ShopErrors.SOLD_OUT"), (("put", "{"), "is no JSON")):
            answer = bhctl("call", "shop", *words)
            check(answer.returncode == 1 and error in answer.stderr, answer)


TESTS = [Calls.scalars_and_errors, Calls.structs, Calls.optionals_and_bytes, Calls.buffers, Calls.capabilities, Calls.oneway_and_events, Calls.kernel_interfaces,
         Calls.hostile_bytes, Calls.dead_server, Calls.command_line, Calls.shadows]


def main():
    suite = Suite("call")
    build = suite.options(__doc__).build
    folder = os.path.join(build, "logs", "call")
    if any(suite.wants(suite.name(one)) for one in TESTS):
        os.makedirs(folder, exist_ok=True)
        archive = os.path.join(folder, "call.archive")
        subprocess.run([sys.executable, os.path.join(ROOT, "tools", "mkimage", "mkimage.py"), os.path.join(ROOT, "tests", "system", "call.toml"), "-o", archive,
                        "--build", build], check=True)
        with Machine(build, "call", archive=archive, folder=folder, memory="256M") as machine:
            calls = Calls(machine, build)
            for one in TESTS:
                suite.run(one, calls)
        if suite.failed:
            print(f"kernel log: {machine.path('kernel.log')}")
    return suite.end()


if __name__ == "__main__":
    sys.exit(main())
