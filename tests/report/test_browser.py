"""The page in a real browser that cannot reach any network."""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from backlight.report import write_report

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
    "--enable-logging=stderr",
    "--v=0",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--proxy-server=127.0.0.1:9",
    "--window-size=1400,2000",
)
MEASURE = """<!doctype html><body><script>
const facts = {};
const measure = (frame, width) => {
  const page = frame.contentDocument;
  const figures = [...page.querySelectorAll("svg.figure")].map(svg => {
    const box = svg.getBoundingClientRect();
    const hidden = frame.contentWindow.getComputedStyle(svg.parentElement).display === "none";
    return {hidden, width: box.width, height: box.height, paths: svg.getElementsByTagName("path").length};
  });
  facts[width] = {figures, scroll: page.documentElement.scrollWidth};
  document.body.setAttribute("data-facts", JSON.stringify(facts));
};
for (const width of [360, 1200]) {
  const frame = document.createElement("iframe");
  frame.width = width; frame.height = 2000; frame.style.border = 0; frame.srcdoc = PAGE;
  frame.onload = () => measure(frame, width);
  document.body.append(frame);
}
</script>"""
"""Shows a page in frames of a phone's and of a desk's width, and writes down what came of it."""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs headless Chromium on the path"),
]


def browse(page: Path, profile: Path) -> tuple[str, list[str]]:
    """The page's final markup and what it wrote to the console."""
    command = [
        str(CHROMIUM),
        *FLAGS,
        f"--user-data-dir={profile}",
        "--dump-dom",
        page.as_uri(),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


@pytest.mark.parametrize("run", ["binary_run", "image_run", "regression_run"])
def test_no_console_message_and_nothing_refused(run, request, tmp_path):
    markup, console = browse(write_report(request.getfixturevalue(run)), tmp_path / "profile")
    assert console == []
    assert "<svg" in markup


@pytest.mark.parametrize("run", ["binary_run", "image_run", "regression_run"])
def test_figures_have_a_size_and_the_page_does_not_scroll_sideways(run, request, tmp_path):
    """Measured by a script from outside: the page's own rule against scripts is taken out of the copy."""
    text = write_report(request.getfixturevalue(run)).read_text(encoding="utf-8")
    page = json.dumps(re.sub(r"<meta http-equiv=[^>]*>", "", text)).replace("</", "<\\/")
    outer = tmp_path / "outer.html"
    outer.write_text(MEASURE.replace("PAGE", page), encoding="utf-8")
    markup, console = browse(outer, tmp_path / "profile")
    facts = json.loads(html.unescape(re.search(r'data-facts="([^"]*)"', markup)[1]))
    assert console == []
    for width in ("360", "1200"):
        assert facts[width]["scroll"] == int(width)
        shown = [figure for figure in facts[width]["figures"] if not figure["hidden"]]
        assert len(shown) >= 5
        assert all(one["width"] > 200 and one["height"] > 60 and one["paths"] > 2 for one in shown), shown
