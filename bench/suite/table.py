"""What there is to measure: rows of bench/*/suite.json, and whether each can run here."""
import glob
import json
import os
import shutil

# In the order of the page; a row of suite.json may bring further names.
NAMES = {
    "sip": "calls without media: INVITE to BYE",
    "sip-media": "calls with a prompt of 5 s",
    "bridge": "two legs that hear each other, through the media threads",
    "packets": "RTP by sockets and by DPDK",
    "detect": "answer detection: human, machine, tones",
    "store": "import, pick, commit, recovery, against the number of leads",
    "engine": "an event through the engine, against the calls in flight",
    "plugin": "questions to strategies and pacers",
    "rules": "may this person be called now, against what the ledger holds",
    "pacing": "a decision of the pacer, against the calls in flight",
}
FIELDS = {"bench": str, "run": list, "quick": (list, type(None)), "full": list, "seconds": (int, float),
          "quick_seconds": (int, float), "repeats": int, "needs": list, "what": str, "each": list}


class BadTable(Exception):
    pass


def check_row(row, path):
    for field, value in row.items():
        if field not in FIELDS:
            raise BadTable(f'{path}: unknown field "{field}"')
        if not isinstance(value, FIELDS[field]):
            raise BadTable(f'{path}: "{field}" has the wrong type')
    for field in ("bench", "run"):
        if not row.get(field):
            raise BadTable(f'{path}: a row without "{field}"')
    return {"quick": [], "full": [], "seconds": 30, "quick_seconds": 5, "repeats": 3, "needs": [], **row,
            "from": os.path.basename(os.path.dirname(path))}


def expand(row):
    """A row for each of its "each"; with --quick only the first is run."""
    for i, word in enumerate(row.pop("each", [None])):
        one = dict(row, each=word)
        if i > 0:
            one["quick"] = None
        yield one


def read(root):
    """{NAME: [row]}; names that nobody measures yet have none."""
    rows = {name: [] for name in NAMES}
    for path in sorted(glob.glob(os.path.join(root, "bench", "*", "suite.json"))):
        try:
            with open(path, encoding="utf-8") as file:
                found = json.load(file)
        except ValueError as error:
            raise BadTable(f"{path}: {error}") from None
        if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
            raise BadTable(f"{path}: not a list of objects")
        for row in found:
            row = check_row(row, path)
            rows.setdefault(row["bench"], []).extend(expand(row))
    return rows


def command(row, quick, places):
    """places: what {build}, {root}, {scratch} and {port} stand for."""
    try:
        return [word.format(each=row["each"], **places) for word in row["run"] + row["quick" if quick else "full"]]
    except (KeyError, IndexError, ValueError) as error:
        raise BadTable(f'bench/{row["from"]}/suite.json: {error}: only {{build}}, {{root}}, {{scratch}}, {{port}} and {{each}} '
                       "are filled in") from None


def why_not(row, words):
    """Why a row cannot run here; "" if it can.  words: its command."""
    for need in row["needs"]:
        if need == "root":
            if os.geteuid() != 0:
                return "needs root: run it with sudo"
        elif shutil.which(need) is None:
            return f"{need} is not installed: scripts/setup --bench"
    program = next((w for w in words if os.sep in w), words[0])
    if os.sep in program and not os.path.exists(program):
        return f"{os.path.basename(program)} is not built here (what it needs was not found when the build was set up)"
    return ""
