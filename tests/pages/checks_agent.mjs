// checks_agent.mjs -- the agent's page.

import assert from 'node:assert/strict';
import { WAIT_MS, shows, state, text, until } from './harness.mjs';

const EVIL = '<script>window.pwned=1</script>';
const EVIL_IMG = '"><img src=x onerror="window.pwned=1">';

// Notes, in the page itself, when the card came and when the talk began.
const WATCH = () => {
	window.seen = {};
	new MutationObserver(() => {
		const note = (name, on) => { if (on && window.seen[name] === undefined) window.seen[name] = performance.now(); };
		const card = document.getElementById('who-card');
		note('card', card && !card.hidden && document.getElementById('number').textContent !== '');
		note('talking', document.body?.dataset.state === 'talking');
	}).observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
};

async function waitForCall(page, ms) {
	await page.evaluate(WATCH);
	await page.click('#ready');
	await page.waitForSelector('#who-card:not([hidden])', { timeout: ms });
	await state(page, 'talking', ms);
	return page.evaluate(() => window.seen);
}

export const agentChecks = [
	{
		name: 'a shift: log in, card before the voice, result by hot key, pause, log out, all seen on the floor',
		real: true, flags: ['--auto'],
		async run(s) {
			const patience = s.options.url ? 90000 : WAIT_MS;
			const floor = await s.floor();
			const { user } = s.account('agent');
			const tile = (name) => floor.waitForSelector(`.agent[data-user="${user}"][data-state=${name}]`, { timeout: patience });
			const page = await s.page('/');
			await s.login(page, s.account('agent'));
			await state(page, 'paused', patience);
			await shows(page, '#phone', /\S/);
			await tile('paused');
			const seen = await waitForCall(page, patience);
			assert.ok(seen.card <= seen.talking, `the card at ${seen.card}, the voice at ${seen.talking}`);
			assert.match(await text(page, '#number'), /\+?\d/);
			assert.notEqual(await text(page, '#name'), '');
			await tile('talking');
			await page.locator('#results [data-result]').first().waitFor();
			const pauses = await page.locator('#pause-menu button').count();
			await page.click('#pause');
			await page.locator('#pause-menu button').first().click();
			await shows(page, '#want', /\S/);
			await finish(page);
			await state(page, 'paused', patience);
			await tile('paused');
			assert.ok(pauses > 0, 'no pause codes');
			await page.waitForSelector('#who-empty:not([hidden])');
			await page.click('#logout');
			await page.waitForSelector('#login-user');
			await tile('offline');
		},
	},
	{
		name: 'a wrong password is told in words and lets nobody in',
		real: true,
		async run(s) {
			const page = await s.page('/');
			await page.fill('#login-user', s.account('agent').user);
			await page.fill('#login-password', 'this is not it');
			await page.click('#login-go');
			await shows(page, '.login .missing', /не подходят/);
			assert.equal(await page.locator('#app').isVisible(), false);
		},
	},
	{
		name: 'the card has name, number, kind, debt, fields, agreed call-back, history and script before the voice',
		async run(s) {
			const page = await s.agent();
			await page.click('#ready');
			await state(page, 'ready');
			await s.mock('card');
			await page.waitForSelector('#who-card:not([hidden])');
			assert.equal(await page.getAttribute('body', 'data-state'), 'reserved');
			assert.equal(await text(page, '#name'), 'Мельникова Ирина Сергеевна');
			assert.equal(await text(page, '#number'), '+7 916 123-45-67');
			assert.equal(await text(page, '#kind'), 'Исходящий');
			assert.match(await text(page, '#debt'), /18.450 ₽[^]*просрочка 12 дн/);
			assert.match(await text(page, '#agreed'), /09:20[^]*после зарплаты/);
			assert.match(await text(page, '#fields'), /Договор\s+45-118 от 12.03.2026/);
			assert.match(await text(page, '#script'), /не поступил платёж 18 450 ₽/);
			assert.equal(await page.locator('#history tr').count(), 5);
			assert.match(await text(page, '#history'), /ответил · Перезвонить\s+Борис Ким[^]*СМС[^]*Письмо/);
			const link = page.locator('#fields a');
			assert.match(await link.getAttribute('rel'), /noopener/);
			assert.equal(await link.getAttribute('href'), 'https://crm.example/clients/45118');
			assert.equal(await page.locator('#hangup').isDisabled(), true);
			await s.mock('bridge');
			await state(page, 'talking');
			assert.equal(await page.locator('#hangup').isDisabled(), false);
		},
	},
	{
		name: 'a hot key chooses the result, Ctrl+Enter tells it with reason, topic, form and comment',
		async run(s) {
			const page = await s.talk();
			await page.keyboard.press('4');
			assert.equal(await page.getAttribute('[data-result=refused]', 'aria-checked'), 'true');
			assert.equal(await text(page, '[data-result=refused] kbd'), '4');
			await page.click('[data-reason=bankrupt]');
			await page.locator('#topics select').first().selectOption('payment');
			await page.locator('#topics select').nth(1).selectOption('date');
			await page.selectOption('[data-field=reason]', 'Болезнь');
			await page.fill('[data-field=sum]', '1500');
			await page.fill('#comment', 'говорит 4 раза подряд'); // a digit in a text is no hot key
			await page.press('#comment', '1');
			assert.equal(await page.getAttribute('[data-result=refused]', 'aria-checked'), 'true');
			await page.press('#comment', 'Control+Enter');
			const [body] = await s.posts('desk/done', 1);
			assert.deepEqual(body, { result: 'refused', comment: 'говорит 4 раза подряд1', reason: 'bankrupt', topic: 'payment',
				subtopic: 'date', fields: { reason: 'Болезнь', sum: '1500' } });
			await state(page, 'ready');
			await page.waitForSelector('#who-empty:not([hidden])');
		},
	},
	{
		name: 'what must be filled keeps the result from being told, and is named',
		async run(s) {
			const page = await s.talk();
			await page.click('#done');
			await shows(page, '#missing', 'Не хватает: итог, Причина просрочки');
			await page.keyboard.press('4');
			await page.keyboard.press('Control+Enter');
			await shows(page, '#missing', 'Не хватает: причина, Причина просрочки');
			await page.keyboard.press('5'); // a third person: the form is not asked
			await page.waitForSelector('#missing', { state: 'hidden' });
			assert.equal((await s.posted('desk/done')).length, 0);
			await page.click('#done');
			assert.equal((await s.posts('desk/done', 1))[0].result, 'third');
		},
	},
	{
		name: 'the call-back picker offers lawful times only and says why the rest is closed',
		async run(s) {
			const page = await s.talk();
			await page.keyboard.press('3');
			const days = page.locator('.days button');
			await until(async () => (await days.count()) === 7, 'seven days');
			const open = await until(async () => page.evaluate(() => {
				const tabs = [...document.querySelectorAll('.days button')].slice(1);
				return tabs.find((b) => !b.classList.contains('shut'))?.dataset.day;
			}), 'an open day');
			await page.click(`.days [data-day="${open}"]`);
			await page.waitForSelector('.slot');
			const law = await page.evaluate(async (day) => (await (await fetch(`/api/v1/desk/times?lead=1&campaign=debts&day=${day}`)).json()), open);
			const offered = await page.locator('.slot').evaluateAll((all) => all.map((b) => b.dataset.at));
			assert.ok(offered.length > 10, `${offered.length} times`);
			for (const at of offered) {
				const ms = Date.parse(at);
				assert.ok(law.open.some((x) => ms >= Date.parse(x.from) && ms < Date.parse(x.to)), `${at} is not lawful`);
				assert.ok(at.startsWith(open) && at.endsWith('+03:00'), at);
			}
			for (const x of law.closed)
				await shows(page, '.closed', x.reason);
			await page.fill('#back-exact', '13:30');
			await page.locator('#back-exact').blur();
			await shows(page, '.back-note', /звонить нельзя. предел двух разговоров/);
			await page.click('#done');
			await shows(page, '#missing', /время звонка/);
			await page.click(`.slot[data-at="${open}T15:30:00+03:00"]`);
			await page.click('[name=back-who][value=anyone]');
			await page.selectOption('[data-field=reason]', 'Забыл');
			await page.click('#done');
			const [body] = await s.posts('desk/done', 1);
			assert.deepEqual(body.callback, { at: new Date(`${open}T12:30:00Z`).toISOString(), anyone: true });
		},
	},
	{
		name: 'a day without a lawful time says so and offers nothing',
		async run(s) {
			const page = await s.talk();
			await page.keyboard.press('3');
			const shut = await until(async () => page.evaluate(() => [...document.querySelectorAll('.days button.shut')]
				.map((b) => b.dataset.day).find((d) => new Date(`${d}T12:00:00Z`).getUTCDay() === 0)), 'a Sunday');
			await page.click(`.days [data-day="${shut}"]`);
			await shows(page, '.closed', 'воскресенье: кампания не звонит');
			assert.equal(await page.locator('.slot').count(), 0);
		},
	},
	{
		name: 'in exactly two hours is one button, and refused where the law says no',
		async run(s) {
			await s.mock('set', { law: 'shut' });
			const page = await s.talk();
			await page.keyboard.press('3');
			await page.click('#back-soon');
			await shows(page, '.back-note', /звонить нельзя. закон: с 22 до 8/);
			await page.selectOption('[data-field=reason]', 'Забыл');
			await page.click('#done');
			await shows(page, '#missing', 'время звонка');
			await s.mock('set', { law: 'open' });
			await page.keyboard.press('5');
			await page.locator('#comment').focus();
			await page.locator('#comment').blur();
			await page.keyboard.press('3'); // asked anew
			const due = Date.now() + 2 * 3600000;
			await page.click('#back-soon');
			await shows(page, '.back-note', /Перезвоним/);
			await page.click('#done');
			const [body] = await s.posts('desk/done', 1);
			const late = Date.parse(body.callback.at) - due;
			assert.ok(late > -2000 && late < 20000, `${body.callback.at}: ${late} ms from two hours`);
			assert.equal(body.callback.anyone, false);
		},
	},
	{
		name: 'names like <script> in lists, scripts, notes and results stay text',
		async run(s) {
			const page = await s.agent();
			await page.click('#ready');
			await state(page, 'ready');
			await s.mock('card', {
				person: { name: EVIL, city: EVIL_IMG }, number: EVIL, debt: EVIL_IMG, fields: { [EVIL]: EVIL_IMG, link: 'javascript:window.pwned=1' },
				script: [{ title: EVIL, text: EVIL_IMG }], callback: { at: EVIL, comment: EVIL_IMG },
				history: [{ at: EVIL, channel: EVIL, outcome: EVIL_IMG, result: EVIL, agent: EVIL, comment: EVIL_IMG }],
				results: [{ name: 'a', title: EVIL, tone: '" onclick="window.pwned=1', reasons: [{ name: 'r', title: EVIL_IMG }] }],
				topics: [{ name: EVIL, title: EVIL, subtopics: [EVIL_IMG] }],
				form: [{ name: EVIL, title: EVIL_IMG, type: 'select', options: [EVIL], hint: EVIL }],
			});
			await page.waitForSelector('#who-card:not([hidden])');
			await s.mock('bridge');
			await state(page, 'talking');
			await page.keyboard.press('1');
			await s.mock('publish', { to: 'anna', event: 'note', data: { text: EVIL + EVIL_IMG } });
			await s.mock('publish', { to: 'anna', event: 'consult', data: { state: 'talking', with: EVIL } });
			await shows(page, '.toast', EVIL);
			await shows(page, '#consult-text', EVIL);
			assert.equal(await text(page, '#name'), EVIL);
			assert.equal(await page.locator('#script p').innerText(), EVIL_IMG);
			assert.ok((await text(page, '#history')).includes(EVIL_IMG));
			assert.ok((await text(page, '[data-result=a]')).includes(EVIL));
			assert.ok((await text(page, '#reasons')).includes(EVIL_IMG));
			assert.equal(await page.evaluate(() => window.pwned), undefined);
			assert.equal(await page.locator('#app script, #toasts script, #app img').count(), 0);
			assert.equal(await page.locator('#fields a').count(), 0);
		},
	},
	{
		name: 'a lost connection is told, comes back by itself and has what was missed',
		async run(s) {
			const page = await s.talk();
			await s.mock('cut', { seconds: 2 });
			await shows(page, '#lost', /Связь с сервером потеряна/);
			await s.mock('publish', { to: 'anna', event: 'note', data: { text: 'сказано в тишине' } });
			await s.mock('over'); // the state changed meanwhile
			await page.waitForSelector('#lost', { state: 'hidden' });
			await shows(page, '.toast', 'сказано в тишине'); // replayed: it is in no GET
			await state(page, 'wrapup');
			assert.equal(await page.locator('.toast', { hasText: 'сказано в тишине' }).count(), 1);
			// what happened without an event is read anew too
			await s.mock('silently', { state: 'paused', pause: 2 });
			await s.mock('cut', { seconds: 0.5 });
			await state(page, 'paused');
			await page.waitForSelector('#who-empty:not([hidden])');
		},
	},
	{
		name: 'a session that is over asks for the password and keeps what was written',
		async run(s) {
			const page = await s.talk();
			await page.keyboard.press('4');
			await page.fill('#comment', 'не потерять');
			await s.mock('expire');
			await s.mock('cut');
			await shows(page, '.login .missing', /Сеанс закончился/);
			await s.login(page, s.account('agent'));
			await state(page, 'talking');
			assert.equal(await page.inputValue('#comment'), 'не потерять');
			assert.equal(await page.getAttribute('[data-result=refused]', 'aria-checked'), 'true');
			await page.reload(); // and over a reload
			await page.waitForSelector('#result:not([hidden])');
			assert.equal(await page.inputValue('#comment'), 'не потерять');
		},
	},
	{
		name: 'hold, consultation, three-way, keys and hang-up reach the daemon',
		async run(s) {
			const page = await s.talk();
			await page.keyboard.press('F2');
			await shows(page, '#hold', 'Вернуть');
			await shows(page, '#state-more', 'Клиент ждёт с музыкой');
			await page.keyboard.press('F2');
			await shows(page, '#hold', 'Удержать');
			await page.keyboard.press('F8');
			await page.fill('#transfer-to', 'вера');
			await until(async () => (await page.locator('.pick-list button').count()) === 1, 'one name is left');
			await page.click('.pick-list button');
			await page.click('#transfer-consult');
			await shows(page, '#consult-text', /Консультация: agent2/);
			assert.equal(await page.locator('#hold').isDisabled(), true);
			await page.click('#join');
			await shows(page, '#consult-text', /Разговор втроём/);
			await page.click('#back');
			await page.waitForSelector('#consult', { state: 'hidden' });
			await page.keyboard.press('F8');
			await page.fill('#transfer-to', '+7 495 123-45-67');
			await page.click('#transfer-consult');
			assert.deepEqual(await s.posts('desk/consult', 2), [{ agent: 'agent2' }, { number: '+74951234567' }]);
			await page.click('#back');
			await page.click('#keypad');
			await page.click('.keys [data-key="5"]');
			await page.keyboard.press('#');
			assert.deepEqual(await s.posts('desk/key', 2), [{ key: '5' }, { key: '#' }]);
			await page.keyboard.press('Escape');
			await page.keyboard.press('F4');
			await state(page, 'wrapup');
			assert.equal((await s.posted('desk/hangup')).length, 1);
			await page.click('#extend');
			await s.posts('desk/extend', 1);
		},
	},
	{
		name: 'a preview counts down and is dialled or skipped',
		async run(s) {
			const page = await s.agent();
			await page.click('#ready');
			await state(page, 'ready');
			await s.mock('card', { kind: 'preview', limit_ms: 9000 });
			await page.waitForSelector('#preview:not([hidden])');
			const first = await until(async () => /0:0[0-9]/.exec(await text(page, '#preview-time')), 'a countdown');
			await until(async () => (await text(page, '#preview-time')) !== first[0], 'it goes down');
			await page.click('#skip');
			await s.posts('desk/skip', 1);
			await state(page, 'ready');
			await s.mock('card', { kind: 'preview', limit_ms: 9000 });
			await page.waitForSelector('#preview:not([hidden])');
			await page.evaluate(() => document.activeElement?.blur());
			await page.keyboard.press('Enter');
			await s.posts('desk/dial', 1);
			await state(page, 'talking');
		},
	},
	{
		name: 'at the end of the wrap-up a chosen result is told, an open one is not',
		async run(s) {
			const page = await s.talk();
			await page.keyboard.press('5');
			await s.mock('wrapup', { limit_ms: 3000 });
			await shows(page, '#wrap-time', /0:0[0-3]/);
			assert.equal((await s.posted('desk/done')).length, 0);
			assert.equal((await s.posts('desk/done', 1))[0].result, 'third');
			await state(page, 'ready');
			await s.mock('card');
			await page.waitForSelector('#who-card:not([hidden])');
			await s.mock('wrapup', { limit_ms: 1200 });
			await until(async () => (await text(page, '#wrap-time')) === '0:00', 'it ran out');
			assert.equal((await s.posted('desk/done')).length, 1);
		},
	},
	{
		name: 'requests: the most urgent is taken, its form is asked for, deadlines are told in words',
		async run(s) {
			const page = await s.agent();
			await shows(page, '#task-count', '4');
			await page.click('#tab-tasks');
			await page.click('#task-next');
			await shows(page, '.task.late .due', /просрочена на [56] мин/);
			await shows(page, '.task-head', 'Верификация: Павлов Д. А.');
			await page.click('[data-do=done]');
			await shows(page, '.task .missing', 'Паспорт совпал');
			await page.selectOption('.task [data-field=passport]', 'да');
			await page.fill('.task textarea', 'всё сошлось');
			await page.click('[data-do=done]');
			assert.deepEqual(await s.posts('requests/1/done', 1), [{ fields: { passport: 'да' }, comment: 'всё сошлось' }]);
			await shows(page, '#tasks', 'Взятых заявок нет');
			await page.click('#task-next');
			await shows(page, '.task.soon', /ещё 2\d мин/);
			await page.click('[data-do=return]');
			await s.posts('requests/2/return', 1);
			await s.mock('publish', { to: 'anna', event: 'request', data: { id: 1, what: 'done' } });
			await s.mock('publish', { to: 'anna', event: 'request', data: { id: 3, what: 'created' } });
			await shows(page, '.toast', 'Заявка: Анкета: магазин «Полюс»');
			assert.equal(await page.locator('.toast').count(), 1);
		},
	},
	{
		name: 'what the daemon refuses is told in words and changes nothing',
		async run(s) {
			const page = await s.talk();
			await page.keyboard.press('5');
			await s.mock('fail', { status: 409, detail: 'the customer has hung up' });
			await page.click('#done');
			await shows(page, '.toast.bad', 'Сейчас это невозможно: the customer has hung up');
			assert.equal(await page.getAttribute('body', 'data-state'), 'talking');
			await page.click('#done');
			await state(page, 'ready');
		},
	},
	{
		name: 'times go by the calendar of the daemon, not by the clock of the browser',
		flags: ['--shift-ms', '7200000'],
		async run(s) {
			const page = await s.talk();
			await until(async () => /^0:0[1-9]$/.test(await text(page, '#state-time')), 'a second or more of talk');
			const floor = await s.floor();
			await shows(floor, '[data-user=anna] .time', /^0:(0[1-9]|[1-5]\d)$/);
		},
	},
	{
		name: 'pause codes work by keys alone, also for after the call',
		async run(s) {
			const page = await s.agent();
			await page.keyboard.press('F9');
			await state(page, 'ready');
			await page.keyboard.press('F9');
			await page.keyboard.press('2');
			await state(page, 'paused');
			await shows(page, '#state-more', 'Обед');
			assert.deepEqual(await s.posted('desk/pause'), [{ code: 2 }]);
			await page.keyboard.press('F9');
			await state(page, 'ready');
			await s.mock('card');
			await s.mock('bridge');
			await state(page, 'talking');
			await page.keyboard.press('F9');
			await page.waitForSelector('#pause-menu:not([hidden])');
			await page.keyboard.press('ArrowDown');
			await page.keyboard.press('ArrowDown');
			await page.keyboard.press('Enter');
			await shows(page, '#want', 'Пауза после звонка');
			assert.deepEqual(await s.posted('desk/pause'), [{ code: 2 }, { code: 3 }]);
			assert.equal(await page.getAttribute('body', 'data-state'), 'talking');
		},
	},
];

// Chooses a result that asks for as little as possible and tells it.
async function finish(page) {
	const all = await page.locator('#results [data-result]').count();
	for (let i = all; i >= 1; i--) {
		await page.keyboard.press(String(Math.min(i, 9)));
		await page.click('#done');
		const lack = await text(page, '#missing').catch(() => '');
		if (!lack)
			return;
		for (const select of await page.locator('#form select').all())
			await select.selectOption({ index: 1 });
		for (const input of await page.locator('#form input:not([type=checkbox])').all())
			await input.fill('1');
		if (await page.locator('#reasons button').count() > 0)
			await page.locator('#reasons button').first().click();
		if (!(await page.locator('.back').count())) {
			await page.click('#done');
			return;
		}
	}
	throw new Error('no result could be told');
}
