# SPDX-License-Identifier: MIT
"""Calls of methods from the command line: words become what the generated Python client (build/gen/python) of the port's interface takes, and its
results become text or JSON."""
import enum
import importlib
import json
import os
import sys

from machine import Trouble


def load(build, number):
    """Client module and class of an interface."""
    folder = os.path.join(build, "gen", "python")
    if not os.path.exists(os.path.join(folder, "bulkhead", "__init__.py")):
        raise Trouble(f"{folder}: no generated clients there; give the folder of the build with --build")
    sys.path.insert(0, folder)
    known = importlib.import_module("bulkhead").INTERFACES
    if number not in known:
        raise Trouble(f"interface {number} is none of those in {folder}")
    module, name = known[number]
    client = importlib.import_module("bulkhead.client")
    return client, getattr(importlib.import_module(f"bulkhead.{module}"), name)


def number_of(text):
    try:
        return int(text, 0)
    except ValueError as error:
        raise Trouble(f"`{text}' is no number") from error


def choice_of(of, text):
    """A value of an enum, or of flags joined by |; by name or number."""
    total = 0
    for word in str(text).split("|"):
        word = word.strip()
        if word in of.kind.__members__:
            total |= of.kind[word].value
        elif word.lstrip("-")[:1].isdigit():
            total |= number_of(word)
        else:
            raise Trouble(f"`{word}' is none of {', '.join(of.kind.__members__)}")
    return total


def value_of(client, of, given):
    """From a word of the command line, or from JSON inside a struct."""
    if isinstance(of, client.Truth):
        if str(given).lower() not in ("true", "false", "0", "1"):
            raise Trouble(f"`{given}' is neither true nor false")
        return str(given).lower() in ("true", "1")
    if isinstance(of, client.Choice):
        return choice_of(of, given)
    if isinstance(of, client.Scalar):
        return number_of(str(given))
    if isinstance(of, client.Array):
        return [value_of(client, of.of, one) for one in given] if isinstance(given, list) else given
    if isinstance(of, client.Layout):
        return struct_of(client, of, given)
    return given


def struct_of(client, of, given):
    """JSON: what is left out is 0, or not there."""
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError as error:
            raise Trouble(f"`{given}' is no JSON: {error}") from error
    if not isinstance(given, dict):
        raise Trouble(f"{of.name}: write its fields as JSON, {{\"name\": value}}")
    known, made = {name: kind for name, _, kind, _ in of.kind.FIELDS}, of.kind()
    for name, value in given.items():
        if name not in known:
            raise Trouble(f"{of.name} has no field `{name}'; it has {', '.join(known)}")
        setattr(made, name, None if value is None else value_of(client, known[name], value))
    return made


def bytes_of(text):
    """Hexadecimal, or @FILE."""
    if text.startswith("@"):
        try:
            with open(text[1:], "rb") as file:
                return file.read()
        except OSError as error:
            raise Trouble(f"{text[1:]}: {error.strerror}") from error
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise Trouble(f"`{text}' is neither bytes in hexadecimal nor @FILE") from error


def argument(client, one, word):
    if one.way == "optional-in" and word == "none":
        return None
    if one.way in ("bytes-in", "buffer", "lent"):
        return bytes_of(word)
    return word if one.way == "cap" else value_of(client, one.type, word)


def plain(value):
    """For JSON and for people."""
    if isinstance(value, enum.IntFlag):
        return "|".join(one.name for one in type(value) if one & value) or "0"
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, (bytes, bytearray)):
        return value.hex()
    if isinstance(value, list):
        return [plain(one) for one in value]
    if hasattr(value, "FIELDS"):
        return {name: plain(getattr(value, name)) for name, *_ in value.FIELDS}
    return value


def usage(client, port, method):
    """What a method takes, in words."""
    words = [f"{one.name}:{one.type.name if one.type else one.way.replace('-in', '')}{'?' if one.way == 'optional-in' else ''}"
             for one in method.parameters if one.way in client.IN]
    return " ".join(["bhctl call", port, method.name, *words])


def call(control, arguments):
    client, kind = load(arguments.build, control.ask(f"port {arguments.port}")["interface"])
    lines = [usage(client, arguments.port, one) for one in kind.METHODS]
    if not arguments.method:
        return {"ok": True, "interface": kind.NAME, "methods": [one.name for one in kind.METHODS]}, lambda: print("\n".join(lines))
    number = next((i for i, one in enumerate(kind.METHODS) if one.name == arguments.method), None)
    if number is None:
        raise Trouble(f"{kind.NAME} has no method `{arguments.method}'; it has {', '.join(one.name for one in kind.METHODS)}")
    wanted = [one for one in kind.METHODS[number].parameters if one.way in client.IN]
    if len(arguments.argument) != len(wanted):
        raise Trouble(f"usage: {lines[number]}")
    try:
        values = [argument(client, one, word) for one, word in zip(wanted, arguments.argument)]
        result = kind(control, arguments.port).call(number, *values)
    except (client.Mistake, client.CallError) as error:
        raise Trouble(str(error)) from error
    answer = {name: plain(value) for name, value in result._asdict().items()}

    def show():
        for name, value in answer.items():
            print(f"{name} = {json.dumps(value) if isinstance(value, (dict, list)) else 'none' if value is None else value}")
    return {"ok": True, "results": answer}, show
