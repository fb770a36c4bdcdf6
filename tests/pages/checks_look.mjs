// checks_look.mjs -- languages, keyboard, places that stay, colours; and the pictures.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { state, text, until } from './harness.mjs';

const LANGUAGES = ['ru', 'uk', 'en'];
const read = (s, name) => fs.readFileSync(path.join(s.options.pages, name), 'utf8');

async function tables(s) {
	const found = {};
	for (const code of LANGUAGES)
		found[code] = (await import(`${pathToFileURL(path.join(s.options.pages, `${code}.js`))}?${Date.now()}`)).default;
	return found;
}

// Source without comments.
const bare = (source) => source.replace(/\/\*[^]*?\*\//g, '').replace(/(^|[^:'"`\\])\/\/.*$/gm, '$1');

// What runs out of its place: a button's text, a row of the toolbar, the page itself.
const OVERFLOW = () => {
	const bad = [];
	const wide = document.documentElement;
	if (wide.scrollWidth > wide.clientWidth || wide.scrollHeight > wide.clientHeight)
		bad.push('the page scrolls');
	for (const n of document.querySelectorAll('button, .row, .top, .tabs, .results, .state-words b, .tile b')) {
		const box = n.getBoundingClientRect();
		if (box.width > 0 && (n.scrollWidth > n.clientWidth + 1 || box.right > innerWidth + 1))
			bad.push(`${n.tagName} ${n.id || n.className}: ${n.innerText.slice(0, 30)}`);
	}
	return bad;
};
const PLACES = () => ['.who', '.middle', '.side', '.controls', '.state', '#pause'].map((q) => {
	const b = document.querySelector(q).getBoundingClientRect();
	return [q, Math.round(b.x), Math.round(b.y), Math.round(b.width)].join(' ');
});

export const lookChecks = [
	{
		name: 'every text is in all three languages, with the same blanks to fill',
		still: true,
		async run(s) {
			const all = await tables(s);
			const keys = Object.keys(all.ru).sort();
			assert.ok(keys.length > 150);
			for (const code of LANGUAGES) {
				assert.deepEqual(Object.keys(all[code]).sort(), keys, code);
				for (const key of keys) {
					assert.ok(all[code][key].trim(), `${code}: ${key} is empty`);
					const blanks = (x) => (x.match(/\{\w+\}/g) ?? []).sort().join();
					assert.equal(blanks(all[code][key]), blanks(all.ru[key]), `${code}: ${key}`);
				}
			}
			for (const key of keys)
				assert.ok(!/[А-Яа-яЇїЄєІіҐґ]/.test(all.en[key]), `en: ${key}`);
		},
	},
	{
		name: 'no text stands in the pages themselves, every key asked for exists and each is used',
		still: true,
		async run(s) {
			const all = await tables(s);
			const names = fs.readdirSync(s.options.pages).filter((n) => /\.(js|html)$/.test(n) && !/^(ru|uk|en)\.js$/.test(n));
			let sources = '';
			for (const name of names) {
				const source = read(s, name);
				if (name.endsWith('.html')) {
					const words = source.replace(/<title>zvonar<\/title>|<kbd>[^<]*<\/kbd>|>\?<\/button>/g, '').replace(/<[^>]*>/g, ' ').trim();
					assert.equal(words, '', `${name} says: ${words.slice(0, 60)}`);
					assert.ok(!/\s(title|placeholder|aria-label)="/.test(source), `${name}: a text in an attribute`);
					assert.ok(!/<script(?![^>]*\ssrc=)|\son\w+=|\sstyle=|<style/i.test(source), `${name}: something inline`);
				} else {
					const code = bare(source);
					assert.ok(!/[А-Яа-яЇїЄєІіҐґ]/.test(code), `${name}: words in the code`);
					for (const [, words] of code.matchAll(/(?:say\([^;]*|h\('[^;]*)'([A-Z][a-z]+ [a-z][^']*)'/g))
						assert.fail(`${name} says: ${words}`);
					assert.ok(!/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser|srcdoc/.test(code), `${name}: HTML from data`);
				}
				for (const [, key] of source.matchAll(/data-t(?:-\w+)?="([^"]+)"|data-t(?:-\w+)?=\\?'([^']+)/g))
					assert.ok(Object.hasOwn(all.ru, key), `${name}: no text ${key}`);
				for (const [, key] of source.matchAll(/\bt\('([\w.]+)'/g))
					assert.ok(Object.hasOwn(all.ru, key), `${name}: no text ${key}`);
				sources += source;
			}
			const groups = new Set([...sources.matchAll(/word\('([\w.]+)'|t\(`([\w.]+)\.\$|`([\w.]+)\.\$\{/g)].map((m) => m[1] ?? m[2] ?? m[3]));
			for (const key of Object.keys(all.ru)) {
				const used = sources.includes(`'${key}'`) || sources.includes(`"${key}"`) ||
					[...groups].some((g) => key.startsWith(`${g}.`));
				assert.ok(used, `nobody asks for ${key}`);
			}
		},
	},
	{
		name: 'the browser chooses the language, the agent may choose another, and it is kept',
		async run(s) {
			const words = { 'ru-RU': 'Войти', 'uk-UA': 'Увійти', 'en-GB': 'Log in', 'fr-FR': 'Log in' };
			for (const [locale, word] of Object.entries(words)) {
				const page = await s.page('/', { locale });
				await page.waitForSelector('#login-go');
				assert.equal(await text(page, '#login-go'), word, locale);
			}
			const page = await s.talk({}, { locale: 'uk-UA' });
			assert.equal(await text(page, '#state-name'), 'Розмова');
			await page.click('#lang [data-lang=en]');
			assert.equal(await text(page, '#state-name'), 'Talking');
			assert.equal(await text(page, '#hangup span'), 'Hang up');
			assert.equal(await page.getAttribute('html', 'lang'), 'en');
			await page.reload();
			await state(page, 'talking');
			assert.equal(await text(page, '#state-name'), 'Talking');
			const bad = await page.evaluate(() => document.body.innerText.split('\n').filter((x) => /^[a-z]+(\.[a-z0-9]+)+$/.test(x.trim())));
			assert.deepEqual(bad, []);
		},
	},
	{
		name: 'nothing runs out of its place at 1280×800 and on a small laptop, in any language',
		async run(s) {
			const page = await s.talk();
			const floor = await s.floor();
			for (const [width, height] of [[1280, 800], [1366, 700], [1920, 1080]]) {
				for (const code of LANGUAGES) {
					for (const p of [page, floor]) {
						await p.setViewportSize({ width, height });
						await p.click(`#lang [data-lang=${code}]`);
						const bad = await p.evaluate(OVERFLOW);
						assert.deepEqual(bad, [], `${code} ${width}×${height}`);
					}
				}
			}
		},
	},
	{
		name: 'from idle to card, talk, wrap-up and back nothing changes its place',
		async run(s) {
			const page = await s.agent();
			await page.click('#ready');
			await state(page, 'ready');
			const first = await page.evaluate(PLACES);
			await s.mock('card');
			await page.waitForSelector('#who-card:not([hidden])');
			await s.mock('bridge');
			await state(page, 'talking');
			assert.deepEqual(await page.evaluate(PLACES), first, 'talking');
			await page.keyboard.press('3');
			await page.waitForSelector('.back');
			assert.deepEqual(await page.evaluate(PLACES), first, 'call-back');
			await s.mock('over');
			await state(page, 'wrapup');
			assert.deepEqual(await page.evaluate(PLACES), first, 'wrap-up');
		},
	},
	{
		name: 'every control is reached by the Tab key and shows that it has the focus',
		async run(s) {
			const page = await s.talk();
			await page.keyboard.press('3');
			await page.waitForSelector('.back .days:not([aria-busy])');
			await page.evaluate(() => document.activeElement?.blur());
			const want = await page.evaluate(() => {
				const list = [...document.querySelectorAll('#app button, #app input, #app select, #app textarea, #app a')]
					.filter((n) => !n.disabled && n.getBoundingClientRect().width > 0 && n.type !== 'radio' &&
						(n.tabIndex >= 0 || n.getAttribute('role') !== 'tab')); // tabs: one stop, then arrows
				list.forEach((n, i) => { n.dataset.tab = String(i); });
				return list.length;
			});
			const seen = new Set();
			for (let i = 0; i < want + 40 && seen.size < want; i++) {
				await page.keyboard.press('Tab');
				const at = await page.evaluate(() => {
					const n = document.activeElement;
					const style = getComputedStyle(n);
					return n.dataset?.tab === undefined ? null : { tab: n.dataset.tab, what: n.outerHTML.slice(0, 80),
						seen: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1 };
				});
				if (at) {
					assert.ok(at.seen, `the focus is not seen: ${at.what}`);
					seen.add(at.tab);
				}
			}
			assert.ok(want > 20);
			assert.equal(seen.size, want);
			// and each says what it is
			const mute = await page.evaluate(() => [...document.querySelectorAll('#app button, #app input, #app select, #app textarea')]
				.filter((n) => n.getBoundingClientRect().width > 0 && !(n.innerText || n.getAttribute('aria-label') || n.closest('label')?.innerText))
				.map((n) => n.outerHTML.slice(0, 80)));
			assert.deepEqual(mute, []);
		},
	},
	{
		name: 'text is legible in light and dark',
		async run(s) {
			for (const scheme of ['light', 'dark']) {
				const page = await s.talk({}, { scheme });
				const poor = await page.evaluate(CONTRAST, ['--ink', '--soft', '--bad', '--warn', '--talking', '--ready', '--reserved', '--wrapup', '--paused']);
				assert.deepEqual(poor, [], scheme);
				await s.mock('over');
				await state(page, 'wrapup');
				await page.keyboard.press('5');
				await page.click('#done');
				await state(page, 'ready');
				await page.click('#logout');
				await page.waitForSelector('#login-user');
			}
		},
	},
	{
		name: 'pictures of both pages in light and dark',
		async run(s) {
			for (const scheme of ['light', 'dark']) {
				const page = await s.talk({}, { scheme });
				await until(async () => (await text(page, '#state-time')) >= '0:02', 'two seconds of talk');
				await s.shot(page, `agent-${scheme}`);
				await page.keyboard.press('3');
				await page.click('.days button:nth-child(3)');
				await page.waitForSelector('.slot');
				await s.shot(page, `callback-${scheme}`);
				const floor = await s.floor({ scheme, init: HOUR });
				await s.shot(floor, `floor-${scheme}`);
				await page.keyboard.press('5');
				await page.click('#done');
				await state(page, 'ready');
				await page.click('#logout');
				await page.waitForSelector('#login-user');
				await s.shot(page, `login-${scheme}`);
			}
		},
	},
];

// An hour as floor events would have left it.
const HOUR = () => {
	const points = [], end = Math.floor(Date.now() / 10000) * 10000;
	let talking = 9, ringing = 11, abandon = 0.012;
	for (let i = 355, seed = 7; i > 0; i--) {
		seed = (seed * 16807) % 2147483647;
		const x = seed / 2147483647 - 0.5;
		talking = Math.max(4, Math.min(15, talking + x * 1.6));
		ringing = Math.max(4, Math.min(18, ringing - x * 2.2 + (11 - ringing) * 0.05));
		abandon = Math.max(0.004, Math.min(0.029, abandon + x * 0.0012 + (0.017 - abandon) * 0.01));
		points.push([end - i * 10000, { ringing: Math.round(ringing), talking: Math.round(talking), abandon, limit: 0.03,
			occupancy: 0.78 + talking / 120 }]);
	}
	sessionStorage.setItem('zvonar.hour', JSON.stringify(points));
};

// Colours of text that are too near to the panel's (WCAG 2.1, 4.5 to 1).
const CONTRAST = (names) => {
	const style = getComputedStyle(document.documentElement);
	const parse = (name) => {
		const hex = style.getPropertyValue(name).trim().replace('#', '');
		return [0, 2, 4].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255);
	};
	const light = (rgb) => {
		const [r, g, b] = rgb.map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const bad = [];
	for (const ground of ['--panel', '--raised']) {
		for (const name of names) {
			const [a, b] = [light(parse(name)), light(parse(ground))].sort((x, y) => y - x);
			const ratio = (a + 0.05) / (b + 0.05);
			if (!(ratio >= 4.5))
				bad.push(`${name} on ${ground}: ${ratio.toFixed(2)}`);
		}
	}
	return bad;
};
