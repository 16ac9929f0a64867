"use strict";
// Keys and buttons; both do the same things.

function sessionActions(model, view, act) {
  const step = (frames) => act.stepFrames(frames);
  return [
    { keys: [" "], names: "Space", does: "play and pause the video", run: act.playOrPause },
    { keys: ["ArrowRight"], names: "→", does: "a frame on", run: () => step(1) },
    { keys: ["ArrowLeft"], names: "←", does: "a frame back", run: () => step(-1) },
    { keys: ["Shift+ArrowRight"], names: "Shift →", does: "a second on", run: () => act.seek(view.cursor + 1) },
    { keys: ["Shift+ArrowLeft"], names: "Shift ←", does: "a second back", run: () => act.seek(view.cursor - 1) },
    { keys: ["n"], names: "n", does: "next event", run: () => act.nextEvent(1) },
    { keys: ["p"], names: "p", does: "previous event", run: () => act.nextEvent(-1) },
    { keys: ["m"], names: "m", does: "next missed annotation", run: () => act.nextMiss(1) },
    { keys: ["Shift+M"], names: "Shift m", does: "previous missed annotation", run: () => act.nextMiss(-1) },
    { keys: ["+", "="], names: "+", does: "zoom in", run: () => view.zoom(0.5) },
    { keys: ["-"], names: "−", does: "zoom out", run: () => view.zoom(2) },
    { keys: ["PageDown"], names: "Page down", does: "show what follows", run: () => view.pan(0.8 * (view.to - view.from)) },
    { keys: ["PageUp"], names: "Page up", does: "show what came before", run: () => view.pan(-0.8 * (view.to - view.from)) },
    { keys: ["0"], names: "0", does: "the whole session", run: view.whole },
    { keys: ["?"], names: "?", does: "these keys", run: act.help },
  ];
}

const POINTER = [
  ["Wheel", "zoom at the pointer (with Shift: pan)"],
  ["Drag", "pan (with Shift: choose the stretch to show)"],
  ["Click", "put the cursor and the video there"],
];

function handleKeys(actions) {
  const byKey = new Map();
  for (const action of actions) for (const key of action.keys) byKey.set(key, action);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
    const isShifted = event.shiftKey && (event.key.startsWith("Arrow") || event.key === "M");
    const action = byKey.get(isShifted ? `Shift+${event.key}` : event.key);
    if (action === undefined || takesItself(event)) return;
    event.preventDefault();
    action.run();
  });
}

function isTyping(event) {
  const target = event.target;
  if (!(target instanceof HTMLElement)) return false;
  if (target.closest("dialog[open]")) return true;
  return target.matches("textarea, select, input:not([type=range]):not([type=file]), [contenteditable]");
}

// Keys that the focused element needs for itself.
function takesItself(event) {
  const target = event.target;
  if (!(target instanceof HTMLElement)) return false;
  if (event.key === " ") return target.matches("button, input, summary, a");
  const moves = event.key.startsWith("Arrow") || event.key.startsWith("Page");
  return moves && target.matches("input[type=range], #overview");
}

function drawHelp(actions) {
  const dialog = document.getElementById("help");
  const rows = [...actions.map((action) => [action.names, action.does]), ...POINTER];
  const made = rows.map(([name, does]) => element("tr", {}, element("th", { scope: "row" }, element("kbd", {}, name)), element("td", {}, does)));
  document.getElementById("help-keys").replaceChildren(...made);
  document.getElementById("help-close").addEventListener("click", () => dialog.close());
  return () => (dialog.open ? dialog.close() : dialog.showModal());
}

function drawTools(place, view, act) {
  const buttons = [
    ["Previous event", "p", () => act.nextEvent(-1)],
    ["Next event", "n", () => act.nextEvent(1)],
    ["Next missed", "m", () => act.nextMiss(1)],
    ["Earlier", "Page up", () => view.pan(-0.8 * (view.to - view.from))],
    ["Later", "Page down", () => view.pan(0.8 * (view.to - view.from))],
    ["Zoom in", "+", () => view.zoom(0.5)],
    ["Zoom out", "−", () => view.zoom(2)],
    ["Whole session", "0", view.whole],
    ["Keys", "?", act.help],
  ];
  for (const [name, key, run] of buttons) {
    place.append(element("button", { type: "button", onclick: run }, name, " ", element("kbd", { "aria-hidden": "true" }, key)));
  }
}
