// The marking room's page. What students wrote is only ever shown in frames that run nothing; here it is text.

const main = document.getElementById("main");
const dialog = document.getElementById("dialog");
const room = { who: "", question: null, at: 0, filter: "left", chosen: null, draft: null, held: {} };

// --- helpers ---------------------------------------------------------------------------------------------------------

function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

const cookie = (name) => document.cookie.split("; ").find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
const points = (number) => String(Math.round(number * 1000) / 1000).replace("-", "−");
const signed = (number) => (number > 0 ? "+" : "") + points(number);
const counted = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;
const typedName = () => localStorage.getItem("marker") ?? "";

let silence;
function say(text, stays = false) {
  clearTimeout(silence);
  document.getElementById("said").textContent = text;
  if (!stays) silence = setTimeout(() => say("", true), 3000);
}

async function ask(what, query = {}, body = null) {
  const headers = { "X-Marker": encodeURIComponent(typedName()) };
  const options = { headers };
  if (body) {
    headers["X-XSRFToken"] = cookie("_xsrf");
    headers["Content-Type"] = "application/json";
    Object.assign(options, { method: "POST", body: JSON.stringify(body) });
  }
  const address = new URL(`api/${what}`, location.href.split(/[?#]/)[0]);
  for (const [name, value] of Object.entries(query)) address.searchParams.set(name, value);
  const answer = await fetch(address, options);
  const found = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(found.message || `the server answered ${answer.status}`);
  return found;
}

const place = () => {
  const { assignment, notebook, cell } = room.question;
  return { assignment, notebook, cell };
};

function frame(what, query, title) {
  const address = new URL(`frame/${what}`, location.href.split(/[?#]/)[0]);
  for (const [name, value] of query) address.searchParams.append(name, value);
  const made = el("iframe", { sandbox: "allow-same-origin", src: address, title, tabindex: "-1" });
  const fit = () => {
    const inner = made.contentDocument?.documentElement;
    if (inner) made.style.height = `${inner.getBoundingClientRect().height + 2}px`;
  };
  made.addEventListener("load", () => {
    fit();
    new ResizeObserver(fit).observe(made.contentDocument.body);
  });
  return made;
}

function open(...children) {
  dialog.onkeydown = dialog.oncancel = dialog.oninput = null;
  dialog.replaceChildren(...children);
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
}

// Keys are for the page at once: what was in the dialog keeps the focus until the browser draws again.
const toPage = () => main.focus({ preventScroll: true });
const close = () => {
  dialog.close();
  toPage();
};
dialog.addEventListener("close", toPage);

// --- all homeworks ---------------------------------------------------------------------------------------------------

async function showOverview(only) {
  room.question = null;
  document.getElementById("where").textContent = "";
  const start = await ask("start");
  showWho(start);
  main.replaceChildren();
  const names = start.assignments.filter((one) => !only || one.name === only);
  if (!names.length) main.append(el("p", {}, only ? `Nothing of ${only} is graded yet.` : "Nothing is graded yet."));
  for (const { name, title } of names) {
    const card = el("section", { class: "card" }, el("h1", {}, title), el("p", { class: "quiet" }, "Reading the answers …"));
    main.append(card);
    const found = await ask("overview", { assignment: name });
    card.lastChild.remove();
    const list = el("ul", { class: "questions" });
    for (const one of found.questions) {
      const done = one.answers - one.left - one.again;
      list.append(el("li", {}, el("a", { href: `#${[name, one.notebook, one.cell].map(encodeURIComponent).join("/")}` },
        el("span", {}, `${one.title} `, el("span", { class: "quiet small" }, `${one.notebook} · ${counted(one.points, "point")}`)),
        el("span", { class: one.left ? "" : "good" }, one.left ? `${one.left} left` : "done",
          one.again ? el("span", { class: "warn" }, ` · ${one.again} to look at again`) : ""),
        el("progress", { max: one.answers || 1, value: done, "aria-label": `${done} of ${one.answers} marked` }))));
    }
    if (!found.questions.length) list.append(el("li", { class: "quiet" }, "No question of it is marked by hand."));
    card.append(list, settingsForm(name, found.settings));
  }
  main.querySelector("a")?.focus();
}

function settingsForm(assignment, settings) {
  const hidden = el("input", { type: "checkbox", checked: settings.hide_names });
  const way = el("select", { "aria-label": "how answers are handed out" },
    ...["in turn", "by share"].map((one) => el("option", { selected: one === settings.hand_out }, one)));
  const markers = el("input", { value: settings.markers.join(", "), "aria-label": "markers", placeholder: "Ada, Bob" });
  const save = async () => {
    const names = markers.value.split(",").map((one) => one.trim()).filter(Boolean);
    await ask("settings", {}, { assignment, settings: { hide_names: hidden.checked, hand_out: way.value, markers: names } });
    say("Saved.");
  };
  return el("details", { class: "small" }, el("summary", {}, "Several markers, hidden names"),
    el("label", { class: "field" }, hidden, "Hide names from markers"),
    el("label", { class: "field" }, "Hand out answers", way),
    el("label", { class: "field" }, "Shared by", markers),
    el("button", { onclick: guarded(save) }, "Save"));
}

function showWho({ who, anonymous }) {
  room.who = who;
  const place = document.getElementById("who");
  if (!anonymous) return place.replaceChildren(`marking as ${who}`);
  const name = el("input", { value: typedName(), placeholder: who, size: 14, "aria-label": "your name, for the history" });
  name.addEventListener("change", () => {
    localStorage.setItem("marker", name.value.trim());
    location.reload();
  });
  place.replaceChildren("marking as ", name);
}

// --- one question ----------------------------------------------------------------------------------------------------

async function showQuestion(assignment, notebook, cell) {
  if (!room.who) showWho(await ask("start"));
  const found = await ask("question", { assignment, notebook, cell });
  room.question = { assignment, ...found };
  document.getElementById("where").textContent = `› ${assignment} › ${found.title}`;
  document.title = `${found.title} · Marking room`;
  room.questionFrame = frame("question", Object.entries({ assignment, notebook, cell }), "the question");
  room.at = Math.max(shownGroups().findIndex((group) => isLeft(group)), 0);
  go(room.at);
  if (found.outdated) offerRenewal(found.outdated);
}

const answer = (token) => room.question.answers[token];
const isMine = (one) => !one.open && (!one.share || one.share === room.who);
const isOpen = (one) => one.state === "left" || one.state === "changed";
const isLeft = (group) => group.answers.some((token) => isOpen(answer(token)) && isMine(answer(token)));

function shownGroups() {
  const wanted = {
    left: isLeft,
    again: (group) => group.answers.some((token) => answer(token).state === "again"),
    all: () => true,
  }[room.filter];
  const found = room.question.groups.filter((group) => wanted(group) || group === room.staying);
  return found;
}

function go(at) {
  const groups = shownGroups();
  room.staying = null;
  room.at = Math.min(Math.max(at, 0), Math.max(groups.length - 1, 0));
  const group = groups[room.at] ?? null;
  room.group = group;
  room.chosen = new Set(group ? group.answers.filter((token) => isMine(answer(token)) && answer(token).known) : []);
  if (group && room.filter === "left") room.chosen = new Set([...room.chosen].filter((token) => isOpen(answer(token))));
  if (group && room.filter === "again") room.chosen = new Set([...room.chosen].filter((token) => answer(token).state === "again"));
  const first = group && answer([...room.chosen][0] ?? group.answers[0]);
  room.draft = first?.mark ? structuredClone(first.mark) : { items: [], more: 0, comment: first?.draft ?? "", again: false };
  room.draft.again = false;
  room.changed = false;
  render();
  if (group) ask("hold", {}, { ...place(), answers: [...room.chosen] }).catch(() => {});
}

function scoreOf(mark) {
  const { rubric, points: most } = room.question;
  const given = rubric.items.filter((item) => mark.items.includes(item.id)).reduce((sum, item) => sum + item.points, 0);
  return Math.min(Math.max((rubric.start === "taking off" ? most - given : given) + mark.more, 0), most);
}

function render() {
  const groups = shownGroups();
  main.replaceChildren(el("div", { class: "bench" },
    el("div", { class: "side card" }, window.innerWidth <= 1000
      ? el("details", {}, el("summary", {}, "Question, model answer, marking scheme"), room.questionFrame) : room.questionFrame),
    el("div", {}, navigation(groups), room.group ? answerCard(room.group) : nothingLeft()),
    el("div", { class: "side card" }, room.group ? panel() : el("p", { class: "quiet" }, "No answer is chosen."),
      rubricButtons())));
}

function navigation(groups) {
  const left = Object.values(room.question.answers).filter(isOpen).length;
  const filter = el("select", { "aria-label": "which answers", onchange: (event) => { room.filter = event.target.value; go(0); } },
    ...[["left", "left for me"], ["again", "to look at again"], ["all", "all answers"]]
      .map(([value, text]) => el("option", { value, selected: value === room.filter }, text)));
  return el("div", { class: "bar" },
    el("button", { onclick: () => move(-1), disabled: room.at <= 0, "aria-label": "previous" }, "←"),
    el("button", { onclick: () => move(1), disabled: room.at >= groups.length - 1, "aria-label": "next" }, "→"),
    filter, el("span", { class: "quiet small" }, groups.length ? `group ${room.at + 1} of ${groups.length}` : ""),
    el("span", { class: "push small" }, `${left} of ${Object.keys(room.question.answers).length} left`));
}

function nothingLeft() {
  const texts = { left: "Nothing is left for you here.", again: "Nothing is to be looked at again.", all: "There are no answers." };
  return el("section", { class: "card" }, el("p", {}, texts[room.filter]), el("a", { href: "#" }, "All questions"));
}

const KINDS = {
  empty: (n) => `${counted(n, "empty answer")}`,
  same: (n) => `${n} answers that say the same`,
  similar: (n) => `${n} similar answers`,
  single: () => "one answer",
};
const STATES = { again: " (look again)", changed: " (changed since it was marked)", left: "", done: "" };

function answerCard(group) {
  const texts = group.kind === "similar" ? group.answers : group.answers.slice(0, 1);
  const query = Object.entries(place());
  for (const token of texts) query.push(["answer", token], ["label", answer(token).name]);
  const asks = group.answers.filter((token) => answer(token).asks);
  return el("section", { class: "card" },
    el("h2", {}, KINDS[group.kind](group.answers.length)),
    ...asks.map((token) => el("p", { class: "asks" }, `${answer(token).name} asks: ${answer(token).asks}`)),
    frame("answers", query, "the answer"),
    el("ul", { class: "members small" }, ...group.answers.map((token) => member(token, group.answers.length > 1))));
}

function member(token, several) {
  const one = answer(token);
  const box = el("input", { type: "checkbox", checked: room.chosen.has(token), disabled: !one.known, onchange: () => {
    if (!room.chosen.delete(token)) room.chosen.add(token);
    updatePanel();
  } });
  const score = one.score === null ? "" : `: ${points(one.score)}`;
  const others = one.open ? ` (open: ${one.open})` : one.share && one.share !== room.who ? ` (${one.share}'s)` : "";
  return el("li", { class: one.state === "done" ? "done" : "" }, el("label", {}, several ? box : "",
    ` ${one.name}${score}${STATES[one.state]}${others}${one.known ? "" : " (not in the gradebook)"} `),
    el("button", { class: "small", title: "history", "aria-label": `history of ${one.name}`, onclick: guarded(() => showHistory(token)) }, "⋯"));
}

// --- the rubric ------------------------------------------------------------------------------------------------------

function panel() {
  const { rubric, points: most } = room.question;
  const sign = rubric.start === "taking off" ? -1 : 1;
  const items = el("ul", { class: "items" }, ...rubric.items.map((item, at) => el("li", {},
    el("button", { "aria-pressed": String(room.draft.items.includes(item.id)), "data-item": item.id, onclick: () => toggle(at) },
      el("kbd", {}, at < 9 ? String(at + 1) : ""), el("b", {}, signed(sign * item.points)), item.text))));
  const more = el("input", { type: "number", step: "0.5", id: "more", value: room.draft.more, oninput: (event) => {
    room.draft.more = Number(event.target.value) || 0;
    touched();
  } });
  const comment = el("textarea", { id: "comment", "aria-label": "comment", placeholder: "Comment for the student (c)", oninput: (event) => {
    room.draft.comment = event.target.value;
    touched();
    offer();
  } });
  comment.value = room.draft.comment;
  const again = el("input", { type: "checkbox", id: "again", checked: room.draft.again, onchange: (event) => {
    room.draft.again = event.target.checked;
    touched();
  } });
  const made = el("div", {},
    el("div", { class: "bar" }, el("span", { class: "score" }, el("span", { id: "score" }), ` / ${points(most)}`),
      el("span", { id: "state", class: "small quiet" })),
    items,
    el("label", { class: "field" }, "Further points", more),
    comment, el("div", { class: "offers", id: "offers" }),
    el("label", { class: "field" }, again, "Look again"),
    el("div", { class: "bar" },
      el("button", { class: "main", id: "save", onclick: guarded(save) }, ""),
      el("button", { onclick: guarded(undo), disabled: !room.question.undo }, "Undo ", el("kbd", {}, "u"))));
  queueMicrotask(updatePanel);
  return made;
}

function rubricButtons() {
  return el("div", { class: "bar small" },
    el("button", { onclick: () => editRubric() }, "Edit rubric ", el("kbd", {}, "e")),
    el("button", { onclick: () => editRubric(true) }, "New item ", el("kbd", {}, "n")),
    el("button", { class: "keys-shown", onclick: showKeys }, "Keys ", el("kbd", {}, "?")));
}

function updatePanel() {
  if (!document.getElementById("score")) return;
  document.getElementById("score").textContent = points(scoreOf(room.draft));
  const one = answer(room.group.answers[0]);
  const given = one.mark ? `given by ${one.by}` : "not marked yet";
  document.getElementById("state").textContent = room.changed ? "not saved yet" : given;
  const save = document.getElementById("save");
  save.textContent = `Save for ${counted(room.chosen.size, "answer")}, next (Enter)`;
  save.disabled = !room.chosen.size;
  for (const button of main.querySelectorAll("[data-item]")) {
    button.setAttribute("aria-pressed", String(room.draft.items.includes(button.dataset.item)));
  }
}

function touched() {
  room.changed = true;
  updatePanel();
}

function toggle(at) {
  const item = room.question.rubric.items[at];
  if (!item || !room.group) return;
  const { items } = room.draft;
  room.draft.items = items.includes(item.id) ? items.filter((id) => id !== item.id) : [...items, item.id];
  touched();
}

function offer() {
  const typed = room.draft.comment.trim().toLowerCase();
  const found = typed.length < 2 ? [] : room.question.comments
    .filter((text) => text.toLowerCase().includes(typed) && text.trim().toLowerCase() !== typed).slice(0, 5);
  document.getElementById("offers").replaceChildren(...found.map((text) => el("button", { title: text, onclick: () => {
    const comment = document.getElementById("comment");
    comment.value = room.draft.comment = text;
    touched();
    offer();
    comment.focus();
  } }, text)));
}

// --- decisions -------------------------------------------------------------------------------------------------------

async function move(by) {
  if (room.changed) await write();
  room.at = Math.max(shownGroups().indexOf(room.group), 0);
  go(room.at + by);
}

async function save() {
  if (!room.group || !room.chosen.size) return;
  const fresh = [...room.chosen].some((token) => !answer(token).mark);
  if (fresh && !room.changed && room.group.kind !== "empty") {
    return say("No item is chosen. Press 0 and Enter to give no points.", true);
  }
  const conflicts = await write();
  if (conflicts) return;
  const groups = shownGroups();
  const at = groups.indexOf(room.group);
  go(at < 0 || (room.filter === "left" && !isLeft(room.group)) ? nextLeft(groups) : at + 1);
}

function nextLeft(groups) {
  const order = room.question.groups;
  const later = groups.findIndex((group) => order.indexOf(group) > order.indexOf(room.group) && group !== room.group);
  return later < 0 ? 0 : later;
}

async function write(versions = null) {
  const answers = versions ?? Object.fromEntries([...room.chosen].map((token) => [token, answer(token).version]));
  const mark = { ...room.draft, more: Number(room.draft.more) || 0 };
  const done = await ask("mark", {}, { ...place(), answers, mark });
  room.changed = false;
  room.staying = room.group;
  take(done);
  const written = Object.keys(answers).length - done.conflicts.length;
  if (written) say(`${points(scoreOf(mark))} of ${points(room.question.points)} for ${counted(written, "answer")}.`);
  if (done.conflicts.length) showConflicts(done.conflicts);
  return done.conflicts.length;
}

function take(done) {
  for (const [token, one] of Object.entries(done.answers)) Object.assign(answer(token), one);
  room.question.comments = done.comments;
  room.question.undo = done.undo;
  if (done.rubric) room.question.rubric = done.rubric;
}

async function undo() {
  const done = await ask("undo", {}, place());
  take(done);
  const back = Object.keys(done.answers).length - done.conflicts.length;
  say(`Taken back for ${counted(back, "answer")}.`);
  const token = Object.keys(done.answers)[0];
  const group = room.question.groups.find((one) => one.answers.includes(token));
  room.staying = group;
  go(Math.max(shownGroups().indexOf(group), 0));
  if (done.conflicts.length) showConflicts(done.conflicts, true);
}

function showConflicts(conflicts, undone = false) {
  const versions = Object.fromEntries(conflicts.map((one) => [one.answer, answer(one.answer).version]));
  const side = (title, mark) => el("div", { class: "card" }, el("h2", {}, title),
    el("b", {}, mark && mark.score !== null ? `${points(mark.score)} of ${points(room.question.points)}` : "no mark"),
    el("pre", {}, mark?.text ?? ""));
  const alike = Map.groupBy(conflicts, (one) => JSON.stringify([one.yours, { ...one.theirs, at: "" }]));
  const keep = () => { close(); room.changed = false; go(room.at); };
  const over = async () => { close(); await write(versions); go(room.at); };
  open(el("h1", {}, undone ? "Not taken back" : "Somebody else marked this meanwhile"),
    ...[...alike.values()].map((same) => el("div", {}, el("h2", {}, same.map((one) => answer(one.answer).name).join(", ")),
      el("div", { class: "both" }, side("Yours", same[0].yours), side(`By ${same[0].theirs.who}`, same[0].theirs)))),
    el("div", { class: "bar" }, el("button", { class: "main", onclick: keep }, "Keep theirs"),
      undone ? "" : el("button", { onclick: guarded(over) }, "Write mine instead")));
}

function offerRenewal(number) {
  const renew = async () => {
    close();
    take(await ask("renew", {}, place()));
    go(room.at);
    say("The scores follow the rubric now.");
  };
  open(el("h1", {}, "rubric.toml has changed"),
    el("p", {}, `It gives ${counted(number, "marked answer")} another score or comment than ${number === 1 ? "it has" : "they have"}.`),
    el("div", { class: "bar" }, el("button", { class: "main", onclick: guarded(renew) }, "Let the scores follow"),
      el("button", { onclick: close }, "Leave them")));
}

async function showHistory(token) {
  const { history } = await ask("history", { ...place(), answer: token });
  const rows = history.map((one) => el("tr", {}, el("td", {}, new Date(one.at).toLocaleString()), el("td", {}, one.who),
    el("td", {}, one.why + (one.again ? ", look again" : "")), el("td", {}, one.score === null ? "–" : points(one.score)),
    el("td", {}, one.note || one.text)));
  open(el("h1", {}, `History of ${answer(token).name}`),
    history.length ? el("table", {}, el("tr", {}, ...["when", "who", "what", "points", "text"].map((one) => el("th", {}, one))), rows)
      : el("p", { class: "quiet" }, "Nobody has marked it yet."),
    el("div", { class: "bar" }, el("button", { onclick: close }, "Close")));
}

// --- editing the rubric ----------------------------------------------------------------------------------------------

function editRubric(fresh = false) {
  const { rubric, nearby } = room.question;
  const rows = el("div");
  const add = (item) => {
    const row = el("div", { class: "edit", "data-id": item.id },
      el("input", { type: "number", step: "0.5", value: item.points, "aria-label": "points" }),
      el("textarea", { "aria-label": "what for" }),
      el("button", { "aria-label": "remove", title: "remove (Ctrl+Delete)", onclick: () => remove(row) }, "✕"));
    row.children[1].value = item.text;
    rows.append(row);
    return row;
  };
  const remove = (row) => {
    const near = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    changed();
    (near?.children[1] ?? adding).focus();
  };
  const begin = () => {
    add({ id: "new", points: 1, text: "" }).children[1].focus();
    changed();
  };
  rubric.items.forEach(add);
  const start = el("select", { "aria-label": "adding up or taking off" },
    ...["adding up", "taking off"].map((one) => el("option", { selected: one === rubric.start }, one)));
  const shown = el("select", { multiple: true, size: Math.min(nearby.length, 5) || 1, "aria-label": "cells shown" },
    ...nearby.map((id) => el("option", { selected: rubric.show?.includes(id) ?? false }, id)));
  const own = el("input", { type: "checkbox", checked: rubric.show !== null });
  const wanted = () => ({
    start: start.value,
    show: own.checked ? [...shown.selectedOptions].map((one) => one.value) : null,
    items: [...rows.children].map((row) => ({
      id: row.dataset.id, points: Number(row.children[0].value) || 0, text: row.children[1].value.trim(),
    })).filter((item) => item.text),
  });
  const told = el("div", { role: "status" });
  let unsaved = false;
  const changed = () => {
    unsaved = true;
    told.replaceChildren();
  };
  const apply = async () => {
    take(await ask("rubric", {}, { ...place(), rubric: wanted(), seen: rubric, apply: true }));
    close();
    room.draft.items = room.draft.items.filter((id) => room.question.rubric.items.some((item) => item.id === id));
    render();
    say("The rubric is saved.");
  };
  const preview = async () => {
    const found = await ask("rubric", {}, { ...place(), rubric: wanted(), seen: rubric, apply: false });
    if (!found.touched) return apply();
    told.replaceChildren(el("p", {}, `This changes ${counted(found.touched, "marked answer")}; the score of ${found.moves.length} moves:`),
      el("p", { class: "small" }, found.moves.slice(0, 40).map((one) => `${one.name} ${points(one.before)} → ${points(one.after)}`).join(", ")
        + (found.moves.length > 40 ? ` and ${found.moves.length - 40} more` : "")),
      el("button", { class: "main", onclick: guarded(apply) }, "Change them"));
    told.lastChild.focus();
  };
  const adding = el("button", { onclick: begin }, "Add an item ", el("kbd", {}, "Alt+N"));
  open(el("h1", {}, "Rubric"),
    el("label", { class: "field" }, "Items are", start), rows, adding,
    nearby.length ? el("details", { class: "small" }, el("summary", {}, "Outputs shown with each answer"),
      el("label", { class: "field" }, own, "these cells instead of what the question speaks of"), shown) : "",
    told,
    el("div", { class: "bar" }, el("button", { class: "main", onclick: guarded(preview) }, "Save ", el("kbd", {}, "Ctrl+Enter")),
      el("button", { onclick: close }, "Leave ", el("kbd", {}, "Esc")), el("span", { class: "quiet small" }, "Ctrl+Delete removes an item")));
  dialog.oninput = changed;
  dialog.oncancel = (event) => {
    if (!unsaved) return;
    event.preventDefault();
    unsaved = false;
    told.replaceChildren(el("p", { class: "warn" }, "Esc once more leaves without saving."));
  };
  dialog.onkeydown = guarded(async (event) => {
    const row = document.activeElement?.closest?.(".edit");
    const work = event.ctrlKey && event.key === "Enter" ? () => told.querySelector("button.main") ? apply() : preview()
      : event.ctrlKey && event.key === "Delete" && row ? () => remove(row)
      : event.altKey && event.code === "KeyN" ? begin : null;
    if (!work) return;
    event.preventDefault();
    await work();
  });
  if (fresh) begin();
  else (rows.querySelector("textarea") ?? adding).focus();
}

// --- keys ------------------------------------------------------------------------------------------------------------

const KEYS = [
  ["1–9", "give or take an item"], ["0", "no items"], ["Enter", "save, and on to the next"], ["← →", "go on; what was changed is saved"],
  ["c", "comment (Esc leaves it, Ctrl+Enter saves)"], ["p", "further points"], ["l", "look again"], ["u", "undo my last decision"],
  ["e", "edit the rubric (Ctrl+Enter saves, Alt+N adds, Ctrl+Delete removes, Esc leaves)"], ["n", "new item"], ["h", "history of this answer"], ["?", "these keys"],
];

function showKeys() {
  open(el("h1", {}, "Keys"), el("dl", { class: "keys" }, ...KEYS.flatMap(([key, does]) => [el("dt", {}, el("kbd", {}, key)), el("dd", {}, does)])),
    el("div", { class: "bar" }, el("button", { onclick: close }, "Close")));
}

function guarded(work) {
  return async (...given) => {
    try {
      await work(...given);
    } catch (error) {
      say(error.message, true);
    }
  };
}

const keys = {
  Enter: save, ArrowRight: () => move(1), ArrowLeft: () => move(-1), u: undo, e: () => editRubric(), n: () => editRubric(true),
  "?": showKeys, h: () => room.group && showHistory(room.group.answers[0]),
  c: () => document.getElementById("comment")?.focus(), p: () => document.getElementById("more")?.select(),
  l: () => document.getElementById("again")?.click(),
  0: () => { room.draft.items = []; touched(); },
};

document.addEventListener("keydown", guarded(async (event) => {
  if (!room.question || dialog.open) return;
  const left = event.target.closest("dialog:not([open])");  // just closed: it has the focus until the browser draws again
  const typing = !left && event.target.matches("input:not([type=checkbox]), textarea, select");
  if (event.key === "Escape") return main.focus();
  if (event.key === "Enter" && event.ctrlKey) {
    event.preventDefault();
    main.focus();
    return save();
  }
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (!left && event.key === "Enter" && event.target.matches("button, a, summary")) return;
  const work = /^[1-9]$/.test(event.key) ? () => toggle(Number(event.key) - 1) : keys[event.key];
  if (!work) return;
  event.preventDefault();
  await work();
}));

window.addEventListener("beforeunload", (event) => {
  if (room.changed) event.preventDefault();
});

async function route() {
  const [assignment, notebook, cell] = location.hash.slice(1).split("/").map(decodeURIComponent);
  if (cell) await showQuestion(assignment, notebook, cell);
  else await showOverview(assignment);
}

window.addEventListener("hashchange", guarded(route));
if (location.search) history.replaceState(null, "", location.pathname + location.hash);
guarded(route)();
