# SPDX-License-Identifier: MIT
"""bhctl pci: the machine's PCI functions and who has them, as domain pci tells the operator; and taking one back."""
import re

from call import load
from machine import Trouble

INTERFACE = 10


def place(address):
    return f"{address >> 8:02x}:{address >> 3 & 31:02x}.{address & 7}"


def address_of(text):
    match = re.fullmatch(r"([0-9a-f]{1,2}):([0-9a-f]{1,2})\.([0-7])", text)
    if not match or int(match.group(2), 16) > 31:
        raise Trouble(f"`{text}' is no place of a function; write it as 00:01.0")
    return int(match.group(1), 16) << 8 | int(match.group(2), 16) << 3 | int(match.group(3))


def functions(client, port):
    found = []
    try:
        while True:
            found.append(port.describe(len(found)))
    except client.CallError as error:
        if error.name != "ENOENT":
            raise Trouble(f"domain pci: {error.name}") from error
    return found


def pci(control, arguments):
    client, kind = load(arguments.build, INTERFACE)
    port = kind(control, "pci")
    if arguments.take_back:
        try:
            port.revoke(address_of(arguments.take_back))
        except client.CallError as error:
            raise Trouble(f"{arguments.take_back}: {error.name}: nobody has it, or there is no such function" if error.name == "ENOENT" else error.name) from error
        return {"ok": True}, lambda: print(f"{arguments.take_back} was taken back")
    found = functions(client, port)
    answer = {"functions": [{"place": place(one.address), "vendor": one.vendor, "device": one.device, "class": one.class_code, "vectors": one.vectors,
                             "express": bool(one.express), "resets": bool(one.resets), "kind": one.kind, "holder": one.holder} for one in found]}
    rows = [("PLACE", "ID", "CLASS", "VECTORS", "RESET", "KIND", "HOLDER")]
    rows += [(place(one.address), f"{one.vendor:04x}:{one.device:04x}", f"{one.class_code:06x}", one.vectors, "yes" if one.resets else "-", one.kind or "-",
              one.holder or "-") for one in found]

    def show():
        widths = [max(len(str(row[i])) for row in rows) for i in range(len(rows[0]))]
        for row in rows:
            print("  ".join(str(cell).ljust(width) for cell, width in zip(row, widths)).rstrip())
    return answer, show


def add_pci(parser):
    parser.add_argument("--take-back", metavar="PLACE", help="stop the function at PLACE (00:01.0) and take it from its holder, who may claim it again")
