"use strict";
// Charts are in the page as SVG with CSS colours, so a change of the theme redraws nothing.
addThemeButton(document.getElementById("top"), () => {});
