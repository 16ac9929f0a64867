"use strict";
// Events and annotations in their lanes, and the lines between what belongs together.

function isInside(view, from, to) {
  return to >= view.from && from <= view.to;
}

function drawEvents(context, view, lane, places, colours) {
  const inside = view.found.events.filter((event) =>
    event.label === lane.key && isInside(view, event.onset_s, Math.max(event.offset_s, event.trigger_s)));
  inside.forEach((event, k) => {
    const left = view.pixelOf(event.onset_s);
    const width = Math.max(view.pixelOf(event.offset_s) - left, 2);
    const box = { left, top: lane.top + 3, width, height: lane.height - 6 };
    drawBox(context, box, event.state, colours, view.selected === event.at);
    drawTrigger(context, view.pixelOf(event.trigger_s), lane, width, colours);
    const next = k + 1 < inside.length ? view.pixelOf(inside[k + 1].onset_s) : Infinity;
    drawLetter(context, event.state, box, next - left - width, colours);
    places.targets.push({ left, right: left + width, top: lane.top, bottom: lane.top + lane.height, event: event.at });
  });
}

// When the rule became true; not where events are too narrow to tell it from their edges.
function drawTrigger(context, x, lane, width, colours) {
  if (width < 6) return;
  context.strokeStyle = colours.ink;
  context.lineWidth = 1.5;
  line(context, x, lane.top, x, lane.top + lane.height);
}

// A hit is filled, a false alarm is hatched within a thick frame, the others have a dashed frame.
function drawBox(context, box, state, colours, isSelected) {
  const colour = colours[STATES[state].colour];
  if (box.width < 5) return drawNarrowBox(context, box, state, colour, isSelected ? colours.ink : null);
  context.fillStyle = state === "hit" ? colour : colours.background;
  context.fillRect(box.left, box.top, box.width, box.height);
  context.strokeStyle = colour;
  context.lineWidth = 1;
  if (state === "false") hatch(context, box.left, box.top, box.width, box.height, 6);
  const isDashed = state === "unscored" || state === "ignored";
  context.lineWidth = isDashed ? 1 : 2;
  context.setLineDash(isDashed ? [3, 3] : []);
  context.strokeRect(box.left, box.top, box.width, box.height);
  context.setLineDash([]);
  if (!isSelected) return;
  context.strokeStyle = colours.ink;
  context.lineWidth = 2;
  context.strokeRect(box.left - 3, box.top - 3, box.width + 6, box.height + 6);
}

// Too narrow for a pattern: a hit is as high as the lane, a false alarm half as high, the others are low.
function drawNarrowBox(context, box, state, colour, ring) {
  const height = box.height * { hit: 1, false: 0.5, ignored: 0.25, unscored: 0.25 }[state];
  context.fillStyle = colour;
  context.fillRect(box.left, box.top + box.height - height, box.width, height);
  if (ring === null) return;
  context.strokeStyle = ring;
  context.lineWidth = 2;
  context.strokeRect(box.left - 3, box.top - 3, box.width + 6, box.height + 6);
}

// A letter in its box, or beside it where the box is narrow and there is room.
function drawLetter(context, state, box, room, colours) {
  const { letter, colour } = STATES[state];
  const isWide = box.width >= 14;
  if (!isWide && room < 16) return;
  const middle = isWide ? box.left + box.width / 2 : box.left + box.width + 8;
  const y = box.top + box.height / 2;
  context.textAlign = "center";
  context.font = "bold 12px system-ui, sans-serif";
  if (isWide && state !== "hit") {
    context.fillStyle = colours.background;
    context.fillRect(middle - 6, y - 7, 12, 14);
  }
  context.fillStyle = isWide && state === "hit" ? "#ffffff" : colours[colour];
  context.fillText(letter, middle, y + 1);
  context.font = "12px system-ui, sans-serif";
}

// Matched: a full diamond at the onset; missed: an empty triangle; not scored: an empty circle.
function drawAnnotations(context, view, lane, places, colours) {
  const middle = lane.top + lane.height / 2;
  const inside = view.found.annotations.filter((annotation) =>
    annotation.annotator === lane.key && isInside(view, annotation.onset_s, annotation.offset_s));
  inside.forEach((annotation, k) => {
    const left = view.pixelOf(annotation.onset_s);
    const right = Math.max(view.pixelOf(annotation.offset_s), left);
    context.strokeStyle = context.fillStyle = colours[STATES[annotation.state].colour];
    context.lineWidth = 2;
    if (right > left) context.fillRect(left, middle - 3, right - left, 6);
    drawMark(context, left, middle, annotation.state, colours);
    const next = k + 1 < inside.length ? view.pixelOf(inside[k + 1].onset_s) : view.width;
    const height = right > left + 9 ? middle - 9 : middle;
    drawKind(context, annotation, { left: left + 9, y: height, room: next - left - 18 }, colours);
    places.targets.push({ left: left - 7, right: Math.max(right, left + 7), top: lane.top, bottom: lane.top + lane.height, annotation: annotation.at });
  });
}

// Its kind, after an M where it was missed, as far as there is room before the next one.
function drawKind(context, annotation, place, colours) {
  const text = [annotation.state === "missed" ? "M" : "", annotation.kind].filter(Boolean).join(" ");
  if (!text || place.room < 30) return;
  context.fillStyle = colours.ink;
  context.textAlign = "left";
  context.fillText(fitted(context, text, Math.min(place.room, 160)), place.left, place.y);
}

function drawMark(context, x, y, state, colours) {
  context.beginPath();
  if (state === "missed") polygon(context, [[x, y - 8], [x + 7, y + 6], [x - 7, y + 6]]);
  else if (state === "hit") polygon(context, [[x, y - 8], [x + 6, y], [x, y + 8], [x - 6, y]]);
  else context.arc(x, y, 5, 0, 2 * Math.PI);
  if (state !== "hit") context.fillStyle = colours.background;
  context.fill();
  context.stroke();
}

function polygon(context, points) {
  points.forEach(([x, y], k) => (k ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.closePath();
}

// A line from an event's time to its annotation, with the seconds between where there is room.
function drawMatches(context, model, view, places, colours) {
  const stamp = model.data.stamp === "onset" ? "onset_s" : "trigger_s";
  let free = -Infinity;
  for (const event of view.found.events) {
    if (event.annotation === null) continue;
    const annotation = model.annotations[event.annotation];
    const ends = [event[stamp], annotation.onset_s];
    if (!isInside(view, Math.min(...ends), Math.max(...ends))) continue;
    const from = places.lanes.find((lane) => lane.kind === "events" && lane.key === event.label);
    const to = places.lanes.find((lane) => lane.kind === "annotations" && lane.key === annotation.annotator);
    const [x, y] = [view.pixelOf(event[stamp]), from.top + from.height];
    const [ending, bottom] = [view.pixelOf(annotation.onset_s), to.top + to.height / 2];
    context.strokeStyle = colours.hit;
    context.lineWidth = 1.5;
    line(context, x, y, ending, bottom);
    const text = secondsText(view.found.lags.get(event.at));
    const wide = context.measureText(text).width;
    const isAtEdge = Math.max(x, ending) + 5 + wide > view.width;
    const start = isAtEdge ? Math.min(x, ending) - 5 - wide : Math.max(x, ending) + 5;
    if (start < free) continue;
    context.fillStyle = colours.ink;
    context.textAlign = "left";
    context.fillText(text, start, y + 9);
    free = start + wide + 4;
  }
}

function line(context, fromX, fromY, toX, toY) {
  context.beginPath();
  context.moveTo(fromX, fromY);
  context.lineTo(toX, toY);
  context.stroke();
}

function secondsText(seconds) {
  return `${seconds < 0 ? "−" : "+"}${Math.abs(seconds).toFixed(2)} s`;
}

// What is drawn at a place of the lanes' canvas; null = nothing.
function targetAt(places, x, y) {
  const near = places.targets.filter((each) => x >= each.left - 4 && x <= each.right + 4 && y >= each.top && y <= each.bottom);
  return near.at(-1) ?? null;
}
