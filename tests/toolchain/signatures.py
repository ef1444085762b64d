# SPDX-License-Identifier: MIT
"""Programs of random functions: structures of all shapes, fixed and variable arguments, results, called directly and through pointers.

Each function mixes what it got into a checksum, which is printed after every call; so the first line that differs names the function.
No __int128: clang 19 itself passes it wrongly when one register is left.
"""
import random

SCALARS = ["char", "short", "int", "long", "float", "double", "unsigned char", "unsigned long long", "long double", "_Bool", "void *"]
PROMOTED = ["int", "long", "double", "unsigned long long", "long double", "void *"]
FIELDS = ["char", "short", "int", "long", "float", "double"]
ATTRIBUTES = ["", "", "", "", "", " __attribute__((aligned(16)))", " __attribute__((packed))"]
STRUCTS, FUNCTIONS = 14, 40
HEAD = """\
#include <stdarg.h>
#include "say.h"

static unsigned sum;
static void mix(const void *object, size_t size) { sum = (sum * 31) ^ sum_of(object, size); }
"""


class Program:
    """One program under construction."""

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.lines = [f"// Random signatures, seed {seed}.", HEAD]
        self.structs = [f"struct S{i}" for i in range(STRUCTS)]
        for name in self.structs:
            self.add_struct(name)

    def add_struct(self, name):
        """A structure, a function that mixes it, and one that makes one."""
        fields = [(self.chance.choice(FIELDS), self.chance.choice([0, 0, 0, 2, 3, 5])) for _ in range(self.chance.randint(1, 5))]
        short = name.split()[1]
        declared = " ".join(f"{kind} f{i}[{count}];" if count else f"{kind} f{i};" for i, (kind, count) in enumerate(fields))
        mixed = " ".join(f"mix(&v.f{i}, sizeof(v.f{i}));" for i in range(len(fields)))
        made = " ".join(f"for (int i = 0; i < {count}; i++) v.f{i}[i] = ({kind})(s + i + {i});" if count else f"v.f{i} = ({kind})(s * 3 + {i});"
                        for i, (kind, count) in enumerate(fields))
        self.lines.append(f"struct{self.chance.choice(ATTRIBUTES)} {short} {{ {declared} }};")
        self.lines.append(f"static void mix_{short}({name} v) {{ {mixed} }}")
        self.lines.append(f"static {name} make_{short}(int s) {{ {name} v; memset(&v, 0, sizeof(v)); {made} return v; }}")

    def mixed(self, kind, value):
        """A statement that mixes a value into the sum."""
        if kind.startswith("struct"):
            return f"mix_{kind.split()[1]}({value});"
        if kind == "long double":
            kind = "double"
        return f"{{ {kind} v_ = ({kind})({value}); mix(&v_, sizeof(v_)); }}"

    def value(self, kind):
        """An expression of this type."""
        number = self.chance.randint(1, 100)
        if kind.startswith("struct"):
            return f"make_{kind.split()[1]}({number})"
        return f"({kind}){number}L" if kind == "void *" else f"({kind}){number}"

    def add_function(self, name):
        """A function; returns the statements that call it."""
        chance = self.chance
        fixed = [chance.choice(SCALARS + self.structs) for _ in range(chance.randint(1, 9))]
        variable = [chance.choice(PROMOTED + self.structs) for _ in range(chance.randint(0, 9))] if chance.random() < 0.6 else None
        result = chance.choice(SCALARS + self.structs)
        dots = "" if variable is None else ", ..."
        body = " ".join(self.mixed(kind, f"p{i}") for i, kind in enumerate(fixed))
        if variable is not None:
            read = " ".join(self.mixed(kind, f"va_arg(list, {kind})") for kind in variable)
            again = " ".join(self.mixed(kind, f"va_arg(copy, {kind})") for kind in variable[:4])
            body += f" va_list list, copy; va_start(list, p{len(fixed) - 1}); va_copy(copy, list); {read} va_end(list); {again} va_end(copy);"
        parameters = ", ".join(f"{kind} p{i}" for i, kind in enumerate(fixed))
        self.lines.append(f"__attribute__((noinline)) static {result} {name}({parameters}{dots}) {{ {body} return {self.value(result)}; }}")
        first, second = (", ".join(self.value(kind) for kind in fixed + (variable or [])) for _ in range(2))
        return (f"    {{ {result} r = {name}({first}); {self.mixed(result, 'r')} }}\n"
                f"    {{ {result} (*volatile f)({', '.join(fixed)}{dots}) = {name}; char array[sum % 9 + 1]; array[0] = 1; "
                f"{result} r = f({second}); {self.mixed(result, 'r')} mix(array, 1); }}\n"
                f"    say(\"{name} %08x\", sum);")

    def text(self):
        """The whole program."""
        calls = [self.add_function(f"f{i}") for i in range(FUNCTIONS)]
        return "\n".join([*self.lines, "int main(void) {", *calls, "    return 0;", "}", ""])


def program(seed):
    """The text of a C program."""
    return Program(seed).text()
