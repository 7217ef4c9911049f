"use strict";
(() => {
  const form = JSON.parse(document.getElementById("form").textContent);
  const key = `evenhand-form:${form.name}:${form.fingerprint}`;
  const one = (id) => document.getElementById(id);
  let state = { rater: "", machine: false, place: 0, answers: {} };

  const restore = () => {
    try {
      const kept = JSON.parse(localStorage.getItem(key) || "null");
      if (kept) state = { ...state, ...kept };
    } catch (problem) {
      one("storage").hidden = false;
    }
    state.place = Math.min(Math.max(Number(state.place) || 0, 0), form.items.length - 1);
  };
  const keep = () => {
    try {
      localStorage.setItem(key, JSON.stringify(state));
    } catch (problem) {
      one("storage").hidden = false;
    }
  };
  const element = (tag, text, attributes = {}) => {
    const made = document.createElement(tag);
    if (text) made.textContent = text;
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  };
  const given = (item) => (state.answers[item.id] ||= {});
  const columnsOf = (item) => item.questions.flatMap((question) => question.fields.map((field) => field.column));
  const complete = (item) => columnsOf(item).every((column) => given(item)[column]);

  const answer = (item, column, value) => {
    if (value) given(item)[column] = value;
    else delete given(item)[column];
    keep();
    count();
  };
  const count = () => {
    const done = form.items.filter(complete).length;
    one("done").textContent = `${done} of ${form.items.length} answered`;
    one("bar").max = form.items.length;
    one("bar").value = done;
    return done;
  };
  const radios = (item, field) => {
    const box = element("div", "", { class: field.tall ? "choices tall" : "choices" });
    for (const [code, text] of field.choices) {
      const label = element("label");
      const input = element("input", "", { type: "radio", name: field.column, value: code });
      input.checked = given(item)[field.column] === code;
      input.addEventListener("change", () => answer(item, field.column, code));
      label.append(input, element("span", text));
      box.append(label);
    }
    return box;
  };
  const fieldset = (item, question) => {
    const set = element("fieldset");
    set.append(element("legend", question.text));
    for (const field of question.fields) {
      if (question.fields.length === 1) {
        set.append(radios(item, field));
        continue;
      }
      const inner = element("fieldset");
      inner.append(element("legend", field.text), radios(item, field));
      set.append(inner);
    }
    return set;
  };
  const note = (item) => {
    const set = element("fieldset");
    const label = element("label", "Anything to add?");
    const box = element("textarea", "", { name: "note", rows: "2", id: "note" });
    label.setAttribute("for", "note");
    box.value = given(item).note || "";
    box.addEventListener("input", () => answer(item, "note", box.value.trim()));
    set.append(label, box);
    return set;
  };
  const show = () => {
    const item = form.items[state.place];
    one("place").textContent = `Item ${state.place + 1} of ${form.items.length}.`;
    const shown = one("shown");
    shown.lang = form.language;
    shown.replaceChildren(element("p", item.situation));
    if (item.question) shown.append(element("p", item.question));
    const list = element("ol");
    for (const [letter, text] of item.options) {
      const line = element("li");
      line.append(element("b", `${letter}.`), element("span", text));
      list.append(line);
    }
    if (item.options.length) shown.append(list);
    one("questions").replaceChildren(...item.questions.map((question) => fieldset(item, question)), note(item));
    one("back").disabled = state.place === 0;
    one("next").disabled = state.place === form.items.length - 1;
    count();
  };
  const move = (step) => {
    state.place = Math.min(Math.max(state.place + step, 0), form.items.length - 1);
    keep();
    show();
    one("place").focus();
  };

  const quoted = (text) => `"${String(text).replaceAll('"', '""')}"`;
  const table = () => {
    const head = ["form", "item", "wording", "options", "rater", "readers", ...form.columns];
    const rows = form.items.map((item) => [
      form.name,
      item.id,
      item.wording,
      item.options.map(([letter, text]) => `${letter}. ${text}`).join("\n"),
      state.rater,
      state.machine ? "language model" : "person",
      ...form.columns.map((column) => given(item)[column] || ""),
    ]);
    return [head, ...rows].map((row) => row.map(quoted).join(",")).join("\r\n") + "\r\n";
  };
  const save = () => {
    if (!state.rater) {
      one("message").textContent = "Enter your code first; it tells your answers from those of others.";
      one("rater").focus();
      return;
    }
    const link = element("a", "", { download: `${form.name}-${state.rater.replace(/[^\p{L}\p{N}_-]+/gu, "_")}.csv` });
    link.href = URL.createObjectURL(new Blob(["\ufeff", table()], { type: "text/csv;charset=utf-8" }));
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    one("message").textContent = `Saved: ${count()} of ${form.items.length} items are answered in full. Hand the file back.`;
  };

  restore();
  one("rater").value = state.rater;
  one("machine").checked = state.machine;
  one("rater").addEventListener("input", (event) => { state.rater = event.target.value.trim(); keep(); });
  one("machine").addEventListener("change", (event) => { state.machine = event.target.checked; keep(); });
  one("back").addEventListener("click", () => move(-1));
  one("next").addEventListener("click", () => move(1));
  one("clear").addEventListener("click", () => { state.answers[form.items[state.place].id] = {}; keep(); show(); });
  one("save").addEventListener("click", save);
  one("questions").addEventListener("submit", (event) => event.preventDefault());
  one("card").hidden = false;
  show();
})();
