# SPDX-License-Identifier: MIT
"""What one benchmark found: a table for the terminal, measures with all their samples for the report, a plot, and its own data.

A measure is one number of which there may be many samples. `key` names it from report to report: it must not change with the results. `beside` is the
key of the measure of the same run that it is to be seen against.
"""
import json
import os

from stats import summary, thinned

SAMPLES_MAX = 301  # of a run, that a report keeps


class Result:
    """One benchmark's findings. `about`: what is measured and how, in a sentence or two."""

    def __init__(self, name, title, about, data, table):
        self.name, self.title, self.about, self.data, self.table = name, title, about, data, table
        self.measures, self.published, self.plot = [], [], None

    def measure(self, key, what, unit, samples=None, value=None, more_is_better=False, beside=None):
        """Add a measure: of samples (one list for each run, or one list), or one exact value (a count that comes out the same each time)."""
        runs = [[value]] if samples is None else samples if samples and isinstance(samples[0], list) else [samples]
        self.measures.append({"key": key, "what": what, "unit": unit, "exact": samples is None, "more_is_better": more_is_better, "beside": beside,
                              **summary(runs), "runs": [thinned(run, SAMPLES_MAX) for run in runs]})

    def figures(self, published):
        """Figures of others, each with its source and the processor it was measured on: never of this run."""
        self.published = list(published)

    def as_json(self):
        return {"name": self.name, "title": self.title, "about": self.about, "targets": self.data.get("targets", []), "measures": self.measures,
                "published": self.published}


def write(path, data):
    """The file whole or not at all."""
    with open(path + ".new", "w", encoding="utf-8") as file:
        if isinstance(data, str):
            file.write(data)
        else:
            json.dump(data, file, indent=1)
            file.write("\n")
    os.replace(path + ".new", path)
