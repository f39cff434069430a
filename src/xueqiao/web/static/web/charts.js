/* Draws the charts of figures from the rows of their tables. A page without scripts keeps the table.
   One place for the look: colours come from the tokens of the page, patterns are always on. */
(() => {
  "use strict";

  const drawn = new Map();
  const outlines = new Map();
  const decals = [
    null,
    { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [3, 5], rotation: -Math.PI / 4, symbolSize: 1 },
    { symbol: "circle", dashArrayX: [[8, 8], [0, 8, 8, 0]], dashArrayY: [6, 0], symbolSize: 0.7 },
    { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [4, 3], rotation: 0, symbolSize: 1 },
    { symbol: "triangle", dashArrayX: [[9, 9], [0, 9, 9, 0]], dashArrayY: [7, 2], symbolSize: 0.75 },
    { symbol: "rect", dashArrayX: [[1, 0], [1, 6]], dashArrayY: [1, 0, 6, 0], rotation: Math.PI / 4 },
    { symbol: "diamond", dashArrayX: [8, 8], dashArrayY: [8, 8], symbolSize: 0.6 },
    { symbol: "rect", dashArrayX: [4, 4], dashArrayY: [4, 4], rotation: Math.PI / 4, symbolSize: 0.8 },
  ];

  function tokens(element) {
    const style = getComputedStyle(element);
    const read = (name) => style.getPropertyValue(name).trim();
    return {
      ink: read("--ink"), soft: read("--ink-soft"), line: read("--line"), ground: read("--ground"),
      surface: read("--surface"), focus: read("--focus"), sunken: read("--sunken"),
      ok: read("--map-ok") || read("--ok"), near: read("--map-near") || read("--warn"),
      short: read("--map-short") || read("--bad"), none: read("--map-none") || read("--sunken"),
      seal: read("--seal"),
      series: [1, 2, 3, 4, 5, 6, 7, 8].map((n) => read(`--chart-${n}`)),
      ramp: [1, 2, 3, 4, 5].map((n) => read(`--ramp-${n}`)),
      font: style.fontFamily, size: parseFloat(style.fontSize),
    };
  }

  function shade(pattern, colour) {
    return pattern && { ...pattern, color: colour };
  }

  function frame(token) {
    return {
      animation: false,
      aria: { enabled: false },
      color: token.series,
      backgroundColor: "transparent",
      textStyle: { fontFamily: token.font, fontSize: token.size, color: token.ink },
      tooltip: {
        backgroundColor: token.surface, borderColor: token.line, confine: true,
        textStyle: { color: token.ink, fontSize: token.size }, transitionDuration: 0,
      },
    };
  }

  function axis(token, more) {
    return {
      axisLine: { lineStyle: { color: token.line } }, axisTick: { show: false },
      axisLabel: { color: token.soft, fontSize: token.size * 0.85 },
      splitLine: { lineStyle: { color: token.line, opacity: 0.6 } }, ...more,
    };
  }

  /* Bars and lines share their axes; bars lie so that names of places stay level. */
  function plotted(data, token) {
    const lies = data.kind === "bars";
    const names = data.rows.map((row) => row[data.label]);
    const category = axis(token, { type: "category", data: names, inverse: lies });
    const value = axis(token, {
      type: "value", name: data.unit || "", nameTextStyle: { color: token.soft }, axisLine: { show: false },
      scale: !lies && !data.fromZero,
    });
    const series = data.series.map((each, n) => ({
      name: each.title, type: lies ? "bar" : "line", data: data.rows.map((row) => row[each.key]),
      connectNulls: false, symbolSize: 8, lineStyle: { width: 3, type: n ? "dashed" : "solid" },
      barMaxWidth: 22,
      itemStyle: { color: token.series[n % 8], decal: lies ? shade(decals[n % 8], token.ground) : undefined },
      markLine: n || data.target == null ? undefined : {
        silent: true, symbol: "none", data: [lies ? { xAxis: data.target } : { yAxis: data.target }],
        lineStyle: { color: token.seal, type: "dashed", width: 2 },
        label: { color: token.ink, formatter: data.targetLabel || "", position: lies ? "start" : "insideEndTop" },
      },
    }));
    return {
      ...frame(token),
      grid: { left: 8, right: lies ? 48 : 24, top: data.series.length > 1 ? 44 : 28, bottom: 8, containLabel: true },
      legend: data.series.length > 1 ? { top: 0, textStyle: { color: token.ink } } : undefined,
      tooltip: { ...frame(token).tooltip, trigger: "axis", valueFormatter: (value) => (value == null ? "–" : Number(value.toPrecision(4)).toLocaleString()) },
      xAxis: lies ? value : category, yAxis: lies ? category : value, series,
    };
  }

  /* State on a map is told by colour and pattern: met plain, nearly met striped, below dotted. */
  const stateDecals = {
    ok: null,
    near: { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 6], rotation: -Math.PI / 4 },
    short: { symbol: "circle", dashArrayX: [[10, 10], [0, 10, 10, 0]], dashArrayY: [10, 0], symbolSize: 0.28 },
  };

  function rampStep(data, row) {
    const known = data.rows.map((each) => each[data.series[0].key]).filter((value) => value != null);
    const low = Math.min(...known);
    const high = Math.max(...known);
    const value = row[data.series[0].key];
    return high > low ? Math.min(4, Math.floor(((value - low) / (high - low)) * 5)) : 2;
  }

  function region(data, token, row) {
    const value = row[data.series[0].key];
    const state = row[data.state];
    const isPlain = value == null || !(state in stateDecals);
    const areaColor = value == null ? token.none : isPlain ? token.ramp[rampStep(data, row)] : token[state];
    const style = { areaColor, decal: isPlain ? undefined : shade(stateDecals[state], "rgba(8, 18, 23, 0.5)") };
    return {
      name: row[data.code], value: value == null ? NaN : value, title: row[data.label],
      shown: row[data.shown], link: row[data.link], itemStyle: style, emphasis: { itemStyle: style },
    };
  }

  const aspectScale = 0.84; // a degree of longitude is shorter than one of latitude at 33° north

  /* The map fills its box in one direction and keeps its shape. */
  function placed(shape, box) {
    const aspect = (shape.width * aspectScale) / shape.height;
    return box.clientWidth / box.clientHeight > aspect
      ? { top: 8, bottom: 8, left: "center" } : { left: 8, right: 8, top: "middle" };
  }

  function extent(shape) {
    const points = shape.features.flatMap((each) => each.geometry.coordinates.flat(2));
    const span = (n) => {
      const all = points.map((point) => point[n]);
      return all.reduce((a, b) => Math.max(a, b)) - all.reduce((a, b) => Math.min(a, b));
    };
    return { width: span(0), height: span(1) };
  }

  function mapped(data, token, box) {
    const known = new Map(data.rows.map((row) => [row[data.code], row]));
    const wide = box.clientWidth > 420;
    return {
      ...frame(token),
      tooltip: {
        ...frame(token).tooltip,
        formatter: (at) => `${at.data?.title || data.titles.get(at.name) || ""}　${at.data?.shown || data.nothing || ""}`,
      },
      series: [{
        type: "map", map: data.outline, nameProperty: "name", aspectScale, roam: false,
        ...placed(data.extent, box),
        selectedMode: false,
        label: {
          show: wide && data.titles.size <= 30, color: token.ink, fontSize: token.size * 0.9, fontWeight: 600,
          textBorderColor: token.ground, textBorderWidth: 3,
          formatter: (at) => at.data?.title || data.titles.get(at.name) || "",
        },
        itemStyle: { areaColor: token.none, borderColor: token.ground, borderWidth: data.titles.size > 30 ? 0.8 : 1.6 },
        emphasis: {
          label: { show: true, color: token.ink },
          itemStyle: { borderColor: token.focus, borderWidth: 3 },
        },
        data: [...data.titles.keys()].filter((code) => known.has(code)).map((code) => region(data, token, known.get(code))),
      }],
    };
  }

  async function outline(address) {
    if (!outlines.has(address)) {
      outlines.set(address, fetch(address).then((answer) => {
        if (!answer.ok) throw new Error(`${answer.status} ${address}`);
        return answer.json();
      }).then((shape) => {
        echarts.registerMap(address, shape);
        const titles = new Map(shape.features.map((each) => [each.properties.name, each.properties.title]));
        return { titles, extent: extent(shape) };
      }));
    }
    return outlines.get(address);
  }

  function followRows(figure, chart, data) {
    const rows = [...figure.querySelectorAll("tbody tr")];
    const light = (type) => (event) => {
      const index = rows.indexOf(event.target.closest("tbody tr"));
      if (index < 0) return;
      const name = data.kind === "map" ? data.rows[index][data.code] : undefined;
      chart.dispatchAction({ type, seriesIndex: 0, name, dataIndex: name ? undefined : index });
    };
    for (const name of ["mouseover", "focusin"]) figure.addEventListener(name, light("highlight"));
    for (const name of ["mouseout", "focusout"]) figure.addEventListener(name, light("downplay"));
  }

  function moveRows(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const row = event.target.closest && event.target.closest("tbody tr");
    if (!step || !row) return;
    const next = step > 0 ? row.nextElementSibling : row.previousElementSibling;
    const link = next && next.querySelector("a");
    if (link) { event.preventDefault(); link.focus(); }
  }

  function offerPicture(figure, chart) {
    const button = figure.querySelector("[data-figure-png]");
    if (!button) return;
    button.hidden = false;
    button.addEventListener("click", () => {
      const link = document.createElement("a");
      link.href = chart.getDataURL({ pixelRatio: 2, backgroundColor: tokens(figure).surface });
      link.download = `${figure.id}.png`;
      link.click();
    });
  }

  async function draw(figure) {
    const box = figure.querySelector("[data-figure-chart]");
    const text = figure.querySelector("script[type='application/json']");
    if (!box || !text || box.dataset.drawn) return;
    box.dataset.drawn = "yes";
    const data = JSON.parse(text.textContent);
    const token = tokens(figure);
    try {
      if (data.kind === "map") Object.assign(data, await outline(data.outline));
    } catch (why) {
      box.hidden = true; // the table says everything the map would
      figure.dataset.chart = "missing";
      return;
    }
    box.classList.add("ready");
    if (data.kind === "bars") box.style.height = `${Math.max(180, data.rows.length * 34 + 60)}px`;
    const chart = echarts.init(box, null, { renderer: "canvas" });
    const option = () => (data.kind === "map" ? mapped(data, token, box) : plotted(data, token));
    chart.setOption(option());
    chart.on("click", (at) => { if (at.data?.link) location.assign(at.data.link); });
    drawn.set(box, chart);
    new ResizeObserver(() => { chart.resize(); chart.setOption(option(), true); }).observe(box);
    followRows(figure, chart, data);
    offerPicture(figure, chart);
    figure.addEventListener("keydown", moveRows);
    figure.dataset.chart = "drawn";
  }

  function drawAll(root) {
    for (const [box, chart] of drawn) if (!box.isConnected) { chart.dispose(); drawn.delete(box); }
    for (const figure of root.querySelectorAll("[data-figure]")) draw(figure);
  }

  document.addEventListener("DOMContentLoaded", () => drawAll(document));
  document.addEventListener("htmx:afterSwap", () => drawAll(document));
})();
