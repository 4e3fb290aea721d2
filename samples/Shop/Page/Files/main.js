// Wires the page: what a click does, and what is shown of the answer.
import { byId, milliseconds, nodeLabel, refresh } from "./dom.js";
import { newLineId, send } from "./requests.js";
import * as ledger from "./ledger.js";
import { showCart, showProducts } from "./cart.js";
import { isUp, kill, nodeAt, onStatus, refreshStatus } from "./cluster.js";
import { fullVersion, note, record, shortVersion, startTrail } from "./trail.js";

let answeredBy = null;
let lines = [];

// Until the first write there is no session. Ten first writes at once would make ten sessions, so the first one goes alone.
let firstWrite = null;

async function request(what, method, path, body) {
  const at = ledger.mark();
  const result = await send(method, path, body);
  if (result.error) {
    note(result.error, "bad");
    return null;
  }
  return { ...result, what, at };
}

function show({ view, what, at, tried, attempts, elapsed }) {
  const dead = tried.slice(0, -1).map(address => nodeLabel(nodeAt(address)));
  record(what, view, elapsed, dead);
  showRequest(view, what, dead, attempts, elapsed);
  if (!ledger.accept(view, at)) return;
  lines = view.lines;
  showCart(view, ledger.missing(view, at), { add, remove });
}

function showRequest(view, what, dead, attempts, elapsed) {
  answeredBy = view.node;
  const tile = byId("request-node");
  tile.dataset.node = view.node;
  tile.textContent = nodeLabel(view.node);
  refresh(tile);
  byId("request-what").textContent = what;
  byId("request-source").textContent = { "local copy": "local copy", revalidated: "copy, confirmed by Redis", store: "store (Redis)", new: "new session" }[view.source];
  byId("request-version").textContent = shortVersion(view.version);
  byId("request-version").title = fullVersion(view.version);
  byId("request-commit").textContent = view.commitMilliseconds === null ? "nothing to write" : milliseconds(view.commitMilliseconds);
  byId("request-time").textContent = milliseconds(elapsed);

  const passed = byId("request-passed");
  passed.hidden = !(dead.length > 0 || attempts > 1 || view.isRegressed);
  passed.className = `passed ${view.isRegressed ? "bad" : ""}`;
  passed.textContent = view.isRegressed
    ? "This session went backwards: a store has lost something."
    : dead.length > 0
      ? `${dead.join(" and ")} did not answer; ${nodeLabel(view.node)} took over.`
      : `Answered at attempt ${attempts}.`;
  showKillButton();
}

function showKillButton() {
  const button = byId("kill-answered");
  button.hidden = answeredBy === null || byId("cluster").hidden;
  button.disabled = !isUp(answeredBy);
  button.lastElementChild.textContent = button.disabled ? `${nodeLabel(answeredBy ?? "")} is down` : `kill -9 ${nodeLabel(answeredBy)}, which answered`;
}

async function read() {
  const result = await request("read", "GET", "/api/cart");
  if (result) show(result);
}

async function add(product) {
  if (ledger.count() === 0 && lines.length === 0) {
    if (firstWrite) await firstWrite;
    else return await (firstWrite = write(product).finally(() => { firstWrite = null; }));
  }
  await write(product);
}

async function write(product) {
  const id = newLineId();
  const result = await request(`+ ${product}`, "PUT", `/api/cart/lines/${id}`, { product });
  if (!result) return;
  ledger.acknowledge(id);
  show(result);
}

async function remove(id, product) {
  ledger.forget([id]);
  const result = await request(`− ${product}`, "DELETE", `/api/cart/lines/${id}`);
  if (result) show(result);
}

async function clear() {
  ledger.forget(lines.map(line => line.id));
  const result = await request("empty", "DELETE", "/api/cart");
  if (result) show(result);
}

async function burst() {
  const ids = ["beans", "espresso", "dripper", "kettle", "cup"];
  await Promise.all(Array.from({ length: 10 }, (_, index) => add(ids[index % ids.length])));
  await read();
}

async function browse() {
  if (!byId("browse").checked) return;
  if (!document.hidden) await read();
  setTimeout(browse, 450);
}

function switchTheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const current = document.documentElement.dataset.theme ?? (dark ? "dark" : "light");
  localStorage.theme = document.documentElement.dataset.theme = current === "dark" ? "light" : "dark";
}

if (localStorage.theme) document.documentElement.dataset.theme = localStorage.theme;
byId("theme").addEventListener("click", switchTheme);
byId("clear").addEventListener("click", clear);
byId("burst").addEventListener("click", burst);
byId("browse").addEventListener("change", browse);
byId("kill-answered").addEventListener("click", () => kill(answeredBy));
onStatus(showKillButton);

startTrail();
await refreshStatus();
const products = await send("GET", "/api/products");
if (products.view) showProducts(products.view, add);
else note(products.error, "bad");
await read();
