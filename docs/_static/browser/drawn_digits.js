// Draw a digit, and a network that was exported to ONNX reads it while it arises.
//
// What stands here is the way from a drawing to the network's input, as in `steps_of` of
// examples/drawn_digits.py, and back from its probabilities to a picture of them. All runs
// in the page: nothing that is drawn leaves it.
"use strict";

const drawnDigits = (() => {
  const STEP = 0.06; // of the longer side of a drawing

  /** Return strokes of points [right, down] as steps: right, down, and 1 where the pen is up. */
  function stepsOf(strokes) {
    const points = strokes.flat();
    const up = strokes.flatMap((stroke) => stroke.map((_, i) => Number(i === 0)));
    const range = (axis) => {
      const values = points.map((point) => point[axis]);
      return Math.max(...values) - Math.min(...values);
    };
    const side = Math.max(range(0), range(1), 1e-9);
    const at = [0]; // how far along the path each point lies
    for (let i = 1; i < points.length; i++) {
      const [x, y] = [0, 1].map((axis) => (points[i][axis] - points[i - 1][axis]) / side);
      at.push(at[i - 1] + Math.hypot(x, y));
    }
    const end = at.length - 1;
    const segmentAt = (distance) => {
      const i = at.findIndex((value) => value >= distance);
      return i < 0 ? end : Math.max(i, Math.min(1, end));
    };
    const pointAt = (distance) => {
      const i = segmentAt(distance);
      if (i === 0 || distance >= at[end]) return points[end].map((x) => x / side);
      const share = at[i] > at[i - 1] ? (distance - at[i - 1]) / (at[i] - at[i - 1]) : 1;
      return [0, 1].map((axis) => {
        const from = points[i - 1][axis];
        return (from + share * (points[i][axis] - from)) / side;
      });
    };
    const steps = [];
    for (let i = 0; i < Math.max(Math.floor(at[end] / STEP), 1); i++) {
      const [from, to] = [pointAt(i * STEP), pointAt((i + 1) * STEP)];
      const pen = up[segmentAt((i + 0.5) * STEP)];
      steps.push([(to[0] - from[0]) / STEP, (to[1] - from[1]) / STEP, pen]);
    }
    return steps;
  }

  function loadScript(address) {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = address;
      script.onload = resolve;
      script.onerror = () => reject(new Error(`${address} is missing`));
      document.head.append(script);
    });
  }

  /** Return a function from steps to probabilities; files lie in the folder `base`. */
  async function load(base) {
    const folder = new URL(base, document.baseURI).href;
    await loadScript(`${folder}ort.wasm.min.js`);
    ort.env.wasm.wasmPaths = folder;
    ort.env.wasm.numThreads = 1;
    const session = await ort.InferenceSession.create(`${folder}drawn_digits.onnx`);
    return async (steps) => {
      const X = new ort.Tensor("float32", steps.flat(), [1, steps.length, 3]);
      const lengths = new ort.Tensor("int64", [BigInt(steps.length)], [1]);
      const { probabilities } = await session.run({ X, lengths });
      return Array.from(probabilities.data);
    };
  }

  function explain(error) {
    if (location.protocol === "file:") {
      return "A page that was opened from a folder may not load the network. Serve the folder "
        + "(python -m http.server) and open http://localhost:8000.";
    }
    return `The network cannot be loaded (${error.message}): was it built with the site?`;
  }

  /** Fill an element with paper, bars, and a button that clears. */
  function build(root) {
    root.innerHTML = `
      <div class="drawn">
        <canvas class="drawn-paper" width="600" height="600" role="img"
          aria-label="Paper: draw a digit with the mouse or a finger"></canvas>
        <div class="drawn-bars" role="img" aria-label="Probability of each digit"></div>
      </div>
      <p><button type="button" class="drawn-clear">Clear</button>
        <span class="drawn-says" role="status">Loading the network&nbsp;…</span></p>`;
    const bars = root.querySelector(".drawn-bars");
    for (let digit = 0; digit < 10; digit++) {
      const row = document.createElement("div");
      row.innerHTML = `<b>${digit}</b><span><i></i></span>`;
      bars.append(row);
    }
    return {
      paper: root.querySelector("canvas"),
      clear: root.querySelector("button"),
      says: root.querySelector(".drawn-says"),
      bars: [...bars.querySelectorAll("i")],
    };
  }

  function drawOn(paper, strokes) {
    const pen = paper.getContext("2d");
    pen.clearRect(0, 0, paper.width, paper.height);
    pen.strokeStyle = getComputedStyle(paper).color;
    pen.lineWidth = 14;
    pen.lineCap = pen.lineJoin = "round";
    for (const stroke of strokes) {
      pen.beginPath();
      pen.moveTo(...stroke[0]);
      for (const point of stroke) pen.lineTo(...point);
      pen.stroke();
    }
  }

  async function start(root) {
    const { paper, clear, says, bars } = build(root);
    let strokes = [];
    let isDrawing = false;
    let predict = null;

    async function show() {
      drawOn(paper, strokes);
      const isEmpty = strokes.flat().length < 2;
      if (!predict) return;
      const proba = isEmpty ? bars.map(() => 0) : await predict(stepsOf(strokes));
      const best = proba.indexOf(Math.max(...proba));
      bars.forEach((bar, digit) => {
        bar.style.width = `${100 * proba[digit]}%`;
        bar.parentElement.parentElement.classList.toggle("is-best", !isEmpty && digit === best);
      });
      says.textContent = isEmpty
        ? "Draw a digit."
        : `${best}, with a probability of ${proba[best].toFixed(2)}`;
      root.dataset.answer = isEmpty ? "" : best;
    }

    function pointOf(event) {
      const box = paper.getBoundingClientRect();
      return [
        ((event.clientX - box.left) / box.width) * paper.width,
        ((event.clientY - box.top) / box.height) * paper.height,
      ];
    }

    // One prediction at a time: of moves that arrive meanwhile the last one is shown.
    let isBusy = false;
    let isStale = false;
    async function refresh() {
      isStale = true;
      if (isBusy) return;
      isBusy = true;
      while (isStale) {
        isStale = false;
        await show();
      }
      isBusy = false;
    }

    paper.addEventListener("pointerdown", (event) => {
      isDrawing = true;
      if (event.isTrusted) paper.setPointerCapture(event.pointerId);
      strokes.push([pointOf(event)]);
      refresh();
    });
    paper.addEventListener("pointermove", (event) => {
      if (!isDrawing) return;
      strokes[strokes.length - 1].push(pointOf(event));
      refresh();
    });
    for (const name of ["pointerup", "pointercancel"]) {
      paper.addEventListener(name, () => { isDrawing = false; });
    }
    clear.addEventListener("click", () => { strokes = []; refresh(); });
    try {
      predict = await load(root.dataset.base);
      root.dataset.ready = "yes";
      await refresh();
    } catch (error) {
      says.textContent = explain(error);
      root.dataset.ready = "no";
    }
  }

  return { stepsOf, load, start };
})();

for (const root of document.querySelectorAll("[data-drawn-digits]")) drawnDigits.start(root);
