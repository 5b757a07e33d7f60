// Draws every chart of the page from the options in #charts.
(function () {
  "use strict";
  const PRINT_WIDTH = 680;
  const PRINT_HEIGHT = 250;
  const root = document.documentElement;
  const payloads = JSON.parse(document.getElementById("charts").textContent);
  const drawn = new Map();
  let printing = false;

  const grouped = function (digits) {
    return new Intl.NumberFormat("en-US", { maximumFractionDigits: digits });
  };
  const two = (value) => String(value).padStart(2, "0");
  const isNumber = (value) => typeof value === "number" && isFinite(value);

  function day(date) {
    return date.getUTCFullYear() + "-" + two(date.getUTCMonth() + 1) + "-" + two(date.getUTCDate());
  }

  function clock(date) {
    return two(date.getUTCHours()) + ":" + two(date.getUTCMinutes());
  }

  function moment(value, calendar) {
    if (!calendar) return "day " + grouped(2).format(value);
    const date = new Date(value);
    return day(date) + "T" + clock(date) + "Z";
  }

  // Makers of formatters, by the name that an option gives.
  const formats = {
    number: (settings) => (value) =>
      isNumber(value) ? grouped(settings.digits === undefined ? 1 : settings.digits).format(value) + (settings.unit ? " " + settings.unit : "") : "–",
    compact: () => (value) =>
      new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 }).format(value),
    percent: (settings) => (value) =>
      isNumber(value) ? grouped(settings.digits < 0 ? 3 : settings.digits).format(value * 100) + " %" : "–",
    moment: (settings) => (point) => moment(Number(point.value), settings.calendar),
    tick: (settings) => function (value) {
      if (!settings.calendar) return grouped(2).format(value) + " d";
      const date = new Date(value);
      return value % 86400000 ? clock(date) : day(date).slice(5);
    },
  };

  function colour(name) {
    return getComputedStyle(root).getPropertyValue("--" + name).trim();
  }

  function resolved(node) {
    if (Array.isArray(node)) return node.map(resolved);
    if (node === null || typeof node !== "object") return node;
    if (node.$color) return colour(node.$color);
    if (node.$format) return formats[node.$format](node);
    return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, resolved(value)]));
  }

  function dataset(variant) {
    const scale = variant.calendar ? 1000 : 1 / 86400;
    const source = { time: [] };
    for (let i = 0; i < variant.count; i++) source.time.push((variant.start + i * variant.step) * scale);
    return { source: Object.assign(source, variant.columns) };
  }

  function windowOf(chart) {
    const zoom = (chart.getOption() || {}).dataZoom;
    return zoom && zoom.length ? [zoom[0].start, zoom[0].end] : null;
  }

  function paint(entry) {
    const kept = entry.chart.getOption() ? windowOf(entry.chart) : null;
    const option = resolved(entry.payload.option);
    if (option.textStyle) option.textStyle.fontFamily = getComputedStyle(document.body).fontFamily;
    if (entry.payload.variants.length) option.dataset = dataset(entry.payload.variants[entry.chosen]);
    if (kept && option.dataZoom) option.dataZoom.forEach((z) => { z.start = kept[0]; z.end = kept[1]; });
    // A finger that scrolls the page must not move the chart.
    if (option.dataZoom && window.matchMedia("(pointer: coarse)").matches) {
      option.dataZoom.forEach((z) => { if (z.type === "inside") z.disabled = true; });
    }
    // A zoom bar on paper is of no use, nor is a drawing higher than it must be.
    if (printing && option.dataZoom) {
      option.dataZoom.forEach((z) => { z.show = false; });
      option.grid.bottom = 8;
    }
    entry.chart.setOption(option, { notMerge: true });
  }

  function draw(figure) {
    if (drawn.has(figure.id)) return;
    const holder = figure.querySelector(".drawing");
    const chart = echarts.init(holder, null, { renderer: "svg" });
    const entry = { chart: chart, payload: payloads[figure.id], chosen: payloads[figure.id].chosen };
    drawn.set(figure.id, entry);
    paint(entry);
    figure.dataset.drawn = "yes";
  }

  function zoom(entry, act) {
    let [start, end] = windowOf(entry.chart);
    const width = end - start;
    if (act === "in") { start += width / 4; end -= width / 4; }
    if (act === "out") { start -= width / 2; end += width / 2; }
    if (act === "all") { start = 0; end = 100; }
    const step = act === "earlier" ? -width / 2 : act === "later" ? width / 2 : 0;
    const shift = Math.min(Math.max(step, -start), 100 - end);
    if (step) { start += shift; end += shift; }
    if (end - start < 0.2) return;
    entry.chart.dispatchAction({ type: "dataZoom", start: Math.max(0, start), end: Math.min(100, end) });
  }

  function each(act) {
    drawn.forEach(act);
  }

  const figures = Array.from(document.querySelectorAll("figure.chart"));

  figures.forEach(function (figure) {
    const select = figure.querySelector("[data-switch]");
    if (select) {
      select.addEventListener("change", function () {
        draw(figure);
        const entry = drawn.get(figure.id);
        entry.chosen = Number(select.value);
        paint(entry);
      });
    }
    figure.querySelectorAll("[data-zoom]").forEach(function (button) {
      button.addEventListener("click", function () {
        draw(figure);
        zoom(drawn.get(figure.id), button.dataset.zoom);
      });
    });
  });

  // Charts in view are drawn first; the rest when they come near, or when the page is printed.
  const near = new IntersectionObserver(function (entries) {
    entries.filter((e) => e.isIntersecting).forEach(function (e) {
      near.unobserve(e.target);
      draw(e.target);
    });
  }, { rootMargin: "800px" });
  figures.forEach((figure) => near.observe(figure));

  const sizes = new ResizeObserver(function (entries) {
    entries.forEach(function (e) {
      const entry = drawn.get(e.target.id);
      if (entry && !printing) entry.chart.resize();
    });
  });
  figures.forEach((figure) => sizes.observe(figure));

  const redraw = () => each(paint);
  document.addEventListener("themechange", redraw);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);

  function toPaper() {
    printing = true;
    figures.forEach(draw);
    each(function (entry, id) {
      const holder = document.querySelector("#" + id + " .drawing");
      const height = Math.min(PRINT_HEIGHT, Number(document.getElementById(id).dataset.height));
      holder.style.height = height + "px";
      const half = document.getElementById(id).parentElement.classList.contains("pair");
      entry.chart.resize({ width: half ? PRINT_WIDTH / 2 - 12 : PRINT_WIDTH, height: height });
      paint(entry);
    });
  }

  function toScreen() {
    printing = false;
    each(function (entry, id) {
      const figure = document.getElementById(id);
      figure.querySelector(".drawing").style.height = figure.dataset.height + "px";
      entry.chart.resize({ width: "auto", height: "auto" });
      paint(entry);
    });
  }

  window.matchMedia("print").addEventListener("change", (e) => (e.matches ? toPaper() : toScreen()));
  window.addEventListener("beforeprint", toPaper);
  window.addEventListener("afterprint", toScreen);
})();
