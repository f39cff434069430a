/* The page that checks certificates offline: reads what is handed in, says what was found. */
"use strict";

(() => {
  const held = JSON.parse(document.getElementById("held").textContent);
  const words = JSON.parse(document.getElementById("words").textContent);
  const result = document.getElementById("result");
  const line = (tag, text, kind) => {
    const made = document.createElement(tag);
    made.textContent = text;
    if (kind) made.className = kind;
    result.append(made);
    return made;
  };

  function show({codes, found, signed}) {
    result.replaceChildren();
    result.dataset.verdict = codes.length ? "refused" : "holds";
    const kind = codes.length ? "bad" : "ok";
    line("h2", codes.length ? words.refused : words.holds, kind);
    for (const code of codes) line("p", words[code], "bad");
    if (found) {
      const subject = found.credentialSubject ?? {};
      const said = [found.name, found.issuer?.name, subject.achievement?.name,
        subject.creditsEarned === undefined ? "" : `${words.credits} ${subject.creditsEarned}`,
        subject.endorsementComment];
      line("p", said.filter(Boolean).join(" · "));
      for (const row of subject.verifiableCredential ?? []) {
        const inner = row.credentialSubject ?? {};
        line("p", `– ${inner.achievement?.name ?? row.name} · ${row.issuer?.name ?? ""} · `
          + `${words.credits} ${inner.creditsEarned ?? ""}`);
      }
    }
    if (signed) {
      const days = Math.floor((Date.now() - Date.parse(signed)) / 86400000);
      line("p", `${words.age} ${signed} (${days} ${words.days})`, days > 7 ? "bad" : "");
    }
  }

  document.getElementById("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const [file] = document.getElementById("file").files;
    const text = file ? await file.text() : document.getElementById("text").value;
    show(await check(text, held, Date.now()));
  });
  document.getElementById("newer").addEventListener("change", async (event) => {
    const given = JSON.parse(await event.target.files[0].text());
    Object.assign(held, given);
    document.getElementById("made").textContent = held.made;
  });
  document.getElementById("made").textContent = held.made;
})();
