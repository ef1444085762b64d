#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draw docs/architecture.svg, the picture of the README. Standard output gets the SVG; `make docs` calls this."""

WIDTH, HEIGHT = 980, 700
BANDS = [  # x, y, width, height, fill, line, title
    (20, 20, 250, 120, "#f4f4f4", "#888888", "you"),
    (500, 20, 330, 120, "#fdf5e6", "#b58a3a", "guest: own CPU mode, nested page tables"),
    (20, 180, 870, 150, "#f3f8f1", "#5a8a4a", "domains: verified C, one slot each"),
    (20, 370, 870, 190, "#f4f0f8", "#7a5a9a", "kernel: all that is trusted"),
    (20, 600, 870, 80, "#f4f4f4", "#888888", "machine"),
]
BOXES = [  # x, y, width, height, line, lines of text
    (35, 55, 105, 65, "#888888", ["make run", "terminal"]),
    (150, 55, 105, 65, "#888888", ["bhctl", "crash, restart"]),
    (515, 55, 300, 65, "#b58a3a", ["Linux, unmodified", "virtio-blk, serial console, ext4 root"]),
    (35, 225, 140, 80, "#5a8a4a", ["control", "answers bhctl", "domains/control"]),
    (195, 225, 150, 80, "#5a8a4a", ["supervisor", "restarts what died", "domains/supervisor"]),
    (365, 225, 130, 80, "#5a8a4a", ["console", "serial terminal", "domains/console"]),
    (515, 225, 150, 80, "#5a8a4a", ["vmm", "device models", "domains/vmm"]),
    (715, 225, 160, 80, "#5a8a4a", ["virtio-blk", "disk driver", "drivers/virtio/blk"]),
    (35, 410, 145, 65, "#7a5a9a", ["verifier", "proves images safe", "kernel/verifier"]),
    (195, 410, 165, 65, "#7a5a9a", ["calls, capabilities,", "crashes; bhidl's proxies", "kernel/domain"]),
    (375, 410, 130, 65, "#7a5a9a", ["threads, memory", "kernel/sched", "kernel/mm"]),
    (520, 410, 150, 65, "#7a5a9a", ["guests", "world switch, paging", "kernel/virt"]),
    (720, 410, 155, 65, "#7a5a9a", ["buffers and rings", "log of requests in flight", "kernel/exchange"]),
    (35, 495, 840, 45, "#7a5a9a", ["platform: pc (bare metal) or hosted (the same core as a Linux process)", "kernel/platform"]),
    (35, 628, 460, 40, "#888888", ["serial ports"]),
    (700, 628, 175, 40, "#888888", ["virtio-blk-pci, disk"]),
]
ARROWS = [  # points, colour, both ends?, dashed?, (label x, y, anchor), label
    ([(590, 120), (590, 225)], "#b58a3a", True, False, (598, 160, "start"), "VM exits, virtqueue"),
    ([(665, 265), (715, 265)], "#2a7a2a", True, False, (690, 257, "middle"), "ring"),
    ([(515, 265), (495, 265)], "#444444", False, False, None, ""),
    ([(270, 305), (270, 320), (690, 320), (740, 320), (740, 305)], "#444444", False, True, (430, 318, "middle"), ""),
    ([(87, 120), (87, 165), (430, 165), (430, 225)], "#444444", True, False, (300, 160, "middle"), "serial port 1"),
    ([(205, 120), (205, 150), (105, 150), (105, 225)], "#444444", True, False, (112, 146, "start"), "serial port 2"),
    ([(875, 265), (940, 265), (940, 648), (875, 648)], "#444444", True, True, None, ""),
    ([(790, 628), (790, 585), (915, 585), (915, 87), (815, 87)], "#b03030", True, False, None, ""),
]
TEXTS = [  # x, y, colour, anchor, text, turned
    (908, 350, "#b03030", "middle", "DMA straight to guest pages", True),
    (957, 460, "#444444", "middle", "queues and doorbells, never the data", True),
    (505, 341, "#444444", "middle", "restart: same slot, same capabilities, requests in flight replayed", False),
]


def escape(text):
    return text.replace("&", "&amp;").replace("<", "&lt;")


def text(x, y, words, size=12, colour="#222222", anchor="middle", extra=""):
    return (f'<text x="{x}" y="{y}" font-size="{size}" fill="{colour}" text-anchor="{anchor}" {extra}>'
            f"{escape(words)}</text>")


def box(x, y, width, height, line, lines):
    out = [f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="8" fill="#ffffff" stroke="{line}"/>']
    top = y + height / 2 - 8 * (len(lines) - 1) + 4
    for number, words in enumerate(lines):
        folder = "/" in words
        weight = 'font-weight="bold"' if number == 0 else 'font-family="monospace"' if folder else ""
        out.append(text(x + width / 2, top + 16 * number, words, 10.5 if folder else 12, "#666666" if folder else "#222222",
                        extra=weight))
    return out


def arrow(points, colour, both, dashed, at, words):
    path = " ".join(f"{x},{y}" for x, y in points)
    marker = f"arrow{colour[1:]}"
    out = [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.6" marker-end="url(#{marker})" '
           + (f'marker-start="url(#{marker})" ' if both else "") + ('stroke-dasharray="5 4" ' if dashed else "") + "/>"]
    if at and words:
        out.append(text(at[0], at[1], words, 11, colour, at[2]))
    return out


def main():
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="Helvetica, Arial, sans-serif">',
           "<title>The architecture of Bulkhead</title>", "<defs>"]
    for colour in sorted({one[1] for one in ARROWS}):
        out.append(f'<marker id="arrow{colour[1:]}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
                   f'orient="auto-start-reverse"><path d="M0 0L8 4L0 8z" fill="{colour}"/></marker>')
    out += ["</defs>", f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>']
    for x, y, width, height, fill, line, title in BANDS:
        out.append(f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="12" fill="{fill}" stroke="{line}"/>')
        out.append(text(x + (14 if "domains" not in title else 100), y + 22, title, 13, line, "start", 'font-weight="bold"'))
    for one in ARROWS:
        out += arrow(*one)
    for one in BOXES:
        out += box(*one)
    for x, y, colour, anchor, words, turned in TEXTS:
        out.append(text(x, y, words, 11, colour, anchor, f'transform="rotate(-90 {x} {y})"' if turned else ""))
    print("\n".join(out + ["</svg>"]))


if __name__ == "__main__":
    main()
