/* Checks exported certificates with other people's software: @digitalbazaar/vc and eddsa-rdfc-2022.
 *
 *   node tests/verifier/verify.mjs FOLDER [certificate.json …]
 *
 * Works offline: every address is answered from FOLDER/index.json, any other is an error. Prints one
 * JSON line for each certificate, {file, verified, error}; exit status 1 when one does not verify.
 */
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {gunzipSync} from 'node:zlib';
import * as vc from '@digitalbazaar/vc';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {cryptosuite} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';

const [folder, ...named] = process.argv.slice(2);
const read = name => JSON.parse(readFileSync(join(folder, name), 'utf8'));
const {files} = read('index.json');

// did:web, https://w3c-ccg.github.io/did-method-web/: the identifier says where its document is.
function addressOf(did) {
  const [host, ...path] = did.split(':').slice(2).map(decodeURIComponent);
  const local = /^(127\.0\.0\.1|localhost|\[::1\])(:|$)/.test(host);
  const folders = path.length ? path : ['.well-known'];
  return `${local ? 'http' : 'https'}://${host}/${folders.join('/')}/did.json`;
}

function load(address) {
  if(address in files) {
    return read(files[address]);
  }
  throw new Error(`${address} is not in the export`);
}

async function documentLoader(url) {
  const [name, fragment] = url.split('#');
  let document = load(name.startsWith('did:web:') ? addressOf(name) : name);
  if(fragment && name.startsWith('did:')) {
    const method = document.verificationMethod.find(each => each.id === url);
    if(!method) {
      throw new Error(`${url} is not a key of ${name}`);
    }
    document = {'@context': 'https://w3id.org/security/multikey/v1', ...method};
  }
  return {contextUrl: null, documentUrl: url, document};
}

const suite = () => new DataIntegrityProof({cryptosuite});

// https://www.w3.org/TR/vc-bitstring-status-list/: the list's own proof, then the bit.
async function bitIn(address, purpose, index, issuer) {
  const list = load(address);
  const result = await vc.verifyCredential({credential: list, suite: suite(), documentLoader});
  if(!result.verified) {
    throw result.error;
  }
  if(list.issuer !== issuer || list.credentialSubject.statusPurpose !== purpose) {
    throw new Error('the list is not the issuer\'s');
  }
  const bits = gunzipSync(Buffer.from(list.credentialSubject.encodedList.slice(1), 'base64url'));
  return (bits[index >> 3] >> (7 - index % 8)) & 1;
}

// The status itself is about revocation; what it refers to is the list of suspensions beside it.
async function checkStatus({credential}) {
  const entry = credential.credentialStatus;
  const issuer = typeof credential.issuer === 'string' ? credential.issuer : credential.issuer.id;
  const index = Number(entry.statusListIndex);
  try {
    if(await bitIn(entry.statusListCredential, entry.statusPurpose, index, issuer)) {
      throw new Error('revoked');
    }
    const beside = entry.statusReference;
    if(beside && await bitIn(beside, 'suspension', index, issuer)) {
      throw new Error('suspended');
    }
  } catch(error) {
    return {verified: false, error};
  }
  return {verified: true};
}

function reason(result) {
  const errors = result.error?.errors ?? (result.error ? [result.error] : []);
  return [...errors, result.statusResult?.error].filter(Boolean).map(each => each.message).join('; ');
}

const wanted = named.length ? named :
  Object.values(files).filter(name => !name.includes('/'));
let failed = 0;
for(const file of wanted) {
  const line = {file, verified: false, error: ''};
  try {
    const credential = JSON.parse(readFileSync(named.length ? file : join(folder, file), 'utf8'));
    const result = await vc.verifyCredential(
      {credential, suite: suite(), documentLoader, checkStatus});
    line.verified = result.verified;
    line.error = result.verified ? '' : reason(result);
  } catch(error) {
    line.error = error.message;
  }
  failed += line.verified ? 0 : 1;
  console.log(JSON.stringify(line));
}
process.exitCode = failed ? 1 : 0;
