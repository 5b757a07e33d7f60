// Draws the charts of a page from JSON that is fetched once the page has been painted, and again when it changed.
(function () {
  "use strict";
  const root = document.documentElement;
  const drawn = new Map();
  const colour = (name) => getComputedStyle(root).getPropertyValue("--" + name).trim();
  const plain = (digits) => new Intl.NumberFormat(root.lang, { maximumFractionDigits: digits });
  const day = new Intl.DateTimeFormat(root.lang, { month: "short", day: "numeric" });
  const clock = new Intl.DateTimeFormat(root.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const moment = new Intl.DateTimeFormat(root.lang, { dateStyle: "medium", timeStyle: "short" });

  function series(told) {
    return told.series.map(function (line) {
      const paint = colour(line.colour);
      const one = {
        name: line.name, type: line.dots ? "scatter" : line.bars ? "bar" : "line", symbolSize: 6, data: line.points, stack: line.stack,
        step: line.step || false, showSymbol: false, z: line.z || 2,
        lineStyle: { width: line.width === undefined ? 2 : line.width, color: paint, type: line.dashes ? "dashed" : "solid" },
        itemStyle: { color: paint },
        emphasis: { disabled: true },
      };
      if (line.area) one.areaStyle = { color: paint, opacity: line.area };
      return one;
    });
  }

  function said(told, points) {
    const head = told.x === "time" ? moment.format(points[0].value[0]) : points[0].axisValueLabel;
    const known = (p) => p.value !== null && p.value !== undefined;
    const seen = points.filter((p) => p.seriesName && known(p) && !(told.hide || []).includes(p.seriesName));
    const figure = plain(told.digits || 1);
    const value = (p) => figure.format(Array.isArray(p.value) ? p.value[1] : p.value);
    return [head].concat(seen.map((p) => p.seriesName + "  " + value(p))).join("\n");
  }

  function option(told) {
    const axis = () => ({
      axisLabel: { color: colour("muted"), hideOverlap: true },
      axisLine: { lineStyle: { color: colour("edge") } },
    });
    const x = Object.assign(axis(), { type: told.x });
    if (told.categories) x.data = told.categories;
    if (told.x === "time") x.axisLabel.formatter = (v) => (new Date(v).getHours() === 0 ? day.format(v) : clock.format(v));
    const y = Object.assign(axis(), {
      type: "value", min: told.bottom === undefined ? 0 : told.bottom, max: told.top, name: told.unit,
      nameTextStyle: { color: colour("muted"), align: "left" },
      splitLine: { lineStyle: { color: colour("grid") } },
    });
    const mark = {
      type: "line", data: [],
      markLine: {
        silent: true, symbol: "none", label: { show: false },
        lineStyle: { color: colour("muted"), type: "dotted" }, data: [{ xAxis: told.now }],
      },
    };
    return {
      animation: false,
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
      grid: { left: 8, right: 14, top: 28, bottom: 6, containLabel: true },
      // Drawn, not made of elements: those would carry inline styles, which the page's policy forbids.
      tooltip: {
        trigger: "axis", renderMode: "richText", confine: true, formatter: (points) => said(told, points),
        backgroundColor: colour("sheet"), borderColor: colour("edge"), textStyle: { color: colour("ink"), fontSize: 12 },
      },
      xAxis: x, yAxis: y, series: told.now ? series(told).concat([mark]) : series(told),
    };
  }

  function paint(holder) {
    const entry = drawn.get(holder);
    entry.chart.setOption(option(entry.told), { notMerge: true });
  }

  function load(holder) {
    fetch(holder.dataset.chart, { headers: { Accept: "application/json" }, credentials: "same-origin" })
      .then((answer) => { if (!answer.ok) throw new Error(String(answer.status)); return answer.json(); })
      .then(function (told) {
        if (!holder.isConnected) return;
        if (!drawn.has(holder)) {
          drawn.set(holder, { chart: echarts.init(holder, null, { renderer: "canvas" }) });
          sizes.observe(holder);
        }
        drawn.get(holder).told = told;
        paint(holder);
        holder.dataset.drawn = "yes";
      })
      .catch(() => { holder.dataset.drawn = "no"; });
  }

  const sizes = new ResizeObserver((entries) => entries.forEach(function (e) {
    const entry = drawn.get(e.target);
    if (entry) entry.chart.resize();
  }));

  function forget() {
    drawn.forEach(function (entry, holder) {
      if (holder.isConnected) return;
      sizes.unobserve(holder);
      entry.chart.dispose();
      drawn.delete(holder);
    });
  }

  function keepCurrent(holder, topic) {
    let waiting = null;
    document.body.addEventListener("changed:" + topic, function again() {
      if (!holder.isConnected) { document.body.removeEventListener("changed:" + topic, again); return; }
      if (waiting) return;
      waiting = window.setTimeout(() => { waiting = null; load(holder); }, 2000);
    });
  }

  const begun = new WeakSet();
  function find(within) {
    within.querySelectorAll("[data-chart]").forEach(function (holder) {
      if (begun.has(holder)) return;
      begun.add(holder);
      load(holder);
      (holder.dataset.chartTopics || "").split(" ").filter(Boolean).forEach((topic) => keepCurrent(holder, topic));
    });
  }

  const redraw = () => drawn.forEach((_, holder) => paint(holder));
  document.addEventListener("themechange", redraw);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  document.body.addEventListener("htmx:afterSettle", function (event) { forget(); find(event.target); });
  find(document);
})();
