"use strict";
// A page of runs: what is chosen in one part is marked in all.

function startSweepPage() {
  const page = pageData();
  const isSingle = page.cells.length === 1;
  const chosen = { first: 0, second: isSingle ? null : firstOther(page) };
  const at = (id) => document.getElementById(id);
  const cells = page.cells.map((_, number) => number);
  const columns = page.columns.map(cellColumn);
  const sortedBy = columns.find((column) => column.title === page.by) || columns[0];
  const names = page.cells.map((cell) => cell.name);
  const shown = isSingle ? columns.slice(1) : [chooseColumn(choose, names), ...columns];
  const { lines } = sortableTable(at("cells"), shown, cells, { sortedBy: sortedBy || null });
  if (!isSingle) addFind(at("find"), at("found"), lines);
  const people = at("people") ? addPeople(at("people"), page) : [];
  if (at("people") && !page.participants.length) at("people-section").hidden = true;
  if (at("axes") && !page.axes.length) at("axes-section").hidden = true;
  const pictures = [["curves", drawCurves], ["speed", drawSpeed]]
    .filter(([id]) => at(id))
    .map(([id, drawOne]) => [at(id), drawOne, isSingle ? () => {} : addPicking(at(id), choose)]);
  const showDifferences = at("difference") ? addDifference(page, chosen, choose) : () => {};
  if (at("sessions")) tellLinks(page, at("links-note"));

  function choose(which, cell) {
    chosen[which] = cell;
    refresh();
  }

  function draw() {
    if (page.axes.length) drawAxes(at("axes"), page, chosen);
    for (const [canvas, drawOne, keep] of pictures) keep(drawOne(canvas, page, chosen));
    people.forEach((drawOne) => drawOne(chosen));
  }

  function refresh() {
    markChosen(lines, chosen);
    if (at("sessions")) showSessions(page, chosen, at("sessions"));
    showDifferences();
    draw();
  }

  addThemeButton(at("theme"), draw);
  window.addEventListener("resize", draw);
  refresh();
}

// The first cell that found something else than the first one, or the next where all found the same.
function firstOther(page) {
  const lists = String(page.cells[0].lists);
  return Math.max(1, page.cells.findIndex((cell) => String(cell.lists) !== lists));
}

// Why sessions have no links, where they have none.
function tellLinks(page, place) {
  const hasPages = page.cells.some((cell) => cell.pages.length);
  if (!hasPages) place.textContent = page.withoutPages;
  else if (location.protocol === "blob:") {
    place.textContent =
      "Each session has a page of its own among the artifacts of its run, in the folder sessions; " +
      "in this frame no link can lead there.";
  } else place.textContent = "Names of sessions and entries of the tables lead to the session's page.";
  if (page.withoutLists) {
    place.textContent += ` For want of room, the events of ${plural(page.withoutLists, "cell")} are not in this page.`;
  }
}

// What every session came to in the chosen cells.
function showSessions(page, chosen, table) {
  const listOf = (cell, session) => page.lists[page.cells[cell].lists[session]] || null;
  const count = (cell, session, number) => {
    const list = listOf(cell, session);
    return list && list.counts ? list.counts[number] : null;
  };
  const columns = [
    {
      title: "session",
      value: (session) => page.sessions[session].name,
      show: (session) =>
        linked(page.sessions[session].name, pageAddress(page, chosen.first, session)),
    },
    textColumn("participant", (session) => page.sessions[session].participant),
  ];
  const letters = chosen.second === null ? [["", chosen.first]] : [["A: ", chosen.first], ["B: ", chosen.second]];
  for (const [letter, cell] of letters) {
    const events = (session) => {
      const list = listOf(cell, session);
      return list ? list.events.length : null;
    };
    columns.push(countColumn(`${letter}events`, events));
    ["hits", "false alarms", "missed"].forEach((title, number) => {
      columns.push(countColumn(`${letter}${title}`, (session) => count(cell, session, number)));
    });
  }
  const sessions = page.sessions.map((_, number) => number);
  sortableTable(table, columns, sessions, { sortedBy: columns[0] });
}

function textColumn(title, value) {
  return { title, numeric: false, value, show: (row) => value(row) || "–" };
}

function countColumn(title, value) {
  return { title, numeric: true, smaller: false, value, show: (row) => numberText(value(row), 0) };
}

startSweepPage();
