// run.mjs -- runs the checks; see run.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Scene, browse } from './harness.mjs';
import { agentChecks } from './checks_agent.mjs';
import { floorChecks } from './checks_floor.mjs';
import { lookChecks } from './checks_look.mjs';
import { breaks } from './broken.mjs';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const CHECK_MS = 120000;
const options = { pages: path.join(HERE, '..', '..', 'core', 'http', 'pages'), out: '.', only: '', broken: false,
	url: process.env.ZV_PAGES_URL ?? '', agent: process.env.ZV_PAGES_AGENT, supervisor: process.env.ZV_PAGES_SUPERVISOR };
const checks = [...agentChecks, ...floorChecks, ...lookChecks];
const count = { passed: 0, failed: 0, skipped: 0 };
let browser = null;

function bounded(work, ms, name) {
	let timer;
	const late = new Promise((_, fail) => { timer = setTimeout(() => fail(new Error(`${name}: longer than ${ms / 1000} s`)), ms); });
	return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

// null: it held; else why not.
async function hold(check, changed = {}) {
	const scene = new Scene(browser, { ...options, ...changed });
	try {
		if (!check.still)
			await scene.start(check.flags);
		await bounded(check.run(scene), CHECK_MS, 'the check');
		if (scene.wrong.length)
			throw new Error(`the page complains: ${scene.wrong.join('; ')}`);
		return null;
	} catch (e) {
		return e;
	} finally {
		await scene.end().catch(() => {});
	}
}

async function sound() {
	for (const check of checks.filter((c) => c.name.includes(options.only))) {
		if (options.url && !check.real && !check.still) {
			count.skipped++;
			continue;
		}
		const began = Date.now();
		const e = await hold(check);
		count[e ? 'failed' : 'passed']++;
		console.log(`${e ? 'FAILED' : 'ok    '} ${check.name} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
		if (e)
			console.log(String(e.stack ?? e).split('\n').map((l) => `    ${l}`).join('\n'));
	}
}

// Each check is seen to fail on pages that are broken in what it is about.
async function broken() {
	for (const check of checks) {
		if (!breaks.some((b) => check.name.startsWith(b.check)) && check.name.includes(options.only)) {
			console.log(`FAILED nothing breaks: ${check.name}`);
			count.failed++;
		}
	}
	for (const b of breaks.filter((x) => x.check.includes(options.only))) {
		const check = checks.find((c) => c.name.startsWith(b.check));
		const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'zvonar-pages-'));
		fs.cpSync(options.pages, folder, { recursive: true });
		const file = path.join(folder, b.file);
		const was = fs.readFileSync(file, 'utf8');
		fs.writeFileSync(file, was.replace(b.from, b.to));
		const e = was.includes(b.from) && check ? await hold(check, { pages: folder, out: folder }) : null;
		fs.rmSync(folder, { recursive: true });
		count[e ? 'passed' : 'failed']++;
		console.log(e ? `ok     fails as it should: ${b.check} (${String(e.message).split('\n').slice(0, 3).join(' ').slice(0, 150)})`
			: `FAILED ${check && was.includes(b.from) ? 'the check did not notice' : 'nothing to break'}: ${b.check}: ${b.file}: ${b.from}`);
	}
}

async function main() {
	const args = process.argv.slice(2);
	while (args.length) {
		const name = args.shift().replace(/^--/, '');
		if (name === 'broken')
			options.broken = true;
		else if (name === 'list') {
			checks.forEach((c) => console.log(c.name));
			return 0;
		} else if (['modules', 'chromium', 'out', 'only', 'pages'].includes(name))
			options[name] = args.shift();
		else
			throw new Error(`unknown option: --${name}`);
	}
	browser = await browse(options);
	try {
		await (options.broken ? broken() : sound());
	} finally {
		await browser.close();
	}
	if (!count.passed && !count.failed)
		count.failed = 1; // nothing ran: no success
	console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
	return count.failed ? 1 : 0;
}

process.exitCode = await main();
