/* The browser's half of dashboard/components/content.py. Dash takes over the page that
   the server sent where it stands: as long as Dash's answer is the same page, nothing is
   replaced and only the charts come to life. Filters then change the page in place.
   Without JavaScript, or if this fails, everything stays readable and every filter is an
   ordinary form. */
(function () {
  "use strict";
  const main = document.getElementById("seite");
  const status = document.getElementById("meldung");
  const FIELDS = "a[href], button, select, input, summary, [tabindex]";
  const PART = "section[aria-labelledby]";
  const PATIENCE = 8000; // milliseconds; a page takes one at most
  let ends = [];
  let unanswered = 0;

  function show(content) {
    for (const end of ends) end();
    clearTimeout(unanswered);
    tell("");
    const isFirst = !isTakenOver();
    if (main.dataset.digest !== content.digest) replace(content, isFirst);
    // Going back changes the view as a filter does: the other language is to follow.
    if (!isFirst) followInOtherLanguages(location.search);
    ends = [...main.querySelectorAll(".drawing")]
      .filter((element) => element.id in content.figures)
      .map((element) =>
        window.amtspuls.drawWhenSeen(element, content.figures[element.id])
      );
    document.documentElement.dataset.takenOver = "";
  }

  /* Another view of the page: what had the focus has it still. */
  function replace(content, isFirst) {
    const fields = [...main.querySelectorAll(FIELDS)];
    const focused = fields.indexOf(document.activeElement);
    const id = document.activeElement.id;
    const open = new Set(
      [...main.querySelectorAll(`${PART} details[open]`)].map(placeOf)
    );
    main.innerHTML = content.html;
    main.dataset.digest = content.digest;
    for (const details of main.querySelectorAll(`${PART} details`)) {
      if (open.has(placeOf(details))) details.open = true;
    }
    if (focused >= 0) {
      const again = main.querySelectorAll(FIELDS)[focused];
      const field = (id && document.getElementById(id)) || again;
      if (field) field.focus({ preventScroll: true });
    }
    // Between the page and Dash's answer a minute may have passed: nobody chose that.
    if (!isFirst) setTimeout(() => tell(status.dataset.text), 50);
  }

  function tell(text, isSeen = false) {
    status.textContent = text;
    status.classList.toggle("kern-sr-only", !isSeen);
  }

  function followInOtherLanguages(search) {
    for (const link of document.querySelectorAll(".language")) link.search = search;
  }

  function placeOf(details) {
    const part = details.closest(PART);
    const name = part.getAttribute("aria-labelledby");
    return `${name} ${[...part.querySelectorAll("details")].indexOf(details)}`;
  }

  /* A link to a part that a phone folds unfolds it. */
  function unfold(hash) {
    const linked = hash && main.querySelector(`#${CSS.escape(nameIn(hash))}`);
    const part = linked && linked.closest(PART);
    const folded = part && part.querySelector(":scope > .folds-on-phone");
    if (folded) folded.open = true;
  }

  function nameIn(hash) {
    try {
      return decodeURIComponent(hash.slice(1));
    } catch {
      return hash.slice(1); // a lone percent sign
    }
  }

  unfold(location.hash);
  window.addEventListener("hashchange", () => unfold(location.hash));
  main.addEventListener("click", function (event) {
    // Followed a second time, a link changes no address.
    const link = event.target.closest('a[href^="#"]');
    if (link) unfold(link.hash);
  });

  function Content(properties) {
    const content = properties.shown;
    window.React.useEffect(() => {
      if (content) show(content);
    }, [content && content.digest]);
    return null;
  }
  window.dashboard = Object.assign(window.dashboard || {}, { Content });

  /* Filters in place */

  /* What cannot be fetched leaves the page as it is, and says so. */
  function go(search) {
    clearTimeout(unanswered);
    if (search === location.search) return;
    unanswered = setTimeout(() => tell(status.dataset.failed, true), PATIENCE);
    window.dash_clientside.set_props("address", { search });
  }

  function isTakenOver() {
    return "takenOver" in document.documentElement.dataset;
  }

  main.addEventListener("submit", function (event) {
    if (!isTakenOver() || !event.target.matches("form.filters")) return;
    event.preventDefault();
    const query = new URLSearchParams(new FormData(event.target));
    for (const [name, value] of [...query]) if (!value) query.delete(name);
    go(query.size ? `?${query}` : "");
  });

  main.addEventListener("click", function (event) {
    const link = event.target.closest("a.choice");
    const isPlain = !(event.metaKey || event.ctrlKey || event.shiftKey || event.button);
    if (!isTakenOver() || !link || !isPlain) return;
    if (link.pathname !== location.pathname) return;
    event.preventDefault();
    go(link.search);
  });
})();
