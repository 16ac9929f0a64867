"use strict";
// What was graded: in memory, and where the browser allows it in its own storage, under the page's digest.

// A session's grades by rater. An event is known by what it is, so that a page that was written anew goes on.
function gradeStore(session) {
  const digest = gradingDigest(session);
  const all = new Map();
  const place = (rater) => `ferbench grades ${digest} ${rater}`;
  const of = (rater) => {
    if (!all.has(rater)) all.set(rater, entriesOf(readStorage(place(rater)), session.events.length));
    return all.get(rater);
  };
  return {
    of,
    keep: (rater) => writeStorage(place(rater), JSON.stringify(of(rater))),
    lastRater: () => readStorage("ferbench rater") ?? "",
    keepRater: (rater) => writeStorage("ferbench rater", rater),
  };
}

function noGrade() {
  return { grade: "", note: "", when: "" };
}

function entriesOf(text, length) {
  let found = null;
  try {
    found = JSON.parse(text ?? "null");
  } catch {
    found = null;
  }
  const isUsable = Array.isArray(found) && found.length === length;
  return isUsable ? found.map((entry) => ({ ...noGrade(), ...entry })) : Array.from({ length }, noGrade);
}

// Tells pages apart; it keeps no secret (two FNV-1a sums with different beginnings).
function gradingDigest(session) {
  const events = session.events.map((event) => [event.session ?? "", event.item ?? "", event.label, event.onset_s, event.offset_s, event.trigger_s]);
  const text = JSON.stringify([session.data.session, session.data.model, events]);
  const sums = [2166136261, 3735928559];
  for (let at = 0; at < text.length; at++) {
    for (let k = 0; k < sums.length; k++) sums[k] = Math.imul(sums[k] ^ text.charCodeAt(at), 16777619);
  }
  return sums.map((sum) => (sum >>> 0).toString(36)).join("-");
}

// Storage is refused in sandboxed frames, and may be full.
function readStorage(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

function writeStorage(name, text) {
  try {
    localStorage.setItem(name, text);
    return true;
  } catch {
    return false;
  }
}
