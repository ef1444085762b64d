# SPDX-License-Identifier: MIT
"""Horizontal bars with quartile whiskers, written as SVG by hand: no package needed. For light and dark screens."""
import math
from xml.sax.saxutils import escape

SPAN, RIGHT, TOP, ROW = 440, 80, 48, 26
LETTER = 6.8  # pixels, on the wide side: the font is the viewer's
DARK = (".bar{fill:#6b9bd1}text{fill:#ddd}.small{fill:#999}.axis{stroke:#555}.whisker{stroke:#ddd}.mark{stroke:#f66}.back{fill:#1c1c20}")
STYLE = ("text{font:13px sans-serif;fill:#222}.title{font-size:16px;font-weight:bold}.bar{fill:#4c78a8}.axis{stroke:#bbb}"
         ".mark{stroke:#c03;stroke-dasharray:4 3}.whisker{stroke:#222}.value{font-size:12px}.right{text-anchor:end}.small{font-size:11px;fill:#777}.back{fill:#fff}"
         "@media (prefers-color-scheme:dark){" + DARK + "}")


def ticks_of(low, high, logarithmic):
    if logarithmic:
        return [10 ** power for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)]
    step = 10 ** math.floor(math.log10(high / 4))
    while high / step > 8:
        step *= 2.5 if str(step).strip("0.").startswith("2") else 2
    return [step * n for n in range(int(high / step) + 1)]


def number(value):
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def bars(title, rows, logarithmic=False, marks=()):
    """SVG text. rows: (label, value, {"low", "high"} or None); marks: (value, label), drawn as vertical lines."""
    high = max([value for _, value, _ in rows] + [value for value, _ in marks]) * (1 if logarithmic else 1.05) or 1
    low = min(max(value, 0.1) for _, value, _ in rows) if logarithmic else 0
    ticks = ticks_of(low, high, logarithmic)
    if logarithmic:
        low, high = ticks[0], ticks[-1]
    left = int(max(len(label) for label, _, _ in rows) * LETTER) + 24
    width = max(left + SPAN + RIGHT, int(len(title) * LETTER * 1.3) + 32)

    def x(value):
        if logarithmic:
            return left + SPAN * (math.log10(max(value, low)) - math.log10(low)) / (math.log10(high) - math.log10(low))
        return left + SPAN * min(value, high) / high

    bottom = TOP + ROW * len(rows)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{bottom + 36}" viewBox="0 0 {width} {bottom + 36}">',
           f"<style>{STYLE}</style>", f'<rect class="back" width="{width}" height="{bottom + 36}"/>',
           f'<text class="title" x="16" y="26">{escape(title)}</text>']
    for tick in ticks:
        out.append(f'<line class="axis" x1="{x(tick):.1f}" y1="{TOP - 6}" x2="{x(tick):.1f}" y2="{bottom}"/>')
        out.append(f'<text class="small" x="{x(tick):.1f}" y="{bottom + 16}" text-anchor="middle">{number(tick)}</text>')
    for index, (label, value, quartiles) in enumerate(rows):
        y = TOP + ROW * index
        end = x(value)
        out.append(f'<text class="right" x="{left - 8}" y="{y + 16}">{escape(label)}</text>')
        out.append(f'<rect class="bar" x="{left}" y="{y + 4}" width="{max(end - left, 1):.1f}" height="{ROW - 8}"/>')
        beside = end
        if quartiles:
            beside = max(end, x(quartiles["high"]))
            out.append(f'<line class="whisker" x1="{x(quartiles["low"]):.1f}" x2="{x(quartiles["high"]):.1f}" y1="{y + 13}" y2="{y + 13}"/>')
        out.append(f'<text class="value" x="{beside + 6:.1f}" y="{y + 17}">{number(value)}</text>')
    for value, label in marks:
        out.append(f'<line class="mark" x1="{x(value):.1f}" x2="{x(value):.1f}" y1="{TOP - 6}" y2="{bottom}"/>')
        out.append(f'<text class="small" x="{x(value):.1f}" y="{TOP - 9}" text-anchor="middle">{escape(label)}</text>')
    return "\n".join(out + ["</svg>", ""])
