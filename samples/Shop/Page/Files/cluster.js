// The nodes and the store, as the program that runs the demo tells; nothing of it is shown where a node runs alone.
import { byId, h, nodeLabel } from "./dom.js";
import { belongTo } from "./ledger.js";
import { note } from "./trail.js";

let status = null;
let timer = 0;
const listeners = [];

export const nodeAt = address => status?.nodes.find(node => address.endsWith(`:${node.port}`))?.name ?? address;
export const isUp = name => status?.nodes.some(node => node.name === name && node.state === "up") ?? false;
export const onStatus = listener => listeners.push(listener);

export async function refreshStatus() {
  clearTimeout(timer);
  try {
    const response = await fetch("/cluster/status", { cache: "no-store", signal: AbortSignal.timeout(2000) });
    if (response.status === 404) return;
    if (response.ok) show(await response.json());
  } catch {
    // The demo is being ended, or the machine is busy: the next look tells.
  }
  timer = setTimeout(refreshStatus, document.hidden ? 5000 : 1000);
}

export async function kill(name) {
  note(`${nodeLabel(name)} got kill -9`, "bad", true);
  await command(name, "kill");
}

async function bringBack(name) {
  note(`${nodeLabel(name)} is being started again`, "good");
  await command(name, "start");
}

async function command(name, verb) {
  try {
    // The header makes it a request that no other site's page can send.
    const done = fetch(`/cluster/nodes/${name}/${verb}`, { method: "POST", headers: { "x-demo": "1" } });
    setTimeout(refreshStatus, 60); // starting takes a second or so, and is worth seeing
    await done;
  } finally {
    await refreshStatus();
  }
}

function show(next) {
  for (const node of next.nodes) {
    const before = status?.nodes.find(old => old.name === node.name);
    if (before && before.state !== "up" && node.state === "up") note(`${nodeLabel(node.name)} is back`, "good");
  }
  status = next;
  belongTo(next.run);
  byId("cluster").hidden = false;

  const up = next.nodes.filter(node => node.state === "up").length;
  byId("cluster-summary").textContent = `${up} of ${next.nodes.length} nodes up`;
  const most = Math.max(1, ...next.nodes.map(node => node.requests));
  const list = byId("nodes");
  // A button that is replaced under the pointer loses its focus and its click: rows are made once and then kept up to date.
  if (list.children.length !== next.nodes.length) list.replaceChildren(...next.nodes.map(row));
  next.nodes.forEach((node, index) => update(list.children[index], node, most));

  const { store } = next;
  byId("store").replaceChildren(
    h("b", {}, "Redis"),
    h("span", { class: `badge ${store.up ? "good" : "bad"}` }, store.up ? "up" : "down"),
    h("span", { class: "figures" }, store.up
      ? `${plural(store.keys, "key")} · ${plural(store.commandsPerSecond, "command")}/s`
      : "not responding"));
  for (const listener of listeners) listener();
}

const plural = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;

const row = node => h("li", { "data-node": node.name },
  h("span", { class: "light" }),
  h("span", { class: "name" }, nodeLabel(node.name)),
  h("span", { class: "state badge" }),
  h("span", { class: "bar" }, h("i")),
  h("span", { class: "count", title: "requests answered" }),
  h("button", { type: "button", class: "button small" }));

function update(element, node, most) {
  const down = node.state === "down";
  element.className = node.state;
  const [, , state, bar, count, button] = element.children;
  state.className = `state badge ${{ up: "good", down: "bad", starting: "warn" }[node.state]}`;
  state.textContent = node.state;
  bar.firstChild.style.width = `${100 * node.requests / most}%`;
  count.textContent = node.requests;
  button.className = `button small ${down ? "good" : "danger"}`;
  button.textContent = down ? "bring back" : "kill -9";
  button.setAttribute("aria-label", `${down ? "Bring back" : "Kill"} ${nodeLabel(node.name)}`);
  button.disabled = node.state === "starting";
  button.onclick = () => down ? bringBack(node.name) : kill(node.name);
}
