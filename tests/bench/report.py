"""Tables, verdicts and figures of the logins."""

import statistics

from common import columns, judge
from measure import ratio, spread

FLAT = 1.1
FLOOR_FRESH = 1.2
FLOOR_PROCESS_US = 200
PSS_KB = 300


def row_of(one, series):
    floor = next(other for other in series if other.subject.key == ("floor-code" if one.subject.kind == "code"
                                                                    else "floor"))
    google = next(other for other in series if other.subject.key == "google")
    row = {"key": one.subject.key, "name": one.subject.name, "kind": one.subject.kind, **one.subject.about,
           "unexpected": one.unexpected, "systemCalls": one.trace, "adds": one.adds}
    for mode, name in (("process", "inProcess"), ("fresh", "fresh")):
        row[name] = spread([value for values in one.times[mode] for value in values])
        row[name]["againstFloor"] = ratio(one.times[mode], floor.times[mode])
        if one.subject.kind == "code":
            row[name]["againstGoogleAuthenticator"] = ratio(one.times[mode], google.times[mode])
    row["fresh"]["processor"] = statistics.median(one.processor) / 1000
    row["aboveFloorUs"] = row["inProcess"]["median"] - statistics.median(
        value / 1000 for values in floor.times["process"] for value in values)
    return row


def pooled(told):
    """Of one subject's rounds of workers."""
    times = [value for one in told for value in one["ns"]]
    made, rejected = len(times), sum(one["unexpected"] for one in told)
    figures = spread(times)
    return {"rate": statistics.median(one["rate"] for one in told), "rejected": rejected, "logins": made,
            "medianMs": figures["median"] / 1000, "p99Ms": figures["p99"] / 1000,
            "rates": [one["rate"] for one in told]}


def figures(series, worked, burst):
    rows = [row_of(one, series) for one in series]
    names = {one.subject.key: one.subject.name for one in series}
    workers = [{"key": key, "name": names[key], **pooled(told)} for key, told in worked.items()]
    google = next(one for one in workers if one["key"] == "google")
    for one in workers:
        one["againstGoogleAuthenticator"] = statistics.median(
            own / other for own, other in zip(one["rates"], google["rates"]))
    return {"rows": rows, "workers": workers,
            "oneCode": [{"key": key, "name": names[key], "rounds": told, "least": min(told), "most": max(told),
                         "median": statistics.median(told)} for key, told in burst.items()]}


def us(value):
    return f"{value:,.0f}"


def times(value):
    return f"{value:.2f}"


def main_table(rows):
    cells = [("in process, µs", "p50", "quartiles", "p99", "/ floor", "/ google", "fresh process: p50", "quartiles",
              "p99", "/ floor", "/ google")]
    for row in rows:
        line = [row["name"]]
        for mode in ("inProcess", "fresh"):
            told = row[mode]
            line += [us(told["median"]), f"{us(told['lower'])}-{us(told['upper'])}", us(told["p99"]),
                     times(told["againstFloor"]),
                     times(told["againstGoogleAuthenticator"]) if row["kind"] == "code" else ""]
        cells.append(tuple(line))
    return columns(cells)


def footprint_table(rows):
    cells = [("a login makes", "syscalls, fresh", "in process", "fsyncs", "writes", "adds PSS",
              "beside 3 others", "adds peak RSS", "processor, fresh")]
    for row in rows:
        calls = row["systemCalls"]
        cells.append((row["name"], str(calls["fresh"]["syscalls"]), str(calls["inProcess"]["syscalls"]),
                      str(calls["inProcess"]["fsyncs"]), str(calls["inProcess"]["writes"]),
                      f"{row['adds']['pssKb']:.0f} kB", f"{row['adds']['besidePssKb']:.0f} kB",
                      f"{row['adds']['peakKb']:.0f} kB",
                      f"{us(row['fresh']['processor'])} µs"))
    return columns(cells)


def workers_table(told, processes):
    cells = [(f"{processes} workers, a process a login", "logins/s", "/ google", "valid ones rejected", "p50", "p99")]
    for one in told:
        share = 100 * one["rejected"] / max(one["logins"], 1)
        cells.append((one["name"], f"{one['rate']:,.1f}", times(one["againstGoogleAuthenticator"]),
                      f"{one['rejected']} of {one['logins']} ({share:.0f} %)", f"{one['medianMs']:.1f} ms",
                      f"{one['p99Ms']:.1f} ms"))
    return columns(cells)


def one_code_table(told, processes):
    cells = [(f"one code, {processes} times at once: got in", "median", "least", "most", "rounds")]
    cells += [(one["name"], f"{one['median']:.0f}", str(one["least"]), str(one["most"]), str(len(one["rounds"])))
              for one in told]
    return columns(cells)


def flatness(rows, about, prefix, base):
    """The greatest of a sweep against its least size: fresh and in process together say whether it is flat."""
    swept = {row[about]: row for row in rows if about in row and row["key"].startswith(prefix)}
    swept.setdefault(base[about], next(row for row in rows if row["key"] == prefix))
    least, most = min(swept), max(swept)
    found = max(swept[most][mode]["againstFloor"] / swept[least][mode]["againstFloor"]
                for mode in ("inProcess", "fresh"))
    return found, least, most


def verdicts(told, base):
    rows, lines = told["rows"], []
    by = {row["key"]: row for row in rows}
    for key in ("host", "session"):
        row, calls = by[key], by[key]["systemCalls"]["fresh"]
        lines.append(f"{row['name']}, fresh process, x floor: "
                     f"{judge(row['fresh']['againstFloor'], FLOOR_FRESH, times)}")
        lines.append(f"{row['name']}, in process, µs above the floor: "
                     f"{judge(row['aboveFloorUs'], FLOOR_PROCESS_US, us)}")
        lines.append(f"{row['name']}, fsyncs and writes: {judge(calls['fsyncs'] + calls['writes'], 0, str)}")
    for mode, text in (("inProcess", "in process"), ("fresh", "fresh process")):
        lines.append(f"verify + activate, {text}, x google-authenticator: "
                     f"{judge(by['verify'][mode]['againstGoogleAuthenticator'], 1, times)}")
    for about in ("users", "groups"):
        for prefix, text in (("host", "account check"), ("verify", "verify + activate")):
            found, least, most = flatness(rows, about, prefix, base)
            lines.append(f"{text}, from {least:,} {about} to {most:,}, x: {judge(found, FLAT, times)}")
    google, own = (next(one for one in told["workers"] if one["key"] == key) for key in ("google", "whole"))
    lines.append(f"workers, google-authenticator's rate x ours: "
                 f"{judge(1 / max(own['againstGoogleAuthenticator'], 1e-9), 1, times)}")
    lines.append(f"workers, valid logins rejected: {judge(own['rejected'], 0, str)}")
    lines.append(f"workers, p99 in ms: {judge(own['p99Ms'], google['p99Ms'], lambda value: f'{value:.1f}')}")
    code = next(one for one in told["oneCode"] if one["key"] == "whole")
    exact = code["least"] == code["most"] == 1
    lines.append(f"one code, many at once: {'met (1 got in, each time)' if exact else 'missed: not exactly 1'}")
    for name, text in (("pssKb", "with no other login on the host"), ("besidePssKb", "beside three others")):
        adds = max(by[key]["adds"][name] for key in ("host", "session", "verify"))
        lines.append(f"module adds, kB PSS, {text}: {judge(adds, PSS_KB, us)}")
    return lines


def text(told, head, size, base):
    rows = told["rows"]
    return "\n".join(
        ["logins", head, "", *main_table(rows), "", *footprint_table(rows), "",
         *workers_table(told["workers"], size["workers"]), "", *one_code_table(told["oneCode"], size["burst"]), "",
         *verdicts(told, base), "",
         f"{size['rounds']} rounds in turn; a ratio is the median of the rounds' own. Rows without a size: "
         f"{base['users']:,} users, {base['groups']:,} groups.",
         "pam_oath with window=5; google-authenticator with WINDOW_SIZE 3, RATE_LIMIT 3 30, DISALLOW_REUSE, TOTP_AUTH,",
         "as its own program proposes; pam_psg with its defaults, scope Session. Each login has a code not used before.",
         ""])
