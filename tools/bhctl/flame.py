# SPDX-License-Identifier: MIT
"""Flame graphs: where time went, as a picture of stacks. One SVG that needs nothing else: every box says by its title what it is, and a click on it makes it
as wide as the picture."""
import re
from xml.sax.saxutils import escape, quoteattr

from spans import NO_THREAD, Names, Walker

WIDTH, ROW, TOP, LEAST = 1200, 18, 64, 0.15  # pixels; narrower boxes are left out
LETTER = 6.4
STYLE = "text{font:11px monospace;pointer-events:none}.title{font:bold 16px sans-serif}.note{font:12px sans-serif;fill:#555}g:hover rect{stroke:#000}rect{cursor:pointer}"
# A click: the box, what is above it and what is below it fill the width, others go.
SCRIPT = """
const boxes=[...document.querySelectorAll('g.f')],W=%d;
function zoom(to){const x=+to.dataset.x,w=+to.dataset.w;for(const g of boxes){const a=+g.dataset.x,b=+g.dataset.w,
above=a<=x+1e-6&&a+b>=x+w-1e-6,inside=a>=x-1e-6&&a+b<=x+w+1e-6;g.style.display=above||inside?'':'none';if(!(above||inside))continue;
const l=above&&!inside?0:(a-x)/w*W,n=above&&!inside?W:b/w*W,r=g.firstElementChild,t=g.lastElementChild;r.setAttribute('x',l);r.setAttribute('width',n);
t.setAttribute('x',l+3);const s=g.dataset.n,k=Math.floor((n-6)/%g);t.textContent=k>2?(s.length>k?s.slice(0,k-1)+'…':s):''}}
boxes.forEach(g=>g.addEventListener('click',()=>zoom(g)));"""


class Calls:
    """Time by stack of calls, from the spans of a recording. With scheduling recorded, only while the thread had a processor."""

    def __init__(self, recording):
        self.recording, self.titles = recording, Names(recording.names)
        self.walker = Walker(self)
        self.weights, self.since = {}, {}
        self.on_processor = "scheduling" in recording.classes
        self.now = 0

    def begin(self, thread, span, _depth):
        stack = thread.stack.pop()
        self.settle(thread)
        thread.stack.append(stack)

    def end(self, thread, span):
        thread.stack.append(span)
        self.settle(thread)
        thread.stack.pop()

    def settle(self, thread):
        """The time since the last change belongs to the stack as it was."""
        since = self.since.get(thread.number)
        if since is not None and thread.stack:
            key = (self.titles.thread(thread), *map(self.titles.title, thread.stack))
            self.weights[key] = self.weights.get(key, 0) + self.recording.microseconds(self.now) - since
        if since is not None or not self.on_processor:
            self.since[thread.number] = self.recording.microseconds(self.now)

    def stacks(self):
        for event in self.recording.events:
            self.now = event.ticks
            if event.name == "SWITCH":
                if event.thread != NO_THREAD:
                    self.settle(self.walker.thread(event.thread))
                    self.since.pop(event.thread, None)
                if event.values["next"] != NO_THREAD:
                    self.since[event.values["next"]] = self.recording.microseconds(self.now)
            elif self.on_processor and event.thread != NO_THREAD:
                self.since.setdefault(event.thread, self.recording.microseconds(self.now))
            self.walker.take(event)
        self.walker.finish(self.now)
        return self.weights


def samples(recording):
    """Time by stack of functions, from the clock's samples: each stands for one period."""
    weights, names = {}, recording.names
    pending = {}
    period = recording.sample_ns / 1000
    walker = Walker(type("Nothing", (), {"begin": lambda *_: None, "end": lambda *_: None})())

    def finish(cpu):
        thread, rip, frames, inside = pending.pop(cpu, (None, 0, None, 0))
        if frames is None:
            return
        stack = [f"{names.domain(domain)}: {names.function(domain, offset)}" for domain, offset in reversed(frames)]
        if inside and not frames:
            stack.append(names.domain(inside))
        elif rip and not in_slot(rip):
            function = names.function(0, rip)
            stack.append("guest" if function == "irq_window" else f"kernel: {function}")
        key = (thread, *stack)
        weights[key] = weights.get(key, 0) + period

    for event in recording.events:
        walker.take(event)
        if event.name == "SAMPLE":
            finish(event.cpu)
            thread = Names(names).thread(walker.thread(event.thread)) if event.thread != NO_THREAD else "idle"
            pending[event.cpu] = (thread, event.values["rip"], [], event.domain)
        elif event.name == "FRAME" and event.cpu in pending:
            pending[event.cpu][2].append((event.domain, event.values["offset"]))
    for cpu in list(pending):
        finish(cpu)
    return weights


def in_slot(address):
    return 0x100000000000 <= address < 0x200000000000


def tree_of(weights):
    """Nested {name: [weight, children]}."""
    root = [0.0, {}]
    for stack, weight in weights.items():
        root[0] += weight
        node = root
        for name in stack:
            node = node[1].setdefault(name, [0.0, {}])
            node[0] += weight
    return root


def colour(name):
    """The same domain, the same hue."""
    domain = re.split(r"[:(]", name)[0]
    hue = sum(ord(letter) * 37 * (place + 1) for place, letter in enumerate(domain)) % 360
    return f"hsl({hue},60%,{70 + sum(map(ord, name)) % 12}%)"


def svg(weights, title, note):
    root = tree_of(weights)
    boxes, depth_seen = [], 0

    def draw(name, node, x, depth, scale):
        nonlocal depth_seen
        width = node[0] * scale
        if width < LEAST:
            return
        depth_seen = max(depth_seen, depth)
        room = int((width - 6) / LETTER)
        shown = "" if room < 3 else name if len(name) <= room else name[:room - 1] + "…"
        share = 100 * node[0] / root[0]
        y = TOP + depth * ROW
        boxes.append(f'<g class="f" data-x="{x:.3f}" data-w="{width:.3f}" data-n={quoteattr(name)}><rect x="{x:.2f}" y="{y}" width="{width:.2f}" height="{ROW - 1}" rx="2" '
                     f'fill="{colour(name)}"/><title>{escape(name)}: {node[0] / 1000:.3f} ms, {share:.1f} %</title><text x="{x + 3:.2f}" y="{y + 13}">{escape(shown)}</text></g>')
        for child, below in sorted(node[1].items()):
            draw(child, below, x, depth + 1, scale)
            x += below[0] * scale

    if root[0] > 0:
        draw("all", root, 0.0, 0, WIDTH / root[0])
    height = TOP + (depth_seen + 1) * ROW + 8
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}">', f"<style>{STYLE}</style>",
                      f'<rect width="{WIDTH}" height="{height}" fill="#fff" style="cursor:auto"/>', f'<text class="title" x="8" y="24">{escape(title)}</text>',
                      f'<text class="note" x="8" y="46">{escape(note)}</text>', *boxes,
                      f"<script><![CDATA[{SCRIPT % (WIDTH, LETTER)}]]></script>", "</svg>"]) + "\n"


def write(weights, path, title, note):
    with open(path, "w", encoding="utf-8") as file:
        file.write(svg(weights, title, note))
