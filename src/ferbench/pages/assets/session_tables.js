"use strict";
// Events and annotations as tables: for reading aloud, for print, and to jump from.

const ROWS_AT_ONCE = 250;

function drawTables(model, view, onEvent, onAnnotation) {
  const { events, annotations, lags } = view.found;
  const isScored = model.data.scored;
  const eventRows = events.map((event, k) => ({
    state: event.state,
    isSelected: view.selected === event.at,
    onJump: () => onEvent(event),
    cells: [
      String(k + 1),
      clockText(event.onset_s),
      event.label,
      (event.offset_s - event.onset_s).toFixed(2),
      numberText(event.peak, 2),
      STATES[event.state].name,
      lags.has(event.at) ? secondsText(lags.get(event.at)) : "",
    ],
  }));
  const eventNames = ["", "Onset", "Expression", "Lasts, s", "Peak", "Outcome", "Lag"];
  drawTable("events", "events-name", "event", eventNames, eventRows, "No events at this threshold.");
  const annotationRows = annotations.map((annotation, k) => ({
    state: annotation.state,
    onJump: () => onAnnotation(annotation),
    cells: [
      String(k + 1),
      clockText(annotation.onset_s),
      annotation.kind,
      annotation.annotator,
      (annotation.offset_s - annotation.onset_s).toFixed(2),
      annotation.state === "hit" ? "found" : STATES[annotation.state].name,
      annotation.event === null ? "" : secondsText(lags.get(annotation.event)),
    ],
  }));
  const names = ["", "Onset", "Kind", "Annotator", "Lasts, s", "Outcome", "Lag"];
  const none = isScored ? "Nothing was annotated." : "There are no annotations.";
  drawTable("annotations", "annotations-name", "annotation", names, annotationRows, none);
}

function drawTable(place, name, noun, titles, rows, none) {
  const title = document.getElementById(name);
  title.textContent = `${noun === "event" ? "Events" : "Annotations"} (${rows.length})`;
  const target = document.getElementById(place);
  if (!rows.length) {
    target.replaceChildren(element("p", { class: "faint" }, none));
    return;
  }
  const head = element("tr", {}, ...titles.map((text) => element("th", { scope: "col" }, text)));
  const body = element("tbody");
  const table = element("table", { "aria-labelledby": name }, element("thead", {}, head), body);
  target.replaceChildren(table);
  addRows(target, body, rows, 0, noun);
}

// Many rows come in pieces, so that a slider stays quick.
function addRows(target, body, rows, from, noun) {
  const to = Math.min(from + ROWS_AT_ONCE, rows.length);
  for (const row of rows.slice(from, to)) body.append(tableRow(row, noun));
  if (to === rows.length) return;
  const more = element("button", { type: "button", class: "more" }, `Show ${rows.length - to} more`);
  more.addEventListener("click", () => {
    more.remove();
    addRows(target, body, rows, to, noun);
  });
  target.append(more);
}

function tableRow(row, noun) {
  const [number, time, ...others] = row.cells;
  const jump = element("button", { type: "button", class: "jump", "aria-label": `Jump to ${noun} ${number} at ${time}` }, time);
  jump.addEventListener("click", row.onJump);
  const made = element("tr", { "data-state": row.state, "aria-current": row.isSelected ? "true" : null });
  made.append(element("td", { class: "number faint" }, number), element("td", {}, jump));
  for (const text of others) made.append(element("td", {}, text));
  made.addEventListener("click", (event) => {
    if (event.target !== jump) row.onJump();
  });
  return made;
}
