// The last requests: a strip of colours that shows the turns, and a list with the details.
import { byId, h, milliseconds, nodeLabel } from "./dom.js";

const stripLength = 36;
const listLength = 7;
const strip = () => byId("strip");

export function startTrail() {
  strip().replaceChildren(...Array.from({ length: stripLength }, () => h("i")));
}

/** One request; `dead` are the nodes that did not answer it. */
export function record(what, view, elapsed, dead) {
  push(h("i", { "data-node": view.node, class: view.source === "local copy" ? "local" : "remote", title: `${nodeLabel(view.node)}, ${view.source}` }));
  list(h("li", { class: "fresh" },
    h("span", { class: "what" }, what, dead.length ? h("span", { class: "passed-on", title: `passed on: ${dead.join(", ")} did not answer` }, " ↷") : null),
    h("span", { class: "chip", "data-node": view.node }, nodeLabel(view.node)),
    h("span", { class: "from" }, view.source),
    h("code", { title: fullVersion(view.version) }, shortVersion(view.version)),
    h("span", { class: "ms" }, milliseconds(elapsed))));
}

/** Something that happened beside the requests. */
export function note(text, tone = "", inStrip = false) {
  if (inStrip) push(h("i", { class: "killed", title: text }));
  list(h("li", { class: "fresh" }, h("span", { class: `note ${tone}` }, text)));
}

/** The end of the stamp is what changes from one version to the next. */
export const shortVersion = version => version.stamp === 0 ? "none" : `…${version.stamp.toString(16).slice(-6)}`;
export const fullVersion = version => version.stamp === 0
  ? "no version yet: nothing was written"
  : `written ${new Date(version.stamp / 1000).toISOString()} by process ${version.writer} (${version.stamp.toString(16)})`;

function push(mark) {
  strip().prepend(mark);
  strip().lastChild.remove();
}

function list(row) {
  byId("events").prepend(row);
  while (byId("events").children.length > listLength) byId("events").lastChild.remove();
}
