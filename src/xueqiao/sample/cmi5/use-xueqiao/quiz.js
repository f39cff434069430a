// Five questions; three right answers pass. Wrong answers are explained, and one may try again.
"use strict";

const form = document.querySelector("form");
const [done, note] = [document.getElementById("done"), document.getElementById("note")];
const questions = [...form.querySelectorAll("fieldset")];
let session;

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const open = questions.filter((each) => !each.querySelector("input:checked"));
  if (open.length) {
    note.textContent = `还有 ${open.length} 题没有答。`;
    open[0].querySelector("input").focus();
    return;
  }
  const right = questions.filter((each) => {
    const isRight = each.querySelector("input:checked").value === "right";
    const word = each.querySelector("output");
    word.textContent = (isRight ? "答对了。" : "再想想。") + each.dataset.why;
    word.className = isRight ? "right" : "wrong";
    return isRight;
  }).length;
  form.querySelectorAll("input, button").forEach((each) => { each.disabled = true; });
  try {
    const passed = await session.judge(right / questions.length);
    await session.end({ leave: false });
    note.textContent = `答对 ${right} 题。` + (passed ? "恭喜，通过了！" : "没有通过，回到课程页面可以再来一次。");
  } catch (why) {
    note.textContent = `没能记录下来：${why.message} 请从课程页面重新打开。`;
  }
  done.hidden = !session.launch.returnURL;
  (done.hidden ? note : done).focus();
});
done.addEventListener("click", () => location.assign(session.launch.returnURL));
window.addEventListener("pagehide", () => { if (session) session.end({ leave: false }); });

Session.open().then((opened) => {
  session = opened;
  if (!session.counts) note.textContent = "现在只是看看，不会记录成绩。";
  form.querySelector("button").disabled = false;
}).catch((why) => { note.textContent = `小测验打不开：${why.message} 请回到课程页面重新打开。`; });
