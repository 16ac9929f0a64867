"use strict";
// The threshold's slider: events, matches and numbers were computed beforehand; here they are looked up.

function sessionSlider(model, onMove) {
  const slider = document.getElementById("slider");
  const own = document.getElementById("own");
  const levels = model.data.levels;
  slider.max = String(levels.length - 1);
  slider.value = String(model.data.own);
  slider.disabled = levels.length < 2;
  const note = document.getElementById("one-level");
  note.hidden = !model.data.one_level;
  note.textContent = model.data.one_level;
  const move = (position) => {
    slider.value = String(position);
    showPosition(model, position);
    onMove(position);
  };
  slider.addEventListener("input", () => move(Number(slider.value)));
  own.addEventListener("click", () => move(model.data.own));
  showPosition(model, model.data.own);
  return { move };
}

function showPosition(model, position) {
  const { levels, numbers, metrics, own } = model.data;
  const level = levelText(levels[position]);
  document.getElementById("own").disabled = position === own;
  document.getElementById("level").textContent = position === own ? `${level} (the run's)` : level;
  const values = numbers[position];
  const shown = metrics.filter((metric) => metric.name in values);
  const entries = shown.map((metric) => [metric.title, metricText(metric, values[metric.name])]);
  const pairs = entries.map(([title, text]) => element("div", {}, element("dt", {}, title), element("dd", {}, text)));
  document.getElementById("numbers").replaceChildren(...pairs);
  const spoken = entries.slice(0, 3).map(([title, text]) => `${title} ${text}`);
  document.getElementById("slider").setAttribute("aria-valuetext", [`threshold ${level}`, ...spoken].join(", "));
}

function metricText(metric, value) {
  return value === null ? "undefined" : numberText(value, metric.decimals);
}
