// A lesson of cards: one is shown at a time, the place is kept, the last card completes the lesson.
"use strict";

const cards = [...document.querySelectorAll("main > section")];
const [back, on] = [document.getElementById("back"), document.getElementById("on")];
const [where, note] = [document.getElementById("where"), document.getElementById("note")];
let here = 0;
let session;

function show(place, { focus = true } = {}) {
  here = Math.min(Math.max(place, 0), cards.length - 1);
  cards.forEach((card, n) => { card.hidden = n !== here; });
  const isLast = here === cards.length - 1;
  where.textContent = `第 ${here + 1} 页，共 ${cards.length} 页`;
  where.nextElementSibling.value = here + 1;
  back.disabled = here === 0;
  on.textContent = isLast ? "学完了，返回课程" : "下一页";
  if (focus) cards[here].querySelector("h2").focus();
}

async function turn(step) {
  const isDone = step > 0 && here === cards.length - 1;
  try {
    if (isDone) {
      on.disabled = true;
      await session.complete();
      await session.end({ leave: true });
      if (session.isSilent) note.textContent = "这一节学完了。";
      on.disabled = false;
      return;
    }
    show(here + step);
    await session.keep({ card: here });
    await session.progress(Math.round((here / cards.length) * 100));
  } catch (why) {
    on.disabled = false;
    note.textContent = `没能记录下来：${why.message} 请从课程页面重新打开这一节。`;
  }
}

back.addEventListener("click", () => turn(-1));
on.addEventListener("click", () => turn(1));
window.addEventListener("pagehide", () => { if (session) session.end({ leave: false }); });

show(0, { focus: false });
Session.open().then(async (opened) => {
  session = opened;
  const kept = await session.bookmark();
  if (kept && kept.card) show(kept.card, { focus: false });
  if (!session.counts) note.textContent = "现在只是看看，不会记录学习进度。";
  on.disabled = false;
}).catch((why) => { note.textContent = `这一节打不开：${why.message} 请回到课程页面重新打开。`; });
