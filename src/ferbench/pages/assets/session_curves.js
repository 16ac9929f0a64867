"use strict";
// The curves: values of the frames that are shown, never more than two per column of pixels.

const AXIS_NAME = 24; // pixels for the name of the values' axis

// Frames that are shown, as columns of uPlot. Where there are more frames than columns of pixels,
// each column has the smallest and the largest value of its frames, so that no peak is lost.
function shownValues(model, curves, view) {
  const first = Math.max(rowAt(model, view.from), 0);
  const last = Math.min(rowAt(model, view.to) + 1, model.starts.length - 1);
  const columns = Math.max(Math.floor(view.plotWidth()), 1);
  if (last - first <= 2 * columns) return { isEach: true, table: eachFrame(model, curves, first, last) };
  const borders = columnBorders(model, view, first, last, columns);
  return { isEach: false, table: columnExtremes(model, curves, view, borders) };
}

function eachFrame(model, curves, first, last) {
  const table = [Array.from(model.starts.subarray(first, last + 1))];
  for (const curve of curves) {
    const values = [];
    for (let row = first; row <= last; row++) values.push(valueAt(curve, row));
    table.push(values);
  }
  return table;
}

// First row of each column of pixels, and behind the last.
function columnBorders(model, view, first, last, columns) {
  const borders = new Int32Array(columns + 1);
  const step = (view.to - view.from) / columns;
  let row = first;
  for (let column = 0; column < columns; column++) {
    borders[column] = row;
    const end = view.from + (column + 1) * step;
    while (row <= last && model.starts[row] < end) row++;
  }
  borders[columns] = row;
  return borders;
}

function columnExtremes(model, curves, view, borders) {
  const columns = borders.length - 1;
  const step = (view.to - view.from) / columns;
  const times = [];
  for (let column = 0; column < columns; column++) {
    const start = view.from + column * step;
    times.push(start + 0.25 * step, start + 0.75 * step);
  }
  const table = [times];
  for (const curve of curves) {
    const scale = (curve.high - curve.low) / 254;
    const values = new Array(2 * columns).fill(null);
    for (let column = 0; column < columns; column++) {
      const [low, high] = extremes(curve.bytes, borders[column], borders[column + 1]);
      if (high < 0) continue;
      values[2 * column] = curve.low + low * scale;
      values[2 * column + 1] = curve.low + high * scale;
    }
    table.push(values);
  }
  return table;
}

// Smallest and largest byte of some rows; the largest is -1 where no row has a value.
function extremes(bytes, from, to) {
  let low = NO_VALUE;
  let high = -1;
  for (let row = from; row < to; row++) {
    const step = bytes[row];
    if (step === NO_VALUE) continue;
    if (step < low) low = step;
    if (step > high) high = step;
  }
  return [low, high];
}

// uPlot over all curves; a chart has draw() for the stretch that is shown.
function sessionChart(place, model, view) {
  const curves = model.curves;
  const state = { isEach: true };
  const stepped = uPlot.paths.stepped({ align: 1 });
  const paths = (plot, at, from, to) => (state.isEach ? stepped(plot, at, from, to) : null);
  const series = curves.map((curve) => ({
    label: curve.name,
    stroke: curve.colour,
    width: curve.width,
    dash: curve.strokes,
    points: { show: false },
    spanGaps: false,
    paths,
  }));
  const low = Math.min(0, ...curves.map((curve) => curve.low));
  const high = Math.max(...curves.map((curve) => curve.high), 1e-3);
  const margin = 0.02 * (high - low);
  const axis = { stroke: () => cssColour("faint"), grid: { stroke: () => cssColour("grid"), width: 1 } };
  axis.ticks = { stroke: () => cssColour("grid"), width: 1 };
  const chart = new uPlot({
    width: 600,
    height: 300,
    padding: [10, RIGHT, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    select: { show: false },
    scales: {
      x: { time: false, range: () => [view.from, view.to] },
      y: { range: [low - margin, high + margin] },
    },
    axes: [
      { ...axis, size: 30, space: 90, values: (plot, splits) => splits.map((split) => axisText(view, split)) },
      { ...axis, size: LEFT - AXIS_NAME, label: model.data.axis || valueName(low, high), labelSize: AXIS_NAME },
    ],
    series: [{}, ...series],
    hooks: {
      drawSeries: [(plot, at) => state.isEach || drawColumns(plot, at)],
      draw: [(plot) => drawThreshold(plot, model, view)],
    },
  }, [[], ...curves.map(() => [])], place);
  return {
    plot: chart,
    draw(height) {
      if (chart.width !== view.width || chart.height !== height) chart.setSize({ width: view.width, height });
      const shown = curves.filter((curve) => curve.shown);
      const { isEach, table } = shownValues(model, shown, view);
      state.isEach = isEach;
      let at = 1;
      const empty = new Array(table[0].length).fill(null);
      chart.setData([table[0], ...curves.map((curve) => (curve.shown ? table[at++] : empty))]);
    },
  };
}

// Columns of pixels as bars from the smallest to the largest value, each long enough to meet the one before.
function drawColumns(plot, at) {
  const values = plot.data[at];
  const series = plot.series[at];
  const { left, width } = plot.bbox;
  const { ctx } = plot;
  const step = (2 * width) / values.length;
  const least = series.width * (window.devicePixelRatio || 1);
  const zero = plot.valToPos(0, "y", true);
  const perUnit = plot.valToPos(1, "y", true) - zero;
  let [topBefore, bottomBefore] = [Infinity, -Infinity];
  ctx.save();
  ctx.fillStyle = series.stroke(plot, at);
  for (let column = 0; 2 * column < values.length; column++) {
    if (values[2 * column] === null) {
      [topBefore, bottomBefore] = [Infinity, -Infinity];
      continue;
    }
    const bottom = zero + values[2 * column] * perUnit;
    const top = zero + values[2 * column + 1] * perUnit;
    const [upper, height] = joinedBar([top, bottom], [topBefore, bottomBefore], least);
    const x = Math.round(left + column * step);
    const next = Math.round(left + (column + 1) * step);
    ctx.fillRect(x, Math.round(upper), next - x, Math.round(height));
    [topBefore, bottomBefore] = [top, bottom];
  }
  ctx.restore();
}

// Top and height of a bar that is long enough to meet the one before; [Infinity, -Infinity] = there is none.
function joinedBar([top, bottom], [topBefore, bottomBefore], least) {
  const isFirst = topBefore === Infinity;
  const high = isFirst ? top : Math.min(top, bottomBefore);
  const low = isFirst ? bottom : Math.max(bottom, topBefore);
  const height = Math.max(low - high, least);
  return [(low + high - height) / 2, height];
}

function valueName(low, high) {
  if (high > 1) return "probability, and the signal's own values";
  return low < 0 ? "probability (signal: less its baseline)" : "probability";
}

function axisText(view, seconds) {
  const span = view.to - view.from;
  return clockText(seconds, span > 60 ? 0 : span > 2 ? 1 : 2);
}

// The threshold as a line with its value, in every theme and in print.
function drawThreshold(plot, model, view) {
  const level = model.data.levels[view.position];
  if (level === null) return;
  const { ctx, bbox } = plot;
  const ratio = window.devicePixelRatio || 1;
  const y = plot.valToPos(level, "y", true);
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = cssColour("ink");
  ctx.lineWidth = 1.5 * ratio;
  ctx.setLineDash([2 * ratio, 3 * ratio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.font = `${12 * ratio}px system-ui, sans-serif`;
  ctx.textAlign = "right";
  ctx.textBaseline = y > bbox.top + 16 * ratio ? "bottom" : "top";
  ctx.fillText(`threshold ${levelText(level)}`, bbox.left + bbox.width - 4 * ratio, y);
  ctx.restore();
}

function levelText(level) {
  return level === null ? "none" : String(Number(level.toPrecision(4)));
}

// Names of the curves with their strokes; a click hides one and shows it again.
function drawLegend(place, model, view) {
  place.replaceChildren();
  for (const curve of model.curves) {
    const stroke = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    stroke.setAttribute("width", "34");
    stroke.setAttribute("height", "10");
    const line = document.createElementNS("http://www.w3.org/2000/svg", "line");
    const look = { x1: 0, x2: 34, y1: 5, y2: 5, stroke: curve.colour, "stroke-width": curve.width };
    look["stroke-dasharray"] = curve.strokes.join(" ");
    for (const [name, value] of Object.entries(look)) line.setAttribute(name, value);
    stroke.append(line);
    stroke.setAttribute("aria-hidden", "true");
    const name = curve.isSignal ? `${curve.name} (signal)` : curve.name;
    const value = element("span", { class: "value" });
    const button = element("button", { type: "button", "aria-pressed": String(curve.shown) }, stroke, ` ${name} `, value);
    button.addEventListener("click", () => {
      curve.shown = !curve.shown;
      button.setAttribute("aria-pressed", String(curve.shown));
      view.redraw();
    });
    curve.valueElement = value;
    place.append(button);
  }
}
