// Light or dark: the reader's preference, unless the button says otherwise.
(function () {
  "use strict";
  const root = document.documentElement;
  const prefersDark = window.matchMedia("(prefers-color-scheme: dark)");

  function stored() {
    // A file opened from disk may have no storage.
    try { return window.localStorage.getItem("tidegate-theme"); } catch (error) { return null; }
  }

  function isDark() {
    return root.dataset.theme ? root.dataset.theme === "dark" : prefersDark.matches;
  }

  const chosen = stored();
  if (chosen === "dark" || chosen === "light") root.dataset.theme = chosen;

  document.addEventListener("DOMContentLoaded", function () {
    const button = document.getElementById("theme");
    const words = button.dataset;
    function name() {
      button.textContent = isDark() ? words.light || "Light colours" : words.dark || "Dark colours";
    }
    button.hidden = false;
    name();
    button.addEventListener("click", function () {
      root.dataset.theme = isDark() ? "light" : "dark";
      try { window.localStorage.setItem("tidegate-theme", root.dataset.theme); } catch (error) { /* kept for this view */ }
      name();
      document.dispatchEvent(new Event("themechange"));
    });
    prefersDark.addEventListener("change", name);
  });
})();
