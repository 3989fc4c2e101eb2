"""The site, once it is built: every link leads somewhere, every name has its place.

``.ci/site`` builds it and says where: SKSEQUENCE_SITE=docs/_build/html. Without a built
site only what needs none is tested.
"""

from __future__ import annotations

import html
import inspect
import json
import os
import re
import sys
import threading
from functools import cache
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote, urldefrag, urljoin

import pytest

import sksequence
from helpers.chromium import CHROMIUM, DARK, open_page
from helpers.estimators import PUBLIC, make
from helpers.package import ROOT
from sksequence._inputs.documented import SITE

MODULES = [
    "sksequence",
    *(f"sksequence.{name}" for name in sorted(sksequence._SUBMODULES)),
]
NAMES = sorted(
    f"{module}.{name}" for module in MODULES for name in import_module(module).__all__
)
BUILT = os.environ.get("SKSEQUENCE_SITE")


@pytest.fixture(scope="module")
def site():
    if not BUILT:
        pytest.skip("no site is built: .ci/site builds and tests one")
    folder = Path(BUILT).resolve()
    assert (folder / "index.html").is_file()
    return folder


class Page(HTMLParser):
    """The anchors, links and sources of a page."""

    def __init__(self, path: Path):
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.text: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.anchors |= {values[key] for key in ("id", "name") if values.get(key)}
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])
        if tag in ("img", "script", "iframe", "source") and values.get("src"):
            self.loaded.append(values["src"])
        if tag == "link" and values.get("rel") in ("stylesheet", "icon", "preload"):
            self.loaded.append(values["href"])

    def handle_data(self, data):
        self.text.append(data)


@cache
def page_at(path: Path) -> Page:
    return Page(path)


def pages_of(site: Path) -> list[Path]:
    return sorted(path for path in site.rglob("*.html") if "_static" not in path.parts)


def target_of(path: Path, link: str) -> tuple[Path, str] | None:
    """The file and the anchor of a link, None if it leads off the site."""
    address, anchor = urldefrag(urljoin(path.as_uri(), link))
    address = address.partition("?")[0]
    if not address.startswith("file:"):
        return None
    return Path(unquote(address.removeprefix("file://"))), unquote(anchor)


# --------------------------------------------------------------------- links and anchors


def test_every_link_and_anchor_is_there(site):
    broken = []
    for path in pages_of(site):
        for link in page_at(path).links:
            target = target_of(path, link)
            if target is None:
                continue
            there, anchor = target
            there = there / "index.html" if there.is_dir() else there
            if not there.is_file() or (
                anchor
                and there.suffix == ".html"
                and anchor not in page_at(there).anchors
            ):
                broken.append(f"{path.relative_to(site)}: {link}")
    assert broken == []


def test_pages_read_nothing_from_other_hosts(site):
    for path in pages_of(site):
        for source in page_at(path).loaded:
            target = target_of(path, source)
            assert target is not None, f"{path.relative_to(site)}: {source}"
            assert target[0].is_file(), f"{path.relative_to(site)}: {source}"


def home_of(name: str) -> str:
    """The name under which an object stands that several modules offer."""
    value = resolve(name)
    if not (inspect.isclass(value) or inspect.isfunction(value)):
        return name
    return min((n for n in NAMES if resolve(n) is value), key=lambda n: n.count("."))


def resolve(name: str):
    module, _, last = name.rpartition(".")
    return getattr(import_module(module), last)


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_and_parameter_has_an_anchor(site, name):
    anchors = page_at(site / "reference" / f"{home_of(name)}.html").anchors
    value = resolve(name)
    assert name in anchors
    if inspect.isclass(value) or inspect.isfunction(value):
        free = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
        parameters = inspect.signature(value).parameters.values()
        own = {f"{name}.{p.name}" for p in parameters if p.kind not in free}
        assert own <= anchors


@pytest.mark.parametrize("name", PUBLIC)
def test_the_html_of_an_estimator_leads_to_anchors(site, name):
    shown = make(name)._repr_html_()
    links = [part.split('"')[0] for part in shown.split(f'href="{SITE}/')[1:]]
    assert links
    for link in links:
        assert link.count("#") <= 1
        address, anchor = urldefrag(link)
        page = page_at(site / address)
        assert not anchor or anchor in page.anchors, link


def test_every_public_name_is_three_clicks_from_the_start(site):
    clicks = {site / "index.html": 0}
    border = list(clicks)
    for n_clicks in (1, 2, 3):
        reached = {
            target[0]
            for path in border
            for link in page_at(path).links
            if (target := target_of(path, link)) and target[0].suffix == ".html"
        }
        border = [path for path in reached if path not in clicks and path.is_file()]
        clicks |= dict.fromkeys(border, n_clicks)
    far = [
        name
        for name in NAMES
        if site / "reference" / f"{home_of(name)}.html" not in clicks
    ]
    assert far == []


# ------------------------------------------------------------------------------- gallery


@pytest.fixture
def gallery(monkeypatch):
    pytest.importorskip("sphinx", reason="the extra `docs` is not installed")
    monkeypatch.syspath_prepend(ROOT / "docs" / "_ext")
    yield import_module("gallery")
    sys.modules.pop("gallery", None)


def test_every_example_has_a_subject(gallery):
    scripts = {path.stem for path in (ROOT / "examples").glob("*.py")}
    placed = [name for *_, names in gallery.SUBJECTS.values() for name in names]
    assert sorted(placed) == sorted(scripts)


def test_an_example_without_its_package_is_skipped_by_name(gallery, monkeypatch):
    assert gallery.missing_for("import nowhere.to_be_found\nimport re, numpy") == [
        "nowhere"
    ]
    monkeypatch.setattr(
        gallery,
        "find_spec",
        lambda name: None if name == "linearmodels" else inspect,
    )
    assert gallery.skipped() == {"panel": ["linearmodels"]}
    pattern = re.compile(gallery.pattern_to_run())
    assert pattern.search("/docs/_examples/tables/irregular.py")
    assert not pattern.search("/docs/_examples/tables/panel.py")


def test_a_complete_gallery_is_refused_without_an_example(gallery, monkeypatch):
    monkeypatch.setattr(gallery, "skipped", lambda: {"panel": ["linearmodels"]})
    monkeypatch.setattr(gallery, "copy_examples", lambda: None)
    config = SimpleNamespace(gallery_complete=False, gallery_quick=False)
    gallery.prepare(None, config)
    config.gallery_complete = True
    with pytest.raises(gallery.ExtensionError, match="panel is skipped: linearmodels"):
        gallery.prepare(None, config)


def test_pages_of_examples_show_a_picture_and_a_running_time(site, gallery):
    for name in (name for *_, names in gallery.SUBJECTS.values() for name in names):
        page = page_at(site / f"{gallery.page_of(name)}.html")
        if os.environ.get("SKSEQUENCE_SITE_GALLERY") == "no":
            pytest.skip("this site was built without running the examples")
        assert any(f"sphx_glr_{name}_001" in source for source in page.loaded), name
        assert "Total running time of the script" in "".join(page.text), name


# ----------------------------------------------------------------------------- a browser

SHOWN = [
    "index.html",
    "which.html",
    "cells.html",
    "reference/index.html",
    "reference/sksequence.LSTMClassifier.html",
    "reference/sksequence.forecasting.forecast_recursive.html",
    "gallery/index.html",
    "gallery/networks/vanishing_gradient.html",
    "project/benchmarks-README.html",
]
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


@needs_chromium
@pytest.mark.parametrize("page", SHOWN)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_open_from_a_folder_without_complaints(site, tmp_path, page, theme):
    options = [DARK] if theme == "dark" else []
    document, complaints = open_page((site / page).as_uri(), tmp_path, *options)
    assert complaints == []
    assert f'data-theme="{theme}"' in document


@needs_chromium
@pytest.mark.parametrize("name", ["PurgedKFold", "bidirectional"])
def test_search_works_from_a_folder(site, tmp_path, name):
    address = (site / "search.html").as_uri() + f"?q={name}"
    document, complaints = open_page(address, tmp_path)
    assert complaints == []
    found = re.findall(r'<a href="([^"?#]+)[^"]*"', document.split("search-results")[-1])
    assert any("reference/sksequence" in link for link in found), document[-2000:]


FRAMES = """
<!DOCTYPE html><title>frames</title><body><script>
const sizes = [], pages = %s, widths = %s;
for (const page of pages) for (const width of widths) {
  const frame = document.createElement("iframe");
  frame.width = width; frame.height = 844; frame.src = "/" + page;
  frame.onload = () => {
    const { body, documentElement } = frame.contentDocument;
    const needed = Math.max(documentElement.scrollWidth, body.scrollWidth);
    const bar = body.querySelector(".bd-header").offsetHeight;
    sizes.push([page, width, needed, bar]);
    if (sizes.length === pages.length * widths.length)
      document.body.dataset.sizes = JSON.stringify(sizes);
  };
  document.body.append(frame);
}
</script></body>
"""
# Of a phone, and on both sides of where the bar at the top changes.
WIDTHS = [390, 960, 1000, 1140, 1200]


@pytest.fixture
def server(site):
    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(site))

        def do_GET(self):
            if self.path != "/frames":
                return super().do_GET()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write((FRAMES % (json.dumps(SHOWN), WIDTHS)).encode())

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@needs_chromium
def test_pages_fit_their_width_and_the_bar_has_one_line(server, tmp_path):
    document, _ = open_page(f"{server}/frames", tmp_path)
    sizes = json.loads(html.unescape(re.search(r'data-sizes="([^"]*)"', document)[1]))
    assert len(sizes) == len(SHOWN) * len(WIDTHS)
    assert [size for size in sizes if size[2] > size[1]] == []
    # In pixels: 5rem, as the theme has it.
    assert [size for size in sizes if size[3] != 80] == []


@needs_chromium
def test_search_over_http_shows_where_words_stand(server, tmp_path):
    document, complaints = open_page(f"{server}/search.html?q=bidirectional", tmp_path)
    assert complaints == []
    assert "bidirectional" in document.split("search-results")[-1]
