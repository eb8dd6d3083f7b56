"use strict";
(() => {
  const form = document.getElementById("filter");
  const [family, status, find, shown] = ["family", "status", "find", "shown"].map((id) => document.getElementById(id));
  const axioms = [...document.querySelectorAll(".axiom")];
  const problems = [...document.querySelectorAll(".problem[data-status]")];
  const groups = [...document.querySelectorAll(".group, .family")];
  form.hidden = false;

  const apply = () => {
    const word = find.value.trim().toLowerCase();
    const takes = (one) =>
      (!family.value || one.dataset.family.split(" ").includes(family.value)) &&
      (!status.value || one.dataset.status === status.value) &&
      (!word || one.textContent.toLowerCase().includes(word));
    for (const one of [...axioms, ...problems]) one.hidden = !takes(one);
    for (const group of groups) group.hidden = !group.querySelector(".axiom:not([hidden])");
    const count = axioms.filter((one) => !one.hidden).length;
    shown.textContent = count === axioms.length ? "" : `${count} of ${axioms.length} axioms`;
  };
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());

  // A link to an ID shows it, whatever is filtered or folded.
  const open = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    if (target.hidden || target.closest("[hidden]")) { form.reset(); apply(); }
    if (target.matches("details")) target.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", open);
  apply();
  open();

  if (navigator.clipboard) {
    for (const line of document.querySelectorAll(".again")) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "copy";
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(line.querySelector("code").textContent);
        button.textContent = "copied";
        setTimeout(() => { button.textContent = "copy"; }, 1500);
      });
      line.append(button);
    }
  }

  addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.target.matches("input, select")) { event.preventDefault(); find.focus(); }
  });
})();
