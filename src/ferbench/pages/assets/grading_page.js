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
  handlePlayerKeys(shown);
  const grading = addGrading(session, document.getElementById("grading"), { isBlind: true });
  selectEvent(nextUngraded(grading) ?? 0);
  return session;
}

function askAbout(item) {
  document.getElementById("question").textContent = `Is there ${item.label || "such an event"} in the hatched stretch, ${clockText(item.onset_s)} to ${clockText(item.offset_s)} of ${item.session}?`;
}

function drawBar(items, shown) {
  const bar = document.getElementById("video-bar");
  const button = (text, key, run) => element("button", { type: "button", onclick: run }, text, " ", element("kbd", { "aria-hidden": "true" }, key));
  if (items.some((item) => !item.clip)) {
    const input = element("input", { type: "file", id: "video-file", accept: "video/*,.mkv,.avi,.mts", multiple: true, class: "unseen" });
    input.addEventListener("change", () => shown.open([...input.files]));
    const stays = element("span", { class: "faint" }, "They stay on this computer.");
    bar.append(input, element("label", { for: "video-file", class: "button" }, "Open the videos from disk…"), stays);
  }
  bar.append(
    button("Play or pause", "Space", shown.playOrPause),
    button("Again", "a", shown.again),
    button("Back", "←", () => shown.step(-1)),
    button("On", "→", () => shown.step(1)),
  );
  const strip = document.getElementById("window");
  strip.addEventListener("click", (event) => {
    const box = strip.getBoundingClientRect();
    const { from_s, to_s } = shown.item;
    shown.seek(from_s + ((event.clientX - box.left) / box.width) * (to_s - from_s));
  });
}

function handlePlayerKeys(shown) {
  const keys = { " ": shown.playOrPause, a: shown.again, ArrowLeft: () => shown.step(-1), ArrowRight: () => shown.step(1) };
  document.addEventListener("keydown", (event) => {
    if (!(event.key in keys) || event.ctrlKey || event.metaKey || event.altKey || isWriting(event)) return;
    if (event.key === " " && event.target.matches("button, input, a")) return;
    event.preventDefault();
    keys[event.key]();
  });
}

var session = startGrading();
