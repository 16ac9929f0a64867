"use strict";
// What every page's scripts share: the data, numbers in base64, small elements, the theme.

function pageData() {
  return JSON.parse(document.getElementById("page-data").textContent);
}

function bytesFromBase64(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

// One byte per value: 0 is low, 254 is high, 255 is undefined (null, as uPlot wants it).
function valuesFromBase64(text, low, high) {
  const steps = bytesFromBase64(text);
  const values = new Array(steps.length);
  for (let at = 0; at < steps.length; at++) {
    values[at] = steps[at] === 255 ? null : low + (steps[at] / 254) * (high - low);
  }
  return values;
}

function floatsFromBase64(text) {
  return new Float64Array(bytesFromBase64(text).buffer);
}

// An element with attributes and children; a string becomes text, never markup.
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== null && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

// 3725.04 becomes 1:02:05.04
function clockText(seconds, digits = 2) {
  if (seconds === null || !Number.isFinite(seconds)) return "–";
  const sign = seconds < 0 ? "-" : "";
  const units = Math.round(Math.abs(seconds) * 10 ** digits);
  const whole = Math.floor(units / 10 ** digits);
  const part = digits ? "." + String(units % 10 ** digits).padStart(digits, "0") : "";
  const two = (value) => String(value).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  const head = hours ? `${hours}:${two(minutes)}` : String(minutes);
  return `${sign}${head}:${two(whole % 60)}${part}`;
}

function numberText(value, digits = 3) {
  return value === null || !Number.isFinite(value) ? "–" : value.toFixed(digits);
}

// The value of a CSS variable, for what is drawn on a canvas.
function cssColour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

// A number with its noun: 1 row, 2 rows.
function plural(count, noun) {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

// Light or dark as the system says, until the button of the page says otherwise.
function addThemeButton(parent, redraw) {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const button = element("button", { type: "button", class: "theme" });
  const name = () => (button.textContent = isDark() ? "Light" : "Dark");
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    name();
    redraw();
  });
  system.addEventListener("change", () => {
    name();
    redraw();
  });
  name();
  parent.append(button);
}
