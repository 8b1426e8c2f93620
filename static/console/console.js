// Keys, copying, closing. Every page works without this file.
(() => {
  "use strict";

  const OFF = "keys-off";
  const places = { o: "/", i: "/inbox/", f: "/flows/", r: "/runs/", c: "/connections/", a: "/audit/" };
  const dialog = document.getElementById("keys");
  const off = document.getElementById(OFF);
  let waitsForPlace = false;

  if (off) {
    off.checked = localStorage.getItem(OFF) === "yes";
    off.addEventListener("change", () => localStorage.setItem(OFF, off.checked ? "yes" : "no"));
  }

  // What had the focus in the closed dialog must not swallow the next key.
  if (dialog) dialog.addEventListener("close", () => document.activeElement.blur());

  const rows = () => [...document.querySelectorAll("main tbody th a, main .todo h3 a")];

  function move(step) {
    const all = rows();
    if (!all.length) return;
    const at = all.indexOf(document.activeElement);
    all[at < 0 ? 0 : Math.min(Math.max(at + step, 0), all.length - 1)].focus();
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, select, textarea, dialog") || (off && off.checked)) return;
    if (waitsForPlace) {
      waitsForPlace = false;
      if (places[event.key]) location.href = places[event.key];
    } else if (event.key === "g") waitsForPlace = true;
    else if (event.key === "j") move(1);
    else if (event.key === "k") move(-1);
    else if (event.key === "?" && dialog) dialog.showModal();
  });

  // A tab that nobody looks at doesn't poll.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (document.hidden && event.detail.requestConfig.verb === "get") event.preventDefault();
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) navigator.clipboard.writeText(button.dataset.copy);
    const toast = event.target.closest(".toast");
    if (toast) toast.remove();
  });

  for (const toast of document.querySelectorAll('.toast[data-level="success"]')) {
    setTimeout(() => toast.remove(), 8000);
  }

  const wrong = document.querySelector('[aria-invalid="true"]');
  if (wrong) wrong.focus();
})();
