# SPDX-License-Identifier: MIT
"""Tables for the terminal: a title, aligned columns, targets with pass or missed."""


def cell(value):
    """Three significant figures or so."""
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 100 else f"{value:.2f}"


def spread(quartiles, places=None):
    if places is not None:
        return f"{quartiles['low']:.{places}f} - {quartiles['high']:.{places}f}"
    return f"{cell(quartiles['low'])} - {cell(quartiles['high'])}"


class Table:
    """First column to the left, the others to the right."""

    def __init__(self, title, head):
        self.title, self.rows, self.after = title, [head], []

    def row(self, *cells):
        self.rows.append(list(cells))

    def note(self, text):
        self.after.append(f"  {text}")

    def targets(self, targets):
        for one in targets:
            word = "at least" if one.get("least") else "at most"
            self.after.append(f"  {'pass  ' if one['met'] else 'MISSED'}  {one['what']}: {one['value']:,} ({word} {one['limit']:,})")

    def text(self):
        widths = [max(len(row[i]) for row in self.rows) for i in range(len(self.rows[0]))]
        lines = [self.title]
        for row in self.rows:
            cells = [row[0].ljust(widths[0])] + [text.rjust(width) for text, width in zip(row[1:], widths[1:])]
            lines.append(("  " + "  ".join(cells)).rstrip())
        return "\n".join(lines + self.after) + "\n"
