# SPDX-License-Identifier: MIT
"""Small plots over time, one above the other, as SVG."""
from xml.sax.saxutils import escape

WIDTH, HEIGHT, LEFT, TOP = 760, 110, 90, 34


def scale(values):
    low, high = min(values), max(values)
    room = (high - low or max(abs(high), 1) * 0.01) * 0.1
    return low - room, high + room


def one_plot(name, points, top):
    """A frame with its line, the least and the greatest value at the side."""
    low, high = scale([value for _, value in points])
    last = max(at for at, _ in points) or 1
    place = " ".join(f"{LEFT + (WIDTH - LEFT - 20) * at / last:.1f},{top + HEIGHT - HEIGHT * (value - low) / (high - low):.1f}" for at, value in points)
    least, most = min(value for _, value in points), max(value for _, value in points)
    return [f'<text x="{LEFT}" y="{top - 6}">{escape(name)}</text>',
            f'<rect x="{LEFT}" y="{top}" width="{WIDTH - LEFT - 20}" height="{HEIGHT}" fill="none" stroke="#999"/>',
            f'<text x="{LEFT - 6}" y="{top + 12}" text-anchor="end">{most:,.0f}</text>', f'<text x="{LEFT - 6}" y="{top + HEIGHT}" text-anchor="end">{least:,.0f}</text>',
            f'<polyline points="{place}" fill="none" stroke="#1f5fa8" stroke-width="1.5"/>']


def lines(title, series):
    """series: {name: [(x, y), ...]}; those without points are left out."""
    series = {name: points for name, points in series.items() if points}
    height = TOP + len(series) * (HEIGHT + 34)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" font-family="sans-serif" font-size="12">',
             '<rect width="100%" height="100%" fill="white"/>', f'<text x="{LEFT}" y="16" font-size="14">{escape(title)}</text>']
    for number, (name, points) in enumerate(series.items()):
        parts += one_plot(name, points, TOP + 16 + number * (HEIGHT + 34))
    return "\n".join(parts + ["</svg>"]) + "\n"
