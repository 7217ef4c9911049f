// Every table can be saved as CSV and every figure as SVG: made here, from what is on the page, without a request.
(() => {
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));
  const shown = (text) => (text || "").replace(/\s+/g, " ").trim();
  const visible = (element) => { const box = element.getBoundingClientRect(); return box.width > 0 && box.height > 0; };

  // A spreadsheet runs a cell that begins with one of these; a quotation mark before it makes it text.
  const FORMULA = /^[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/;
  const NUMBER = /^[+\u2212-]?[\d,]*\.?\d+$/;
  const cellText = (cell) => {
    const text = shown(cell.textContent);
    if (cell.classList.contains("n") && NUMBER.test(text)) return text.replace(/[+,]/g, "").replace("\u2212", "-");
    const safe = FORMULA.test(text) ? `'${text}` : text;
    return /[",\n]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
  };
  const csv = (table) => "\ufeff" + all("tr", table)
    .map((row) => Array.from(row.cells, cellText).join(",")).join("\r\n") + "\r\n";

  // A figure as it stands on the page: words, marks and coloured fields, each where the browser has put it.
  const INK = ["fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linecap", "font-family", "font-size",
    "font-weight", "text-anchor"];
  const clear = (colour) => colour === "transparent" || /rgba\(.*, 0\)$/.test(colour);
  const escaped = (text) => text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "")
    .replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/"/g, "&quot;");
  const tag = (name, values, inner = "") => {
    const written = Object.entries(values).map(([key, value]) => ` ${key}="${escaped(String(value))}"`).join("");
    return inner ? `<${name}${written}>${inner}</${name}>` : `<${name}${written}/>`;
  };
  const round = (number) => Math.round(number * 100) / 100;
  const mark = (element) => {
    if (element.tagName === "title") return "";
    if (element.tagName === "use") {
      const shared = document.getElementById(element.getAttribute("href").slice(1));
      return shared ? Array.from(shared.children, mark).join("") : "";
    }
    const values = {};
    for (const one of element.attributes) if (!/^(class|id|role|overflow)$|^aria-/.test(one.name)) values[one.name] = one.value;
    const style = getComputedStyle(element);
    for (const name of INK) if (style.getPropertyValue(name)) values[name] = style.getPropertyValue(name);
    if (element.tagName === "svg") values.overflow = style.overflow;
    const own = element.childElementCount ? "" : escaped(element.textContent);
    return tag(element.tagName, values, own + Array.from(element.children, mark).join(""));
  };
  const words = (node, from, parts) => {
    const style = getComputedStyle(node.parentElement);
    if (clear(style.color)) return;
    const lines = [];
    for (const found of node.data.matchAll(/\S+/g)) {
      const range = document.createRange();
      range.setStart(node, found.index);
      range.setEnd(node, found.index + found[0].length);
      const box = range.getBoundingClientRect();
      if (!box.width) continue;
      const last = lines[lines.length - 1];
      if (last && Math.abs(last.top - box.top) < 2) last.text += ` ${found[0]}`;
      else lines.push({ top: box.top, left: box.left, height: box.height, text: found[0] });
    }
    for (const line of lines) parts.push(tag("text", {
      x: round(line.left - from.left), y: round(line.top - from.top + 0.79 * line.height), fill: style.color,
      "font-family": style.fontFamily, "font-size": style.fontSize, "font-weight": style.fontWeight,
    }, escaped(line.text)));
  };
  const LEFT_OUT = ".save, .unseen, .about, .readout, .defs, details.fold, button";
  const draw = (element, from, parts) => {
    if (element.matches(LEFT_OUT)) return;
    const box = element.getBoundingClientRect();
    const place = { x: round(box.left - from.left), y: round(box.top - from.top), width: round(box.width), height: round(box.height) };
    const style = getComputedStyle(element);
    if (element.tagName === "svg") {
      const values = { ...place, overflow: style.overflow };
      if (element.getAttribute("viewBox")) values.viewBox = element.getAttribute("viewBox");
      parts.push(tag("svg", values, Array.from(element.children, mark).join("")));
      return;
    }
    if (!visible(element) && !element.childElementCount) return;
    if (!clear(style.backgroundColor)) parts.push(tag("rect", { ...place, fill: style.backgroundColor }));
    if (parseFloat(style.borderTopWidth) > 0 && !clear(style.borderTopColor) && place.height > 2)
      parts.push(tag("rect", { x: place.x, y: place.y, width: place.width, height: 1, fill: style.borderTopColor }));
    for (const child of element.childNodes) {
      if (child.nodeType === Node.TEXT_NODE) words(child, from, parts);
      else if (child.nodeType === Node.ELEMENT_NODE) draw(child, from, parts);
    }
  };
  const svg = (figure, name) => {
    const from = figure.getBoundingClientRect(), parts = [];
    for (const child of figure.children) draw(child, from, parts);
    const below = all(":scope > details.fold, :scope > .save, :scope > figure > details.fold", figure).map((one) => one.getBoundingClientRect());
    const height = below.reduce((sum, box) => sum - box.height, from.height);
    const pad = 16, size = { width: Math.ceil(from.width) + 2 * pad, height: Math.ceil(height) + 2 * pad };
    const told = figure.querySelector(".conclusion");
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tag("svg", {
      xmlns: "http://www.w3.org/2000/svg", viewBox: `${-pad} ${-pad} ${size.width} ${size.height}`, ...size, role: "img",
    }, tag("title", {}, escaped(name)) + (told ? tag("desc", {}, escaped(shown(told.textContent))) : "")
      + tag("rect", { x: -pad, y: -pad, ...size, fill: getComputedStyle(document.body).backgroundColor }) + parts.join(""));
  };

  // Names sort as the page does: evenhand, number of the section, section, figure.
  const nameOf = (one) => shown((one.querySelector("h3") || one.querySelector("summary")).firstChild.textContent);
  const order = new Map(all("main > section").map((section, index) => [section, String(index + 1).padStart(2, "0")]));
  const fileName = (one, ending) => {
    const section = one.closest("section");
    const number = one.dataset.number.padStart(2, "0");
    const slug = nameOf(one).toLowerCase().replace(/[^a-z0-9]+/g, "-").slice(0, 48).replace(/^-|-$/g, "");
    return `evenhand-${order.get(section)}-${section.id}-${number}-${slug || "figure"}.${ending}`;
  };
  const save = (text, type, name) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    link.click();
    setTimeout(() => { URL.revokeObjectURL(link.href); }, 10000);
  };
  const button = (one, word, make, type, ending) => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = word;
    made.setAttribute("aria-label", `Save ${nameOf(one)} as ${word}`);
    made.addEventListener("click", async () => { await unpack(one); save(make(), type, fileName(one, ending)); });
    return made;
  };
  all(".figure, details.fold").forEach((one) => {
    if (one.matches(".figure details.fold")) return;
    if (!one.querySelector("table, .folded-away")) return;
    const last = () => { const tables = all("table", one); return tables[tables.length - 1]; };
    const section = one.closest("section");
    one.dataset.number = section.dataset.saved = String(Number(section.dataset.saved || 0) + 1);
    const body = one.querySelector("figure") || one;
    const row = document.createElement("p");
    row.className = "save";
    row.append("Save: ", button(one, "CSV", () => csv(last()), "text/csv", "csv"));
    if (one.matches(".figure") && one.querySelector(":scope svg:not(.defs), :scope table.heat, :scope .drawn"))
      row.append(button(one, "SVG", () => svg(body, nameOf(one)), "image/svg+xml", "svg"));
    body.append(row);
  });
})();
