// What is folded and long lies deflated in the page, and is put in its place when it is opened, printed or saved.
const inflated = async (packed) => {
  const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate")));
};
const unpack = async (root) => {
  const places = [...root.querySelectorAll(".folded-away:not([data-busy])")];
  await Promise.all(places.map(async (place) => {
    place.dataset.busy = "";
    const text = await (await inflated(place.querySelector("pre").textContent)).text();
    place.outerHTML = text;
  }));
};
if ("DecompressionStream" in window) {
  document.addEventListener("toggle", (event) => { if (event.target.open) unpack(event.target); }, true);
  const idle = window.requestIdleCallback || ((task) => setTimeout(task, 200));
  addEventListener("load", () => { idle(() => { document.querySelectorAll("details[data-print]").forEach(unpack); }); });
}
