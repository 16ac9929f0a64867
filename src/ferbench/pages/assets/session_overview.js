"use strict";
// The whole session as a strip: the signal, what was found, and the stretch that is shown.

const STRIP = 64;

function drawOverview(canvas, model, view) {
  const context = sharpContext(canvas, view.width, STRIP);
  const colours = laneColours();
  const width = view.plotWidth();
  const pixelOf = (seconds) => LEFT + ((seconds - model.from_s) / (model.to_s - model.from_s)) * width;
  context.fillStyle = colours.faint;
  context.font = "12px system-ui, sans-serif";
  context.textAlign = "right";
  context.textBaseline = "middle";
  context.fillText("whole session", LEFT - 8, STRIP / 2);
  context.strokeStyle = colours.grid;
  context.strokeRect(LEFT - 0.5, 0.5, width + 1, STRIP - 1);
  context.drawImage(signalStrip(model, view, Math.floor(width)), LEFT, 0, Math.floor(width), STRIP);
  drawTicks(context, view, pixelOf, colours);
  drawShown(context, view, pixelOf, colours);
}

// The signals of the whole session; drawn once for each width.
function signalStrip(model, view, columns) {
  if (model.strip?.columns === columns) return model.strip.canvas;
  const canvas = document.createElement("canvas");
  const context = sharpContext(canvas, columns, STRIP);
  const whole = { from: model.from_s, to: model.to_s };
  const borders = columnBorders(model, whole, 0, model.starts.length - 1, columns);
  for (const curve of model.curves.filter((each) => each.isSignal)) {
    context.fillStyle = curve.colour;
    let before = [Infinity, -Infinity];
    for (let column = 0; column < columns; column++) {
      const [first, next] = [borders[column], borders[column + 1]];
      const isHeld = first === next; // no frame begins here: the one before is still on screen
      const [low, high] = extremes(curve.bytes, isHeld ? Math.max(first - 1, 0) : first, next);
      const ends = [high, low].map((byte) => STRIP - 14 - (byte / 254) * (STRIP - 28));
      const [upper, height] = joinedBar(ends, before, 1.5);
      if (high >= 0) context.fillRect(column, upper, 1, height);
      before = high < 0 ? [Infinity, -Infinity] : ends;
    }
  }
  model.strip = { columns, canvas };
  return canvas;
}

// Above: events, hits long and false alarms short; below: missed annotations.
function drawTicks(context, view, pixelOf, colours) {
  for (const event of view.found.events) {
    context.fillStyle = colours[STATES[event.state].colour];
    context.fillRect(pixelOf(event.onset_s) - 1, 2, 2, event.state === "hit" ? 11 : 6);
  }
  for (const annotation of view.found.annotations) {
    if (annotation.state !== "missed") continue;
    const x = pixelOf(annotation.onset_s);
    context.fillStyle = colours.missed;
    context.beginPath();
    polygon(context, [[x, STRIP - 12], [x + 4, STRIP - 3], [x - 4, STRIP - 3]]);
    context.fill();
  }
}

function drawShown(context, view, pixelOf, colours) {
  const [left, right] = [pixelOf(view.from), pixelOf(view.to)];
  context.fillStyle = colours.ink;
  context.globalAlpha = 0.14;
  context.fillRect(LEFT, 1, left - LEFT, STRIP - 2);
  context.fillRect(right, 1, view.width - RIGHT - right, STRIP - 2);
  context.globalAlpha = 1;
  context.strokeStyle = colours.ink;
  context.lineWidth = 2;
  context.strokeRect(left, 1, Math.max(right - left, 2), STRIP - 2);
  context.lineWidth = 1;
  const cursor = pixelOf(view.cursor);
  context.fillRect(cursor - 0.5, 0, 1, STRIP);
}

// A click brings a place to the middle; dragging from inside moves the stretch, from outside chooses one.
function handleOverview(canvas, model, view) {
  let drag = null;
  const secondsAt = (event) => {
    const x = event.clientX - canvas.getBoundingClientRect().left;
    const share = Math.min(Math.max((x - LEFT) / view.plotWidth(), 0), 1);
    return model.from_s + share * (model.to_s - model.from_s);
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    const at = secondsAt(event);
    const isWhole = view.to - view.from > 0.99 * (model.to_s - model.from_s);
    drag = { at, from: view.from, to: view.to, moves: isShown(view, at) && !isWhole, moved: false };
  });
  canvas.addEventListener("pointermove", (event) => {
    if (drag === null) return;
    const at = secondsAt(event);
    drag.moved = drag.moved || Math.abs(at - drag.at) > 0.004 * (model.to_s - model.from_s);
    if (!drag.moved) return;
    if (drag.moves) view.show(drag.from + at - drag.at, drag.to + at - drag.at);
    else view.show(Math.min(drag.at, at), Math.max(drag.at, at));
  });
  canvas.addEventListener("pointerup", () => {
    if (drag !== null && !drag.moved) {
      const half = (view.to - view.from) / 2;
      view.show(drag.at - half, drag.at + half);
    }
    drag = null;
  });
}
