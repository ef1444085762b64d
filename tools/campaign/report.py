# SPDX-License-Identifier: MIT
"""What a campaign found: report.json, summary.svg, report.html, and a table for the terminal."""
import html
import json
import os

from classify import CLASSES, RECOVERED

COLOURS = {"system-lost": "#5a0f14", "corruption": "#c1272d", "given-up": "#8a5a9c", "guest-error": "#e08e2b", "recovered-delay": "#e5cf52",
           "recovered-unseen": "#4d9a52", "no-effect": "#b9c4cc"}
LOG_END = 14  # lines of a log in the page
BAR, ROW, LEFT = 520, 24, 130


def read_runs(folder):
    """Records of all parts of a campaign, each run once, the newest record of it."""
    runs = {}
    names = sorted(name for name in os.listdir(folder) if name.startswith("runs") and name.endswith(".jsonl"))
    for name in names:
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            for line in file:
                try:
                    one = json.loads(line)
                except ValueError:
                    continue  # the line that was being written when somebody pulled the plug
                runs[one["kind"], one["seed"]] = one
    return [runs[key] for key in sorted(runs, key=lambda key: (key[1], key[0]))]


def judged(runs):
    return [one for one in runs if one["class"] in CLASSES]


def summarize(settings, runs):
    real = judged(runs)
    kinds = sorted({one["kind"] for one in real})
    table = {kind: {name: sum(one["kind"] == kind and one["class"] == name for one in real) for name in CLASSES} for kind in kinds}
    total = {name: sum(row[name] for row in table.values()) for name in CLASSES}
    recovered = sum(total[name] for name in RECOVERED)
    return {**settings, "runs": len(real), "not_triggered": sum(one["class"] == "not-triggered" for one in runs),
            "no_verdict": sum(one["class"] == "no-verdict" for one in runs), "detected": sum(bool(one.get("deaths") or one.get("breaches")) for one in real),
            "recovered": recovered, "recovered_share": recovered / len(real) if real else None, "total": total, "by_kind": table,
            "seconds": round(sum(one["seconds"] for one in runs), 1),
            "not_recovered": [{name: one.get(name) for name in ("kind", "seed", "class", "why", "fault", "logs")}
                              for one in real if one["class"] not in RECOVERED]}


def text(summary):
    """The table for the terminal."""
    used = [name for name in CLASSES if summary["total"][name]]
    rows = [["fault", "runs", *used]]
    for kind, row in summary["by_kind"].items():
        rows.append([kind, sum(row.values()), *(row[name] or "-" for name in used)])
    rows.append(["all", summary["runs"], *(summary["total"][name] for name in used)])
    widths = [max(len(str(row[i])) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(str(cell).ljust(width) if not i else str(cell).rjust(width) for i, (cell, width) in enumerate(zip(row, widths))) for row in rows]
    share = f"{summary['recovered_share']:.2%}" if summary["runs"] else "none"
    lines.append(f"{summary['recovered']} of {summary['runs']} runs without anything the guest could see ({share}); {summary['detected']} faults were detected; "
                 f"{summary['not_triggered']} were never triggered" + (f"; {summary['no_verdict']} without a verdict" if summary["no_verdict"] else ""))
    return "\n".join(lines)


def svg(summary):
    rows = [*summary["by_kind"].items(), ("all", summary["total"])]
    used = [name for name in CLASSES if summary["total"][name]]
    height = ROW * (len(rows) + 2) + 20 * ((len(used) + 3) // 4)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + BAR + 60}" height="{height}" font-family="sans-serif" font-size="13">',
           f'<text x="4" y="16" font-weight="bold">{html.escape(summary["domain"])}: {summary["runs"]} runs, seed {summary["seed"]}</text>']
    for number, (kind, row) in enumerate(rows, 1):
        y, x, runs = number * ROW + 4, LEFT, sum(row.values())
        out.append(f'<text x="{LEFT - 8}" y="{y + 13}" text-anchor="end">{html.escape(kind)}</text>')
        for name in CLASSES:
            if row[name]:
                width = BAR * row[name] / runs
                out.append(f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{ROW - 6}" fill="{COLOURS[name]}"><title>{name}: {row[name]}</title></rect>')
                x += width
        out.append(f'<text x="{LEFT + BAR + 8}" y="{y + 13}">{runs}</text>')
    for number, name in enumerate(used):
        x, y = 8 + number % 4 * 170, (len(rows) + 1) * ROW + 14 + 20 * (number // 4)
        out.append(f'<rect x="{x}" y="{y - 10}" width="11" height="11" fill="{COLOURS[name]}"/><text x="{x + 16}" y="{y}">{name}: {summary["total"][name]}</text>')
    return "\n".join(out) + "\n</svg>\n"


def log_end(folder, one):
    """The last lines of the kernel's log of a run that was kept."""
    try:
        with open(os.path.join(folder, one["logs"], "kernel.log"), encoding="utf-8", errors="replace") as file:
            return "".join(file.readlines()[-LOG_END:])
    except (OSError, TypeError, KeyError):
        return ""


def page(folder, summary):
    used = [name for name in CLASSES if summary["total"][name]]
    head = "".join(f"<th>{name}</th>" for name in used)
    rows = "".join(f"<tr><td>{kind}</td><td>{sum(row.values())}</td>" + "".join(f"<td>{row[name] or ''}</td>" for name in used) + "</tr>\n"
                   for kind, row in [*summary["by_kind"].items(), ("all", summary["total"])])
    runs = "".join(f"<h3>{one['class']}: {one['kind']}, seed {one['seed']}</h3>\n<p>{html.escape(one['why'] or '')}</p>\n"
                   f"<pre>{html.escape(json.dumps(one['fault'], indent=1))}</pre>\n<p>Again: <code>{html.escape(again(summary, one))}</code></p>\n"
                   f"<pre>{html.escape(log_end(folder, one))}</pre>\n" for one in summary["not_recovered"])
    meanings = "".join(f"<li><b>{name}</b>: {html.escape(words)}</li>" for name, words in CLASSES.items())
    return ("<!DOCTYPE html><meta charset=\"utf-8\"><title>Campaign against " + html.escape(summary["domain"]) + "</title>"
            "<style>body{font-family:sans-serif;max-width:60em;margin:2em auto}td,th{padding:.2em .7em;text-align:right}pre{background:#f3f3f3;padding:.6em}"
            "td:first-child,th:first-child{text-align:left}</style>"
            f"<h1>Campaign against {html.escape(summary['domain'])}</h1>\n<p>{html.escape(text(summary).splitlines()[-1])}</p>\n{svg(summary)}"
            f"<table><tr><th>fault</th><th>runs</th>{head}</tr>\n{rows}</table>\n<ul>{meanings}</ul>\n<h2>Runs that were not recovered</h2>\n{runs or '<p>None.</p>'}")


def again(summary, one):
    system = f" SYSTEM={summary['system']}" if summary["system"] != "linux" else ""
    system += "".join(f" {name.upper()}={value}" for name, value in (one.split("=", 1) for one in summary.get("choose", [])))
    return f"make campaign-run DOMAIN={summary['domain']}{system} FAULTS={one['kind']} SEED={one['seed']}"


def write(folder, settings):
    """All files of the report. Returns the summary."""
    summary = summarize(settings, read_runs(folder))
    for name, contents in (("report.json", json.dumps(summary, indent=1)), ("summary.svg", svg(summary)), ("report.html", page(folder, summary))):
        with open(os.path.join(folder, name + ".new"), "w", encoding="utf-8") as file:
            file.write(contents)
        os.replace(os.path.join(folder, name + ".new"), os.path.join(folder, name))
    return summary
