// Speaks cmi5 for a page: fetches its token once, reads its launch data, says what the learner did.
// Opened without a launch it records nothing, and the page works all the same.
"use strict";

const VERBS = "http://adlnet.gov/expapi/verbs/";
const CATEGORY = "https://w3id.org/xapi/cmi5/context/categories/";
const MASTERY = "https://w3id.org/xapi/cmi5/context/extensions/masteryscore";
const PROGRESS = "https://w3id.org/xapi/cmi5/result/extensions/progress";

class Session {
  constructor(given) {
    this.given = given;
    this.began = Date.now();
    this.said = new Set();
    this.launch = { launchMode: "Browse", contextTemplate: {} };
  }

  // The session of this page, after it has said "initialized"; without a launch one that is silent.
  static async open() {
    const given = Object.fromEntries(new URLSearchParams(location.search));
    const session = new Session(given);
    if (!given.fetch) return session;
    const answer = await (await fetch(given.fetch, { method: "POST" })).json();
    if (!answer["auth-token"]) throw new Error(answer["error-text"] || "no token");
    session.token = answer["auth-token"];
    session.launch = await (await session.state("GET", "LMS.LaunchData")).json();
    await session.preferences();
    session.began = Date.now();
    await session.say("initialized");
    return session;
  }

  get isSilent() { return !this.token; }
  get counts() { return !this.isSilent && this.launch.launchMode === "Normal"; }
  get mastery() { return this.launch.masteryScore; }

  // How far the learner was, as this unit wrote it down; null at the first time.
  async bookmark() {
    if (this.isSilent) return null;
    const answer = await this.state("GET", "bookmark");
    return answer.ok ? answer.json() : null;
  }

  async keep(value) {
    if (this.counts) await this.state("PUT", "bookmark", JSON.stringify(value));
  }

  // A statement of the unit's own: how much of it was seen, 0 to 100.
  async progress(percent) {
    if (this.counts) await this.send({ verb: `${VERBS}progressed`, result: { extensions: { [PROGRESS]: percent } } });
  }

  async complete() {
    if (this.counts) await this.say("completed", { completion: true, duration: this.duration() });
  }

  // Passed or failed by a score from 0 to 1; the unit's mastery score decides.
  async judge(scaled) {
    const success = scaled >= (this.mastery ?? 1);
    if (this.counts) await this.say(success ? "passed" : "failed", { success, score: { scaled }, duration: this.duration() });
    return success;
  }

  // The last word; then back to where the learner came from, if asked.
  async end({ leave }) {
    if (!this.isSilent) await this.say("terminated", { duration: this.duration() }, !leave);
    if (leave && this.launch.returnURL) location.assign(this.launch.returnURL);
  }

  async say(verb, result, keepalive = false) {
    if (this.isSilent || this.said.has(verb) || this.said.has("terminated")) return;
    this.said.add(verb);
    const decides = result && ("success" in result || "completion" in result);
    const extensions = result && "success" in result && this.mastery !== undefined ? { [MASTERY]: this.mastery } : {};
    await this.send({ verb: VERBS + verb, result, extensions, categories: decides ? ["cmi5", "moveon"] : ["cmi5"] }, keepalive);
  }

  async send({ verb, result, extensions = {}, categories = [] }, keepalive = false) {
    const template = this.launch.contextTemplate;
    const statement = {
      id: crypto.randomUUID ? crypto.randomUUID() : uuid(),
      timestamp: new Date().toISOString(),
      actor: JSON.parse(this.given.actor),
      verb: { id: verb },
      object: { objectType: "Activity", id: this.given.activityId },
      context: {
        ...template,
        registration: this.given.registration,
        contextActivities: { ...template.contextActivities, ...(categories.length ? { category: categories.map((name) => ({ id: CATEGORY + name })) } : {}) },
        extensions: { ...template.extensions, ...extensions },
      },
      ...(result ? { result } : {}),
    };
    const answer = await fetch(`${this.given.endpoint}statements?statementId=${statement.id}`, {
      method: "PUT", keepalive, headers: this.headers(), body: JSON.stringify(statement),
    });
    if (!answer.ok) throw new Error((await answer.json()).title);
  }

  state(method, stateId, body) {
    const { activityId, actor, registration } = this.given;
    const query = new URLSearchParams({ stateId, activityId, agent: actor, registration });
    return fetch(`${this.given.endpoint}activities/state?${query}`, { method, body, headers: this.headers() });
  }

  // The profile asks for them at the start; this course has one language and no sound.
  preferences() {
    const query = new URLSearchParams({ profileId: "cmi5LearnerPreferences", agent: this.given.actor });
    return fetch(`${this.given.endpoint}agents/profile?${query}`, { headers: this.headers() });
  }

  headers() {
    return { Authorization: `Basic ${this.token}`, "X-Experience-API-Version": "1.0.3", "Content-Type": "application/json" };
  }

  duration() { return `PT${((Date.now() - this.began) / 1000).toFixed(2)}S`; }
}

// Browsers make random identifiers only on safe addresses; a county's test machine may have another.
function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
