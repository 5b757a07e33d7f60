// The map of a pool's nodes: one cell a node, hundreds at a glance, thousands by zoom; by mouse and by keyboard.
(function () {
  "use strict";
  const root = document.documentElement;
  const colour = (name) => getComputedStyle(root).getPropertyValue("--" + name).trim();
  // By the letter of a node's state: its colour, and a mark for readers who tell few colours apart.
  const HUES = { F: "raised", I: "internal", L: "product-1", N: "product-2", D: "product-3", S: "sanitising", X: "failed", Q: "product-5" };
  const MARKS = { N: "!", X: "×", S: "~", Q: "‖", D: "▽" };
  const LARGEST = 30, SMALLEST = 4, MOST_ZOOM = 8;

  function build(holder) {
    const canvas = holder.querySelector("canvas");
    const output = holder.querySelector("output");
    let told = null, zoom = 1, top = 0, at = 0;

    function layout() {
      const width = canvas.clientWidth, height = canvas.clientHeight;
      const n = Math.max(1, told.states.length);
      const fitting = Math.floor(Math.sqrt((width * height) / n));
      const cell = Math.max(SMALLEST, Math.min(LARGEST, fitting)) * zoom;
      const columns = Math.max(1, Math.floor(width / cell));
      return { width, height, cell, columns, rows: Math.ceil(n / columns) };
    }

    function drawCell(pen, i, x, y, cell, gap) {
      const what = told.states[i];
      const side = cell - gap;
      pen.fillStyle = colours[what];
      pen.fillRect(x, y, side, side);
      if (what === "F") {
        pen.strokeStyle = colours.edge;
        pen.lineWidth = 1;
        pen.strokeRect(x + 0.5, y + 0.5, side - 1, side - 1);
      }
      if (MARKS[what] && cell >= 11) {
        pen.fillStyle = colours.sheet;
        pen.fillText(MARKS[what], x + side / 2, y + side / 2);
      }
      if (i === at && document.activeElement === canvas) {
        pen.strokeStyle = colours.ink;
        pen.lineWidth = 3;
        pen.strokeRect(x + 1, y + 1, side - 2, side - 2);
      }
    }

    let colours = {};
    function draw() {
      if (!told) return;
      colours = Object.fromEntries(Object.entries(HUES).map(([what, hue]) => [what, colour(hue)]));
      Object.assign(colours, { edge: colour("edge"), sheet: colour("sheet"), ink: colour("ink") });
      const scale = window.devicePixelRatio || 1;
      const { width, height, cell, columns, rows } = layout();
      canvas.width = width * scale;
      canvas.height = height * scale;
      const pen = canvas.getContext("2d");
      pen.scale(scale, scale);
      top = Math.max(0, Math.min(top, rows * cell - height));
      pen.textAlign = "center";
      pen.textBaseline = "middle";
      pen.font = Math.floor(cell * 0.6) + "px sans-serif";
      const gap = cell > 9 ? 2 : 1;
      const first = Math.floor(top / cell) * columns;
      const past = Math.min(told.states.length, (Math.ceil((top + height) / cell) + 1) * columns);
      for (let i = first; i < past; i++) {
        drawCell(pen, i, (i % columns) * cell, Math.floor(i / columns) * cell - top, cell, gap);
      }
    }

    function tell(i) {
      at = Math.max(0, Math.min(told.states.length - 1, i));
      output.textContent = told.names[at] + ": " + told.words[told.states[at]];
      draw();
    }

    function under(event) {
      const box = canvas.getBoundingClientRect();
      const { cell, columns } = layout();
      const column = Math.floor((event.clientX - box.left) / cell);
      const i = Math.floor((event.clientY - box.top + top) / cell) * columns + column;
      return column < columns && i < told.states.length ? i : -1;
    }

    function open() {
      const address = holder.dataset.node.replace("NODE", encodeURIComponent(told.names[at]));
      window.htmx.ajax("GET", address, { target: "#dialog-inside" });
    }

    function reveal() {
      const { cell, columns, height } = layout();
      const y = Math.floor(at / columns) * cell;
      top = Math.max(y + cell - height, Math.min(top, y));
      draw();
    }

    function zoomBy(factor) {
      zoom = Math.max(1, Math.min(MOST_ZOOM, zoom * factor));
      if (told) reveal();
    }

    function load() {
      fetch(holder.dataset.nodes, { credentials: "same-origin" })
        .then((answer) => { if (!answer.ok) throw new Error(String(answer.status)); return answer.json(); })
        .then(function (answer) { told = answer; holder.dataset.drawn = "yes"; draw(); })
        .catch(() => { holder.dataset.drawn = "no"; });
    }

    canvas.addEventListener("mousemove", function (event) { const i = told ? under(event) : -1; if (i >= 0) tell(i); });
    canvas.addEventListener("click", function (event) { const i = told ? under(event) : -1; if (i >= 0) { tell(i); open(); } });
    canvas.addEventListener("wheel", function (event) {
      if (zoom > 1 && !event.ctrlKey) { event.preventDefault(); top += event.deltaY; draw(); return; }
      if (event.ctrlKey) { event.preventDefault(); zoomBy(event.deltaY < 0 ? 1.25 : 0.8); }
    }, { passive: false });
    canvas.addEventListener("keydown", function (event) {
      if (!told) return;
      const { columns } = layout();
      const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns, Home: -at, End: told.states.length };
      if (event.key in steps) { event.preventDefault(); tell(at + steps[event.key]); reveal(); }
      if (event.key === "Enter") open();
    });
    canvas.addEventListener("focus", () => told && tell(at));
    canvas.addEventListener("blur", draw);
    holder.querySelectorAll("[data-zoom]").forEach((button) =>
      button.addEventListener("click", () => zoomBy(button.dataset.zoom === "in" ? 1.5 : 1 / 1.5)));
    document.addEventListener("themechange", draw);
    new ResizeObserver(draw).observe(canvas);
    let waiting = null;
    (holder.dataset.nodesTopics || "").split(" ").filter(Boolean).forEach((topic) =>
      document.body.addEventListener("changed:" + topic, function () {
        if (!waiting) waiting = window.setTimeout(() => { waiting = null; load(); }, 1500);
      }));
    load();
  }

  document.querySelectorAll("[data-nodes]").forEach(build);
})();
