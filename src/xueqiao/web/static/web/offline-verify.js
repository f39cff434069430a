/* Checks a certificate without any server: its eddsa-jcs-2022 proof, its period, its bits in the
 * status lists. Everything it needs is handed to it: DID documents, lists, the time.
 *
 * Sources: RFC 8785 (JSON), RFC 8032 (Ed25519), FIPS 180-4 (SHA-2), W3C Bitstring Status List.
 */
"use strict";

// ---- JSON in one form. ECMAScript's own numbers and strings are those of RFC 8785.
function canonical(value) {
  if (Array.isArray(value)) {
    return `[${value.map(canonical).join(",")}]`;
  }
  if (value !== null && typeof value === "object") {
    const names = Object.keys(value).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(",")}}`;
  }
  return JSON.stringify(value);
}

// ---- SHA-256 and SHA-512: the same steps on words of 32 and of 64 bits.
function primes(count) {
  const found = [];
  for (let n = 2n; found.length < count; n += 1n) {
    if (found.every((p) => n % p)) found.push(n);
  }
  return found;
}

// The first bits of the fraction of a root: floor(p^(1/k) * 2^bits) mod 2^bits, by whole numbers.
function rootBits(p, k, bits) {
  const target = p << (BigInt(bits) * k);
  let low = 0n;
  let high = 1n << BigInt(bits + 10);
  while (low + 1n < high) {
    const middle = (low + high) >> 1n;
    if (middle ** k <= target) low = middle;
    else high = middle;
  }
  return low & ((1n << BigInt(bits)) - 1n);
}

function sha2(bits, rounds, turns) {
  const mask = (1n << BigInt(bits)) - 1n;
  const constants = primes(rounds).map((p) => rootBits(p, 3n, bits));
  const start = primes(8).map((p) => rootBits(p, 2n, bits));
  const turn = (x, n) => ((x >> n) | (x << (BigInt(bits) - n))) & mask;
  const mix = (x, [a, b, c]) => turn(x, a) ^ turn(x, b) ^ turn(x, c);
  const small = (x, [a, b, c]) => turn(x, a) ^ turn(x, b) ^ (x >> c);
  const wordBytes = bits / 8;
  const blockBytes = 16 * wordBytes;
  return (message) => {
    const length = message.length;
    const total = Math.ceil((length + 1 + 2 * wordBytes) / blockBytes) * blockBytes;
    const padded = new Uint8Array(total);
    padded.set(message);
    padded[length] = 0x80;
    new DataView(padded.buffer).setBigUint64(total - 8, BigInt(length) * 8n);
    let state = [...start];
    for (let place = 0; place < total; place += blockBytes) {
      const words = [];
      for (let t = 0; t < 16; t += 1) {
        let word = 0n;
        for (let i = 0; i < wordBytes; i += 1) {
          word = (word << 8n) | BigInt(padded[place + t * wordBytes + i]);
        }
        words.push(word);
      }
      for (let t = 16; t < rounds; t += 1) {
        const next = small(words[t - 2], turns.s1) + words[t - 7] + small(words[t - 15], turns.s0);
        words.push((next + words[t - 16]) & mask);
      }
      let [a, b, c, d, e, f, g, h] = state;
      for (let t = 0; t < rounds; t += 1) {
        const choice = (e & f) ^ (~e & mask & g);
        const one = h + mix(e, turns.S1) + choice + constants[t] + words[t];
        const two = mix(a, turns.S0) + ((a & b) ^ (a & c) ^ (b & c));
        [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) & mask, c, b, a, (one + two) & mask];
      }
      state = [a, b, c, d, e, f, g, h].map((word, i) => (word + state[i]) & mask);
    }
    const out = new Uint8Array(8 * wordBytes);
    state.forEach((word, i) => {
      for (let n = 0; n < wordBytes; n += 1) {
        out[i * wordBytes + n] = Number((word >> BigInt(bits - 8 - 8 * n)) & 0xffn);
      }
    });
    return out;
  };
}

const sha256 = sha2(32, 64, {
  S0: [2n, 13n, 22n], S1: [6n, 11n, 25n], s0: [7n, 18n, 3n], s1: [17n, 19n, 10n],
});
const sha512 = sha2(64, 80, {
  S0: [28n, 34n, 39n], S1: [14n, 18n, 41n], s0: [1n, 8n, 7n], s1: [19n, 61n, 6n],
});

// ---- Ed25519, verification only, in extended coordinates.
const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const modulo = (x, n = P) => ((x % n) + n) % n;

function power(base, exponent) {
  let result = 1n;
  for (let b = modulo(base), e = exponent; e > 0n; e >>= 1n, b = (b * b) % P) {
    if (e & 1n) result = (result * b) % P;
  }
  return result;
}

const D = modulo(-121665n * power(121666n, P - 2n));
const ROOT_OF_MINUS_ONE = power(2n, (P - 1n) / 4n);
const little = (bytes) => bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);

function point(bytes) {
  const sign = bytes[31] >> 7;
  const y = little(bytes) & ((1n << 255n) - 1n);
  const square = modulo((y * y - 1n) * power(D * y * y + 1n, P - 2n));
  let x = power(square, (P + 3n) / 8n);
  if (modulo(x * x - square)) x = modulo(x * ROOT_OF_MINUS_ONE);
  if (y >= P || modulo(x * x - square) || (x === 0n && sign)) return null;
  if (Number(x & 1n) !== sign) x = P - x;
  return [x, y, 1n, modulo(x * y)];
}

function add([x1, y1, z1, t1], [x2, y2, z2, t2]) {
  const a = modulo((y1 - x1) * (y2 - x2));
  const b = modulo((y1 + x1) * (y2 + x2));
  const c = modulo(2n * t1 * t2 * D);
  const d = modulo(2n * z1 * z2);
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return [modulo(e * f), modulo(g * h), modulo(f * g), modulo(e * h)];
}

function times(n, base) {
  let result = [0n, 1n, 1n, 0n];
  for (let b = base, k = n; k > 0n; k >>= 1n, b = add(b, b)) {
    if (k & 1n) result = add(result, b);
  }
  return result;
}

const BASE_Y = modulo(4n * power(5n, P - 2n));
const BASE = point(Uint8Array.from({length: 32}, (_, i) => Number((BASE_Y >> BigInt(8 * i)) & 255n)));
const join = (...parts) => Uint8Array.from(parts.flatMap((part) => [...part]));

function signedBy(publicKey, message, signature) {
  if (signature.length !== 64 || publicKey.length !== 32) return false;
  const [r, a] = [point(signature.slice(0, 32)), point(publicKey)];
  const s = little(signature.slice(32));
  if (!r || !a || s >= L) return false;
  const k = modulo(little(sha512(join(signature.slice(0, 32), publicKey, message))), L);
  const [left, right] = [times(s, BASE), add(r, times(k, a))];
  return !modulo(left[0] * right[2] - right[0] * left[2])
    && !modulo(left[1] * right[2] - right[1] * left[2]);
}

// ---- Multibase, and the proof.
const LETTERS = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

function base58(text) {
  if (typeof text !== "string" || text[0] !== "z") return new Uint8Array();
  let number = 0n;
  const bytes = [];
  for (const letter of text.slice(1)) {
    const value = LETTERS.indexOf(letter);
    if (value < 0) return new Uint8Array();
    number = number * 58n + BigInt(value);
  }
  for (; number > 0n; number >>= 8n) bytes.unshift(Number(number & 255n));
  const zeros = /^1*/.exec(text.slice(1))[0].length;
  return Uint8Array.from([...Array(zeros).fill(0), ...bytes]);
}

const list = (value) => (Array.isArray(value) ? value : value === undefined ? [] : [value]);

// Whether a document has a proof of the suite, and every such proof holds with the issuer's key.
function isProved(document, did, now) {
  const proofs = list(document.proof).filter((each) => each?.cryptosuite === "eddsa-jcs-2022");
  const {proof: _all, ...body} = document;
  return proofs.length > 0 && proofs.every(({proofValue, ...options}) => {
    const method = options.verificationMethod;
    const known = list(did.verificationMethod).find((each) => each.id === method);
    const key = base58(known?.publicKeyMultibase);
    const sound = options.type === "DataIntegrityProof"
      && options.proofPurpose === "assertionMethod"
      && list(did.assertionMethod).includes(method)
      && key.length === 34 && key[0] === 0xed && key[1] === 0x01
      && Date.parse(options.created) <= now
      && canonical(list(options["@context"])) === canonical(list(body["@context"]));
    if (!sound) return false;
    const text = new TextEncoder();
    const hashes = [options, body].map((each) => sha256(text.encode(canonical(each))));
    return signedBy(key.slice(2), join(...hashes), base58(proofValue));
  });
}

// ---- The bit of a certificate in a list: true, false, or null when it cannot be told.
async function bit(address, purpose, index, issuer, did, held, now) {
  const found = held.lists[address];
  const subject = found?.credentialSubject;
  const number = Number(index);
  if (!found || found.id !== address || found.issuer !== issuer || !isProved(found, did, now)
    || subject.statusPurpose !== purpose || !Number.isInteger(number) || number < 0) {
    return null;
  }
  const packed = Uint8Array.from(
    atob(subject.encodedList.slice(1).replaceAll("-", "+").replaceAll("_", "/")),
    (letter) => letter.charCodeAt(0),
  );
  const opened = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const bits = new Uint8Array(await new Response(opened).arrayBuffer());
  if (number >= bits.length * 8) return null;
  return Boolean((bits[number >> 3] >> (7 - (number % 8))) & 1);
}

// What is wrong with a certificate: codes, none when it holds; and when its list was signed.
async function check(text, held, now) {
  let found;
  try {
    found = JSON.parse(text.replace(/^\ufeff/, ""));
  } catch {
    return {codes: ["not_json"]};
  }
  const claims = {found, codes: []};
  if (!found?.credentialSubject || !list(found.type).includes("VerifiableCredential")) {
    return {...claims, codes: ["shape"]};
  }
  const issuer = typeof found.issuer === "string" ? found.issuer : found.issuer?.id;
  const did = held.issuers[issuer];
  if (!did) return {...claims, codes: ["stranger"]};
  const {codes} = claims;
  if (!list(found.proof).some((each) => each?.cryptosuite === "eddsa-jcs-2022")) {
    codes.push("no_proof");
  } else if (!isProved(found, did, now)) {
    codes.push("changed");
  }
  if (!(Date.parse(found.validFrom) <= now)) codes.push("not_yet");
  if (found.validUntil !== undefined && !(Date.parse(found.validUntil) > now)) codes.push("expired");
  codes.push(...(await status(found, issuer, did, held, now)));
  const rows = list(found.credentialSubject.verifiableCredential);
  for (const row of rows) {
    const rowIssuer = typeof row.issuer === "string" ? row.issuer : row.issuer?.id;
    const rowDid = held.issuers[rowIssuer];
    const wrong = rowDid ? await status(row, rowIssuer, rowDid, held, now) : ["stranger"];
    if (wrong.length) codes.push("row_fails");
  }
  const signed = held.lists[found.credentialStatus?.statusListCredential]?.validFrom;
  return {...claims, codes: [...new Set(codes)], signed};
}

async function status(found, issuer, did, held, now) {
  const entry = found.credentialStatus ?? {};
  const index = entry.statusListIndex;
  const codes = [];
  const revoked = await bit(
    entry.statusListCredential, "revocation", index, issuer, did, held, now);
  if (revoked !== false) codes.push(revoked ? "revoked" : "status_unknown");
  if (entry.statusReference !== undefined) {
    const suspended = await bit(entry.statusReference, "suspension", index, issuer, did, held, now);
    if (suspended !== false) codes.push(suspended ? "suspended" : "suspension_unknown");
  }
  return codes;
}

if (typeof module !== "undefined") {
  module.exports = {canonical, sha256, sha512, signedBy, base58, check};
}
