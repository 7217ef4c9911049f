"use strict";
(() => {
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));

  // A link to a finding opens the row it points at, and whatever the row is folded into.
  const reveal = async () => {
    let name = "";
    try { name = decodeURIComponent(location.hash.slice(1)); } catch { return; }
    if (!document.getElementById(name)) await unpack(document);
    const target = document.getElementById(name);
    if (!target) return;
    for (let node = target; node; node = node.parentElement) if (node.tagName === "DETAILS") node.open = true;
    target.scrollIntoView({ block: "nearest" });
  };
  addEventListener("hashchange", reveal);
  if (location.hash) reveal();

  // On paper nothing stays folded but the rows, whose numbers stand in the figure.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = all("details[data-print]:not([open])");
    opened.forEach((one) => { one.open = true; });
  });
  addEventListener("afterprint", () => { opened.forEach((one) => { one.open = false; }); opened = []; });

  // The contents list follows the reading.
  const links = new Map(all(".contents a").map((link) => [link.getAttribute("href").slice(1), link]));
  if ("IntersectionObserver" in window) {
    const seen = new Set();
    const watcher = new IntersectionObserver((entries) => {
      entries.forEach((entry) => { seen[entry.isIntersecting ? "add" : "delete"](entry.target.id); });
      const current = Array.from(links.keys()).find((id) => seen.has(id));
      links.forEach((link, id) => {
        if (id === current) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current");
      });
    }, { rootMargin: "-12% 0px -70% 0px" });
    all("main > section").forEach((section) => { watcher.observe(section); });
  }

  // A heat cell says what it stands for, under the table, on touch and hover alike.
  const tell = (event) => {
    const cell = event.target.closest("table.heat td[title]");
    if (cell) cell.closest(".scroll").nextElementSibling.textContent = cell.title;
  };
  document.addEventListener("mouseover", tell);
  document.addEventListener("click", tell);

  // Commands can be copied.
  if (navigator.clipboard) {
    all("pre.command").forEach((block) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "Copy";
      button.addEventListener("click", () => {
        navigator.clipboard.writeText(block.querySelector("code").textContent).then(
          () => { button.textContent = "Copied"; setTimeout(() => { button.textContent = "Copy"; }, 1600); },
          () => { button.textContent = "Select and copy"; },
        );
      });
      block.append(button);
    });
  }
})();
