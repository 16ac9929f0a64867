"use strict";
// The lanes below the curves: their places, faces, and what was not observed.

const LANE = 30;
const BAND = 18;

// The lanes from top to bottom, with their places.
function sessionLanes(model) {
  const lanes = [{ kind: "face", name: "face found", height: BAND }];
  for (const signal of model.data.signals) {
    lanes.push({ kind: "events", name: `events: ${signal.name}`, key: signal.name, height: LANE });
  }
  const annotators = [...new Set(model.annotations.map((annotation) => annotation.annotator))];
  for (const annotator of annotators) {
    const name = annotator || "annotations";
    lanes.push({ kind: "annotations", name, key: annotator, height: LANE });
  }
  if (!annotators.length) lanes.push({ kind: "empty", name: "no annotations", height: BAND });
  let top = 4;
  for (const lane of lanes) {
    lane.top = top;
    top += lane.height + (lane.kind === "events" ? 18 : 8);
  }
  return { lanes, height: top, targets: [] };
}

function drawLanes(canvas, model, view, places) {
  const context = sharpContext(canvas, view.width, places.height);
  const colours = laneColours();
  context.font = "12px system-ui, sans-serif";
  context.textBaseline = "middle";
  places.targets = [];
  for (const lane of places.lanes) drawLaneFrame(context, view, lane, colours);
  context.save();
  context.beginPath();
  context.rect(LEFT, 0, view.plotWidth(), places.height);
  context.clip();
  drawUnobserved(context, model, view, places, colours);
  drawMatches(context, model, view, places, colours);
  for (const lane of places.lanes) {
    if (lane.kind === "face") drawFaces(context, model, view, lane, colours);
    if (lane.kind === "events") drawEvents(context, view, lane, places, colours);
    if (lane.kind === "annotations") drawAnnotations(context, view, lane, places, colours);
  }
  context.restore();
}

function laneColours() {
  const colours = {};
  for (const name of ["background", "ink", "faint", "grid", "hit", "false-alarm", "missed", "not-scored"]) {
    colours[name] = cssColour(name);
  }
  return colours;
}

function drawLaneFrame(context, view, lane, colours) {
  context.fillStyle = colours.faint;
  context.textAlign = "right";
  context.fillText(fitted(context, lane.name, LEFT - 16), LEFT - 8, lane.top + lane.height / 2);
  context.strokeStyle = colours.grid;
  context.lineWidth = 1;
  context.strokeRect(LEFT - 0.5, lane.top - 0.5, view.plotWidth() + 1, lane.height + 1);
}

function fitted(context, text, width) {
  if (context.measureText(text).width <= width) return text;
  let kept = text;
  while (kept && context.measureText(`${kept}…`).width > width) kept = kept.slice(0, -1);
  return `${kept}…`;
}

// What nobody observed, and what lies between the parts, is hatched.
function drawUnobserved(context, model, view, places, colours) {
  const spans = [];
  let end = model.from_s;
  for (const part of model.parts) {
    if (part.from_s > end) spans.push([end, part.from_s]);
    end = Math.max(end, part.to_s);
  }
  if (model.data.observed) {
    let begun = model.from_s;
    for (const [from, to] of model.data.observed) {
      spans.push([begun, from]);
      begun = to ?? model.to_s;
    }
    spans.push([begun, model.to_s]);
  }
  context.strokeStyle = colours.grid;
  context.lineWidth = 1;
  for (const [from, to] of spans) {
    if (to <= view.from || from >= view.to || to <= from) continue;
    const left = Math.max(view.pixelOf(from), LEFT);
    const right = Math.min(view.pixelOf(to), view.width - RIGHT);
    hatch(context, left, 0, Math.max(right - left, 1), places.height, 7);
  }
}

function hatch(context, left, top, width, height, step) {
  context.save();
  context.beginPath();
  context.rect(left, top, width, height);
  context.clip();
  context.beginPath();
  for (let x = left - height; x < left + width; x += step) {
    context.moveTo(x, top + height);
    context.lineTo(x + height, top);
  }
  context.stroke();
  context.restore();
}

// Faces as a bar; a stretch without one is a hole that is at least a pixel wide.
function drawFaces(context, model, view, lane, colours) {
  const last = Math.min(rowAt(model, view.to), model.starts.length - 1);
  let row = Math.max(rowAt(model, view.from), 0);
  while (row <= last) {
    const chosen = model.chosen[row];
    let next = row + 1;
    while (next <= last && model.chosen[next] === chosen) next++;
    const left = Math.max(view.pixelOf(model.starts[row]), LEFT);
    const to = next < model.starts.length ? model.starts[next] : model.starts[row];
    const right = Math.min(view.pixelOf(to), view.width - RIGHT);
    if (chosen === 1) {
      context.fillStyle = colours.faint;
      context.fillRect(left, lane.top + 4, right - left, lane.height - 8);
    }
    row = next;
  }
  drawHoles(context, model, view, lane, colours, last);
}

function drawHoles(context, model, view, lane, colours, last) {
  context.fillStyle = colours.background;
  context.strokeStyle = colours["false-alarm"];
  let row = Math.max(rowAt(model, view.from), 0);
  let drawnTo = -1;
  while (row <= last) {
    if (model.chosen[row] !== 0) {
      row++;
      continue;
    }
    let next = row + 1;
    while (next <= last && model.chosen[next] === 0) next++;
    const left = Math.max(view.pixelOf(model.starts[row]), LEFT);
    const right = Math.max(view.pixelOf(model.starts[Math.min(next, model.starts.length - 1)]), left + 1);
    if (right > drawnTo) {
      context.fillRect(left, lane.top + 2, right - left, lane.height - 4);
      context.beginPath();
      context.moveTo(left, lane.top + lane.height / 2);
      context.lineTo(right, lane.top + lane.height / 2);
      context.stroke();
      drawnTo = right;
    }
    row = next;
  }
}
