#!/usr/bin/env python3
"""Judges a run of crashes: the carrier's log against the store's attempts.

  judge.py --carrier LOG [--carrier LOG ...] --attempts FILE [--marks FILE | --restarts FILE]
           [--acks FILE]

--attempts  JSON lines of `zvonarctl attempts export --format json`, one step a line: attempt,
            call_id, number, event, wall_ms (or one attempt a line with a list of steps). Events:
            intent, sub (a further INVITE of the attempt, with its own call_id), outcome (amend 1:
            puts an earlier one right), ...
--marks     a JSON list of zvonard's lives: {"started_ns": N, "killed_ns": N}; the last may lack its
            killed_ns
--restarts  the same as lines `KILLED_MS STARTED_MS` (wall clock; one number: both)
--acks      JSON lines of outcomes that were acknowledged to somebody: attempt, and wall_ms if known.

Checks, each a row of the table:
  one_invite      an attempt (and each of its sub-attempts) has one INVITE transaction; copies with
                  the same branch are one, and so are a challenged INVITE and its answer
  intent_first    each INVITE's Call-ID has an intent (or sub) in the store, not later than the INVITE
  right_number    and it was for that number
  no_overlap      no number has two calls at once
  one_outcome     no attempt has two outcomes (amendments aside), and each that ended in time has one
  acks_kept       each acknowledged outcome is in the store
  none_left       --settle s after each start no call from before the kill is up at the carrier
  back_to_work    and the first new INVITE came within --work s of the start
  no_faults       the carrier saw no protocol error

Exit status: 0 all hold, 1 some do not, 2 used wrongly or the files make no sense.
"""
import argparse
import collections
import json
import sys

MS = 1_000_000


class Unreadable(Exception):
    pass


def read_lines(path):
    """JSON objects of a file. The last line may be cut short by a kill, no other."""
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except ValueError as error:
            if number == len(lines):
                return
            raise Unreadable(f"{path}:{number}: {error}") from error
        if not isinstance(value, dict):
            raise Unreadable(f"{path}:{number}: not an object")
        yield value


class Attempt:
    def __init__(self, name):
        self.name = name
        self.number = None
        self.intents = {}  # call_id -> wall ms
        self.outcomes = []  # wall ms


def read_attempts(path):
    """Attempts by name; one line may carry all steps of an attempt or one of them."""
    attempts = {}
    for line in read_lines(path):
        name = line.get("attempt", line.get("id"))
        if not isinstance(name, str):
            raise Unreadable(f"{path}: an attempt without its id: {line}")
        attempt = attempts.setdefault(name, Attempt(name))
        if line.get("number"):
            attempt.number = int(str(line["number"]).lstrip("+"))
        for step in line.get("steps", [line]):
            event = step.get("event")
            wall = step.get("wall_ms")
            if not isinstance(event, str) or not isinstance(wall, (int, float)):
                raise Unreadable(f"{path}: a step without event or wall_ms: {step}")
            if event in ("intent", "sub"):
                call_id = step.get("call_id", line.get("call_id"))
                if not call_id:
                    raise Unreadable(f"{path}: an {event} without call_id: {step}")
                attempt.intents[call_id] = min(wall, attempt.intents.get(call_id, wall))
            elif event == "outcome" and not step.get("amend"):
                attempt.outcomes.append(wall)
    return attempts


class Call:
    """A Call-ID as the carriers saw it."""

    def __init__(self, call_id):
        self.call_id = call_id
        self.number = None
        self.transactions = []  # (wall ns, branch): those that are calls
        self.first_ns = None    # of any INVITE, challenged ones too
        self.spans = {}         # carrier's call -> [number, from, to or None]


def read_carriers(paths):
    """(calls by Call-ID, faults)"""
    calls, faults = {}, []
    for path in paths:
        running = {}  # the carrier's number of the call -> Call
        started = 0
        for line in read_lines(path):
            event = line.get("e")
            if event == "start":
                started += 1
                running = {}
            elif event == "invite":
                call = calls.setdefault(line["call_id"], Call(line["call_id"]))
                call.number = line["number"]
                call.first_ns = min(line["t"], call.first_ns or line["t"])
                if line.get("auth", "right") == "right":
                    call.transactions.append((line["t"], line["branch"]))
                    call.spans[(path, started, line["call"])] = [line["number"], line["t"], None]
                    running[line["call"]] = call
            elif event == "end" and line["call"] in running:
                running[line["call"]].spans[(path, started, line["call"])][2] = line["t"]
            elif event == "fault":
                faults.append(f"{line['what']} ({line.get('call_id', '-')})")
        if started == 0:
            raise Unreadable(f"{path}: not a carrier's log: no start line")
    return calls, faults


def read_restarts(path):
    """[(killed ns, started ns)] in order."""
    marks = []
    if path is None:
        return marks
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            words = line.split("#")[0].split()
            if not words:
                continue
            try:
                times = [int(float(word) * MS) for word in words]
            except ValueError:
                times = []
            if len(times) not in (1, 2) or times[0] > times[-1]:
                raise Unreadable(f"{path}:{number}: not `KILLED_MS STARTED_MS`")
            marks.append((times[0], times[-1]))
    return sorted(marks)


def read_marks(path):
    """The same from the list of lives."""
    with open(path, encoding="utf-8") as file:
        lives = json.load(file)
    marks = []
    for before, after in zip(lives, lives[1:]):
        if before["killed_ns"] > after["started_ns"]:
            raise Unreadable(f"{path}: a life begins before the one before it ends")
        marks.append((before["killed_ns"], after["started_ns"]))
    return marks


class Verdict:
    """Rows of the table: what was looked at and what was wrong."""

    def __init__(self):
        self.rows = collections.OrderedDict()

    def row(self, name):
        return self.rows.setdefault(name, [0, []])

    def look(self, name, right, text):
        row = self.row(name)
        row[0] += 1
        if not right:
            row[1].append(text)

    @property
    def right(self):
        return all(not wrong for _, wrong in self.rows.values())

    def show(self, out, examples):
        print(f"{'check':<14} {'looked at':>9} {'wrong':>6}", file=out)
        for name, (count, wrong) in self.rows.items():
            print(f"{name:<14} {count:>9} {len(wrong):>6}", file=out)
            for text in wrong[:examples]:
                print(f"    {text}", file=out)
            if len(wrong) > examples:
                print(f"    and {len(wrong) - examples} more", file=out)
        print("all hold" if self.right else "BROKEN", file=out)


def judge_calls(verdict, attempts, calls):
    owners = {}
    for attempt in attempts.values():
        for call_id, wall in attempt.intents.items():
            owners[call_id] = (attempt, wall)
    verdict.row("one_invite")
    for call in calls.values():
        branches = {branch for _, branch in call.transactions}
        # Two lines with one branch: the carrier itself took a copy for a new call.
        verdict.look("one_invite", len(call.transactions) <= 1 and len(branches) <= 1,
                     f"{call.call_id} to {call.number}: {len(call.transactions)} INVITE transactions")
    for call in calls.values():
        owner = owners.get(call.call_id)
        invite_ms = call.first_ns / MS
        verdict.look("intent_first", owner is not None and owner[1] <= invite_ms,
                     f"{call.call_id} to {call.number}: "
                     + ("no intent" if owner is None
                        else f"intent {owner[1] - invite_ms:.3f} ms after the INVITE"))
        if owner is not None and owner[0].number is not None:
            verdict.look("right_number", owner[0].number == call.number,
                         f"{call.call_id}: {call.number} called, {owner[0].number} in the store")
    return owners


def judge_overlap(verdict, calls):
    by_number = collections.defaultdict(list)
    for call in calls.values():
        for number, start, end in call.spans.values():
            by_number[number].append((start, end if end is not None else float("inf"), call.call_id))
    verdict.row("no_overlap")
    for number, spans in by_number.items():
        spans.sort()
        latest = spans[0]
        for span in spans[1:]:
            verdict.look("no_overlap", span[0] >= latest[1],
                         f"{number}: {span[2]} began while {latest[2]} was up")
            latest = max(latest, span, key=lambda s: s[1])


def judge_outcomes(verdict, attempts, calls, owners, marks, options):
    """An attempt whose last call ended --outcome s before a kill (or the end of the log) has its
    outcome; none has two."""
    last_ns = max((end or start for call in calls.values() for _, start, end in call.spans.values()),
                  default=0)
    limits = [killed for killed, _ in marks] + [last_ns]
    ended = {}
    for call in calls.values():
        owner = owners.get(call.call_id)
        ends = [end for _, _, end in call.spans.values()]
        if owner is not None and ends:
            known = ended.setdefault(owner[0].name, [])
            known += ends
    verdict.row("one_outcome")
    for attempt in attempts.values():
        verdict.look("one_outcome", len(attempt.outcomes) <= 1,
                     f"{attempt.name}: {len(attempt.outcomes)} outcomes")
        ends = ended.get(attempt.name)
        if not ends or None in ends or attempt.outcomes:
            continue
        limit = next((mark for mark in limits if mark >= max(ends)), last_ns)
        verdict.look("one_outcome", limit - max(ends) < options.outcome * 1000 * MS,
                     f"{attempt.name}: its call ended {(limit - max(ends)) / MS / 1000:.1f} s before the "
                     "kill or the end, and it has no outcome")


def judge_acks(verdict, attempts, path):
    if path is None:
        return
    verdict.row("acks_kept")
    for line in read_lines(path):
        name = line.get("attempt")
        attempt = attempts.get(name)
        verdict.look("acks_kept", attempt is not None and bool(attempt.outcomes),
                     f"{name}: its outcome was acknowledged and is not in the store")


def judge_restarts(verdict, calls, marks, options):
    if not marks:
        return
    verdict.row("none_left")
    verdict.row("back_to_work")
    begins = sorted(start for call in calls.values() for _, start, _ in call.spans.values())
    for index, (killed, started) in enumerate(marks):
        deadline = started + options.settle * 1000 * MS
        following = marks[index + 1][0] if index + 1 < len(marks) else None
        if following is None or following >= deadline:
            left = [call for call in calls.values() for _, start, end in call.spans.values()
                    if start <= killed and (end is None or end > deadline)]
            verdict.look("none_left", not left,
                         f"{len(left)} calls of before the kill at {killed / MS:.0f} ms still up "
                         f"{options.settle} s after the start, as {left[0].call_id if left else ''}")
        first = next((begin for begin in begins if begin > started), None)
        if first is not None and following is not None and first >= following:
            first = None
        if first is None and following is None and options.idle_end:
            continue
        if first is None and following is not None and following < started + options.work * 1000 * MS:
            continue  # killed again before its time was over
        verdict.look("back_to_work", first is not None and first <= started + options.work * 1000 * MS,
                     f"started at {started / MS:.0f} ms, "
                     + ("no INVITE after it" if first is None
                        else f"first INVITE {(first - started) / MS / 1000:.3f} s later"))


def judge(options):
    attempts = read_attempts(options.attempts)
    calls, faults = read_carriers(options.carrier)
    marks = read_marks(options.marks) if options.marks else read_restarts(options.restarts)
    if not calls:
        raise Unreadable("the carrier saw no INVITE: nothing to judge")
    verdict = Verdict()
    owners = judge_calls(verdict, attempts, calls)
    judge_overlap(verdict, calls)
    judge_outcomes(verdict, attempts, calls, owners, marks, options)
    judge_acks(verdict, attempts, options.acks)
    judge_restarts(verdict, calls, marks, options)
    verdict.row("no_faults")
    verdict.look("no_faults", not faults, f"{len(faults)} protocol errors: {'; '.join(faults[:3])}")
    return verdict


def main(argv=None, out=sys.stdout):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--carrier", action="append", required=True, metavar="LOG")
    parser.add_argument("--attempts", required=True, metavar="FILE")
    times = parser.add_mutually_exclusive_group()
    times.add_argument("--marks", metavar="FILE")
    times.add_argument("--restarts", metavar="FILE")
    parser.add_argument("--acks", metavar="FILE")
    parser.add_argument("--settle", type=float, default=5.0, metavar="S")
    parser.add_argument("--work", type=float, default=2.0, metavar="S")
    parser.add_argument("--outcome", type=float, default=3.0, metavar="S",
                        help="how long before a kill a call must have ended to have its outcome")
    parser.add_argument("--idle-end", action="store_true",
                        help="after the last start there may be nothing left to call")
    parser.add_argument("--examples", type=int, default=5, metavar="N")
    options = parser.parse_args(argv)
    try:
        verdict = judge(options)
    except (OSError, Unreadable, ValueError, KeyError, TypeError) as error:
        print(f"judge: {error!r}" if isinstance(error, (KeyError, TypeError)) else f"judge: {error}",
              file=sys.stderr)
        return 2
    verdict.show(out, options.examples)
    return 0 if verdict.right else 1


if __name__ == "__main__":
    sys.exit(main())
