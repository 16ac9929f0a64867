"use strict";
// Small pictures on canvas: axes, points of cells, curves. What is drawn was computed in Python.

const SIDES = { left: 52, right: 14, top: 12, bottom: 40 };

// A canvas as large as it is shown, in the screen's own pixels.
function brush(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const draw = canvas.getContext("2d");
  draw.setTransform(ratio, 0, 0, ratio, 0, 0);
  draw.clearRect(0, 0, width, height);
  draw.font = "12px system-ui, sans-serif";
  return { draw, width, height };
}

function line(draw, points, colour, { width = 1, alpha = 1, dashes = [] } = {}) {
  draw.save();
  draw.strokeStyle = colour;
  draw.lineWidth = width;
  draw.globalAlpha = alpha;
  draw.setLineDash(dashes);
  draw.beginPath();
  let isDown = false;
  for (const point of points) {
    if (point === null) isDown = false;
    else if (isDown) draw.lineTo(...point);
    else {
      draw.moveTo(...point);
      isDown = true;
    }
  }
  draw.stroke();
  draw.restore();
}

function text(draw, words, x, y, { align = "center", colour = "faint", turned = false } = {}) {
  draw.save();
  draw.fillStyle = cssColour(colour);
  draw.textAlign = align;
  draw.textBaseline = "middle";
  draw.translate(x, y);
  if (turned) draw.rotate(-Math.PI / 2);
  draw.fillText(words, 0, 0);
  draw.restore();
}

// Where a cell lies: an open ring; the chosen ones filled, A as a circle and B as a square.
function mark(draw, [x, y], role) {
  draw.save();
  if (role === null) {
    draw.strokeStyle = cssColour("faint");
    draw.globalAlpha = 0.7;
    draw.beginPath();
    draw.arc(x, y, 3.5, 0, 2 * Math.PI);
    draw.stroke();
  } else {
    draw.fillStyle = cssColour(role);
    draw.strokeStyle = cssColour("background");
    draw.beginPath();
    if (role === "first") draw.arc(x, y, 6, 0, 2 * Math.PI);
    else draw.rect(x - 5, y - 5, 10, 10);
    draw.fill();
    draw.stroke();
  }
  draw.restore();
}

function roleOf(cell, chosen) {
  if (cell === chosen.first) return "first";
  return cell === chosen.second ? "second" : null;
}

// All cells with a place, the chosen ones last and so on top; where both share one, both are seen.
function marks(draw, places, chosen) {
  const entries = [...places.entries()].filter(([, place]) => place !== null);
  for (const [cell, place] of entries) {
    if (roleOf(cell, chosen) === null) mark(draw, place, null);
  }
  const [first, second] = [places.get(chosen.first), places.get(chosen.second)];
  const share = first && second && Math.hypot(first[0] - second[0], first[1] - second[1]) < 6;
  if (first) mark(draw, share ? [first[0] - 6, first[1]] : first, "first");
  if (second) mark(draw, share ? [second[0] + 6, second[1]] : second, "second");
}

function niceTicks(low, high, most = 6) {
  const raw = (high - low) / most || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= raw);
  const ticks = [];
  for (let at = Math.ceil(low / step - 1e-9); at * step <= high + step * 1e-9; at++) {
    ticks.push(Number((at * step).toPrecision(12)));
  }
  return ticks;
}

// Axes of a plane; returns from numbers to places.
function plane({ draw, width, height }, across, up) {
  const [left, right] = [SIDES.left, width - SIDES.right];
  const [bottom, top] = [height - SIDES.bottom, SIDES.top];
  const x = (value) => left + ((value - across.low) / (across.high - across.low)) * (right - left);
  const y = (value) => bottom - ((value - up.low) / (up.high - up.low)) * (bottom - top);
  for (const tick of niceTicks(across.low, across.high)) {
    line(draw, [[x(tick), bottom], [x(tick), top]], cssColour("grid"));
    text(draw, String(tick), x(tick), bottom + 12);
  }
  for (const tick of niceTicks(up.low, up.high)) {
    line(draw, [[left, y(tick)], [right, y(tick)]], cssColour("grid"));
    text(draw, String(tick), left - 6, y(tick), { align: "right" });
  }
  text(draw, across.title, (left + right) / 2, height - 10, { colour: "ink" });
  text(draw, up.title, 12, (top + bottom) / 2, { colour: "ink", turned: true });
  return (point) => (point.includes(null) ? null : [x(point[0]), y(point[1])]);
}

// How faint a line is where many lie on each other.
function faintness(count) {
  return Math.max(0.08, Math.min(1, 5 / Math.sqrt(count)));
}

// A click on a mark chooses its cell as A, with Shift as B; drawing tells where the marks are.
function addPicking(canvas, choose) {
  let places = new Map();
  canvas.addEventListener("click", (click) => {
    const distance = ([x, y]) => Math.hypot(x - click.offsetX, y - click.offsetY);
    const near = [...places].filter(([, place]) => place !== null && distance(place) < 12);
    near.sort((one, other) => distance(one[1]) - distance(other[1]));
    if (near.length) choose(click.shiftKey ? "second" : "first", near[0][0]);
  });
  return (found) => {
    places = found;
  };
}

function drawCurves(canvas, page, chosen) {
  const sheet = brush(canvas);
  const alpha = 0.5 * faintness(page.curves.length);
  const unit = { low: 0, high: 1 };
  const place = plane(sheet, { ...unit, title: "recall" }, { ...unit, title: "precision" });
  const ofFirst = page.cells[chosen.first].curve;
  const ofSecond = chosen.second === null ? -1 : page.cells[chosen.second].curve;
  page.curves.forEach((curve, number) => {
    if (number === ofFirst || number === ofSecond) return;
    line(sheet.draw, curve.map(place), cssColour("faint"), { alpha });
  });
  const drawChosen = (number, role, dashes) => {
    if (number < 0) return;
    line(sheet.draw, page.curves[number].map(place), cssColour(role), { width: 2, dashes });
  };
  drawChosen(ofSecond, "second", [6, 3]);
  drawChosen(ofFirst, "first", ofFirst === ofSecond ? [6, 6] : []);
  const places = new Map(page.cells.map((cell, at) => [at, place(cell.point)]));
  marks(sheet.draw, places, chosen);
  return places;
}

function drawSpeed(canvas, page, chosen) {
  const { points, front } = page.speed;
  const sheet = brush(canvas);
  const [fps, scores] = [points.map((point) => point[1]), points.map((point) => point[2])];
  const across = { low: 0, high: 1.05 * Math.max(...fps), title: "frames per second" };
  const up = { low: Math.min(0, ...scores), high: Math.max(1, ...scores), title: page.by };
  const place = plane(sheet, across, up);
  const places = new Map(points.map(([cell, x, y]) => [cell, place([x, y])]));
  line(sheet.draw, front.map((cell) => places.get(cell)), cssColour("ink"), { width: 1.5 });
  marks(sheet.draw, places, chosen);
  return places;
}

// A line for each cell from what differs to its score; the better, the darker.
function drawAxes(canvas, page, chosen) {
  const sheet = brush(canvas);
  const { draw, width, height } = sheet;
  const { axes } = page;
  const [top, bottom, side] = [38, height - 16, 70];
  const x = (at) => side + (at / Math.max(axes.length - 1, 1)) * (width - 2 * side);
  const y = (share) => bottom - share * (bottom - top);
  const lineOf = (cell) =>
    axes.map((axis, at) => (axis.at[cell] === null ? null : [x(at), y(axis.at[cell])]));
  const score = axes[axes.length - 1].at;
  const most = faintness(page.cells.length);
  page.cells.forEach((_, cell) => {
    const alpha = most * (0.12 + 0.6 * (score[cell] === null ? 0 : score[cell] ** 2));
    if (roleOf(cell, chosen) === null) line(draw, lineOf(cell), cssColour("ink"), { alpha });
  });
  if (chosen.second !== null) {
    line(draw, lineOf(chosen.second), cssColour("second"), { width: 2.5, dashes: [7, 4] });
  }
  line(draw, lineOf(chosen.first), cssColour("first"), { width: 2.5 });
  axes.forEach((axis, at) => drawAxis(draw, axis, x(at), y, (width - 2 * side) / axes.length));
}

function drawAxis(draw, axis, x, y, room) {
  line(draw, [[x, y(0)], [x, y(1)]], cssColour("faint"), { width: 1.5 });
  text(draw, shortened(draw, axis.title, Math.max(room, 60)), x, 12, { colour: "ink" });
  for (const [at, words] of axis.ticks) {
    line(draw, [[x - 4, y(at)], [x + 4, y(at)]], cssColour("faint"), { width: 1.5 });
    const shown = shortened(draw, words, Math.max(room - 24, 40));
    const wide = draw.measureText(shown).width;
    draw.save();
    draw.fillStyle = cssColour("background");
    draw.globalAlpha = 0.8;
    draw.fillRect(x + 7, y(at) - 8, wide + 4, 16);
    draw.restore();
    text(draw, shown, x + 9, y(at), { align: "left", colour: "ink" });
  }
}

function shortened(draw, words, width) {
  let shown = words;
  while (shown.length > 1 && draw.measureText(shown).width > width) {
    shown = `${shown.replace(/…$/, "").slice(0, -1)}…`;
  }
  return shown;
}

// One small picture per participant: F1 of every cell, in the order of the cells.
function addPeople(parent, page) {
  return page.participants.map((name, person) => {
    const canvas = element("canvas", { role: "img", "aria-label": `F1 of ${name} in every cell` });
    const caption = element("figcaption", {}, name);
    parent.append(element("figure", {}, caption, canvas));
    return (chosen) => drawPerson(canvas, page, person, caption, chosen);
  });
}

function drawPerson(canvas, page, person, caption, chosen) {
  const { draw, width, height } = brush(canvas);
  const [top, bottom] = [6, height - 6];
  const y = (value) => bottom - value * (bottom - top);
  const left = 14;
  for (const level of [0, 0.5, 1]) {
    line(draw, [[left, y(level)], [width, y(level)]], cssColour("grid"));
    if (level !== 0.5) text(draw, String(level), left - 4, y(level), { align: "right" });
  }
  const step = (width - left - 16) / Math.max(page.cells.length - 1, 1);
  const places = new Map();
  page.cells.forEach((cell, at) => {
    const value = cell.f1[person];
    if (value !== null) places.set(at, [left + 8 + at * step, y(value)]);
  });
  if (page.cells.length > 60) drawDots(draw, places, chosen);
  else marks(draw, places, chosen);
  const told = [["A", chosen.first], ["B", chosen.second]]
    .filter(([, cell]) => cell !== null)
    .map(([letter, cell]) => `${letter} ${numberText(page.cells[cell].f1[person], 2)}`);
  const isSingle = page.cells.length === 1;
  const words = isSingle ? numberText(page.cells[0].f1[person], 2) : told.join(", ");
  caption.textContent = `${page.participants[person]}: ${words}`;
}

function drawDots(draw, places, chosen) {
  draw.save();
  draw.fillStyle = cssColour("faint");
  for (const [x, y] of places.values()) draw.fillRect(x - 0.75, y - 0.75, 1.5, 1.5);
  draw.restore();
  const two = [chosen.first, chosen.second].filter((cell) => places.has(cell));
  marks(draw, new Map(two.map((cell) => [cell, places.get(cell)])), chosen);
}
