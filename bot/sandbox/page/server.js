// Channels and members beside the messages, and the menus that Discord shows on a right click.

import { openMenu } from "/page/menu.js";

const channels = document.getElementById("channels");
const members = document.getElementById("members");
const seen = new Map();
let shown = "";

function useMenu({ id, name }, target) {
  window.sandbox.dispatch("run_command", { command_id: id, path: [name], options: {}, target });
}

function showMenu(event, title, kind, target) {
  const entries = window.sandbox.snapshot().server.menus[kind];
  event.preventDefault();
  openMenu(event, title, entries.map((entry) => [entry.name, () => useMenu(entry, target)]));
}

function messageMenu(event, message) {
  showMenu(event, "Apps for this message", "message", { message: message.dataset.messageId });
}

function userMenu(event, { id, name }) {
  showMenu(event, `Apps for ${name}`, "user", { user: id });
}

function row(label, className, onClick) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = className;
  button.textContent = label;
  button.addEventListener("click", onClick);
  return button;
}

function showChannels(snapshot) {
  channels.replaceChildren(...snapshot.server.channels.map((channel) => {
    const current = channel.id === snapshot.channelId;
    // What was there before the page was opened is not new.
    if (current || !seen.has(channel.id)) seen.set(channel.id, channel.newest);
    const open = () => window.sandbox.dispatch("viewer", { viewer_id: snapshot.viewerId, channel_id: channel.id });
    const button = row(channel.name, "channel-row", open);
    button.dataset.sign = channel.direct ? "@" : "#";
    button.toggleAttribute("data-unread", seen.get(channel.id) !== channel.newest);
    if (current) button.setAttribute("aria-current", "page");
    return button;
  }));
}

function showMembers(snapshot) {
  members.replaceChildren(...snapshot.server.members.map((member) => {
    const item = document.createElement("li");
    const button = row(member.name, "member-row", (event) => userMenu(event, member));
    button.title = `Apps for ${member.name}`;
    item.append(button);
    return item;
  }));
}

function show() {
  const snapshot = window.sandbox?.snapshot();
  if (!snapshot?.server) return;
  const state = JSON.stringify([snapshot.server, snapshot.channelId, snapshot.viewerId]);
  if (state === shown) return;
  shown = state;
  showChannels(snapshot);
  showMembers(snapshot);
}

// The page fills the picker again with each snapshot.
new MutationObserver(show).observe(document.getElementById("viewer-picker"), { childList: true });

function addMoreButtons() {
  for (const toolbar of document.querySelectorAll(".message-context-actions:not(:has(.apps-button))")) {
    const button = row("Apps", "apps-button", (event) => messageMenu(event, toolbar.closest("article")));
    button.setAttribute("aria-haspopup", "menu");
    toolbar.append(button);
  }
}

const list = document.getElementById("channel-message-list");
new MutationObserver(addMoreButtons).observe(list, { childList: true, subtree: true });

list.addEventListener("contextmenu", (event) => {
  const message = event.target.closest("article[data-message-id]");
  // Pictures and links keep the browser's own menu when Shift is held.
  if (!message || event.shiftKey) return;
  const data = window.sandbox.snapshot().messages[message.dataset.messageId];
  const invoker = event.target.closest(".message-interaction-header") && data?.interaction_header?.user;
  const author = event.target.closest(".message-avatar, .message-author") && data?.author;
  const user = invoker || author;
  if (user) userMenu(event, user);
  else messageMenu(event, message);
});
