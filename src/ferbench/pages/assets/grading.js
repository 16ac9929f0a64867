"use strict";
// Marks each event of a page right, wrong or unsure, by key or button, with a note and the rater's name.

const GRADE_KEYS = { r: "right", w: "wrong", u: "unsure", 1: "right", 2: "wrong", 3: "unsure" };
const GRADE_NAMES = ["right", "wrong", "unsure"];
const GRADE_HELP = [
  ["r or 1", "the event is right"],
  ["w or 2", "it is wrong"],
  ["u or 3", "unsure"],
  ["z", "undo the last grade"],
  ["g", "next ungraded event"],
  ["t", "write a note"],
];

// session = {data, events, seek, selectEvent(index), onSelect}; a page may hide what says whose events they are.
function addGrading(session, parent, { isBlind = false } = {}) {
  if (!session.events.length) return null;
  const store = gradeStore(session);
  const grading = { session, store, isBlind, rater: "", entries: store.of(""), current: null, undone: [], unsaved: false };
  grading.rows = gradingRows(session);
  const view = gradingView(grading, parent, {
    grade: (grade) => setGrade(grading, view, grade),
    undo: () => undoGrade(grading, view),
    go: (index) => goTo(grading, view, index),
    rater: (name) => setRater(grading, view, name),
    note: (text) => setNote(grading, view, text),
    open: (file) => importGrades(grading, view, file),
    csv: () => exportCsv(grading, view),
    thesis: () => exportThesis(grading, view),
  });
  session.onSelect.push((index) => {
    grading.current = index;
    view.draw();
  });
  document.addEventListener("keydown", (event) => gradeByKey(grading, view, event));
  window.addEventListener("beforeunload", (event) => {
    if (grading.unsaved) event.preventDefault();
  });
  document.getElementById("help-keys")?.append(...GRADE_HELP.map(([name, does]) => keyRow(name, does)));
  setRater(grading, view, store.lastRater());
  return grading;
}

function keyRow(name, does) {
  return element("tr", {}, element("th", { scope: "row" }, element("kbd", {}, name)), element("td", {}, does));
}

// What does not change of the rows of the CSV.
function gradingRows(session) {
  const parts = session.data.parts ?? [];
  const edges = parts.map((part) => floatsFromBase64(part.edges));
  return session.events.map((event) => ({
    participant: session.data.participant ?? "",
    session: event.session ?? session.data.session,
    model: session.data.model ?? "",
    item: event.item ?? "",
    label: event.label,
    onset_s: event.onset_s,
    offset_s: event.offset_s,
    trigger_s: event.trigger_s,
    timecode: timecodeAt(parts[event.part], edges[event.part], event.onset_s),
  }));
}

function gradedRows(grading) {
  return grading.rows.map((row, index) => ({ ...row, rater: grading.rater, ...grading.entries[index] }));
}

function numGraded(grading) {
  return grading.entries.filter((entry) => entry.grade).length;
}

function gradeByKey(grading, view, event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isWriting(event)) return;
  const key = event.key.toLowerCase();
  if (key in GRADE_KEYS) setGrade(grading, view, GRADE_KEYS[key]);
  else if (key === "z") undoGrade(grading, view);
  else if (key === "g") goTo(grading, view, nextUngraded(grading));
  else if (key === "t") view.focusNote();
  else return;
  event.preventDefault();
}

function isWriting(event) {
  const target = event.target;
  if (!(target instanceof HTMLElement)) return false;
  return target.closest("dialog[open]") !== null || target.matches("textarea, select, input:not([type=range]):not([type=file]), [contenteditable]");
}

function setGrade(grading, view, grade) {
  if (!grading.rater) return view.askRater();
  if (grading.session.returnToRun?.()) {
    goTo(grading, view, grading.current ?? nextUngraded(grading) ?? 0);
    return view.tell("These are the run's events again: grade what is shown.");
  }
  if (grading.current === null) return goTo(grading, view, nextUngraded(grading) ?? 0);
  const index = grading.current;
  const before = grading.entries[index];
  grading.undone.push({ index, before, rater: grading.rater });
  grading.entries[index] = { ...before, grade, when: new Date().toISOString() };
  changed(grading);
  const name = view.nameOf(index);
  const left = grading.entries.length - numGraded(grading);
  const next = index + 1 < grading.entries.length ? index + 1 : nextUngraded(grading);
  if (next !== null) goTo(grading, view, next);
  else view.draw();
  view.tell(left ? `${name}: ${grade}.` : `${name}: ${grade}. All ${grading.entries.length} are graded: save the grades.`);
}

function undoGrade(grading, view) {
  const last = grading.undone.pop();
  if (last === undefined) return view.tell("There is nothing to undo.");
  if (last.rater !== grading.rater) setRater(grading, view, last.rater);
  grading.entries[last.index] = { ...last.before, note: grading.entries[last.index].note };
  changed(grading);
  goTo(grading, view, last.index);
  view.tell(`${view.nameOf(last.index)}: ${last.before.grade ? `${last.before.grade} again` : "no longer graded"}.`);
}

function goTo(grading, view, index) {
  if (index === null) return view.tell("All are graded.");
  grading.session.selectEvent(index);
  grading.current = index;
  view.draw();
}

// The next one after the current, else the first; null = there is none.
function nextUngraded(grading) {
  const from = grading.current ?? -1;
  const later = grading.entries.findIndex((entry, index) => index > from && !entry.grade);
  const first = later >= 0 ? later : grading.entries.findIndex((entry) => !entry.grade);
  return first >= 0 ? first : null;
}

function setRater(grading, view, name) {
  grading.rater = name.trim();
  grading.entries = grading.store.of(grading.rater);
  if (grading.rater) grading.store.keepRater(grading.rater);
  view.draw();
}

function setNote(grading, view, note) {
  if (grading.current === null) return;
  const entry = grading.entries[grading.current];
  grading.entries[grading.current] = { ...entry, note, when: entry.when || new Date().toISOString() };
  changed(grading);
  view.drawMarks();
}

function changed(grading) {
  grading.unsaved = true;
  grading.isKept = grading.store.keep(grading.rater);
}

async function importGrades(grading, view, file) {
  const rows = rowsOfGrades(await file.text());
  if (rows === null) return view.tell(`${file.name} is no table of grades.`);
  const raters = [...new Set(rows.map((row) => row.rater.trim()))];
  if (!grading.rater && raters.length === 1) setRater(grading, view, raters[0]);
  if (!grading.rater) return view.tell(`Say who you are first; ${file.name} has grades of ${raters.join(", ")}.`);
  const place = new Map(grading.rows.map((row, index) => [rowKey(row), index]));
  let taken = 0;
  for (const row of rows.filter((each) => each.rater.trim() === grading.rater)) {
    const index = place.get(rowKey(row));
    const isGrade = row.grade === "" || GRADE_NAMES.includes(row.grade);
    if (index === undefined || !isGrade) continue;
    taken++;
    if (row.grade || row.note) grading.entries[index] = { grade: row.grade, note: row.note, when: row.when };
  }
  changed(grading);
  grading.unsaved = false;
  const left = rows.length - taken;
  view.tell(`${file.name}: ${plural(taken, "row")} taken${left ? `; ${left} not: of another rater or of events that are not here` : ""}.`);
  view.draw();
}

function rowKey(row) {
  const micro = (value) => Math.round(Number(value) * 1e6);
  return [row.session, row.item, row.label, micro(row.onset_s), micro(row.offset_s || row.onset_s), micro(row.trigger_s || row.onset_s)].join("\n");
}

function exportCsv(grading, view) {
  if (!grading.rater) return view.askRater();
  const stem = [grading.session.data.session || "grades", grading.session.data.model, grading.rater].filter(Boolean).join(" ");
  view.save(`${fileStem(stem)}.grades.csv`, gradesCsv(gradedRows(grading)));
  grading.unsaved = false;
}

function exportThesis(grading, view) {
  if (!grading.rater) return view.askRater();
  view.save(`${fileStem(grading.session.data.session)}_grade_file.csv`, thesisGradeFile(gradedRows(grading)));
}

function fileStem(text) {
  return text.replace(/[^\p{L}\p{N} ._-]/gu, "_");
}
