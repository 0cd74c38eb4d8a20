// Makes SimCord's preview, which shows snapshots, a live page.

// The preview requires a key in the address; the proxy sends the real one instead.
if (!location.hash) history.replaceState(null, "", "#sandbox");

// After an action, follow the newest message until the person looks elsewhere.
const actions = ["run_command", "click", "select", "modal_submit", "send_message"];
const navigation = ["focus", "viewer"];
let following = false;

function noteAction(body) {
  const { kind } = JSON.parse(body instanceof FormData ? body.get("payload") : body);
  if (actions.includes(kind)) following = true;
  if (navigation.includes(kind)) following = false;
}

// The sandbox answers a request with the version of a state when there is another state, or after a second.
const version = "Sandbox-State";
let known = null;

const originalFetch = window.fetch;
window.fetch = async (address, options) => {
  if (address === "/api/action") {
    noteAction(options.body);
    // SimCord reads the state again, and forgets what it reads meanwhile.
    known = null;
  }
  if (address === "/api/state" && known) options = { ...options, headers: { ...options.headers, [version]: known } };
  const response = await originalFetch(address, options);
  if (address === "/api/state") known = response.headers.get(version);
  // 410: the sandbox restarted since this page was loaded, or the page slept for too long.
  if (response.status === 410) location.reload();
  return response;
};

for (const gesture of ["wheel", "touchmove", "keydown", "pointerdown"]) {
  addEventListener(gesture, ({ target, type }) => {
    // A press on the list itself is a press on its scroll bar.
    if (type !== "pointerdown" || target.id === "channel-timeline") following = false;
  }, { passive: true });
}

function follow() {
  const jump = document.getElementById("new-messages");
  const timeline = document.getElementById("channel-timeline");
  if (!jump.hidden) jump.click();
  if (timeline.scrollTop + timeline.clientHeight < timeline.scrollHeight - 1) timeline.scrollTop = timeline.scrollHeight;
}

// SimCord renders relative times once; Discord keeps them counting.
const formatter = new Intl.RelativeTimeFormat("en-US", { numeric: "auto" });
const units = [["second", 60], ["minute", 60], ["hour", 24], ["day", 7], ["week", Infinity]];

function relativeTime(moment) {
  let difference = (moment - Date.now()) / 1000;
  for (const [unit, size] of units) {
    if (Math.abs(difference) < size) return formatter.format(Math.round(difference), unit);
    difference /= size;
  }
}

function updateTimes() {
  for (const time of document.querySelectorAll("time.discord-timestamp")) {
    const relative = /^in | ago$|^now$|^tomorrow$|^yesterday$|^(next|last) week$/.test(time.textContent);
    const text = relative ? relativeTime(Date.parse(time.dateTime)) : time.textContent;
    if (text !== time.textContent) time.textContent = text;
  }
}

addEventListener("DOMContentLoaded", () => {
  new MutationObserver(updateTimes).observe(document.getElementById("channel-message-list"), { childList: true, subtree: true });
  setInterval(updateTimes, 1000);
  setInterval(() => { if (following) follow(); }, 200);
});
