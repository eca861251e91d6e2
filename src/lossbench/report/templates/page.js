// The page works without this: every figure is a picture. This draws the figures near the window again from their
// data, so that losses can be hidden and set off in all of them at once, epochs zoomed, and values read.
(() => {
  "use strict";
  const all = (selector, within = document) => Array.from(within.querySelectorAll(selector));
  const views = new Map(); // figure element -> Vega view
  const state = { hidden: [], focus: null, first: 1, last: Number(document.body.dataset.epochs) };
  const packed = document.getElementById("chart-library");
  const toolbar = document.getElementById("toolbar");
  if (!packed || !window.DecompressionStream || !window.IntersectionObserver) return;

  // The library, from its compressed form, once.
  const library = async () => {
    const bytes = Uint8Array.from(atob(packed.textContent.trim()), (character) => character.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const script = document.createElement("script");
    script.textContent = await new Response(stream).text();
    document.head.append(script);
  };

  // A table as it is packed: by column, a constant once, words by their place in a list.
  const unpacked = ({ rows, columns }) => {
    const value = (column, row) =>
      Array.isArray(column) ? column[row] : "all" in column ? column.all : column.is[column.at[row]];
    const names = Object.keys(columns);
    return Array.from({ length: rows }, (_, row) =>
      Object.fromEntries(names.map((name) => [name, value(columns[name], row)])));
  };

  // Legends of figures answer to the pointer, too.
  const legendsAnswer = (node) => {
    for (const legend of node.legends || []) {
      legend.encode = legend.encode || {};
      for (const part of ["symbols", "labels"]) {
        legend.encode[part] = { ...legend.encode[part], interactive: true };
      }
    }
    for (const mark of node.marks || []) legendsAnswer(mark);
  };

  // What a row holds, beside the pointer: text, never markup.
  const tip = document.createElement("div");
  tip.id = "tip";
  tip.hidden = true;
  document.body.append(tip);
  const tell = (_, event, item, value) => {
    tip.hidden = value == null || value === "";
    if (tip.hidden) return;
    tip.replaceChildren(...Object.entries(value).filter(([, told]) => told !== "null" && told !== "").map(([name, told]) => {
      const line = document.createElement("div");
      const label = document.createElement("span");
      label.textContent = name;
      const number = document.createElement("b");
      number.textContent = String(told).replace(/^-(?=[\d.])/, "\u2212");
      line.append(label, " ", number);
      return line;
    }));
    const { clientWidth: width, clientHeight: height } = document.documentElement;
    tip.style.left = `${Math.max(4, Math.min(event.clientX + 14, width - tip.offsetWidth - 4))}px`;
    tip.style.top = `${event.clientY + 18 + tip.offsetHeight > height ? event.clientY - tip.offsetHeight - 12 : event.clientY + 18}px`;
  };

  const set = (view, values) => {
    for (const [name, value] of Object.entries(values)) view.signal(name, value);
    return view.runAsync();
  };
  const change = (values) => {
    Object.assign(state, values);
    for (const view of views.values()) set(view, values);
    show();
  };

  // On a narrow window panels stand below each other and become narrower, so that nothing has to be scrolled sideways.
  const fitted = (spec, room) => {
    if (room >= 560 || (spec.usermeta && spec.usermeta.whole)) return;
    if (spec.hconcat) { spec.vconcat = spec.hconcat; delete spec.hconcat; }
    if (spec.concat) spec.columns = 1;
    const narrow = (node) => {
      if (!node || typeof node !== "object") return;
      if (typeof node.width === "number") node.width = Math.max(120, Math.min(node.width, room - 150));
      if (node.legend && node.legend.columns) node.legend = { ...node.legend, columns: 2, labelLimit: room / 2 - 40 };
      for (const [name, value] of Object.entries(node)) if (name !== "datasets") narrow(value);
    };
    narrow(spec);
    for (const panel of spec.vconcat || spec.concat || []) {
      if (typeof panel.width === "number") panel.width = Math.min(panel.width + 60, room - 90);
    }
  };

  const draw = async (figure) => {
    const source = figure.querySelector("script.chart");
    const frame = figure.querySelector(".chart-frame");
    const { spec, tables } = JSON.parse(source.textContent);
    spec.datasets = Object.fromEntries(Object.entries(tables).map(([name, table]) => [name, unpacked(table)]));
    fitted(spec, frame.clientWidth);
    const box = document.createElement("div");
    const { view } = await vegaEmbed(box, spec, {
      mode: "vega-lite", ast: true, actions: false, renderer: "svg", defaultStyle: false, tooltip: tell, logLevel: 0,
      patch: (compiled) => (legendsAnswer(compiled), compiled),
    });
    await set(view, state);
    const picture = frame.querySelector("svg");
    const drawn = box.querySelector("svg");
    drawn.setAttribute("role", "img");
    drawn.setAttribute("aria-label", picture.getAttribute("aria-label"));
    drawn.style.setProperty("--w", drawn.getAttribute("viewBox").split(" ")[2]);
    picture.replaceWith(box);
    figure.dataset.drawn = "";
    views.set(figure, view);
    view.addEventListener("click", (_, item) => {
      const role = item && item.mark && item.mark.role;
      if (role === "legend-symbol" || role === "legend-label") toggle(String(item.datum.value));
    });
    for (const control of all("[data-parameter]", figure)) {
      const name = control.dataset.parameter;
      const output = figure.querySelector("output");
      const apply = () => {
        const value = control.type === "range" ? Number(control.value) : control.value;
        if (output) output.textContent = control.value;
        drawn.setAttribute("aria-label", `${picture.getAttribute("aria-label")} ${control.dataset.label}: ${
          control.selectedOptions ? control.selectedOptions[0].textContent : control.value}.`);
        set(view, { [name]: value });
      };
      control.addEventListener("input", apply);
      if (control.type !== "range" && control.selectedIndex > 0) apply();
    }
    for (const controls of all(".controls", figure)) controls.hidden = false;
  };

  // The toolbar: one button per loss, the epochs that are shown.
  const chips = all("button[data-loss]", toolbar);
  const labels = chips.map((chip) => chip.dataset.loss);
  const [first, last] = ["first", "last"].map((name) => toolbar.querySelector(`input[name="${name}"]`));
  const reset = toolbar.querySelector("button[data-reset]");
  const toggle = (label) => {
    if (!labels.includes(label)) return;
    const gone = state.hidden.includes(label);
    change({ focus: null, hidden: gone ? state.hidden.filter((other) => other !== label) : [...state.hidden, label] });
  };
  const end = Number(document.body.dataset.epochs);
  const show = () => {
    chips.forEach((chip) => chip.setAttribute("aria-pressed", String(!state.hidden.includes(chip.dataset.loss))));
    reset.disabled = !state.hidden.length && state.first === 1 && state.last === end;
  };
  for (const chip of chips) {
    const label = chip.dataset.loss;
    chip.addEventListener("click", () => toggle(label));
    for (const begin of ["pointerenter", "focus"]) chip.addEventListener(begin, () => {
      if (!state.hidden.includes(label)) change({ focus: label }); // setting off what is hidden would only fade the rest
    });
    for (const over of ["pointerleave", "blur"]) chip.addEventListener(over, () => change({ focus: null }));
  }
  const zoom = () => {
    const low = Math.round(Number(first.value)), high = Math.round(Number(last.value));
    const fits = 1 <= low && low < high && high <= end;
    for (const input of [first, last]) input.setAttribute("aria-invalid", String(!fits));
    if (fits) change({ first: low, last: high });
  };
  if (first) for (const input of [first, last]) input.addEventListener("input", zoom);
  reset.addEventListener("click", () => {
    if (first) [first.value, last.value] = [1, end];
    if (first) for (const input of [first, last]) input.setAttribute("aria-invalid", "false");
    change({ hidden: [], first: 1, last: end });
  });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") tip.hidden = true; });
  window.addEventListener("scroll", () => { tip.hidden = true; }, { passive: true });

  window.addEventListener("beforeprint", () => { for (const closed of all("details")) closed.open = true; });

  const start = async () => {
    await library();
    if (!window.vegaEmbed) return;
    const near = new IntersectionObserver((entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        near.unobserve(target);
        draw(target).catch((error) => console.error(error));
      }
    }, { rootMargin: "600px" });
    for (const figure of all("figure[id]")) if (figure.querySelector("script.chart")) near.observe(figure);
    if (chips.length) toolbar.hidden = false;
    show();
  };
  const idle = window.requestIdleCallback || ((work) => setTimeout(work, 50));
  window.addEventListener("load", () => idle(start));
})();
