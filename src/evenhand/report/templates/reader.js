// Any two answers of the sample side by side, with what differs marked word by word.
(() => {
  const root = document.querySelector(".reader");
  if (!root || !("DecompressionStream" in window)) return;
  const find = (selector) => root.querySelector(selector);
  const make = (name, className, text) => {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const MOST = 1500000; // cells of the table that finds the longest common run of words

  const tokens = (text) => text.match(/\s+|[\p{L}\p{N}]+|[^\s\p{L}\p{N}]/gu) || [];
  // Which words of two texts are common to both, in order; null where the texts are too long to be compared.
  const common = (first, second) => {
    const width = second.length + 1;
    if ((first.length + 1) * width > MOST) return null;
    const table = new Uint16Array((first.length + 1) * width);
    for (let i = first.length - 1; i >= 0; i--) for (let j = second.length - 1; j >= 0; j--)
      table[i * width + j] = first[i] === second[j] ? table[(i + 1) * width + j + 1] + 1
        : Math.max(table[(i + 1) * width + j], table[i * width + j + 1]);
    const kept = [new Set(), new Set()];
    for (let i = 0, j = 0; i < first.length && j < second.length;) {
      if (first[i] === second[j]) { kept[0].add(i++); kept[1].add(j++); }
      else if (table[(i + 1) * width + j] >= table[i * width + j + 1]) i++; else j++;
    }
    return kept;
  };
  const written = (words, kept) => {
    const block = make("pre");
    let mark = null;
    words.forEach((word, index) => {
      if (!kept || kept.has(index) || (!mark && !word.trim())) { mark = null; block.append(word); return; }
      if (!mark) { mark = make("mark"); block.append(mark); }
      mark.append(word);
    });
    return block;
  };
  const compared = (first, second) => {
    const words = [tokens(first), tokens(second)];
    const kept = first === second ? [null, null] : common(...words) || [null, null];
    return words.map((one, index) => written(one, kept[index]));
  };

  let data = null;
  const selects = Object.fromEntries(["model", "item", "first", "second"].map((name) => [name, find(`select[name=${name}]`)]));
  const option = (text, value) => { const made = make("option", "", text); made.value = value; return made; };
  const items = () => data.items.map((item, index) => [item, index]).filter(([item]) => item.model === selects.model.value);
  const fill = (select, rows) => select.replaceChildren(...rows.map(([text, value]) => option(text, value)));

  // The two that say most: users of one set whose scores differ, then any whose scores or words differ.
  const telling = (answers) => {
    let best = [0, Math.min(1, answers.length - 1)], most = -1;
    answers.forEach((one, i) => answers.slice(i + 1).forEach((other, k) => {
      const set = data.users[one[0]][1];
      const worth = (one[4] !== other[4] ? 4 : 0) + (set && set === data.users[other[0]][1] ? 2 : 0) + (one[2] !== other[2] ? 1 : 0);
      if (worth > most) { most = worth; best = [i, i + 1 + k]; }
    }));
    return best;
  };
  const side = (answer, blocks) => {
    const part = make("section", "side");
    part.append(make("h4", "", data.users[answer[0]][0]));
    const reply = make("div", "said");
    reply.append(make("p", "role", "answered"), blocks.answer);
    const read = [answer[3], answer[4] === null ? "" : `score ${Math.round(100 * answer[4])} of 100`].filter(Boolean).join(", ");
    if (read) reply.append(make("p", "read", read));
    const memory = make("div", "shown");
    memory.append(make("p", "role", "was shown"), ...blocks.shown);
    part.append(reply, memory);
    return part;
  };
  const show = () => {
    const item = data.items[selects.item.value];
    const chosen = [item.answers[selects.first.value], item.answers[selects.second.value]];
    const text = (place) => place === null ? "(no answer)" : data.texts[place];
    const turns = chosen.map((one) => one[1].slice(0, -1).map(([role, place]) => `${role}: ${data.texts[place]}`).join("\n\n"));
    const questions = chosen.map((one) => data.texts[one[1][one[1].length - 1][1]]);
    const same = questions[0] === questions[1];
    const memory = compared(...turns), asked = compared(...questions), answers = compared(text(chosen[0][2]), text(chosen[1][2]));
    const parts = chosen.map((one, index) => side(one, { answer: answers[index], shown: same ? [memory[index]] : [memory[index], asked[index]] }));
    const shown = [];
    if (same) {
      const both = make("section", "both");
      both.append(make("h4", "", "Asked of both"), asked[0]);
      shown.push(both);
    }
    find(".sides").replaceChildren(...shown, ...parts);
    const all = items(), at = all.findIndex(([, index]) => index === Number(selects.item.value));
    const differ = chosen[0][4] !== chosen[1][4] ? "the scores differ" : answers[0].textContent !== answers[1].textContent ? "the words differ" : "the answers are the same";
    find(".where").textContent = `Question ${at + 1} of ${all.length}; ${differ}.`;
  };
  const pickUsers = () => {
    const { answers } = data.items[selects.item.value];
    const rows = answers.map((one, index) => [data.users[one[0]][0], index]);
    fill(selects.first, rows);
    fill(selects.second, rows);
    [selects.first.value, selects.second.value] = telling(answers);
    show();
  };
  const pickModel = () => { fill(selects.item, items().map(([item, index]) => [item.name, index])); pickUsers(); };
  const turn = (by) => {
    const last = selects.item.options.length - 1;
    selects.item.selectedIndex = Math.min(last, Math.max(0, selects.item.selectedIndex + by));
    pickUsers();
  };
  selects.model.addEventListener("change", pickModel);
  selects.item.addEventListener("change", pickUsers);
  selects.first.addEventListener("change", show);
  selects.second.addEventListener("change", show);
  find("button[name=before]").addEventListener("click", () => turn(-1));
  find("button[name=after]").addEventListener("click", () => turn(1));

  const start = async () => {
    data = await (await inflated(find(".packed").textContent)).json();
    const models = [...new Set(data.items.map((item) => item.model))];
    fill(selects.model, models.map((name) => [name, name]));
    find("label.model").hidden = models.length < 2;
    for (const one of [find(".choices"), find(".sides")]) one.hidden = false;
    find(".plain").hidden = true;
    pickModel();
  };
  start();
})();
