// A search inside one version on a site of files: what is named otherwise is hidden. Without script the whole list stands there.
"use strict";
(() => {
  const form = document.getElementById("look"), input = document.getElementById("inside"), told = document.getElementById("told");
  const services = [...document.querySelectorAll(".service")].map((box) => ({
    box,
    name: box.querySelector("h3").firstChild.textContent.trim().toLowerCase(),
    fold: box.querySelector("details"),
    rows: [...box.querySelectorAll(".allowed > li")].map((row) => [row, row.querySelector("code").textContent.toLowerCase()]),
  }));
  const narrow = () => {
    const text = input.value.trim().toLowerCase();
    let actions = 0, boxes = 0;
    for (const { box, name, fold, rows } of services) {
      let here = 0;
      for (const [row, action] of rows) {
        row.hidden = !(name.includes(text) || action.includes(text));
        here += !row.hidden;
      }
      box.hidden = !here;
      if (fold) fold.open = Boolean(text && here);
      actions += here;
      boxes += Boolean(here);
    }
    const of = (count, word) => count + " " + word + (count === 1 ? "" : "s");
    told.textContent = !text ? "" : actions ? of(actions, "action") + " in " + of(boxes, "service") + "." : "Nothing in this version is named like that.";
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    narrow();
  });
  input.addEventListener("input", narrow);
  form.hidden = false;
})();
