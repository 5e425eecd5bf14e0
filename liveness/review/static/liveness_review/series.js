// Time series one can point at. Each is drawn from the table beside it, in the place of the picture that came with
// the page, to the same size and scale, so that nothing moves. Without this script the picture stays.
import uPlot from "./vendor/uplot-1.6.32/uPlot.esm.js";

const AXIS = 44;
const FILL = 0.72;
const LINES = [3, 4];
const series = new Map();

const numbers = (figure, selector, name) => [...figure.querySelectorAll(selector)].map((mark) => Number(mark.getAttribute(name)));

const read = (figure) => {
  const rows = [...figure.querySelectorAll("tbody tr")];
  const cells = rows.map((row) => [...row.querySelectorAll("data")]);
  const column = (index) => cells.map((row) => Number(row[index].value));
  const lines = numbers(figure, ".chart__drawing > line[x2=\"100%\"]", "y1");
  const scale = [...figure.querySelectorAll(".chart__drawing > .chart__text--end")].map((mark) => mark.textContent);
  const line = column(1);
  const last = line.length - 1;
  const most = Number(figure.querySelector(".chart__drawing").dataset.top);
  return {
    numbers: [
      rows.map((row, index) => index),
      column(0),
      // The line again, wider and in the colour of the page, so that it stands off from the columns.
      line,
      line.map((value, index) => (index < last ? value : null)),
      // What leads into the present is still moving.
      line.map((value, index) => (index < last - 1 ? null : value)),
    ],
    when: rows.map((row) => row.cells[0].textContent.trim()),
    words: cells.map((row) => row.map((cell) => cell.textContent)),
    ticks: rows.map((row) => row.dataset.tick ?? ""),
    height: figure.querySelector(".chart__place").clientHeight,
    top: Math.min(...lines),
    base: Math.max(...lines),
    scale,
    steps: scale.map((text, index) => (most * index) / (scale.length - 1)),
    sums: [...figure.querySelectorAll("[data-sum]")].map((sum) => sum.textContent),
    all: figure.querySelector("[data-when]").textContent,
  };
};

// A canvas understands no variables, so its colours are those that the style sheet gave to the picture.
const ink = (one, selector, property, part) => getComputedStyle(one.figure.querySelector(selector), part)[property];
const columnInk = (one) => ink(one, ".chart__name--1", "backgroundColor", "::before");
const runningInk = (one) => ink(one, ".chart__when", "borderTopColor", "::before");
const lineInk = (one) => ink(one, ".chart__name--2", "borderTopColor", "::before");
const textInk = (one) => ink(one, ".chart__text", "fill");
const gridInk = (one) => ink(one, ".chart__grid", "stroke");
const groundInk = () => getComputedStyle(document.body).backgroundColor;

const tell = (one, index) => {
  const isOver = index !== null && index !== undefined;
  one.figure.querySelector("[data-when]").textContent = isOver ? one.data.when[index] : one.data.all;
  one.figure.querySelectorAll("[data-sum]").forEach((sum, column) => {
    sum.textContent = isOver ? one.data.words[index][column] : one.data.sums[column];
  });
};

const axes = (one) => {
  const text = { stroke: () => textInk(one), font: `12px ${getComputedStyle(one.figure).fontFamily}`, ticks: { show: false } };
  return [
    {
      ...text,
      size: one.data.height - one.data.base,
      gap: 13,
      grid: { show: false },
      splits: () => one.data.ticks.flatMap((tick, index) => (tick ? [index] : [])),
      values: (plot, splits) => splits.map((index) => one.data.ticks[index]),
    },
    {
      ...text,
      size: AXIS,
      gap: 8,
      grid: { stroke: () => gridInk(one), width: 1 },
      splits: () => one.data.steps,
      values: () => one.data.scale,
    },
  ];
};

const columns = (one) => ({
  size: [FILL],
  disp: {
    fill: {
      unit: 3,
      values: () => one.data.when.map((words, index, all) => (index < all.length - 1 ? columnInk(one) : runningInk(one))),
    },
  },
});

const options = (one, width) => ({
  width,
  height: one.data.height,
  padding: [one.data.top, 0, 0, 0],
  legend: { show: false },
  cursor: {
    y: false,
    drag: { x: false, y: false },
    points: { size: (plot, index) => (LINES.includes(index) ? 9 : 0) },
    move: (plot, left, top) => [left < 0 ? left : plot.valToPos(Math.round(plot.posToVal(left, "x")), "x"), top],
  },
  scales: {
    x: { time: false, range: () => [-0.5, one.data.when.length - 0.5] },
    y: { range: () => [0, one.data.steps.at(-1)] },
  },
  axes: axes(one),
  series: [
    {},
    { fill: () => columnInk(one), width: 0, points: { show: false }, paths: uPlot.paths.bars(columns(one)) },
    { stroke: groundInk, width: 5, points: { show: false } },
    { stroke: () => lineInk(one), width: 2, points: { show: false } },
    { stroke: () => lineInk(one), width: 2, dash: [2, 4], points: { show: false } },
  ],
  hooks: { setCursor: [(plot) => tell(one, plot.cursor.idx)] },
});

const place = (one) => one.figure.querySelector(".chart__place");

const draw = (figure) => {
  const one = { figure, data: read(figure), holder: document.createElement("div") };
  one.holder.className = "chart__live";
  one.holder.ariaHidden = "true";
  place(one).append(one.holder);
  one.plot = new uPlot(options(one, place(one).clientWidth), one.data.numbers, one.holder);
  one.observer = new ResizeObserver(() => one.plot.setSize({ width: place(one).clientWidth, height: one.data.height }));
  one.observer.observe(one.holder);
  series.set(figure.dataset.series, one);
};

// The figures came again: the plot moves into the new figure with the new numbers, its cursor where it was.
const redraw = (one, figure) => {
  one.figure = figure;
  one.data = read(figure);
  place(one).append(one.holder);
  one.plot.setData(one.data.numbers);
  tell(one, one.plot.cursor.idx);
};

const begin = () => {
  for (const figure of document.querySelectorAll("[data-series]")) {
    const one = series.get(figure.dataset.series);
    if (!one) draw(figure);
    else if (one.figure !== figure) redraw(one, figure);
    figure.classList.add("chart--live");
  }
};

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  // After the style sheet has answered the change too.
  requestAnimationFrame(() => {
    series.forEach(({ plot }) => {
      plot.redraw();
      plot.setCursor({ left: plot.cursor.left, top: plot.cursor.top });
    });
  });
});

// Tables that are open stay open where they were read when the figures come again.
let opened = [];

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.target.id !== "figures" || !detail.shouldSwap) return;
  if (!detail.serverResponse.includes('id="figures"')) {
    // The session has ended: this is the log-in page.
    detail.shouldSwap = false;
    location.reload();
    return;
  }
  const tables = [...detail.target.querySelectorAll("details[open]")];
  opened = tables.map((table) => [table.dataset.table, table.querySelector("[tabindex]").scrollTop]);
});

document.addEventListener("htmx:afterSwap", () => {
  for (const [name, top] of opened) {
    const table = document.querySelector(`[data-table="${name}"]`);
    if (!table) continue;
    table.open = true;
    table.querySelector("[tabindex]").scrollTop = top;
  }
  opened = [];
  begin();
});

begin();
