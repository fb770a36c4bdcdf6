// checks_floor.mjs -- the supervisors' page.

import assert from 'node:assert/strict';
import { shows, state, text, until } from './harness.mjs';

export const floorChecks = [
	{
		name: 'the floor shows every agent with state and time, sorted and filtered',
		async run(s) {
			const page = await s.floor();
			assert.equal(await page.locator('.agent').count(), 20);
			const times = () => page.locator('.agent[data-state=talking] .time').allInnerTexts();
			const first = (await times()).join();
			await until(async () => (await times()).join() !== first, 'times go on');
			await page.selectOption('#sort', 'name');
			const names = await page.locator('.agent b').allInnerTexts();
			assert.deepEqual(names, [...names].sort((a, b) => a.localeCompare(b, 'ru')));
			await page.selectOption('#sort', 'state');
			const order = ['talking', 'reserved', 'wrapup', 'ready', 'paused', 'offline'];
			const states = await page.locator('.agent').evaluateAll((all) => all.map((a) => a.dataset.state));
			assert.deepEqual(states, [...states].sort((a, b) => order.indexOf(a) - order.indexOf(b)));
			await page.click('#states [data-state=paused]');
			await until(async () => (await page.locator('.agent').count()) === 1, 'one is paused');
			await shows(page, '.agent', 'Обед');
			await page.click('#states [data-state=""]');
			await page.fill('#find', 'панин');
			await until(async () => (await page.locator('.agent').count()) === 1, 'one is found');
			// a shape of its own for each state, not colour alone
			await page.fill('#find', '');
			const shapes = await page.locator('#states use').evaluateAll((all) => all.map((u) => u.getAttribute('href')));
			assert.equal(new Set(shapes).size, 6);
		},
	},
	{
		name: 'figures, the limit of abandonment, and reasons why a campaign does not dial, as told',
		async run(s) {
			const page = await s.floor();
			const told = await page.evaluate(async () => (await (await fetch('/api/v1/floor')).json()));
			await shows(page, '[data-tile=abandon] small', /предел 3,0 %/);
			assert.match(await text(page, '[data-tile=abandon] b'), /^1,[67] %$/);
			assert.match(await text(page, '[data-tile=occupancy] b'), /^(8\d|9[0-2]) %$/);
			assert.match(await text(page, '[data-campaign=leads] .reason'), /нет контактов на сейчас, до \S+/);
			assert.equal(await text(page, '[data-campaign=cleanup] .running'), 'стоит');
			assert.equal(await text(page, '[data-campaign=debts] .running'), 'идёт');
			assert.match(await text(page, '[data-tile=waits] b'), /^0,0 \/ 0,6 с$/);
			assert.equal(await page.locator('[data-tile=abandon] .meter u').isVisible(), true);
			assert.equal(await page.locator('.campaign').count(), told.campaigns.length);
			const why = page.locator('[data-campaign=debts] .reason');
			assert.deepEqual(await why.locator('span:first-child').allInnerTexts(),
				['предел контактов', 'ещё не время', 'a reason of tomorrow', 'с человеком уже говорят', 'темп: звонков достаточно']);
			assert.deepEqual(await why.locator('b').allInnerTexts(), ['212', '147', '95', '6', '']);
			const widths = await why.locator('i').evaluateAll((all) => all.map((i) => i.getBoundingClientRect().width));
			assert.ok(Math.abs(widths[1] / widths[0] - 147 / 212) < 0.02, `${widths}`);
			await shows(page, '.trunk.down', /reserve\s*не работает/);
			await shows(page, '#trunks', /412 людей, 96 автоответчиков, 8 неясно · исправлено 3/);
			await shows(page, '#queues', /Горячая линия/);
			// who waits is told at once, before the next snapshot; again and again, as those come each second
			const told77 = setInterval(() => s.mock('publish', { to: ':supervisor', event: 'queue',
				data: { queue: 'help', what: 1, waiting: 77, wait_s: 5 } }), 100);
			try {
				await shows(page, '#queues', /77/);
			} finally {
				clearInterval(told77);
			}
		},
	},
	{
		name: 'charts move with each snapshot',
		async run(s) {
			const page = await s.floor();
			const picture = () => page.evaluate(() => document.querySelector('.chart canvas').toDataURL());
			const first = await picture();
			await until(async () => (await picture()) !== first, 'the first chart is drawn anew', 15000);
			assert.equal(await page.locator('.chart canvas').count(), 3);
			const kept = await page.evaluate(() => JSON.parse(sessionStorage.getItem('zvonar.hour')));
			assert.ok(kept.length >= 1 && kept[0][1].talking >= 0 && kept[0][1].limit === 0.03);
			assert.match(await page.getAttribute('.chart canvas', 'aria-label'), /^Звонки: Звонит \d+, Говорят \d+$/);
		},
	},
	{
		name: 'a supervisor listens, whispers, barges in, leaves, and sends an agent to pause',
		async run(s) {
			const agent = await s.talk();
			const page = await s.floor();
			await page.waitForSelector('[data-user=anna][data-state=talking]');
			await page.click('[data-user=anna]');
			await page.click('#dialog [data-do=listen]');
			await shows(page, '#supervise-who', 'Вы слышите: Анна Соколова');
			await shows(page, '#phone', 'Линия открыта'); // his own phone was called first
			await s.posts('desk/login', 2);
			await page.click('#sup-whisper');
			await page.click('#sup-barge');
			await page.waitForSelector('#sup-barge[aria-pressed=true]');
			await page.click('#sup-leave');
			await page.waitForSelector('#supervise', { state: 'hidden' });
			for (const what of ['listen', 'whisper', 'barge', 'leave'])
				assert.deepEqual(await s.posts(`desk/${what}`, 1), [{ agent: 'anna' }]);
			await page.click('[data-user=anna]');
			await page.click('#dialog [data-do=pause-3]');
			assert.deepEqual(await s.posts('agents/anna/pause', 1), [{ code: 3 }]);
			await shows(agent, '#want', 'Пауза после звонка');
		},
	},
	{
		name: 'alarms stand until they are closed',
		async run(s) {
			const page = await s.floor();
			await s.mock('publish', { to: ':supervisor', event: 'alarm', data: { text: 'Потери близко к пределу: 2,9 %' } });
			await shows(page, '.alarm', 'Потери близко к пределу');
			await page.click('.alarm button');
			await page.waitForSelector('.alarm', { state: 'detached' });
		},
	},
	{
		name: 'names like <script> stay text on the floor too',
		async run(s) {
			const evil = '<img src=x onerror="window.pwned=1">';
			const page = await s.floor();
			const told = await page.evaluate(async () => (await (await fetch('/api/v1/floor')).json()));
			told.agents = [{ ...told.agents[0], user: evil, title: evil, state: 'talking', number: evil, phone: 'up' }];
			told.campaigns = [{ ...told.campaigns[0], name: evil, title: evil, why: [{ reason: evil, count: 3, text: evil }] }];
			told.trunks = [{ name: evil, state: 'up', calls: 1, channels: 2 }];
			told.queues = [{ name: evil, title: evil, waiting: 1, longest_s: 3, served: 0, given_up: 0 }];
			// until it is seen: snapshots come each second
			await until(async () => {
				await s.mock('publish', { to: ':supervisor', event: 'floor', data: told });
				return page.evaluate((e) => document.querySelector('.agent b')?.textContent === e &&
					document.querySelector('.c-name')?.textContent === e && document.querySelector('.reason span')?.textContent === e, evil);
			}, 'the names are there');
			await s.mock('publish', { to: ':supervisor', event: 'alarm', data: { text: evil } });
			await shows(page, '.alarm', evil);
			assert.equal(await page.evaluate(() => window.pwned), undefined);
			assert.equal(await page.locator('main img[src=x], .alarms img').count(), 0);
		},
	},
	{
		name: 'an agent is refused the floor and told why',
		real: true,
		async run(s) {
			const page = await s.page('/floor');
			const { user, password } = s.account('agent');
			await page.fill('#login-user', user);
			await page.fill('#login-password', password);
			await page.click('#login-go');
			await shows(page, '.login .missing', /нужны другие права/);
			assert.equal(await page.locator('.agent').count(), 0);
		},
	},
	{
		name: 'the floor comes back after a break',
		async run(s) {
			const page = await s.floor();
			await s.mock('cut', { seconds: 1 });
			await shows(page, '#lost', /Связь с сервером потеряна/);
			await page.waitForSelector('#lost', { state: 'hidden' });
			const other = await s.agent();
			await page.waitForSelector('[data-user=anna][data-state=paused]');
			await other.click('#ready');
			await state(other, 'ready');
			await page.waitForSelector('[data-user=anna][data-state=ready]');
		},
	},
];
