// Drives a session of a unit with @xapi/cmi5, a client that is not ours, and prints what it met.
// usage: node client.mjs <launch address>
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
// The client is built for browsers; this is what they have and Node has not.
globalThis.XMLHttpRequest = require("xhr2");
const Cmi5 = require("@xapi/cmi5/dist/Cmi5.umd.js");

const given = Object.fromEntries(new URL(process.argv[2]).searchParams);
given.actor = JSON.parse(given.actor);
const found = { refused: [] };

async function refused(name, doing) {
  try {
    await doing();
  } catch (why) {
    found.refused.push([name, why.response?.status ?? String(why)]);
  }
}

const unit = new Cmi5(given);
await unit.initialize();
found.launchData = unit.getLaunchData();
found.preferences = unit.getLearnerPreferences();
await unit.progress(40);
await unit.interactionTrueFalse("t", "q", true, true);
const lie = (said) => ({ ...said, result: { ...said.result, score: { scaled: 0.1 } } });
await refused("passed below mastery", () => unit.pass(0.95, { transform: lie }));
await unit.pass(0.95);
await refused("passed twice", () => unit.pass(0.95));
await unit.complete();
await unit.terminate();
await refused("after terminated", () => unit.progress(50));
const again = await (await fetch(given.fetch, { method: "POST" })).json();
found.secondFetch = [again["error-code"], "auth-token" in again];
console.log(JSON.stringify(found));
