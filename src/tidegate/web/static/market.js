// Sliders over a grid of coarse plays: linear between its points in every direction.
(function () {
  "use strict";
  const surface = JSON.parse(document.getElementById("surface").textContent);
  const holder = document.getElementById("sliders");
  const table = document.getElementById("surface-table");
  const answer = document.getElementById("answer");
  const state = {};

  // Two neighbouring points of an axis, and how far between them a value lies.
  function bracket(points, value) {
    let low = 0;
    while (low < points.length - 2 && points[low + 1] <= value) low += 1;
    const width = points[low + 1] - points[low];
    return [low, Math.min(1, Math.max(0, (value - points[low]) / width))];
  }

  function at(position) {
    let corners = [[0, 1]];
    surface.axes.forEach(function (axis) {
      const [low, part] = bracket(axis.points, position[axis.key]);
      corners = corners.flatMap(([place, weight]) => [
        [place * axis.points.length + low, weight * (1 - part)],
        [place * axis.points.length + low + 1, weight * part],
      ]);
    });
    corners = corners.filter(([, weight]) => weight > 0);
    return surface.years.map((_, year) =>
      surface.figures.map((_, figure) =>
        corners.reduce((sum, [place, weight]) => sum + weight * surface.values[place][year][figure], 0)
      )
    );
  }

  function text(value) {
    const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
    return new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
  }

  const start = Object.fromEntries(surface.axes.map((axis) => [axis.key, axis.start]));
  const first = at(start);

  function cell(tag, content, numeric) {
    const made = document.createElement(tag);
    made.textContent = content;
    if (numeric) made.className = "num";
    return made;
  }

  function show() {
    const now = at(state);
    const body = table.tBodies[0];
    body.replaceChildren();
    surface.figures.forEach(function (name, figure) {
      const line = body.insertRow();
      const head = cell("th", name, false);
      head.scope = "row";
      line.append(head);
      surface.years.forEach(function (_, year) {
        const made = cell("td", text(now[year][figure]), true);
        if (Math.abs(now[year][figure] - first[year][figure]) > 0.005 * Math.abs(first[year][figure])) {
          const was = cell("span", text(first[year][figure]), false);
          was.className = "was";
          made.append(was);
        }
        line.append(made);
      });
    });
    const h100 = surface.generations.indexOf(surface.reference);
    const change = (year) => Math.round(1000 * (now[year][h100] / first[year][h100] - 1)) / 10;
    answer.textContent = "Two years after the entry " + surface.reference + " rents for " + text(now[2][h100]) + " USD an hour, " +
      (change(2) === 0 ? "as at the start." : Math.abs(change(2)) + " % " + (change(2) < 0 ? "less" : "more") + " than where the sliders began.");
  }

  surface.axes.forEach(function (axis) {
    state[axis.key] = axis.start;
    const label = document.createElement("label");
    const words = document.createElement("span");
    const output = document.createElement("output");
    const input = document.createElement("input");
    input.type = "range";
    input.id = "slider-" + axis.key;
    output.htmlFor = input.id;
    input.min = axis.points[0];
    input.max = axis.points[axis.points.length - 1];
    input.step = axis.step;
    input.value = axis.start;
    const say = () => { output.textContent = text(Number(input.value)).replace(/\.0+$/, "") + " " + axis.unit; };
    words.textContent = axis.label;
    label.append(words, output, input);
    say();
    input.addEventListener("input", function () {
      state[axis.key] = Number(input.value);
      say();
      show();
    });
    holder.append(label);
  });

  const head = table.tHead.insertRow();
  head.append(cell("th", "figure", false));
  surface.years.forEach((year) => head.append(cell("th", year === 0 ? "entry" : "year " + year, true)));
  Array.from(head.cells).forEach((made) => { made.scope = "col"; });
  show();
})();
