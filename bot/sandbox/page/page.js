// What a live page needs on top of SimCord's preview, which is made for snapshots.

// The preview wants its key in the address; the door replaces whatever stands there.
if (!location.hash) history.replaceState(null, "", "#sandbox");

// Whoever runs a command wants to see its answer, and how that grows, until they look elsewhere.
const ours = ["run_command", "click", "select", "modal_submit", "send_message"];
const elsewhere = ["focus", "viewer"];
let following = false;

function acted(body) {
  const { kind } = JSON.parse(body instanceof FormData ? body.get("payload") : body);
  if (ours.includes(kind)) following = true;
  if (elsewhere.includes(kind)) following = false;
}

const ask = window.fetch;
window.fetch = async (...request) => {
  if (request[0] === "/api/action") acted(request[1].body);
  const answer = await ask(...request);
  // 410: this page is from before a restart of the sandbox, or slept for too long.
  if (answer.status === 410) location.reload();
  return answer;
};

for (const gesture of ["wheel", "touchmove", "keydown", "pointerdown"]) {
  addEventListener(gesture, ({ target, type }) => {
    // A press on the list itself is one on its scroll bar; a press on anything in it is not.
    if (type !== "pointerdown" || target.id === "channel-timeline") following = false;
  }, { passive: true });
}

function follow() {
  const jump = document.getElementById("new-messages");
  const timeline = document.getElementById("channel-timeline");
  if (!jump.hidden) jump.click();
  if (timeline.scrollTop + timeline.clientHeight < timeline.scrollHeight - 1) timeline.scrollTop = timeline.scrollHeight;
}

// Discord's relative times count on by themselves; here they would stand still until the next edit.
const words = new Intl.RelativeTimeFormat("en-US", { numeric: "auto" });
const units = [["second", 60], ["minute", 60], ["hour", 24], ["day", 7], ["week", Infinity]];

function told(moment) {
  let span = (moment - Date.now()) / 1000;
  for (const [unit, size] of units) {
    if (Math.abs(span) < size) return words.format(Math.round(span), unit);
    span /= size;
  }
}

function count() {
  for (const time of document.querySelectorAll("time.discord-timestamp")) {
    const relative = /^in | ago$|^now$|^tomorrow$|^yesterday$|^(next|last) week$/.test(time.textContent);
    const text = relative ? told(Date.parse(time.dateTime)) : time.textContent;
    if (text !== time.textContent) time.textContent = text;
  }
}

addEventListener("DOMContentLoaded", () => {
  new MutationObserver(count).observe(document.getElementById("channel-message-list"), { childList: true, subtree: true });
  setInterval(count, 1000);
  setInterval(() => { if (following) follow(); }, 200);
});
