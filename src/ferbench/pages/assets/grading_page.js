"use strict";
// Puts the page together on which events are graded without knowing whose they are.

function startGrading() {
  const items = pageData().items;
  const shown = gradingPlayer();
  const onSelect = [];
  const selectEvent = (index) => {
    shown.show(items[index]);
    askAbout(items[index]);
    for (const tell of onSelect) tell(index);
  };
  const session = {
    data: { session: "", participant: "", model: "" },
    events: items.map((item, id) => ({ ...item, id })),
    seek: shown.seek,
    selectEvent,
    onSelect,
  };
  drawBar(items, shown);
  addThemeButton(document.getElementById("theme"), () => {});
  const grading = addGrading(session, document.getElementById("grading"), { isBlind: true });
  handlePlayerKeys(shown, playerActions(shown, grading));
  selectEvent(nextUngraded(grading) ?? 0);
  return session;
}

function askAbout(item) {
  document.getElementById("question").textContent = `Is there ${item.label || "such an event"} in the hatched stretch, ${clockText(item.onset_s)} to ${clockText(item.offset_s)} of ${item.session}?`;
}

function drawBar(items, shown) {
  const bar = document.getElementById("video-bar");
  const button = (text, key, run) => element("button", { type: "button", onclick: run }, text, " ", element("kbd", { "aria-hidden": "true" }, key));
  const outside = [...new Set(items.filter((item) => !item.clip).map((item) => item.session))];
  if (outside.length) {
    const input = element("input", { type: "file", id: "video-file", accept: "video/*,.mkv,.avi,.mts", multiple: true, class: "unseen" });
    input.addEventListener("change", () => shown.open([...input.files], outside));
    const stays = element("span", { class: "faint" }, "They stay on this computer.");
    bar.append(input, element("label", { for: "video-file", class: "button" }, "Open the videos from disk…"), stays);
  }
  if (items.some((item) => item.clip)) bar.append(element("span", { class: "faint" }, "This page holds clips of the videos: keep it as you keep the videos."));
  bar.append(
    button("Play or pause", "Space", shown.playOrPause),
    button("Again", "a", shown.again),
    button("Back", "←", () => shown.step(-1)),
    button("On", "→", () => shown.step(1)),
    element("button", { type: "button", id: "help-open" }, "Keys ", element("kbd", { "aria-hidden": "true" }, "?")),
  );
  const strip = document.getElementById("window");
  strip.addEventListener("click", (event) => {
    const box = strip.getBoundingClientRect();
    const { from_s, to_s } = shown.item;
    shown.seek(from_s + ((event.clientX - box.left) / box.width) * (to_s - from_s));
  });
}

function playerActions(shown, grading) {
  const help = document.getElementById("help");
  const show = (index) => grading.session.events[index] && grading.session.selectEvent(index);
  const actions = [
    [" ", "Space", "play and pause", shown.playOrPause],
    ["a", "a", "play again from the beginning", shown.again],
    ["ArrowLeft", "←", `${STEP_S} s back`, () => shown.step(-1)],
    ["ArrowRight", "→", `${STEP_S} s on`, () => shown.step(1)],
    ["n", "n", "next event", () => show((grading.current ?? -1) + 1)],
    ["p", "p", "previous event", () => show((grading.current ?? 0) - 1)],
    ["?", "?", "these keys", () => (help.open ? help.close() : help.showModal())],
  ];
  document.getElementById("help-keys").prepend(...actions.map(([, name, does]) => keyRow(name, does)));
  document.getElementById("help-close").addEventListener("click", () => help.close());
  document.getElementById("help-open").addEventListener("click", () => help.showModal());
  return actions;
}

function handlePlayerKeys(shown, actions) {
  const keys = Object.fromEntries(actions.map(([key, , , run]) => [key, run]));
  document.addEventListener("keydown", (event) => {
    if (!(event.key in keys) || event.ctrlKey || event.metaKey || event.altKey || isWriting(event)) return;
    if (event.key === " " && event.target.matches("button, input, a")) return;
    event.preventDefault();
    keys[event.key]();
  });
}

var session = startGrading();
