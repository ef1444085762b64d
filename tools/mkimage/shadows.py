# SPDX-License-Identifier: MIT
"""Shadows: for a port that the manifest wants interposed, a domain that bhidl generated from the port's interface, its two ports, what it holds, and
the clients' capabilities led through it. docs/shadow-domains.md."""
import os
import re

KERNEL, BADGE_OF_CALLER = 0xFFFFFFFF, 0xFFFFFFFF
CALL, GRANT = 1, 512
MODES = ("log", "measure", "inject", "check", "replay")
FAULTS = ("fail", "delay", "lose", "flip")
SETTINGS = ("every", "faults", "error", "delay_ns", "seed", "wait_ns", "method")
ERRORS = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..", "kernel", "abi", "errors.def")


def snake(name):
    """As codegen/bhidl/names.c has it: BlockInfo -> block_info."""
    return re.sub(r"(?<=[^A-Z_])(?=[A-Z])", "_", name).lower()


def words_of(system, table, key, value, known):
    """A list of words, commas between."""
    for word in (word.strip() for word in value.split(",")):
        if word not in known:
            system.manifest.refuse(table, f"{key}: unknown word `{word}'; known: {', '.join(known)}", key)
    return value


def error_number(system, table, value):
    text = open(ERRORS, encoding="utf-8").read()
    known = {name: number for name, number in re.findall(r"^ERROR\((\w+), (-?\d+),", text, re.M)}
    if not re.fullmatch(r"-\d+", str(value)) and value not in known:
        system.manifest.refuse(table, f"interpose_settings: error = {value}: give a name of kernel/abi/errors.def, as EAGAIN, or a negative number",
                               "interpose_settings")
    return known.get(value, value)


def settings_of(system, port, interface):
    """What the shadow reads, checked."""
    table, given = port["table"], dict(port["interpose_settings"])
    for key, value in given.items():
        if key not in SETTINGS:
            system.manifest.refuse(table, f"interpose_settings: unknown key `{key}'; known: {', '.join(SETTINGS)}", "interpose_settings")
        if key in ("every", "delay_ns", "seed", "wait_ns") and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
            system.manifest.refuse(table, f"interpose_settings: {key} = {value}: give a number", "interpose_settings")
    if "faults" in given:
        words_of(system, table, "interpose_settings", str(given["faults"]), FAULTS)
    if "error" in given:
        given["error"] = error_number(system, table, given["error"])
    if "method" in given and given["method"] not in interface["method_names"]:
        system.manifest.refuse(table, f"interpose_settings: {interface['name']} has no method `{given['method']}'; it has "
                               f"{', '.join(interface['method_names'])}", "interpose_settings")
    return given


def wanted_mode(system, number, port):
    """The mode that the manifest or the command line wants for a port, and the grants that go through its shadow; None: no shadow."""
    own = dict(option.split("=", 1) for option in system.options.interpose).get(port["name"], port["interpose"])
    grants = [one for one in system.grants if one["kind"] == 0 and one["index"] == number]
    single = [one for one in grants if one["interpose"]]
    modes = {one["interpose"] for one in single} | ({own} if own else set())
    if not modes:
        return None, []
    if len(modes) > 1:
        system.manifest.refuse(single[0]["table"], f"port {port['name']} has one shadow, which cannot be of several modes: {', '.join(sorted(modes))}",
                               "interpose")
    mode = modes.pop()
    table = port["table"] if own else single[0]["table"]
    if port["server"] == KERNEL:
        system.manifest.refuse(table, "a shadow stands before a domain's port; the kernel's have none", "interpose")
    if len(port["name"]) > 31 - len(".shadow.set"):
        system.manifest.refuse(table, f"port {port['name']} has too long a name for a shadow's ports: at most {31 - len('.shadow.set')} characters", "interpose")
    if mode not in ("standby", "pass"):
        words_of(system, table, "interpose", mode, (*MODES, "pass", "standby"))
    return mode, ([] if mode == "standby" else grants if own else single)


def settings_port(system):
    """The kernel's Settings."""
    interface = system.interface("Settings", "system")
    for number, port in enumerate(system.ports):
        if port["server"] == KERNEL and port["interface"] == interface["id"]:
            return number
    return add_port(system, "shadow.settings", KERNEL, interface, 0)


def add_port(system, name, server, interface, behind):
    system.ports.append({"name": name, "as": name, "server": server, "interface": interface["id"], "fingerprint": int(interface["fingerprint"], 16), "object": 0,
                         "argument": "", "shadows": behind, "table": "system", "interpose": "", "interpose_settings": {}})
    return len(system.ports) - 1


def add_grant(system, domain, name, port, rate=1, badge=0):
    system.grants.append({"name": name, "domain": domain, "kind": 0, "index": port, "rights": CALL | GRANT, "rate": rate, "badge": badge, "interpose": "",
                          "table": "system"})


def operators(system):
    """Who holds System may end any domain, and so direct its shadow."""
    number = system.interface("System", "system")["id"]
    return sorted({one["domain"] for one in system.grants if one["kind"] == 0 and system.ports[one["index"]]["interface"] == number})


def add_one(system, number, port, mode, through):
    """The shadow of one port."""
    interface = next(one for one in system.interfaces["interfaces"] if one["id"] == port["interface"])
    name = port["name"] + ".shadow"
    settings = {"port": name, "control": name + ".set", "mode": "" if mode in ("standby", "pass") else mode, **settings_of(system, port, interface)}
    shadow = len(system.domains)
    system.add_domain(name, port["table"], {"image": "shadow-" + snake(interface["name"]), "memory": "4M", "order": 0, "priority": 1, "restart": "on-crash",
                                            "settings": settings})
    front = add_port(system, name, shadow, interface, number + 1)
    control = add_port(system, name + ".set", shadow, system.interface("Shadow", port["table"]), 0)
    rate = sum(one["rate"] for one in through) or 1
    for one in through:
        one["index"] = front
    add_grant(system, shadow, "target", number, rate, BADGE_OF_CALLER)
    add_grant(system, shadow, "settings", settings_port(system))
    for operator in operators(system):
        add_grant(system, operator, name, control)
    return {"port": port["name"], "domain": name, "mode": mode,
            "capabilities": [f"{system.domains[one['domain']]['name']}'s {one['name']}" for one in through]}


def add(system):
    """All that the manifest asks for, and what --interpose adds. What was made of it, for --explain."""
    known = [port["name"] for port in system.ports]
    for option in system.options.interpose:
        if option.split("=", 1)[0] not in known:
            system.manifest.refuse("system", f"--interpose {option}: there is no port of that name (known: {', '.join(known)})")
    made = []
    for number, port in enumerate(list(system.ports)):
        mode, through = wanted_mode(system, number, port)
        if mode:
            made.append(add_one(system, number, port, mode, through))
    return made
