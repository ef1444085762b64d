#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Everything that the interface language has, called between two domains in the hosted kernel (tests/domains/shop and shopper), in colours
that differ and in one; values that no type allows, from clients and from servers; images built from an older version."""
import json
import os
import struct
import sys

import hosted

HERE = os.path.dirname(os.path.abspath(__file__))
MANIFEST = os.path.join(HERE, "interfaces.toml")
# Name, scenario of the shopper, colours of shopper and shop.
SCENARIOS = [("calls", "gs", "fs"), ("calls", "fs", "gs"), ("calls", "fs", "fs"), ("hostile-values", "gs", "fs"), ("hostile-values", "fs", "gs"),
             ("hostile-flags", "gs", "fs"), ("hostile-fields", "fs", "gs"), ("hostile-optionals", "fs", "fs"),
             ("hostile-results", "gs", "gs"), ("hostile-results", "fs", "gs"), ("old-server", "gs", "fs"),
             ("answers", "gs", "fs"), ("answers", "fs", "gs"), ("answers", "gs", "gs")]
SETTINGS = {"answers": ["bystander.scenario=die-in-locker"]}
# What the kernel's log says of the values refused: the first of them, since it says no more than three of a kind in a second.
SENTENCES = {
    "hostile-values": ["Shop.paint: colour is no value of enum ShopColour: shopper passes 3 (0x3)", "shopper passes 65 bytes in a call, the limit is 64"],
    "hostile-flags": ["Shop.paint: wish has bits that are none of flags ShopWish: shopper passes 4 (0x4)", "Shop.paint: dry is not 0 or 1: shopper passes 2"],
    "hostile-fields": ["Shop.put: item.colour is no value of enum ShopColour: shopper passes 3", "Shop.put: item.name has no zero at its end",
                       "Shop.put: item.stripes is no value of enum ShopColour: shopper passes 3"],
    "hostile-optionals": ["Shop.find: colour is neither there nor left out: shopper passes 2", "Shop.find: name has no zero at its end"],
    "hostile-results": ["Shop.lie: colour is no value of enum ShopColour: shop returns 3 (0x3)", "Shop.lie: data is longer than its bound: shop returns 17"],
    "answers": ["returning a capability: there is no capability 0", "shop returns capability 0 to "],
    "calls": ["Shop.paint: result is no error that it fails with: shop returns 4294967276", "passing a capability: ring other-orders is of another type"],
}


def manifest(runner, name, client, server, extra=""):
    text = open(MANIFEST, encoding="utf-8").read().replace("CLIENT_COLOUR", client).replace("SERVER_COLOUR", server).replace("# EXTRA", extra)
    path = os.path.join(runner.logs, name + ".toml")
    open(path, "w", encoding="utf-8").write(text)
    return path


# The same through a shadow of the shop, and what shadows do: scenario, modes.
THROUGH = [(scenario, mode) for mode in ("log,measure,check", "replay") for scenario in ("calls", "answers", "hostile-values", "hostile-fields", "hostile-results")]
SHADOWS = [("shadow-modes", "measure"), ("shadow-replays", "replay"), ("shadow-dies", "measure"), ("shadow-comes-and-goes", "standby")]


def run(runner, title, scenario, client, server, extra="", change=None, mode=None):
    if not runner.wanted(title):
        return
    archive = runner.archive(title, manifest(runner, title, client, server, extra), [f"shopper.scenario={scenario}", *SETTINGS.get(scenario, ())],
                             interpose=[f"shop={mode}"] + [f"locker={mode}"] * (scenario == "answers") if mode else ())
    if change:
        data = bytearray(open(archive, "rb").read())
        change(data)
        open(archive, "wb").write(data)
    status, text = runner.boot(title, archive)
    os.unlink(archive)
    missing = [one for one in SENTENCES.get(scenario, []) if one not in text]
    problem = None
    if status != 0 or f"shopper: ok {scenario}" not in text:
        problem = f"status {status}"
    elif missing:
        problem = f"the log lacks {missing}"
    runner.report(title, problem, text)


def older_image(build, name):
    """A change of an archive: the image says that it was built when version 1 of Shop was the newest."""
    shop = next(one for one in json.load(open(os.path.join(build, "gen", "interfaces.json"), encoding="utf-8"))["interfaces"] if one["name"] == "Shop")
    note = struct.pack("<IIQ", shop["id"], shop["methods"], int(shop["fingerprint"], 16))

    def change(data):
        start, size = hosted.image_of(data, name)
        at = data.index(note, start, start + size)
        struct.pack_into("<IIQ", data, at, shop["id"], shop["older_methods"][0], int(shop["older"][0], 16))
    return change


def main():
    runner = hosted.Runner(hosted.parser(__doc__).parse_args())
    for scenario, client, server in SCENARIOS:
        extra = 'settings = { version = "1" }' if scenario == "old-server" else ""
        run(runner, f"interface-{scenario}-{client}-{server}", scenario, client, server, extra)
    run(runner, "interface-old-client", "old-client", "gs", "fs", change=older_image(runner.build, b"shopper"))
    run(runner, "interface-image-of-old-server", "old-client", "gs", "fs", change=older_image(runner.build, b"shop"))
    for scenario, mode in THROUGH:
        run(runner, f"interface-{scenario}-through-{mode.replace(',', '-')}", scenario, "auto", "auto", mode=mode)
    for scenario, mode in SHADOWS:
        run(runner, f"interface-{scenario}", scenario, "auto", "auto", mode=mode)
    print(f"{runner.passed} passed, {runner.failed} failed")
    return 1 if runner.failed else 0


if __name__ == "__main__":
    sys.exit(main())
