"""The ten indicators by plain Python loops over raw rows: the oracle of the SQL.

It shares no line with the computation but the meaning written in the definitions. It takes a
*world*: an object with one list of dicts for each exported table. Slow on purpose.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta, timezone

SHANGHAI = timezone(timedelta(hours=8))
NO_PLACE = None


def evaluate(world, as_of):
    """By (code, register, place, period): numerator, denominator, samples, expected, reported."""
    return Evaluator(world, as_of).everything()


class Evaluator:
    def __init__(self, world, as_of):
        self.world, self.as_of = world, as_of
        self.cut = {row["register"]: row["as_of"] for row in world.register}
        self.level, self.above, self.living = {}, {}, {}
        for register, day in self.cut.items():
            self.level[register] = {
                row["place_id"]: row["level"]
                for row in world.listing
                if row["register"] == register and holds(row, day)
            }
            self.above[register], self.living[register] = self.tree(register, day)
        self.nearest = self.ways_up()
        self.seats, self.institutions = defaultdict(list), defaultdict(list)
        for row in world.seat:
            self.seats[row["institution_id"]].append(row)
        for row in world.institution:
            self.institutions[row["institution_id"]].append(row)
        self.values = {}

    def tree(self, register, day):
        """Ancestors of each place: all of them, and those of the living place itself."""
        every, living = defaultdict(set), defaultdict(set)
        for row in self.world.closure:
            if row["register"] == register and holds(row, day):
                every[row["descendant_id"]].add(row["ancestor_id"])
                if not row["carried"]:
                    living[row["descendant_id"]].add(row["ancestor_id"])
        return every, living

    def ways_up(self):
        """For each place, the places above it in any tree, nearest first."""
        steps = defaultdict(dict)
        for row in self.world.closure:
            if row["register"] in self.cut and holds(row, self.cut[row["register"]]):
                known = steps[row["descendant_id"]]
                known[row["ancestor_id"]] = min(
                    known.get(row["ancestor_id"], row["depth"]), row["depth"]
                )
        return {
            place: [up for _depth, up in sorted((depth, up) for up, depth in known.items())]
            for place, known in steps.items()
        }

    def anchor(self, register, place):
        """Where a place counts in a register's tree; None for nowhere."""
        return next(
            (up for up in self.nearest.get(place, []) if up in self.above[register]), NO_PLACE
        )

    def everything(self):
        for register in self.cut:
            self.share_of_units("N02", register, 4, self.kind("town_centre"), 1)
            if register == "nbs":
                self.share_of_units("N03", register, 5, self.kind("village_school"), 1)
            self.share_of_units("N05", register, 4, lambda row: row["serves_elders"], 1)
            self.share_of_units("N06", register, 2, self.kind("elder_university"), 4)
            self.participation("P01", register, 60)
            self.participation("P03", register, 15)
            self.attendances(register)
            self.completion(register)
            self.accounts(register)
            self.budgets(register)
        return self.values

    @staticmethod
    def kind(wanted):
        return lambda row: row["kind"] == wanted

    # --- shares of places -------------------------------------------------------------------

    def share_of_units(self, code, register, level, wanted, at_least):
        units = {place for place, of in self.level[register].items() if of == level}
        inside = defaultdict(dict)
        institutions = {row["institution_id"]: row for row in self.world.institution}
        for seat in self.world.seat:
            row = institutions.get(seat["institution_id"])
            if row is None or seat["register"] != register or not wanted(row):
                continue
            if holds(seat, self.as_of) and holds(row, self.as_of):
                for unit in self.above[register].get(seat["place_id"], set()) & units:
                    inside[unit][row["institution_id"]] = row["is_sample"]
        have, want, samples = defaultdict(int), defaultdict(int), defaultdict(int)
        for unit in units:
            enough = len(inside[unit]) >= at_least
            for place in self.living[register].get(unit, ()):
                want[place] += 1
                have[place] += enough
                samples[place] += enough and all(inside[unit].values())
        for place, of in self.level[register].items():
            if of <= level and want[place]:
                self.values[code, register, place, self.as_of.year] = (
                    have[place],
                    want[place],
                    samples[place],
                    want[place],
                    want[place],
                )

    # --- persons and attendances ------------------------------------------------------------

    def learners(self):
        """Learner → (birth year, home, sample)."""
        found = {
            row["learner_id"]: (row["birth_year"], row["home_id"], row["is_sample"])
            for row in self.world.person
        }
        for row in self.world.actor:
            found.setdefault(row["learner_id"], (None, None, False))
        return found

    def visits(self):
        """Learner, local day and class or platform of each counted statement, once each."""
        events, said = list(self.events()), defaultdict(list)
        for learner, day, what, at, source, _registration in events:
            said[learner, day, what].append((at, source))
        for learner, day, what, at, source, registration in events:
            # Another source, known earlier, said the same of that day within ten seconds.
            is_told = any(
                earlier < source and abs((at - then).total_seconds()) <= 10
                for then, earlier in said[learner, day, what]
            )
            if not is_told:
                yield learner, day, (source, registration)

    def events(self):
        """What is counted of the statements that nobody voided, each named once."""
        learner_of = {row["actor_id"]: row["learner_id"] for row in self.world.actor}
        counts = {row["verb_id"]: row["counts"] for row in self.world.verb}
        voided = {row["voids"] for row in self.world.statement if row["voids"]}
        seen = set()
        for row in self.world.statement:
            name = row["statement_id"]
            if name in seen or name in voided or row["voids"]:
                continue
            seen.add(name)
            if row["actor_id"] not in learner_of or not counts[row["verb_id"]]:
                continue
            day = row["event_at"].astimezone(SHANGHAI).date()
            what = row["verb_id"], row["activity_id"]
            learner = learner_of[row["actor_id"]]
            yield learner, day, what, row["event_at"], row["source_id"], row["registration"]

    def residents(self, register, age):
        total = defaultdict(int)
        for row in self.world.population:
            if row["census"] == 2020 and row["age_from"] >= age:
                for place in self.all_above(register, row["place_id"]):
                    total[place] += row["residents"]
        return total

    def all_above(self, register, place):
        """The places of a register in which something at a place counts; [None] for none."""
        anchor = self.anchor(register, place) if place is not None else NO_PLACE
        return [NO_PLACE] if anchor is NO_PLACE else self.above[register][anchor]

    def persons(self, code, register, age, members):
        """Distinct persons of an age among (learner, year), of the residents of that age."""
        learners, residents = self.learners(), self.residents(register, age)
        counted, known = defaultdict(set), defaultdict(set)
        active, samples = defaultdict(set), defaultdict(set)
        for learner, year in members:
            birth_year, home, is_sample = learners[learner]
            for place in self.all_above(register, home):
                active[place, year].add(learner)
                if birth_year is not None:
                    known[place, year].add(learner)
                if birth_year is not None and year - birth_year >= age:
                    counted[place, year].add(learner)
                    if is_sample:
                        samples[place, year].add(learner)
        years = {year for _place, year in active}
        places = [
            place
            for place, level in self.level[register].items()
            if level <= 3 and residents[place] > 0
        ]
        for year in years:
            unplaced = [NO_PLACE] if (NO_PLACE, year) in active else []
            for place in places + unplaced:
                key = place, year
                expected, reported = len(active[key]), len(known[key])
                self.values[code, register, place, year] = (
                    len(counted[key]),
                    None if place is NO_PLACE else residents[place],
                    len(samples[key]),
                    expected,
                    reported,
                )

    def participation(self, code, register, age):
        members = {(learner, day.year) for learner, day, _where in self.visits()}
        self.persons(code, register, age, members)

    def accounts(self, register):
        members = set()
        for row in self.world.account:
            opened = row["opened_at"].astimezone(SHANGHAI).date()
            for year in range(opened.year, self.as_of.year + 1):
                if opened <= min(date(year, 12, 31), self.as_of):
                    members.add((row["learner_id"], year))
        self.persons("X01", register, 15, members)

    def attendances(self, register):
        learners = self.learners()
        total, samples = defaultdict(int), defaultdict(int)
        for learner, day, _where in set(self.visits()):
            _birth_year, home, is_sample = learners[learner]
            for place in self.all_above(register, home):
                total[place, day.year] += 1
                samples[place, day.year] += is_sample
        for (place, year), n in total.items():
            if place is NO_PLACE or place in self.level[register]:
                self.values["P09", register, place, year] = (n, None, samples[place, year], n, n)

    # --- classes and money ------------------------------------------------------------------

    def completion(self, register):
        offerings = {row["offering_id"]: row for row in self.world.offering}
        enrolments = {row["enrolment_id"]: row for row in self.world.enrolment}
        closed, passed, samples = defaultdict(int), defaultdict(int), defaultdict(int)
        for row in self.world.completion:
            offering = offerings[enrolments[row["enrolment_id"]]["offering_id"]]
            day = row["completed_at"].astimezone(SHANGHAI).date()
            for place in self.above_seats(register, offering["institution_id"], day):
                closed[place, day.year] += 1
                if row["result"] in ("pass", "distinction"):
                    passed[place, day.year] += 1
                    samples[place, day.year] += offering["is_sample"]
        for (place, year), n in closed.items():
            if place is NO_PLACE or self.level[register].get(place, 9) <= 4:
                self.values["Q02", register, place, year] = (
                    passed[place, year],
                    n,
                    samples[place, year],
                    n,
                    n,
                )

    def above_seats(self, register, institution_id, day):
        if not any(holds(row, day) for row in self.institutions[institution_id]):
            return [NO_PLACE]
        places = [
            seat["place_id"]
            for seat in self.seats[institution_id]
            if seat["register"] == register and holds(seat, day)
        ]
        if not places:
            return [NO_PLACE]
        return [up for place in places for up in self.above[register].get(place, ())]

    def budgets(self, register):
        residents = self.residents(register, 0)
        fen, samples = defaultdict(int), defaultdict(int)
        for row in self.world.budget:
            for place in self.all_above(register, row["place_id"]):
                if place is not NO_PLACE:
                    fen[place, row["year"]] += row["fen"]
                    samples[place, row["year"]] += row["fen"] * row["is_sample"]
        counties = [place for place, level in self.level[register].items() if level == 3]
        for year in {row["year"] for row in self.world.budget}:
            known = {row["place_id"] for row in self.world.budget if row["year"] == year}
            expected, reported = defaultdict(int), defaultdict(int)
            for county in counties:
                for place in self.above[register][county]:
                    expected[place] += 1
                    reported[place] += county in known
            for place, level in self.level[register].items():
                if level <= 3 and residents[place] > 0:
                    self.values["F01", register, place, year] = (
                        fen[place, year],
                        residents[place],
                        samples[place, year],
                        expected[place],
                        reported[place],
                    )


def holds(row, day):
    return row["valid_from"] <= day and (row["valid_to"] is None or day < row["valid_to"])
