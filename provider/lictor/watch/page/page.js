// The status page: asks v1/status again and again, and changes only what has changed.
// What comes from there is other people's text: it goes into text nodes, never into markup.

const SHOWN_FIRST = 1000; // rows of the table; more at a button
const EVERY = 2000; // ms between questions
const HIDDEN = 30000; // the same while nobody looks
const SLOWEST = 15000; // the longest pause after failures
const TIMEOUT = 15000;

const $ = (id) => document.getElementById(id);
const view = { status: null, group: null, shown: SHOWN_FIRST, offset: 0, lost: 0, since: null };

// ---- building and changing elements

function element(tag, classes = "", ...children) {
  const made = document.createElement(tag);
  if (classes) made.className = classes;
  made.append(...children);
  return made;
}

function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Make the children of `parent` those of `items`: what is there already stays, and is moved and filled anew only where it must be. */
function sync(parent, items, key, make, fill) {
  const before = parent.known ?? new Map();
  const now = new Map();
  const order = items.map((item) => {
    let id = key(item);
    while (now.has(id)) id += "'";
    const node = before.get(id) ?? make(item);
    now.set(id, node);
    const print = JSON.stringify(item);
    if (node.print !== print) fill(node, item);
    node.print = print;
    return node;
  });
  for (const [id, node] of before) if (!now.has(id)) node.remove();
  let at = parent.firstElementChild;
  for (const node of order) {
    if (node === at) at = at.nextElementSibling;
    else parent.insertBefore(node, at);
  }
  parent.known = now;
}

// ---- times

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const STEPS = [[60, 1, "s"], [3600, 60, "min"], [86400, 3600, "h"], [Infinity, 86400, "d"]];

function age(milliseconds) {
  const seconds = Math.round(Math.abs(milliseconds) / 1000);
  const [, unit, name] = STEPS.find(([limit]) => seconds < limit);
  const said = `${Math.floor(seconds / unit)} ${name}`;
  return milliseconds < -500 ? `in ${said}` : `${said} ago`;
}

function moment(iso) {
  const node = element("time");
  node.dateTime = iso;
  node.title = iso;
  tell(node);
  return node;
}

function local(iso, passed = since(iso)) {
  return (Math.abs(passed) < 43200000 ? clock : day).format(Date.parse(iso));
}

function since(iso) {
  return Date.now() + view.offset - Date.parse(iso);
}

function tell(node) {
  const passed = since(node.dateTime);
  write(node, `${local(node.dateTime, passed)} (${age(passed)})`);
}

function tick() {
  if (!document.hidden) document.querySelectorAll("time").forEach(tell);
}

// ---- what stands in the status, made fit to be shown

const plural = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;
const size = (map) => Object.keys(map).length;

const GOOD = new Set(["passing", "healthy", "done", "leader", "alone"]);
const BAD = new Set(["critical", "unhealthy", "unavailable", "error", "failed"]);
const tone = (word) => (GOOD.has(word) ? "good" : BAD.has(word) ? "bad" : "warn");

/** The rows that the server joined; before its first look, what the groups hold as the last run left it. */
function allRows({ agreement, groups }) {
  if (agreement.asOf) return agreement.rows;
  const rows = Object.entries(groups).flatMap(([group, { attached, held, failed }]) => {
    const keys = [...new Set([attached, failed, held].flatMap(Object.keys))];
    return keys.map((key) => {
      const reason = failed[key] ? `failed: ${failed[key]}` : held[key] ? `held: ${held[key]}` : "";
      return { group, key, node: attached[key] ?? "", consul: "", balancer: "", reason, agrees: null };
    });
  });
  return rows.sort((one, other) => (one.key < other.key ? -1 : 1));
}

function chosenRows(rows) {
  const words = $("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  const differing = $("differing").checked;
  return rows.filter((row) => {
    if (view.group !== null && row.group !== view.group) return false;
    if (differing && row.agrees !== false) return false;
    if (!words.length) return true;
    const text = `${row.group} ${row.key} ${row.node} ${row.consul} ${row.balancer} ${row.reason}`;
    return words.every((word) => text.toLowerCase().includes(word));
  });
}

function banners(status) {
  const { paused, role, holder, groups, agreement, watched, runs } = status ?? {};
  const found = [];
  const say = (kind, text) => found.push({ kind, text });
  if (view.lost) say("bad", `Connection lost at ${local(view.since)}: what is shown is old. Trying again.`);
  if (!status) return found;
  for (const { group, until } of paused) {
    say("warn", `Paused: ${group || "the whole stack"} is left as it is${until ? ` until ${local(until)}` : ""}.`);
  }
  if (role === "standby") say("warn", `Standby: ${holder || "another watcher"} holds the lock and runs.`);
  for (const [name, { blocked }] of Object.entries(groups)) {
    if (blocked) say("bad", `Blocked: ${name} is left as it is. ${blocked.text}`);
  }
  if (runs[0]?.outcome === "error") say("bad", `The last run came to nothing. ${runs[0].text}`);
  for (const { question, text } of watched.failing) say("bad", `Consul does not answer: ${question}. ${text}`);
  if (agreement.error) say("warn", `Consul and the load balancer cannot be compared now. ${agreement.error}`);
  return found;
}

// ---- showing

function showHead({ stack, role, running, runs }) {
  write($("stack"), stack);
  document.title = `${stack} · lictor`;
  write($("role"), role);
  $("role").className = `badge ${tone(role)}`;
  const last = runs[0];
  const text = running ? `Run ${running.number} is under way: ${running.why}`
    : last ? `Last run: ${last.outcome}, ${last.seconds.toFixed(2)} s` : "No run yet";
  write($("running"), text);
}

/** Read out by screen readers when they change, so nothing in them ticks. */
function showBanners() {
  sync($("banners"), banners(view.status), (banner) => `${banner.kind} ${banner.text}`,
    () => element("p"),
    (node, { kind, text }) => {
      node.className = `banner ${kind}`;
      node.textContent = text;
    });
}

function showGroups(groups) {
  if (view.group !== null && !(view.group in groups)) view.group = null;
  const items = Object.entries(groups).map(([name, group]) => ({
    name, arn: group.arn, changed: group.changed, blocked: group.blocked !== null,
    attached: size(group.attached), held: size(group.held), failed: size(group.failed),
    foreign: group.foreign.length, pressed: name === view.group,
  }));
  sync($("groups"), items, (item) => item.name, makeGroup, fillGroup);
}

function makeGroup({ name }) {
  const button = element("button");
  button.type = "button";
  button.addEventListener("click", () => {
    view.group = view.group === name ? null : name;
    view.shown = SHOWN_FIRST;
    show();
  });
  return element("li", "", button);
}

function fillGroup(node, item) {
  const counts = [
    ["held", item.held, "warn"], ["failed", item.failed, "bad"], ["not ours", item.foreign, "quiet"],
  ].filter(([, count]) => count).map(([word, count, kind]) => element("span", kind, `${count} ${word}`));
  if (item.blocked) counts.push(element("span", "bad", "blocked"));
  node.firstElementChild.setAttribute("aria-pressed", item.pressed);
  node.firstElementChild.replaceChildren(
    element("span", "name", item.name),
    element("span", "counts", element("span", "", plural(item.attached, "target")), ...counts),
    ...(item.changed ? [element("span", "quiet", "changed ", moment(item.changed))] : []),
    element("span", "arn quiet", item.arn),
  );
}

const COLUMNS = ["Views", "Target", "Group", "Node", "Consul", "Load balancer", "Reason"];

function makeRow() {
  const row = element("tr");
  row.setAttribute("role", "row");
  for (const label of COLUMNS) {
    const cell = element("td");
    cell.setAttribute("role", "cell");
    cell.dataset.label = label;
    row.append(cell);
  }
  return row;
}

function fillRow(row, { agrees, key, group, node, consul, balancer, reason }) {
  const views = agrees === null ? "" : agrees ? "agree" : "differ";
  row.className = agrees === false ? "differs" : "";
  [views, key, group, node, consul, balancer, reason].forEach((text, at) => write(row.cells[at], text));
  row.cells[4].className = consul && tone(consul);
  row.cells[5].className = balancer && tone(balancer);
}

function showRows(status) {
  const rows = allRows(status);
  const chosen = chosenRows(rows);
  const differing = rows.filter((row) => row.agrees === false).length;
  const { asOf } = status.agreement;
  const verdict = asOf
    ? `${plural(rows.length, "target")}, Consul and the load balancer differ on ${differing}; seen`
    : `${plural(rows.length, "target")} as the last run left them; nobody has compared them yet.`;
  if ($("verdict").print !== verdict + asOf) {
    $("verdict").replaceChildren(verdict, ...(asOf ? [" ", moment(asOf)] : []));
    $("verdict").print = verdict + asOf;
  }
  sync($("rows"), chosen.slice(0, view.shown), (row) => `${row.group} ${row.key}`, makeRow, fillRow);
  const left = chosen.length - view.shown;
  $("more").hidden = left <= 0;
  write($("more"), `Show ${Math.min(left, SHOWN_FIRST)} more of ${left}`);
}

const SIGNS = { "+": ["added", "good"], "-": ["removed", "bad"], "~": ["changed", "warn"] };

function showChanges(changes) {
  $("unchanged").hidden = changes.length > 0;
  sync($("changes"), changes, (item) => `${item.time} ${item.group} ${item.sign} ${item.key}`,
    () => element("li"),
    (node, { time, group, sign, key, text }) => {
      const [word, kind] = SIGNS[sign];
      const mark = element("span", `sign ${kind}`, sign);
      mark.title = word;
      node.replaceChildren(moment(time), mark, element("span", "", group), element("code", "", key), element("span", "quiet", text));
    });
}

function showRuns(runs) {
  sync($("runs"), runs.slice(0, 20), (run) => `${run.number} ${run.started}`,
    () => element("li"),
    (node, { number, started, outcome, why, seconds, text }) => node.replaceChildren(
      moment(started), element("span", `badge ${tone(outcome)}`, outcome),
      element("span", "", `${number}: ${why}, ${seconds.toFixed(2)} s`), element("span", "quiet", text)));
}

function showWatch({ watched, timers, holder, lastSuccess }) {
  const { polled, inTurn, failing, index } = watched;
  const questions = `${polled + inTurn}: ${polled} by long poll, ${inTurn} in turn, ${failing.length} without an answer`;
  const facts = [
    { name: "Last success", text: lastSuccess ? "" : "none yet", time: lastSuccess },
    { name: "Lock", text: holder ? `held by ${holder}` : "none" },
    { name: "Questions to Consul", text: questions },
    { name: "Consul index", text: index === null ? "none yet" : String(index) },
    ...timers.slice(0, 20).map(({ due, why }) => ({ name: "Due", text: why, time: due })),
  ];
  const pairs = facts.flatMap((fact) => [{ tag: "dt", text: fact.name, of: fact.text }, { tag: "dd", ...fact }]);
  sync($("watch"), pairs, ({ tag, name, text, of }) => `${tag} ${name ?? text} ${of ?? text}`,
    ({ tag }) => element(tag),
    (node, { text, time }) => node.replaceChildren(text, ...(time ? [" ", moment(time)] : [])));
}

function show() {
  showBanners();
  const { status } = view;
  if (!status) return;
  showHead(status);
  showGroups(status.groups);
  showRows(status);
  showChanges(status.changes);
  showRuns(status.runs);
  showWatch(status);
}

// ---- asking

let timer = 0;
let asking = null;

async function poll() {
  clearTimeout(timer);
  asking ??= ask().finally(() => { asking = null; });
  await asking;
  const pause = Math.min(EVERY * 2 ** Math.min(view.lost, 5), view.lost ? SLOWEST : EVERY);
  clearTimeout(timer);
  timer = setTimeout(poll, document.hidden ? HIDDEN : pause);
}

async function ask() {
  try {
    const response = await fetch("v1/status", { cache: "no-store", signal: AbortSignal.timeout(TIMEOUT) });
    if (!response.ok) throw new Error(`status ${response.status}`);
    const status = await response.json();
    view.offset = Date.parse(status.time) - Date.now();
    view.status = status;
    view.since = status.time;
    view.lost = 0;
  } catch {
    view.lost += 1;
    view.since ??= new Date().toISOString();
  }
  show();
}

async function run() {
  write($("said"), "asking ...");
  try {
    const response = await fetch("v1/run", { method: "POST", headers: { "X-Lictor": "run" } });
    const { status, error } = await response.json();
    write($("said"), error ?? status);
  } catch {
    write($("said"), "no answer");
  }
  await poll();
}

$("run").addEventListener("click", run);
$("filter").addEventListener("input", () => { view.shown = SHOWN_FIRST; show(); });
$("differing").addEventListener("change", () => { view.shown = SHOWN_FIRST; show(); });
$("more").addEventListener("click", () => { view.shown += SHOWN_FIRST; show(); });
document.addEventListener("visibilitychange", () => { if (!document.hidden) poll(); });
setInterval(tick, 1000);
poll();
