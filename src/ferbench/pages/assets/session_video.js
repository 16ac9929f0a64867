"use strict";
// The video beside the curves. What ties both is the time that each shown frame has in the video
// itself (requestVideoFrameCallback), never a frame's number times a rate.

const OFF_S = 0.004;
const LENGTH_S = 1;
const TRIES = 8;
const SETTLED_MS = 40; // after which a player that sought has shown its last picture
const LATE_MS = 1000; // after which a player that sought shows no other picture

// onShown is called with the frame that is on screen: whenever another one is, and once a search ended.
// A file that is opened goes to where the cursor is.
function sessionVideo(model, onShown, cursor) {
  const player = document.getElementById("player");
  const clips = model.parts.map((part) => ({ url: part.clip, zero: null, name: part.file }));
  const video = { player, clips, part: -1, wanted: null, shown: null, mismatches: 0, onShown, cursor, soughtAt: 0, isFresh: false, timer: null };
  video.isOpen = (part) => Boolean(clips[part]?.url);
  const watch = (now, frame) => {
    player.requestVideoFrameCallback(watch); // first: what noteFrame seeks may come at once
    noteFrame(model, video, frame);
  };
  player.requestVideoFrameCallback(watch);
  player.addEventListener("seeked", () => settleSoon(model, video));
  player.addEventListener("error", () => tellUnplayable(video));
  player.addEventListener("loadedmetadata", () => player.videoWidth || tellUnplayable(video)); // sound alone
  player.addEventListener("durationchange", () => checkLength(model, video));
  player.addEventListener("ended", () => playNextPart(model, video));
  video.seek = (seconds) => seekVideo(model, video, seconds);
  video.open = (files) => openFiles(model, video, files);
  video.pause = () => player.pause();
  drawVideoBar(model, video);
  const first = clips.findIndex((clip) => clip.url);
  if (first >= 0) loadPart(model, video, first);
  return video;
}

function loadPart(model, video, part) {
  if (video.part === part) return;
  video.part = part;
  video.shown = null;
  video.mismatches = 0;
  tellVideo("length", "");
  tellVideo("frames", "");
  video.clips[part].zero = null;
  video.player.src = video.clips[part].url;
  document.getElementById("video-frame").hidden = false;
}

// A frame came on screen. The first one of a file is the first of the predictions, which tells where
// the player's zero is: files may begin at another time than 0, and players differ in what they make of it.
function noteFrame(model, video, { mediaTime, presentationTime }) {
  const clip = video.clips[video.part];
  if (clip === undefined) return;
  const part = model.parts[video.part];
  if (clip.zero === null) {
    clip.zero = mediaTime - part.edges[0];
    seekWanted(model, video);
  }
  const seconds = part.start_s + mediaTime - clip.zero;
  const frame = frameBeginningAt(model, video.part, seconds);
  const off = Math.abs(frame.from_s - seconds);
  if (off > OFF_S && off > 0.25 * (frame.to_s - frame.from_s)) video.mismatches++;
  if (video.mismatches === 3) tellVideo("frames", "This video's frames are at other times than those that were analysed: is it another file, or a converted copy?");
  if (video.shown === null) setTimeout(() => checkLength(model, video), 500);
  video.shown = frame;
  if (!video.isFresh && presentationTime >= video.soughtAt) {
    video.isFresh = true;
    if (video.timer !== null) settleSoon(model, video);
  }
  if (!video.player.paused) video.onShown(frame);
}

function seekVideo(model, video, seconds) {
  const frame = frameAt(model, seconds);
  if (frame === null || !video.isOpen(frame.part)) {
    if (!video.player.paused) video.player.pause();
    return;
  }
  const middle = (frame.from_s + Math.min(frame.to_s, frame.from_s + 1)) / 2;
  video.wanted = { ...frame, target_s: middle, tries: 0, early_s: null, late_s: null };
  if (video.part !== frame.part) loadPart(model, video, frame.part);
  else if (!video.player.seeking) seekWanted(model, video);
}

function seekWanted(model, video) {
  const { wanted, player } = video;
  if (wanted === null || wanted.part !== video.part || video.clips[video.part].zero === null) return;
  wanted.tries++;
  video.isFresh = false;
  video.soughtAt = performance.now();
  player.currentTime = wanted.target_s - model.parts[wanted.part].start_s + video.clips[wanted.part].zero;
}

// The end of a search and the picture that it found are told apart, in any order, on a busy machine
// one long after the other. Until both are there nothing can be said of what was found.
function settleSoon(model, video) {
  clearTimeout(video.timer);
  const settleNow = () => {
    video.timer = null;
    settle(model, video);
  };
  const isAwaited = !video.isFresh && video.wanted !== null && video.wanted.tries > 0;
  video.timer = setTimeout(settleNow, isAwaited ? LATE_MS : SETTLED_MS);
}

// A player that sought may show a neighbour of the frame that was wanted, where frames last differently
// long. What it shows is known, so it is asked again; what it shows at last is where the cursor goes.
function settle(model, video) {
  const { wanted, shown, player } = video;
  if (wanted === null || player.seeking) return;
  if (wanted.tries === 0) return seekWanted(model, video);
  const isThere = shown !== null && shown.row === wanted.row;
  if (!isThere && shown !== null && wanted.tries < TRIES) {
    if (video.isFresh) wanted.target_s = nextTarget(wanted, shown); // else nobody told what it shows
    return seekWanted(model, video);
  }
  video.wanted = null;
  if (shown !== null && !isThere) video.onShown(shown);
}

// Between a time that showed too early a frame and one that showed too late a one, or farther on.
function nextTarget(wanted, shown) {
  if (shown.row < wanted.row) wanted.early_s = wanted.target_s;
  else wanted.late_s = wanted.target_s;
  if (wanted.early_s !== null && wanted.late_s !== null) return (wanted.early_s + wanted.late_s) / 2;
  return wanted.target_s + wanted.from_s - shown.from_s;
}

function playNextPart(model, video) {
  const next = video.part + 1;
  if (!video.isOpen(next)) return;
  seekVideo(model, video, model.parts[next].from_s);
  video.player.addEventListener("loadeddata", () => video.player.play(), { once: true });
}

// Each file goes to the part that is named like it; a single file of a single part goes there anyway.
function openFiles(model, video, files) {
  const told = [];
  for (const file of files) {
    let part = model.parts.findIndex((each) => each.file === file.name);
    if (part < 0 && model.parts.length === 1) part = 0;
    else if (part < 0) part = video.clips.findIndex((clip) => !clip.url);
    if (part < 0) {
      told.push(`${file.name} is no part of this session: ${model.parts.map((each) => each.file).join(", ")}.`);
      continue;
    }
    const expected = model.parts[part].is_real_name ? model.parts[part].file : "";
    if (expected && expected !== file.name) told.push(`This page was made of ${expected}, not of ${file.name}.`);
    const clip = video.clips[part];
    if (clip.url.startsWith("blob:")) URL.revokeObjectURL(clip.url);
    Object.assign(clip, { url: URL.createObjectURL(file), zero: null, name: file.name });
    if (video.part === part) video.part = -1;
  }
  tellVideo("file", told.join(" "));
  const first = video.clips.findIndex((clip) => clip.url);
  if (first >= 0 && (video.part < 0 || !video.isOpen(video.part))) loadPart(model, video, first);
  seekVideo(model, video, video.cursor());
}

// The player's length against that of the frames that were analysed. A player may know better later.
function checkLength(model, video) {
  const clip = video.clips[video.part];
  if (!clip || clip.zero === null) return;
  const part = model.parts[video.part];
  const expected = part.edges[part.frames];
  const lasts = video.player.duration - clip.zero;
  const isLate = clip.zero > LENGTH_S && lasts < expected; // of such files Chromium underrates the length
  const isSame = !Number.isFinite(lasts) || isLate || Math.abs(lasts - expected) <= LENGTH_S + 0.01 * expected;
  const text = `${clip.name} lasts ${clockText(lasts)}, the video that was analysed ${clockText(expected)}: is it another one?`;
  tellVideo("length", isSame ? "" : text);
}

function tellUnplayable(video) {
  const name = video.clips[video.part]?.name || "This video";
  document.getElementById("video-frame").hidden = true;
  tellVideo("file", `${name} cannot be played by this browser. A copy as MP4 with H.264 can.`);
}

const videoNotes = { file: "", length: "", frames: "" };

function tellVideo(about, text) {
  videoNotes[about] = text;
  document.getElementById("video-note").textContent = Object.values(videoNotes).filter(Boolean).join(" ");
}

function playOrPause(video) {
  if (video.part < 0) tellVideo("file", "Open the video from disk first.");
  else if (video.player.paused) video.player.play();
  else video.player.pause();
}

function whichVideo(model) {
  const outside = model.parts.filter((part) => !part.clip);
  const told = outside.length < model.parts.length ? ["This page holds the video: keep it as you keep the video."] : [];
  const names = outside.map((part) => part.file).filter(Boolean).join(", ");
  if (outside.length) told.push(names ? `${names}: it stays on this computer.` : "It stays on this computer.");
  return told.join(" ");
}

function drawVideoBar(model, video) {
  const bar = document.getElementById("video-bar");
  const many = model.parts.length > 1;
  const input = element("input", { type: "file", id: "video-file", accept: "video/*,.mkv,.avi,.mts", multiple: many, class: "unseen" });
  input.addEventListener("change", () => video.open([...input.files]));
  const open = element("label", { for: "video-file", class: "button" }, many ? "Open the videos from disk…" : "Open the video from disk…");
  const play = element("button", { type: "button" }, "Play");
  play.addEventListener("click", () => playOrPause(video));
  for (const name of ["play", "pause"]) {
    video.player.addEventListener(name, () => (play.textContent = video.player.paused ? "Play" : "Pause"));
  }
  const speed = element("select", { "aria-label": "Speed" });
  for (const rate of [0.25, 0.5, 1, 2, 4]) {
    speed.append(element("option", { value: rate, selected: rate === 1 }, `${rate} ×`));
  }
  speed.addEventListener("change", () => (video.player.playbackRate = Number(speed.value)));
  const sound = element("button", { type: "button", "aria-pressed": "false" }, "Mute");
  sound.addEventListener("click", () => {
    video.player.muted = !video.player.muted;
    sound.setAttribute("aria-pressed", String(video.player.muted));
  });
  const hint = element("span", { class: "faint" }, whichVideo(model));
  bar.append(input, open, " ", play, " ", speed, " ", sound, " ", hint);
}
