# SPDX-License-Identifier: MIT
"""What the report and the comparison compute from samples. Nothing is assumed of their distribution.

Samples of one run hang together: code lies where it lies, and the clock rate is what it is that minute. So they may come in several runs, each a
list of its own, and what is said of the difference of two reports then rests on how runs differ (Kalibera and Jones, ISMM 2013).
"""
import bisect
import math
import random
import statistics

CONFIDENCE = 0.95
RESAMPLES = 500
NORMAL = statistics.NormalDist()
RUNS_MIN = 8  # with as many on both sides the runs' medians are compared, with fewer the samples


def quantile(ordered, part):
    position = part * (len(ordered) - 1)
    below = int(position)
    share = position - below
    return ordered[below] * (1 - share) + ordered[below + 1] * share if share else ordered[below]


def median_interval(ordered, confidence=CONFIDENCE):
    """An interval of the median from the order of the samples alone (binomial); all of them when there are too few for the confidence."""
    count, tail = len(ordered), (1 - confidence) / 2
    below, chance = 0, 0.5 ** count if count < 1000 else 0.0
    if count >= 1000:  # the normal approximation is exact to a rank here
        below = int(count / 2 + NORMAL.inv_cdf(tail) * math.sqrt(count) / 2)
    total = chance
    while count < 1000 and total <= tail:
        below += 1
        chance *= (count - below + 1) / below
        total += chance
    below = max(below - 1, 0)
    return ordered[below], ordered[count - 1 - below]


def summary(runs):
    """Median, quartiles, spread and the median's interval of the samples of all runs."""
    ordered = sorted(value for run in runs for value in run)
    middle = quantile(ordered, 0.5)
    low, high = median_interval(sorted(statistics.median(run) for run in runs) if len(runs) >= RUNS_MIN else ordered)
    return {"samples": len(ordered), "median": middle, "low": quantile(ordered, 0.25), "high": quantile(ordered, 0.75),
            "mad": statistics.median(abs(value - middle) for value in ordered), "confidence": [low, high]}


def mann_whitney(first, second):
    """Two-sided p of the samples being of one distribution, with ties; exact for few samples without ties, else normal with continuity correction."""
    both = sorted([*first, *second])
    rank, ties = {}, 0
    for value in set(both):
        start, end = bisect.bisect_left(both, value), bisect.bisect_right(both, value)
        rank[value] = (start + 1 + end) / 2
        ties += (end - start) ** 3 - (end - start)
    n, m = len(first), len(second)
    u = sum(rank[value] for value in first) - n * (n + 1) / 2
    u = min(u, n * m - u)
    if not ties and n * m <= 400:
        return min(1.0, 2 * exact_tail(n, m, u))
    total = n + m
    variance = n * m / 12 * (total + 1 - ties / (total * (total - 1)))
    if variance <= 0:
        return 1.0
    return min(1.0, 2 * NORMAL.cdf((u + 0.5 - n * m / 2) / math.sqrt(variance)))


def exact_tail(n, m, u):
    """P(U <= u): how many orders of n and m values have at most u inversions."""
    ways = [[1] + [0] * (n * m) for _ in range(m + 1)]  # of the samples so far against 0..m others
    for _ in range(n):
        for j in range(1, m + 1):
            before = ways[j - 1]
            ways[j] = [ways[j][k - j] * (k >= j) + before[k] if k >= j else before[k] for k in range(n * m + 1)]
    return sum(ways[m][: int(u) + 1]) / math.comb(n + m, n)


def ratio_interval(first, second, seed, confidence=CONFIDENCE):
    """An interval of the ratio of medians, second to first: the numbers of each are drawn anew with repetition (bootstrap)."""
    draw = random.Random(seed)

    def median_of(values):
        return statistics.median(draw.choices(values, k=len(values)))

    ratios = sorted(median_of(second) / base for base in (median_of(first) for _ in range(RESAMPLES)) if base)
    tail = (1 - confidence) / 2
    return (quantile(ratios, tail), quantile(ratios, 1 - tail)) if ratios else (math.nan, math.nan)


def holm(values):
    """p values corrected for being many, in the order given (Holm 1979)."""
    order = sorted(range(len(values)), key=values.__getitem__)
    corrected, least = [0.0] * len(values), 0.0
    for place, index in enumerate(order):
        least = max(least, min(1.0, values[index] * (len(values) - place)))
        corrected[index] = least
    return corrected


def thinned(samples, most):
    """At most so many of them, evenly from first to last."""
    return samples if len(samples) <= most else [samples[i * (len(samples) - 1) // (most - 1)] for i in range(most)]
