"use strict";
// Grades as texts: a CSV that ferbench reads and no spreadsheet computes, and the thesis' grade file.

const GRADE_COLUMNS = ["rater", "participant", "session", "model", "item", "label", "onset_s", "offset_s", "trigger_s", "timecode", "grade", "note", "when"];
const GRADE_LETTERS = { right: "T", wrong: "F", unsure: "?", "": "" };

// An apostrophe before what a spreadsheet would compute, wherever it may begin a cell.
function harmlessText(text) {
  return text.replace(/((?:^|[;,\t\r\n]) *)(?=['=+\-@＝＋－＠])/g, "$1'");
}

function meantText(cell) {
  return cell.replace(/((?:^|[;,\t\r\n]) *)'(?=['=+\-@＝＋－＠])/g, "$1");
}

function csvCell(text) {
  return /[",;\t\r\n]|^ | $/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

// One row per event, graded or not, with a mark at the beginning that says it is UTF-8.
function gradesCsv(rows) {
  const cell = (value) => csvCell(typeof value === "number" ? String(value) : harmlessText(value));
  const lines = [GRADE_COLUMNS, ...rows.map((row) => GRADE_COLUMNS.map((name) => cell(row[name])))];
  return `\ufeff${lines.map((cells) => `${cells.join(",")}\n`).join("")}`;
}

// Rows of such a CSV by column name; null = it is none.
function rowsOfGrades(text) {
  const plain = text.replace(/^\ufeff/, "");
  const head = plain.split("\n", 1)[0];
  const delimiter = head.split(";").length > head.split(",").length ? ";" : ",";
  const [header, ...records] = csvRecords(plain, delimiter);
  const names = (header ?? []).map((name) => name.trim());
  if (!["rater", "session", "onset_s", "grade"].every((name) => names.includes(name))) return null;
  const rows = [];
  for (const record of records) {
    const row = Object.fromEntries(GRADE_COLUMNS.map((name) => [name, ""]));
    names.forEach((name, k) => (row[name] = meantText(record[k] ?? "")));
    if (record.some((cell) => cell.trim() !== "")) rows.push(row);
  }
  return rows;
}

function csvRecords(text, delimiter) {
  const records = [];
  let cells = [];
  let cell = "";
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const letter = text[at];
    if (isQuoted) {
      if (letter !== '"') cell += letter;
      else if (text[at + 1] === '"') cell += text[++at];
      else isQuoted = false;
    } else if (letter === '"' && cell === "") isQuoted = true;
    else if (letter === delimiter) {
      cells.push(cell);
      cell = "";
    } else if (letter === "\n") {
      records.push([...cells, cell.replace(/\r$/, "")]);
      cells = [];
      cell = "";
    } else cell += letter;
  }
  if (cell !== "" || cells.length) records.push([...cells, cell]);
  return records;
}

// HH:MM:SS:FF of the frame that shows a time; frames count from 1 at the file's start, as in the thesis.
function timecodeAt(part, edges, seconds) {
  if (part === undefined || !(part.rate_hz > 0)) return "";
  const inPart = seconds - part.start_s + 1e-9;
  let first = 0; // of the edges, how many lie at or before the time
  let high = edges.length;
  while (first < high) {
    const middle = (first + high) >> 1;
    if (edges[middle] <= inPart) first = middle + 1;
    else high = middle;
  }
  return timecodeText(Math.round(edges[0] * part.rate_hz) + first, part.rate_hz);
}

function timecodeText(frame, rate) {
  const inMinute = frame % (60 * rate);
  const numbers = [Math.trunc(frame / (3600 * rate)), Math.trunc(frame / (60 * rate)) % 60, Math.trunc(inMinute / rate), Math.trunc(inMinute % rate)];
  return numbers.map((number) => String(number).padStart(2, "0")).join(":");
}

// Three lines for a model and session: numbers, time codes, grades.
function thesisGradeFile(rows) {
  const inOrder = [...rows].sort((one, other) => one.onset_s - other.onset_s || one.offset_s - other.offset_s);
  const [participant, session] = thesisCells(rows[0].session);
  const lines = [
    [participant, session, rows[0].model || "model", "Section", ...inOrder.map((_, number) => String(number))],
    ["", "", "", "Timestamp", ...inOrder.map((row) => row.timecode)],
    ["", "", "", "Grade", ...inOrder.map((row) => GRADE_LETTERS[row.grade])],
  ];
  const cell = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return lines.map((cells) => `${cells.map(cell).join(",")}\r\n`).join("");
}

// The five digits, and the number after "Sessie"; a name without them stands for the participant.
function thesisCells(name) {
  const participant = name.match(/(?<!\p{Nd})\p{Nd}{5}(?!\p{Nd})/u);
  const session = name.match(/sessie\s*0*(\p{Nd}+)/iu);
  return participant && session ? [participant[0], session[1]] : [name, ""];
}
