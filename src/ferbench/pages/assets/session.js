"use strict";
// Puts a session's page together.

var session = null; // what else is on the page may use: data, events, seek, selectEvent, onSelect

function startSession() {
  const data = pageData();
  const model = sessionModel(data);
  const at = (name) => document.getElementById(name);
  const places = sessionLanes(model);
  let chart = null;
  const draw = () => {
    view.width = Math.floor(at("timeline").clientWidth);
    chart ??= sessionChart(at("chart"), model, view);
    chart.draw(Math.max(220, Math.min(420, Math.round(window.innerHeight * 0.36))));
    drawLanes(at("lanes"), model, view, places);
    drawOverview(at("overview"), model, view);
    drawCursor(model, view, at);
  };
  const view = sessionView(model, draw);
  let tables = 0;
  const redrawTables = () => {
    tables = 0;
    drawTables(model, view, act.select, act.jump);
  };
  const slider = sessionSlider(model, (position) => {
    view.position = position;
    view.found = foundAt(model, position);
    if (!view.found.events.some((event) => event.at === view.selected)) view.selected = null;
    clearTimeout(tables);
    tables = setTimeout(redrawTables, 120);
    view.redraw();
  });
  const video = sessionVideo(model, (shown) => {
    view.cursor = shown.from_s;
    view.follow(view.cursor);
    view.redraw();
  }, () => view.cursor);
  const act = sessionActs(model, view, video, slider, redrawTables);
  const actions = sessionActions(model, view, act);
  act.help = drawHelp(actions);
  actions.at(-1).run = act.help;
  handleKeys(actions);
  drawTools(at("tools"), view, act);
  drawLegend(at("legend"), model, view);
  handlePointer(at("stage"), at("band"), view, (x, clientY) => clickStage(at, view, places, act, x, clientY));
  handleOverview(at("overview"), model, view);
  at("overview").addEventListener("keydown", (event) => panByKey(event, view));
  at("stage").setAttribute("aria-label", `Curves of ${data.axis || `${data.labels.length} expressions`} with events and annotations; the tables below say the same`);
  addThemeButton(at("theme"), () => view.redraw());
  handlePrint(view, draw);
  new ResizeObserver(() => view.redraw()).observe(at("timeline"));
  redrawTables();
  draw();
  session = { ...publicSession(model, view, act, slider), model, view, video };
  if (typeof addGrading === "function") addGrading(session, at("grading"));
  const goThere = () => goToAddress(view, act);
  window.addEventListener("hashchange", goThere);
  goThere();
}

// Links from other pages say which time they mean: p07.html#t=12.5.
function goToAddress(view, act) {
  const text = new URLSearchParams(location.hash.slice(1)).get("t") ?? "";
  const seconds = Number(text);
  if (text.trim() === "" || !Number.isFinite(seconds)) return;
  view.bringUp(seconds, seconds);
  act.seek(seconds);
}

// What keys, buttons and clicks do.
function sessionActs(model, view, video, slider, redrawTables) {
  const act = { onSelect: [] };
  act.seek = (seconds) => {
    view.cursor = Math.min(Math.max(seconds, model.from_s), model.to_s);
    view.follow(view.cursor);
    video.seek(view.cursor);
    view.redraw();
  };
  act.stepFrames = (steps) => {
    if (!video.player.paused) video.pause();
    const row = rowAfter(model, Math.max(rowAt(model, view.cursor + 1e-9), 0), steps);
    act.seek(model.starts[row]);
  };
  act.playOrPause = () => playOrPause(video);
  act.select = (event) => {
    view.selected = event.at;
    view.bringUp(event.onset_s, Math.max(event.offset_s, event.trigger_s));
    act.seek(event.onset_s);
    redrawTables();
    announce(eventText(model, view, event));
    const index = ownEvents(model).findIndex((each) => each.at === event.at);
    for (const tell of act.onSelect) tell(index < 0 ? null : index);
  };
  act.jump = (annotation) => {
    view.bringUp(annotation.onset_s, annotation.offset_s);
    act.seek(annotation.onset_s);
    const name = [annotation.kind, annotation.annotator].filter(Boolean).join(", ");
    announce(`Annotation ${name} at ${clockText(annotation.onset_s)}, ${STATES[annotation.state].name}`);
  };
  act.nextEvent = (direction) => {
    const next = nextOf(view.found.events, view, direction);
    if (next) act.select(next);
    else announce(direction > 0 ? "No later event." : "No earlier event.");
  };
  act.nextMiss = (direction) => {
    const missed = view.found.annotations.filter((annotation) => annotation.state === "missed");
    const next = nextOf(missed, view, direction);
    if (next) act.jump(next);
    else announce(direction > 0 ? "No later missed annotation." : "No earlier missed annotation.");
  };
  return act;
}

// The nearest after (or before) the cursor, in order of onsets.
function nextOf(items, view, direction) {
  const selected = items.findIndex((item) => item.at === view.selected && item.onset_s === view.cursor);
  if (selected >= 0 && "trigger_s" in items[selected]) return items[selected + direction];
  const margin = 1e-6;
  if (direction > 0) return items.find((item) => item.onset_s > view.cursor + margin);
  return items.findLast((item) => item.onset_s < view.cursor - margin);
}

function ownEvents(model) {
  const own = model.data.own;
  return model.events.filter((event) => event.first <= own && event.last >= own);
}

function publicSession(model, view, act, slider) {
  const found = foundAt(model, model.data.own).events;
  const events = found.map((event, index) => ({
    id: index,
    label: event.label,
    part: event.part,
    onset_s: event.onset_s,
    offset_s: event.offset_s,
    trigger_s: event.trigger_s,
    state: event.state,
  }));
  const selectEvent = (index) => {
    if (view.position !== model.data.own) slider.move(model.data.own);
    act.select(found[index]);
  };
  const returnToRun = () => {
    const isElsewhere = view.position !== model.data.own;
    if (isElsewhere) slider.move(model.data.own);
    return isElsewhere;
  };
  const level = model.data.levels[model.data.own];
  const whose = `of the run's events${level === null ? "" : ` (at ${levelText(level)})`}`;
  return { data: model.data, events, whose, seek: act.seek, selectEvent, returnToRun, onSelect: act.onSelect };
}

function eventText(model, view, event) {
  const number = view.found.events.findIndex((each) => each.at === event.at) + 1;
  const lag = view.found.lags.has(event.at) ? `, lag ${secondsText(view.found.lags.get(event.at))}` : "";
  const times = `${clockText(event.onset_s)} to ${clockText(event.offset_s)}`;
  return `Event ${number} of ${view.found.events.length}: ${event.label}, ${STATES[event.state].name}, ${times}${lag}`;
}

function announce(text) {
  document.getElementById("announce").textContent = text;
}

function clickStage(at, view, places, act, x, clientY) {
  const y = clientY - at("lanes").getBoundingClientRect().top;
  const target = targetAt(places, x, y);
  if (target?.event !== undefined) act.select(view.found.events.find((event) => event.at === target.event));
  else if (target?.annotation !== undefined) act.jump(view.found.annotations[target.annotation]);
  else if (x >= LEFT && x <= view.width - RIGHT) act.seek(view.secondsOf(x));
}

// The lines at the cursor and at the pointer, and the values there.
function drawCursor(model, view, at) {
  for (const [name, seconds] of [["cursor", view.cursor], ["hover", view.hover]]) {
    const isHidden = seconds === null || !isShown(view, seconds);
    at(name).hidden = isHidden;
    if (!isHidden) at(name).style.transform = `translateX(${view.pixelOf(seconds)}px)`;
  }
  const seconds = view.hover ?? view.cursor;
  const frame = frameAt(model, seconds);
  for (const curve of model.curves) {
    const value = frame === null ? null : valueAt(curve, frame.row);
    curve.valueElement.textContent = numberText(value, 2);
  }
  at("readout").textContent = readoutText(model, seconds, frame);
}

function readoutText(model, seconds, frame) {
  if (frame === null) return `${clockText(seconds, 3)}: no video`;
  const part = model.parts.length > 1 ? `part ${frame.part + 1}, ` : "";
  const count = model.faces[frame.row];
  const faces = count === 254 ? "254 or more faces" : count === 1 ? "1 face" : `${count} faces`;
  const chosen = model.chosen[frame.row] === 1 ? "" : ", none of them the participant's";
  return `${clockText(seconds, 3)}: ${part}frame ${frame.number} (from ${clockText(frame.from_s, 3)} to ${clockText(frame.to_s, 3)}), ${count ? `${faces}${chosen}` : "no face"}`;
}

function panByKey(event, view) {
  const steps = { ArrowLeft: -0.2, ArrowRight: 0.2, PageUp: -0.8, PageDown: 0.8 };
  if (!(event.key in steps)) return;
  event.preventDefault();
  view.pan(steps[event.key] * (view.to - view.from));
}

// On paper: the whole session, dark on light.
function handlePrint(view, draw) {
  let before = null;
  window.addEventListener("beforeprint", () => {
    before = { from: view.from, to: view.to, theme: document.documentElement.dataset.theme };
    document.documentElement.dataset.theme = "light";
    view.whole();
    draw();
  });
  window.addEventListener("afterprint", () => {
    if (before.theme === undefined) delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = before.theme;
    view.show(before.from, before.to);
  });
}

startSession();
