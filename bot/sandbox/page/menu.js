// A menu at the place of an event, for the mouse and the keyboard.

let menu = null;

function close() {
  menu?.remove();
  menu = null;
}

function move(step) {
  const items = [...menu.querySelectorAll("button")];
  const next = items.indexOf(document.activeElement) + step;
  items.at(next % items.length)?.focus();
}

function onKey(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) move(step);
  else if (event.key === "Escape" || event.key === "Tab") close();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

function item(label, action) {
  const button = document.createElement("button");
  button.type = "button";
  button.setAttribute("role", "menuitem");
  button.textContent = label;
  button.addEventListener("click", () => { close(); action(); });
  return button;
}

function heading(text) {
  const element = document.createElement("span");
  element.textContent = text;
  return element;
}

export function openMenu(event, title, entries) {
  close();
  menu = document.createElement("div");
  menu.className = "apps-menu";
  menu.setAttribute("role", "menu");
  menu.setAttribute("aria-label", title);
  menu.append(heading(entries.length ? title : "No apps here"), ...entries.map(([label, action]) => item(label, action)));
  menu.addEventListener("keydown", onKey);
  document.body.append(menu);
  const box = event.currentTarget.getBoundingClientRect();
  // A click by keyboard has no place of its own.
  const [x, y] = event.detail === 0 && event.type === "click" ? [box.left, box.bottom] : [event.clientX, event.clientY];
  menu.style.left = `${Math.max(8, Math.min(x, innerWidth - menu.offsetWidth - 8))}px`;
  menu.style.top = `${Math.max(8, Math.min(y, innerHeight - menu.offsetHeight - 8))}px`;
  menu.querySelector("button")?.focus();
}

addEventListener("pointerdown", (event) => { if (!menu?.contains(event.target)) close(); }, true);
addEventListener("blur", close);
