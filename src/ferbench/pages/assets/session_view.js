"use strict";
// The stretch of time that is shown, the cursor, and how both are moved.

const LEFT = 132; // pixels beside the plot, where lanes have their names
const RIGHT = 24;
const SHORTEST_S = 0.05;

// redraw is called at most once per picture of the screen, however often things move.
function sessionView(model, redraw) {
  const view = {
    from: model.from_s,
    to: model.to_s,
    cursor: model.parts[0].from_s,
    hover: null,
    width: 0,
    position: model.data.own,
    selected: null,
    found: foundAt(model, model.data.own),
    pending: false,
  };
  view.redraw = () => {
    if (view.pending) return;
    view.pending = true;
    requestAnimationFrame(() => {
      view.pending = false;
      redraw();
    });
  };
  view.plotWidth = () => Math.max(view.width - LEFT - RIGHT, 10);
  view.pixelOf = (seconds) => LEFT + ((seconds - view.from) / (view.to - view.from)) * view.plotWidth();
  view.secondsOf = (pixel) => view.from + ((pixel - LEFT) / view.plotWidth()) * (view.to - view.from);
  view.show = (from, to) => {
    const span = Math.min(Math.max(to - from, SHORTEST_S), model.to_s - model.from_s);
    view.from = Math.min(Math.max(from, model.from_s), model.to_s - span);
    view.to = view.from + span;
    view.redraw();
  };
  view.pan = (seconds) => view.show(view.from + seconds, view.to + seconds);
  view.zoom = (factor, around) => {
    const middle = around ?? (isShown(view, view.cursor) ? view.cursor : (view.from + view.to) / 2);
    view.show(middle - (middle - view.from) * factor, middle + (view.to - middle) * factor);
  };
  view.whole = () => view.show(model.from_s, model.to_s);
  view.follow = (seconds) => {
    if (isShown(view, seconds)) return;
    const span = view.to - view.from;
    view.show(seconds - 0.1 * span, seconds + 0.9 * span);
  };
  view.bringUp = (from, to) => {
    const span = view.to - view.from;
    const wanted = Math.max(4 * (to - from), Math.min(span, 30));
    const middle = (from + to) / 2;
    if (from >= view.from && to <= view.to && to - from > 0.005 * span) return;
    view.show(middle - wanted / 2, middle + wanted / 2);
  };
  return view;
}

function isShown(view, seconds) {
  return seconds >= view.from && seconds <= view.to;
}

// Wheel zooms, with Shift it pans; dragging pans, with Shift it chooses a stretch; a click seeks.
function handlePointer(stage, band, view, onClick) {
  let drag = null;
  const place = (event) => event.clientX - stage.getBoundingClientRect().left;
  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    const sideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
    const turned = event.deltaX + event.deltaY;
    if (sideways) view.pan((turned / 600) * (view.to - view.from));
    else view.zoom(1.0015 ** turned, view.secondsOf(place(event)));
  }, { passive: false });
  stage.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    stage.setPointerCapture(event.pointerId);
    drag = { at: place(event), from: view.from, to: view.to, moved: false, chooses: event.shiftKey };
  });
  stage.addEventListener("pointermove", (event) => {
    const at = place(event);
    if (drag === null) {
      view.hover = at >= LEFT && at <= view.width - RIGHT ? view.secondsOf(at) : null;
      view.redraw();
      return;
    }
    drag.moved = drag.moved || Math.abs(at - drag.at) > 3;
    if (!drag.moved) return;
    if (drag.chooses) showBand(band, drag.at, at);
    else moveView(view, drag, at);
  });
  stage.addEventListener("pointerup", (event) => {
    if (drag === null) return;
    const [started, at] = [drag, place(event)];
    drag = null;
    band.hidden = true;
    if (!started.moved) return onClick(at, event.clientY);
    if (!started.chooses) return;
    const ends = [view.secondsOf(started.at), view.secondsOf(at)].sort((a, b) => a - b);
    view.show(...ends);
  });
  stage.addEventListener("pointerleave", () => {
    view.hover = null;
    view.redraw();
  });
}

function moveView(view, drag, at) {
  const moved = ((drag.at - at) / view.plotWidth()) * (drag.to - drag.from);
  view.show(drag.from + moved, drag.to + moved);
}

function showBand(band, one, other) {
  band.hidden = false;
  band.style.left = `${Math.min(one, other)}px`;
  band.style.width = `${Math.abs(one - other)}px`;
}

// A canvas as large as its place, with sharp pixels; its context in CSS pixels, cleared.
function sharpContext(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== wide || canvas.height !== high) {
    canvas.width = wide;
    canvas.height = high;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}
