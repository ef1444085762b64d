# SPDX-License-Identifier: MIT
"""The graph of capabilities, as text and as SVG: who holds what, by whose leave, and what it leads to.

A capability is known by (domain, index). It hangs on the one that it was derived from, in whatever table that is; those that hang on nothing were
granted by the manifest or made by their holder.
"""
from xml.sax.saxutils import escape

ROW, HEAD, GAP, TOP, LETTER = 18, 26, 16, 56, 6.6
DOMAIN_X, DOMAIN_WIDTH, SPACE, OBJECT_WIDTH = 90, 330, 170, 230
STYLE = ("text{font:11px monospace;fill:#222}.title{font:bold 15px sans-serif}.head{font:bold 12px sans-serif}.small{fill:#777}"
         ".domain{fill:#f3f8f1;stroke:#5a8a4a}.object{fill:#f4f0f8;stroke:#7a5a9a}.edge{fill:none;stroke:#7a5a9a;opacity:.6}"
         ".derived{fill:none;stroke:#b58a3a;stroke-dasharray:4 3}.revoked{fill:#b03030;text-decoration:line-through}")


def key_of(domain, cap):
    return domain["id"], cap["index"]


def parent_of(cap):
    return (cap["parent"]["domain"], cap["parent"]["index"]) if cap["parent"]["domain"] else None


def object_of(cap, names):
    """What it leads to, the same text for the same thing; nothing for what was revoked."""
    if cap["state"] == "revoked":
        return None
    where, kind = cap["object"], cap["type"]
    owner = names.get(where["domain"], "kernel")
    if kind == "event":
        return None
    if kind == "buffer":
        return f"buffer {where['name']}" if where["name"] else f"buffer of {owner} at 0x{where['offset']:x}"
    return f"{kind} {where['name']}, served by {owner}"


def words_of(cap):
    """Name or number, kind, badge, rights, state."""
    out = [f"#{cap['index']}", cap["name"] or "-", cap["type"]]
    if cap["badge"]:
        out.append(f"badge {cap['badge']}")
    out.append("+".join(cap["rights"]) or "no rights")
    if cap["state"] != "live":
        out.append(f"({cap['state']})")
    return " ".join(out)


def children_of(domains):
    """For each capability those that hang on it."""
    children = {}
    for domain in domains:
        for cap in domain["caps"]:
            if parent_of(cap):
                children.setdefault(parent_of(cap), []).append((domain, cap))
    return children


def text(domains, names, only=None):
    """Lines: each domain with what hangs on nothing or on another's, and below each capability what was derived from it, wherever that is held."""
    children, lines = children_of(domains), []

    def show(domain, cap, depth, holder):
        leads = object_of(cap, names)
        lines.append("  " * depth + (f"{domain['name']} " if domain is not holder else "") + words_of(cap) + (f" -> {leads}" if leads and not parent_of(cap) else ""))
        for other, child in children.get(key_of(domain, cap), []):
            show(other, child, depth + 2, domain)

    for domain in domains:
        if only not in (None, domain["name"]):
            continue
        lines.append(f"{domain['name']}: {len(domain['caps'])} of {domain['quota']}")
        for cap in domain["caps"]:
            parent = parent_of(cap)
            if not parent:
                show(domain, cap, 1, domain)
            elif parent[0] != domain["id"]:
                lines.append(f"  {words_of(cap)}, from #{parent[1]} of {names.get(parent[0], 'kernel')}")
    return "\n".join(lines)


class Picture:
    """Domains on the left, a row for each capability; what they lead to on the right; broken lines for derivation."""

    def __init__(self, domains, names):
        self.domains, self.names = domains, names
        self.out, self.rows, self.objects = [], {}, {}
        self.width = DOMAIN_X + DOMAIN_WIDTH + SPACE + OBJECT_WIDTH + 20

    def box(self, kind, x, y, width, height):
        self.out.append(f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}" rx="6"/>')

    def label(self, x, y, words, kind="", width=None):
        """Cut to `width`; the whole of it is what a mouse held over it shows."""
        room = int(width / LETTER) if width else len(words)
        shown = words if len(words) <= room else words[:room - 1] + "…"
        self.out.append(f'<text class="{kind}" x="{x}" y="{y}">{escape(shown)}<title>{escape(words)}</title></text>')

    def draw_domains(self):
        y = TOP
        for domain in self.domains:
            height = HEAD + ROW * len(domain["caps"]) + 4
            self.box("domain", DOMAIN_X, y, DOMAIN_WIDTH, height)
            self.label(DOMAIN_X + 8, y + 17, f"{domain['name']}: {len(domain['caps'])} of {domain['quota']}", "head")
            for number, cap in enumerate(domain["caps"]):
                middle = y + HEAD + ROW * number + ROW // 2
                self.rows[key_of(domain, cap)] = middle
                self.label(DOMAIN_X + 8, middle + 4, words_of(cap), "revoked" if cap["state"] == "revoked" else "", DOMAIN_WIDTH - 16)
            y += height + GAP
        return y

    def draw_objects(self):
        y = TOP
        x = DOMAIN_X + DOMAIN_WIDTH + SPACE
        for domain in self.domains:
            for cap in domain["caps"]:
                what = object_of(cap, self.names)
                if what and what not in self.objects:
                    self.objects[what] = y + 12
                    self.box("object", x, y, OBJECT_WIDTH, 24)
                    self.label(x + 8, y + 16, what, "", OBJECT_WIDTH - 16)
                    y += 32
        return y

    def draw_edges(self):
        left, right = DOMAIN_X + DOMAIN_WIDTH, DOMAIN_X + DOMAIN_WIDTH + SPACE
        for domain in self.domains:
            for cap in domain["caps"]:
                y, what, parent = self.rows[key_of(domain, cap)], object_of(cap, self.names), parent_of(cap)
                if parent in self.rows:
                    above = self.rows[parent]
                    bend = DOMAIN_X - min(70, 14 + abs(y - above) // 6)
                    self.out.append(f'<path class="derived" d="M{DOMAIN_X} {above}C{bend} {above} {bend} {y} {DOMAIN_X} {y}"/>')
                elif what:
                    end, middle = self.objects[what], (left + right) // 2
                    self.out.append(f'<path class="edge" d="M{left} {y}C{middle} {y} {middle} {end} {right} {end}"/>')

    def draw(self):
        height = max(self.draw_domains(), self.draw_objects()) + 10
        self.draw_edges()
        head = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" height="{height}" viewBox="0 0 {self.width} {height}">',
                f"<style>{STYLE}</style>", f'<rect width="{self.width}" height="{height}" fill="#fff"/>',
                '<text class="title" x="20" y="26">Capabilities</text>',
                '<text class="small" x="20" y="44">left: who holds them; right: what they lead to; broken lines: derived or passed on</text>']
        return "\n".join(head + self.out + ["</svg>"]) + "\n"


def svg(domains, names):
    return Picture(domains, names).draw()
