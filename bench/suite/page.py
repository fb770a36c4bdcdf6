"""bench.html: one page without anything from outside."""
import compare
from charts import SERIES, bars, curves, esc, short
from lines import key

STYLE = """
:root{--bg:#fbfbfa;--card:#fff;--fg:#1c1e21;--dim:#62676f;--line:#dfe1e4;--warn:#fff4d6;--warnline:#d9a400;--bad:#b42318;
--good:#1a7f37;--s0:#1f6feb;--s1:#c2571a;--s2:#7a52c7;--s3:#1a7f37;--s4:#b83280;--s5:#7d6608}
@media (prefers-color-scheme:dark){:root{--bg:#15171a;--card:#1d2024;--fg:#e6e8eb;--dim:#9aa1ab;--line:#343940;
--warn:#3a300f;--warnline:#c49a1b;--bad:#ff7b72;--good:#56d364;--s0:#6cb0ff;--s1:#f0883e;--s2:#bc9cff;--s3:#56d364;
--s4:#f778ba;--s5:#d9c04a}}
*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,"DejaVu Sans",sans-serif}
main{max-width:1200px;margin:0 auto;padding:28px 20px 60px}h1{font-size:26px;margin:0 0 4px}h2{font-size:19px;margin:38px 0 2px}
p{margin:4px 0 12px}.dim,.u,caption{color:var(--dim)}.card{background:var(--card);border:1px solid var(--line);border-radius:8px;
padding:14px 16px}dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 16px;margin:0}dt{color:var(--dim)}dd{margin:0}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(480px,100%),1fr));gap:14px;margin:10px 0}svg{width:100%;display:block}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:13.5px;font-variant-numeric:tabular-nums}
th{font-weight:600;color:var(--dim)}th,td{padding:4px 9px;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap}
th:first-child,td:first-child,.left{text-align:left}.note{background:var(--warn);border-left:4px solid var(--warnline);
padding:9px 13px;border-radius:4px;margin:12px 0}.worse,.miss{color:var(--bad);font-weight:600}.better,.met{color:var(--good);font-weight:600}
nav a{margin-right:14px}a{color:var(--s0)}pre{margin:4px 0;white-space:pre-wrap;font-size:13px}
svg text{font:12px system-ui,"DejaVu Sans",sans-serif;fill:var(--fg)}svg .t{font-weight:600;font-size:13px}svg .u{font-weight:400;fill:var(--dim)}
svg .l{fill:var(--dim);font-size:11px}svg .g{stroke:var(--line);fill:none}svg .e{stroke:var(--fg);fill:none;opacity:.6}
svg .r{stroke:var(--bad);fill:none;stroke-dasharray:5 4}svg .c{fill:none;stroke-width:2}svg .p{stroke-dasharray:2 3;stroke-width:1.4}
"""
STYLE += "".join(f"svg rect.{s},svg circle.{s},svg text.n.{s}{{fill:var(--{s})}}svg path.{s}{{stroke:var(--{s})}}" for s in SERIES)
OURS = "zvonar"
BUSY_LOAD, BUSY_OTHERS = 0.5, 0.25  # of the cores; cores


def kinds(figures):
    """{peer or None: class}: a peer has one colour on the whole page."""
    peers = sorted({f["peer"] for f in figures if f.get("peer")})
    return {None: SERIES[0], **{peer: SERIES[1 + i % (len(SERIES) - 1)] for i, peer in enumerate(peers)}}


def chart(name, figures, colours):
    """The SVG of all figures of one name; "" if there is nothing to compare."""
    unit, reach = figures[0]["unit"], next((f["reach"] for f in figures if f.get("reach")), None)
    by_peer = {}
    for f in figures:
        if f.get("size", 0) > 0 and f["value"] > 0:
            by_peer.setdefault(f.get("peer"), []).append((f["size"], f["value"], f.get("p99")))
    if max((len(own) for own in by_peer.values()), default=0) >= 3:
        size_of = next((f["size_of"] for f in figures if "size_of" in f), "size")
        order = sorted(by_peer.items(), key=lambda item: item[0] or "")
        return curves(name, unit, size_of, [(peer or OURS, own, colours[peer]) for peer, own in order], reach)
    if len(figures) < 2 and not reach or any(f["value"] < 0 for f in figures):
        return ""
    sizes = {f.get("size") for f in figures}
    rows = [((f.get("peer") or OURS) + (f", {short(f['size'])}" if len(sizes) > 1 and "size" in f else ""), f["value"],
             f.get("spread", 0.0), colours[f.get("peer")]) for f in in_order(figures)]
    return bars(name, unit, rows, reach)


def in_order(figures):
    """By name as they came, ours before the peers', small sizes first."""
    names = list(dict.fromkeys(f["name"] for f in figures))
    return sorted(figures, key=lambda f: (names.index(f["name"]), f.get("size", 0), f.get("peer") or ""))


def charts_of(figures, colours):
    figures = [f for f in figures if f["better"] != "none"]
    names = list(dict.fromkeys(f["name"] for f in figures))
    drawn = [chart(name, [f for f in figures if f["name"] == name], colours) for name in names]
    return "".join(f'<div class="card">{svg}</div>' for svg in drawn if svg)


def number(value):
    return f"{value:,.0f}" if abs(value) >= 1000 or value == 0 else f"{value:.4g}"


def cell(value, form=None):
    if value is None:
        return "<td></td>"
    return f"<td>{form.format(value) if form else number(value)}</td>"


def reached(figure):
    if figure.get("peer") or "reach" not in figure:
        return "<td></td>"
    met = figure["value"] <= figure["reach"] if figure["better"] == "lower" else figure["value"] >= figure["reach"]
    return f'<td class="{"met" if met else "miss"}">{figure["reach"]:g} {"✓" if met else "✗"}</td>'


def table_of(figures):
    ratios = compare.ratios(figures)
    rows = []
    for f in in_order(figures):
        ratio = ratios.get(key(f))
        rows.append(f'<tr><td>{esc(f["name"])}</td><td class="left">{esc(f.get("peer") or OURS)}</td>'
                    f'{cell(f.get("size"))}{cell(f["value"])}<td class="left">{esc(f["unit"])}</td>'
                    f'{cell(f.get("n"))}{cell(f.get("p50"))}{cell(f.get("p99"))}{cell(f.get("cpu_us"))}'
                    f'{cell(f.get("rss_kb"))}{cell(f.get("spread") if len(f.get("runs", [])) > 1 else None, "{:.0%}")}'
                    f'{cell(ratio[0] if ratio else None, "{:.2f} × " + (ratio[1] if ratio else ""))}{reached(f)}</tr>')
    return ('<div class="wide"><table><tr><th>name</th><th class="left">who</th><th>size</th><th>value</th><th class="left">unit</th>'
            "<th>n</th><th>p50</th><th>p99</th><th>CPU a unit, µs</th><th>memory, kB</th><th>spread</th><th>to the peer</th>"
            f'<th>to reach</th></tr>{"".join(rows)}</table></div>')


def machine_card(result):
    m = result["machine"]
    rows = [("processor", f'{m["cpu"]}, {m["cores"]} cores{", virtual" if m.get("virtual") else ""}'),
            ("memory", f'{m["memory_gb"]} GB'), ("kernel", f'{m["kernel"]}, {m["os"]}'),
            ("built with", f'{m["compiler"]}; {m["build"]}'), ("commit", m["commit"] or "not known"),
            ("versions", ", ".join(f"{name} {version}" for name, version in m["versions"].items()) or "none known"),
            ("begun", f'{m["begun"]}, took {int(result.get("seconds", 0)) // 60} min {int(result.get("seconds", 0)) % 60} s'),
            ("load at start", f'{m["load_at_start"]}')]
    return '<dl class="card">' + "".join(f"<dt>{esc(a)}</dt><dd>{esc(b)}</dd>" for a, b in rows) + "</dl>"


def notices(result):
    m, found = result["machine"], []
    busy = [b["bench"] for b in result["benches"] if b.get("others_cores", 0) > BUSY_OTHERS]
    if m["load_at_start"] > BUSY_LOAD * m["cores"] or busy:
        text = f"The machine had other work: load {m['load_at_start']} at the start"
        if busy:
            most = max(b.get("others_cores", 0) for b in result["benches"])
            text += f"; during {', '.join(busy)} other processes took up to {most:.1f} of {m['cores']} cores"
        found.append(text + ". CPU times grow with that; ratios to a peer of the same run hold better.")
    if result["quick"]:
        found.append("Made with --quick: small sizes, each once. It shows that everything runs, not what it costs.")
    return "".join(f'<div class="note">{esc(text)}</div>' for text in found)


def summary(result):
    rows = []
    for bench in result["benches"]:
        ratios = compare.ratios(bench["figures"])
        for f in bench["figures"]:
            if key(f) in ratios:
                ratio, peer = ratios[key(f)]
                size = f' at {short(f["size"])}' if "size" in f else ""
                rows.append(f'<tr><td><a href="#{esc(bench["bench"])}">{esc(bench["bench"])}</a></td><td class="left">{esc(f["name"] + size)}</td>'
                            f'{cell(f["value"])}<td class="left">{esc(f["unit"])}</td>{cell(f["value"] / ratio)}'
                            f'<td class="left">{esc(peer)}</td>{cell(ratio, "{:.2f}")}</tr>')
    if not rows:
        return ""
    return ('<h2>Beside peers</h2><p class="dim">The same work in the same run. Ratio: ours divided by the peer\'s.</p>'
            '<div class="wide card"><table><tr><th>bench</th><th class="left">name</th><th>ours</th><th class="left">unit</th>'
            f'<th>peer</th><th class="left">who</th><th>ratio</th></tr>{"".join(rows)}</table></div>')


def against(result):
    if "against" not in result:
        return ""
    other, rows = result["against"], []
    for row in other["rows"]:
        if row["verdict"] in ("same", "not judged"):
            continue
        size = f' at {short(row["size"])}' if row["size"] is not None else ""
        rows.append(f'<tr><td>{esc(row["bench"])}</td><td class="left">{esc(row["name"] + size)}{" of " + esc(row["peer"]) if row["peer"] else ""}</td>'
                    f'{cell(row.get("then"))}{cell(row.get("now"))}<td class="left">{esc(row["unit"])}</td>'
                    f'{cell(row.get("change"), "{:.2f}")}<td class="left">{esc(row.get("by", ""))}</td>{cell(row.get("noise"), "{:.0%}")}'
                    f'<td class="{row["verdict"]}">{row["verdict"]}</td></tr>')
    same = sum(row["verdict"] == "same" for row in other["rows"])
    body = ('<div class="wide card"><table><tr><th>bench</th><th class="left">name</th><th>then</th><th>now</th><th class="left">unit</th>'
            '<th>change ×</th><th class="left">judged by</th><th>noise</th><th></th></tr>' + "".join(rows) + "</table></div>") if rows else ""
    return (f'<h2>Against {esc(other["file"])}</h2><p class="dim">of {esc(other["machine"]["begun"])}, commit '
            f'{esc(other["machine"]["commit"])}, {esc(other["machine"]["cpu"])}, {other["machine"]["cores"]} cores; {same} figures are the same within noise.</p>{body}')


def section(bench, colours):
    parts = [f'<h2 id="{esc(bench["bench"])}">{esc(bench["bench"])}</h2><p class="dim">{esc(bench["what"])}']
    if bench["figures"]:
        parts.append(f' · load {bench["load"][0]} to {bench["load"][-1]}')
    parts.append("</p>")
    parts += [f'<div class="note">Skipped: {esc(reason)}</div>' for reason in bench["skipped"]]
    parts += [f'<div class="note"><span class="miss">Failed</span><pre>{esc(reason)}</pre></div>' for reason in bench["failed"]]
    if bench["figures"]:
        parts.append(f'<div class="charts">{charts_of(bench["figures"], colours)}</div>{table_of(bench["figures"])}')
    return "".join(parts)


def render(result):
    colours = kinds([f for b in result["benches"] for f in b["figures"]])
    links = "".join(f'<a href="#{esc(b["bench"])}">{esc(b["bench"])}</a>' for b in result["benches"])
    return ('<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f'<meta name="color-scheme" content="light dark"><title>zvonar: what things cost</title><style>{STYLE}</style></head><body><main>'
            '<h1>zvonar: what things cost</h1><p class="dim">CPU is user and system time. A value is the median of several runs, '
            "spread its range over them; p50 and p99 are of single units of work.</p>"
            f'{machine_card(result)}{notices(result)}<p><nav>{links}</nav></p>{summary(result)}{against(result)}'
            f'{"".join(section(b, colours) for b in result["benches"])}</main></body></html>\n')
