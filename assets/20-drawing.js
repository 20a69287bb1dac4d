/* Lets plotly redraw a chart's static SVG, with hover, once it is on screen. Only then
   is plotly loaded. */
(function () {
  "use strict";
  const WIDE = 576; // 36rem, as in the css
  let loading = null;

  function addScript(name) {
    return new Promise(function (resolve, reject) {
      const script = document.createElement("script");
      script.src = name;
      script.onload = resolve;
      script.onerror = reject;
      document.head.append(script);
    });
  }

  function plotly() {
    const scripts = document.body.dataset;
    loading ??= addScript(scripts.plotly).then(
      () => scripts.locale && addScript(scripts.locale)
    );
    return loading.then(() => window.Plotly);
  }

  /* var(--chart-1) becomes the colour that it is on this page now. */
  function withColours(part, style) {
    if (typeof part === "string") {
      const variable = /^var\((--[\w-]+)\)$/.exec(part);
      return variable ? style.getPropertyValue(variable[1]).trim() : part;
    }
    if (Array.isArray(part)) return part.map((each) => withColours(each, style));
    if (part === null || typeof part !== "object") return part;
    return Object.fromEntries(
      Object.entries(part).map(([name, each]) => [name, withColours(each, style)])
    );
  }

  /* The layout is made for a picture of a given size, as the SVG is: scale it alike. */
  function layoutFor(source, box) {
    const layout = JSON.parse(JSON.stringify(source));
    const scale = box.width / source.width;
    layout.width = box.width;
    layout.height = box.height;
    layout.font.size *= scale;
    layout.hoverlabel.font.size = Math.max(14, Math.min(18, 14 * scale));
    for (const side of ["l", "r", "t", "b"]) layout.margin[side] *= scale;
    for (const note of layout.annotations) {
      if (note.xshift) note.xshift *= scale;
      if (note.yshift) note.yshift *= scale;
    }
    return layout;
  }

  function draw(element, figure) {
    const still = element.querySelector(".drawing-static");
    let live = element.querySelector(".drawing-live");
    if (!live) {
      live = document.createElement("div");
      live.className = "drawing-live";
      element.append(live);
    }
    const box = still.getBoundingClientRect();
    if (!box.width || !box.height) return Promise.resolve();
    const style = getComputedStyle(document.documentElement);
    const picture = figure[box.width >= WIDE ? "wide" : "narrow"];
    const drawn = withColours(
      { data: picture.data, layout: layoutFor(picture.layout, box) },
      style
    );
    return window.Plotly.react(live, drawn.data, drawn.layout, figure.config).then(() =>
      element.classList.add("is-live")
    );
  }

  function watch(element, figure) {
    let isOver = false;
    let isDrawn = false;
    let width = 0;
    const redraw = () => isDrawn && !isOver && draw(element, figure);
    const dark = window.matchMedia("(prefers-color-scheme: dark)");
    const screen = new IntersectionObserver(
      function (entries) {
        if (!entries.some((entry) => entry.isIntersecting)) return;
        screen.disconnect();
        plotly()
          .then(function () {
            isDrawn = true;
            return redraw();
          })
          .catch(() => {}); // the static picture stays
      },
      { rootMargin: "0px" }
    );
    const size = new ResizeObserver(function () {
      if (Math.abs(element.clientWidth - width) < 1) return;
      width = element.clientWidth;
      redraw();
    });
    screen.observe(element);
    size.observe(element);
    dark.addEventListener("change", redraw);
    return function () {
      isOver = true;
      screen.disconnect();
      size.disconnect();
      dark.removeEventListener("change", redraw);
      element.classList.remove("is-live");
      const live = element.querySelector(".drawing-live");
      if (isDrawn && live) window.Plotly.purge(live);
    };
  }

  window.amtspuls = { drawWhenSeen: watch };
})();
