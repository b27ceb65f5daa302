/* Draws every <div data-chart="KIND"> with Apache ECharts, from data-source="#id of a JSON script" or data-url.
   Kinds and their JSON:
     lines     {series: [{name, points: [[x, y], …], dashed, area, hidden}], x, y, diagonal}
     scatter   {points: [{name, x, y, url, group}], x, y, pareto}       x.better, y.better: "low" or "high"
               line: {name, points} is drawn as steps through them; labels: false leaves the names to the tooltips;
               small: true draws many points as a cloud
     parallel  {dimensions: [{name, values, log}], rows: [[…], …], colour: index of the dimension that colours}
     bars      {categories: […], series: [{name, values, low, high}], vertical, y}
     heatmap   {columns: […], rows: […], values: [[…], …], x, y}
   An axis is {name, log, percent, min, max, names: [of 0, 1, 2, …]}. With data-every="2" a data-url is asked again every 2 seconds until its
   answer says {over: true}. Colours come from the page's own variables, so light and dark follow by themselves.
   Tooltips are drawn on the canvas: as HTML they would need inline styles, which the site's policy forbids. */
(() => {
  "use strict";
  const charts = new Map();
  const reducedMotion = window.matchMedia("(prefers-reduced-motion: reduce)");
  const darkSystem = window.matchMedia("(prefers-color-scheme: dark)");
  const MANY_POINTS = 60;
  const DASHES = ["solid", "dashed", "dotted", [8, 3, 2, 3]];
  const SYMBOLS = ["circle", "diamond", "triangle", "rect"];

  /* light-dark() in a variable is resolved only where it is used as a colour, hence the probe. */
  const palette = () => {
    const probe = document.createElement("span");
    probe.hidden = true;
    document.body.append(probe);
    const read = (name, fallback) => {
      probe.style.color = fallback;
      probe.style.color = `var(${name}, ${fallback})`;
      return getComputedStyle(probe).color;
    };
    const colours = {
      ink: read("--ink", "black"), soft: read("--ink-2", "gray"), line: read("--line", "silver"),
      surface: read("--surface", "white"), sunk: read("--sunk", "whitesmoke"), accent: read("--accent", "teal"),
      series: [1, 2, 3, 4, 5, 6, 7, 8].map((n) => read(`--series-${n}`, "teal")),
      low: read("--heat-low", "white"), high: read("--heat-high", "teal"),
    };
    probe.remove();
    return colours;
  };

  const number = (value) => {
    if (typeof value !== "number") return value === null || value === undefined ? "–" : String(value);
    const size = Math.abs(value);
    if (size !== 0 && (size < 1e-3 || size >= 1e7)) return value.toExponential(2);
    return value.toLocaleString("en", { maximumFractionDigits: size >= 1000 ? 0 : size >= 10 ? 2 : 4 });
  };
  const shown = (axis, value) => axis && axis.names ? axis.names[value] ?? "" : axis && axis.percent && typeof value === "number"
    ? `${(value * 100).toLocaleString("en", { maximumFractionDigits: 2 })}%` : number(value);
  /* The page's own font: a canvas inherits nothing. */
  const font = () => getComputedStyle(document.body).fontFamily;

  /* Values that are all the same need an axis around them: else each tick repeats the one. */
  const around = (axis, values) => {
    const [low, high] = [Math.min(...values), Math.max(...values)];
    if (!values.length || high - low > Math.abs(low) * 1e-4) return axis;
    const room = Math.abs(low) * 0.1 || 1;
    const [min, max] = [low - room, high + room].map((value) => Number(value.toPrecision(2)));
    return { ...axis, min, max, interval: (max - min) / 4 };
  };
  const axisOf = (axis = {}, colours, more = {}) => ({
    type: axis.log ? "log" : "value", name: axis.name || "", min: axis.min, max: axis.max, scale: true,
    interval: axis.names ? 1 : axis.interval, nameLocation: "middle", nameGap: 30, nameTextStyle: { color: colours.soft, fontSize: 12 },
    axisLine: { onZero: false, lineStyle: { color: colours.line } }, axisTick: { show: false },
    splitLine: { lineStyle: { color: colours.line, opacity: 0.6 } },
    axisLabel: { color: colours.soft, fontSize: 12, hideOverlap: true, formatter: (value) => shown(axis, value) },
    ...more,
  });
  const frame = (colours, element) => ({
    animation: !reducedMotion.matches, animationDuration: 300, animationDurationUpdate: 250,
    backgroundColor: "transparent", color: colours.series, textStyle: { color: colours.ink, fontFamily: font() },
    grid: { left: 12, right: 20, top: 44, bottom: 34, containLabel: true },
    legend: {
      type: "scroll", top: 4, left: 0, icon: "circle", itemWidth: 9, itemHeight: 14,
      textStyle: { color: colours.ink, lineHeight: 18 }, pageTextStyle: { color: colours.soft }, pageIconColor: colours.accent,
      inactiveColor: colours.line,
    },
    tooltip: {
      renderMode: "richText", confine: true, backgroundColor: colours.surface, borderColor: colours.line,
      textStyle: { color: colours.ink, fontSize: 12 }, axisPointer: { lineStyle: { color: colours.soft } },
    },
    narrow: element.clientWidth < 480,
  });
  const yAxis = (axis, colours) => axisOf(axis, colours, {
    nameLocation: "end", nameGap: 8, nameTextStyle: { color: colours.soft, fontSize: 12, align: "left" },
  });

  /* A point between two gaps has no line to be seen by, so it gets its symbol where the others have none. */
  const withLoners = (points) => {
    const there = (index) => points[index] !== undefined && points[index][1] !== null;
    const loner = (index) => there(index) && !there(index - 1) && !there(index + 1);
    if (points.length <= MANY_POINTS / 4) return { data: points, showSymbol: true };
    if (!points.some((_, index) => loner(index))) return { data: points, showSymbol: false, sampling: "lttb" };
    return { data: points.map((point, index) => (loner(index) ? point : { value: point, symbol: "none" })), showSymbol: true };
  };
  const lines = (data, colours) => {
    const empty = !data.series.some((one) => one.points.some((point) => point[1] !== null));
    const series = data.series.map((one, index) => ({
      type: "line", name: one.name, ...withLoners(one.points), symbolSize: 6, symbol: SYMBOLS[index % SYMBOLS.length],
      lineStyle: { width: one.dashed ? 1.5 : 2, type: one.dashed ? "dashed" : DASHES[Math.floor(index / 8) % DASHES.length] },
      areaStyle: one.area ? { opacity: 0.12 } : undefined, emphasis: { focus: "series" },
    }));
    if (data.diagonal) {
      series.push({
        type: "line", name: data.diagonal, data: [[0, 0], [1, 1]], symbol: "none", silent: true,
        lineStyle: { type: "dotted", color: colours.soft, width: 1.5 }, itemStyle: { color: colours.soft },
      });
    }
    const selected = Object.fromEntries(data.series.map((one) => [one.name, !one.hidden]));
    return {
      xAxis: axisOf(data.x, colours), yAxis: yAxis(data.y, colours), series, legend: { selected },
      title: {
        show: empty, text: "Nothing to show yet", left: "center", top: "middle",
        textStyle: { color: colours.soft, fontSize: 14, fontWeight: "normal" },
      },
      tooltip: {
        trigger: "axis",
        formatter: (items) => [`${(data.x && data.x.name) || ""} ${shown(data.x, items[0].value[0])}`.trim(),
          ...items.filter((item) => item.seriesName !== data.diagonal)
            .map((item) => `${item.seriesName}: ${shown(data.y, item.value[1])}`)].join("\n"),
      },
      dataZoom: [{ type: "inside", filterMode: "none", zoomOnMouseWheel: "ctrl" }],
    };
  };

  /* The points that no other point beats on both axes, from left to right. */
  const front = (points, x = {}, y = {}) => {
    const less = (axis, a, b) => (axis.better === "low" ? a < b : a > b);
    const beats = (a, b) => !less(x, b.x, a.x) && !less(y, b.y, a.y) && (less(x, a.x, b.x) || less(y, a.y, b.y));
    return points.filter((point) => !points.some((other) => beats(other, point))).sort((a, b) => a.x - b.x);
  };

  const scatter = (data, colours) => {
    const best = data.pareto ? front(data.points, data.x, data.y) : [];
    const groups = [...new Set(data.points.map((point) => point.group || ""))];
    const series = groups.map((group, index) => ({
      type: "scatter", name: group, cursor: data.small ? "default" : "pointer", symbol: SYMBOLS[index % SYMBOLS.length],
      data: data.points.filter((point) => (point.group || "") === group).map((point) => ({
        name: point.name, value: [point.x, point.y], url: point.url, symbolSize: data.small ? 5 : best.includes(point) ? 15 : 10,
        itemStyle: data.small ? { opacity: 0.45 }
          : { opacity: best.includes(point) || !data.pareto ? 1 : 0.55, borderColor: colours.surface, borderWidth: 1 },
      })),
      label: { show: data.labels !== false && data.points.length <= 24, position: "top", color: colours.ink, fontSize: 12, formatter: (item) => item.name },
      labelLayout: { hideOverlap: true, moveOverlap: "shiftY" },
    }));
    if (best.length > 1) {
      series.push({
        type: "line", name: "Pareto front", data: best.map((point) => [point.x, point.y]), symbol: "none", silent: true,
        z: 1, lineStyle: { color: colours.soft, type: "dashed", width: 1.5 }, itemStyle: { color: colours.soft },
      });
    }
    if (data.line) {
      series.push({
        type: "line", name: data.line.name, data: data.line.points, step: "end", symbol: "none", silent: true, z: 1,
        lineStyle: { color: colours.series[1], width: 2 }, itemStyle: { color: colours.series[1] },
      });
    }
    /* A little room around the points, but none below zero where nothing is. */
    const room = (axis = {}, values) => {
      const [low, high] = [Math.min(...values), Math.max(...values)];
      const nearZero = low >= 0 && low < 0.3 * high && !axis.log && !axis.names && axis.min === undefined;
      return { boundaryGap: ["8%", "8%"], ...(nearZero ? { min: 0 } : {}), minInterval: values.every(Number.isInteger) ? 1 : 0 };
    };
    const [xs, ys] = [data.points.map((point) => point.x), data.points.map((point) => point.y)];
    return {
      legend: { show: groups.length > 1 || best.length > 1 || Boolean(data.line) },
      xAxis: { ...axisOf(around(data.x, xs), colours), ...room(data.x, xs) }, yAxis: { ...yAxis(around(data.y, ys), colours), ...room(data.y, ys) }, series,
      tooltip: {
        trigger: "item",
        formatter: (item) => [item.name || item.seriesName, `${(data.x && data.x.name) || "x"}: ${shown(data.x, item.value[0])}`,
          `${(data.y && data.y.name) || "y"}: ${shown(data.y, item.value[1])}`].join("\n"),
      },
    };
  };

  const parallel = (data, colours, base) => {
    const at = data.colour === undefined ? data.dimensions.length - 1 : data.colour;
    const values = data.rows.map((row) => row[at]).filter((value) => typeof value === "number");
    return {
      legend: { show: false }, tooltip: {
        trigger: "item",
        formatter: (item) => data.dimensions.map((dim, index) => `${dim.name}: ${number(item.value[index])}`).join("\n"),
      },
      parallel: { left: 40, right: 60, top: 50, bottom: 58, parallelAxisDefault: { nameGap: 16 } },
      parallelAxis: data.dimensions.map((dim, index) => ({
        dim: index, name: base.narrow && dim.name.length > 12 ? `…${dim.name.slice(-11)}` : dim.name, type: dim.values ? "category" : dim.log ? "log" : "value",
        data: dim.values, scale: true, nameTextStyle: { color: colours.ink, fontSize: 12 },
        nameRotate: data.dimensions.length > 5 || base.narrow ? 16 : 0,
        axisLine: { lineStyle: { color: colours.soft } }, axisLabel: { color: colours.soft, formatter: (value) => number(value) },
      })),
      visualMap: values.length ? {
        min: Math.min(...values), max: Math.max(...values), dimension: at, orient: "horizontal", left: "center", bottom: 0,
        precision: 4, itemWidth: 12, textStyle: { color: colours.soft }, inRange: { color: [colours.series[1], colours.series[0]] },
        text: [data.dimensions[at].name, ""], calculable: false,
      } : undefined,
      series: [{ type: "parallel", data: data.rows, smooth: false, lineStyle: { width: 1.5, opacity: 0.7 } }],
    };
  };

  const whisker = (one, vertical, colours) => ({
    type: "custom", name: `${one.name} 95 %`, silent: true, z: 5, tooltip: { show: false },
    data: one.values.map((_, index) => [index, one.low[index], one.high[index]]),
    encode: vertical ? { x: 0, y: [1, 2] } : { y: 0, x: [1, 2] },
    renderItem: (params, api) => {
      const end = (value) => api.coord(vertical ? [api.value(0), value] : [value, api.value(0)]);
      const [a, b] = [end(api.value(1)), end(api.value(2))];
      const line = (x1, y1, x2, y2) => ({ type: "line", shape: { x1, y1, x2, y2 }, style: { stroke: colours.ink, lineWidth: 1.5 } });
      const tick = (p) => (vertical ? line(p[0] - 4, p[1], p[0] + 4, p[1]) : line(p[0], p[1] - 4, p[0], p[1] + 4));
      return { type: "group", children: [line(a[0], a[1], b[0], b[1]), tick(a), tick(b)] };
    },
  });
  const bars = (data, colours) => {
    const categories = axisOf({}, colours, {
      type: "category", data: data.categories, inverse: !data.vertical, splitLine: { show: false },
      axisLabel: { color: colours.ink, width: 150, overflow: "truncate", interval: 0, hideOverlap: true },
    });
    const values = axisOf(data.y || {}, colours, { scale: false });
    const whiskers = data.series.length === 1 && data.series[0].low ? [whisker(data.series[0], data.vertical, colours)] : [];
    return {
      legend: { show: data.series.length > 1 },
      xAxis: data.vertical ? categories : values, yAxis: data.vertical ? values : categories,
      tooltip: {
        trigger: "axis", axisPointer: { type: "shadow" },
        formatter: (items) => [items[0].name, ...items.filter((item) => item.seriesType === "bar")
          .map((item) => `${item.seriesName}: ${shown(data.y, item.value)}`)].join("\n"),
      },
      series: [...data.series.map((one) => ({
        type: "bar", name: one.name, data: one.values, barMaxWidth: 26, itemStyle: { borderRadius: 3 },
      })), ...whiskers],
    };
  };

  const heatmap = (data, colours) => {
    const cells = data.values.flatMap((row, y) => row.map((value, x) => [x, y, value]));
    const known = cells.map((cell) => cell[2]).filter((value) => typeof value === "number");
    const side = (axis, list, inverse) => axisOf(axis, colours, {
      type: "category", data: list, inverse, splitLine: { show: false }, splitArea: { show: false },
      axisLabel: { color: colours.ink, interval: 0, hideOverlap: true, formatter: (value) => number(value) },
    });
    return {
      legend: { show: false }, grid: { left: 12, right: 20, top: 30, bottom: 76, containLabel: true },
      xAxis: side(data.x, data.columns, false), yAxis: side({ ...data.y, name: "" }, data.rows, true),
      tooltip: { formatter: (item) => `${data.rows[item.value[1]]}, ${data.columns[item.value[0]]}\n${number(item.value[2])}` },
      visualMap: {
        min: known.length ? Math.min(...known) : 0, max: known.length ? Math.max(...known) : 1, orient: "horizontal",
        left: "center", bottom: 0, itemWidth: 12, textStyle: { color: colours.soft }, inRange: { color: [colours.low, colours.high] },
        formatter: (value) => number(value),
      },
      series: [{
        type: "heatmap", data: cells, itemStyle: { borderColor: colours.surface, borderWidth: 2 },
        label: { show: cells.length <= 64, color: colours.ink, formatter: (item) => number(item.value[2]) },
      }],
    };
  };

  const KINDS = { lines, scatter, parallel, bars, heatmap };

  const draw = (chart) => {
    const colours = palette();
    const base = frame(colours, chart.element);
    const option = KINDS[chart.element.dataset.chart](withChoices(chart), colours, base);
    for (const name of ["legend", "tooltip"]) option[name] = { ...base[name], ...option[name] };
    delete base.narrow;
    chart.instance.setOption({ ...base, ...option }, { notMerge: true });
  };
  /* A checkbox with data-chart-log="#id of the chart" makes its y axis logarithmic. */
  const withChoices = ({ element, data }) => {
    const box = element.id && document.querySelector(`[data-chart-log="#${element.id}"]`);
    return box && box.checked ? { ...data, y: { ...data.y, log: true, min: undefined } } : data;
  };

  const empty = (data) => !data || ![data.series, data.points, data.rows].some((list) => list && list.length);
  const show = (element, data) => {
    element.classList.toggle("chart--empty", empty(data));
    if (empty(data)) { element.dataset.note = (data && data.note) || "Nothing to draw yet"; return; }
    let chart = charts.get(element);
    if (!chart) {
      const instance = window.echarts.init(element, null, { renderer: "canvas" });
      chart = { element, instance };
      charts.set(element, chart);
      instance.on("click", (event) => { if (event.data && event.data.url) window.location.assign(event.data.url); });
      resizes.observe(element);
      element.setAttribute("role", "img");
      if (element.dataset.label) element.setAttribute("aria-label", element.dataset.label);
    }
    chart.data = data;
    draw(chart);
  };

  const resizes = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const chart = charts.get(target);
      if (chart && target.clientWidth) chart.instance.resize();
    }
  });

  const ask = async (element) => {
    let over = false;
    try {
      const answer = await fetch(element.dataset.url, { headers: { Accept: "application/json" }, credentials: "same-origin" });
      if (!answer.ok || answer.redirected) throw new Error(answer.statusText);
      const data = await answer.json();
      if (!element.isConnected) return;
      over = Boolean(data.over);
      show(element, data);
    } catch {
      /* The server is away for a moment: the next question may find it. */
    }
    const seconds = Number(element.dataset.every);
    if (seconds && !over) window.setTimeout(() => { if (element.isConnected) wait(element); }, seconds * 1000);
  };
  /* A hidden tab asks again only once somebody looks at it. */
  const wait = (element) => {
    if (!document.hidden) { ask(element); return; }
    document.addEventListener("visibilitychange", () => wait(element), { once: true });
  };

  const visible = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      visible.unobserve(target);
      start(target);
    }
  }, { rootMargin: "300px" });
  const start = (element) => {
    if (element.dataset.url) { ask(element); return; }
    const source = document.querySelector(element.dataset.source);
    if (source) show(element, JSON.parse(source.textContent));
  };
  const begin = (root) => {
    for (const element of root.querySelectorAll("[data-chart]")) {
      if (element.dataset.begun || !(element.dataset.chart in KINDS)) continue;
      element.dataset.begun = "yes";
      visible.observe(element);
    }
    for (const [element, chart] of charts) {
      if (!element.isConnected) { chart.instance.dispose(); charts.delete(element); }
    }
  };

  const redraw = () => { for (const chart of charts.values()) draw(chart); };
  const onReady = () => {
    begin(document);
    darkSystem.addEventListener("change", redraw);
    reducedMotion.addEventListener("change", redraw);
    new MutationObserver(redraw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
    document.addEventListener("htmx:afterSettle", () => begin(document));
    document.addEventListener("change", (event) => {
      const target = event.target.closest("[data-chart-log]");
      const chart = target && charts.get(document.querySelector(target.dataset.chartLog));
      if (chart) draw(chart);
    });
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", onReady);
  else onReady();
})();
