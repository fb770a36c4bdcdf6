"""Charts as SVG: bars beside each other, and cost against size on logarithmic axes."""
import html
import math

WIDTH = 560
SERIES = ["s0", "s1", "s2", "s3", "s4", "s5"]  # classes of the page's style; s0 is ours


def short(number):
    """1234567 -> 1.23M; 0.000123 -> 1.23e-4"""
    if number == 0:
        return "0"
    for unit, one in (("G", 1e9), ("M", 1e6), ("k", 1e4)):
        if abs(number) >= one:
            divisor = 1e3 if unit == "k" else one
            return f"{number / divisor:.3g}{unit}"
    if abs(number) >= 1000:
        return f"{number:.0f}"
    return f"{number:.3g}" if abs(number) >= 0.01 else f"{number:.2e}"


def power(exponent):
    """A tick of a logarithmic axis."""
    if -2 <= exponent <= 3:
        return f"{10.0 ** exponent:g}"
    return f'10<tspan dy="-4" font-size="8">{exponent}</tspan>'


def esc(text):
    return html.escape(str(text), quote=True)


def bars(title, unit, rows, reach=None):
    """rows: [(label, value, spread as a share, class)]"""
    most = max([value * (1 + spread / 2) for _, value, spread, _ in rows] + ([reach] if reach else [])) or 1.0
    left, right, step, top = 128, 92, 28, 30
    span = WIDTH - left - right
    height = top + step * len(rows) + (22 if reach else 8)
    out = [f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{esc(title)}, {esc(unit)}">',
           f'<text class="t" x="0" y="16">{esc(title)} <tspan class="u">{esc(unit)}</tspan></text>']
    for i, (label, value, spread, kind) in enumerate(rows):
        y, w = top + step * i, max(span * value / most, 1.0)
        out.append(f'<text class="l" x="{left - 8}" y="{y + 14}" text-anchor="end">{esc(label)}</text>'
                   f'<rect class="{kind}" x="{left}" y="{y + 2}" width="{w:.1f}" height="17" rx="2">'
                   f"<title>{esc(label)}: {value:.6g} {esc(unit)}</title></rect>")
        end = w
        if spread > 0:
            a, b = (left + span * value * (1 + s * spread / 2) / most for s in (-1, 1))
            out.append(f'<path class="e" d="M{a:.1f} {y + 10.5}H{b:.1f}M{a:.1f} {y + 7}v7M{b:.1f} {y + 7}v7"/>')
            end = max(end, b - left)
        out.append(f'<text class="v" x="{left + end + 6:.1f}" y="{y + 15}">{short(value)}</text>')
    if reach:
        x, bottom = left + span * reach / most, top + step * len(rows)
        out.append(f'<path class="r" d="M{x:.1f} {top - 2}V{bottom}"/>'
                   f'<text class="l" x="{x:.1f}" y="{bottom + 14}" text-anchor="middle">to reach: {short(reach)}</text>')
    return "".join(out) + "</svg>"


def decades(values):
    low, high = math.floor(math.log10(min(values)) + 1e-9), math.ceil(math.log10(max(values)) - 1e-9)
    return low, max(high, low + 1)


def curves(title, unit, size_of, series, reach=None):
    """series: [(label, [(size, value, p99 or None)], class)], sizes and values above 0"""
    points = [point for _, own, _ in series for point in own]
    x0, x1 = decades([x for x, _, _ in points])
    y0, y1 = decades([y for _, y, _ in points] + [p for _, _, p in points if p] + ([reach] if reach else []))
    left, top, plot_w, plot_h = 52, 30, WIDTH - 52 - 100, 200

    def px(x):
        return left + plot_w * (math.log10(x) - x0) / (x1 - x0)

    def py(y):
        return top + plot_h * (1 - (math.log10(y) - y0) / (y1 - y0))

    out = [f'<svg viewBox="0 0 {WIDTH} {top + plot_h + 38}" role="img" aria-label="{esc(title)} against {esc(size_of)}">',
           f'<text class="t" x="0" y="16">{esc(title)} <tspan class="u">{esc(unit)}</tspan></text>']
    for e in range(x0, x1 + 1):
        x = px(10.0 ** e)
        out.append(f'<path class="g" d="M{x:.1f} {top}v{plot_h}"/>'
                   f'<text class="l" x="{x:.1f}" y="{top + plot_h + 15}" text-anchor="middle">{power(e)}</text>')
    for e in range(y0, y1 + 1):
        y = py(10.0 ** e)
        out.append(f'<path class="g" d="M{left} {y:.1f}h{plot_w}"/>'
                   f'<text class="l" x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{power(e)}</text>')
    out.append(f'<text class="l" x="{left + plot_w / 2:.1f}" y="{top + plot_h + 32}" text-anchor="middle">{esc(size_of)}</text>')
    if reach:
        out.append(f'<path class="r" d="M{left} {py(reach):.1f}h{plot_w}"/>'
                   f'<text class="l" x="{left + 4}" y="{py(reach) - 4:.1f}">to reach: {short(reach)}</text>')
    ends = []
    for label, own, kind in series:
        own = sorted(own)
        tails = [(x, p) for x, _, p in own if p]
        if len(tails) > 1:
            out.append(f'<path class="c p {kind}" d="M{"L".join(f"{px(x):.1f} {py(p):.1f}" for x, p in tails)}"/>')
            ends.append([py(tails[-1][1]) + 4, px(tails[-1][0]) + 7, (label + " p99").strip(), kind])
        out.append(f'<path class="c {kind}" d="M{"L".join(f"{px(x):.1f} {py(y):.1f}" for x, y, _ in own)}"/>')
        out += [f'<circle class="{kind}" cx="{px(x):.1f}" cy="{py(y):.1f}" r="3.5"><title>{esc(label)} at {short(x)}: '
                f"{y:.6g} {esc(unit)}</title></circle>" for x, y, _ in own]
        ends.append([py(own[-1][1]) + 4, px(own[-1][0]) + 7, label, kind])
    for i, end in enumerate(sorted(ends)):  # names at the lines' ends, none over another
        if i > 0 and end[0] < last + 13:
            end[0] = last + 13
        last = end[0]
        out.append(f'<text class="n {end[3]}" x="{end[1]:.1f}" y="{end[0]:.1f}">{esc(end[2])}</text>')
    return "".join(out) + "</svg>"
