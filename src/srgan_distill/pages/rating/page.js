"use strict";
// One picture at a time, never two beside each other: a rater who compares would be scoring the
// difference, and would soon know the sharpest one of each image.
//
// SESSION: id (hex); pictures [[file name, number of the image it shows], ...]; names, what each
// picture is, masked (see session.py) and read only when the ratings are saved.

const $ = (id) => document.getElementById(id);
const STORE = `rating-${SESSION.id}`;
const TOTAL = SESSION.pictures.length;

let state = recall(); // {session, changed, rater, scores: {picture: 1..5}, saved} or null
let order = []; // pictures in this rater's order
let position = 0;
let ready = false; // the picture is on the screen
let whole = false; // whether pictures that do not fit are to be seen in full, as the rater chose
let following = null; // the next picture, loaded ahead so that it comes at once

// Kept in two places: the tab's history outlives a reload in every browser; the browser's storage
// outlives the tab, but some give a page from disk none, and Chromium can be late with it.
// The later one counts; one of an earlier folder at this address is of other pictures.
function recall() {
  const own = history.state?.session === SESSION.id ? history.state : null;
  return laterThan(own) ?? own;
}

// What the storage holds, if it is of a later time.
function laterThan(own) {
  try {
    const kept = JSON.parse(localStorage.getItem(STORE));
    return kept?.changed > (own?.changed ?? 0) ? kept : null;
  } catch {
    return null;
  }
}

function remember() {
  if (state) state.changed = Date.now();
  history.replaceState(state, "");
  try {
    if (state) localStorage.setItem(STORE, JSON.stringify(state));
    else localStorage.removeItem(STORE);
  } catch {
    $("volatile").hidden = false;
  }
}

// Another tab has gone on meanwhile: so does this one, and writes nothing over it.
function isOvertaken() {
  const later = laterThan(state);
  if (!later) return false;
  state = later;
  history.replaceState(state, "");
  open();
  return true;
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) isOvertaken();
});

// ── The order ───────────────────────────────────────────────────────────────────────────────

// Numbers in [0, 1) that depend on the text alone (FNV-1a, then mulberry32): a rater's order is
// the same after a reload, and another for each rater.
function randomFrom(text) {
  let seed = 2166136261;
  for (const byte of new TextEncoder().encode(text)) seed = Math.imul(seed ^ byte, 16777619);
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), seed | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function shuffled(list, random) {
  const result = [...list];
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [result[i], result[j]] = [result[j], result[i]];
  }
  return result;
}

// Rounds in which every image comes once, in a random version and place, so that the same image
// never comes twice running (as BT.500 asks) and fatigue strikes all methods alike.
function orderFor(rater) {
  const random = randomFrom(`${SESSION.id} ${rater}`);
  const versions = new Map();
  for (const [picture, image] of SESSION.pictures) {
    versions.set(image, [...(versions.get(image) ?? []), picture]);
  }
  for (const [image, pictures] of versions) versions.set(image, shuffled(pictures, random));
  const result = [];
  let last = null;
  for (let round = 0; result.length < TOTAL; round++) {
    const images = shuffled(versions.keys(), random);
    if (images[0] === last) images.push(images.shift());
    for (const image of images) result.push(versions.get(image)[round]);
    last = images.at(-1);
  }
  return result;
}

// ── The screens ─────────────────────────────────────────────────────────────────────────────

function show(screen) {
  for (const id of ["start", "rate", "end"]) $(id).hidden = id !== screen;
  $("who").hidden = !state || state.saved;
  document.querySelectorAll(".rater").forEach((node) => (node.textContent = state?.rater ?? ""));
  document.querySelectorAll(".total").forEach((node) => (node.textContent = TOTAL));
}

function open() {
  if (!state) {
    show("start");
    $("rater").value = "";
    $("rater").focus();
    return;
  }
  order = orderFor(state.rater);
  const first = order.findIndex((picture) => !(picture in state.scores));
  goTo(first < 0 ? TOTAL : first);
}

function goTo(target) {
  position = Math.max(0, Math.min(target, TOTAL));
  if (position === TOTAL) return finish();
  const picture = order[position];
  show("rate");
  // A short empty gap, so that two versions are not seen to flicker into each other.
  ready = false;
  $("picture").classList.add("waiting");
  $("note").textContent = "";
  $("picture").src = `pictures/${picture}.png`;
  const rated = Object.keys(state.scores).length;
  $("progress").setAttribute("aria-valuenow", rated);
  $("progress").setAttribute("aria-valuemax", TOTAL);
  $("progress").firstElementChild.style.width = `${(100 * rated) / TOTAL}%`;
  $("count").textContent = `${position + 1} of ${TOTAL}`;
  $("back").disabled = position === 0;
  $("forward").disabled = !(picture in state.scores);
  for (const button of $("scale").children) {
    const given = Number(button.value) === state.scores[picture];
    button.classList.toggle("given", given);
    button.setAttribute("aria-pressed", given);
    button.blur();
  }
  following = new Image();
  if (position + 1 < TOTAL) following.src = `pictures/${order[position + 1]}.png`;
}

function finish() {
  show("end");
  $("done").hidden = $("review").hidden = state.saved;
  $("saved").hidden = $("next").hidden = !state.saved;
  $("file").textContent = fileName();
  $("save").textContent = state.saved ? "Save once more" : "Save my ratings";
  $("save").focus();
}

$("picture").addEventListener("load", () => {
  $("picture").classList.remove("waiting");
  ready = true;
  layOut();
});
$("picture").addEventListener("error", () => {
  $("note").textContent = "This picture is missing: please copy the whole folder, not only its page.";
});
window.addEventListener("resize", layOut); // zooming is one, too

// A pixel of the picture is a pixel of the screen, or a square of 2, 3, ... on a fine one: else the
// browser would smooth what there is to judge. Shrinking hides it: say so, and offer it in full.
function layOut() {
  if (!ready) return;
  const [picture, frame] = [$("picture"), $("frame")];
  const factor = Math.max(1, Math.floor(devicePixelRatio));
  const [width, height] = [picture.naturalWidth, picture.naturalHeight].map(
    (side) => (side * factor) / devicePixelRatio,
  );
  const fit = Math.min(1, frame.clientWidth / width, frame.clientHeight / height);
  const isWhole = whole && fit < 1;
  frame.classList.toggle("whole", isWhole);
  frame.tabIndex = isWhole ? 0 : -1; // what scrolls must be within a keyboard's reach
  picture.style.width = `${isWhole ? width : width * fit}px`;
  picture.classList.toggle("shrunk", fit < 1 && !isWhole);
  $("note").textContent = "";
  if (fit === 1) return;
  const button = document.createElement("button");
  button.textContent = isWhole ? "fit it to the window" : "show it in full";
  button.addEventListener("click", () => {
    whole = !whole;
    layOut();
    frame.focus();
  });
  const percent = Math.round(100 * fit);
  const size = isWhole ? "Shown in full: scroll, or " : `Shown at ${percent} % of its size: `;
  $("note").append(size, button);
}

// ── What the rater does ─────────────────────────────────────────────────────────────────────

function give(score) {
  if (!ready || isOvertaken()) return; // no score of what is not on the screen yet
  state.scores[order[position]] = score;
  remember();
  goTo(position + 1);
}

$("begin").addEventListener("submit", (event) => {
  event.preventDefault();
  const rater = $("rater").value.trim().replace(/\s+/g, " ");
  if (!rater) return;
  state = { session: SESSION.id, rater, scores: {}, saved: false };
  remember();
  open();
});
$("scale").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  // The second click of a double click would score the next picture, unseen.
  if (button && event.detail < 2) give(Number(button.value));
});
$("back").addEventListener("click", () => goTo(position - 1));
$("forward").addEventListener("click", () => goTo(position + 1));
$("review").addEventListener("click", () => goTo(TOTAL - 1));
$("restart").addEventListener("click", () => {
  if (confirm("Forget these scores and begin again?")) forget();
});
$("next").addEventListener("click", () => {
  if (confirm(`Is ${fileName()} in safe hands? The page forgets these ratings now.`)) forget();
});
$("save").addEventListener("click", save);

function forget() {
  state = null;
  remember();
  open();
}

document.addEventListener("keydown", (event) => {
  // A held key would score picture after picture.
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || !state || state.saved) return;
  const rating = !$("rate").hidden;
  if (/^Arrow/.test(event.key) && $("frame").classList.contains("whole")) return; // they scroll it
  if (rating && /^[1-5]$/.test(event.key)) {
    give(Number(event.key));
  } else if (event.key === "ArrowLeft" || event.key === "Backspace") {
    goTo(position - 1);
  } else if (rating && event.key === "ArrowRight" && order[position] in state.scores) {
    goTo(position + 1);
  } else {
    return;
  }
  event.preventDefault();
});

// ── The file ────────────────────────────────────────────────────────────────────────────────

// [[image, method], ...] in the order of SESSION.pictures.
function names() {
  const mask = SESSION.id.match(/../g).map((pair) => parseInt(pair, 16));
  const masked = Uint8Array.from(atob(SESSION.names), (character) => character.charCodeAt(0));
  const text = new TextDecoder().decode(masked.map((byte, i) => byte ^ mask[i % mask.length]));
  return JSON.parse(text);
}

function fileName() {
  const plain = state.rater.replace(/[^\p{L}\p{N}]+/gu, "_").replace(/^_+|_+$/g, "");
  return `ratings_${plain || "rater"}.csv`;
}

function asCsv() {
  const cell = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const known = names();
  const rows = SESSION.pictures.map(([picture], i) =>
    [state.rater, ...known[i], String(state.scores[picture])].map(cell).join(","));
  // By image and method: the order in which the pictures came is nobody's business.
  return ["rater,image,method,score", ...rows.sort()].join("\n") + "\n";
}

function save() {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([asCsv()], { type: "text/csv" }));
  link.download = fileName();
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  // The file says which method made what: whoever has seen it is no longer blind.
  state.saved = true;
  remember();
  finish();
}

open();
