// What every page of the console does: times in the reader's zone, countdowns, staying current, dialogs.
(function () {
  "use strict";
  const root = document.documentElement;
  const words = JSON.parse(document.getElementById("words").textContent);
  const shapes = {
    moment: { dateStyle: "medium", timeStyle: "short" },
    clock: { timeStyle: "short" },
    date: { dateStyle: "medium" },
  };
  const formats = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [name, new Intl.DateTimeFormat(root.lang, shape)]),
  );
  const full = new Intl.DateTimeFormat(root.lang, { dateStyle: "full", timeStyle: "long" });

  // The system's clock may run at another pace than this one; every event renews what is known of it.
  const pace = { server: Date.now() / 1000, local: Date.now() / 1000, rate: 1 };
  const now = () => pace.server + (Date.now() / 1000 - pace.local) * pace.rate;

  function left(seconds) {
    const s = Math.max(0, Math.round(seconds));
    const two = (n) => String(n).padStart(2, "0");
    if (s >= 172800) return Math.floor(s / 86400) + " " + words.d;
    if (s >= 3600) return Math.floor(s / 3600) + ":" + two(Math.floor(s / 60) % 60) + ":" + two(s % 60);
    return Math.floor(s / 60) + ":" + two(s % 60);
  }

  function showSpan(element) {
    const away = new Date(element.dateTime) / 1000 - now();
    element.textContent = left(element.dataset.shape === "left" ? away : -away);
  }

  function showTimes(within) {
    within.querySelectorAll("time[datetime]").forEach(function (element) {
      const at = new Date(element.dateTime);
      const format = formats[element.dataset.shape];
      if (format) element.textContent = format.format(at);
      else showSpan(element);
      element.title = full.format(at);
    });
  }

  function countDown() {
    document.querySelectorAll('time[data-shape="left"], time[data-shape="ago"]').forEach(showSpan);
  }

  // ------------------------------------------------------------------------------------ staying current
  const light = document.getElementById("live");
  const stream = light && light.dataset.stream;
  let source = null;
  let heard = Date.now();
  let wait = 1000;

  function say(state) {
    if (light.dataset.state === state) return;
    light.dataset.state = state;
    light.textContent = words[state];
  }

  function listen() {
    source = new EventSource(stream);
    source.addEventListener("tick", function (event) {
      const told = JSON.parse(event.data);
      heard = Date.now();
      wait = 1000;
      Object.assign(pace, { server: told.now_s, local: heard / 1000, rate: told.rate });
      say("live");
    });
    source.addEventListener("changed", function (event) {
      heard = Date.now();
      JSON.parse(event.data).topics.forEach((topic) => document.body.dispatchEvent(new CustomEvent("changed:" + topic)));
    });
    source.onerror = function () {
      source.close();
      if (light.dataset.state === "live") say("lost");
      // A page left open must not hammer a system that is coming back.
      window.setTimeout(listen, wait + Math.random() * 1000);
      wait = Math.min(wait * 2, 30000);
    };
  }

  function checkFresh() {
    if (Date.now() - heard > 15000) say("stale");
  }

  // A fragment that names topics asks for itself again when one of them changed, at most once a second, and
  // not while the reader is filling in a field of it.
  const asking = new Map();

  function askAgain(id) {
    if (asking.has(id)) return;
    asking.set(id, window.setTimeout(function () {
      asking.delete(id);
      const element = document.getElementById(id);
      if (!element) return;
      const busy = element.contains(document.activeElement) && document.activeElement.matches("input, select, textarea");
      if (busy) askAgain(id);
      else window.htmx.trigger(element, "refresh");
    }, 1000));
  }

  document.querySelectorAll("[data-topics]").forEach(function (element) {
    const id = element.id;
    element.dataset.topics.split(" ").forEach((topic) => document.body.addEventListener("changed:" + topic, () => askAgain(id)));
  });

  // ------------------------------------------------------------------------------------ dialogs, copying
  const dialog = document.getElementById("dialog");

  document.body.addEventListener("htmx:afterSwap", function (event) {
    showTimes(event.target.isConnected ? event.target : document);
    if (event.target.id === "dialog-inside" && !dialog.open) dialog.showModal();
  });
  // An answer that says what is wrong with a form is shown like any other page.
  document.body.addEventListener("htmx:beforeSwap", function (event) {
    const answer = event.detail.xhr;
    if (answer.status >= 400 && (answer.getResponseHeader("content-type") || "").startsWith("text/html")) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });
  function sayFailed() {
    const place = document.getElementById("toast");
    if (place) place.textContent = words.failed;
  }
  document.body.addEventListener("htmx:sendError", sayFailed);
  document.addEventListener("click", function (event) {
    const closer = event.target.closest("[data-close]");
    if (closer && dialog && dialog.open) { dialog.close(); event.preventDefault(); }
    const copier = event.target.closest("[data-copy]");
    if (copier) {
      navigator.clipboard.writeText(document.getElementById(copier.dataset.copy).textContent).then(function () {
        const said = copier.textContent;
        copier.textContent = words.copied;
        window.setTimeout(() => { copier.textContent = said; }, 1500);
      });
    }
  });
  document.addEventListener("change", function (event) {
    const form = event.target.closest("form[data-auto]");
    if (form) form.requestSubmit();
  });

  showTimes(document);
  window.setInterval(countDown, 1000);
  if (stream) {
    window.setInterval(checkFresh, 5000);
    listen();
    window.addEventListener("pagehide", () => source.close());
    window.addEventListener("pageshow", (event) => { if (event.persisted) listen(); });
  }
})();
