// The page: reads the forms, asks the module, and shows answers. Everything that was pasted, and
// everything that comes from it, becomes text of the document and never markup.

const version = new URL(import.meta.url).searchParams.get("v");
const byId = (id) => document.getElementById(id);

// --- the module -----------------------------------------------------------------------------

let loading;

/** Loads the module and the catalog once, at the first need. */
function load() {
  loading ??= Promise.all([file("answers.wasm"), file("catalog.bin")]).catch((error) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function file(name) {
  const response = await fetch(`${name}?v=${version}`);
  if (!response.ok) throw new Error(`${name}: ${response.status}`);
  return response.arrayBuffer();
}

let running;

/** Starts the module, and writes the catalog to its place in memory. */
async function start() {
  const [code, catalog] = await load();
  // The module imports nothing: it can reach neither the network nor the document.
  const { instance } = await WebAssembly.instantiate(code, {});
  const address = new DataView(catalog).getUint32(0, true);
  new Uint8Array(instance.exports.memory.buffer).set(new Uint8Array(catalog, 4), address);
  return instance.exports;
}

/** Returns the answer to a question. */
async function ask(question) {
  running ??= await start();
  try {
    const bytes = new TextEncoder().encode(JSON.stringify(question));
    const place = running.question(bytes.length);
    new Uint8Array(running.memory.buffer).set(bytes, place);
    const length = running.answer();
    const answer = new Uint8Array(running.memory.buffer, running.answer_address(), length);
    return JSON.parse(new TextDecoder().decode(answer));
  } catch (error) {
    // The state of a module that failed is not known: the next question starts a new one.
    running = undefined;
    throw error;
  }
}

// --- what is shown --------------------------------------------------------------------------

/** Creates an element. Strings among the children become text. */
function element(name, attributes = {}, ...children) {
  const created = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) created.setAttribute(key, value);
  created.append(...children.filter((child) => child != null));
  return created;
}

function shape(name, attributes, text) {
  const created = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) created.setAttribute(key, value);
  if (text) created.textContent = text;
  return created;
}

/** Returns a link for an https address, and any other address as text. */
function link(address) {
  const isWeb = /^https:\/\//.test(address);
  return isWeb ? element("a", { href: address, rel: "noreferrer" }, address) : address;
}

function code(text, what) {
  const button = element(
    "button",
    { type: "button", class: "copy", "aria-label": `Copy ${what}` },
    "Copy",
  );
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
  return element("div", {}, element("pre", { tabindex: "0" }, text), button);
}

const GATES = {
  scope: "scopes of the token",
  iam: "IAM roles",
  service_disabled: "enabled API",
  billing: "billing",
  vpc_sc: "service perimeter",
  org_policy: "organization policy",
  rate_limit: "rate limit",
  quota_project: "quota project",
  credentials: "credential",
  api_key: "API key",
  resource_acl: "sharing of the resource",
  other: "another check",
};

/** The checks of a call as a picture: the one that refused is closed. */
function picture({ gate, certainty }) {
  const closed = certainty === "certain" ? "closed" : "probably closed";
  const gates =
    gate === "scope"
      ? [
          ["scope", closed],
          ["iam", "not reached"],
        ]
      : gate === "iam"
        ? [
            ["scope", certainty === "certain" ? "open" : "not known"],
            ["iam", closed],
          ]
        : [[gate, closed]];
  const words = gates.map(([name, state]) => `${GATES[name] ?? name}: ${state}`);
  const svg = shape("svg", {
    viewBox: "0 0 400 150",
    role: "img",
    "aria-label": `The checks of the call. ${words.join("; ")}.`,
  });
  svg.append(
    shape("rect", { class: "box", x: 2, y: 45, width: 50, height: 50, rx: 8 }),
    shape("text", { x: 27, y: 75 }, "call"),
    shape("rect", { class: "box", x: 322, y: 45, width: 76, height: 50, rx: 8 }),
    shape("text", { x: 360, y: 75 }, "resource"),
    shape("path", { class: "wire", d: "M52 70H322", "stroke-dasharray": "5 5" }),
  );
  gates.forEach(([name, state], index) => {
    const x = gates.length === 1 ? 187 : 122 + 130 * index;
    const kind = state === "open" ? "passed" : state.endsWith("closed") ? "closed" : "";
    const d = kind === "closed" ? `M${x} 35V105` : `M${x} 35V55M${x} 85V105`;
    svg.append(
      shape("path", { class: `gate ${kind}`, d }),
      shape("text", { x, y: 22 }, GATES[name] ?? name),
      shape("text", { x, y: 134, class: kind }, state),
    );
  });
  return svg;
}

function step(item, number) {
  return element(
    "li",
    {},
    item.text,
    item.command && code(item.command, `the command of step ${number}`),
    item.code && code(item.code, `the code of step ${number}`),
    item.console && element("p", {}, link(item.console)),
    item.link && element("p", { class: "soft" }, "See ", link(item.link)),
    item.placeholders?.length
      ? element("p", { class: "soft" }, `Replace ${item.placeholders.join(", ")}.`)
      : null,
  );
}

function option(item) {
  const steps = element("ol", {}, ...item.steps.map((entry, index) => step(entry, index + 1)));
  return [
    item.why && element("p", {}, item.why),
    item.opens && element("p", { class: "soft" }, `Permits ${item.opens}.`),
    item.destroys && element("p", { class: "warning" }, item.destroys),
    steps,
    item.runs_as && element("p", { class: "soft" }, item.runs_as),
  ];
}

function facts(rows) {
  const shown = rows.filter(([, value]) => value != null && value !== "" && value.length !== 0);
  return element(
    "table",
    {},
    element(
      "tbody",
      {},
      ...shown.map(([name, value]) =>
        element(
          "tr",
          {},
          element("th", { scope: "row" }, name),
          element("td", {}, Array.isArray(value) ? value.join(", ") : value),
        ),
      ),
    ),
  );
}

function explained({ explanation, is_refusal, is_place_known, note, script }) {
  const paragraphs = explanation.report.split(/\n\n+/);
  const first = paragraphs[explanation.notes.length] ?? explanation.report;
  const parts = [element("h3", {}, "The answer")];
  for (const text of [...explanation.notes, note])
    if (text) parts.push(element("p", { class: "notice" }, text));
  parts.push(
    element(
      "p",
      { class: "answer" },
      (is_refusal ? first : explanation.report).replaceAll("\n", " "),
    ),
  );
  if (!is_refusal) {
    if (byId("text").value.includes('"resource_changes"')) {
      const section = element("a", { href: "#plan" }, "A Terraform plan");
      parts.push(element("p", {}, "The text is a plan. Check it under ", section, "."));
    }
    return parts;
  }
  parts.push(picture(explanation));
  if (!is_place_known && explanation.gate === "scope") {
    parts.push(
      element(
        "p",
        { class: "notice" },
        "Choose where the program runs: then the steps are for that place.",
      ),
    );
  }
  const [recommended, ...others] = explanation.options;
  if (recommended) {
    parts.push(
      element("h3", {}, "What to do"),
      element(
        "div",
        { class: "option" },
        element("h4", {}, recommended.title),
        ...option(recommended),
      ),
    );
  }
  if (others.length) {
    parts.push(element("h3", {}, "Or"));
    for (const other of others) {
      parts.push(
        element(
          "details",
          { class: "option" },
          element("summary", {}, other.title),
          ...option(other),
        ),
      );
    }
  }
  parts.push(
    element("h3", {}, "What is known"),
    facts([
      ["gate", `${GATES[explanation.gate] ?? explanation.gate} (${explanation.certainty})`],
      ["method", explanation.method ?? explanation.rpc_method],
      ["service", explanation.service],
      ["accepted scopes", explanation.accepted],
      ["needed together", explanation.all_of],
      ["scopes held", explanation.granted],
      ["permission", explanation.permission],
      ["resource", explanation.resource],
      ["account", explanation.principal],
      ["project", explanation.project],
      ["runs on", explanation.runs_on === "unknown" ? null : explanation.runs_on],
      ["server said", explanation.server_message],
    ]),
  );
  parts.push(
    element(
      "details",
      {},
      element("summary", {}, "The report as text"),
      code(explanation.report, "the report"),
    ),
  );
  if (script)
    parts.push(
      element(
        "details",
        {},
        element("summary", {}, "The steps as a script"),
        code(script, "the script"),
      ),
    );
  return parts;
}

function foundMethods({ methods }) {
  return methods.map((method) =>
    element(
      "div",
      {},
      element("h3", {}, `${method.id} `, element("span", { class: "soft" }, method.api)),
      element(
        "p",
        {},
        method.accepted.length === 0
          ? "Google lists no scopes for it."
          : method.needs_every_scope
            ? "Needs all of these at once:"
            : "Accepts any one of these:",
      ),
      element("ul", {}, ...method.accepted.map((scope) => element("li", {}, scope))),
      method.doc && element("p", {}, link(method.doc)),
    ),
  );
}

// --- the forms ------------------------------------------------------------------------------

/** Asks when a form is submitted, and shows the answer or why there is none. */
function onSubmit(form, status, target, question, show) {
  byId(form).addEventListener("submit", async (event) => {
    event.preventDefault();
    const message = byId(status);
    message.className = "";
    message.textContent = "Reading …";
    // Lets the browser show the message before the module reads a long text.
    await new Promise((done) => setTimeout(done, 0));
    try {
      const answer = await ask(question());
      if (answer.error) throw new Error(answer.error);
      byId(target).replaceChildren(...show(answer));
      message.textContent = done(answer);
    } catch (error) {
      byId(target).replaceChildren();
      message.className = "error";
      message.textContent = error.message;
    }
  });
}

function done(answer) {
  const { count, methods } = answer;
  if (methods) return `${count} methods; ${methods.length} are shown.`;
  return "Done. The answer is below.";
}

const FIELDS = ["text", "on", "project", "zone", "instance", "call", "held"];
const entered = () => Object.fromEntries(FIELDS.map((id) => [id, byId(id).value]));

onSubmit(
  "explain",
  "status",
  "explanation",
  () => ({ question: "explain", ...entered() }),
  explained,
);
onSubmit(
  "find",
  "found-status",
  "found",
  () => {
    const text = byId("words").value;
    return /\s\w+:\/\//.test(text)
      ? { question: "method", call: text, held: "" }
      : { question: "find", text };
  },
  (answer) =>
    answer.report ? [element("pre", { tabindex: "0" }, answer.report)] : foundMethods(answer),
);
onSubmit(
  "check",
  "plan-status",
  "findings",
  () => ({ question: "check", plan: byId("plan-text").value, methods: byId("needs").value }),
  (answer) => [element("h3", {}, "The machines"), code(answer.report, "the report")],
);

/** The longest text that a link carries: longer addresses are cut by chat programs and servers. */
const MAX_LINK = 8000;

byId("link").addEventListener("click", async () => {
  const fields = Object.fromEntries(Object.entries(entered()).filter(([, value]) => value));
  const fragment = encodeURIComponent(JSON.stringify(fields));
  const message = byId("status");
  message.className = fragment.length > MAX_LINK ? "error" : "";
  if (fragment.length > MAX_LINK) {
    message.textContent = "The text is too long for a link: keep the lines of the refusal.";
    return;
  }
  // The part behind # stays in the browser: no request contains it.
  history.replaceState(null, "", `#paste=${fragment}`);
  message.textContent =
    "The address of this page now contains the text, behind the sign #. " +
    "Whoever has the address can read the text.";
});

/** Fills the form with the text of a link. */
function readLink() {
  const [, fragment] = location.hash.match(/^#paste=(.*)$/) ?? [];
  if (!fragment) return;
  try {
    const fields = JSON.parse(decodeURIComponent(fragment));
    for (const id of FIELDS) if (typeof fields[id] === "string") byId(id).value = fields[id];
    byId("explain").requestSubmit();
  } catch {
    byId("status").textContent = "The link is damaged: paste the text instead.";
  }
}

/** Lists the places. The names come from the module, so it is loaded when the page is idle. */
async function listPlaces() {
  const { places, version: date } = await ask({ question: "places" });
  const options = places
    .filter((place) => place.title)
    .map((place) => element("option", { value: place.name }, place.title));
  byId("on").append(...options);
  byId("catalog").textContent = `Catalog of ${date}.`;
}

for (const id of ["text", "on", "words", "plan-text"])
  byId(id).addEventListener("focus", () => places(), { once: true });
let listed;
const places = () => (listed ??= listPlaces().catch(() => (listed = undefined)));
if (location.hash.startsWith("#paste=")) places().then(readLink);
