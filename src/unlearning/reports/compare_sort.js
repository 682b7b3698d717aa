// Headings become buttons that put the best version first, and at the next click last; without scripts the table just stands.
const table = document.querySelector("table.sortable");
const known = (row, column) => row.cells[column].dataset.value !== "";

function order(column, turned) {
  const value = (row) => row.cells[column].dataset.value;
  const compare = table.tHead.rows[0].cells[column].dataset.kind === "text"
    ? (one, other) => value(one).localeCompare(value(other), undefined, { numeric: true })
    : (one, other) => value(one) - value(other);
  const rows = [...table.tBodies[0].rows];
  const sorted = rows.filter((row) => known(row, column)).sort((one, other) => (turned ? compare(other, one) : compare(one, other)));
  return [...sorted, ...rows.filter((row) => !known(row, column))];
}

function arrange(rows) {
  table.tBodies[0].append(...rows);
  for (const list of document.querySelectorAll(".versions")) {
    const found = new Map([...list.children].map((item) => [item.dataset.place, item]));
    list.append(...rows.map((row) => found.get(row.dataset.place)).filter(Boolean));
  }
}

[...table.tHead.rows[0].cells].forEach((head, column) => {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...head.childNodes);
  head.append(button);
  button.addEventListener("click", () => {
    const turned = head.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", turned ? "descending" : "ascending");
    arrange(order(column, turned));
  });
});
document.querySelector(".hint").hidden = false;
