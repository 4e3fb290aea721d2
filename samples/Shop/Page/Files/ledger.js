// What the shop has acknowledged to this tab, and whether it is still there. The page does not take the server's word for it.
const key = "acknowledged-lines";
const runKey = "run";
const acknowledged = new Map(JSON.parse(sessionStorage.getItem(key) ?? "[]").map(id => [id, 0]));
let sequence = 0;
let shownStamp = 0;

const save = () => sessionStorage.setItem(key, JSON.stringify([...acknowledged.keys()]));

/** Starts anew if the demo was: its store was a temporary one, and what it had acknowledged is gone by design. */
export function belongTo(run) {
  if (sessionStorage.getItem(runKey) === run) return;
  if (sessionStorage.getItem(runKey) !== null) forget([...acknowledged.keys()]);
  sessionStorage.setItem(runKey, run);
}

export const count = () => acknowledged.size;
export function acknowledge(id) { acknowledged.set(id, ++sequence); save(); }
export function forget(ids) { for (const id of ids) acknowledged.delete(id); save(); }

/** To be called before a request leaves: what its answer has to contain. */
export const mark = () => ({ sequence, stamp: shownStamp });

/** The lines that an answer should contain and does not. */
export function missing(view, at) {
  const present = new Set(view.lines.map(line => line.id));
  return [...acknowledged].filter(([id, when]) => when <= at.sequence && !present.has(id)).length;
}

/**
 * Whether an answer is to be shown. Of several requests under way at once the answers come in any order, and an older one is
 * passed over; but one that is older than what was shown before it was even asked for is a step back, and that is shown.
 */
export function accept(view, at) {
  if (view.version.stamp < shownStamp && view.version.stamp >= at.stamp) return false;
  shownStamp = view.version.stamp;
  return true;
}
