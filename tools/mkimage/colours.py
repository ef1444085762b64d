# SPDX-License-Identifier: MIT
"""Colours of domains: which of the two segment registers reaches each slot, so that calls write as few segment bases as possible.

A proxy writes the callee's base when the callee's register holds another domain's, and the caller's on the way back likewise. So, of the calls
that the manifest grants:

  - a call between two domains of one colour writes two bases, each time;
  - a call between colours writes none, but where the way goes on through the other colour to a further domain of the caller's colour (u -> v -> x):
    the first such call of each visit takes the register from u, and u takes it back.

What nobody can know before is left out: in which order a domain calls several others of one colour.
"""
import collections
import random

GS, FS = 0, 1
NAMES = ("gs", "fs")
EXACT_LIMIT = 20  # domains that call one another, without those bound by the manifest: beyond, local search alone
WAY_LIMIT = 4  # calls in one another that are looked at ...
WAYS_LIMIT = 2000  # ... two only, where that many ways begin
WORK_LIMIT = 2000000  # of the exact search, in domains and ways looked at: a few seconds; then the best that was found stands
SCALE = 5040  # rates are counted in parts of one: divided among callers, they stay whole numbers mostly
STARTS = 64  # of the local search ...
VISITS_LIMIT = 100000  # ... fewer where there is so much to add up

Cost = collections.namedtuple("Cost", "writes direct bytes")  # all, those of calls within a colour, bytes of images to be recoloured
Through = collections.namedtuple("Through", "first middles last visits")


def is_crossed(way, colours):
    """Does the last domain of a way take the register of the first, which those between have left alone?"""
    colour = colours[way.first]
    return colours[way.last] == colour and all(colours[domain] != colour for domain in way.middles)


def plain(number):
    """Whole where it is."""
    return int(number) if number == int(number) else round(number, 2)


def domains_of(way):
    return (way.first, *way.middles, way.last)


class Graph:
    """Who calls whom how often: `calls` is {(caller, callee): rate} over 0 .. count - 1."""

    def __init__(self, count, calls, bound=None, sizes=None):
        self.count, self.bound = count, dict(bound or {})
        self.calls = {pair: rate for pair, rate in calls.items() if pair[0] != pair[1]}
        self.sizes = sizes or [0] * count
        self.through = self.find_through()
        self.near = [set() for _ in range(count)]  # domains that stand in one term with it
        self.weight = [collections.Counter() for _ in range(count)]  # writes if both had one colour
        for (caller, callee), rate in self.calls.items():
            self.weight[caller][callee] += 2 * SCALE * rate
            self.weight[callee][caller] += 2 * SCALE * rate
            self.near[caller].add(callee)
            self.near[callee].add(caller)

    def find_through(self):
        """Ways from one domain through others to a last one, and how often each is gone: what a domain does is done for its callers, in proportion."""
        into, out = collections.Counter(), collections.defaultdict(list)
        for (caller, callee), rate in sorted(self.calls.items()):
            into[callee] += rate
            out[caller].append((callee, rate))
        ways, found = [((caller, callee), SCALE * rate) for (caller, callee), rate in sorted(self.calls.items())], []
        for _ in range(WAY_LIMIT - 1):
            ways = [(way + (last,), min(visits, rate * visits // into[way[-1]]))
                    for way, visits in ways for last, rate in out[way[-1]] if last not in way]
            found += [Through(way[0], way[1:-1], way[-1], visits) for way, visits in ways]
            if len(ways) > WAYS_LIMIT:
                break
        return found

    def direct(self, colours):
        """Writes of calls within a colour."""
        return sum(2 * rate for (u, v), rate in self.calls.items() if colours[u] == colours[v])

    def crossed(self, colours):
        """The ways on which the last domain takes the first one's register."""
        return [one for one in self.through if is_crossed(one, colours)]

    def cost(self, colours):
        """What a colouring costs in all."""
        direct = self.direct(colours)
        through = sum(2 * one.visits for one in self.crossed(colours)) / SCALE
        return Cost(plain(direct + through), direct,
                    sum(size for size, colour in zip(self.sizes, colours) if colour == FS))

    def components(self):
        """Sets of domains that no call connects."""
        left, found = set(range(self.count)), []
        while left:
            group, edge = [], [min(left)]
            left.discard(edge[0])
            while edge:
                one = edge.pop(0)
                group.append(one)
                new = sorted(self.near[one] & left, key=lambda other: (-sum(self.weight[other].values()), other))
                left.difference_update(new)
                edge += new
            found.append(group)
        return found


class Search:
    """The best colours of one component, in the order in which it is listed."""

    def __init__(self, graph, group):
        self.graph, self.group = graph, group
        self.place = {domain: number for number, domain in enumerate(group)}
        self.decided = [[] for _ in group]  # visits whose cost is known with this domain
        self.touching = {domain: [] for domain in group}
        for one in graph.through:
            if one.first in self.place:
                self.decided[max(self.place[domain] for domain in domains_of(one))].append(one)
                for domain in domains_of(one):
                    self.touching[domain].append(one)
        self.colours = [None] * graph.count
        self.same = {domain: [0, 0] for domain in group}  # by colour: its calls from and to domains that have that colour
        self.best, self.best_cost, self.work = None, None, 0

    def choices(self, domain):
        bound = self.graph.bound.get(domain)
        return (GS, FS) if bound is None else (bound,)

    def paint(self, domain, colour):
        """Give a domain a colour, or (None) take it away."""
        old, self.colours[domain] = self.colours[domain], colour
        for other, weight in self.graph.weight[domain].items():
            if old is not None:
                self.same[other][old] -= weight
            if colour is not None:
                self.same[other][colour] += weight

    def taken(self, visits):
        """Writes of those visits that take a register."""
        return sum(2 * one.visits for one in visits if is_crossed(one, self.colours))

    def share(self, domain, visits):
        """What a domain adds to the cost of those that have a colour, itself painted."""
        colour = self.colours[domain]
        direct = self.same[domain][colour]
        return Cost(direct + self.taken(visits), direct, self.graph.sizes[domain] if colour == FS else 0)

    def keep_best(self, cost):
        if self.best is None or cost < self.best_cost:
            self.best, self.best_cost = [self.colours[domain] for domain in self.group], cost

    def descend(self, number, cost):
        """Branch and bound. What the calls between painted domains and the others cost at least is counted in front."""
        if number == len(self.group):
            self.keep_best(cost)
            return
        least = sum(min(self.same[domain][colour] for colour in self.choices(domain)) for domain in self.group[number:])
        if Cost(cost.writes + least, cost.direct + least, cost.bytes) >= self.best_cost or self.work > WORK_LIMIT:
            return
        self.work += len(self.group) + 2 * len(self.decided[number])
        domain = self.group[number]
        for colour in self.choices(domain):
            self.paint(domain, colour)
            self.descend(number + 1, Cost(*(a + b for a, b in zip(cost, self.share(domain, self.decided[number])))))
            self.paint(domain, None)

    def improve(self, domain):
        """Change a domain's colour if that helps."""
        if domain in self.graph.bound:
            return False
        old = self.colours[domain]
        before = self.share(domain, self.touching[domain])
        self.paint(domain, FS if old == GS else GS)
        if self.share(domain, self.touching[domain]) < before:
            return True
        self.paint(domain, old)
        return False

    def climb(self, chance):
        """From random colours, change one after the other as long as that helps."""
        for domain in self.group:
            self.paint(domain, chance.choice(self.choices(domain)))
        while any([self.improve(domain) for domain in self.group]):
            pass
        cost = Cost(0, 0, 0)
        colours = self.colours[:]
        for domain in self.group:
            self.paint(domain, None)
        for number, domain in enumerate(self.group):
            self.paint(domain, colours[domain])
            cost = Cost(*(a + b for a, b in zip(cost, self.share(domain, self.decided[number]))))
        self.keep_best(cost)

    def run(self):
        """Colours of the group, and whether no others can be better."""
        chance = random.Random(1)  # the same manifest always gives the same colours
        for _ in range(max(4, min(STARTS, VISITS_LIMIT // (len(self.graph.through) + 1)))):
            self.climb(chance)
        exact = sum(domain not in self.graph.bound for domain in self.group) <= EXACT_LIMIT
        if exact:
            for domain in self.group:
                self.paint(domain, None)
            self.descend(0, Cost(0, 0, 0))
        return dict(zip(self.group, self.best)), exact and self.work <= WORK_LIMIT


def assign(graph):
    """A colour for each domain, and whether these are proved to be the best. Domains bound by the manifest keep theirs."""
    colours, proved = [GS] * graph.count, True
    for group in graph.components():
        found, exact = Search(graph, group).run()
        proved = proved and exact
        for domain, colour in found.items():
            colours[domain] = colour
    return colours, proved


def explain(name, domains, graph, colours, proved):
    """What the colours come to, as data: names, calls, writes."""
    title = [one["name"] for one in domains]
    total = sum(graph.calls.values())
    cost, one_colour = graph.cost(colours), graph.cost([GS] * graph.count)
    return {
        "system": name,
        "domains": [{"name": title[i], "colour": NAMES[colours[i]], "bound": i in graph.bound} for i in range(graph.count)],
        "calls": [{"caller": title[u], "callee": title[v], "rate": rate, "writes": 2 * (colours[u] == colours[v])}
                  for (u, v), rate in sorted(graph.calls.items())],
        "through": [{"domains": [title[i] for i in domains_of(one)], "visits": plain(one.visits / SCALE), "writes": 2} for one in graph.crossed(colours)],
        "writes": cost.writes, "calls_in_all": total, "writes_per_call": plain(cost.writes / total) if total else 0,
        "writes_in_one_colour": one_colour.writes, "proved_best": proved,
    }


def print_table(rows):
    widths = [max(len(str(row[i])) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  " + "  ".join(str(cell).ljust(width) for cell, width in zip(row, widths)).rstrip())


def print_explanation(data):
    """The same for people."""
    colour = {one["name"]: one["colour"] for one in data["domains"]}
    print(f"{data['system']}: {len(data['domains'])} domains, {len(data['calls'])} pairs of caller and callee")
    print_table([("domain", "colour", "")] + [(one["name"], one["colour"], "as the manifest says" if one["bound"] else "") for one in data["domains"]])
    if data["calls"]:
        print("Base writes of a call, there and back:")
        print_table([("caller", "callee", "colours", "rate", "writes")] +
                    [(one["caller"], one["callee"], f"{colour[one['caller']]} {colour[one['callee']]}", one["rate"], one["writes"]) for one in data["calls"]])
    if data["through"]:
        print("On the way through others, once for each visit:")
        print_table([("way", "visits", "writes")] + [(" -> ".join(one["domains"]), one["visits"], one["writes"]) for one in data["through"]])
    print(f"Expected: {data['writes']} writes in {data['calls_in_all']} calls ({data['writes_per_call']} for each); all in one colour: "
          f"{data['writes_in_one_colour']}. {'No colouring that the manifest allows writes less.' if data['proved_best'] else 'The best that was found.'}")
