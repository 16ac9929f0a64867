"use strict";
// The data of a session as typed arrays: frames of all parts in one row, values, events.

const NO_VALUE = 255;
const MOST_OPEN = 8; // outputs that are no classes and are all shown at first

// Frames of all parts after each other. Behind each part stands one more row, which begins where the
// part ends and has no values, so that what lies between parts is a gap.
function sessionModel(data) {
  const parts = [];
  let rows = 0;
  for (const part of data.parts) {
    const edges = floatsFromBase64(part.edges);
    parts.push({ ...part, edges, first: rows, frames: edges.length - 1 });
    rows += edges.length;
  }
  const starts = new Float64Array(rows);
  for (const part of parts) {
    for (let at = 0; at < part.edges.length; at++) starts[part.first + at] = part.start_s + part.edges[at];
    part.from_s = starts[part.first];
    part.to_s = starts[part.first + part.frames];
  }
  const joined = (pick) => {
    const bytes = new Uint8Array(rows).fill(NO_VALUE);
    for (const part of parts) bytes.set(bytesFromBase64(pick(part)), part.first);
    return bytes;
  };
  const [low, high] = data.span;
  const isSignal = new Set(data.signals.map((signal) => signal.name));
  const curves = [];
  data.labels.forEach((label, k) => {
    const thin = { ...label, bytes: joined((part) => part.curves[k]) };
    const same = label.is_class && isSignal.has(label.name) && low === 0 && high === 1;
    const shown = label.is_class || isSignal.has(label.name) || data.labels.length <= MOST_OPEN;
    if (!same) curves.push({ ...thin, isSignal: false, shown });
  });
  data.signals.forEach((signal, k) => {
    const bytes = joined((part) => part.signals[k]);
    curves.push({ ...signal, low, high, bytes, isSignal: true, shown: true });
  });
  for (const curve of curves) {
    const isFull = curve.isSignal && data.signals.length === 1;
    curve.width = curve.isSignal ? 3 : 2;
    curve.strokes = isFull ? [] : curve.dash.map((length) => length * curve.width); // pixels
  }
  const ends = parts.map((part) => part.to_s);
  const model = {
    data,
    parts,
    starts,
    curves,
    chosen: joined((part) => part.chosen),
    faces: joined((part) => part.faces),
    from_s: Math.min(0, parts[0].from_s),
    to_s: Math.max(...ends, 1e-3),
    events: sessionEvents(data),
    annotations: data.annotations,
  };
  return model;
}

function sessionEvents(data) {
  const columns = data.events;
  const times = ["onset_s", "offset_s", "trigger_s", "peak"].map((name) => floatsFromBase64(columns[name]));
  return columns.label.map((label, k) => ({
    at: k,
    label,
    part: columns.part[k],
    onset_s: times[0][k],
    offset_s: times[1][k],
    trigger_s: times[2][k],
    peak: times[3][k],
    first: columns.first[k],
    last: columns.last[k],
    scored: Boolean(columns.scored[k]),
  }));
}

// Row of the last frame that begins at or before a time; -1 = none does. Also a row behind a part.
function rowAt(model, seconds) {
  const starts = model.starts;
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (starts[middle] <= seconds) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function partOfRow(model, row) {
  let number = 0;
  while (number + 1 < model.parts.length && model.parts[number + 1].first <= row) number++;
  return number;
}

// The frame that is on screen at a time: its row, part and number; null = none is.
function frameAt(model, seconds) {
  const row = rowAt(model, seconds);
  if (row < 0) return null;
  const part = partOfRow(model, row);
  const number = row - model.parts[part].first;
  if (number >= model.parts[part].frames) return null;
  return { row, part, number, from_s: model.starts[row], to_s: model.starts[row + 1] };
}

// The frame that begins nearest to a time, within a part.
function frameBeginningAt(model, part, seconds) {
  const { first, frames } = model.parts[part];
  let row = Math.max(first, Math.min(rowAt(model, seconds), first + frames - 1));
  const next = row + 1 < first + frames ? row + 1 : row;
  if (model.starts[next] - seconds < seconds - model.starts[row]) row = next;
  return { row, part, number: row - first, from_s: model.starts[row], to_s: model.starts[row + 1] };
}

// The row so many frames on, without the rows between parts.
function rowAfter(model, row, steps) {
  let at = row;
  for (let left = Math.abs(steps); left > 0; left--) {
    let next = at + Math.sign(steps);
    if (next >= 0 && next < model.starts.length && isBehindPart(model, next)) next += Math.sign(steps);
    if (next < 0 || next >= model.starts.length) break;
    at = next;
  }
  return at;
}

function isBehindPart(model, row) {
  const part = model.parts[partOfRow(model, row)];
  return row === part.first + part.frames;
}

function valueAt(curve, row) {
  const step = curve.bytes[row];
  return step === NO_VALUE ? null : curve.low + (step / 254) * (curve.high - curve.low);
}

// What is found at a position of the slider: events with their states, annotations with theirs.
function foundAt(model, position) {
  const eventOf = new Map();
  const annotationOf = new Map();
  const lags = new Map();
  for (const [event, annotation, lag] of model.data.matches[position]) {
    lags.set(event, lag);
    annotationOf.set(event, annotation);
    eventOf.set(annotation, event);
  }
  const ignored = new Set(model.data.ignored[position]);
  const events = [];
  for (const event of model.events) {
    if (event.first > position || event.last < position) continue;
    const annotation = annotationOf.get(event.at) ?? null;
    const isIgnored = ignored.has(event.at);
    const state = isIgnored ? "ignored" : stateOfEvent(event, annotation, model.data.scored);
    events.push({ ...event, annotation, state });
  }
  const annotations = model.annotations.map((annotation, at) => {
    const event = eventOf.get(at) ?? null;
    const state = !annotation.scored ? "unscored" : event === null ? "missed" : "hit";
    return { ...annotation, at, event, state };
  });
  return { position, events, annotations, lags };
}

function stateOfEvent(event, annotation, isScored) {
  if (!isScored || !event.scored) return "unscored";
  return annotation === null ? "false" : "hit";
}

const STATES = {
  hit: { letter: "H", name: "hit", colour: "hit" },
  false: { letter: "F", name: "false alarm", colour: "false-alarm" },
  missed: { letter: "M", name: "missed", colour: "missed" },
  ignored: { letter: "I", name: "ignored", colour: "not-scored" },
  unscored: { letter: "–", name: "not scored", colour: "not-scored" },
};
