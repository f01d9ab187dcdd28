"""The plot of cost against number of users: an SVG that needs nothing else and is read on light and dark."""

import math

WIDTH, HEIGHT = 860, 520
LEFT, RIGHT, TOP, BOTTOM = 76, 230, 64, 60
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #24292f; }
.title { font-size: 16px; font-weight: 600; }
.quiet { fill: #57606a; font-size: 12px; }
.grid { stroke: #d0d7de; stroke-width: 1; }
.line { fill: none; stroke-width: 2.5; }
.back { fill: #ffffff; }
.a { stroke: #0969da; fill: #0969da; } .b { stroke: #1a7f37; fill: #1a7f37; } .c { stroke: #bc4c00; fill: #bc4c00; }
.d { stroke: #8250df; fill: #8250df; } .e { stroke: #6e7781; fill: #6e7781; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; } .quiet { fill: #9198a1; } .grid { stroke: #30363d; } .back { fill: #0d1117; }
.a { stroke: #58a6ff; fill: #58a6ff; } .b { stroke: #3fb950; fill: #3fb950; } .c { stroke: #f0883e; fill: #f0883e; }
.d { stroke: #bc8cff; fill: #bc8cff; } .e { stroke: #8b949e; fill: #8b949e; }
}
"""


def series_of(rows, base):
    """Name, class, points (users, µs); one point: it is the same however many users there are."""
    by = {row["key"]: row["inProcess"]["median"] for row in rows}

    def swept(prefix):
        points = [(row["users"], row["inProcess"]["median"]) for row in rows
                  if "users" in row and row["key"].startswith(prefix + "-")]
        return sorted(points + ([(base["users"], by[prefix])] if prefix in by else []))

    return [("pam_oath", "c", swept("oath")), ("google-authenticator", "d", [(base["users"], by["google"])]),
            ("pam_psg, verify + activate", "b", swept("verify")),
            ("pam_psg, live activation", "a", swept("host")),
            ("pam_permit: the floor", "e", [(base["users"], by["floor"])])]


def label(users):
    return {10 ** 6: "1,000,000"}.get(users, f"{users:,}")


class Plot:
    def __init__(self, series):
        every = [point for _, _, points in series for point in points]
        self.least, self.most = (round(math.log10(edge(point[0] for point in every)), 6) for edge in (min, max))
        self.low = math.floor(math.log10(min(cost for _, cost in every)))
        self.high = math.ceil(math.log10(max(cost for _, cost in every)))

    def x(self, users):
        share = (math.log10(users) - self.least) / max(self.most - self.least, 1e-9)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, cost):
        share = (math.log10(cost) - self.low) / max(self.high - self.low, 1)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    def grid(self):
        lines = []
        for power in range(self.low, self.high + 1):
            y = self.y(10 ** power)
            lines.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
            lines.append(f'<text class="quiet" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">'
                         f"{10 ** power:,}</text>")
        for power in range(round(self.least), round(self.most) + 1):
            x = self.x(10 ** power)
            lines.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>')
            lines.append(f'<text class="quiet" x="{x:.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">'
                         f"{label(10 ** power)}</text>")
        return lines

    def line(self, kind, points):
        if len(points) == 1:
            y = self.y(points[0][1])
            return [f'<path class="line {kind}" stroke-dasharray="6 5" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>']
        path = " ".join(f"{self.x(users):.1f},{self.y(cost):.1f}" for users, cost in points)
        return [f'<polyline class="line {kind}" style="fill:none" points="{path}"/>',
                *(f'<circle class="{kind}" cx="{self.x(users):.1f}" cy="{self.y(cost):.1f}" r="4"/>'
                  for users, cost in points)]

    def names(self, series):
        """Each beside its line's end, moved apart where two would meet."""
        wanted = sorted((self.y(points[-1][1]), name, kind, points) for name, kind, points in series)
        lines, above = [], -math.inf
        for y, name, kind, points in wanted:
            y = max(y, above + 32)
            above = y
            x = WIDTH - RIGHT + 14
            lines.append(f'<rect class="{kind}" x="{x}" y="{y - 9:.1f}" width="10" height="10" rx="2"/>')
            lines.append(f'<text x="{x + 16}" y="{y:.1f}">{name}</text>')
            lines.append(f'<text class="quiet" x="{x + 16}" y="{y + 14:.1f}">{points[-1][1]:,.0f} µs'
                         f"{' at ' + label(points[-1][0]) if len(points) > 1 else ''}</text>")
        return lines


def drawing(rows, base):
    series = series_of(rows, base)
    plot = Plot(series)
    body = [f'<rect class="back" width="{WIDTH}" height="{HEIGHT}" rx="8"/>',
            f'<text class="title" x="{LEFT}" y="30">What a login costs, by number of users</text>',
            f'<text class="quiet" x="{LEFT}" y="49">µs, median, in process; both axes logarithmic; dashed: '
            "does not depend on it</text>",
            f'<text class="quiet" x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{HEIGHT - 14}" text-anchor="middle">'
            "users</text>", *plot.grid()]
    for _, kind, points in series:
        body += plot.line(kind, points)
    body += plot.names(series)
    inside = "\n".join(body)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
            f'height="{HEIGHT}" role="img" aria-label="What a login costs, by number of users">\n'
            f"<style>{STYLE}</style>\n{inside}\n</svg>\n")
