// Tables can be sorted and searched. Without this file every page shows the same, in the order in which it was written.
"use strict";
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, place) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach(other => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const key = row => row.cells[place].dataset.sort ?? row.cells[place].textContent.trim();
      const numeric = row => { const text = key(row); return text !== "" && !isNaN(text) ? Number(text) : null; };
      for (const body of table.tBodies) {
        const rows = [...body.rows].sort((one, other) => {
          const a = numeric(one), b = numeric(other);
          if ((a === null) !== (b === null)) return a === null ? 1 : -1;
          return (a === null ? key(one).localeCompare(key(other)) : a - b) * (down ? -1 : 1);
        });
        body.append(...rows);
      }
    });
  });
}
for (const table of document.querySelectorAll("table[data-find]")) {
  const label = document.createElement("label");
  label.className = "filter";
  label.append(table.dataset.find);
  const field = document.createElement("input");
  field.type = "search";
  label.append(field);
  (table.closest(".scroll") ?? table).before(label);
  field.addEventListener("input", () => {
    const wanted = field.value.trim().toLocaleLowerCase();
    for (const row of table.querySelectorAll("tbody tr")) row.hidden = !row.textContent.toLocaleLowerCase().includes(wanted);
  });
}
