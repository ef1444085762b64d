#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Make a boot archive (kernel/abi/manifest.h) from a system manifest (systems/*.toml, format: docs/manifest.md).

Everything is checked here, with file, line and column: unknown domains, images, interfaces, rights and keys, wrong
types, names given twice, and images whose client and server were built from different interface definitions.
"""
import argparse
import json
import os
import re
import struct
import sys
import tomllib

import colours
import shadows

PAGE = 4096
KERNEL = 0xFFFFFFFF
BADGE_OF_CALLER = 0xFFFFFFFF  # kernel/abi/cap.h
RATE_LIMIT = 1000000000
NOTE_IMPORT, NOTE_EXPORT, NOTE_HARDENED, NOTE_PLAIN = 1, 2, 4, 5  # kernel/abi/image.h
MAGIC = 0x31304B4C55424842
RIGHTS = {"call": 1, "serve": 2, "wait": 4, "signal": 8, "read": 16, "write": 32, "dma": 64, "client": 128, "server": 256, "grant": 512}
SIZES = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}

ISOLATION, ON_GIVE_UP = ("sfi", "none", "pks", "paging", "process"), ("hold", "fail")  # as numbered in kernel/abi/manifest.h

# Keys of each kind of table: name -> (type, default); no default: required.
DOMAIN = {"image": (str, ""), "colour": (str, "auto"), "memory": (str, "16M"), "caps": (int, 64), "watchdog_ms": (int, 0),
          "restart": (str, "never"), "restart_limit": (int, 5), "restart_window_ms": (int, 10000), "backoff_ms": (int, 10), "answer_ms": (int, 0),
          "priority": (int, 2), "order": (int, 5), "hardened": (bool, False), "isolation": (str, "sfi"),
          "on_give_up": (str, "hold"), "settings": (dict, {})}
PORT = {"server": (str,), "interface": (str,), "as": (str, ""), "object": (int, 0), "device": (str, ""), "interpose": (str, ""), "interpose_settings": (dict, {})}
RING = {"client": (str,), "server": (str,), "type": (str,), "entries": (int, 64), "buffer": (str, "")}
BUFFER = {"size": (str, ""), "file": (str, "")}
GRANT = {"to": (str,), "name": (str,), "port": (str, ""), "ring": (str, ""), "buffer": (str, ""), "rights": (list, None), "rate": (int, 1),
         "badge": (int, 0), "interpose": (str, "")}
SYSTEM = {"name": (str,), "description": (str, "")}
CHOSEN = re.compile(r"\$([a-z][a-z0-9_-]*)")


class Refusal(Exception):
    """Something in the manifest or its files that stops the build."""


class Manifest:
    """The TOML text, and where in it things stand."""

    def __init__(self, path, choose=()):
        self.path = path
        try:
            self.text = open(path, encoding="utf-8").read()
        except OSError as error:
            raise Refusal(f"{path}: {error.strerror}") from error
        self.lines = self.text.splitlines()
        self.data = self.parse()
        self.choose(choose)

    def parse(self):
        try:
            return tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            match = re.search(r"line (\d+), column (\d+)", str(error))
            place = f"{match.group(1)}:{match.group(2)}" if match else "1:1"
            raise Refusal(f"{self.path}:{place}: {re.sub(r' *[(]at .*', '', str(error))}") from error

    def choose(self, options):
        """Put what [choice] says in the place of each $name, in keys and values alike."""
        choices = self.data.pop("choice", {})
        if not isinstance(choices, dict):
            self.refuse("choice", "a table is needed here")
        for name, value in choices.items():
            if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9_.-]+", value) or not CHOSEN.fullmatch("$" + name):
                self.refuse("choice", f"`{name}': a name in small letters, and for it a name such as \"virtio-blk\"", name)
        for name, value in (option.split("=", 1) for option in options):
            if name not in choices:
                raise Refusal(f"{self.path}: nothing to choose by the name of `{name}'; known: {', '.join(choices) or 'none'}")
            choices[name] = value
        if not choices:
            return
        rows = []
        for row, line in enumerate(self.lines, 1):
            for match in CHOSEN.finditer(line.split("#")[0]):
                if match.group(1) not in choices:
                    raise Refusal(f"{self.path}:{row}:{match.start() + 1}: `{match.group()}' is not in [choice]; known: {', '.join(choices)}")
            rows.append(CHOSEN.sub(lambda match: choices.get(match.group(1), match.group()), line))
        self.lines = rows
        self.text = "\n".join(rows)
        self.data = self.parse()
        self.data.pop("choice")

    def place(self, table, key=None, value=None):
        """line:column of a key (or a value) in [table] or in the table's n-th [[table]]."""
        name, number = table if isinstance(table, tuple) else (table, None)
        seen, inside, first = -1, False, None
        for row, line in enumerate(self.lines, 1):
            head = re.match(r"\s*\[+\s*([^\]]*?)\s*\]+", line)
            if head and not re.match(r"\s*\w+\s*=", line):
                title = head.group(1).replace('"', "")
                same = title == name or (not key and title.startswith(name + "."))
                seen += same
                inside = same and number in (None, seen)
                if inside and first is None:
                    first = f"{row}:{line.index('[') + 1}"
                continue
            if inside and key and re.match(rf'\s*"?{re.escape(key)}"?\s*=', line):
                column = line.find(str(value), line.index("=")) if value is not None else len(line) - len(line.lstrip())
                return f"{row}:{max(column, 0) + 1}"
        return first or "1:1"

    def refuse(self, table, message, key=None, value=None):
        raise Refusal(f"{self.path}:{self.place(table, key, value)}: {message}")


def size_of(manifest, table, key, text):
    """Bytes of "256M" and the like."""
    match = re.fullmatch(r"(\d+)([KMG]?)", text)
    if not match or not int(match.group(1)):
        manifest.refuse(table, f'{key} = "{text}": give a size such as "64K" or "256M"', key, text)
    return int(match.group(1)) * SIZES.get(match.group(2), 1)


def read_table(manifest, table, data, schema):
    """Check a table's keys and types; fill in defaults."""
    if not isinstance(data, dict):
        manifest.refuse(table, "a table is needed here")
    for key, value in data.items():
        if key not in schema:
            manifest.refuse(table, f"unknown key `{key}'; known: {', '.join(schema)}", key)
        if not isinstance(value, schema[key][0]) or (isinstance(value, bool) and schema[key][0] is int):
            manifest.refuse(table, f"`{key}' must be a {schema[key][0].__name__}, not {type(value).__name__}", key)
        if schema[key][0] is int and not 0 <= value < 1 << 32:
            manifest.refuse(table, f"{key} = {value} is not between 0 and 4294967295", key)
    for key, rule in schema.items():
        if len(rule) == 1 and key not in data:
            manifest.refuse(table, f"`{key}' is missing")
    return {key: data.get(key, rule[1] if len(rule) > 1 else None) for key, rule in schema.items()}


def notes_of(path):
    """The notes of an image that are ours: [(type, contents)]."""
    data = open(path, "rb").read()
    if data[:4] != b"\x7fELF" or len(data) < 64:
        raise Refusal(f"{path}: not an ELF image; build it with bhcc")
    offset, = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    found = []
    for index in range(count):
        kind, _, start, _, _, length = struct.unpack_from("<IIQQQQ", data, offset + index * size)
        position, end = start, start + length
        while kind == 4 and position + 12 <= min(end, len(data)):
            name_size, body_size, note = struct.unpack_from("<III", data, position)
            body = position + 12 + (name_size + 3) // 4 * 4
            if data[position + 12:position + 20] == b"Bulkhead":
                found.append((note, data[body:body + body_size]))
            position = body + (body_size + 3) // 4 * 4
    return found


def note_interfaces(path):
    """Interfaces that an image imports and exports: [(import?, id, fingerprint, name)]."""
    found = []
    for note, body in notes_of(path):
        if note in (NOTE_IMPORT, NOTE_EXPORT) and len(body) >= 48:
            number, _, fingerprint = struct.unpack_from("<IIQ", body)
            found.append((note == NOTE_IMPORT, number, fingerprint, body[16:48].split(b"\0")[0].decode("ascii", "replace")))
    return found


class System:
    """Everything that goes into the archive, as lists in archive order."""

    def __init__(self, manifest, options):
        self.manifest, self.options = manifest, options
        self.interfaces = json.load(open(os.path.join(options.build, "gen", "interfaces.json"), encoding="utf-8"))
        self.files, self.file_index = [], {}
        self.domains, self.ports, self.rings, self.buffers, self.grants, self.settings = [], [], [], [], [], []
        known = {"system", "domain", "port", "ring", "buffer", "grant"}
        for key in manifest.data:
            if key not in known:
                manifest.refuse(key, f"unknown table `{key}'; known: {', '.join(sorted(known))}")
        self.name = read_table(manifest, "system", manifest.data.get("system", {}), SYSTEM)["name"]
        self.read_domains()
        self.read_buffers()
        self.read_ports()
        self.read_rings()
        self.read_grants()
        self.shadows = shadows.add(self)
        self.check_counts()
        self.check_fingerprints()
        self.colour_domains()

    def named(self, kind):
        """(name, table name, data) of each [kind.NAME], names checked."""
        for name, data in self.manifest.data.get(kind, {}).items():
            if len(name) > 31 or not re.fullmatch(r"[A-Za-z0-9_.-]+", name):
                self.manifest.refuse(f"{kind}.{name}", f"`{name}' is not a name (letters, digits, . _ -, at most 31)")
            yield name, f"{kind}.{name}", data

    def index(self, items, name, table, key, kind):
        for number, item in enumerate(items):
            if item["name"] == name:
                return number
        close = ", ".join(item["name"] for item in items) or "none"
        self.manifest.refuse(table, f"there is no {kind} `{name}' (known: {close})", key, name)
        return None

    def add_file(self, name, path, table, key):
        if name in self.file_index:
            return self.file_index[name]
        try:
            data = open(path, "rb").read()
        except OSError as error:
            self.manifest.refuse(table, f"{path}: {error.strerror}", key)
        self.file_index[name] = len(self.files)
        self.files.append((name, data))
        return self.file_index[name]

    def read_domains(self):
        for name, table, data in self.named("domain"):
            self.add_domain(name, table, data)
        if not self.domains:
            self.manifest.refuse("system", "a system needs at least one [domain.NAME]")
        for name, value in (option.split("=", 1) for option in self.options.set):
            domain, _, key = name.partition(".")
            number = self.index(self.domains, domain, "system", None, "domain")
            self.settings = [item for item in self.settings if item[:2] != (number, key)] + [(number, key, value)]

    def add_domain(self, name, table, data):
        one = read_table(self.manifest, table, data, DOMAIN)
        one["isolation"] = self.options.isolation_of.get(name, one["isolation"])
        if one["isolation"] not in ISOLATION:
            self.manifest.refuse(table, f'isolation = "{one["isolation"]}": give one of {", ".join(ISOLATION)}', "isolation", one["isolation"])
        plain = one["isolation"] != "sfi"
        image = (one["image"] or name) + "-plain" * plain
        path = os.path.join(self.options.build, "domains", image + ".elf")
        if not os.path.exists(path):
            help_text = f"`make {path}' builds it" if plain else "is there a folder of that name with a main.c?"
            self.manifest.refuse(table, f"there is no image `{image}' ({path}); {help_text}", "image" if "image" in data else None)
        if plain != any(note == NOTE_PLAIN for note, _ in notes_of(path)):
            self.manifest.refuse(table, f"image {path} is {'not ' * plain}of the plain flavour, and isolation is {one['isolation']}",
                                 "isolation" if "isolation" in data else None)
        if one["colour"] not in (*colours.NAMES, "auto"):
            self.manifest.refuse(table, f'colour = "{one["colour"]}": give gs, fs or auto', "colour", one["colour"])
        for key, values in (("restart", ("never", "on-crash")), ("on_give_up", ON_GIVE_UP)):
            if one[key] not in values:
                self.manifest.refuse(table, f'{key} = "{one[key]}": give {" or ".join(values)}', key)
        if one["hardened"] and not any(note == NOTE_HARDENED for note, _ in notes_of(path)):
            self.manifest.refuse(table, f"image {path} is not hardened; compile and link it with bhcc --hardened", "hardened")
        for key, limit in (("priority", 3), ("order", 15), ("caps", 4096)):
            if one[key] > limit:
                self.manifest.refuse(table, f"{key} = {one[key]} is past the limit ({limit})", key)
        one.update(name=name, table=table, path=path, file=self.add_file(image, path, table, "image"),
                   memory=size_of(self.manifest, table, "memory", one["memory"]))
        for key, value in one["settings"].items():
            if not isinstance(value, (str, int)) or len(key) > 27 or len(str(value)) > 479:
                self.manifest.refuse(table, f"setting `{key}': a string or number of at most 479 characters, please", "settings", key)
            self.settings.append((len(self.domains), key, str(value)))
        self.domains.append(one)

    def read_buffers(self):
        for name, table, data in self.named("buffer"):
            one = read_table(self.manifest, table, data, BUFFER)
            if bool(one["size"]) == bool(one["file"]):
                self.manifest.refuse(table, "give either `size' or `file'")
            number, size = KERNEL, 0
            one["file"] = self.options.file_of.get(name, one["file"])
            if one["file"]:
                number = self.add_file(name, one["file"].replace("$BUILD", self.options.build), table, "file")
            else:
                size = size_of(self.manifest, table, "size", one["size"])
            self.buffers.append({"name": name, "size": size, "file": number})

    def interface(self, name, table):
        for one in self.interfaces["interfaces"]:
            if one["name"] == name:
                return one
        known = ", ".join(one["name"] for one in self.interfaces["interfaces"])
        self.manifest.refuse(table, f"unknown interface `{name}'; known: {known}", "interface", name)
        return None

    def read_ports(self):
        for name, table, data in self.named("port"):
            one = read_table(self.manifest, table, data, PORT)
            interface = self.interface(one["interface"], table)
            server = KERNEL if one["server"] == "kernel" else self.index(self.domains, one["server"], table, "server", "domain")
            if interface["kernel"] != (server == KERNEL):
                self.manifest.refuse(table, f"interface {one['interface']} is served by {'the kernel' if interface['kernel'] else 'domains'}", "server")
            served_as = one["as"] or name
            if len(served_as) > 31:
                self.manifest.refuse(table, f"as = \"{served_as}\": at most 31 characters", "as")
            if any(served_as == port["as"] and server == port["server"] for port in self.ports if server != KERNEL):
                self.manifest.refuse(table, f"{one['server']} serves a port as `{served_as}' already", "as" if one["as"] else None)
            self.ports.append({"name": name, "as": served_as, "server": server, "interface": interface["id"],
                               "fingerprint": int(interface["fingerprint"], 16), "object": one["object"], "argument": one["device"], "table": table, "interpose": one["interpose"],
                               "interpose_settings": one["interpose_settings"]})

    def read_rings(self):
        for name, table, data in self.named("ring"):
            one = read_table(self.manifest, table, data, RING)
            kind = next((item for item in self.interfaces["rings"] if item["name"] == one["type"]), None)
            if not kind:
                known = ", ".join(item["name"] for item in self.interfaces["rings"])
                self.manifest.refuse(table, f"unknown ring type `{one['type']}'; known: {known}", "type", one["type"])
            if one["entries"] & (one["entries"] - 1) or not 2 <= one["entries"] <= 1024:
                self.manifest.refuse(table, f"entries = {one['entries']}: give a power of two from 2 to 1024", "entries")
            client, server = (self.index(self.domains, one[side], table, side, "domain") for side in ("client", "server"))
            if client == server:
                self.manifest.refuse(table, "client and server are the same domain", "server")
            buffer = self.index(self.buffers, one["buffer"], table, "buffer", "buffer") if one["buffer"] else KERNEL
            self.rings.append({"name": name, "client": client, "server": server, "entries": one["entries"], "buffer": buffer, "kind": kind})

    def read_grants(self):
        for number, data in enumerate(self.manifest.data.get("grant", [])):
            table = ("grant", number)
            one = read_table(self.manifest, table, data, GRANT)
            kinds = [(key, items) for key, items in (("port", self.ports), ("ring", self.rings), ("buffer", self.buffers)) if one[key]]
            if len(kinds) != 1:
                self.manifest.refuse(table, "a grant names exactly one of port, ring, buffer")
            key, items = kinds[0]
            domain = self.index(self.domains, one["to"], table, "to", "domain")
            target = self.index(items, one[key], table, key, key)
            if len(one["name"]) > 31:
                self.manifest.refuse(table, "name: at most 31 characters", "name")
            if any(grant["domain"] == domain and grant["name"] == one["name"] for grant in self.grants):
                self.manifest.refuse(table, f"{one['to']} has a capability named `{one['name']}' already", "name", one["name"])
            if key == "ring" and domain not in (items[target]["client"], items[target]["server"]):
                self.manifest.refuse(table, f"{one['to']} is neither client nor server of ring `{one['ring']}'", "to", one["to"])
            if "rate" in data and key != "port":
                self.manifest.refuse(table, f"rate: how often a port is called; a {key} is not called", "rate")
            if "badge" in data and (key != "port" or items[target]["server"] == KERNEL):
                self.manifest.refuse(table, f"badge: a number that a domain is told with each call; {'the kernel' if key == 'port' else f'a {key}'} is not", "badge")
            if one["badge"] == BADGE_OF_CALLER:
                self.manifest.refuse(table, f"badge = {BADGE_OF_CALLER} is what shadows have; the biggest is {BADGE_OF_CALLER - 1}", "badge")
            if not 1 <= one["rate"] <= RATE_LIMIT:
                self.manifest.refuse(table, f"rate = {one['rate']} is not between 1 and {RATE_LIMIT}", "rate")
            default = {"port": ["call", "grant"], "buffer": ["read", "write"], "ring": ["client", "server"]}[key]
            rights = 0
            for right in default if one["rights"] is None else one["rights"]:
                if right not in RIGHTS:
                    self.manifest.refuse(table, f"unknown right `{right}'; known: {', '.join(RIGHTS)}", "rights", right)
                rights |= RIGHTS[right]
            self.grants.append({"name": one["name"], "domain": domain, "kind": ("port", "ring", "buffer").index(key), "index": target, "rights": rights,
                                "rate": one["rate"], "badge": one["badge"], "interpose": one["interpose"], "table": table})

    def check_counts(self):
        """As many as the kernel has places for (kernel/domain/archive.c)."""
        for what, table, items, limit in (("domains", "domain", self.domains, 63), ("ports", "port", self.ports, 128), ("rings", "ring", self.rings, 64),
                                          ("buffers", "buffer", self.buffers, 64), ("grants", "grant", self.grants, 1024),
                                          ("settings", "domain", self.settings, 256), ("files", "domain", self.files, 256)):
            if len(items) > limit:
                self.manifest.refuse(table, f"{len(items)} {what}, the limit is {limit}")

    def colour_domains(self):
        """Colours where the manifest gives none: who is granted whose port calls it. Plain domains use neither register."""
        calls = {}
        for grant in self.grants:
            server = self.ports[grant["index"]]["server"] if grant["kind"] == 0 else KERNEL
            plain = server != KERNEL and "sfi" != self.domains[server]["isolation"] or self.domains[grant["domain"]]["isolation"] != "sfi"
            if server != KERNEL and not plain and grant["rights"] & RIGHTS["call"]:
                pair = (grant["domain"], server)
                calls[pair] = calls.get(pair, 0) + grant["rate"]
        bound = {number: colours.NAMES.index(domain["colour"]) for number, domain in enumerate(self.domains) if domain["colour"] != "auto"}
        self.graph = colours.Graph(len(self.domains), calls, bound, [len(self.files[domain["file"]][1]) for domain in self.domains])
        self.colours, self.proved = colours.assign(self.graph)

    def explain(self):
        """What mkimage made of the manifest, as data."""
        data = colours.explain(self.name, self.domains, self.graph, self.colours, self.proved)
        data["badges"] = [{"holder": self.domains[one["domain"]]["name"], "capability": one["name"], "port": self.ports[one["index"]]["name"],
                           "badge": one["badge"]} for one in self.grants if one["badge"] not in (0, BADGE_OF_CALLER)]
        data["shadows"] = self.shadows
        return data

    def check_fingerprints(self):
        """Client and server images against the interfaces as the kernel's proxies were built."""
        for domain in self.domains:
            for _, number, fingerprint, name in note_interfaces(domain["path"]):
                known = next((one for one in self.interfaces["interfaces"] if one["id"] == number), None)
                if not known or fingerprint not in [int(one, 16) for one in [known["fingerprint"], *known.get("older", [])]]:
                    have = known["fingerprint"] if known else "none"
                    self.manifest.refuse(domain["table"], f"image {domain['path']}: interface {name} has fingerprint {fingerprint:016x}, idl/ says {have}; "
                                         "rebuild the image", "image")


def text(value, size):
    return value.encode()[:size - 1].ljust(size, b"\0")


def pack(system):
    """The archive's bytes."""
    tables = [b"", b"", b"", b"", b"", b"", b""]
    counts = [len(x) for x in (system.files, system.domains, system.ports, system.rings, system.buffers, system.grants, system.settings)]
    tables[1] = b"".join(struct.pack("<32sIIQIIIIIIIIIIII", text(d["name"], 32), d["file"], colour, d["memory"], d["caps"], d["watchdog_ms"],
                                     d["restart"] == "on-crash", d["restart_limit"], d["restart_window_ms"], d["backoff_ms"], d["priority"], d["order"], d["hardened"], ISOLATION.index(d["isolation"]),
                                     ON_GIVE_UP.index(d["on_give_up"]), d["answer_ms"]) for d, colour in zip(system.domains, system.colours))
    tables[2] = b"".join(struct.pack("<32sIIQQ64sII", text(p["as"], 32), p["server"], p["interface"], p["fingerprint"], p["object"], text(p["argument"], 64), p.get("shadows", 0), 0)
                         for p in system.ports)
    tables[3] = b"".join(struct.pack("<32sIIIIIIQ", text(r["name"], 32), r["client"], r["server"], r["entries"], r["kind"]["request_size"],
                                     r["kind"]["completion_size"], r["buffer"], int(r["kind"]["type"], 16)) for r in system.rings)
    tables[4] = b"".join(struct.pack("<32sQII", text(b["name"], 32), b["size"], b["file"], 0) for b in system.buffers)
    tables[5] = b"".join(struct.pack("<32sIIIII", text(g["name"], 32), g["domain"], g["kind"], g["index"], g["rights"], g["badge"]) for g in system.grants)
    tables[6] = b"".join(struct.pack("<I28s480s", s[0], text(s[1], 28), text(s[2], 480)) for s in system.settings)
    tables[0] = b"\0" * (64 * counts[0])
    head_size = 8 + 8 + 32 + 7 * 8
    offsets, position = [], (head_size + 15) // 16 * 16
    for table in tables:
        offsets.append(position)
        position = (position + len(table) + 15) // 16 * 16
    entries, blobs = [], []
    position = (position + PAGE - 1) // PAGE * PAGE
    start = position
    for name, data in system.files:
        entries.append(struct.pack("<48sQQ", text(name, 48), position, len(data)))
        blobs.append(data.ljust((len(data) + PAGE - 1) // PAGE * PAGE, b"\0"))
        position += len(blobs[-1])
    tables[0] = b"".join(entries)
    head = struct.pack("<QQ32s", MAGIC, position, text(system.name, 32))
    head += b"".join(struct.pack("<II", offset, count) for offset, count in zip(offsets, counts))
    out = bytearray(start)
    out[:len(head)] = head
    for offset, table in zip(offsets, tables):
        out[offset:offset + len(table)] = table
    return bytes(out) + b"".join(blobs)


def print_explanation(data):
    """The same for people."""
    colours.print_explanation(data)
    if data["badges"]:
        print("Badges, by which servers know who calls:")
        colours.print_table([("holder", "capability", "port", "badge")] + [tuple(one.values()) for one in data["badges"]])
    if data["shadows"]:
        print("Shadows, through which calls go:")
        colours.print_table([("port", "shadow", "mode", "capabilities")] +
                            [(one["port"], one["domain"], one["mode"], ", ".join(one["capabilities"]) or "none yet") for one in data["shadows"]])


def write(system, output):
    """The archive, whole or not at all."""
    with open(output + ".new", "wb") as file:
        file.write(pack(system))
    os.replace(output + ".new", output)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", help="systems/NAME.toml")
    parser.add_argument("-o", "--output", help="the archive")
    parser.add_argument("--explain", action="store_true", help="say which colour each domain gets, how many bases calls write, which capabilities have badges, where shadows are")
    parser.add_argument("--json", action="store_true", help="with --explain: as data")
    parser.add_argument("--build", default="build", help="folder of the build (default: build)")
    parser.add_argument("--set", action="append", default=[], metavar="DOMAIN.KEY=VALUE", help="add or replace a setting")
    parser.add_argument("--choose", action="append", default=[], metavar="NAME=VALUE", help="instead of what the manifest's [choice] says")
    parser.add_argument("--file", action="append", default=[], metavar="BUFFER=PATH", help="fill a buffer of the manifest from this file instead")
    parser.add_argument("--isolation", action="append", default=[], metavar="DOMAIN=MECHANISM", help="isolate a domain by this mechanism instead")
    parser.add_argument("--interpose", action="append", default=[], metavar="PORT=MODE", help="as if the port had interpose = \"MODE\"")
    options = parser.parse_args()
    for option in options.interpose:
        if "=" not in option:
            parser.error(f"--interpose {option}: write PORT=MODE")
    for option in options.file:
        if "=" not in option:
            parser.error(f"--file {option}: write BUFFER=PATH")
    if not options.output and not options.explain:
        parser.error("nothing to do: give -o FILE, --explain or both")
    for option in options.isolation:
        if "=" not in option:
            parser.error(f"--isolation {option}: write DOMAIN=MECHANISM")
    options.isolation_of = dict(option.split("=", 1) for option in options.isolation)
    options.file_of = dict(option.split("=", 1) for option in options.file)
    for option in options.choose:
        if not re.fullmatch(r"[^=]+=[A-Za-z0-9_.-]+", option):
            parser.error(f"--choose {option}: write NAME=VALUE")
    for option in options.set:
        if not re.match(r"[^=.]+\.[^=]+=", option):
            parser.error(f"--set {option}: write DOMAIN.KEY=VALUE")
    try:
        system = System(Manifest(options.manifest, options.choose), options)
        if options.explain:
            data = system.explain()
            if options.json:
                print(json.dumps(data, indent=1))
            else:
                print_explanation(data)
        if options.output:
            write(system, options.output)
    except Refusal as refusal:
        print(f"mkimage: {refusal}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"mkimage: {error.filename or options.output}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
