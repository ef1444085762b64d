# SPDX-License-Identifier: MIT
"""One report of a run of the benchmarks: NAME.json, which keeps the samples for comparisons, and NAME.html, one file that needs no other."""
import json
import os
from html import escape

from plot import number
from result import write

HERE = os.path.dirname(os.path.abspath(__file__))
SCHEMA = 1


class Broken(Exception):
    """A file that is no report of ours."""


def write_report(path, about, results, failed):
    """PATH.json and PATH.html; their paths."""
    data = {"bulkhead_benchmarks": SCHEMA, **about, "failed": failed, "benchmarks": [result.as_json() for result in results]}
    write(path + ".json", data)
    write(path + ".html", page(f"Bulkhead: benchmarks of {about['made']}", report_body(data, {result.name: result.plot for result in results})))
    return [path + ".html", path + ".json"]


def read_report(path):
    """A report's data, with what a comparison relies on looked at. Broken: with the file's name and what is wrong."""
    try:
        with open(path, encoding="utf-8") as file:
            data = json.load(file)
    except OSError as error:
        raise Broken(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise Broken(f"{path}: this is not JSON: {error}") from error
    if not isinstance(data, dict) or "bulkhead_benchmarks" not in data:
        raise Broken(f"{path}: this is no report of the benchmarks; `make bench' writes build/bench/report.json")
    if data["bulkhead_benchmarks"] != SCHEMA:
        raise Broken(f"{path}: a report of form {data['bulkhead_benchmarks']!r}; this program reads form {SCHEMA}: measure again")
    try:
        for key in ("made", "machine", "source", "load_before"):
            data[key]  # pylint: disable=pointless-statement
        measures = [measure for benchmark in data["benchmarks"] for measure in benchmark["measures"]]
        for measure in measures:
            if not (measure["runs"] and all(run and all(isinstance(value, (int, float)) for value in run) for run in measure["runs"])):
                raise Broken(f"{path}: `{measure['key']}' has runs without samples, or samples that are no numbers")
            for key in ("what", "unit", "exact", "more_is_better", "median"):
                measure[key]  # pylint: disable=pointless-statement
    except (KeyError, TypeError) as error:
        raise Broken(f"{path}: the report is not complete: {error} is missing") from error
    return data


# ---- HTML


def page(title, body):
    with open(os.path.join(HERE, "report.html.in"), encoding="utf-8") as file:
        return file.read().replace("@TITLE@", escape(title)).replace("@BODY@", body)


def table(head, rows, caption=""):
    """Cells are HTML already; ("class", HTML) gives one a class."""
    def cells(tag, row):
        pairs = [one if isinstance(one, tuple) else ("", one) for one in row]
        return "".join(f"<{tag}{f' class={name}' if name else ''}>{text}</{tag}>" for name, text in pairs)
    lines = [f"<caption>{caption}</caption>"] if caption else []
    lines += [f"<tr>{cells('th', head)}</tr>"] + [f"<tr>{cells('td', row)}</tr>" for row in rows]
    return '<div class="wide"><table>' + "\n".join(lines) + "</table></div>"


def anchor(name):
    return escape(name, quote=True)


def report_body(data, plots):
    parts = ["<h1>Bulkhead: benchmarks</h1>", f"<p>{escape(source_line(data))}</p>"]
    if data["quick"]:
        parts.append('<p class="bad">Made with --quick: it shows that everything runs; the numbers mean nothing.</p>')
    parts.append("<nav>" + "".join(f'<a href="#{anchor(one["name"])}">{escape(one["title"])}</a>' for one in data["benchmarks"]) + "</nav>")
    if data["failed"]:
        parts.append(f'<p class="bad">Did not run: {escape(", ".join(data["failed"]))}.</p>')
    parts.append(targets_table(data))
    parts += [benchmark_section(one, plots.get(one["name"], "")) for one in data["benchmarks"]]
    parts.append("<h2>The machine</h2>" + machine_table(data))
    parts.append('<h2>How to read this</h2><p>Everything in one table comes from one run. The median is of all samples; the quartiles are what half of them lie between; the '
                 "interval is where the median lies with 95 % confidence, from the order of the samples alone, or of the runs' medians if there are at least eight runs. It "
                 "says nothing about how another run would differ: code lies elsewhere there. For that, measure in several runs (<code>make bench RUNS=8</code>) and compare "
                 "reports with <code>make bench-compare</code>. Figures of others are from other machines.</p>")
    return "\n".join(parts)


def source_line(data):
    source = data["source"]
    commit = f"commit {source['commit'][:12]}, \u201c{source['subject']}\u201d" if source.get("commit") else "no commit known"
    return f"{data['made']}; {commit}{', with changes that are not committed' if source.get('changed') else ''}."


def targets_table(data):
    rows = []
    for one in data["benchmarks"]:
        for target in one["targets"]:
            limit = f"{'at least' if target.get('least') else 'at most'} {target['limit']:,}"
            rows.append([f'<a href="#{anchor(one["name"])}">{escape(one["name"])}</a>: {escape(target["what"])}', f"{target['value']:,}", limit,
                         ("good", "met") if target["met"] else ("bad", "missed")])
    return "<h2>Targets</h2>" + table(["", "value", "target", ""], rows) if rows else ""


def benchmark_section(one, plot):
    parts = [f'<h2 id="{anchor(one["name"])}">{escape(one["title"])}</h2>', f"<p>{escape(one['about'])}</p>", f'<div class="wide">{plot}</div>']
    medians = {measure["key"]: measure["median"] for measure in one["measures"]}
    rows = [measure_row(measure, medians) for measure in one["measures"]]
    parts.append(table(["", "median", "unit", "quartiles", "95 % interval", "samples", "runs", "beside its comparator"], rows))
    if one["published"]:
        parts.append(table(["", "figure", "unit", ("text", "processor"), ("text", "source")],
                           [[escape(figure["what"]), escape(str(figure["value"])), escape(figure["unit"]), ("text", escape(figure["processor"])), ("text", escape(figure["source"]))]
                            for figure in one["published"]], "Measured by others, elsewhere: for scale only."))
    return "\n".join(parts)


def measure_row(measure, medians):
    base = medians.get(measure["beside"])
    beside = f"{measure['median'] / base:.3g} \u00d7" if base else ""
    name, unit = escape(measure["what"]), escape(measure["unit"])
    if measure["exact"]:
        return [name, number(measure["median"]), unit, ("dim", "counted"), "", "", "", beside]
    pair = f"{figures(measure['low'])} \u2013 {figures(measure['high'])}"
    interval = f"{figures(measure['confidence'][0])} \u2013 {figures(measure['confidence'][1])}"
    return [name, figures(measure["median"]), unit, pair, interval, str(measure["samples"]), str(len(measure["runs"])), beside]


def figures(value):
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def machine_table(data):
    machine = data["machine"]
    processor, frequency = machine["processor"], machine["frequency"]
    said = {name: value for name, value in frequency.items() if value is not None}
    rows = [("processor", f"{processor['model']}, family {processor['family']}, model {processor['model number']}, stepping {processor['stepping']}; {processor['processors']} of them"),
            ("its flags that matter", ", ".join(processor["flags"]) or "none of those known"),
            ("caches", ", ".join(f"{name} {size}" for name, size in processor["caches"].items() if size)),
            ("clock rate", ", ".join(f"{name} {value}" for name, value in said.items()) or "the system does not say what decides it"),
            ("memory", f"{machine['memory_mib']} MiB"), ("system", f"{machine['system']}, Linux {machine['kernel']}"),
            *[(name, version or "not there") for name, version in machine["programs"].items()],
            ("load before and after", f"{data['load_before'][0]} and {data.get('load_after', ['?'])[0]} (average of a minute)")]
    return table(["", ""], [[escape(name), ("text", escape(str(value)))] for name, value in rows])
