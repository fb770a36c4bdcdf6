"""Two runs beside each other: what got worse beyond noise."""
from lines import key

# What two runs of the same program differ by on a quiet machine; a run without repeats is
# trusted less, as its own spread is not known.
NOISE, NOISE_ONCE = 0.10, 0.25


def ratios(figures):
    """{key of ours: (ratio to the first peer, its name)}, of what is judged"""
    peers = {}
    for figure in figures:
        if figure.get("peer"):
            peers.setdefault((figure["name"], figure.get("size")), figure)
    found = {}
    for figure in figures:
        peer = peers.get((figure["name"], figure.get("size")))
        if not figure.get("peer") and peer and peer["value"] and figure["better"] != "none":
            found[key(figure)] = (figure["value"] / peer["value"], peer["peer"])
    return found


def noise(figures, figure, peer):
    """How far a figure (and the peer that it is divided by) may be off, as a share."""
    off = 0.0
    for f in figures:
        if key(f) == key(figure) or (peer and key(f) == (figure["name"], figure.get("size"), peer)):
            off += f.get("spread", 0.0)
            if len(f.get("runs", [])) < 2:
                off = max(off, NOISE_ONCE)
    return off


def compare_bench(bench, then, now, same_machine):
    then_ratios, now_ratios = ratios(then), ratios(now)
    old = {key(f): f for f in then}
    rows = []
    for figure in now:
        row = {"bench": bench, "name": figure["name"], "size": figure.get("size"), "peer": figure.get("peer"),
               "unit": figure["unit"], "now": figure["value"]}
        before = old.pop(key(figure), None)
        rows.append(row)
        if before is None or before["unit"] != figure["unit"]:
            row["verdict"] = "new"
            continue
        a, b, peer = before["value"], figure["value"], None
        if key(figure) in then_ratios and key(figure) in now_ratios \
                and then_ratios[key(figure)][1] == now_ratios[key(figure)][1]:
            (a, peer), (b, _) = then_ratios[key(figure)], now_ratios[key(figure)]
        change = b / a if a else (1.0 if not b else float("inf"))
        limit = max(NOISE, noise(then, before, peer), noise(now, figure, peer))
        row.update(then=before["value"], by="ratio to " + peer if peer else "value", change=change, noise=limit)
        worse = change if figure["better"] == "lower" else 1 / change if change else float("inf")
        if figure["better"] == "none" or figure.get("peer") or not (peer or same_machine):
            row["verdict"] = "not judged"
        elif worse > 1 + limit:
            row["verdict"] = "worse"
        else:
            row["verdict"] = "better" if worse < 1 / (1 + limit) else "same"
    rows += [{"bench": bench, "name": f["name"], "size": f.get("size"), "peer": f.get("peer"), "unit": f["unit"],
              "then": f["value"], "verdict": "gone"} for f in old.values()]
    return rows


def same_machine(then, now):
    return all(then["machine"][field] == now["machine"][field] for field in ("cpu", "cores"))


def compare(then, now):
    """Rows for all benches that both runs measured; then, now: as bench.json has them.  Of another
    machine's figures only ratios to a peer are judged."""
    if then.get("quick") != now.get("quick"):
        # Sizes and lengths differ, so what carries the same name need not be the same work.
        raise ValueError("one of the two was made with --quick, the other without: they cannot be compared")
    measured = {b["bench"]: b["figures"] for b in then["benches"] if b["figures"]}
    rows = []
    for bench in now["benches"]:
        if bench["figures"] and bench["bench"] in measured:
            rows += compare_bench(bench["bench"], measured[bench["bench"]], bench["figures"], same_machine(then, now))
    return rows
