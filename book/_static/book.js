// What the book's pages do: figures that move, terms that say what they mean, code to copy, and everything unfolded on paper. Loads nothing but pictures of the book.
"use strict";

function move(figure) {
  const frames = JSON.parse(figure.querySelector("script").textContent);
  const picture = figure.querySelector("img");
  const said = figure.querySelector(".said");
  const controls = [...figure.querySelectorAll("input, select")];
  const start = Number(figure.dataset.start);
  const starts = controls.map((one) => (one.tagName === "SELECT" ? one.selectedIndex : Number(one.value)));
  const count = (one) => (one.tagName === "SELECT" ? one.options.length : Number(one.max) + 1);
  let loaded = false;

  function show(place, aloud) {
    picture.src = frames.folder + frames.files[place];
    picture.alt = frames.says[place];
    if (aloud) said.textContent = frames.says[place];
  }
  function preload() {
    if (loaded) return;
    loaded = true;
    for (const file of frames.files) new Image().src = frames.folder + file;
  }
  function update(aloud) {
    let place = 0;
    controls.forEach((one) => {
      const value = one.tagName === "SELECT" ? one.selectedIndex : Number(one.value);
      place = place * count(one) + value;
      if (one.tagName === "INPUT") {
        const text = JSON.parse(one.dataset.says)[value];
        one.setAttribute("aria-valuetext", text);
        one.nextElementSibling.textContent = text;
      }
    });
    show(place, aloud);
  }
  controls.forEach((one, number) => {
    if (one.tagName === "INPUT") one.value = String(starts[number]);
    else one.selectedIndex = starts[number];
    one.addEventListener("input", () => update(false));
    one.addEventListener("change", () => update(true));
    one.addEventListener("focus", preload);
    one.addEventListener("pointerenter", preload);
  });
  figure.querySelector(".controls").hidden = false;
  window.addEventListener("beforeprint", () => show(start, false));
  window.addEventListener("afterprint", () => update(false));
}

function explainTerms() {
  const card = document.createElement("div");
  card.id = "term-card";
  card.setAttribute("role", "tooltip");
  card.hidden = true;
  document.body.append(card);
  let shown = null;
  let leaving = 0;

  function show(link) {
    clearTimeout(leaving);
    const name = document.createElement("b");
    name.textContent = link.textContent;
    card.replaceChildren(name, link.dataset.meaning);
    card.hidden = false;
    const box = link.getBoundingClientRect();
    const left = Math.min(box.left, document.documentElement.clientWidth - card.offsetWidth - 16);
    const below = box.bottom + 8 + card.offsetHeight < document.documentElement.clientHeight;
    card.style.left = `${Math.max(8, left) + window.scrollX}px`;
    card.style.top = `${(below ? box.bottom + 6 : box.top - card.offsetHeight - 6) + window.scrollY}px`;
    if (shown) shown.removeAttribute("aria-describedby");
    shown = link;
    link.setAttribute("aria-describedby", card.id);
  }
  function hide() {
    card.hidden = true;
    if (shown) shown.removeAttribute("aria-describedby");
    shown = null;
  }
  const hideSoon = () => { clearTimeout(leaving); leaving = setTimeout(hide, 200); }; // time to move onto the card
  for (const link of document.querySelectorAll("a.term")) {
    link.addEventListener("mouseenter", () => show(link));
    link.addEventListener("focus", () => show(link));
    link.addEventListener("mouseleave", hideSoon);
    link.addEventListener("blur", hideSoon);
    // Without a pointer that hovers, the first tap shows the meaning and the second follows the link.
    let wasShown = false;
    link.addEventListener("pointerdown", () => { wasShown = shown === link; });
    link.addEventListener("click", (event) => {
      if (!matchMedia("(hover: none)").matches || wasShown) return;
      event.preventDefault();
      show(link);
    });
  }
  card.addEventListener("mouseenter", () => clearTimeout(leaving));
  card.addEventListener("mouseleave", hideSoon);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
}

// Code to run elsewhere; what it prints has no button. A page from a place that the browser doesn't trust may not write to the clipboard.
function offerCopies() {
  if (!navigator.clipboard) return;
  for (const box of document.querySelectorAll("article .highlight")) {
    if (box.closest(".cell_output")) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(box.querySelector("pre").textContent);
      button.textContent = "Copied";
      button.classList.add("done");
      setTimeout(() => { button.textContent = "Copy"; button.classList.remove("done"); }, 2000);
    });
    box.append(button);
  }
}

// What is wider than the page scrolls, so the keyboard has to reach it.
function reachScrolling() {
  for (const one of document.querySelectorAll("article pre, article div.math, .table-wrapper")) {
    if (one.scrollWidth > one.clientWidth + 1) {
      one.tabIndex = 0;
      if (one.tagName !== "PRE") { one.setAttribute("role", "group"); one.setAttribute("aria-label", one.matches(".math") ? "Formula" : "Table"); }
    } else {
      one.removeAttribute("tabindex");
    }
  }
}

function unfoldOnPaper() {
  const folded = new Set();
  window.addEventListener("beforeprint", () => {
    for (const one of document.querySelectorAll("article details:not([open])")) { folded.add(one); one.open = true; }
    for (const one of document.querySelectorAll("article img[loading]")) one.loading = "eager";
  });
  window.addEventListener("afterprint", () => { for (const one of folded) one.open = false; folded.clear(); });
}

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("figure.moving").forEach(move);
  explainTerms();
  offerCopies();
  unfoldOnPaper();
  reachScrolling();
  window.addEventListener("load", reachScrolling);
  window.addEventListener("resize", reachScrolling);
  document.addEventListener("toggle", reachScrolling, true);
});
