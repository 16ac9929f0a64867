"use strict";
// Plays the fixed stretch around one event and nothing beyond it.

const STEP_S = 0.5;

function gradingPlayer() {
  const player = document.getElementById("player");
  const shown = { player, item: null, zero: 0, videos: new Map(), source: null, name: "" };
  shown.show = (item) => showItem(shown, item);
  shown.open = (files, sessions) => openVideos(shown, files, sessions);
  shown.again = () => playFrom(shown, shown.item?.from_s ?? 0);
  shown.seek = (seconds) => seekWithin(shown, seconds);
  shown.step = (steps) => seekWithin(shown, now(shown) + steps * STEP_S);
  shown.playOrPause = () => (player.paused ? playFrom(shown, isAtEnd(shown) ? shown.item.from_s : now(shown)) : player.pause());
  player.addEventListener("loadedmetadata", () => (player.videoWidth ? shown.item && playFrom(shown, shown.item.from_s) : tellUnplayable(shown)));
  player.addEventListener("error", () => shown.source && tellUnplayable(shown));
  const watch = () => {
    keepWithin(shown);
    requestAnimationFrame(watch);
  };
  watch();
  return shown;
}

function now(shown) {
  return shown.player.currentTime + shown.zero;
}

function isAtEnd(shown) {
  return shown.player.ended || now(shown) >= shown.item.to_s - 0.05;
}

function showItem(shown, item) {
  shown.item = item;
  shown.zero = item.clip ? item.from_s : 0;
  drawWindow(shown);
  const video = item.clip ? { url: item.clip, name: `The clip of ${item.session}` } : shown.videos.get(comparableName(item.session));
  const source = video?.url ?? null;
  shown.name = video?.name ?? "";
  if (source === shown.source && source !== null) return playFrom(shown, item.from_s);
  shown.source = source;
  shown.player.hidden = source === null;
  if (source === null) shown.player.removeAttribute("src");
  else shown.player.src = source;
  tellPlayer(shown, source === null ? `Open the video of ${item.session} from disk.` : "");
}

function playFrom(shown, seconds) {
  if (shown.source === null || shown.player.hidden || shown.player.readyState === 0) return;
  seekWithin(shown, seconds);
  shown.player.play().catch(() => {}); // a browser that wants a click first waits for Space
}

function seekWithin(shown, seconds) {
  if (shown.item === null || shown.source === null) return;
  const within = Math.min(Math.max(seconds, shown.item.from_s), shown.item.to_s);
  shown.player.currentTime = Math.max(within - shown.zero, 0);
}

// Stops at the end of what is shown, and never is before its beginning.
function keepWithin(shown) {
  const { item, player } = shown;
  if (item === null || shown.source === null) return;
  if (now(shown) > item.to_s) {
    player.pause();
    player.currentTime = item.to_s - shown.zero;
  } else if (now(shown) < item.from_s - 0.1 && player.readyState > 0 && !player.seeking) {
    player.currentTime = item.from_s - shown.zero;
  }
  const share = (now(shown) - item.from_s) / (item.to_s - item.from_s);
  document.getElementById("window-now").style.left = `${100 * Math.min(Math.max(share, 0), 1)}%`;
}

function drawWindow(shown) {
  const { item } = shown;
  const percent = (seconds) => 100 * Math.min(Math.max((seconds - item.from_s) / (item.to_s - item.from_s), 0), 1);
  const mark = document.getElementById("window-event");
  mark.style.left = `${percent(item.onset_s)}%`;
  mark.style.width = `${percent(item.offset_s) - percent(item.onset_s)}%`;
}

// A file is a session's where it is called like it, whatever the case and the ending.
function openVideos(shown, files, sessions) {
  const wanted = new Set(sessions.map(comparableName));
  const [taken, others] = [[], []];
  for (const file of files) {
    const name = comparableName(file.name.replace(/\.[^.]*$/, ""));
    (wanted.has(name) ? taken : others).push(file.name);
    if (!wanted.has(name)) continue;
    if (shown.videos.has(name)) URL.revokeObjectURL(shown.videos.get(name).url);
    shown.videos.set(name, { url: URL.createObjectURL(file), name: file.name });
  }
  const missing = sessions.filter((session) => !shown.videos.has(comparableName(session)));
  const told = [["Taken", taken], ["Not called like a session of this page", others], ["Still without a video", missing]];
  document.getElementById("video-note").textContent = told.filter(([, names]) => names.length).map(([what, names]) => `${what}: ${names.join(", ")}.`).join(" ");
  shown.source = null;
  if (shown.item) showItem(shown, shown.item);
}

function comparableName(text) {
  return text.normalize("NFC").trim().toLowerCase();
}

function tellUnplayable(shown) {
  shown.player.pause();
  shown.player.hidden = true;
  tellPlayer(shown, `${shown.name} cannot be played by this browser. A copy as MP4 with H.264 can.`);
}

function tellPlayer(shown, text) {
  document.getElementById("video-missing").textContent = text;
}
