// Shows the figures and refreshes them every other second. Uses no framework and loads nothing from other servers.

const EVERY = 2000, SELDOM = 15000, PATIENCE = 8000;
const HEIGHT = 190, MARGIN = { top: 8, right: 4, bottom: 22, left: 40 };
const MINUTE = 60, HOUR = 3600, DAY = 86400;

const STATES = [
  ["waiting", "grey"], ["submitting", "blue"], ["searching", "red"],
  ["processing", "amber"], ["downloading", "blue"], ["delivering", "green"],
];
const ENDS = [
  ["DONE", "Completed", "green"], ["FAILED", "Failed", "red"], ["BLOCKED", "Blocked (RAI)", "amber"],
  ["EXPIRED", "Expired", "blue"], ["CANCELLED", "Cancelled", "grey"],
];
const REASONS = {
  segmind: "Segmind failed", parameters: "order rejected", service: "key, balance or model", unreachable: "Segmind unreachable", forgotten: "lost by the database",
  "not found": "lost on the way", result: "result not downloaded", withheld: "not shown",
  awaited: "waiting for moderators", unheard: "log channel unreachable", rejected: "rejected by moderators", lapsed: "not checked in time", filtered: "stopped by the checks", unshared: "avatar no longer shared",
};
const CLOSED = { key: "Segmind rejects the key", balance: "empty balance", model: "not offered by Segmind" };

const $ = (id) => document.getElementById(id);
let now = 0, last = null, began = null, lostAt = null;

// Words for numbers

const whole = new Intl.NumberFormat("en");
const money = new Intl.NumberFormat("en", { style: "currency", currency: "USD" });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const exactly = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const date = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
// The operator's days are those of UTC.
const dayOf = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
const at = (format, seconds) => format.format(seconds * 1000);
const when = (seconds) => at(Math.abs(now - seconds) > 20 * HOUR ? date : clock, seconds);
const plural = (count, one, many) => `${whole.format(count)} ${count === 1 ? one : many}`;

function span(seconds) {
  if (seconds < 1) return `${Math.max(0, Math.round(seconds * 1000))}\u00a0ms`;
  if (seconds < 10) return `${seconds.toFixed(1)}\u00a0s`;
  if (seconds < 100) return `${Math.round(seconds)}\u00a0s`;
  if (seconds < 100 * MINUTE) return `${Math.round(seconds / MINUTE)}\u00a0min`;
  if (seconds < 2 * DAY) return `${Math.round(seconds / HOUR)}\u00a0h`;
  return `${Math.round(seconds / DAY)}\u00a0d`;
}

const age = (since) => (now - since < 10 ? `${Math.max(0, Math.round(now - since))}\u00a0s` : span(now - since));
const codes = (answers) => Object.entries(answers).map(([code, count]) => `${code} × ${whole.format(count)}`).join(", ") || "none";

// Elements

function made(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) if (value != null && value !== false) element.setAttribute(name, value);
  element.append(...children.flat(Infinity).filter((child) => child != null));
  return element;
}

const h = (name, attributes = {}, ...children) => made(document.createElement(name), attributes, children);
const s = (name, attributes = {}, ...children) =>
  made(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
const key = (tone, ...words) => h("span", { class: `key ${tone}` }, ...words);

// Keeps elements that have not changed, so that a refresh does not disturb a reader or a selection.
function put(place, ...children) {
  const fresh = h("div", {}, ...children);
  if (place.innerHTML !== fresh.innerHTML) place.replaceChildren(...fresh.childNodes);
}

function says(place, words) {
  if (place.textContent !== words) place.textContent = words;
}

function table(caption, heads, rows, nothing) {
  if (!rows.length) return h("p", { class: "nothing" }, nothing);
  const side = (index) => (heads[index].startsWith(">") ? "right" : null);
  return h("table", {},
    h("caption", {}, caption),
    h("thead", {}, h("tr", {}, heads.map((head, index) => h("th", { scope: "col", class: side(index) }, head.replace(">", ""))))),
    h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell, index) =>
      index ? h("td", { class: side(index) }, cell) : h("th", { scope: "row" }, cell))))));
}

const list = (place, rows) => put(place, rows.filter(Boolean).flatMap(([name, value, tone]) =>
  [h("dt", {}, name), h("dd", { class: tone || null }, value)]));

// Charts: each is drawn as wide as it stands, and has a table behind it

function chart(id) {
  const place = $(id);
  const legend = h("div", { class: "legend" }), picture = h("figure");
  const rows = h("div", { class: "scroll", role: "group", tabindex: "0", "aria-label": "The table behind the chart" });
  place.append(legend, picture, h("details", {}, h("summary", {}, "As a table"), rows));
  const it = { legend, picture, rows, draw: null, width: 0 };
  new ResizeObserver(() => {
    if (it.width === picture.clientWidth) return;
    it.width = picture.clientWidth;
    if (it.draw) it.draw();
  }).observe(picture);
  return it;
}

const charts = Object.fromEntries(["jobs", "times", "line", "days"].map((name) => [name, chart(`chart-${name}`)]));

function shown(it, { legend = [], label, most, ticks, labels, words, content, rows }) {
  put(it.legend, ...legend);
  put(it.rows, rows);
  it.draw = () => {
    const width = Math.max(it.width || it.picture.clientWidth, 200);
    const x = (part) => MARGIN.left + part * (width - MARGIN.left - MARGIN.right);
    const y = (value) => HEIGHT - MARGIN.bottom - (value / most) * (HEIGHT - MARGIN.top - MARGIN.bottom);
    put(it.picture, s("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, height: HEIGHT, role: "img", "aria-label": label },
      ticks.map((tick) => [
        s("line", { class: "grid", x1: MARGIN.left, x2: width - MARGIN.right, y1: y(tick), y2: y(tick) }),
        s("text", { x: MARGIN.left - 6, y: y(tick) + 4, "text-anchor": "end" }, words(tick)),
      ]),
      labels(width).map(([part, text]) =>
        s("text", { x: x(part), y: HEIGHT - 5, "text-anchor": "middle" }, text)),
      content(x, y, width)));
  };
  it.draw();
}

// A round number at or above, and the lines on the way to it.
function scale(highest, least) {
  const rough = Math.max(highest, least) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((each) => each * power).find((each) => each >= rough && (least < 1 || each % 1 === 0)) || 10 * power;
  const count = Math.max(1, Math.ceil(Math.max(highest, least) / step - 1e-9));
  return { most: count * step, ticks: Array.from({ length: count + 1 }, (_, index) => index * step) };
}

// A bot that has just begun fills its charts all the same: they reach back as far as there is something to see.
function reached(its) {
  const first = Math.min(its.until, ...[its.jobs, its.times, its.queue].flatMap((rows) => rows.slice(0, 1)).map((row) => row.at));
  const seconds = [15 * MINUTE, 30 * MINUTE, HOUR].find((each) => its.until - first < each) ?? its.until - its.since;
  return { ...its, since: its.until - seconds };
}

const hours = ({ since, until }) => (width) => {
  const most = width < 420 ? 4 : 7;
  const step = [5, 10, 15, 30, 60].map((each) => each * MINUTE).find((each) => (until - since) / each <= most) ?? 2 * HOUR;
  const found = [];
  for (let mark = Math.ceil(since / step) * step; mark < until; mark += step) found.push([(mark - since) / (until - since), at(clock, mark)]);
  return found.filter(([part]) => part > 0.04 && part < 0.97);
};

const path = (points) => points.map(([x, y], index) => `${index ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");

function grouped(rows, length) {
  const groups = new Map();
  for (const row of rows) {
    const begin = Math.floor(row.at / length) * length;
    const group = groups.get(begin) || {};
    for (const [state] of ENDS) group[state] = (group[state] || 0) + (row[state] || 0);
    groups.set(begin, group);
  }
  return [...groups].sort(([a], [b]) => a - b);
}

function drawJobs(its) {
  // As many minutes in one bar as can be told apart.
  const length = Math.max(1, Math.round((its.until - its.since) / (charts.jobs.picture.clientWidth < 480 ? 36 : 90) / MINUTE)) * MINUTE;
  const bars = grouped(its.jobs, length);
  const a_minute = (count) => count / (length / MINUTE);
  const total = (group) => ENDS.reduce((sum, [state]) => sum + group[state], 0);
  const { most, ticks } = scale(Math.max(0, ...bars.map(([, group]) => a_minute(total(group)))), 1);
  const sum = its.jobs.length ? bars.reduce((all, [, group]) => all + total(group), 0) : 0;
  shown(charts.jobs, {
    legend: ENDS.map(([, word, tone]) => key(tone, word)),
    label: `Jobs finished since ${at(clock, its.since)}: ${whole.format(sum)}. The table below has the numbers.`,
    most, ticks, labels: hours(its), words: (tick) => whole.format(tick),
    content: (x, y) => bars.flatMap(([begin, group]) => {
      let below = 0;
      const from = Math.max(0, (begin - its.since) / (its.until - its.since));
      const to = Math.min(1, (begin + length - its.since) / (its.until - its.since));
      return ENDS.filter(([state]) => group[state]).map(([state, , tone]) => {
        const base = below;
        below += a_minute(group[state]);
        return s("rect", { class: `bar ${tone}`, x: x(from), width: Math.max(1, x(to) - x(from) - 1), y: y(below), height: y(base) - y(below) });
      });
    }),
    rows: table("Jobs per quarter of an hour", ["From", ...ENDS.map(([, word]) => `>${word}`)],
      grouped(its.jobs, 15 * MINUTE).reverse().map(([begin, group]) => [at(clock, begin), ...ENDS.map(([state]) => whole.format(group[state]))]),
      "No job has finished in the last three hours."),
  });
}

function drawTimes(its) {
  const { most, ticks } = scale(Math.max(0, ...its.times.map((each) => each.most)), 5);
  // A stretch without results is a gap, and no line across it.
  const runs = its.times.reduce((found, each) => {
    const before = found.at(-1)?.at(-1);
    if (before && each.at - before.at <= its.stretch * 1.5) found.at(-1).push(each);
    else found.push([each]);
    return found;
  }, []);
  const newest = its.times.at(-1);
  shown(charts.times, {
    legend: [key("blue", "median"), key("amber", "95th percentile")],
    label: newest
      ? `Time from order to result: latest median ${span(newest.half)}, 95th percentile ${span(newest.most)}. The table below has the numbers.`
      : "Time from order to result: no result in the last three hours.",
    most, ticks, labels: hours(its), words: (tick) => (tick ? span(tick) : "0"),
    content: (x, y) => runs.flatMap((run) => [["half", "blue", ""], ["most", "amber", " dashed"]].flatMap(([which, tone, dashed]) => {
      const points = run.map((each) => [x(Math.min(1, Math.max(0, (each.at + its.stretch / 2 - its.since) / (its.until - its.since)))), y(each[which])]);
      return [
        points.length > 1 ? s("path", { class: `curve ${tone}${dashed}`, d: path(points) }) : null,
        ...points.map(([cx, cy]) => s("circle", { class: `dot ${tone}`, cx: cx.toFixed(1), cy: cy.toFixed(1), r: 2.5 })),
      ];
    })),
    rows: table(`Results per ${span(its.stretch)}`, ["From", ">Results", ">Median", ">95th percentile"],
      [...its.times].reverse().map((each) => [at(clock, each.at), whole.format(each.jobs), span(each.half), span(each.most)]),
      "No result in the last three hours."),
  });
}

function drawLine(its) {
  const samples = its.queue.filter((each) => each.at >= its.since);
  const { most, ticks } = scale(Math.max(0, ...samples.map((each) => each.waiting)), 4);
  const quarters = [...samples.reduce((found, each) => {
    const begin = Math.floor(each.at / (15 * MINUTE)) * 15 * MINUTE;
    return found.set(begin, Math.max(found.get(begin) || 0, each.waiting));
  }, new Map())].reverse();
  shown(charts.line, {
    label: `Waiting jobs since ${samples.length ? at(clock, samples[0].at) : "now"}: ${whole.format(samples.at(-1)?.waiting ?? 0)} now. The table below has the numbers.`,
    most, ticks, labels: hours(its), words: (tick) => whole.format(tick),
    content: (x, y) => {
      const points = samples.map((each) => [x((each.at - its.since) / (its.until - its.since)), y(each.waiting)]);
      if (!points.length) return [];
      const first = points[0][0], newest = points.at(-1)[0];
      return [
        s("path", { class: "area blue", d: `${path(points)}L${newest.toFixed(1)} ${y(0)}L${first.toFixed(1)} ${y(0)}Z` }),
        s("path", { class: "curve blue", d: path(points.length > 1 ? points : [points[0], [points[0][0] + 0.1, points[0][1]]]) }),
      ];
    },
    rows: table("Most waiting jobs since this process started", ["From", ">Jobs"],
      quarters.map(([begin, most]) => [at(clock, begin), whole.format(most)]), "No data yet."),
  });
}

function drawDays(its, cap) {
  const { most, ticks } = scale(Math.max(cap || 0, ...its.days.map((each) => each.usd)), 0.01);
  const cents = ticks.some((tick) => tick % 1);
  shown(charts.days, {
    legend: [key("blue", "spent at Segmind"), cap == null ? null : key("red", `your cap, ${money.format(cap)}`)],
    label: `US dollars spent per day in two weeks; today ${money.format(its.days.at(-1).usd)}. The table below has the numbers.`,
    most, ticks, words: (tick) => (cents ? `$${tick.toFixed(2)}` : `$${whole.format(tick)}`),
    labels: (width) => its.days.map((each, index) => [(index + 0.5) / its.days.length, at(dayOf, each.at)])
      .filter((_, index) => (its.days.length - 1 - index) % (width < 420 ? 4 : width < 700 ? 3 : 2) === 0),
    content: (x, y) => [
      ...its.days.map((each, index) => s("rect", {
        class: "bar blue", x: x((index + 0.15) / its.days.length), width: x(0.7 / its.days.length) - x(0), y: y(each.usd), height: y(0) - y(each.usd),
      })),
      cap == null ? null : s("path", { class: "curve dashed red", d: path([[x(0), y(cap)], [x(1), y(cap)]]) }),
    ],
    rows: table("US dollars by day (UTC)", ["Day", ">Spent"],
      [...its.days].reverse().map((each) => [at(dayOf, each.at), money.format(each.usd)]), ""),
  });
}

// The figures

function tile(name, value, note, tone, extra) {
  return h("div", { class: `tile ${tone || ""}` }, h("h3", {}, name), h("strong", {}, value), h("span", { class: "quiet small" }, note), extra);
}

function tiles(it) {
  const counts = it.jobs?.counts ?? [];
  const sum = (rows) => rows.reduce((all, row) => all + row.jobs, 0);
  const oldest = (rows) => Math.min(...rows.map((row) => row.since));
  const held = counts.filter((row) => row.state === "waiting");
  const hour = (it.charts?.jobs ?? []).filter((row) => row.at >= it.at - HOUR);
  const done = hour.reduce((all, row) => all + (row.DONE || 0), 0);
  const ended = hour.reduce((all, row) => all + ENDS.slice(0, 4).reduce((some, [state]) => some + (row[state] || 0), 0), 0);
  const newest = it.charts?.times.at(-1);
  const { spend, segmind } = it;
  const full = spend?.cap == null ? 0 : spend.today / Math.max(spend.cap, 0.01);
  put($("tiles"),
    tile("Open jobs", whole.format(sum(counts)), counts.length ? `the oldest is ${age(oldest(counts))} old` : "nothing to do", counts.length ? "blue" : ""),
    tile("Waiting", whole.format(sum(held)), held.length ? `the first for ${age(oldest(held))}` : "none", it.pause ? "amber" : held.length ? "blue" : ""),
    tile("Results, last hour", whole.format(done), ended ? `${Math.round(100 * done / ended)} % of ${plural(ended, "job", "jobs")}` : "no job has finished",
      ended > 4 && done < 0.8 * ended ? "red" : ended ? "green" : ""),
    tile("Time to result", newest ? span(newest.half) : "–", newest ? `95 % within ${span(newest.most)}` : "none in three hours", newest ? "green" : ""),
    tile("Spent today", spend ? money.format(spend.today) : "–", spend?.cap == null ? "no cap" : `of ${money.format(spend.cap)} a day`,
      full >= 1 ? "red" : full >= 0.8 ? "amber" : "",
      spend?.cap == null ? null : h("meter", { min: 0, max: spend.cap || 0.01, high: 0.8 * spend.cap, value: spend.today, "aria-label": "Share of the daily cap" })),
    tile("Segmind balance", segmind.empty ? "empty" : segmind.left == null ? "unknown" : money.format(segmind.left),
      segmind.empty ? "orders wait" : segmind.left == null ? "known after the next job" : segmind.low ? `warning below ${money.format(segmind.low)}` : "as of the last job",
      segmind.empty ? "red" : segmind.left != null && segmind.left < segmind.low ? "amber" : segmind.left == null ? "" : "green"));
}

function jobs(it) {
  if (!it.jobs) return;
  const by = (state) => it.jobs.counts.filter((row) => row.state === state).reduce((all, row) => all + row.jobs, 0);
  put($("states"), STATES.map(([state, tone]) => key(tone, h("b", {}, whole.format(by(state))), ` ${state}`)));
  const tone = Object.fromEntries(STATES);
  put($("oldest"), table("Oldest first, all processes", ["Model", "State", ">Age", ">At Segmind", "Job"],
    it.jobs.oldest.map((job) => [job.model, key(tone[job.state], job.state), age(job.created_at),
      job.submitted_at == null ? "–" : age(job.submitted_at), h("code", {}, job.id)]), "No open jobs."));
}

function line(it) {
  const its = it.queue;
  list($("line"), [
    ["In this process", `${whole.format(its.waiting)} in the queue, ${whole.format(its.running)} running`],
    ["Next", its.next.length ? its.next.map((id) => h("div", {}, h("code", {}, id))) : "none"],
    ["Limits at Segmind", `${whole.format(its.in_all)} in total, ${whole.format(its.per_server)} per server, ${whole.format(its.per_member)} per member`],
    ["Limit in the queue", `${whole.format(its.waiting_per_member)} per member`],
    ["Requests", requests(it.segmind)],
  ]);
}

function requests(its) {
  const allowed = whole.format(its.per_minute), limit = whole.format(its.per_minute_limit);
  return its.per_minute < its.per_minute_limit
    ? `${allowed} a minute, because Segmind rejected more; the setting allows ${limit}`
    : `${limit} a minute`;
}

function models(it) {
  put($("models"), table("Time from submission to result: documented, learned, and in the last hour", ["Model", ">Documented", ">Learned median", ">90th percentile", ">Last hour", ">Median", ">95th percentile"],
    it.models.map((model) => [model.slug, span(model.usual),
      ...(model.learned ? [span(model.learned.half), span(model.learned.most)] : ["–", "–"]),
      ...(model.hour ? [plural(model.hour.jobs, "result", "results"), span(model.hour.half), span(model.hour.most)] : ["–", "–", "–"])]), ""));
}

function troubles(it) {
  if (!it.failures) return;
  const ends = Object.fromEntries(ENDS.map(([state, word, tone]) => [state, [word, tone]]));
  const rows = it.failures.groups.map((each) => [each.model, key(ends[each.state][1], ends[each.state][0]),
    each.state === "BLOCKED" ? "content rules" : REASONS[each.reason] || each.reason || "–", whole.format(each.jobs), when(each.last)]);
  const kept = it.failures.deliveries.kept || 0;
  put($("failures"), table("By model and reason", ["Model", "Outcome", "Reason", ">Jobs", ">Last"], rows, "No failures."),
    kept ? h("p", { class: "nothing" }, `${plural(kept, "result was", "results were")} not delivered; members can get them with /jobs.`) : null);
}

function servers(it) {
  if (!it.spend) return;
  put($("servers"), table("Credits since the first of the month (UTC)", ["Server", ">Spent", ">Cap"],
    it.spend.servers.map((each) => [each.name ? h("span", { title: each.id }, each.name) : h("code", {}, each.id), whole.format(each.spent), each.cap == null ? "none" : whole.format(each.cap)]),
    "No server has spent credits this month."));
}

function segmind(it) {
  const its = it.segmind;
  list($("segmind"), [
    ["Orders", it.pause ? "paused by you" : its.empty ? "waiting for a top-up" : its.closed.length ? "held back" : "accepted", it.pause || its.closed.length ? "warn" : its.empty ? "bad" : ""],
    ...its.closed.map((each) => [each.model ?? "All models", CLOSED[each.why] ?? each.why, "bad"]),
    ["Service", its.open_breakers.length ? `paused after failures: ${its.open_breakers.join(", ")}` : "OK", its.open_breakers.length ? "bad" : ""],
    ["Balance", its.empty ? "empty" : its.left == null ? "unknown" : money.format(its.left), its.empty ? "bad" : its.left != null && its.left < its.low ? "warn" : ""],
    ["Last 10 minutes", codes(its.responses.ten_minutes)],
    ["Last hour", codes(its.responses.hour)],
  ]);
}

function discord(it) {
  const its = it.discord;
  list($("discord"), [
    ["Connections", `${its.online} of ${plural(its.wanted, "shard", "shards")}`, its.online < its.wanted ? "bad" : ""],
    ["Ready", its.ready ? "yes" : "not yet", its.ready ? "" : "warn"],
    ["Rejected requests", `${whole.format(its.invalid_requests)} in 10 minutes; at ${whole.format(its.limit)} Discord bans the IP address`, its.invalid_requests > its.limit / 2 ? "bad" : its.invalid_requests > its.limit / 10 ? "warn" : ""],
    ["Last 10 minutes", codes(its.responses.ten_minutes)],
    ["Last hour", codes(its.responses.hour)],
  ]);
}

function books(it) {
  const told = { log: "the moderators", operators: "you", owner: "the server's owner" };
  const { cases, ledger } = it;
  list($("books"), [
    cases && ["Open reports", whole.format(cases.open), cases.oldest.some((each) => each.told_to !== "log") ? "warn" : ""],
    cases?.asked.results && ["Waiting for moderators", `${plural(cases.asked.results, "result", "results")}, the oldest for ${age(cases.asked.since)}`],
    ["Ledger", !ledger ? "being checked" : ledger.wrong ? `${plural(ledger.wrong, "discrepancy", "discrepancies")}` : "adds up", ledger?.wrong ? "bad" : ""],
    ledger && ["Checked", `${plural(ledger.entries, "entry", "entries")} of ${plural(ledger.accounts, "account", "accounts")} at ${when(ledger.at)}`],
    ...(ledger?.sentences ?? []).map((sentence) => ["Discrepancy", sentence]),
  ]);
  put($("cases"), cases?.oldest.length ? table("Oldest first", ["Report", ">Age", "With"],
    cases.oldest.map((each) => [`#${each.number}`, age(each.opened_at), told[each.told_to] ?? "nobody yet"]), "") : null);
}

function process(it) {
  const its = it.process;
  list($("process"), [
    ["Version", it.version],
    ["Uptime", `${age(it.began)}, since ${when(it.began)}`],
    ["Event loop lag", `up to ${span(its.lag.minute)} in the last minute, ${span(its.lag.hour)} in the last hour`, its.lag.minute > 0.5 ? "bad" : its.lag.minute > 0.1 ? "warn" : ""],
    ["Processes", whole.format(its.processes)],
    its.lease != null && ["Lease", its.lease > 0 ? `${span(its.lease)} left` : "expired", its.lease > 0 ? "" : "bad"],
  ]);
  put($("workers"), its.all.length ? table("All processes with this database", ["Process", ">Shards", ">Lease"],
    its.all.map((each) => [h("code", {}, each.id), whole.format(each.shards), span(each.lease)]), "") : null);
}

function paused(it) {
  const { pause } = it;
  const toggle = $("switch");
  toggle.disabled = false;
  says(toggle, pause ? "Resume" : "Pause");
  toggle.className = pause ? "main" : "";
  $("paused").hidden = !pause;
  says($("paused"), pause ? `Paused since ${when(pause)}. New orders wait, and the bot submits none to Segmind until you resume.` : "");
}

function show(it) {
  now = it.at;
  last = it;
  says($("version"), `version ${it.version}`);
  paused(it);
  trouble(it.stale ? "The database does not respond, so its figures are old." : "");
  for (const each of [tiles, jobs, line, models, troubles, servers, segmind, discord, books, process]) each(it);
  if (it.charts) {
    const its = reached(it.charts);
    drawJobs(its);
    drawTimes(its);
    drawLine(its);
    drawDays(its, it.spend.cap);
  }
  const open = (it.jobs?.counts ?? []).reduce((all, row) => all + row.jobs, 0);
  document.title = `${it.pause ? "Paused · " : ""}${open} open · Doppel`;
  $("figures").setAttribute("aria-busy", "false");
}

function trouble(words) {
  says($("trouble"), words);
  $("trouble").hidden = !words;
}

// The connection

function connected(it) {
  const restarted = began !== null && began !== it.began;
  if (lostAt !== null || began === null || restarted) {
    $("connection").className = "chip live";
    says($("connection"), restarted ? `Live, restarted at ${at(clock, it.began)}` : "Live");
  }
  began = it.began;
  lostAt = null;
  $("figures").classList.remove("stale");
}

function lost(words) {
  if (lostAt === null) lostAt = Date.now() / 1000;
  $("connection").className = "chip lost";
  says($("connection"), words || `No connection since ${at(exactly, lostAt)}; retrying`);
  if (last) $("figures").classList.add("stale");
  $("switch").disabled = true;
  document.title = "No connection · Doppel";
}

let asking = 0;

async function ask() {
  const mine = ++asking;
  try {
    const answer = await fetch("figures", { signal: AbortSignal.timeout(PATIENCE), cache: "no-store" });
    // Signed out, or the token was changed: the same address has the form then.
    if (answer.status === 401) return location.reload();
    if (!answer.ok) throw new Error((await answer.json()).error);
    const it = await answer.json();
    if (mine !== asking) return;
    connected(it);
    show(it);
  } catch (error) {
    if (mine === asking) lost(error.name === "Error" ? error.message : "");
  }
  if (mine === asking) setTimeout(() => { if (mine === asking) ask(); }, document.hidden ? SELDOM : EVERY);
}

async function turn(which) {
  $("switch").disabled = true;
  try {
    const answer = await fetch(which, { method: "POST", signal: AbortSignal.timeout(PATIENCE) });
    if (!answer.ok) trouble((await answer.json()).error);
  } catch {
    trouble("The bot did not respond, so it may or may not have changed. Check again in a moment.");
  }
  await ask();
  $("switch").focus();
}

$("switch").addEventListener("click", () => {
  if (last.pause) turn("resume");
  else $("ask").showModal();
});
$("ask").addEventListener("close", () => {
  if ($("ask").returnValue === "pause") turn("pause");
  $("ask").returnValue = "";
});
addEventListener("visibilitychange", () => { if (!document.hidden) ask(); });
ask();
