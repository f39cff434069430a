// Drives the endpoint with @xapi/xapi, a client that is not ours, and prints what it got as JSON.
// Arguments: endpoint, key, secret.
import { createHash } from "node:crypto";
import { createRequire } from "node:module";

const XAPI = createRequire(import.meta.url)("@xapi/xapi").default;
const [endpoint, key, secret] = process.argv.slice(2);
const given = { endpoint, auth: XAPI.toBasicAuth(key, secret), version: "1.0.3" };
const lrs = new XAPI(given);
// As in a browser: axios on Node would replace the content type of a message of several parts.
const browser = new XAPI({ ...given, adapter: "fetch" });
const agent = { objectType: "Agent", account: { homePage: "https://school.example", name: "wei" } };
const activity = {
  objectType: "Activity",
  id: "https://school.example/course/tea",
  definition: { name: { "zh-Hans": "茶" }, type: "http://adlnet.gov/expapi/activities/course" },
};
const said = {};

// The status that a request is refused with.
async function refusal(promise) {
  try {
    await promise;
    return null;
  } catch (error) {
    return error.response?.status ?? JSON.parse(error.message).status;
  }
}

async function statements() {
  const verb = XAPI.Verbs.COMPLETED;
  const sent = { actor: agent, verb, object: activity, result: { success: true } };
  const [one] = (await lrs.sendStatement({ statement: sent })).data;
  const many = (await lrs.sendStatements({ statements: [sent, sent, sent] })).data;
  said.got = (await lrs.getStatement({ statementId: one })).data;
  const first = (await lrs.getStatements({ agent, limit: 3 })).data;
  const rest = (await lrs.getMoreStatements({ more: first.more })).data;
  said.pages = [first.statements.length, rest.statements.length, rest.more];
  said.newest = first.statements[0].id === many[2];
  const [voiding] = (await lrs.voidStatement({ actor: agent, statementId: one })).data;
  said.gone = await refusal(lrs.getStatement({ statementId: one }));
  said.voided = (await lrs.getVoidedStatement({ voidedStatementId: one })).data.id === one;
  said.voiding = (await lrs.getStatement({ statementId: voiding })).data.object.id === one;
  said.conflict = await refusal(lrs.sendStatement({ statement: { ...said.got, result: { success: false } } }));
  said.invalid = await refusal(lrs.sendStatement({ statement: { actor: agent, verb } }));
}

async function attachments() {
  const file = new TextEncoder().encode("春眠不觉晓").buffer;
  const described = {
    usageType: "https://school.example/files/poem",
    display: { en: "A poem" },
    contentType: "text/plain; charset=utf-8",
    length: file.byteLength,
    sha2: createHash("sha256").update(Buffer.from(file)).digest("hex"),
  };
  const statement = {
    actor: agent, verb: XAPI.Verbs.PROGRESSED, object: activity, attachments: [described],
  };
  const [sent] = (await browser.sendStatement({ statement, attachments: [file] })).data;
  const [held, part] = (await browser.getStatement({ statementId: sent, attachments: true })).data;
  said.attachment = [held.attachments[0].sha2 === described.sha2, part];
  const lie = { ...statement, attachments: [{ ...described, sha2: "0".repeat(64) }] };
  said.lie = await refusal(browser.sendStatement({ statement: lie, attachments: [file] }));
}

async function states() {
  const place = { agent, activityId: activity.id };
  const state = { ...place, stateId: "bookmark" };
  await lrs.createState({ ...state, state: { page: 7 } });
  await lrs.createState({ ...state, state: { note: "好" } });
  const held = await lrs.getState(state);
  said.merged = held.data;
  const etag = held.headers.etag;
  const wrong = { ...state, state: { page: 8 }, matchHeader: "If-Match" };
  said.stale = await refusal(lrs.setState({ ...wrong, etag: `"${"1".repeat(40)}"` }));
  await lrs.setState({ ...wrong, etag });
  said.replaced = (await lrs.getState(state)).data;
  await lrs.setState({ ...place, stateId: "text", state: "一", contentType: "text/plain" });
  said.ids = (await lrs.getStates(place)).data;
  await lrs.deleteState(state);
  said.left = (await lrs.getStates(place)).data;
  await lrs.deleteStates(place);
  said.none = (await lrs.getStates(place)).data;
}

async function profiles() {
  const mine = { agent, profileId: "taste" };
  const its = { activityId: activity.id, profileId: "notes" };
  await lrs.createAgentProfile({ ...mine, profile: { tea: "green" } });
  const held = await lrs.getAgentProfile(mine);
  const change = { ...mine, profile: { tea: "red" }, matchHeader: "If-Match" };
  await lrs.setAgentProfile({ ...change, etag: held.headers.etag });
  said.agentProfile = (await lrs.getAgentProfile(mine)).data;
  said.agentProfiles = (await lrs.getAgentProfiles({ agent })).data;
  await lrs.deleteAgentProfile(mine);
  said.noAgentProfile = await refusal(lrs.getAgentProfile(mine));
  await lrs.setActivityProfile({
    ...its, profile: { hours: 2 }, etag: "*", matchHeader: "If-None-Match",
  });
  said.activityProfile = (await lrs.getActivityProfile(its)).data;
  said.activityProfiles = (await lrs.getActivityProfiles({ activityId: activity.id })).data;
  await lrs.deleteActivityProfile(its);
  said.noActivityProfile = await refusal(lrs.getActivityProfile(its));
}

async function known() {
  said.versions = (await lrs.getAbout()).data.version;
  said.person = (await lrs.getAgent({ agent })).data;
  said.activity = (await lrs.getActivity({ activityId: activity.id })).data;
  const stranger = new XAPI({ ...given, auth: XAPI.toBasicAuth(key, "guess") });
  said.stranger = await refusal(stranger.getStatements({}));
}

try {
  for (const part of [known, statements, attachments, states, profiles]) {
    await part();
  }
} catch (error) {
  // Node would print the line that threw, which is the whole of the bundled client.
  console.error(error.message, error.response?.data);
  process.exit(1);
}
said.known = (await lrs.getActivity({ activityId: activity.id })).data;
console.log(JSON.stringify(said));
