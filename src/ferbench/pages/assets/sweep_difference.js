"use strict";
// What two cells differ in: events that only one has, annotations that only one found.

const OUTCOMES = ["hit", "false alarm", "not scored", "ignored"];
const MOST_ROWS = 300;

// Events of one list that no event of the same label in another overlaps; both sorted by onset.
function onlyIn(list, other) {
  return list.filter(([onset, offset, label]) => {
    for (const [start, end, same] of other) {
      if (start > offset) return true;
      if (same === label && end >= onset) return false;
    }
    return true;
  });
}

// Annotations by onset and kind; those that are alike by their number.
function annotationsByKey(annotations) {
  const found = new Map();
  for (const [onset, kind, isFound] of annotations) {
    let number = 0;
    while (found.has(`${onset} ${kind} ${number}`)) number += 1;
    found.set(`${onset} ${kind} ${number}`, { onset, kind, isFound });
  }
  return found;
}

function annotationsApart(first, second) {
  const others = annotationsByKey(second);
  const apart = [];
  for (const [key, one] of annotationsByKey(first)) {
    const other = others.get(key);
    if (other && other.isFound !== one.isFound) apart.push(one);
  }
  return apart;
}

// Rows of the table for one session, by time.
function differencesOf(page, session, chosen) {
  const listOf = (cell) => page.lists[page.cells[cell].lists[session]];
  const [first, second] = [listOf(chosen.first), listOf(chosen.second)];
  if (!first && !second) return [];
  if (!first || !second) {
    const states = [first, second].map((list) => (list ? "has a result" : "no result"));
    return [{ session, at: null, what: "the whole session", states, kind: "session" }];
  }
  if (first === second) return [];
  const rows = [];
  const addEvents = (list, other, isFirst) => {
    for (const [onset, offset, label, outcome] of onlyIn(list.events, other.events)) {
      const states = isFirst ? [OUTCOMES[outcome], "no event"] : ["no event", OUTCOMES[outcome]];
      const what = `${page.words[label]}, until ${clockText(offset)}`;
      rows.push({ session, at: onset, what, states, kind: isFirst ? "first" : "second" });
    }
  };
  addEvents(first, second, true);
  addEvents(second, first, false);
  for (const { onset, kind, isFound } of annotationsApart(first.annotations, second.annotations)) {
    const states = isFound ? ["found", "missed"] : ["missed", "found"];
    const what = `annotation ${page.words[kind]}`.trim();
    rows.push({ session, at: onset, what, states, kind: "annotation" });
  }
  return rows.sort((one, other) => one.at - other.at);
}

// Address of a session's page of a cell; null = there is none, or this page cannot reach it.
function pageAddress(page, cell, session, at = null) {
  const { place, pages } = page.cells[cell];
  if (location.protocol === "blob:" || !pages.includes(session)) return null;
  const name = encodeURIComponent(page.sessions[session].page);
  return `${place}${name}${at === null ? "" : `#t=${at}`}`;
}

function linked(words, address) {
  return address === null ? words : element("a", { href: address }, words);
}

function sumOfDifferences(rows) {
  const count = (kind) => rows.filter((row) => row.kind === kind).length;
  const sessions = new Set(rows.map((row) => row.session)).size;
  if (!rows.length) return "Nothing: the same events, the same annotations found.";
  const parts = [
    `${plural(count("first"), "event")} only in A`,
    `${count("second")} only in B`,
    `${plural(count("annotation"), "annotation")} found by one of them`,
  ];
  if (count("session")) parts.push(`${plural(count("session"), "session")} with a result in one of them`);
  return `${parts.join(", ")}; in ${sessions} of the sessions.`;
}

function differenceLine(page, chosen, row) {
  const state = (letter, words, cell) =>
    element("td", {}, linked(words, pageAddress(page, cell, row.session, row.at)));
  return element(
    "tr",
    { class: row.kind },
    element("td", {}, page.sessions[row.session].name),
    element("td", { class: "number" }, row.at === null ? "–" : clockText(row.at)),
    element("td", {}, row.what),
    state("A", row.states[0], chosen.first),
    state("B", row.states[1], chosen.second),
  );
}

// Sets up the part of the page; returns a function that shows it anew.
function addDifference(page, chosen, choose) {
  const at = (id) => document.getElementById(id);
  const option = (words, value) => element("option", { value }, words);
  for (const [id, which] of [["first", "first"], ["second", "second"]]) {
    at(id).append(...page.cells.map((cell, number) => option(`${cell.name} (${cell.id})`, number)));
    at(id).addEventListener("change", () => choose(which, Number(at(id).value)));
  }
  at("of-session").append(option("all", -1));
  at("of-session").append(...page.sessions.map((one, number) => option(one.name, number)));
  let most = MOST_ROWS;
  const show = () => showDifference(page, chosen, Number(at("of-session").value), most);
  at("of-session").addEventListener("change", show);
  at("more").addEventListener("click", () => {
    most = Infinity;
    show();
  });
  return () => {
    most = MOST_ROWS;
    show();
  };
}

function showDifference(page, chosen, session, most) {
  const at = (id) => document.getElementById(id);
  at("first").value = chosen.first;
  at("second").value = chosen.second;
  const all = page.sessions.map((_, number) => number);
  const sessions = session < 0 ? all : [session];
  const hasNone = [chosen.first, chosen.second].filter((cell) =>
    page.cells[cell].lists.every((list) => list < 0),
  );
  const rows = sessions.flatMap((one) => differencesOf(page, one, chosen));
  at("difference-sum").textContent = hasNone.length
    ? `The events of ${page.cells[hasNone[0]].name} are not in this page.`
    : sumOfDifferences(rows);
  const shown = hasNone.length ? [] : rows.slice(0, most);
  const head = ["session", "time", "what", "A", "B"].map((title) =>
    element("th", { scope: "col", class: title === "time" ? "number" : null }, title),
  );
  const lines = shown.map((row) => differenceLine(page, chosen, row));
  const table = shown.length
    ? [element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...lines)]
    : [];
  at("difference").replaceChildren(...table);
  at("more").hidden = hasNone.length > 0 || rows.length <= shown.length;
  at("more").textContent = `Show all ${rows.length} rows`;
}
