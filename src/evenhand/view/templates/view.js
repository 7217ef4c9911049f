"use strict";
(() => {
  // A page of something that goes on is fetched anew, and its content is put in place of the old one.
  const main = document.getElementById("main");
  const wait = (seconds) => { setTimeout(renew, 1000 * seconds); };
  const renew = async () => {
    if (document.hidden || main.contains(document.activeElement)) { wait(2); return; }
    try {
      const answer = await fetch(location.href, { cache: "no-store" });
      const type = answer.headers.get("Content-Security-Policy") || "";
      if (type.includes("sandbox")) { location.reload(); return; }
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("main");
      if (!answer.ok || !fresh) throw new Error(String(answer.status));
      main.replaceChildren(...fresh.childNodes);
      if (fresh.dataset.live) wait(Number(fresh.dataset.live)); else main.removeAttribute("data-live");
    } catch {
      const told = document.createElement("p");
      told.className = "notice";
      told.setAttribute("role", "status");
      told.textContent = "The page is no longer renewed: the server does not answer. Start it again and reload.";
      main.prepend(told);
    }
  };
  if (main && main.dataset.live) wait(Number(main.dataset.live));
})();
