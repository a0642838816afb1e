// The page for marking: keeps what the server said, sends each change at once, and says when it is saved.

const $ = id => document.getElementById(id);
const make = (tag, attributes = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), attributes);
  made.append(...children);
  return made;
};
const show = points => String(+Number(points).toFixed(3));

let room = {questions: []};
let number = 0; // the question that is shown, from 0
let question = null;
let cards = []; // its answers, in order
let current = null;
let editing = false; // the rubric
let drawn = ""; // what the rubric looked like when it was last drawn
const undone = [];
const waiting = new Map(); // changes to send, by the answer's key; a later one takes the place of an earlier one
let sending = false;

// --- the server ------------------------------------------------------------------------------------

async function ask(path, body) {
  const options = body ? {method: "POST", headers: {"X-Marking": "1"}, body: JSON.stringify(body)} : {};
  const reply = await fetch(`/api/questions${path}`, options);
  const text = await reply.text();
  let found;
  try { found = JSON.parse(text); } catch { found = {error: text}; }
  return {status: reply.status, found};
}

function say(text, trouble = false) {
  $("saved").textContent = text;
  $("saved").classList.toggle("trouble", trouble);
}

function notice(text) {
  const line = make("p", {}, text);
  const close = make("button", {type: "button", textContent: "×", onclick: () => line.remove()});
  close.setAttribute("aria-label", "Close");
  line.append(close);
  if (![...$("notices").children].some(one => one.textContent === line.textContent)) $("notices").append(line);
}

const clock = () => new Date().toLocaleTimeString([], {hour: "2-digit", minute: "2-digit", second: "2-digit"});

async function drain() {
  if (sending) return;
  sending = true;
  while (waiting.size) {
    const [key, change] = waiting.entries().next().value;
    waiting.delete(key);
    say("Saving…");
    try {
      const {card, want} = change;
      const {status, found} = await ask(`/${change.number}/mark`, {...want, key, revision: card.revision});
      if (status === 200) {
        if (waiting.has(key)) card.revision = found.revision;
        else Object.assign(card, found);
        if (!waiting.size) say(`Saved ${clock()}`);
      } else if (status === 409) {
        waiting.delete(key);
        Object.assign(card, found.conflict);
        card.conflict = want;
        say("Not saved: somebody changed this mark.", true);
        if (cards.includes(card)) choose(card);
      } else if (status === 400 || status === 403) {
        notice(found.error);
        say("Not saved.", true);
        await refresh(true);
      } else throw new Error(found.error);
      redraw(card);
    } catch (error) {
      if (!waiting.has(key)) waiting.set(key, change);
      say(`Not saved yet: ${error instanceof TypeError ? "the server doesn't answer" : error.message} Trying again…`, true);
      await new Promise(done => setTimeout(done, 2000));
    }
  }
  sending = false;
  count();
}

// --- marks -----------------------------------------------------------------------------------------

function score(want) {
  const points = new Map(question.rubric.items.map(item => [item.id, item.points]));
  const sum = want.items.reduce((total, item) => total + (points.get(item) ?? 0), question.rubric.start + want.adjust);
  return Math.min(Math.max(sum, 0), question.points);
}

const keep = card => ({items: [...card.items], adjust: card.adjust, given: card.given, comment: card.comment});

function change(card, want, remember = true) {
  const before = keep(card), after = {...before, ...want};
  if (remember) undone.push({number, changes: [{card, before}]});
  Object.assign(card, after, {
    score: after.given ? score(after) : null,
    status: after.given ? "marked" : card.status === "not attempted" ? card.status : "waiting",
    elsewhere: false,
    by: after.given ? room.marker : "",
  });
  card.conflict = null;
  waiting.set(card.key, {card, want: after, number});
  redraw(card);
  count();
  drain();
}

function toggle(place) {
  const item = question.rubric.items[place];
  if (!current || !item) return;
  const items = current.items.includes(item.id) ? current.items.filter(one => one !== item.id) : [...current.items, item.id];
  const adjust = current.elsewhere ? 0 : current.adjust; // a mark of formgrader's gives way to the rubric's
  change(current, {items, adjust, given: true});
}

function spread() {
  if (!current || !current.given) return;
  const others = cards.filter(card => card.group === current.group && card !== current && card.status === "waiting");
  if (!others.length) return say("No other answer of this group waits.");
  undone.push({number, changes: others.map(card => ({card, before: keep(card)}))});
  const want = keep(current);
  for (const card of others) change(card, {...want, comment: card.comment || want.comment}, false);
  say(`Gave the same mark to ${others.length} more of the group (u takes it back).`);
}

async function undo() {
  const last = undone.pop();
  if (!last) return say("Nothing to undo.");
  if (last.number !== number) await open(last.number);
  if (last.rubric) return saveRubric(last.rubric, false);
  for (const {card, before} of last.changes) change(cards.find(one => one.key === card.key) ?? card, before, false);
  const card = cards.find(one => one.key === last.changes[0].card.key);
  if (card) choose(card);
}

function take(place) {
  const mark = current?.marks[place];
  if (!mark || current.status !== "disputed" && !current.elsewhere) return;
  const adjust = mark.marker === "formgrader" ? mark.adjust - question.rubric.start : mark.adjust;
  undone.push({number, changes: [{card: current, before: keep(current)}]});
  change(current, {items: [...mark.items], adjust, given: true, comment: mark.comment, settles: true}, false);
}

// --- the rubric ------------------------------------------------------------------------------------

async function saveRubric(rubric, remember = true) {
  const before = {start: question.rubric.start, items: question.rubric.items.map(item => ({...item}))};
  say("Saving…");
  let reply;
  try {
    reply = await ask(`/${number}/rubric`, {rubric, revision: question.rubric.revision});
  } catch {
    return say("The rubric is not saved: the server doesn't answer. Change it again.", true);
  }
  const {status, found} = reply;
  if (status === 200) {
    if (remember) undone.push({number, rubric: before});
    question.proposed = null;
    merge(found);
    for (const text of found.warnings) notice(text);
    say(`Saved ${clock()}; all marks follow.`);
  } else if (status === 409) {
    notice("Somebody else changed the rubric meanwhile. This is theirs; change it again if it isn't what you want.");
    Object.assign(question.rubric, found.conflict.rubric);
    say("The rubric is not saved.", true);
    await refresh(true);
  } else {
    notice(found.error);
    say("The rubric is not saved.", true);
  }
  drawDesk();
}

function readRubric() {
  const rows = [...$("items").querySelectorAll("li")];
  const items = rows.map(row => ({
    id: row.dataset.id,
    text: row.querySelector("input.words").value.trim(),
    points: Number(row.querySelector("input.worth").value) || 0,
  }));
  return {start: Number($("start")?.value) || 0, items: items.filter(item => item.text)};
}

function newId() {
  const used = new Set(question.rubric.items.map(item => item.id));
  let place = question.rubric.items.length + 1;
  while (used.has(`i${place}`) || document.querySelector(`[data-id="i${place}"]`)) place++;
  return `i${place}-${Math.random().toString(36).slice(2, 6)}`; // two markers may add one at the same time
}

function drawItems() {
  const list = $("items"), uses = question.rubric.uses ?? {};
  const state = JSON.stringify([number, editing, question.rubric]);
  if (editing && state === drawn) return;
  drawn = state;
  const focused = editing && document.activeElement?.closest("#items li")?.dataset.id;
  const field = document.activeElement?.className;
  list.replaceChildren();
  question.rubric.items.forEach((item, place) => {
    const worth = `${item.points > 0 ? "+" : ""}${show(item.points)}`;
    if (editing) return list.append(editRow(item, uses[item.id] ?? 0));
    const button = make("button", {type: "button", className: "item", onclick: () => toggle(place)},
      make("kbd", {}, place < 9 ? String(place + 1) : " "), make("span", {className: "words"}, item.text),
      make("span", {className: "worth"}, worth));
    button.setAttribute("aria-pressed", String(Boolean(current?.given && current.items.includes(item.id))));
    list.append(make("li", {}, button));
  });
  if (focused) list.querySelector(`li[data-id="${focused}"] input.${field}`)?.focus();
  drawTools();
}

function editRow(item, uses) {
  const save = () => saveRubric(readRubric());
  const worth = make("input", {type: "number", step: "any", className: "worth", value: item.points, onchange: save});
  const words = make("input", {className: "words", value: item.text, onchange: save});
  const remove = make("button", {type: "button", textContent: "×", title: "Remove"});
  worth.setAttribute("aria-label", "Points");
  words.setAttribute("aria-label", "Words of the item");
  remove.setAttribute("aria-label", "Remove the item");
  remove.onclick = () => {
    if (uses && remove.textContent === "×") return void (remove.textContent = `Remove from ${uses} marks?`);
    const rubric = readRubric();
    saveRubric({...rubric, items: rubric.items.filter(one => one.id !== item.id)});
  };
  const row = make("li", {}, worth, words, remove);
  row.dataset.id = item.id;
  return row;
}

function drawTools() {
  const tools = $("rubric-tools");
  tools.replaceChildren();
  if (editing) {
    const add = make("button", {type: "button", textContent: "Add an item", onclick: () => {
      $("items").append(editRow({id: newId(), text: "", points: 1}, 0));
      $("items").lastChild.querySelector("input.worth").select();
    }});
    const start = make("input", {id: "start", type: "number", step: "any", className: "worth", value: question.rubric.start, onchange: () => saveRubric(readRubric())});
    start.style.width = "68px";
    const end = make("button", {type: "button", onclick: () => edit(false)}, "Done ", make("kbd", {}, "Esc"));
    tools.append(make("p", {className: "row"}, add, make("label", {}, "Points at the start ", start), end));
  } else if (question.proposed?.items.length) {
    const use = make("button", {type: "button", onclick: () => saveRubric(question.proposed)},
      `Use the mark scheme's ${question.proposed.items.length} items `, make("kbd", {}, "y"));
    tools.append("No rubric yet. ", use, " or write one: ", make("kbd", {}, "e"));
  } else {
    const start = question.rubric.start ? `Starts at ${show(question.rubric.start)} points. ` : "";
    tools.append(start, question.rubric.items.length ? "Edit the rubric: " : "No rubric yet. Write one: ", make("kbd", {}, "e"));
  }
}

function edit(on) {
  if (editing && !on) document.activeElement?.blur(); // saves what was being typed
  editing = on;
  drawn = "";
  drawItems();
  if (!on) return current && focus(current);
  if (!question.rubric.items.length) $("rubric-tools").querySelector("button").click();
  else $("items").querySelector("input.worth").select();
}

// --- drawing ---------------------------------------------------------------------------------------

function tags(card) {
  const found = [];
  if (card.status === "disputed") found.push("markers disagree");
  if (card.conflict) found.push("not saved: changed by somebody else");
  if (card.changed) found.push(card.status === "marked" ? "resubmitted" : "changed since its mark");
  if (card.elsewhere) found.push(card.score === null ? "taken back in formgrader" : "set in formgrader");
  return found.map(text => make("span", {className: "tag"}, text));
}

function redraw(card) {
  const element = card.element;
  if (element) {
    element.className = card.status.replace(" ", "-");
    const words = new Map((question?.rubric.items ?? []).map(item => [item.id, item.text]));
    const points = card.score === null || card.score === undefined ? card.status === "disputed" ? "no mark yet" : card.status : `${show(card.score)} / ${show(question.points)}`;
    const by = card.by && card.by !== room.marker ? `by ${card.by}` : "";
    element.querySelector(".top").replaceChildren(make("b", {}, card.name), ...tags(card), by,
      make("span", {className: card.score === null ? "points none" : "points"}, points));
    const ticked = card.given ? card.items.map(item => words.get(item) ?? item).join(" · ") : "";
    element.querySelector(".given").textContent = [ticked, card.comment && `“${card.comment}”`].filter(Boolean).join(" — ");
  }
  if (card === current) drawDesk();
}

function drawDesk() {
  drawItems();
  const title = $("score");
  title.replaceChildren();
  if (!current) return title.append(cards.length ? "No answer is chosen" : "");
  const points = current.score === null ? "–" : show(current.score);
  title.append(`${points} / ${show(question.points)} `, make("small", {}, question.extra ? "extra points" : "points"), make("small", {}, ` · ${current.name}`));
  if (document.activeElement !== $("comment")) $("comment").value = current.comment;
  if (document.activeElement !== $("adjust")) $("adjust").value = current.adjust ? show(current.adjust) : "";
  drawOthers();
  drawConflict();
  drawReuse();
}

function words(mark) {
  const known = new Map(question.rubric.items.map(item => [item.id, item.text]));
  return mark.items.map(item => known.get(item) ?? item).join(" · ");
}

function drawOthers() {
  const box = $("others");
  box.replaceChildren();
  if (current.status !== "disputed" && !(current.elsewhere && current.marks.length)) return;
  box.append(current.status === "disputed" ? "The markers disagree. Take one's mark, or tick your own:" : "The gradebook was changed in formgrader. Given here:");
  current.marks.forEach((mark, place) => {
    const label = `${mark.marker}: ${show(mark.score)} ${words(mark) && `(${words(mark)})`} `;
    box.append(make("p", {className: "row"}, make("button", {type: "button", onclick: () => take(place)}, label, make("kbd", {}, [",", "."][place] ?? ""))));
  });
}

function drawConflict() {
  const box = $("conflict"), card = current, want = card.conflict;
  box.hidden = !want;
  if (!want) return;
  const theirs = card.score === null ? "no mark" : `${show(card.score)} points`;
  const mine = want.given ? `${show(score(want))} points` : "no mark";
  const keepTheirs = make("button", {type: "button", onclick: () => settle(card, false)}, "Keep theirs ", make("kbd", {}, ","));
  const putMine = make("button", {type: "button", onclick: () => settle(card, true)}, "Put mine ", make("kbd", {}, "."));
  box.replaceChildren(
    make("p", {}, `Somebody changed this mark while you did. Theirs${card.by ? ` (${card.by})` : ""}: ${theirs}${card.comment ? `, “${card.comment}”` : ""}. Yours: ${mine}${want.comment ? `, “${want.comment}”` : ""}.`),
    make("p", {className: "row"}, keepTheirs, putMine));
}

function settle(card, mine) {
  const want = card.conflict;
  card.conflict = null;
  say("");
  if (mine) change(card, want);
  else redraw(card);
}

function drawReuse() {
  const typed = document.activeElement === $("comment") ? $("comment").value.trim().toLowerCase() : "";
  const uses = new Map();
  for (const card of cards) if (card.comment && card !== current) uses.set(card.comment, (uses.get(card.comment) ?? 0) + 1);
  const fits = [...uses].filter(([text]) => text.toLowerCase().includes(typed) && text !== current.comment);
  fits.sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  $("reuse").replaceChildren(...fits.slice(0, 5).map(([text, count], place) => {
    const button = make("button", {type: "button", title: text, onclick: () => reuse(text)}, make("kbd", {}, `Alt ${place + 1}`), ` ${text} `, make("small", {}, `×${count}`));
    button.dataset.text = text;
    return make("li", {}, button);
  }));
}

function reuse(text) {
  if (!text || !current) return;
  const own = $("comment").value.trim();
  const typing = document.activeElement === $("comment") && text.toLowerCase().startsWith(own.toLowerCase());
  $("comment").value = own && !typing && own !== text ? `${own}\n${text}` : text;
  saveComment();
}

let started = null; // the comment as it was when typing began
function saveComment() {
  clearTimeout(saveComment.timer);
  if (!current || $("comment").value.trim() === current.comment) return;
  const first = started === null || started.card !== current;
  if (first) started = {card: current};
  change(current, {comment: $("comment").value.trim()}, first);
}

function visible() { return cards.filter(card => !card.element.hidden); }

function choose(card) {
  if (current && current !== card) {
    saveComment();
    started = null;
    current.element?.removeAttribute("aria-current");
  }
  current = card;
  if (card) {
    card.element.hidden = false;
    card.element.setAttribute("aria-current", "true");
    focus(card);
  }
  drawn = "";
  drawDesk();
}

function focus(card) {
  card.element.focus({preventScroll: true});
  card.element.scrollIntoView({block: "nearest"});
}

function move(step, fits = () => true) {
  const every = visible();
  let place = every.indexOf(current);
  do place += step; while (every[place] && !fits(every[place]));
  if (every[place]) choose(every[place]);
  else say(step > 0 ? "There is no further one." : "This is the first one.");
}

function sift() {
  const kind = $("filter").value, words = $("search").value.trim().toLowerCase();
  for (const card of cards) {
    const fits = kind === "all" || card.status === kind || kind === "changed" && card.changed || kind === "elsewhere" && card.elsewhere;
    const text = `${card.name} ${card.comment} ${card.element.textContent}`.toLowerCase();
    card.element.hidden = !(fits && (!words || text.includes(words)));
  }
  for (const title of $("answers").querySelectorAll("h3"))
    title.hidden = !cards.some(card => String(card.group) === title.dataset.group && !card.element.hidden);
  const every = visible();
  $("none")?.remove();
  if (!every.length) $("answers").append(make("p", {id: "none", className: "empty"}, cards.length ? "No answer fits." : "Nobody has handed in an answer that could be graded."));
  if (!every.includes(current)) choose(every[0] ?? null);
}

function count() {
  const counted = {waiting: 0, marked: 0, disputed: 0, "not attempted": 0};
  for (const card of cards) counted[card.status]++;
  const total = cards.length - counted["not attempted"];
  $("progress").value = total ? counted.marked / total : 1;
  $("counts").textContent = [`${counted.marked} of ${total} marked`, counted.disputed && `${counted.disputed} disputed`,
    counted["not attempted"] && `${counted["not attempted"]} not attempted`].filter(Boolean).join(" · ");
  const own = $("question").options[number];
  if (own) own.textContent = label({...room.questions[number], ...counted}, number);
}

const label = (one, place) => `${place + 1}. ${one.chapter} · ${one.title} (${one.marked} of ${one.marked + one.waiting + one.disputed})`;

function drawAnswers() {
  const groups = new Map();
  for (const card of cards) groups.set(card.group, (groups.get(card.group) ?? 0) + 1);
  const list = $("answers");
  list.replaceChildren();
  let last = -1;
  for (const card of cards) {
    if (card.group !== last) {
      last = card.group;
      const size = groups.get(last), nobody = card.status === "not attempted" && last === Math.max(...groups.keys());
      const title = make("h3", {}, nobody ? `Not attempted: ${size}` : size > 1 ? `Group ${last + 1}: ${size} like answers` : `Group ${last + 1}: one answer`);
      title.dataset.group = last;
      list.append(title);
    }
    const text = make("div", {className: "text"});
    text.innerHTML = card.html || "<em>Nothing was written.</em>"; // cleaned by the server
    const element = make("article", {tabIndex: -1, onclick: () => card !== current && choose(card)},
      make("div", {className: "top"}), text, make("div", {className: "given"}));
    element.setAttribute("aria-label", card.name);
    if (card.earlier) element.append(drawEarlier(card.earlier));
    card.element = element;
    list.append(element);
  }
}

function drawEarlier(earlier) {
  const box = make("div", {className: "earlier"});
  const says = [earlier.items.join(" · "), earlier.comment && `“${earlier.comment}”`].filter(Boolean).join(" — ");
  box.append(`An earlier answer had ${show(earlier.score)} points${says ? `: ${says}` : ""}.`);
  if (earlier.difference === null) box.append(" Its text wasn't kept.");
  else {
    const text = make("div", {className: "diff"});
    text.innerHTML = earlier.difference; // escaped by the server
    box.append(text);
  }
  return box;
}

function drawAgreement() {
  const box = $("agreement").querySelector(".text");
  $("agreement").hidden = !question.agreement.length;
  box.replaceChildren(...question.agreement.map(one => {
    const [a, b] = one.markers, number = value => value === null ? "not defined" : show(value);
    const stricter = one.difference ? ` ${one.difference < 0 ? a : b} is stricter by ${show(Math.abs(one.difference))} points on average.` : "";
    return make("p", {}, `${a} and ${b}: ${one.count} answers marked by both, ${number(one.percent)} % with the same points. Cohen's kappa ${number(one.kappa)}, weighted ${number(one.weighted)}.${stricter}`);
  }));
}

// --- loading ---------------------------------------------------------------------------------------

function merge({states, rubric, agreement}) {
  Object.assign(question, {rubric, agreement});
  const known = new Map(cards.map(card => [card.key, card]));
  for (const state of states) {
    const card = known.get(state.key);
    if (!card) continue;
    if (card.digest !== state.digest) return open(number); // it was handed in again
    if (card.revision === state.revision || waiting.has(card.key)) {
      if (!waiting.has(card.key) && card.score !== state.score) { Object.assign(card, state); redraw(card); }
      continue;
    }
    if (card === current && $("comment").value.trim() !== card.comment) continue; // being typed: a conflict if it is sent
    Object.assign(card, state);
    card.element.classList.add("flash");
    redraw(card);
    card.element.classList.add("flash");
  }
  for (const card of cards) redraw(card);
  drawAgreement();
  count();
}

async function refresh(force = false) {
  if (!question || document.hidden || !force && (sending || waiting.size || editing)) return;
  const asked = number;
  try {
    const {status, found} = await ask(`/${number}/states`);
    if (status === 200 && asked === number && (force || !sending && !waiting.size)) merge(found);
  } catch { say("The server doesn't answer. Is 'course mark' still running?", true); }
}

async function open(place) {
  saveComment();
  const keepKey = place === number ? current?.key : null;
  number = place;
  const {status, found} = await ask(`/${place}/all`);
  if (status !== 200) return notice(found.error);
  question = found;
  cards = found.answers;
  current = null;
  editing = false;
  history.replaceState(null, "", `#${place + 1}`);
  document.title = `${found.title} · Marking`;
  $("question").selectedIndex = place;
  for (const name of ["asked", "model", "scheme", "tests"]) {
    $(name).hidden = !found[name];
    $(name).querySelector(".text").innerHTML = found[name]; // cleaned by the server
  }
  for (const text of found.warnings) notice(text);
  drawAnswers();
  for (const card of cards) redraw(card);
  drawAgreement();
  sift();
  choose(cards.find(card => card.key === keepKey) ?? visible().find(card => card.status === "waiting") ?? visible()[0] ?? null);
  count();
}

// --- keys ------------------------------------------------------------------------------------------

const keys = {
  j: () => move(1), k: () => move(-1), w: () => move(1, card => card.status === "waiting" || card.status === "disputed"),
  n: () => number + 1 < room.questions.length ? open(number + 1) : say("This is the last question."),
  b: () => number ? open(number - 1) : say("This is the first question."),
  0: () => current && change(current, {items: [], adjust: 0, given: true}),
  x: () => current && change(current, {items: [], adjust: 0, given: false}),
  g: spread, u: undo, e: () => edit(true),
  y: () => question.proposed?.items.length && saveRubric(question.proposed),
  c: () => current && $("comment").focus(), p: () => current && $("adjust").select(), "/": () => $("search").focus(),
  f: () => { $("filter").selectedIndex = ($("filter").selectedIndex + 1) % $("filter").length; sift(); },
  m: () => fold("model"), s: () => fold("scheme"), q: () => fold("asked"), t: () => fold("tests"),
  ",": () => take(0), ".": () => take(1), "?": () => $("help").showModal(),
};
const fold = name => { $(name).open = !$(name).open; };

document.addEventListener("keydown", event => {
  const field = event.target.closest("input, textarea, select");
  if ($("help").open || !question) return;
  if (field === $("comment") && event.altKey && /^Digit[1-5]$/.test(event.code)) {
    event.preventDefault();
    return reuse($("reuse").querySelectorAll("button")[Number(event.code.slice(5)) - 1]?.dataset.text);
  }
  if (event.key === "Escape" && (field || editing)) {
    if (field === $("search")) { field.value = ""; sift(); }
    field?.blur();
    if (editing) return edit(false);
    return current && focus(current);
  }
  if (event.key === "Enter" && field && (field.tagName === "INPUT" || event.ctrlKey || event.metaKey)) {
    field.blur();
    if (editing) return;
    return current && focus(current);
  }
  if (field || event.ctrlKey || event.metaKey || event.altKey) return;
  if (current?.conflict && ",.".includes(event.key)) return settle(current, event.key === ".");
  const digit = /^[0-9]$/.test(event.key) ? event.key : !event.shiftKey && /^Digit[0-9]$/.test(event.code) ? event.code.slice(5) : "";
  if (digit && digit !== "0") { event.preventDefault(); return toggle(Number(digit) - 1); }
  const act = keys[digit || event.key];
  if (act) { event.preventDefault(); act(); }
});

$("question").onchange = event => open(event.target.selectedIndex);
$("filter").onchange = () => { sift(); $("filter").blur(); if (current) focus(current); };
$("search").oninput = sift;
$("zero").onclick = keys[0];
$("clear").onclick = keys.x;
$("help-button").onclick = keys["?"];
$("adjust").onchange = event => current && change(current, {adjust: Number(event.target.value) || 0, given: true});
$("comment").oninput = () => {
  clearTimeout(saveComment.timer);
  saveComment.timer = setTimeout(saveComment, 800);
  drawReuse();
};
$("comment").onblur = () => { saveComment(); started = null; };
window.addEventListener("beforeunload", event => {
  saveComment();
  if (waiting.size || sending) event.preventDefault();
});
window.addEventListener("focus", () => refresh());
setInterval(refresh, 4000);

async function begin() {
  const {status, found} = await ask("");
  if (status !== 200) return notice(found.error);
  room = found;
  $("who").textContent = [`Marking as ${room.marker}`, room.anonymous && "no names", room.independent && "independently"].filter(Boolean).join(", ");
  $("question").append(...room.questions.map((one, place) => make("option", {}, label(one, place))));
  const wanted = Number(location.hash.slice(1)) - 1;
  await open(wanted >= 0 && wanted < room.questions.length ? wanted : 0);
}
begin();
