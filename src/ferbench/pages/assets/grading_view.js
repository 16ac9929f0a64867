"use strict";
// The panel with which events are graded: what it shows, and how texts leave the page.

function gradingView(grading, parent, on) {
  const made = gradingParts(grading, on);
  const { entries, session } = { entries: () => grading.entries, session: grading.session };
  const view = { made };
  view.nameOf = (index) => (grading.isBlind ? `Event ${index + 1}` : `Event ${index + 1} (${session.events[index].label}, ${clockText(session.events[index].onset_s)})`);
  view.tell = (text) => (made.status.textContent = text);
  view.askRater = () => {
    view.tell("Your name first: it stands beside each grade.");
    made.rater.focus();
  };
  view.focusNote = () => (made.note.disabled ? view.tell("Choose an event first.") : made.note.focus());
  view.drawMarks = () => drawMarks(grading, made);
  view.draw = () => {
    const graded = numGraded(grading);
    made.count.textContent = `${graded} of ${entries().length} graded`;
    made.progress.value = graded;
    const index = grading.current;
    made.current.textContent = index === null ? "No event is chosen." : `${view.nameOf(index)}: ${entries()[index].grade || "not graded"}`;
    for (const button of made.grades) button.setAttribute("aria-pressed", String(index !== null && entries()[index].grade === button.dataset.grade));
    made.note.disabled = index === null;
    made.note.value = index === null ? "" : entries()[index].note;
    if (document.activeElement !== made.rater) made.rater.value = grading.rater;
    view.drawMarks();
  };
  view.save = (name, text) => saveText(made, view, name, text);
  parent.classList.add("grading", "no-print");
  parent.setAttribute("aria-label", "Grading");
  parent.append(...made.all);
  return view;
}

function gradingParts(grading, on) {
  const made = {};
  const button = (text, key, run, attributes = {}) => element("button", { type: "button", onclick: run, ...attributes }, text, ...(key ? [" ", element("kbd", { "aria-hidden": "true" }, key)] : []));
  made.rater = element("input", { id: "grading-rater", autocomplete: "off", spellcheck: "false", size: "14", onchange: (event) => on.rater(event.target.value) });
  made.rater.addEventListener("keydown", (event) => {
    if (event.key === "Enter") made.rater.blur();
  });
  made.count = element("span", { class: "grading-count", role: "status" });
  made.progress = element("progress", { max: grading.entries.length, value: 0, "aria-label": "Graded" });
  made.current = element("p", { class: "grading-current" });
  made.grades = GRADE_NAMES.map((grade) => button(grade[0].toUpperCase() + grade.slice(1), grade[0], () => on.grade(grade), { class: "grading-grade", "data-grade": grade }));
  made.note = element("textarea", { id: "grading-note", rows: "2", oninput: (event) => on.note(event.target.value) });
  made.note.addEventListener("keydown", (event) => {
    if (event.key === "Escape") made.note.blur();
  });
  made.status = element("p", { class: "grading-status", role: "status" });
  made.marks = element("div", { class: "grading-marks", role: "group", "aria-label": "All events" });
  made.marks.append(...grading.entries.map((_, index) => element("button", { type: "button", onclick: () => on.go(index) }, String(index + 1))));
  made.file = element("input", { type: "file", accept: ".csv,text/csv", id: "grading-file", onchange: () => made.file.files[0] && on.open(made.file.files[0]) });
  made.text = element("div", { class: "grading-text", hidden: true });
  const saves = [button("Save the grades (CSV)", "", on.csv)];
  if (!grading.isBlind) saves.push(button("Save as the thesis' grade file", "", on.thesis));
  made.all = [
    element("h2", {}, "Grading", ...(grading.session.whose ? [" ", element("small", { class: "faint" }, grading.session.whose)] : [])),
    element("div", { class: "grading-bar" }, element("label", { for: "grading-rater" }, "Rater"), made.rater, made.count, made.progress),
    made.current,
    element("div", { class: "grading-bar" }, ...made.grades, button("Undo", "z", on.undo), button("Next ungraded", "g", () => on.go(nextUngraded(grading)))),
    element("label", { class: "grading-note", for: "grading-note" }, "Note ", element("kbd", {}, "t"), made.note),
    made.marks,
    element("div", { class: "grading-bar" }, ...saves, element("label", { for: "grading-file" }, "Go on with earlier grades:"), made.file),
    made.status,
    made.text,
  ];
  return made;
}

function drawMarks(grading, made) {
  grading.entries.forEach((entry, index) => {
    const mark = made.marks.children[index];
    mark.dataset.grade = entry.grade;
    mark.dataset.note = String(Boolean(entry.note));
    mark.setAttribute("aria-label", `Event ${index + 1}: ${entry.grade || "not graded"}${entry.note ? ", with a note" : ""}`);
    if (index === grading.current) mark.setAttribute("aria-current", "true");
    else mark.removeAttribute("aria-current");
  });
}

// As a file; within another page's frame, where browsers block that, as text to copy.
function saveText(made, view, name, text) {
  if (window.self !== window.top) return showText(made, view, name, text);
  const link = element("a", { href: URL.createObjectURL(new Blob([text], { type: "text/csv" })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  view.tell(`Saved as ${name}.`);
  made.text.hidden = true;
}

function showText(made, view, name, text) {
  const field = element("textarea", { readonly: true, "aria-label": name, spellcheck: "false" });
  field.value = text;
  const copy = element("button", { type: "button" }, "Copy");
  copy.addEventListener("click", () => {
    field.select(); // the newer interface for copying is refused in such frames, with a word on the console
    const isCopied = document.execCommand("copy");
    view.tell(`${isCopied ? "Copied. Paste" : "Press Ctrl+C, and paste"} it into a text file called ${name}.`);
  });
  made.text.replaceChildren(element("p", {}, `This frame may not save files. Copy the text into a file called ${name}: `, copy), field);
  made.text.hidden = false;
  copy.focus();
}
