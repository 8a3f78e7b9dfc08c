"use strict";

// The slider: two methods of one image, a divider between them.
const pictures = JSON.parse(document.getElementById("pictures").textContent);
const byId = (id) => document.getElementById(id);
const view = byId("view");
const divider = byId("divider");
let split = 50; // percent of the image's width that shows the left method

function show() {
  const image = pictures.images[byId("image").value];
  view.style.setProperty("--width", image.width);
  view.style.setProperty("--height", image.height);
  for (const side of ["left", "right"]) {
    const key = byId(side).value;
    const name = pictures.methods[key];
    const picture = byId(`${side}-image`);
    picture.src = image.methods[key].source;
    picture.alt = `${image.set} / ${image.image} by ${name}`;
    byId(`${side}-name`).textContent = name;
    const cells = byId(`${side}-scores`).children;
    cells[0].textContent = `${side === "left" ? "Left" : "Right"}: ${name}`;
    image.methods[key].scores.forEach((score, index) => {
      cells[index + 1].textContent = score;
    });
  }
  move(split);
}

function move(percent) {
  split = Math.min(100, Math.max(0, percent));
  view.style.setProperty("--split", `${split}%`);
  divider.setAttribute("aria-valuenow", Math.round(split));
  divider.setAttribute(
    "aria-valuetext",
    `${Math.round(split)}% ${byId("left-name").textContent}, the rest ${byId("right-name").textContent}`,
  );
}

// Where in the view a pointer is, in percent of its width and height.
function position(event) {
  const box = view.getBoundingClientRect();
  return {
    x: (100 * (event.clientX - box.left)) / box.width,
    y: (100 * (event.clientY - box.top)) / box.height,
  };
}

// Which point of an enlarged image stays where it is, in percent.
const pan = { x: 50, y: 50 };
function look(x, y) {
  pan.x = Math.min(100, Math.max(0, x));
  pan.y = Math.min(100, Math.max(0, y));
  view.style.setProperty("--pan-x", `${pan.x}%`);
  view.style.setProperty("--pan-y", `${pan.y}%`);
}

view.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  event.preventDefault(); // no selection of text, no dragging of the picture
  view.setPointerCapture(event.pointerId);
  divider.focus({ preventScroll: true });
  const { x, y } = position(event);
  look(x, y);
  move(x);
});
view.addEventListener("pointermove", (event) => {
  const { x, y } = position(event);
  look(x, y);
  if (view.hasPointerCapture(event.pointerId)) move(x);
});

const KEYS = {
  ArrowLeft: () => split - 2, ArrowDown: () => split - 2,
  ArrowRight: () => split + 2, ArrowUp: () => split + 2,
  PageDown: () => split - 10, PageUp: () => split + 10,
  Home: () => 0, End: () => 100,
};
const PANS = { ArrowLeft: [-5, 0], ArrowRight: [5, 0], ArrowUp: [0, -5], ArrowDown: [0, 5] };
divider.addEventListener("keydown", (event) => {
  if (event.shiftKey && event.key in PANS) {
    event.preventDefault();
    const [right, down] = PANS[event.key];
    return look(pan.x + right, pan.y + down);
  }
  if (!(event.key in KEYS) || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  move(KEYS[event.key]());
});

for (const id of ["image", "left", "right"]) byId(id).addEventListener("change", show);
byId("zoom").addEventListener("change", () => {
  view.style.setProperty("--zoom", byId("zoom").value);
  view.classList.toggle("enlarged", byId("zoom").value !== "1");
});
show();

// The legends of the curves: a run that is not ticked has no line.
for (const box of document.querySelectorAll(".legend input")) {
  box.addEventListener("change", () => {
    for (const line of box.closest(".group").querySelectorAll("[data-run]")) {
      if (line.dataset.run === box.value) line.toggleAttribute("hidden", !box.checked);
    }
  });
}
