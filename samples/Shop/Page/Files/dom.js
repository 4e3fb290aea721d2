// Elements without a framework: h("li", { class: "down" }, "text", child).
const svgNames = new Set(["svg", "use"]);

export function h(name, attributes = {}, ...children) {
  const element = svgNames.has(name) ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter(child => child !== null && child !== undefined));
  return element;
}

export const byId = id => document.getElementById(id);
export const drawing = (id, className) => h("svg", { class: className, "aria-hidden": "true" }, h("use", { href: `#${id}` }));
export const nodeLabel = name => name.replace("-", " ");
export const price = cents => `€ ${(cents / 100).toFixed(2)}`;
export const milliseconds = value => value < 10 ? `${value.toFixed(1)} ms` : `${Math.round(value)} ms`;

/** Runs an element's entry animation again. */
export function refresh(element) {
  element.classList.remove("fresh");
  void element.offsetWidth; // a style flush: without it the browser sees no change
  element.classList.add("fresh");
}
