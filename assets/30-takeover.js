/* Dash takes over the page that the server sent: its own copy of the same page is
   mounted unseen and changes places with the first in one frame. Then filters change
   the page in place. Without JavaScript, or if this fails, everything stays readable
   and every filter is an ordinary form. */
(function () {
  "use strict";
  const sent = document.getElementById("gesendet");
  const app = document.getElementById("app");
  if (!sent || !app) return;
  const FIELDS = "a[href], button, select, input, summary, [tabindex]";

  function isBusy() {
    const focused = document.activeElement;
    return sent.contains(focused) && focused.matches("select, input, textarea");
  }

  function swap() {
    const x = window.scrollX;
    const y = window.scrollY;
    const focused = [...sent.querySelectorAll(FIELDS)].indexOf(document.activeElement);
    const inMain = document.activeElement === sent.querySelector("main");
    copy("details", (from, to) => (to.open = from.open));
    copy("select", (from, to) => (to.value = from.value));
    app.hidden = false;
    copy(".scroll-region", (from, to) => (to.scrollLeft = from.scrollLeft));
    sent.remove();
    const main = app.querySelector("main");
    if (inMain) main.focus({ preventScroll: true });
    else if (focused >= 0) {
      const field = app.querySelectorAll(FIELDS)[focused];
      if (field) field.focus({ preventScroll: true });
    }
    window.scrollTo({ left: x, top: y, behavior: "instant" });
    document.documentElement.dataset.takenOver = "";
  }

  function copy(selector, change) {
    const from = sent.querySelectorAll(selector);
    const to = app.querySelectorAll(selector);
    if (from.length === to.length) from.forEach((each, i) => change(each, to[i]));
  }

  const arrival = new MutationObserver(function () {
    if (!app.querySelector("main")) return;
    arrival.disconnect();
    takeOverSoon();
  });
  arrival.observe(app, { childList: true, subtree: true });

  function takeOverSoon() {
    if (isBusy()) {
      sent.addEventListener("focusout", () => setTimeout(takeOverSoon), { once: true });
      return;
    }
    requestAnimationFrame(() => (isBusy() ? takeOverSoon() : swap()));
  }

  /* Filters in place */

  function show(address) {
    const url = new URL(address, location.href);
    window.dash_clientside.set_props("address", { search: url.search });
    for (const link of document.querySelectorAll(".language")) {
      link.search = url.search;
    }
    announced = false;
  }

  let announced = true;
  const status = document.getElementById("meldung");
  new MutationObserver(function () {
    if (announced || !status) return;
    announced = true;
    status.textContent = "";
    setTimeout(() => (status.textContent = status.dataset.text), 50);
  }).observe(app, { childList: true, subtree: true, characterData: true });

  app.addEventListener("submit", function (event) {
    if (!event.target.matches("form.filters")) return;
    event.preventDefault();
    const query = new URLSearchParams(new FormData(event.target));
    for (const [name, value] of [...query]) if (!value) query.delete(name);
    show(`?${query}`);
  });

  app.addEventListener("click", function (event) {
    const link = event.target.closest("a.choice");
    const plain = !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.button;
    if (!link || !plain || link.pathname !== location.pathname) return;
    event.preventDefault();
    show(link.href);
  });
})();
