"""psgctl report: page, tables and document say what the log says, and nothing in them harms who opens them."""

import base64
import collections
import csv
import hashlib
import html.parser
import io
import json
import os
import re
import stat
import time

import pytest

import report_log
from browser import Browser

NOW = int(time.time())
DAY = report_log.DAY
VOID = {"meta", "wbr"}


@pytest.fixture
def host(psgctl):
    """A store with a log of a month, or of what a test gives."""
    psgctl.init()

    def write(log=None, raw=None):
        text = raw if raw is not None else (log or report_log.month(NOW)).text()
        path = os.path.join(psgctl.store, "log")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o600)
        return psgctl

    return write


def events(text):
    return [json.loads(line) for line in text.splitlines()]


def rows(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


def report(psgctl, *args, **more):
    return psgctl.ok("report", "--output", "-", *args, **more).out


def document(psgctl, *args):
    return json.loads(report(psgctl, "--format", "json", *args))


class Page(html.parser.HTMLParser):
    """Which elements, in what order they close, and the text in them."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.counts, self.texts, self.attributes = [], collections.Counter(), [], []
        self.ids, self.here = {}, None
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.counts[tag] += 1
        self.attributes += [(tag, *item) for item in attrs]
        self.here = dict(attrs).get("id")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.counts[tag] += 1
        self.attributes += [(tag, *item) for item in attrs]

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)
        if self.here:
            self.ids[self.here] = self.ids.get(self.here, "") + data


# -- the figures --

def test_the_document_says_what_the_log_says(host):
    log = report_log.month(NOW)
    psgctl = host(log)
    said = document(psgctl)
    lines = events(log.text())
    counts = collections.Counter(line["event"] for line in lines)
    assert said["events"] == dict(counts)
    begun = [line for line in lines if line["event"] in ("Activated", "Granted")]
    assert {one["id"] for one in said["activations"]} == {line["activationId"] for line in begun}
    assert sum(one["renewals"] for one in said["activations"]) == counts["Renewed"]
    assert sum(one["wrongCodes"] for one in said["failures"]) == counts["WrongCode"]
    assert sum(one["throttled"] for one in said["failures"]) == counts["Throttled"]
    assert sum(one["wouldRefuse"] for one in said["wouldRefuse"]) == counts["WouldRefuse"]
    assert sum(one["activations"] for one in said["people"]) == len(begun)
    assert sum(one["activations"] for one in said["groups"]) == len(begun)
    assert [act["event"] for act in said["acts"]][:2] == ["Initialized", "Deployed"]
    assert sum(one["heldSeconds"] for one in said["people"]) == said["heldSeconds"] > 0
    granted = next(one for one in said["activations"] if one["id"] == "carol/admin-1")
    assert granted["end"] == "Deactivated" and granted["endedBy"] == "root" and granted["heldSeconds"] == 1800
    assert granted["grantedBy"] == "uid 1000 (alice)" and granted["description"] == "phone lost"


def test_the_page_says_what_the_document_says(host):
    psgctl = host()
    said, page = document(psgctl), Page(report(psgctl))
    assert page.ids["total-activations"] == str(len(said["activations"]))
    assert page.ids["total-people"] == str(sum(1 for one in said["people"] if one["activations"]))
    assert page.ids["total-acts"] == str(len(said["acts"]))
    assert page.ids["total-wrong"] == str(said["events"]["WrongCode"] + said["events"]["Replayed"])
    text = " ".join(page.texts)
    for one in said["people"]:
        assert one["userName"] in text
    assert [item for item in page.counts if item in ("h1", "main", "header", "footer")] and page.counts["h1"] == 1
    charts = {value for tag, name, value in page.attributes if tag == "svg" and name == "aria-label"}
    assert len(charts) == len(said["people"]) + len(said["groups"]), "a chart without its words"
    scopes = [value for tag, name, value in page.attributes if tag == "th" and name == "scope"]
    assert len(scopes) == page.counts["th"], "a table head that heads nothing"


def test_a_period_cuts_and_bare_dates_are_whole_days(host):
    log = report_log.Log(NOW)
    day = NOW // DAY * DAY - 5 * DAY
    for number in range(4):
        log.activation("alice", "Finance", day + number * DAY + 3600, 2)
    psgctl = host(log)
    first, last = (report_log.stamp(day + number * DAY)[:10] for number in (1, 2))
    said = json.loads(psgctl.ok("report", "--output", "-", "--format", "json", "--since", first, "--until", last,
                                env={"TZ": "UTC0"}).out)
    assert len(said["activations"]) == 2 and said["heldSeconds"] == 4 * 3600
    assert said["since"] == first + "T00:00:00Z" and said["until"] == last + "T23:59:59Z"
    half = report_log.stamp(day + DAY + 2 * 3600)
    said = document(psgctl, "--since", half, "--until", last + "T00:00Z")
    assert [one["heldSeconds"] for one in said["activations"]] == [3600]


def test_the_default_is_thirty_days(host):
    log = report_log.Log(NOW)
    for days in (40, 29):
        log.activation("alice", "Finance", NOW - days * DAY, 1)
    said = document(host(log))
    assert len(said["activations"]) == 1


def test_of_one_user_and_of_one_group(host):
    psgctl = host()
    said = document(psgctl, "--user", "carol")
    assert {one["userName"] for one in said["activations"]} == {"carol"}
    assert {one["userName"] for one in said["failures"]} == {"carol"} and len(said["people"]) == 1
    said = document(psgctl, "--group", "Night_Shift")
    assert {one["permissionSetGroup"] for one in said["activations"]} == {"Night_Shift"}
    assert document(psgctl, "--user", "nobody-here")["activations"] == []


def test_who_is_eligible_and_never_activates(psgctl, package, accounts, host):
    log = report_log.Log(NOW)
    log.activation("alice", "Finance", NOW - 5 * DAY, 2)
    log.activation("bob", "Finance", NOW - 50 * DAY, 2)
    host(log)
    psgctl.deploy(package().permission_set("Set", ["sshd"])
                  .permission_set("Strict", ["su"], hasActivationRequired=True)
                  .group("Finance", ["Set"], requires=True).group("Open", ["Set"], requires=False)
                  .group("Mixed", ["Set", "Strict"], requires=False), "--quiet")
    for assignee, name in (("alice", "Finance"), ("bob", "Finance"), ("%staff", "Mixed"), ("carol", "Open"),
                           ("root", "Finance"), ("carol", "Strict")):
        assert accounts(psgctl, "assign", assignee, name, "--quiet").rc == 0
    result = accounts(psgctl, "report", "--output", "-", "--format", "csv", "--table", "eligible")
    assert [(one["userName"], one["permissionSetGroup"] or one["permissionSet"], one["via"], one["isEnrolled"],
             one["lastDate"][:10]) for one in rows(result.out)] == [
        ("alice", "Mixed", "%staff", "false", ""),
        ("bob", "Finance", "", "false", report_log.stamp(NOW - 50 * DAY)[:10]),
        ("carol", "Strict", "", "false", "")]


def test_what_is_live(psgctl, package, host):
    host(raw="")
    psgctl.deploy(package().permission_set("Set", ["sshd"]).group("Finance", ["Set"], requires=True))
    psgctl.ok("assign", "daemon", "Finance")
    psgctl.ok("activate", "Finance", "--user", "daemon", "--scope", "Host", "--reason", "INC1")
    [one] = document(psgctl)["activations"]
    assert one["end"] == "Live" and one["endedDate"] is None and one["description"] == "INC1"
    assert "still active" in report(psgctl)
    os.unlink(os.path.join(psgctl.store, "log"))
    [one] = document(psgctl)["activations"]
    assert one["end"] == "Live" and one["userName"] == "daemon", "the person's folder knows it without the log"


def test_nothing_at_all(host):
    psgctl = host(raw="")
    said = document(psgctl)
    assert said["activations"] == said["people"] == said["acts"] == [] and said["logBegins"] is None
    text = " ".join(Page(report(psgctl)).texts)
    assert "The log is empty" in text and "no activation in this time" in text


def test_damage_is_counted_and_told(host):
    log = report_log.Log(NOW)
    log.activation("alice", "Finance", NOW - DAY, 1)
    psgctl = host(raw="{torn\n" + log.text() + "[1]\n" + '{"time":"2026-01-31T')
    assert document(psgctl)["damagedLines"] == 3
    result = psgctl.ok("report", "--output", "-")
    assert "3 lines of the log could not be read" in " ".join(Page(result.out).texts).replace("  ", " ")
    assert "3 damaged lines were skipped" in result.err


def test_what_is_too_much_is_cut_and_says_where_the_rest_is(host):
    log = report_log.Log(NOW)
    for number in range(600):
        log.activation(f"user{number:03}", "Finance", NOW - 2 * DAY - number, 1)
    psgctl = host(log)
    page = Page(report(psgctl))
    text = "".join(page.texts)
    assert "Shown are 500 of 600. All of them: psgctl report --format csv --table activations --output -" in text
    assert "Shown are 40 of 600" in text
    assert page.counts["tr"] < 700
    assert len(rows(report(psgctl, "--format", "csv"))) == 600


# -- hostile text --

def test_hostile_text_is_text(host):
    text = report(host())
    page = Page(text)
    assert page.counts["script"] == 1 and page.counts["style"] == 1
    assert {tag for tag in page.counts} <= {
        "html", "head", "meta", "title", "style", "body", "header", "h1", "span", "p", "time", "main", "dl", "div",
        "dt", "dd", "nav", "ul", "li", "a", "section", "h2", "h3", "svg", "defs", "path", "rect", "use", "line", "text",
        "table", "caption", "thead", "tbody", "tr", "th", "td", "footer", "script", "code", "wbr", "strong"}
    assert not [name for _, name, _ in page.attributes if name.startswith("on") or name == "style"]
    shown = "".join(page.texts)
    assert "</td><script>alert(1)</script>\\x1b[2J" in shown, "the reason is there, as text"
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u202e]", text)
    for table in ("activations", "events", "failures"):
        assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u202e]",
                             report(host(), "--format", "csv", "--table", table))


def test_csp_names_exactly_the_pages_own_style_and_script(host):
    text = report(host())
    policy = html.unescape(re.search(r'Content-Security-Policy" content="([^"]+)"', text).group(1))
    wanted = {}
    for tag in ("style", "script"):
        body = re.search(rf"<{tag}>(.*?)</{tag}>", text, re.S).group(1)
        wanted[tag] = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
    assert policy == (f"default-src 'none'; style-src 'sha256-{wanted['style']}'; "
                      f"script-src 'sha256-{wanted['script']}'; base-uri 'none'; form-action 'none'")
    links = {value for _, name, value in Page(text).attributes if name in ("href", "src", "xlink:href")}
    assert all(link.startswith("#") for link in links) and "@import" not in text and "url(" not in text


def test_formulas_are_text(host):
    log = report_log.Log(NOW)
    names = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "plain", 'quo"te, comma', " space", "=\"x\"", "ümlaut 停電"]
    for name in names:
        log.activation("alice", "Finance", NOW - DAY, 1, reason=name)
        log.put(NOW - DAY, "Refused", userName=name, service="sshd", rhost=name)
    psgctl = host(log)
    said = [one["description"] for one in rows(report(psgctl, "--format", "csv"))]
    safe = [("'" if name[0] in "=+-@\t" else "") + name.replace("\t", "\\x09") for name in names]
    assert sorted(said) == sorted(safe)
    raw = psgctl.ok("report", "--output", "-", "--format", "csv", "--table", "failures").out
    assert sorted(one["origin"] for one in rows(raw)) == sorted(safe)
    for row in csv.reader(io.StringIO(raw, newline="")):
        assert not [cell for cell in row if cell and cell[0] in "=+-@\t\r"]


def test_csv_is_rfc_4180(host, tmp_path):
    log = report_log.month(NOW)
    psgctl = host(log)
    path = tmp_path / "events.csv"
    psgctl.ok("report", "--table", "events", "--output", path)
    raw = path.read_bytes()
    assert raw.endswith(b"\r\n") and b"\n" not in raw.replace(b"\r\n", b"")
    lines = events(log.text())
    table = rows(raw.decode("utf-8"))
    assert [(one["time"], one["event"]) for one in table] == [(line["time"], line["event"]) for line in lines]
    assert len({len(row) for row in csv.reader(io.StringIO(raw.decode(), newline=""))}) == 1


# -- the command --

def test_output_is_a_file_of_roots_alone(host, tmp_path):
    psgctl, path = host(), tmp_path / "report.html"
    path.write_text("before")
    os.chmod(path, 0o644)
    result = psgctl.ok("report", "--output", path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and path.read_text().startswith("<!DOCTYPE html>")
    assert re.fullmatch(rf"{path}: \S+ to \S+, \d+ events, \d+ activations of 13 people\n", result.out)
    assert [name for name in os.listdir(tmp_path) if name.startswith(".psgctl")] == []
    said = psgctl.ok("--json", "report", "--output", path).json()
    assert said["output"] == str(path) and said["userCount"] == 13
    assert psgctl.ok("report", "--quiet", "--output", path).out == ""


@pytest.mark.parametrize("name", ["report.html", "report.HTM", "report.csv", "report.json"])
def test_output_form_by_its_name(host, tmp_path, name):
    host().ok("report", "--output", tmp_path / name)
    begin = {"csv": "id,userName,", "son": '{"host":'}.get(name[-3:], "<!DOCTYPE html>")
    assert (tmp_path / name).read_text(encoding="utf-8").startswith(begin)


def test_output_replaces_no_directory_nor_device_and_follows_no_link(host, tmp_path):
    psgctl = host()
    folder, other, link = tmp_path / "folder.html", tmp_path / "other", tmp_path / "link.html"
    folder.mkdir()
    result = psgctl("report", "--output", folder)
    assert result.rc == 3 and "no plain file" in result.err and folder.is_dir()
    fifo = tmp_path / "fifo.html"
    os.mkfifo(fifo)
    assert psgctl("report", "--output", fifo).rc == 3 and stat.S_ISFIFO(os.lstat(fifo).st_mode)
    other.write_text("kept")
    link.symlink_to(other)
    result = psgctl("report", "--output", link)
    assert result.rc == 3 and other.read_text() == "kept" and link.is_symlink()
    result = psgctl("report", "--output", tmp_path / "none" / "report.html")
    assert result.rc == 3 and "make the directory" in result.err


def test_output_that_fails_leaves_what_was(host, tmp_path):
    psgctl, path = host(), tmp_path / "report.html"
    path.write_text("before")
    os.unlink(os.path.join(psgctl.store, "policy"))
    assert psgctl("report", "--output", path).rc == 4
    assert path.read_text() == "before" and os.listdir(tmp_path).count(".psgctl") == 0
    result = host()("report", "--output", "-", stdout=open("/dev/full", "w"))
    assert result.rc == 4


@pytest.mark.parametrize("args", [
    [], ["--output", ""], ["--output", "report"], ["--output", "report.pdf"], ["--output", "-", "--format", "pdf"],
    ["--output", "-", "--table", "people"], ["--output", "-", "--format", "html", "--table", "events"],
    ["--json", "--output", "-", "--format", "csv"], ["--output", "-", "more"]])
def test_usage(psgctl, args):
    result = psgctl("report", *args)
    assert result.rc == 2 and "Usage: psgctl report" in result.err
    assert "--json" in result.refused() if "--json" in args else result.out == ""


@pytest.mark.parametrize("args", [["--since", "yesterday"], ["--until", "2026-13-01"], ["--since", "2999-01-01"],
                                  ["--since", "2026-01-02", "--until", "2026-01-01"]])
def test_no_period(host, args):
    result = host()("report", "--output", "-", *args)
    assert result.rc == 3 and result.out == ""


def test_json_alone_is_the_document(host):
    assert host().ok("report", "--json").json()["events"]


# -- in a browser --

NO_OVERFLOW = """Array.from(document.querySelectorAll('main *')).filter(
    one => !one.closest('svg,.unseen') && one.getBoundingClientRect().right > 361).length"""
BACKGROUND = "getComputedStyle(document.documentElement).backgroundColor"


def test_a_browser_shows_it_on_a_phone_in_the_dark_and_on_paper(host, tmp_path):
    psgctl = host(report_log.month(NOW, people=report_log.PEOPLE[:2] + report_log.PEOPLE[-1:]))
    path, empty = tmp_path / "report.html", tmp_path / "empty.html"
    psgctl.ok("report", "--output", path)
    said = document(psgctl)
    host(raw="").ok("report", "--output", empty)
    with Browser() as browser:
        browser.open(empty, width=360, height=800, scripts=False)
        assert browser.evaluate("document.documentElement.scrollWidth") <= 360
        assert browser.evaluate("document.querySelectorAll('.filter').length") == 0, "complete without its script"

        browser.open(path, width=360, height=800)
        assert browser.complaints() == [] and browser.requests() == ["file://" + str(path)]
        assert browser.evaluate("document.documentElement.scrollWidth") <= 360
        assert browser.evaluate(NO_OVERFLOW) == 0
        number = "Number(document.getElementById('total-activations').textContent)"
        assert browser.evaluate(number) == len(said["activations"])
        rows_left = "document.querySelectorAll('#table-activations tbody tr:not([hidden])').length"
        assert browser.evaluate(rows_left) == len(said["activations"])
        browser.evaluate("""(box => { box.value = 'alice inc99'; box.dispatchEvent(new Event('input')) })
                            (document.querySelector('.filter input'))""")
        found = [one for one in said["activations"] if one["userName"] == "alice" and "INC99" in one["description"]]
        assert browser.evaluate(rows_left) == len(found) > 0

        browser.show(dark=True)
        assert browser.evaluate(BACKGROUND) == "rgb(20, 23, 28)"
        browser.show(dark=True, media="print")
        assert browser.evaluate(BACKGROUND) == "rgb(255, 255, 255)"
        assert browser.evaluate("getComputedStyle(document.querySelector('nav')).display") == "none"
