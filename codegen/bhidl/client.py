# SPDX-License-Identifier: MIT
"""What the generated Python clients of interfaces stand on: types of fixed layout, and calls over the control line of a running system.

A generated class is bound to a port that the manifest grants to the domain `control`, which makes the calls:

    from bulkhead.shop import Shop
    from bulkhead.kinds import ShopColour, ShopWish
    shop = Shop(control, "shop")             # control: anything with ask(line) -> dict, as tools/run/machine.py's Control
    before = shop.paint(ShopColour.GREEN, ShopWish.GIFT, True)

What is passed is checked here for its type and size only. Whether a value is allowed is for the proxy on the other side to say.
"""
import collections
import enum
import struct


class CallError(Exception):
    """The call was made and failed."""

    def __init__(self, what, code, name):
        super().__init__(f"{what}: {name or code}")
        self.code, self.name = code, name


class Mistake(ValueError):
    """What was given is not of the parameter's type."""


class Type:
    """Packs a value into `size` bytes, and back."""
    size = 0

    def default(self):
        return 0


class Scalar(Type):
    """A number of a fixed width."""

    def __init__(self, name, code):
        self.name, self.code, self.size = name, "<" + code, struct.calcsize(code)

    def pack(self, value):
        try:
            return struct.pack(self.code, int(value))
        except (struct.error, TypeError, ValueError) as error:
            raise Mistake(f"{value!r} is no {self.name}") from error

    def unpack(self, data):
        return struct.unpack(self.code, data)[0]


class Truth(Type):
    """A bool."""
    name, size = "bool", 1

    def default(self):
        return False

    def pack(self, value):
        if value not in (False, True):
            raise Mistake(f"{value!r} is neither true nor false")
        return bytes([bool(value)])

    def unpack(self, data):
        return bool(data[0])


class Choice(Type):
    """An enum or flags: values that have no name stay numbers, since the other side decides."""

    def __init__(self, kind, scalar):
        self.kind, self.scalar, self.size, self.name = kind, scalar, scalar.size, kind.__name__

    def pack(self, value):
        if isinstance(value, enum.Enum) and not isinstance(value, self.kind):
            raise Mistake(f"{value!r} is no {self.name}")
        return self.scalar.pack(value)

    def unpack(self, data):
        number = self.scalar.unpack(data)
        try:
            return self.kind(number)
        except ValueError:
            return number


class Text(Type):
    """string<N>: at most N - 1 bytes and a zero."""
    name = "string"

    def __init__(self, bound):
        self.size = bound

    def default(self):
        return ""

    def pack(self, value):
        if not isinstance(value, str) or "\0" in value or len(value.encode()) >= self.size:
            raise Mistake(f"{value!r} is no string of at most {self.size - 1} bytes")
        return value.encode().ljust(self.size, b"\0")

    def unpack(self, data):
        return data.split(b"\0")[0].decode("utf-8", "replace")


class Array(Type):
    """So many values of one type."""

    def __init__(self, of, count):
        self.of, self.count, self.size = of, count, of.size * count
        self.name = f"{of.name}[{count}]"

    def default(self):
        return [self.of.default() for _ in range(self.count)]

    def pack(self, value):
        if not isinstance(value, (list, tuple, bytes)) or len(value) != self.count:
            raise Mistake(f"{value!r} is no list of {self.count}")
        return b"".join(self.of.pack(one) for one in value)

    def unpack(self, data):
        return [self.of.unpack(data[at:at + self.of.size]) for at in range(0, self.size, self.of.size)]


class Layout(Type):
    """A struct: fields (name, offset, type, optional)."""

    def __init__(self, kind):
        self.kind, self.size, self.name = kind, kind.SIZE, kind.__name__

    def default(self):
        return self.kind()

    def pack(self, value):
        if not isinstance(value, self.kind):
            raise Mistake(f"{value!r} is no {self.name}")
        data = bytearray(self.size)
        for name, offset, of, optional in self.kind.FIELDS:
            one = getattr(value, name)
            if one is None and not optional:
                raise Mistake(f"{self.name}.{name} is not optional")
            if one is not None:
                data[offset:offset + of.size] = of.pack(one)
            if optional:
                data[offset + of.size] = one is not None
        return bytes(data)

    def unpack(self, data):
        found = self.kind()
        for name, offset, of, optional in self.kind.FIELDS:
            there = not optional or data[offset + of.size]
            setattr(found, name, of.unpack(data[offset:offset + of.size]) if there else None)
        return found


U8, U16, U32, U64 = (Scalar(name, code) for name, code in (("u8", "B"), ("u16", "H"), ("u32", "I"), ("u64", "Q")))
I8, I16, I32, I64 = (Scalar(name, code) for name, code in (("i8", "b"), ("i16", "h"), ("i32", "i"), ("i64", "q")))
BOOL = Truth()

Field = collections.namedtuple("Field", "name offset type optional")
# How a parameter travels: in, out, optional-in, optional-out, bytes-in, bytes-out, cap, buffer (moved), lent, cap-out. `bound` of bytes.
Parameter = collections.namedtuple("Parameter", "name way type bound")
Method = collections.namedtuple("Method", "name parameters")
BUFFER_MAX = 4096  # bytes that travel for a moved or lent buffer (domains/control/call.c)


def widened(of, value):
    """A scalar in a word of 8 bytes, as C widens it."""
    data = of.pack(value)
    signed = isinstance(of, Scalar) and of.name[0] == "i" or isinstance(of, Choice) and of.scalar.name[0] == "i"
    return int.from_bytes(data, "little", signed=signed).to_bytes(8, "little", signed=signed)


def is_word(of):
    return isinstance(of, (Scalar, Truth, Choice))


def sized(what, value, bound):
    if not isinstance(value, (bytes, bytearray)) or len(value) > bound:
        raise Mistake(f"{what}: {value!r} is not at most {bound} bytes")
    return struct.pack("<H", len(value)) + bytes(value)


def pack_argument(one, value):
    """What goes over the line for a parameter (domains/control/call.c takes it apart)."""
    if one.way in ("in", "optional-in"):
        if value is None and one.way == "in":
            raise Mistake(f"{one.name} is not optional")
        there = b"" if one.way == "in" else bytes([value is not None])
        if is_word(one.type) and one.way == "in":
            return widened(one.type, value)
        return there + (bytes(one.type.size) if value is None else one.type.pack(value))
    if one.way == "bytes-in":
        return sized(one.name, value, one.bound)
    if one.way in ("buffer", "lent"):
        return sized(one.name, value, BUFFER_MAX)
    if not isinstance(value, str) or not 0 < len(value.encode()) < 32:
        raise Mistake(f"{one.name}: {value!r} is no name of a capability that control holds")
    return bytes([len(value.encode())]) + value.encode()


class Reader:
    """Takes an answer apart."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, size):
        piece = self.data[self.at:self.at + size]
        if len(piece) != size:
            raise Mistake("the answer is shorter than the interface says: was the system built from other files?")
        self.at += size
        return piece

    def result(self, one):
        if one.way == "cap-out":
            return f"#{int.from_bytes(self.take(4), 'little')}"
        if one.way in ("bytes-out", "lent"):
            return self.take(int.from_bytes(self.take(2), "little"))
        if one.way == "optional-out":
            there = self.take(1)[0]
            value = one.type.unpack(self.take(one.type.size))
            return value if there else None
        return one.type.unpack(self.take(8)[:one.type.size] if is_word(one.type) else self.take(one.type.size))


IN = ("in", "optional-in", "bytes-in", "cap", "buffer", "lent")
OUT = ("out", "optional-out", "bytes-out", "cap-out", "lent")


class Interface:
    """A port of this interface, by the name under which `control` holds it (or #N, a capability that a call returned)."""
    NAME, ID, FINGERPRINT, METHODS, ERRORS = "", 0, 0, (), {}

    def __init__(self, control, port):
        self.control, self.port = control, port

    def call(self, number, *values):
        """The results by name, as a named tuple; CallError when the method fails."""
        method = self.METHODS[number]
        given = [one for one in method.parameters if one.way in IN]
        if len(values) != len(given):
            raise Mistake(f"{self.NAME}.{method.name} takes {len(given)} arguments, not {len(values)}")
        data = b"".join(pack_argument(one, value) for one, value in zip(given, values))
        answer = self.control.ask(f"call {self.port} {self.ID} {self.FINGERPRINT:016x} {number} {data.hex() or '-'}")
        if answer["error"]:
            raise CallError(f"{self.NAME}.{method.name}", answer["error"], self.ERRORS.get(answer["error"], ""))
        reader = Reader(bytes.fromhex(answer["data"]))
        results = [one for one in method.parameters if one.way in OUT]
        return collections.namedtuple(method.name, [one.name for one in results])(*[reader.result(one) for one in results])

    def call_for_one(self, number, *values):
        """The only result by itself."""
        return self.call(number, *values)[0]
