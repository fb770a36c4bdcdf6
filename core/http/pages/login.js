// login.js -- the log-in form, the banner of a lost connection, the choice of language and short
// notes: what both pages have.

import { Problem, get, post } from './api.js';
import { $, fill, h, icon, say, show } from './dom.js';
import { known, lang, languages, setLang, t, texts } from './text.js';

// Why something could not be done, in words.
export function why(e) {
	if (!(e instanceof Problem))
		return t('error.net');
	const key = `error.${e.status}`;
	const said = e.body.detail || '';
	if (known(key))
		return said ? `${t(key)}: ${said}` : t(key);
	return said || e.body.title || t('error.other', { code: e.status });
}

export function toast(text, tone = '') {
	const node = h('div', { class: `toast ${tone}` },
		tone === 'bad' ? icon('warn') : icon('bell'), h('span', {}, text),
		h('button', { type: 'button', class: 'quiet', 'aria-label': t('do.close'),
			onclick: () => node.remove() }, icon('close')));
	const box = $('toasts');
	box.append(node);
	while (box.children.length > 5)
		box.firstChild.remove();
	setTimeout(() => node.remove(), tone === 'bad' ? 12000 : 8000);
}

// Does a thing of the API and says so if it failed; true: done.
export async function attempt(what) {
	try {
		await what();
		return true;
	} catch (e) {
		toast(why(e), 'bad');
		return false;
	}
}

export function langs(box) {
	const draw = () => fill(box, languages.map((code) => h('button', {
		type: 'button', class: 'quiet', lang: code, 'aria-pressed': String(code === lang()),
		data: { lang: code }, onclick: () => { setLang(code); draw(); box.querySelector(`[data-lang=${code}]`)?.focus(); },
	}, code.toUpperCase())));
	draw();
}

// Shows the form until somebody is let in; resolves with the session.
export function login(message) {
	const box = $('login');
	show($('app'), false);
	show(box, true);
	return new Promise((done) => {
		const failed = h('p', { class: 'missing', role: 'alert' });
		const user = h('input', { id: 'login-user', name: 'user', autocomplete: 'username', required: true,
			autocapitalize: 'none', spellcheck: 'false', maxlength: 63 });
		const password = h('input', { id: 'login-password', name: 'password', type: 'password',
			autocomplete: 'current-password', required: true, maxlength: 200 });
		const go = h('button', { type: 'submit', id: 'login-go', class: 'go wide', data: { t: 'login.go' } });
		const form = h('form', { class: 'panel' },
			h('div', { class: 'login-head' }, h('img', { src: '/static/icon.svg', alt: '', width: 36, height: 36 }),
				h('h1', { data: { t: 'login.title' } })),
			h('label', {}, h('span', { data: { t: 'login.user' } }), user),
			h('label', {}, h('span', { data: { t: 'login.password' } }), password),
			failed, go, h('div', { class: 'langs', id: 'login-langs', role: 'group' }));
		form.addEventListener('submit', async (e) => {
			e.preventDefault();
			go.disabled = true;
			say(failed, '');
			try {
				const session = await post('session', { user: user.value.trim(), password: password.value });
				password.value = '';
				show(box, false);
				fill(box);
				done(session);
			} catch (problem) {
				say(failed, problem instanceof Problem && problem.status === 401 ? t('login.wrong') : why(problem));
				password.select();
			}
			go.disabled = false;
		});
		fill(box, form);
		texts(box);
		langs($('login-langs'));
		if (message)
			say(failed, message);
		user.focus();
	});
}

let asking = false;

// Not let in (401, 403), or no more: asks once, however often that is said, and goes on with `then`.
export async function askIn(stream, status, wasIn, then) {
	stream.stop();
	lost(false);
	if (asking)
		return;
	asking = true;
	await login(status === 403 ? t('login.role') : wasIn ? t('login.over') : '');
	asking = false;
	then();
}

// The page begins: with who has a session already, else with the form.
export function begin(start, denied) {
	get('me').then(start, (e) => (e instanceof Problem ? denied(0) : start()));
}

let lostUntil = 0;
let lostTimer = 0;

// The banner; ms: until the next try by itself.
export function lost(on, ms = 0) {
	const text = $('lost-text');
	clearInterval(lostTimer);
	show($('lost'), on);
	document.body.classList.toggle('is-lost', on);
	if (!on)
		return;
	lostUntil = Date.now() + ms;
	const draw = () => say(text, t('lost.text', { s: Math.max(0, Math.ceil((lostUntil - Date.now()) / 1000)) }));
	draw();
	lostTimer = setInterval(draw, 1000);
}
