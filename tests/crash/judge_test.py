#!/usr/bin/env python3
"""The judge of crashes against small logs made by hand: one that is right, and each way to be wrong."""
import copy
import io
import json
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import judge  # noqa: E402

T0 = 1_800_000_000_000  # ms


def ns(ms):
    return int((T0 + ms) * 1_000_000)


class World:
    """Three calls: a ends by itself, b is up when zvonard is killed at 10 s and started at 10.5 s,
    c is the first call after it."""

    def __init__(self):
        self.carrier = [{"e": "start", "t": ns(0)}]
        self.attempts = []
        self.restarts = f"{T0 + 10000} {T0 + 10500}\n"
        self.acks = [{"attempt": "a"}]
        self.call(1, "a", 79160000001, 1000, 3000)
        self.call(2, "b", 79160000002, 9000, 11000)
        self.call(3, "c", 79160000003, 11500, 14000)

    def call(self, call, name, number, begin, end):
        call_id = f"id-{name}"
        self.carrier.append({"e": "invite", "t": ns(begin), "call": call, "number": number,
                             "call_id": call_id, "branch": f"z9hG4bK{name}"})
        if end is not None:
            self.carrier.append({"e": "end", "t": ns(end), "call": call, "number": number, "call_id": call_id})
        self.attempts.append({"attempt": name, "call_id": call_id, "number": str(number), "steps": [
            {"event": "intent", "wall_ms": T0 + begin - 5}, {"event": "invite", "wall_ms": T0 + begin},
            {"event": "outcome", "wall_ms": T0 + (end or begin) + 5}]})

    def invite(self, name):
        return next(e for e in self.carrier if e["e"] == "invite" and e["call_id"] == f"id-{name}")

    def end(self, name):
        return next(e for e in self.carrier if e["e"] == "end" and e["call_id"] == f"id-{name}")

    def attempt(self, name):
        return next(a for a in self.attempts if a["attempt"] == name)

    def judge(self, *options, raw_carrier="", marks=None):
        with tempfile.TemporaryDirectory() as folder:
            def write(name, text):
                path = os.path.join(folder, name)
                with open(path, "w") as file:
                    file.write(text)
                return path
            lines = lambda rows: "".join(json.dumps(row) + "\n" for row in rows)
            out = io.StringIO()
            status = judge.main(["--carrier", write("carrier", lines(self.carrier) + raw_carrier),
                                 "--attempts", write("attempts", lines(self.attempts)),
                                 *(["--restarts", write("restarts", self.restarts)] if marks is None else
                                   ["--marks", write("marks", json.dumps(marks))]),
                                 "--acks", write("acks", lines(self.acks)), *options], out)
        broken = {}
        for line in out.getvalue().splitlines():
            words = line.split()
            if line[0] != " " and len(words) == 3 and words[1].isdigit() and words[2] != "0":
                broken[words[0]] = int(words[2])
        return status, broken


class Judge(unittest.TestCase):
    def setUp(self):
        self.world = World()

    def broken(self, *checks):
        status, broken = self.world.judge()
        self.assertEqual((status, set(broken)), (1 if checks else 0, set(checks)))

    def test_a_right_run_holds(self):
        self.broken()

    def test_steps_may_stand_one_a_line(self):
        rows = []
        for attempt in self.world.attempts:
            rows += [{**{k: v for k, v in attempt.items() if k != "steps"}, **step} for step in attempt["steps"]]
        self.world.attempts = rows
        self.broken()

    def test_a_second_transaction_for_one_attempt_is_seen(self):
        again = dict(self.world.invite("a"), branch="z9hG4bKother", call=9, t=ns(4000))
        self.world.carrier += [again, dict(self.world.end("a"), call=9, t=ns(5000))]
        self.broken("one_invite")

    def test_a_copy_taken_for_a_call_is_seen(self):
        self.world.carrier += [dict(self.world.invite("a"), call=9, t=ns(4000)),
                               dict(self.world.end("a"), call=9, t=ns(5000))]
        self.broken("one_invite")

    def test_a_challenged_invite_and_its_answer_are_one(self):
        first = dict(self.world.invite("a"), auth="none", branch="z9hG4bKfirst", call=8, t=ns(990))
        self.world.invite("a")["auth"] = "right"
        self.world.attempt("a")["steps"][0]["wall_ms"] = T0 + 980
        self.world.carrier.insert(1, first)
        self.broken()

    def test_the_intent_must_come_before_the_challenged_invite_too(self):
        first = dict(self.world.invite("a"), auth="none", branch="z9hG4bKfirst", call=8, t=ns(900))
        self.world.invite("a")["auth"] = "right"
        self.world.carrier.insert(1, first)
        self.broken("intent_first")

    def test_a_failover_is_a_sub_attempt_of_its_own(self):
        self.world.call(4, "x", 79160000001, 4000, 5000)
        row = self.world.attempts.pop()
        self.world.attempt("a")["steps"].insert(1, {"event": "sub", "wall_ms": T0 + 3990, "call_id": row["call_id"]})
        self.broken()

    def test_an_invite_without_an_intent_is_seen(self):
        self.world.attempts.remove(self.world.attempt("c"))
        self.broken("intent_first")

    def test_an_invite_before_its_intent_is_seen(self):
        self.world.attempt("c")["steps"][0]["wall_ms"] = T0 + 11501
        self.broken("intent_first")

    def test_a_call_to_another_number_is_seen(self):
        self.world.attempt("a")["number"] = "79169999999"
        self.broken("right_number")

    def test_two_calls_at_once_to_a_number_are_seen(self):
        self.world.call(4, "d", 79160000003, 12000, 13000)
        self.broken("no_overlap")

    def test_two_outcomes_are_seen(self):
        steps = self.world.attempt("b")["steps"]
        steps.append(copy.deepcopy(steps[-1]))
        self.broken("one_outcome")

    def test_an_outcome_put_right_later_is_no_second_one(self):
        steps = self.world.attempt("b")["steps"]
        steps.append(dict(steps[-1], amend=1))
        self.broken()

    def test_lives_say_the_same_as_restarts(self):
        lives = [{"started_ns": ns(0), "dialing_ns": ns(1), "killed_ns": ns(10000)}, {"started_ns": ns(10500)}]
        self.assertEqual(self.world.judge(marks=lives), (0, {}))
        self.world.invite("c")["t"] = ns(12501)
        self.assertEqual(self.world.judge(marks=lives), (1, {"back_to_work": 1}))
        self.assertEqual(self.world.judge(marks=lives[::-1])[0], 2)

    def test_a_short_life_in_which_work_began_late_is_judged_too(self):
        self.world.restarts += f"{T0 + 14500} {T0 + 15000}\n"
        self.world.call(4, "d", 79160000004, 15100, 15200)
        self.broken()
        self.world.invite("c")["t"] = ns(13501)
        self.world.attempt("c")["steps"][0]["wall_ms"] = T0 + 13490
        self.broken("back_to_work")

    def test_a_missing_outcome_long_before_the_kill_is_seen(self):
        self.world.acks = []
        self.world.attempt("a")["steps"].pop()
        self.broken("one_outcome")

    def test_a_missing_outcome_right_before_the_kill_is_not_judged(self):
        self.world.acks = []
        self.world.end("a")["t"] = ns(9000)
        self.world.attempt("a")["steps"].pop()
        self.broken()

    def test_a_lost_acknowledged_outcome_is_seen(self):
        self.world.end("a")["t"] = ns(9000)
        self.world.attempt("a")["steps"].pop()
        self.broken("acks_kept")

    def test_an_acknowledged_attempt_that_is_unknown_is_seen(self):
        self.world.acks.append({"attempt": "zz"})
        self.broken("acks_kept")

    def test_a_call_left_up_after_the_restart_is_seen(self):
        self.world.end("b")["t"] = ns(15501)
        self.broken("none_left")

    def test_a_call_that_never_ends_is_seen(self):
        self.world.carrier.remove(self.world.end("b"))
        self.broken("none_left")

    def test_a_call_that_ends_just_in_time_is_right(self):
        self.world.end("b")["t"] = ns(15499)
        self.broken()

    def test_a_slow_return_to_work_is_seen(self):
        self.world.invite("c")["t"] = ns(12501)
        self.broken("back_to_work")

    def test_no_return_to_work_is_seen_unless_allowed(self):
        for event in (self.world.invite("c"), self.world.end("c")):
            self.world.carrier.remove(event)
        self.broken("back_to_work")
        self.assertEqual(self.world.judge("--idle-end")[0], 0)

    def test_a_second_kill_soon_after_the_first_excuses_it(self):
        self.world.restarts = f"{T0 + 10000} {T0 + 10400}\n{T0 + 10450} {T0 + 10500}\n"
        self.broken()

    def test_a_protocol_error_is_seen(self):
        self.world.carrier.append({"e": "fault", "t": ns(1), "what": "no Via"})
        self.broken("no_faults")

    def test_a_log_cut_in_its_last_line_is_read(self):
        self.assertEqual(self.world.judge(raw_carrier='{"e":"inv')[0], 0)

    def test_nonsense_is_told_apart_from_a_broken_promise(self):
        self.assertEqual(self.world.judge(raw_carrier='nonsense\n{"e":"x"}\n')[0], 2)
        self.world.carrier = []
        self.assertEqual(self.world.judge()[0], 2)

    def test_an_empty_log_is_no_proof(self):
        self.world.carrier = self.world.carrier[:1]
        self.assertEqual(self.world.judge()[0], 2)

    def test_bad_restart_marks_are_refused(self):
        for text in ("x\n", "2 1\n", "1 2 3\n"):
            self.world.restarts = text
            self.assertEqual(self.world.judge()[0], 2)


if __name__ == "__main__":
    result = unittest.main(exit=False).result
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - bad} passed, {bad} failed, 0 skipped")
    sys.exit(0 if result.wasSuccessful() and result.testsRun > 0 else 1)
