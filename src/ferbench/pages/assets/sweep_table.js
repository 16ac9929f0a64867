"use strict";
// Tables whose rows are sorted by a click, or a key, on a column's name.

// Columns: {title, numeric, smaller, value(row), show(row)}. A row's element is made once.
function sortableTable(table, columns, rows, { rowClass = () => "", sortedBy = null } = {}) {
  const body = element("tbody");
  const lines = rows.map((row) => tableLine(columns, row, rowClass(row)));
  const heads = columns.map((column) => tableHead(column, () => sortBy(column)));
  let order = rows.map((_, at) => at);
  let last = { column: sortedBy, rising: false };

  function sortBy(column) {
    const again = last.column === column;
    const first = column.numeric ? Boolean(column.smaller) : true;
    last = { column, rising: again ? !last.rising : first };
    const values = rows.map((row) => column.value(row));
    order = sortedPlaces(values, last.rising);
    body.append(...order.map((at) => lines[at]));
    markSorted();
  }

  function markSorted() {
    heads.forEach((head, at) => {
      if (columns[at] !== last.column) head.removeAttribute("aria-sort");
      else head.setAttribute("aria-sort", last.rising ? "ascending" : "descending");
    });
  }

  if (sortedBy) last.rising = Boolean(sortedBy.smaller) || !sortedBy.numeric;
  markSorted();
  body.append(...lines);
  table.replaceChildren(element("thead", {}, element("tr", {}, ...heads)), body);
  return { lines, order: () => order };
}

function tableHead(column, sort) {
  const attributes = { scope: "col", class: column.numeric ? "number" : null };
  if (!column.title) return element("td", attributes);
  const button = element("button", { type: "button", onclick: sort }, column.title);
  return element("th", attributes, button);
}

function tableLine(columns, row, className) {
  const cells = columns.map((column) => {
    const shown = column.show(row);
    const kind = column.className || (column.numeric ? "number" : null);
    return element("td", { class: kind }, ...(Array.isArray(shown) ? shown : [shown]));
  });
  return element("tr", { class: className || null }, ...cells);
}

// Places of the values in order; what is undefined comes last either way.
function sortedPlaces(values, rising) {
  const sign = rising ? 1 : -1;
  const compare = (one, other) => {
    const [a, b] = [values[one], values[other]];
    if (a === null || b === null) return (a === null) - (b === null) || one - other;
    const text = typeof a === "string";
    const difference = text ? a.localeCompare(b, "en", { numeric: true }) : a - b;
    return sign * difference || one - other;
  };
  return values.map((_, at) => at).sort(compare);
}

function intervalText(ends, digits) {
  return ends === null ? "–" : `${numberText(ends[0], digits)} to ${numberText(ends[1], digits)}`;
}

// A column of the data as one of a table whose rows are numbers of cells.
function cellColumn(column) {
  const { values, kind, digits } = column;
  if (kind === "text") {
    const value = (cell) => (column.numeric ? Number(values[cell]) : values[cell]);
    const className = column.title === "run" ? "name" : null;
    const show = (cell) => values[cell] || "–";
    return { title: column.title, numeric: column.numeric, smaller: true, value, show, className };
  }
  const isInterval = kind === "interval";
  const value = (cell) => (isInterval && values[cell] ? values[cell][0] : values[cell]);
  const show = (cell) =>
    isInterval ? intervalText(values[cell], digits) : numberText(values[cell], digits);
  return { title: column.title, numeric: true, smaller: column.smaller, value, show };
}

function chooseColumn(choose, names) {
  const button = (cell, which, letter) => {
    const label = { "aria-label": `${letter}: ${names[cell]}`, "aria-pressed": "false" };
    const onclick = () => choose(which, cell);
    return element("button", { type: "button", class: which, onclick, ...label }, letter);
  };
  const show = (cell) => [button(cell, "first", "A"), button(cell, "second", "B")];
  return { title: "", numeric: false, value: () => "", show, className: "choose" };
}

// Marks the two chosen rows.
function markChosen(lines, chosen) {
  lines.forEach((line, cell) => {
    for (const which of ["first", "second"]) {
      line.classList.toggle(`is-${which}`, chosen[which] === cell);
      const button = line.querySelector(`button.${which}`);
      if (button) button.setAttribute("aria-pressed", String(chosen[which] === cell));
    }
  });
}

// Shows the rows that have all words of the field.
function addFind(input, told, lines) {
  const texts = lines.map((line) => line.textContent.toLowerCase());
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    lines.forEach((line, at) => {
      line.hidden = !words.every((word) => texts[at].includes(word));
      shown += !line.hidden;
    });
    told.textContent = words.length ? `${shown} of ${lines.length}` : "";
  });
}
