/* Runs the program of the offline page: node offline.mjs DATA.json CERTIFICATE.json … -> codes. */
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';

const program = '../../src/xueqiao/web/static/web/offline-verify.js';
const {check} = createRequire(import.meta.url)(program);
const [data, now, ...files] = process.argv.slice(2);
const held = JSON.parse(readFileSync(data, 'utf8'));
for(const file of files) {
  const {codes} = await check(readFileSync(file, 'utf8'), held, Date.parse(now));
  console.log(JSON.stringify(codes));
}
