// What scripts add to pages that work without them. No inline handlers, no other host.
(() => {
  "use strict";

  const each = (selector, work) => document.querySelectorAll(selector).forEach(work);

  // Buttons that only scripts can serve are hidden until they can.
  const reveal = (root) => {
    root.querySelectorAll("[data-print]").forEach((button) => {
      button.hidden = false;
      button.addEventListener("click", () => window.print());
    });
    if ("speechSynthesis" in window) {
      root.querySelectorAll("[data-read-aloud]").forEach((button) => {
        button.hidden = false;
        button.addEventListener("click", () => readAloud(button));
      });
    }
  };

  // Read the page with the browser's own voice; a second press stops.
  const readAloud = (button) => {
    const speech = window.speechSynthesis;
    if (speech.speaking) {
      speech.cancel();
      button.setAttribute("aria-pressed", "false");
      return;
    }
    const text = document.querySelector("main").innerText.slice(0, 6000);
    const words = new SpeechSynthesisUtterance(text);
    words.lang = document.documentElement.lang;
    words.rate = 0.9;
    words.onend = () => button.setAttribute("aria-pressed", "false");
    button.setAttribute("aria-pressed", "true");
    speech.speak(words);
  };

  // Open menus close when the reader presses Escape or looks elsewhere.
  const closeMenus = (except) =>
    each("details.who[open]", (menu) => menu !== except && menu.removeAttribute("open"));
  document.addEventListener("click", (event) => closeMenus(event.target.closest("details.who")));
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && document.querySelector("details.who[open]");
    if (menu) {
      menu.removeAttribute("open");
      menu.querySelector("summary").focus();
    }
  });

  // A filter that says so sends its form when it changes.
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
  });

  // The first refused field gets the focus, so that it is read out and in view.
  const focusRefused = (root) => {
    const field = root.querySelector("[aria-invalid='true'], [role='alert'][tabindex]");
    if (field) field.focus();
  };

  // Tables marked so can be sorted by a press on their heading.
  const sortable = (table) => {
    table.querySelectorAll("thead th[data-sort]").forEach((heading) => {
      const column = [...heading.parentNode.children].indexOf(heading);
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => sortBy(table, heading, column));
    });
  };

  const sortBy = (table, heading, column) => {
    const upwards = heading.getAttribute("aria-sort") !== "ascending";
    const value = (row) => {
      const cell = row.children[column];
      const number = Number(cell.dataset.value ?? "");
      return cell.dataset.value && !Number.isNaN(number) ? number : cell.innerText;
    };
    const compare = (a, b) =>
      typeof a === "number" && typeof b === "number"
        ? a - b
        : String(a).localeCompare(String(b), document.documentElement.lang);
    const rows = [...table.tBodies[0].rows];
    rows.sort((a, b) => compare(value(a), value(b)) * (upwards ? 1 : -1));
    table.tBodies[0].append(...rows);
    table.querySelectorAll("th[aria-sort]").forEach((other) => other.removeAttribute("aria-sort"));
    heading.setAttribute("aria-sort", upwards ? "ascending" : "descending");
  };

  // A row of links that is wider than the screen shows the one whose page is open.
  const showCurrent = (row) => {
    const here = row.querySelector("[aria-current]");
    if (!here) return;
    const [frame, link] = [row.getBoundingClientRect(), here.getBoundingClientRect()];
    row.scrollLeft += link.left - frame.left - (frame.width - link.width) / 2;
  };

  const begin = () => {
    reveal(document);
    each(".section-nav, .main-nav", showCurrent);
    focusRefused(document);
    each("table[data-sortable]", sortable);
  };

  document.addEventListener("htmx:afterSwap", (event) => {
    reveal(event.target);
    focusRefused(event.target);
  });
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
