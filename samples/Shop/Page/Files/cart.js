// The products and the cart.
import { byId, drawing, h, nodeLabel, price } from "./dom.js";
import { count } from "./ledger.js";

const hues = { beans: 22, espresso: 8, dripper: 190, kettle: 214, grinder: 268, cup: 44 };
const maxDots = 14;
let products = new Map();
let known = new Set();

export function showProducts(list, add) {
  products = new Map(list.map(product => [product.id, product]));
  byId("products").replaceChildren(...list.map(product => {
    const card = h("li", { class: "product" },
      h("div", { class: "art" }, drawing(`art-${product.id}`)),
      h("div", { class: "text" }, h("h3", {}, product.name), h("p", {}, product.note)),
      h("div", { class: "buy" },
        h("span", { class: "price" }, price(product.priceCents)),
        h("button", { class: "add", type: "button", "aria-label": `Add ${product.name} to the cart`, onclick: () => add(product.id) }, "Add")));
    card.firstChild.style.setProperty("--hue", hues[product.id] ?? 30);
    return card;
  }));
}

export function showCart(view, missing, { add, remove }) {
  const groups = new Map();
  for (const line of view.lines) groups.set(line.product, [...(groups.get(line.product) ?? []), line]);

  byId("lines").replaceChildren(...[...groups].map(([id, lines]) => {
    const product = products.get(id) ?? { name: id, priceCents: 0 };
    const shown = lines.slice(-maxDots);
    return h("li", {},
      drawing(`art-${id}`, "thumb"),
      h("span", { class: "name" }, product.name),
      h("span", { class: "dots" },
        lines.length > maxDots ? h("span", {}, `${lines.length - maxDots} +`) : null,
        shown.map(line => h("i", {
          "data-node": line.node, title: `written by ${nodeLabel(line.node)}`, class: known.size > 0 && !known.has(line.id) ? "fresh" : null,
        }))),
      h("span", { class: "stepper" },
        h("button", { type: "button", "aria-label": `One ${product.name} less`, onclick: () => remove(lines.at(-1).id, id) }, "−"),
        h("b", {}, `${lines.length}`),
        h("button", { type: "button", "aria-label": `One ${product.name} more`, onclick: () => add(id) }, "+")),
      h("span", { class: "sum" }, price(lines.length * product.priceCents)));
  }));
  known = new Set(view.lines.map(line => line.id));

  const empty = view.lines.length === 0;
  byId("cart-empty").hidden = !empty;
  byId("clear").hidden = empty;
  byId("total-row").hidden = empty;
  byId("total").textContent = price(view.totalCents);
  byId("cart-count").textContent = view.lines.length;

  const kept = byId("kept");
  kept.hidden = count() === 0;
  kept.className = `badge ${missing === 0 ? "good" : "bad"}`;
  kept.textContent = `${count()} acknowledged · ${missing} lost`;
}
