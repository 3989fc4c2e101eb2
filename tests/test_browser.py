"""The page that runs a network in a browser answers as Python does."""

from __future__ import annotations

import json
import runpy
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue

import numpy as np
import pytest

from helpers.chromium import CHROMIUM, OPTIONS
from helpers.package import ROOT
from sksequence import GRUClassifier

FILES = ROOT / "docs" / "_static" / "browser"
TYPES = {"js": "text/javascript", "mjs": "text/javascript", "wasm": "application/wasm"}
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
    pytest.mark.skipif(
        not (FILES / "ort.wasm.min.js").exists(),
        reason="onnxruntime-web is not there: python docs/vendor.py fetches it",
    ),
]
EXAMPLE = runpy.run_path(str(ROOT / "examples" / "drawn_digits.py"), run_name="digits")

PAGE = ROOT / "tests" / "helpers" / "drawn_digits.html"


def serve(contents, answers):
    """Serve names with their bytes, and put what is posted into a queue."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            name = self.path.strip("/")
            found = contents.get(name)
            if found is None and (FILES / name).is_file():
                found = (FILES / name).read_bytes()
            self.send_response(404 if found is None else 200)
            kind = TYPES.get(name.rpartition(".")[2], "text/html" if not name else "")
            self.send_header("Content-Type", kind or "application/octet-stream")
            self.end_headers()
            self.wfile.write(found or b"")

        def do_POST(self):
            size = int(self.headers["Content-Length"])
            answers.put(json.loads(self.rfile.read(size)))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def visit(address, profile, answers, seconds=90):
    """Return what the page at an address posts when chromium opens it."""
    command = [CHROMIUM, *OPTIONS, f"--user-data-dir={profile}", "--no-first-run"]
    browser = subprocess.Popen(
        [*command, "--remote-debugging-port=0", address],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        return answers.get(timeout=seconds)
    except Empty:
        pytest.fail(f"the page said nothing for {seconds} seconds")
    finally:
        browser.kill()
        browser.wait()


@pytest.fixture(scope="module")
def visited(tmp_path_factory):
    """A small network, drawings, and what the page made of them."""
    folder = tmp_path_factory.mktemp("browser")
    drawings, digits = EXAMPLE["make_drawings"](80, np.random.default_rng(0))
    steps = [EXAMPLE["steps_of"](strokes) for strokes in drawings]
    model = GRUClassifier(
        hidden_size=8, pooling="last", lr=0.02, max_epochs=8, random_state=0
    )
    model.fit(steps, digits).to_onnx(folder / "drawn_digits.onnx")
    asked = [
        # On a grid of ten by ten, as the pen is moved below.
        [(8 * stroke / np.ptp(stroke) + 1).tolist() for stroke in drawing]
        for drawing in drawings[:10]
    ]
    expected = [EXAMPLE["steps_of"]([np.array(s) for s in one]) for one in asked]
    answers = Queue()
    contents = {
        "": PAGE.read_bytes(),
        "drawn_digits.onnx": (folder / "drawn_digits.onnx").read_bytes(),
        "drawings.json": json.dumps(
            {"drawings": asked, "answers": model.predict(expected).tolist()}
        ).encode(),
    }
    server = serve(contents, answers)
    try:
        address = f"http://127.0.0.1:{server.server_address[1]}/"
        said = visit(address, folder / "profile", answers)
    finally:
        server.shutdown()
        server.server_close()
    assert "error" not in said, said
    return model, expected, said


def test_a_drawing_becomes_the_steps_of_the_example(visited):
    _, expected, said = visited
    assert len({len(steps) for steps in expected}) > 3
    for steps, own in zip(said["steps"], expected, strict=True):
        np.testing.assert_allclose(steps, own, atol=1e-9)


def test_probabilities_are_those_of_the_estimator(visited):
    model, expected, said = visited
    proba = model.predict_proba(expected)
    assert len(set(proba.argmax(axis=1))) > 3
    np.testing.assert_allclose(said["proba"], proba, atol=1e-5)


def test_what_the_pen_draws_is_read_as_the_estimator_reads_it(visited):
    model, expected, said = visited
    assert said["drawn"] == model.predict(expected).tolist()
    assert said["says"] == "Draw a digit."  # after it was cleared
    assert said["errors"] == []
