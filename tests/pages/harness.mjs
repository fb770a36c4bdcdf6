// harness.mjs -- the browser, the mock daemon, and what the checks do again and again.

import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import path from 'node:path';
import assert from 'node:assert/strict';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const PASSWORD = 'secret-12'; // of everybody in mock.py
export const WAIT_MS = Number(process.env.ZV_PAGES_WAIT_MS ?? 15000);

export async function browse(options) {
	const require = createRequire(path.join(options.modules, 'x.js'));
	const { chromium } = require('playwright-core');
	return chromium.launch({ executablePath: options.chromium, headless: true,
		args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'] });
}

async function startMock(pages, flags) {
	const child = spawn('python3', [path.join(HERE, 'mock.py'), '--pages', pages, ...flags],
		{ stdio: ['pipe', 'pipe', 'inherit'] });
	const base = await new Promise((done, fail) => {
		child.stdout.once('data', (d) => done(String(d).trim()));
		child.once('exit', () => fail(new Error('the mock daemon ended')));
	});
	return { base, stop: () => child.stdin.end() };
}

// What a check gets.  Everything it opened is closed after it.
export class Scene {
	constructor(browser, options) {
		this.browser = browser;
		this.options = options;
		this.contexts = [];
		this.wrong = []; // what pages complained of: exceptions, refused styles, ...
	}

	async start(flags = []) {
		if (this.options.url) {
			this.base = this.options.url;
			return;
		}
		this.daemon = await startMock(this.options.pages, flags);
		this.base = this.daemon.base;
	}

	async end() {
		for (const c of this.contexts)
			await c.close();
		this.daemon?.stop();
	}

	account(who) {
		const [user, password] = (this.options[who] ?? '').split(':');
		return user ? { user, password } : { user: who === 'agent' ? 'anna' : 'olga', password: PASSWORD };
	}

	async page(where, { locale = 'ru-RU', size = [1280, 800], scheme = 'light', init = null } = {}) {
		const context = await this.browser.newContext({ viewport: { width: size[0], height: size[1] }, locale,
			colorScheme: scheme, reducedMotion: 'reduce', timezoneId: 'Europe/Moscow' });
		this.contexts.push(context);
		const page = await context.newPage();
		if (init)
			await page.addInitScript(init);
		page.setDefaultTimeout(WAIT_MS);
		page.on('pageerror', (e) => this.wrong.push(`exception: ${e.message}`));
		page.on('console', (m) => {
			// refusals that a check provokes are answers, not complaints
			if (m.type() === 'error' && !/status of (401|403|409|422|503)|ERR_(INCOMPLETE|CONNECTION)/.test(m.text()))
				this.wrong.push(m.text());
		});
		await page.goto(this.base + where);
		return page;
	}

	async login(page, { user, password }) {
		await page.fill('#login-user', user);
		await page.fill('#login-password', password);
		await page.click('#login-go');
		await page.waitForSelector('#app:not([hidden])');
	}

	// The agent's page, logged in, phone up, paused.
	async agent(options = {}) {
		const page = await this.page('/', options);
		await this.login(page, this.account('agent'));
		await state(page, 'paused');
		return page;
	}

	// The same in a talk, with the mock's card changed by `card`.
	async talk(card = {}, options = {}) {
		const page = await this.agent(options);
		await page.click('#ready');
		await state(page, 'ready');
		await this.mock('card', card);
		await page.waitForSelector('#who-card:not([hidden])');
		await this.mock('bridge');
		await state(page, 'talking');
		return page;
	}

	async floor(options = {}) {
		const page = await this.page('/floor', options);
		await this.login(page, this.account('supervisor'));
		await page.waitForSelector('.agent');
		return page;
	}

	async mock(what, body = {}) {
		const reply = await fetch(`${this.base}/mock/${what}`, { method: 'POST', body: JSON.stringify(body) });
		assert.equal(reply.status, 200, `mock ${what}`);
	}

	// What the page posted to `what`, in order.
	async posted(what) {
		const all = await (await fetch(`${this.base}/mock/did`)).json();
		return all.filter(([, path]) => path === what).map(([, , body]) => body);
	}

	async posts(what, n) {
		return until(async () => {
			const found = await this.posted(what);
			return found.length >= n ? found : null;
		}, `${n} × POST ${what}`);
	}

	shot(page, name) {
		return page.screenshot({ path: path.join(this.options.out, `${name}.png`) });
	}
}

export const state = (page, name, ms = WAIT_MS) => page.waitForSelector(`body[data-state=${name}]`, { timeout: ms });
export const text = (page, selector) => page.locator(selector).innerText();

// Until the condition gives something; bounded.
export async function until(what, name, ms = WAIT_MS) {
	const end = Date.now() + ms;
	for (;;) {
		const got = await what();
		if (got)
			return got;
		if (Date.now() > end)
			throw new Error(`not within ${ms} ms: ${name}`);
		await new Promise((done) => { setTimeout(done, 40); });
	}
}

export const shows = (page, selector, words, ms = WAIT_MS) =>
	page.locator(selector).filter({ hasText: words }).first().waitFor({ timeout: ms });
