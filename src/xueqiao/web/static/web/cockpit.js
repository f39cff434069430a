// Opens what stands behind a number above the board. Without scripts the same link is a page.
(() => {
  "use strict";
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id !== "panel") return;
    event.target.setAttribute("aria-labelledby", "definition-title");
    if (!event.target.open) event.target.showModal();
  });
  document.addEventListener("click", (event) => {
    if (event.target.id === "panel") event.target.close(); // a press beside the panel
  });
})();
