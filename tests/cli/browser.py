"""A real browser, driven over a pipe: Chromium without a window, by its own protocol (CDP). Files only."""

import base64
import fcntl
import json
import os
import shutil
import subprocess
import tempfile


class Browser:
    """One page of one Chromium. `with Browser() as browser`."""

    def __init__(self):
        self.number = 0
        self.profile = tempfile.mkdtemp(prefix="psg-browser-")
        to_child, self.output = os.pipe()
        self.input, from_child = os.pipe()

        def as_three_and_four():  # where --remote-debugging-pipe reads and writes
            high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in (to_child, from_child)]
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self.process = subprocess.Popen(
            ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu",
             "--remote-debugging-pipe", "--user-data-dir=" + self.profile, "--no-first-run", "--disable-extensions",
             "--disable-background-networking", "--disable-component-update", "--disable-sync",
             "--host-resolver-rules=MAP * ~NOTFOUND", "about:blank"],
            preexec_fn=as_three_and_four, pass_fds=(3, 4), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True, env={**os.environ, "HOME": self.profile})
        os.close(to_child)
        os.close(from_child)
        self.reader = os.fdopen(self.input, "rb", buffering=1 << 16)
        self.pending, self.events, self.session = b"", [], None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.process.kill()
            self.process.wait()
        finally:
            os.close(self.output)
            self.reader.close()
            shutil.rmtree(self.profile, ignore_errors=True)

    def message(self):
        """The next one, NUL-terminated JSON."""
        while b"\0" not in self.pending:
            block = self.reader.read1(1 << 16)
            if not block:
                raise AssertionError(f"chromium is gone (exit status {self.process.poll()})")
            self.pending += block
        text, _, self.pending = self.pending.partition(b"\0")
        return json.loads(text)

    def call(self, method, **parameters):
        self.number += 1
        request = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            request["sessionId"] = self.session
        os.write(self.output, json.dumps(request).encode() + b"\0")
        while True:
            answer = self.message()
            if answer.get("id") == self.number:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]
            self.events.append(answer)

    def show(self, width=1280, height=900, dark=False, media=""):
        """As in a window of that size, for those eyes."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                  mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", media=media,
                  features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def open(self, path, scripts=True, **how):
        """Loads a file."""
        self.events.clear()
        self.show(**how)
        self.call("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.call("Page.navigate", url="file://" + os.path.abspath(path))
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self.message())

    def evaluate(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def complaints(self):
        """What the console has to say: a refused style or script, an error."""
        return [event["params"] for event in self.events
                if event.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown")]

    def requests(self):
        return [event["params"]["request"]["url"] for event in self.events
                if event.get("method") == "Network.requestWillBeSent"]

    def screenshot(self, path, selector=None, height=None):
        """The whole page, or from an element on."""
        top = self.evaluate(f"document.querySelector({json.dumps(selector)}).getBoundingClientRect().top + scrollY") \
            if selector else 0
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=True, clip={
            "x": 0, "y": top, "width": size["width"], "height": min(height or size["height"], size["height"] - top),
            "scale": 1})
        with open(path, "wb") as file:
            file.write(base64.b64decode(shot["data"]))

    def pdf(self, path):
        printed = self.call("Page.printToPDF", preferCSSPageSize=True, paperWidth=8.27, paperHeight=11.69)
        with open(path, "wb") as file:
            file.write(base64.b64decode(printed["data"]))
